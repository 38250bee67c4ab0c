import Orders
import TestSupport
import Testing

@testable import Markets

@Suite struct SplitPlanTests {
    private let thousand = BaseUnits(1_000_000_000_000)

    private func divided(_ amountIn: BaseUnits, _ pools: [Pool]) -> SplitPlan? {
        SplitPlan(amountIn, pools: pools, from: Fixtures.sol, to: Fixtures.usdc, slippageBps: 100)
    }

    private func output(_ amountIn: UInt64, _ pool: Pool) -> UInt64? {
        if amountIn == 0 { return 0 }
        return try? pool.quote(BaseUnits(amountIn), from: Fixtures.sol, slippageBps: 100).amountOut.value
    }

    @Test func `1,000 SOL over two pools are divided as worked out by hand`() throws {
        let big = Fixtures.pool("raydium", address: "big", sol: 70_000, usdc: 10_500_000, feePpm: 2500)
        let small = Fixtures.pool("meteora", address: "small", sol: 35_000, usdc: 5_267_500, feePpm: 2000)
        let plan = try #require(divided(thousand, [big, small]))
        #expect(plan.legs.map(\.pool) == ["big", "small"])
        #expect(plan.legs.map { $0.amountIn.value / 100_000 } == [6_215_705, 3_784_294])
        #expect(plan.legs.reduce(0) { $0 + $1.amountIn.value } == thousand.value)
        #expect(plan.amountOut.value / 10_000 == 14_841_890)
        #expect(plan.single?.amountOut == BaseUnits(147_522_800_098))
        #expect(plan.gainBps == 60)
    }

    @Test func `where one pool is best alone, or there is only one, there is no plan`() {
        let good = Fixtures.pool("raydium", address: "good", sol: 70_000, usdc: 10_500_000, feePpm: 0)
        let bad = Fixtures.pool("meteora", address: "bad", sol: 70_000, usdc: 5_500_000, feePpm: 0)
        #expect(divided(thousand, [good, bad]) == nil)
        #expect(divided(thousand, [good]) == nil)
        #expect(divided(thousand, []) == nil)
        #expect(SplitPlan(thousand, pools: [good, bad], from: Fixtures.sol, to: Fixtures.ray, slippageBps: 100) == nil)
    }

    @Test func `an amount that no pool can fill alone may be filled by two`() throws {
        let bins = [Fixtures.bins([(-5297, 0, 1_000_000_000)], address: "a"), Fixtures.bins([(-5297, 0, 1_000_000_000)], address: "b")]
        let plan = try #require(divided(BaseUnits(12_000_000_000), bins))
        #expect(plan.single == nil && plan.gainBps == nil)
        #expect(plan.legs.count == 2)
    }

    @Test func `no division of two small constant products pays more than the plan, and none is worse than one pool`() {
        var numbers = SeededGenerator(seed: 8)
        for _ in 0..<300 {
            let pools = [Self.small("a", &numbers), Self.small("b", &numbers)]
            let total = UInt64.random(in: 1...200, using: &numbers)
            let best = (0...total).compactMap { share in output(share, pools[0]).flatMap { one in output(total - share, pools[1]).map { one + $0 } } }
                .max()
            let singles = pools.compactMap { output(total, $0) }.max() ?? 0
            let planned = divided(BaseUnits(total), pools)?.amountOut.value ?? singles
            // A fee rounded up, and a root rounded down, each cost at most what one more unit of input would pay.
            let unit = pools.map { $0.reserves.quote.value / $0.reserves.base.value + 1 }.max() ?? 0
            #expect(planned >= singles && planned + 2 * unit >= best ?? 0, "\(total) \(pools)")
        }
    }

    @Test func `with bins among the pools the plan is the best of all divisions but for rounding`() {
        var numbers = SeededGenerator(seed: 9)
        for _ in 0..<200 {
            let bins = (0..<4).map { (id: -Int($0), base: UInt64(0), quote: UInt64.random(in: 1...60, using: &numbers)) }
            let other = Bool.random(using: &numbers) ? Self.small("a", &numbers) : Fixtures.bins(bins, active: 2, step: 100, address: "c")
            let pools = [other, Fixtures.bins(bins, active: 0, step: 300, address: "b")]
            let total = UInt64.random(in: 1...150, using: &numbers)
            let best = (0...total).compactMap { share in output(share, pools[0]).flatMap { one in output(total - share, pools[1]).map { one + $0 } } }
                .max()
            let singles = pools.compactMap { output(total, $0) }.max()
            let planned = divided(BaseUnits(total), pools)?.amountOut.value ?? singles
            if let best, let planned { #expect(planned >= singles ?? 0 && planned + 3 >= best, "\(total) \(pools)") }
        }
    }

    @Test func `of three pools each gets its share at the same marginal price`() throws {
        let pools = [
            Fixtures.pool("raydium", address: "a", sol: 70_000, usdc: 10_500_000, feePpm: 2500),
            Fixtures.pool("meteora", address: "b", sol: 35_000, usdc: 5_267_500, feePpm: 2000),
            Fixtures.pool("orca", address: "c", sol: 50_000, usdc: 7_500_000, feePpm: 3000),
        ]
        let plan = try #require(divided(thousand, pools))
        let pair = try #require(divided(thousand, [pools[0], pools[1]]))
        #expect(plan.amountOut > pair.amountOut && plan.legs.count == 3)
        // What one more SOL would pay is the same everywhere.
        let shares = plan.legs.map { leg in (leg.amountIn.value, pools.first { $0.address == leg.pool }) }
        let marginal = try shares.map { share, pool in
            let pool = try #require(pool)
            return try #require(output(share + 1_000_000_000, pool)) - (try #require(output(share, pool)))
        }
        let (least, most) = (marginal.min() ?? 0, marginal.max() ?? 0)
        #expect(most - least < 20_000, "\(marginal)")
    }

    private static func small(_ address: String, _ numbers: inout SeededGenerator) -> Pool {
        Fixtures.small(address, base: 50...2_000, quote: 500...20_000, &numbers)
    }
}
