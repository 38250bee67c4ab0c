internal import EventLoop
internal import HTTP
internal import JSON
internal import Markets
internal import Orders
internal import Pipeline
internal import ServiceKit

/// The routes about streams and markets.
@ServiceActor
struct SystemRoutes {
    let lag: LagSampler
    let tokens: TokenList
    let pools: PoolList

    func add(to router: HTTPRouter) {
        router.get("/api/streams", query: [], for: .read) { _, _ in try await streams() }
        let tokenList = JSONWriter.object { $0.field("tokens", tokens.tokens) }
        let poolList = JSONWriter.object { $0.field("pools", pools.pools) }
        router.get("/api/tokens", query: [], for: .read) { request, _ in HTTPResponse.json(200, tokenList).unlessKnown(to: request) }
        router.get("/api/pools", query: [], for: .read) { request, _ in HTTPResponse.json(200, poolList).unlessKnown(to: request) }
    }

    private func streams() async throws -> HTTPResponse {
        .json(200, try await answering("The streams cannot be looked at") { try await lag.sample().json })
    }
}
