public import JSON

extension OrderView {
    /// Writes what a row of a list needs: the order's size and standing without quotes, legs and logs. Names and values are those of the whole.
    public func writeSummary(to writer: inout JSONWriter) {
        writer.object {
            $0.field("id", order.id)
            $0.field("orderId", order.id)
            $0.field("tokenIn", order.tokenIn.symbol)
            $0.field("tokenOut", order.tokenOut.symbol)
            $0.field("amountInDecimal", order.amount)
            $0.field("status", status.rawValue)
            $0.field("userId", orNull: order.userId)
            $0.field("chosenDex", orNull: chosenDex)
            $0.field("amountOutDecimal", orNull: amountOutDecimal)
            $0.field("realisedSlippageBps", orNull: realisedSlippageBps)
            $0.field("attempts", attempts)
            $0.field("lastError", orNull: lastError)
            $0.field("createdAt", Timestamp.text(milliseconds: order.createdAt))
            $0.field("updatedAt", updatedAt)
        }
    }
}
