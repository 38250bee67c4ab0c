internal import EventLoop
public import Postgres

extension OrderStore {
    /// Deletes the events of up to `limit` final orders that have not changed for `age`, the oldest first; their rows stay.
    ///
    /// Of each order those events stay that its row has values from: a read folds what is there, and without them a filled order would look pending.
    /// - Returns: how many orders were worked off, fewer than `limit` when none is left, and how many events went.
    public func deleteEvents(olderThan age: Duration, limit: Int) async throws(PostgresError) -> (orders: Int, events: Int) {
        let row = try await pool.query(
            Self.retention, [.int(age.millisecondsRoundedUp), .int(Int64(limit))], expecting: ["orders", "events"], timeout: .seconds(30)
        ).first
        return (row?["orders"].flatMap { Int($0) } ?? 0, row?["events"].flatMap { Int($0) } ?? 0)
    }

    /// One transaction. Several notifiers do not wait for each other, and an order is marked so that its row is not looked at again: by an index
    /// of what is left to do, old orders cost nothing however many there are.
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
