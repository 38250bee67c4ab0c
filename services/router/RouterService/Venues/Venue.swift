internal import EventLoop
internal import Orders

/// What a venue is asked.
struct QuoteRequest: Sendable {
    let tokenIn: Token
    let tokenOut: Token
    /// In base units.
    let amountIn: BaseUnits
    let slippageBps: Int
}

/// A place that quotes swaps. A new one is one new file, and one line where it is registered.
@ServiceActor
protocol Venue: AnyObject, Sendable {
    /// The name in events, lower case.
    var dex: String { get }
    /// The venue's best offer. Throws an `OrderFailure`; whoever asks sets the deadline.
    func quote(_ request: QuoteRequest) async throws -> Quote
}
