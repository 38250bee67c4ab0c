internal import EventLoop
public import Postgres

extension OrderStore {
    /// Deletes the events of up to `limit` final orders that have not changed for `age`, the oldest first. The rows of the orders stay.
    ///
    /// The events from which an order's row has its values stay. A read folds the events that are left, and without these a filled order would look
    /// pending.
    /// - Returns: how many orders were handled, fewer than `limit` if none is left, and how many events were deleted.
    public func deleteEvents(olderThan age: Duration, limit: Int) async throws(PostgresError) -> (orders: Int, events: Int) {
        let row = try await pool.query(
            Self.retention, [.int(age.millisecondsRoundedUp), .int(Int64(limit))], expecting: ["orders", "events"], timeout: .seconds(30)
        ).first
        return (row?["orders"].flatMap { Int($0) } ?? 0, row?["events"].flatMap { Int($0) } ?? 0)
    }

    /// One transaction. Several notifiers do not wait for each other. A handled order is marked, so that its row is not read again. An index holds
    /// only the orders that are left to do, so old orders cost nothing.
    private static let retention = """
        WITH due AS MATERIALIZED (
            SELECT order_id, ARRAY[seq, chosen_dex_seq, quotes_seq, tx_hash_seq, last_error_seq] AS kept
            FROM order_rows
            WHERE status IN ('confirmed', 'failed', 'cancelled') AND NOT events_deleted AND updated_at < now() - $1 * interval '1 millisecond'
            ORDER BY updated_at
            LIMIT $2
            FOR UPDATE SKIP LOCKED
        ), deleted AS (
            DELETE FROM order_events e USING due WHERE e.order_id = due.order_id AND e.seq <> ALL (due.kept)
            RETURNING 1
        ), marked AS (
            UPDATE order_rows r SET events_deleted = true FROM due WHERE r.order_id = due.order_id
        )
        SELECT (SELECT count(*) FROM due) AS orders, (SELECT count(*) FROM deleted) AS events
        """
}
