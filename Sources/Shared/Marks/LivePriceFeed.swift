public import EventLoop
internal import Markets
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

    private let venues: [any Venue]
    private let pipeline: OrderPipeline
    private let probe: MarkProbe
    private let clock: RedisClock
    private var asked: [String: UInt64] = [:]

    /// - Parameter venues: those that previews ask, so that orders keep their own connections.
    public init(venues: [any Venue], tokens: TokenList, pipeline: OrderPipeline, clock: RedisClock) {
        (self.venues, self.pipeline, self.clock) = (venues, pipeline, clock)
        probe = MarkProbe(tokens)
    }

    /// Asks for the price that was asked for the longest ago.
    public func tick() async throws(PipelineError) {
        guard let now = clock.now else { return }
        let wanted = try await pipeline.wantedMarks(since: now - min(now, Self.wantedFor))
        asked = asked.filter { wanted.contains($0.key) }
        guard let name = wanted.min(by: { (asked[$0] ?? 0, $0) < (asked[$1] ?? 0, $1) }), let question = MarkQuestion(name: name) else { return }
        asked[name] = now
        if let mark = await probe.answer(question, at: now, { await self.best($0, $1, $2) }) { try await pipeline.publish(mark, under: name) }
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
