internal import JSON
internal import Orders

/// Reads the events that a query has gathered into one JSON array.
enum StoredEvents {
    /// The database keeps values, not texts: events come back with their own keys and values, in the form that `OrderEvent.json` gives them.
    static func read(_ text: String) throws -> [OrderEvent] {
        try JSONValue.parse(text, maximumDepth: 32).array?.map { try OrderEvent(json: $0) } ?? []
    }
}
