internal import JSON
internal import Orders

/// The engine's own protocol for one order, `/v1/stream?orderId=…`: each canonical event as it was published.
struct NativeDialect: Dialect {
    mutating func messages(for event: OrderEvent) -> [String] {
        [
            JSONWriter.object {
                $0.field("op", "event")
                $0.raw("event", event.text)
            }
        ]
    }
}
