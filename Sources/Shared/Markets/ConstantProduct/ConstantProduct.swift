public import Orders

/// A constant-product pool (x · y = k) seen from one direction at one moment. The integer arithmetic is that of Raydium's CPMM program: every
/// rounding is in favour of the pool.
public struct ConstantProduct: Sendable, Equatable {
    /// The pool's reserve of the input token (x).
    public let reserveIn: BaseUnits
    /// The pool's reserve of the output token (y).
    public let reserveOut: BaseUnits
    /// The fee on the input, in parts per million: below 1,000,000.
    public let feePpm: Int

    private static let million: UInt128 = 1_000_000

    /// - Precondition: `feePpm` from 0 to 999,999.
    public init(reserveIn: BaseUnits, reserveOut: BaseUnits, feePpm: Int) {
        precondition(0..<1_000_000 ~= feePpm)
        self.reserveIn = reserveIn
        self.reserveOut = reserveOut
        self.feePpm = feePpm
    }

    /// The fee on an input: `ceil(in · rate / 10^6)`.
    public func fee(on amountIn: BaseUnits) -> BaseUnits {
        let (fee, remainder) = (UInt128(amountIn.value) * UInt128(feePpm)).quotientAndRemainder(dividingBy: Self.million)
        return BaseUnits(UInt64(fee) + (remainder > 0 ? 1 : 0))
    }

    /// The output for an input: `net = in - fee`, `floor(net · y / (x + net))`. Always below the reserve; 0 for an empty pool.
    public func output(for amountIn: BaseUnits) -> BaseUnits {
        guard reserveIn.value > 0 else { return BaseUnits(0) }
        let net = net(of: amountIn)
        // Two 64-bit factors: the product fits 128 bits, and the quotient is below the second.
        return BaseUnits(UInt64(net * UInt128(reserveOut.value) / (UInt128(reserveIn.value) + net)))
    }

    /// The smallest input with an output of at least `amountOut`: `net = ceil(x · out / (y - out))`, `in = ceil(net · 10^6 / (10^6 - rate))`.
    /// - Returns: nil if the pool does not hold more than `amountOut`, or if the input would not fit 64 bits.
    public func input(for amountOut: BaseUnits) -> BaseUnits? {
        guard amountOut.value > 0 else { return BaseUnits(0) }
        guard reserveIn.value > 0, amountOut < reserveOut else { return nil }
        let net = WideArithmetic.divide(UInt128(reserveIn.value) * UInt128(amountOut.value), by: UInt128(reserveOut.value - amountOut.value), .up)
        // This also keeps the next product within 128 bits.
        guard net <= UInt128(UInt64.max) else { return nil }
        let amountIn = WideArithmetic.divide(net * Self.million, by: Self.million - UInt128(feePpm), .up)
        return UInt64(exactly: amountIn).map(BaseUnits.init)
    }

    /// How far the paid price is from the pool's price, without the fee: `1 - (out / net) / (y / x) = net / (x + net)`.
    func priceImpact(of amountIn: BaseUnits) -> Proportion {
        let net = net(of: amountIn)
        return net == 0 ? .none : Proportion(net, of: UInt128(reserveIn.value) + net)
    }

    /// The pool after a swap, seen from the same direction. The fee stays in the pool. Nil if its reserve would not fit 64 bits.
    public func after(amountIn: BaseUnits) -> ConstantProduct? {
        let (grown, overflow) = reserveIn.value.addingReportingOverflow(amountIn.value)
        guard !overflow else { return nil }
        let shrunk = reserveOut.value - output(for: amountIn).value
        return ConstantProduct(reserveIn: BaseUnits(grown), reserveOut: BaseUnits(shrunk), feePpm: feePpm)
    }

    private func net(of amountIn: BaseUnits) -> UInt128 { UInt128(amountIn.value - fee(on: amountIn).value) }
}
