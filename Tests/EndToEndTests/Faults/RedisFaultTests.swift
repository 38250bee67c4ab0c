import EventLoop
import JSON
import Postgres
import Redis
import TestSupport
import Testing

/// Tests a Redis that forgets, is full, or stays away.
@Suite("Faults of Redis", .onLoop) @ServiceActor
struct RedisFaultTests {
    @Test(.engine(settings: ["MOCK_SWAP_LATENCY_MS": "2000"], redisLayout: .single))
    func `When Redis has forgotten everything nothing spins, new orders are worked on within 5 s, and the lost ones are reported and left alone`()
        async throws
    {
        let engine = Engine.current
        let lost = try await engine.place(count: 10)
        for id in lost { try await engine.wait(id, for: ["submitted"]) }
        try await engine.waitUntilStored(lost, as: "submitted")
        let before = try await engine.rows()
        let watch = Watch(engine)
        _ = try await engine.redis.send(["FLUSHALL"])
        let flushed = MonotonicInstant.now
        let ids = try await together(10) { try await engine.insist(key: "after-\($0)") }
        for id in ids { try await engine.wait(id, for: ["submitted", "confirmed"]) }
        Faults.report("FLUSHALL, until new orders are submitted", flushed.elapsed, of: .seconds(5))
        #expect(flushed.elapsed < .seconds(5) + MachineWatch.lost(since: flushed))

        try await engine.waitForEnd(ids)
        try await engine.waitUntilIdle()
        let landed = try await engine.allLanded()
        for id in ids {
            #expect(try await engine.state(id) == "confirmed" && landed[id]?.count == 1)
            try await engine.auditEvents(id, "confirmed")
        }
        watch.expectCalm()
        try await expectReported(lost)
        // The notifiers compare once a minute.
        if Faults.isFull { try await eventually(within: .seconds(90)) { engine.stack.log(.notifier).contains(#""orders.lost""#) } }
        #expect(try await engine.rows().filter { lost.contains($0.key) } == before)
        #expect(StackService.allCases.contains { engine.stack.log($0).contains(#""stream.group_created""#) })
    }

    private func expectReported(_ lost: [String]) async throws {
        let engine = Engine.current
        let report = try await eventually {
            let answer = try await engine.send("GET", "/api/reconcile").json
            return answer["lostCount"]?.integer == Int64(lost.count) ? answer : nil
        }
        #expect(Set(report["lost"]?.array?.compactMap { $0["orderId"]?.string } ?? []) == Set(lost))
        for order in report["lost"]?.array ?? [] { #expect(order["status"]?.string == "submitted") }
    }

    @Test(.engine(replicas: [.executor: 0], redisLayout: .single))
    func `When Redis is full only new orders are refused: what is inside comes to its end, and new orders afterwards too`() async throws {
        let engine = Engine.current
        var ids = try await engine.place(count: 20)
        for id in ids { try await engine.wait(id, for: ["routed"]) }
        _ = try await engine.redis.send(["CONFIG", "SET", "maxmemory", "1000000"])
        try await engine.stack.start(.executor)
        try await engine.stack.start(.router)
        let refused = try await engine.post(Engine.usualOrder)
        #expect(refused.status == 503 && refused.header("Retry-After") != nil && refused.json["code"]?.string == "OVERLOADED", "\(refused.text)")
        try await engine.audit(ids)
        #expect(try await engine.post(Engine.usualOrder).status == 503)
        #expect(try await engine.show(ids[0])["status"]?.string == "confirmed")
        _ = try await engine.redis.send(["CONFIG", "SET", "maxmemory", "0"])
        ids += try await together(5) { try await engine.insist(key: "room-\($0)") }
        try await engine.audit(ids)
        for service in [StackService.router, .executor] {
            let number = service == .router ? 2 : 1
            #expect(!engine.stack.log(service, number).contains("not_prepared"), "\(service) started into a full Redis")
        }
    }

    @Test(
        .enabled(if: Namespace.isAllowed, "a small disk is mounted for this, which takes root and mount namespaces"),
        .engine(settings: ["MOCK_SWAP_LATENCY_MS": "1000-2000"], redisDiskMegabytes: 16))
    func `When Redis' disk is full Redis ends itself and orders are refused; with room again each order that was accepted comes to its end`()
        async throws
    {
        let engine = Engine.current
        var ids = try await engine.place(count: 20)
        let load = engine.load(every: .milliseconds(50))
        try await eventually { load.count >= 10 }
        try engine.stack.redis.fillDisk()
        try await eventually { engine.stack.redis.hasEnded }
        let answer = try await engine.post(Engine.usualOrder)
        #expect(answer.status == 503 && answer.header("Retry-After") != nil)
        engine.stack.redis.freeDisk()
        try await engine.stack.redis.restart()
        try await engine.redis.connected(within: .seconds(20))
        ids += try await load.stop()
        try await engine.audit(ids)
        #expect(try await together(ids.count) { try await engine.state(ids[$0]) }.allSatisfy { $0 == "confirmed" })
    }

    @Test(.engine(settings: ["MOCK_QUOTE_LATENCY_MS": "2000", "MOCK_SWAP_LATENCY_MS": "3000"], redisLayout: .single))
    func `While Redis is away or frozen orders are refused within a second, and sockets stay open and go on without a gap`() async throws {
        let engine = Engine.current
        let ids = try await engine.place(count: 10)
        let sockets = try await together(10) { index in
            let socket = try await engine.socket("/v1/stream?orderId=\(ids[index])")
            // A socket that has not been told anything yet is asked to reconnect.
            #expect(try JSONValue.parse(await socket.text())["event"]?["seq"]?.integer == 1)
            return Loop.spawn { try await socket.conversation() }
        }
        for id in ids { try await engine.wait(id, for: ["routing"]) }
        engine.stack.redis.freeze()
        var doubtful = try await refused("frozen")
        engine.stack.redis.thaw()
        try await engine.redis.connected(within: .seconds(20))
        for id in ids { try await engine.wait(id, for: ["submitted", "confirmed"]) }
        try await engine.stack.redis.kill()
        doubtful += try await refused("away")
        try await engine.stack.redis.restart()
        try await engine.redis.connected(within: .seconds(20))
        for socket in sockets {
            let told = try await socket.value
            #expect(told.json.map { $0["event"]?["seq"]?.integer } == [2, 3, 4, 5, 6, 7])
            #expect(told.closeCode == 1000)
        }
        var accepted = ids
        for id in doubtful where try await engine.state(id) != nil { accepted.append(id) }
        accepted.append(try await engine.insist(key: "more"))
        try await engine.audit(accepted)
    }

    /// Sends a few orders that are refused. Measures the median time of the answers: the tests' machine may be slow now and then, but the engine may
    /// not. Returns the orders that may have been accepted all the same, as the answers say.
    private func refused(_ state: String) async throws -> [String] {
        var durations: [Duration] = []
        var doubtful: [String] = []
        for _ in 0..<5 {
            let start = MonotonicInstant.now
            let answer = try await Engine.current.post(Engine.usualOrder)
            durations.append(start.elapsed)
            #expect(answer.status == 503 && answer.header("Retry-After") != nil, "\(answer.status) \(answer.text)")
            doubtful += [answer.json["orderId"]?.string].compactMap { $0 }
        }
        let middle = durations.sorted()[2]
        Faults.report("refusal with Redis \(state)", middle, of: .seconds(1))
        #expect(middle < .seconds(1))
        return doubtful
    }
}
