public import Orders

/// The keys that are valid, found by their digests.
public struct KeyRing: Sendable {
    private struct Entry: Sendable {
        let key: APIKey
        let principal: Principal

        init(_ key: APIKey) { (self.key, principal) = (key, Principal(key)) }
    }

    /// Each key, by the beginning of its digest.
    private let entries: [UInt64: [Entry]]
    /// The users that keys are bound to, by name: nobody else places orders for them.
    private let users: Set<UserID>
    public let count: Int
    /// The tokens that limits of keys name.
    public let limitedTokens: Set<String>
    /// Whether the orders of one of the keys are counted.
    public let countsOrders: Bool

    public init(_ file: KeyFile) {
        entries = Dictionary(grouping: file.keys.map(Entry.init)) { $0.key.digest.prefix }
        users = Set(file.keys.compactMap(\.user))
        count = file.keys.count
        countsOrders = file.keys.contains { $0.limits.countsOrders }
        limitedTokens = Set(file.keys.flatMap { $0.limits.notional?.maxima.map(\.token) ?? [] })
    }

    /// The holder of a key; nil if it is not known or its time is over.
    ///
    /// - Parameter now: Unix milliseconds.
    public func principal(_ text: String, at now: UInt64) -> Principal? {
        KeySecret(text).flatMap { holder(of: $0.digest, at: now) }
    }

    /// Whether the holder of a key that was found earlier would be found now.
    public func isValid(_ principal: Principal, at now: UInt64) -> Bool {
        guard let digest = principal.digest else { return true }
        return holder(of: digest, at: now).map { $0.scopes == principal.scopes && $0.owner == principal.owner } ?? false
    }

    private func holder(of digest: Digest, at now: UInt64) -> Principal? {
        entries[digest.prefix]?.first { $0.key.digest == digest && !$0.key.isExpired(at: now) }?.principal
    }

    /// Whether a principal may place orders for a user: one that a key is bound to has only the orders of that key, and of operators.
    public func maySpeak(for user: UserID, _ principal: Principal) -> Bool {
        if let bound = principal.user { return bound == user }
        return principal.scopes.contains(.operate) || !users.contains(user)
    }
}
