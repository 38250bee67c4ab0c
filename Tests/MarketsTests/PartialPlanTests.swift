import Orders
import TestOrders
import TestSupport
import Testing

@testable import Markets

/// The part of an amount that meets a limit price. For a constant product it ends where `g · x · y / (x + g · a)^2` is the limit.
@Suite struct PartialPlanTests {
    private let big = Fixtures.pool("raydium", address: "big", sol: 70_000, usdc: 10_500_000, feePpm: 2500)
    private let small = Fixtures.pool("meteora", address: "small", sol: 35_000, usdc: 5_267_500, feePpm: 2000)
    private let thousand = BaseUnits(1_000_000_000_000)

    /// The floor of a sale of SOL, or of a purchase, at a price in USDC.
    private func floor(_ price: String, buys: Bool = false) throws -> PriceFloor {
        let (tokenIn, tokenOut) = buys ? (Fixtures.usdc, Fixtures.sol) : (Fixtures.sol, Fixtures.usdc)
        var terms = PriceTerms(priced: buys ? .tokenOut : .tokenIn, timeInForce: .ioc, expiresAt: 9_000_000_000_000)
        terms.limitPrice = try PriceLevel(decimal: price)
        let id = try #require(OrderID(parsing: "0193f2a0-7c1e-7000-8000-000000000001"))
        let order = Order(
            id: id, orderType: .limit, terms: terms, tokenIn: tokenIn, tokenOut: tokenOut, amountIn: thousand, slippageBps: 100,
            slippage: "0.01", createdAt: 1, maxAttempts: 3, fingerprint: "f")
        return try #require(order.floor)
    }

    private func part(_ amountIn: BaseUnits, meeting price: String, _ pools: [Pool]) throws -> PartialPlan? {
        PartialPlan(of: amountIn, meeting: try floor(price), pools: pools, from: Fixtures.sol, to: Fixtures.usdc, slippageBps: 100)
    }

    @Test func `1,000 SOL at 149 are filled as far as each pool pays 149 for one more, as worked out by hand`() throws {
        let plan = try #require(try part(thousand, meeting: "149", [big, small]))
        #expect(plan.legs.map(\.pool) == ["big", "small"])
        // 147.026 and 140.822 SOL. What a hundredth more or less brings is not seen in whole units.
        #expect(plan.legs.map { $0.amountIn.value / 100_000_000 } == [1470, 1408])
        #expect(plan.amountIn.value / 100_000_000 == 2878)
        // On average they bring 149.312 and 149.598 each.
        #expect(plan.legs.map { $0.amountOut.value / ($0.amountIn.value / 1_000_000) } == [149_312, 149_598])
    }

    @Test func `a purchase for 100,000 USDC at 151 is filled as far as one more SOL costs 151`() throws {
        let limit = try floor("151", buys: true)
        let plan = try #require(
            PartialPlan(
                of: BaseUnits(100_000_000_000), meeting: limit, pools: [big, small], from: Fixtures.usdc, to: Fixtures.sol, slippageBps: 100))
        // 21,819.49 and 3,470.80 USDC for 144.799 and 23.001 SOL.
        #expect(plan.legs.map(\.pool) == ["big", "small"])
        #expect(plan.legs.map { $0.amountIn.value / 100_000_000 } == [218, 34])
        #expect(plan.legs.map { $0.amountOut.value / 1_000_000_000 } == [144, 23])
    }

    @Test func `a leg that is less than a hundredth of the order is not worth its transaction`() throws {
        let some = try #require(try part(thousand, meeting: "149.57", [big, small]))
        // 12.9 SOL of big, and 73.7 of small.
        #expect(some.legs.map(\.pool) == ["small", "big"])
        let fewer = try #require(try part(BaseUnits(2_000_000_000_000), meeting: "149.57", [big, small]))
        #expect(fewer.legs.map(\.pool) == ["small"])
        #expect(try part(BaseUnits(20_000_000_000_000), meeting: "149.57", [big, small]) == nil)
    }

    @Test func `one pool alone fills its part`() throws {
        let plan = try #require(try part(thousand, meeting: "149", [big]))
        #expect(plan.legs.count == 1 && plan.amountIn.value / 100_000_000 == 1470)
    }

    @Test func `a pool that pays less than the limit gets nothing`() throws {
        let plan = try #require(try part(thousand, meeting: "149.7", [big, small]))
        #expect(plan.legs.map(\.pool) == ["small"])
        #expect(try part(thousand, meeting: "151", [big, small]) == nil)
        #expect(try part(thousand, meeting: "149", []) == nil)
        #expect(try part(thousand, meeting: "10000000000000000000", [big, small]) == nil)
    }

    @Test func `an amount that meets the limit to its last unit is filled as a whole, but for rounding`() throws {
        let amount = BaseUnits(200_000_000_000)
        let plan = try #require(try part(amount, meeting: "149", [big, small]))
        let split = try #require(SplitPlan(amount, pools: [big, small], from: Fixtures.sol, to: Fixtures.usdc, slippageBps: 100))
        // Both pay about 149.7. To keep a millionth of a SOL costs less than a unit of USDC, so rounding decides it.
        #expect(amount.value - plan.amountIn.value < 3000 && plan.legs.count == 2)
        let kept = (amount.value - plan.amountIn.value) * 149 / 1000
        #expect(plan.legs.reduce(kept) { $0 + $1.amountOut.value } + 3 >= split.amountOut.value)
    }

    @Test func `of bins those are emptied whose price meets the limit`() throws {
        // 120.2267 and 120.1787 USDC before a fee of 0.04 %, 10 SOL each; together they cannot take the amount.
        let pool = Fixtures.bins([(-5297, 0, 1_202_267_000), (-5298, 0, 1_201_787_000)])
        let plan = try #require(try part(thousand, meeting: "120.15", [pool]))
        #expect(plan.amountIn.value / 10_000_000 == 1000)
        let both = try #require(try part(thousand, meeting: "120", [pool]))
        #expect(both.amountIn.value / 10_000_000 == 2000)
    }

    @Test func `no other part of small pools is worth more at the limit, but for rounding, and each leg meets it`() throws {
        var numbers = SeededGenerator(seed: 15)
        var partial = 0
        for _ in 0..<300 {
            let pools = ["a", "b"].map { Fixtures.small($0, base: 50...500, quote: 500...5_000, &numbers) }
            let total = UInt64.random(in: 1...100, using: &numbers)
            let unit = pools.map { $0.reserves.quote.value / $0.reserves.base.value + 1 }.max() ?? 1
            // Reserves are base units: a price of n units for one is n · 1000 USDC for one SOL.
            let price = UInt64.random(in: 1...unit, using: &numbers)
            let limit = try floor(String(price * 1000))
            let plan = PartialPlan(of: BaseUnits(total), meeting: limit, pools: pools, from: Fixtures.sol, to: Fixtures.usdc, slippageBps: 100)
            let legs = plan?.legs ?? []
            #expect(legs.allSatisfy { $0.amountOut.value >= $0.amountIn.value * price })
            #expect(legs.reduce(0) { $0 + $1.amountIn.value } <= total)
            let gain = legs.reduce(0) { $0 + Int($1.amountOut.value) - Int($1.amountIn.value * price) }
            let best = Self.bestGain(total, pools, price)
            #expect(gain + 2 * Int(unit) >= best, "\(total) at \(price) over \(pools): \(gain), not \(best)")
            if let plan, plan.amountIn.value < total { partial += 1 }
        }
        #expect(partial > 30)
    }

    /// The most that any part pays above the limit, found by trying all.
    private static func bestGain(_ total: UInt64, _ pools: [Pool], _ price: UInt64) -> Int {
        func gain(_ amount: UInt64, _ pool: Pool) -> Int {
            guard amount > 0, let quote = try? pool.quote(BaseUnits(amount), from: Fixtures.sol, slippageBps: 100) else { return 0 }
            return Int(quote.amountOut.value) - Int(amount * price)
        }
        let gains = pools.map { pool in (0...total).map { gain($0, pool) } }
        var best = 0
        for one in 0...Int(total) { for other in 0...(Int(total) - one) { best = max(best, gains[0][one] + gains[1][other]) } }
        return best
    }
}
