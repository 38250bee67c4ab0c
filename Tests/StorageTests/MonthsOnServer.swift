import EventLoop
import Orders
import Postgres
import TestOrders
import TestSupport

@testable import Storage

/// A store whose table has parts for the months from `past` months ago up to this one, and one for all before them, as after that time of use.
@ServiceActor
func withMonths(_ past: Int, _ body: @ServiceActor (OrderStore, PostgresPool, Calendar) async throws -> Void) async throws {
    try await withStore { store, pool in
        let calendar = try await Calendar(pool)
        var script = "DROP TABLE order_rows_first;" + part("first", from: "MINVALUE", to: "'\(calendar.month(past).lowest)'")
        for n in (0...past).reversed() {
            let month = calendar.month(n)
            script += part(String(month.name.dropFirst(11)), from: "'\(month.lowest)'", to: "'\(month.next.lowest)'")
        }
        try await pool.withConnection { _ = try await $0.run(script: script) }
        try await body(store, pool, calendar)
    }
}

private func part(_ name: String, from lower: String, to upper: String) -> String {
    "CREATE TABLE order_rows_\(name) PARTITION OF order_rows FOR VALUES FROM (\(lower)) TO (\(upper));"
}

/// Months by the clock of a server.
struct Calendar {
    /// Unix milliseconds.
    let now: UInt64

    @ServiceActor init(_ pool: PostgresPool) async throws {
        let time = try await pool.query("SELECT (extract(epoch FROM now()) * 1000)::bigint").first?[0]
        now = time.flatMap { UInt64($0) } ?? 0
    }

    /// The month some months ago; a negative number is one to come.
    func month(_ ago: Int) -> OrderMonth { OrderMonth(at: time(ago)) }

    /// A time in the middle of that month.
    func time(_ ago: Int) -> UInt64 {
        let text = Timestamp.text(milliseconds: now)
        guard let year = Int(text.prefix(4)), let month = Int(text.dropFirst(5).prefix(2)) else { return 0 }
        let count = year * 12 + month - 1 - ago
        let digits = count % 12 + 1
        return Timestamp.parse("\(count / 12)-\(digits < 10 ? "0" : "")\(digits)-15T12:00:00Z").flatMap { UInt64(exactly: $0) } ?? 0
    }
}

/// The parts of the table, in order of name, each with how many orders it has.
@ServiceActor
func parts(_ pool: PostgresPool) async throws -> [String: Int] {
    let names = try await pool.query("SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'order_rows'::regclass").rows.compactMap { $0[0] }
    var counts = Dictionary(uniqueKeysWithValues: names.map { ($0, 0) })
    for row in try await pool.query("SELECT tableoid::regclass, count(*) FROM order_rows GROUP BY 1").rows {
        counts[row[0] ?? ""] = row[1].flatMap { Int($0) }
    }
    return counts
}
