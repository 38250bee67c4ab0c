import EventLoop
import JSON
import TestSupport
import Testing

@Suite("Failures", .onLoop) @ServiceActor
struct FailureTests {
    @Test(.engine(settings: ["MOCK_FAILURE_RATE": "1"]))
    func `An order whose transactions all fail ends after three attempts, with every step told`() async throws {
        let engine = Engine.current
        let id = try await engine.place()
        let told = try await engine.socket("/ws/orders/\(id)").conversation()
        try await engine.audit([id])
        let events = try await engine.events(id).map { try JSONValue.parse($0) }
        #expect(events.map(Step.init) == Step.accepted + Step.routed + failingAttempts)

        let failures = events.filter { $0["type"]?.string == "execution-failed" }
        #expect(failures.map { $0["error"]?["code"]?.string } == ["NETWORK", "NETWORK", "NETWORK"])
        #expect(failures.map { $0["transient"]?.bool } == [true, true, true])
        #expect(failures.map { $0["retriesRemaining"]?.integer } == [2, 1, 0])
        #expect(Set(failures.map { $0["txHash"]?.string ?? "" }).count == 3)
        let waits = events.filter { $0["type"]?.string == "retry-pending" }
        #expect(waits.map { $0["nextAttempt"]?.integer } == [2, 3])
        let delays = waits.compactMap { $0["delayMs"]?.integer }
        #expect(delays.count == 2 && 100...120 ~= delays[0] && 200...240 ~= delays[1])
        #expect(events.last?["totalAttempts"]?.integer == 3)
        #expect(events.last?["error"]?.serialized == #"{"code":"NETWORK","message":"Transaction failed on the network","retryable":true}"#)
        #expect(try await engine.landed(id).isEmpty)

        #expect(told.closeCode == 1000)
        #expect(told.json.last?["message"]?.string == "Transaction failed on the network")
        #expect(told.json.contains { $0["message"]?.string == "Retrying in 0.1 s (attempt 2/3)" && $0["status"]?.string == "building" })
        let shown = try await engine.show(id)
        #expect(shown["status"]?.string == "failed" && shown["attempts"]?.integer == 3)
        #expect(shown["lastError"]?.string == "Transaction failed on the network")
    }

    private var failingAttempts: [Step] {
        (Int64(1)...3).flatMap { number in
            let submitted = 75 + 5 * number
            let next = number < 3 ? Step("retry-pending", "building", submitted) : Step("failed", "failed", 0)
            return Step.attempt(number) + [Step("execution-failed", "submitted", submitted), next]
        }
    }

    @Test(.engine(settings: ["MOCK_VOLATILITY_BPS": "10"]))
    func `A price that has moved too far is quoted again, and never filled below the guard`() async throws {
        let engine = Engine.current
        let ids = try await engine.place(count: 12, #"{"tokenIn":"SOL","tokenOut":"USDC","amount":50,"slippageBps":1}"#)
        try await engine.audit(ids)
        var requotes = 0
        for id in ids {
            let events = try await engine.events(id).map { try JSONValue.parse($0) }
            for (event, next) in zip(events, events.dropFirst()) where event["type"]?.string == "execution-failed" {
                try checkSlippage(event)
                if next["type"]?.string == "retry-pending" {
                    requotes += 1
                    #expect(next["status"]?.string == "routing")
                }
            }
            #expect(events.count { Step($0) == Step("routing", "routing", 10) } == events.last?["attempt"]?.integer.map { Int($0) })
            try checkFill(id, events.last, try await engine.landed(id).first)
        }
        // The first swap presses the price for the orders that were quoted beside it.
        #expect(requotes > 0)
    }

    private func checkSlippage(_ event: JSONValue) throws {
        let error = try #require(event["error"])
        #expect(error["code"]?.string == "SLIPPAGE_EXCEEDED" && event["status"]?.string == "submitted")
        let (expected, got, limit) = (try units(error["expected"]), try units(error["got"]), try units(error["limit"]))
        #expect(got < limit && limit == (expected * 9999 + 9999) / 10_000)
        #expect(error["message"]?.string?.hasPrefix("Price moved ") ?? false)
        #expect(error["message"]?.string?.hasSuffix("% (max allowed: 0.01%)") ?? false)
    }

    private func checkFill(_ id: String, _ last: JSONValue?, _ landed: [String: String]?) throws {
        guard last?["status"]?.string == "confirmed" else { return #expect(landed == nil) }
        let quoted = try units(last?["quote"]?["amountOut"])
        #expect(try units(last?["amountOut"]) * 10_000 >= quoted * 9999)
        #expect(landed?["amountOut"] == last?["amountOut"]?.string, "\(id)")
        #expect(landed?["signature"] == last?["txHash"]?.string, "\(id)")
    }

    private func units(_ value: JSONValue?) throws -> UInt64 { try #require(value?.string.flatMap { UInt64($0) }) }

    @Test(.engine())
    func `An order that no pool can route fails at once`() async throws {
        let engine = Engine.current
        let id = try await engine.place(#"{"tokenIn":"WIF","tokenOut":"PYTH","amount":1}"#)
        try await engine.audit([id])
        let events = try await engine.events(id).map { try JSONValue.parse($0) }
        #expect(events.map { $0["type"]?.string } == ["pending", "routing", "execution-failed", "failed"])
        #expect(events.last?["error"]?["code"]?.string == "NO_ROUTE")
        #expect(try await engine.send("GET", "/api/quotes?tokenIn=WIF&tokenOut=PYTH&amount=1", to: .router).json["code"]?.string == "NO_ROUTE")
    }
}
