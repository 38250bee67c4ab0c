import EventLoop
import Glibc
import JSON
import TestSupport
import Testing

/// Orders that wait for a price, from outside.
@Suite("Waiting orders", .onLoop) @ServiceActor
struct WaitingTests {
    private static func order(_ members: String, amount: String = "1.5") -> String {
        #"{"tokenIn":"SOL","tokenOut":"USDC","amount":"\#(amount)",\#(members)}"#
    }

    private func place(_ members: String) async throws -> String { try await Engine.current.place(Self.order(members)) }

    private func events(_ id: String) async throws -> [JSONValue] { try await Engine.current.events(id).map { try JSONValue.parse($0) } }

    @Test(.engine()) func `An order waits, fires when its price is reached, and is filled at its limit or better`() async throws {
        let engine = Engine.current
        let answer = try await engine.post(Self.order(#""orderType":"limit","limitPrice":"1000""#))
        #expect(answer.status == 202 && answer.json["status"]?.string == "open")
        #expect(answer.json["summary"]?.string == "Sell 1.5 SOL when SOL is at or above 1000 USDC, for at least 1500 USDC")
        let id = try #require(answer.json["orderId"]?.string)
        let reached = try await engine.post(Self.order(#""orderType":"limit","limitPrice":"100""#))
        #expect(reached.status == 422 && reached.json["code"]?.string == "TRIGGER_REACHED")
        let body = #"{"limitPrice":"100","allowImmediate":true}"#
        let headers = [("Content-Type", "application/json"), ("If-Match", "\"1\"")]
        let amended = try await engine.send("PATCH", "/api/orders/\(id)", headers: headers, body: body)
        #expect(amended.status == 200 && amended.header("ETag") == "\"2\"" && amended.json["limitPrice"]?.string == "100")
        try await engine.audit([id])
        let types = try await events(id).compactMap { $0["type"]?.string }
        #expect(types.prefix(4) == ["open", "amended", "triggered", "routing"] && types.last == "confirmed")
        let landed = try #require(try await engine.landed(id).first)
        #expect(UInt64(landed["amountOut"] ?? "").map { $0 >= 150_000_000 } == true)
        let late = try await engine.send("PATCH", "/api/orders/\(id)", headers: [headers[0]], body: body)
        #expect(late.status == 409 && late.json["code"]?.string == "ORDER_TRIGGERED")
    }

    @Test(.engine()) func `An amendment of an order that has changed meanwhile is refused, and changes nothing`() async throws {
        let engine = Engine.current
        let id = try await place(#""orderType":"stop","triggerPrice":"1""#)
        func amend(_ body: String, _ seen: String?) async throws -> Engine.Answer {
            let headers = [("Content-Type", "application/json")] + (seen.map { [("If-Match", $0)] } ?? [])
            return try await engine.send("PATCH", "/api/orders/\(id)", headers: headers, body: body)
        }
        #expect(try await amend(#"{"triggerPrice":"2"}"#, "\"1\"").status == 200)
        let second = try await amend(#"{"triggerPrice":"3"}"#, "\"1\"")
        #expect(second.status == 412 && second.json["code"]?.string == "ORDER_CHANGED" && second.json["seq"]?.integer == 2)
        #expect(try await amend(#"{"triggerPrice":"3"}"#, "x").status == 400)
        #expect(try await amend(#"{"amount":"3"}"#, nil).status == 400)
        #expect(try await amend(#"{"triggerPrice":"4"}"#, nil).status == 200)
        #expect(try await engine.show(id)["triggerPrice"]?.string == "4")
    }

    @Test(.engine()) func `Of a pair one is filled and the other is cancelled with it`() async throws {
        let engine = Engine.current
        let pair =
            #"{"orders":["#
            + Self.order(#""orderType":"takeProfit","triggerPrice":"150","allowImmediate":true"#) + ","
            + Self.order(#""orderType":"stop","triggerPrice":"100""#) + #"],"clientOrderId":"pair"}"#
        let headers = [("Content-Type", "application/json")]
        let answer = try await engine.send("POST", "/api/orders/oco", headers: headers, body: pair)
        #expect(answer.status == 202)
        let ids = try #require(answer.json["orders"]?.array?.compactMap { $0["orderId"]?.string })
        try #require(ids.count == 2)
        let again = try await engine.send("POST", "/api/orders/oco", headers: headers, body: pair)
        #expect(again.header("Idempotent-Replayed") == "true")
        #expect(again.json["orders"]?.array?.compactMap { $0["orderId"]?.string } == ids)
        let open = try await engine.send("GET", "/api/orders/\(ids[1])").json
        #expect(open["ocoOrderId"]?.string == ids[0])
        // The market stands still at about 149.5, so the price has to come to the order.
        let body = #"{"triggerPrice":"140","allowImmediate":true}"#
        #expect(try await engine.send("PATCH", "/api/orders/\(ids[0])", headers: headers, body: body).status == 200)
        try await engine.waitForEnd(ids)
        #expect(try await engine.show(ids[0])["status"]?.string == "confirmed")
        #expect(try await engine.show(ids[1])["status"]?.string == "cancelled")
        #expect(try await engine.landed(ids[1]).isEmpty)
    }

    @Test(.engine()) func `The clients of the five documents see only what their documents know`() async throws {
        let engine = Engine.current
        let id = try await place(#""orderType":"stop","triggerPrice":"1","expiresAt":2"#)
        let known: Set = ["pending", "routing", "building", "submitted", "confirmed", "failed"]
        for path in ["/ws/orders/\(id)", "/api/orders/execute?orderId=\(id)"] {
            let told = try await engine.socket(path).conversation()
            let statuses = told.json.compactMap { $0["status"]?.string }
            #expect(!statuses.isEmpty && statuses.allSatisfy(known.contains) && statuses.last == "failed", "\(path): \(told.json)")
        }
        let native = try await engine.socket("/v1/stream?orderId=\(id)").conversation()
        #expect(native.json.compactMap { $0["event"]?["type"]?.string } == ["open", "expired"])
        let filled = try await place(#""orderType":"limit","limitPrice":"100","allowImmediate":true"#)
        let told = try await engine.socket("/ws/orders/\(filled)").conversation()
        #expect(told.json.first?["message"]?.string == "Order waits for 100 USDC")
        #expect(told.json.compactMap { $0["status"]?.string }.allSatisfy(known.contains) && told.json.last?["status"]?.string == "confirmed")
    }

    @Test(.engine()) func `The list of open orders shows how far each is from its price`() async throws {
        let engine = Engine.current
        let id = try await place(#""orderType":"limit","limitPrice":"1000""#)
        try await eventually {
            let list = try await engine.send("GET", "/api/orders?status=open&view=summary").json["orders"]?.array ?? []
            guard let row = list.first(where: { $0["orderId"]?.string == id }) else { return false }
            return row["waitsFor"]?.string == "1000" && row["mark"]?.string != nil && (row["distanceBps"]?.integer ?? 0) > 10_000
        }
    }

    @Test(.engine()) func `What follows an order is placed when it fills`() async throws {
        let engine = Engine.current
        let after = #"[{"orderType":"takeProfit","triggerPrice":"1"},{"orderType":"stop","triggerPrice":"1000"}]"#
        let answer = try await engine.post(
            Self.order(#""orderType":"limit","limitPrice":"100","allowImmediate":true,"then":\#(after)"#))
        let id = try #require(answer.json["orderId"]?.string)
        let next = (answer.json["thenOrderIds"]?.array ?? []).compactMap { $0.string }
        try #require(next.count == 2)
        #expect(try await engine.send("GET", "/api/orders/\(next[0])").status == 404)
        try await engine.waitForEnd([id])
        let shown = try await engine.show(next[0])
        #expect(shown["status"]?.string == "open" && shown["ocoOrderId"]?.string == next[1])
        #expect(try await engine.show(id)["amountOut"]?.string == shown["amountIn"]?.string)
    }

    // MARK: Failures

    @Test(.engine(replicas: [.router: 2], settings: ["VISIBILITY_TIMEOUT_MS": "3000"]))
    func `While one router is frozen and after it is killed, orders fire within the visibility time-out`() async throws {
        let engine = Engine.current
        for number in [1, 2] {
            engine.stack.signal(.router, number, SIGSTOP)
            try await fireWithin(.seconds(3))
            engine.stack.signal(.router, number, SIGCONT)
        }
        try await engine.stack.kill(.router, 1)
        try await fireWithin(.seconds(3))
    }

    /// Places an order whose price is reached, and waits until it has fired.
    private func fireWithin(_ limit: Duration) async throws {
        let id = try await place(#""orderType":"limit","limitPrice":"100","allowImmediate":true"#)
        let start = MonotonicInstant.now
        try await eventually { try await events(id).contains { $0["type"]?.string == "triggered" } }
        #expect(start.elapsed < limit + MachineWatch.lost(since: start))
    }
}
