import JSON

/// What makes a request the same as an earlier one: the user, the key, and the members as they are written. It depends on no clock and no
/// configuration, so a repeated request is recognised even if it would be refused today.
public struct RequestClaim: Sendable, Hashable {
    /// The user that the order is for; nil for none.
    public var userId: UserID?
    /// Whose the order will be; nil for nobody's.
    public var owner: Owner?
    public let key: String
    /// 32 hexadecimal digits. They are equal for requests whose members are written alike, in any order and with any white space.
    public let digest: String

    /// Within what `key` is one key.
    public var scope: IdempotencyScope { IdempotencyScope(owner: owner, user: userId) }

    /// - Parameter isPair: whether two orders are asked for. The body of a pair that is sent as one order is no repetition of the pair.
    init(userId: UserID?, key: String, fields: RequestFields, isPair: Bool = false) {
        self.userId = userId
        self.key = key
        // The key finds the request. Whether the key is also in the body does not matter.
        let keyNames = fields.vocabulary.names(of: .clientOrderId)
        let members = (fields.body.object ?? []).filter { !$0.value.isNull && !keyNames.contains($0.name) }
        let sorted = members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        digest = Self.digest((isPair ? "oco" : "") + JSONWriter.value(JSONValue.object(sorted)))
    }

    /// A client that finds two requests of one digest gets the first one's answer to both. That happens under its own key, so it harms no other
    /// client.
    private static func digest(_ text: String) -> String {
        let digits = String(FNV1a.hash128(text.utf8), radix: 16)
        return String(repeating: "0", count: 32 - digits.utf8.count) + digits
    }
}
