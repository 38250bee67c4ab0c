import Configuration
import EventLoop
import HTTP
import JSON
import Markets
import Orders
import ServiceKit
import TestSupport
import Testing

@testable import RouterService

@Suite(.onLoop) @ServiceActor
struct QuoteRoutesTests {
    private func withRoutes(
        _ venues: [FakeVenue], _ variables: [String: String] = [:], fresh: Duration? = nil,
        _ body: @ServiceActor (HTTPExchange) async throws -> Void
    ) async throws {
        let settings = try load(RouterSettings.self, redis: "redis://127.0.0.1:1", variables)
        let process = ServiceProcess.unconnected(settings)
        let desk = QuoteDesk(venues: venues, timeout: .milliseconds(100), metrics: process.metrics)
        var limits = PreviewDesk.Limits()
        limits.fresh = fresh
        QuoteRoutes(desk: PreviewDesk(desk, limits: limits, metrics: process.metrics), tokens: try Samples.tokens()).add(to: process.router)
        try await withServer(process, body)
    }

    @Test func `an answer that is shared costs its caller as much as any`() async throws {
        let venue = FakeVenue("raydium", .quote(217_980_000))
        try await withRoutes([venue], ["CALLER_QUOTES_PER_S": "1"], fresh: .seconds(60)) { http in
            var statuses: [Int] = []
            for _ in 0..<20 { statuses.append(try await http.get("/api/quotes?tokenIn=SOL&tokenOut=USDC&amount=1.5").status) }
            #expect(statuses.prefix(2) == [200, 200] && statuses.contains(429), "\(statuses)")
            #expect(venue.asked == 1)
        }
    }

    @Test func `whoever may not ask gets no shared answer either`() async throws {
        try await withKeys { keys in
            let venue = FakeVenue("raydium", .quote(217_980_000))
            try await withRoutes([venue], ["API_KEYS_FILE": keys.path], fresh: .seconds(60)) { http async throws in
                let path = "/api/quotes?tokenIn=SOL&tokenOut=USDC&amount=1.5"
                #expect(try await http.get(path, keys.header("bot")).status == 200)
                #expect(try await http.get(path).status == 401)
                #expect(try await http.get(path, keys.header("trader")).status == 403)
                #expect(try await http.get(path, keys.header("ant")).status == 200 && venue.asked == 1)
            }
        }
    }

    @Test func `a page of another site cannot make the engine ask the venues`() async throws {
        let venue = FakeVenue("raydium", .quote(217_980_000))
        try await withRoutes([venue]) { http in
            let path = "/api/quotes?tokenIn=SOL&tokenOut=USDC&amount=1.5"
            for header in ["Sec-Fetch-Site: cross-site", "Origin: https://evil.example"] {
                let answer = try await http.get(path, header)
                #expect(answer.status == 403 && answer["code"]?.string == "ORIGIN_NOT_ALLOWED", "\(header): \(answer.body)")
            }
            let own = try await http.get(path, "Origin: http://engine.test")
            #expect(own.status == 200)
        }
    }

    @Test func `a quote shows every offer, best first, who has none, and the guard of the best`() async throws {
        let venues = [FakeVenue("raydium", .quote(217_980_000)), FakeVenue("meteora", .quote(218_220_001)), FakeVenue("orca", .failure(.noRoute))]
        let (best, second) = (Samples.quote("meteora", amountOut: 218_220_001), Samples.quote("raydium", amountOut: 217_980_000))
        try await withRoutes(venues) { http in
            let answer = try await http.get("/api/quotes?tokenIn=sol&tokenOut=USDC&amount=1.5&slippageBps=50")
            #expect(answer.status == 200)
            try expectMembers(
                answer.body,
                #"{"tokenIn":"SOL","tokenOut":"USDC","amountIn":"1500000000","amountInDecimal":"1.5","slippageBps":50,"#
                    + #""quotes":[\#(best.json),\#(second.json)],"#
                    + #""unavailable":[{"dex":"orca","code":"NO_ROUTE","message":"No route found for this token pair"}],"best":"meteora","#
                    + #""amountOut":"218220001","amountOutDecimal":"218.220001","feeBps":\#(best.feeBps),"#
                    + #""priceImpactPct":"\#(best.priceImpactPct)","minReceived":"217128901","minReceivedDecimal":"217.128901","#
                    + #""reason":"meteora: 218.220001 against 217.98, +11 bps"}"#)
        }
    }

    @Test(
        arguments: [
            (FakeVenue.Answer.failure(.noRoute), 422, "NO_ROUTE"), (.failure(.insufficientLiquidity), 422, "INSUFFICIENT_LIQUIDITY"),
            (.silence, 503, "VENUE_UNAVAILABLE"), (.failure(.quoteRefused), 422, "QUOTE_REFUSED"),
        ])
    func `without an offer the answer says whether one may come later`(_ answer: FakeVenue.Answer, _ status: Int, _ code: String) async throws {
        try await withRoutes([FakeVenue("raydium", answer)]) { http in
            let refusal = try await http.get("/api/quotes?tokenIn=SOL&tokenOut=USDC&amount=1.5")
            #expect(refusal.status == status && refusal["code"]?.string == code)
            #expect((refusal.header("Retry-After") != nil) == (status == 503))
        }
    }

    @Test(
        arguments: [
            ("", ["tokenIn", "tokenOut", "amount"]), ("tokenIn=SOL&tokenOut=SOL&amount=1", ["tokenOut"]),
            ("tokenIn=NOPE&tokenOut=USDC&amount=1", ["tokenIn"]), ("tokenIn=SOL&tokenOut=USDC&amount=0", ["amount"]),
            ("tokenIn=SOL&tokenOut=USDC&amount=1e", ["amount"]), ("tokenIn=SOL&tokenOut=USDC&amount=0.0000000001", ["amount"]),
            ("tokenIn=SOL&tokenOut=USDC&amount=-1", ["amount"]), ("tokenIn=SOL&tokenOut=USDC&amount=18446744074", ["amount"]),
            ("tokenIn=SOL&tokenOut=USDC&amount=1&slippageBps=0", ["slippageBps"]),
            ("tokenIn=SOL&tokenOut=USDC&amount=1&slippageBps=5001", ["slippageBps"]),
            ("tokenIn=SOL&tokenOut=USDC&amount=1&slippageBps=1.5", ["slippageBps"]),
            ("tokenIn=SOL&tokenOut=USDC&amount=x&slippageBps=", ["amount", "slippageBps"]),
        ])
    func `what is wrong with the parameters is named, all at once`(_ query: String, _ fields: [String]) async throws {
        let venue = FakeVenue("raydium", .quote(1))
        try await withRoutes([venue]) { http in
            let refusal = try await http.get("/api/quotes?\(query)")
            #expect(refusal.status == 400 && refusal["code"]?.string == "BAD_REQUEST")
            #expect(refusal["errors"]?.array?.compactMap { $0["field"]?.string } == fields, "\(refusal.body)")
            #expect(venue.asked == 0)
        }
    }
}
