internal import EventLoop
internal import Markets
internal import Observability
internal import Orders

/// What the venues answered.
struct QuoteRound: Sendable {
    /// The offers, best first; nil where there is none.
    let offers: QuoteComparison?
    /// The venues without an offer, and why.
    let unavailable: [(dex: String, failure: OrderFailure)]

    /// Why there is no offer at all. A venue that did not answer may have one later; what all venues know is final.
    var failure: OrderFailure {
        let codes = unavailable.map(\.failure.code)
        if codes.contains(.venueUnavailable) { return OrderFailure(.venueUnavailable) }
        if codes.contains(.insufficientLiquidity) { return OrderFailure(.insufficientLiquidity) }
        return OrderFailure(.noRoute)
    }
}

/// Asks all venues at once, each under a deadline.
@ServiceActor
final class QuoteDesk {
    private let venues: [any Venue]
    private let timeout: Duration
    private let outcomes: MetricFamily<Counter>
    private let durations: MetricFamily<Histogram>

    init(venues: [any Venue], timeout: Duration, metrics: MetricsRegistry) {
        self.venues = venues
        self.timeout = timeout
        outcomes = metrics.counters("quotes_total", help: "Quotes by venue and outcome.", by: ["dex", "outcome"])
        durations = metrics.histograms("quote_duration_seconds", help: "Time from a request to a venue's answer.", by: ["dex"])
    }

    /// The offers of all venues for a swap.
    func ask(_ request: QuoteRequest) async -> QuoteRound {
        var quotes: [Quote] = []
        var unavailable: [(dex: String, failure: OrderFailure)] = []
        await withTaskGroup(of: (String, Result<Quote, OrderFailure>).self) { group in
            for venue in venues { group.addTask { await self.ask(venue, request) } }
            for await (dex, result) in group {
                switch result {
                case .success(let quote): quotes.append(quote)
                case .failure(let failure): unavailable.append((dex, failure))
                }
            }
        }
        let offers = QuoteComparison(quotes)
        if let offers { outcomes.labelled(offers.best.dex, "won").increment() }
        return QuoteRound(offers: offers, unavailable: unavailable.sorted { $0.dex < $1.dex })
    }

    private func ask(_ venue: any Venue, _ request: QuoteRequest) async -> (String, Result<Quote, OrderFailure>) {
        let start = MonotonicInstant.now
        defer { durations.labelled(venue.dex).observe(start.elapsed) }
        do {
            let quote = try await withDeadline(timeout) { try await venue.quote(request) }
            outcomes.labelled(venue.dex, "quoted").increment()
            return (venue.dex, .success(quote))
        } catch let failure as OrderFailure {
            outcomes.labelled(venue.dex, failure.code.rawValue.lowercased()).increment()
            return (venue.dex, .failure(failure))
        } catch {
            outcomes.labelled(venue.dex, "no_answer").increment()
            return (venue.dex, .failure(OrderFailure(.venueUnavailable, message: "\(venue.dex) did not answer in time")))
        }
    }
}
