public import JSON

/// Whose an order is: the user that an API key is bound to, or else the key itself. An order that was placed without a key has no owner.
///
/// The text is stored with the order: `user:alice`, `key:bot`.
public struct Owner: ExactText {
    public let text: String

    /// An owner as it is stored.
    public init(stored text: String) { self.text = text }

    /// The user that keys are bound to: all keys of the user have the same orders.
    public init(user: UserID) { text = "user:" + user.text }

    /// A key that is bound to no user. Names of keys have no slash.
    public init(key name: String) { text = "key:" + name }
}

extension Owner: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.value(string: text) }
}

extension Owner: RecordValue {
    static func read(_ json: JSONValue) -> Owner? { json.string.map(Owner.init(stored:)) }
}
