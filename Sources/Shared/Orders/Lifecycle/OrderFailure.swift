public import JSON

/// A failure, as events show it.
public struct OrderFailure: Error, Sendable, Hashable {
    public let code: FailureCode
    /// One sentence; safe to log and to show.
    public let message: String
    /// Whether trying again can help.
    public let retryable: Bool
    /// The amounts that decided it, if there were any.
    public let amounts: SlippageAmounts?

    /// A failure. Without a message, it has the code's own sentence.
    public init(_ code: FailureCode, message: String? = nil, retryable: Bool? = nil, amounts: SlippageAmounts? = nil) {
        self.code = code
        self.message = message ?? code.sentence
        self.retryable = retryable ?? code.retryable
        self.amounts = amounts
    }

    /// SLIPPAGE_EXCEEDED with its numbers, for example "Price moved 1.8% (max allowed: 1.0%)".
    public static func slippage(expected: BaseUnits, got: BaseUnits, limit: BaseUnits, of order: Order) -> OrderFailure {
        OrderFailure(
            .slippageExceeded, message: slippageSentence(expected: expected, got: got, slippageBps: order.slippageBps),
            amounts: SlippageAmounts(expected: expected, got: got, limit: limit, decimals: order.tokenOut.decimals))
    }

    /// SLIPPAGE_EXCEEDED for a swap that its pool cannot fill any more. Nothing would come out, so the sentence does not speak of a price move.
    ///
    /// - Parameter limit: the minimum that was allowed.
    public static func unfillable(_ quote: Quote, limit: BaseUnits, of order: Order) -> OrderFailure {
        let amount = "\(quote.amountIn.decimalText(decimals: order.tokenIn.decimals)) \(order.tokenIn.symbol)"
        return OrderFailure(
            .slippageExceeded, message: "The pool on \(quote.dex) cannot fill \(amount) any more",
            amounts: SlippageAmounts(expected: quote.amountOut, got: BaseUnits(0), limit: limit, decimals: order.tokenOut.decimals))
    }

    /// The failure with something added to its sentence.
    public func remarking(_ remark: String) -> OrderFailure { OrderFailure(code, message: message + remark, retryable: retryable, amounts: amounts) }

    /// The sentence of `slippage`. The move is rounded up, so that it never looks as if it were within the limit.
    ///
    /// Both numbers have one decimal, or two if the limit needs them, as 0.25 % does.
    public static func slippageSentence(expected: BaseUnits, got: BaseUnits, slippageBps: Int) -> String {
        let decimals = slippageBps % 10 == 0 ? 1 : 2
        let unit: UInt128 = decimals == 1 ? 1000 : 10_000
        let lost = UInt128(expected.value > got.value ? expected.value - got.value : 0)
        let quoted = UInt128(max(1, expected.value))
        let moved = (lost * unit + quoted - 1) / quoted
        let allowed = UInt128(max(0, slippageBps)) / (decimals == 1 ? 10 : 1)
        return "Price moved \(fixed(moved, decimals))% (max allowed: \(fixed(allowed, decimals))%)"
    }

    private static func fixed(_ value: UInt128, _ decimals: Int) -> String {
        let digits = String(value)
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.utf8.count)) + digits
        return padded.dropLast(decimals) + "." + padded.suffix(decimals)
    }
}

extension OrderFailure: JSONWritable {
    /// Writes `{"code","message","retryable"}` and the amounts that are known.
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("code", code.rawValue)
            $0.field("message", message)
            $0.field("retryable", retryable)
            amounts?.write(to: &$0)
        }
    }

    public init(json: JSONValue) throws(RecordError) {
        let record = Record("error", json)
        self.init(
            try record.value("code"), message: try record.value("message"), retryable: json["retryable"]?.bool,
            amounts: try SlippageAmounts(record))
    }
}
