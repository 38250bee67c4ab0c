internal import Orders

/// The fees of a pool of bins: a base fee, and a fee that grows with how far the price has moved lately. Rates are in parts per 10^9.
struct BinFees: Sendable, Hashable {
    /// 100 % as a rate.
    static let precision: UInt128 = 1_000_000_000
    /// No rate is higher: 10 %.
    private static let highestRate: UInt128 = 100_000_000

    /// Basis points between two bins (s).
    var binStep: Int
    /// The base fee for each basis point of the step (B).
    var baseFactor: Int
    /// Powers of ten on the base fee.
    var baseFeePowerFactor = 0
    /// Weight of the variable fee (A); 0 for no variable fee.
    var variableFeeControl: UInt64 = 0
    /// Seconds within which swaps count as one move.
    var filterPeriod: UInt64 = 30
    /// Seconds after which a move is forgotten.
    var decayPeriod: UInt64 = 600
    /// How much of a move is left between the two periods, in basis points (R).
    var reductionFactor: UInt64 = 5000
    var maxVolatilityAccumulator = UInt64(UInt32.max)

    /// `B · s · 10 · 10^power + ceil(A · (va · s)^2 / 10^11)`, at most 10 %.
    func rate(accumulator: UInt64) -> UInt128 {
        let tens = (0..<baseFeePowerFactor).reduce(UInt128(10)) { power, _ in power * 10 }
        let base = UInt128(baseFactor) * UInt128(binStep) * tens
        let move = UInt128(accumulator) * UInt128(binStep)
        // Numbers that do not fit are far beyond the limit.
        let variable = WideArithmetic.multiplyDivide(move * move, UInt128(variableFeeControl), by: 100_000_000_000, .up) ?? Self.highestRate
        return min(base, Self.highestRate) + min(variable, Self.highestRate - min(base, Self.highestRate))
    }

    /// The part of an input that is fee: `ceil(in · rate / 10^9)`.
    static func included(in amount: UInt64, rate: UInt128) -> UInt64 {
        // At most the amount: no rate is above 10 %.
        UInt64(WideArithmetic.divide(UInt128(amount) * rate, by: precision, .up))
    }

    /// The fee that is paid on top of a net amount: `ceil(net · rate / (10^9 - rate))`.
    static func onTop(of net: UInt64, rate: UInt128) -> UInt128 { WideArithmetic.divide(UInt128(net) * rate, by: precision - rate, .up) }
}
