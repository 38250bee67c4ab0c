import EventLoop
import JSON
import TestSupport
import Testing

@Suite("Split orders", .onLoop) @ServiceActor
struct SplitTests {
    private static let order = #"{"tokenIn":"SOL","tokenOut":"USDC","amount":60,"slippage":0.05}"#

    @Test(
        .engine(settings: [
            "ROUTING": "split", "SPLIT_MIN_GAIN_BPS": "0", "MOCK_FAILURE_RATE": "0.3", "MAX_ATTEMPTS": "10", "RETRY_BASE_MS": "1",
        ]))
    func `A split order is filled leg by leg, however many of its transactions fail on the way`() async throws {
        let engine = Engine.current
        let ids = try await engine.place(count: 20, Self.order)
        try await engine.audit(ids)
        var retried = 0
        for id in ids {
            #expect(try await engine.state(id) == "confirmed")
            let last = try #require(try await engine.events(id).last.map { try JSONValue.parse($0) })
            let legs = try #require(last["legs"]?.array, "\(id) is not split")
            let landed = try await engine.landed(id)
            #expect(Set(landed.map { $0["signature"] }) == Set(legs.map { $0["txHash"]?.string }))
            #expect(landed.reduce(0) { $0 + (UInt64($1["amountIn"] ?? "") ?? 0) } == 60_000_000_000)
            #expect(landed.reduce(0) { $0 + (UInt64($1["amountOut"] ?? "") ?? 0) } == UInt64(last["amountOut"]?.string ?? ""))
            #expect(try await engine.show(id)["legs"] == last["legs"])
            retried += Set(landed.map { $0["attempt"] }).count > 1 ? 1 : 0
        }
        // Some orders have legs that landed in different attempts.
        #expect(retried > 0)
    }

    @Test(
        .engine(settings: [
            "ROUTING": "split", "SPLIT_MIN_GAIN_BPS": "0", "MOCK_FAILURE_RATE": "0.5", "MAX_ATTEMPTS": "2",
        ]))
    func `When a leg fails for good the order fails with what was filled, and what has landed cannot be called back`() async throws {
        let engine = Engine.current
        let ids = try await engine.place(count: 16, Self.order)
        try await engine.audit(ids)
        var partly = 0
        for id in ids where try await engine.state(id) == "failed" {
            let view = try await engine.show(id)
            let landed = try await engine.landed(id)
            guard !landed.isEmpty else {
                #expect(view["filled"]?.isNull == true)
                continue
            }
            partly += 1
            #expect(view["filled"]?["amountIn"]?.string == String(landed.reduce(0) { $0 + (UInt64($1["amountIn"] ?? "") ?? 0) }))
            #expect(view["filled"]?["amountOut"]?.string == String(landed.reduce(0) { $0 + (UInt64($1["amountOut"] ?? "") ?? 0) }))
            #expect(view["lastError"]?.string?.contains(" of 60 SOL were filled for ") == true)
        }
        #expect(partly > 0)
    }

    @Test(.engine(settings: ["ROUTING": "split", "MOCK_VOLATILITY_BPS": "0", "MOCK_FAILURE_RATE": "0"]))
    func `Of an order that is tried once the part that meets its limit is filled, unless it wants the whole or nothing`() async throws {
        let engine = Engine.current
        func order(_ time: String, _ amount: Int = 9000, at price: String = "149") -> String {
            #"{"tokenIn":"SOL","tokenOut":"USDC","amount":\#(amount),"orderType":"limit","limitPrice":\#(price),"timeInForce":"\#(time)"}"#
        }
        // Meteora pays 149.71 for some SOL, and Raydium 149.55: one pool fills the part, and there are no legs.
        let alone = try await engine.place(order("ioc", 200, at: "149.65"))
        try await engine.waitForEnd([alone], within: .seconds(20))
        let swaps = try await engine.landed(alone)
        let last = try #require(try await engine.events(alone).last.map { try JSONValue.parse($0) })
        #expect(swaps.count == 1 && last["legs"] == nil && last["txHash"]?.string == swaps.first?["signature"])
        #expect(last["filled"]?["amountIn"]?.string == swaps.first?["amountIn"] && last["error"]?["code"]?.string == "LIMIT_NOT_MET")
        let placed = try await engine.post(order("ioc"))
        #expect(placed.json["summary"]?.string == "Sell 9000 SOL, for at least 1341000 USDC, or perhaps only a part, at 149 USDC or better")
        let part = try #require(placed.json["orderId"]?.string)
        let whole = try await engine.place(order("fok"))
        try await engine.audit([alone, part, whole])
        let view = try await engine.show(part)
        let end = try #require(try await engine.events(part).last.map { try JSONValue.parse($0) })
        #expect(end["type"]?.string == "failed" && end["error"]?["code"]?.string == "LIMIT_NOT_MET")
        let landed = try await engine.landed(part)
        let (paid, got) = (Self.sum("amountIn", landed), Self.sum("amountOut", landed))
        #expect(paid > 0 && paid < 9_000_000_000_000 && view["filled"]?["amountIn"]?.string == String(paid))
        #expect(view["filled"]?["amountOut"]?.string == String(got) && UInt128(got) * 1000 >= UInt128(paid) * 149)
        #expect(view["lastError"]?.string?.contains(" of 9000 SOL were filled for ") == true)
        let none = try await engine.landed(whole)
        #expect(try await engine.state(whole) == "failed" && none.isEmpty)
    }

    private static func sum(_ name: String, _ landed: [[String: String]]) -> UInt64 { landed.reduce(0) { $0 + (UInt64($1[name] ?? "") ?? 0) } }
}
