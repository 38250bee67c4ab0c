public import Orders

/// A way from one token to another over pools of one venue: one pool, or two with a middle token between them.
public struct Route: Sendable, Equatable {
    /// One pool on the way.
    public struct Hop: Sendable, Equatable {
        /// The pool as it is now.
        public let pool: Pool
        /// What goes in.
        public let from: Token
        /// What comes out.
        public let to: Token
    }

    /// In order; at least one.
    public let hops: [Hop]

    /// The way that begins with a token and leads over these pools, each once; nil where one of them does not trade what the one before it
    /// pays.
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

    /// What the route would pay.
    ///
    /// - Parameters:
    ///   - slippageBps: 0 to 10,000; the quote's `minReceived` is rounded as the venue itself does.
    ///   - time: in seconds, for fees that depend on how recently a pool moved; 0 takes each pool as it was last left.
    /// - Throws: INSUFFICIENT_LIQUIDITY where nothing would come out, or a pool cannot take all that goes in.
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

    /// A swap along the route: its quote, and its pools after it, in the order of the hops.
    ///
    /// - Throws: as `quote` does; nothing has moved then.
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
                    QuoteHop(
                        pool: hop.pool.address, from: hop.from, to: hop.to, amountIn: swap.0, amountOut: swap.1.amountOut)
                })
    }
}
