public import JSON

/// A price that orders wait for, exactly: whole tokens for one whole token, in units of 10^-18.
public struct PriceLevel: Sendable, Hashable, Comparable {
    /// Fraction digits of a price.
    public static let decimals = 18
    /// Digits of `key`.
    public static let keyLength = 38
    /// The largest price has 38 digits.
    static let most = Ratio.power(38) - 1

    public static let least = PriceLevel(known: 1)

    /// The price times 10^18, above 0 and at most `most`.
    public var units: UInt128 { UInt128(high) << 64 | UInt128(low) }

    // In halves, because a number of 128 bits needs an alignment that events, of which few have a price, would pay for with an allocation each.
    private let high: UInt64
    private let low: UInt64

    /// Nil if the price is 0 or has more than 20 digits before the point.
    public init?(units: UInt128) {
        guard 1...Self.most ~= units else { return nil }
        self.init(known: units)
    }

    private init(known units: UInt128) { (high, low) = (UInt64(units >> 64), UInt64(truncatingIfNeeded: units)) }

    /// Reads a decimal number, such as `180` or `0.000021`. Throws if it is no positive number, has more than 18 fraction digits or is too large.
    public init(decimal text: String) throws(AmountError) {
        guard let number = DecimalText(text) else { throw .malformed }
        guard let level = PriceLevel(units: try number.scaledWide(by: Self.decimals)) else { throw .tooLarge }
        self = level
    }

    /// The price of a swap: rounded down where it is what a token brings, up where it is what a token costs. So no price looks better than it is. Nil
    /// if nothing goes in or out.
    ///
    /// - Parameter priced: whose price it is.
    public init?(
        amountIn: BaseUnits, amountOut: BaseUnits, inputDecimals: Int, outputDecimals: Int, of priced: PricedToken
    ) {
        // Neither shift is negative, because no token has more decimals than a price.
        let units =
            switch priced {
            case .tokenIn:
                WideArithmetic.multiplyDivide(
                    UInt128(amountOut.value), Ratio.power(Self.decimals + inputDecimals - outputDecimals), by: UInt128(amountIn.value), .down)
            case .tokenOut:
                WideArithmetic.multiplyDivide(
                    UInt128(amountIn.value), Ratio.power(Self.decimals + outputDecimals - inputDecimals), by: UInt128(amountOut.value), .up)
            }
        guard let units else { return nil }
        self.init(units: units)
    }

    /// The price with so many significant digits at most, rounded as a price of this token is: no price looks better than it is.
    public func rounded(significantDigits: Int, of priced: PricedToken) -> PriceLevel? {
        let surplus = String(units).utf8.count - significantDigits
        guard surplus > 0 else { return self }
        let unit = Ratio.power(surplus)
        return PriceLevel(units: WideArithmetic.divide(units, by: unit, priced == .tokenIn ? .down : .up) * unit)
    }

    /// The shortest exact form.
    public var text: String { DecimalText.shortest(units, decimals: Self.decimals) }

    /// 38 digits, which compare as the prices do. Two prices that are 10^-18 apart are the same floating point number, so no score can sort them.
    public var key: String { Self.key(units) }

    /// The key of the highest price first: what is left to the highest possible one.
    public var descendingKey: String { Self.key(Self.most - units) }

    private static func key(_ number: UInt128) -> String {
        let digits = String(number)
        return String(repeating: "0", count: keyLength - digits.utf8.count) + digits
    }

    /// The price that a key stands for; nil for any other text.
    public init?(key: some StringProtocol, isDescending: Bool) {
        guard key.utf8.count == Self.keyLength, key.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }), let number = UInt128(key) else { return nil }
        self.init(units: isDescending ? Self.most - number : number)
    }

    /// The price changed by `bps` / `scale` of it, rounded as told; nil if that is no price.
    func moved(by bps: Int128, of scale: UInt128, _ rounding: Rounding) -> PriceLevel? {
        let share = Int128(scale) + bps
        guard share > 0 else { return nil }
        return WideArithmetic.multiplyDivide(units, UInt128(share), by: scale, rounding).flatMap(PriceLevel.init(units:))
    }

    public static func < (left: PriceLevel, right: PriceLevel) -> Bool { left.units < right.units }
}

extension PriceLevel: JSONWritable {
    /// Writes the text.
    public func write(to writer: inout JSONWriter) { writer.value(string: text) }
}

extension PriceLevel: RecordValue {
    static func read(_ json: JSONValue) -> PriceLevel? { json.string.flatMap { try? PriceLevel(decimal: $0) } }
}
