public import JSON

/// An amount of a token in its smallest units, for example lamports of SOL.
public struct BaseUnits: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// How many units.
    public let value: UInt64

    /// That many units.
    public init(_ value: UInt64) { self.value = value }

    /// The sum of amounts of one token; the largest possible amount if the sum is above that.
    init(sum amounts: some Sequence<BaseUnits>) { value = UInt64(clamping: amounts.reduce(UInt128(0)) { $0 + UInt128($1.value) }) }

    /// Reads units written as digits only, as APIs and events carry them. Zero is allowed. Nil for any other text.
    public init?(units text: String) {
        guard text.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }), let value = UInt64(text) else { return nil }
        self.value = value
    }

    /// Reads whole tokens from text, exactly: digits, perhaps a point and an exponent, as in `1.5` or `1e-7`; no plus sign, no spaces, no separators.
    ///
    /// - Parameter decimals: the token's fraction digits, 0 to 18.
    public init(decimal text: String, decimals: Int) throws(AmountError) {
        guard let number = DecimalText(text) else { throw .malformed }
        value = try number.scaled(by: decimals)
    }

    /// Reads whole tokens from the text of a JSON number, as programs with floating point send them. Takes the nearest amount if it differs from the
    /// number by less than 1 part in 10^15.
    ///
    /// - Parameter decimals: the token's fraction digits, 0 to 18.
    public init(number text: String, decimals: Int) throws(AmountError) {
        guard let number = DecimalText(text) else { throw .malformed }
        value = try number.nearest(scale: decimals)
    }

    /// Whole tokens in the shortest exact form: `25`, not `25.0`.
    public func decimalText(decimals: Int) -> String { DecimalText.shortest(UInt128(value), decimals: decimals) }

    /// The units as digits.
    public var description: String { String(value) }

    /// Fewer units.
    public static func < (left: BaseUnits, right: BaseUnits) -> Bool { left.value < right.value }
}

extension BaseUnits: JSONWritable {
    /// Writes the units as a string of digits, as the API has all base units.
    public func write(to writer: inout JSONWriter) { writer.value(string: description) }
}
