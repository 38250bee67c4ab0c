import JSON
import Orders
import Testing

@Suite struct OrderViewTests {
    private static let keys = [
        "success", "id", "orderId", "clientOrderId", "orderType", "tokenIn", "tokenOut", "tokenInMint", "tokenOutMint", "amount",
        "amountIn", "amountInDecimal", "slippage", "slippageBps", "status", "userId", "quotes", "chosenDex", "reason", "txHash", "executedPrice",
        "amountOut",
        "amountOutDecimal", "amountOutBase", "realisedSlippageBps", "legs", "filled", "stageMs", "attempts", "lastError", "logs", "createdAt",
        "updatedAt",
    ]

    @Test func `a new order has every key and null where empty`() throws {
        let order = Order(
            id: Samples.id, tokenIn: Samples.sol, tokenOut: Samples.usdc, amountIn: BaseUnits(25_000_000_000), slippageBps: 100, slippage: "0.01",
            createdAt: 1_768_030_217_789, maxAttempts: 3, fingerprint: "f")
        let view = OrderView(order: order, events: [EventTests.event(1, .pending, .pending, 0, EventMessage.pending)])
        #expect(
            view.json() == #"{"success":true,"id":"\#(order.id)","orderId":"\#(order.id)","clientOrderId":null,"orderType":"market","#
                + #""tokenIn":"SOL","tokenOut":"USDC","tokenInMint":"\#(Samples.solMint)","tokenOutMint":"\#(Samples.usdcMint)","amount":"25","#
                + #""amountIn":"25000000000","amountInDecimal":"25","#
                + #""slippage":0.01,"slippageBps":100,"status":"pending","userId":null,"quotes":null,"chosenDex":null,"reason":null,"txHash":null,"#
                + #""executedPrice":null,"amountOut":null,"amountOutDecimal":null,"amountOutBase":null,"#
                + #""realisedSlippageBps":null,"legs":null,"filled":null,"stageMs":null,"attempts":1,"lastError":null,"#
                + #""logs":[{"timestamp":"2026-01-10T07:30:01.000Z","status":"pending","message":"Order created and queued"}],"#
                + #""createdAt":"2026-01-10T07:30:17.789Z","updatedAt":"2026-01-10T07:30:01.000Z"}"#)
    }

    @Test func `a filled order shows the newest of everything`() throws {
        var routed = EventTests.event(2, .routing, .routing, 30, "Received 2 quotes")
        routed.chosenDex = "meteora"
        routed.quotes = [Samples.meteora, Samples.raydium]
        routed.reason = "meteora: 218.22 against 217.98, +11 bps"
        var failed = EventTests.event(3, .executionFailed, .submitted, 80, "lost")
        failed.error = OrderFailure(.network)
        failed.txHash = "first"
        var confirmed = EventTests.event(4, .confirmed, .confirmed, 100, EventMessage.confirmed)
        confirmed.attempt = 2
        confirmed.chosenDex = "raydium"
        confirmed.txHash = "second"
        confirmed.executedPrice = "145.3"
        confirmed.amountOut = BaseUnits(217_950_000)
        confirmed.amountOutDecimal = "217.95"
        confirmed.realisedSlippageBps = 1
        confirmed.stageMs = StageTimes(pending: 1, routing: 20, building: nil, submitted: 300, total: 321)
        confirmed.legs = [OrderLeg(0, Samples.raydium), OrderLeg(1, Samples.meteora)]
        let view = OrderView(order: Samples.order, events: [EventTests.event(1, .pending, .pending, 0, "p"), routed, failed, confirmed])
        let value = try JSONValue.parse(view.json())
        #expect(value.object?.map(\.name) == Self.keys)
        let texts = [
            "clientOrderId": "key-1", "amount": "1.5", "status": "confirmed", "userId": "harsh", "chosenDex": "raydium", "txHash": "second",
            "executedPrice": "145.3", "amountIn": "1500000000", "amountInDecimal": "1.5", "amountOut": "217950000",
            "amountOutDecimal": "217.95", "amountOutBase": "217950000", "lastError": "Transaction failed on the network",
            "reason": "meteora: 218.22 against 217.98, +11 bps",
            "updatedAt": "2026-01-10T07:30:04.000Z",
        ]
        for (name, text) in texts { #expect(value[name]?.string == text, "\(name)") }
        #expect(value["slippage"]?.number == "0.010" && value["attempts"]?.integer == 2 && value["realisedSlippageBps"]?.integer == 1)
        #expect(value["stageMs"]?.serialized == #"{"pending":1,"routing":20,"submitted":300,"total":321}"#)
        #expect(value["legs"]?.array?.map { $0["quote"]?["dex"]?.string } == ["raydium", "meteora"] && value["filled"]?.isNull == true)
        #expect(value["quotes"]?.array?.map { $0["dex"]?.string } == ["meteora", "raydium"])
        #expect(value["logs"]?.array?.map { $0["status"]?.string } == ["pending", "routing", "submitted", "confirmed"])
        #expect(try JSONValue.parse(view.json(includesSuccess: false)).object?.map(\.name) == Array(Self.keys.dropFirst()))
    }

    @Test func `a whole route after a split one has no legs`() {
        var split = EventTests.event(1, .routing, .routing, 30, "r")
        (split.chosenDex, split.legs) = ("raydium+meteora", [OrderLeg(0, Samples.raydium), OrderLeg(1, Samples.meteora)])
        let failed = EventTests.event(2, .executionFailed, .submitted, 80, "lost")
        #expect(OrderView(order: Samples.order, events: [split, failed]).legs?.count == 2)
        var whole = EventTests.event(3, .routing, .routing, 30, "r")
        whole.chosenDex = "raydium"
        #expect(OrderView(order: Samples.order, events: [split, failed, whole]).legs == nil)
    }
}
