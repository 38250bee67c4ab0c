import Configuration
import EventLoop
import Orders
import Pipeline
import ServiceKit
import TestOrders
import TestSupport
import Testing

@testable import GatewayService

/// What the doctor says of orders that wait.
@Suite(.onLoop) @ServiceActor
struct WaitCheckTests {
    private func check(_ tokens: TokenList, mark: String?, placing orders: [Order]) async throws -> Diagnosis {
        var found: Diagnosis?
        try await withProcess(GatewaySettings.self) { test in
            let marks = FakeMarks()
            if let mark { try marks.set(mark, Samples.direction, at: UInt64(try await test.now())) }
            for order in orders { try await test.hold(order, mark: "100") }
            found = try await WaitCheck(pipeline: test.pipeline, triggers: TriggerCheck(marks, test.process), tokens: tokens).diagnosis()
        }
        return try #require(found)
    }

    @Test func `orders that wait for a known price are counted, one that trails once`() async throws {
        let tokens = try Samples.tokens()
        #expect(try await check(tokens, mark: nil, placing: []).finding == "no order waits for a price")
        let orders = [Samples.waiting(), Samples.waiting(.stop, at: "90"), Samples.waiting(.trailingStop, trailingBps: 200)]
        let found = try await check(tokens, mark: "100", placing: orders)
        #expect(found.verdict == .ok)
        #expect(found.finding == "3 orders wait for the price of 1 pair")
    }

    @Test func `a price that is not known is a warning that names the pair`() async throws {
        let found = try await check(try Samples.tokens(), mark: nil, placing: [Samples.waiting()])
        #expect(found.verdict == .warning)
        #expect(found.finding == "the price of SOL/USDC is not known, and orders wait for it")
        let sniper = try await check(try Samples.tokens(), mark: nil, placing: [Samples.waiting(.sniper)])
        #expect(sniper.verdict == .ok)
    }

    @Test func `a token that is no longer in the file is a warning`() async throws {
        let tokens = try TokenList(bytes: Array(#"[{"symbol":"USDC","name":"USD Coin","mint":"\#(Token.usdc.mint)","decimals":6}]"#.utf8))
        let found = try await check(tokens, mark: nil, placing: [Samples.waiting()])
        #expect(found.verdict == .warning)
        #expect(found.finding.contains("not in TOKENS_FILE: \(Token.sol.mint)/\(Token.usdc.mint)"))
    }
}
