internal import CLibuv
internal import Synchronization

/// The one event loop of the process, and the executor on which all of its Swift code runs.
///
/// libuv's callbacks, replies of the C clients and actor code share one thread, so none of them needs a lock. The loop is the serial executor of
/// `ServiceActor` and also the task executor of every root task. Without a task executor, awaiting a task or a group would make a detour through the
/// global pool.
public final class Loop: SerialExecutor, TaskExecutor {
    public static let shared = Loop()

    let storage: LoopStorage
    private let inbox = Mutex<[UnownedJob]>([])

    private init() {
        storage = LoopStorage()
        storage.prepare(self)
    }

    /// Whether the caller runs on the loop's thread.
    public static var isCurrent: Bool { clibuv_on_loop_thread() }

    /// Runs the loop on the calling thread until `main` has returned.
    public func run(_ main: @escaping @Sendable @ServiceActor () async -> Void) {
        clibuv_mark_loop_thread()
        Loop.spawn {
            await main()
            Loop.shared.storage.stop()
        }
        storage.run()
    }

    /// Runs the loop on the calling thread for ever. For tests, whose tasks come from other threads.
    public func runForever() {
        clibuv_mark_loop_thread()
        storage.run()
    }

    /// Starts a root task on the loop. Every unstructured task must start here: a bare `Task {}` does not inherit the executor preference.
    @inlinable
    @discardableResult
    public static func spawn<Value: Sendable>(
        _ body: @escaping @Sendable @ServiceActor () async throws -> Value
    ) -> Task<Value, any Error> {
        Task(executorPreference: Loop.shared) { try await body() }
    }

    /// Starts a root task on the loop that cannot throw.
    @inlinable
    @discardableResult
    public static func spawn<Value: Sendable>(_ body: @escaping @Sendable @ServiceActor () async -> Value) -> Task<Value, Never> {
        Task(executorPreference: Loop.shared) { await body() }
    }

    /// Starts a root task on the loop. The task runs until it waits for the first time, before this returns.
    @inlinable
    @ServiceActor
    @discardableResult
    public static func spawnImmediately<Value: Sendable>(_ body: @escaping @ServiceActor () async -> Value) -> Task<Value, Never> {
        Task.immediate(executorPreference: Loop.shared) { @ServiceActor in await body() }
    }

    /// Runs `body` on the loop: at once if the caller is on the loop, otherwise on its next turn. For cancellation handlers and foreign threads.
    public static func perform(_ body: @escaping @Sendable @ServiceActor () -> Void) {
        if isCurrent {
            ServiceActor.assume((), { body() })
        } else {
            spawn { body() }
        }
    }

    // MARK: Executor

    /// Puts a job in the queue of the loop. From another thread, this also wakes the loop.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        guard !clibuv_on_loop_thread() else { return storage.append(job) }
        let wasEmpty = inbox.withLock { jobs in
            jobs.append(job)
            return jobs.count == 1
        }
        if wasEmpty { storage.wake() }
    }

    /// Lets code that a C library calls back assert that it is isolated to the actor.
    public func isIsolatingCurrentContext() -> Bool? { clibuv_on_loop_thread() }

    /// Traps if the caller is not on the loop.
    public func checkIsolated() { precondition(clibuv_on_loop_thread(), "not on the event loop") }

    func takeInbox() -> [UnownedJob] {
        inbox.withLock { jobs in
            defer { jobs.removeAll(keepingCapacity: true) }
            return jobs
        }
    }

    func runJob(_ job: UnownedJob) { job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor()) }
}
