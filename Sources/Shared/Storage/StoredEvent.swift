internal import JSON
internal import Orders

/// An event as it comes from the stream: texts, which only the database looks into.
public struct StoredEvent: Sendable, Hashable {
    /// The order's id.
    public let orderID: String
    /// The event's number, from 1.
    public let seq: Int
    /// The canonical event in JSON.
    public let event: String
    /// What never changes of the order, in JSON, as `Order.json` writes it: with it each event can be stored alone.
    public let order: String

    /// An event by its parts.
    public init(orderID: String, seq: Int, event: String, order: String) {
        self.orderID = orderID
        self.seq = seq
        self.event = event
        self.order = order
    }
}

/// Reads the events that a query has gathered into one JSON array.
enum StoredEvents {
    /// The database keeps values, not texts: events come back with their own keys and values, in the form that `OrderEvent.json` gives them.
    static func read(_ text: String) throws -> [OrderEvent] {
        try JSONValue.parse(text, maxDepth: 32).array?.map { try OrderEvent(json: $0) } ?? []
    }
}
