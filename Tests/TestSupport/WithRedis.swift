internal import EventLoop

/// Runs `body` with a Redis of its own, which is stopped afterwards, also if `body` throws. `extraConfig` as for `RedisServer.start`.
@ServiceActor
public func withRedis(
    _ extraConfig: [String] = [], appendonly: Bool = true, _ body: @ServiceActor (RedisServer) async throws -> Void
) async throws {
    let server = try await RedisServer.start(appendonly: appendonly, extraConfig: extraConfig)
    do { try await body(server) } catch {
        try await server.stop()
        throw error
    }
    try await server.stop()
}
