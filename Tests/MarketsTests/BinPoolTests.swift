import Orders
import TestSupport
import Testing

@testable import Markets

@Suite struct BinPoolTests {
    private let oneSOL = BaseUnits(1_000_000_000)
    /// 500 SOL and 60,000 USDC in the active bin, 10 SOL or 1,200 USDC in each bin beside it.
    private let pool = Fixtures.bins(
        [(-5299, 0, 1_200_000_000), (-5298, 0, 1_200_000_000), (-5297, 500_000_000_000, 60_000_000_000)]
            + [(-5296, 10_000_000_000, 0), (-5295, 10_000_000_000, 0)])

    private func quote(_ pool: Pool, _ amountIn: UInt64, from: Token = Fixtures.sol) throws(OrderFailure) -> Quote {
        try pool.quote(BaseUnits(amountIn), from: from, slippageBps: 100)
    }

    @Test func `inside a bin the price is the bin's and there is no impact`() throws {
        let quote = try quote(pool, oneSOL.value)
        #expect(quote.amountOut == BaseUnits(120_178_585))
        #expect(quote.feeBps == "4")
        #expect(quote.priceImpactPct == "0.0000")
        #expect(pool.kind == "dlmm")
    }

    @Test func `the other way the quote token buys at the same price`() throws {
        // 120 USDC less 48,000 units of fee, over 0.120226675809934.
        #expect(try quote(pool, 120_000_000, from: Fixtures.usdc).amountOut == BaseUnits(997_715_350))
    }

    @Test func `a swap beyond a bin empties it and goes on at the next price`() throws {
        let swap = try pool.swap(BaseUnits(505_000_000_000), from: Fixtures.sol, slippageBps: 100)
        let after = try #require(swap.pool.pricing as? BinPool)
        #expect(after.activeBin == -5298)
        #expect(after.bins.map(\.quote) == [1_200_000_000, 510_090_469, 0, 0, 0])
        #expect(after.bins.map(\.base) == [0, 5_740_701_809, 999_057_298_190, 10_000_000_000, 10_000_000_000])
        #expect(swap.quote.amountOut == BaseUnits(60_689_909_531))
        #expect(swap.quote.priceImpactPct == "0.0005")
    }

    @Test func `more than all bins that way hold is refused, and so is what pays nothing`() {
        for amount in [UInt64.max, 540_000_000_000, 1] { #expect(throws: OrderFailure(.insufficientLiquidity)) { try quote(pool, amount) } }
        #expect(throws: OrderFailure(.insufficientLiquidity)) { try quote(Fixtures.bins([(-5297, 5, 0)]), 1_000_000) }
    }

    @Test func `what would leave a pool with more than 64 bits of a token is refused`() throws {
        let full = Fixtures.bins([(-5297, .max - 1_000_000_000, 60_000_000_000)])
        #expect(try full.swap(oneSOL, from: Fixtures.sol, slippageBps: 100).quote.amountOut == BaseUnits(120_178_585))
        #expect(throws: OrderFailure(.insufficientLiquidity)) { try full.swap(BaseUnits(1_000_000_001), from: Fixtures.sol, slippageBps: 100) }
        #expect(full.input(for: BaseUnits(120_000_000), from: Fixtures.sol) != nil)
        #expect(full.input(for: BaseUnits(120_200_000), from: Fixtures.sol) == nil)
    }

    @Test func `bins that hold nothing to pay are passed over without impact`() throws {
        let gap = Fixtures.bins([(-5400, 0, 1_000_000_000), (-5297, 7, 0)])
        let swap = try gap.swap(oneSOL, from: Fixtures.sol, slippageBps: 100)
        #expect(swap.quote.priceImpactPct == "0.0000")
        #expect((swap.pool.pricing as? BinPool)?.activeBin == -5400)
    }

    @Test func `crossing bins raises the variable fee, and the next swap finds it`() throws {
        var fees = BinFees(binStep: 4, baseFactor: 10_000, variableFeeControl: 4_000_000)
        fees.maxVolatilityAccumulator = 350_000
        let volatile = Fixtures.bins([(-5298, 0, 60_000_000_000), (-5297, 0, 60_000_000_000)], fees: fees)
        let crossing = try volatile.swap(BaseUnits(600_000_000_000), from: Fixtures.sol, slippageBps: 100, at: 100)
        #expect(crossing.quote.feeBps == "4.10745")
        let after = try #require(crossing.pool.pricing as? BinPool)
        #expect(after.volatility == BinVolatility(accumulator: 10_000, reference: 0, indexReference: -5297, lastUpdate: 100))
        #expect(try crossing.pool.quote(oneSOL, from: Fixtures.sol, slippageBps: 100, at: 101).feeBps == "4.64")
        #expect(try crossing.pool.quote(oneSOL, from: Fixtures.sol, slippageBps: 100, at: 200).feeBps == "4.16")
        #expect(try crossing.pool.quote(oneSOL, from: Fixtures.sol, slippageBps: 100, at: 900).feeBps == "4")
    }

    @Test(arguments: SwapDirection.allCases)
    func `for random pools more never pays less, never more than there is, and the input for an output is the least`(
        direction: SwapDirection
    ) throws {
        var numbers = SeededGenerator(seed: direction == .baseIn ? 5 : 6)
        for _ in 0..<500 {
            let pool = RandomPools.bins(&numbers)
            let held = direction == .baseIn ? pool.reserves.quote : pool.reserves.base
            let wanted = BaseUnits(UInt64.random(in: 1...max(1, held.value), using: &numbers))
            guard let minInput = pool.input(for: wanted, direction, at: 0) else { continue }
            let out = try #require(pool.result(of: minInput, direction, at: 0)).amountOut
            #expect(out >= wanted && out <= held)
            if minInput.value > 1 {
                let less = try #require(pool.result(of: BaseUnits(minInput.value - 1), direction, at: 0)).amountOut
                #expect(less < wanted)
                let half = try #require(pool.result(of: BaseUnits(minInput.value / 2), direction, at: 0)).amountOut
                #expect(half <= less)
            }
        }
    }

    @Test func `two halves of a swap without a variable fee pay what the whole pays, but for rounding`() throws {
        var numbers = SeededGenerator(seed: 7)
        for _ in 0..<500 {
            let pool = RandomPools.bins(&numbers)
            let amount = BaseUnits(numbers.magnitude(bits: 40) * 2)
            guard let whole = pool.result(of: amount, .baseIn, at: 0)?.amountOut else { continue }
            let half = BaseUnits(amount.value / 2)
            let first = try #require(pool.result(of: half, .baseIn, at: 0)).amountOut
            let between = try #require(pool.after(half, .baseIn, at: 0))
            let second = try #require(between.result(of: half, .baseIn, at: 0)).amountOut
            let unit = UInt64(BinPrice.one / (pool.bins.map(\.price).min() ?? 1)) + (pool.bins.map(\.price).max().map { UInt64($0 >> 64) } ?? 0)
            #expect(first.value + second.value <= whole.value + 2 * (unit + 2), "\(amount)")
        }
    }
}

/// Pools without a variable fee, with some empty bins, of all magnitudes.
enum RandomPools {
    static func bins(_ numbers: inout SeededGenerator) -> BinPool {
        let step = Int.random(in: 1...100, using: &numbers)
        let active = Int.random(in: -200...200, using: &numbers)
        let width = Int.random(in: 8...48, using: &numbers)
        let bins = (active - 8...active + 8).filter { _ in Int.random(in: 0..<4, using: &numbers) > 0 }.map { id in
            BinPool.Bin(
                id: id, price: BinPrice.price(ofBin: id, step: step) ?? 0, base: id < active ? 0 : numbers.magnitude(bits: width),
                quote: id > active ? 0 : numbers.magnitude(bits: width))
        }
        return BinPool(bins: bins, activeBin: active, fees: BinFees(binStep: step, baseFactor: Int.random(in: 0...20_000, using: &numbers)))
    }
}
