internal import EventLoop
internal import Orders
internal import Postgres

extension OrderStore {
    /// Deletes the events of up to `limit` final orders that have not changed for `age`, the oldest first. The rows of the orders stay, with the
    /// events from which a view of the order has its values: see `OrderView.sources`. A row that would not become smaller keeps all its events.
    ///
    /// One transaction. Several notifiers do not wait for each other. A handled order is marked, so that its row is not read again. An index holds
    /// only the orders that are left to do, so old orders cost nothing.
    /// - Returns: how many orders were handled, fewer than `limit` if none is left, and how many events were deleted.
    /// - Throws: `PostgresError`.
    public func deleteEvents(olderThan age: Duration, limit: Int) async throws -> (orders: Int, events: Int) {
        try await pool.transaction { connection in
            let due = try await connection.query(
                Self.due, [.int(age.millisecondsRoundedUp), .int(Int64(limit))], expecting: ["order_id", "details", "events"], timeout: .seconds(30)
            ).rows
            guard !due.isEmpty else { return (0, 0) }
            let remains = due.map(Remains.init)
            let columns: [PostgresArray] = [.uuid(due.map { $0["order_id"] }), .text(remains.map(\.events))]
            _ = try await connection.query(Self.reduce, columns.map { .array($0) }, timeout: .seconds(30))
            return (due.count, remains.reduce(0) { $0 + $1.deleted })
        }
    }

    private static let due = """
        SELECT order_id, details, events
        FROM order_rows
        WHERE status IN ('confirmed', 'failed', 'cancelled', 'expired') AND NOT events_deleted AND updated_at < now() - $1 * interval '1 millisecond'
        ORDER BY updated_at
        LIMIT $2
        FOR UPDATE SKIP LOCKED
        """

    static let reduce = """
        UPDATE order_rows r SET events_deleted = true, events = coalesce(given.events, r.events)
        FROM unnest($1::uuid[], $2::text[]) AS given(order_id, events)
        WHERE r.order_id = given.order_id
        """
}

/// What the retention leaves of an order's events.
private struct Remains {
    /// The events that stay, as whole events: their lines would lack what the deleted ones said. Nil if all stay as they are.
    var events: String?
    var deleted = 0

    /// Takes a row with `details` and `events`. Of a row that cannot be read all stays. So it does where whole events would take more than all lines.
    init(_ row: PostgresRow) {
        guard let fold = try? OrderFold(row) else { return }
        let kept = OrderView.sources(of: fold.events)
        let text = kept.map(\.json).joined(separator: "\n")
        guard text.utf8.count < row["events"]?.utf8.count ?? 0 else { return }
        (events, deleted) = (text, fold.events.count - kept.count)
    }
}
