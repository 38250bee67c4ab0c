public import Orders

/// Compares the quotes for one order. The best has the largest output, which is net of fee and impact.
public struct QuoteComparison: Sendable, Equatable {
    /// The quotes, best first. Equal outputs are sorted by venue, then by pool.
    public let quotes: [Quote]

    /// Compares quotes for the same input and output; nil if there are none.
    public init?(_ quotes: [Quote]) {
        guard !quotes.isEmpty else { return nil }
        self.quotes = quotes.sorted { left, right in
            left.amountOut == right.amountOut ? (left.dex, left.pool) < (right.dex, right.pool) : left.amountOut > right.amountOut
        }
    }

    public var best: Quote { quotes[0] }

    /// Why it is the best, for people: `meteora: 218.22 against 217.98, +11 bps`, the gain rounded down.
    public var reason: String {
        guard quotes.count > 1 else { return "\(best.dex): \(best.amountOutDecimal), the only quote" }
        let second = quotes[1]
        return
            "\(best.dex): \(best.amountOutDecimal) against \(second.amountOutDecimal), +\(Self.gainBps(best.amountOut, over: second.amountOut)) bps"
    }

    private static func gainBps(_ best: BaseUnits, over second: BaseUnits) -> UInt128 {
        UInt128(best.value - second.value) * 10_000 / UInt128(max(1, second.value))
    }
}
