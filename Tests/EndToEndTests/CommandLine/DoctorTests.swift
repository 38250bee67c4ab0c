import EventLoop
import JSON
import Postgres
import Redis
import TestSupport
import Testing

@Suite("The doctor", .onLoop) @ServiceActor
struct DoctorTests {
    /// The faults that orderctl names. Checks that its exit code agrees with them.
    private func faults(_ edge: Edge) async throws -> [String] {
        let report = try await edge.orderctl("doctor", "--json")
        let checks = try JSONValue.parse(report.output)["checks"]?.array ?? []
        let faults = checks.filter { $0["verdict"]?.string == "fault" }
        #expect(report.code == (faults.isEmpty ? 0 : 1) && !checks.isEmpty)
        #expect(faults.allSatisfy { $0["advice"]?.string?.isEmpty == false }, "a fault without advice: \(report.output)")
        return faults.compactMap { $0["check"]?.string }
    }

    /// Causes a fault, waits until exactly this fault is named, repairs it, and waits until it is gone.
    private func expect(
        _ expected: [String], _ edge: Edge, plant: @ServiceActor () async throws -> Void, repair: @ServiceActor () async throws -> Void
    ) async throws {
        try await plant()
        do {
            try await eventually(within: .seconds(30)) { try await faults(edge) == expected }
        } catch {
            Issue.record("not \(expected): \(try await edge.orderctl("doctor").output)")
        }
        try await repair()
        do {
            try await eventually(within: .seconds(30)) { try await faults(edge).isEmpty }
        } catch {
            Issue.record("after \(expected): \(try await edge.orderctl("doctor").output)")
        }
    }

    @Test(.engine(redisLayout: .single))
    func `A healthy engine has no fault, and each of five planted ones is named until it is repaired`() async throws {
        try await withEdge { edge, engine in
            let healthy = try await edge.orderctl("doctor")
            #expect(healthy.code == 0 && healthy.output.contains(": no fault, 0 warnings."), "\(healthy.output)")
            let redis = engine.redis
            try await expect(["persistence"], edge) {
                _ = try await redis.send(["CONFIG", "SET", "appendonly", "no"])
            } repair: {
                _ = try await redis.send(["CONFIG", "SET", "appendonly", "yes"])
            }
            try await expect(["eviction"], edge) {
                _ = try await redis.send(["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"])
            } repair: {
                _ = try await redis.send(["CONFIG", "SET", "maxmemory-policy", "noeviction"])
            }
            try await expect(["services", "groups"], edge) {
                try await engine.stack.kill(.router)
                _ = try await redis.send(["XGROUP", "DESTROY", "orders:{0}:accepted", "router"])
            } repair: {
                try await engine.stack.start(.router)
            }
            try await expectStuckOrder(edge, engine)
            try await expectPostgresBehind(edge, engine)
        }
    }

    /// Another client reads an order's entry and acknowledges it.
    private func expectStuckOrder(_ edge: Edge, _ engine: Engine) async throws {
        var id = ""
        try await expect(["stuck-orders"], edge) {
            try await engine.stack.kill(.executor)
            id = try await engine.place()
            try await engine.wait(id, for: ["routed"])
            let entry = try #require(try await engine.place(of: id)?.last?.split(separator: ":").last)
            let routed = "orders:{0}:routed"
            _ = try await engine.redis.send(["XREADGROUP", "GROUP", "executor", "thief", "STREAMS", routed, ">"])
            _ = try await engine.redis.send(["XACK", routed, "executor", String(entry)])
            try await engine.stack.start(.executor)
        } repair: {
            let report = try await edge.orderctl("doctor")
            #expect(report.output.contains("1 order is stuck: \(id) (routing)"))
            let cancelled = try await edge.orderctl("cancel", id)
            #expect(cancelled.code == 0)
        }
    }

    /// Postgres answers readers and keeps writers waiting.
    private func expectPostgresBehind(_ edge: Edge, _ engine: Engine) async throws {
        let locked = Promise<Void>()
        let release = Promise<Void>()
        let holding = Loop.spawn {
            try await engine.postgres.transaction { connection in
                try await connection.run(script: "LOCK TABLE order_events IN EXCLUSIVE MODE")
                locked.succeed(())
                try await release.value(within: .seconds(60))
            }
        }
        try await locked.value(within: .seconds(10))
        try await expect(["postgres-behind"], edge) {
            _ = try await engine.place()
        } repair: {
            release.succeed(())
            try await holding.value
        }
    }
}
