import EventLoop
import Postgres
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct PostgresTransactionTests {
    private struct Mishap: Error {}

    private func withTable(_ body: @ServiceActor (PostgresPool) async throws -> Void) async throws {
        try await withPool { pool in
            _ = try await pool.query("CREATE TABLE t (n int PRIMARY KEY)")
            try await body(pool)
        }
    }

    private func count(_ pool: PostgresPool) async throws -> String? { try await pool.query("SELECT count(*) AS n FROM t").first?["n"] }

    @Test func `a body that returns is committed, one that throws is rolled back`() async throws {
        try await withTable { pool in
            let value = try await pool.transaction { connection in
                _ = try await connection.query("INSERT INTO t VALUES ($1::int)", [.int(1)])
                return "kept"
            }
            #expect(value == "kept")
            await #expect(throws: Mishap.self) {
                try await pool.transaction { connection in
                    _ = try await connection.query("INSERT INTO t VALUES ($1::int)", [.int(2)])
                    throw Mishap()
                }
            }
            #expect(try await count(pool) == "1")
            #expect(pool.load.lent == 0)
        }
    }

    @Test func `a statement's error that the body swallows still fails the transaction`() async throws {
        try await withTable { pool in
            let error = await postgresError {
                try await pool.transaction { connection in
                    _ = try await connection.query("INSERT INTO t VALUES (1)")
                    _ = try? await connection.query("SELECT 1/0")
                }
            }
            let kept = try await count(pool)
            #expect(error?.kind == .server(sqlState: "25P02"))
            #expect(kept == "0")
        }
    }

    @Test func `a limit raised inside a rolled back transaction is raised again after it`() async throws {
        try await withPool(size: 1, statementTimeout: .milliseconds(300)) { pool in
            try? await pool.transaction { connection in
                _ = try await connection.query("SELECT 1", timeout: .seconds(10))
                throw Mishap()
            }
            _ = try await pool.query("SELECT pg_sleep(0.6)", timeout: .seconds(10))
        }
    }

    @Test func `a constraint checked at COMMIT is an error of the transaction`() async throws {
        try await withPool { pool in
            _ = try await pool.query("CREATE TABLE d (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            let error = await postgresError {
                try await pool.transaction { _ = try await $0.query("INSERT INTO d VALUES (1), (1)") }
            }
            #expect(error?.kind == .server(sqlState: "23505"))
        }
    }

    @Test func `a lost answer to COMMIT says that the outcome is unknown`() async throws {
        let server = try await PostgresServer.start()
        let pool = try PostgresPool(url: try await server.database(), size: 1, name: "tests", statementTimeout: .milliseconds(300))
        try await withRunning(pool) {
            let error = await postgresError {
                try await pool.transaction { connection in
                    _ = try await connection.query("CREATE TABLE t (n int)")
                    try server.pause()
                }
            }
            #expect(error?.kind == .connectionLost)
            #expect(error?.message.contains("COMMIT") == true)
            try server.resume()
        }
        try await server.stop()
    }

    @Test func `a cancelled transaction leaves nothing behind`() async throws {
        try await withTable { pool in
            let task = Loop.spawn {
                try await pool.transaction { connection in
                    _ = try await connection.query("INSERT INTO t VALUES (1)")
                    try await sleep(for: .seconds(30))
                }
            }
            try await eventually { pool.load.lent == 1 }
            try await sleep(for: .milliseconds(20))
            task.cancel()
            await #expect(throws: (any Error).self) { try await task.value }
            #expect(try await count(pool) == "0")
        }
    }
}
