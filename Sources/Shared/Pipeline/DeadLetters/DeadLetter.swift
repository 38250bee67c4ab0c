public import JSON
internal import Orders
internal import Redis

/// An entry that could not be handled and was put aside.
public struct DeadLetter: Sendable {
    /// A name and its value. An entry lists its fields in order, and a name may come twice.
    public struct Field: Sendable, Hashable {
        public let name: String
        public let value: String
    }

    public let id: DeadLetterID
    /// Why: MALFORMED, UNKNOWN_ORDER, WRONG_ATTEMPT, WRONG_STATE, POISONED, IN_DOUBT or SQLSTATE_ and the database's code.
    public let reason: String
    /// The short name of the stream: accepted, routed or events.
    public let stream: String
    /// The order that the entry stood for; nil if that could not be read.
    public let orderID: String?
    /// How often the entry had been delivered.
    public let deliveries: Int
    /// When the entry was given up, in ms of Redis' time.
    public let at: UInt64
    /// The entry's own fields. Bytes that are not UTF-8 are replaced here, but not in Redis.
    public let fields: [Field]

    /// The prefix that a letter gives to the names of its entry's fields.
    private static let fieldPrefix = "f:"

    init(id: DeadLetterID, entry: RedisValue) {
        var own: [String: String] = [:]
        var fields: [Field] = []
        for (name, value) in entry.pairs.map({ (Self.text($0), Self.text($1)) }) {
            if name.hasPrefix(Self.fieldPrefix) {
                fields.append(Field(name: String(name.dropFirst(Self.fieldPrefix.count)), value: value))
            } else {
                own[name] = value
            }
        }
        self.id = id
        reason = own["reason"] ?? ""
        stream = own["stream"] ?? ""
        orderID = own["orderId"].flatMap { $0.isEmpty ? nil : $0 }
        deliveries = own["deliveries"].flatMap { Int($0) } ?? 0
        at = own["at"].flatMap { UInt64($0) } ?? id.milliseconds
        self.fields = fields
    }

    private static func text(_ value: RedisValue) -> String { String(decoding: value.bytes ?? [], as: UTF8.self) }
}

extension DeadLetter: JSONWritable {
    /// Writes the letter as the API shows it.
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("id", id.description)
            $0.field("reason", reason)
            $0.field("stream", stream)
            $0.field("orderId", orNull: orderID)
            $0.field("deliveries", deliveries)
            $0.field("at", Timestamp.text(milliseconds: at))
            $0.object("fields") { writer in for field in namedApart { writer.field(field.name, field.value) } }
        }
    }

    /// The fields with unique names, as a JSON object needs them. A name that comes again gets a number.
    private var namedApart: [Field] {
        var taken: Set<String> = []
        return fields.map { field in
            var name = field.name
            var count = 1
            while !taken.insert(name).inserted {
                count += 1
                name = "\(field.name) (\(count))"
            }
            return Field(name: name, value: field.value)
        }
    }
}
