import Configuration
import EventLoop
import JSON
import Observability
import Postgres
import TestSupport
import Testing

@testable import GatewayService
@testable import Pipeline
@testable import ServiceKit

/// Tests what `/health` says of Redis, Postgres and the services.
@Suite(.onLoop) @ServiceActor
struct HealthRouteTests {
    private func beat(_ test: TestProcess<GatewaySettings>, _ service: String, _ name: String = "1", _ fields: [String: String] = [:]) async {
        await Heartbeat(redis: test.redis, service: service, name: "\(service)-\(name)") { fields }.beat()
    }

    private func beatAll(_ test: TestProcess<GatewaySettings>) async {
        for service in ["router", "executor", "notifier"] { await beat(test, service) }
    }

    @Test func `with Postgres away health is degraded with the reason, but 200, because orders go on`() async throws {
        try await withGateway { test, http in
            await beatAll(test)
            let answer = try await eventually {
                let answer = try await http.get("/health")
                return answer["postgres"]?.string == "down" ? answer : nil
            }
            #expect(answer.status == 200 && answer["status"]?.string == "degraded")
            #expect(answer["redis"]?.string == "up" && answer["redisReason"]?.isNull == true)
            #expect(answer["postgresReason"]?.string?.isEmpty == false)
        }
    }

    @Test func `with both there nothing is wrong, and no reason is given`() async throws {
        try await withStore { _, database in
            try await withGateway(["DATABASE_URL": database]) { test, http in
                await beatAll(test)
                let answer = try await eventually {
                    let answer = try await http.get("/health")
                    return answer["postgres"]?.string == "up" ? answer : nil
                }
                #expect(answer["status"]?.string == "ok" && answer["postgresReason"]?.isNull == true)
            }
        }
    }

    @Test func `that no notifier can store is told in the words of a notifier; one that can is enough`() async throws {
        try await withStore { _, database in
            try await withGateway(["DATABASE_URL": database]) { test, http in
                await beatAll(test)
                try await eventually { try await http.get("/health")["postgres"]?.string == "up" }
                let full = "could not extend file: No space left on device (SQLSTATE 53100)"
                await beat(test, "notifier", "1", ["postgres": full])
                let refused = try await http.get("/health")
                #expect(refused["postgres"]?.string == "down" && refused["postgresReason"]?.string == full)
                await beat(test, "notifier", "2", ["postgres": ""])
                #expect(try await http.get("/health")["postgres"]?.string == "up")
            }
        }
    }

    @Test func `a database without the tables is down with the server's reason, not away`() async throws {
        let database = try await PostgresServer.shared().database()
        try await withGateway(["DATABASE_URL": database]) { _, http in
            let reason = try await eventually { try await http.get("/health")["postgresReason"]?.string }
            #expect(reason.contains("order_rows") && reason.contains("42P01"))
        }
    }

    @Test func `with Redis away the reason is the client's own, and nothing is said of Postgres that nobody has tried`() async throws {
        try await withServer(try await unconnectedGateway().process) { http in
            let answer = try await http.get("/health")
            #expect(answer.status == 503 && answer["redis"]?.string == "down" && answer["redisReason"]?.string != nil)
            #expect(answer["postgres"]?.isNull == true && answer["postgresReason"]?.isNull == true && answer["door"]?.isNull == true)
        }
    }

    @Test func `a Redis that answers but that this gateway could not prepare is down, with what is missing`() async throws {
        try await withGateway { test, http in
            test.process.health.add("redis", .readiness) { .failing("NOPERM this user has no permissions to run the 'publish' command") }
            let answer = try await http.get("/health")
            #expect(answer.status == 503 && answer["redis"]?.string == "down")
            #expect(answer["redisReason"]?.string == "NOPERM this user has no permissions to run the 'publish' command")
        }
    }

    @Test func `what the routers trade at is told: mock, live, or mixed while they differ`() async throws {
        try await withGateway { test, http in
            func told() async throws -> String? { try await http.get("/health")["venues"]?.serialized }
            let nobody = try await told()
            await beat(test, "router", "1", ["venues": "mock"])
            let one = try await told()
            await beat(test, "router", "2", ["venues": "live"])
            let two = try await told()
            #expect([nobody, one, two] == ["null", #""mock""#, #""mixed""#])
        }
    }

    @Test func `numbers of other processes that are none, or too great, do not end this one`() async throws {
        try await withGateway { test, http in
            for name in ["1", "2"] { await beat(test, "notifier", name, ["sockets": "9223372036854775807", "ordersWatched": "many"]) }
            let answer = try await http.get("/health")
            #expect(answer["websocket"]?["totalClients"]?.integer == 1_000_000_000 && answer["websocket"]?["connectedOrders"]?.integer == 0)
        }
    }
}
