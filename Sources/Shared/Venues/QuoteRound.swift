internal import JSON
public import Markets
public import Orders

/// What the venues answered to one request.
public struct QuoteRound: Sendable {
    /// The offers, best first; nil where there is none.
    public let offers: QuoteComparison?
    /// The venues without an offer, by name.
    public let unavailable: [UnavailableVenue]

    /// A round of answers, in any order.
    public init(_ quotes: [Quote], unavailable: [UnavailableVenue]) {
        offers = QuoteComparison(quotes)
        self.unavailable = unavailable.sorted { $0.dex < $1.dex }
    }

    /// Why there is no offer at all. A venue that did not answer may have one later; what all venues know is final.
    public var failure: OrderFailure {
        let silent = unavailable.filter { $0.failure.code == .venueUnavailable }
        if !silent.isEmpty { return OrderFailure(.venueUnavailable, message: silent.map(\.failure.message).joined(separator: "; ")) }
        if unavailable.contains(where: { $0.failure.code == .insufficientLiquidity }) { return OrderFailure(.insufficientLiquidity) }
        return OrderFailure(.noRoute)
    }

    /// The answer of `GET /api/quotes`; nil without an offer.
    public func answer(to request: QuoteRequest) -> String? {
        guard let offers else { return nil }
        let best = offers.best
        return JSONWriter.object { writer in
            writer.field("tokenIn", request.tokenIn.symbol)
            writer.field("tokenOut", request.tokenOut.symbol)
            writer.field("amountIn", request.amountIn)
            writer.field("slippageBps", request.slippageBps)
            writer.field("quotes", offers.quotes)
            writer.field("unavailable", unavailable)
            writer.field("best", best.dex)
            writer.field("amountOut", best.amountOut)
            writer.field("amountOutDecimal", best.amountOutDecimal)
            writer.field("minReceived", MinimumReceived.roundedUp(best.amountOut, slippageBps: request.slippageBps))
            writer.field("reason", offers.reason)
        }
    }
}
