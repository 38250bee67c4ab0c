internal import Orders

/// One bin on the way of a swap.
struct BinStep {
    let index: Int
    let id: Int
    let price: UInt128
    let direction: SwapDirection
    /// The most that the bin can pay; above 0.
    let available: UInt64
    /// The fee here, in parts per 10^9.
    let rate: UInt128

    /// The amounts that go into a bin and come out of it.
    struct Exchange {
        let amountIn: UInt64
        let fee: UInt64
        let amountOut: UInt64

        var net: UInt64 { amountIn - fee }
    }

    /// The swap of as much of an input as the bin takes. At most `ceil(available / price)` plus the fee, which empties the bin.
    func exchange(upTo amountIn: UInt64) -> Exchange {
        if let all = emptying, amountIn > all.amountIn { return all }
        let fee = BinFees.included(in: amountIn, rate: rate)
        // The input that empties a bin is rounded up, so it could pay for one unit more than the bin holds.
        let amountOut = min(output(for: amountIn - fee), UInt128(available))
        return Exchange(amountIn: amountIn, fee: fee, amountOut: UInt64(amountOut))
    }

    /// The swap that pays exactly `amountOut`, at most what is available; nil if the input would not fit 64 bits.
    func exchange(for amountOut: UInt64) -> Exchange? {
        guard let net = UInt64(exactly: input(for: amountOut)), let fee = UInt64(exactly: BinFees.onTop(of: net, rate: rate)) else { return nil }
        let (amountIn, overflow) = net.addingReportingOverflow(fee)
        return overflow ? nil : Exchange(amountIn: amountIn, fee: fee, amountOut: amountOut)
    }

    /// The output for a net amount at this price, rounded down, as if the bin were infinite.
    func output(for net: UInt64) -> UInt128 {
        switch direction {
        case .baseIn: Self.multiply(net, price, .down)
        case .quoteIn: WideArithmetic.shiftDivide(net, by: price, .down)
        }
    }

    /// The swap that empties the bin; nil if no 64 bits of input can empty it.
    private var emptying: Exchange? { exchange(for: available) }

    private func input(for amountOut: UInt64) -> UInt128 {
        switch direction {
        case .baseIn: WideArithmetic.shiftDivide(amountOut, by: price, .up)
        case .quoteIn: Self.multiply(amountOut, price, .up)
        }
    }

    /// 64 bits times a Q64.64 price have at most 128 bits before the point.
    private static func multiply(_ amount: UInt64, _ price: UInt128, _ rounding: Rounding) -> UInt128 {
        WideArithmetic.multiplyShift(UInt128(amount), price, rounding) ?? .max
    }
}
