import EventLoop
import Glibc
import JSON
import Redis
import TestSupport
import Testing

/// Tests the loss of a process or of a server under load. `audit` checks what has to hold after each.
@Suite("Crashes", .onLoop) @ServiceActor
struct CrashTests {
    @Test(.engine(settings: ["MOCK_SWAP_LATENCY_MS": "2000-3000", "VISIBILITY_TIMEOUT_MS": "1000", "RENEW_MS": "300"]))
    func `When the executor is killed with 30 orders submitted, another finishes each with the transaction that was sent`() async throws {
        let engine = Engine.current
        let ids = try await engine.place(count: 30)
        for id in ids { try await engine.wait(id, for: ["submitted"]) }
        let hashes = try await together(30) { try await engine.signature(of: ids[$0]) }
        try await engine.stack.kill(.executor)
        let next = try await engine.stack.start(.executor)
        try await engine.audit(ids)
        #expect(try await together(30) { try await engine.landed(ids[$0]).first?["signature"] ?? "" } == hashes)
        #expect(engine.stack.log(.executor, next).contains(#""entries.claimed""#))
    }

    @Test(.engine(replicas: [.executor: 2], settings: ["MOCK_SWAP_LATENCY_MS": "8000", "VISIBILITY_TIMEOUT_MS": "1000", "RENEW_MS": "300"]))
    func `A frozen executor that wakes up has lost its orders to another, and writes nothing`() async throws {
        let engine = Engine.current
        let ids = try await engine.place(count: 20)
        for id in ids { try await engine.wait(id, for: ["submitted"]) }
        let frozen = try await engine.busier(.executor, of: "routed")
        engine.stack.signal(.executor, frozen, SIGSTOP)
        try await eventually { engine.stack.log(.executor, 3 - frozen).contains(#""entries.claimed""#) }
        engine.stack.signal(.executor, frozen, SIGCONT)
        try await eventually { engine.stack.log(.executor, frozen).contains(#""entries.lost""#) }
        try await engine.audit(ids)
    }

    @Test(
        .engine(
            replicas: [.notifier: 2],
            settings: ["MOCK_QUOTE_LATENCY_MS": "1500", "MOCK_SWAP_LATENCY_MS": "500", "VISIBILITY_TIMEOUT_MS": "1000", "RENEW_MS": "300"]))
    func `When router and notifier are killed under load, others take over, and a client that resumes has seen every event once`() async throws {
        let engine = Engine.current
        let ids = try await engine.place(count: 30)
        let socket = try await engine.socket("/v1/stream?orderId=\(ids[0])")
        for id in ids { try await engine.wait(id, for: ["routing"]) }
        try await engine.stack.kill(.router)
        try await engine.stack.kill(.notifier)
        let seen = try await socket.conversation()
        #expect(seen.closeCode == 1006)
        try await engine.stack.start(.router)
        let rest = try await engine.socket("/v1/stream?orderId=\(ids[0])&after=\(seen.messages.count)", notifier: 2).conversation()
        #expect((seen.json + rest.json).map { $0["event"]?["seq"]?.integer } == [1, 2, 3, 4, 5, 6, 7])
        try await engine.audit(ids)
    }

    @Test(
        .engine(
            replicas: [.gateway: 2, .router: 2, .executor: 2],
            settings: ["MOCK_SWAP_LATENCY_MS": "100-1500", "VISIBILITY_TIMEOUT_MS": "1000", "RENEW_MS": "300"]))
    func `When Redis is killed under load and started again, every order that was accepted ends, and clients that ask again place none twice`()
        async throws
    {
        let engine = Engine.current
        var ids = try await engine.place(count: 30)
        let later = Loop.spawn { try await together(30) { try await insist(key: "key-\($0)") } }
        try await engine.wait(ids[0], for: ["submitted", "confirmed"])
        try await engine.stack.redis.kill()
        try await engine.stack.redis.restart()
        try await engine.redis.connected(within: .seconds(20))
        ids += try await later.value
        #expect(Set(ids).count == 60)
        try await engine.audit(ids)
        #expect(try await together(60) { try await engine.state(ids[$0]) }.allSatisfy { $0 == "confirmed" })
    }

    @Test(.engine(replicas: [.gateway: 2]))
    func `When a gateway is killed under load, clients that ask the other with their key have one order each`() async throws {
        let engine = Engine.current
        let placed = Loop.spawn { try await together(60) { try await insist(key: "key-\($0)") } }
        // By then some requests have been answered, some are under way, and some come later.
        try await eventually { try await engine.redis.send(["XLEN", "orders:{0}:accepted"]).integer ?? 0 >= 10 }
        try await engine.stack.kill(.gateway, 1)
        let ids = try await placed.value
        #expect(Set(ids).count == 60)
        try await engine.audit(ids)
        #expect(try await engine.redis.send(["XLEN", "orders:{0}:accepted"]).integer == 60)
    }

    /// A client that sends its order again under its key, to one gateway after the other, until the order is accepted. It spreads its requests, so
    /// that an outage falls between them.
    private func insist(key: String) async throws -> String {
        try await sleep(for: .milliseconds(Int.random(in: 0...1000)))
        var gateway = Int.random(in: 1...2)
        return try await eventually(within: .seconds(40)) {
            gateway = 3 - gateway
            let answer = try? await Engine.current.post(Engine.usualOrder, key: key, gateway: gateway)
            if let answer, answer.status != 202 { #expect(answer.status == 503 && answer.header("Retry-After") != nil, "\(answer.text)") }
            return answer?.status == 202 ? answer?.json["orderId"]?.string : nil
        }
    }

    @Test(.engine(ownPostgres: true))
    func `While Postgres is away orders are executed and shown; when it is back their events are all there`() async throws {
        let engine = Engine.current
        var ids = try await engine.place(count: 10)
        try await engine.stack.postgres.stop()
        ids += try await engine.place(count: 20)
        let told = try await engine.socket("/v1/stream?orderId=\(ids[29])").conversation()
        #expect(told.json.map { $0["event"]?["seq"]?.integer } == [1, 2, 3, 4, 5, 6, 7] && told.closeCode == 1000)
        try await engine.waitForEnd(ids)
        #expect(try await engine.show(ids[15])["status"]?.string == "confirmed")
        let unknown = try await engine.send("GET", "/api/orders/0198c1f2-0000-7000-8000-00000000abcd")
        #expect(unknown.status == 503 && unknown.header("Retry-After") != nil)
        try await engine.stack.postgres.restart()
        try await engine.audit(ids)
    }
}
