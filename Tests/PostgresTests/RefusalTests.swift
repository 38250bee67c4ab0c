import EventLoop
import Postgres
import TestSupport
import Testing

/// Away is only who does not answer: what the server refuses it says itself.
@Suite(.onLoop) @ServiceActor
struct RefusalTests {
    private nonisolated static let migration = PostgresMigration(number: 1, name: "a", sql: "CREATE TABLE a (n int)")

    /// Lends the URL of a role with no rights of its own, and a superuser's pool on the same database.
    private func withRole(_ options: String = "", _ body: @ServiceActor (String, PostgresPool) async throws -> Void) async throws {
        let url = try await PostgresServer.shared().database()
        let admin = try PostgresPool(url: url, size: 1, name: "admin", connectTimeout: .seconds(30), waitTimeout: .seconds(30))
        try await withRunning(admin) {
            let role = "app_\(UInt32.random(in: .min ... .max))"
            _ = try await admin.query("CREATE ROLE \(role) LOGIN \(options)")
            try await body(url.replacing("postgres@", with: "\(role)@"), admin)
        }
    }

    private func failure(of url: String) async throws -> PostgresError? {
        let pool = try PostgresPool(url: url, size: 1, name: "tests", waitTimeout: .seconds(30))
        var error: PostgresError?
        try await withRunning(pool) { error = await postgresError { _ = try await pool.query("SELECT 1") } }
        return error
    }

    @Test func `a role that may not create tables hears so, in the server's words, until it may`() async throws {
        try await withRole { url, admin in
            let pool = try PostgresPool(url: url, size: 1, name: "tests", waitTimeout: .seconds(30))
            var refused: [String?] = []
            pool.onRefusal = { refused.append($0.sqlState) }
            try await withRunning(pool) {
                let error = await postgresError { _ = try await PostgresMigrator(pool, [Self.migration]).migrate() }
                #expect(error?.sqlState == "42501" && error?.message.contains("permission denied for schema public") == true)
                #expect(error?.isAway == false && error?.isRefusal == true)
                #expect(pool.isAvailable && pool.trouble?.sqlState == "42501" && refused == ["42501"])
                _ = try await admin.query("GRANT CREATE ON SCHEMA public TO PUBLIC")
                #expect(try await PostgresMigrator(pool, [Self.migration]).migrate() == [1])
                #expect(pool.trouble == nil)
            }
        }
    }

    @Test func `a role that may not create tables needs no such right where they are there`() async throws {
        try await withRole { url, admin in
            _ = try await PostgresMigrator(admin, [Self.migration]).migrate()
            _ = try await admin.query("GRANT SELECT, INSERT ON schema_migrations TO PUBLIC")
            let pool = try PostgresPool(url: url, size: 1, name: "tests", waitTimeout: .seconds(30))
            try await withRunning(pool) {
                let applied = try await PostgresMigrator(pool, [Self.migration]).migrate()
                #expect(applied == [])
            }
        }
    }

    @Test func `a server without a free connection says so`() async throws {
        try await withRole("CONNECTION LIMIT 1") { url, _ in
            let first = try PostgresPool(url: url, size: 1, name: "tests", waitTimeout: .seconds(30))
            try await withRunning(first) {
                _ = try await first.query("SELECT 1")
                let error = try await failure(of: url)
                #expect(error?.kind == .refused && error?.sqlState == "53300")
                #expect(error?.message.contains("too many connections") == true)
            }
        }
    }

    @Test func `a wrong password and a role that may not log in are told in the server's words`() async throws {
        let server = try await PostgresServer.start()
        let url = try await server.database()
        let admin = try PostgresPool(url: url, size: 1, name: "admin", connectTimeout: .seconds(30), waitTimeout: .seconds(30))
        try await withRunning(admin) {
            _ = try await admin.query("CREATE ROLE locked NOLOGIN")
            _ = try await admin.query("CREATE ROLE secret LOGIN PASSWORD 'p@ss/100% #?'")
            let file = try #require(try await admin.query("SHOW hba_file").first?["hba_file"])
            let lines = "host all secret 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust"
            _ = try await admin.query("COPY (SELECT unnest(string_to_array('\(lines)', E'\\n'))) TO '\(file)'")
            _ = try await admin.query("SELECT pg_reload_conf()")
            try await eventually { try await failure(of: url.replacing("postgres@", with: "secret:wrong@")) != nil }
            let wrong = try await failure(of: url.replacing("postgres@", with: "secret:hunter2@"))
            #expect(wrong?.kind == .refused && wrong?.sqlState == "28P01")
            #expect(wrong?.message.contains("password authentication failed") == true && wrong?.description.contains("hunter2") == false)
            let locked = try await failure(of: url.replacing("postgres@", with: "locked@"))
            #expect(locked?.sqlState == "28000" && locked?.message.contains("not permitted to log in") == true)
            // As it is, and escaped.
            #expect(try await failure(of: url.replacing("postgres@", with: "secret:p@ss/100% #?@")) == nil)
            #expect(try await failure(of: url.replacing("postgres@", with: "secret:p%40ss%2F100%25%20%23%3F@")) == nil)
        }
        try await server.stop()
    }
}
