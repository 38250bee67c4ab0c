import JSON

@testable import Dialects
@testable import Orders

extension FuzzTarget {
    /// The body of an order, in any dialect, and the values of its idempotency headers after it.
    static let orderBody = FuzzTarget(name: "order-body") { input in
        let parts = input.parts
        let keys = parts.dropFirst().map(\.text)
        let reading = reading(parts[0], keys)
        try hold(reading.warnings.count <= 16, "warnings are bounded")
        try holdJSON(Dialects.answer(answer, to: reading), "the answer")
        switch reading.result {
        case .failure(let refusal): try hold(!refusal.error.isEmpty, "a refusal says why")
        case .success(let request):
            try holdBounds(request)
            try holdStored(request)
            try hold((try? FuzzTarget.reading(Array(own(request).utf8), []).result.get()) == request, "the engine's own words mean the same order")
            try holdAnyOrder(parts[0], keys, reading)
        }
    }

    static let sampleID = OrderID(parsing: "0198c1f2-0000-7000-8000-000000000000")!
    static let now: UInt64 = 1_768_030_217_789
    private static let answer = AcceptedOrder(sampleID, job: "1-0", slippageBps: 100, warnings: [], socketOrigin: "ws://localhost:3000")

    private static func reading(_ body: [UInt8], _ keys: [String]) -> RequestReading {
        RequestReading(body: body, idempotencyKeys: keys, vocabulary: Dialects.vocabulary, tokens: SampleTokens.list)
    }

    private static func holdBounds(_ request: OrderRequest) throws(BrokenClaim) {
        try hold(request.amountIn.value > 0, "an amount is above 0")
        try hold((1...5000).contains(request.slippageBps), "slippage is within its bounds")
        try hold(request.tokenIn.mint != request.tokenOut.mint, "the tokens differ")
        try hold(request.userId.map { (1...255).contains($0.text.unicodeScalars.count) } ?? true, "the user is within its bounds")
        try hold(request.idempotencyKey.map { (1...255).contains($0.utf8.count) } ?? true, "the key is within its bounds")
        if case .after(let seconds) = request.deadline { try hold((1...86_400).contains(seconds), "a deadline is at most a day away") }
    }

    private static func holdStored(_ request: OrderRequest) throws(BrokenClaim) {
        let order = request.order(id: sampleID, now: now, maxAttempts: 3, owner: Owner(key: "bot"), newID: { sampleID })
        try hold((try? Order(json: order.json)) == order, "a stored order is read back the same")
    }

    private static func own(_ request: OrderRequest) -> String {
        JSONWriter.object {
            $0.field("tokenIn", request.tokenIn.mint)
            $0.field("tokenOut", request.tokenOut.mint)
            $0.field("amount", request.amountIn.decimalText(decimals: request.tokenIn.decimals))
            $0.number("slippage", request.slippage)
            $0.field("userId", ifPresent: request.userId)
            $0.field("clientOrderId", ifPresent: request.idempotencyKey)
            switch request.deadline {
            case nil: break
            case .at(let time): $0.field("deadline", Timestamp.text(milliseconds: time))
            case .after(let seconds): $0.field("deadline", seconds)
            }
        }
    }

    private static func holdAnyOrder(_ body: [UInt8], _ keys: [String], _ reading: RequestReading) throws {
        guard let members = try JSONValue.parse(body).object else { return }
        let again = FuzzTarget.reading(Array(JSONValue.object(members.reversed()).serialized.utf8), keys)
        try hold(try again.result.get() == reading.result.get() && again.claim == reading.claim, "the order of the members does not matter")
    }
}

/// The tokens of all targets.
enum SampleTokens {
    static let sol = Token(symbol: "SOL", name: "Solana", mint: Token.wrappedSOL, decimals: 9)
    static let usdc = Token(symbol: "USDC", name: "USD Coin", mint: "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", decimals: 6)
    static let list = try! TokenList(bytes: Array(JSONWriter.value([sol, usdc]).utf8))
}
