internal import Orders

/// A pool whose liquidity lies in bins. Each bin has one price (Meteora's DLMM).
///
/// Fees are taken from the input and do not go into the bins, as in the DLMM program.
struct BinPool: PoolPricing {
    /// The liquidity at one price.
    struct Bin: Sendable, Hashable {
        let id: Int
        /// In Q64.64; see ``BinPrice``.
        let price: UInt128
        var base: UInt64
        var quote: UInt64
    }

    static let kind = "dlmm"

    /// In the order of their ids. Each id occurs once.
    private(set) var bins: [Bin]
    private(set) var activeBin: Int
    let fees: BinFees
    private(set) var volatility: BinVolatility
    private(set) var reserves: PoolReserves

    /// - Precondition: the bins have distinct ids, and the sum of each token over all bins fits 64 bits.
    init(bins: [Bin], activeBin: Int, fees: BinFees, volatility: BinVolatility? = nil) {
        self.bins = bins.sorted { $0.id < $1.id }
        self.activeBin = activeBin
        self.fees = fees
        self.volatility = volatility ?? BinVolatility(indexReference: activeBin)
        reserves = PoolReserves(base: BaseUnits(bins.reduce(0) { $0 + $1.base }), quote: BaseUnits(bins.reduce(0) { $0 + $1.quote }))
    }

    func result(of amountIn: BaseUnits, _ direction: SwapDirection, at time: UInt64) -> SwapResult? {
        var sum = SwapSum()
        guard fits(amountIn, direction), walk(amountIn.value, direction, at: time, visit: { sum.add($0, $1) }) else { return nil }
        return sum.result
    }

    func after(_ amountIn: BaseUnits, _ direction: SwapDirection, at time: UInt64) -> BinPool? {
        guard fits(amountIn, direction) else { return nil }
        var next = self
        var last: BinStep?
        let isFilled = walk(amountIn.value, direction, at: time) { step, exchange in
            next.move(exchange, direction, bin: step.index)
            last = step
        }
        guard isFilled else { return nil }
        if let last { next.activeBin = last.id }
        next.volatility = volatility.found(at: time, activeBin: activeBin, fees: fees)
        next.volatility.accumulator = next.volatility.accumulator(at: next.activeBin, fees: fees)
        next.volatility.lastUpdate = max(time, volatility.lastUpdate)
        return next
    }

    func input(for amountOut: BaseUnits, _ direction: SwapDirection, at time: UInt64) -> BaseUnits? {
        var wanted = amountOut.value
        var amountIn: UInt64 = 0
        for step in BinWalk(self, direction, at: time) {
            if wanted == 0 { break }
            guard let exchange = step.exchange(for: min(wanted, step.available)) else { return nil }
            let (sum, overflow) = amountIn.addingReportingOverflow(exchange.amountIn)
            if overflow { return nil }
            amountIn = sum
            wanted -= exchange.amountOut
        }
        return wanted == 0 && fits(BaseUnits(amountIn), direction) ? BaseUnits(amountIn) : nil
    }

    /// Visits the bins of a swap, each with its exchange. False if a part of the input is left after the last bin.
    private func walk(_ amountIn: UInt64, _ direction: SwapDirection, at time: UInt64, visit: (BinStep, BinStep.Exchange) -> Void) -> Bool {
        var left = amountIn
        var steps = BinWalk(self, direction, at: time)
        while left > 0, let step = steps.next() {
            let exchange = step.exchange(upTo: left)
            left -= exchange.amountIn
            visit(step, exchange)
        }
        return left == 0
    }

    /// Whether the pool's sum of the input token still fits 64 bits after this input.
    private func fits(_ amountIn: BaseUnits, _ direction: SwapDirection) -> Bool {
        let held = direction == .baseIn ? reserves.base : reserves.quote
        return !held.value.addingReportingOverflow(amountIn.value).overflow
    }

    /// The bins keep their amounts and get other prices.
    func priced(_ numerator: UInt128, over denominator: UInt128) -> BinPool {
        var next = self
        for index in bins.indices {
            let price = WideArithmetic.multiplyDivide(bins[index].price, numerator, by: denominator, .down) ?? bins[index].price
            next.bins[index] = Bin(id: bins[index].id, price: max(1, price), base: bins[index].base, quote: bins[index].quote)
        }
        return next
    }

    private mutating func move(_ exchange: BinStep.Exchange, _ direction: SwapDirection, bin index: Int) {
        switch direction {
        case .baseIn:
            bins[index].base += exchange.net
            bins[index].quote -= exchange.amountOut
            reserves.base = BaseUnits(reserves.base.value + exchange.net)
            reserves.quote = BaseUnits(reserves.quote.value - exchange.amountOut)
        case .quoteIn:
            bins[index].quote += exchange.net
            bins[index].base -= exchange.amountOut
            reserves.quote = BaseUnits(reserves.quote.value + exchange.net)
            reserves.base = BaseUnits(reserves.base.value - exchange.amountOut)
        }
    }
}

/// Adds up the exchanges of all bins of a swap.
private struct SwapSum {
    private var first: BinStep?
    private var isOneBin = true
    private var amountIn: UInt64 = 0
    private var fee: UInt64 = 0
    private var amountOut: UInt64 = 0
    private var weightedRate: UInt128 = 0

    mutating func add(_ step: BinStep, _ exchange: BinStep.Exchange) {
        if first == nil { first = step } else { isOneBin = false }
        amountIn += exchange.amountIn
        fee += exchange.fee
        amountOut += exchange.amountOut
        weightedRate += step.rate * UInt128(exchange.amountIn)
    }

    var result: SwapResult {
        SwapResult(
            amountOut: BaseUnits(amountOut), fee: BaseUnits(fee),
            feeRate: amountIn == 0 ? .none : Proportion(weightedRate / UInt128(amountIn), of: BinFees.precision), impact: impact)
    }

    /// Compares with the price of the first bin that pays. A swap inside one bin has no impact.
    private var impact: Proportion {
        guard !isOneBin, let ideal = first?.output(for: amountIn - fee), ideal > UInt128(amountOut) else { return .none }
        return Proportion(ideal - UInt128(amountOut), of: ideal)
    }
}
