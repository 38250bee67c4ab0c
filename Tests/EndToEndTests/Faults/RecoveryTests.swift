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
        let victim = try await engine.busier(service, of: stream)
        let name = engine.name(of: service, victim)
        let count = try #require(try await engine.holders(service, of: stream)[name])
        let (killed, start) = (engine.now, MonotonicInstant.now)
        try await engine.stack.kill(service, victim)
        try await eventually { try await engine.holders(service, of: stream)[name] == nil }
        // The time is that in the survivor's log: other work of the tests delays what the tests see.
        let line = try await eventually { engine.lines(service, 3 - victim).last { $0.contains(#""entries.claimed""#) } }
        let claimed = try await engine.milliseconds(of: #require(JSONValue.parse(String(line))["time"]?.string))
        let (elapsed, limit) = (Duration.milliseconds(claimed - killed), .milliseconds(2000) + Self.maxRecovery)
        Faults.report("\(count) orders of a killed \(service) taken over", elapsed, of: limit)
        #expect(elapsed > .zero && elapsed < limit + MachineWatch.lost(since: start))
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
