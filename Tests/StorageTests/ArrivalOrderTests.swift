import EventLoop
import Orders
import Postgres
import Storage
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct ArrivalOrderTests {
    /// All columns of the projection, generated from two lives; ids left out, because each run has its own.
    private func rows(_ pool: PostgresPool) async throws -> [[String?]] {
        try await pool.query(
            """
            SELECT (to_jsonb(r) - 'order_id' - 'details')::text, (SELECT string_agg(seq || type, ' ' ORDER BY seq) FROM order_events e
                WHERE e.order_id = r.order_id), (SELECT logs::text FROM orders o WHERE o.id = r.order_id)
            FROM order_rows r ORDER BY 1
            """
        ).rows.map(\.values)
    }

    private func inOrder(_ pool: PostgresPool, _ store: OrderStore) async throws -> [[String?]] {
        for event in OrderLife.filled().stored + OrderLife.failed().stored { try await store.append([event]) }
        let rows = try await rows(pool)
        _ = try await pool.query("TRUNCATE order_events, order_rows")
        return rows
    }

    @Test func `any order of arrival, any batches and any repetition give the same rows`() async throws {
        try await withStore { store, pool in
            let expected = try await inOrder(pool, store)
            #expect(expected.count == 2)
            for seed in 0..<60 {
                var random = SeededGenerator(seed: UInt64(seed))
                var events = OrderLife.filled().stored + OrderLife.failed().stored
                events += events.shuffled(using: &random).prefix(seed % 8)
                events.shuffle(using: &random)
                while !events.isEmpty {
                    let count = Int.random(in: 1...events.count, using: &random)
                    try await store.append(Array(events.prefix(count)))
                    events.removeFirst(count)
                }
                let rows = try await rows(pool)
                #expect(rows == expected, "seed \(seed)")
                _ = try await pool.query("TRUNCATE order_events, order_rows")
            }
        }
    }

    /// The first four events in all 24 orders, one at a time; then the rest.
    @Test func `every permutation of a beginning gives the same rows`() async throws {
        try await withStore { store, pool in
            let expected = try await inOrder(pool, store)
            for order in Self.permutations([0, 1, 2, 3]) {
                let events = OrderLife.filled().stored
                try await store.append(Array(events.dropFirst(4).reversed()))
                for index in order { try await store.append([events[index]]) }
                try await store.append(OrderLife.failed().stored)
                let rows = try await rows(pool)
                #expect(rows == expected, "\(order)")
                _ = try await pool.query("TRUNCATE order_events, order_rows")
            }
        }
    }

    @Test func `a replay writes no row anew`() async throws {
        try await withStore { store, pool in
            let events = OrderLife.filled().stored
            try await store.append(events)
            let versions = "SELECT (SELECT xmin::text FROM order_rows) AS a, (SELECT max(xmin::text::bigint) FROM order_events) AS b"
            let before = try await pool.query(versions).first?.values
            try await store.append(events)
            try await store.append(Array(events.reversed().prefix(3)))
            let after = try await pool.query(versions).first?.values
            #expect(after == before)
        }
    }

    @Test func `writers with the same events in different orders don't hinder each other`() async throws {
        try await withStore { store, pool in
            let expected = try await inOrder(pool, store)
            let lives = (0..<20).map { _ in OrderLife.filled() }
            let writers = (0..<4).map { seed in
                Loop.spawn {
                    var random = SeededGenerator(seed: UInt64(seed))
                    var events = lives.flatMap(\.stored).shuffled(using: &random)
                    while !events.isEmpty {
                        try await store.append(Array(events.prefix(50)))
                        events.removeFirst(min(50, events.count))
                    }
                }
            }
            for writer in writers { try await writer.value }
            let rows = try await rows(pool)
            #expect(rows.count == 20 && Set(rows).count == 1)
            #expect(rows.first.map { expected.contains($0) } == true)
        }
    }

    private static func permutations(_ items: [Int]) -> [[Int]] {
        guard items.count > 1 else { return [items] }
        return items.flatMap { first in permutations(items.filter { $0 != first }).map { [first] + $0 } }
    }
}
