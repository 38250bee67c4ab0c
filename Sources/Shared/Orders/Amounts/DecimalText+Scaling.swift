extension DecimalText {
    /// The number times 10^scale, exactly. Throws `tooPrecise` if that is no integer.
    func scaled(by scale: Int) throws(AmountError) -> UInt64 {
        let cut = try digitsBelowOne(scale)
        if cut > 0 { throw .tooPrecise(maxDigits: scale) }
        return try Self.integer(digits, zeros: -cut)
    }

    /// As `scaled`, for results of up to 38 digits.
    func scaledWide(by scale: Int) throws(AmountError) -> UInt128 {
        let cut = try digitsBelowOne(scale)
        if cut > 0 { throw .tooPrecise(maxDigits: scale) }
        if digits.count - cut > 38 { throw .tooLarge }
        return (digits + Array(repeating: 0, count: -cut)).reduce(UInt128(0)) { $0 * 10 + UInt128($1) }
    }

    /// The integer nearest to the number times 10^scale, if the two differ by less than 1 part in 10^15. Floating point writes amounts with such
    /// noise, for example 0.30000000000000004. Throws `tooPrecise` if they differ by more.
    func nearest(scale: Int) throws(AmountError) -> UInt64 {
        let cut = try digitsBelowOne(scale)
        if cut <= 0 { return try Self.integer(digits, zeros: -cut) }
        // Below a tenth of a unit, no integer is near.
        guard cut <= digits.count else { throw .tooPrecise(maxDigits: scale) }
        let whole = digits.count == cut ? [] : Array(digits.dropLast(cut))
        let rest = Array(digits.suffix(cut))
        let roundsUp = rest[0] >= 5
        guard isNoise(roundsUp ? Self.complement(rest) : rest) else { throw .tooPrecise(maxDigits: scale) }
        if !roundsUp { return try Self.integer(whole, zeros: 0) }
        let (value, overflow) = try Self.integer(whole, zeros: 0).addingReportingOverflow(1)
        if overflow { throw .tooLarge }
        return value
    }

    /// The largest integer not above the number times 10^scale, and whether it is exact. At least 0 and at most `limit`.
    func floor(scale: Int, upTo limit: UInt64) -> (value: UInt64, isExact: Bool) {
        guard !digits.isEmpty, !isNegative else { return (0, digits.isEmpty) }
        let cut = -(exponent + scale)
        if cut >= digits.count { return (0, false) }
        guard let value = try? Self.integer(cut > 0 ? Array(digits.dropLast(cut)) : digits, zeros: max(0, -cut)), value <= limit else {
            return (limit, false)
        }
        return (value, cut <= 0)
    }

    /// How many of the digits are behind the point after the number is multiplied by 10^scale. Negative if zeros have to be added before the point.
    private func digitsBelowOne(_ scale: Int) throws(AmountError) -> Int {
        if digits.isEmpty { throw .zero }
        if isNegative { throw .negative }
        return -(exponent + scale)
    }

    /// Whether these lowest digits are less than 1 part in 10^15 of the number.
    private func isNoise(_ rest: [UInt8]) -> Bool {
        let small = Array(rest.drop { $0 == 0 }) + [UInt8](repeating: 0, count: 15)
        if small.count != digits.count { return small.count < digits.count }
        return small.lexicographicallyPrecedes(digits)
    }

    /// 10^n minus the number of these n digits, the last of which is not 0.
    private static func complement(_ digits: [UInt8]) -> [UInt8] {
        var result = digits.map { 9 - $0 }
        result[result.count - 1] += 1
        return result
    }

    private static func integer(_ digits: [UInt8], zeros: Int) throws(AmountError) -> UInt64 {
        if digits.count + zeros > 20 { throw .tooLarge }
        var value: UInt64 = 0
        for digit in digits + Array(repeating: 0, count: zeros) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            if overflow || carry { throw .tooLarge }
            value = sum
        }
        return value
    }
}
