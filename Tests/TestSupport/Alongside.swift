internal import EventLoop

/// Runs `work` while `body` runs. Then `stop` ends the work, or its task is cancelled if there is no `stop`. The end of the work is awaited, also if
/// `body` throws, for up to 30 s.
@ServiceActor
public func alongside<Value>(
    _ work: @escaping @Sendable @ServiceActor () async -> Void, stop: (@ServiceActor () async -> Void)? = nil,
    _ body: @ServiceActor () async throws -> Value
) async throws -> Value {
    let running = Loop.spawn { await work() }
    let result: Result<Value, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    if let stop { await stop() } else { running.cancel() }
    let ends =
        (try? await withDeadline(.seconds(30)) { () async -> Bool in
            await running.value
            return true
        }) ?? false
    let value = try result.get()
    guard ends else { throw TestFailure("the work beside the test does not end") }
    return value
}
