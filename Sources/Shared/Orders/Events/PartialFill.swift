public import JSON

/// The part of an order that has landed.
public struct PartialFill: Sendable, Hashable {
    /// The input, in base units.
    public let amountIn: BaseUnits
    /// `amountIn` in whole tokens.
    public let amountInDecimal: String
    /// The output, in base units.
    public let amountOut: BaseUnits
    /// `amountOut` in whole tokens.
    public let amountOutDecimal: String

    /// A fill of these amounts.
    public init(amountIn: BaseUnits, amountOut: BaseUnits, inputDecimals: Int, outputDecimals: Int) {
        self.amountIn = amountIn
        self.amountOut = amountOut
        amountInDecimal = amountIn.decimalText(decimals: inputDecimals)
        amountOutDecimal = amountOut.decimalText(decimals: outputDecimals)
    }

    /// The text that is added to the sentence of an order's failure: `; 6.2 of 10 SOL were filled for 930.1 USDC`.
    public func remark(on order: Order) -> String {
        "; \(amountInDecimal) of \(order.amount) \(order.tokenIn.symbol) were filled for \(amountOutDecimal) \(order.tokenOut.symbol)"
    }
}

extension PartialFill: JSONWritable {
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("amountIn", amountIn)
            $0.field("amountInDecimal", amountInDecimal)
            $0.field("amountOut", amountOut)
            $0.field("amountOutDecimal", amountOutDecimal)
        }
    }

    public init(json: JSONValue) throws(RecordError) {
        let record = Record("filled", json)
        amountIn = try record.value("amountIn")
        amountInDecimal = try record.value("amountInDecimal")
        amountOut = try record.value("amountOut")
        amountOutDecimal = try record.value("amountOutDecimal")
    }
}
