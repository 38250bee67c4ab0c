import EventLoop
import JSON
import TestSupport
import Testing

extension OneEngine {
    /// The requests of the five documents, letter by letter, and the answers that their clients expect.
    @Suite @ServiceActor
    struct Documents {
        private let engine = Engine.current

        @Test(
            arguments: [
                ("000", #"{"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1.5, "slippage": 0.01}"#, "1.5", 100),
                ("001", #"{"tokenIn": "SOL", "tokenOut": "USDC", "amount": 10}"#, "10", 100),
                ("001", #"{"tokenIn": "SOL", "tokenOut": "USDC", "amount": 10, "slippage": 0.5}"#, "10", 5000),
                ("002", #"{"inputToken": "SOL", "outputToken": "USDC", "amount": 10, "userId": "user123"}"#, "10", 100),
                ("003", #"{"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": 2, "slippage": 0.01}"#, "2", 100),
                (
                    "003",
                    """
                    {"tokenIn": "So11111111111111111111111111111111111111112",
                     "tokenOut": "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", "amountIn": 10, "slippage": 0.01}
                    """, "10", 100
                ),
            ])
        func `A document's order is accepted and answered in its shape`(document: String, body: String, amount: String, slippageBps: Int64)
            async throws
        {
            let answer = try await engine.post(body)
            let json = answer.json
            let id = try #require(json["orderId"]?.string)
            #expect(answer.status == 202 && answer.header("Location") == "/api/orders/\(id)")
            let job = json["jobId"]?.string ?? ""
            let origin = "ws://127.0.0.1:\(engine.stack.port(.gateway))"
            let warning =
                #","warnings":[{"field":"slippage","message":"slippage lets the price move by 50 %, which is more than 10 %: "#
                + #"slippage 0.01 and slippageBps 100 are 1 %"}]"#
            let head =
                #"{"success":true,"orderId":"\#(id)","jobId":"\#(job)","status":"pending","#
                + #""message":"Order created and enqueued for processing","slippageBps":\#(slippageBps),"#
            let urls = #""wsUrl":"\#(origin)/api/orders/status/\#(id)","websocketUrl":"\#(origin)/ws/orders/\#(id)""#
            #expect(answer.text == head + urls + (slippageBps > 1000 ? warning : "") + "}")
            let shown = try await engine.show(id)
            #expect([shown["amount"]?.string, shown["tokenIn"]?.string, shown["tokenOut"]?.string] == [amount, "SOL", "USDC"])
            try await engine.waitForEnd([id])
            #expect(try await engine.state(id) == "confirmed")
        }

        @Test func `Document 004's order is answered in snake case`() async throws {
            let answer = try await engine.post(
                #"{"token_in": "SOL", "token_out": "USDC", "amount": 12.5, "order_type": "market", "max_slippage": 0.05}"#)
            let id = try #require(answer.json["order_id"]?.string)
            #expect(answer.status == 202)
            #expect(answer.text == #"{"order_id":"\#(id)","status":"pending"}"#)
            try await engine.waitForEnd([id])
            let shown = try await engine.show(id)
            #expect(shown["slippageBps"]?.integer == 500 && shown["status"]?.string == "confirmed" && shown["amount"]?.string == "12.5")
        }

        @Test func `Document 001's look at an order has every key of its example, of the same kind`() async throws {
            let id = try await engine.place(#"{"tokenIn": "SOL", "tokenOut": "USDC", "amount": 10, "slippage": 0.5}"#)
            try await engine.waitForEnd([id])
            let shown = try await engine.send("GET", "/api/orders/status/\(id)").json
            let whole = [
                ("success", "true"), ("id", #""\#(id)""#), ("orderType", #""market""#), ("tokenIn", #""SOL""#), ("tokenOut", #""USDC""#),
                ("amount", #""10""#), ("slippage", "0.5"), ("status", #""confirmed""#), ("attempts", "1"), ("lastError", "null"),
            ]
            for (name, value) in whole { #expect(shown[name]?.serialized == value, "\(name)") }
            #expect(shown["quotes"]?.array?.count == 2 && shown["txHash"]?.string?.isEmpty == false)
            for name in ["createdAt", "updatedAt"] { #expect(shown[name]?.string?.hasSuffix("Z") == true, "\(name)") }
            #expect(shown == (try await engine.show(id)))
        }

        @Test func `The answer's URLs follow the request's host and the edge's protocol`() async throws {
            let headers = [("Content-Type", "application/json; charset=utf-8"), ("Host", "swap.example"), ("X-Forwarded-Proto", "https")]
            let answer = try await engine.send("POST", "/api/orders/execute", headers: headers, body: Engine.usualOrder)
            let id = answer.json["orderId"]?.string ?? ""
            #expect(answer.json["websocketUrl"]?.string == "wss://swap.example/ws/orders/\(id)")
        }
    }
}
