import EventLoop
import Markets
import Observability
import Orders
import TestSupport
import Testing
import Venues

@testable import RouterService

@Suite(.onLoop) @ServiceActor
struct PriceCheckTests {
    private struct Case: Sendable {
        let raydium: [UInt64]
        let meteora: [UInt64]
        let believed: [String]

        init(_ raydium: [UInt64], _ meteora: [UInt64], _ believed: [String]) {
            (self.raydium, self.meteora, self.believed) = (raydium, meteora, believed)
        }
    }

    /// At the known price the output is 200.
    private nonisolated static let cases: [Case] = [
        Case([2000], [190], ["raydium", "meteora"]), Case([2001], [190], ["meteora"]), Case([2001], [], []),
        Case([2001], [201], ["raydium", "meteora"]), Case([1], [150], ["raydium", "meteora"]), Case([5000, 5000], [], []),
        Case([.max], [.max], ["raydium", "meteora"]),
    ]

    @Test(arguments: cases)
    private func `an offer far above the known price needs another venue that confirms it`(_ given: Case) {
        let quotes = given.raydium.map { Samples.quote("raydium", amountOut: $0) } + given.meteora.map { Samples.quote("meteora", amountOut: $0) }
        let (kept, refused) = PriceCheck.sift(quotes, reference: 200)
        #expect(kept.map(\.dex) == given.believed)
        #expect(refused.count == quotes.count - given.believed.count)
        for venue in refused {
            #expect(venue.failure.message == "\(venue.dex) offers more than 10 times the price of POOLS_FILE, and no other venue confirms it")
        }
    }

    @Test func `a known price beyond any amount refuses nothing`() {
        let quotes = [Samples.quote("raydium", amountOut: .max), Samples.quote("meteora", amountOut: 1)]
        #expect(PriceCheck.sift(quotes, reference: .max).believed.count == 2)
    }

    @Test func `without a known price all offers are believed`() {
        for reference in [nil, 0] as [UInt128?] {
            #expect(PriceCheck.sift([Samples.quote("raydium", amountOut: .max)], reference: reference).believed.count == 1)
        }
    }

    @Test func `the known price is that of one token, so that a large order is not judged by its impact on a mock pool`() async {
        let venue = FakeVenue("mock", .quote(100))
        let check = PriceCheck(known: [FakeVenue("none", .failure(.noRoute)), venue, FakeVenue("less", .quote(99))])
        let large = QuoteRequest(tokenIn: Samples.sol, tokenOut: Samples.usdc, amountIn: BaseUnits(7_000_000_000), slippageBps: 50)
        #expect(await check.reference(large) == 700)
        let small = QuoteRequest(tokenIn: Samples.sol, tokenOut: Samples.usdc, amountIn: BaseUnits(5), slippageBps: 50)
        #expect(await check.reference(small) == 100)
        #expect(venue.asked == 2)
        #expect(await PriceCheck(known: [FakeVenue("none", .failure(.noRoute))]).reference(large) == nil)
    }

    @Test func `a desk with a check routes over the other venue and says why`() async {
        let venues = [FakeVenue("raydium", .quote(.max)), FakeVenue("meteora", .quote(200))]
        let desk = QuoteDesk(
            venues: venues, timeout: .seconds(5), check: PriceCheck(known: [FakeVenue("mock", .quote(150))]), metrics: MetricsRegistry())
        let round = await desk.ask(.sample)
        #expect(round.offers?.quotes.map(\.dex) == ["meteora"])
        #expect(round.unavailable.map(\.dex) == ["raydium"] && round.unavailable.first?.failure.code == .venueUnavailable)
    }
}
