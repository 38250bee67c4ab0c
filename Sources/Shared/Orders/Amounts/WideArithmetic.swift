/// Which way a quotient is rounded.
package enum Rounding: Sendable {
    case down
    case up
}

/// Integer arithmetic whose intermediate results need up to 256 bits.
package enum WideArithmetic {
    /// `a · b / divisor`, exactly rounded; nil if it does not fit 128 bits or the divisor is 0.
    @inlinable
    package static func multiplyDivide(_ a: UInt128, _ b: UInt128, by divisor: UInt128, _ rounding: Rounding) -> UInt128? {
        let product = a.multipliedFullWidth(by: b)
        guard product.high < divisor else { return nil }
        let (quotient, remainder) =
            product.high == 0 ? product.low.quotientAndRemainder(dividingBy: divisor) : divisor.dividingFullWidth(product)
        return raised(quotient, if: remainder > 0, rounding)
    }

    /// `a · b / 2^64`, exactly rounded; nil if it does not fit 128 bits.
    @inlinable
    package static func multiplyShift(_ a: UInt128, _ b: UInt128, _ rounding: Rounding) -> UInt128? {
        let product = a.multipliedFullWidth(by: b)
        guard product.high >> 64 == 0 else { return nil }
        return raised(product.high << 64 | product.low >> 64, if: UInt64(truncatingIfNeeded: product.low) > 0, rounding)
    }

    /// `a · 2^64 / divisor` for an `a` of 64 bits, exactly rounded; the divisor is above 0.
    @inlinable
    package static func shiftDivide(_ a: UInt64, by divisor: UInt128, _ rounding: Rounding) -> UInt128 {
        divide(UInt128(a) << 64, by: divisor, rounding)
    }

    /// `a / divisor`; the divisor is above 0. Rounding up never overflows: a quotient of the largest number has no remainder.
    @inlinable
    package static func divide(_ a: UInt128, by divisor: UInt128, _ rounding: Rounding) -> UInt128 {
        let (quotient, remainder) = a.quotientAndRemainder(dividingBy: divisor)
        return quotient + (remainder > 0 && rounding == .up ? 1 : 0)
    }

    /// The largest root whose square is at most `a · b`.
    @inlinable
    package static func squareRoot(ofProduct a: UInt128, _ b: UInt128) -> UInt128 {
        let square = a.multipliedFullWidth(by: b)
        var root: UInt128 = 0
        let bits = 256 - (square.high > 0 ? square.high.leadingZeroBitCount : 128 + square.low.leadingZeroBitCount)
        for bit in stride(from: (bits + 1) / 2 - 1, through: 0, by: -1) {
            let candidate = root | (1 << UInt128(bit))
            let power = candidate.multipliedFullWidth(by: candidate)
            if power.high < square.high || (power.high == square.high && power.low <= square.low) { root = candidate }
        }
        return root
    }

    @inlinable
    package static func raised(_ quotient: UInt128, if isInexact: Bool, _ rounding: Rounding) -> UInt128? {
        guard isInexact && rounding == .up else { return quotient }
        let (sum, overflow) = quotient.addingReportingOverflow(1)
        return overflow ? nil : sum
    }
}
