public import JSON

/// The canonical event: one entry of an order's history, as it is stored, published and sent to native clients.
@dynamicMemberLookup
public struct OrderEvent: Sendable, Hashable {
    public var orderId: OrderID
    /// Counts from 1 for each order, without gaps.
    public var seq: Int
    public var type: EventType
    /// The order's status with this event.
    public var status: OrderStatus
    /// Per cent.
    public var progress: Int
    /// UTC, ISO 8601 with milliseconds.
    public var timestamp: String
    /// For people.
    public var message: String
    /// The fields that only some events have. Each reads as a field of the event: `event.quote`.
    public var details = EventDetails()
    /// Members that a newer version has added. They are passed on as they are.
    public var unknown: [JSONMember] = []
    /// The text this event was read from.
    public private(set) var raw: String?

    /// Makes an event with the keys that every event has; the others are set afterwards.
    public init(
        orderId: OrderID, seq: Int, type: EventType, status: OrderStatus, progress: Int, timestamp: String, message: String, attempt: Int? = nil,
        maxAttempts: Int? = nil
    ) {
        self.orderId = orderId
        self.seq = seq
        self.type = type
        self.status = status
        self.progress = progress
        self.timestamp = timestamp
        self.message = message
        details.attempt = attempt
        details.maxAttempts = maxAttempts
    }

    init(
        orderId: OrderID, seq: Int, type: EventType, status: OrderStatus, progress: Int, timestamp: String, message: String, details: EventDetails
    ) {
        self.init(orderId: orderId, seq: seq, type: type, status: status, progress: progress, timestamp: timestamp, message: message)
        self.details = details
    }

    /// A field of `details`.
    public subscript<Value>(dynamicMember field: WritableKeyPath<EventDetails, Value>) -> Value {
        get { details[keyPath: field] }
        set { details[keyPath: field] = newValue }
    }

    /// Keeps the text, for an event that is told to many.
    mutating func keepText() { raw = text }

    /// The text as it was read, so that a stored event is sent on unchanged; `json` if the event was not read from text.
    public var text: String { raw ?? json }
}

extension OrderEvent: JSONWritable {
    /// The JSON text of the fields, without the keys that have no value.
    public var json: String { JSONWriter.value(self) }

    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("orderId", orderId)
            $0.field("seq", seq)
            $0.field("type", type.rawValue)
            $0.field("status", status.rawValue)
            $0.field("progress", progress)
            $0.field("timestamp", timestamp)
            $0.field("message", message)
            for field in EventField.all { field.write(details, &$0) }
            for member in unknown { $0.field(member.name, member.value) }
        }
    }

    /// Reads an event. The first seven keys are required; every key that is there must be of its kind; unknown keys are kept.
    public init(json: JSONValue) throws(RecordError) {
        let record = Record("event", json)
        self.init(
            orderId: try record.value("orderId"), seq: try record.integer("seq", in: 1...Seq.max), type: try record.value("type"),
            status: try record.value("status"), progress: try record.integer("progress", in: 0...100), timestamp: try record.value("timestamp"),
            message: try record.value("message"))
        for field in EventField.all { try field.read(record, &details) }
        unknown = (json.object ?? []).filter { !Self.names.contains($0.name) }
    }

    private static let names: Set<String> =
        Set(["orderId", "seq", "type", "status", "progress", "timestamp", "message"]).union(EventField.all.map(\.name))

    /// Reads the text of an event and keeps it as `raw`.
    public init(parsing text: String) throws(RecordError) {
        try self.init(json: try Record.parse("event", text))
        raw = text
    }
}
