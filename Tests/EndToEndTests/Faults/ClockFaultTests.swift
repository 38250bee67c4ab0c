import EventLoop
import Glibc
import JSON
import Postgres
import Redis
import TestSupport
import Testing

/// Tests processes whose wall clocks are off, in both directions at once.
@Suite("Faults of the clock", .onLoop) @ServiceActor
struct ClockFaultTests {
    private nonisolated static let library: String? = {
        let places: [String] = ["/usr/lib/\(machine)-linux-gnu/faketime", "/usr/lib/faketime"]
        return places.map { $0 + "/libfaketime.so.1" }.first { access($0, R_OK) == 0 }
    }()

    #if arch(arm64)
        private nonisolated static let machine = "aarch64"
    #else
        private nonisolated static let machine = "x86_64"
    #endif

    @Test(
        .enabled(if: library != nil, "needs the package libfaketime"),
        .engine(
            replicas: [.gateway: 0, .router: 0, .executor: 0, .notifier: 0], settings: ["MOCK_FAILURE_RATE": "0.4", "RETRY_BASE_MS": "300"]))
    func `With clocks that are ten minutes off, ahead and behind, retries come within 1 s of their time and nothing is stale, expired or misdated`()
        async throws
    {
        let engine = Engine.current
        for (service, offset) in [(StackService.gateway, "+600"), (.router, "-600"), (.executor, "+600"), (.notifier, "-600")] {
            let clock = ["LD_PRELOAD": Self.library ?? "", "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"]
            try await engine.stack.start(service, settings: clock)
            let off = try await distance(of: #require(JSONValue.parse(String(engine.lines(service)[0]))["time"]?.string))
            #expect(abs(abs(off) - 600) < 60, "\(service) is \(off) s off")
        }
        let ids = try await engine.place(count: 30, #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1,"deadline":60}"#)
        try await engine.audit(ids)
        for id in ids {
            let events = try await engine.events(id).map { try JSONValue.parse($0) }
            #expect(events.allSatisfy { !["QUOTE_STALE", "DEADLINE_EXCEEDED", "TRANSACTION_EXPIRED"].contains($0["error"]?["code"]?.string) })
            for event in events { #expect(try await abs(distance(of: #require(event["timestamp"]?.string))) < 60) }
        }
        let late = try await delays()
        print("measured: \(late.count) retries, the latest \(late.max() ?? 0) ms after its time")
        #expect(late.count > 0 && late.allSatisfy { 0...1000 ~= $0 }, "\(late)")
    }

    @Test(.engine(settings: ["MOCK_FAILURE_RATE": "0.4", "RETRY_BASE_MS": "300", "MAX_ATTEMPTS": "5"]))
    func `When Redis' clock is an hour behind what was seen, under load, orders go on: retries and deadlines hold, events keep their order in time`()
        async throws
    {
        let engine = Engine.current
        let before = try await engine.place(count: 10)
        // As when Redis' clock is set back: the highest time that was seen is an hour ahead.
        let highest = String(engine.now + 3_600_000)
        for tag in ["{0}", "{services}", "{limits}"] { _ = try await engine.redis.send(["HSET", "orders:\(tag):clock", "highest", highest]) }
        // A gateway learns the time with its next heartbeat, and says so. Redis refuses an order of before that as too late.
        try await eventually { engine.stack.log(.gateway).contains("redis.clock_set_back") }
        let after = try await engine.place(count: 20, #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1,"deadline":60}"#)
        try await engine.audit(before + after)
        for id in before + after {
            let events = try await engine.events(id).map { try JSONValue.parse($0) }
            // The orders from before have seen an hour go by in a moment.
            if after.contains(id) {
                #expect(events.allSatisfy { !["DEADLINE_EXCEEDED", "TRANSACTION_EXPIRED"].contains($0["error"]?["code"]?.string) })
            }
            let times = events.compactMap { $0["timestamp"]?.string }
            #expect(times == times.sorted())
        }
        #expect(engine.stack.log(.executor).contains("redis.clock_set_back"))
    }

    /// How many milliseconds after its time each retry came.
    private func delays() async throws -> [Int] {
        let sql = """
            SELECT (extract(epoch FROM next - at) * 1000)::bigint - delay AS late FROM (
                SELECT type, (event->>'timestamp')::timestamptz AS at, (event->>'delayMs')::bigint AS delay,
                    lead((event->>'timestamp')::timestamptz) OVER (PARTITION BY order_id ORDER BY seq) AS next
                FROM order_events
            ) AS events WHERE type = 'retry-pending'
            """
        return try await Engine.current.postgres.query(sql, []).rows.compactMap { $0["late"].flatMap { Int($0) } }
    }

    /// Seconds from now to a time.
    private func distance(of time: String) async throws -> Int64 {
        let engine = Engine.current
        return (try await engine.milliseconds(of: time) - engine.now) / 1000
    }
}
