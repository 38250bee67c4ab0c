import JSON
import Orders
import Testing

@testable import Markets
@testable import PaperMarket

@Suite struct PriceWalkTests {
    private let walk = PriceWalk(seed: 7, volatilityBps: 40)

    @Test func `the walk stays within its bounds, reaches for both, and is the same in every process`() {
        let moves = (0..<20_000).map { walk.move(of: "pool", at: 1_768_030_217_789 + $0 * 173) }
        #expect(moves.allSatisfy { (-4_000_000...4_000_000).contains($0) })
        #expect(moves.min()! < -2_000_000 && moves.max()! > 2_000_000)
        // What another version would have to give for the same seed.
        #expect(walk.move(of: "pool", at: 1_768_030_217_789) == -1029593)
    }

    @Test func `it goes on from where it was: a millisecond moves it by no more than its fastest octave can`() {
        // From one bound to the other in each period, and a unit of rounding each.
        let fastest: Int64 = 2_000_000 / 1000 + 2_000_000 / 4000 + 4_000_000 / 16_000 + 4
        var last = walk.move(of: "pool", at: 999_000)
        for time in UInt64(999_001)...1_010_000 {
            let next = walk.move(of: "pool", at: time)
            #expect(abs(next - last) <= fastest)
            last = next
        }
    }

    @Test func `another seed or pool walks another way, and without volatility nothing moves`() {
        func path(_ walk: PriceWalk, _ pool: String) -> [Int64] { (0..<50).map { walk.move(of: pool, at: $0 * 1000) } }
        let paths = [path(walk, "pool"), path(walk, "other"), path(PriceWalk(seed: 8, volatilityBps: 40), "pool")]
        #expect(Set(paths).count == 3)
        #expect(path(PriceWalk(seed: 7, volatilityBps: 0), "pool").allSatisfy { $0 == 0 })
    }
}

@Suite struct PoolFlowTests {
    @Test(arguments: [(0, 1_000_000), (5000, 500_000), (10_000, 250_000), (2500, 707_106), (50_000, 976), (1_000_000, 0)])
    func `after each half-life half of it is left`(elapsed: UInt64, left: Int64) {
        for sign in [Int64(1), -1] {
            let flow = PoolFlow(base: sign * 1_000_000, time: 777)
            #expect(abs(flow.left(at: 777 + elapsed, halfLife: 5000) - sign * left) <= 12)
        }
    }

    @Test func `it fades steadily, also where it is as large as can be, and a clock that is behind changes nothing`() {
        let flow = PoolFlow(base: .min, time: 10_000)
        var last = flow.left(at: 9000, halfLife: 777)
        #expect(last == .min)
        for time in stride(from: UInt64(10_000), to: 80_000, by: 13) {
            let next = flow.left(at: time, halfLife: 777)
            #expect(next >= last && next <= 0)
            last = next
        }
        #expect(last == 0)
    }

    @Test(arguments: ["-5:17", "9223372036854775807:1"])
    func `its text is read back`(text: String) { #expect(PoolFlow(text: text)?.text == text) }

    @Test(arguments: ["", "5", "5:", ":5", "5:6:7", "x:1", "1:-1", "1.5:1"])
    func `any other text is none`(text: String) { #expect(PoolFlow(text: text) == nil) }
}

@Suite struct LivingMarketTests {
    private let raydium = Fixtures.pool("raydium", sol: 70_000, usdc: 10_500_000, feePpm: 2500)
    private let bins = Fixtures.bins([(-5298, 0, 60_000_000_000), (-5297, 500_000_000_000, 60_000_000_000), (-5296, 500_000_000_000, 0)])
    private let oneSOL = BaseUnits(1_000_000_000)

    private func out(_ pool: Pool, _ amountIn: BaseUnits? = nil, from: Token = Fixtures.sol) throws -> UInt64 {
        try pool.quote(amountIn ?? oneSOL, from: from, slippageBps: 50).amountOut.value
    }

    @Test(arguments: [Int64(-500_000_000), -1_000_000, 1_000_000, 500_000_000])
    func `a pool that has moved pays by as much more or less, whatever its kind`(move: Int64) throws {
        for pool in [raydium, bins] {
            let expected = try out(pool) * UInt64(1_000_000_000 + move) / 1_000_000_000
            let found = try out(pool.moved(by: move))
            #expect(abs(Int64(found) - Int64(expected)) <= 1 + Int64(expected) / 20_000, "\(pool.kind) \(move)")
        }
        let reserves = raydium.moved(by: move).reserves
        let (before, after) = (UInt128(70_000_000_000_000) * 10_500_000_000_000, UInt128(reserves.base.value) * UInt128(reserves.quote.value))
        #expect(before - min(before, after) < 100_000_000_000_000, "the liquidity stays")
    }

    @Test func `a pool that has not moved is the same pool`() {
        for pool in [raydium, bins] { #expect(pool.moved(by: 0) == pool && pool.displaced(by: 0) == pool) }
    }

    @Test func `what swaps have put in is what one swap of it would do, and taking it out again ends where it began`() throws {
        for pool in [raydium, bins] {
            let sold = try pool.swap(BaseUnits(100_000_000_000), from: Fixtures.sol, slippageBps: 50)
            #expect(pool.displaced(by: 100_000_000_000) == sold.pool)
            let bought = pool.displaced(by: -100_000_000_000)
            // The least input that pays for it may pay a few units more.
            #expect((100_000_000_000...100_000_000_010).contains(pool.reserves.base.value - bought.reserves.base.value))
            let outputs = [try out(sold.pool), try out(pool), try out(bought)]
            #expect(outputs == outputs.sorted() && outputs[0] < outputs[2] || pool.kind == "dlmm")
        }
    }

    @Test(arguments: [Int64.min, .max])
    func `a flow beyond the pool moves it as far as it bears`(flow: Int64) {
        for pool in [raydium, bins] { #expect(pool.displaced(by: flow) != pool) }
    }

    @Test func `a market moves a pool by its walk and by the swaps, which fade; a still one by nothing`() throws {
        let market = LivingMarket(walk: PriceWalk(seed: 7, volatilityBps: 10), halfLife: 5000)
        let flow = PoolFlow(base: 1_000_000_000_000, time: 100_000)
        func shown(_ time: UInt64) throws -> UInt64 { try out(market.pool(raydium, after: flow, at: time)) }
        // 1,000 of 70,000 SOL press the price by 2.8 %, far more than 10 bps.
        #expect((145_000_000...146_000_000).contains(try shown(100_000)))
        #expect((147_000_000...148_000_000).contains(try shown(105_000)))
        #expect((149_400_000...149_800_000).contains(try shown(200_000)))
        let still = LivingMarket(walk: PriceWalk(seed: 7, volatilityBps: 0), halfLife: 5000)
        #expect(still.pool(raydium, after: flow, at: 100_000) == raydium)
    }

    @Test func `what a swap does to its pools is counted in their base tokens`() throws {
        let ray = Pool(
            dex: "raydium", address: "ray", base: Fixtures.ray, quote: Fixtures.usdc,
            pricing: ConstantProductPool(
                reserves: PoolReserves(base: BaseUnits(2_000_000_000_000), quote: BaseUnits(4_000_000_000_000)), feePpm: 0))
        let route = try #require(Route(from: Fixtures.sol, over: [raydium, ray]))
        let quote = try route.quote(oneSOL, slippageBps: 50)
        #expect(
            route.effects(of: quote) == [
                PoolEffect(pool: raydium.address, base: 1_000_000_000), PoolEffect(pool: "ray", base: -Int64(quote.amountOut.value)),
            ])
        let direct = try #require(Route(from: Fixtures.usdc, over: [raydium]))
        let bought = try direct.quote(BaseUnits(150_000_000), slippageBps: 50)
        #expect(direct.effects(of: bought) == [PoolEffect(pool: raydium.address, base: -Int64(bought.amountOut.value))])
    }

    @Test func `a quote of a pool that nobody here knows moves by the walk since it was given`() throws {
        let market = LivingMarket(walk: PriceWalk(seed: 7, volatilityBps: 5000), halfLife: 5000)
        var quote = try raydium.quote(oneSOL, from: Fixtures.sol, slippageBps: 50)
        #expect(market.amountOut(of: quote, at: 50_000) == quote.amountOut, "it does not say when it was given")
        quote.quotedAt = 50_000
        #expect(market.amountOut(of: quote, at: 50_000) == quote.amountOut)
        let moves = [50_000, 53_000].map { 1_000_000_000 + market.walk.move(of: raydium.address, at: $0) }
        let expected = Int64(quote.amountOut.value) * moves[1] / moves[0]
        #expect(Int64(market.amountOut(of: quote, at: 53_000).value) == expected && moves[0] != moves[1])
        #expect(try Quote(json: .parse(quote.json)) == quote && quote.json.contains(#""quotedAt":"1970-01-01T00:00:50.000Z""#))
    }
}
