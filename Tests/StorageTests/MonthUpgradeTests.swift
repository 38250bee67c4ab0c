import EventLoop
import Migrations
import Orders
import Postgres
import TestOrders
import TestSupport
import Testing

@testable import Storage

/// Tests the steps from one table of orders to one with parts by month, beside notifiers of the version before.
@Suite(.onLoop) @ServiceActor
struct MonthUpgradeTests {
    private static let steps = Migrations.all.map { PostgresMigration(number: $0.number, name: $0.name, sql: $0.sql) }

    /// Lends the pool of an older notifier, on a database that the first five steps have made, and one of a newer notifier.
    private func withOldTable(_ body: @ServiceActor (PostgresPool, PostgresPool) async throws -> Void) async throws {
        let url = try await PostgresServer.shared().database()
        let pools = try (0..<2).map { _ in
            try PostgresPool(url: url, size: 2, name: "tests", connectTimeout: .seconds(30), waitTimeout: .seconds(30))
        }
        try await alongside({ await pools[0].run() }, stop: { pools[0].close() }) {
            try await alongside({ await pools[1].run() }, stop: { pools[1].close() }) {
                _ = try await PostgresMigrator(pools[0], Array(Self.steps.prefix(5))).migrate()
                try await body(pools[0], pools[1])
            }
        }
    }

    @Test func `orders stay as they are, and an older notifier goes on in the same session`() async throws {
        try await withOldTable { old, new in
            let (before, open, after) = (OrderLife.filled(), OrderLife(), OrderLife.filled(at: try await Calendar(old).now - 60_000))
            let store = OrderStore(pool: old)
            try await store.save([before.row, open.row(upTo: 1)])
            #expect(try await store.order(before.order.id)?.events == before.events)
            let views =
                "SELECT (SELECT jsonb_agg(o ORDER BY id) FROM orders o)::text, (SELECT jsonb_agg(e ORDER BY order_id, seq) FROM order_events e)::text"
            let shown = try await old.query(views).first?.values
            #expect(try await OrderStore(pool: new).migrate() == [6, 7, 8, 9, 10, 11])
            #expect(try await old.query(views).first?.values == shown && shown?.contains(nil) == false)
            try await store.save([before.row, open.row, after.row])
            for life in [before, open, after] { #expect(try await store.order(life.order.id)?.events == life.events) }
            #expect(try await store.page(OrderFilter(), limit: 9).orders.count == 3)
            #expect(try await store.deleteEvents(olderThan: .zero, limit: 9).orders == 2)
            #expect(try await parts(old) == ["order_rows_first": 3, "order_rows_default": 0])
        }
    }

    @Test func `the first part ends with the next month, or a month after the newest order of a clock that was ahead`() async throws {
        for ahead in [0, 40] {
            try await withOldTable { old, new in
                let calendar = try await Calendar(old)
                let life = OrderLife.filled(at: calendar.time(-ahead))
                try await OrderStore(pool: old).save([life.row])
                _ = try await OrderStore(pool: new).migrate()
                let bound = try await old.query("SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'order_rows_first'").first?[0]
                let part = OrderPart(name: "order_rows_first", bound: bound ?? "")
                #expect(part.lower == nil && part.upper == calendar.month(-ahead - 2).lowest && !part.isDefault)
            }
        }
    }

    @Test func `owner, rights and views of one's own stay with what they show`() async throws {
        try await withOldTable { old, new in
            try await OrderStore(pool: old).save([OrderLife.filled().row])
            let name = "reader_\(UInt32.random(in: .min ... .max))"
            let script = """
                CREATE ROLE \(name); CREATE ROLE \(name)_owner; GRANT CREATE, USAGE ON SCHEMA public TO \(name)_owner;
                ALTER TABLE order_rows OWNER TO \(name)_owner; GRANT SELECT ON order_rows, orders TO \(name) WITH GRANT OPTION;
                GRANT SELECT ON order_rows TO PUBLIC;
                CREATE SCHEMA reports; CREATE VIEW reports.mine WITH (security_barrier) AS SELECT order_id, status FROM order_rows;
                CREATE VIEW reports.count AS SELECT count(*) AS n FROM reports.mine; GRANT SELECT ON reports.mine TO \(name)
                """
            try await old.withConnection { _ = try await $0.run(script: script) }
            let rights = """
                SELECT relname, relowner::regrole::text, reloptions::text,
                    (SELECT string_agg(r::text, ' ' ORDER BY r::text) FROM unnest(relacl) AS r) AS rights
                FROM pg_class WHERE relname IN ('order_rows', 'order_events', 'orders', 'mine') ORDER BY 1
                """
            let before = try await old.query(rights).rows.map(\.values)
            _ = try await OrderStore(pool: new).migrate()
            #expect(try await old.query(rights).rows.map(\.values) == before && before.count == 4)
            let later = OrderLife.filled(at: try await Calendar(old).time(-3))
            try await OrderStore(pool: old).save([later.row])
            #expect(try await old.query("SELECT n FROM reports.count").first?[0] == "2")
            let owners = try await old.query("SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relname LIKE 'order\\_rows%'").rows
            #expect(owners.map { $0[0] } == ["\(name)_owner"])
        }
    }

    @Test func `while the rows are read, others read and write`() async throws {
        try await withOldTable { old, new in
            _ = try await PostgresMigrator(new, Array(Self.steps.prefix(6))).migrate()
            try await new.transaction { connection in
                try await connection.run(script: Self.steps[6].sql)
                let life = OrderLife.filled()
                let store = OrderStore(pool: old)
                try await store.save([life.row])
                #expect(try await store.order(life.order.id)?.events == life.events)
            }
        }
    }

    @Test(arguments: [5, 7]) func `a step that has to wait gives up, leaves all as it was, and is tried again`(done: Int) async throws {
        try await withOldTable { old, new in
            _ = try await PostgresMigrator(new, Array(Self.steps.prefix(done))).migrate()
            let life = OrderLife.filled()
            try await OrderStore(pool: old).save([life.row])
            try await old.transaction { connection in
                _ = try await connection.query("SELECT count(*) FROM order_rows")
                let error = await #expect(throws: PostgresError.self) { _ = try await OrderStore(pool: new).migrate() }
                #expect(error?.sqlState == "55P03")
            }
            #expect(try await OrderStore(pool: new).migrate().last == 11)
            #expect(try await OrderStore(pool: new).order(life.order.id)?.events == life.events)
        }
    }

    @Test func `what would stay behind with the first part is named, and nothing is changed`() async throws {
        try await withOldTable { old, new in
            _ = try await old.query("CREATE MATERIALIZED VIEW stale AS SELECT count(*) FROM order_rows")
            let error = await #expect(throws: PostgresError.self) { _ = try await OrderStore(pool: new).migrate() }
            #expect(error?.sqlState == "2BP01" && error?.message.contains("drop stale (materialized view) first") == true)
            try await OrderStore(pool: old).save([OrderLife.filled().row])
            _ = try await old.query("DROP MATERIALIZED VIEW stale")
            #expect(try await OrderStore(pool: new).migrate() == [8, 9, 10, 11])
        }
    }
}
