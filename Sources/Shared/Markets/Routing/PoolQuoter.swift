public import Orders

/// The best way over a venue's pools: pure, from the pools as the caller knows them.
public enum PoolQuoter {
    /// What a venue would pay: the best of its pools for the pair. Where it has none, the best way over one middle token.
    ///
    /// - Parameters:
    ///   - pools: the venue's pools as they are now; those that do not trade what is asked for are passed over.
    ///   - middles: the tokens that may come between, usually SOL and USDC.
    ///   - time: see ``Route/quote(_:slippageBps:at:)``.
    /// - Throws: NO_ROUTE where no pools lead from one token to the other, INSUFFICIENT_LIQUIDITY where none of those that do can fill the amount.
    public static func bestQuote(
        amountIn: BaseUnits, pools: [Pool], middles: [Token], from: Token, to: Token, slippageBps: Int, at time: UInt64 = 0
    ) throws(OrderFailure) -> Quote {
        guard from.mint != to.mint else { throw OrderFailure(.noRoute) }
        let direct = pools.filter { $0.trades(from: from, to: to) }
        if !direct.isEmpty {
            return try best(direct.map { [$0] }, amountIn, from, slippageBps, time)
        }
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
            // A pool that cannot fill the amount leaves the others.
            if let quote = try? route.quote(amountIn, slippageBps: slippageBps, at: time) { quotes.append(quote) }
        }
        guard let best = QuoteComparison(quotes)?.best else { throw OrderFailure(.insufficientLiquidity) }
        return best
    }
}
