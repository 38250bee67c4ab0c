public import EventLoop
public import Orders

/// An entry of a work stream in a worker's hand. It is the right to move one order through one stage in one round.
///
/// A class, as `Work` is, because both are passed on at every step: a copy of a struct counts a reference to each of its texts.
public final class WorkEntry: Sendable {
    /// The stage whose stream the entry came from.
    public let stage: Stage
    /// The partition of that stream.
    public let partition: Int
    /// The entry's id in the stream.
    public let entry: String
    /// The order that the entry stands for.
    public let orderID: OrderID
    /// The round of the order that the entry stands for: the fencing number.
    public let round: Int
    /// The consumer that owns the entry, as far as this process knows.
    public let consumer: String
    /// How often the entry has been delivered, this delivery included.
    public let deliveries: Int
    /// A random text for each delivery. With it a start is counted once, however often its step is sent.
    public let token: String
    /// When this process got the entry.
    public let received = MonotonicInstant.now
    /// The place that the entry takes in its worker.
    public let place = Place()
    /// What this process knows of where the order is.
    let known = KnownPlace()

    public init(stage: Stage, partition: Int, entry: String, orderID: OrderID, round: Int, consumer: String, deliveries: Int, token: String) {
        self.stage = stage
        self.partition = partition
        self.entry = entry
        self.orderID = orderID
        self.round = round
        self.consumer = consumer
        self.deliveries = deliveries
        self.token = token
    }
}

extension WorkEntry {
    /// The entry as a place names it.
    var name: String { stage.stream + ":" + entry }
}

/// What a worker knows of the place of the order that it has in hand, so that the next step can be a usual one.
@ServiceActor
final class KnownPlace {
    /// The place itself; nil if it is not known. Then the script for one order takes the next step.
    var place: OrderPlace?
    /// Whether the first step of the entry was written. The executor writes it together with the next one where it can.
    var isBegun = true
    /// When the order was set going, in ms; nil if that is not known.
    var begunAt: UInt64?
    /// The venues on which the open legs are to be built.
    var venues = ""

    nonisolated init() {}
}

/// The data that a worker needs to begin or resume an order.
public final class Work: Sendable {
    /// The order as it was placed.
    public let order: Order
    public let state: OrderState
    /// The attempt, from 1.
    public let attempt: Int
    /// The chosen route, from `routed` on.
    public let route: StoredRoute?
    /// The signed transactions, from `submitted` on.
    public let transactions: [SignedTransaction]
    /// How often a quote of this order was too old.
    public let staleQuotes: Int
    /// How often the order has begun to wait again.
    public let rests: Int
    /// The time of Redis, in ms.
    public let now: UInt64
    /// Whether another delivery has taken this step before.
    public let isResumed: Bool

    init(_ fold: OrderFold, _ state: OrderState, attempt: Int, _ transactions: [SignedTransaction], now: UInt64, isResumed: Bool) {
        order = fold.order
        self.state = state
        self.attempt = attempt
        route = fold.route
        self.transactions = transactions
        staleQuotes = fold.staleQuotes
        rests = fold.rests
        self.now = now
        self.isResumed = isResumed
    }
}
