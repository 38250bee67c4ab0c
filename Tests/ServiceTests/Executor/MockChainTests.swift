import Chains
import Configuration
import EventLoop
import Markets
import Orders
import ServiceKit
import TestSupport
import Testing
import Venues

@testable import PaperMarket
@testable import Pipeline
@testable import Redis

/// Tests the mock chain on a real Redis. The time is that of Redis, and slots are short.
@Suite(.onLoop) @ServiceActor
struct MockChainTests {
    @ServiceActor
    struct Bench {
        let test: TestProcess<ExecutorSettings>
        let chain: MockChain

        func sign(_ order: Order, attempt: Int = 1, _ quote: Quote = Samples.quote("meteora")) async throws -> SignedTransaction {
            let now = try #require(test.process.heartbeat.clock.now)
            return chain.sign(order, leg: 0, attempt: attempt, rests: 0, quote: quote, now: now)
        }

        /// A field of the chain's record of a transaction.
        func record(_ transaction: SignedTransaction, _ field: String) async throws -> String? {
            try await test.redis.send(["HGET", test.keys.transaction(transaction.signature), field]).string
        }

        var landed: [[String]] {
            get async throws {
                (try await test.redis.send(["XRANGE", test.keys.landed, "-", "+"]).array ?? []).map {
                    ($0.array?.last?.array ?? []).compactMap { $0.string }
                }
            }
        }
    }

    func withChain(_ environment: [String: String], _ body: @ServiceActor (Bench) async throws -> Void) async throws {
        let base = ["MOCK_SWAP_LATENCY_MS": "0", "MOCK_FAILURE_RATE": "0", "MOCK_VOLATILITY_BPS": "0", "MOCK_SLOT_MS": "10"]
        try await withProcess(ExecutorSettings.self, base.merging(environment) { $1 }) { test in
            let chain = try test.chain()
            chain.seed = 7
            try await alongside({ await chain.run() }) { try await body(Bench(test: test, chain: chain)) }
        }
    }

    @Test func `CHAIN=mock is the mock chain, which takes what Solana takes for a signature`() async throws {
        try await withProcess(ExecutorSettings.self, ["CHAIN": "mock"]) { test in
            let chain = try Chains.make(test.settings.chain, process: test.process)
            #expect(chain is MockChain && chain.networkFeeLamports == 5000)
        }
    }

    @Test func `a transaction lands once, with the quote's output, however often it is followed`() async throws {
        try await withChain([:]) { bench in
            let order = Samples.order()
            let transaction = try await bench.sign(order)
            #expect(transaction.minOut == BaseUnits(216_037_800))
            for _ in 0..<2 { #expect(try await bench.chain.settle(transaction, order: order) == .landed(amountOut: BaseUnits(218_220_000))) }
            let rows = try await bench.landed
            #expect(rows.count == 1)
            #expect(rows.first?.starts(with: ["signature", transaction.signature, "orderId", order.id.description]) == true)
            #expect(try await bench.record(transaction, "sends") == "1")
        }
    }

    @Test func `what the chain records as failed is a failure of the network, and never lands`() async throws {
        try await withChain(["MOCK_FAILURE_RATE": "1"]) { bench in
            let order = Samples.order()
            let outcome = try await bench.chain.settle(try await bench.sign(order), order: order)
            #expect(outcome == .failed(.network, wouldBe: BaseUnits(218_220_000)))
            #expect(try await bench.landed.isEmpty)
        }
    }

    @Test func `a pool that has moved too far fails the swap with what it would have been, and a favourable move is filled as it is`() async throws {
        try await withChain(["MOCK_VOLATILITY_BPS": "1"]) { bench in
            let order = Samples.order()
            let quote = try Samples.pool().quote(order.amountIn, from: Samples.sol, slippageBps: 100)
            func settle(_ attempt: Int, after flow: Int64) async throws -> TransactionOutcome {
                _ = try await bench.test.redis.send(["HSET", bench.test.keys.market, Samples.pool().address, "\(flow):\(try await bench.test.now())"])
                return try await bench.chain.settle(try await bench.sign(order, attempt: attempt, quote), order: order)
            }
            // 700 SOL were added to 70,000 SOL: the price is 2 % lower.
            guard case .failed(.slippageExceeded, let wouldBe) = try await settle(1, after: 700_000_000_000) else { throw TestFailure("not failed") }
            let failure = OrderFailure.slippage(expected: quote.amountOut, got: wouldBe, limit: BaseUnits(0), of: order)
            #expect(["Price moved 1.9% (max allowed: 1.0%)", "Price moved 2.0% (max allowed: 1.0%)"].contains(failure.message), "\(failure.message)")
            #expect(try await bench.landed.isEmpty)
            guard case .landed(let amountOut) = try await settle(2, after: -700_000_000_000) else { throw TestFailure("not landed") }
            #expect(amountOut.value > quote.amountOut.value * 1019 / 1000)
        }
    }

    @Test func `swaps on one pool see each other, however close they come; the pool forgets them`() async throws {
        try await withChain(["MOCK_VOLATILITY_BPS": "1", "MOCK_REVERSION_MS": "3600000"]) { bench in
            let quote = try Samples.pool().quote(BaseUnits(70_000_000_000), from: Samples.sol, slippageBps: 100)
            var outputs: [UInt64] = []
            try await withThrowingTaskGroup(of: UInt64.self) { group in
                for _ in 0..<3 {
                    let order = Samples.order(slippageBps: 5000)
                    let transaction = try await bench.sign(order, quote)
                    group.addTask {
                        guard case .landed(let amountOut) = try await bench.chain.settle(transaction, order: order) else { return 0 }
                        return amountOut.value
                    }
                }
                for try await output in group { outputs.append(output) }
            }
            outputs.sort(by: >)
            // Each swap of 70 SOL into 70,000 SOL presses the price by 20 bps, and the walk moves it by at most one.
            for (better, worse) in zip(outputs, outputs.dropFirst()) { #expect((1780...2220).contains((better - worse) * 1_000_000 / better)) }
            let flow = try #require(try await bench.test.pipeline.marketFlows(partition: 0)[Samples.pool().address])
            #expect((209_000_000_000...210_000_000_000).contains(flow.base))
        }
    }

    @Test func `without volatility swaps leave no trace on the market`() async throws {
        try await withChain([:]) { bench in
            let quote = try Samples.pool().quote(BaseUnits(70_000_000_000), from: Samples.sol, slippageBps: 100)
            for _ in 0..<2 {
                let order = Samples.order(slippageBps: 1)
                #expect(try await bench.chain.settle(try await bench.sign(order, quote), order: order) == .landed(amountOut: quote.amountOut))
            }
            #expect(try await bench.test.pipeline.marketFlows(partition: 0).isEmpty)
        }
    }

    @Test func `a send that is lost is sent again with the same bytes after two seconds`() async throws {
        try await withChain(["MOCK_DROP_RATE": "0.5", "MOCK_VALID_SLOTS": "10000"]) { bench in
            let order = Samples.order()
            // A transaction that the seed drops at the first send but not at the second.
            var transaction = try await bench.sign(order)
            while !drops(transaction, send: 1) || drops(transaction, send: 2) {
                transaction = try await bench.sign(order, attempt: transaction.attempt + 1)
            }
            let start = MonotonicInstant.now
            #expect(try await bench.chain.settle(transaction, order: order) == .landed(amountOut: BaseUnits(218_220_000)))
            #expect(start.elapsed > .milliseconds(1900))
            #expect(try await bench.record(transaction, "sends") == "2")
            #expect(try await bench.landed.count == 1)
        }
    }

    /// Whether the chain drops a send: the draw that the chain documents, by seed, signature and number of the send.
    private func drops(_ transaction: SignedTransaction, send: Int) -> Bool {
        let digest = SHA1.hex(of: "7:\(transaction.signature):\(send)")
        return Int(digest.dropFirst(12).prefix(6), radix: 16)! % 1_000_000 < 500_000
    }

    @Test func `a transaction of which nothing is known expires only when its last valid slot is over`() async throws {
        try await withChain(["MOCK_DROP_RATE": "1", "MOCK_VALID_SLOTS": "100"]) { bench in
            let order = Samples.order()
            let transaction = try await bench.sign(order)
            #expect(try await bench.chain.settle(transaction, order: order) == .expired)
            #expect(UInt64(try await bench.test.now()) / 10 > transaction.lastValidSlot)
            // The transaction is asked for again after its end, for example by an executor that was away.
            #expect(try await bench.chain.settle(transaction, order: order) == .expired)
        }
    }

    @Test func `a transaction that landed while nobody looked is found after its last valid slot`() async throws {
        try await withChain([:]) { bench in
            let order = Samples.order()
            let transaction = try await bench.sign(order)
            #expect(try await bench.chain.settle(transaction, order: order) == .landed(amountOut: BaseUnits(218_220_000)))
            // The transaction as it is when all of its slots are over.
            let past = SignedTransaction(
                leg: 0, attempt: 1, signature: transaction.signature, bytes: transaction.bytes, lastValidSlot: 1, quote: transaction.quote,
                minOut: transaction.minOut)
            #expect(try await bench.chain.settle(past, order: order) == .landed(amountOut: BaseUnits(218_220_000)))
            let never = SignedTransaction(
                leg: 0, attempt: 2, signature: "never-sent", bytes: "b", lastValidSlot: 1, quote: transaction.quote, minOut: BaseUnits(1))
            #expect(try await bench.chain.settle(never, order: order) == .expired)
            #expect(try await bench.record(never, "sends") == nil)
        }
    }

    @Test func `an outcome that is due at once comes at once: no transaction waits for a common moment`() async throws {
        try await withChain([:]) { bench async throws in
            let start = MonotonicInstant.now
            for _ in 0..<100 {
                let order = Samples.order()
                #expect(try await bench.chain.settle(try await bench.sign(order), order: order) == .landed(amountOut: BaseUnits(218_220_000)))
            }
            // A look at fixed moments, each 100 ms, would take ten seconds.
            #expect(start.elapsed < .seconds(5))
        }
    }

    @Test func `what is under way comes to its outcome at its time though Redis' clock is set back by an hour`() async throws {
        try await withChain(["MOCK_SWAP_LATENCY_MS": "400", "MOCK_VALID_SLOTS": "10000"]) { bench in
            let highest = String(try await bench.test.now() + 3_600_000)
            for key in [bench.test.keys.clock, Keys.clock(of: "{services}")] {
                _ = try await bench.test.redis.send(["HSET", key, "highest", highest])
            }
            await bench.test.process.heartbeat.beat()
            let (order, start) = (Samples.order(), MonotonicInstant.now)
            let transaction = try await bench.sign(order)
            #expect(transaction.lastValidSlot > UInt64(highest)! / 10)
            #expect(try await bench.chain.settle(transaction, order: order) == .landed(amountOut: BaseUnits(218_220_000)))
            #expect((Duration.milliseconds(350)...Duration.seconds(10)).contains(start.elapsed))
            #expect(try await bench.landed.count == 1)
        }
    }

    @Test func `a record that cannot be read holds up its own transaction only`() async throws {
        try await withChain([:]) { bench in
            let (bad, orders) = (Samples.order(), (0..<20).map { _ in Samples.order() })
            let unreadable = try await bench.sign(bad)
            _ = try await bench.test.redis.send(["SET", bench.test.keys.transaction(unreadable.signature), "x"])
            let stuck = Loop.spawn { try await bench.chain.settle(unreadable, order: bad) }
            try await withThrowingTaskGroup(of: TransactionOutcome.self) { group in
                for order in orders {
                    let transaction = try await bench.sign(order)
                    group.addTask { try await bench.chain.settle(transaction, order: order) }
                }
                for try await outcome in group { #expect(outcome == .landed(amountOut: BaseUnits(218_220_000))) }
            }
            _ = try await bench.test.redis.send(["DEL", bench.test.keys.transaction(unreadable.signature)])
            #expect(try await stuck.value == .landed(amountOut: BaseUnits(218_220_000)))
        }
    }

    @Test func `a task that is cancelled stops following at once`() async throws {
        try await withChain(["MOCK_SWAP_LATENCY_MS": "600000", "MOCK_VALID_SLOTS": "100000"]) { bench in
            let order = Samples.order()
            let transaction = try await bench.sign(order)
            let following = Loop.spawn { try await bench.chain.settle(transaction, order: order) }
            try await eventually { try await bench.record(transaction, "outcome") == "lands" }
            let start = MonotonicInstant.now
            following.cancel()
            await #expect(throws: CancellationError.self) { try await following.value }
            #expect(start.elapsed < .seconds(10))
        }
    }

    @Test func `while Redis is away nothing is decided; the outcome comes when it is back`() async throws {
        let server = try await RedisServer.start()
        let environment = ["MOCK_SWAP_LATENCY_MS": "300", "MOCK_FAILURE_RATE": "0", "MOCK_VOLATILITY_BPS": "0"]
        try await withProcess(ExecutorSettings.self, environment, server: server) { test in
            let chain = try test.chain()
            chain.seed = 7
            let bench = Bench(test: test, chain: chain)
            let running = Loop.spawn { await chain.run() }
            defer { running.cancel() }
            let order = Samples.order()
            let transaction = try await bench.sign(order)
            let following = Loop.spawn { try await chain.settle(transaction, order: order) }
            try await eventually { try await bench.record(transaction, "outcome") != nil }
            try await server.kill()
            try await server.restart()
            #expect(try await following.value == .landed(amountOut: BaseUnits(218_220_000)))
            running.cancel()
            await running.value
        }
        try await server.stop()
    }

    @Test func `a thousand transactions are followed at once, with sends and looks that each serve many`() async throws {
        try await withChain(["MOCK_SWAP_LATENCY_MS": "300", "MOCK_VALID_SLOTS": "10000"]) { bench in
            // After this Redis knows the scripts.
            _ = try await bench.chain.settle(try await bench.sign(Samples.order()), order: Samples.order())
            let before = bench.test.redis.statistics.commands
            try await withThrowingTaskGroup(of: TransactionOutcome.self) { group in
                for _ in 0..<1000 {
                    let order = Samples.order()
                    let transaction = try await bench.sign(order)
                    group.addTask { try await bench.chain.settle(transaction, order: order) }
                }
                for try await outcome in group { #expect(outcome == .landed(amountOut: BaseUnits(218_220_000))) }
            }
            #expect(try await bench.landed.count == 1001)
            // A send and a look are of 256 at most, and go together with what has become due meanwhile.
            #expect(bench.test.redis.statistics.commands - before < 100)
        }
    }
}

extension TestProcess<ExecutorSettings> {
    /// A chain whose market has one pool.
    func chain() throws -> MockChain {
        MockChain(settings.chain, board: MarketBoard([try Samples.pool()], settings: settings.chain.market, process: process), process: process)
    }
}
