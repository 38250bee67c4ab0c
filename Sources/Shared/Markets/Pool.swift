public import JSON
public import Orders

/// How a pool prices a swap.
public enum PoolKind: String, Sendable, Hashable, CaseIterable {
    /// Constant product: ``ConstantProduct``.
    case cpmm
}

/// What a pool holds, in base units.
public struct PoolReserves: Sendable, Hashable {
    /// Of the base token.
    public var base: BaseUnits
    /// Of the quote token.
    public var quote: BaseUnits

    /// Reserves of both tokens.
    public init(base: BaseUnits, quote: BaseUnits) {
        self.base = base
        self.quote = quote
    }
}

/// A pool of one venue for one pair of tokens, as `config/pools.json` describes it.
public struct Pool: Sendable, Hashable {
    /// The venue, in lower case: `raydium`, `meteora`.
    public let dex: String
    /// How it prices.
    public let kind: PoolKind
    /// Its address, base58 of 32 bytes; what identifies it.
    public let address: String
    /// One token of the pair.
    public let base: Token
    /// The other one.
    public let quote: Token
    /// What it holds before any swap. A market that moves keeps the current reserves elsewhere.
    public let reserves: PoolReserves
    /// The fee on the input, in parts per million.
    public let feePpm: Int

    /// Makes a pool. The caller has checked the fields.
    public init(dex: String, kind: PoolKind, address: String, base: Token, quote: Token, reserves: PoolReserves, feePpm: Int) {
        self.dex = dex
        self.kind = kind
        self.address = address
        self.base = base
        self.quote = quote
        self.reserves = reserves
        self.feePpm = feePpm
    }

    /// Whether it swaps `from` for `to`.
    public func trades(from: Token, to: Token) -> Bool {
        (from.mint == base.mint && to.mint == quote.mint) || (from.mint == quote.mint && to.mint == base.mint)
    }

    /// Its curve for what goes in, at these reserves.
    /// - Precondition: `from` is one of its tokens.
    public func curve(from: Token, at reserves: PoolReserves) -> ConstantProduct {
        precondition(from.mint == base.mint || from.mint == quote.mint, "\(from.symbol) is not in pool \(address)")
        let isBase = from.mint == base.mint
        return ConstantProduct(
            reserveIn: isBase ? reserves.base : reserves.quote, reserveOut: isBase ? reserves.quote : reserves.base, feePpm: feePpm)
    }

    /// The reserves after a swap of `amountIn`; nil where they would not fit 64 bits.
    /// - Precondition: `from` is one of its tokens.
    public func reserves(after amountIn: BaseUnits, from: Token, at reserves: PoolReserves) -> PoolReserves? {
        guard let curve = curve(from: from, at: reserves).after(amountIn: amountIn) else { return nil }
        return from.mint == base.mint
            ? PoolReserves(base: curve.reserveIn, quote: curve.reserveOut) : PoolReserves(base: curve.reserveOut, quote: curve.reserveIn)
    }
}

extension Pool: JSONWritable {
    /// Writes the pool as `GET /api/pools` shows it: tokens as symbols with their mints beside them, reserves in whole tokens.
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("dex", dex)
            $0.field("kind", kind.rawValue)
            $0.field("pool", address)
            $0.field("base", base.symbol)
            $0.field("baseMint", base.mint)
            $0.field("quote", quote.symbol)
            $0.field("quoteMint", quote.mint)
            $0.field("baseReserve", reserves.base.decimalText(decimals: base.decimals))
            $0.field("quoteReserve", reserves.quote.decimalText(decimals: quote.decimals))
            $0.field("feePpm", feePpm)
        }
    }
}
