import Configuration
import EventLoop
import Marks
import Observability
import Orders
import Redis
import ServiceKit
import TestOrders
import TestSupport
import Testing

@testable import Marks
@testable import Pipeline

/// The ticker on a real Redis, with marks that the test decides.
@Suite(.onLoop) @ServiceActor
struct TickerTests {
    @ServiceActor
    final class Bench {
        let test: TestProcess<RouterSettings>
        let marks = FakeMarks()
        let ticker: Ticker
        private var at: UInt64 = 0

        init(_ test: TestProcess<RouterSettings>, tokens: TokenList) {
            self.test = test
            let roster = Roster(group: "router", name: "this", partitions: 1)
            let rounds = UpkeepRounds(pipeline: test.pipeline, roster: roster)
            ticker = Ticker(
                pipeline: test.pipeline, rounds: rounds, source: marks, tokens: tokens,
                settings: TickSettings(interval: .milliseconds(1), maxAge: .seconds(5)), clock: test.process.heartbeat.clock,
                observer: test.process.observer, log: test.process.log, metrics: test.process.metrics)
        }

        /// One look at a price, which is newer than the last, however soon it comes.
        func tick(_ price: String?, age: UInt64 = 0) async throws {
            at = max(at + 1, UInt64(try await test.now()))
            marks.prices = [:]
            if let price { try marks.set(price, Samples.direction, at: at - age) }
            await ticker.tick(test.pipeline.partitions)
        }

        func state(_ order: Order) async throws -> String? { try await test.state(order) }

        func metric(_ name: String) -> String? {
            test.process.metrics.render().split(separator: "\n").first { $0.hasPrefix(name + " ") }.map { String($0.split(separator: " ")[1]) }
        }
    }

    private func withTicker(_ body: @ServiceActor (Bench) async throws -> Void) async throws {
        try await withProcess(RouterSettings.self) { test in
            try await body(Bench(test, tokens: try Samples.tokens()))
        }
    }

    @Test func `a limit fires at the first mark that reaches it`() async throws {
        try await withTicker { bench in
            let order = Samples.waiting()
            try await bench.test.hold(order)
            try await bench.tick("149.999")
            #expect(try await bench.state(order) == "open")
            try await bench.tick("150")
            #expect(try await bench.state(order) == "pending")
            #expect(bench.metric("orders_triggered_total") == "1")
            #expect(try await bench.test.events(order).last?.message == "SOL is at 150 USDC")
        }
    }

    @Test func `a stop needs two marks in a row, so a spike does not fire it and a gap does`() async throws {
        try await withTicker { bench in
            let order = Samples.waiting(.stop, at: "140")
            try await bench.test.hold(order)
            for price in ["145", "20", "145", "139", "141"] { try await bench.tick(price) }
            #expect(try await bench.state(order) == "open")
            try await bench.tick("90")
            #expect(try await bench.state(order) == "open")
            try await bench.tick("91")
            #expect(try await bench.state(order) == "pending")
        }
    }

    @Test func `the same mark read twice, or one long after the other, confirms nothing`() async throws {
        try await withTicker { bench in
            let order = Samples.waiting(.stop, at: "140")
            try await bench.test.hold(order)
            try await bench.tick("100")
            await bench.ticker.tick(bench.test.pipeline.partitions)
            #expect(try await bench.state(order) == "open")
            try await bench.tick(nil)
            try await bench.tick("100")
            #expect(try await bench.state(order) == "open")
            try await bench.tick("100")
            #expect(try await bench.state(order) == "pending")
        }
    }

    @Test func `a mark that is too old fires nothing and is counted`() async throws {
        try await withTicker { bench in
            let order = Samples.waiting()
            try await bench.test.hold(order)
            try await bench.tick("200", age: 10_000)
            #expect(try await bench.state(order) == "open")
            #expect(bench.metric("marks_stale_total") == "1")
        }
    }

    @Test func `without a price orders stay open, and operators see how old the last one is`() async throws {
        try await withTicker { bench in
            let order = Samples.waiting()
            try await bench.test.hold(order)
            try await bench.tick("100", age: 3000)
            try await bench.tick(nil)
            #expect(try await bench.state(order) == "open")
            let age = bench.metric("mark_age_seconds").flatMap { Double($0) }
            #expect(age.map { $0 >= 2.9 } == true)
            #expect(bench.metric("orders_waiting") == "1")
        }
    }

    @Test func `a trailing stop follows the price up and fires on the way down`() async throws {
        try await withTicker { bench in
            let order = Samples.waiting(.trailingStop, trailingBps: 200)
            try await bench.test.hold(order, mark: "100")
            for price in ["101", "110", "108"] { try await bench.tick(price) }
            let spot = try await bench.test.pipeline.spots(of: [order.id])[0]
            #expect(WaitPlace.trigger(spot: spot)?.level == .of("107.8"))
            try await bench.tick("107.9")
            try await bench.tick("107.8")
            #expect(try await bench.state(order) == "open")
            try await bench.tick("107.7")
            #expect(try await bench.state(order) == "pending")
        }
    }

    @Test func `a sniper fires once its pair can take its amount, the smallest first`() async throws {
        try await withTicker { bench in
            let order = Samples.waiting(.sniper)
            try await bench.test.hold(order)
            try await bench.tick("100")
            #expect(try await bench.state(order) == "open")
            let now = UInt64(try await bench.test.now())
            bench.marks.prices = [.liquidity(Samples.direction, BaseUnits(1_500_000_000)): Mark(.of("100"), at: now)]
            await bench.ticker.tick(bench.test.pipeline.partitions)
            #expect(try await bench.state(order) == "pending")
        }
    }

    @Test func `more than one run fires all that is due`() async throws {
        try await withTicker { bench in
            for _ in 0..<(2 * OrderPipeline.firedAtOnce + 3) { try await bench.test.hold(Samples.waiting()) }
            try await bench.tick("150")
            #expect(bench.metric("orders_triggered_total") == "\(2 * OrderPipeline.firedAtOnce + 3)")
            let left = try await bench.test.redis.send(["ZCARD", bench.test.keys.waits(WaitSet(Samples.direction, .above))])
            #expect(left.integer == 0)
        }
    }

    @Test func `more pairs than are skipped keep nobody behind them from firing`() async throws {
        try await withTicker { bench in
            for _ in 0..<1100 {
                let (one, other) = (Samples.id(), Samples.id())
                try await bench.test.hold(
                    Samples.waiting(.takeProfit, at: "200", id: one, oco: other), Samples.waiting(.stop, at: "150", id: other, oco: one))
            }
            let behind = Samples.waiting(at: "250")
            try await bench.test.hold(behind)
            try await bench.tick("300")
            #expect(try await bench.state(behind) == "pending")
            #expect(bench.metric("orders_triggered_total") == "1101")
        }
    }

    @Test func `all triggers follow a new best price in one tick, whatever cannot be read`() async throws {
        try await withTicker { bench in
            let orders = (0..<(2 * Firing.trailedAtOnce + 3)).map { _ in Samples.waiting(.trailingStop, trailingBps: 200) }
            for order in orders { try await bench.test.hold(order, mark: "100") }
            let away = orders.prefix(Firing.trailedAtOnce + 1)
            for order in away { _ = try await bench.test.redis.send(["HSET", bench.test.keys.order(order.id), "s", "later 1 1 1 1 waits"]) }
            try await bench.tick("110")
            let spots = try await bench.test.pipeline.spots(of: orders.dropFirst(away.count).map(\.id))
            #expect(Set(spots.map { WaitPlace.trigger(spot: $0)?.level }) == [.of("107.8")])
        }
    }

    @Test func `a set that cannot be read does not keep another from firing`() async throws {
        try await withTicker { bench in
            let (order, stop) = (Samples.waiting(at: "150"), Samples.waiting(.stop, at: "140"))
            for each in [order, stop] { try await bench.test.hold(each) }
            let set = bench.test.keys.waits(WaitSet(Samples.direction, .confirmedBelow))
            for command in [["DEL", set], ["SET", set, "x"]] { _ = try await bench.test.redis.send(command) }
            for price in ["130", "130", "150"] { try await bench.tick(price) }
            #expect(try await bench.state(order) == "pending")
        }
    }

    @Test func `where nothing waits no price is asked for`() async throws {
        try await withTicker { bench in
            try await bench.tick("150")
            #expect(bench.marks.asked == 0)
        }
    }
}
