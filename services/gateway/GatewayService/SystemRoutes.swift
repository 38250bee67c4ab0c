internal import EventLoop
internal import HTTP
internal import JSON
internal import Markets
internal import Orders
internal import Pipeline
internal import ServiceKit

/// What the gateway answers about the engine itself.
@ServiceActor
struct SystemRoutes {
    private static let most = 1_000_000_000
    private static let services = ["gateway", "router", "executor", "notifier"]

    let process: ServiceProcess
    let lag: LagSampler
    let tokens: TokenList
    let pools: PoolList

    func add(to router: HTTPRouter) {
        router.get("/health") { _, _ in await health() }
        router.get("/api/streams", query: []) { _, _ in try await streams() }
        let tokenList = JSONWriter.object { $0.field("tokens", tokens.tokens) }
        let poolList = JSONWriter.object { $0.field("pools", pools.pools) }
        router.get("/api/tokens", query: []) { _, _ in .json(200, tokenList) }
        router.get("/api/pools", query: []) { _, _ in .json(200, poolList) }
    }

    private func streams() async throws -> HTTPResponse {
        do {
            return .json(200, try await lag.sample().json)
        } catch {
            throw error.answer("The streams cannot be looked at")
        }
    }

    /// Over all replicas, by their heartbeats.
    private func health() async -> HTTPResponse {
        let instances = try? await process.pipeline.instances()
        let alive = Dictionary(grouping: instances ?? [], by: \.service)
        let pause = try? await process.pipeline.currentPause()
        let isWell = instances != nil && Self.services.allSatisfy { alive[$0]?.isEmpty == false }
        // A heartbeat may say anything: the sum stays a number that a client can hold.
        func sum(_ field: String) -> Int {
            (instances ?? []).reduce(0) { min(Self.most, $0 + min(Self.most, max(0, Int($1.fields[field] ?? "") ?? 0))) }
        }
        let body = JSONWriter.object {
            $0.field("status", isWell ? "ok" : "degraded")
            $0.field("timestamp", Timestamp.text(milliseconds: process.heartbeat.clock.now ?? WallClock.milliseconds))
            $0.object("websocket") {
                $0.field("connectedOrders", sum("ordersWatched"))
                $0.field("totalClients", sum("sockets"))
            }
            $0.object("services") { writer in
                for service in Self.services { writer.object(service) { $0.field("alive", alive[service]?.count ?? 0) } }
            }
            // Shut on purpose is not ill: who restarts what is degraded must leave it alone.
            $0.raw("door", instances == nil ? "null" : Pause.json(of: pause))
        }
        return .json(isWell ? 200 : 503, body)
    }
}
