import JSON

/// What makes a request the same as one that came before: who asks, under which key, for what as it is written. It needs no clock and no
/// configuration, so that a request which would be refused today is still known.
public struct RequestClaim: Sendable, Hashable {
    /// Who asks; nil for none.
    public let userId: UserID?
    /// The idempotency key.
    public let key: String
    /// 32 hexadecimal digits, equal for requests whose members are written alike, in any order and with any white space.
    public let digest: String

    init(userId: UserID?, key: String, fields: RequestFields) {
        self.userId = userId
        self.key = key
        // The key is how the request is found; whether it stands in the body does not matter.
        let keyNames = fields.vocabulary.names(of: .clientOrderId)
        let members = (fields.body.object ?? []).filter { !$0.value.isNull && !keyNames.contains($0.name) }
        let sorted = members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        digest = Self.digest(JSONWriter.value(JSONValue.object(sorted)))
    }

    /// Who finds two requests of one digest gets the first one's answer to both, under a key of their own.
    private static func digest(_ text: String) -> String {
        let digits = String(FNV1a.hash128(text.utf8), radix: 16)
        return String(repeating: "0", count: 32 - digits.utf8.count) + digits
    }
}
