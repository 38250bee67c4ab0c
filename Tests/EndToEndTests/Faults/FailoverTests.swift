import Configuration
import EventLoop
import JSON
import Redis
import TestSupport
import Testing

/// Tests an engine whose Redis is watched by Sentinels.
@Suite("Failover", .serialized, .onLoop) @ServiceActor
struct FailoverTests {
    /// Places orders until one comes to its end within a second or two: then every process has found the new master, its readers too.
    private func expectWork(_ engine: Engine, at server: RedisServer) async throws {
        try await eventually(within: SentinelServers.patience) {
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

    private static let safe = [
        "REDIS_REPLICAS": "1", "VISIBILITY_TIMEOUT_MS": "1000", "RENEW_MS": "300", "MOCK_SWAP_LATENCY_MS": "100-500",
    ]

    /// Checks that each order has ended once, and was filled once if it says so.
    private func expectEnds(_ ids: [String], _ engine: Engine) async throws {
        #expect(Set(ids).count == ids.count)
        try await engine.waitForEnd(ids, within: .seconds(90))
        let landed = try await engine.allLanded()
        for id in ids {
            let state = try await engine.state(id)
            #expect(landed[id, default: []].count == (state == "confirmed" ? 1 : 0), "\(id) is \(state ?? "gone")")
        }
    }

    @Test(.engine(settings: safe, redisLayout: .sentinel))
    func `With a replica that must know, no answered order is lost when the master dies under load, and none is filled twice`() async throws {
        let engine = Engine.current
        let servers = try #require(engine.stack.servers.sentinels)
        let load = engine.load(every: .milliseconds(20))
        try await eventually { load.count >= 100 }
        try await servers.master.kill()
        let switched = MonotonicInstant.now
        try await eventually(within: SentinelServers.patience) {
            (try? await engine.redis.send(["CONFIG", "GET", "port"]))?.array?.last?.string == String(servers.replica.port)
        }
        Faults.report("another master", switched.elapsed)
        // Alone it cannot promise anything: orders are refused until the old master is back as a replica.
        try await eventually(within: .seconds(20)) {
            let alone = try await engine.post(Engine.usualOrder)
            #expect(alone.status == 503, "\(alone.text)")
            return try await engine.send("GET", "/health/ready").text.contains("REDIS_REPLICAS")
        }
        try await servers.master.restart()
        try await eventually(within: SentinelServers.patience) { (try? await engine.post(Engine.usualOrder))?.status == 202 }
        Faults.report("orders are taken again", switched.elapsed)
        try await expectEnds(try await load.stop(), engine)
    }

    @Test(.engine(settings: safe, redisLayout: .sentinel))
    func `While the replica stands still no order is answered and no transaction sent, and the same request later is the same order`() async throws {
        let engine = Engine.current
        let servers = try #require(engine.stack.servers.sentinels)
        servers.replica.freeze()
        let start = MonotonicInstant.now
        let refused = try await engine.post(Engine.usualOrder, key: "k")
        #expect(refused.status == 503 && refused.json["code"]?.string == "OUTCOME_UNKNOWN", "\(refused.text)")
        #expect(start.elapsed < .seconds(3) + MachineWatch.lost(since: start))
        let named = try #require(refused.json["orderId"]?.string)
        // The order goes on to where its transaction would be sent.
        try await engine.wait(named, for: ["submitted"])
        #expect(try await engine.redis.send(["KEYS", "chain:*:tx:*"]).array == [])
        servers.replica.thaw()
        let id = try await engine.insist(key: "k")
        #expect(named == id)
        try await expectEnds([id], engine)
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
