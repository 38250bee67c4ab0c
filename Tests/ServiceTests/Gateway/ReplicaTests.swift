import Configuration
import EventLoop
import JSON
import Orders
import Postgres
import Storage
import TestSupport
import Testing

@testable import GatewayService

/// A gateway with a streaming standby.
@Suite(.onLoop) @ServiceActor
struct ReplicaTests {
    /// A primary, its standby, a store on the primary, and the URL of the primary's database.
    private func withServers(_ body: @ServiceActor (PostgresServer, PostgresServer, OrderStore, String) async throws -> Void) async throws {
        let primary = try await PostgresServer.start()
        let url = try await primary.database()
        let pool = try PostgresPool(url: url, size: 2, name: "tests", connectTimeout: .seconds(30), waitTimeout: .seconds(30))
        try await alongside({ await pool.run() }, stop: { pool.close() }) {
            let store = OrderStore(pool: pool)
            _ = try await store.migrate()
            let standby = try await primary.standby()
            try await body(primary, standby, store, url)
            try await standby.stop()
        }
        try await primary.stop()
    }

    private func place(_ store: OrderStore) async throws -> OrderID {
        let order = Samples.order()
        try await store.save(order, eventsOfSuccess(order.id))
        return order.id
    }

    private func listed(_ http: HTTPExchange) async throws -> [String] {
        try await http.get("/api/orders")["orders"]?.array?.compactMap { $0["orderId"]?.string } ?? []
    }

    private func check(_ http: HTTPExchange) async throws -> (verdict: String?, finding: String?) {
        let checks = try await http.get("/api/doctor")["checks"]?.array ?? []
        let check = checks.first { $0["check"]?.string == "postgres-replica" }
        return (check?["verdict"]?.string, check?["finding"]?.string)
    }

    /// Holds up what a standby applies, or lets it go on.
    private func replay(_ verb: String, _ standby: PostgresServer, _ url: String) async throws {
        let pool = try PostgresPool(url: standby.url(of: url), size: 1, name: "tests", needsWriting: false, waitTimeout: .seconds(30))
        try await alongside({ await pool.run() }, stop: { pool.close() }) {
            _ = try await pool.query("SELECT pg_wal_replay_\(verb)()")
            if verb == "pause" { try await eventually { try await pool.query("SELECT pg_get_wal_replay_pause_state()").first?[0] == "paused" } }
        }
    }

    @Test func `lists are the replica's, a single order is the primary's, and without the replica all is the primary's`() async throws {
        try await withServers { _, standby, store, url in
            let settings = ["DATABASE_URL": url, "DATABASE_READ_URL": standby.url(of: url), "DATABASE_READ_LAG_MS": "60000"]
            try await withGateway(settings) { _, http in
                let first = try await place(store)
                try await eventually { try await check(http).verdict == "ok" }
                try await eventually { try await listed(http) == ["\(first)"] }
                #expect(try await http.get("/health")["postgresReplica"]?.string == "up")
                try await replay("pause", standby, url)
                let second = try await place(store)
                #expect(try await http.get("/api/orders/\(second)").status == 200)
                #expect(try await listed(http) == ["\(first)"])
                try await standby.kill()
                #expect(try await Set(listed(http)) == ["\(first)", "\(second)"])
                try await eventually { try await check(http).verdict == "warning" }
                try await eventually { try await http.get("/health")["postgresReplica"]?.string == "down" }
                let health = try await http.get("/health")
                #expect(health["postgresReplicaReason"]?.string?.isEmpty == false && health["postgres"]?.string == "up")
                try await standby.restart()
                try await eventually(within: .seconds(20)) { try await check(http).verdict == "ok" }
            }
        }
    }

    @Test func `a replica that lags is left for the primary, and used again when it has caught up`() async throws {
        try await withServers { _, standby, store, url in
            let settings = ["DATABASE_URL": url, "DATABASE_READ_URL": standby.url(of: url), "DATABASE_READ_LAG_MS": "500"]
            try await withGateway(settings) { _, http in
                try await eventually { try await check(http).verdict == "ok" }
                try await replay("pause", standby, url)
                let id = try await place(store)
                try await eventually { try await listed(http) == ["\(id)"] }
                let found = try await check(http)
                #expect(found.verdict == "warning" && found.finding?.contains("ms behind") == true)
                try await replay("resume", standby, url)
                try await eventually { try await check(http).verdict == "ok" }
                #expect(try await listed(http) == ["\(id)"])
            }
        }
    }

    @Test func `a list that the replica does not answer comes from the primary`() async throws {
        try await withServers { _, standby, store, url in
            let id = try await place(store)
            try await withGateway(["DATABASE_URL": url, "DATABASE_READ_URL": standby.url(of: url)]) { _, http in
                try await eventually { try await check(http).verdict == "ok" }
                try await eventually { try await listed(http) == ["\(id)"] }
                try standby.pause()
                let start = MonotonicInstant.now
                #expect(try await listed(http) == ["\(id)"])
                #expect(start.elapsed > .seconds(1), "the replica was not asked")
                try standby.resume()
                try await eventually { try await check(http).verdict == "ok" }
            }
        }
    }

    @Test func `a replica that the role may not read is not used, and the doctor says why`() async throws {
        try await withServers { _, standby, store, url in
            let id = try await place(store)
            let pool = try PostgresPool(url: url, size: 1, name: "tests", waitTimeout: .seconds(30))
            try await alongside({ await pool.run() }, stop: { pool.close() }) { _ = try await pool.query("CREATE ROLE stranger LOGIN") }
            let settings = ["DATABASE_URL": url, "DATABASE_READ_URL": standby.url(of: url).replacing("postgres@", with: "stranger@")]
            try await withGateway(settings) { _, http in
                try await eventually { try await check(http).finding?.contains("42501") == true }
                #expect(try await listed(http) == ["\(id)"])
            }
        }
    }

    @Test func `a replica goes on to serve while the primary is away`() async throws {
        try await withServers { primary, standby, store, url in
            let id = try await place(store)
            try await withGateway(["DATABASE_URL": url, "DATABASE_READ_URL": standby.url(of: url)]) { _, http in
                try await eventually { try await check(http).verdict == "ok" }
                try await primary.kill()
                try await eventually { try await http.get("/health")["postgres"]?.string == "down" }
                #expect(try await listed(http) == ["\(id)"])
                try await primary.restart()
            }
        }
    }

    @Test func `a server that is no standby of the primary is not used, and the doctor says so`() async throws {
        try await withServers { _, _, store, url in
            let id = try await place(store)
            let other = try await PostgresServer.start()
            try await withGateway(["DATABASE_URL": url, "DATABASE_READ_URL": try await other.database()]) { _, http in
                try await eventually { try await check(http).verdict == "warning" }
                #expect(try await check(http).finding?.contains("no standby of the server of DATABASE_URL") == true)
                #expect(try await listed(http) == ["\(id)"])
            }
            try await other.stop()
        }
    }

    @Test(.enabled(if: PgBouncer.isInstalled, "pgbouncer is not installed"))
    func `both servers may be behind PgBouncer in transaction mode`() async throws {
        try await withServers { primary, standby, store, url in
            let poolers = [
                try await PgBouncer(to: primary.port, mode: .transaction, sessions: 2),
                try await PgBouncer(to: standby.port, mode: .transaction, sessions: 2),
            ]
            let id = try await place(store)
            try await withGateway(["DATABASE_URL": poolers[0].url(of: url), "DATABASE_READ_URL": poolers[1].url(of: url)]) { _, http in
                try await eventually { try await check(http).verdict == "ok" }
                for _ in 0..<20 { #expect(try await listed(http) == ["\(id)"]) }
            }
            for pooler in poolers { try await pooler.stop() }
        }
    }
}
