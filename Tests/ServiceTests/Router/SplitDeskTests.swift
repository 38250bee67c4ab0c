import Configuration
import EventLoop
import JSON
import Markets
import Orders
import Pipeline
import Redis
import ServiceKit
import TestSupport
import Testing
import Venues

@testable import PaperMarket
@testable import RouterService

/// Tests orders that are divided over the pools of the venues that answer.
@Suite(.onLoop) @ServiceActor
struct SplitDeskTests {
    private nonisolated static let json =
        #"[{"dex":"raydium","kind":"cpmm","pool":"BFUsVbT37mEy4iN9W5scq9u2K3MNS2YHZmWJ3sy4cYeC","base":"SOL","quote":"USDC","#
        + #""baseReserve":"70000","quoteReserve":"10500000","feePpm":2500},"#
        + #"{"dex":"meteora","kind":"cpmm","pool":"8uDDauoPv4PgDtWJas7gNiEiih49voxhAr1faJQDdBb","base":"SOL","quote":"USDC","#
        + #""baseReserve":"35000","quoteReserve":"5267500","feePpm":2000}]"#
    private nonisolated static let request = QuoteRequest(
        tokenIn: Samples.sol, tokenOut: Samples.usdc, amountIn: BaseUnits(1_000_000_000_000), slippageBps: 100)

    @ServiceActor
    private struct Bench {
        let test: TestProcess<RouterSettings>
        let desk: QuoteDesk
    }

    private func withDesk(_ environment: [String: String] = [:], without silent: String? = nil, _ body: @ServiceActor (Bench) async throws -> Void)
        async throws
    {
        try await withProcess(RouterSettings.self, environment.merging(["MOCK_VOLATILITY_BPS": "0"]) { $1 }) { test in
            let pools = try PoolList(bytes: Array(Self.json.utf8), tokens: Samples.tokens())
            let board = MarketBoard(pools.pools, settings: test.settings.market, process: test.process)
            let splits = SplitDesk(pools: pools.pools, board: board, minGainBps: test.settings.splitMinGainBps, clock: test.process.heartbeat.clock)
            let venues = MockVenue.all(pools, latency: 0...0, board: board).map { venue -> any Venue in
                venue.dex == silent ? FakeVenue(venue.dex, .error) : venue
            }
            let desk = QuoteDesk(
                venues: venues, timeout: .seconds(5), splits: splits, metrics: test.process.metrics, clock: test.process.heartbeat.clock)
            try await body(Bench(test: test, desk: desk))
        }
    }

    @Test func `a large order is divided over two venues as worked out by hand, each part with its time`() async throws {
        try await withDesk { bench in
            let round = await bench.desk.ask(Self.request)
            let choice = try #require(round.choice)
            #expect(choice.quotes.map(\.dex) == ["raydium", "meteora"])
            #expect(choice.quotes.map { $0.amountIn.value / 100_000 } == [6_215_705, 3_784_294])
            #expect(choice.quotes.allSatisfy { $0.quotedAt != nil && $0.ageMs ?? .max < 5000 })
            #expect(round.offers?.quotes.count == 2 && round.split?.gainBps == 60)
        }
    }

    @Test func `what gains less than SPLIT_MIN_GAIN_BPS goes to the best venue, and the division is shown`() async throws {
        try await withDesk(["SPLIT_MIN_GAIN_BPS": "61"]) { bench in
            let round = await bench.desk.ask(Self.request)
            #expect(round.choice?.quotes == round.offers.map { [$0.best] })
            let answer = try JSONValue.parse(try #require(round.answer(to: Self.request)))
            #expect(answer["best"]?.string == "raydium" && answer["split"]?["chosen"]?.bool == false)
        }
    }

    @Test func `a venue that does not answer gets no part`() async throws {
        try await withDesk(without: "meteora") { bench in
            let round = await bench.desk.ask(Self.request)
            #expect(round.split == nil && round.choice?.quotes.map(\.dex) == ["raydium"])
        }
    }

    private func limit(_ price: String, _ time: TimeInForce) throws -> Order {
        var terms = PriceTerms(priced: .tokenIn, timeInForce: time, expiresAt: 9_000_000_000_000)
        terms.limitPrice = try PriceLevel(decimal: price)
        return Order(
            id: Samples.id(), orderType: .limit, terms: terms, tokenIn: Samples.sol, tokenOut: Samples.usdc, amountIn: Self.request.amountIn,
            slippageBps: 100, slippage: "0.01", createdAt: 1_768_030_217_789, maxAttempts: 3, fingerprint: "f")
    }

    private func chosen(for order: Order, at bench: Bench) async -> QuoteRound.Choice? {
        let request = QuoteRequest(
            tokenIn: order.tokenIn, tokenOut: order.tokenOut, amountIn: order.amountIn, slippageBps: 100, floorOfPart: order.floor)
        return await bench.desk.ask(request).choice(for: order)
    }

    @Test func `of an ioc order the part that meets its limit is taken, and of no other`() async throws {
        try await withDesk { bench in
            let choice = try #require(await chosen(for: limit("149", .ioc), at: bench))
            #expect(choice.quotes.map { $0.amountIn.value / 100_000_000 } == [1470, 1408])
            #expect(choice.quotes.allSatisfy { $0.quotedAt != nil && $0.ageMs ?? .max < 5000 })
            let shares = " of 1000 SOL meet the limit price: raydium 51.1 % and meteora 48.9 %"
            #expect(choice.reason.hasPrefix("287.8") && choice.reason.hasSuffix(shares))
            for time in [TimeInForce.fok, .gtc, .gtd] {
                let none = await chosen(for: try limit("149", time), at: bench)
                #expect(none == nil)
            }
            let none = await chosen(for: try limit("151", .ioc), at: bench)
            #expect(none == nil)
        }
        try await withDesk(without: "meteora") { bench in
            let choice = try #require(await chosen(for: limit("149", .ioc), at: bench))
            #expect(choice.quotes.map(\.dex) == ["raydium"])
        }
    }

    @Test(arguments: [TimeInForce.ioc, .gtc])
    func `a division that gains too little is taken where only it meets the limit, and as a whole`(time: TimeInForce) async throws {
        try await withDesk(["SPLIT_MIN_GAIN_BPS": "10000"]) { bench in
            let choice = try #require(await chosen(for: limit("148", time), at: bench))
            #expect(choice.quotes.reduce(0) { $0 + $1.amountIn.value } == Self.request.amountIn.value && choice.quotes.count == 2)
            let whole = try #require(await chosen(for: limit("147", time), at: bench))
            #expect(whole.quotes.count == 1)
        }
        try await withDesk { bench in
            let never = await chosen(for: try limit("148", .fok), at: bench)
            #expect(never == nil)
        }
    }

    @Test func `of a partly filled order only the rest is quoted, and the event repeats what has landed`() async throws {
        try await withDesk { bench in
            let order = Order(
                id: Samples.id(), tokenIn: Samples.sol, tokenOut: Samples.usdc, amountIn: BaseUnits(1_000_000_000_000), slippageBps: 100,
                slippage: "0.01", createdAt: 1_768_030_217_789, maxAttempts: 3, fingerprint: "f")
            try await bench.test.accept(order)
            let handler = RoutingHandler(
                desk: bench.desk, marks: FakeMarks(), pipeline: bench.test.pipeline, retry: bench.test.settings.retry, log: bench.test.process.log,
                observer: bench.test.process.observer)
            await handler.handle(try await bench.test.take(.router))
            let routed = try #require(try await bench.test.events(order).last)
            let parts = try #require(routed.legs)
            #expect(routed.reason?.hasPrefix("raydium 62.2 % and meteora 37.8 %") == true && parts.map(\.number) == [0, 1])

            // The larger leg has landed; the other is to be quoted anew.
            let landed = ChosenRoute(parts.map(\.quote), of: order, after: nil)
                .changing([0: parts[0].landed(BaseUnits(92_000_000_000), of: order.tokenOut)])
            let line = CompactEvent(
                .retryPending, status: .routing, progress: nil, message: "m", attempt: 1, members: landed.members + #","delayMs":0,"nextAttempt":2"#)
            let step = ["s", "requote 2 2 4 1768030217789 ", "4", line.line(at: 1_768_030_217_789, seq: 4)]
            _ = try await bench.test.redis.send(["HSET", bench.test.keys.order(order.id)] + step)
            _ = try await bench.test.redis.send(["XADD", bench.test.keys.accepted, "*", "id", order.id.description, "round", "2"])
            await handler.handle(try await bench.test.take(.router))
            let again = try #require(try await bench.test.events(order).last?.legs)
            #expect(again.map(\.number) == [0, 2, 3] && again[0].status == .landed && again[1].status == .quoted)
            #expect(again.reduce(0) { $0 + $1.quote.amountIn.value } == 1_000_000_000_000)
            #expect(again[1].quote.amountIn.value + again[2].quote.amountIn.value == parts[1].quote.amountIn.value)
        }
    }
}
