import EventLoop
import Orders
import Redis
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

/// Tests how many orders an account may have: what counts, whatever ends an order, and from when on.
@Suite(.onLoop) @ServiceActor
struct AccountLimitTests {
    private nonisolated static let account = Account(owner: Owner(key: "bot"), user: nil)

    private func limits(open: Int? = nil, perMinute: Int? = nil, _ account: Account = account) -> AccountLimits? {
        AccountLimits(account, openOrders: open, ordersPerMinute: perMinute)
    }

    private func accept(_ bench: Bench, _ order: Order = Samples.order(), under limits: AccountLimits?) async throws -> AcceptOutcome {
        try await bench.pipeline.accept([NewOrder(order)], limits: limits, idempotencyTTL: 60_000, before: .max / 1000, timeout: .seconds(5))
    }

    private func place(_ bench: Bench, _ order: Order = Samples.order(), under limits: AccountLimits?) async throws -> Order {
        let outcome = try await accept(bench, order, under: limits)
        guard case .accepted = outcome else { throw TestFailure("not accepted: \(outcome)") }
        return order
    }

    private func open(_ bench: Bench) async throws -> Int64? { try await bench.send("ZCARD", bench.keys.open(Self.account)).integer }

    @Test func `an order beyond the open ones is refused, leaves nothing behind, and is taken once one has ended`() async throws {
        try await withBench { bench in
            let first = try await place(bench, under: limits(open: 2))
            _ = try await place(bench, under: limits(open: 2))
            let before = try await bench.everything(first)
            let size = try await bench.send("DBSIZE").integer
            let third = Samples.order(key: "k", user: "u", deadline: 9_000_000_000_000)
            #expect(try await accept(bench, third, under: limits(open: 2)) == .limited(.openOrders(2)))
            #expect(try await bench.everything(first) == before)
            #expect(try await bench.send("DBSIZE").integer == size)
            // Another account, and a higher limit of the same, are not at their end.
            _ = try await place(bench, under: limits(open: 1, Account(owner: Owner(key: "ant"), user: nil)))
            let fourth = try await place(bench, under: limits(open: 3))
            for order in [first, fourth] { #expect(try await bench.pipeline.cancel(order.id) == .cancelled) }
            _ = try await place(bench, third, under: limits(open: 2))
            #expect(try await open(bench) == 2)
        }
    }

    @Test func `an order that is in already is answered again at the limit, and counts once`() async throws {
        try await withBench { bench in
            let order = try await place(bench, Samples.order(key: "k"), under: limits(open: 1, perMinute: 1))
            for again in [order, Samples.order(key: "k")] {
                let outcome = try await accept(bench, again, under: limits(open: 1, perMinute: 1))
                guard case .replay(order.id, job: _) = outcome else { throw TestFailure("no replay: \(outcome)") }
            }
            #expect(try await accept(bench, Samples.order(key: "k", fingerprint: "g"), under: limits(open: 1)) == .conflict(order.id))
            #expect(try await open(bench) == 1)
            #expect(try await bench.send("ZCARD", bench.keys.recent(Self.account)).integer == 1)
        }
    }

    private enum End: CaseIterable { case confirmed, confirmedCarefully, failed, cancelled, expired, swept, poisoned, buried }

    @Test(arguments: End.allCases) private func `whatever ends an order takes it off the count`(_ end: End) async throws {
        try await withBench { bench in
            let hasDeadline = end == .expired || end == .swept
            let order = try await place(bench, Samples.order(deadline: hasDeadline ? 9_000_000_000_000 : nil), under: limits(open: 1))
            try await lead(order, to: end, bench)
            #expect(try await bench.state(order)?.isFinal == true)
            #expect(try await open(bench) == 0)
            _ = try await place(bench, under: limits(open: 1))
            // What comes late for the ended order changes no count.
            _ = try await bench.pipeline.cancel(order.id)
            #expect(try await open(bench) == 1)
        }
    }

    private func lead(_ order: Order, to end: End, _ bench: Bench) async throws {
        if end == .cancelled { #expect(try await bench.pipeline.cancel(order.id) == .cancelled) }
        if end == .swept {
            try await bench.send("HSET", bench.keys.order(order.id), "x", "1000")
            try await bench.send("ZADD", bench.keys.deadlines, "1000", order.id.description)
            #expect(try await bench.pipeline.sweep(bench.keys) == 1)
        }
        guard end != .cancelled, end != .swept else { return }
        let entry = try await bench.take(.router)
        if end == .buried { return try await bury(entry, order, bench) }
        if end == .poisoned {
            for number in 0...bench.pipeline.settings.maxStarts { _ = try await bench.pipeline.begin(entry.held(token: "t\(number)", deliveries: 2)) }
            return
        }
        try await bench.begin(entry)
        if end == .failed { return _ = try await bench.written(Samples.failure(.noRoute, stage: .router), entry) }
        if end == .expired {
            try await bench.send("HSET", bench.keys.order(order.id), "x", "1000")
            return _ = try await bench.pipeline.step(.routeDone([Samples.meteora]), entry)
        }
        try await bench.written(.routeDone([Samples.meteora]), entry)
        let second = try await bench.take(.executor)
        let later = end == .confirmedCarefully ? try await bench.claim(second, as: "b") : second
        try await bench.begin(later)
        try await bench.written(Samples.submit(order), later)
        try await bench.written(.confirm(Samples.fill), later)
    }

    private func bury(_ entry: WorkEntry, _ order: Order, _ bench: Bench) async throws {
        let keys = bench.keys
        let reply = try await bench.pipeline.run(
            Scripts.bury, keys: [keys.accepted, keys.dead, keys.events, keys.deadlines, keys.leaving, keys.order(order.id)],
            ["accepted", "router", entry.consumer, entry.entry, "POISONED", order.id.description, "1", "600000"])
        #expect(reply.array?.first?.string == "ok")
    }

    @Test func `over partitions and gateways together no order is taken beyond the limit`() async throws {
        try await withBench(PipelineSettings(partitions: 3)) { bench in
            let other = try Bench(url: bench.url, settings: bench.pipeline.settings)
            try await alongside({ await other.redis.run() }, stop: { other.redis.close() }) {
                try await other.redis.connected(within: .seconds(20))
                let outcomes = try await together(60) { number in
                    let order = Samples.order(Samples.id(partition: UInt8(number % 3)))
                    return try await accept(number % 2 == 0 ? bench : other, order, under: limits(open: 10, perMinute: 20))
                }
                #expect(outcomes.count { if case .accepted = $0 { true } else { false } } == 10)
                #expect(outcomes.count { $0 == .limited(.openOrders(10)) } == 50)
                for case .accepted(let id, job: _) in outcomes { #expect(try await bench.pipeline.cancel(id) == .cancelled) }
                let more = try await together(40) { number in
                    try await accept(bench, Samples.order(Samples.id(partition: UInt8(number % 3))), under: limits(open: 40, perMinute: 20))
                }
                #expect(more.count { if case .accepted = $0 { true } else { false } } == 10)
            }
        }
    }

    @Test func `orders of the last minute count, whether they have ended or not, and a refusal says for how long`() async throws {
        try await withBench { bench in
            let first = try await place(bench, under: limits(perMinute: 2))
            #expect(try await bench.pipeline.cancel(first.id) == .cancelled)
            let second = try await place(bench, under: limits(perMinute: 2))
            let outcome = try await accept(bench, under: limits(perMinute: 2))
            guard case .limited(.ordersPerMinute(2, let wait)) = outcome else { throw TestFailure("\(outcome)") }
            #expect((1...60_000).contains(wait))
            let recent = bench.keys.recent(Self.account), now = try await bench.now()
            #expect(try await bench.send("PTTL", recent).integer.map { (1...60_000).contains($0) } == true)
            try await bench.send("ZADD", recent, String(now - 50_000), first.id.description)
            let later = try await accept(bench, under: limits(perMinute: 2))
            guard case .limited(.ordersPerMinute(2, let less)) = later else { throw TestFailure("\(later)") }
            #expect(less <= 10_000)
            try await bench.send("ZADD", recent, String(now - 60_001), first.id.description)
            let third = try await place(bench, under: limits(perMinute: 2))
            let left = try await bench.send("ZRANGE", recent, "0", "-1").array?.compactMap(\.string)
            #expect(left == [second.id.description, third.id.description])
        }
    }

    @Test func `without a limit nothing is counted`() async throws {
        try await withBench { bench in
            let free = try await place(bench, under: nil)
            let slow = try await place(bench, under: limits(perMinute: 9))
            for order in [free, slow] { #expect(try await bench.field(order, "h") == "") }
            #expect(try await bench.send("KEYS", "*:open:*").array == [])
        }
    }

    @Test func `two accounts are never one`() {
        let accounts = [
            Account(owner: nil, user: nil), Account(owner: nil, user: "key:bot"), Account(owner: Owner(key: "bot"), user: nil),
            Account(owner: Owner(user: "bot"), user: nil), Account(owner: nil, user: "bot"),
        ]
        #expect(Set(accounts).count == accounts.count)
        #expect(Account(owner: Owner(key: "bot"), user: "u") == Account(owner: Owner(key: "bot"), user: "v"))
    }
}
