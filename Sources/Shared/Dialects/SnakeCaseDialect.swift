internal import JSON
internal import Orders

/// The snake-case dialect: one bare status for each change, in snake case. Orders and their answers are in snake case too.
struct SnakeCaseDialect: Dialect {
    static var label: String { "004" }
    static var socket: SocketAddress { .firstMessage("/api/orders/status") }
    static var spelling: OrderSpelling {
        OrderSpelling(
            [.tokenIn: "token_in", .tokenOut: "token_out", .slippage: "max_slippage", .userId: "user_id", .orderType: "order_type"],
            minSlippageBps: 100)
    }

    private var last: StatusChange?

    /// The dialect's other names alone do not prove it: any client may use them.
    static func claims(_ reading: RequestReading) -> Bool { reading.names.contains("token_in") }

    static func answer(_ order: AcceptedOrder) -> String {
        JSONWriter.object {
            $0.field("order_id", order.id)
            $0.field("status", OrderStatus.pending.rawValue)
            order.writeWarnings(to: &$0)
        }
    }

    mutating func messages(for event: OrderEvent) -> [String] {
        let change = StatusChange(event)
        guard change != last else { return [] }
        last = change
        return [
            JSONWriter.object {
                $0.field("order_id", event.orderId)
                $0.field("status", event.status.rawValue)
                $0.field("tx_hash", ifPresent: change.transaction)
                if event.status == .confirmed, let price = event.executedPrice { $0.number("execution_price", price) }
                if event.status == .failed { $0.field("reason", event.message) }
            }
        ]
    }
}
