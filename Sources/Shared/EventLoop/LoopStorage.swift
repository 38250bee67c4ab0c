internal import CLibuv

/// The libuv side of the loop: its handles and the queue of ready jobs. Only the loop's thread uses it, except for `wake`.
final class LoopStorage: @unchecked Sendable {
    /// How many jobs run before the loop polls its descriptors again, so that a busy actor cannot starve the sockets.
    private static let jobsPerTurn = 4096

    let loop = UnsafeMutablePointer<uv_loop_t>.allocate(capacity: 1)
    private let async = UnsafeMutablePointer<uv_async_t>.allocate(capacity: 1)
    private let beforePoll = UnsafeMutablePointer<uv_prepare_t>.allocate(capacity: 1)
    private let spin = UnsafeMutablePointer<uv_idle_t>.allocate(capacity: 1)
    private var queue: [UnownedJob] = []
    private var draining: [UnownedJob] = []
    private var hooks: [(id: Int, body: @ServiceActor () -> Void)] = []
    private var nextHook = 0
    private var spinning = false
    private unowned(unsafe) var owner: Loop!

    init() {
        uv_loop_init(loop)
        uv_prepare_init(loop, beforePoll)
        uv_idle_init(loop, spin)
        queue.reserveCapacity(1024)
        draining.reserveCapacity(1024)
    }

    func prepare(_ owner: Loop) {
        self.owner = owner
        let context = Unmanaged.passUnretained(self).toOpaque()
        beforePoll.pointee.data = context
        async.pointee.data = context
        uv_async_init(loop, async, onWake)
        uv_prepare_start(beforePoll, onBeforePoll)
    }

    func run() { uv_run(loop, UV_RUN_DEFAULT) }
    func stop() { uv_stop(loop) }
    func wake() { uv_async_send(async) }
    func append(_ job: UnownedJob) { queue.append(job) }

    func addHook(_ body: @escaping @ServiceActor () -> Void) -> Int {
        nextHook += 1
        hooks.append((nextHook, body))
        return nextHook
    }

    func removeHook(_ id: Int) { hooks.removeAll { $0.id == id } }

    /// Runs ready jobs and then the hooks, until there are no more jobs or the turn's share is used up. Then the loop may block.
    func drain() {
        queue.append(contentsOf: owner.takeInbox())
        var left = Self.jobsPerTurn
        repeat {
            while !queue.isEmpty && left > 0 {
                swap(&queue, &draining)
                for job in draining { owner.runJob(job) }
                left -= draining.count
                draining.removeAll(keepingCapacity: true)
            }
            for hook in hooks { ServiceActor.assume((), { hook.body() }) }
        } while !queue.isEmpty && left > 0
        setSpinning(!queue.isEmpty)
    }

    /// While an idle handle is active, the next poll returns at once.
    private func setSpinning(_ wanted: Bool) {
        guard wanted != spinning else { return }
        spinning = wanted
        if wanted { uv_idle_start(spin, onSpin) } else { uv_idle_stop(spin) }
    }
}

// Called by libuv on the loop's thread.
private func onSpin(_: UnsafeMutablePointer<uv_idle_t>?) {}

private func onWake(_: UnsafeMutablePointer<uv_async_t>?) {
    // `drain` takes the jobs before the next poll.
}

private func onBeforePoll(_ handle: UnsafeMutablePointer<uv_prepare_t>?) {
    Unmanaged<LoopStorage>.fromOpaque(handle!.pointee.data).takeUnretainedValue().drain()
}
