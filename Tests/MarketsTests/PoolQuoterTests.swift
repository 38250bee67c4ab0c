import Orders
import Testing

@testable import Markets

@Suite struct PoolQuoterTests {
    private let raydium = Fixtures.pool("raydium", sol: 70_000, usdc: 10_500_000, feePpm: 2500)
    private let oneSOL = BaseUnits(1_000_000_000)

    private func quote(
        _ amountIn: BaseUnits, _ pool: Pool, from: Token = Fixtures.sol, to: Token = Fixtures.usdc, slippageBps: Int = 100
    ) throws(OrderFailure) -> Quote {
        try PoolQuoter.quote(amountIn: amountIn, pool: pool, reserves: pool.reserves, from: from, to: to, slippageBps: slippageBps)
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
        let quote = try quote(BaseUnits(150_000_000), raydium, from: Fixtures.usdc, to: Fixtures.sol)
        // 150 USDC less 0.375 of fee at a price of 150.
        #expect(quote.amountOut == BaseUnits(997_485_785))
        #expect(quote.amountOutDecimal == "0.997485785")
    }

    @Test func `the least received is rounded as the venue rounds it`() throws {
        let meteora = Fixtures.pool("meteora", sol: 70_000, usdc: 10_500_000, feePpm: 2500)
        #expect(try quote(oneSOL, raydium, slippageBps: 50).minReceived == BaseUnits(148_874_752))
        #expect(try quote(oneSOL, meteora, slippageBps: 50).minReceived == BaseUnits(148_874_753))
    }

    @Test func `a quote follows the reserves it is given, not those of the file`() throws {
        let reserves = PoolReserves(base: raydium.reserves.base, quote: BaseUnits(raydium.reserves.quote.value / 2))
        let quote = try PoolQuoter.quote(
            amountIn: oneSOL, pool: raydium, reserves: reserves, from: Fixtures.sol, to: Fixtures.usdc, slippageBps: 100)
        #expect(quote.amountOut == BaseUnits(74_811_433))
    }

    @Test func `a pair the pool does not trade has no route`() {
        for (from, to) in [(Fixtures.sol, Fixtures.ray), (Fixtures.ray, Fixtures.usdc), (Fixtures.sol, Fixtures.sol)] {
            let failure = #expect(throws: OrderFailure.self) { try quote(oneSOL, raydium, from: from, to: to) }
            #expect(failure?.code == .noRoute)
        }
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
            try PoolQuoter.bestQuote(amountIn: amountIn, pools: pools, reserves: \.reserves, from: Fixtures.sol, to: to, slippageBps: 100)
        }
        #expect(try best(oneSOL, [deep, cheap]).pool == "cheap")
        #expect(try best(BaseUnits(100_000_000_000), [deep, cheap]).pool == "deep")
        #expect(throws: OrderFailure(.noRoute)) { try best(oneSOL, []) }
        #expect(throws: OrderFailure(.noRoute)) { try best(oneSOL, [deep], to: Fixtures.ray) }
        #expect(throws: OrderFailure(.insufficientLiquidity)) { try best(BaseUnits(1), [deep, cheap]) }
    }

    @Test func `a swap moves the reserves of its side`() throws {
        let sold = try #require(raydium.reserves(after: oneSOL, from: Fixtures.sol, at: raydium.reserves))
        #expect(sold == PoolReserves(base: BaseUnits(70_001_000_000_000), quote: BaseUnits(10_500_000_000_000 - 149_622_867)))
        let bought = try #require(raydium.reserves(after: BaseUnits(150_000_000), from: Fixtures.usdc, at: raydium.reserves))
        #expect(bought == PoolReserves(base: BaseUnits(70_000_000_000_000 - 997_485_785), quote: BaseUnits(10_500_150_000_000)))
    }
}
