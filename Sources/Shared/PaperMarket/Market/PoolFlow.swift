internal import Markets
internal import Orders

/// The part of landed swaps that has not flowed back yet, in base units of the pool's base token; negative if swaps have taken it out.
public struct PoolFlow: Sendable, Hashable {
    /// The flow at `time`.
    public let base: Int64
    /// The time in milliseconds.
    public let time: UInt64

    public init(base: Int64, time: UInt64) {
        self.base = base
        self.time = time
    }

    /// Reads `base:time`, as the chain's script writes it; nil for anything else.
    public init?(text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let base = Int64(parts[0]), let time = UInt64(parts[1]) else { return nil }
        self.init(base: base, time: time)
    }

    /// The text that `init(text:)` reads.
    public var text: String { "\(base):\(time)" }

    /// The part that is left at a later time, rounded towards zero. Half of it is left after each half-life.
    public func left(at now: UInt64, halfLife: UInt64) -> Int64 {
        guard now > time, halfLife > 0 else { return base }
        let (halves, into) = (now - time).quotientAndRemainder(dividingBy: halfLife)
        guard halves < 64 else { return 0 }
        // The begun half-life as a fraction in units of 2^-16, and 2 to the power of minus that fraction: one factor for each bit that is set.
        let fraction = UInt128(into) * 65_536 / UInt128(halfLife)
        var magnitude = (UInt128(base.magnitude) << 32) >> UInt128(halves)
        for (index, root) in Self.roots.enumerated() where (fraction >> UInt128(15 - index)) & 1 == 1 { magnitude = (magnitude * root) >> 32 }
        let left = Int64(clamping: magnitude >> 32)
        return base < 0 ? -left : left
    }

    /// 2^(-1/2), 2^(-1/4), … in units of 2^-32.
    private static let roots: [UInt128] = [
        3_037_000_500, 3_611_622_603, 3_938_502_376, 4_112_874_773, 4_202_935_003, 4_248_701_965, 4_271_771_996, 4_283_353_945, 4_289_156_690,
        4_292_061_010, 4_293_513_907, 4_294_240_540, 4_294_603_903, 4_294_785_595, 4_294_876_445, 4_294_921_870,
    ]
}

/// The effect of one swap on one pool.
package struct PoolEffect: Sendable, Hashable {
    /// The pool's address.
    let pool: String
    /// The amount of the base token that the swap puts in, in base units; negative if it takes it out.
    let base: Int64

    package init(pool: String, base: Int64) { (self.pool, self.base) = (pool, base) }
}

extension Route {
    /// The effects of a swap along the route on each of its pools.
    ///
    /// - Parameter quote: a quote of this route.
    func effects(of quote: Quote) -> [PoolEffect] {
        hops.enumerated().map { index, hop in
            let amounts = quote.hops.isEmpty ? (quote.amountIn, quote.amountOut) : (quote.hops[index].amountIn, quote.hops[index].amountOut)
            let isBaseIn = hop.from.mint == hop.pool.base.mint
            return PoolEffect(pool: hop.pool.address, base: isBaseIn ? Int64(clamping: amounts.0.value) : -Int64(clamping: amounts.1.value))
        }
    }
}
