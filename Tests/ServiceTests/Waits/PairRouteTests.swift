import EventLoop
import JSON
import Orders
import Redis
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

/// Tests when a request for a pair is a repeated one, and what it is answered then.
@Suite(.onLoop) @ServiceActor
struct PairRouteTests {
    private static func order(_ type: String, _ price: String) -> String {
        #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,"orderType":"\#(type)","triggerPrice":"\#(price)"}"#
    }

    private static let profit = order("takeProfit", "200"), stop = order("stop", "150")

    private func expectConflict(_ answer: Answer, at location: SourceLocation = #_sourceLocation) {
        #expect(answer["code"]?.string == "IDEMPOTENCY_CONFLICT", "\(answer.body)", sourceLocation: location)
    }

    @Test func `a repeated pair gets its orders again, however it is written`() async throws {
        try await withWaitRoutes { bench in
            let first = try await bench.pair("\(Self.profit),\(Self.stop)", key: "k")
            let ids = first["orders"]?.array?.map { $0["orderId"]?.string }
            #expect(first.status == 202 && ids?.count == 2)
            for stop in [Self.stop, Self.order("stop", "150.0")] {
                let again = try await bench.pair("\(Self.profit),\(stop)", key: "k")
                #expect(again.status == 202 && again.header("Idempotent-Replayed") == "true", "\(again.body)")
                #expect(again["orders"]?.array?.map { $0["orderId"]?.string } == ids)
            }
            // By now it would be refused.
            try await bench.mark("201")
            let late = try await bench.pair("\(Self.profit),\(Self.order("stop", "150.0"))", key: "k")
            #expect(late["orders"]?.array?.map { $0["orderId"]?.string } == ids, "\(late.body)")
        }
    }

    @Test func `under the key of a pair neither another second order nor one order alone passes for it`() async throws {
        try await withWaitRoutes { bench in
            #expect(try await bench.pair("\(Self.profit),\(Self.stop)", key: "k").status == 202)
            expectConflict(try await bench.pair("\(Self.profit),\(Self.order("stop", "140"))", key: "k"))
            expectConflict(try await bench.http.post(Self.profit, "Idempotency-Key: k"))
            // The same where something else refuses the request first.
            try await bench.mark(nil)
            expectConflict(try await bench.pair("\(Self.profit),\(Self.order("stop", "140"))", key: "k"))
            expectConflict(try await bench.http.post(Self.profit, "Idempotency-Key: k"))
        }
    }

    @Test func `under the key of a single order no pair passes for it`() async throws {
        try await withWaitRoutes { bench in
            #expect(try await bench.http.post(Self.profit, "Idempotency-Key: k").status == 202)
            expectConflict(try await bench.pair("\(Self.profit),\(Self.stop)", key: "k"))
            try await bench.mark(nil)
            expectConflict(try await bench.pair("\(Self.profit),\(Self.stop)", key: "k"))
        }
    }

    @Test func `the body of a pair is no order, also under the pair's key`() async throws {
        try await withWaitRoutes { bench in
            #expect(try await bench.pair("\(Self.profit),\(Self.stop)", key: "k").status == 202)
            let answer = try await bench.http.post(#"{"orders":[\#(Self.profit),\#(Self.stop)]}"#, "Idempotency-Key: k")
            #expect(answer.status == 400, "\(answer.body)")
        }
    }

    @Test func `while the orders of a repeated pair cannot be read, the client is told the id and to come again`() async throws {
        try await withWaitRoutes { bench in
            let first = try await bench.pair("\(Self.profit),\(Self.stop)", key: "k")
            let ids = try #require(first["orders"]?.array?.compactMap { $0["orderId"]?.string.flatMap { OrderID(parsing: $0) } })
            // They have left Redis, and there is no Postgres.
            for id in ids { _ = try await bench.test.redis.send(["DEL", bench.test.keys.order(id)]) }
            let again = try await bench.pair("\(Self.profit),\(Self.stop)", key: "k")
            #expect(again.status == 503 && again["code"]?.string == "OUTCOME_UNKNOWN" && again["orderId"]?.string == ids[0].description)
        }
    }
}
