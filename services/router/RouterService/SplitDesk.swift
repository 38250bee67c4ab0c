internal import EventLoop
internal import Markets
internal import Orders
internal import PaperMarket
internal import Pipeline
internal import Venues

/// Finds out whether an order is better divided over the pools of all venues that have answered.
@ServiceActor
struct SplitDesk {
    /// The largest age of the market state that a split is computed from.
    private static let oldest = Duration.milliseconds(50)

    let pools: [Pool]
    let board: MarketBoard
    let minGainBps: Int
    let clock: RedisClock

    /// The best split over pools of these venues; nil if none pays more than a single pool.
    ///
    /// - Parameter best: the best offer of a single venue.
    func offer(_ request: QuoteRequest, venues: Set<String>, best: Quote?) async -> SplitOffer? {
        let wanted = pools.filter { venues.contains($0.dex) && $0.trades(from: request.tokenIn, to: request.tokenOut) }
        guard wanted.count > 1, let view = await board.view(partition: request.partition, within: Self.oldest),
            var plan = SplitPlan(
                request.amountIn, pools: wanted.compactMap { view.pool($0.address) }, from: request.tokenIn, to: request.tokenOut,
                slippageBps: request.slippageBps)
        else { return nil }
        if view.time > 0 { plan.stamp(quotedAt: view.time, ageMs: clock.now.map { $0 - min($0, view.time) }) }
        return SplitOffer(plan, over: best, of: request, minGainBps: minGainBps)
    }
}
