/// How far the price of a pool of bins has moved lately.
struct BinVolatility: Sendable, Hashable {
    /// How much each crossed bin counts.
    private static let bin: UInt64 = 10_000

    /// The accumulator as the last swap left it (va).
    var accumulator: UInt64 = 0
    /// The rest of earlier moves (vr).
    var reference: UInt64 = 0
    /// The bin from which the current move is counted.
    var indexReference: Int
    /// The time of the last swap, in seconds.
    var lastUpdate: UInt64 = 0

    /// The volatility that a swap at this moment finds. Within the filter period, the move goes on. Then it fades. After the decay period it is
    /// forgotten.
    func found(at time: UInt64, activeBin: Int, fees: BinFees) -> BinVolatility {
        let elapsed = time > lastUpdate ? time - lastUpdate : 0
        guard elapsed >= fees.filterPeriod else { return self }
        var found = self
        found.indexReference = activeBin
        found.reference = elapsed < fees.decayPeriod ? accumulator * fees.reductionFactor / Self.bin : 0
        return found
    }

    /// `min(vr + |index reference - bin| · 10,000, max va)`.
    func accumulator(at bin: Int, fees: BinFees) -> UInt64 {
        min(reference + UInt64(abs(indexReference - bin)) * Self.bin, fees.maxVolatilityAccumulator)
    }
}
