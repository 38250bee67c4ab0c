/// How far the price of a pool of bins has moved lately.
struct BinVolatility: Sendable, Hashable {
    /// A bin crossed counts this much.
    private static let bin: UInt64 = 10_000

    /// What the last swap left (va).
    var accumulator: UInt64 = 0
    /// What is left of earlier moves (vr).
    var reference: UInt64 = 0
    /// The bin from which the present move is counted.
    var indexReference: Int
    /// When a swap last came, in seconds.
    var lastUpdate: UInt64 = 0

    /// As a swap at this moment finds it: within the filter period one move goes on, then it fades, and is forgotten after the decay period.
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
