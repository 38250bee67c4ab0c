/// Within what an idempotency key is one key: for each owner and user of their own. Two callers can use the same key without knowing of each other.
public struct IdempotencyScope: Sendable, Hashable, CustomStringConvertible {
    public let text: String

    /// The scope of the orders that `owner` places for `user`.
    public init(owner: Owner? = nil, user: UserID?) {
        let name = user?.text ?? ""
        text = owner.map { $0.text + "/" + name } ?? name
    }

    /// A scope as a stored key names it.
    public init(stored text: String) { self.text = text }

    public var description: String { text }

    /// Whether both have the same bytes.
    public static func == (left: IdempotencyScope, right: IdempotencyScope) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) { text.utf8.forEach { hasher.combine($0) } }
}
