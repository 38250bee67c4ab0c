internal import JSON
public import Markets
public import Orders

/// The venues' answers to one request.
public struct QuoteRound: Sendable {
    /// How the order is executed: with one swap or with several.
    public struct Choice: Sendable {
        /// One quote, or one for each part of the order.
        public let quotes: [Quote]
        /// Why, for people.
        public let reason: String
    }

    /// The offers, best first; nil if there are none.
    public let offers: QuoteComparison?
    /// The order divided over several pools; nil if that was not asked for or pays no more.
    public let split: SplitOffer?
    /// The part of the order that meets its limit price; nil if that was not asked for or there is none.
    public let part: PartialOffer?
    /// The venues without an offer, by name.
    public let unavailable: [UnavailableVenue]

    /// A round of answers, in any order.
    public init(_ quotes: [Quote], unavailable: [UnavailableVenue], split: SplitOffer? = nil, part: PartialOffer? = nil) {
        offers = QuoteComparison(quotes)
        self.unavailable = unavailable.sorted { $0.dex < $1.dex }
        self.split = split
        self.part = part
    }

    /// The choice that follows from the offers; nil if there is nothing to choose from.
    public var choice: Choice? {
        if let split, split.isWorthIt { return Choice(quotes: split.plan.legs, reason: split.reason) }
        return offers.map { Choice(quotes: [$0.best], reason: $0.reason) }
    }

    /// The choice for an order: one that meets its limit price, if it has one. Nil if there is none.
    ///
    /// Each leg of a split has to meet the limit by itself, because each may land alone. An order that is to fill as a whole or not at all is never
    /// split. A split that gains too little is taken where nothing else meets the limit. That only a part fills comes last.
    public func choice(for order: Order) -> Choice? {
        let mayBeSplit = order.terms?.timeInForce != .fok
        if mayBeSplit, let choice, choice.quotes.allSatisfy(order.accepts) { return choice }
        if let offers, order.accepts(offers.best) { return Choice(quotes: [offers.best], reason: offers.reason) }
        if mayBeSplit, let split, split.plan.legs.allSatisfy(order.accepts) { return Choice(quotes: split.plan.legs, reason: split.reason) }
        guard order.mayFillInPart, let part, part.plan.legs.allSatisfy(order.accepts) else { return nil }
        return Choice(quotes: part.plan.legs, reason: part.reason)
    }

    /// Why there is no offer at all. A venue that did not answer, or refused for an unknown reason, may have an offer later. If all venues gave a
    /// known reason, the failure is final.
    public var failure: OrderFailure {
        for code in [FailureCode.venueUnavailable, .quoteRefused] {
            let venues = unavailable.filter { $0.failure.code == code }
            if !venues.isEmpty { return OrderFailure(code, message: venues.map(\.failure.message).joined(separator: "; ")) }
        }
        if unavailable.contains(where: { $0.failure.code == .insufficientLiquidity }) { return OrderFailure(.insufficientLiquidity) }
        return OrderFailure(.noRoute)
    }

    /// The round with the quotes' ages at a moment (Unix ms).
    public func aged(at now: UInt64) -> QuoteRound {
        QuoteRound((offers?.quotes ?? []).map { $0.aged(at: now) }, unavailable: unavailable, split: split, part: part)
    }

    /// The answer of `GET /api/quotes`; nil without an offer. It shows the best venue, or the split if no venue alone can fill the amount.
    public func answer(to request: QuoteRequest) -> String? {
        guard let choice else { return nil }
        let best =
            offers?.best
            ?? Quote(joining: choice.quotes, inputDecimals: request.tokenIn.decimals, outputDecimals: request.tokenOut.decimals)
        let minReceived = MinReceived.roundedUp(best.amountOut, slippageBps: request.slippageBps)
        return JSONWriter.object { writer in
            writer.field("tokenIn", request.tokenIn.symbol)
            writer.field("tokenOut", request.tokenOut.symbol)
            writer.field("amountIn", request.amountIn)
            writer.field("amountInDecimal", request.amountIn.decimalText(decimals: request.tokenIn.decimals))
            writer.field("slippageBps", request.slippageBps)
            writer.field("quotes", offers?.quotes ?? [])
            writer.field("unavailable", unavailable)
            writer.field("best", best.dex)
            writer.field("amountOut", best.amountOut)
            writer.field("amountOutDecimal", best.amountOutDecimal)
            writer.number("feeBps", best.feeBps)
            writer.field("priceImpactPct", best.priceImpactPct)
            writer.field("minReceived", minReceived)
            writer.field("minReceivedDecimal", minReceived.decimalText(decimals: request.tokenOut.decimals))
            writer.field("reason", choice.reason)
            writer.field("split", ifPresent: split)
        }
    }
}
