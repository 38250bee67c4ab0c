internal import JSON
internal import Orders

/// The progress dialect: a `connection`, a `subscribed`, then one message for each event, with its progress in per cent.
struct ProgressDialect: Dialect {
    static var label: String { "001" }
    static var socket: SocketAddress { .path("/api/orders/status/{id}") }
    static var socketKey: String? { "wsUrl" }
    static var showsOrder: Bool { true }

    func greeting(_ id: OrderID, at time: String) -> [String] {
        [
            ("connection", "Connected to order status stream"),
            ("subscribed", "Subscribed to real-time updates for order \(id)"),
        ].map { type, message in
            JSONWriter.object {
                $0.field("type", type)
                $0.field("orderId", id)
                $0.field("message", message)
                $0.field("timestamp", time)
            }
        }
    }

    mutating func messages(for event: OrderEvent) -> [String] {
        [
            JSONWriter.object {
                $0.field("type", event.type.rawValue)
                $0.field("orderId", event.orderId)
                $0.field("progress", event.progress)
                $0.field("message", event.message)
                writeDetails(of: event, to: &$0)
                $0.field("timestamp", event.timestamp)
            }
        ]
    }

    private func writeDetails(of event: OrderEvent, to writer: inout JSONWriter) {
        switch event.type {
        case .routing where event.progress >= Progress.routed:
            writer.field("quotesFetched", ifPresent: event.quotes?.count)
            writeQuote(event.quote, to: &writer)
        case .building where event.progress < Progress.built:
            writer.field("chosenDex", ifPresent: event.chosenDex)
            writeQuote(event.quote, to: &writer)
        case .submitted:
            writer.field("attempt", ifPresent: event.attempt)
            writer.field("maxAttempts", ifPresent: event.maxAttempts)
        case .confirmed:
            writer.field("txHash", ifPresent: event.txHash)
            writer.field("dex", ifPresent: event.chosenDex)
        case .executionFailed, .retryPending, .failed, .expired: writeSetback(event, to: &writer)
        case .open, .amended, .triggered, .pending, .routing, .building, .cancelled: break
        }
    }

    private func writeSetback(_ event: OrderEvent, to writer: inout JSONWriter) {
        if event.type != .retryPending { writer.field("error", event.error?.message ?? event.message) }
        if event.type == .failed { writer.field("final", true) }
        writer.field("totalAttempts", ifPresent: event.totalAttempts)
        writer.field("transient", ifPresent: event.transient)
        writer.field("retriesRemaining", ifPresent: event.retriesRemaining)
        writer.field("delay", ifPresent: event.delayMs)
        writer.field("nextAttempt", ifPresent: event.nextAttempt)
    }

    private func writeQuote(_ quote: Quote?, to writer: inout JSONWriter) {
        guard let quote else { return }
        writer.object("quote") {
            $0.field("dex", quote.dex)
            $0.field("amountOut", quote.amountOut)
            $0.field("amountOutDecimal", quote.amountOutDecimal)
        }
    }
}
