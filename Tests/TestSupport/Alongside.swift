internal import EventLoop

/// Runs `work` while `body` runs. Then `stop` ends the work, or its task is cancelled if there is no `stop`. The end of the work is awaited, also if
/// `body` throws.
@ServiceActor
public func alongside<Value>(
    _ work: @escaping @Sendable @ServiceActor () async -> Void, stop: (@ServiceActor () async -> Void)? = nil,
    _ body: @ServiceActor () async throws -> Value
) async throws -> Value {
    let running = Loop.spawn { await work() }
    let result: Result<Value, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    if let stop { await stop() } else { running.cancel() }
    await running.value
    return try result.get()
}
