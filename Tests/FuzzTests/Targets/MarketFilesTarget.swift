import JSON

@testable import Markets
@testable import Orders

extension FuzzTarget {
    /// A list of pools, or a list of tokens and the pools after it.
    static let marketFiles = FuzzTarget(name: "market-files") { input in
        let parts = input.parts
        let tokens = parts.count > 1 ? try? TokenList(bytes: parts[0]) : SampleTokens.list
        guard let tokens else { return }
        try holdTokens(tokens)
        guard let pools = try? PoolList(bytes: parts[parts.count - 1], tokens: tokens) else { return }
        for pool in pools.pools.prefix(4) {
            try hold((try? Pool(json: JSONValue.parse(JSONWriter.value(pool)), place: "pool", tokens: tokens)) == pool, "a pool is read back")
            for amount in [1, 1_000_003, 5_000_000_000, .max] as [UInt64] {
                try holdSwap(pool, BaseUnits(amount), from: pool.base)
                try holdSwap(pool, BaseUnits(amount), from: pool.quote)
            }
        }
    }

    private static func holdTokens(_ tokens: TokenList) throws(BrokenClaim) {
        for token in tokens.tokens {
            try hold((0...18).contains(token.decimals) && Token.isMint(token.mint), "a token is within its bounds")
            try hold(tokens.lookup(token.symbol) == token && tokens.lookup(token.mint) == token, "a token is found by its symbol and its mint")
        }
    }

    private static func holdSwap(_ pool: Pool, _ amount: BaseUnits, from token: Token) throws(BrokenClaim) {
        guard let (quote, after) = try? pool.swap(amount, from: token, slippageBps: 100, at: now / 1000) else { return }
        let isBase = token.mint == pool.base.mint
        let (before, rest) = (isBase ? pool.reserves.quote : pool.reserves.base, isBase ? after.reserves.quote : after.reserves.base)
        try hold(quote.amountOut <= before && before.value - quote.amountOut.value == rest.value, "a pool pays what it has, and has what is left")
        try hold(quote.minReceived <= quote.amountOut && quote.amountIn == amount, "no more is promised than offered")
        try hold((try? Quote(json: JSONValue.parse(quote.json))) == quote, "a quote is read back")
        guard let needed = pool.input(for: quote.amountOut, from: token, at: now / 1000) else { return }
        try hold(needed <= amount, "the smallest input for an output is not above the input that gave it")
    }
}
