public import Orders

/// A route from one token to another over pools of one venue: one pool, or two with a middle token between them.
public struct Route: Sendable, Equatable {
    /// One pool of the route.
    public struct Hop: Sendable, Equatable {
        /// The pool as it is now.
        public let pool: Pool
        public let from: Token
        public let to: Token
    }

    /// The hops in order; at least one.
    public let hops: [Hop]

    /// The route that starts with `from` and goes over `pools` in this order. Nil if a pool does not trade the token that the pool before it pays, or
    /// if a pool comes twice.
    public init?(from: Token, over pools: [Pool]) {
        var hops: [Hop] = []
        var token = from
        for pool in pools {
            guard let next = pool.other(than: token), !hops.contains(where: { $0.pool.address == pool.address }) else { return nil }
            hops.append(Hop(pool: pool, from: token, to: next))
            token = next
        }
        guard !hops.isEmpty else { return nil }
        self.hops = hops
    }

    /// The quote of the route for an amount.
    ///
    /// - Parameters:
    ///   - slippageBps: 0 to 10,000; the quote's `minReceived` is rounded as the venue rounds it.
    ///   - time: in seconds, for fees that depend on how recently a pool moved. 0 takes each pool as its last swap left it.
    /// - Throws: INSUFFICIENT_LIQUIDITY if nothing would come out, or if a pool cannot take all of its input.
    public func quote(_ amountIn: BaseUnits, slippageBps: Int, at time: UInt64 = 0) throws(OrderFailure) -> Quote {
        var results: [SwapResult] = []
        for hop in hops {
            let amount = results.last?.amountOut ?? amountIn
            guard let direction = hop.pool.direction(from: hop.from), let result = hop.pool.pricing.result(of: amount, direction, at: time),
                result.amountOut.value > 0
            else { throw OrderFailure(.insufficientLiquidity) }
            results.append(result)
        }
        return quote(amountIn, results, slippageBps: slippageBps)
    }

    /// Swaps along the route: returns its quote, and its pools after the swap, in the order of the hops.
    ///
    /// - Throws: as `quote` does.
    public func swap(
        _ amountIn: BaseUnits, slippageBps: Int, at time: UInt64 = 0
    ) throws(OrderFailure) -> (quote: Quote, pools: [Pool]) {
        let quote = try quote(amountIn, slippageBps: slippageBps, at: time)
        var pools: [Pool] = []
        for (index, hop) in hops.enumerated() {
            let amount = quote.hops.isEmpty ? amountIn : quote.hops[index].amountIn
            guard let direction = hop.pool.direction(from: hop.from), let next = hop.pool.pricing.after(amount, direction, at: time) else {
                throw OrderFailure(.insufficientLiquidity)
            }
            pools.append(hop.pool.with(next))
        }
        return (quote, pools)
    }

    private func quote(_ amountIn: BaseUnits, _ results: [SwapResult], slippageBps: Int) -> Quote {
        let (first, last) = (hops[0], hops[hops.count - 1])
        let amountOut = results[results.count - 1].amountOut
        let inputs = [amountIn] + results.dropLast().map(\.amountOut)
        return Quote(
            dex: first.pool.dex, pool: first.pool.address, amountIn: amountIn, amountOut: amountOut,
            minReceived: MinReceived.promised(amountOut, dex: first.pool.dex, slippageBps: slippageBps),
            feeBps: results.reduce(Proportion.none) { $0.followed(by: $1.feeRate) }.bpsText,
            priceImpactPct: results.reduce(Proportion.none) { $0.followed(by: $1.impact) }.percentText,
            inputDecimals: first.from.decimals, outputDecimals: last.to.decimals,
            hops: hops.count == 1
                ? []
                : zip(hops, zip(inputs, results)).map { hop, swap in
                    QuoteHop(pool: hop.pool.address, from: hop.from, to: hop.to, amountIn: swap.0, amountOut: swap.1.amountOut)
                })
    }
}
