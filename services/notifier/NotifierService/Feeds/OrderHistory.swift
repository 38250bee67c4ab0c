internal import EventLoop
internal import Orders
internal import Pipeline
internal import Storage

/// The events of an order so far.
enum HistoryAnswer {
    /// An order with all its events from seq 1 on. Of an old final order, the events that the retention has left.
    case order(OrderFold)
    /// Neither Redis nor Postgres has the order.
    case unknown
    /// The events cannot be read now.
    case unavailable
}

/// Reads the events of orders.
@ServiceActor
protocol OrderHistory: AnyObject {
    func read(_ id: OrderID) async -> HistoryAnswer
}

/// Reads an order's events from its hash, or from Postgres if the hash has expired.
@ServiceActor
final class StoredHistory: OrderHistory {
    private let pipeline: OrderPipeline
    private let store: OrderStore

    init(pipeline: OrderPipeline, store: OrderStore) {
        self.pipeline = pipeline
        self.store = store
    }

    func read(_ id: OrderID) async -> HistoryAnswer {
        do {
            if let snapshot = try await pipeline.snapshot(id) { return .order(snapshot) }
            guard let stored = try await store.order(id) else { return .unknown }
            if stored.events.last?.status.isFinal == true { return .order(stored) }
            // A row has all events up to its newest. Only one from before orders had one row may have gaps, if Redis lost the order before all of its
            // events were stored; then the events after a gap are of no use.
            return .order(OrderFold(stored.order, events: zip(1..., stored.events).prefix { $0 == $1.seq }.map(\.1)))
        } catch {
            return .unavailable
        }
    }
}
