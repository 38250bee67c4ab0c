import EventLoop
import HTTP
import JSON
import TestSupport
import Testing

@testable import OrderCtl

@Suite(.onLoop) @ServiceActor
struct SubmitTests {
    /// The requests that have arrived.
    private final class Gateway {
        var bodies: [String] = []
        var keys: [String] = []
        var answers: [HTTPResponse] = []
    }

    private static let accepted = HTTPResponse.json(202, #"{"success":true,"orderId":"o-1","status":"pending"}"#)

    private func withGateway(_ answers: HTTPResponse..., body: @ServiceActor (Gateway, String) async throws -> Void) async throws {
        let gateway = Gateway()
        gateway.answers = answers
        let routes: @ServiceActor (HTTPRouter) -> Void = { router in
            router.post("/api/orders/execute") { request, _ in
                gateway.bodies.append(String(decoding: request.body, as: UTF8.self))
                gateway.keys.append(request.header("Idempotency-Key") ?? "")
                return gateway.answers.count > 1 ? gateway.answers.removeFirst() : gateway.answers[0]
            }
            router.get("/api/orders/o-1/events") { _, _ in OrderSamples.stream(OrderSamples.confirmed) }
        }
        try await withRoutes(routes) { try await body(gateway, $0) }
    }

    @Test func `an order goes out with what was said of it, and its id is told`() async throws {
        try await withGateway(Self.accepted) { gateway, url in
            let words = ["--slippage-bps", "50", "--user", "anna", "--key", "k1", "--deadline", "60"]
            let run = await ToolRun.of(["submit", "SOL", "USDC", "1.5", "--url", url] + words)
            #expect(run.status == .ok && run.output == "Order o-1 is in.\nFollow it with: orderctl watch o-1\n")
            #expect(gateway.keys == ["k1"])
            #expect(gateway.bodies == [#"{"tokenIn":"SOL","tokenOut":"USDC","amount":"1.5","slippageBps":50,"userId":"anna","deadline":60}"#])
            let json = await ToolRun.of(["submit", "--json", "SOL", "USDC", "1", "--url", url])
            #expect(json.output == #"{"success":true,"orderId":"o-1","status":"pending"}"# + "\n")
            #expect(gateway.bodies.last == #"{"tokenIn":"SOL","tokenOut":"USDC","amount":"1"}"# && gateway.keys.last?.isEmpty == false)
        }
    }

    @Test func `what the engine remarks about an order is shown`() async throws {
        let warnings = #""warnings":[{"field":"slippageBps","message":"slippageBps lets the price move by 50 %\u001b"}]"#
        let remarked = HTTPResponse.json(202, #"{"success":true,"orderId":"o-1","status":"pending","# + warnings + "}")
        try await withGateway(remarked) { _, url in
            let run = await ToolRun.of(["submit", "SOL", "USDC", "1", "--slippage-bps", "5000", "--url", url])
            #expect(run.status == .ok && run.output.hasPrefix("Order o-1 is in.\n"))
            #expect(run.errors.hasPrefix("orderctl: the engine remarks: slippageBps lets the price move by 50 %") && !run.errors.contains("\u{1b}"))
        }
    }

    @Test(arguments: [
        HTTPResponse.json(504, "<html>"), .json(502, "<html>"), .problem(502, .outcomeUnknown, "who knows"),
        .problem(503, .unavailable, "could not say", members: #""orderId":"o-1""#),
    ])
    func `a lost answer is asked for again, under the same key`(_ lost: HTTPResponse) async throws {
        try await withGateway(lost, lost, Self.accepted) { gateway, url in
            let run = await ToolRun.of(["submit", "SOL", "USDC", "1", "--url", url])
            #expect(run.status == .ok && gateway.keys.count == 3 && Set(gateway.keys).count == 1 && Set(gateway.bodies).count == 1)
        }
    }

    @Test func `once an answer was lost, what is away does not end it, and an answer does`() async throws {
        let (lost, away) = (HTTPResponse.problem(502, .outcomeUnknown, "no"), HTTPResponse.problem(503, .upstreamUnavailable, "no"))
        try await withGateway(lost, away, Self.accepted) { gateway, url in
            let run = await ToolRun.of(["submit", "SOL", "USDC", "1", "--url", url])
            #expect(run.status == .ok && gateway.keys.count == 3 && Set(gateway.keys).count == 1)
        }
    }

    @Test func `where no answer comes back at last, the order may be in, and its key is told`() async throws {
        try await withGateway(.problem(502, .outcomeUnknown, "no")) { gateway, url in
            let run = await ToolRun.of(["submit", "SOL", "USDC", "1", "--url", url, "--json"])
            let error = try #require(try JSONValue.parse(run.errors)["error"])
            #expect(run.status == .unreachable && gateway.keys.count == 6 && error["code"]?.string == "OUTCOME_UNKNOWN")
            let sentence = try #require(error["message"]?.string)
            #expect(sentence.contains("may have been carried out") && sentence.contains("--key \(gateway.keys[0]): the same key is the same order"))
        }
    }

    @Test func `a refusal is told and not repeated`() async throws {
        try await withGateway(.problem(503, .paused, "The engine takes no new orders for now")) { gateway, url in
            let run = await ToolRun.of(["submit", "--watch", "SOL", "USDC", "1", "--url", url])
            #expect(run.status == .refused && run.errors == "orderctl: The engine takes no new orders for now\n" && gateway.keys.count == 1)
        }
    }

    @Test func `two orders are two keys, and watching follows each`() async throws {
        try await withGateway(Self.accepted) { gateway, url in
            for _ in 0..<2 {
                let run = await ToolRun.of(["submit", "--watch", "SOL", "USDC", "1", "--url", url])
                #expect(run.status == .ok && run.output.hasPrefix("Order o-1 is in.\n") && run.output.contains("Received 218.1 at 145.4 on meteora"))
            }
            #expect(Set(gateway.keys).count == 2)
        }
    }

    @Test(arguments: [
        (["SOL", "USDC"], "Give two tokens and an amount"), (["SOL", "USDC", "1", "2"], "Give two tokens"),
        (["SOL", "USDC", "1", "--slippage-bps", "5001"], "--slippage-bps has to be"), (["SOL", "USDC", "1", "--key", "a b"], "--key has to be"),
        (["SOL", "USDC", "1", "--deadline", "0"], "--deadline has to be"),
    ])
    func `what cannot be an order ends with 64`(_ words: [String], _ sentence: String) async {
        let run = await ToolRun.of(["submit"] + words, environment: ["PORT": "1"])
        #expect(run.status == .usage && run.errors.contains(sentence), "\(run.errors)")
    }
}

/// Events of one order.
enum OrderSamples {
    static let pending =
        #"{"orderId":"o-1","seq":1,"type":"pending","status":"pending","progress":0,"timestamp":"2026-01-10T07:30:17.000Z","#
        + #""message":"Order created and queued"}"#
    static let routed =
        #"{"orderId":"o-1","seq":2,"type":"routing","status":"routing","progress":30,"timestamp":"2026-01-10T07:30:17.250Z","#
        + #""message":"Best route: meteora","quotes":[{"dex":"meteora","amountOutDecimal":"218.22","price":"145.48","minReceivedDecimal":"216"}],"#
        + #""unavailable":[{"dex":"raydium","code":"VENUE_UNAVAILABLE","message":"no\u001b answer"}]}"#
    static let end =
        #"{"orderId":"o-1","seq":3,"type":"confirmed","status":"confirmed","progress":100,"timestamp":"2026-01-10T07:30:19.789Z","#
        + #""message":"Swap executed successfully","chosenDex":"meteora","executedPrice":"145.4","amountOutDecimal":"218.1","#
        + #""realisedSlippageBps":-5,"txHash":"sig"}"#
    static let failure =
        #"{"orderId":"o-1","seq":3,"type":"failed","status":"failed","progress":0,"timestamp":"2026-01-10T07:30:19.789Z","#
        + #""message":"No route found","error":{"code":"NO_ROUTE","message":"No route found"}}"#
    static let confirmed = [pending, routed, end]

    /// Legs of 1 and 0.5 SOL, the first of which has landed where `amountOut` says so.
    static func legs(_ status: (String, String), amountOut: String? = nil) -> String {
        func leg(_ number: Int, _ status: String, _ dex: String, _ input: String, _ output: String, _ whole: String, _ fetched: String?) -> String {
            #"{"leg":\#(number),"status":"\#(status)","# + (status == "quoted" ? "" : #""txHash":"sig\#(number)","#)
                + (fetched.map { #""amountOut":"\#($0)","# } ?? "")
                + #""quote":{"dex":"\#(dex)","amountIn":"\#(input)","amountOut":"\#(output)","amountOutDecimal":"\#(whole)"}}"#
        }
        return #""legs":["# + leg(0, status.0, "raydium", "1000000000", "145500000", "145.5", amountOut) + ","
            + leg(1, status.1, "mete\\u001bora", "500000000", "72500000", "72.5", nil) + "]"
    }

    /// An order of two legs, the second of which fails for good.
    static let split = [
        pending, event(2, "routing", 30, "Received 2 quotes", legs(("quoted", "quoted"))),
        event(3, "building", 50, "Building transaction on raydium+meteora...", legs(("quoted", "quoted"))),
        event(4, "submitted", 80, "Submitting transaction (attempt 1/1)...", legs(("submitted", "submitted"))),
        event(5, "failed", 0, "No; 1 of 1.5 SOL were filled for 145.4 USDC", legs(("landed", "failed"), amountOut: "145400000")),
    ]

    private static func event(_ seq: Int, _ type: String, _ progress: Int, _ message: String, _ extra: String) -> String {
        #"{"orderId":"o-1","seq":\#(seq),"type":"\#(type)","status":"\#(type)","progress":\#(progress),"#
            + #""timestamp":"2026-01-10T07:30:18.000Z","message":"\#(message)",\#(extra)}"#
    }

    /// A whole stream of server-sent events.
    static func stream(_ events: [String]) -> HTTPResponse {
        let body = ": hello\n\n" + events.map { "id: 1\r\nevent: x\ndata: \($0)\n\n" }.joined()
        return HTTPResponse(status: 200, headers: [("Content-Type", "text/event-stream")], body: body)
    }
}
