import Configuration
import EventLoop
import Redis
import TestSupport
import Testing

/// Tests an engine whose Redis is watched by Sentinels.
@Suite("Failover", .onLoop, .timeLimit(.minutes(4))) @ServiceActor
struct FailoverTests {
    /// Places orders until one comes to its end within a second or two: then every process has found the new master, its readers too.
    private func expectWork(_ engine: Engine, at server: RedisServer) async throws {
        try await eventually(within: .seconds(30)) {
            (try? await engine.redis.send(["CONFIG", "GET", "port"]))?.array?.last?.string == String(server.port)
        }
        let ids = try await together(5) { try await engine.insist(key: "after-\($0)") }
        try await engine.waitForEnd(ids, within: .seconds(8))
    }

    @Test(.engine(redisLayout: .sentinel))
    func `When the master dies, new orders come to their end at the replica`() async throws {
        let engine = Engine.current
        let servers = try #require(engine.stack.servers.sentinels)
        let before = try await engine.place(count: 5)
        try await engine.waitForEnd(before)
        try await servers.master.kill()
        try await expectWork(engine, at: servers.replica)
    }

    @Test(.engine(redisLayout: .sentinel))
    func `When another master is chosen though the old one lives, workers read at the new one at once`() async throws {
        let engine = Engine.current
        let servers = try #require(engine.stack.servers.sentinels)
        let sentinel = RedisReader(url: try #require(RedisURL("redis://127.0.0.1:\(servers.ports[0])")), name: "test")
        _ = try await sentinel.send(["SENTINEL", "FAILOVER", SentinelServers.name], timeout: .seconds(5))
        sentinel.close()
        try await expectWork(engine, at: servers.replica)
    }
}
