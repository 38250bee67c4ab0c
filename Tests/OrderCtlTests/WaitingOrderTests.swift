import EventLoop
import HTTP
import JSON
import TestSupport
import Testing

@testable import OrderCtl

/// Orders that wait for a price: placed, listed, amended and followed.
@Suite(.onLoop) @ServiceActor
struct WaitingOrderTests {
    /// The requests that have arrived: method, path, the header `If-Match` and the body.
    private final class Seen { var requests: [String] = [] }

    private static let summary = "Sell 1.5 SOL when SOL is at or above 180 USDC, for at least 270 USDC"
    private static let accepted = #"{"success":true,"orderId":"o-1","status":"open","summary":"\#(summary)"}"#
    private static let row =
        #"{"orderId":"o-1","tokenIn":"SOL","tokenOut":"USDC","amountInDecimal":"1.5","status":"open","orderType":"limit","priceToken":"SOL","#
        + #""limitPrice":"180","timeInForce":"gtc","expiresAt":"2026-04-10T07:30:17.000Z","waitsFor":"180","mark":"150","distanceBps":2000,"#
        + #""createdAt":"2026-01-10T07:30:17.000Z"}"#

    private func run(_ words: [String], _ answer: String, headers: [(String, String)] = []) async throws -> (ToolRun, [String]) {
        let (seen, answered) = (Seen(), HTTPResponse.json(200, answer, headers: headers))
        var result = ToolRun()
        let note: @ServiceActor (HTTPRequest) -> HTTPResponse = { request in
            let match = request.header("If-Match").map { " " + $0 } ?? ""
            seen.requests.append("\(request.method) \(request.target)\(match) \(String(decoding: request.body, as: UTF8.self))")
            return answered
        }
        let routes: @ServiceActor (HTTPRouter) -> Void = { router in
            for path in ["/api/orders/execute", "/api/orders/oco"] { router.post(path) { request, _ in note(request) } }
            for path in ["/api/orders", "/api/orders/{id}"] { router.get(path) { request, _ in note(request) } }
            router.add("PATCH", "/api/orders/{id}") { request, _ in note(request) }
        }
        try await withRoutes(routes) { result = await ToolRun.of(words + ["--url", $0]) }
        return (result, seen.requests)
    }

    @Test(
        arguments: [
            (["--limit", "180"], #""orderType":"limit","limitPrice":"180""#),
            (["--stop", "150"], #""orderType":"stop","triggerPrice":"150""#),
            (["--take-profit", "200", "--limit", "199"], #""orderType":"takeProfit","limitPrice":"199","triggerPrice":"200""#),
            (["--stop", "150", "--limit", "149"], #""orderType":"stopLimit","limitPrice":"149","triggerPrice":"150""#),
            (["--trail", "200bps"], #""orderType":"trailingStop","trailingBps":200"#),
            (["--trail", "2.5%"], #""orderType":"trailingStop","trailingBps":250"#),
            (["--sniper", "--immediate"], #""orderType":"sniper","allowImmediate":true"#),
            (
                ["--limit", "180", "--tif", "ioc", "--price-of", "SOL"],
                #""orderType":"limit","limitPrice":"180","priceToken":"SOL","timeInForce":"ioc""#
            ),
            (["--limit", "180", "--expires", "7d"], #""orderType":"limit","limitPrice":"180","expiresAt":604800"#),
            (["--limit", "180", "--expires", "30m"], #""orderType":"limit","limitPrice":"180","expiresAt":1800"#),
            (
                ["--limit", "180", "--expires", "2026-01-10T07:30:00Z"],
                #""orderType":"limit","limitPrice":"180","expiresAt":"2026-01-10T07:30:00Z""#
            ),
        ] as [([String], String)])
    func `each type is a few words, and the engine's sentence is shown`(_ words: [String], _ members: String) async throws {
        let (run, requests) = try await run(["submit", "SOL", "USDC", "1.5"] + words, Self.accepted)
        #expect(run.status == .ok, "\(run.errors)")
        #expect(run.output == "Order o-1 is in.\n\(Self.summary).\nFollow it with: orderctl watch o-1\n")
        #expect(requests == [#"POST /api/orders/execute {"tokenIn":"SOL","tokenOut":"USDC","amount":"1.5",\#(members)}"#])
    }

    @Test(
        arguments: [
            (["--stop", "1", "--take-profit", "2"], "--stop and --take-profit are different orders: give one of them; orderctl oco places both"),
            (["--trail", "2%", "--sniper"], "--trail and --sniper are different orders: give one of them"),
            (["--trail", "2%", "--limit", "1"], "--limit does not go with --trail"),
            (["--trail", "2"], "--trail has to be a distance such as 200bps or 2%, not \"2\""), (["--trail", "-1%"], "--trail has to be a distance"),
            (["--trail", "0.001%"], "--trail has to be a distance"),
            (["--expires", "7d"], "go with --limit, --stop, --take-profit, --trail or --sniper"), (["--immediate"], "go with --limit"),
            (["--limit", "1", "--expires", "soon"], "--expires has to be a time such as 7d"),
            (["--limit", "1", "--expires", "0d"], "--expires has to be"),
        ] as [([String], String)])
    func `what cannot be one order ends with 64`(_ words: [String], _ sentence: String) async {
        let run = await ToolRun.of(["submit", "SOL", "USDC", "1"] + words, environment: ["PORT": "1"])
        #expect(run.status == .usage && run.errors.contains(sentence), "\(run.errors)")
    }

    @Test func `a pair goes out as two orders, and both are told`() async throws {
        let answer = #"{"success":true,"orders":[{"orderId":"o-1","summary":"Sell one"},{"orderId":"o-2","summary":"Sell two"}]}"#
        let (run, requests) = try await run(
            ["oco", "SOL", "USDC", "1.5", "--take-profit", "200", "--stop", "150", "--user", "anna", "--expires", "1h"], answer)
        #expect(run.status == .ok && run.output == "Order o-1 is in.\nSell one.\nOrder o-2 is in.\nSell two.\n")
        func order(_ type: String, _ price: String) -> String {
            #"{"tokenIn":"SOL","tokenOut":"USDC","amount":"1.5","orderType":"\#(type)","triggerPrice":"\#(price)","expiresAt":3600}"#
        }
        #expect(requests == [#"POST /api/orders/oco {"userId":"anna","orders":[\#(order("takeProfit", "200")),\#(order("stop", "150"))]}"#])
        let (json, _) = try await self.run(["oco", "--json", "SOL", "USDC", "1", "--take-profit", "2", "--stop", "1"], answer)
        #expect(json.output == answer + "\n")
        for words in [["--stop", "1", "SOL", "USDC", "1"], ["--stop", "1", "--take-profit", "2", "SOL"]] {
            let run = await ToolRun.of(["oco"] + words, environment: ["PORT": "1"])
            #expect(run.status == .usage && run.errors.contains("as in orderctl oco --take-profit 200 --stop 150 SOL USDC 1.5"))
        }
    }

    @Test func `an amendment goes out with the tag of the order as it was read`() async throws {
        let answer = #"{"orderId":"o-1","logs":[{"message":"Order waits"},{"message":"Order amended: limit price 181 USDC"}]}"#
        let words = [
            "amend", "o-1", "--limit", "181", "--trigger", "150", "--trail", "3%", "--slippage-bps", "50", "--expires", "12h", "--immediate",
        ]
        let (run, requests) = try await run(words, answer, headers: [("ETag", "\"7\"")])
        #expect(run.status == .ok && run.output == "o-1  Order amended: limit price 181 USDC\n")
        let body = #"{"limitPrice":"181","triggerPrice":"150","trailingBps":300,"slippageBps":50,"expiresAt":43200,"allowImmediate":true}"#
        #expect(requests == ["GET /api/orders/o-1 ", "PATCH /api/orders/o-1 \"7\" \(body)"])
        let (json, _) = try await self.run(["amend", "o-1", "--json", "--limit", "181"], answer)
        #expect(json.output == answer + "\n")
        let nothing = await ToolRun.of(["amend", "o-1"], environment: ["PORT": "1"])
        #expect(nothing.status == .usage && nothing.errors.contains("What shall change?"))
    }

    @Test func `an amendment whose answer is lost is not sent again`() async throws {
        var count = 0
        let routes: @ServiceActor (HTTPRouter) -> Void = { router in
            router.get("/api/orders/{id}") { _, _ in .json(200, "{}", headers: [("ETag", "\"1\"")]) }
            router.add("PATCH", "/api/orders/{id}") { _, _ in
                count += 1
                return .problem(502, .outcomeUnknown, "no")
            }
        }
        try await withRoutes(routes) { url in
            let run = await ToolRun.of(["amend", "o-1", "--limit", "181", "--url", url])
            #expect(run.status == .unreachable && count == 1 && run.errors.contains("orderctl get shows the order as it is now"))
        }
    }

    @Test func `orders that wait are listed with the way to their price`() async throws {
        let stop = Self.row.replacing("limit\"", with: "stop\"").replacing("\"180\"", with: "\"120.5\"").replacing("2000", with: "1967")
        let sniper =
            #"{"orderId":"o-3","tokenIn":"WIF","tokenOut":"USDC","amountInDecimal":"10","status":"open","orderType":"sniper","#
            + #""priceToken":"WIF"}"#
        let reached = Self.row.replacing("\"180\"", with: "\"150\"").replacing("2000", with: "0")
        let (run, requests) = try await run(["list", "--open"], #"{"orders":[\#(Self.row),\#(stop),\#(sniper),\#(reached)],"nextCursor":null}"#)
        #expect(run.status == .ok && requests == ["GET /api/orders?status=open&view=summary&limit=20 "])
        #expect(
            run.output == """
                ORDER  CREATED              SWAP             TYPE    WAITS FOR   MARK  DISTANCE  EXPIRES
                o-1    2026-01-10T07:30:17  1.5 SOL to USDC  limit   180 USDC    150   +20 %     2026-04-10T07:30:17
                o-1    2026-01-10T07:30:17  1.5 SOL to USDC  stop    120.5 USDC  150   -19.67 %  2026-04-10T07:30:17
                o-3    -                    10 WIF to USDC   sniper  a market    -     -         -
                o-1    2026-01-10T07:30:17  1.5 SOL to USDC  limit   150 USDC    150   0 %       2026-04-10T07:30:17

                """)
        let both = await ToolRun.of(["list", "--open", "--status", "failed"], environment: ["PORT": "1"])
        #expect(both.status == .usage && both.errors.contains("Give --open or --status, not both"))
    }

    @Test func `an order is shown with its terms and what it waits for`() async throws {
        let order = Self.row.replacing("}", with: #","slippageBps":100,"ocoOrderId":"o-2","thenOrderIds":["o-3","o-4"]}"#)
        let (run, _) = try await run(["get", "o-1"], order)
        #expect(
            run.output == """
                order        o-1
                swap         1.5 SOL to USDC
                type         limit
                limit price  180
                in force     gtc
                expires      2026-04-10T07:30:17.000Z
                pair with    o-2
                then         o-3, o-4
                status       open
                waits for    180 USDC
                created      2026-01-10T07:30:17.000Z

                """)
    }

    @Test func `what wakes an order that waits, and its end, are events like others`() async throws {
        func event(_ seq: Int, _ type: String, _ status: String, _ message: String) -> String {
            #"{"orderId":"o-1","seq":\#(seq),"type":"\#(type)","status":"\#(status)","progress":0,"timestamp":"2026-01-10T07:30:17.000Z","#
                + #""message":"\#(message)"}"#
        }
        let events = [
            event(1, "open", "open", "Order waits for 180 USDC"), event(2, "amended", "open", "Order amended: limit price 181 USDC"),
            event(3, "triggered", "pending", "SOL is at 181 USDC"), event(4, "open", "open", "Limit not met"),
            event(5, "expired", "expired", "Order expired before its price was reached"),
        ]
        try await withRoutes({ $0.get("/api/orders/{id}/events") { _, _ in OrderSamples.stream(events) } }) { url in
            let run = await ToolRun.of(["watch", "o-1", "--url", url])
            #expect(run.status == .unfilled)
            #expect(
                run.output == """
                    07:30:17.000    0 %  open              Order waits for 180 USDC
                    07:30:17.000    0 %  amended           Order amended: limit price 181 USDC
                    07:30:17.000    0 %  triggered         SOL is at 181 USDC
                    07:30:17.000    0 %  open              Limit not met
                    07:30:17.000    0 %  expired           Order expired before its price was reached
                    The order expired: Order expired before its price was reached

                    """)
        }
    }
}
