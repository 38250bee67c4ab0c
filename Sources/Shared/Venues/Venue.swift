public import EventLoop
public import Orders

/// What a venue is asked.
public struct QuoteRequest: Sendable {
    /// What goes in.
    public let tokenIn: Token
    /// What comes out.
    public let tokenOut: Token
    /// In base units.
    public let amountIn: BaseUnits
    /// What the price may move against the order, in basis points.
    public let slippageBps: Int
    /// The partition whose market is asked; live venues have but one.
    public let partition: Int

    /// A request by value.
    public init(tokenIn: Token, tokenOut: Token, amountIn: BaseUnits, slippageBps: Int, partition: Int = 0) {
        self.tokenIn = tokenIn
        self.tokenOut = tokenOut
        self.amountIn = amountIn
        self.slippageBps = slippageBps
        self.partition = partition
    }
}

/// A place that quotes swaps. A new one is one new file, and one line where it is registered.
@ServiceActor
public protocol Venue: AnyObject, Sendable {
    /// The name in events, lower case.
    var dex: String { get }
    /// The venue's best offer. Throws an `OrderFailure`; whoever asks sets the deadline.
    func quote(_ request: QuoteRequest) async throws -> Quote
}
