internal import EventLoop
internal import HTTP
internal import JSON
internal import Observability
internal import Orders
internal import Pipeline
internal import ServiceKit

/// `GET /health`: the state of the whole engine, from the heartbeats of all replicas, and of Redis and Postgres.
@ServiceActor
struct HealthRoutes {
    private static let maxNumber = 1_000_000_000
    private static let services = ["gateway", "router", "executor", "notifier"]

    let process: ServiceProcess
    let postgres: PostgresWatch
    let lists: OrderLists

    func add(to router: HTTPRouter) { router.get("/health", for: .read) { _, _ in await health() } }

    private func health() async -> HTTPResponse {
        let (instances, redis) = await ask()
        let database = Self.database(postgres.standing, instances)
        let pause = redis.isDown ? nil : try? await process.pipeline.currentPause()
        let alive = Dictionary(grouping: instances, by: \.service)
        // Orders go on without Postgres. A supervisor that restarts on 503 must leave such an engine alone.
        let goesOn = redis == .up && Self.services.allSatisfy { alive[$0]?.isEmpty == false }
        // A heartbeat may hold any number: the sum stays small enough for every client.
        func sum(_ field: String) -> Int {
            instances.reduce(0) { min(Self.maxNumber, $0 + min(Self.maxNumber, max(0, Int($1.fields[field] ?? "") ?? 0))) }
        }
        let body = JSONWriter.object {
            $0.field("status", goesOn && !database.isDown ? "ok" : "degraded")
            $0.field("timestamp", Timestamp.text(milliseconds: process.heartbeat.clock.now ?? WallClock.milliseconds))
            $0.object("websocket") {
                $0.field("connectedOrders", sum("ordersWatched"))
                $0.field("totalClients", sum("sockets"))
            }
            redis.write(as: "redis", to: &$0)
            database.write(as: "postgres", to: &$0)
            lists.standing.write(as: "postgresReplica", to: &$0)
            $0.field("venues", orNull: Self.venues(instances))
            $0.object("services") { writer in
                for service in Self.services { writer.object(service) { $0.field("alive", alive[service]?.count ?? 0) } }
            }
            // A pause is not a fault. A supervisor that restarts a degraded engine must leave a paused one alone.
            $0.raw("door", redis.isDown ? "null" : PauseRecord.json(of: pause))
        }
        return .json(goesOn ? 200 : 503, body)
    }

    /// The processes that are alive, and whether Redis can be used: it answers, and this process could prepare what it needs there.
    private func ask() async -> ([ServiceInstance], ServerState) {
        do {
            let instances = try await process.pipeline.instances()
            let check = process.health.readiness.checks.first { $0.name == "redis" }
            if case .failing(let reason) = check?.status { return (instances, .down(reason)) }
            return (instances, .up)
        } catch {
            return ([], .down(error.message))
        }
    }

    /// Down if this gateway cannot read, or if no notifier can store. A notifier's reason comes first.
    private static func database(_ reading: ServerState, _ instances: [ServiceInstance]) -> ServerState {
        let troubles = instances.compactMap { $0.fields["postgres"] }
        let refused = troubles.filter { !$0.isEmpty }
        guard reading.isDown || (!troubles.isEmpty && refused.count == troubles.count) else { return reading }
        return refused.first.map { .down($0) } ?? reading
    }

    /// The venues that the routers use: `mock`, `live`, or `mixed` while they differ; nil if there is no router.
    private static func venues(_ instances: [ServiceInstance]) -> String? {
        let told = Set(instances.compactMap { $0.fields["venues"] })
        return told.count > 1 ? "mixed" : told.first
    }
}
