public import Orders

/// The orders that a list shows. A member that is nil or empty does not narrow the list.
public struct OrderFilter: Sendable, Hashable {
    public var userId: String?
    public var statuses: [OrderStatus]
    public var clientOrderId: String?
    /// Accepted at or after this; Unix milliseconds.
    public var from: UInt64?
    /// Accepted before this; Unix milliseconds.
    public var to: UInt64?

    /// A filter by its parts.
    public init(userId: String? = nil, statuses: [OrderStatus] = [], clientOrderId: String? = nil, from: UInt64? = nil, to: UInt64? = nil) {
        self.userId = userId
        self.statuses = statuses
        self.clientOrderId = clientOrderId
        self.from = from
        self.to = to
    }
}

/// The end of a page. The next page begins with the next older order. Orders that are accepted meanwhile do not shift it.
public struct OrderCursor: Sendable, Hashable, CustomStringConvertible {
    let createdAt: UInt64
    let id: OrderID

    init(after order: Order) {
        createdAt = order.createdAt
        id = order.id
    }

    /// Reads the text of `description`; nil for anything else.
    public init?(parsing text: String) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2, let createdAt = UInt64(parts[0]), createdAt < 1 << 53, let id = OrderID(parsing: String(parts[1])) else { return nil }
        self.createdAt = createdAt
        self.id = id
    }

    public var description: String { "\(createdAt)_\(id)" }
}
