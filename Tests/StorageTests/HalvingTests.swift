import EventLoop
import Orders
import Postgres
import Storage
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct HalvingTests {
    /// Makes an event one that Postgres refuses.
    private nonisolated static func spoilt(_ event: StoredEvent, _ way: Int) -> (event: StoredEvent, sqlState: String) {
        func with(orderID: String? = nil, seq: Int? = nil, event text: String? = nil) -> StoredEvent {
            StoredEvent(orderID: orderID ?? event.orderID, seq: seq ?? event.seq, event: text ?? event.event, order: event.order)
        }
        let body = event.event.dropLast()
        return switch way {
        case 0: (with(event: "\(body),\"note\":\"a\0b\"}"), "22021")
        case 1: (with(event: "\(body),\"note\":\"a\\u0000b\"}"), "22P05")
        case 2: (with(event: "\(body),\"amountOut\":\"1e200000\"}"), "22003")
        case 3: (with(seq: Int(Int32.max) + 1), "22003")
        case 4: (with(event: String(body)), "22P02")
        case 5: (with(orderID: "no-uuid"), "22P02")
        case 6: (with(seq: 0), "23514")
        default: (with(event: "{}"), "23502")
        }
    }

    @Test(arguments: 0..<8) func `one bad event among many is the only one set aside`(way: Int) async throws {
        try await withStore { store, pool in
            var batch = (0..<8).flatMap { _ in OrderLife.filled().stored }
            let place = 5 + way * 7
            let (event, state) = Self.spoilt(batch[place], way)
            batch[place] = event
            let refused = await #expect(throws: PostgresError.self) { try await store.append(batch) }
            #expect(refused?.isDataFault == true)
            let (stored, bad) = try await store.appendHalving(batch)
            #expect(bad.map(\.index) == [place])
            #expect(bad.first?.error.sqlState == state)
            #expect(stored == batch.indices.filter { $0 != place })
            let count = try await pool.query("SELECT count(*) AS n FROM order_events").first
            #expect(count?["n"] == String(batch.count - 1))
        }
    }

    @Test func `many bad events, the first and the last among them, are all found`() async throws {
        try await withStore { store, _ in
            var batch = (0..<6).flatMap { _ in OrderLife.filled().stored }
            let places = [0, 1, 17, 30, 31, 32, batch.count - 1]
            for (way, place) in places.enumerated() { batch[place] = Self.spoilt(batch[place], way).event }
            let (stored, bad) = try await store.appendHalving(batch)
            #expect(bad.map(\.index) == places)
            #expect(stored.count + bad.count == batch.count)
        }
    }

    @Test func `an empty batch and a good one need no halving`() async throws {
        try await withStore { store, _ in
            let nothing = try await store.appendHalving([])
            #expect(nothing.stored.isEmpty && nothing.bad.isEmpty)
            let all = try await store.appendHalving(OrderLife.failed().stored)
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
        let batch = OrderLife.filled().stored
        try await server.kill()
        let error = await #expect(throws: PostgresError.self) { _ = try await store.appendHalving(batch) }
        #expect(error?.isAway == true)
        try await server.restart()
        try await eventually { pool.isAvailable }
        let (stored, bad) = try await store.appendHalving(batch)
        #expect(stored.count == batch.count && bad.isEmpty)
        pool.close()
        try await server.stop()
    }

    @Test func `a missing table is nobody's fault among the events`() async throws {
        try await withStore { store, pool in
            _ = try await pool.query("ALTER TABLE order_events RENAME TO hidden")
            let error = await #expect(throws: PostgresError.self) { _ = try await store.appendHalving(OrderLife.failed().stored) }
            #expect(error?.sqlState == "42P01")
            #expect(error?.isDataFault == false)
        }
    }
}
