internal import Configuration
internal import EventLoop
internal import Orders
internal import Postgres
internal import Storage

extension Case {
    /// The row of an order to Postgres, without what the server does. 16 share a statement, so that the kernel takes it as a whole.
    static let rows = Case(name: "rows") { count in
        guard let url = ProcessEnvironment.variables["DATABASE_URL"] else { throw CaseError("DATABASE_URL is not set") }
        let patience = Duration.seconds(60)
        let pool = try PostgresPool(
            url: url, size: 1, name: "micro-benchmark", connectTimeout: patience, statementTimeout: patience, waitTimeout: patience)
        let running = Loop.spawn { await pool.run() }
        let store = OrderStore(pool: pool)
        _ = try await store.migrate()
        let sample = try Sample()
        let events = sample.lines.joined(separator: "\n")
        for start in stride(from: 0, to: count, by: 16) {
            let rows = (start..<min(start + 16, count)).map { number in
                let order = sample.order(number)
                return OrderRow(order, details: order.json, seq: 7, status: .confirmed, updatedAt: Sample.time, events: events)
            }
            try await store.save(rows)
        }
        pool.close()
        await running.value
    }
}
