import EventLoop
import JSON
import TestSupport
import Testing

/// Tests orders over live venues: the services as they are built, and stubs that answer as the venues' APIs do.
@Suite("Live venues", .onLoop) @ServiceActor
struct LiveVenueTests {
    private static let timeout = Duration.milliseconds(1500)

    /// Replies at a price for any requested amount. `change` makes them wrong.
    private static func raydium(out: UInt64, _ change: (String) -> String = { $0 }) -> @ServiceActor (String, [String]) -> StubAPI.Answer {
        { target, _ in
            let asked = parameters(target)
            let (from, to) = (asked["inputMint"] ?? "", asked["outputMint"] ?? "")
            return .reply(
                200,
                #"{"id":"1","success":true,"version":"V1","data":{"inputMint":"\#(from)","inputAmount":"\#(asked["amount"] ?? "")","#
                    + #""outputMint":"\#(to)","outputAmount":"\#(out)","otherAmountThreshold":"\#(out / 100 * 99)","priceImpactPct":0.01,"#
                    + #""routePlan":[{"poolId":"pool-r","inputMint":"\#(from)","outputMint":"\#(to)","feeRate":25}]}}"#)
        }
    }

    private static func meteora(out: UInt64, label: String = "Meteora DLMM") -> @ServiceActor (String, [String]) -> StubAPI.Answer {
        { target, _ in
            let asked = parameters(target)
            let pair = #""inputMint":"\#(asked["inputMint"] ?? "")","outputMint":"\#(asked["outputMint"] ?? "")","#
            let amounts = #""inAmount":"\#(asked["amount"] ?? "")","outAmount":"\#(out)""#
            return .reply(
                200,
                #"{\#(pair)\#(amounts),"otherAmountThreshold":"\#(out / 100 * 99)","routePlan":["#
                    + #"{"swapInfo":{"ammKey":"pool-m","label":"\#(label)",\#(pair)\#(amounts)},"percent":100}]}"#)
        }
    }

    private static func parameters(_ target: String) -> [String: String] {
        let pairs = (target.split(separator: "?").last ?? "").split(separator: "&").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        return pairs.reduce(into: [:]) { $0[$1[0]] = $1.count > 1 ? $1[1] : "" }
    }

    /// Runs an engine over two stubs.
    private func withVenues(
        _ raydium: @escaping @ServiceActor (String, [String]) -> StubAPI.Answer,
        _ meteora: @escaping @ServiceActor (String, [String]) -> StubAPI.Answer,
        _ body: @ServiceActor (Engine, StubAPI, StubAPI) async throws -> Void
    ) async throws {
        let (first, second) = (try StubAPI(raydium), try StubAPI(meteora))
        defer {
            first.close()
            second.close()
        }
        let settings = [
            "VENUES": "live", "RAYDIUM_API_URL": first.url, "JUPITER_API_URL": second.url + "/", "JUPITER_API_KEY": "hunter2-secret",
            "QUOTE_TIMEOUT_MS": "1500", "LOG_LEVEL": "debug",
        ]
        // The time-outs of venues are short, so the machine must not be busy with the servers of a cluster.
        let engine = try await Engine(Stack.start(StackOptions(settings: settings, redisLayout: .single)))
        do { try await body(engine, first, second) } catch {
            print(engine.stack.report())
            await engine.stop(keepingLogs: false)
            throw error
        }
        await engine.stop(keepingLogs: false)
    }

    /// The event of an order that has the quotes.
    private func routed(_ engine: Engine, _ id: String) async throws -> JSONValue {
        let events = try await engine.events(id).map { try JSONValue.parse($0) }
        return try #require(events.first { $0["type"]?.string == "routing" && $0["progress"]?.integer == 30 })
    }

    @Test func `Orders are filled at the better live price, and the key is in no log`() async throws {
        try await withVenues(Self.raydium(out: 217_000_000), Self.meteora(out: 218_000_000)) { engine, raydium, jupiter in
            let id = try await engine.place()
            try await engine.audit([id])
            let event = try await routed(engine, id)
            #expect(event["chosenDex"]?.string == "meteora" && event["quotes"]?.array?.count == 2 && event["unavailable"] == nil)
            #expect(event["quote"]?["amountOut"]?.string == "218000000" && event["quote"]?["minReceived"]?.string == "215820000")
            #expect(try await engine.show(id)["amountOut"]?.string == "218000000")
            let shown = try await engine.send("GET", "/api/quotes?tokenIn=SOL&tokenOut=USDC&amount=1.5", to: .router)
            #expect(shown.status == 200 && shown.json["best"]?.string == "meteora")
            // One connection is for the order, the other for the preview.
            #expect(raydium.accepted == 2 && jupiter.accepted == 2)
            #expect(!engine.stack.log(.router).contains("hunter2"))
        }
    }

    private enum Fault: CaseIterable { case dead, slow, lying, wrongLabel }

    @Test(arguments: Fault.allCases)
    private func `With one venue dead, slow or lying, orders go over the other within the deadline, and their event says why`(_ fault: Fault)
        async throws
    {
        let other: @ServiceActor (String, [String]) -> StubAPI.Answer =
            switch fault {
            case .dead: { _, _ in .reset }
            case .slow: { _, _ in .silence }
            case .lying: Self.meteora(out: 9_000_000_000_000_000_000)
            case .wrongLabel: Self.meteora(out: 218_000_000, label: "Whirlpool")
            }
        let reason =
            switch fault {
            case .dead: "meteora ended the connection within its answer"
            case .slow: "meteora did not answer in time"
            case .lying: "meteora offers more than 10 times the price of POOLS_FILE, and no other venue confirms it"
            case .wrongLabel: "meteora answered with a route over another venue"
            }
        try await withVenues(Self.raydium(out: 217_000_000), other) { engine, _, _ in
            let start = MonotonicInstant.now
            let id = try await engine.place()
            try await engine.wait(id, for: ["routed", "building", "submitted", "confirmed"])
            #expect(start.elapsed < Self.timeout + .seconds(2))
            try await engine.audit([id])
            let event = try await routed(engine, id)
            #expect(event["chosenDex"]?.string == "raydium" && event["quotes"]?.array?.count == 1)
            let unavailable = try #require(event["unavailable"]?.array?.first)
            #expect(unavailable["dex"]?.string == "meteora" && unavailable["code"]?.string == "VENUE_UNAVAILABLE")
            #expect(unavailable["message"]?.string?.hasPrefix(reason) == true, "\(unavailable)")

            // After a few more failures the venue is left out, and no order waits for it any more.
            _ = try await engine.place(count: 8)
            if fault == .slow {
                try await eventually { engine.stack.log(.router).contains("venue.left_out") }
                let quick = MonotonicInstant.now
                let answer = try await engine.send("GET", "/api/quotes?tokenIn=SOL&tokenOut=USDC&amount=1.5", to: .router)
                #expect(answer.json["best"]?.string == "raydium" && quick.elapsed < Self.timeout / 2)
                #expect(answer.json["unavailable"]?.array?.first?["message"]?.string?.hasPrefix("meteora is left out for ") == true)
            }
        }
    }
}
