public import EventLoop
internal import Migrations
public import Orders
public import Postgres

/// Orders and their events in Postgres: the projection that answers when Redis has let an order go.
@ServiceActor
public final class OrderStore {
    let pool: PostgresPool

    /// A store on a pool that its owner keeps running.
    public init(pool: PostgresPool) { self.pool = pool }

    /// Brings the schema up to this program's, and returns the numbers of the migrations that were applied. Throws as `PostgresMigrator` does.
    public func migrate() async throws -> [Int] {
        let steps = Migrations.all.map { PostgresMigration(number: $0.number, name: $0.name, sql: $0.sql) }
        return try await PostgresMigrator(pool, steps).migrate()
    }

    /// Stores events, all or none; they are on disk when it returns.
    ///
    /// Events may come in any order, in any batches, again, and from several writers at once: the tables end up the same.
    /// Throws a `PostgresError`; `isDataFault` means that at least one of them can never be stored.
    public func append(_ batch: [StoredEvent]) async throws(PostgresError) {
        guard !batch.isEmpty else { return }
        _ = try await pool.query(
            Self.append,
            [
                .textArray(batch.map(\.orderID)), .intArray(batch.map { Int64($0.seq) }), .textArray(batch.map(\.event)),
                .textArray(batch.map(\.order)),
            ])
    }

    /// Stores the events that can be stored and finds those that never can: a batch that is refused for its data is stored in halves.
    ///
    /// - Returns: the indices of the events that are stored, ascending, and those that are at fault, each with what Postgres has said.
    /// - Throws: what is not the fault of an event. Then nothing is known to be bad, and the whole batch can be stored again.
    public func appendHalving(_ batch: [StoredEvent]) async throws(PostgresError) -> (stored: [Int], bad: [(index: Int, error: PostgresError)]) {
        var stored: [Int] = []
        var bad: [(index: Int, error: PostgresError)] = []
        var ranges = batch.isEmpty ? [] : [batch.indices]
        while let range = ranges.popLast() {
            do {
                try await append(Array(batch[range]))
                stored += range
            } catch  where error.isDataFault {
                if range.count == 1 {
                    bad.append((range.lowerBound, error))
                } else {
                    let middle = range.lowerBound + range.count / 2
                    // Taken from the end: the first half comes first.
                    ranges += [middle..<range.upperBound, range.lowerBound..<middle]
                }
            }
        }
        return (stored, bad)
    }

    /// An order and all of its events in order of seq; nil for an id that was never stored.
    /// Throws `PostgresError`, or `RecordError` for an unreadable row.
    public func order(_ id: OrderID) async throws -> (order: Order, events: [OrderEvent])? {
        try await read(id, after: 0)
    }

    /// The events of an order with a seq above `seq`; nil for an id that was never stored.
    public func events(of id: OrderID, after seq: Int) async throws -> [OrderEvent]? {
        try await read(id, after: seq)?.events
    }

    /// Looks whether the orders can be read: rights, tables, connection. Throws what stands in the way.
    public func probe() async throws(PostgresError) {
        _ = try await pool.query("SELECT (SELECT order_id FROM order_rows LIMIT 1), (SELECT seq FROM order_events LIMIT 1)")
    }

    private func read(_ id: OrderID, after seq: Int) async throws -> (order: Order, events: [OrderEvent])? {
        let result = try await pool.query(
            Self.select, [.text(id.description), .int(min(Int64(seq), Int64(Int32.max)))], expecting: ["details", "events"])
        guard let row = result.first, let details = row["details"], let events = row["events"] else { return nil }
        return (try Order(json: details), try StoredEvents.read(events))
    }
}
