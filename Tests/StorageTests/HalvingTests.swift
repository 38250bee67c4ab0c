import EventLoop
import Orders
import Postgres
import Storage
import TestOrders
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct HalvingTests {
    /// Makes an order one that Postgres refuses.
    private nonisolated static func spoilt(_ row: OrderRow, _ way: Int) throws -> (row: OrderRow, sqlState: String) {
        let order = try Order(json: row.details)
        func with(
            _ other: Order? = nil, details: String? = nil, seq: Int? = nil, updatedAt: UInt64? = nil, events: String? = nil
        ) -> OrderRow {
            OrderRow(
                other ?? order, details: details ?? row.details, seq: seq ?? row.seq, status: row.status,
                updatedAt: updatedAt ?? row.updatedAt, events: events ?? row.events)
        }
        return switch way {
        case 0: (with(events: row.events + "\0"), "22021")
        case 1: (with(details: "\0" + row.details), "22021")
        case 2: (with(OrderLife(userId: "a\0b").order), "22021")
        case 3: (with(seq: Int(Int32.max) + 1), "22003")
        case 4: (with(OrderLife(clientOrderId: "\0").order), "22021")
        case 5: (with(updatedAt: .max), "22008")
        case 6: (with(seq: 0), "23514")
        default: (with(OrderLife(at: 1 << 60).order), "22008")
        }
    }

    private static func batch(of count: Int) -> [OrderRow] { (0..<count).map { $0 % 2 == 0 ? OrderLife.filled().row : OrderLife.failed().row } }

    @Test(arguments: 0..<8) func `one bad order among many is the only one set aside`(way: Int) async throws {
        try await withStore { store, pool in
            var batch = Self.batch(of: 64)
            let place = 5 + way * 7
            let (row, state) = try Self.spoilt(batch[place], way)
            batch[place] = row
            let refused = await #expect(throws: PostgresError.self) { try await store.save(batch) }
            #expect(refused?.isDataFault == true)
            let (stored, bad) = try await store.saveHalving(batch)
            #expect(bad.map(\.index) == [place])
            #expect(bad.first?.error.sqlState == state)
            #expect(stored == batch.indices.filter { $0 != place })
            let count = try await pool.query("SELECT count(*) AS n FROM order_rows").first
            #expect(count?["n"] == String(batch.count - 1))
        }
    }

    @Test func `many bad orders, the first and the last among them, are all found`() async throws {
        try await withStore { store, _ in
            var batch = Self.batch(of: 48)
            let places = [0, 1, 17, 30, 31, 32, batch.count - 1]
            for (way, place) in places.enumerated() { batch[place] = try Self.spoilt(batch[place], way).row }
            let (stored, bad) = try await store.saveHalving(batch)
            #expect(bad.map(\.index) == places)
            #expect(stored.count + bad.count == batch.count)
        }
    }

    @Test func `an empty batch and a good one need no halving`() async throws {
        try await withStore { store, _ in
            let nothing = try await store.saveHalving([])
            #expect(nothing.stored.isEmpty && nothing.bad.isEmpty)
            let all = try await store.saveHalving(OrderLife.failed().rows)
            #expect(all.stored == [0, 1, 2] && all.bad.isEmpty)
        }
    }

    @Test func `while Postgres is away nothing is set aside`() async throws {
        let server = try await PostgresServer.start()
        let pool = try PostgresPool(url: try await server.database(), size: 1, name: "tests")
        let running = Loop.spawn { await pool.run() }
        defer { running.cancel() }
        let store = OrderStore(pool: pool)
        _ = try await store.migrate()
        let batch = OrderLife.filled().rows
        try await server.kill()
        let error = await #expect(throws: PostgresError.self) { _ = try await store.saveHalving(batch) }
        #expect(error?.isAway == true)
        try await server.restart()
        try await eventually { pool.isAvailable }
        let (stored, bad) = try await store.saveHalving(batch)
        #expect(stored.count == batch.count && bad.isEmpty)
        pool.close()
        try await server.stop()
    }

    @Test func `a missing table is nobody's fault among the orders`() async throws {
        try await withStore { store, pool in
            _ = try await pool.query("ALTER TABLE order_rows RENAME TO hidden")
            let error = await #expect(throws: PostgresError.self) { _ = try await store.saveHalving(OrderLife.failed().rows) }
            #expect(error?.sqlState == "42P01")
            #expect(error?.isDataFault == false)
        }
    }
}
