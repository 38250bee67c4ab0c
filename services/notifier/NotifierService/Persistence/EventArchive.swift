internal import EventLoop
internal import Observability
internal import Orders
internal import Pipeline
internal import Postgres
internal import Storage

/// Stores batches of orders with their events in Postgres.
@ServiceActor
final class EventArchive: EventSink {
    private let store: OrderStore
    private let log: Logger
    private let sizes: Histogram
    private let durations: Histogram

    init(store: OrderStore, log: Logger, metrics: MetricsRegistry) {
        self.store = store
        self.log = log
        sizes = metrics.histogram(
            "postgres_batch_events", help: "Orders of a batch, each with all its events.", bounds: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000])
        durations = metrics.histogram("postgres_batch_duration_seconds", help: "Time to store a batch.")
    }

    func store(_ batch: [OrderRecord]) async throws -> [(index: Int, reason: String)] {
        guard !batch.isEmpty else { return [] }
        let rows = batch.map { try? OrderRow($0) }
        let readable = rows.indices.filter { rows[$0] != nil }
        let start = MonotonicInstant.now
        do {
            let result = try await store.saveHalving(rows.compactMap { $0 })
            sizes.observe(Double(batch.count))
            durations.observe(start.elapsed)
            return rows.indices.filter { rows[$0] == nil }.map { (index: $0, reason: "MALFORMED") }
                + result.bad.map { (index: readable[$0.index], reason: "SQLSTATE_\($0.error.sqlState ?? "UNKNOWN")") }
        } catch {
            log.limited(.warning, "events.not_stored", every: .seconds(5), ["reason": .string("\(error)"), "count": .integer(batch.count)])
            throw error
        }
    }
}

extension OrderRow {
    /// The row of an order as Redis has it. Throws if a part is missing or cannot be read. The lines themselves are not read, only counted.
    init(_ record: OrderRecord) throws(RecordError) {
        let order = try Order(json: record.details)
        var events = record.text
        guard order.id == record.id else { throw .missing("orderId", of: "order") }
        let lines = events.isEmpty ? 0 : events.withUTF8 { $0.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 } }
        guard let place = record.place, place.seq == lines else { throw .missing("s", of: "order") }
        self.init(order, details: record.details, seq: place.seq, status: place.state.status, updatedAt: place.at, events: events)
    }
}
