import EventLoop
import Postgres
import TestSupport
import Testing

/// What a session cannot get over ends it, and whatever the server says of itself is passed on in its own words.
@Suite(.onLoop) @ServiceActor
struct SessionTests {
    private func process(_ pool: PostgresPool) async throws -> String? {
        try await pool.query("SELECT pg_backend_pid() AS pid", expecting: ["pid"]).first?["pid"]
    }

    @Test func `a result without the columns that were asked for ends the session, not the process`() async throws {
        try await withPool(size: 1) { pool in
            let before = try await process(pool)
            let error = await postgresError { _ = try await pool.query("SELECT 1 AS a", expecting: ["a", "b"]) }
            #expect(error?.kind == .connectionLost && error?.message.contains("another statement") == true)
            let after = try await process(pool)
            #expect(after != before)
            let row = try #require(try await pool.query("SELECT 1 AS a").first)
            #expect(row["b"] == nil && row[7] == nil && row[-1] == nil && row["a"] == "1")
        }
    }

    @Test func `a statement that is gone ends the session, and the next ones are kept nowhere`() async throws {
        try await withPool(size: 1) { pool in
            let sql = "SELECT 41 + 1 AS n"
            _ = try await pool.query(sql)
            _ = try await pool.query("DEALLOCATE ALL")
            #expect(await postgresError { _ = try await pool.query(sql) }?.sqlState == "26000")
            #expect(try await pool.query(sql).first?["n"] == "42")
            #expect(try await pool.query("SELECT count(*) AS n FROM pg_prepared_statements").first?["n"] == "0")
        }
    }

    @Test func `a session that can only read is ended, and another one is made`() async throws {
        try await withPool(size: 1) { pool in
            _ = try await pool.query("CREATE TABLE t (n int)")
            _ = try await pool.query("SET default_transaction_read_only = on")
            let error = await postgresError { _ = try await pool.query("INSERT INTO t VALUES (1)") }
            #expect(error?.sqlState == "25006" && error?.isAway == false)
            #expect(try await pool.query("INSERT INTO t VALUES (1)").affectedRows == 1)
        }
    }

    @Test func `a server that only reads is of use to who reads, and says so to who writes`() async throws {
        let server = try await PostgresServer.start()
        let url = try await server.database()
        let admin = try PostgresPool(url: url, size: 1, name: "admin", needsWriting: false, connectTimeout: .seconds(30), waitTimeout: .seconds(30))
        try await withRunning(admin) {
            _ = try await admin.query("CREATE ROLE reader LOGIN")
            _ = try await admin.query("ALTER ROLE reader SET default_transaction_read_only = on")
            let readers = url.replacing("postgres@", with: "reader@")
            let reading = try PostgresPool(url: readers, size: 1, name: "reads", needsWriting: false, waitTimeout: .seconds(30))
            try await withRunning(reading) {
                let row = try await reading.query("SELECT 1 AS one").first
                #expect(row?["one"] == "1")
            }
            let writing = try PostgresPool(url: readers, size: 1, name: "writes", waitTimeout: .seconds(30))
            try await withRunning(writing) {
                let error = await postgresError { _ = try await writing.query("SELECT 1") }
                #expect(error?.kind == .refused && error?.sqlState == "25006" && error?.isAway == false)
                #expect(error?.message.contains("read-only") == true)
                _ = try await admin.query("ALTER ROLE reader RESET default_transaction_read_only")
                try await eventually { writing.isAvailable }
                #expect(writing.trouble == nil)
            }
        }
        try await server.stop()
    }

    @Test func `a database in another encoding than UTF-8 is refused with a sentence`() async throws {
        let url = try await PostgresServer.shared().database()
        try await withPool(size: 1) { pool in
            let name = "latin_\(UInt32.random(in: .min ... .max))"
            _ = try await pool.query("CREATE DATABASE \(name) ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
            let base = url.split(separator: "/").dropLast().joined(separator: "/").replacing("postgres:/", with: "postgres://")
            let other = try PostgresPool(url: "\(base)/\(name)", size: 1, name: "tests", waitTimeout: .seconds(30))
            try await withRunning(other) {
                let error = await postgresError { _ = try await other.query("SELECT 1") }
                #expect(error?.kind == .refused)
                #expect(error?.message.contains("LATIN1") == true && error?.message.contains("ENCODING 'UTF8'") == true)
            }
        }
    }
}
