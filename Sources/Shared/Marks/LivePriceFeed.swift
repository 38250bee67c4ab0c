public import EventLoop
internal import Markets
public import Observability
public import Orders
public import Pipeline
public import Venues

/// Asks live venues for the prices that are wanted, one after the other, and publishes them for all processes. Only one process of the engine does
/// so, because venues limit how often they may be asked.
@ServiceActor
public final class LivePriceFeed {
    /// What nobody has asked for so long is no longer wanted.
    private static let wantedFor: UInt64 = 60_000
    private static let quoteTimeout = Duration.seconds(2)

    /// After no answer a price is not asked for again so soon: venues would be asked for a pair that they do not have, and not for others.
    private static let patience: UInt64 = 30_000
    /// Time between two ticks.
    public static let interval = Duration.seconds(1)

    private let venues: [any Venue]
    private let pipeline: OrderPipeline
    private let probe: MarkProbe
    private let clock: RedisClock
    private let log: Logger
    private let room: Int
    /// When each price was asked for last, or from when on it may be asked for again.
    private var asked: [String: UInt64] = [:]

    /// - Parameters:
    ///   - venues: those that previews ask, so that orders keep their own connections.
    ///   - maxAge: how old a mark may be that fires an order.
    public init(venues: [any Venue], tokens: TokenList, pipeline: OrderPipeline, maxAge: Duration, clock: RedisClock, log: Logger) {
        (self.venues, self.pipeline, self.clock, self.log) = (venues, pipeline, clock, log)
        probe = MarkProbe(tokens)
        // A stop needs two marks of its price within that time.
        room = max(1, Int(maxAge / Self.interval / 2))
    }

    /// Asks for the price that was asked for the longest ago.
    public func tick() async throws(PipelineError) {
        guard let now = clock.now else { return }
        let names = try await names(since: now - min(now, Self.wantedFor))
        asked = asked.filter { names.contains($0.key) }
        guard let name = names.min(by: { (asked[$0] ?? 0, $0) < (asked[$1] ?? 0, $1) }), asked[name] ?? 0 <= now,
            let question = MarkQuestion(name: name)
        else { return }
        asked[name] = now
        guard let mark = await probe.answer(question, at: now, { await self.best($0, $1, $2) }) else {
            asked[name] = now + Self.patience
            return
        }
        try await pipeline.publish(mark, under: name)
    }

    /// The prices that are asked for in turn. Those that orders wait for come first; others take what room there is, so that nobody who asks for many
    /// prices keeps the stops of others from firing.
    private func names(since time: UInt64) async throws(PipelineError) -> Set<String> {
        let orders = Set(try await pipeline.wantedMarks(by: .orders, since: time))
        let others = try await pipeline.wantedMarks(by: .people, since: time).filter { !orders.contains($0) }
        let free = max(0, room - orders.count)
        if others.count > free {
            log.limited(
                .warning, "prices.full", every: .seconds(30),
                ["prices": .integer(orders.count), "room": .integer(room), "left_out": .integer(others.count - free)])
        }
        return orders.union(others.prefix(free))
    }

    private func best(_ amount: BaseUnits, _ tokenIn: Token, _ tokenOut: Token) async -> Quote? {
        let request = QuoteRequest(tokenIn: tokenIn, tokenOut: tokenOut, amountIn: amount, slippageBps: 0)
        let quotes = await withTaskGroup(of: Quote?.self) { group in
            for venue in venues { group.addTask { try? await withDeadline(Self.quoteTimeout) { try await venue.quote(request) } } }
            var quotes: [Quote] = []
            for await quote in group { if let quote { quotes.append(quote) } }
            return quotes
        }
        return QuoteComparison(quotes)?.best
    }
}
