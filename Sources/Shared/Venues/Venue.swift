public import EventLoop
internal import Markets
public import Orders

/// A request for a quote.
public struct QuoteRequest: Sendable {
    public let tokenIn: Token
    public let tokenOut: Token
    /// The input in base units.
    public let amountIn: BaseUnits
    /// How far the price may move against the order, in basis points.
    public let slippageBps: Int
    /// The partition whose market is asked. Live venues have only one market.
    public let partition: Int
    /// The limit price, where a part that meets it is wanted if the whole does not; nil if only the whole is wanted.
    public let floorOfPart: PriceFloor?

    public init(tokenIn: Token, tokenOut: Token, amountIn: BaseUnits, slippageBps: Int, partition: Int = 0, floorOfPart: PriceFloor? = nil) {
        self.tokenIn = tokenIn
        self.tokenOut = tokenOut
        self.amountIn = amountIn
        self.slippageBps = slippageBps
        self.partition = partition
        self.floorOfPart = floorOfPart
    }

    /// Whether each of these quotes meets the limit price, so that no part is wanted; true without one.
    public func isMet(by quotes: [Quote]) -> Bool { floorOfPart.map { quotes.allSatisfy($0.isMet) } ?? true }
}

/// A place that quotes swaps. A new venue is one new file, and one line where it is registered.
@ServiceActor
public protocol Venue: AnyObject, Sendable {
    /// The name in events, lower case.
    var dex: String { get }
    /// The venue's best offer. Throws an `OrderFailure`. The caller sets the deadline.
    func quote(_ request: QuoteRequest) async throws -> Quote
    /// The same offer, if the venue need not wait for it; otherwise nil.
    func quoteAtOnce(_ request: QuoteRequest) throws(OrderFailure) -> Quote?
}

extension Venue {
    /// Nil: most venues are asked over a network.
    public func quoteAtOnce(_ request: QuoteRequest) throws(OrderFailure) -> Quote? { nil }
}
