import EventLoop
import JSON
import Postgres
import TestSupport
import Testing

extension OneEngine {
    @Suite @ServiceActor
    struct Idempotency {
        private let engine = Engine.current
        private let key = "key-\(UInt64.random(in: .min ... .max))"

        @Test func `The same order under the same key gets the same answer, however it is written, and is placed once`() async throws {
            let first = try await engine.post(Engine.usualOrder, key: key)
            #expect(first.status == 202 && first.header("Idempotent-Replayed") == nil)
            let again = [
                try await engine.post(Engine.usualOrder, key: key, gateway: 2),
                try await engine.post(#"{"amountIn":15e-1,"inputToken":"sol","tokenOut":"usdc","slippageBps":100}"#, key: key),
                try await engine.post(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.50,"clientOrderId":"\#(key)"}"#),
            ]
            // A request with `inputToken` has to name its user. So it is another user's, and is refused before the key is looked up.
            #expect(again.map(\.status) == [202, 400, 202])
            for answer in [again[0], again[2]] {
                #expect(answer.header("Idempotent-Replayed") == "true")
                #expect(withoutPorts(answer) == withoutPorts(first))
            }
            let id = try #require(first.json["orderId"]?.string)
            try await engine.waitForEnd([id])
            #expect(try await engine.show(id)["clientOrderId"]?.string == key)
            #expect(try await engine.landed(id).count == 1)
        }

        /// The text of an answer without ports: the two gateways differ in the port that their URLs show.
        private func withoutPorts(_ answer: Engine.Answer) -> String {
            [1, 2].reduce(answer.text) { text, gateway in
                text.split(separator: ":\(engine.stack.port(.gateway, gateway))/", omittingEmptySubsequences: false).joined(separator: "/")
            }
        }

        @Test func `Another order under the same key is 422, and changes nothing`() async throws {
            let id = try await engine.place(key: key)
            let other = try await engine.post(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":"1.6"}"#, key: key)
            #expect(other.status == 422 && other.json["code"]?.string == "IDEMPOTENCY_CONFLICT")
            #expect(other.header("Content-Type") == "application/problem+json")
            try await engine.waitForEnd([id])
            #expect(try await engine.show(id)["amount"]?.string == "1.5")
        }

        @Test func `A key belongs to its user`() async throws {
            let ids = try await together(3) { [key] index in
                try await engine.place(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":1,"userId":"user-\#(index)"}"#, key: key)
            }
            #expect(Set(ids).count == 3)
        }

        @Test func `Two requests under one key at the same moment, to two gateways, place one order, 200 times over`() async throws {
            let ids = try await together(10) { [key] lane in
                var ids: [String] = []
                for round in 0..<20 {
                    let pair = try await together(2) { side in
                        try await engine.post(Engine.usualOrder, key: "\(key)-\(lane)-\(round)", gateway: 1 + side)
                    }
                    #expect(pair.map(\.status) == [202, 202])
                    #expect(pair[0].json["orderId"] == pair[1].json["orderId"])
                    #expect(pair.count { $0.header("Idempotent-Replayed") == "true" } == 1)
                    ids.append(pair[0].json["orderId"]?.string ?? "")
                }
                return ids
            }.flatMap { $0 }
            #expect(Set(ids).count == 200)
            try await engine.waitForEnd(ids)
            let landed = try await engine.allLanded()
            #expect(Set(ids).allSatisfy { landed[$0]?.count == 1 })
            // These keys have made no other orders.
            try await eventually {
                let sql = "SELECT count(*), count(*) FILTER (WHERE status = 'confirmed') FROM orders WHERE client_order_id LIKE $1"
                let row = try await engine.postgres.query(sql, [.text("\(key)-%")]).first
                return row?[0] == "200" && row?[1] == "200"
            }
        }
    }
}
