import EventLoop
import Orders
import Postgres
import TestOrders
import TestSupport
import Testing

@testable import Storage

@Suite(.onLoop) @ServiceActor
struct MonthTests {
    private nonisolated static let day = 86_400

    @Test func `a month is a range of ids from its first millisecond on, also over the end of a year`() throws {
        let december = OrderMonth(at: try #require(Timestamp.parse("2026-12-31T23:59:59.999Z").flatMap { UInt64($0) }))
        #expect(december.name == "order_rows_2026_12" && december.next.name == "order_rows_2027_01")
        #expect(december.next.next.name == "order_rows_2027_02" && december.next.next.next.name == "order_rows_2027_03")
        let first = try #require(Timestamp.parse("2027-01-01T00:00:00Z").flatMap { UInt64($0) })
        #expect(december.next.lowest == OrderID.lowest(at: first).description)
    }

    @Test func `the months to come get their parts once, however many processes make them`() async throws {
        try await withMonths(1) { store, pool, calendar in
            let tasks = (0..<4).map { _ in Loop.spawn { try await store.makeMonths(ahead: 2) } }
            var made: [String] = []
            for task in tasks { made += try await task.value.made }
            let expected = [calendar.month(-1).name, calendar.month(-2).name]
            #expect(made == expected)
            #expect(try await store.makeMonths(ahead: 2) == MonthsMade())
            let times = [calendar.time(-1), calendar.time(-2)]
            try await store.save(times.map { OrderLife.filled(at: $0).row })
            let counts = try await parts(pool)
            #expect(expected.allSatisfy { counts[$0] == 1 } && counts["order_rows_default"] == 0)
        }
    }

    @Test(.enabled(if: PgBouncer.isInstalled, "pgbouncer is not installed"))
    func `months are made and dropped through PgBouncer too, and nothing of it stays in a session`() async throws {
        try await withMonths(5) { store, pool, calendar in
            try await store.save([OrderLife.filled(at: calendar.time(5)).row, OrderLife.filled(at: calendar.time(12)).row])
            let name = try #require(try await pool.query("SELECT current_database()").first?[0])
            let pooler = try await PgBouncer(to: try await PostgresServer.shared().port, mode: .transaction, sessions: 2)
            let pooled = try PostgresPool(
                url: pooler.url(of: "/\(name)"), size: 4, name: "tests", connectTimeout: .seconds(30), waitTimeout: .seconds(30))
            try await alongside({ await pooled.run() }, stop: { pooled.close() }) { try await care(OrderStore(pool: pooled), calendar) }
            try await pooler.stop()
        }
    }

    private func care(_ store: OrderStore, _ calendar: Calendar) async throws {
        #expect(try await store.makeMonths(ahead: 2).made.count == 2)
        #expect(try await store.deleteOrders(olderThan: .seconds(90 * Self.day), limit: 9) == 1)
        #expect(try await store.dropMonths(olderThan: .seconds(90 * Self.day)).dropped.contains(calendar.month(5).name))
        let left = "SELECT current_setting('lock_timeout'), current_setting('statement_timeout'), current_setting('enable_seqscan')"
        for _ in 0..<6 { #expect(try await store.pool.query(left).first?.values == ["0", "0", "on"]) }
    }

    @Test func `a part that is made has what the others have: indexes, checks and compression`() async throws {
        try await withMonths(0) { store, pool, calendar in
            let name = try #require(try await store.makeMonths(ahead: 1).made.first)
            let shape = """
                SELECT (SELECT string_agg(regexp_replace(pg_get_indexdef(indexrelid), '^.* USING', ''), ' ' ORDER BY
                        regexp_replace(pg_get_indexdef(indexrelid), '^.* USING', '')) FROM pg_index
                        WHERE indrelid = c.oid AND EXISTS (SELECT FROM pg_inherits WHERE inhrelid = indexrelid)) AS indexes,
                    (SELECT string_agg(conname, ' ' ORDER BY conname) FROM pg_constraint WHERE conrelid = c.oid AND contype = 'c') AS checks,
                    (SELECT string_agg(attname || attcompression::text || attstorage::text, ' ' ORDER BY attnum) FROM pg_attribute
                        WHERE attrelid = c.oid AND attnum > 0) AS columns
                FROM pg_class c WHERE oid = $1::regclass
                """
            let made = try await pool.query(shape, [.text(name)]).first?.values
            #expect(try await pool.query(shape, [.text("order_rows_default")]).first?.values == made && made?.contains(nil) == false)
        }
    }

    @Test func `an order whose month gets its part while it is being stored is stored in that part`() async throws {
        try await withMonths(0) { store, pool, calendar in
            let month = calendar.month(-3)
            let waiting = "SELECT FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            let save = try await pool.transaction { connection in
                try await connection.run(
                    script: """
                        CREATE TABLE \(month.name) (LIKE order_rows INCLUDING ALL);
                        ALTER TABLE order_rows ATTACH PARTITION \(month.name) FOR VALUES FROM ('\(month.lowest)') TO ('\(month.next.lowest)')
                        """)
                let row = OrderLife.filled(at: calendar.time(-3)).row
                let save = Loop.spawn { try await store.saveHalving([row]) }
                try await eventually { try await pool.query(waiting).affectedRows > 0 }
                return save
            }
            let result = try await save.value
            #expect(result.stored == [0] && result.bad.isEmpty)
            #expect(try await parts(pool)[month.name] == 1)
        }
    }

    @Test func `an order of a month without a part is stored, and its month stays where it is while the next ones are made`() async throws {
        try await withMonths(0) { store, pool, calendar in
            let (far, next) = (OrderLife.filled(at: calendar.time(-30)), OrderLife.filled(at: calendar.time(-1)))
            let result = try await store.saveHalving([far.row, next.row])
            #expect(result.stored == [0, 1] && result.bad.isEmpty)
            #expect(try await parts(pool)["order_rows_default"] == 2)
            let made = try await store.makeMonths(ahead: 2)
            #expect(made.made == [calendar.month(-2).name] && made.left == [calendar.month(-1).name])
            for life in [far, next] { #expect(try await store.order(life.order.id)?.events == life.events) }
        }
    }

    @Test func `a role that may not make parts is told so, is refused nothing, and its orders are stored`() async throws {
        try await withMonths(0) { _, pool, calendar in
            let name = "writer_\(UInt32.random(in: .min ... .max))"
            let script = "CREATE ROLE \(name) LOGIN; GRANT SELECT, INSERT, UPDATE ON order_rows TO \(name)"
            try await pool.withConnection { _ = try await $0.run(script: script) }
            let database = try #require(try await pool.query("SELECT current_database(), inet_server_port()").first)
            let url = "postgres://\(name)@127.0.0.1:\(database[1] ?? "")/\(database[0] ?? "")"
            let limited = try PostgresPool(url: url, size: 2, name: "tests", connectTimeout: .seconds(30), waitTimeout: .seconds(30))
            try await alongside({ await limited.run() }, stop: { limited.close() }) {
                var refused = 0
                limited.onRefusal = { _ in refused += 1 }
                let store = OrderStore(pool: limited)
                #expect(try await store.makeMonths(ahead: 1) == MonthsMade(mayChange: false))
                #expect(try await store.dropMonths(olderThan: .zero) == MonthsDropped())
                #expect(try await store.deleteOrders(olderThan: .zero, limit: 9) == 0)
                try await store.save([OrderLife.filled(at: calendar.time(-1)).row])
                #expect(refused == 0 && limited.trouble == nil)
            }
            #expect(try await parts(pool)["order_rows_default"] == 1)
        }
    }

    @Test func `a table that is not divided yet is left alone`() async throws {
        try await withMonths(0) { store, pool, _ in
            _ = try await pool.query("ALTER TABLE order_rows RENAME TO others")
            #expect(try await store.makeMonths(ahead: 2) == MonthsMade())
            #expect(try await store.dropMonths(olderThan: .zero) == MonthsDropped())
            #expect(try await store.deleteOrders(olderThan: .zero, limit: 9) == 0)
        }
    }

    // MARK: Retention

    @Test func `a month goes when its last order is old enough, unless one of its orders is not final`() async throws {
        try await withMonths(5) { store, pool, calendar in
            let ends = (0...5).map { OrderLife.filled(at: calendar.time($0)) }
            let open = OrderLife(at: calendar.time(4))
            try await store.save(ends.map(\.row) + [open.row])
            // The end of the month before the last one is 45 days ago at most; that of the month before is 58 days ago at least.
            let result = try await store.dropMonths(olderThan: .seconds(89 * Self.day))
            let old = (0...5).filter { calendar.month($0).next.lowest <= OrderID.lowest(at: calendar.now - 89 * 86_400_000).description }
            #expect(old.contains(5) && old.contains(4) && !old.contains(1))
            #expect(Set(result.kept) == [calendar.month(4).name])
            #expect(Set(result.dropped) == Set(old.filter { $0 != 4 }.map { calendar.month($0).name } + ["order_rows_first"]))
            for (n, life) in ends.enumerated() {
                #expect(try await store.order(life.order.id) != nil || (old.contains(n) && n != 4), "\(n) months ago")
            }
            #expect(try await store.order(open.order.id)?.events == open.events)
            #expect(try await parts(pool)[calendar.month(4).name] == 2)
        }
    }

    @Test func `what is old in the first part goes in portions, and what is not final or not old stays`() async throws {
        try await withMonths(1) { store, pool, calendar in
            let old = (0..<7).map { OrderLife.filled(amountIn: UInt64($0 + 1), at: calendar.time(12) + UInt64($0)) }
            let (open, recent) = (OrderLife(at: calendar.time(12)), OrderLife.filled(at: calendar.time(1)))
            try await store.save(old.map(\.row) + [open.row, recent.row])
            #expect(try await parts(pool)["order_rows_first"] == 8)
            var counts: [Int] = []
            while case let n = try await store.deleteOrders(olderThan: .seconds(90 * Self.day), limit: 3), n > 0 { counts.append(n) }
            #expect(counts == [3, 3, 1])
            for life in old { #expect(try await store.order(life.order.id) == nil) }
            for life in [open, recent] { #expect(try await store.order(life.order.id) != nil) }
        }
    }

    @Test func `old orders of the default part go too`() async throws {
        try await withMonths(0) { store, pool, calendar in
            try await pool.withConnection { _ = try await $0.run(script: "DROP TABLE order_rows_first") }
            let (old, open) = (OrderLife.filled(at: calendar.time(12)), OrderLife(at: calendar.time(12)))
            try await store.save([old.row, open.row])
            #expect(try await parts(pool)["order_rows_default"] == 2)
            #expect(try await store.deleteOrders(olderThan: .seconds(90 * Self.day), limit: 3) == 1)
            let left = try await store.order(open.order.id)
            #expect(left != nil)
        }
    }

    @Test func `a drop that has to wait gives up soon, and the next one succeeds`() async throws {
        try await withMonths(5) { store, pool, calendar in
            try await store.save([OrderLife.filled(at: calendar.time(5)).row])
            try await pool.transaction { connection in
                _ = try await connection.query("SELECT count(*) FROM order_rows")
                let start = MonotonicInstant.now
                let error = await #expect(throws: PostgresError.self) { _ = try await store.dropMonths(olderThan: .seconds(90 * Self.day)) }
                #expect(error?.sqlState == "55P03" && start.elapsed < .seconds(5))
            }
            #expect(try await store.dropMonths(olderThan: .seconds(90 * Self.day)).dropped.contains(calendar.month(5).name))
        }
    }

    @Test func `several that drop at once drop each month once`() async throws {
        try await withMonths(6) { store, pool, calendar in
            try await store.save((4...6).map { OrderLife.filled(at: calendar.time($0)).row })
            let tasks = (0..<3).map { _ in Loop.spawn { try await store.dropMonths(olderThan: .seconds(90 * Self.day)).dropped } }
            var dropped: [String] = []
            for task in tasks { dropped += try await task.value }
            dropped += try await store.dropMonths(olderThan: .seconds(90 * Self.day)).dropped
            #expect(Set(dropped).count == dropped.count && dropped.count >= 4)
        }
    }
}
