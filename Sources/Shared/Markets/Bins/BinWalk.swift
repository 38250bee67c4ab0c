internal import Orders

/// The bins that can pay, in the order in which a swap reaches them: from the active bin down if base goes in, up if quote goes in.
///
/// Bins that can pay nothing are skipped. The volatility at a bin depends only on its distance, so skipping changes nothing.
struct BinWalk: Sequence, IteratorProtocol {
    private let pool: BinPool
    private let direction: SwapDirection
    private let volatility: BinVolatility
    private var index: Int

    init(_ pool: BinPool, _ direction: SwapDirection, at time: UInt64) {
        self.pool = pool
        self.direction = direction
        volatility = pool.volatility.found(at: time, activeBin: pool.activeBin, fees: pool.fees)
        switch direction {
        case .baseIn: index = Self.first(pool.bins) { $0.id > pool.activeBin } - 1
        case .quoteIn: index = Self.first(pool.bins) { $0.id >= pool.activeBin }
        }
    }

    mutating func next() -> BinStep? {
        while pool.bins.indices.contains(index) {
            let place = index
            let bin = pool.bins[place]
            index += direction == .baseIn ? -1 : 1
            let available = direction == .baseIn ? bin.quote : bin.base
            if available == 0 { continue }
            return BinStep(
                index: place, id: bin.id, price: bin.price, direction: direction, available: available,
                rate: pool.fees.rate(accumulator: volatility.accumulator(at: bin.id, fees: pool.fees)))
        }
        return nil
    }

    /// The first index from which the condition holds.
    private static func first(_ bins: [BinPool.Bin], where isBeyond: (BinPool.Bin) -> Bool) -> Int {
        var range = bins.startIndex..<bins.endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range = isBeyond(bins[middle]) ? range.lowerBound..<middle : middle + 1..<range.upperBound
        }
        return range.lowerBound
    }
}
