import JSON

@testable import HTTP
@testable import Orders
@testable import Venues

extension FuzzTarget {
    /// A venue's answer: its body, then perhaps its status, `Retry-After`, `x-ratelimit-reset`, `Date` and `Content-Encoding`.
    static let venueReply = FuzzTarget(name: "venue-reply") { input in
        let parts = input.parts
        var headers = HTTPHeaders()
        for (name, value) in zip(["retry-after", "x-ratelimit-reset", "date", "content-encoding"], parts.dropFirst(2)) where !value.contains(0) {
            headers.append(name: Array(name.utf8), value: value)
        }
        let status = parts.count > 1 ? Int(parts[1].text) ?? 200 : 200
        let response = HTTPClientResponse(status: status, headers: headers, body: parts[0], usedKeptConnection: false)
        try holdQuote(raydiumRequest) { () throws(NoQuote) in try RaydiumVenue.read(response, raydiumRequest) }
        try holdQuote(meteoraRequest) { () throws(NoQuote) in try MeteoraVenue.read(response, meteoraRequest) }
        if let wait = RetryAdvice.wait(response, now: Int64(now / 1000)) {
            try hold((Duration.zero...(.seconds(86_400))).contains(wait), "a wait is at most a day")
        }
    }

    private static let raydiumRequest = QuoteRequest(
        tokenIn: SampleTokens.sol, tokenOut: SampleTokens.usdc, amountIn: BaseUnits(5_000_000_000), slippageBps: 50)
    private static let meteoraRequest = QuoteRequest(
        tokenIn: SampleTokens.sol, tokenOut: SampleTokens.usdc, amountIn: BaseUnits(100_000_000), slippageBps: 100)

    private static func holdQuote(_ request: QuoteRequest, _ read: () throws(NoQuote) -> Quote) throws {
        do {
            let quote = try read()
            try hold(quote.amountIn == request.amountIn && quote.amountOut.value > 0, "a quote is for the amount that was asked for")
            try hold(quote.minReceived <= quote.amountOut, "no more is promised than offered")
            try hold((try? Quote(json: JSONValue.parse(quote.json))) == quote, "a quote is read back")
        } catch let none as NoQuote {
            let message = none.failure.message
            try hold(message.unicodeScalars.allSatisfy { $0.value >= 0x20 } && message.utf8.count <= 256, "the reason can be shown: \(message)")
        }
    }
}
