import EventLoop
import Postgres
import TestSupport

/// Lends a pool on a database of its own and ends it afterwards.
@ServiceActor
func withPool(
    size: Int = 2, statementTimeout: Duration = .seconds(5), waitTimeout: Duration = .seconds(30),
    _ body: @ServiceActor (PostgresPool) async throws -> Void
) async throws {
    let url = try await PostgresServer.shared().database()
    let pool = try PostgresPool(
        url: url, size: size, name: "tests", connectTimeout: .seconds(30), statementTimeout: statementTimeout, waitTimeout: waitTimeout)
    try await withRunning(pool) {
        try await eventually { pool.isAvailable }
        try await body(pool)
    }
}

/// Keeps a pool running while `body` does.
@ServiceActor
func withRunning(_ pool: PostgresPool, _ body: @ServiceActor () async throws -> Void) async throws {
    try await alongside({ await pool.run() }, stop: { pool.close() }, body)
}

/// The error that `body` throws; nil when it doesn't throw one.
@ServiceActor
func postgresError(_ body: @ServiceActor () async throws -> Void) async -> PostgresError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? PostgresError
    }
}
