import Configuration
import EventLoop
import HTTP
import Orders
import Pipeline
import ServiceKit
import TestOrders
import TestSupport
import Testing

@testable import GatewayService

/// What the gateway does with the price of a new order.
@Suite(.onLoop) @ServiceActor
struct TriggerCheckTests {
    private static func order(_ members: String) -> String { #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,\#(members)}"# }

    private func withAcceptance(
        mark: String?, age: UInt64 = 0, _ body: @ServiceActor (Acceptance, FakeMarks) async throws -> Void
    ) async throws {
        try await withProcess(GatewaySettings.self) { test in
            let marks = FakeMarks()
            if let mark { try marks.set(mark, Samples.direction, at: UInt64(try await test.now()) - age) }
            try await body(try test.acceptance(marks: marks), marks)
        }
    }

    @Test(
        arguments: [
            (#""orderType":"limit","limitPrice":"150""#, "150"), (#""orderType":"stop","triggerPrice":"150""#, "150"),
            (#""orderType":"takeProfit","triggerPrice":"150""#, "151"), (#""orderType":"stopLimit","triggerPrice":"150","limitPrice":"1""#, "149"),
        ])
    func `a price that is reached already is refused, unless the client says that it is all right`(members: String, mark: String) async throws {
        try await withAcceptance(mark: mark) { acceptance, _ in
            let refused = await acceptance.accept(Self.order(members))
            guard case .failure(let problem) = refused else { throw TestFailure("it was taken") }
            #expect(problem.status == 422 && problem.code == "TRIGGER_REACHED" && problem.error.contains("\(mark) USDC already"))
            let taken = try await acceptance.accept(Self.order(members + #","allowImmediate":true"#)).get()
            #expect(taken.placed?.first?.waiting != nil)
        }
    }

    @Test func `a repeated order is answered again although its price is reached by now`() async throws {
        try await withAcceptance(mark: "140") { acceptance, marks in
            let body = Self.order(#""orderType":"limit","limitPrice":"150","clientOrderId":"k""#)
            let first = try await acceptance.accept(body).get()
            let mark = try #require(marks.prices.values.first)
            marks.prices = marks.prices.mapValues { _ in Mark(.of("160"), at: mark.at) }
            let again = try await acceptance.accept(body).get()
            #expect(again.id == first.id && again.isReplay)
        }
    }

    @Test(arguments: [nil, "100"]) func `without a fresh price nobody can tell, so the client is asked to come again`(mark: String?) async throws {
        try await withAcceptance(mark: mark, age: 60_000) { acceptance, _ in
            let limit = #""orderType":"limit","limitPrice":"150""#
            for members in [limit, limit + #","allowImmediate":true"#, #""orderType":"trailingStop","trailingBps":100"#] {
                let refused = await acceptance.accept(Self.order(members))
                guard case .failure(let problem) = refused else { throw TestFailure("it was taken") }
                #expect(problem.status == 503 && problem.code == "PRICE_UNKNOWN" && problem.error.contains("SOL/USDC"))
            }
            // These need no price.
            _ = try await acceptance.accept(Self.order(#""orderType":"sniper""#)).get()
            _ = try await acceptance.accept(Self.order(#""orderType":"limit","limitPrice":"150","timeInForce":"fok""#)).get()
        }
    }

    @Test func `a market order asks for no price`() async throws {
        try await withAcceptance(mark: nil) { acceptance, marks in
            _ = try await acceptance.accept(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5}"#).get()
            #expect(marks.asked == 0)
        }
    }
}
