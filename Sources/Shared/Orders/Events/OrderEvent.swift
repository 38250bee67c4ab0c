/// The canonical event: one entry of an order's history, as it is stored, published and sent to native clients.
public struct OrderEvent: Sendable, Hashable {
    /// The order.
    public var orderId: OrderID
    /// Counts from 1 for each order, without gaps.
    public var seq: Int
    /// The kind.
    public var type: EventType
    /// The order's status with this event.
    public var status: OrderStatus
    /// Per cent.
    public var progress: Int
    /// UTC, ISO 8601 with milliseconds.
    public var timestamp: String
    /// For people.
    public var message: String
    /// The attempt it belongs to, from 1.
    public var attempt: Int?
    /// Attempts in all.
    public var maxAttempts: Int?
    /// The best venue, from `routing` (30) on.
    public var chosenDex: String?
    /// The chosen venue's quote, from `routing` (30) on.
    public var quote: Quote?
    /// All quotes, best first.
    public var quotes: [Quote]?
    /// `routing` (30): why the first of them was chosen.
    public var reason: String?
    /// `routing` (30): the venues without a quote, where there are any.
    public var unavailable: [UnavailableVenue]?
    /// The transaction's signature, from `submitted` on.
    public var txHash: String?
    /// The price of the fill, output per input.
    public var executedPrice: String?
    /// What was received, in base units.
    public var amountOut: BaseUnits?
    /// What was received, in whole tokens.
    public var amountOutDecimal: String?
    /// See `Price.realisedSlippageBps`.
    public var realisedSlippageBps: Int?
    /// The fee of the network.
    public var networkFeeLamports: UInt64?
    /// The parts of a split order, from `routing` (30) on.
    public var legs: [OrderLeg]?
    /// What went wrong.
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
    /// `failed`: what of a split order was filled nevertheless.
    public var filled: PartialFill?
    /// The last event: how long the order was in each status.
    public var stageMs: StageTimes?
    /// The client's own key, where given.
    public var clientOrderId: String?
    /// The trace context, where given.
    public var traceparent: String?
    /// The text this event was read from.
    public private(set) var raw: String?

    /// Makes an event with the keys that each has; the others are set afterwards.
    public init(
        orderId: OrderID, seq: Int, type: EventType, status: OrderStatus, progress: Int, timestamp: String, message: String, attempt: Int? = nil,
        maxAttempts: Int? = nil
    ) {
        self.orderId = orderId
        self.seq = seq
        self.type = type
        self.status = status
        self.progress = progress
        self.timestamp = timestamp
        self.message = message
        self.attempt = attempt
        self.maxAttempts = maxAttempts
    }

    /// The text as it was read, so that what is stored is sent on unchanged; `json` where the event was made here.
    public var text: String { raw ?? json }

    /// Reads the text of an event and keeps it as `raw`. Unknown keys are ignored.
    public init(parsing text: String) throws(RecordError) {
        try self.init(json: try Record.parse("event", text))
        raw = text
    }
}
