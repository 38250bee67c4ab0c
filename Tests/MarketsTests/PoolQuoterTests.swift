import Orders
import Testing

@testable import Markets

@Suite struct PoolQuoterTests {
    private let raydium = Fixtures.pool("raydium", sol: 70_000, usdc: 10_500_000, feePpm: 2500)
    private let oneSOL = BaseUnits(1_000_000_000)

    private func quote(
        _ amountIn: BaseUnits, _ pool: Pool, from: Token = Fixtures.sol, slippageBps: Int = 100
    ) throws(OrderFailure) -> Quote {
        try pool.quote(amountIn, from: from, slippageBps: slippageBps)
    }

    @Test func `a quote holds what the pool pays, with its price, fee and impact`() throws {
        let quote = try quote(oneSOL, raydium, slippageBps: 50)
        #expect(quote.dex == "raydium")
        #expect(quote.pool == raydium.address)
        #expect(quote.amountIn == oneSOL)
        #expect(quote.amountOut == BaseUnits(149_622_867))
        #expect(quote.amountOutDecimal == "149.622867")
        #expect(quote.price == "149.622867")
        #expect(quote.feeBps == "25")
        #expect(quote.priceImpactPct == "0.0014")
    }

    @Test func `the other direction uses the other reserve as input`() throws {
        let quote = try quote(BaseUnits(150_000_000), raydium, from: Fixtures.usdc)
        // 150 USDC less 0.375 of fee at a price of 150.
        #expect(quote.amountOut == BaseUnits(997_485_785))
        #expect(quote.amountOutDecimal == "0.997485785")
    }

    @Test func `the least received is rounded as the venue rounds it`() throws {
        let meteora = Fixtures.pool("meteora", sol: 70_000, usdc: 10_500_000, feePpm: 2500)
        #expect(try quote(oneSOL, raydium, slippageBps: 50).minReceived == BaseUnits(148_874_752))
        #expect(try quote(oneSOL, meteora, slippageBps: 50).minReceived == BaseUnits(148_874_753))
    }

    @Test func `a token the pool does not trade has no route`() {
        #expect(throws: OrderFailure(.noRoute)) { try quote(oneSOL, raydium, from: Fixtures.ray) }
    }

    @Test func `an amount too small or too large for the pool lacks liquidity`() {
        for amount in [BaseUnits(1), BaseUnits(.max)] {
            let failure = #expect(throws: OrderFailure.self) { try quote(amount, raydium) }
            #expect(failure?.code == .insufficientLiquidity)
        }
    }

    @Test func `of two pools of a venue the better one quotes`() throws {
        let deep = Fixtures.pool("raydium", address: "deep", sol: 70_000, usdc: 10_500_000, feePpm: 3000)
        let cheap = Fixtures.pool("raydium", address: "cheap", sol: 1_000, usdc: 150_000, feePpm: 500)
        func best(_ amountIn: BaseUnits, _ pools: [Pool], to: Token = Fixtures.usdc) throws(OrderFailure) -> Quote {
            try PoolQuoter.bestQuote(amountIn: amountIn, pools: pools, middles: [], from: Fixtures.sol, to: to, slippageBps: 100)
        }
        #expect(try best(oneSOL, [deep, cheap]).pool == "cheap")
        #expect(try best(BaseUnits(100_000_000_000), [deep, cheap]).pool == "deep")
        #expect(throws: OrderFailure(.noRoute)) { try best(oneSOL, []) }
        #expect(throws: OrderFailure(.noRoute)) { try best(oneSOL, [deep], to: Fixtures.ray) }
        #expect(throws: OrderFailure(.insufficientLiquidity)) { try best(BaseUnits(1), [deep, cheap]) }
    }

    @Test func `a swap gives its quote and the pool with the reserves moved`() throws {
        let sold = try raydium.swap(oneSOL, from: Fixtures.sol, slippageBps: 50)
        #expect(sold.quote == (try quote(oneSOL, raydium, slippageBps: 50)))
        #expect(sold.pool.reserves == PoolReserves(base: BaseUnits(70_001_000_000_000), quote: BaseUnits(10_500_000_000_000 - 149_622_867)))
        let bought = try raydium.swap(BaseUnits(150_000_000), from: Fixtures.usdc, slippageBps: 50)
        #expect(bought.pool.reserves == PoolReserves(base: BaseUnits(70_000_000_000_000 - 997_485_785), quote: BaseUnits(10_500_150_000_000)))
        #expect(try quote(oneSOL, sold.pool).amountOut < sold.quote.amountOut)
        #expect(throws: OrderFailure(.insufficientLiquidity)) { try raydium.swap(BaseUnits(.max), from: Fixtures.sol, slippageBps: 50) }
    }
}
