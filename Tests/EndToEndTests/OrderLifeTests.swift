import EventLoop
import JSON
import Postgres
import TestSupport
import Testing

extension OneEngine {
    @Suite @ServiceActor
    struct OrderLife {
        private let engine = Engine.current

        @Test func `An order's whole life is told alike by the native socket, the documents' socket, Redis and Postgres, and lands once`()
            async throws
        {
            let id = try await engine.place()
            let sockets = [
                try await engine.socket("/v1/stream?orderId=\(id)"), try await engine.socket("/ws/orders/\(id)", notifier: 2),
            ]
            let native = try await sockets[0].conversation()
            let documents = try await sockets[1].conversation()
            let texts = try await engine.events(id)
            let events = try texts.map { try JSONValue.parse($0) }

            #expect(events.map(Step.init) == Step.smooth)
            #expect(events.map { $0["seq"]?.integer } == [1, 2, 3, 4, 5, 6, 7])
            #expect(native.withoutOrders == Conversation(messages: texts.map { #"{"op":"event","event":\#($0)}"# }, closeCode: 1000))
            let ordered = native.json.compactMap { $0["order"] }
            #expect(ordered.map { $0["amountIn"]?.string } == ["1500000000"] && native.json.first?["order"] == ordered.first)
            #expect(documents == Conversation(messages: documentMessages(id, events), closeCode: 1000))
            #expect(try await engine.landed(id).count == 1)
            try await engine.auditEvents(id, "confirmed")
            try await engine.waitUntilIdle()
        }

        /// The messages of the status-update dialect for an order that lands at once. The event building (70) has none.
        private func documentMessages(_ id: String, _ events: [JSONValue]) -> [String] {
            let hash = events.last?["txHash"]?.string ?? ""
            let rest = [
                #""message":"Order created and queued""#,
                #""message":"Fetching quotes from Raydium & Meteora...""#,
                #""message":"Best route: Meteora","chosenDex":"Meteora""#,
                #""message":"Building transaction...","chosenDex":"Meteora""#,
                #""message":"Transaction submitted to network...","chosenDex":"Meteora","txHash":"\#(hash)""#,
                #""message":"Swap executed successfully","chosenDex":"Meteora","txHash":"\#(hash)""#
                    + #","executionPrice":149.710232667,"executedPrice":"149.710232667","amountOut":"224.565349""#,
            ]
            let told = events.filter { $0["progress"]?.integer != 70 }
            return zip(told, rest).map { event, rest in
                let (status, time) = (event["status"]?.string ?? "", event["timestamp"]?.string ?? "")
                return #"{"type":"status_update","orderId":"\#(id)","status":"\#(status)","timestamp":"\#(time)",\#(rest)}"#
            }
        }

        @Test func `GET shows a confirmed order with every key, and Postgres has its row`() async throws {
            let id = try await engine.place(#"{"tokenIn":"sol","tokenOut":"USDC","amount":1.50,"slippage":0.02,"userId":"ann"}"#, gateway: 2)
            try await engine.waitForEnd([id])
            let shown = try await engine.show(id)
            #expect(shown == (try await engine.send("GET", "/api/orders/status/\(id)", to: .gateway, 2).json))
            let members = Dictionary(uniqueKeysWithValues: (shown.object ?? []).map { ($0.name, $0.value) })
            let quotes = members["quotes"]?.array ?? []
            #expect(quotes.map { $0["dex"]?.string } == ["meteora", "raydium"])
            #expect(members["logs"]?.array?.count == 7)
            let volatile: Set = ["quotes", "logs", "createdAt", "updatedAt", "txHash", "stageMs"]
            #expect(Set(members.keys).isSuperset(of: volatile))
            let rest = JSONValue.object((shown.object ?? []).filter { !volatile.contains($0.name) }).serialized
            #expect(
                rest == #"{"success":true,"id":"\#(id)","orderId":"\#(id)","clientOrderId":null,"orderType":"market","tokenIn":"SOL","#
                    + #""tokenOut":"USDC","tokenInMint":"So11111111111111111111111111111111111111112","#
                    + #""tokenOutMint":"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v","amount":"1.5","amountIn":"1500000000","#
                    + #""amountInDecimal":"1.5","slippage":0.02,"slippageBps":200,"#
                    + #""status":"confirmed","userId":"ann","chosenDex":"meteora","reason":"meteora: 224.565349 against 224.320207, +10 bps","#
                    + #""executedPrice":"149.710232667","amountOut":"224565349","amountOutDecimal":"224.565349","#
                    + #""amountOutBase":"224565349","realisedSlippageBps":0,"legs":null,"#
                    + #""filled":null,"attempts":1,"lastError":null}"#
            )
            let times = members["stageMs"]
            let stages = ["pending", "routing", "building", "submitted"].map { times?[$0]?.integer ?? -1 }
            #expect(stages.allSatisfy { $0 >= 0 } && stages[1] >= 5 && stages[3] >= 50 && stages.reduce(0, +) == times?["total"]?.integer)
            try await checkRow(id, hash: members["txHash"]?.string)
        }

        private func checkRow(_ id: String, hash: String?) async throws {
            let sql = """
                SELECT user_id, input_token, output_token, amount::text AS amount, slippage_bps::text AS bps, status, chosen_dex,
                execution_price::text AS price, amount_out::text AS out, tx_hash, array_to_string(logs, '|') AS logs
                FROM orders WHERE id = $1::uuid AND status = 'confirmed'
                """
            let row = try await eventually { try await engine.postgres.query(sql, [.text(id)]).first }
            #expect(
                row.values == [
                    "ann", "SOL", "USDC", "1.5", "200", "confirmed", "meteora", "149.710232667", "224.565349", hash,
                    "Fetching quotes from multiple DEXs...|Received 2 quotes|Building transaction on meteora...|Transaction built, ready to submit"
                        + "|Submitting transaction (attempt 1/3)...|Order successfully executed",
                ])
        }

        @Test func `A user's orders are listed newest first, page by page`() async throws {
            let user = "user-\(UInt64.random(in: .min ... .max))"
            var ids: [String] = []
            for amount in 1...3 {
                ids.append(try await engine.place(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":\#(amount),"userId":"\#(user)"}"#))
            }
            try await engine.waitForEnd(ids)
            let path = "/api/orders?userId=\(user)&status=confirmed&limit=2"
            let first = try await eventually {
                let page = try await engine.send("GET", path, to: .gateway, 2).json
                return page["nextCursor"]?.string == nil ? nil : page
            }
            let second = try await engine.send("GET", path + "&cursor=\(first["nextCursor"]?.string ?? "")").json
            let listed = [first, second].flatMap { $0["orders"]?.array ?? [] }
            #expect(listed.map { $0["orderId"]?.string } == ids.reversed())
            #expect(second["nextCursor"]?.isNull == true)
        }

        @Test func `The health of the engine counts its processes, and the streams show their lag`() async throws {
            let health = try await eventually {
                let answer = try await engine.send("GET", "/health")
                return answer.json["status"]?.string == "ok" ? answer.json : nil
            }
            #expect(health["services"]?.serialized == #"{"gateway":{"alive":2},"router":{"alive":1},"executor":{"alive":1},"notifier":{"alive":2}}"#)
            let streams = try await engine.send("GET", "/api/streams").json["streams"]?.array ?? []
            #expect(streams.map { $0["stream"]?.string } == ["accepted", "routed", "events"])
            #expect(streams.map { $0["groups"]?.array?.first?["consumers"]?.integer } == [1, 1, 2])
        }
    }
}
