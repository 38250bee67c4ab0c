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
    /// - Parameters:
    ///   - best: the best offer of a single venue.
    ///   - limit: the longest wait for the state of the market.
    func offer(_ request: QuoteRequest, venues: Set<String>, best: Quote?, within limit: Duration) async -> SplitOffer? {
        let wanted = wanted(request, venues)
        guard wanted.count > 1, let view = await view(request.partition, within: limit),
            var plan = SplitPlan(
                request.amountIn, pools: wanted.compactMap { view.pool($0.address) }, from: request.tokenIn, to: request.tokenOut,
                slippageBps: request.slippageBps)
        else { return nil }
        if view.time > 0 { plan.stamp(quotedAt: view.time, ageMs: age(of: view)) }
        return SplitOffer(plan, over: best, of: request, minGainBps: minGainBps)
    }

    /// The part of the amount that meets the request's limit price, over pools of these venues; nil if there is none, or only the whole is wanted.
    ///
    /// - Parameter limit: the longest wait for the state of the market.
    func part(of request: QuoteRequest, venues: Set<String>, within limit: Duration) async -> PartialOffer? {
        guard let floor = request.floorOfPart else { return nil }
        let wanted = wanted(request, venues)
        guard !wanted.isEmpty, let view = await view(request.partition, within: limit),
            var plan = PartialPlan(
                of: request.amountIn, meeting: floor, pools: wanted.compactMap { view.pool($0.address) }, from: request.tokenIn,
                to: request.tokenOut, slippageBps: request.slippageBps)
        else { return nil }
        if view.time > 0 { plan.stamp(quotedAt: view.time, ageMs: age(of: view)) }
        return PartialOffer(plan, of: request)
    }

    private func wanted(_ request: QuoteRequest, _ venues: Set<String>) -> [Pool] {
        pools.filter { venues.contains($0.dex) && $0.trades(from: request.tokenIn, to: request.tokenOut) }
    }

    private func view(_ partition: Int, within limit: Duration) async -> MarketView? {
        if let known = board.known(partition: partition, within: Self.oldest) { return known }
        return (try? await withDeadline(limit) { [board] in await board.view(partition: partition, within: Self.oldest) }) ?? nil
    }

    private func age(of view: MarketView) -> UInt64? { clock.now.map { $0 - min($0, view.time) } }
}
