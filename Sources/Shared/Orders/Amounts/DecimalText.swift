/// An exact decimal number: its digits, and the power of ten that the last digit stands for.
struct DecimalText {
    /// Digits without zeros at either end; empty for zero.
    private(set) var digits: [UInt8] = []
    /// The number is the digits times 10^exponent.
    private(set) var exponent = 0
    private(set) var isNegative = false

    /// Far beyond any exponent that could still give an amount, and far from overflow.
    private static let exponentLimit = 1_000_000

    /// Reads `digits[.digits][e[±]digits]` with an optional minus; nil for anything else.
    init?(_ text: String) {
        var rest = Array(text.utf8)[...]
        if rest.first == UInt8(ascii: "-") {
            isNegative = true
            rest.removeFirst()
        }
        guard takeDigits(&rest) > 0 else { return nil }
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            let count = takeDigits(&rest)
            guard count > 0 else { return nil }
            exponent -= count
        }
        if let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
            rest.removeFirst()
            guard takeExponent(&rest) else { return nil }
        }
        guard rest.isEmpty else { return nil }
        dropTrailingZeros()
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
        var value = 0
        while let byte = rest.first, byte &- UInt8(ascii: "0") < 10 {
            value = min(Self.exponentLimit, value * 10 + Int(byte - UInt8(ascii: "0")))
            rest.removeFirst()
        }
        exponent += sign * value
        return true
    }

    /// Makes the digits of `1.50` equal to those of `1.5`.
    private mutating func dropTrailingZeros() {
        let zeros = digits.reversed().prefix { $0 == 0 }.count
        digits.removeLast(zeros)
        exponent += zeros
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
