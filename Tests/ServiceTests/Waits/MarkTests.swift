import Configuration
import EventLoop
import Markets
import Orders
import PaperMarket
import Redis
import ServiceKit
import TestOrders
import TestSupport
import Testing
import Venues

@testable import Marks
@testable import Pipeline

/// Where marks come from: how they are asked for, computed and published.
@Suite(.onLoop) @ServiceActor
struct MarkTests {
    private let back = PriceDirection(tokenIn: Token.usdc.mint, tokenOut: Token.sol.mint, priced: .tokenOut)

    /// A market that gives so much for each unit.
    private func quotes(_ out: UInt64, per unit: UInt64, impact: String = "0.0100", _ asked: @escaping @ServiceActor (UInt64) -> Void = { _ in })
        -> @ServiceActor (BaseUnits, Token, Token) async -> Quote?
    {
        { amount, tokenIn, tokenOut in
            asked(amount.value)
            let amountOut = BaseUnits(amount.value * out / unit)
            guard amountOut.value > 0 else { return nil }
            return Quote(
                dex: "meteora", pool: "p", amountIn: amount, amountOut: amountOut, minReceived: amountOut, feeBps: "20", priceImpactPct: impact,
                inputDecimals: tokenIn.decimals, outputDecimals: tokenOut.decimals)
        }
    }

    @Test func `a price is that of a small amount, but of one with enough units, which is found once`() async throws {
        let probe = MarkProbe(try Samples.tokens())
        var asked: [UInt64] = []
        let quote = quotes(3, per: 20_000) { asked.append($0) }
        let mark = await probe.answer(.price(Samples.direction), at: 7, quote)
        #expect(mark == Mark(.of("0.15"), at: 7))
        #expect(asked.first == 100_000)
        #expect(asked.last == 1_000_000_000)
        asked = []
        _ = await probe.answer(.price(Samples.direction), at: 8, quote)
        #expect(asked == [1_000_000_000])
    }

    @Test func `a price looks no better than it is, from either side`() async throws {
        let probe = MarkProbe(try Samples.tokens())
        let sale = await probe.answer(.price(Samples.direction), at: 1, quotes(149, per: 997))
        let purchase = await probe.answer(.price(back), at: 1, quotes(997, per: 149))
        let (bid, ask) = (try #require(sale?.price), try #require(purchase?.price))
        #expect(bid < ask)
        #expect(bid.text.count <= 13)
    }

    @Test func `a token that is no longer listed and a market without quotes have no mark`() async throws {
        let probe = MarkProbe(try Samples.tokens())
        let strange = PriceDirection(tokenIn: "gone", tokenOut: Token.usdc.mint, priced: .tokenIn)
        #expect(await probe.answer(.price(strange), at: 1, quotes(1, per: 1)) == nil)
        #expect(await probe.answer(.price(Samples.direction), at: 1, { _, _, _ in nil }) == nil)
    }

    @Test(arguments: [("0", true), ("0.0000", true), ("5.0000", true), ("5.0001", false), ("90", false), ("x", true)])
    func `a market takes an amount whose impact is at most five per cent`(impact: String, takes: Bool) async throws {
        let probe = MarkProbe(try Samples.tokens())
        let question = MarkQuestion.liquidity(Samples.direction, BaseUnits(5_000_000_000))
        #expect((await probe.answer(question, at: 1, quotes(1, per: 7, impact: impact)) != nil) == takes)
    }

    @Test func `marks of the mock market come from its pools, net of fees`() async throws {
        try await withProcess(RouterSettings.self, ["MOCK_VOLATILITY_BPS": "0"]) { test in
            let pools = try PoolList(bytes: Array("[\(JSONWriterText.pool)]".utf8), tokens: try Samples.tokens())
            let board = MarketBoard(pools.pools, settings: test.settings.market, process: test.process)
            let marks = Marks.make(
                .mock, tokens: try Samples.tokens(), pools: pools, board: board, maxAge: .milliseconds(50), for: .orders,
                process: test.process)
            let found = await marks.marks([.price(Samples.direction), .price(back)], partition: 0)
            let (bid, ask) = (try #require(found[.price(Samples.direction)]?.price), try #require(found[.price(back)]?.price))
            // 150 less and plus a quarter of a per cent.
            #expect(bid < .of("149.63") && bid > .of("149.62"))
            #expect(ask > .of("150.37") && ask < .of("150.38"))
        }
    }

    // MARK: Live

    @Test func `who asks for a live price says that it is wanted, and gets what was published`() async throws {
        try await withProcess(RouterSettings.self) { test in
            let marks = LiveMarks(pipeline: test.pipeline, for: .orders)
            #expect(await marks.marks([.price(Samples.direction)], partition: 3).isEmpty)
            let wanted = try await test.pipeline.wantedMarks(by: .orders, since: 0)
            #expect(wanted == [Samples.direction.name])
            #expect(try await test.pipeline.wantedMarks(by: .people, since: 0).isEmpty)
            try await test.pipeline.publish(Mark(.of("180.5"), at: 5), under: Samples.direction.name)
            #expect(await marks.marks([.price(Samples.direction)], partition: 0) == [.price(Samples.direction): Mark(.of("180.5"), at: 5)])
            let now = try await test.pipeline.time()
            #expect(try await test.pipeline.wantedMarks(by: .orders, since: now + 60_000).isEmpty)
        }
    }

    @Test func `the leader asks one question at a time, that of the longest ago first`() async throws {
        try await withProcess(RouterSettings.self) { test in
            let venue = FakeVenue("meteora", .quote(218_000_000))
            let feed = try feed(venue, test)
            let marks = LiveMarks(pipeline: test.pipeline, for: .orders)
            let questions: Set = [MarkQuestion.price(Samples.direction), .price(back)]
            _ = await marks.marks(questions, partition: 0)
            try await feed.tick()
            #expect(venue.asked == 1)
            #expect(await marks.marks(questions, partition: 0).count == 1)
            try await sleep(for: .milliseconds(2))
            try await feed.tick()
            #expect(await marks.marks(questions, partition: 0).count == 2)
        }
    }

    private func feed(_ venue: FakeVenue, _ test: TestProcess<RouterSettings>) throws -> LivePriceFeed {
        LivePriceFeed(
            venues: [venue], tokens: try Samples.tokens(), pipeline: test.pipeline, maxAge: .seconds(4), clock: test.process.heartbeat.clock,
            log: test.process.log)
    }

    @Test func `prices that people ask for take only the room that those of orders leave`() async throws {
        try await withProcess(RouterSettings.self) { test in
            let venue = FakeVenue("meteora", .quote(218_000_000))
            let feed = try feed(venue, test)
            let (orders, people) = (LiveMarks(pipeline: test.pipeline, for: .orders), LiveMarks(pipeline: test.pipeline, for: .people))
            // There is room for two. The one of the orders is there from the start, and both amounts below come after it.
            let (first, second) = (MarkQuestion.liquidity(Samples.direction, BaseUnits(1)), MarkQuestion.liquidity(Samples.direction, BaseUnits(2)))
            _ = await people.marks([first], partition: 0)
            try await sleep(for: .milliseconds(2))
            _ = await people.marks([second], partition: 0)
            _ = await orders.marks([.price(Samples.direction)], partition: 0)
            for _ in 0..<6 {
                try await feed.tick()
                try await sleep(for: .milliseconds(2))
            }
            #expect(await orders.marks([.price(Samples.direction)], partition: 0).count == 1)
            #expect(venue.amounts.contains(BaseUnits(2)))
            #expect(!venue.amounts.contains(BaseUnits(1)))
        }
    }

    @Test func `a price without an answer is not asked for again at once`() async throws {
        try await withProcess(RouterSettings.self) { test in
            let venue = FakeVenue("meteora", .failure(.noRoute))
            let feed = try feed(venue, test)
            _ = await LiveMarks(pipeline: test.pipeline, for: .orders).marks([.price(Samples.direction)], partition: 0)
            try await feed.tick()
            #expect(venue.asked == 4)
            try await feed.tick()
            #expect(venue.asked == 4)
        }
    }

    @Test func `the name of a question says all of it`() {
        let questions: [MarkQuestion] = [.price(Samples.direction), .price(back), .liquidity(back, BaseUnits(77))]
        for question in questions { #expect(MarkQuestion(name: question.name) == question) }
        #expect(MarkQuestion(name: "") == nil)
        #expect(MarkQuestion(name: "a:b:c:d:e") == nil)
    }
}

private enum JSONWriterText {
    /// A pool of 70,000 SOL and 10,500,000 USDC with a fee of 0.25 %.
    static let pool =
        #"{"dex":"raydium","kind":"cpmm","pool":"BFUsVbT37mEy4iN9W5scq9u2K3MNS2YHZmWJ3sy4cYeC","base":"SOL","quote":"USDC","#
        + #""baseReserve":"70000","quoteReserve":"10500000","feePpm":2500}"#
}
