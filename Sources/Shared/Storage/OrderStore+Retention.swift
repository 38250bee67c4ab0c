internal import EventLoop
public import Postgres

extension OrderStore {
    /// Deletes events of final orders that are older than `age`, at most `limit`; their orders' rows stay. Returns how many went.
    ///
    /// Of each order those events stay that its row has values from: a read folds what is there, and without them a filled order would look pending.
    public func deleteEvents(olderThan age: Duration, limit: Int) async throws(PostgresError) -> Int {
        try await pool.query(
            """
            DELETE FROM order_events WHERE (order_id, seq) IN (
                SELECT e.order_id, e.seq FROM order_events e JOIN order_rows r USING (order_id)
                WHERE e.at < now() - $1 * interval '1 millisecond' AND r.status IN ('confirmed', 'failed', 'cancelled')
                    AND r.updated_at < now() - $1 * interval '1 millisecond'
                    AND e.seq NOT IN (r.seq, r.chosen_dex_seq, r.quotes_seq, r.tx_hash_seq, r.last_error_seq)
                LIMIT $2)
            """, [.int(age.millisecondsRoundedUp), .int(Int64(limit))], timeout: .seconds(30)
        ).affectedRows
    }
}
