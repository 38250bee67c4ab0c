internal import Orders

/// The division of an amount between two constant-product pools at which both have the same marginal price.
struct ConstantProductSplit {
    let first: ConstantProduct
    let second: ConstantProduct

    private static let million: UInt128 = 1_000_000

    /// The share of the first pool: with g = 1 - fee and s = sqrt(g · x · y),
    ///
    /// `a = (s1 · (x2 + g2 · T) - s2 · x1) / (s1 · g2 + s2 · g1)`, from 0 to T.
    ///
    /// All numbers are integers, with g in parts per million: numerator and denominator carry the same factors of 1,000 and 10^6. The result is
    /// rounded down. The roots are cut to integers; they are large whenever one unit matters.
    func share(of total: UInt64) -> UInt64 {
        let (g1, g2) = (Self.million - UInt128(first.feePpm), Self.million - UInt128(second.feePpm))
        let (s1, s2) = (Self.root(first, g1), Self.root(second, g2))
        let divisor = s1 * g2 + s2 * g1
        guard divisor > 0 else { return 0 }
        // The roots have up to 74 bits and the other factors 85: the products need more than 128.
        let gain = s1.multipliedFullWidth(by: UInt128(second.reserveIn.value) * Self.million + g2 * UInt128(total))
        let loss = s2.multipliedFullWidth(by: UInt128(first.reserveIn.value) * Self.million)
        let (low, borrow) = gain.low.subtractingReportingOverflow(loss.low)
        let (high, isNegative) = gain.high.subtractingReportingOverflow(loss.high)
        let (rest, isNegativeToo) = high.subtractingReportingOverflow(borrow ? 1 : 0)
        if isNegative || isNegativeToo { return 0 }
        guard rest < divisor else { return total }
        let quotient = divisor.dividingFullWidth((rest, low)).quotient
        return UInt64(min(quotient, UInt128(total)))
    }

    /// `floor(sqrt(g · x · y))`, with g in parts per million.
    private static func root(_ curve: ConstantProduct, _ g: UInt128) -> UInt128 {
        WideArithmetic.squareRoot(ofProduct: g * UInt128(curve.reserveIn.value), UInt128(curve.reserveOut.value))
    }
}
