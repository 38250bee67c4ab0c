public import JSON

/// Whose an order is: the user that an API key is bound to, or else the key itself. An order that was placed without a key has no owner.
///
/// The text is stored with the order: `user:alice`, `key:bot`.
public struct Owner: Sendable, Hashable, CustomStringConvertible {
    public let text: String

    /// An owner as it is stored.
    public init(stored text: String) { self.text = text }

    /// The user that keys are bound to: all keys of the user have the same orders.
    public init(user: UserID) { text = "user:" + user.text }

    /// A key that is bound to no user. Names of keys have no slash.
    public init(key name: String) { text = "key:" + name }

    public var description: String { text }

    /// Whether both have the same bytes.
    public static func == (left: Owner, right: Owner) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) { text.utf8.forEach { hasher.combine($0) } }
}

extension Owner: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.value(string: text) }
}

extension Owner: RecordValue {
    static func read(_ json: JSONValue) -> Owner? { json.string.map(Owner.init(stored:)) }
}
