public import EventLoop
public import Markets
public import Orders
public import Venues

/// A venue whose pools stand in a file, as the market has moved them: exact quotes, as the venue's programs compute them, after the latency of
/// a real one.
@ServiceActor
public final class MockVenue: Venue {
    /// The oldest state of the market that quotes are made of.
    private nonisolated static let oldest = Duration.milliseconds(50)

    /// The name that the pool list gives it.
    public let dex: String
    private let pools: [Pool]
    private let middles: [Token]
    private let latency: ClosedRange<Int>
    private let board: MarketBoard?

    /// - Parameter board: how the market has moved the pools; without one they are as the file has them.
    init(dex: String, pools: PoolList, latency: ClosedRange<Int>, board: MarketBoard?) {
        self.dex = dex
        self.pools = pools.pools(dex: dex)
        middles = pools.middles
        self.latency = latency
        self.board = board
    }

    /// A venue for each that the pools name.
    public static func all(_ pools: PoolList, latency: ClosedRange<Int>, board: MarketBoard? = nil) -> [any Venue] {
        pools.dexes.map { MockVenue(dex: $0, pools: pools, latency: latency, board: board) }
    }

    /// The best offer of its pools.
    public func quote(_ request: QuoteRequest) async throws -> Quote {
        try await sleep(for: .milliseconds(Int.random(in: latency)))
        guard let board else { return try quote(request, pools) }
        guard let view = await board.view(partition: request.partition, within: Self.oldest) else {
            throw OrderFailure(.venueUnavailable, message: "\(dex) cannot read the state of its pools")
        }
        // Moving a pool costs more than quoting it.
        let direct = pools.filter { $0.trades(from: request.tokenIn, to: request.tokenOut) }
        let wanted = direct.isEmpty ? pools : direct
        var quote = try quote(request, wanted.compactMap { view.pool($0.address) })
        // Without a clock, before Redis was first there, nobody knows.
        quote.quotedAt = view.time > 0 ? view.time : nil
        return quote
    }

    private func quote(_ request: QuoteRequest, _ pools: [Pool]) throws(OrderFailure) -> Quote {
        try PoolQuoter.bestQuote(
            amountIn: request.amountIn, pools: pools, middles: middles, from: request.tokenIn, to: request.tokenOut,
            slippageBps: request.slippageBps)
    }
}
