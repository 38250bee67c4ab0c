import JSON
import Markets
import Orders
import Testing

@testable import Venues

/// 1000 SOL over two pools at the fees of docs/routing.md: 148,418.90 USDC, on one pool alone 147,522.80.
@Suite
struct SplitOfferTests {
    private static let pools =
        #"[{"dex":"raydium","kind":"cpmm","pool":"BFUsVbT37mEy4iN9W5scq9u2K3MNS2YHZmWJ3sy4cYeC","base":"SOL","quote":"USDC","#
        + #""baseReserve":"70000","quoteReserve":"10500000","feePpm":2500},"#
        + #"{"dex":"meteora","kind":"cpmm","pool":"8uDDauoPv4PgDtWJas7gNiEiih49voxhAr1faJQDdBb","base":"SOL","quote":"USDC","#
        + #""baseReserve":"35000","quoteReserve":"5267500","feePpm":2000}]"#

    private static let request = QuoteRequest(
        tokenIn: Captured.sol, tokenOut: Captured.usdc, amountIn: BaseUnits(1_000_000_000_000), slippageBps: 100)

    private static func plan(_ pools: String = pools) throws -> SplitPlan {
        let tokens = try TokenList(bytes: Array(JSONWriter.value([Captured.sol, Captured.usdc]).utf8))
        return try #require(
            SplitPlan(
                BaseUnits(1_000_000_000_000), pools: PoolList(bytes: Array(pools.utf8), tokens: tokens).pools, from: Captured.sol, to: Captured.usdc,
                slippageBps: 100))
    }

    private static func offer(over single: Quote?, minGain: Int = 5) throws -> SplitOffer {
        SplitOffer(try plan(), over: single, of: request, minGainBps: minGain)
    }

    @Test func `a division is told with its shares and what it gains`() throws {
        let plan = try Self.plan()
        let offer = try Self.offer(over: plan.single)
        #expect(offer.gainBps == 60 && offer.isWorthIt)
        #expect(
            offer.reason == "raydium 62.2 % and meteora 37.8 %: \(plan.amountOut.decimalText(decimals: 6)) against 147522.800098 (raydium), +60 bps")
        let json = try JSONValue.parse(JSONWriter.value(offer))
        #expect(
            json.object?.map(\.name) == [
                "legs", "amountOut", "amountOutDecimal", "price", "feeBps", "priceImpactPct", "minReceived", "minReceivedDecimal", "gainBps",
                "chosen",
            ])
        #expect(json["legs"]?.array?.map { $0["dex"]?.string } == ["raydium", "meteora"] && json["chosen"]?.bool == true)
    }

    @Test func `a division tells impact, fee and minimum received, of each leg and of the whole`() throws {
        let json = try JSONValue.parse(JSONWriter.value(try Self.offer(over: nil)))
        let legs = try #require(json["legs"]?.array)
        // net / (x + net): 620.0166 of 70,620.0166 and 377.6726 of 35,377.6726 SOL.
        #expect(legs.map { $0["priceImpactPct"]?.string } == ["0.8780", "1.0675"] && legs.map { $0["feeBps"]?.number } == ["25", "20"])
        #expect(json["priceImpactPct"]?.string == "0.9497" && json["feeBps"]?.number == "23.10785")
        let least = legs.compactMap { $0["amountOut"]?.string.flatMap { UInt64($0) } }.map { $0 - $0 / 100 }
        #expect(json["minReceived"]?.string == String(least.reduce(0, +)))
        for value in legs + [json] {
            for name in ["amountOut", "minReceived"] {
                let units = try BaseUnits(decimal: try #require(value[name + "Decimal"]?.string), decimals: 6)
                #expect(value[name]?.string == units.description)
            }
        }
        #expect(legs.map { $0["amountInDecimal"]?.string?.prefix(8) } == ["621.5705", "378.4294"])
    }

    @Test func `the pools of one venue are told as one share, and the shares add up`() throws {
        let third =
            #",{"dex":"raydium","kind":"cpmm","pool":"4k3Dyjzvzp8eMZWUXbBCjEvwSkkk59S5iCNLY3QrkX6R","base":"SOL","quote":"USDC","#
            + #""baseReserve":"7000","quoteReserve":"1050000","feePpm":2500}]"#
        let plan = try Self.plan(Self.pools.dropLast() + third)
        #expect(plan.legs.map(\.dex).sorted() == ["meteora", "raydium", "raydium"])
        let reason = SplitOffer(plan, over: nil, of: Self.request, minGainBps: 0).reason
        let shares = reason.prefix { $0 != ":" }.split(separator: " ").compactMap { Double($0) }
        #expect(reason.contains("% (2 pools)") && reason.contains(" and meteora "))
        #expect(shares.count == 2 && abs(shares.reduce(0, +) - 100) < 0.001)
    }

    @Test(arguments: [(59, true), (60, true), (61, false), (10_000, false)])
    func `it is worth it where it gains more than asked for`(_ minGain: Int, _ isWorthIt: Bool) throws {
        #expect(try Self.offer(over: Self.plan().single, minGain: minGain).isWorthIt == isWorthIt)
    }

    @Test func `to gain just as much as asked for is not enough`() throws {
        let plan = try Self.plan()
        func single(_ amountOut: UInt64) -> Quote {
            Quote(
                dex: "orca", pool: "p", amountIn: BaseUnits(1_000_000_000_000), amountOut: BaseUnits(amountOut), minReceived: BaseUnits(1),
                feeBps: "1", priceImpactPct: "0.0000", inputDecimals: 9, outputDecimals: 6)
        }
        for (amountOut, isWorthIt) in [(plan.amountOut.value, false), (plan.amountOut.value - 1, true)] {
            #expect(try Self.offer(over: single(amountOut), minGain: 0).isWorthIt == isWorthIt)
        }
        let better = try Self.offer(over: single(plan.amountOut.value + 1), minGain: 0)
        #expect(better.gainBps == -1 && !better.isWorthIt)
    }

    @Test func `where no venue can fill the whole, a division is taken whatever it gains`() throws {
        let offer = try Self.offer(over: nil, minGain: 10_000)
        #expect(offer.isWorthIt && offer.gainBps == nil && offer.reason.hasSuffix(", no venue alone can fill it"))
        let silent = [UnavailableVenue("orca", OrderFailure(.insufficientLiquidity))]
        let round = QuoteRound([], unavailable: silent, split: offer)
        #expect(round.choice?.quotes == offer.plan.legs)
        let answer = try JSONValue.parse(try #require(round.answer(to: Self.request)))
        #expect(answer["best"]?.string == "raydium+meteora" && answer["quotes"]?.array?.isEmpty == true)
        #expect(answer["split"]?["gainBps"]?.isNull == true && answer["amountOut"] == answer["split"]?["amountOut"])
    }

    @Test func `a round follows a division that is worth it, else the best venue`() throws {
        let plan = try Self.plan()
        let single = try #require(plan.single)
        for (minGain, count) in [(5, 2), (100, 1)] {
            let round = QuoteRound([single], unavailable: [], split: try Self.offer(over: single, minGain: minGain))
            #expect(round.choice?.quotes.count == count)
            #expect(round.choice?.reason.hasPrefix(count == 2 ? "raydium 62.2 % and" : "raydium: ") == true)
        }
        #expect(QuoteRound([], unavailable: []).choice == nil)
    }
}
