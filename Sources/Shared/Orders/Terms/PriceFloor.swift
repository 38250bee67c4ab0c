/// The least output at a limit price. It is a floor on the fill, whatever the slippage says.
public struct PriceFloor: Sendable {
    private let limit: PriceLevel
    private let priced: PricedToken
    /// Not negative, because no token has more decimals than a price.
    private let shift: Int

    /// The floor of an order; nil if it has no limit price.
    init?(_ order: Order) {
        guard let terms = order.terms, let limit = terms.limitPrice else { return nil }
        self.init(limit, priced: terms.priced, inputDecimals: order.tokenIn.decimals, outputDecimals: order.tokenOut.decimals)
    }

    init(_ limit: PriceLevel, priced: PricedToken, inputDecimals: Int, outputDecimals: Int) {
        self.limit = limit
        self.priced = priced
        shift = priced == .tokenIn ? PriceLevel.decimals + inputDecimals - outputDecimals : PriceLevel.decimals + outputDecimals - inputDecimals
    }

    /// The least output for an input, rounded up. For a sale that is `amountIn · limit`, for a purchase `amountIn / limit`. Nil if no amount is that
    /// large, so that nothing can fill it.
    public func leastOut(for amountIn: BaseUnits) -> BaseUnits? {
        let (amount, power) = (UInt128(amountIn.value), Ratio.power(shift))
        let units =
            switch priced {
            case .tokenIn: WideArithmetic.multiplyDivide(amount, limit.units, by: power, .up)
            case .tokenOut: WideArithmetic.multiplyDivide(amount, power, by: limit.units, .up)
            }
        return units.flatMap { UInt64(exactly: $0) }.map { BaseUnits(max(1, $0)) }
    }
}
