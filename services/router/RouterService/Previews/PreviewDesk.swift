internal import EventLoop
internal import HTTP
internal import Observability
internal import Orders
internal import Pipeline
internal import ServiceKit
internal import Venues

/// Quotes for whoever asks without an order. Bounded in number and in how often venues are asked, so that no caller takes what orders need.
@ServiceActor
final class PreviewDesk {
    /// How much of the venues previews get.
    struct Limits: Sendable {
        /// Different previews that wait for venues at once.
        var inHand = 64
        /// Times a minute that venues are asked; nil for no limit.
        var perMinute: Int?
        /// An answer of that age is as good as a new one.
        var fresh = Duration.zero
        /// An answer of that age is better than none, where venues must not be asked.
        var stale = Duration.zero
    }

    private let desk: QuoteDesk
    private let limits: Limits
    private let clock: RedisClock?
    private let outcomes: MetricFamily<Counter>
    private var budget: PreviewBudget?
    private var cache = PreviewCache()
    private var running: [PreviewCache.Key: Task<QuoteRound, Never>] = [:]

    /// - Parameter desk: asks venues in a way that leaves no trace for orders.
    init(_ desk: QuoteDesk, limits: Limits = Limits(), metrics: MetricsRegistry, clock: RedisClock? = nil) {
        self.desk = desk
        self.limits = limits
        self.clock = clock
        budget = limits.perMinute.map { PreviewBudget(perMinute: $0) }
        outcomes = metrics.counters("quote_previews_total", help: "Quotes asked for without an order, by where the answer came from.", by: ["source"])
    }

    /// The offers of all venues. Throws 429 `TOO_MANY_QUOTES` where venues must not be asked now and nothing recent is known.
    func ask(_ request: QuoteRequest) async throws(Problem) -> QuoteRound {
        let key = PreviewCache.Key(request)
        if let known = cache.round(key, within: limits.fresh, at: .now), limits.fresh > .zero { return answer(known, from: "cache") }
        if let asking = running[key] { return answer(await asking.value, from: "shared") }
        if running.count >= limits.inHand { return try makeDo(key, wait: .seconds(1)) }
        if let wait = budget?.take(at: .now) { return try makeDo(key, wait: wait) }
        let asking = Loop.spawn { [desk] in await desk.ask(request) }
        running[key] = asking
        let round = await asking.value
        running[key] = nil
        if limits.stale > .zero { cache.keep(round, key, at: .now) }
        return answer(round, from: "venues")
    }

    /// What is known, where it is not too old.
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
