import EventLoop
import Orders
import Pipeline
import Redis
import TestSupport
import Testing
import Venues

@testable import ExecutorService

extension ExecutionHandlerTests {
    /// 1 SOL at Raydium and 0.5 at Meteora.
    private nonisolated static let parts = [part("raydium", 1_000_000_000, 145_500_000), part("meteora", 500_000_000, 72_500_000)]
    private nonisolated static let failed = TransactionOutcome.failed(.network, wouldBe: BaseUnits(1))
    private nonisolated static let moved = TransactionOutcome.failed(.slippageExceeded, wouldBe: BaseUnits(70_000_000))

    private nonisolated static func part(_ dex: String, _ amountIn: UInt64, _ amountOut: UInt64) -> Quote {
        Quote(
            dex: dex, pool: "pool-\(dex)", amountIn: BaseUnits(amountIn), amountOut: BaseUnits(amountOut), minReceived: BaseUnits(amountOut - 1),
            feeBps: "20", priceImpactPct: "0.0012", inputDecimals: 9, outputDecimals: 6)
    }

    private nonisolated static func landed(_ amountOut: UInt64) -> TransactionOutcome { .landed(amountOut: BaseUnits(amountOut)) }

    @Test func `a split order has a transaction for each leg, all written down before the first is sent, and is confirmed when all have landed`()
        async throws
    {
        try await withOrder(legs: Self.parts) { bench in
            bench.chain.outcomesOfLegs = [0: [Self.landed(145_400_000)], 1: [Self.landed(72_600_000)]]
            var stored: [String?] = []
            bench.chain.onSettle = {
                stored.append(try await bench.test.redis.send(["HGET", bench.test.keys.order(bench.order.id), "t"]).string)
            }
            try await bench.execute()
            #expect(stored.map { SignedTransaction.list($0 ?? "") } == [bench.chain.signed, bench.chain.signed])
            #expect(bench.chain.signed.map(\.leg) == [0, 1] && bench.chain.signed.map(\.quote) == Self.parts)
            let events = try await bench.events()
            #expect(events.map(\.type) == [.pending, .routing, .routing, .building, .building, .submitted, .confirmed])
            #expect(events[2].chosenDex == "raydium+meteora" && events[2].quote?.amountOut == BaseUnits(218_000_000))
            #expect(events[3].message == "Building transaction on raydium+meteora...")
            #expect(
                events.map { $0.legs?.map(\.status) } == [
                    nil, nil, [.quoted, .quoted], [.quoted, .quoted], [.submitted, .submitted], [.submitted, .submitted], [.landed, .landed],
                ])
            let last = try #require(events.last)
            #expect(last.legs?.map(\.txHash) == bench.chain.signed.map(\.signature) && last.txHash == last.legs?[0].txHash)
            #expect(last.legs?.map(\.amountOut) == [BaseUnits(145_400_000), BaseUnits(72_600_000)])
            #expect(last.amountOut == BaseUnits(218_000_000) && last.executedPrice == "145.333333333" && last.realisedSlippageBps == 0)
            #expect(last.networkFeeLamports == 10_000 && last.filled == nil)
        }
    }

    @Test func `a leg that has landed stays, and only the other is signed anew`() async throws {
        try await withOrder(legs: Self.parts) { bench in
            bench.chain.outcomesOfLegs = [0: [Self.failed, Self.landed(145_000_000)], 1: [Self.landed(72_500_000)]]
            try await bench.execute()
            #expect(try await bench.state() == "waiting")
            let waiting = try #require(try await bench.events().last)
            #expect(waiting.type == .retryPending && waiting.legs?.map(\.status) == [.failed, .landed])
            #expect(try await bench.test.pipeline.cancel(bench.order.id) == .partlyFilled)
            try await bench.test.promoteAll()
            try await bench.execute()
            #expect(try await bench.state() == "confirmed")
            #expect(bench.chain.signed.map { "\($0.leg)/\($0.attempt)" } == ["0/1", "1/1", "0/2"])
            #expect(try await bench.events().last?.amountOut == BaseUnits(217_500_000))
        }
    }

    @Test func `a price that has moved under one leg has only that part quoted anew, as a leg of its own`() async throws {
        try await withOrder(legs: Self.parts) { bench in
            bench.chain.outcomesOfLegs = [0: [Self.landed(145_500_000)], 1: [Self.moved], 2: [Self.landed(72_400_000)]]
            try await bench.execute()
            #expect(try await bench.state() == "requote")
            try await bench.test.promoteAll()
            let rest = Self.part("raydium", 500_000_000, 72_450_000)
            try await bench.route([rest], legs: [rest])
            try await bench.execute()
            #expect(try await bench.state() == "confirmed")
            #expect(bench.chain.signed.map { "\($0.leg)/\($0.attempt)" } == ["0/1", "1/1", "2/2"])
            let last = try #require(try await bench.events().last)
            #expect(last.legs?.map(\.number) == [0, 2] && last.chosenDex == "raydium" && last.amountOut == BaseUnits(217_900_000))
            #expect(last.realisedSlippageBps == 2 && last.networkFeeLamports == 10_000)
        }
    }

    @Test func `a pool that cannot fill a leg any more is told as that, not as a price that has moved`() async throws {
        try await withOrder(order: Samples.order(maxAttempts: 1), legs: Self.parts) { bench in
            bench.chain.outcomesOfLegs = [0: [Self.landed(145_500_000)], 1: [.failed(.slippageExceeded, wouldBe: BaseUnits(0))]]
            try await bench.execute()
            let last = try #require(try await bench.events().last)
            #expect(last.message == "The pool on meteora cannot fill 0.5 SOL any more; 1 of 1.5 SOL were filled for 145.5 USDC")
            #expect(last.error?.code == .slippageExceeded && last.error?.amounts?.got == BaseUnits(0))
        }
    }

    @Test func `only the venues of what is built anew are told, after a retry and after fresh quotes`() async throws {
        try await withOrder(legs: Self.parts) { bench in
            bench.chain.outcomesOfLegs = [0: [Self.landed(145_500_000)], 1: [Self.failed, Self.moved], 2: [Self.landed(72_400_000)]]
            try await bench.execute()
            try await bench.test.promoteAll()
            try await bench.execute()
            try await bench.test.promoteAll()
            let rest = Self.part("orca", 500_000_000, 72_450_000)
            try await bench.route([rest], legs: [rest])
            try await bench.execute()
            #expect(try await bench.state() == "confirmed")
            let messages = try await bench.events().map(\.message).filter { $0.hasPrefix("Building transaction on") }
            #expect(messages == ["raydium+meteora", "meteora", "orca"].map { "Building transaction on \($0)..." })
        }
    }

    @Test func `of two reasons the one that asks for fresh quotes is followed`() async throws {
        try await withOrder(legs: Self.parts) { bench in
            bench.chain.outcomesOfLegs = [0: [Self.failed], 1: [Self.moved]]
            try await bench.execute()
            #expect(try await bench.state() == "requote")
            #expect(try await bench.events().last?.legs?.map(\.status) == [.failed, .failed])
            #expect(try await bench.test.pipeline.cancel(bench.order.id) == .cancelled)
        }
    }

    @Test func `when one leg fails for good the order fails, with what was filled`() async throws {
        try await withOrder(order: Samples.order(maxAttempts: 1), legs: Self.parts) { bench in
            bench.chain.outcomesOfLegs = [0: [Self.landed(145_500_000)], 1: [Self.failed]]
            try await bench.execute()
            #expect(try await bench.state() == "failed")
            let last = try #require(try await bench.events().last)
            #expect(last.message == "Transaction failed on the network; 1 of 1.5 SOL were filled for 145.5 USDC")
            #expect(last.error?.message == last.message && last.error?.code == .network)
            #expect(last.filled?.amountIn == BaseUnits(1_000_000_000) && last.filled?.amountOut == BaseUnits(145_500_000))
            #expect(last.legs?.map(\.status) == [.landed, .failed])
        }
    }

    @Test(arguments: ["POISONED", "DEADLINE_EXCEEDED"])
    func `whoever ends an order later tells what of it was filled`(_ code: String) async throws {
        try await withOrder(legs: Self.parts) { bench in
            bench.chain.outcomesOfLegs = [0: [Self.landed(145_500_000)], 1: [Self.failed]]
            try await bench.execute()
            try await bench.test.promoteAll()
            let entry = try await bench.test.take(.executor)
            let hash = bench.test.keys.order(bench.order.id)
            if code == "POISONED" {
                _ = try await bench.test.redis.send(["HSET", hash, "d", "executor:2:5:another"])
            } else {
                _ = try await bench.test.redis.send(["HSET", hash, "x", "1"])
            }
            await bench.handler.handle(entry)
            let last = try #require(try await bench.events().last)
            #expect(last.type == .failed && last.error?.code.rawValue == code && last.filled?.amountOutDecimal == "145.5")
            #expect(last.message.hasSuffix("; 1 of 1.5 SOL were filled for 145.5 USDC") && last.error?.message == last.message)
        }
    }

    @Test func `who takes over a split order follows every leg, and signs nothing new`() async throws {
        try await withOrder(legs: Self.parts) { bench in
            bench.chain.outcomesOfLegs = [1: [Self.landed(72_500_000)]]
            let first = try await bench.test.take(.executor, consumer: "first")
            let working = Loop.spawn { await bench.handler.handle(first) }
            try await eventually { bench.chain.settled.count == 2 }
            working.cancel()
            await working.value
            #expect(try await bench.state() == "submitted")

            bench.chain.outcomesOfLegs = [0: [Self.landed(145_500_000)], 1: [Self.landed(72_500_000)]]
            await bench.handler.handle(try await takeOver(first, bench))
            #expect(try await bench.state() == "confirmed")
            #expect(bench.chain.signed.count == 2 && Set(bench.chain.settled).count == 2)
        }
    }
}
