internal import JSON
internal import Orders

/// A constant-product pool: its reserves and its fee; see ``ConstantProduct`` for the arithmetic.
struct ConstantProductPool: PoolPricing {
    static let kind = "cpmm"
    /// Far above any real fee. A higher fee is probably given in the wrong unit.
    private static let highestFeePpm = 100_000

    let reserves: PoolReserves
    let feePpm: Int

    static func read(_ reader: inout PoolReader, base: Token?, quote: Token?) -> ConstantProductPool? {
        let baseReserve = reader.amount("baseReserve", of: base)
        let quoteReserve = reader.amount("quoteReserve", of: quote)
        let fee = reader.integer("feePpm", in: 0...highestFeePpm)
        guard let baseReserve, let quoteReserve, let fee else { return nil }
        return ConstantProductPool(reserves: PoolReserves(base: baseReserve, quote: quoteReserve), feePpm: fee)
    }

    /// The pool seen from the side of the input.
    func curve(_ direction: SwapDirection) -> ConstantProduct {
        switch direction {
        case .baseIn: ConstantProduct(reserveIn: reserves.base, reserveOut: reserves.quote, feePpm: feePpm)
        case .quoteIn: ConstantProduct(reserveIn: reserves.quote, reserveOut: reserves.base, feePpm: feePpm)
        }
    }

    func result(of amountIn: BaseUnits, _ direction: SwapDirection, at time: UInt64) -> SwapResult? {
        let curve = curve(direction)
        guard !curve.reserveIn.value.addingReportingOverflow(amountIn.value).overflow else { return nil }
        return SwapResult(
            amountOut: curve.output(for: amountIn), fee: curve.fee(on: amountIn), feeRate: Proportion(UInt128(feePpm), of: 1_000_000),
            impact: curve.priceImpact(of: amountIn))
    }

    func after(_ amountIn: BaseUnits, _ direction: SwapDirection, at time: UInt64) -> ConstantProductPool? {
        guard let next = curve(direction).after(amountIn: amountIn) else { return nil }
        let reserves =
            switch direction {
            case .baseIn: PoolReserves(base: next.reserveIn, quote: next.reserveOut)
            case .quoteIn: PoolReserves(base: next.reserveOut, quote: next.reserveIn)
            }
        return ConstantProductPool(reserves: reserves, feePpm: feePpm)
    }

    func input(for amountOut: BaseUnits, _ direction: SwapDirection, at time: UInt64) -> BaseUnits? {
        let curve = curve(direction)
        guard let amountIn = curve.input(for: amountOut) else { return nil }
        return curve.reserveIn.value.addingReportingOverflow(amountIn.value).overflow ? nil : amountIn
    }

    func priced(_ numerator: UInt128, over denominator: UInt128) -> ConstantProductPool {
        let base = Self.scaled(reserves.base, by: denominator, over: numerator)
        let quote = Self.scaled(reserves.quote, by: numerator, over: denominator)
        return ConstantProductPool(reserves: PoolReserves(base: base, quote: quote), feePpm: feePpm)
    }

    /// A reserve times the square root of a ratio: `sqrt(x · (x · a / b))`. The product of both reserves stays the same. At least one unit.
    private static func scaled(_ reserve: BaseUnits, by numerator: UInt128, over denominator: UInt128) -> BaseUnits {
        let square = WideArithmetic.multiplyDivide(UInt128(reserve.value), numerator, by: denominator, .down) ?? UInt128(reserve.value)
        return BaseUnits(max(1, UInt64(clamping: WideArithmetic.squareRoot(ofProduct: UInt128(reserve.value), square))))
    }

    func writeFields(to writer: inout JSONWriter, base: Token, quote: Token) {
        writer.field("baseReserve", reserves.base.decimalText(decimals: base.decimals))
        writer.field("quoteReserve", reserves.quote.decimalText(decimals: quote.decimals))
        writer.field("feePpm", feePpm)
    }
}
