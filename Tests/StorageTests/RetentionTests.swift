import EventLoop
import Orders
import Postgres
import Storage
import TestOrders
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct RetentionTests {
    @Test func `an order whose old events are gone still shows all but its log`() async throws {
        try await withStore { store, pool in
            let (filled, open) = (OrderLife.filled(), OrderLife())
            try await store.save([filled.row, open.row])
            let shown = "SELECT (to_jsonb(o) - 'logs')::text FROM orders o ORDER BY id"
            let before = try await pool.query(shown).rows.map(\.values)
            #expect(try await store.deleteEvents(olderThan: .seconds(3600 * 24 * 36_500), limit: 100) == (0, 0))
            let (orders, deleted) = try await store.deleteEvents(olderThan: .zero, limit: 2)
            #expect(orders == 1)
            #expect(try await store.deleteEvents(olderThan: .zero, limit: 2) == (0, 0))
            let found = try #require(try await store.order(filled.order.id))
            #expect(found.events.count == filled.events.count - deleted && deleted > 0)
            let (left, whole) = (OrderView(order: found.order, events: found.events), OrderView(order: filled.order, events: filled.events))
            #expect(left.status == whole.status && left.quotes == whole.quotes && left.chosenDex == whole.chosenDex)
            #expect(left.txHash == whole.txHash && left.executedPrice == whole.executedPrice && left.amountOut == whole.amountOut)
            #expect(left.attempts == whole.attempts && left.lastError == whole.lastError && left.updatedAt == whole.updatedAt)
            #expect(left.reason == whole.reason && left.stageMs == whole.stageMs && left.quotes?.isEmpty == false && left.lastError != nil)
            #expect(found.events.allSatisfy { filled.events.contains($0) })
            #expect(try await pool.query(shown).rows.map(\.values) == before && before.count == 2)
            let kept = try await store.order(open.order.id)?.events
            #expect(kept?.count == 1)
        }
    }

    /// The size of each row's events.
    private func sizes(_ pool: PostgresPool) async throws -> [Int] {
        try await pool.query("SELECT octet_length(events) AS n FROM order_rows ORDER BY order_id").rows.compactMap { $0["n"].flatMap { Int($0) } }
    }

    @Test(arguments: Life.all) func `no row becomes larger, and every view of it reads the same but for its log`(life: Life) async throws {
        try await withStore { store, pool in
            // As the engine stores it, and as earlier versions did.
            for (number, lines) in [life.lines, life.texts].enumerated() {
                let id = try #require(OrderID(parsing: life.order.id.description.dropLast() + String(number)))
                let details = life.order.json.replacing("\(life.order.id)", with: "\(id)")
                let events = lines.joined(separator: "\n").replacing("\(life.order.id)", with: "\(id)")
                let last = try #require(try life.fold().events.last)
                try await store.save([
                    OrderRow(try Order(json: details), details: details, seq: last.seq, status: last.status, updatedAt: 0, events: events)
                ])
            }
            let shown = "SELECT (to_jsonb(o) - 'logs')::text FROM orders o ORDER BY id"
            func views() async throws -> [String] {
                let views = try await store.page(OrderFilter(), limit: 2).orders
                return views.map { $0.json().replacing(/"logs":\[.*?\],"createdAt"/, with: "") }
                    + (try await pool.query(shown).rows.compactMap { $0[0] })
            }
            let (before, whole) = (try await sizes(pool), try await views())
            #expect(before.count == 2 && whole.count == 4)
            #expect(try await store.deleteEvents(olderThan: .zero, limit: 9).orders == 2)
            let after = try await sizes(pool)
            #expect(zip(after, before).allSatisfy { $0 <= $1 } && after[1] < before[1], "\(life): \(before) to \(after)")
            #expect(try await views() == whole)
        }
    }

    @Test func `a snapshot that comes again after the deletion brings nothing back`() async throws {
        try await withStore { store, pool in
            let life = OrderLife.filled()
            try await store.save([life.row])
            let first = try await store.deleteEvents(olderThan: .zero, limit: 10)
            try await store.save(life.rows)
            let left = try await store.order(life.order.id)?.events.count
            #expect(first.orders == 1 && first.events > 0 && left == life.events.count - first.events)
            #expect(try await store.deleteEvents(olderThan: .zero, limit: 10) == (0, 0))
        }
    }

    @Test func `a row that cannot be read keeps what it has and holds nobody up`() async throws {
        try await withStore { store, pool in
            let (life, bad) = (OrderLife.filled(), OrderLife.filled())
            let events = bad.row.events.replacing("message", with: "massage")
            let row = OrderRow(bad.order, details: bad.order.json, seq: bad.row.seq, status: .confirmed, updatedAt: 0, events: events)
            try await store.save([life.row, row])
            #expect(try await store.deleteEvents(olderThan: .zero, limit: 1) == (1, 0))
            #expect(try await store.deleteEvents(olderThan: .zero, limit: 1).orders == 1)
            #expect(try await store.deleteEvents(olderThan: .zero, limit: 1).orders == 0)
            let kept = try await pool.query("SELECT events FROM order_rows WHERE order_id = $1::uuid", [.text(bad.order.id.description)])
            #expect(kept.first?["events"] == events)
        }
    }

    @Test func `what is worked off is not looked at again: the plan reads the index of what is left`() async throws {
        try await withStore { store, pool in
            try await store.save((0..<50).map { OrderLife.filled(amountIn: UInt64($0 + 1)).row })
            var orders = 0
            while case let deleted = try await store.deleteEvents(olderThan: .zero, limit: 7), deleted.orders > 0 {
                #expect(deleted.orders <= 7)
                orders += deleted.orders
            }
            #expect(orders == 50)
            let left = """
                SELECT count(*) AS n FROM order_rows WHERE status IN ('confirmed', 'failed', 'cancelled', 'expired') AND NOT events_deleted
                """
            #expect(try await pool.query(left).first?["n"] == "0")
            _ = try await pool.query("SET enable_seqscan = off")
            let plan = try await pool.query("EXPLAIN " + left.replacing("count(*) AS n", with: "order_id") + " ORDER BY updated_at LIMIT 5").rows
            #expect(plan.contains { $0[0]?.contains("order_rows_first_updated_at") == true })
        }
    }

    @Test func `several that delete at once work off each order once`() async throws {
        try await withStore { store, _ in
            try await store.save((0..<60).map { OrderLife.filled(amountIn: UInt64($0 + 1)).row })
            let tasks = (0..<3).map { _ in
                Loop.spawn {
                    var orders = 0
                    while case let deleted = try await store.deleteEvents(olderThan: .zero, limit: 5), deleted.orders > 0 { orders += deleted.orders }
                    return orders
                }
            }
            var orders = 0
            for task in tasks { orders += try await task.value }
            #expect(orders == 60)
        }
    }
}
