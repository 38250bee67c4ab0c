public import JSON

/// One pool on the way of a quote that leads over several.
public struct QuoteHop: Sendable, Hashable {
    /// The pool's address.
    public let pool: String
    /// The symbol of what goes in.
    public let tokenIn: String
    /// The symbol of what comes out.
    public let tokenOut: String
    /// In base units of `tokenIn`.
    public let amountIn: BaseUnits
    /// In base units of `tokenOut`.
    public let amountOut: BaseUnits

    /// A hop.
    public init(pool: String, tokenIn: String, tokenOut: String, amountIn: BaseUnits, amountOut: BaseUnits) {
        self.pool = pool
        self.tokenIn = tokenIn
        self.tokenOut = tokenOut
        self.amountIn = amountIn
        self.amountOut = amountOut
    }

    /// Reads what `write` has written.
    public init(json: JSONValue) throws(RecordError) {
        let record = Record("hop", json)
        self.init(
            pool: try record.text("pool"), tokenIn: try record.text("tokenIn"), tokenOut: try record.text("tokenOut"),
            amountIn: try record.units("amountIn"), amountOut: try record.units("amountOut"))
    }
}

extension QuoteHop: JSONWritable {
    /// Writes the object as quotes show it.
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("pool", pool)
            $0.field("tokenIn", tokenIn)
            $0.field("tokenOut", tokenOut)
            $0.field("amountIn", amountIn)
            $0.field("amountOut", amountOut)
        }
    }
}
