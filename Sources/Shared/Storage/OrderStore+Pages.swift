public import Orders
internal import Postgres

extension OrderStore {
    public nonisolated static var pageLimit: Int { 100 }

    /// Orders that match a filter, newest first, each folded from its events as a read by id would show it.
    ///
    /// - Parameters:
    ///   - limit: the largest number of orders, 1 to `pageLimit`; other values are clamped.
    ///   - cursor: the end of the page before; nil for the first page.
    /// - Returns: the orders, and their end if more follow.
    /// - Throws: `PostgresError`, or `RecordError` for an unreadable row.
    public func page(_ filter: OrderFilter, limit: Int, after cursor: OrderCursor? = nil) async throws -> (orders: [OrderView], next: OrderCursor?) {
        let limit = min(max(1, limit), Self.pageLimit)
        var statement = PageStatement(filter, cursor)
        let rows = try await pool.query(statement.text(limit: limit + 1), statement.parameters, expecting: ["details", "events"]).rows
        let orders = try rows.prefix(limit).map { OrderView(try OrderFold($0)) }
        return (orders, rows.count > limit ? orders.last.map { OrderCursor(after: $0.order) } : nil)
    }
}

/// The statement of a page. It has conditions only for the filters that are used, so that Postgres plans each combination with the index that fits.
///
/// An order's id begins with its time of acceptance, so ids are in the order of time, and a time is a place among the ids. Every index has the ids.
struct PageStatement {
    private(set) var parameters: [PostgresParameter] = []
    private var conditions: [String] = []

    init(_ filter: OrderFilter, _ cursor: OrderCursor?) {
        if let owner = filter.owner { conditions.append("owner = \(add(.text(owner.text)))") }
        if let user = filter.userId { conditions.append("user_id = \(add(.text(user)))") }
        if let key = filter.clientOrderId { conditions.append("client_order_id = \(add(.text(key)))") }
        // Of one status the index has the orders in sequence. Postgres does not see that in a list of one.
        if filter.statuses.count == 1 {
            conditions.append("status = \(add(.text(filter.statuses[0].rawValue)))")
        } else if !filter.statuses.isEmpty {
            conditions.append("status = ANY (\(add(.textArray(filter.statuses.map(\.rawValue))))::text[])")
        }
        if let from = filter.from { conditions.append("order_id >= \(add(.text(OrderID.lowest(at: from).description)))::uuid") }
        if let to = filter.to { conditions.append("order_id < \(add(.text(OrderID.lowest(at: to).description)))::uuid") }
        if let cursor { conditions.append("order_id < \(add(.text(cursor.id.description)))::uuid") }
    }

    mutating func text(limit: Int) -> String {
        """
        SELECT details, events FROM order_rows
        WHERE \(conditions.isEmpty ? "true" : conditions.joined(separator: " AND "))
        ORDER BY order_id DESC
        LIMIT \(add(.int(Int64(limit))))::integer
        """
    }

    private mutating func add(_ parameter: PostgresParameter) -> String {
        parameters.append(parameter)
        return "$\(parameters.count)"
    }
}
