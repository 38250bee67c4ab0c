/// Within what an idempotency key is one key: for each owner and user of their own. Two callers can use the same key without knowing of each other.
public struct IdempotencyScope: ExactText {
    public let text: String

    /// The scope of the orders that `owner` places for `user`.
    public init(owner: Owner? = nil, user: UserID?) {
        let name = user?.text ?? ""
        text = owner.map { $0.text + "/" + name } ?? name
    }

    /// A scope as a stored key names it.
    public init(stored text: String) { self.text = text }
}
