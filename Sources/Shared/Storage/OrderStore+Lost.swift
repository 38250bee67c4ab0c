internal import EventLoop
public import Orders
internal import Postgres

/// An order that Postgres knows as under way and that the pipeline does not have.
public struct LostOrder: Sendable, Hashable {
    public let id: OrderID
    /// Its status in the newest stored event.
    public let status: OrderStatus
    /// When that event happened, in Unix milliseconds.
    public let updatedAt: UInt64

    /// An order by its parts.
    public init(id: OrderID, status: OrderStatus, updatedAt: UInt64) {
        self.id = id
        self.status = status
        self.updatedAt = updatedAt
    }
}

/// The result of comparing the orders under way with the pipeline.
public struct LostOrders: Sendable {
    public init() {}

    public internal(set) var listed: [LostOrder] = []
    /// How many are lost in all.
    public internal(set) var count = 0
    /// How many orders were checked.
    public internal(set) var checked = 0
    /// Whether all orders under way were checked: false if there are more than one comparison checks.
    public internal(set) var isComplete = true
    /// The last order that was checked, if there are more; the next comparison can go on from there.
    public internal(set) var last: OrderID?
}

/// Which orders that are not final are compared.
public enum OpenOrders: Sendable {
    case all
    /// Those that a worker has or will soon have.
    case underWay
    /// Those that wait for a price. There may be millions.
    case waiting

    fileprivate var condition: String {
        switch self {
        case .all: "true"
        case .underWay: "status <> 'open'"
        case .waiting: "status = 'open'"
        }
    }
}

extension OrderStore {
    private static let portion = 1000
    /// Far above any backlog that a gateway allows.
    public nonisolated static var maxCompared: Int { 200_000 }

    /// Finds orders that are not final here, have not moved for `age`, and are missing in the pipeline. Changes nothing.
    ///
    /// - Parameters:
    ///   - which: the orders that are compared.
    ///   - last: where an earlier comparison ended; nil to begin with the oldest order.
    ///   - maxChecked: how many orders are compared at most.
    ///   - maxListed: how many of them are listed.
    ///   - missing: returns those of the given orders that the pipeline does not have.
    /// - Throws: `PostgresError`, `RecordError` for an unreadable row, or what `missing` throws.
    public func lostOrders(
        _ which: OpenOrders = .all, unmovedFor age: Duration, after last: OrderID? = nil, upTo maxChecked: Int = maxCompared,
        listing maxListed: Int, missing: @ServiceActor ([OrderID]) async throws -> [OrderID]
    ) async throws -> LostOrders {
        var result = LostOrders()
        result.last = last
        while true {
            let orders = try await openOrders(which, unmovedFor: age, after: result.last)
            result.checked += orders.count
            let gone = try await stillOpen(try await missing(orders.map(\.id)))
            result.count += gone.count
            result.listed += orders.filter { gone.contains($0.id) }.prefix(maxListed - result.listed.count)
            result.last = orders.count == Self.portion ? orders.last?.id : nil
            guard result.last != nil else { return result }
            guard result.checked < maxChecked else {
                result.isComplete = false
                return result
            }
        }
    }

    /// The next orders under way, the oldest first.
    private func openOrders(_ which: OpenOrders, unmovedFor age: Duration, after last: OrderID?) async throws -> [LostOrder] {
        let rows = try await pool.query(
            Self.open(which), [.int(age.millisecondsRoundedUp), .text((last ?? .lowest(at: 0)).description), .int(Int64(Self.portion))],
            expecting: ["order_id", "status", "updated_at"]
        ).rows
        return try rows.map { row in
            guard let id = row["order_id"].flatMap({ OrderID(parsing: $0) }), let status = row["status"].flatMap({ OrderStatus(rawValue: $0) }),
                let updatedAt = row["updated_at"].flatMap({ UInt64($0) })
            else { throw RecordError.missing("a column", of: "order_rows") }
            return LostOrder(id: id, status: status, updatedAt: updatedAt)
        }
    }

    /// The orders that are still not final. Checked after the pipeline: an order leaves it only after its end is stored. So an order that is still
    /// open here was really missing there.
    private func stillOpen(_ ids: [OrderID]) async throws -> Set<OrderID> {
        guard !ids.isEmpty else { return [] }
        let rows = try await pool.query(Self.recheck, [.textArray(ids.map(\.description))], expecting: ["order_id"]).rows
        return Set(rows.compactMap { $0["order_id"].flatMap { OrderID(parsing: $0) } })
    }

    private static func open(_ which: OpenOrders) -> String {
        """
        SELECT order_id, status, round(extract(epoch FROM updated_at) * 1000)::bigint AS updated_at
        FROM order_rows
        WHERE status NOT IN ('confirmed', 'failed', 'cancelled', 'expired') AND updated_at < now() - $1::bigint * interval '1 millisecond'
            AND order_id > $2::uuid AND \(which.condition)
        ORDER BY order_id
        LIMIT $3::integer
        """
    }

    static let recheck = """
        SELECT order_id FROM order_rows
        WHERE order_id = ANY ($1::uuid[]) AND status NOT IN ('confirmed', 'failed', 'cancelled', 'expired')
        """
}
