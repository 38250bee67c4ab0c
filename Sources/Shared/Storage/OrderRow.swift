public import Orders

/// An order as Postgres stores it: a snapshot of all that is known of the order at one moment.
public struct OrderRow: Sendable, Hashable {
    public let id: OrderID
    /// The part that never changes, as `Order.json` writes it.
    public let details: String
    /// The user that it is for; nil for none.
    public let userId: String?
    /// Whose it is; nil for nobody's.
    public let owner: String?
    /// The client's own key; nil for none.
    public let clientOrderId: String?
    /// Unix milliseconds: those in the id.
    public let createdAt: UInt64
    /// The newest event, from 1.
    public let seq: Int
    /// The status with that event.
    public let status: OrderStatus
    /// When that event happened, in Unix milliseconds.
    public let updatedAt: UInt64
    /// The lines of the events in order of seq, as `OrderFold` reads them, separated by `\n`.
    public let events: String

    /// The snapshot of an order. `details` is its text.
    public init(_ order: Order, details: String, seq: Int, status: OrderStatus, updatedAt: UInt64, events: String) {
        id = order.id
        self.details = details
        userId = order.userId?.text
        owner = order.owner?.text
        clientOrderId = order.clientOrderId
        createdAt = order.createdAt
        self.seq = seq
        self.status = status
        self.updatedAt = updatedAt
        self.events = events
    }
}
