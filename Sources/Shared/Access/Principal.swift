public import Orders

/// Who sends a request, and what they may do.
///
/// A class, so that a request carries one reference.
public final class Principal: Sendable {
    /// Which orders a caller may see.
    public enum Sight: Sendable, Hashable {
        /// All.
        case all
        /// Those of one owner.
        case own(Owner)
        /// One order: the holder of a token.
        case order(OrderID)
    }

    /// What logs and limits call it: the name of the key; empty without a key.
    public let name: String
    public let scopes: Scopes
    public let sight: Sight
    /// The owner of the orders that it places; nil for none.
    public let owner: Owner?
    /// The user that its orders must be of; nil for any.
    public let user: UserID?
    public let limits: KeyLimits
    /// The digest of its key; nil without one.
    let digest: Digest?

    private init(
        name: String, scopes: Scopes, sight: Sight, owner: Owner? = nil, user: UserID? = nil, limits: KeyLimits = KeyLimits(),
        digest: Digest? = nil
    ) {
        self.digest = digest
        self.name = name
        self.scopes = scopes
        self.sight = sight
        self.owner = owner
        self.user = user
        self.limits = limits
    }

    /// Whoever reaches an engine without keys: may do everything.
    public static let anyone = Principal(name: "", scopes: .all, sight: .all)

    /// Whoever sends no key to an engine with keys: may use what is open to all.
    public static let nobody = Principal(name: "", scopes: [], sight: .own(Owner(stored: "")))

    /// The holder of a key.
    public convenience init(_ key: APIKey) {
        let owner = key.user.map(Owner.init(user:)) ?? Owner(key: key.name)
        self.init(
            name: key.name, scopes: key.scopes, sight: key.scopes.contains(.operate) ? .all : .own(owner), owner: owner, user: key.user,
            limits: key.limits, digest: key.digest)
    }

    /// The holder of a token for one order.
    public convenience init(following order: OrderID) { self.init(name: "", scopes: .read, sight: .order(order)) }

    /// Whether it may know that an order exists.
    public func sees(_ order: Order) -> Bool { sees(order.id, of: order.owner) }

    /// Whether it may know that an order of this owner exists.
    public func sees(_ id: OrderID, of owner: Owner?) -> Bool {
        switch sight {
        case .all: true
        case .own(let own): owner == own
        case .order(let only): id == only
        }
    }
}
