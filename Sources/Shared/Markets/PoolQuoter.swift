public import Orders

/// Quotes of pools: pure, from reserves that the caller gives.
public enum PoolQuoter {
    /// What one pool would pay.
    ///
    /// - Parameters:
    ///   - reserves: what the pool holds now.
    ///   - slippageBps: 0 to 10,000; the quote's `minReceived` is rounded as the venue itself does.
    /// - Throws: NO_ROUTE where the pool does not trade the pair, INSUFFICIENT_LIQUIDITY where nothing would come out or the pool cannot take
    ///   the input.
    public static func quote(
        amountIn: BaseUnits, pool: Pool, reserves: PoolReserves, from: Token, to: Token, slippageBps: Int
    ) throws(OrderFailure) -> Quote {
        guard pool.trades(from: from, to: to) else { throw OrderFailure(.noRoute) }
        let curve = pool.curve(from: from, at: reserves)
        let amountOut = curve.output(for: amountIn)
        guard amountOut.value > 0, curve.after(amountIn: amountIn) != nil else { throw OrderFailure(.insufficientLiquidity) }
        return Quote(
            dex: pool.dex, pool: pool.address, amountIn: amountIn, amountOut: amountOut,
            minReceived: minimumReceived(amountOut, dex: pool.dex, slippageBps: slippageBps),
            feeBps: Price.bpsText(UInt64(pool.feePpm), of: 1_000_000), priceImpactPct: curve.priceImpactPct(of: amountIn),
            inputDecimals: from.decimals, outputDecimals: to.decimals)
    }

    /// What a venue would pay: the best quote of its pools.
    ///
    /// - Parameters:
    ///   - pools: the venue's pools; those that do not trade the pair are passed over.
    ///   - reserves: what each pool holds now.
    /// - Throws: NO_ROUTE where no pool trades the pair, INSUFFICIENT_LIQUIDITY where none of those that do can fill the amount.
    public static func bestQuote(
        amountIn: BaseUnits, pools: [Pool], reserves: (Pool) -> PoolReserves, from: Token, to: Token, slippageBps: Int
    ) throws(OrderFailure) -> Quote {
        var failure = OrderFailure(.noRoute)
        var quotes: [Quote] = []
        for pool in pools where pool.trades(from: from, to: to) {
            do throws(OrderFailure) {
                quotes.append(
                    try quote(amountIn: amountIn, pool: pool, reserves: reserves(pool), from: from, to: to, slippageBps: slippageBps))
            } catch {
                failure = error
            }
        }
        guard let best = QuoteComparison(quotes)?.best else { throw failure }
        return best
    }

    private static func minimumReceived(_ amountOut: BaseUnits, dex: String, slippageBps: Int) -> BaseUnits {
        dex == "raydium"
            ? MinimumReceived.roundedDown(amountOut, slippageBps: slippageBps) : MinimumReceived.roundedUp(amountOut, slippageBps: slippageBps)
    }
}
