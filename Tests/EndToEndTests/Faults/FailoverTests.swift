import Configuration
import EventLoop
import JSON
import Redis
import TestSupport
import Testing

/// Tests the loss of the machine on which Redis runs, with a replica that takes over.
@Suite("Failover", .onLoop, .timeLimit(.minutes(4))) @ServiceActor
struct FailoverTests {
    private static let settings = [
        "REDIS_REPLICAS": "1", "VISIBILITY_TIMEOUT_MS": "1000", "RENEW_MS": "300", "MOCK_SWAP_LATENCY_MS": "100-500",
    ]

    /// Runs `body` with an engine on a master that Sentinels watch.
    private func withEngine(_ body: @ServiceActor (Engine, SentinelServers) async throws -> Void) async throws {
        try await SentinelServers.with { servers in
            let options = StackOptions(settings: Self.settings.merging(["REDIS_URL": servers.url]) { $1 })
            let engine = try await Engine(Stack.start(options), redis: servers.url)
            let result: Result<Void, any Error>
            do { result = .success(try await body(engine, servers)) } catch { result = .failure(error) }
            if case .failure = result { print(engine.stack.report()) }
            await engine.stop(keepingLogs: false)
            try result.get()
        }
    }

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

    @Test func `When the master dies under load, each order that was answered is there, ends, and is filled once`() async throws {
        try await withEngine { engine, servers in
            let load = engine.load(every: .milliseconds(20))
            try await eventually { load.count >= 100 }
            try await servers.master.kill()
            let switched = MonotonicInstant.now
            try await eventually(within: .seconds(30)) {
                (try? await engine.redis.send(["CONFIG", "GET", "port"]))?.array?.last?.string == String(servers.replica.port)
            }
            Faults.report("another master", switched.elapsed)
            // Alone it cannot promise anything: orders are refused until the old master is back as a replica.
            try await eventually(within: .seconds(20)) {
                let alone = try await engine.post(Engine.usualOrder)
                #expect(alone.status == 503, "\(alone.text)")
                return alone.json["code"]?.string == "OUTCOME_UNKNOWN"
            }
            try await servers.master.restart()
            try await eventually(within: .seconds(60)) { (try? await engine.post(Engine.usualOrder))?.status == 202 }
            Faults.report("orders are taken again", switched.elapsed)
            try await expectEnds(try await load.stop(), engine)
        }
    }

    @Test func `While the replica stands still an order is not answered, and the same request later is the same order`() async throws {
        try await withEngine { engine, servers in
            servers.replica.freeze()
            let start = MonotonicInstant.now
            let refused = try await engine.post(Engine.usualOrder, key: "k")
            #expect(refused.status == 503 && refused.json["code"]?.string == "OUTCOME_UNKNOWN" && start.elapsed < .seconds(2), "\(refused.text)")
            servers.replica.thaw()
            let id = try await engine.insist(key: "k")
            #expect(refused.json["orderId"]?.string == id)
            try await expectEnds([id], engine)
        }
    }
}
