internal import Markets
internal import Orders

/// How the legs of an order are divided over the venues, for people.
enum VenueShares {
    /// The share of each venue, for all its pools together: `raydium 62.1 % and meteora 37.9 % (2 pools)`. The running sum is rounded, so that the
    /// shares add up to 100.0 %.
    static func text(of legs: [Quote]) -> String {
        let total = max(1, legs.reduce(UInt128(0)) { $0 + UInt128($1.amountIn.value) })
        var venues: [String] = []
        for leg in legs where !venues.contains(leg.dex) { venues.append(leg.dex) }
        var (sum, told) = (UInt128(0), UInt128(0))
        let shares = venues.map { dex in
            let own = legs.filter { $0.dex == dex }
            sum += own.reduce(0) { $0 + UInt128($1.amountIn.value) }
            let rounded = (sum * 1000 + total / 2) / total
            let tenths = rounded - told
            told = rounded
            return "\(dex) \(tenths / 10).\(tenths % 10) %" + (own.count > 1 ? " (\(own.count) pools)" : "")
        }
        return shares.joined(separator: " and ")
    }
}
