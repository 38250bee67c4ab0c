import Configuration
import EventLoop
import Marks
import Orders
import Redis
import ServiceKit
import TestOrders
import TestSupport
import Testing
import Venues

@testable import ExecutorService
@testable import PaperMarket
@testable import Pipeline
@testable import RouterService

/// What router and executor do with an order whose limit price is not met, and with what follows an order.
@Suite(.onLoop) @ServiceActor
struct RestingTests {
    /// Fires an order and lets the router handle it, with one venue that offers an amount.
    private func withRouted(
        _ order: Order, offering amount: UInt64?, mark: String? = nil, others: [FakeVenue] = [],
        _ body: @ServiceActor (TestProcess<RouterSettings>) async throws -> Void
    ) async throws {
        try await withProcess(RouterSettings.self, ["RETRY_JITTER": "0"]) { test in
            let venues = [FakeVenue("meteora", amount.map { .quote($0) } ?? .failure(.venueUnavailable))] + others
            let marks = FakeMarks()
            if let mark { try marks.set(mark, Samples.direction, at: UInt64(try await test.now())) }
            let desk = QuoteDesk(venues: venues, timeout: test.settings.quoteTimeout, metrics: test.process.metrics)
            let handler = RoutingHandler(
                desk: desk, marks: marks, pipeline: test.pipeline, retry: test.settings.retry, log: test.process.log, observer: test.process.observer)
            if order.beginsAtOnce { try await test.accept(order) } else { try await fire(order, test) }
            await handler.handle(try await test.take(.router))
            try await body(test)
        }
    }

    private func fire(_ order: Order, _ test: TestProcess<some ServiceSettings>) async throws {
        try await test.hold(order)
        let mark = Mark(.of("1000000"), at: UInt64(try await test.now()))
        for kind in WaitSet.Kind.allCases {
            _ = try await test.pipeline.fire(
                WaitSet(Samples.direction, kind), upTo: String(repeating: "9", count: 38), mark, "m", maxAge: 60_000, in: test.keys)
        }
    }

    @Test func `a quote that meets the limit is taken, to the unit`() async throws {
        try await withRouted(Samples.waiting(at: "150"), offering: 225_000_000) { test in
            let found = try await test.redis.send(["XLEN", test.keys.routed]).integer
            #expect(found == 1)
        }
    }

    @Test func `a quote one unit below the limit is not, and the order waits again half-way back`() async throws {
        let order = Samples.waiting(at: "150")
        // At the mark 150 its size brings 125 each: it would fill at 180, and waits for 165.
        try await withRouted(order, offering: 187_500_000, mark: "150") { test in
            let found = try await test.state(order)
            #expect(found == "open")
            let last = try #require(try await test.events(order).last)
            #expect(last.type == .open && last.waitsFor == .of("165") && last.message.contains("would bring 187.5 USDC"))
            #expect(try await test.redis.send(["ZCARD", test.keys.retries]).integer == 1)
        }
        let near = Samples.waiting(at: "150")
        try await withRouted(near, offering: 224_999_999) { test in
            let found = try await test.state(near)
            #expect(found == "open")
            #expect(try await test.events(near).last?.waitsFor == .of("150"))
        }
    }

    @Test(arguments: [(FailureCode.venueUnavailable, "150"), (.noRoute, "165"), (.insufficientLiquidity, "165")])
    func `where a venue does not answer the order waits at its limit, as that venue may fill it`(code: FailureCode, level: String) async throws {
        let order = Samples.waiting(at: "150")
        try await withRouted(order, offering: 187_500_000, mark: "150", others: [FakeVenue("raydium", .failure(code))]) { test in
            let last = try await test.events(order).last
            #expect(last?.waitsFor == .of(level))
        }
    }

    @Test func `a limit order waits again where no venue answers, and uses no attempt`() async throws {
        let order = Samples.waiting(at: "150")
        try await withRouted(order, offering: nil) { test in
            let found = try await test.state(order)
            #expect(found == "open")
            #expect(try await test.events(order).last?.attempt == 1)
        }
    }

    @Test(arguments: [TimeInForce.ioc, .fok]) func `a limit that is tried once fails where it is not met`(time: TimeInForce) async throws {
        let order = Samples.waiting(at: "150", time: time)
        try await withRouted(order, offering: 224_999_999) { test in
            let found = try await test.state(order)
            #expect(found == "failed")
            #expect(try await test.events(order).last?.error?.code == .limitNotMet)
        }
    }

    @Test func `a stop takes the price of the moment, however bad`() async throws {
        try await withRouted(Samples.waiting(.stop, at: "150"), offering: 1000) { test in
            let found = try await test.redis.send(["XLEN", test.keys.routed]).integer
            #expect(found == 1)
        }
    }

    // MARK: Executor

    private func withSubmitted(
        _ order: Order, _ outcome: TransactionOutcome, amountIn: UInt64 = 1_500_000_000, amountOut: UInt64 = 240_000_000,
        _ body: @ServiceActor (TestProcess<ExecutorSettings>, FakeChain) async throws -> Void
    ) async throws {
        try await withProcess(ExecutorSettings.self) { test in
            let chain = FakeChain()
            chain.outcomes = [outcome]
            let handler = ExecutionHandler(chain: chain, settings: test.settings, process: test.process)
            if order.beginsAtOnce { try await test.accept(order) } else { try await fire(order, test) }
            let entry = try await test.take(.router)
            guard case .work = try await test.pipeline.begin(entry) else { throw TestFailure("there is nothing to route") }
            _ = try await test.pipeline.step(.routeDone([Samples.quote("meteora", amountIn: amountIn, amountOut: amountOut)]), entry)
            await handler.handle(try await test.take(.executor))
            try await body(test, chain)
        }
    }

    @Test func `a transaction that slips below the limit leaves the order waiting for it`() async throws {
        let order = Samples.waiting(at: "150")
        try await withSubmitted(order, .failed(.slippageExceeded, wouldBe: BaseUnits(224_000_000))) { test, _ in
            let found = try await test.state(order)
            #expect(found == "open")
            let last = try #require(try await test.events(order).last)
            #expect(last.waitsFor == .of("150") && last.attempt == 1 && last.message.contains("would bring 224 USDC"))
            #expect(try await test.pipeline.snapshot(order.id)?.rests == 1)
        }
    }

    @Test func `a fill-or-kill whose transaction slips fails`() async throws {
        let order = Samples.waiting(at: "150", time: .fok)
        try await withSubmitted(order, .failed(.slippageExceeded, wouldBe: BaseUnits(224_000_000))) { test, _ in
            let found = try await test.state(order)
            #expect(found == "failed")
            #expect(try await test.events(order).last?.error?.code == .limitNotMet)
        }
    }

    @Test func `an ioc of which a part has landed fails with what was filled, and nothing follows it`() async throws {
        let next = Samples.order()
        let order = Samples.waiting(at: "150", time: .ioc, then: [next])
        try await withSubmitted(order, .landed(amountOut: BaseUnits(151_000_000)), amountIn: 1_000_000_000, amountOut: 151_000_000) { test, _ in
            let states = [try await test.state(order), try await test.state(next)]
            #expect(states == ["failed", nil])
            let last = try #require(try await test.events(order).last)
            #expect(last.error?.code == .limitNotMet && last.filled?.amountIn.value == 1_000_000_000 && last.filled?.amountOut.value == 151_000_000)
            #expect(last.message.hasSuffix("; 1 of 1.5 SOL were filled for 151 USDC"))
        }
    }

    @Test func `a stop whose transaction slips is quoted again, as a market order is`() async throws {
        let order = Samples.waiting(.stop, at: "150")
        try await withSubmitted(order, .failed(.slippageExceeded, wouldBe: BaseUnits(1))) { test, _ in
            let found = try await test.state(order)
            #expect(found == "requote")
        }
    }

    @Test func `each signature after a rest is another one`() {
        let id = Samples.id()
        let signatures = (0..<5).map { MockSignature.make(order: id, leg: 0, attempt: 1, rests: $0) }
        #expect(Set(signatures).count == 5 && signatures[0] == MockSignature.make(order: id, leg: 0, attempt: 1))
    }

    @Test func `what should wait and cannot is not placed, and what follows at once is`() async throws {
        // A limit order without a limit price: this version writes none, and another one might.
        var lost = Samples.waiting(at: "150")
        lost.terms?.limitPrice = nil
        let (next, order) = (Samples.order(), Samples.waiting(at: "150", then: []))
        let first = Order(
            id: order.id, orderType: .limit, terms: order.terms, then: [lost, next], tokenIn: Samples.sol, tokenOut: Samples.usdc,
            amountIn: order.amountIn, slippageBps: 100, slippage: "0.01", createdAt: 1, maxAttempts: 3, fingerprint: "f")
        try await withSubmitted(first, .landed(amountOut: BaseUnits(225_000_000))) { test, _ in
            let states = [try await test.state(first), try await test.state(lost), try await test.state(next)]
            #expect(states == ["confirmed", nil, "pending"])
        }
    }

    @Test func `what follows an order sells all that came in, and trails from the price of the fill`() async throws {
        let after = Order(
            id: Samples.id(), orderType: .trailingStop, terms: PriceTerms(priced: .tokenOut, trailingBps: 1000, expiresAt: 9_000_000_000_000),
            tokenIn: Samples.usdc, tokenOut: Samples.sol, amountIn: BaseUnits(0), slippageBps: 1000, slippage: "0.1", createdAt: 1, maxAttempts: 3,
            fingerprint: "f")
        let order = Samples.waiting(at: "150", then: [after])
        try await withSubmitted(order, .landed(amountOut: BaseUnits(225_000_000))) { test, _ in
            let found = try await test.state(order)
            #expect(found == "confirmed")
            let placed = try #require(try await test.pipeline.snapshot(after.id))
            #expect(placed.order.amountIn == BaseUnits(225_000_000) && placed.status == .open)
            // Bought back 10 % above the 150 at which it was sold.
            #expect(placed.events.first?.waitsFor == .of("165"))
        }
    }
}
