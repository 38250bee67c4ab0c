extension Quote {
    /// Joins the quotes of the parts of a split order into one: the amounts are added up, fee and impact are weighted by the input, and the venues
    /// are listed from the largest part down.
    ///
    /// - Parameter parts: at least one; the sum of their inputs and the sum of their outputs must be possible amounts.
    public init(joining parts: [Quote], inputDecimals: Int, outputDecimals: Int) {
        let bySize = parts.enumerated().sorted { ($1.element.amountIn, $0.offset) < ($0.element.amountIn, $1.offset) }.map(\.element)
        var venues: [String] = []
        for part in bySize where !venues.contains(part.dex) { venues.append(part.dex) }
        let impact = Self.weighted(parts, \.priceImpactPct, decimals: 4) * 10_000
        self.init(
            dex: venues.joined(separator: "+"), pool: bySize.map(\.pool).joined(separator: ","), amountIn: Self.sum(parts, \.amountIn),
            amountOut: Self.sum(parts, \.amountOut), minReceived: Self.sum(parts, \.minReceived),
            feeBps: DecimalText.shortest(Self.weighted(parts, \.feeBps, decimals: 5), decimals: 5),
            priceImpactPct: Price.percentText(impact, of: 10_000_000_000), inputDecimals: inputDecimals, outputDecimals: outputDecimals,
            quotedAt: parts.compactMap(\.quotedAt).min())
        ageMs = parts.compactMap(\.ageMs).max()
    }

    private static func sum(_ parts: [Quote], _ amount: KeyPath<Quote, BaseUnits>) -> BaseUnits { BaseUnits(sum: parts.map { $0[keyPath: amount] }) }

    /// 10,000 with five decimals. No fee in basis points and no impact in per cent is above that, and the sums stay far from overflow.
    private static let maxUnits: UInt64 = 1_000_000_000

    /// The mean of a decimal text in units of its last digit, weighted by the input of each part. Rounded down.
    private static func weighted(_ parts: [Quote], _ text: KeyPath<Quote, String>, decimals: Int) -> UInt128 {
        let total = parts.reduce(UInt128(0)) { $0 + UInt128($1.amountIn.value) }
        let sum = parts.reduce(UInt128(0)) { sum, part in
            let units = (try? BaseUnits(decimal: part[keyPath: text], decimals: decimals).value) ?? 0
            return sum + UInt128(min(units, maxUnits)) * UInt128(part.amountIn.value)
        }
        return sum / max(1, total)
    }
}
