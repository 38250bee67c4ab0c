import EventLoop
import Postgres
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct PostgresPoolTests {
    @Test func `a killed server fails commands at once, and a restarted one is found again`() async throws {
        let server = try await PostgresServer.start()
        let pool = try PostgresPool(url: try await server.database(), size: 2, name: "tests", waitTimeout: .seconds(30))
        var changes: [Bool] = []
        pool.onAvailabilityChange = { changes.append($0 == nil) }
        try await withRunning(pool) {
            _ = try await pool.query("CREATE TABLE t AS SELECT 1 AS n")
            let cut = Promise<PostgresError?>()
            Loop.spawn { cut.succeed(await postgresError { _ = try await pool.query("SELECT pg_sleep(30)", timeout: .seconds(60)) }) }
            try await eventually { pool.load.lent == 1 }
            try await server.kill()
            #expect(try await cut.value(within: .seconds(5))?.kind == .connectionLost)
            try await eventually { pool.failure != nil }
            let start = MonotonicInstant.now
            let refused = await postgresError { _ = try await pool.query("SELECT 1") }
            #expect(refused?.kind == .unavailable)
            #expect(start.elapsed < .milliseconds(500) + MachineWatch.lost(since: start))
            #expect(!pool.isAvailable)
            try await server.restart()
            try await eventually(within: .seconds(20)) { pool.isAvailable }
            #expect(try await pool.query("SELECT n FROM t").first?["n"] == "1")
            #expect(changes == [true, false, true])
        }
        try await server.stop()
    }

    @Test func `a server that hangs costs one time-out and the connection`() async throws {
        let server = try await PostgresServer.start()
        let pool = try PostgresPool(
            url: try await server.database(), size: 1, name: "tests", connectTimeout: .milliseconds(300), statementTimeout: .milliseconds(200))
        try await withRunning(pool) {
            try await eventually { pool.isAvailable }
            try server.pause()
            let error = await postgresError { _ = try await pool.query("SELECT 1") }
            #expect(error?.kind == .timedOut)
            try await eventually { pool.failure?.kind == .unavailable }
            try server.resume()
            try await eventually { pool.isAvailable }
        }
        try await server.stop()
    }

    @Test func `a command waits for a connection no longer than it may`() async throws {
        try await withPool(size: 1, waitTimeout: .milliseconds(100)) { pool in
            try await pool.withConnection { _ in
                let error = await postgresError { _ = try await pool.query("SELECT 1") }
                #expect(error?.kind == .poolExhausted)
            }
            _ = try await pool.query("SELECT 1")
        }
    }

    @Test func `no more than a bounded number of commands wait`() async throws {
        try await withPool(size: 1, waitTimeout: .seconds(30)) { pool in
            var answers = 0
            try await pool.withConnection { _ in
                for _ in 0..<1024 { Loop.spawn { if (try? await pool.query("SELECT 1")) != nil { answers += 1 } } }
                try await eventually { pool.load.waiting == 1024 }
                let error = await postgresError { _ = try await pool.query("SELECT 1") }
                #expect(error?.kind == .poolExhausted)
            }
            try await eventually { answers == 1024 }
        }
    }

    @Test func `a cancelled command frees its place and the pool goes on`() async throws {
        try await withPool(size: 1) { pool in
            _ = try await pool.query("SELECT 1")
            let running = Loop.spawn { await postgresError { _ = try await pool.query("SELECT pg_sleep(30)", timeout: .seconds(60)) } }
            try await eventually { pool.load.lent == 1 }
            let waiting = Loop.spawn { await postgresError { _ = try await pool.query("SELECT 1") } }
            try await eventually { pool.load.waiting == 1 }
            waiting.cancel()
            running.cancel()
            #expect(await waiting.value?.kind == .cancelled)
            #expect(await running.value?.kind == .cancelled)
            #expect(try await pool.query("SELECT 1 AS one").first?["one"] == "1")
        }
    }

    @Test func `a connection that a borrower left in a transaction is not lent again`() async throws {
        try await withPool(size: 1) { pool in
            _ = try await pool.query("CREATE TABLE t (n int)")
            try await pool.withConnection { connection in
                try await connection.run(script: "BEGIN; INSERT INTO t VALUES (1)")
            }
            #expect(try await pool.query("SELECT count(*) AS n FROM t").first?["n"] == "0")
        }
    }

    @Test func `a closed pool ends its run and takes no more`() async throws {
        let pool = try PostgresPool(url: try await PostgresServer.shared().database(), size: 3, name: "tests", connectTimeout: .seconds(30))
        try await withRunning(pool) { _ = try await pool.query("SELECT 1") }
        #expect(await postgresError { _ = try await pool.query("SELECT 1") }?.kind == .closed)
        #expect(pool.load.lent == 0 && !pool.isAvailable)
    }

    @Test func `names are resolved, and the server sees the pool's name`() async throws {
        let url = try await PostgresServer.shared().database().replacing("127.0.0.1", with: "localhost")
        let pool = try PostgresPool(url: url, size: 1, name: "order-notifier", connectTimeout: .seconds(30), waitTimeout: .seconds(30))
        try await withRunning(pool) {
            let row = try await pool.query("SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()").first
            #expect(row?["application_name"] == "order-notifier")
        }
    }

    @Test func `a failed attempt says why, without the password or a part of it`() async throws {
        let port = try freePort()
        let cases = [
            ("postgres://user:s3cr3t@127.0.0.1:\(port)/db", "nothing listens", PostgresError.Kind.unavailable),
            ("postgres://user:s3@cr3t.invalid/db", "could not be resolved", .unavailable),
            (try await PostgresServer.shared().database() + "_missing?password=s3cr3t", "_missing\" does not exist", .refused),
        ]
        for (url, reason, kind) in cases {
            let pool = try PostgresPool(url: url, size: 1, name: "tests")
            try await withRunning(pool) {
                let error = await postgresError { _ = try await pool.query("SELECT 1") }
                #expect(error?.kind == kind)
                #expect(error?.description.contains(reason) == true)
                #expect(error?.description.contains("cr3t") == false)
            }
        }
    }

    @Test func `a peer that accepts and says nothing is given up in time`() async throws {
        let silent = try SilentPort()
        defer { withExtendedLifetime(silent) {} }
        let pool = try PostgresPool(url: "postgres://u@127.0.0.1:\(silent.port)/d", size: 1, name: "tests", connectTimeout: .milliseconds(200))
        try await withRunning(pool) {
            let start = MonotonicInstant.now
            #expect(await postgresError { _ = try await pool.query("SELECT 1") }?.kind == .unavailable)
            #expect(start.elapsed < .seconds(3))
        }
    }
}
