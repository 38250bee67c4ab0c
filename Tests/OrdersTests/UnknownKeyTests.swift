import Dialects
import Orders
import Testing

@Suite struct UnknownKeyTests {
    private static func read(_ members: String) throws -> RequestReading {
        let body = #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5"# + (members.isEmpty ? "" : ",") + members + "}"
        return RequestReading(body: Array(body.utf8), vocabulary: Dialects.vocabulary, tokens: try Samples.tokens())
    }

    @Test(
        arguments: [
            ("slipage", "slippage"), ("Slippage", "slippage"), ("slippge", "slippage"), ("silppage", "slippage"), ("slippage_bps", "slippageBps"),
            ("slippagebps", "slippageBps"), ("slippageBPS", "slippageBps"), ("slippageBsp", "slippageBps"), ("maxSlippage", "max_slippage"),
            ("deadLine", "deadline"), ("Deadline", "deadline"), ("dead_line", "deadline"), ("dedline", "deadline"), ("user_ID", "userId"),
            ("userid", "userId"), ("usrId", "userId"), ("user", "userId"), ("tokenin", "tokenIn"), ("token-out", "tokenOut"),
            ("amount_in", "amountIn"), ("ammount", "amount"), ("order type", "orderType"), ("oderType", "orderType"),
            ("client_order_id", "clientOrderId"), ("clientOrderID", "clientOrderId"), ("idempotencyKey", "clientOrderId"),
            ("idempotency_key", "clientOrderId"), ("expiry", "expiresAt"), ("price", "limitPrice"), ("stop_price", "triggerPrice"),
            ("limitPrise", "limitPrice"), ("tif", "timeInForce"), ("callbackRate", "trailingBps"), ("qty", "amount"), ("clientOid", "clientOrderId"),
            ("new_client_order_id", "clientOrderId"), ("orderLinkId", "clientOrderId"), ("requestId", "clientOrderId"), ("orderKind", "orderType"),
            ("idempotncyKey", "clientOrderId"), ("quantiy", "amount"),
        ])
    func `Another spelling or a misspelling of a key is refused with the right name`(key: String, right: String) throws {
        let refusal = try #require(throws: RequestRefusal.self) { try Self.read(#""\#(key)":1"#).result.get() }
        #expect(refusal.code == .badRequest && refusal.errors.map(\.field) == [key])
        #expect(refusal.error.contains("the name is \(right)"), "\(refusal.error)")
    }

    @Test(
        arguments: [
            (#""type":"limit""#, "the name is orderType"), (#""type":1"#, "the name is orderType"),
            (#""limitPrice":500"#, "give an orderType"), (#""expiresAt":5"#, "give an orderType"), (#""side":"sell""#, "tokenIn is always sold"),
            (#""minAmountOut":1"#, "from the quote and slippage"), (#""MinReceived":1"#, "from the quote and slippage"),
            (#""timeInForce":"IOC""#, "give an orderType"), (#""postOnly":true"#, "no order books"), (#""dryRun":true"#, "GET /api/quotes"),
            (#""dry_run":1"#, "GET /api/quotes"), (#""amountOut":1"#, "amount is what is sold"),
            (#""swapMode":"ExactOut""#, "amount is what is sold"),
            (#""minAmoutOut":1"#, "from the quote and slippage"), (#""minOutputAmount":"142""#, "from the quote and slippage"),
            (#""minAmountReceived":1"#, "from the quote and slippage"), (#""targetPrice":1"#, "given as limitPrice"),
            (#""maxPrice":1"#, "given as limitPrice"), (#""direction":"buy""#, "tokenIn is always sold"),
            (#""orderSide":"buy""#, "tokenIn is always sold"), (#""isBuy":true"#, "tokenIn is always sold"), (#""dry_runs":true"#, "GET /api/quotes"),
            (#""expiresIn":5"#, "expiresAt"), (#""ttl":5"#, "deadline"), (#""toleranceBps":5"#, "slippageBps"),
            (#""slippageTolerance":1"#, "slippageBps"), (#""slippagePercent":1"#, "slippageBps"), (#""deadlineMs":1"#, "deadline"),
        ])
    func `A key that asks for what a market order cannot do is refused with the reason`(member: String, reason: String) throws {
        let refusal = try #require(throws: RequestRefusal.self) { try Self.read(member).result.get() }
        #expect(refusal.errors.count == 1 && refusal.error.contains(reason), "\(refusal.error)")
    }

    @Test func `Any other key is ignored and named, unless it is null`() throws {
        let reading = try Self.read(
            #""note":"x","walletAddress":{"a":[1]},"priorityFee":1,"account":"a","orderId":"o","x":0,"tag":null,"dryRun":false"#)
        #expect(throws: Never.self) { try reading.result.get() }
        #expect(reading.warnings.map(\.field) == ["note", "walletAddress", "priorityFee", "account", "orderId", "x", "dryRun"])
        #expect(reading.warnings.first?.message == "note is not known here and was ignored")
    }

    @Test func `What is warned of is bounded in count and length`() throws {
        let many = (0..<1000).map { #""zz\#($0)zzz":1"# }.joined(separator: ",")
        let reading = try Self.read(#""\#(String(repeating: "q", count: 5000))":1,"日本":1,"# + many)
        #expect(reading.warnings.count == 9 && reading.warnings.allSatisfy { $0.message.utf8.count < 200 })
        #expect(reading.warnings.last?.message.contains("994 more keys") == true)
        #expect(reading.warnings[1].message == "a key with other than ASCII letters is not known here and was ignored")
        #expect(throws: Never.self) { try reading.result.get() }
    }

    @Test(arguments: [(#""slippage":0.5"#, "50 %"), (#""slippageBps":1001"#, "10.01 %"), (#""slippage":0.1"#, nil)])
    func `A limit above 10 % is warned of`(member: String, percent: String?) throws {
        let warnings = try Self.read(member).warnings
        #expect(warnings.count == (percent == nil ? 0 : 1))
        if let percent { #expect(warnings.first?.message.contains("by \(percent), which is more than 10 %") == true, "\(warnings)") }
    }

    @Test(
        arguments: [
            #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,"slippage":0.01}"#,
            #"{"inputToken":"SOL","outputToken":"USDC","amount":10,"userId":"harsh"}"#,
            #"{"tokenIn":"SOL","tokenOut":"USDC","amountIn":10,"slippage":0.01}"#,
            #"{"token_in":"SOL","token_out":"USDC","amount":12.5,"order_type":"market","max_slippage":0.05}"#,
        ])
    func `Nothing that a dialect's request has is warned of`(body: String) throws {
        let reading = RequestReading(body: Array(body.utf8), vocabulary: Dialects.vocabulary, tokens: try Samples.tokens())
        #expect(throws: Never.self) { try reading.result.get() }
        #expect(reading.warnings.isEmpty)
    }
}
