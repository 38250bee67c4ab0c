import EventLoop
import Orders
import Postgres
import Storage
import TestSupport

/// Runs `body` with a store on a migrated database of its own, and the URL of that database.
@ServiceActor
func withStore(_ body: @ServiceActor (OrderStore, String) async throws -> Void) async throws {
    let url = try await PostgresServer.shared().database()
    let pool = try PostgresPool(url: url, size: 2, name: "tests", waitTimeout: .seconds(20))
    try await alongside({ await pool.run() }, stop: { pool.close() }) {
        let store = OrderStore(pool: pool)
        _ = try await store.migrate()
        try await body(store, url)
    }
}

extension OrderStore {
    /// Stores an order with whole events, of which some may be missing.
    func save(_ order: Order, _ events: [OrderEvent]) async throws {
        guard let last = events.last, let at = Timestamp.parse(last.timestamp) else { throw TestFailure("an order has an event with a time") }
        try await save([
            OrderRow(
                order, details: order.json, seq: last.seq, status: last.status, updatedAt: UInt64(at),
                events: events.map(\.json).joined(separator: "\n"))
        ])
    }
}
