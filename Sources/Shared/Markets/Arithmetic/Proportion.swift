internal import Orders

/// An exact part of a whole; at most the whole.
struct Proportion: Sendable, Hashable {
    /// Both are at most 2^96, so that a percentage with 4 decimals can be computed from them.
    private(set) var part: UInt128
    private(set) var whole: UInt128

    static let none = Proportion(0, of: 1)
    private static let unit: UInt128 = 1_000_000_000_000_000_000

    /// - Precondition: `part` is at most `whole`, and `whole` is above 0. If `whole` has more than 96 bits, both lose their last bits.
    init(_ part: UInt128, of whole: UInt128) {
        precondition(part <= whole && whole > 0)
        let excess = max(0, 128 - 96 - whole.leadingZeroBitCount)
        self.part = part >> UInt128(excess)
        self.whole = whole >> UInt128(excess)
    }

    /// The loss of this proportion and then `other` of the rest: `1 - (1 - a)(1 - b)`, to 18 digits.
    func followed(by other: Proportion) -> Proportion {
        if part == 0 { return other }
        if other.part == 0 { return self }
        return Proportion(Self.unit - rest * other.rest / Self.unit, of: Self.unit)
    }

    /// The rest of the whole, in parts of `unit`.
    private var rest: UInt128 {
        // At most the unit: a part never exceeds its whole.
        WideArithmetic.multiplyDivide(whole - part, Self.unit, by: whole, .down) ?? Self.unit
    }

    /// In per cent with 4 decimals, half to even: `1.4050`.
    var percentText: String { Price.percentText(part, of: whole) }

    /// In basis points in the shortest form: `25`, `12.5`.
    var bpsText: String {
        UInt64(exactly: whole).map { Price.bpsText(UInt64(part), of: $0) }
            ?? Price.bpsText(UInt64(WideArithmetic.multiplyDivide(part, Self.unit, by: whole, .down) ?? Self.unit), of: UInt64(Self.unit))
    }
}
