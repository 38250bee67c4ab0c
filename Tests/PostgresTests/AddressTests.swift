import EventLoop
import Postgres
import TestSupport
import Testing

/// Several hosts in one URL, and what is said of a URL that can never work.
@Suite(.onLoop) @ServiceActor
struct AddressTests {
    /// How long it takes until a pool of one connection is there.
    private func connect(_ url: String, _ limit: Duration = .seconds(3), needsWriting: Bool = true) async throws -> Duration {
        let pool = try PostgresPool(url: url, size: 1, name: "tests", needsWriting: needsWriting, connectTimeout: limit, waitTimeout: .seconds(20))
        let start = MonotonicInstant.now
        var time = Duration.zero
        try await withRunning(pool) {
            try await eventually { pool.isAvailable }
            time = start.elapsed
        }
        return time
    }

    @Test func `a first host that accepts and is silent leaves time for the second`() async throws {
        let url = try await PostgresServer.shared().database()
        let silent = try SilentPort()
        defer { withExtendedLifetime(silent) {} }
        let both = url.replacing("127.0.0.1:", with: "127.0.0.1:\(silent.port),127.0.0.1:")
        let shared = try await connect(both + "?target_session_attrs=read-write")
        #expect(shared > .seconds(1) && shared < .seconds(4))
        let limited = try await connect(both + "?connect_timeout=1&target_session_attrs=read-write", .seconds(30))
        #expect(limited > .milliseconds(900) && limited < .seconds(4))
    }

    @Test func `a first host that refuses is passed over at once`() async throws {
        let url = try await PostgresServer.shared().database()
        let time = try await connect(url.replacing("127.0.0.1:", with: "127.0.0.1:\(try freePort()),localhost:"), .seconds(30))
        #expect(time < .seconds(10))
    }

    @Test func `a connect_timeout longer than the pool's own counts`() async throws {
        let silent = try SilentPort()
        defer { withExtendedLifetime(silent) {} }
        let url = "postgres://u@127.0.0.1:\(silent.port)/d?connect_timeout=2"
        let pool = try PostgresPool(url: url, size: 1, name: "tests", connectTimeout: .milliseconds(100), waitTimeout: .seconds(20))
        try await withRunning(pool) {
            let start = MonotonicInstant.now
            #expect(await postgresError { _ = try await pool.query("SELECT 1") }?.kind == .unavailable)
            #expect(start.elapsed > .milliseconds(1900))
        }
    }

    @Test func `a standby is preferred where it is asked for, and the primary taken where there is none`() async throws {
        let url = try await PostgresServer.shared().database()
        let time = try await connect(url + "?target_session_attrs=prefer-standby", .seconds(30))
        #expect(time < .seconds(10))
        let pool = try PostgresPool(url: url + "?target_session_attrs=standby", size: 1, name: "tests", waitTimeout: .seconds(20))
        try await withRunning(pool) {
            let error = await postgresError { _ = try await pool.query("SELECT 1") }
            #expect(error?.kind == .refused && error?.message.contains("standby") == true)
        }
    }

    @Test(arguments: [
        ("schema=public", "\"schema\"", "search_path"), ("pgbouncer=true&connection_limit=1", "\"pgbouncer\"", "leave it out"),
        ("connection_limit=1", "\"connection_limit\"", "4 connections"), ("pool_timeout=5", "\"pool_timeout\"", "leave it out"),
        ("sslnegotiation=direct", "\"sslnegotiation\"", "newer libpq"), ("sslmode=no-verify", "node-postgres", "sslmode=require"),
        ("sslmode=on", "sslmode must be one of", "verify-full"), ("target_session_attrs=master", "target_session_attrs must be one of", "primary"),
        ("connect_timeout=soon", "connect_timeout", "whole number"), ("no_such=1", "\"no_such\"", "leave it out"),
    ])
    func `a parameter that can never work is named, with what to do`(query: String, named: String, advice: String) async {
        let error = await postgresError { _ = try PostgresPool(url: "postgres://u:hunter2@h/d?\(query)", size: 1, name: "tests") }
        #expect(error?.kind == .invalidConfiguration)
        #expect(error?.message.contains(named) == true && error?.message.contains(advice) == true)
        #expect(error?.message.contains("hunter2") == false)
    }

    @Test(arguments: [
        "postgres://h", "postgresql://u:p@h:1/d?sslmode=require", "postgres:///d", "postgres://u:p@h1,h2:5,h3/d", "postgres://u@[::1]:5432/d",
        "POSTGRES://u:p@h/d", "postgres://u:p@h/d?ssl=true", "postgres://u:p@h/d?application_name=a@b", "postgres://u@%2Fvar%2Frun/d",
        "postgres://u:se/cret@h/d", "postgres://u:p@ss/100%@h:5432/d", "postgres://u:a?b=c#d@h/d", "postgres://u:100%@h/d", "postgres://u:a b@h/d",
        "postgres://u:pä%C3%A4@h/d", "host=h user=u password='p@ss/100%'",
    ])
    func `a URL is read whatever its password holds`(url: String) throws { _ = try PostgresPool(url: url, size: 1, name: "tests") }

    @Test(arguments: [
        "nonsense", "postgres://user:secret@host:port/db", "postgres://u:secret@h:0/d", "postgres://u:secret@h/a/b", "postgres://u:secret@h/%zz",
        "postgres://u:secret@h:1:2/d", "postgres://u:sec@ret@h o/d", "postgres://u:secret@h/d?x", "postgres://u:secret@h:1,h:70000/d", "a=b c",
        "postgres://u:secret@[::1/d", "postgres://u:sec\0ret@h/d", "host=a,b,c hostaddr=1.1.1.1",
    ])
    func `a URL that can't be read is refused without repeating it`(url: String) async {
        let error = await postgresError { _ = try PostgresPool(url: url, size: 1, name: "tests") }
        #expect(error?.kind == .invalidConfiguration)
        #expect(error?.description.contains("ret") == false && error?.description.contains("sec") == false)
    }
}
