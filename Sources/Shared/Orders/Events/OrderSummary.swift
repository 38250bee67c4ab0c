public import JSON

/// The order as a stream shows it beside the order's first event: all that a client needs to make sense of the events.
public struct OrderSummary: Sendable, Hashable {
    private let order: Order

    public init(_ order: Order) { self.order = order }
}

extension OrderSummary: JSONWritable {
    /// Writes the object, without the keys that have no value.
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("orderId", order.id)
            $0.field("clientOrderId", ifPresent: order.clientOrderId)
            $0.field("userId", ifPresent: order.userId)
            $0.field("orderType", order.orderType.rawValue)
            order.writeTerms(to: &$0)
            $0.field("tokenIn", order.tokenIn.symbol)
            $0.field("tokenOut", order.tokenOut.symbol)
            $0.field("tokenInMint", order.tokenIn.mint)
            $0.field("tokenOutMint", order.tokenOut.mint)
            $0.field("amountIn", order.amountIn)
            $0.field("amountInDecimal", order.amount)
            $0.field("slippageBps", order.slippageBps)
            $0.field("deadline", ifPresent: order.deadline.map { Timestamp.text(milliseconds: $0) })
            $0.field("createdAt", Timestamp.text(milliseconds: order.createdAt))
        }
    }
}

extension Order {
    /// Writes the members of an order that is not a market order; none for a market order.
    func writeTerms(to writer: inout JSONWriter) {
        if let terms {
            writer.field("priceToken", terms.priced == .tokenIn ? tokenIn.symbol : tokenOut.symbol)
            writer.field("limitPrice", ifPresent: terms.limitPrice)
            writer.field("triggerPrice", ifPresent: terms.triggerPrice)
            writer.field("triggerCondition", ifPresent: orderType == .sniper ? nil : terms.condition(of: orderType).rawValue)
            writer.field("trailingBps", ifPresent: terms.trailingBps)
            writer.field("minLiquidity", ifPresent: terms.minLiquidity?.decimalText(decimals: tokenIn.decimals))
            writer.field("timeInForce", terms.timeInForce.rawValue)
            writer.field("expiresAt", ifPresent: terms.expiresAt.map { Timestamp.text(milliseconds: $0) })
        }
        writer.field("ocoOrderId", ifPresent: oco)
        writer.field("thenOrderIds", ifPresent: then.isEmpty ? nil : then.map(\.id))
    }
}
