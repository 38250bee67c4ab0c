public import EventLoop
public import Markets
public import Orders
public import Venues

/// A venue whose pools are in a file, moved by the market. Its quotes are exact, as the venue's programs compute them, and come after the latency of
/// a real venue.
@ServiceActor
public final class MockVenue: Venue {
    /// The largest age of the market state for quotes.
    private nonisolated static let oldest = Duration.milliseconds(50)

    /// The venue's name in the pool list.
    public let dex: String
    private let pools: [Pool]
    private let middles: [Token]
    private let latency: ClosedRange<Int>
    private let board: MarketBoard?

    /// - Parameter board: the market that moves the pools; without one they are as in the file.
    init(dex: String, pools: PoolList, latency: ClosedRange<Int>, board: MarketBoard?) {
        self.dex = dex
        self.pools = pools.pools(dex: dex)
        middles = pools.middles
        self.latency = latency
        self.board = board
    }

    /// One venue for each venue name in the pools.
    public static func all(_ pools: PoolList, latency: ClosedRange<Int>, board: MarketBoard? = nil) -> [any Venue] {
        pools.dexes.map { MockVenue(dex: $0, pools: pools, latency: latency, board: board) }
    }

    /// The best offer of the venue's pools.
    public func quote(_ request: QuoteRequest) async throws -> Quote {
        try await sleep(for: .milliseconds(Int.random(in: latency)))
        guard let board else { return try quote(request, pools) }
        guard let view = await board.view(partition: request.partition, within: Self.oldest) else {
            throw OrderFailure(.venueUnavailable, message: "\(dex) cannot read the state of its pools")
        }
        return try quote(request, view)
    }

    /// The best offer of the venue's pools, if it has no latency and the state of the market is known.
    public func quoteAtOnce(_ request: QuoteRequest) throws(OrderFailure) -> Quote? {
        guard latency.upperBound == 0 else { return nil }
        guard let board else { return try quote(request, pools) }
        guard let view = board.known(partition: request.partition, within: Self.oldest) else { return nil }
        return try quote(request, view)
    }

    private func quote(_ request: QuoteRequest, _ view: MarketView) throws(OrderFailure) -> Quote {
        // Only direct pools are moved if there are any, because moving a pool costs more than quoting it.
        let direct = pools.filter { $0.trades(from: request.tokenIn, to: request.tokenOut) }
        let wanted = direct.isEmpty ? pools : direct
        var quote = try quote(request, wanted.compactMap { view.pool($0.address) })
        // Before Redis was first reached there is no clock, and the time of the quote is not known.
        quote.quotedAt = view.time > 0 ? view.time : nil
        return quote
    }

    private func quote(_ request: QuoteRequest, _ pools: [Pool]) throws(OrderFailure) -> Quote {
        try PoolQuoter.bestQuote(
            amountIn: request.amountIn, pools: pools, middles: middles, from: request.tokenIn, to: request.tokenOut,
            slippageBps: request.slippageBps)
    }
}
