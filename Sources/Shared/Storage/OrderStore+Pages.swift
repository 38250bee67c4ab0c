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
        let orders = try rows.prefix(limit).map { row in
            OrderView(order: try Order(json: row["details"] ?? ""), events: try StoredEvents.read(row["events"] ?? ""))
        }
        return (orders, rows.count > limit ? orders.last.map { OrderCursor(after: $0.order) } : nil)
    }
}

/// The statement of a page. It has conditions only for the filters that are used, so that Postgres plans each combination with the index that fits.
private struct PageStatement {
    private(set) var parameters: [PostgresParameter] = []
    private var conditions: [String] = []

    init(_ filter: OrderFilter, _ cursor: OrderCursor?) {
        if let user = filter.userId { conditions.append("user_id = \(add(.text(user)))") }
        if let key = filter.clientOrderId { conditions.append("client_order_id = \(add(.text(key)))") }
        if !filter.statuses.isEmpty { conditions.append("status = ANY (\(add(.textArray(filter.statuses.map(\.rawValue))))::text[])") }
        if let from = filter.from { conditions.append("created_at >= \(moment(from))") }
        if let to = filter.to { conditions.append("created_at < \(moment(to))") }
        if let cursor { conditions.append("(created_at, order_id) < (\(moment(cursor.createdAt)), \(add(.text(cursor.id.description)))::uuid)") }
    }

    mutating func text(limit: Int) -> String {
        """
        SELECT details, coalesce(
            (SELECT jsonb_agg(event ORDER BY seq) FROM order_events e WHERE e.order_id = r.order_id), '[]') AS events
        FROM order_rows r
        WHERE \(conditions.isEmpty ? "true" : conditions.joined(separator: " AND "))
        ORDER BY created_at DESC, order_id DESC
        LIMIT \(add(.int(Int64(limit))))::integer
        """
    }

    private mutating func add(_ parameter: PostgresParameter) -> String {
        parameters.append(parameter)
        return "$\(parameters.count)"
    }

    /// Unix milliseconds. A time after the year 9999 is clamped, because a timestamptz has a limit.
    private mutating func moment(_ milliseconds: UInt64) -> String {
        "'epoch'::timestamptz + \(add(.int(Int64(min(milliseconds, 253_402_300_799_999)))))::bigint * interval '1 millisecond'"
    }
}
