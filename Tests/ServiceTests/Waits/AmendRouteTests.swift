import EventLoop
import JSON
import Orders
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

/// Tests what an amendment asks of the price of the moment, and where the order waits after it.
@Suite(.onLoop) @ServiceActor
struct AmendRouteTests {
    private static let limit = #""orderType":"limit","limitPrice":"170""#
    private static let stopLimit = #""orderType":"stopLimit","triggerPrice":"150","limitPrice":"148""#

    @Test(arguments: [#"{"expiresAt":3600}"#, #"{"slippageBps":50}"#, #"{"expiresAt":3600,"slippage":0.02}"#], [nil, "160", "175"])
    func `an order that rests keeps its place when another end or slippage is all that changes`(body: String, mark: String?) async throws {
        try await withWaitRoutes { bench in
            let id = try await bench.place(Self.limit)
            try await bench.rest(id, at: "187.5")
            let before = try await bench.place(of: id)
            try await bench.mark(mark)
            let answer = try await bench.amend(id, body)
            #expect(answer.status == 200, "\(answer.body)")
            #expect(try await bench.place(of: id) == before)
            let last = try #require(try await bench.test.pipeline.snapshot(id)?.events.last)
            #expect(last.type == .amended && last.waitsFor == .of("187.5"))
            #expect(answer["waitsFor"]?.string == "187.5")
        }
    }

    @Test func `a trailing stop keeps its place and its best price when only its end changes`() async throws {
        try await withWaitRoutes { bench in
            let id = try await bench.place(#""orderType":"trailingStop","trailingBps":200"#)
            let before = try await bench.place(of: id)
            try await bench.mark(nil)
            #expect(try await bench.amend(id, #"{"expiresAt":3600}"#).status == 200)
            #expect(try await bench.place(of: id) == before && before[2] == "200 160")
            #expect(try await bench.test.pipeline.snapshot(id)?.events.last?.waitsFor == .of("156.8"))
        }
    }

    @Test func `a sniper is amended though it has no price`() async throws {
        try await withWaitRoutes(mark: nil) { bench in
            let id = try await bench.place(#""orderType":"sniper""#)
            let before = try await bench.place(of: id)
            #expect(try await bench.amend(id, #"{"slippageBps":50}"#).status == 200)
            #expect(try await bench.place(of: id) == before)
        }
    }

    @Test func `another limit moves an order with a trigger only once it has fired`() async throws {
        try await withWaitRoutes { bench in
            let id = try await bench.place(Self.stopLimit)
            let trigger = try await bench.place(of: id)
            try await bench.mark("149")
            #expect(try await bench.amend(id, #"{"limitPrice":"147"}"#).status == 200)
            #expect(try await bench.place(of: id) == trigger)
            try await bench.rest(id, at: "149.5")
            try await bench.mark("140")
            let answer = try await bench.amend(id, #"{"limitPrice":"146"}"#)
            #expect(answer.status == 200 && answer["waitsFor"]?.string == "146", "\(answer.body)")
            let place = try await bench.place(of: id)
            #expect(WaitPlace.trigger(spot: place[0]) == Trigger(.above, .of("146")))
            #expect(try await bench.amend(id, #"{"limitPrice":"139"}"#)["code"]?.string == "TRIGGER_REACHED")
        }
    }

    @Test func `a limit that nothing can fill is refused as a new order's is`() async throws {
        try await withWaitRoutes { bench in
            let id = try await bench.place(Self.limit)
            let answer = try await bench.amend(id, #"{"limitPrice":"99999999999999999999"}"#)
            #expect(answer.status == 422 && answer["code"]?.string == "BAD_TERMS", "\(answer.body)")
            #expect(answer["error"]?.string == "limitPrice asks for more of USDC than there can be")
        }
    }

    @Test func `a distance whose trigger the price has passed is refused, unless the client says that it is all right`() async throws {
        try await withWaitRoutes { bench in
            let id = try await bench.place(#""orderType":"trailingStop","trailingBps":1000"#)
            let before = try await bench.place(of: id)
            try await bench.mark("150")
            let refused = try await bench.amend(id, #"{"trailingBps":500}"#)
            #expect(refused.status == 422 && refused["code"]?.string == "TRIGGER_REACHED", "\(refused.body)")
            #expect(try await bench.place(of: id) == before)
            #expect(try await bench.amend(id, #"{"trailingBps":700}"#)["waitsFor"]?.string == "148.8")
            #expect(try await bench.amend(id, #"{"trailingBps":500,"allowImmediate":true}"#)["waitsFor"]?.string == "152")
        }
    }

    @Test(arguments: [(#""1""#, 200), (#"W/"1""#, 200), ("*", 200), (#"W/"2""#, 412), (#""W/1""#, 400), ("W/", 400)])
    func `a tag that the edge has made weak names the same event`(tag: String, status: Int) async throws {
        try await withWaitRoutes { bench in
            let id = try await bench.place(Self.limit)
            let answer = try await bench.amend(id, #"{"limitPrice":"171"}"#, ifMatch: tag)
            #expect(answer.status == status, "\(answer.body)")
        }
    }
}
