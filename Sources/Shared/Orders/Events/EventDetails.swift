/// The fields that only some events have. `EventField.all` says how each field is called in the JSON.
public struct EventDetails: Sendable, Hashable {
    /// The attempt it belongs to, from 1.
    public var attempt: Int?
    public var maxAttempts: Int?
    /// The best venue, from `routing` (30) on.
    public var chosenDex: String?
    /// The chosen venue's quote, from `routing` (30) on.
    public var quote: Quote?
    /// All quotes, best first.
    public var quotes: [Quote]?
    /// `routing` (30): why the first of the quotes was chosen.
    public var reason: String?
    /// `routing` (30): the venues without a quote, if there are any.
    public var unavailable: [UnavailableVenue]?
    /// The transaction's signature, from `submitted` on.
    public var txHash: String?
    /// The price of the fill, output per input.
    public var executedPrice: String?
    /// The received amount, in base units.
    public var amountOut: BaseUnits?
    /// The received amount, in whole tokens.
    public var amountOutDecimal: String?
    /// See `Price.realisedSlippageBps`.
    public var realisedSlippageBps: Int?
    public var networkFeeLamports: UInt64?
    /// The parts of a split order, from `routing` (30) on.
    public var legs: [OrderLeg]?
    /// `open`, `amended`: the price that the order waits for.
    public var waitsFor: PriceLevel?
    /// `triggered`: the mark that reached the order's price.
    public var markPrice: PriceLevel?
    /// `triggered`: when that mark was taken, in Unix ms.
    public var markAt: UInt64?
    /// The failure, for events about one.
    public var error: OrderFailure?
    /// `execution-failed`: whether trying again can help.
    public var transient: Bool?
    /// `execution-failed`: attempts left.
    public var retriesRemaining: Int?
    /// `retry-pending`: the wait in milliseconds.
    public var delayMs: UInt64?
    /// `retry-pending`: the number of the next attempt.
    public var nextAttempt: Int?
    /// `failed`: how many attempts there were.
    public var totalAttempts: Int?
    /// `failed`: the part of the order that was filled nevertheless.
    public var filled: PartialFill?
    /// The last event: how long the order was in each status.
    public var stageMs: StageTimes?
    /// The client's own key, if given.
    public var clientOrderId: String?
    /// The trace context, if given.
    public var traceparent: String?

    /// No field has a value.
    public init() {}

    /// Whether it has a field that only orders with a price have.
    var isOfWaiting: Bool { waitsFor != nil || markPrice != nil || markAt != nil }

    /// Takes over the values of a newer event.
    mutating func renew(by newer: EventDetails) {
        for field in EventField.all { field.renew(&self, newer) }
        // An event with a route shows all of it: a route that is not split has no legs, and the legs of an earlier split are dropped.
        if newer.chosenDex != nil { legs = newer.legs }
    }
}
