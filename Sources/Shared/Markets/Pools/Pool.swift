public import JSON
public import Orders

/// The reserves of a pool, in base units.
public struct PoolReserves: Sendable, Hashable {
    public var base: BaseUnits
    public var quote: BaseUnits
}

/// A pool of one venue for one pair of tokens, as it is at one moment. A swap gives a new value.
///
/// `config/pools.json` describes the pools before the first swap. The output of `write` can be read back as an entry of such a list.
public struct Pool: Sendable {
    /// The venue, in lower case: `raydium`, `meteora`.
    public let dex: String
    /// Its address, or a name if it is on no chain. It identifies the pool.
    public let address: String
    /// One token of the pair.
    public let base: Token
    public let quote: Token
    let pricing: any PoolPricing

    /// How it prices: `cpmm`, `dlmm`.
    public var kind: String { type(of: pricing).kind }

    public var reserves: PoolReserves { pricing.reserves }

    /// Whether it swaps `from` for `to`.
    public func trades(from: Token, to: Token) -> Bool {
        (from.mint == base.mint && to.mint == quote.mint) || (from.mint == quote.mint && to.mint == base.mint)
    }

    /// The token that comes out when `token` goes in; nil if the pool does not trade it.
    public func other(than token: Token) -> Token? { token.mint == base.mint ? quote : token.mint == quote.mint ? base : nil }

    /// The quote of a swap on this pool alone; see ``Route/quote(_:slippageBps:at:)``.
    public func quote(_ amountIn: BaseUnits, from: Token, slippageBps: Int, at time: UInt64 = 0) throws(OrderFailure) -> Quote {
        guard let route = Route(from: from, over: [self]) else { throw OrderFailure(.noRoute) }
        return try route.quote(amountIn, slippageBps: slippageBps, at: time)
    }

    /// A swap on this pool alone: its quote, and the pool after it; see ``Route/swap(_:slippageBps:at:)``.
    public func swap(
        _ amountIn: BaseUnits, from: Token, slippageBps: Int, at time: UInt64 = 0
    ) throws(OrderFailure) -> (quote: Quote, pool: Pool) {
        guard let route = Route(from: from, over: [self]) else { throw OrderFailure(.noRoute) }
        let (quote, pools) = try route.swap(amountIn, slippageBps: slippageBps, at: time)
        return (quote, pools[0])
    }

    /// The smallest input that pays at least `amountOut`. Nil if the pool does not trade `from` or cannot pay that much, or if the input would not
    /// fit 64 bits.
    public func input(for amountOut: BaseUnits, from: Token, at time: UInt64 = 0) -> BaseUnits? {
        direction(from: from).flatMap { pricing.input(for: amountOut, $0, at: time) }
    }

    func direction(from token: Token) -> SwapDirection? { token.mint == base.mint ? .baseIn : token.mint == quote.mint ? .quoteIn : nil }

    /// Whether a text can be a pool's address or name: 1 to 64 letters, digits, `.`, `_` or `-`. Lists of addresses are joined with commas.
    static func isAddress(_ text: String) -> Bool {
        1...64 ~= text.utf8.count && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
    }

    func with(_ pricing: any PoolPricing) -> Pool { Pool(dex: dex, address: address, base: base, quote: quote, pricing: pricing) }
}

extension Pool: Equatable {
    /// Whether it is the same pool in the same state.
    public static func == (left: Pool, right: Pool) -> Bool {
        left.dex == right.dex && left.address == right.address && left.base == right.base && left.quote == right.quote
            && left.pricing.isEqual(to: right.pricing)
    }
}

extension Pool: JSONWritable {
    /// Writes the pool as `GET /api/pools` shows it: tokens as symbols with their mints beside them, amounts in whole tokens.
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("dex", dex)
            $0.field("kind", kind)
            $0.field("pool", address)
            $0.field("base", base.symbol)
            $0.field("baseMint", base.mint)
            $0.field("quote", quote.symbol)
            $0.field("quoteMint", quote.mint)
            pricing.writeFields(to: &$0, base: base, quote: quote)
        }
    }

    /// Reads an entry of a pool list, or an object that `write` wrote.
    ///
    /// - Throws: every mistake at once, each with its place.
    public init(json: JSONValue, place: String, tokens: TokenList) throws(PoolListError) {
        var reader = PoolReader(json, place: place, tokens: tokens)
        guard let pool = reader.pool() else { throw PoolListError(problems: reader.problems) }
        self = pool
    }
}
