internal import EventLoop
internal import Markets
internal import Orders
internal import PaperMarket
internal import Pipeline
internal import Venues

/// Works out whether an order is better divided over the pools of all venues that have an answer.
@ServiceActor
struct SplitDesk {
    /// The oldest state of the market that a division is made of.
    private static let oldest = Duration.milliseconds(50)

    let pools: [Pool]
    let board: MarketBoard
    let minGainBps: Int
    let clock: RedisClock

    /// The best division over pools of these venues; nil where none pays more than one of these pools alone.
    ///
    /// - Parameter best: the best offer of one venue.
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
