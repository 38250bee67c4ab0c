internal import JSON
internal import Orders

/// The status-update dialect: one `status_update` for each event but building (70), with the dialect's own texts. Orders name their tokens and a
/// user, or an `amountIn`.
struct StatusUpdateDialect: Dialect {
    static var label: String { "002_003" }
    static var socket: SocketAddress { .path("/ws/orders/{id}") }
    static var socketKey: String? { "websocketUrl" }
    static var spelling: OrderSpelling { OrderSpelling([.tokenIn: "inputToken", .tokenOut: "outputToken", .amount: "amountIn"], requiresUser: true) }

    mutating func messages(for event: OrderEvent) -> [String] {
        guard let message = Self.message(event) else { return [] }
        return [
            JSONWriter.object {
                $0.field("type", "status_update")
                $0.field("orderId", event.orderId)
                $0.field("status", event.status.rawValue)
                $0.field("timestamp", event.timestamp)
                $0.field("message", message)
                $0.field("chosenDex", ifPresent: event.chosenDex.map(Self.display))
                $0.field("txHash", ifPresent: event.txHash)
                if event.type == .confirmed, let price = event.executedPrice {
                    $0.number("executionPrice", price)
                    $0.field("executedPrice", price)
                    $0.field("amountOut", ifPresent: event.amountOutDecimal)
                }
            }
        ]
    }

    /// The text of an event's message; nil if this dialect does not show the event.
    private static func message(_ event: OrderEvent) -> String? {
        switch event.type {
        case .open, .amended, .triggered, .pending: event.message
        case .routing where event.progress < Progress.routed: "Fetching quotes from Raydium & Meteora..."
        case .routing: "Best route: \(display(event.chosenDex ?? ""))"
        case .building where event.progress < Progress.built: "Building transaction..."
        case .building: nil
        case .submitted: "Transaction submitted to network..."
        case .confirmed: "Swap executed successfully"
        case .executionFailed, .retryPending, .failed, .cancelled, .expired: event.message
        }
    }

    /// A venue's name with a capital letter; `Raydium+Meteora` for a split order.
    private static func display(_ dex: String) -> String {
        dex.split(separator: "+").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined(separator: "+")
    }
}
