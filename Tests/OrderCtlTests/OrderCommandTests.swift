import EventLoop
import HTTP
import JSON
import TestSupport
import Testing

@testable import OrderCtl

@Suite(.onLoop) @ServiceActor
struct OrderCommandTests {
    private static let order =
        #"{"success":true,"id":"o-1","orderId":"o-1","clientOrderId":null,"tokenIn":"SOL","tokenOut":"USDC","amount":"1.5","slippageBps":100,"#
        + #""status":"confirmed","userId":"an\u001bna","chosenDex":"meteora","txHash":"sig","executedPrice":"145.4","#
        + #""amountOut":"218100000","amountOutDecimal":"218.1","#
        + #""realisedSlippageBps":-5,"attempts":2,"lastError":null,"createdAt":"2026-01-10T07:30:17.000Z","updatedAt":"2026-01-10T07:30:19.789Z"}"#

    /// Runs the tool against one answer. Returns the run and the targets asked for.
    private func run(_ words: [String], _ method: String = "GET", _ answers: HTTPResponse...) async throws -> (ToolRun, [String]) {
        var (left, targets, result) = (answers, [String](), ToolRun())
        let routes: @ServiceActor (HTTPRouter) -> Void = { router in
            let answer: @ServiceActor (HTTPRequest) -> HTTPResponse = { request in
                targets.append("\(request.method) \(request.target)")
                return left.count > 1 ? left.removeFirst() : left[0]
            }
            for path in ["/api/orders", "/api/orders/{id}", "/api/orders/{id}/events"] { router.get(path) { request, _ in answer(request) } }
            router.delete("/api/orders/{id}") { request, _ in answer(request) }
        }
        try await withRoutes(routes) { result = await ToolRun.of(words + ["--url", $0]) }
        return (result, targets)
    }

    @Test func `an order is shown without what it does not have`() async throws {
        let (shown, targets) = try await run(["get", "o-1"], "GET", .json(200, Self.order))
        #expect(shown.status == .ok && targets == ["GET /api/orders/o-1"])
        #expect(
            shown.output == """
                order         o-1
                swap          1.5 SOL to USDC, at most 100 bps worse
                status        confirmed
                user          an\\u{1b}na
                venue         meteora
                received      218.1
                price         145.4
                slippage bps  -5
                transaction   sig
                attempts      2
                created       2026-01-10T07:30:17.000Z
                moved last    2026-01-10T07:30:19.789Z

                """)
        let (json, _) = try await run(["get", "o-1", "--json"], "GET", .json(200, Self.order))
        let (printed, sent) = (try JSONValue.parse(json.output), try JSONValue.parse(Self.order))
        #expect(printed == sent)
        let (unknown, _) = try await run(["get", "o-2"], "GET", .problem(404, .unknownOrder, "There is no order with this id"))
        #expect(unknown.status == .refused)
    }

    @Test(arguments: [("1.5", "1500000000"), ("4.5", "4500000000")])
    func `a split order is shown leg by leg, with what of it is filled, also where the legs are a part of it`(amount: String, units: String)
        async throws
    {
        let filled = #""filled":{"amountIn":"1000000000","amountInDecimal":"1","amountOut":"145400000","amountOutDecimal":"145.4"}"#
        let legs = OrderSamples.legs(("landed", "failed"), amountOut: "145400000")
        let order =
            #"{"orderId":"o-1","tokenIn":"SOL","tokenOut":"USDC","amount":"\#(amount)","amountIn":"\#(units)","slippageBps":100,"#
            + #""status":"failed",\#(legs),\#(filled)}"#
        let (shown, _) = try await run(["get", "o-1"], "GET", .json(200, order))
        #expect(
            shown.output == """
                order   o-1
                swap    \(amount) SOL to USDC, at most 100 bps worse
                status  failed
                filled  1 of \(amount) SOL for 145.4 USDC
                LEG  VENUE          SHARE   IN   QUOTED  RECEIVED  STATUS  TRANSACTION
                0    raydium        66.7 %  1    145.5   145.4     landed  sig0
                1    mete\\u{1b}ora  33.3 %  0.5  72.5    -         failed  sig1

                """)
    }

    @Test func `a replay of a split order shows its legs where they have changed`() async throws {
        let answer = HTTPResponse.json(200, #"{"orderId":"o-1","events":["# + OrderSamples.split.joined(separator: ",") + "]}")
        let (replay, _) = try await run(["replay", "o-1"], "GET", answer)
        #expect(
            replay.output.hasSuffix(
                """
                  3  +0 ms      07:30:18.000   50 %  building          Building transaction on raydium+meteora...
                  4  +0 ms      07:30:18.000   80 %  submitted         Submitting transaction (attempt 1/1)...
                                LEG  VENUE          SHARE   QUOTED  RECEIVED  STATUS     TRANSACTION
                                0    raydium        66.7 %  145.5   -         submitted  sig0
                                1    mete\\u{1b}ora  33.3 %  72.5    -         submitted  sig1
                  5  +0 ms      07:30:18.000    0 %  failed            No; 1 of 1.5 SOL were filled for 145.4 USDC
                                LEG  VENUE          SHARE   QUOTED  RECEIVED  STATUS  TRANSACTION
                                0    raydium        66.7 %  145.5   145.4     landed  sig0
                                1    mete\\u{1b}ora  33.3 %  72.5    -         failed  sig1

                """), "\(replay.output)")
        #expect(replay.output.split(separator: "\n").count { $0.contains("LEG") } == 3)
    }

    @Test func `a list goes on over pages up to its limit, with the filters in each request`() async throws {
        let page = HTTPResponse.json(200, #"{"orders":[\#(Self.order)],"nextCursor":"c 1"}"#)
        let (list, targets) = try await run(
            ["list", "--limit", "2", "--status", "failed,confirmed", "--user", "anna", "--since", "2026"], "GET", page)
        #expect(list.status == .ok)
        let filters = "status=failed%2Cconfirmed&userId=anna&from=2026"
        #expect(targets == ["GET /api/orders?\(filters)&limit=2", "GET /api/orders?\(filters)&limit=1&cursor=c%201"])
        #expect(
            list.output == """
                ORDER  CREATED              SWAP             RECEIVED  VENUE    TRIES  STATUS
                o-1    2026-01-10T07:30:17  1.5 SOL to USDC  218.1     meteora  2      confirmed
                o-1    2026-01-10T07:30:17  1.5 SOL to USDC  218.1     meteora  2      confirmed
                There are more; see them with --limit 20.

                """)
        let (json, _) = try await run(["list", "--json"], "GET", .json(200, #"{"orders":[],"nextCursor":null}"#))
        #expect(json.output == #"{"orders":[],"more":false}"# + "\n")
        let (none, asked) = try await run(["list"], "GET", .json(200, #"{"orders":[],"nextCursor":null}"#))
        #expect(none.output == "No orders.\n" && asked == ["GET /api/orders?limit=20"])
    }

    @Test func `a replay shows each event with the time since the last, its quotes and its error`() async throws {
        let events = [OrderSamples.pending, OrderSamples.routed, OrderSamples.failure].joined(separator: ",")
        let answer = HTTPResponse.json(200, #"{"orderId":"o-1","events":["# + events + "]}")
        let (replay, targets) = try await run(["replay", "o-1", "--after", "0"], "GET", answer)
        #expect(replay.status == .ok && targets == ["GET /api/orders/o-1/events?after=0"])
        #expect(
            replay.output == """
                  1  +0 ms      07:30:17.000    0 %  pending           Order created and queued
                  2  +250 ms    07:30:17.250   30 %  routing           Best route: meteora
                                meteora: 218.22 at 145.48, at least 216
                                raydium: no quote, no\\u{1b} answer
                  3  +2.5 s     07:30:19.789    0 %  failed            No route found
                                NO_ROUTE: No route found

                """)
    }

    @Test func `a refused cancellation does not keep the others from theirs, and ends with 1`() async throws {
        let refusal = HTTPResponse.problem(409, .orderFinal, "The order is confirmed already")
        let (run, targets) = try await run(["cancel", "o-1", "o-2"], "DELETE", refusal, .json(200, Self.order))
        #expect(run.status == .refused && targets == ["DELETE /api/orders/o-1", "DELETE /api/orders/o-2"])
        #expect(run.output == "o-2  cancelled\n1 cancelled, 1 refused.\n")
        #expect(run.errors == "o-1  refused: The order is confirmed already\n")
    }

    @Test func `a cancellation whose answer is lost is asked for again, and its refusal counts`() async throws {
        let lost = HTTPResponse.problem(502, .outcomeUnknown, "no")
        let (run, targets) = try await run(["cancel", "o-1"], "DELETE", lost, .json(200, Self.order))
        #expect(run.status == .ok && targets.count == 2 && run.output == "o-1  cancelled\n")
        let (late, _) = try await self.run(["cancel", "o-1"], "DELETE", lost, .problem(409, .orderFinal, "It is confirmed already"))
        #expect(late.status == .refused && late.errors == "o-1  refused: It is confirmed already\n")
    }

    @Test func `on a terminal of 80 columns no line of a list wraps, and the id stays whole`() async throws {
        let id = "01a1fd2a-6a31-7c40-8000-0d6f6d3c9f00"
        let order = Self.order.replacing(#""orderId":"o-1""#, with: #""orderId":"\#(id)""#)
        try await withRoutes({ $0.get("/api/orders") { _, _ in .json(200, #"{"orders":[\#(order)],"nextCursor":null}"#) } }) { url in
            let run = await ToolRun.of(["list", "--url", url], usesColour: true, isTerminal: true, width: 80)
            #expect(
                run.output == """
                    ORDER                                 SWAP             RECEIVED  STATUS
                    \(id)  1.5 SOL to USDC  218.1     \u{1B}[32mconfirmed\u{1B}[0m

                    """)
            let wide = await ToolRun.of(["list", "--url", url], isTerminal: true, width: 200)
            #expect(wide.output.hasPrefix("ORDER                                 CREATED              SWAP"))
        }
    }

    @Test func `what the engine says of each field is told`() async throws {
        let refusal = HTTPResponse.problem(
            400, .badRequest, "These parameters cannot be used: status",
            members: #""errors":[{"field":"status","message":"must be pending or failed"}]"#)
        let (run, _) = try await run(["list", "--status", "bogus"], "GET", refusal)
        #expect(run.status == .refused)
        #expect(run.errors == "orderctl: These parameters cannot be used: status (status must be pending or failed)\n")
    }

    @Test func `a service that is not the edge is told as such`() async throws {
        try await withRoutes({ $0.get("/api/streams") { _, _ in .json(200, "{}") } }) { url in
            for words in [["list"], ["quote", "SOL", "USDC", "1"], ["doctor"], ["watch", "o-1"]] {
                let run = await ToolRun.of(words + ["--url", url])
                #expect(run.status == .refused && run.errors.contains("\(url) is not the edge of an engine") && run.errors.contains("ORDERCTL_URL"))
            }
        }
        // A gateway answers this path with JSON, whatever is asked for.
        try await withRoutes({ $0.get("/api/orders/{id}/events") { _, _ in .json(200, #"{"orderId":"o-1","events":[]}"#) } }) { url in
            let run = await ToolRun.of(["watch", "o-1", "--url", url])
            #expect(run.status == .refused && run.errors.contains("is not the edge of an engine"))
        }
    }

    @Test(arguments: ["watch", "get", "replay", "cancel", "amend"])
    func `a command for an order asks for its id`(_ command: String) async {
        let run = await ToolRun.of([command], environment: ["PORT": "1"])
        #expect(run.status == .usage && run.errors.contains("Which order?"))
    }
}
