internal import Markets
internal import Orders
internal import PaperMarket

extension Case {
    /// Quotes of all venues for 1 and 100 SOL in turn, over the pools of `config/pools.json`.
    static let quotes = [quote, movingQuote, splitQuote]

    /// Over the pools as they were last worked out.
    private static let quote = pure("quote") {
        let market = try SampleMarket()
        return { round in market.best(round, market.moved) }
    }

    /// The pools are moved first, as for the first quote of each 50 ms.
    private static let movingQuote = pure("quote-moving") {
        let market = try SampleMarket()
        return { round in market.best(round, market.listed.map { pools in pools.map { market.move($0, at: UInt64(round)) } }) }
    }

    /// The plan that divides an order over all pools.
    private static let splitQuote = pure("quote-split") {
        let market = try SampleMarket()
        let pools = market.moved.flatMap { $0 }
        return { round in
            let plan = SplitPlan(market.amount(round), pools: pools, from: market.sample.sol, to: market.sample.usdc, slippageBps: 100)
            return Int(plan?.amountOut.value ?? 1)
        }
    }
}

/// The pools for SOL and USDC, by venue, and their market as routers see it.
private struct SampleMarket {
    let sample: Sample
    /// As they are in the list.
    let listed: [[Pool]]
    /// As they are after a second.
    private(set) var moved: [[Pool]] = []
    private let market = LivingMarket(walk: PriceWalk(seed: 7, volatilityBps: 10), halfLife: 5000)
    private let flow = PoolFlow(base: 1_000_000_000, time: 0)

    init() throws {
        let sample = try Sample()
        self.sample = sample
        listed = sample.pools.dexes.map { sample.pools.pools(dex: $0, from: sample.sol, to: sample.usdc) }
        moved = listed.map { pools in pools.map { move($0, at: 1000) } }
    }

    /// A pool after `time` ms.
    func move(_ pool: Pool, at time: UInt64) -> Pool { market.pool(pool, after: flow, at: time) }

    func amount(_ round: Int) -> BaseUnits { BaseUnits((round % 2 == 0 ? 1 : 100) * 1_000_000_000) }

    /// The best outputs of all venues, added up.
    func best(_ round: Int, _ venues: [[Pool]]) -> Int {
        venues.reduce(0) { sum, pools in
            let quote = try? PoolQuoter.bestQuote(
                amountIn: amount(round), pools: pools, middles: pools.isEmpty ? [] : [sample.usdc], from: sample.sol, to: sample.usdc,
                slippageBps: 100)
            return sum &+ Int(quote?.amountOut.value ?? 0)
        }
    }
}
