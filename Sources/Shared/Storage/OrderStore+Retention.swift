internal import EventLoop
public import Postgres

extension OrderStore {
    /// Deletes events of final orders that are older than `age`, at most `limit`; their orders' rows stay. Returns how many went.
    public func deleteEvents(olderThan age: Duration, limit: Int) async throws(PostgresError) -> Int {
        try await pool.query(
            """
            DELETE FROM order_events WHERE (order_id, seq) IN (
                SELECT e.order_id, e.seq FROM order_events e JOIN order_rows r USING (order_id)
                WHERE e.at < now() - $1 * interval '1 millisecond' AND r.status IN ('confirmed', 'failed', 'cancelled')
                    AND r.updated_at < now() - $1 * interval '1 millisecond'
                LIMIT $2)
            """, [.int(age.millisecondsRoundedUp), .int(Int64(limit))], timeout: .seconds(30)
        ).affectedRows
    }
}
