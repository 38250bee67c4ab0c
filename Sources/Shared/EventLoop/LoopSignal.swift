/// Wakes tasks that wait for a condition to be looked at again. A notification without a waiter is remembered for the next one.
@ServiceActor
public final class LoopSignal {
    private var promise = Promise<Void>()

    /// A signal that nobody has given.
    public init() {}

    /// Wakes all that wait; if none does, the next wait returns at once.
    public func notify() { promise.succeed(()) }

    /// Waits for a notification. Throws `CancellationError` when the task is cancelled.
    public func wait() async throws {
        defer { renew() }
        try await promise.value
    }

    /// Waits for a notification at most that long; returns whether one came.
    @discardableResult
    public func wait(upTo limit: Duration) async throws -> Bool {
        defer { renew() }
        do {
            try await promise.value(within: limit)
            return true
        } catch is DeadlineExceeded {
            return false
        }
    }

    private func renew() { if promise.isCompleted { promise = Promise() } }
}
