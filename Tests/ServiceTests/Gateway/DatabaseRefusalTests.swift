import Configuration
import EventLoop
import JSON
import Postgres
import TestSupport
import Testing

@testable import GatewayService
@testable import Storage

/// Tests that only a database that is away is called "away". Otherwise its own reason reaches the client, the doctor and the log.
@Suite(.onLoop) @ServiceActor
struct DatabaseRefusalTests {
    private func postgres(_ answer: Answer) -> JSONValue? { answer["checks"]?.array?.first { $0["check"]?.string == "postgres" } }

    @Test func `a database without the tables is refused in its own words, not called away`() async throws {
        let url = try await PostgresServer.shared().database()
        try await withGateway(["DATABASE_URL": url]) { _, http in
            try await eventually { try await http.get("/api/orders")["code"]?.string == "DATABASE_REFUSED" }
            let list = try await http.get("/api/orders")
            #expect(list.status == 503 && list.header("Retry-After") != nil)
            #expect(list["error"]?.string?.contains("relation \"order_rows\" does not exist (SQLSTATE 42P01)") == true)
            let order = try await http.get("/api/orders/0198c1f2-0000-7000-8000-000000000001")
            #expect(order.status == 503 && order["code"]?.string == "DATABASE_REFUSED")
            #expect(try await http.get("/api/reconcile")["code"]?.string == "DATABASE_REFUSED")
            let finding = postgres(try await http.get("/api/doctor"))
            #expect(finding?["verdict"]?.string == "fault")
            #expect(finding?["finding"]?.string?.hasPrefix("Postgres refuses the engine (relation") == true)
            #expect(finding?["advice"]?.string?.contains("schema.not_ready") == true)
        }
    }

    @Test func `a role without the right to read is told which one is missing`() async throws {
        try await withStore { store, url in
            let role = "app_\(UInt32.random(in: .min ... .max))"
            _ = try await store.pool.query("CREATE ROLE \(role) LOGIN")
            try await withGateway(["DATABASE_URL": url.replacing("postgres@", with: "\(role)@")]) { _, http in
                try await eventually { try await http.get("/api/orders")["code"]?.string == "DATABASE_REFUSED" }
                let list = try await http.get("/api/orders")
                #expect(list["error"]?.string?.contains("permission denied for table order_rows (SQLSTATE 42501)") == true)
                let doctor = try await http.get("/api/doctor")
                #expect(doctor.body.contains("permission denied") && doctor.body.contains("the right that is missing"))
            }
        }
    }

    @Test func `a database that nobody answers for is away, with the reason for the doctor`() async throws {
        try await withGateway { _, http in
            let list = try await http.get("/api/orders")
            #expect(list.status == 503 && list["code"]?.string == "UNAVAILABLE")
            try await eventually { try await http.get("/api/doctor").body.contains("Postgres is away (nothing listens") }
        }
    }

    @Test func `a text that no database can hold is the client's mistake`() async throws {
        try await withStore { _, url in
            try await withGateway(["DATABASE_URL": url]) { _, http in
                try await eventually { try await http.get("/api/orders").status == 200 }
                let answer = try await http.get("/api/orders?userId=a%00b")
                #expect(answer.status == 400 && answer["code"]?.string == "BAD_REQUEST")
            }
        }
    }

    @Test func `a pooler that hands sessions around serves a gateway`() async throws {
        guard PgBouncer.isInstalled else { return }
        try await withStore { _, url in
            let pooler = try await PgBouncer(to: PostgresServer.shared().port, mode: .transaction, sessions: 2)
            try await withGateway(["DATABASE_URL": pooler.url(of: url)]) { _, http in
                try await eventually { try await http.get("/api/orders").status == 200 }
                let tasks = (0..<60).map { n in
                    Loop.spawn { try await http.get(n % 3 == 0 ? "/api/doctor" : n % 3 == 1 ? "/api/orders?limit=\(n)" : "/api/reconcile").status }
                }
                for task in tasks { #expect(try await task.value == 200) }
            }
            try await pooler.stop()
        }
    }
}
