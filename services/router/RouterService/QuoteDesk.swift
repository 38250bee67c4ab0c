internal import EventLoop
internal import Markets
internal import Observability
internal import Orders
internal import Pipeline
internal import Venues

/// Asks all venues at once, each with a deadline.
@ServiceActor
final class QuoteDesk {
    private let venues: [any Venue]
    private let timeout: Duration
    private let check: PriceCheck?
    private let splits: SplitDesk?
    private let clock: RedisClock?
    private let outcomes: MetricFamily<Counter>?
    private let wins: MetricFamily<Counter>?
    private let durations: MetricFamily<Histogram>?

    /// - Parameter check: refuses offers that cannot be true; nil believes all.
    /// - Parameter splits: divides orders over several pools; nil leaves them whole.
    /// - Parameter metrics: counts the venues' answers; nil for previews, whose failures must not look like failures of orders.
    /// - Parameter clock: stamps quotes whose venue does not tell their time.
    init(
        venues: [any Venue], timeout: Duration, check: PriceCheck? = nil, splits: SplitDesk? = nil, metrics: MetricsRegistry?,
        clock: RedisClock? = nil
    ) {
        self.splits = splits
        self.clock = clock
        self.check = check
        self.venues = venues
        self.timeout = timeout
        outcomes = metrics?.counters("quotes_total", help: "Quotes by venue and outcome.", by: ["dex", "outcome"])
        wins = metrics?.counters("quotes_won_total", help: "Rounds of quotes in which a venue's was the best.", by: ["dex"])
        durations = metrics?.histograms("quote_duration_seconds", help: "Time from a request to a venue's answer.", by: ["dex"])
        // A venue that never wins must show as 0 and not be missing.
        for venue in venues { _ = wins?.labelled(venue.dex) }
    }

    /// The offers of all venues for a swap.
    func ask(_ request: QuoteRequest) async -> QuoteRound {
        let checking = check.map { check in Loop.spawn { await check.reference(request) } }
        var quotes: [Quote] = []
        var unavailable: [UnavailableVenue] = []
        for (dex, result) in await answers(to: request) {
            switch result {
            case .success(let quote): quotes.append(quote)
            case .failure(let failure): unavailable.append(UnavailableVenue(dex, failure))
            }
        }
        if let checking {
            let (believed, refused) = PriceCheck.sift(quotes, reference: await checking.value)
            for venue in refused { outcomes?.labelled(venue.dex, "refused").increment() }
            (quotes, unavailable) = (believed, unavailable + refused)
        }
        let best = QuoteComparison(quotes)?.best
        if let best { wins?.labelled(best.dex).increment() }
        // Splits leave out a venue that did not answer. A venue that cannot fill the whole order may still fill a part.
        let silent = unavailable.filter { $0.failure.code == .venueUnavailable }.map(\.dex)
        let answered = Set(venues.map(\.dex)).subtracting(silent)
        let split = await splits?.offer(request, venues: answered, best: best, within: timeout)
        let wholes = [best.map { [$0] }, split?.plan.legs].compactMap(\.self)
        let part = wholes.contains(where: request.isMet(by:)) ? nil : await splits?.part(of: request, venues: answered, within: timeout)
        return QuoteRound(aged(quotes), unavailable: unavailable, split: split, part: part)
    }

    private typealias Answer = (dex: String, Result<Quote, OrderFailure>)

    /// The answers of all venues. Only those that have to wait are asked in tasks of their own.
    private func answers(to request: QuoteRequest) async -> [Answer] {
        var answers: [Answer] = []
        var waiting: [any Venue] = []
        for venue in venues { if let answer = askAtOnce(venue, request) { answers.append(answer) } else { waiting.append(venue) } }
        guard !waiting.isEmpty else { return answers }
        await withTaskGroup(of: Answer.self) { group in
            for venue in waiting { group.addTask { await self.ask(venue, request) } }
            for await answer in group { answers.append(answer) }
        }
        return answers
    }

    /// The quotes with their age as of now.
    private func aged(_ quotes: [Quote]) -> [Quote] {
        guard let now = clock?.now else { return quotes }
        return quotes.map { $0.aged(at: now) }
    }

    /// The answer of a venue that need not wait for it; nil if it does.
    private func askAtOnce(_ venue: any Venue, _ request: QuoteRequest) -> Answer? {
        let start = MonotonicInstant.now
        do throws(OrderFailure) {
            guard let quote = try venue.quoteAtOnce(request) else { return nil }
            return note(.success(quote), "quoted", of: venue, after: start.elapsed)
        } catch {
            return note(.failure(error), error.code.rawValue.lowercased(), of: venue, after: start.elapsed)
        }
    }

    private func ask(_ venue: any Venue, _ request: QuoteRequest) async -> Answer {
        let start = MonotonicInstant.now
        do {
            let quote = try await withDeadline(timeout) { try await venue.quote(request) }
            return note(.success(quote), "quoted", of: venue, after: start.elapsed)
        } catch let failure as OrderFailure {
            return note(.failure(failure), failure.code.rawValue.lowercased(), of: venue, after: start.elapsed)
        } catch {
            let failure = OrderFailure(.venueUnavailable, message: "\(venue.dex) did not answer in time")
            return note(.failure(failure), "no_answer", of: venue, after: start.elapsed)
        }
    }

    /// Counts an answer under its outcome, and stamps a quote whose venue does not tell its time.
    private func note(_ result: Result<Quote, OrderFailure>, _ outcome: String, of venue: any Venue, after time: Duration) -> Answer {
        durations?.labelled(venue.dex).observe(time)
        outcomes?.labelled(venue.dex, outcome).increment()
        let stamped = result.map { quote in
            var quote = quote
            quote.quotedAt = quote.quotedAt ?? clock?.now
            return quote
        }
        return (venue.dex, stamped)
    }
}
