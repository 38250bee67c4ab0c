/// The price of a bin: base units of the quote token for one of the base token, in Q64.64.
enum BinPrice {
    /// 1.0 in Q64.64.
    static let one: UInt128 = 1 << 64
    /// The ids that bins may have.
    static let ids = -443_636...443_636
    private static let bits = 19

    /// `(1 + step / 10,000)^id`, by square-and-multiply over 19 bits, each product cut to 64 fraction bits.
    ///
    /// Both truncations and the reciprocal of a base above 1 (so that squares always fit 128 bits) are those of the DLMM program, to the last bit. A
    /// power that is computed in another way differs.
    ///
    /// - Parameter step: in basis points, 1 to 10,000.
    /// - Returns: nil if the price is outside Q64.64.
    static func price(ofBin id: Int, step: Int) -> UInt128? {
        guard ids.contains(id) else { return nil }
        if id == 0 { return one }
        // The base's reciprocal is below 1. So the power of a positive id is inverted at the end, and that of a negative id is not.
        var square = UInt128.max / (one + (UInt128(step) << 64) / 10_000)
        var power = one
        for bit in 0..<bits {
            if (abs(id) >> bit) & 1 == 1 { power = (power * square) >> 64 }
            square = (square * square) >> 64
        }
        guard power > 0 else { return nil }
        return id > 0 ? UInt128.max / power : power
    }
}
