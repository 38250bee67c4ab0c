import Configuration
import EventLoop
import Markets
import Observability
import Orders
import Pipeline
import ServiceKit
import TestSupport
import Testing
import Venues

@testable import RouterService

@Suite(.onLoop) @ServiceActor
struct QuoteDeskTests {
    private let metrics = MetricsRegistry()

    private func desk(_ venues: [FakeVenue], timeout: Duration = .seconds(5)) -> QuoteDesk {
        QuoteDesk(venues: venues, timeout: timeout, metrics: metrics)
    }

    @Test func `all venues are asked at once, and the largest output is first whoever answers first`() async throws {
        let (slow, fast) = (FakeVenue("meteora", .quote(300)), FakeVenue("raydium", .quote(200)))
        let gate = Promise<Void>()
        slow.gate = gate
        let desk = desk([slow, fast])
        let asking = Loop.spawn { await desk.ask(.sample) }
        try await eventually { slow.asked == 1 && fast.asked == 1 }
        gate.succeed(())
        let round = await asking.value
        #expect(round.offers?.quotes.map(\.dex) == ["meteora", "raydium"])
        #expect(round.unavailable.isEmpty)
        #expect(metrics.render().contains(#"quotes_won_total{dex="meteora"} 1"#))
    }

    @Test func `a quote says of when it is and how old it was when all were in; a venue that does not say is taken at its answer`() async throws {
        try await withProcess(RouterSettings.self) { test in
            let clock = test.process.heartbeat.clock
            let (slow, fast) = (FakeVenue("meteora", .quote(300)), FakeVenue("raydium", .quote(200)))
            slow.gate = Promise()
            let now = try #require(clock.now)
            fast.quotedAt = now - 40
            let desk = QuoteDesk(venues: [slow, fast], timeout: .seconds(5), metrics: metrics, clock: clock)
            let asking = Loop.spawn { await desk.ask(.sample) }
            try await eventually { fast.asked == 1 }
            try await sleep(for: .milliseconds(30))
            slow.gate?.succeed(())
            let quotes = try #require(await asking.value.offers?.quotes)
            #expect(quotes.map(\.dex) == ["meteora", "raydium"])
            #expect(quotes[1].quotedAt == now - 40 && (69...5000).contains(quotes[1].ageMs ?? 0))
            #expect((now + 29...now + 5000).contains(quotes[0].quotedAt ?? 0) && (quotes[0].ageMs ?? .max) < quotes[1].ageMs ?? 0)
        }
    }

    @Test(arguments: [FakeVenue.Answer.silence, .failure(.noRoute), .error])
    func `one venue that fails or does not answer leaves the other's offer`(_ answer: FakeVenue.Answer) async throws {
        let start = MonotonicInstant.now
        let round = await desk([FakeVenue("meteora", answer), FakeVenue("raydium", .quote(200))], timeout: .milliseconds(100)).ask(.sample)
        #expect(round.offers?.quotes.map(\.dex) == ["raydium"])
        #expect(round.unavailable.map(\.dex) == ["meteora"])
        #expect(start.elapsed < .seconds(2))
    }

    @Test func `each venue has a deadline of its own: none is waited for longer than that`() async throws {
        let venues = [FakeVenue("meteora", .silence), FakeVenue("raydium", .silence)]
        let start = MonotonicInstant.now
        let round = await desk(venues, timeout: .milliseconds(500)).ask(.sample)
        #expect(start.elapsed >= .milliseconds(500) && start.elapsed < .seconds(5))
        #expect(round.offers == nil)
        #expect(round.unavailable.map(\.dex) == ["meteora", "raydium"])
        #expect(round.unavailable.first?.failure.message == "meteora did not answer in time")
        #expect(round.failure.code == .venueUnavailable)
        #expect(round.failure.message == "meteora did not answer in time; raydium did not answer in time")
    }

    @Test(
        arguments: [
            ([FailureCode.noRoute, .noRoute], FailureCode.noRoute),
            ([.noRoute, .insufficientLiquidity], .insufficientLiquidity),
            ([.insufficientLiquidity, .noRoute], .insufficientLiquidity),
            ([.noRoute, .venueUnavailable], .venueUnavailable), ([.quoteRefused, .venueUnavailable], .venueUnavailable),
            ([.noRoute, .quoteRefused], .quoteRefused), ([.quoteRefused, .insufficientLiquidity], .quoteRefused),
            ([.venueUnavailable, .insufficientLiquidity], .venueUnavailable),
            ([], .noRoute),
        ])
    func `without an offer the order may still have one later if a venue did not answer; else what the venues know counts`(
        _ codes: [FailureCode], _ expected: FailureCode
    ) async throws {
        let venues = codes.enumerated().map { FakeVenue("venue\($0)", .failure($1)) }
        #expect(await desk(venues).ask(.sample).failure.code == expected)
    }
}
