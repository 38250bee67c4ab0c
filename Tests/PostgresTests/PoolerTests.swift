import EventLoop
import Postgres
import TestSupport
import Testing

/// PgBouncer hands a session of the server to another client after each transaction.
@Suite(.onLoop, .enabled(if: PgBouncer.isInstalled, "pgbouncer is not installed")) @ServiceActor
struct PoolerTests {
    private nonisolated static let migration = PostgresMigration(number: 1, name: "a", sql: "CREATE TABLE a (n int)")

    private func withPooler(_ mode: PgBouncer.Mode, _ body: @ServiceActor (PostgresPool, PostgresPool, String) async throws -> Void) async throws {
        let server = try await PostgresServer.shared()
        let direct = try await server.database()
        let pooler = try await PgBouncer(to: server.port, mode: mode, sessions: mode == .session ? 10 : 3)
        let url = pooler.url(of: direct)
        let pools = try (0..<2).map { _ in try PostgresPool(url: url, size: 4, name: "tests", connectTimeout: .seconds(30), waitTimeout: .seconds(30))
        }
        try await withRunning(pools[0]) {
            try await withRunning(pools[1]) { try await body(pools[0], pools[1], direct) }
        }
        try await pooler.stop()
    }

    @Test(arguments: [PgBouncer.Mode.transaction, .session])
    func `each statement gets its own result where sessions are handed around`(mode: PgBouncer.Mode) async throws {
        try await withPooler(mode) { one, two, _ in
            var wrong = 0
            let tasks = (0..<200).map { n in
                Loop.spawn {
                    let column = "c\(n % 7)"
                    let row = try await (n % 2 == 0 ? one : two).query("SELECT $1::int AS \(column)", [.int(Int64(n))], expecting: [column]).first
                    if row?[column] != String(n) { wrong += 1 }
                }
            }
            for task in tasks { try await task.value }
            #expect(wrong == 0)
        }
    }

    @Test(arguments: [PgBouncer.Mode.transaction, .session])
    func `binary arrays pass a pooler as they are`(mode: PgBouncer.Mode) async throws {
        try await withPooler(mode) { one, two, _ in
            _ = try await one.query("CREATE TABLE t (id uuid PRIMARY KEY, note text, n integer, m bigint)")
            let insert = "INSERT INTO t SELECT * FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::bigint[])"
            let tasks = (0..<40).map { n in
                Loop.spawn {
                    let ids = (0..<5).map { "018f0000-0000-7000-8000-0000000\(10_000 + n * 5 + $0)" }
                    let columns: [PostgresArray] = [
                        .uuid(ids), .text(["\"\\{}", "", nil, "NULL", "👩‍👩‍👧‍👦"]), .integer([1, 2, 3, 4, nil]), .bigint([.max, nil, 0, .min, 1]),
                    ]
                    _ = try await (n % 2 == 0 ? one : two).query(insert, columns.map { .array($0) })
                }
            }
            for task in tasks { try await task.value }
            let found = try await two.query("SELECT note, n, m, count(*) AS rows FROM t GROUP BY 1, 2, 3 ORDER BY n").rows.map(\.values)
            #expect(found.map { $0[3] } == Array(repeating: "40", count: 5))
            #expect(found.map { $0[0] } == ["\"\\{}", "", nil, "NULL", "👩‍👩‍👧‍👦"])
            #expect(found.map { $0[2] } == [String(Int64.max), nil, "0", String(Int64.min), "1"])
        }
    }

    @Test func `nothing of a client stays in a session that is handed around`() async throws {
        try await withPooler(.transaction) { one, two, direct in
            for pool in [one, two] { for n in 0..<8 { _ = try await pool.query("SELECT \(n) AS n") } }
            #expect(try await PostgresMigrator(one, [Self.migration]).migrate() == [1])
            #expect(try await PostgresMigrator(two, [Self.migration]).migrate() == [])
            let left = """
                SELECT (SELECT count(*) FROM pg_prepared_statements) AS statements, current_setting('statement_timeout') AS limit,
                    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (
                        SELECT oid FROM pg_database WHERE datname = current_database())) AS locks
                """
            for _ in 0..<6 { #expect(try await one.query(left).first?.values == ["0", "0", "0"]) }
        }
    }

    @Test func `a transaction is one session's, also with several statements`() async throws {
        try await withPooler(.transaction) { one, two, _ in
            _ = try await one.query("CREATE TABLE t (n int)")
            let tasks = (0..<20).map { n in
                Loop.spawn {
                    try await (n % 2 == 0 ? one : two).transaction { connection in
                        for _ in 0..<5 { _ = try await connection.query("INSERT INTO t VALUES ($1)", [.int(Int64(n))]) }
                        if n % 4 == 0 { throw TestFailure("rolled back") }
                    }
                }
            }
            for task in tasks { _ = await task.result }
            #expect(try await one.query("SELECT count(*) AS n FROM t").first?["n"] == "75")
        }
    }

    @Test func `a pooler that allows no transactions is refused with its own words`() async throws {
        try await withPooler(.statement) { one, _, _ in
            let error = await postgresError { _ = try await PostgresMigrator(one, [Self.migration]).migrate() }
            let reason = try #require(error?.description)
            #expect(reason.contains("transaction blocks not allowed in statement pooling mode"))
        }
    }
}
