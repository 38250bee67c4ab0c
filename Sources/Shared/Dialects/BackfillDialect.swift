internal import JSON
internal import Orders

/// The backfill dialect: one `backfill` with the history so far, then one `status_update` for each change of status.
struct BackfillDialect: Dialect {
    static var label: String { "000" }
    static var socket: SocketAddress { .query("/api/orders/execute", parameter: "orderId") }

    /// The newest list of quotes. Only two kinds of events carry it, but each message about `building` shows it.
    private var quotes: [Quote] = []
    private var last: StatusChange?

    mutating func replay(_ events: [OrderEvent]) -> [String] {
        for event in events { _ = learn(event) }
        guard let newest = events.last else { return [] }
        return [
            JSONWriter.object {
                $0.field("type", "backfill")
                $0.field("status", newest.status.rawValue)
                $0.array("logs") { logs in
                    for event in events {
                        logs.object {
                            $0.field("timestamp", event.timestamp)
                            $0.field("status", event.status.rawValue)
                            $0.field("message", event.message)
                        }
                    }
                }
                writeDetails(of: newest, to: &$0)
            }
        ]
    }

    mutating func messages(for event: OrderEvent) -> [String] {
        guard learn(event) else { return [] }
        return [
            JSONWriter.object {
                $0.field("type", "status_update")
                $0.field("orderId", event.orderId)
                $0.field("status", event.status.rawValue)
                $0.field("timestamp", event.timestamp)
                writeDetails(of: event, to: &$0)
            }
        ]
    }

    /// Takes in an event. Returns whether it is news to the client.
    private mutating func learn(_ event: OrderEvent) -> Bool {
        quotes = event.quotes ?? quotes
        let change = StatusChange(event)
        defer { last = change }
        return change != last
    }

    private func writeDetails(of event: OrderEvent, to writer: inout JSONWriter) {
        switch event.status {
        case .building:
            writer.field("raydiumQuote", ifPresent: price(of: "raydium"))
            writer.field("meteoraQuote", ifPresent: price(of: "meteora"))
            writer.field("selectedDex", ifPresent: event.chosenDex)
        case .confirmed:
            writer.field("txHash", ifPresent: event.txHash)
            writer.field("executedPrice", ifPresent: event.executedPrice)
            writer.field("amountOut", ifPresent: event.amountOutDecimal)
            writer.field("dexUsed", ifPresent: event.chosenDex)
        case .failed, .expired:
            writer.field("failureReason", event.message)
            writer.field("attempt", ifPresent: event.attempt)
            writer.field("maxAttempts", ifPresent: event.maxAttempts)
        case .open, .pending, .routing, .submitted, .cancelled: break
        }
    }

    /// The price of a venue's best quote; nil if the venue gave none.
    private func price(of dex: String) -> String? { quotes.first { $0.dex == dex }?.price.description }
}
