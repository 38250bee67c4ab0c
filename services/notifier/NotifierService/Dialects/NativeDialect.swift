internal import Orders

/// The engine's own protocol for one order, `/v1/stream?orderId=…`: each canonical event as it was published.
struct NativeDialect: Dialect {
    mutating func messages(for event: OrderEvent) -> [String] { [NativeReply.event(event)] }

    mutating func rewinding(_ id: OrderID, to seq: Int) -> [String] { [NativeError.seqAhead(id, seq: seq).frame] }
}
