import Configuration
import EventLoop
import JSON
import Markets
import Orders
import Redis
import ServiceKit
import TestSupport
import Testing
import Venues

@testable import PaperMarket
@testable import Pipeline

/// Tests the mock venues with pool lists that a user might bring.
@Suite(.onLoop) @ServiceActor
struct MockVenueTests {
    private static let ray = Token(symbol: "RAY", name: "Raydium", mint: "4k3Dyjzvzp8eMZWUXbBCjEvwSkkk59S5iCNLY3QrkX6R", decimals: 6)
    private static let addresses = [
        "BFUsVbT37mEy4iN9W5scq9u2K3MNS2YHZmWJ3sy4cYeC", "8uDDauoPv4PgDtWJas7gNiEiih49voxhAr1faJQDdBb",
        "GsZpmdS96ou6yDbacgVz3HFd61y1Wso9ZXqjPdCatg2G",
    ]
    private static let sample =
        #"[{"dex":"raydium","kind":"cpmm","pool":"\#(addresses[0])","base":"SOL","quote":"USDC","baseReserve":"70000","#
        + #""quoteReserve":"10500000","feePpm":2500},"#
        + #"{"dex":"meteora","kind":"dlmm","pool":"\#(addresses[1])","base":"SOL","quote":"USDC","binStep":4,"activeBin":-5297,"baseFactor":10000,"#
        + #""bins":[{"id":-5297,"base":"500","quote":"60000"}]},"#
        + #"{"dex":"raydium","kind":"cpmm","pool":"\#(addresses[2])","base":"RAY","quote":"USDC","baseReserve":"2000000","#
        + #""quoteReserve":"4000000","feePpm":0}]"#

    private func ask(_ venue: String, _ amountIn: UInt64, _ from: Token, _ to: Token) async throws -> Quote {
        let tokens = try TokenList(bytes: Array(JSONWriter.value([Samples.sol, Samples.usdc, Self.ray]).utf8))
        let pools = try PoolList(bytes: Array(Self.sample.utf8), tokens: tokens)
        let venues = MockVenue.all(pools, latency: 0...0)
        let asked = try #require(venues.first { $0.dex == venue })
        return try await asked.quote(QuoteRequest(tokenIn: from, tokenOut: to, amountIn: BaseUnits(amountIn), slippageBps: 50))
    }

    @Test func `each venue quotes by its own kind of pool, as worked out by hand`() async throws {
        let raydium = try await ask("raydium", 1_000_000_000, Samples.sol, Samples.usdc)
        #expect(raydium.amountOut == BaseUnits(149_622_867) && raydium.pool == Self.addresses[0] && raydium.hops.isEmpty)
        let meteora = try await ask("meteora", 1_000_000_000, Samples.sol, Samples.usdc)
        #expect(meteora.amountOut == BaseUnits(120_178_585) && meteora.feeBps == "4" && meteora.minReceived == BaseUnits(119_577_693))
        #expect(try await ask("meteora", 120_000_000, Samples.usdc, Samples.sol).amountOut == BaseUnits(997_715_350))
    }

    @Test func `a pair without a pool goes over a middle token, where the venue has the pools for it`() async throws {
        let quote = try await ask("raydium", 1_000_000_000, Samples.sol, Self.ray)
        #expect(quote.hops.map(\.pool) == [Self.addresses[0], Self.addresses[2]])
        #expect(quote.hops.map(\.tokenOut) == ["USDC", "RAY"])
        // 149.622867 USDC go into a pool of 2,000,000 RAY and 4,000,000 USDC.
        #expect(quote.amountOut == BaseUnits(74_808_635))
        await #expect(throws: OrderFailure(.noRoute)) { try await ask("meteora", 1_000_000_000, Samples.sol, Self.ray) }
    }

    @Test func `a quote is of the market as it is in the order's partition, and says of when`() async throws {
        try await withProcess(RouterSettings.self, ["MOCK_VOLATILITY_BPS": "1", "PARTITIONS": "2"]) { test in
            let tokens = try Samples.tokens()
            let pools = try PoolList(json: JSONValue.parse("[" + JSONWriter.value(Samples.pool()) + "]"), tokens: tokens)
            let board = MarketBoard(pools.pools, settings: test.settings.market, process: test.process)
            let venue = try #require(MockVenue.all(pools, latency: 0...0, board: board).first)
            func ask(partition: Int) async throws -> Quote {
                try await venue.quote(
                    QuoteRequest(
                        tokenIn: Samples.sol, tokenOut: Samples.usdc, amountIn: BaseUnits(1_000_000_000), slippageBps: 50, partition: partition))
            }
            await #expect(throws: OrderFailure.self, "nobody knows the seed yet") { try await ask(partition: 0) }
            board.begin(seed: 7)
            let now = try await test.now()
            // 7,000 SOL were added to 70,000 SOL.
            let key = test.pipeline.partitions[1].market
            _ = try await test.redis.send(["HSET", key, Samples.pool().address, "7000000000000:\(now)"])
            let (calm, pressed) = (try await ask(partition: 0), try await ask(partition: 1))
            #expect((149_600_000...149_640_000).contains(calm.amountOut.value))
            #expect((123_000_000...125_000_000).contains(pressed.amountOut.value))
            let quotedAt = try #require(pressed.quotedAt)
            #expect((UInt64(now - 50)...UInt64(now + 5000)).contains(quotedAt))
        }
    }

    @Test func `a process that has not had a heartbeat yet reads the market with the clock of Redis`() async throws {
        try await withProcess(RouterSettings.self, ["MOCK_VOLATILITY_BPS": "1"]) { test in
            let young = ServiceProcess.unconnected(test.settings)
            let running = Loop.spawn { await young.redis.run() }
            try await young.redis.connected(within: .seconds(10))
            let board = MarketBoard([try Samples.pool()], settings: test.settings.market, process: young)
            board.begin(seed: 7)
            #expect(young.heartbeat.clock.now == nil)
            let view = try #require(await board.view(partition: 0, within: .zero))
            #expect(abs(Int64(view.time) - Int64(try await test.now())) < 10_000)
            young.redis.close()
            await running.value
        }
    }

    @Test(arguments: ["raydium", "meteora"])
    func `dust and whales are refused in so many words`(_ venue: String) async throws {
        for amount in [UInt64(1), .max] {
            await #expect(throws: OrderFailure(.insufficientLiquidity)) { try await ask(venue, amount, Samples.sol, Samples.usdc) }
        }
    }
}
