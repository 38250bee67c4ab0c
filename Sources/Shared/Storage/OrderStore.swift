public import EventLoop
internal import Migrations
public import Orders
public import Postgres

/// Orders and their events in Postgres. This projection answers once an order has left Redis.
@ServiceActor
public final class OrderStore {
    let pool: PostgresPool

    /// A store on a pool. The owner of the pool keeps it running.
    public init(pool: PostgresPool) { self.pool = pool }

    /// Applies the missing migrations and returns their numbers. Throws as `PostgresMigrator` does.
    public func migrate() async throws -> [Int] {
        let steps = Migrations.all.map { PostgresMigration(number: $0.number, name: $0.name, sql: $0.sql) }
        return try await PostgresMigrator(pool, steps).migrate()
    }

    /// Stores all of the events or none. They are on disk when it returns.
    ///
    /// Events may come in any order, in any batches, more than once, and from several writers at once: the tables end up the same. Throws a
    /// `PostgresError`; `isDataFault` means that at least one event can never be stored.
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
    /// - Returns: the indices of the stored events, ascending, and those of the bad events, each with Postgres' error.
    /// - Throws: an error that is not the fault of an event. Then no event is known to be bad, and the whole batch can be stored again.
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
                    // Ranges are taken from the end, so the first half must be the last one.
                    ranges += [middle..<range.upperBound, range.lowerBound..<middle]
                }
            }
        }
        return (stored, bad)
    }

    /// An order and all of its events in order of seq; nil if the id was never stored.
    /// Throws `PostgresError`, or `RecordError` for an unreadable row.
    public func order(_ id: OrderID) async throws -> (order: Order, events: [OrderEvent])? { try await read(id, after: 0) }

    /// The events of an order with a seq above `seq`; nil if the id was never stored.
    public func events(of id: OrderID, after seq: Int) async throws -> [OrderEvent]? { try await read(id, after: seq)?.events }

    /// Checks whether the orders can be read: connection, tables and rights. Throws the reason if not.
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
