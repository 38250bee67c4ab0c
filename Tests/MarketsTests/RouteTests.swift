import JSON
import Orders
import Testing

@testable import Markets

@Suite struct RouteTests {
    private let bonk = Token(symbol: "BONK", name: "Bonk", mint: "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263", decimals: 5)

    private func pool(_ address: String, _ base: Token, _ quote: Token, _ reserves: (UInt64, UInt64), feePpm: Int = 2500) -> Pool {
        let reserves = PoolReserves(base: BaseUnits(reserves.0), quote: BaseUnits(reserves.1))
        return Pool(dex: "raydium", address: address, base: base, quote: quote, pricing: ConstantProductPool(reserves: reserves, feePpm: feePpm))
    }

    /// 150 billion BONK for 20,000 SOL; 70,000 SOL for 10,500,000 USDC; 2,000,000 RAY for 4,000,000 USDC and for 25,000 SOL.
    private var pools: [Pool] {
        [
            pool("bonk-sol", bonk, Fixtures.sol, (15_000_000_000_000_000, 20_000_000_000_000)),
            pool("sol-usdc", Fixtures.sol, Fixtures.usdc, (70_000_000_000_000, 10_500_000_000_000)),
            pool("ray-usdc", Fixtures.ray, Fixtures.usdc, (2_000_000_000_000, 4_000_000_000_000)),
        ]
    }

    private func best(_ pools: [Pool], _ amountIn: UInt64, _ from: Token, _ to: Token, middles: [Token] = [Fixtures.sol, Fixtures.usdc]) throws
        -> Quote
    {
        try PoolQuoter.bestQuote(amountIn: BaseUnits(amountIn), pools: pools, middles: middles, from: from, to: to, slippageBps: 100)
    }

    @Test func `a pair without a pool goes over a middle token, and the quote shows both pools`() throws {
        // A million BONK: 133.32… less fee in SOL, then USDC.
        let quote = try best(pools, 100_000_000_000, bonk, Fixtures.usdc)
        let first = try pools[0].quote(BaseUnits(100_000_000_000), from: bonk, slippageBps: 100)
        let second = try pools[1].quote(first.amountOut, from: Fixtures.sol, slippageBps: 100)
        #expect(quote.amountOut == second.amountOut && quote.amountIn == BaseUnits(100_000_000_000))
        #expect(quote.pool == "bonk-sol")
        #expect(
            quote.hops == [
                QuoteHop(pool: "bonk-sol", from: bonk, to: Fixtures.sol, amountIn: quote.amountIn, amountOut: first.amountOut),
                QuoteHop(pool: "sol-usdc", from: Fixtures.sol, to: Fixtures.usdc, amountIn: first.amountOut, amountOut: second.amountOut),
            ])
        // 1 - 0.9975^2
        #expect(quote.feeBps == "49.9375")
        #expect(quote.minReceived == MinReceived.roundedDown(second.amountOut, slippageBps: 100))
        #expect(try Quote(json: JSONValue.parse(quote.json)) == quote)
    }

    @Test func `the impact of two pools is that of both together`() throws {
        let even = [
            pool("a", bonk, Fixtures.sol, (1_000_000, 1_000_000), feePpm: 0), pool("b", Fixtures.sol, Fixtures.ray, (500_000, 1_000_000), feePpm: 0),
        ]
        // A half stays of the price in the first, and of 500,000 that come out of it a half in the second.
        let quote = try best(even, 1_000_000, bonk, Fixtures.ray)
        #expect(quote.amountOut == BaseUnits(500_000))
        #expect(quote.priceImpactPct == "75.0000" && quote.feeBps == "0")
    }

    @Test func `a direct pool is taken even where a way round would pay more`() throws {
        let poor = pool("ray-sol", Fixtures.ray, Fixtures.sol, (2_000_000_000_000, 20_000_000_000_000))
        #expect(try best(pools + [poor], 1_000_000, Fixtures.ray, Fixtures.sol).pool == "ray-sol")
        #expect(try best(pools, 1_000_000, Fixtures.ray, Fixtures.sol).hops.map(\.pool) == ["ray-usdc", "sol-usdc"])
    }

    @Test func `the better of two middles is taken, and the better of two pools of a hop`() throws {
        let cheap = pool("bonk-usdc", bonk, Fixtures.usdc, (15_000_000_000_000_000, 3_100_000_000_000))
        let raySOL = { (sol: UInt64) in pool("ray-sol", Fixtures.ray, Fixtures.sol, (2_000_000_000_000, sol)) }
        let overUSDC = pools + [cheap, raySOL(27_000_000_000_000)]
        #expect(try best(overUSDC, 100_000_000, bonk, Fixtures.ray).hops.map(\.pool) == ["bonk-usdc", "ray-usdc"])
        let overSOL = pools + [cheap, raySOL(25_000_000_000_000)]
        #expect(try best(overSOL, 100_000_000, bonk, Fixtures.ray).hops.map(\.pool) == ["bonk-sol", "ray-sol"])
        let better = pool("bonk-sol-2", bonk, Fixtures.sol, (15_000_000_000_000_000, 22_000_000_000_000))
        #expect(try best(pools + [better], 100_000_000, bonk, Fixtures.usdc).hops.map(\.pool) == ["bonk-sol-2", "sol-usdc"])
    }

    @Test func `what two hops do not reach has no route, and what they cannot fill lacks liquidity`() {
        #expect(throws: OrderFailure(.noRoute)) { try best(pools, 1_000_000, bonk, Fixtures.ray) }
        #expect(throws: OrderFailure(.noRoute)) { try best(pools, 1_000_000, bonk, Fixtures.usdc, middles: [Fixtures.usdc]) }
        #expect(throws: OrderFailure(.noRoute)) { try best(pools, 1, Fixtures.sol, Fixtures.sol) }
        #expect(throws: OrderFailure(.insufficientLiquidity)) { try best(pools, 1, bonk, Fixtures.usdc) }
        #expect(throws: OrderFailure(.insufficientLiquidity)) { try best(pools, .max, bonk, Fixtures.usdc) }
    }

    @Test func `a swap along a route moves both pools`() throws {
        let route = try #require(Route(from: bonk, over: [pools[0], pools[1]]))
        let swap = try route.swap(BaseUnits(100_000_000_000), slippageBps: 100)
        #expect(swap.pools.map(\.address) == ["bonk-sol", "sol-usdc"])
        #expect(swap.pools[0].reserves.base.value == pools[0].reserves.base.value + 100_000_000_000)
        #expect(swap.pools[0].reserves.quote.value == pools[0].reserves.quote.value - swap.quote.hops[0].amountOut.value)
        #expect(swap.pools[1].reserves.base.value == pools[1].reserves.base.value + swap.quote.hops[0].amountOut.value)
        #expect(swap.pools[1].reserves.quote.value == pools[1].reserves.quote.value - swap.quote.amountOut.value)
    }

    @Test func `pools that do not join are no route`() {
        #expect(Route(from: bonk, over: []) == nil)
        #expect(Route(from: bonk, over: [pools[1]]) == nil)
        #expect(Route(from: bonk, over: [pools[0], pools[2]]) == nil)
        #expect(Route(from: bonk, over: [pools[0], pools[0]]) == nil)
    }
}
