public import JSON

/// One pool of a quote that goes over several.
public struct QuoteHop: Sendable, Hashable {
    /// The pool's address.
    public let pool: String
    /// The symbol of the input token.
    public let tokenIn: String
    /// The symbol of the output token.
    public let tokenOut: String
    /// The input in base units of `tokenIn`.
    public let amountIn: BaseUnits
    /// `amountIn` in whole tokens; nil only if an older version wrote the hop.
    public let amountInDecimal: String?
    /// The output in base units of `tokenOut`.
    public let amountOut: BaseUnits
    /// `amountOut` in whole tokens; nil only if an older version wrote the hop.
    public let amountOutDecimal: String?

    /// A hop from one token to another.
    public init(pool: String, from tokenIn: Token, to tokenOut: Token, amountIn: BaseUnits, amountOut: BaseUnits) {
        self.pool = pool
        self.tokenIn = tokenIn.symbol
        self.tokenOut = tokenOut.symbol
        self.amountIn = amountIn
        amountInDecimal = amountIn.decimalText(decimals: tokenIn.decimals)
        self.amountOut = amountOut
        amountOutDecimal = amountOut.decimalText(decimals: tokenOut.decimals)
    }

    public init(json: JSONValue) throws(RecordError) {
        let record = Record("hop", json)
        pool = try record.value("pool")
        tokenIn = try record.value("tokenIn")
        tokenOut = try record.value("tokenOut")
        amountIn = try record.value("amountIn")
        amountInDecimal = try record.optional("amountInDecimal")
        amountOut = try record.value("amountOut")
        amountOutDecimal = try record.optional("amountOutDecimal")
    }
}

extension QuoteHop: JSONWritable {
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("pool", pool)
            $0.field("tokenIn", tokenIn)
            $0.field("tokenOut", tokenOut)
            $0.field("amountIn", amountIn)
            $0.field("amountInDecimal", ifPresent: amountInDecimal)
            $0.field("amountOut", amountOut)
            $0.field("amountOutDecimal", ifPresent: amountOutDecimal)
        }
    }
}
