internal import Redis

/// An entry of a stream, as Redis delivers it.
public struct StreamEntry: Sendable {
    public let id: String
    /// Names and values; nil if one of them is not UTF-8 text, or if a name comes twice.
    public let fields: [String: String]?
    /// How often the entry has been delivered, this delivery included.
    public let deliveries: Int

    init?(id: RedisValue, fields values: RedisValue, deliveries: Int) {
        guard let id = id.string, values.array != nil else { return nil }
        var fields: [String: String]? = [:]
        for (name, value) in values.pairs {
            guard let name = name.string, let value = value.string, fields?.updateValue(value, forKey: name) == nil else {
                fields = nil
                break
            }
        }
        self.id = id
        self.fields = fields
        self.deliveries = deliveries
    }

    /// Reads a reply of XREADGROUP for one stream.
    static func list(readGroup reply: RedisValue) -> [StreamEntry] {
        guard let stream = reply.array?.first?.array, stream.count == 2 else { return [] }
        return (stream[1].array ?? []).compactMap { row in
            guard let pair = row.array, pair.count == 2 else { return nil }
            return StreamEntry(id: pair[0], fields: pair[1], deliveries: 1)
        }
    }

    /// Reads the entries in the answer of the script `claim` or `overtake`.
    static func list(claimed reply: RedisValue) -> [StreamEntry] {
        (reply.array ?? []).compactMap { row in
            guard let parts = row.array, parts.count == 3 else { return nil }
            return StreamEntry(id: parts[0], fields: parts[2], deliveries: max(1, parts[1].count))
        }
    }
}
