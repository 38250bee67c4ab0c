public import JSON
internal import Orders
internal import Redis

/// An entry that could not be handled, as it was put aside.
public struct DeadLetter: Sendable {
    /// A name and its value, as an entry has them: in order, and perhaps twice.
    public struct Field: Sendable, Hashable {
        /// The name.
        public let name: String
        /// The value.
        public let value: String
    }

    /// Its name.
    public let id: DeadLetterID
    /// Why: MALFORMED, UNKNOWN_ORDER, WRONG_ATTEMPT, WRONG_STATE, POISONED, IN_DOUBT or SQLSTATE_ and the database's code.
    public let reason: String
    /// The short name of the stream: accepted, routed or events.
    public let stream: String
    /// The order that the entry stood for; nil where that could not be read.
    public let orderID: String?
    /// How often the entry had been delivered.
    public let deliveries: Int
    /// When it was given up, in ms of Redis' time.
    public let at: UInt64
    /// The entry's own fields. What is no UTF-8 is replaced, in what is shown only.
    public let fields: [Field]

    /// What a letter keeps the fields of its entry under.
    private static let fieldPrefix = "f:"

    init(id: DeadLetterID, values: [RedisValue]) {
        var own: [String: String] = [:]
        var fields: [Field] = []
        for index in stride(from: 0, to: values.count - 1, by: 2) {
            let name = Self.text(values[index])
            let value = Self.text(values[index + 1])
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

    /// The fields with names that are unique, as an object needs them: a name that comes again is numbered.
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
