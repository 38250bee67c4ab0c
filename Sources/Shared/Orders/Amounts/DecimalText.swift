/// The parts of a decimal number as written: digits without the point, how many of them follow it, and the exponent.
struct DecimalText {
    /// Digits without leading zeros; empty for zero.
    private(set) var digits: [UInt8] = []
    private(set) var fractionDigits = 0
    private(set) var exponent = 0
    private(set) var isNegative = false

    /// Far beyond any exponent that could still give an amount, and far from overflow.
    private static let exponentLimit = 1_000_000

    /// Reads `digits[.digits]`, with a sign and an exponent where allowed; nil for anything else.
    init?(_ text: String, allowsExponent: Bool) {
        var rest = Array(text.utf8)[...]
        if rest.first == UInt8(ascii: "-") {
            isNegative = true
            rest.removeFirst()
        }
        guard takeDigits(&rest) > 0 else { return nil }
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fractionDigits = takeDigits(&rest)
            guard fractionDigits > 0 else { return nil }
        }
        if allowsExponent, let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
            rest.removeFirst()
            guard takeExponent(&rest) else { return nil }
        }
        guard rest.isEmpty else { return nil }
    }

    private mutating func takeDigits(_ rest: inout ArraySlice<UInt8>) -> Int {
        let start = rest.startIndex
        while let byte = rest.first, byte &- UInt8(ascii: "0") < 10 {
            let digit = byte - UInt8(ascii: "0")
            if digit > 0 || !digits.isEmpty { digits.append(digit) }
            rest.removeFirst()
        }
        return rest.startIndex - start
    }

    private mutating func takeExponent(_ rest: inout ArraySlice<UInt8>) -> Bool {
        let sign = rest.first == UInt8(ascii: "-") ? -1 : 1
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        guard !rest.isEmpty else { return false }
        while let byte = rest.first, byte &- UInt8(ascii: "0") < 10 {
            exponent = min(Self.exponentLimit, exponent * 10 + Int(byte - UInt8(ascii: "0")))
            rest.removeFirst()
        }
        exponent *= sign
        return true
    }

    /// The number times 10^scale, exactly.
    func scaled(by scale: Int) throws(AmountError) -> UInt64 {
        if digits.isEmpty { throw .zero }
        if isNegative { throw .negative }
        let zeros = scale + exponent - fractionDigits
        if zeros < 0 { throw .tooPrecise(maximumDigits: scale) }
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

    /// `value` / 10^decimals in the shortest exact form.
    static func shortest(_ value: UInt128, decimals: Int) -> String {
        var digits = Array(String(value).utf8)
        if digits.count <= decimals { digits.insert(contentsOf: Array(repeating: UInt8(ascii: "0"), count: decimals + 1 - digits.count), at: 0) }
        let point = digits.count - decimals
        var end = digits.count
        while end > point && digits[end - 1] == UInt8(ascii: "0") { end -= 1 }
        let whole = String(decoding: digits[..<point], as: UTF8.self)
        return end == point ? whole : whole + "." + String(decoding: digits[point..<end], as: UTF8.self)
    }
}
