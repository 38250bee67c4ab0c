import EventLoop
import Orders
import TestSupport
import Testing

@testable import Venues

/// What the adapters take from a reply, and what they refuse.
@Suite(.onLoop) @ServiceActor
struct ReplyTests {
    private func read(
        _ kind: StubbedVenue.Kind, _ body: String, status: Int = 200, key: String? = nil
    ) async throws -> (result: Result<Quote, OrderFailure>, target: String) {
        let stub = try StubbedVenue(kind, key: key) { _, _ in .reply(status, body) }
        defer { stub.api.close() }
        return (try await stub.quote(), stub.api.targets.first ?? "")
    }

    @Test func `a captured reply of Raydium becomes a quote with the venue's own threshold`() async throws {
        let (result, target) = try await read(.raydium, Captured.raydium)
        #expect(
            target
                == "/compute/swap-base-in?inputMint=\(Captured.sol.mint)&outputMint=\(Captured.usdc.mint)"
                + "&amount=5000000000&slippageBps=50&txVersion=V0"
        )
        #expect(
            try result.get()
                == Quote(
                    dex: "raydium", pool: "BhQgvhYp", amountIn: BaseUnits(5_000_000_000), amountOut: BaseUnits(88_531_692),
                    minReceived: BaseUnits(88_089_033), feeBps: "25", priceImpactPct: "0.0100", inputDecimals: 9, outputDecimals: 6))
    }

    @Test func `a captured reply of Jupiter becomes a quote of Meteora`() async throws {
        let (result, target) = try await read(.meteora, Captured.meteora)
        #expect(
            target == "/swap/v1/quote?inputMint=\(Captured.sol.mint)&outputMint=\(Captured.usdc.mint)&amount=100000000&slippageBps=100"
                + "&dexes=Meteora+DLMM&onlyDirectRoutes=true")
        #expect(
            try result.get()
                == Quote(
                    dex: "meteora", pool: "HXpGFJGCEEFdV31tDmjDBaJMEB1fKLiAoKoWr3Fnonid", amountIn: BaseUnits(100_000_000),
                    amountOut: BaseUnits(17_057_460), minReceived: BaseUnits(16_886_885), feeBps: "0.75328", priceImpactPct: "0.0001",
                    inputDecimals: 9, outputDecimals: 6))
    }

    @Test(arguments: [
        (StubbedVenue.Kind.raydium, #""version":"V1","#, #""version":"V9","more":{"a":[1]},"#), (.raydium, #""feeRate":25,"#, #""feeRate":25.0,"#),
        (.raydium, #""inputAmount":"5000000000""#, #""inputAmount":5000000000.0"#), (.raydium, #","remainingAccounts":[]"#, ""),
        (.raydium, #""slippageBps":50,"#, ""), (.raydium, #""swapType":"BaseIn","#, ""),
        (.raydium, #""priceImpactPct":0.01"#, #""priceImpactPct":0.010009"#),
        (.raydium, #""slippageBps":50,"#, #""slippageBps":50.0,"#),
        (.meteora, #"{"amount":"0","feeBps":0}"#, "null"), (.meteora, #","percent":100"#, ""),
        (.meteora, #""slippageBps":100"#, #""slippageBps":"100""#),
        (.meteora, #""contextSlot":324307186"#, #""contextSlot":null"#),
        (.meteora, #""outAmount":"17057460","other"#, #""outAmount":17057460,"other"#),
    ])
    func `what is optional may be missing, and a number may be written in several ways`(
        _ kind: StubbedVenue.Kind, _ part: String, _ other: String
    ) async throws {
        let plain = try await read(kind, StubbedVenue.reply(kind)).result.get()
        #expect(try await read(kind, StubbedVenue.reply(kind).with(part, other)).result.get() == plain)
    }

    @Test func `a fee that the reply leaves out counts as none`() async throws {
        let body = Captured.meteora.with(#","feeAmount":"1285","feeMint":"\#(Captured.usdc.mint)""#, "")
        #expect(try await read(.meteora, body).result.get().feeBps == "0")
        let inInput = Captured.meteora.with(
            #""feeAmount":"1285","feeMint":"\#(Captured.usdc.mint)""#, #""feeAmount":"40000","feeMint":"\#(Captured.sol.mint)""#)
        #expect(try await read(.meteora, inInput).result.get().feeBps == "4")
    }

    @Test(arguments: [
        (StubbedVenue.Kind.meteora, #""feeAmount":"1285""#, #""feeAmount":"""#), (.meteora, #""feeAmount":"1285""#, #""feeAmount":{}"#),
        (.meteora, #""feeAmount":"1285""#, #""feeAmount":-5"#), (.meteora, #""feeMint":"EPj"#, #""feeMint":"Xpj"#),
        (.meteora, #""feeMint":"\#(Captured.usdc.mint)""#, #""feeMint":"""#),
        (.meteora, #""timeTaken""#, #""error":null,"errorCode":null,"timeTaken""#),
        (.meteora, #""swapMode":"ExactIn""#, #""swapMode":null"#), (.meteora, #""label":"Meteora DLMM","#, ""),
        (.meteora, #""label":"Meteora DLMM""#, #""label":null"#), (.meteora, #""priceImpactPct":"0.0001""#, #""priceImpactPct":[]"#),
        (.raydium, #""feeRate":25"#, #""feeRate":[]"#), (.raydium, #""feeRate":25"#, #""feeRate":0"#),
        (.raydium, #""feeRate":25"#, #""feeRate":null"#),
        (.raydium, #""swapType":"BaseIn""#, #""swapType":null"#), (.raydium, #""success":true"#, #""success":true,"msg":null"#),
    ])
    func `a remark that cannot be read is no reason to lose a quote`(_ kind: StubbedVenue.Kind, _ part: String, _ other: String) async throws {
        let plain = try await read(kind, StubbedVenue.reply(kind)).result.get()
        let quote = try await read(kind, StubbedVenue.reply(kind).with(part, other)).result.get()
        #expect(quote.amountOut == plain.amountOut && quote.minReceived == plain.minReceived && quote.pool == plain.pool)
        #expect(["0", plain.feeBps].contains(quote.feeBps))
    }

    @Test(arguments: StubbedVenue.Kind.allCases)
    func `a reply is asked for unpacked, one in an encoding is named, and a byte order mark is passed over`(_ kind: StubbedVenue.Kind) async throws {
        var head: [String] = []
        let stub = try StubbedVenue(kind) { _, lines in
            head = lines
            return .reply(200, "\u{FEFF}" + StubbedVenue.reply(kind))
        }
        defer { stub.api.close() }
        _ = try await stub.quote().get()
        #expect(head.contains("Accept-Encoding: identity"))
        stub.api.answer = { _, _ in .reply(200, "\u{1F}gzip", ["Content-Encoding: br"]) }
        #expect(try await stub.sentence() == "\(kind.rawValue) answered in the encoding br, which it was not asked for")
        stub.api.answer = { _, _ in .reply(200, StubbedVenue.reply(kind), ["Content-Encoding: identity"]) }
        _ = try await stub.quote().get()
    }

    @Test(arguments: StubbedVenue.Kind.allCases)
    func `whatever a number of a reply is, the answer is a quote or a sentence`(_ kind: StubbedVenue.Kind) async throws {
        let reply = StubbedVenue.reply(kind)
        var breaker = CircuitBreaker.Limits()
        breaker.failures = 1_000_000
        let stub = try StubbedVenue(kind, breaker: breaker) { _, _ in .silence }
        defer { stub.api.close() }
        let numbers = reply.ranges(of: /[0-9.]+/).filter { range in
            let before = reply[..<range.lowerBound]
            return before.hasSuffix(":") || before.hasSuffix(":\"")
        }
        #expect(numbers.count >= 7)
        for range in numbers {
            for value in ["0", "18446744073709551615", "18446744073709551616", "-1", "-9223372036854775808", "1e308", "1e-999999999", "0.0", "NaN"] {
                let body = String(reply[..<range.lowerBound]) + value + String(reply[range.upperBound...])
                stub.api.answer = { _, _ in .reply(200, body) }
                if case .failure(let failure) = try await stub.quote() { #expect(failure.message.hasPrefix(kind.rawValue + " ")) }
            }
        }
    }

    @Test func `hops in sequence are one route with their fees added up`() async throws {
        let hops = Captured.raydium.with(
            #""outputMint":"\#(Captured.usdc.mint)","feeMint""#,
            #""outputMint":"\#(Captured.bonk)","feeRate":4},{"poolId":"two","inputMint":"\#(Captured.bonk)","#
                + #""outputMint":"\#(Captured.usdc.mint)","feeMint""#
        )
        let quote = try await read(.raydium, hops).result.get()
        #expect(quote.pool == "BhQgvhYp,two" && quote.feeBps == "29")
    }

    @Test(arguments: [
        (StubbedVenue.Kind.raydium, 200, Captured.raydiumNoRoute, FailureCode.noRoute, "raydium has no route for this token pair"),
        (
            .raydium, 200, #"{"success":false,"msg":"REQ_SWAP_RESPONSE_ERROR"}"#, .quoteRefused,
            "raydium refused the request (REQ_SWAP_RESPONSE_ERROR)"
        ),
        (
            .raydium, 200, #"{"success":false,"msg":"<b>\u001b[2J"}"#, .quoteRefused,
            "raydium refused the request without a reason that can be shown"
        ),
        (.raydium, 404, "{}", .venueUnavailable, "raydium answered with status 404"),
        (.raydium, 408, #"{"msg":"TIMEOUT"}"#, .venueUnavailable, "raydium answered with status 408"),
        (.raydium, 400, "{}", .quoteRefused, "raydium refused the request without a reason that can be shown (status 400)"),
        (.raydium, 409, "<html>", .venueUnavailable, "raydium answered with status 409"),
        (.meteora, 400, Captured.meteoraNoRoute, .noRoute, "meteora has no route for this token pair"),
        (.meteora, 400, #"{"error":"x","errorCode":"TOKEN_NOT_TRADABLE"}"#, .noRoute, "meteora has no route for this token pair"),
        (.meteora, 400, #"{"error":"x","errorCode":"INVALID_AMOUNT"}"#, .quoteRefused, "meteora refused the request (INVALID_AMOUNT)"),
        (.meteora, 200, #"{"error":"x"}"#, .quoteRefused, "meteora refused the request without a reason that can be shown"),
        (.meteora, 401, "{}", .venueUnavailable, "meteora refuses our access to Jupiter's API (401); see JUPITER_API_KEY"),
    ])
    func `a venue that says no is understood`(
        _ kind: StubbedVenue.Kind, _ status: Int, _ body: String, _ code: FailureCode, _ sentence: String
    ) async throws {
        guard case .failure(let failure) = try await read(kind, body, status: status).result else { return #expect(Bool(false), "a quote") }
        #expect(failure.code == code && failure.message == sentence)
    }

    @Test(arguments: [
        ("outputAmount\":\"88531692", "outputAmount\":\"0", "would pay nothing"), ("88531692", "18446744073709551616", "with outputAmount missing"),
        ("\"88531692\"", "true", "with outputAmount missing"), ("\"88531692\"", "88531692.5", "with outputAmount missing"),
        ("\"88531692\"", "\"1e9\"", "with outputAmount missing"),
        ("\"88531692\"", "\"\"", "with outputAmount missing"), ("\"88531692\"", "-1", "with outputAmount missing"),
        ("\"88531692\"", "null", "with outputAmount missing"),
        ("\"88531692\"", "\"88089032\"", "promises more than it offers"),
        ("\"otherAmountThreshold\":\"88089033\",", "", "with otherAmountThreshold missing"),
        ("\"inputAmount\":\"5000000000\"", "\"inputAmount\":\"5000000001\"", "another inputAmount than asked"),
        ("inputMint\":\"So1", "inputMint\":\"Xo1", "another inputMint than asked"),
        ("outputMint\":\"EPj", "outputMint\":\"Xpj", "another outputMint than asked"),
        ("\"slippageBps\":50", "\"slippageBps\":5000", "another slippageBps than asked"), ("BaseIn", "BaseOut", "another swapType than asked"),
        ("\"success\":true", "\"success\":\"true\"", "with success missing"), ("\"data\":{", "\"data\":[],\"x\":{", "with data missing"),
        ("\"feeRate\":25", "\"feeRate\":10001", "a fee above 100 %"),
        ("\"poolId\":\"BhQgvhYp\"", "\"poolId\":7", "with poolId missing"),
        ("\"BhQgvhYp\",\"inputMint\":\"So", "\"BhQgvhYp\",\"inputMint\":\"Xo", "another inputMint"),
        (
            "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v\",\"feeMint", "So11111111111111111111111111111111111111112\",\"feeMint",
            "ends in another token"
        ),
        ("\"routePlan\":[", "\"routePlan\":[],\"x\":[", "with routePlan missing"), ("{\"id\"", "[\"id\"", "no JSON object"),
    ])
    func `what Raydium cannot mean is refused in a sentence`(_ part: String, _ other: String, _ sentence: String) async throws {
        try await expectRefusal(.raydium, Captured.raydium.with(part, other), sentence)
    }

    @Test(arguments: [
        ("\"label\":\"Meteora DLMM\"", "\"label\":\"Whirlpool\"", "a route over another venue"),
        ("\"inAmount\":\"100000000\",\"outputMint\"", "\"inAmount\":\"99999999\",\"outputMint\"", "another inAmount than asked"),
        ("\"outAmount\":\"17057460\",\"fee", "\"outAmount\":\"17057459\",\"fee", "do not make up the whole"),
        ("\"inAmount\":\"100000000\",\"outAmount\"", "\"inAmount\":\"100000001\",\"outAmount\"", "do not make up the whole"),
        ("ExactIn", "ExactOut", "another swapMode than asked"),
        ("\"16886885\"", "\"17057461\"", "promises more than it offers"),
        ("\"17057460\",\"other", "[17057460],\"other", "with outAmount missing"),
        ("\"swapInfo\":{", "\"swapInfo\":1,\"x\":{", "with swapInfo missing"),
        ("\"ammKey\":\"HXp", "\"key\":\"HXp", "with ammKey missing"), ("{\"inputMint\"", "{\"inputMint\":1,\"inputMint\"", "no JSON object"),
    ])
    func `what Jupiter cannot mean is refused in a sentence`(_ part: String, _ other: String, _ sentence: String) async throws {
        try await expectRefusal(.meteora, Captured.meteora.with(part, other), sentence)
    }

    private func expectRefusal(_ kind: StubbedVenue.Kind, _ body: String, _ sentence: String) async throws {
        guard case .failure(let failure) = try await read(kind, body).result else { return #expect(Bool(false), "a quote") }
        #expect(failure.message.hasPrefix("\(kind.rawValue) ") && failure.message.contains(sentence), "\(failure.message)")
        #expect(failure.code == (sentence == "would pay nothing" ? .insufficientLiquidity : .venueUnavailable))
    }

    @Test func `the key goes to Jupiter alone`() async throws {
        for kind in StubbedVenue.Kind.allCases {
            var keys: [String] = []
            let stub = try StubbedVenue(kind, key: "hunter2") { _, head in
                keys += head.filter { $0.lowercased().hasPrefix("x-api-key") }
                return .reply(200, StubbedVenue.reply(kind))
            }
            _ = try await stub.quote().get()
            stub.api.close()
            #expect(keys == (kind == .meteora ? ["x-api-key: hunter2"] : []))
        }
    }
}
