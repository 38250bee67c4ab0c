import Configuration
import EventLoop
import HTTP
import Markets
import Observability
import Orders
import ServiceKit
import TestSupport
import Testing
import Venues

@testable import PaperMarket
@testable import RouterService

/// Tests quotes without an order: how much they may ask of the venues, and that they do not affect orders.
@Suite(.onLoop) @ServiceActor
struct PreviewDeskTests {
    private let metrics = MetricsRegistry()

    private func desk(_ venue: FakeVenue, _ change: (inout PreviewDesk.Limits) -> Void = { _ in }) -> PreviewDesk {
        var limits = PreviewDesk.Limits()
        change(&limits)
        return PreviewDesk(QuoteDesk(venues: [venue], timeout: .seconds(5), metrics: nil), limits: limits, metrics: metrics)
    }

    /// The desks of a router whose venues are at `api`.
    private func desks(_ api: StubAPI, _ variables: [String: String]) throws -> (Router.Desks, ServiceProcess) {
        let urls = ["RAYDIUM_API_URL": api.url, "JUPITER_API_URL": api.url]
        let settings = try load(RouterSettings.self, redis: "redis://127.0.0.1:1", variables.merging(urls) { $1 })
        let process = ServiceProcess.unconnected(settings)
        let pools = try PoolList(bytes: Array(Self.pool.utf8), tokens: Samples.tokens())
        return (try Router.desks(settings, pools, MarketBoard(pools.pools, settings: settings.market, process: process), process), process)
    }

    private func request(_ amount: UInt64) -> QuoteRequest {
        QuoteRequest(tokenIn: Samples.sol, tokenOut: Samples.usdc, amountIn: BaseUnits(amount), slippageBps: 100)
    }

    private func code(_ body: () async throws -> QuoteRound) async throws -> String? {
        do {
            _ = try await body()
            return nil
        } catch let problem as Problem {
            #expect(problem.status == 429 && problem.headers.contains { $0.0 == "Retry-After" })
            return problem.code
        }
    }

    @Test func `equal previews at once ask the venues once`() async throws {
        let venue = FakeVenue("raydium", .quote(200))
        venue.gate = Promise()
        let desk = desk(venue)
        let asking = (0..<20).map { _ in Loop.spawn { try await desk.ask(.sample).offers?.best.dex } }
        try await eventually { venue.asked == 1 }
        venue.gate?.succeed(())
        for task in asking { #expect(try await task.value == "raydium") }
        #expect(venue.asked == 1)
        #expect(metrics.render().contains(#"quote_previews_total{source="shared"} 19"#))
    }

    @Test func `beyond the previews in hand others are refused, and taken when one has ended`() async throws {
        let venue = FakeVenue("raydium", .quote(200))
        venue.gate = Promise()
        let desk = desk(venue) { $0.inHand = 1 }
        let first = Loop.spawn { try await desk.ask(request(1)).choice != nil }
        try await eventually { venue.asked == 1 }
        #expect(try await code { try await desk.ask(request(2)) } == "TOO_MANY_QUOTES")
        venue.gate?.succeed(())
        #expect(try await first.value)
        #expect(try await code { try await desk.ask(request(2)) } == nil)
    }

    @Test func `the venues are asked as often as the budget says, and what is recent is answered meanwhile`() async throws {
        let venue = FakeVenue("raydium", .quote(200))
        let desk = desk(venue) { ($0.perMinute, $0.stale) = (2, .seconds(60)) }
        for amount in [1, 2] as [UInt64] { _ = try await desk.ask(request(amount)) }
        #expect(try await code { try await desk.ask(request(3)) } == "TOO_MANY_QUOTES")
        #expect(try await desk.ask(request(1)).choice != nil && venue.asked == 2)
    }

    @Test func `a recent answer is given again, one that is not is asked for anew`() async throws {
        let venue = FakeVenue("raydium", .quote(200))
        let desk = desk(venue) { ($0.fresh, $0.stale) = (.milliseconds(150), .seconds(60)) }
        for _ in 0..<3 { _ = try await desk.ask(.sample) }
        #expect(venue.asked == 1)
        try await sleep(for: .milliseconds(200))
        _ = try await desk.ask(.sample)
        #expect(venue.asked == 2)
        for amount in 1...300 as ClosedRange<UInt64> { _ = try await desk.ask(request(amount)) }
        #expect(venue.asked == 302)
    }

    @Test func `a failure is shared with those who ask meanwhile, and whoever asks later has another try`() async throws {
        let venue = FakeVenue("raydium", .failure(.noRoute))
        venue.gate = Promise()
        let desk = desk(venue) { ($0.fresh, $0.stale) = (.seconds(60), .seconds(60)) }
        let asking = (0..<5).map { _ in Loop.spawn { try await desk.ask(.sample).choice == nil } }
        try await eventually { venue.asked == 1 }
        venue.gate?.succeed(())
        for task in asking { #expect(try await task.value) }
        venue.answer = .quote(200)
        #expect(try await desk.ask(.sample).choice != nil && venue.asked == 2)
        #expect(try await desk.ask(.sample).choice != nil && venue.asked == 2)
    }

    @Test func `256 answers are kept, each with the time of its quote, and the oldest goes first`() async throws {
        let venue = FakeVenue("raydium", .quote(200))
        let desk = desk(venue) { $0.fresh = .seconds(60) }
        for amount in 1...257 as ClosedRange<UInt64> {
            venue.quotedAt = 1_000_000 + amount
            _ = try await desk.ask(request(amount))
        }
        venue.quotedAt = 2_000_000
        #expect(try await desk.ask(request(2)).offers?.best.quotedAt == 1_000_002 && venue.asked == 257)
        #expect(try await desk.ask(request(1)).offers?.best.quotedAt == 2_000_000 && venue.asked == 258)
    }

    @Test(arguments: [("1000", 1), ("0", 0)])
    func `for how long an answer is given again is a setting`(_ time: String, _ shared: Int) async throws {
        for venues in ["mock", "live"] {
            let api = try StubAPI { target, _ in .reply(200, target.hasPrefix("/compute") ? Self.raydium : Self.meteora) }
            defer { api.close() }
            let (desks, process) = try desks(
                api, ["VENUES": venues, "QUOTE_SHARE_MS": time, "MOCK_QUOTE_LATENCY_MS": "0", "MOCK_VOLATILITY_BPS": "0"])
            for _ in 0..<2 { #expect(try await desks.previews.ask(request(100_000_000)).choice != nil, "\(venues)") }
            let text = process.metrics.render()
            #expect(text.contains(#"quote_previews_total{source="venues"} \#(2 - shared)"#), "\(venues)")
            #expect(text.contains(#"quote_previews_total{source="cache"} 1"#) == (shared == 1), "\(venues)")
        }
    }

    @Test func `dust previews of one caller leave every order its quotes`() async throws {
        let api = try StubAPI { target, _ in
            let isDust = !target.contains("amount=100000000&")
            return isDust ? .reply(500, "{}") : .reply(200, target.hasPrefix("/compute") ? Self.raydium : Self.meteora)
        }
        defer { api.close() }
        let (desks, process) = try desks(api, ["VENUES": "live", "PREVIEWS_PER_MINUTE": "0"])
        for amount in 1...12 as ClosedRange<UInt64> { #expect(try await desks.previews.ask(request(amount)).choice == nil) }
        #expect(try await desks.previews.ask(request(13)).failure.message.contains("is left out"))
        for _ in 0..<5 { #expect(await desks.orders.ask(request(100_000_000)).offers?.quotes.count == 2) }
        let text = process.metrics.render()
        #expect(text.contains(#"quotes_total{dex="raydium",outcome="quoted"} 5"#) && !text.contains(#"outcome="venue_unavailable""#))
        #expect(text.contains(#"venue_left_out{dex="raydium"} 0"#))
    }

    @Test func `a venue's word that a request is bad leaves other previews their quotes`() async throws {
        let api = try StubAPI { target, _ in
            let isDust = !target.contains("amount=100000000&")
            return isDust
                ? .reply(400, #"{"success":false,"errorCode":"DUST","msg":"DUST"}"#)
                : .reply(200, target.hasPrefix("/compute") ? Self.raydium : Self.meteora)
        }
        defer { api.close() }
        let (desks, _) = try desks(api, ["VENUES": "live", "PREVIEWS_PER_MINUTE": "0"])
        for amount in 1...12 as ClosedRange<UInt64> { #expect(try await desks.previews.ask(request(amount)).failure.code == .quoteRefused) }
        #expect(try await desks.previews.ask(request(100_000_000)).offers?.quotes.count == 2)
    }

    @Test(arguments: [nil, "key"])
    func `a key that is missing is told in one line at start`(_ key: String?) throws {
        let settings = try load(RouterSettings.self, redis: "redis://127.0.0.1:1", ["JUPITER_API_KEY": key].compactMapValues { $0 })
        let lines = LineSink()
        Router.tellMissingKeys(settings, Logger(service: "router", instance: "test", level: .info, format: .json, sink: lines))
        #expect(lines.texts.count == (key == nil ? 1 : 0) && lines.texts.allSatisfy { $0.contains("venue.no_key") && $0.contains("JUPITER_API_KEY") })
    }

    private nonisolated static let (sol, usdc) = (Samples.sol.mint, Samples.usdc.mint)
    private nonisolated static let raydium =
        #"{"success":true,"data":{"inputMint":"\#(sol)","inputAmount":"100000000","outputMint":"\#(usdc)","outputAmount":"17057460","#
        + #""otherAmountThreshold":"16886885","routePlan":[{"poolId":"p","inputMint":"\#(sol)","outputMint":"\#(usdc)"}]}}"#
    private nonisolated static let meteora =
        #"{"inputMint":"\#(sol)","inAmount":"100000000","outputMint":"\#(usdc)","outAmount":"17057460","otherAmountThreshold":"16886885","#
        + #""routePlan":[{"swapInfo":{"ammKey":"p","inputMint":"\#(sol)","outputMint":"\#(usdc)","inAmount":"100000000","outAmount":"17057460"}}]}"#
    private nonisolated static let pool =
        #"[{"dex":"raydium","kind":"cpmm","pool":"p","base":"SOL","quote":"USDC","baseReserve":"70000","quoteReserve":"10500000","feePpm":2500}]"#
}

extension PreviewDesk {
    fileprivate func ask(_ request: QuoteRequest) async throws(Problem) -> QuoteRound { try await ask(request, by: ":test") }
}
