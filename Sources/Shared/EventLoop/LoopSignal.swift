/// Wakes tasks that wait to check a condition again. A notification without a waiter is remembered for the next one.
@ServiceActor
public final class LoopSignal {
    private var promise = Promise<Void>()

    /// A signal that was not given yet.
    public init() {}

    /// Wakes all waiting tasks. If there are none, the next wait returns at once.
    public func notify() { promise.succeed(()) }

    /// Waits for a notification. Throws `CancellationError` if the task is cancelled.
    public func wait() async throws {
        defer { renew() }
        try await promise.value
    }

    /// Waits for a notification for at most `limit`. Returns whether one came.
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
