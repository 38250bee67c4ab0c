internal import EventLoop
internal import HTTP
internal import Observability
internal import Orders
internal import Pipeline
internal import ServiceKit
internal import Venues

/// Gives quotes without an order. Limits the number of previews and how often they ask the venues, so that previews do not take what orders need.
@ServiceActor
final class PreviewDesk {
    /// How much previews may ask of the venues.
    struct Limits: Sendable {
        /// Different previews that may wait for venues at once.
        var inHand = 64
        /// How often per minute venues may be asked; nil for no limit.
        var perMinute: Int?
        /// An answer that is not older than this is given again to an equal request; nil where each is asked anew.
        var fresh: Duration?
        /// An answer that is not older than this is used if venues must not be asked.
        var stale = Duration.zero
    }

    private let desk: QuoteDesk
    private let limits: Limits
    private let clock: RedisClock?
    private let outcomes: MetricFamily<Counter>
    private var budget: PreviewBudget?
    private var cache = PreviewCache()
    private var running: [PreviewCache.Key: Task<QuoteRound, Never>] = [:]

    /// - Parameter desk: asks venues without any effect on orders.
    init(_ desk: QuoteDesk, limits: Limits = Limits(), metrics: MetricsRegistry, clock: RedisClock? = nil) {
        self.desk = desk
        self.limits = limits
        self.clock = clock
        budget = limits.perMinute.map { PreviewBudget(perMinute: $0) }
        outcomes = metrics.counters("quote_previews_total", help: "Quotes asked for without an order, by where the answer came from.", by: ["source"])
    }

    /// The offers of all venues. Throws 429 `TOO_MANY_QUOTES` if venues must not be asked now and there is no recent answer.
    ///
    /// - Parameter caller: who asks, as limits count it.
    func ask(_ request: QuoteRequest, by caller: String) async throws(Problem) -> QuoteRound {
        let key = PreviewCache.Key(request)
        if let fresh = limits.fresh, let known = cache.round(key, within: fresh, at: .now) { return answer(known, from: "cache") }
        if let asking = running[key] { return answer(await asking.value, from: "shared") }
        if running.count >= limits.inHand { return try makeDo(key, wait: .seconds(1)) }
        if let wait = budget?.take(by: caller, at: .now) { return try makeDo(key, wait: wait) }
        let asking = Loop.spawn { [desk] in await desk.ask(request) }
        running[key] = asking
        let round = await asking.value
        running[key] = nil
        // Who asks after a failure may have more luck, so it is shared only with those who asked meanwhile.
        if round.choice != nil { cache.keep(round, key, at: .now) }
        return answer(round, from: "venues")
    }

    /// A recent answer, if there is one that is not too old.
    private func makeDo(_ key: PreviewCache.Key, wait: Duration) throws(Problem) -> QuoteRound {
        if let known = cache.round(key, within: limits.stale, at: .now) { return answer(known, from: "cache") }
        outcomes.labelled("refused").increment()
        throw .tooManyQuotes(retryAfter: Int(max(1, (wait.millisecondsRoundedUp + 999) / 1000)))
    }

    private func answer(_ round: QuoteRound, from source: String) -> QuoteRound {
        outcomes.labelled(source).increment()
        return clock?.now.map { round.aged(at: $0) } ?? round
    }
}
