internal import EventLoop
internal import Markets
internal import Orders
internal import Venues

/// A venue whose pools stand in a file: exact quotes, as the venue's programs compute them, after the latency of a real one.
@ServiceActor
final class MockVenue: Venue {
    let dex: String
    private let pools: [Pool]
    private let middles: [Token]
    private let latency: ClosedRange<Int>

    init(dex: String, pools: PoolList, latency: ClosedRange<Int>) {
        self.dex = dex
        self.pools = pools.pools(dex: dex)
        middles = pools.middles
        self.latency = latency
    }

    /// A venue for each that the pools name.
    static func all(_ pools: PoolList, latency: ClosedRange<Int>) -> [any Venue] {
        pools.dexes.map { MockVenue(dex: $0, pools: pools, latency: latency) }
    }

    func quote(_ request: QuoteRequest) async throws -> Quote {
        try await sleep(for: .milliseconds(Int.random(in: latency)))
        return try PoolQuoter.bestQuote(
            amountIn: request.amountIn, pools: pools, middles: middles, from: request.tokenIn, to: request.tokenOut,
            slippageBps: request.slippageBps)
    }
}
