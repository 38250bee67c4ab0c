internal import Dialects
internal import Orders

/// The engine's own protocol for one order, `/v1/stream?orderId=…`. Sends each canonical event as it was published; the first one carries the order.
struct NativeDialect: Dialect {
    static var label: String { "native" }
    static var socket: SocketAddress { .query("/v1/stream", parameter: "orderId") }

    static var knowsWaiting: Bool { true }

    /// The order as it was placed, for the next message.
    private var introduction: Order?

    mutating func introduce(_ order: Order) { introduction = order }

    mutating func messages(for event: OrderEvent) -> [String] {
        defer { introduction = nil }
        return [NativeReply.event(event, of: introduction)]
    }

    mutating func rewinding(_ id: OrderID, to seq: Int) -> [String] { [NativeError.seqAhead(id, seq: seq).frame] }
}
