public import EventLoop
internal import Migrations
public import Orders
public import Postgres

/// Orders and their events in Postgres, one row an order. This projection answers once an order has left Redis.
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

    /// Stores all of the snapshots or none. They are on disk when it returns.
    ///
    /// Of each order the snapshot with the highest seq stays. So snapshots may come in any order, in any batches, more than once, and from several
    /// writers at once. Throws a `PostgresError`; `isDataFault` means that at least one of them can never be stored.
    public func save(_ rows: [OrderRow]) async throws(PostgresError) {
        guard !rows.isEmpty else { return }
        // One statement can change a row only once.
        let rows = Array(Dictionary(rows.map { ($0.id, $0) }) { $0.seq >= $1.seq ? $0 : $1 }.values)
        _ = try await pool.query(Self.upsert, Self.columns(of: rows).map { .array($0) })
    }

    private nonisolated static let checkViolation = "23514"

    /// Stores the snapshots that can be stored and finds those that never can: a batch that is refused for its data is stored in halves.
    ///
    /// - Returns: the indices of the stored snapshots, ascending, and those of the bad ones, each with Postgres' error.
    /// - Throws: an error that is not the fault of an order. Then no order is known to be bad, and the whole batch can be stored again.
    public func saveHalving(_ rows: [OrderRow]) async throws(PostgresError) -> (stored: [Int], bad: [(index: Int, error: PostgresError)]) {
        var stored: [Int] = []
        var bad: [(index: Int, error: PostgresError)] = []
        var ranges = rows.isEmpty ? [] : [rows.indices]
        var triedAgain: Set<Int> = []
        while let range = ranges.popLast() {
            do {
                try await save(Array(rows[range]))
                stored += range
            } catch  where error.isDataFault {
                if range.count == 1, error.sqlState == Self.checkViolation, triedAgain.insert(range.lowerBound).inserted {
                    // The row was on its way to the default part when its month got a part of its own. Now it finds that.
                    ranges.append(range)
                } else if range.count == 1 {
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
    public func order(_ id: OrderID) async throws -> OrderFold? {
        try await pool.query(Self.select, [.text(id.description)], expecting: ["details", "events"]).first.map { try OrderFold($0) }
    }

    /// Checks whether the orders can be read: connection, tables and rights. Throws the reason if not.
    public func probe() async throws(PostgresError) { _ = try await pool.query("SELECT order_id, details, events FROM order_rows LIMIT 0") }
}

extension OrderFold {
    /// The order of a row with `details` and `events`.
    init(_ row: PostgresRow) throws {
        self.init(try Order(json: row["details"] ?? ""))
        try add(lines: Substring(row["events"] ?? ""))
    }
}
