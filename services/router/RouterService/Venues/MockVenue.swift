internal import EventLoop
internal import Markets
internal import Orders
internal import Venues

/// A venue whose pools stand in a file: exact constant-product quotes after the latency of a real one.
@ServiceActor
final class MockVenue: Venue {
    let dex: String
    private let pools: PoolList
    private let latency: ClosedRange<Int>

    init(dex: String, pools: PoolList, latency: ClosedRange<Int>) {
        self.dex = dex
        self.pools = pools
        self.latency = latency
    }

    /// A venue for each that the pools name.
    static func all(_ pools: PoolList, latency: ClosedRange<Int>) -> [any Venue] {
        pools.dexes.map { MockVenue(dex: $0, pools: pools, latency: latency) }
    }

    func quote(_ request: QuoteRequest) async throws -> Quote {
        try await sleep(for: .milliseconds(Int.random(in: latency)))
        return try PoolQuoter.bestQuote(
            amountIn: request.amountIn, pools: pools.pools(dex: dex, from: request.tokenIn, to: request.tokenOut),
            reserves: { $0.reserves }, from: request.tokenIn, to: request.tokenOut, slippageBps: request.slippageBps)
    }
}
