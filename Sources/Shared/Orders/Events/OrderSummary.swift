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
            $0.field("orderType", order.orderType)
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
