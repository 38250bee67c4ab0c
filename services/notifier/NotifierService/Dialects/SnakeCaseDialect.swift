internal import JSON
internal import Orders

/// Document 004, `/api/orders/status`, where the client's first message is the id: the bare status, in snake case.
struct SnakeCaseDialect: Dialect {
    private var last: StatusChange?

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
