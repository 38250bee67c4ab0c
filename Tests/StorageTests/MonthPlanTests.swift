import EventLoop
import Orders
import Postgres
import TestOrders
import TestSupport
import Testing

@testable import Storage

/// What the statements read of a table of two years. Without statistics, so that nothing depends on a good guess.
@Suite(.onLoop) @ServiceActor
struct MonthPlanTests {
    /// The parts that a statement reads, by its plan when it was carried out.
    private func read(_ pool: PostgresPool, _ sql: String, _ parameters: [PostgresParameter]) async throws -> [String] {
        try await pool.transaction { connection in
            try await connection.run(script: "SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan")
            let plan = try await connection.query("EXPLAIN (ANALYZE, COSTS off, TIMING off) " + sql, parameters).rows.compactMap { $0[0] }
            #expect(!plan.contains { $0.contains("Seq Scan") }, "\(plan)")
            return plan.filter { !$0.contains("never executed") }.flatMap { line in
                line.matches(of: /\ on (order_rows_[a-z0-9_]+) .*actual/).map { String($0.1) }
            }
        }
    }

    @Test func `an order is read from one part of all, alone and among those that are looked at again`() async throws {
        try await withMonths(24) { store, pool, calendar in
            let life = OrderLife.filled(at: calendar.time(7))
            try await store.save([life.row])
            let id = life.order.id.description
            #expect(try await read(pool, OrderStore.select, [.text(id)]) == [calendar.month(7).name])
            #expect(try await read(pool, OrderStore.recheck, [.textArray([id])]) == [calendar.month(7).name])
        }
    }

    @Test func `a batch is stored in the parts of its orders`() async throws {
        try await withMonths(24) { store, pool, calendar in
            let rows = [calendar.time(0), calendar.time(1)].map { OrderLife.filled(at: $0).row }
            for _ in 0..<2 {
                try await pool.transaction { connection in
                    _ = try await connection.query(OrderStore.upsert, OrderStore.columns(of: rows).map { .array($0) })
                    let locks = """
                        SELECT DISTINCT relation::regclass::text FROM pg_locks l JOIN pg_class c ON c.oid = relation
                        WHERE pid = pg_backend_pid() AND c.relkind = 'r' AND relname LIKE 'order\\_rows%' ORDER BY 1
                        """
                    let locked = try await connection.query(locks).rows.compactMap { $0[0] }
                    #expect(locked == [calendar.month(1).name, calendar.month(0).name])
                }
            }
        }
    }

    @Test func `the retention of events changes rows where they are`() async throws {
        try await withMonths(24) { store, pool, calendar in
            let id = OrderLife.filled(at: calendar.time(7)).order.id.description
            let columns: [PostgresArray] = [.uuid([id]), .text([nil])]
            let parts = try await read(pool, OrderStore.reduce, columns.map { .array($0) })
            #expect(parts == [calendar.month(7).name])
        }
    }

    @Test(arguments: [
        OrderFilter(), OrderFilter(userId: "u"), OrderFilter(owner: Owner(stored: "user:u")), OrderFilter(clientOrderId: "c"),
        OrderFilter(statuses: [.failed]),
    ])
    func `the first page of two years is read from the ends of the indexes, without a sort`(filter: OrderFilter) async throws {
        try await withMonths(24) { store, pool, calendar in
            let lives = (0...24).flatMap { n in (0..<8).map { OrderLife.failed(userId: "u", clientOrderId: "c", at: calendar.time(n) + $0) } }
            try await store.save(lives.map(\.row))
            _ = try await pool.query("UPDATE order_rows SET owner = 'user:u'")
            try await pool.transaction { connection in
                try await connection.run(script: "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
                var statement = PageStatement(filter, nil)
                let sql = "EXPLAIN (ANALYZE, COSTS off, TIMING off) " + statement.text(limit: 10)
                let plan = try await connection.query(sql, statement.parameters).rows.compactMap { $0[0] }
                #expect(!plan.contains { $0.contains("Sort (") || $0.contains("Rows Removed") }, "\(plan)")
                // One row of each part to compare, and those of the page.
                let rows = plan.filter { $0.contains("Index Scan") }.compactMap { $0.firstMatch(of: /actual rows=(\d+)/).flatMap { Int($0.1) } }
                #expect(rows.reduce(0, +) <= 26 + 10, "\(plan)")
            }
        }
    }
}
