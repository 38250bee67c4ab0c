import EventLoop
import Postgres
import Storage
import TestSupport

/// Lends a store on a migrated database of its own.
@ServiceActor
func withStore(_ body: @ServiceActor (OrderStore, PostgresPool) async throws -> Void) async throws {
    let pool = try PostgresPool(
        url: try await PostgresServer.shared().database(), size: 4, name: "tests", connectTimeout: .seconds(30), statementTimeout: .seconds(30),
        waitTimeout: .seconds(30))
    try await alongside({ await pool.run() }, stop: { pool.close() }) {
        let store = OrderStore(pool: pool)
        _ = try await store.migrate()
        try await body(store, pool)
    }
}
