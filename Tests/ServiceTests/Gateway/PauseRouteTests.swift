import Configuration
import EventLoop
import HTTP
import JSON
import Observability
import ServiceKit
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct PauseRouteTests {
    private static let order = #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5}"#

    @Test func `a paused engine answers 503 with the reason and when to come back, is shown everywhere, and resumes`() async throws {
        try await withGateway { test, http in
            #expect(try await http.get("/api/door").body == #"{"open":true}"#)
            let before = try await http.post(Self.order, "Idempotency-Key: k")
            let paused = try await http.send("POST", "/api/door/pause", body: #"{"reason":"upgrade"}"#)
            #expect(paused.status == 200 && paused["open"]?.bool == false && paused["reason"]?.string == "upgrade" && paused["since"]?.string != nil)
            let refused = try await http.post(Self.order)
            #expect(refused.status == 503 && refused["code"]?.string == "PAUSED" && refused.header("Retry-After") == "30")
            #expect(refused["error"]?.string == "The engine takes no new orders for now (upgrade); those it has go on. Try again later")
            #expect(test.process.metrics.render().contains(#"orders_received_total{outcome="paused"} 1"#), "no outage, so not \"unavailable\"")
            let replayed = try await http.post(Self.order, "Idempotency-Key: k")
            #expect(replayed.status == 202 && replayed["orderId"] == before["orderId"])
            #expect(try await http.post("{").status == 400, "what can never be an order is told so all the same")
            for path in ["/health", "/api/streams"] { #expect(try await http.get(path)["door"]?.serialized == paused.body) }
            #expect(try await http.send("POST", "/api/door/resume").body == #"{"open":true}"#)
            #expect(try await http.post(Self.order).status == 202)
            #expect(try await http.get("/health")["door"]?.serialized == #"{"open":true}"#)
        }
    }

    @Test func `a pause needs no body and no reason`() async throws {
        try await withGateway { _, http in
            for body in ["", "{}", #"{"reason":null}"#] {
                let paused = try await http.send("POST", "/api/door/pause", body: body)
                #expect(paused.status == 200 && paused["reason"]?.isNull == true)
                let refused = try await http.post(Self.order)
                #expect(refused["error"]?.string == "The engine takes no new orders for now; those it has go on. Try again later")
            }
        }
    }

    @Test(
        arguments: [
            "[]", "x", #"{"reason":1}"#, #"{"reason":"a\nb"}"#, #"{"reason":"\#(String(repeating: "x", count: 201))"}"#,
            #"{"reason":"e\#(String(repeating: "\u{301}", count: 200))"}"#,
        ])
    func `a reason that is none does not pause the engine`(_ body: String) async throws {
        try await withGateway { _, http in
            let answer = try await http.send("POST", "/api/door/pause", body: body)
            #expect(answer.status == 400 && answer["code"]?.string == "BAD_REQUEST")
            #expect(try await http.get("/api/door").body == #"{"open":true}"#)
        }
    }
}
