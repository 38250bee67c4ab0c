import EventLoop
import JSON
import Redis
import TestSupport
import Testing

/// Tests how long it takes until a dead process' entries are taken over, and a database that is away for long.
@Suite("Recovery", .onLoop) @ServiceActor
struct RecoveryTests {
    /// The promised time of recovery beyond VISIBILITY_TIMEOUT_MS.
    private nonisolated static let maxRecovery = Duration.seconds(2)

    @Test(.engine(replicas: [.router: 2, .executor: 2], settings: ["MOCK_QUOTE_LATENCY_MS": "3000", "MOCK_SWAP_LATENCY_MS": "3000"]))
    func `What a killed process held is taken over by another within the visibility time-out and 2 s`() async throws {
        let engine = Engine.current
        let first = try await engine.place(count: 15)
        for id in first { try await engine.wait(id, for: ["routing"]) }
        try await measure(.router, "accepted")
        for id in first { try await engine.wait(id, for: ["submitted", "confirmed"]) }
        try await measure(.executor, "routed")
        try await engine.audit(first)
    }

    /// Kills the replica that has more entries in hand, and waits until none is under its name any more.
    private func measure(_ service: StackService, _ stream: String) async throws {
        let engine = Engine.current
        let held = try await holders(service, stream)
        let victim = held[engine.name(of: service, 1), default: 0] > held[engine.name(of: service, 2), default: 0] ? 1 : 2
        let name = engine.name(of: service, victim)
        let count = try #require(held[name])
        let killed = engine.now
        try await engine.stack.kill(service, victim)
        try await eventually { try await self.holders(service, stream)[name] == nil }
        // The time is that in the survivor's log: other work of the tests delays what the tests see.
        let line = try await eventually { engine.lines(service, 3 - victim).last { $0.contains(#""entries.claimed""#) } }
        let claimed = try await engine.milliseconds(of: #require(JSONValue.parse(String(line))["time"]?.string))
        let (elapsed, limit) = (Duration.milliseconds(claimed - killed), .milliseconds(2000) + Self.maxRecovery)
        Faults.report("\(count) orders of a killed \(service) taken over", elapsed, of: limit)
        #expect(elapsed > .zero && elapsed < limit)
    }

    /// How many entries of a stream each consumer has in hand.
    private func holders(_ service: StackService, _ stream: String) async throws -> [String: Int] {
        let reply = try await Engine.current.redis.send(["XPENDING", "orders:{0}:\(stream)", service.rawValue])
        let rows = reply.array?.last?.array ?? []
        let pairs = rows.compactMap { row in (row.array?.first?.string).map { ($0, row.array?.last?.string.flatMap { Int($0) } ?? 0) } }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    @Test(.engine(ownPostgres: true))
    func `With Postgres away under load orders are accepted, routed and executed; once it is back everything is there and in order`() async throws {
        let engine = Engine.current
        let load = engine.load(every: .milliseconds(100))
        try await eventually { load.count >= 5 }
        try await engine.stack.postgres.kill()
        let before = load.count
        try await sleep(for: Faults.full(.seconds(60), else: .seconds(8)))
        let placed = load.count - before
        let ids = try await load.stop()
        try await engine.waitForEnd(ids, within: .seconds(30))
        #expect(placed > 20)
        #expect(try await together(ids.count) { try await engine.state(ids[$0]) }.allSatisfy { $0 == "confirmed" })
        try await engine.stack.postgres.restart()
        let start = MonotonicInstant.now
        try await engine.waitUntilIdle(within: .seconds(40))
        Faults.report("Postgres back, until the events of \(placed) orders are stored", start.elapsed, of: .seconds(10))
        #expect(start.elapsed < .seconds(10))
        try await engine.waitForPostgres()
        try await engine.audit(ids)
    }
}

extension Engine {
    /// The name of a process as a consumer, from its log.
    func name(of service: StackService, _ number: Int = 1) -> String {
        let fields = lines(service, number).first?.split(separator: ",").map { $0.split(separator: "\"") } ?? []
        return fields.first { $0.first == "instance" }?.last.map(String.init) ?? ""
    }
}
