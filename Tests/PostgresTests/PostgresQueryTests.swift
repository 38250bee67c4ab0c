import EventLoop
import Postgres
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct PostgresQueryTests {
    private nonisolated static let hardTexts = [
        "", " ", "NULL", "null", "{", "}", "{}", ",", "\"", "\"\"", "'", "\\", "\\\\", "\\\"", "a,b", "tab\tline\nreturn\r", "$1", "%s",
        "; DROP TABLE x",
        "日本語", "👩‍👩‍👧‍👦", "e\u{301}", "\u{FFFF}", "\u{1}",
    ]

    @Test func `a text comes back as it was sent`() async throws {
        try await withPool(size: 1) { pool in
            for text in Self.hardTexts {
                let row = try await pool.query("SELECT $1::text AS it", [.text(text)]).first
                #expect(row?["it"] == text)
            }
        }
    }

    @Test func `an array keeps each element, NULL and the text NULL apart`() async throws {
        try await withPool { pool in
            let texts: [String?] = Self.hardTexts + [nil]
            let result = try await pool.query("SELECT it FROM unnest($1::text[]) WITH ORDINALITY AS t(it, n) ORDER BY n", [.textArray(texts)])
            #expect(result.rows.map { $0["it"] } == texts)
            let none = try await pool.query("SELECT cardinality($1::text[]) AS n, cardinality($2::bigint[]) AS m", [.textArray([]), .intArray([])])
            #expect(none.first?.values == ["0", "0"])
            let ints = try await pool.query("SELECT it FROM unnest($1::bigint[]) AS it", [.intArray([.max, nil, .min, 0])])
            #expect(ints.rows.map { $0[0] } == ["9223372036854775807", nil, "-9223372036854775808", "0"])
        }
    }

    @Test func `a binary array keeps each element, NULL and the text NULL apart`() async throws {
        try await withPool { pool in
            let texts: [String?] = Self.hardTexts + [nil, "\u{10FFFF}", String(repeating: "x\\\"", count: 100_000)]
            let it = "SELECT it FROM unnest($1::text[]) WITH ORDINALITY AS t(it, n) ORDER BY n"
            for _ in 0..<2 { #expect(try await pool.query(it, [.array(.text(texts))]).rows.map { $0["it"] } == texts) }
            let ints = try await pool.query(
                "SELECT a, b FROM unnest($1::integer[], $2::bigint[]) AS t(a, b)",
                [.array(.integer([2_147_483_647, nil, -2_147_483_648])), .array(.bigint([.max, nil, .min]))])
            #expect(ints.rows.map(\.values) == [["2147483647", "9223372036854775807"], [nil, nil], ["-2147483648", "-9223372036854775808"]])
            let ids = try await pool.query(
                "SELECT unnest($1::uuid[]) AS it",
                [.array(.uuid(["018f3a2b-0000-7000-8000-0000000000ff", nil, "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"]))])
            #expect(ids.rows.map { $0["it"] } == ["018f3a2b-0000-7000-8000-0000000000ff", nil, "ffffffff-ffff-ffff-ffff-ffffffffffff"])
        }
    }

    @Test func `a binary array without elements is empty, one of NULLs is not`() async throws {
        try await withPool { pool in
            let sql = "SELECT cardinality($1::uuid[]), cardinality($2::text[]), cardinality($3::integer[]), cardinality($4::bigint[])"
            let none = try await pool.query(sql, [.array(.uuid([])), .array(.text([])), .array(.integer([])), .array(.bigint([]))])
            #expect(none.first?.values == ["0", "0", "0", "0"])
            let nulls = try await pool.query(
                sql, [.array(.uuid([nil])), .array(.text([nil, nil])), .array(.integer([nil])), .array(.bigint([nil, 1]))])
            #expect(nulls.first?.values == ["1", "2", "1", "2"])
        }
    }

    @Test func `binary and text parameters of one statement arrive side by side`() async throws {
        try await withPool { pool in
            let row = try await pool.query(
                "SELECT $1::text AS a, ($2::text[])[2] AS b, $3::text AS c, ($4::text[])[1] AS d, $5::bigint AS e",
                [.text("one"), .array(.text(["x", "two"])), .null, .textArray(["four"]), .int(5)]
            ).first
            #expect(row?.values == ["one", "two", nil, "four", "5"])
        }
    }

    @Test(arguments: [
        (PostgresArray.text(["a", "a\0b"]), "22021"), (.integer([2_147_483_648]), "22003"), (.integer([-2_147_483_649]), "22003"),
        (.uuid(["018f3a2b-0000-7000-8000-0000000000f"]), "22P02"), (.uuid(["018f3a2b-0000-7000-8000-0000000000fg"]), "22P02"),
        (.uuid(["018f3a2b00007000800000000000000000ff"]), "22P02"), (.uuid([""]), "22P02"), (.uuid(["018f3a2b-0000-7000-8000-0000000000ü"]), "22P02"),
    ])
    func `an element that the type cannot hold is refused as the server would`(array: PostgresArray, state: String) async throws {
        try await withPool { pool in
            let error = await postgresError { _ = try await pool.query("SELECT $1", [.array(array)]) }
            #expect(error?.sqlState == state && error?.isDataFault == true)
        }
    }

    @Test func `a binary array of another type is refused, and the session goes on`() async throws {
        try await withPool(size: 1) { pool async throws in
            let error = await postgresError { _ = try await pool.query("SELECT $1::bigint[]", [.array(.integer([1]))]) }
            #expect(error?.sqlState == "42804" && error?.isDataFault == false)
            let one = try await pool.query("SELECT 1 AS one").first
            #expect(one?["one"] == "1")
        }
    }

    @Test func `scalars and NULL arrive, and columns are found by name`() async throws {
        try await withPool { pool in
            let result = try await pool.query(
                "SELECT $1::bigint AS a, $2::text AS b, $3::boolean AS c, $4::numeric AS d", [.int(.min), .null, .bool(true), .text("1.10")])
            #expect(result.columns == ["a", "b", "c", "d"])
            let row = try #require(result.first)
            #expect(row.values == ["-9223372036854775808", nil, "t", "1.10"])
            #expect(row["b"] == nil && row["d"] == "1.10")
        }
    }

    @Test func `rows that were changed are counted`() async throws {
        try await withPool(size: 1) { pool in
            _ = try await pool.query("CREATE TABLE t (n int PRIMARY KEY)")
            let insert = "INSERT INTO t SELECT unnest($1::int[]) ON CONFLICT DO NOTHING"
            #expect(try await pool.query(insert, [.intArray([1, 2, 3])]).affectedRows == 3)
            #expect(try await pool.query(insert, [.intArray([3, 4])]).affectedRows == 1)
            #expect(try await pool.query("DELETE FROM t").affectedRows == 4)
        }
    }

    @Test(arguments: [PostgresParameter.text("a\0b"), .textArray(["a", "\0"])])
    func `a NUL is refused and never cut off`(parameter: PostgresParameter) async throws {
        try await withPool { pool in
            let error = await postgresError { _ = try await pool.query("SELECT $1::text", [parameter]) }
            #expect(error?.sqlState == "22021")
            #expect(error?.isDataFault == true)
        }
    }

    @Test(arguments: [
        ("SELECT 1/0", "22012", true), ("SELEC 1", "42601", false), ("SELECT * FROM missing", "42P01", false),
        ("SELECT '\"\\u0000\"'::jsonb", "22P05", true),
        ("INSERT INTO kept VALUES (1)", "23505", true), ("INSERT INTO kept VALUES (100000)", "22003", true),
    ])
    func `the server's SQLSTATE tells what kind of error it is`(sql: String, state: String, isDataFault: Bool) async throws {
        try await withPool(size: 1) { pool in
            _ = try await pool.query("CREATE TABLE kept (n smallint PRIMARY KEY)")
            _ = try await pool.query("INSERT INTO kept VALUES (1)")
            let error = await postgresError { _ = try await pool.query(sql) }
            #expect(error?.kind == .server(sqlState: state))
            #expect(error?.isDataFault == isDataFault && error?.isRefusal == !isDataFault && error?.isAway == false)
            #expect(try await pool.query("SELECT 1 AS one").first?["one"] == "1")
        }
    }

    @Test func `an error never repeats the value`() async throws {
        try await withPool { pool in
            for type in ["int", "uuid", "jsonb", "timestamptz", "numeric", "int[]", "boolean"] {
                let error = await postgresError { _ = try await pool.query("SELECT $1::\(type)", [.text("tell\"nobody")]) }
                #expect(error?.isDataFault == true, "\(type)")
                #expect(error?.description.contains("nobody") == false, "\(type)")
            }
            _ = try await pool.query("SELECT 1")
        }
    }

    @Test func `a statement over its limit is stopped, by the server where the server answers`() async throws {
        try await withPool(size: 1, statementTimeout: .milliseconds(100)) { pool in
            let byServer = await postgresError { _ = try await pool.query("SELECT pg_sleep(30)") }
            #expect(byServer?.kind == .timedOut && byServer?.sqlState == "57014")
            let longer = try await pool.query("SELECT pg_sleep(0.2), 1 AS one", timeout: .seconds(5)).first
            #expect(longer?["one"] == "1")
            let byUs = await postgresError { _ = try await pool.query("SELECT pg_sleep(30)", timeout: .milliseconds(100)) }
            #expect(byUs?.kind == .timedOut)
            #expect(try await pool.query("SELECT 1 AS one").first?["one"] == "1")
        }
    }

    @Test func `more statements than are kept prepared still run`() async throws {
        try await withPool(size: 1) { pool in
            for n in 0..<300 {
                let row = try await pool.query("SELECT \(n) AS n").first
                #expect(row?["n"] == String(n))
            }
            let kept = try await pool.query("SELECT count(*) AS n FROM pg_prepared_statements").first
            #expect(kept?["n"] == "256")
        }
    }

    @Test func `a statement whose columns have changed is prepared again`() async throws {
        try await withPool(size: 1) { pool in
            _ = try await pool.query("CREATE TABLE t (a int)")
            _ = try await pool.query("SELECT * FROM t")
            _ = try await pool.query("ALTER TABLE t ADD b int")
            _ = await postgresError { _ = try await pool.query("SELECT * FROM t") }
            #expect(try await pool.query("SELECT * FROM t").columns == ["a", "b"])
        }
    }

    @Test func `a large value goes there and back`() async throws {
        try await withPool { pool in
            let text = String(repeating: "0123456789abcdef", count: 500_000)
            let row = try await pool.query("SELECT $1::text || '!' AS it", [.text(text)]).first
            #expect(row?["it"] == text + "!")
        }
    }

    @Test func `commands at once on one connection are answered each by its own result`() async throws {
        try await withPool { pool in
            try await pool.withConnection { connection in
                async let one = connection.query("SELECT 1 AS n")
                async let two = connection.query("SELECT 2 AS n")
                async let three = connection.query("SELECT 3 AS n")
                let values = try await [one, two, three].map { $0.first?["n"] }
                #expect(values == ["1", "2", "3"])
            }
        }
    }
}
