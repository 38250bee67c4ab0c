internal import EventLoop
internal import Orders
internal import Venues

/// Refuses offers of live venues that are too good to be true. The largest output wins, so a venue with far too high offers would get every order.
///
/// An offer is refused if it is more than ten times what the prices of POOLS_FILE give, and no other venue comes within that factor of it. Those
/// prices may be old; if two venues agree, they are right. An offer that is too low needs no check: it loses.
@ServiceActor
struct PriceCheck {
    private nonisolated static let factor: UInt128 = 10

    private let known: [any Venue]

    /// - Parameter known: venues with known prices, which answer without delay.
    init(known: [any Venue]) { self.known = known }

    /// The output that the known prices give, without the impact of a large order; nil if the pair is not known.
    func reference(_ request: QuoteRequest) async -> UInt128? {
        let wholeToken = (0..<request.tokenIn.decimals).reduce(UInt64(1)) { power, _ in power * 10 }
        let probe = BaseUnits(min(request.amountIn.value, wholeToken))
        var best: UInt128?
        for venue in known {
            let asked = QuoteRequest(tokenIn: request.tokenIn, tokenOut: request.tokenOut, amountIn: probe, slippageBps: request.slippageBps)
            guard let quote = try? await venue.quote(asked) else { continue }
            let scaled = UInt128(quote.amountOut.value) * UInt128(request.amountIn.value) / UInt128(max(1, probe.value))
            best = max(best ?? 0, scaled)
        }
        return best
    }

    /// Divides the offers into those that are believed and those that are refused.
    nonisolated static func sift(_ quotes: [Quote], reference: UInt128?) -> (believed: [Quote], refused: [UnavailableVenue]) {
        guard let reference, reference > 0 else { return (quotes, []) }
        let (limit, isBeyondAny) = reference.multipliedReportingOverflow(by: factor)
        var believed: [Quote] = []
        var refused: [UnavailableVenue] = []
        for quote in quotes {
            let isKnown = isBeyondAny || UInt128(quote.amountOut.value) <= limit
            let isConfirmed = quotes.contains { other in
                other.dex != quote.dex && UInt128(other.amountOut.value) * factor >= UInt128(quote.amountOut.value)
            }
            if isKnown || isConfirmed {
                believed.append(quote)
            } else {
                let message = "\(quote.dex) offers more than \(factor) times the price of POOLS_FILE, and no other venue confirms it"
                refused.append(UnavailableVenue(quote.dex, OrderFailure(.venueUnavailable, message: message)))
            }
        }
        return (believed, refused)
    }
}
