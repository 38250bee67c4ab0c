public import Markets
internal import Orders

/// The part of an order that meets its limit price, where the whole does not.
public struct PartialOffer: Sendable {
    public let plan: PartialPlan
    private let request: QuoteRequest

    /// - Parameter request: the request whose whole does not meet the limit price.
    public init(_ plan: PartialPlan, of request: QuoteRequest) {
        self.plan = plan
        self.request = request
    }

    /// The part in one line, for people: `6.2 of 10 SOL meet the limit price: raydium 62.1 % and meteora 37.9 %`.
    public var reason: String {
        let (part, whole) = (plan.amountIn, request.amountIn)
        let decimals = request.tokenIn.decimals
        return "\(part.decimalText(decimals: decimals)) of \(whole.decimalText(decimals: decimals)) \(request.tokenIn.symbol) meet the limit price: "
            + VenueShares.text(of: plan.legs)
    }
}
