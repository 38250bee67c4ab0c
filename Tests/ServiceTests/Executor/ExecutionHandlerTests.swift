import Configuration
import EventLoop
import Observability
import Orders
import Redis
import ServiceKit
import TestSupport
import Testing
import Venues

@testable import ExecutorService
@testable import Pipeline

/// Tests the executor's part of an order's life, with real scripts and a chain that does what the test says.
@Suite(.onLoop) @ServiceActor
struct ExecutionHandlerTests {
    @ServiceActor
    struct Bench {
        let test: TestProcess<ExecutorSettings>
        let chain: FakeChain
        let handler: ExecutionHandler
        let order: Order

        /// Routes the order, as the router would.
        func route(
            _ quotes: [Quote] = [Samples.quote("meteora"), Samples.quote("raydium", amountOut: 217_000_000)], legs: [Quote]? = nil
        ) async throws {
            let entry = try await test.take(.router)
            guard case .work(let work) = try await test.pipeline.begin(entry) else { throw TestFailure("there is nothing to route") }
            let chosen = legs.map { ChosenRoute($0, of: order, after: work.route?.chosen) }
            _ = try await test.pipeline.step(.routeDone(quotes, chosen: chosen), entry)
        }

        /// Handles the next entry for the executor.
        func execute() async throws { await handler.handle(try await test.take(.executor)) }

        func events() async throws -> [OrderEvent] { try await test.events(order) }
        func state() async throws -> String? { try await test.state(order) }

        /// The number of entries that the executors have in hand.
        func pending() async throws -> Int64? { try await test.redis.send(["XPENDING", test.keys.routed, "executor"]).array?.first?.integer }
    }

    func withOrder(
        _ outcomes: [TransactionOutcome] = [], environment: [String: String] = [:], order: Order = Samples.order(), legs: [Quote]? = nil,
        _ body: @ServiceActor (Bench) async throws -> Void
    ) async throws {
        try await withProcess(ExecutorSettings.self, environment) { test in
            let chain = FakeChain()
            chain.outcomes = outcomes
            let handler = ExecutionHandler(chain: chain, settings: test.settings, process: test.process)
            try await test.accept(order)
            let bench = Bench(test: test, chain: chain, handler: handler, order: order)
            try await bench.route(legs: legs)
            try await body(bench)
        }
    }

    @Test func `a swap that lands is confirmed with its price, output and slippage`() async throws {
        try await withOrder([.landed(amountOut: BaseUnits(218_000_000))]) { bench in
            try await bench.execute()
            #expect(try await bench.state() == "confirmed")
            let events = try await bench.events()
            #expect(events.map(\.type) == [.pending, .routing, .routing, .building, .building, .submitted, .confirmed])
            let last = try #require(events.last)
            #expect(last.executedPrice == "145.333333333")
            #expect(last.amountOut == BaseUnits(218_000_000) && last.amountOutDecimal == "218")
            #expect(last.realisedSlippageBps == 10 && last.networkFeeLamports == 5000)
            #expect(last.txHash == bench.chain.signed.first?.signature)
            #expect(try await bench.pending() == 0)
        }
    }

    @Test func `the signature is written down before the chain is asked to settle it`() async throws {
        try await withOrder([.landed(amountOut: BaseUnits(1))]) { bench in
            var stored: String?
            bench.chain.onSettle = {
                stored = try await bench.test.redis.send(["HGET", bench.test.keys.order(bench.order.id), "t"]).string
            }
            try await bench.execute()
            #expect(SignedTransaction.list(stored ?? "") == bench.chain.settled)
        }
    }

    @Test func `the network fee is what the chain takes`() async throws {
        try await withOrder([.landed(amountOut: BaseUnits(218_000_000))]) { bench in
            bench.chain.networkFeeLamports = 7
            try await bench.execute()
            #expect(try await bench.events().last?.networkFeeLamports == 7)
        }
    }

    @Test func `what the signer refuses is not submitted: the attempt ends, and the next one is signed anew`() async throws {
        try await withOrder([.landed(amountOut: BaseUnits(218_220_000))]) { bench in
            bench.chain.refusal = OrderFailure(.network, message: "The signer gave no answer")
            try await bench.execute()
            #expect(try await bench.state() == "waiting" && bench.chain.settled.isEmpty)
            let events = try await bench.events()
            #expect(events.map(\.type) == [.pending, .routing, .routing, .building, .executionFailed, .retryPending])
            #expect(events[4].message == "The signer gave no answer" && events.allSatisfy { $0.txHash == nil })
            bench.chain.refusal = nil
            try await bench.test.promoteAll()
            try await bench.execute()
            #expect(try await bench.state() == "confirmed" && bench.chain.settled.map(\.attempt) == [2])
        }
    }

    @Test func `a failed transaction is tried again on the same route with a new signature`() async throws {
        let failed = TransactionOutcome.failed(.network, wouldBe: BaseUnits(1))
        try await withOrder([failed, .landed(amountOut: BaseUnits(218_220_000))], environment: ["RETRY_JITTER": "0"]) { bench in
            try await bench.execute()
            #expect(try await bench.state() == "waiting")
            let waiting = try #require(try await bench.events().last)
            #expect(waiting.type == .retryPending && waiting.delayMs == 1000 && waiting.nextAttempt == 2)
            #expect(waiting.message == "Retrying in 1.0 s (attempt 2/3)")

            try await bench.test.promoteAll()
            try await bench.execute()
            #expect(try await bench.state() == "confirmed")
            #expect(bench.chain.signed.map(\.attempt) == [1, 2])
            #expect(Set(bench.chain.signed.map(\.signature)).count == 2)
            #expect(Set(bench.chain.signed.map(\.quote)).count == 1)
        }
    }

    @Test func `the last attempt that fails ends the order, with what went wrong`() async throws {
        let failed = TransactionOutcome.failed(.network, wouldBe: BaseUnits(1))
        try await withOrder([failed], order: Samples.order(maxAttempts: 1)) { bench in
            try await bench.execute()
            #expect(try await bench.state() == "failed")
            let events = try await bench.events().suffix(2)
            #expect(events.map(\.type) == [.executionFailed, .failed])
            #expect(events.first?.retriesRemaining == 0)
            #expect(events.last?.error?.code == .network && events.last?.totalAttempts == 1)
            #expect(try await bench.test.redis.send(["ZCARD", bench.test.keys.retries]).integer == 0)
        }
    }

    @Test func `a moved price asks for a fresh quote, and says by how much it moved`() async throws {
        try await withOrder([.failed(.slippageExceeded, wouldBe: BaseUnits(214_292_041))]) { bench in
            try await bench.execute()
            #expect(try await bench.state() == "requote")
            let failure = try #require(try await bench.events().first { $0.type == .executionFailed })
            #expect(failure.message == "Price moved 1.8% (max allowed: 1.0%)")
            #expect(failure.transient == true && failure.retriesRemaining == 2)
            #expect(failure.error?.amounts?.expected == BaseUnits(218_220_000))
            #expect(failure.error?.amounts?.got == BaseUnits(214_292_041))
            #expect(failure.error?.amounts?.limit == BaseUnits(216_037_800))
        }
    }

    @Test func `an expired transaction asks for a fresh quote, and the next attempt is signed anew`() async throws {
        try await withOrder([.expired, .landed(amountOut: BaseUnits(219_000_000))]) { bench in
            try await bench.execute()
            #expect(try await bench.state() == "requote")
            #expect(try await bench.events().first { $0.type == .executionFailed }?.error?.code == .transactionExpired)
            try await bench.test.promoteAll()
            try await bench.route([Samples.quote("raydium", amountOut: 219_000_000)])
            try await bench.execute()
            #expect(try await bench.state() == "confirmed")
            #expect(bench.chain.signed.map(\.quote.dex) == ["meteora", "raydium"])
            #expect(bench.chain.signed.map(\.attempt) == [1, 2])
        }
    }

    @Test func `a stale quote is fetched anew three times without using up an attempt; the fourth is built on`() async throws {
        try await withOrder([.landed(amountOut: BaseUnits(218_220_000))], environment: ["QUOTE_TTL_MS": "1"]) { bench in
            for round in 1...3 {
                try await sleep(for: .milliseconds(5))
                try await bench.execute()
                #expect(try await bench.state() == "requote")
                let events = try await bench.events().suffix(2)
                #expect(events.first?.error?.code == .quoteStale && events.first?.retriesRemaining == 2, "round \(round)")
                #expect(events.last?.delayMs == 0 && events.last?.nextAttempt == 1)
                try await bench.test.promoteAll()
                try await bench.route()
            }
            try await sleep(for: .milliseconds(5))
            try await bench.execute()
            #expect(try await bench.state() == "confirmed")
            #expect(bench.chain.signed.map(\.attempt) == [1])
        }
    }

    @Test func `who takes over a submitted order follows the bytes in its hash, and signs nothing new`() async throws {
        try await withOrder { bench in
            let first = try await submitAndDie(bench)
            #expect(try await bench.state() == "submitted")

            let second = try await takeOver(first, bench)
            bench.chain.outcomes = [.landed(amountOut: BaseUnits(218_220_000))]
            await bench.handler.handle(second)
            #expect(try await bench.state() == "confirmed")
            #expect(bench.chain.signed.count == 1)
            #expect(bench.chain.settled == [bench.chain.signed[0], bench.chain.signed[0]])
        }
    }

    @Test func `a claim that is cancelled or lost writes nothing`() async throws {
        try await withOrder { bench in
            let first = try await bench.test.take(.executor, consumer: "first")
            let working = Loop.spawn { await bench.handler.handle(first) }
            try await eventually { bench.chain.settled.count == 1 }
            let before = try await bench.events()
            working.cancel()
            await working.value
            #expect(try await bench.events() == before)

            // Like a worker that was frozen, not cancelled: it knows an outcome, but another worker owns the entry.
            _ = try await takeOver(first, bench)
            bench.chain.outcomes = [.landed(amountOut: BaseUnits(1))]
            await bench.handler.handle(first)
            #expect(try await bench.events() == before)
            #expect(try await bench.pending() == 1)
        }
    }

    @Test func `a lost claim shows as late as when the outcome is known`() async throws {
        try await withOrder([.landed(amountOut: BaseUnits(1))]) { bench in
            let first = try await bench.test.take(.executor, consumer: "first")
            bench.chain.onSettle = { _ = try await takeOver(first, bench) }
            await bench.handler.handle(first)
            #expect(try await bench.state() == "submitted")
            #expect(bench.test.process.metrics.render().contains(#"order_steps_total{step="confirm",outcome="fenced"} 1"#))
        }
    }

    @Test func `a place is held while an order is built, and left once its transaction is written down`() async throws {
        try await withOrder([.landed(amountOut: BaseUnits(218_000_000))]) { bench in
            let entry = try await bench.test.take(.executor)
            var states: [String?] = []
            entry.place.onLeave = { states.append(bench.chain.signed.isEmpty ? "unsigned" : "signed") }
            bench.chain.onSettle = {
                states.append(try await bench.state())
                #expect(entry.place.isLeft)
            }
            await bench.handler.handle(entry)
            #expect(states == ["signed", "submitted"])
        }
    }

    @Test func `who takes over a submitted order needs its place only for a look at it`() async throws {
        try await withOrder { bench in
            let first = try await submitAndDie(bench)
            let second = try await takeOver(first, bench)
            bench.chain.outcomes = [.landed(amountOut: BaseUnits(218_220_000))]
            await bench.handler.handle(second)
            #expect(second.place.isLeft && bench.chain.settled.count == 2 && bench.chain.signed.count == 1)
        }
    }

    /// Lets a consumer submit the order, and then stop in the middle of its work.
    private func submitAndDie(_ bench: Bench) async throws -> WorkEntry {
        let entry = try await bench.test.take(.executor, consumer: "first")
        let working = Loop.spawn { await bench.handler.handle(entry) }
        try await eventually { bench.chain.settled.count == 1 }
        working.cancel()
        await working.value
        return entry
    }

    /// Lets another consumer claim the entry.
    func takeOver(_ entry: WorkEntry, _ bench: Bench) async throws -> WorkEntry {
        _ = try await bench.test.redis.send(["XCLAIM", bench.test.keys.routed, "executor", "second", "0", entry.entry])
        return WorkEntry(
            stage: .executor, partition: 0, entry: entry.entry, orderID: entry.orderID, round: entry.round, consumer: "second", deliveries: 2,
            token: "second")
    }
}
