/// Suspends the caller for `duration`. Throws `CancellationError` if the task is cancelled meanwhile.
@ServiceActor
public func sleep(for duration: Duration) async throws {
    do {
        try await Promise<Void>().value(within: duration)
    } catch is DeadlineExceeded {}
}

/// Runs `body` and waits for it for at most `limit`. After that, `body` is cancelled and `DeadlineExceeded` is thrown, whether or not `body` heeds
/// the cancellation. It begins at once, and has no timer if it ends without waiting.
@inlinable
@ServiceActor
public func withDeadline<Value: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable @ServiceActor () async throws -> Value
) async throws -> Value {
    let promise = Promise<Value>()
    let task = Loop.spawnImmediately {
        do { promise.succeed(try await body()) } catch { promise.fail(error) }
    }
    do {
        return try await promise.value(within: limit)
    } catch {
        task.cancel()
        throw error
    }
}
