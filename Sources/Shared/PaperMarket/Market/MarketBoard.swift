public import Configuration
public import EventLoop
public import Markets
internal import Orders
internal import Pipeline
public import ServiceKit

/// The mock market as this process sees it: the present state of the pools of a list. Each partition has a market of its own.
///
/// Redis keeps the flow of each pool; the walk is computed here. Callers that ask at about the same time share one read.
@ServiceActor
public final class MarketBoard {
    /// The pools as they are in the list, by address.
    private let list: [String: Pool]
    /// Nil until all processes have agreed on the seed.
    private var market: LivingMarket?
    private let isStill: Bool
    private let pipeline: OrderPipeline
    private let clock: RedisClock
    private var newest: [Int: MarketView] = [:]
    private var reading: [Int: Task<MarketView?, Never>] = [:]
    private let settings: MockMarketSettings

    /// A board over a list of pools. The list is empty if quotes come from other pools.
    public init(_ list: [Pool], settings: MockMarketSettings, process: ServiceProcess) {
        self.list = Dictionary(list.map { ($0.address, $0) }) { first, _ in first }
        self.settings = settings
        isStill = settings.volatilityBps == 0
        pipeline = process.pipeline
        clock = process.heartbeat.clock
        if isStill { begin(seed: settings.seed ?? 0) }
    }

    /// Half-life of a swap's effect, in milliseconds.
    private var halfLife: UInt64 { UInt64(settings.reversion.millisecondsRoundedUp) }

    /// Sets the seed that all processes have agreed on, and begins the market.
    public func begin(seed: UInt64) { market = LivingMarket(walk: PriceWalk(seed: seed, volatilityBps: settings.volatilityBps), halfLife: halfLife) }

    /// The market of a partition, not older than `age`. Reads it anew if the known state is older. Nil while it cannot be read.
    public func view(partition: Int, within age: Duration) async -> MarketView? {
        guard let market else { return nil }
        if let known = known(partition: partition, within: age) { return known }
        // A caller that wants the present state must not get a read that began earlier.
        if age > .zero, let running = reading[partition] { return await running.value }
        let task = Loop.spawn { await self.read(partition, market) }
        reading[partition] = task
        let view = await task.value
        if reading[partition] == task { reading[partition] = nil }
        return view
    }

    /// The market of a partition if it is known and not older than `age`.
    public func known(partition: Int, within age: Duration) -> MarketView? {
        guard let market else { return nil }
        if isStill { return MarketView(market, list, flows: [:], time: clock.now ?? 0) }
        guard age > .zero, let known = newest[partition], known.read.elapsed <= age else { return nil }
        return known
    }

    private func read(_ partition: Int, _ market: LivingMarket) async -> MarketView? {
        guard let flows = try? await pipeline.marketFlows(partition: partition) else { return nil }
        // A process that has just started may be asked before its first heartbeat has read the clock.
        var time = clock.now
        if time == nil { time = try? await pipeline.time() }
        guard let now = time else { return nil }
        let view = MarketView(market, list, flows: flows, time: now)
        newest[partition] = view
        return view
    }
}

/// The market of one partition at one moment. Each pool is computed once, when it is asked for.
@ServiceActor
public final class MarketView {
    /// The moment, in ms of Redis' time.
    public let time: UInt64
    let read = MonotonicInstant.now
    private let market: LivingMarket
    private let list: [String: Pool]
    private let flows: [String: PoolFlow]
    private var moved: [String: Pool] = [:]

    init(_ market: LivingMarket, _ list: [String: Pool], flows: [String: PoolFlow], time: UInt64) {
        self.market = market
        self.list = list
        self.flows = flows
        self.time = time
    }

    /// A pool of the list at this moment; nil if the list has no pool with this address.
    public func pool(_ address: String) -> Pool? {
        if let known = moved[address] { return known }
        guard let listed = list[address] else { return nil }
        let pool = market.pool(listed, after: flows[address], at: time)
        moved[address] = pool
        return pool
    }

    /// The output of a quote's swap at this moment (0 if the pools cannot fill it any more), and its effects on its pools. There are no effects if a
    /// pool is in no list.
    func terms(of quote: Quote, from: Token, slippageBps: Int) -> SwapTerms {
        let addresses = quote.hops.isEmpty ? [quote.pool] : quote.hops.map(\.pool)
        let pools = addresses.compactMap { pool($0) }
        guard pools.count == addresses.count, let route = Markets.Route(from: from, over: pools) else {
            return SwapTerms(amountOut: market.amountOut(of: quote, at: time), effects: [], flows: [:])
        }
        guard !market.isStill else { return SwapTerms(amountOut: quote.amountOut, effects: [], flows: [:]) }
        let found = flows.filter { addresses.contains($0.key) }
        guard let swap = try? route.quote(quote.amountIn, slippageBps: slippageBps) else {
            return SwapTerms(amountOut: BaseUnits(0), effects: [], flows: found)
        }
        return SwapTerms(amountOut: swap.amountOut, effects: route.effects(of: swap), flows: found)
    }
}
