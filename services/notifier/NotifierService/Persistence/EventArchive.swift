internal import EventLoop
internal import Observability
internal import Orders
internal import Pipeline
internal import Postgres
internal import Storage

/// Stores batches of events in Postgres.
@ServiceActor
final class EventArchive: EventSink {
    private let store: OrderStore
    private let log: Logger
    private let sizes: Histogram
    private let durations: Histogram

    init(store: OrderStore, log: Logger, metrics: MetricsRegistry) {
        self.store = store
        self.log = log
        sizes = metrics.histogram("postgres_batch_events", help: "Events of a batch.", bounds: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000])
        durations = metrics.histogram("postgres_batch_duration_seconds", help: "Time to store a batch.")
    }

    func store(_ batch: [EventEntry]) async throws -> [(index: Int, reason: String)] {
        guard !batch.isEmpty else { return [] }
        let start = MonotonicInstant.now
        do {
            let result = try await store.appendHalving(batch.map { StoredEvent($0) })
            sizes.observe(Double(batch.count))
            durations.observe(start.elapsed)
            return result.bad.map { (index: $0.index, reason: "SQLSTATE_\($0.error.sqlState ?? "UNKNOWN")") }
        } catch {
            log.limited(.warning, "events.not_stored", every: .seconds(5), ["reason": .string("\(error)"), "count": .integer(batch.count)])
            throw error
        }
    }
}

extension StoredEvent {
    init(_ entry: EventEntry) { self.init(orderID: entry.orderID.description, seq: entry.seq, event: entry.event, order: entry.order) }
}
