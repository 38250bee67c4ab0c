import EventLoop
import Orders
import TestOrders
import TestSupport
import Testing

@testable import Venues

/// Answers as a test says, and counts what it is asked.
@ServiceActor
private final class FakeClient: ChainClient {
    var onSend: @ServiceActor (OutgoingTransaction) async -> TransactionReport = { _ in .onItsWay(due: .zero) }
    var onLook: @ServiceActor (OutgoingTransaction) async -> TransactionReport = { .settled(.landed(amountOut: $0.order.amountIn)) }
    /// Whether the last answer of a request is left out.
    var omits: @ServiceActor () -> Bool = { false }
    private(set) var sends: [[String]] = []
    private(set) var looks: [[String]] = []
    private(set) var maxRunning = 0
    private var running = 0

    func send(_ batch: [OutgoingTransaction]) async -> [TransactionReport] {
        sends.append(batch.map(\.transaction.signature))
        return await answers(to: batch, onSend)
    }

    func look(at batch: [OutgoingTransaction]) async -> [TransactionReport] {
        looks.append(batch.map(\.transaction.signature))
        return await answers(to: batch, onLook)
    }

    private func answers(
        to batch: [OutgoingTransaction], _ answer: @ServiceActor (OutgoingTransaction) async -> TransactionReport
    ) async -> [TransactionReport] {
        running += 1
        defer { running -= 1 }
        maxRunning = max(maxRunning, running)
        try? await sleep(for: .milliseconds(1))
        var reports: [TransactionReport] = []
        for outgoing in batch { reports.append(await answer(outgoing)) }
        return omits() ? reports.dropLast() : reports
    }
}

@Suite(.onLoop) @ServiceActor
struct TransactionFollowerTests {
    private let client = FakeClient()
    private let follower = TransactionFollower()

    private func order(_ amount: UInt64 = 7) -> Order {
        var random = SystemRandomNumberGenerator()
        return Order(
            id: OrderID(milliseconds: 1_768_030_217_789, partition: 0, random: &random), tokenIn: .sol, tokenOut: .usdc, amountIn: BaseUnits(amount),
            slippageBps: 100, slippage: "0.01", createdAt: 1_768_030_217_789, maxAttempts: 3, fingerprint: "f")
    }

    private func transaction(_ signature: String) -> SignedTransaction {
        let quote = Quote(
            dex: "meteora", pool: "p", amountIn: BaseUnits(7), amountOut: BaseUnits(1), minReceived: BaseUnits(1), feeBps: "20", priceImpactPct: "0",
            inputDecimals: 9, outputDecimals: 6)
        return SignedTransaction(leg: 0, attempt: 1, signature: signature, bytes: "b", lastValidSlot: 9, quote: quote, minOut: BaseUnits(1))
    }

    private func following(_ body: @ServiceActor () async throws -> Void) async throws {
        try await alongside({ await follower.run(asking: client) }) { try await body() }
        #expect(follower.count == 0)
    }

    private func outcome(_ signature: String, _ order: Order? = nil) async throws -> TransactionOutcome {
        try await follower.outcome(of: transaction(signature), order: order ?? self.order())
    }

    @Test func `each gets its own outcome; many are asked about at once, with one request of a kind at a time`() async throws {
        client.onSend = { _ in .onItsWay(due: .milliseconds(Int.random(in: 0...50))) }
        try await following { () async throws in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in UInt64(0)..<2000 {
                    group.addTask {
                        let order = await self.order(number)
                        return try await self.outcome("s\(number)", order) == .landed(amountOut: BaseUnits(number))
                    }
                }
                for try await isOwn in group { #expect(isOwn) }
            }
        }
        #expect(client.sends.joined().count == 2000 && Set(client.sends.joined()).count == 2000 && client.looks.joined().count == 2000)
        #expect(client.sends.count <= 20 && client.looks.count <= 80 && client.maxRunning <= 2)
    }

    @Test func `what is not due is not asked about`() async throws {
        client.onSend = { _ in .onItsWay(due: .milliseconds(400)) }
        try await following { () async throws in
            let start = MonotonicInstant.now
            #expect(try await outcome("s") == .landed(amountOut: BaseUnits(7)))
            #expect(start.elapsed >= .milliseconds(400))
        }
        #expect(client.sends == [["s"]] && client.looks == [["s"]])
    }

    @Test func `one that waits long does not hold up the next`() async throws {
        client.onSend = { .onItsWay(due: $0.transaction.signature == "slow" ? .seconds(600) : .zero) }
        try await following { () async throws in
            let slow = Loop.spawn { try await outcome("slow") }
            try await eventually { client.sends == [["slow"]] }
            let start = MonotonicInstant.now
            #expect(try await outcome("fast") == .landed(amountOut: BaseUnits(7)))
            #expect(start.elapsed < .seconds(5))
            slow.cancel()
            await #expect(throws: CancellationError.self) { try await slow.value }
        }
        #expect(client.looks == [["fast"]])
    }

    @Test func `a task that is cancelled stops waiting at once, also while the chain is being asked`() async throws {
        let asked = Promise<Void>()
        let answer = Promise<Void>()
        client.onLook = { _ in
            asked.succeed(())
            _ = try? await answer.value
            return .settled(.expired)
        }
        try await following { () async throws in
            let task = Loop.spawn { try await outcome("s") }
            try await asked.value(within: .seconds(10))
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(follower.count == 0)
            answer.succeed(())
            client.onLook = { _ in .settled(.landed(amountOut: BaseUnits(5))) }
            #expect(try await outcome("s") == .landed(amountOut: BaseUnits(5)), "the late answer is not this one's")
        }
    }

    @Test func `a bell brings the answer of a chain that could not tell when`() async throws {
        client.onSend = { _ in .onItsWay(due: .seconds(600)) }
        try await following { () async throws in
            let task = Loop.spawn { try await outcome("s") }
            try await eventually { !client.sends.isEmpty }
            try await sleep(for: .milliseconds(20))
            follower.ring("other")
            follower.ring("s")
            #expect(try await task.value == .landed(amountOut: BaseUnits(7)))
        }
        #expect(client.looks == [["s"]])
    }

    @Test func `a chain that could not be asked, or has left an answer out, is asked again`() async throws {
        client.onSend = { _ in .onItsWay(due: .zero) }
        client.onLook = { [client] _ in client.looks.count == 1 ? .unavailable : .settled(.expired) }
        client.omits = { [client] in client.sends.count == 1 }
        try await following { () async throws in #expect(try await outcome("s") == .expired) }
        #expect(client.looks.count == 2 && client.sends.count == 2)
    }
}
