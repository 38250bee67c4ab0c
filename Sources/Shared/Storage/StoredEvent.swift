internal import JSON
internal import Orders

/// An event as it comes from the stream: texts that only the database parses.
public struct StoredEvent: Sendable, Hashable {
    public let orderID: String
    /// The event's number, from 1.
    public let seq: Int
    /// The canonical event in JSON.
    public let event: String
    /// The unchanging fields of the order in JSON, as `Order.json` writes them. With them each event can be stored alone.
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
    /// Parses the array. The database keeps values, not texts, so the events come back in the form of `OrderEvent.json`.
    static func read(_ text: String) throws -> [OrderEvent] { try JSONValue.parse(text, maxDepth: 32).array?.map { try OrderEvent(json: $0) } ?? [] }
}
