/// A quotient that is computed digit by digit, so that no value on the way exceeds 128 bits.
///
/// The denominator must be above 0 and at most 2^128 / 10, so that ten times a remainder fits.
struct Ratio {
    private let denominator: UInt128
    private let whole: UInt128
    private let remainder: UInt128

    init(_ numerator: UInt128, over denominator: UInt128) {
        precondition(denominator > 0 && denominator <= UInt128.max / 10, "the denominator of a ratio is out of range")
        self.denominator = denominator
        (whole, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
    }

    /// 10^exponent, for exponents up to 38.
    static func power(_ exponent: Int) -> UInt128 { (0..<exponent).reduce(1) { power, _ in power * 10 } }

    /// The quotient times 10^digits, half to even. The caller knows that it fits.
    func rounded(digits: Int) -> UInt128 {
        var quotient = whole
        var rest = remainder
        for _ in 0..<digits { Self.appendDigit(&quotient, &rest, denominator) }
        return Self.roundHalfEven(quotient, twice: rest * 2, of: denominator, isExact: true)
    }

    /// Decimal text with that many significant digits, half to even, no exponent, no trailing zeros.
    func text(significantDigits: Int) -> String {
        let limit = Self.power(significantDigits)
        if whole >= limit { return roundedWhole(limit) }
        if whole == 0 && remainder == 0 { return "0" }
        var quotient = whole
        var rest = remainder
        var decimals = 0
        while quotient < limit / 10 {
            Self.appendDigit(&quotient, &rest, denominator)
            decimals += 1
        }
        let rounded = Self.roundHalfEven(quotient, twice: rest * 2, of: denominator, isExact: true)
        return DecimalText.shortest(rounded, decimals: decimals)
    }

    /// The text of a whole part that alone has more digits than wanted. The remainder can only break a tie.
    private func roundedWhole(_ limit: UInt128) -> String {
        var unit: UInt128 = 10
        while whole / unit >= limit { unit *= 10 }
        let (quotient, rest) = whole.quotientAndRemainder(dividingBy: unit)
        return String(Self.roundHalfEven(quotient, twice: rest * 2, of: unit, isExact: remainder == 0) * unit)
    }

    private static func appendDigit(_ quotient: inout UInt128, _ rest: inout UInt128, _ denominator: UInt128) {
        let (digit, left) = (rest * 10).quotientAndRemainder(dividingBy: denominator)
        quotient = quotient * 10 + digit
        rest = left
    }

    /// If `isExact`, nothing smaller than `rest` was left out, and equality is a real tie.
    private static func roundHalfEven(_ quotient: UInt128, twice rest: UInt128, of unit: UInt128, isExact: Bool) -> UInt128 {
        if rest < unit { return quotient }
        if rest == unit && isExact && quotient % 2 == 0 { return quotient }
        return quotient + 1
    }
}
