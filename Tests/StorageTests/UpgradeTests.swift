import EventLoop
import JSON
import Migrations
import Orders
import Postgres
import TestSupport
import Testing

@testable import Storage

/// Tests the step from three tables of values to one row an order, on rows and answers that an engine of the earlier version has left.
@Suite(.onLoop) @ServiceActor
struct UpgradeTests {
    private static let steps = Migrations.all.map { PostgresMigration(number: $0.number, name: $0.name, sql: $0.sql) }

    /// Lends a pool on a database that the first three steps have made, with the recorded orders.
    private func withOldOrders(_ body: @ServiceActor (PostgresPool) async throws -> Void) async throws {
        let pool = try PostgresPool(
            url: try await PostgresServer.shared().database(), size: 2, name: "tests", connectTimeout: .seconds(30), waitTimeout: .seconds(30))
        try await alongside({ await pool.run() }, stop: { pool.close() }) {
            #expect(try await PostgresMigrator(pool, Array(Self.steps.prefix(3))).migrate() == [1, 2, 3])
            try await pool.withConnection { connection in
                try await connection.run(script: contents(of: "\(packageRoot)/Tests/Oracles/orders-0003.sql"))
            }
            try await body(pool)
        }
    }

    /// What an answer shows of an order, without its log.
    private func shown(_ view: OrderView) throws -> [JSONMember] {
        (try JSONValue.parse(view.json(includesSuccess: false), maxDepth: 32).object ?? []).filter { $0.name != "logs" }
    }

    @Test func `every order is answered as before, alone and in a list`() async throws {
        try await withOldOrders { pool in
            let store = OrderStore(pool: pool)
            #expect(try await store.migrate() == [4, 5, 6, 7, 8, 9, 10, 11])
            let page = try await store.page(OrderFilter(), limit: 100)
            let list = page.orders.map { $0.json(includesSuccess: false) }.joined(separator: ",")
            #expect(#"{"orders":[\#(list)],"nextCursor":null}"# == contents(of: "\(packageRoot)/Tests/Oracles/orders-0003.json"))
            for view in page.orders {
                let found = try #require(try await store.order(view.order.id))
                #expect(OrderView(order: found.order, events: found.events) == view)
            }
            #expect(page.orders.map(\.logs.count) == [12, 7, 2, 7])
        }
    }

    @Test func `the events are those that the table had, with their gaps`() async throws {
        try await withOldOrders { pool in
            let rows = try await pool.query("SELECT order_id, event FROM order_events ORDER BY order_id, seq").rows
            let before = try rows.map { try OrderEvent(json: JSONValue.parse($0["event"] ?? "", maxDepth: 32)) }
            let store = OrderStore(pool: pool)
            _ = try await store.migrate()
            var after: [OrderEvent] = []
            for id in Set(before.map(\.orderId)).sorted(by: { $0.description < $1.description }) {
                after += try await store.order(id)?.events ?? []
            }
            #expect(after.map(\.text) == before.map(\.text) && after.count == 28)
        }
    }

    @Test(arguments: ["orders o ORDER BY id", "order_events o ORDER BY order_id, seq"])
    func `the views show the same in every column`(view: String) async throws {
        try await withOldOrders { pool in
            let sql = "SELECT to_jsonb(o)::text FROM \(view)"
            let before = try await pool.query(sql).rows.map(\.values)
            _ = try await OrderStore(pool: pool).migrate()
            #expect(try await pool.query(sql).rows.map(\.values) == before)
            #expect(before.count > 3)
        }
    }

    @Test func `an order that was worked off stays so, the others are next`() async throws {
        try await withOldOrders { pool in
            let store = OrderStore(pool: pool)
            _ = try await store.migrate()
            let before = try await store.page(OrderFilter(), limit: 100).orders
            #expect(try await store.deleteEvents(olderThan: .zero, limit: 100).orders == 3)
            for (view, old) in zip(try await store.page(OrderFilter(), limit: 100).orders, before) {
                #expect(try shown(view) == shown(old))
                #expect(view.logs.count <= 4)
            }
        }
    }

    @Test func `owner and rights stay, and a reader needs no more than before`() async throws {
        try await withOldOrders { pool in
            let name = "reader_\(UInt32.random(in: .min ... .max))"
            try await pool.withConnection { connection in
                try await connection.run(
                    script: """
                        CREATE ROLE \(name); CREATE ROLE \(name)_owner;
                        GRANT CREATE, USAGE ON SCHEMA public TO \(name)_owner;
                        ALTER TABLE order_rows OWNER TO \(name)_owner; ALTER TABLE order_events OWNER TO \(name)_owner;
                        GRANT SELECT ON order_rows, order_events, orders TO \(name);
                        GRANT SELECT ON order_rows TO PUBLIC;
                        """)
            }
            let rights = """
                SELECT relname, relowner::regrole::text, (SELECT string_agg(r::text, ' ' ORDER BY r::text) FROM unnest(relacl) AS r) AS rights
                FROM pg_class WHERE relname IN ('order_rows', 'order_events', 'orders') ORDER BY 1
                """
            let before = try await pool.query(rights).rows.map(\.values)
            _ = try await OrderStore(pool: pool).migrate()
            #expect(try await pool.query(rights).rows.map(\.values) == before)
            try await pool.transaction { connection in
                try await connection.run(script: "SET LOCAL ROLE \(name)")
                let counts = "SELECT (SELECT count(*) FROM order_rows), (SELECT count(*) FROM order_events), (SELECT count(logs) FROM orders)"
                #expect(try await connection.query(counts).first?.values == ["4", "28", "4"])
            }
        }
    }

    @Test func `a step that has to wait for a writer gives up and is tried again`() async throws {
        try await withOldOrders { pool in
            let store = OrderStore(pool: pool)
            try await pool.transaction { connection in
                _ = try await connection.query("UPDATE order_rows SET attempts = attempts")
                let error = await #expect(throws: PostgresError.self) { _ = try await store.migrate() }
                #expect(error?.sqlState == "55P03")
            }
            #expect(try await store.migrate() == [4, 5, 6, 7, 8, 9, 10, 11])
        }
    }
}
