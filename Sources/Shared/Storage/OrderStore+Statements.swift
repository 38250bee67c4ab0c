internal import Orders
internal import Postgres

extension OrderStore {
    /// One statement, and so one transaction and one round trip.
    ///
    /// An older snapshot, or the same one again, changes nothing and writes nothing. Rows are written in order of id, so that two writers cannot
    /// deadlock.
    static let upsert = """
        INSERT INTO order_rows AS stored (order_id, details, user_id, owner, client_order_id, created_at, seq, status, updated_at, events)
        SELECT order_id, details, user_id, owner, client_order_id, \(moment("created_at")), seq, status, \(moment("updated_at")), events
        FROM unnest(
            $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::integer[], $8::text[], $9::bigint[], $10::text[])
            AS given(order_id, details, user_id, owner, client_order_id, created_at, seq, status, updated_at, events)
        ORDER BY order_id
        ON CONFLICT (order_id) DO UPDATE SET
            details = excluded.details, seq = excluded.seq, status = excluded.status, updated_at = excluded.updated_at, events = excluded.events
        WHERE excluded.seq > stored.seq
        """

    /// The parameters of `upsert`.
    static func columns(of rows: [OrderRow]) -> [PostgresArray] {
        [
            .uuid(rows.map(\.id.description)), .text(rows.map(\.details)), .text(rows.map(\.userId)), .text(rows.map(\.owner)),
            .text(rows.map(\.clientOrderId)),
            .bigint(rows.map { Int64(clamping: $0.createdAt) }), .integer(rows.map { Int64($0.seq) }), .text(rows.map(\.status.rawValue)),
            .bigint(rows.map { Int64(clamping: $0.updatedAt) }), .text(rows.map(\.events)),
        ]
    }

    static let select = "SELECT details, events FROM order_rows WHERE order_id = $1::uuid"

    /// A time from Unix milliseconds, exactly.
    static func moment(_ milliseconds: String) -> String { "'epoch'::timestamptz + \(milliseconds) * interval '1 millisecond'" }
}
