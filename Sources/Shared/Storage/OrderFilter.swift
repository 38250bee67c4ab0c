public import Orders

/// The orders that a list shows. A member that is nil or empty does not narrow the list.
public struct OrderFilter: Sendable, Hashable {
    public var userId: String?
    /// Only orders of this owner; nil for those of all.
    public var owner: Owner?
    public var statuses: [OrderStatus]
    public var clientOrderId: String?
    /// Accepted at or after this; Unix milliseconds.
    public var from: UInt64?
    /// Accepted before this; Unix milliseconds.
    public var to: UInt64?

    /// A filter by its parts.
    public init(
        userId: String? = nil, owner: Owner? = nil, statuses: [OrderStatus] = [], clientOrderId: String? = nil, from: UInt64? = nil, to: UInt64? = nil
    ) {
        self.userId = userId
        self.owner = owner
        self.statuses = statuses
        self.clientOrderId = clientOrderId
        self.from = from
        self.to = to
    }
}

/// The end of a page: the id of its last order. The next page begins with the next older order. Orders that are accepted meanwhile do not shift it.
public struct OrderCursor: Sendable, Hashable, CustomStringConvertible {
    let id: OrderID

    init(after order: Order) { id = order.id }

    /// Reads the text of `description`; nil for anything else. Any time will do: earlier versions wrote the order's own.
    public init?(parsing text: String) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2, let time = UInt64(parts[0]), time < 1 << 53, let id = OrderID(parsing: String(parts[1])) else { return nil }
        self.id = id
    }

    /// The time in the id, in ms, and the id: `1768030217789_019ba6cc-…`.
    public var description: String { "\(id.milliseconds ?? 0)_\(id)" }
}
