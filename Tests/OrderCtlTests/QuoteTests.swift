import EventLoop
import HTTP
import JSON
import TestSupport
import Testing

@testable import OrderCtl

@Suite(.onLoop) @ServiceActor
struct QuoteTests {
    private static let answer =
        #"{"tokenIn":"SOL","tokenOut":"USDC","amountIn":"1500000000","slippageBps":50,"quotes":[{"dex":"meteora","pool":"p1","#
        + #""amountIn":"1500000000","amountOut":"218220000","amountOutDecimal":"218.22","price":"145.48","feeBps":20,"#
        + #""priceImpactPct":"0.0012","minReceived":"217128900","#
        + #""minReceivedDecimal":"217.1289"}],"unavailable":[{"dex":"raydium","code":"VENUE_UNAVAILABLE","#
        + #""message":"raydium did not\u001b answer"}],"best":"meteora","#
        + #""amountOut":"218220000","amountOutDecimal":"218.22","minReceived":"217128900","reason":"meteora: 218.22, the only quote"}"#

    private func withRoute(_ answer: HTTPResponse, _ body: @ServiceActor (String, @ServiceActor () -> String) async throws -> Void) async throws {
        var target = ""
        let routes: @ServiceActor (HTTPRouter) -> Void = { router in
            router.get("/api/quotes") { request, _ in
                target = request.target
                return answer
            }
        }
        try await withRoutes(routes) { try await body($0, { target }) }
    }

    @Test func `what the engine would do is a table, and the answer itself with json`() async throws {
        try await withRoute(.json(200, Self.answer)) { url, target in
            let run = await ToolRun.of(["quote", "SOL", "USDC", "1.5", "--slippage-bps", "50", "--url", url])
            #expect(run.status == .ok && run.errors.isEmpty)
            #expect(target() == "/api/quotes?tokenIn=SOL&tokenOut=USDC&amount=1.5&slippageBps=50")
            #expect(
                run.output == """
                    VENUE    USDC OUT  PRICE   FEE BPS  IMPACT %  AT LEAST  POOL
                    meteora  218.22    145.48  20       0.0012    217.1289  p1
                    no quote: raydium did not\\u{1b} answer (raydium, VENUE_UNAVAILABLE)
                    1.5 SOL to USDC: meteora: 218.22, the only quote.

                    """)
            let json = await ToolRun.of(["quote", "SOL", "USDC", "1.5", "--json", "--url", url])
            let (printed, sent) = (try JSONValue.parse(json.output), try JSONValue.parse(Self.answer))
            #expect(printed == sent)
            #expect(target().hasSuffix("&slippageBps=100"))
        }
    }

    /// 1.5 SOL as 1 and 0.5.
    private static func split(_ gain: String, _ isChosen: Bool) -> String {
        #","split":{"legs":[{"dex":"meteora","pool":"p1","amountIn":"1000000000","amountOut":"145500000"},"#
            + #"{"dex":"raydium","pool":"p2","amountIn":"500000000","amountOut":"72800000"}],"amountOut":"218300000","#
            + #""amountOutDecimal":"218.3","feeBps":23.5,"priceImpactPct":"0.2112","minReceivedDecimal":"216.117","gainBps":\#(gain),"#
            + #""chosen":\#(isChosen)}}"#
    }

    @Test func `a split is shown leg by leg, and that it is not worth it`() async throws {
        try await withRoute(.json(200, String(Self.answer.dropLast()) + Self.split("3", false))) { url, _ in
            let run = await ToolRun.of(["quote", "SOL", "USDC", "1.50", "--url", url])
            #expect(run.status == .ok, "\(run.errors)")
            #expect(
                run.output.hasSuffix(
                    """
                    LEG      SHARE   SOL IN  USDC OUT  POOL
                    meteora  66.7 %  1       145.5     p1
                    raydium  33.3 %  0.5     72.8      p2
                    Together: 218.3 USDC, at least 216.117, fee 23.5 bps, impact 0.2112 %.
                    Not split: the legs together pay 218.3, +3 bps, which is not enough.
                    1.50 SOL to USDC: meteora: 218.22, the only quote.

                    """), "\(run.output)")
        }
    }

    @Test func `where only a split fills the amount it is all that is shown`() async throws {
        let answer =
            #"{"tokenIn":"SOL","tokenOut":"USDC","amountIn":"1500000000","slippageBps":50,"quotes":[],"unavailable":[],"best":"meteora+raydium","#
            + #""amountOut":"218300000","amountOutDecimal":"218.3","minReceived":"217208500","reason":"both: 218.3, no venue alone can fill it""#
        try await withRoute(.json(200, answer + Self.split("null", true))) { url, _ in
            let run = await ToolRun.of(["quote", "SOL", "USDC", "1.5", "--url", url])
            #expect(
                run.output == """
                    LEG      SHARE   SOL IN  USDC OUT  POOL
                    meteora  66.7 %  1       145.5     p1
                    raydium  33.3 %  0.5     72.8      p2
                    Together: 218.3 USDC, at least 216.117, fee 23.5 bps, impact 0.2112 %.
                    1.5 SOL to USDC: both: 218.3, no venue alone can fill it.

                    """, "\(run.errors)")
            let coloured = await ToolRun.of(["quote", "SOL", "USDC", "1.5", "--url", url], usesColour: true)
            #expect(coloured.output.contains("\u{1B}[32mraydium"))
        }
    }

    @Test func `a refusal of the engine ends with 1`() async throws {
        try await withRoute(.problem(422, .noRoute, "No route found for this token pair")) { url, _ in
            let run = await ToolRun.of(["quote", "SOL", "USDC", "1.5", "--url", url])
            #expect(run.status == .refused && run.errors == "orderctl: No route found for this token pair\n")
        }
    }

    /// Both venues' APIs in one stub, told apart by their paths.
    private func live(_ words: [String], raydium: String? = nil, jupiter: Int = 400, more: [String: String] = [:]) async throws -> ToolRun {
        let (sol, usdc) = ("So11111111111111111111111111111111111111112", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v")
        let good =
            #"{"success":true,"data":{"inputMint":"\#(sol)","inputAmount":"1000000000","outputMint":"\#(usdc)","outputAmount":"145100000","#
            + #""otherAmountThreshold":"143649000","routePlan":[{"poolId":"r","inputMint":"\#(sol)","outputMint":"\#(usdc)","feeRate":25}]}}"#
        let api = try StubAPI { target, _ in
            target.hasPrefix("/compute") ? .reply(200, raydium ?? good) : .reply(jupiter, #"{"error":"no","errorCode":"NO_ROUTES_FOUND"}"#)
        }
        defer { api.close() }
        let variables = ["RAYDIUM_API_URL": api.url, "JUPITER_API_URL": api.url, "TOKENS_FILE": "\(packageRoot)/config/tokens.json"]
        return await ToolRun.of(["quote", "--live"] + words, environment: variables.merging(more) { $1 })
    }

    @Test func `live quotes come from the venues themselves, without an engine`() async throws {
        let run = try await live(["sol", "USDC", "1"])
        #expect(run.status == .ok, "\(run.errors)")
        #expect(
            run.output == """
                VENUE    USDC OUT  PRICE  FEE BPS  IMPACT %  AT LEAST  POOL
                raydium  145.1     145.1  25       0.0000    143.649   r
                no quote: meteora has no route for this token pair (meteora, NO_ROUTE)
                1 SOL to USDC: raydium: 145.1, the only quote.

                """)
        let json = try JSONValue.parse(try await live(["SOL", "USDC", "1", "--json"]).output)
        #expect(json["best"]?.string == "raydium" && json["minReceived"]?.string == "143649000")
        let quote = try #require(json["quotes"]?.array?.first)
        #expect(quote["quotedAt"]?.string != nil)
        #expect(try #require(quote["ageMs"]?.integer) < 10_000)
    }

    @Test(arguments: [(308, "has moved (308)"), (301, "has moved (301)"), (410, "is gone from here (410)")])
    func `a venue's address that is gone is told with the setting that holds it`(_ status: Int, _ what: String) async throws {
        let run = try await live(["SOL", "USDC", "1"], jupiter: status)
        let sentence = "meteora cannot be asked: Jupiter's API \(what); set JUPITER_API_URL to where it is now"
        #expect(run.status == .ok && run.output.contains("no quote: \(sentence) (meteora, VENUE_UNAVAILABLE)"), "\(run.output)")
    }

    @Test func `without a live quote the reasons are told`() async throws {
        let run = try await live(["SOL", "USDC", "1"], raydium: #"{"success":false,"msg":"ROUTE_NOT_FOUND"}"#)
        #expect(run.status == .refused)
        #expect(
            run.errors
                == "orderctl: No venue has a quote: meteora has no route for this token pair; raydium has no route for this token pair\n")
    }

    @Test(arguments: [
        (["SOL", "USDC"], [:], "Give two tokens and an amount"), (["SOL", "USDC", "1", "2"], [:], "Give two tokens and an amount"),
        (["SOL", "NOPE", "1"], [:], "NOPE is not in the token list"), (["SOL", "WSOL", "1"], [:], "Give two different tokens"),
        (["SOL", "USDC", "0"], [:], "The amount has to be"), (["SOL", "USDC", "1.0000000001"], [:], "at most 9 decimals"),
        (["SOL", "USDC", "1", "--slippage-bps", "0"], [:], "--slippage-bps has to be"),
        (["SOL", "USDC", "1"], ["TOKENS_FILE": "/nowhere"], "Cannot read the token list /nowhere"),
        (["SOL", "USDC", "1"], ["RAYDIUM_API_URL": "ftp://x"], "RAYDIUM_API_URL=\"ftp://x\" must be an http"),
        (["SOL", "USDC", "1"], ["JUPITER_API_KEY": "a b"], "JUPITER_API_KEY (value hidden) must be"),
    ])
    func `what cannot be asked ends with 64 and one sentence`(_ words: [String], _ more: [String: String], _ sentence: String) async throws {
        let run = try await live(words, more: more)
        #expect(run.status == .usage && run.output.isEmpty)
        #expect(run.errors.contains(sentence) && run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
}
