public import Orders

/// Finds the best route over a venue's pools. Its result depends only on the pools that the caller passes.
public enum PoolQuoter {
    /// The best quote of a venue: from its pools for the pair or, if it has none, from two pools with a middle token between them.
    ///
    /// - Parameters:
    ///   - pools: the venue's pools as they are now; pools that do not trade these tokens are ignored.
    ///   - middles: the tokens that may be in the middle, usually SOL and USDC.
    ///   - time: see ``Route/quote(_:slippageBps:at:)``.
    /// - Throws: NO_ROUTE if no pools lead from one token to the other, INSUFFICIENT_LIQUIDITY if none of those that do can fill the amount.
    public static func bestQuote(
        amountIn: BaseUnits, pools: [Pool], middles: [Token], from: Token, to: Token, slippageBps: Int, at time: UInt64 = 0
    ) throws(OrderFailure) -> Quote {
        guard from.mint != to.mint else { throw OrderFailure(.noRoute) }
        let direct = pools.filter { $0.trades(from: from, to: to) }
        if !direct.isEmpty { return try best(direct.map { [$0] }, amountIn, from, slippageBps, time) }
        var ways: [[Pool]] = []
        for middle in middles where middle.mint != from.mint && middle.mint != to.mint {
            let seconds = pools.filter { $0.trades(from: middle, to: to) }
            for first in pools where first.trades(from: from, to: middle) { ways += seconds.map { [first, $0] } }
        }
        guard !ways.isEmpty else { throw OrderFailure(.noRoute) }
        return try best(ways, amountIn, from, slippageBps, time)
    }

    private static func best(
        _ ways: [[Pool]], _ amountIn: BaseUnits, _ from: Token, _ slippageBps: Int, _ time: UInt64
    ) throws(OrderFailure) -> Quote {
        var quotes: [Quote] = []
        for way in ways {
            guard let route = Route(from: from, over: way) else { continue }
            // If a pool cannot fill the amount, the others still count.
            if let quote = try? route.quote(amountIn, slippageBps: slippageBps, at: time) { quotes.append(quote) }
        }
        guard let best = QuoteComparison(quotes)?.best else { throw OrderFailure(.insufficientLiquidity) }
        return best
    }
}
