import EventLoop
import Postgres
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct PostgresMigratorTests {
    private nonisolated static let first = PostgresMigration(number: 1, name: "a", sql: "CREATE TABLE a (n int); INSERT INTO a VALUES (1)")
    private nonisolated static let second = PostgresMigration(number: 2, name: "b", sql: "CREATE TABLE b (n int); SELECT pg_sleep(0.05)")

    @Test func `only what is missing is applied, in order of number`() async throws {
        try await withPool { pool in
            #expect(try await PostgresMigrator(pool, [Self.first]).migrate() == [1])
            #expect(try await PostgresMigrator(pool, [Self.second, Self.first]).migrate() == [2])
            #expect(try await PostgresMigrator(pool, [Self.first, Self.second]).migrate() == [])
            let rows = try await pool.query("SELECT number, name, length(checksum) AS l FROM schema_migrations ORDER BY number").rows
            #expect(rows.map(\.values) == [["1", "a", "64"], ["2", "b", "64"]])
        }
    }

    private func migrate(_ url: String) async throws -> [Int] {
        let pool = try PostgresPool(url: url, size: 1, name: "tests", connectTimeout: .seconds(30), waitTimeout: .seconds(30))
        var applied: [Int] = []
        try await withRunning(pool) { applied = try await PostgresMigrator(pool, [Self.first, Self.second]).migrate() }
        return applied
    }

    @Test func `several that start together apply each migration once`() async throws {
        let url = try await PostgresServer.shared().database()
        let programs = (0..<6).map { _ in Loop.spawn { try await migrate(url) } }
        var applied: [Int] = []
        for program in programs { applied += try await program.value }
        #expect(applied.sorted() == [1, 2])
    }

    @Test(arguments: [
        ([PostgresMigration(number: 1, name: "a", sql: "CREATE TABLE other (n int)"), second], "was changed"),
        ([first, PostgresMigration(number: 3, name: "c", sql: "SELECT 1")], "does not know"),
        ([first, second, PostgresMigration(number: 0, name: "late", sql: "SELECT 1")], "higher number"),
        ([first, second, second], "same number"),
    ])
    func `a program that contradicts the database's history is refused`(migrations: [PostgresMigration], reason: String) async throws {
        try await withPool { pool in
            _ = try await PostgresMigrator(pool, [Self.first, Self.second]).migrate()
            let error = await postgresError { _ = try await PostgresMigrator(pool, migrations).migrate() }
            #expect(error?.kind == .migrationRefused)
            #expect(error?.message.contains(reason) == true)
            #expect(try await PostgresMigrator(pool, [Self.first, Self.second]).migrate() == [])
        }
    }

    @Test func `an older program takes a schema that a newer one has brought up to date as it is`() async throws {
        try await withPool { pool in
            _ = try await PostgresMigrator(pool, [Self.first, Self.second]).migrate()
            #expect(try await PostgresMigrator(pool, [Self.first]).migrate() == [])
        }
    }

    @Test func `a migration that fails leaves no part of it, and can be tried again`() async throws {
        try await withPool { pool in
            let broken = PostgresMigration(number: 2, name: "b", sql: "CREATE TABLE b (n int); SELECT 1/0")
            let error = await postgresError { _ = try await PostgresMigrator(pool, [Self.first, broken]).migrate() }
            #expect(error?.sqlState == "22012")
            #expect(error?.message.contains("migration 2 (b)") == true)
            let applied = try await PostgresMigrator(pool, [Self.first, Self.second]).migrate()
            #expect(applied == [2])
        }
    }

    @Test func `the wait for another migrator is limited`() async throws {
        try await withPool { pool in
            let slow = PostgresMigration(number: 1, name: "slow", sql: "SELECT pg_sleep(60)")
            let other = Loop.spawn { _ = try await PostgresMigrator(pool, [slow]).migrate() }
            let locks = """
                SELECT 1 FROM pg_locks
                WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """
            try await eventually { try await pool.query(locks).rows.count == 1 }
            let error = await postgresError { _ = try await PostgresMigrator(pool, [slow], lockTimeout: .milliseconds(200)).migrate() }
            #expect(error?.kind == .timedOut)
            other.cancel()
        }
    }
}
