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
                WHERE e.order_id = r.order_id), (SELECT (to_jsonb(o) - 'order_id' - 'id')::text FROM orders o WHERE o.id = r.order_id)
            FROM order_rows r ORDER BY 1
            """
        ).rows.map(\.values)
    }

    private func inOrder(_ pool: PostgresPool, _ store: OrderStore) async throws -> [[String?]] {
        for row in OrderLife.filled().rows + OrderLife.failed().rows { try await store.save([row]) }
        let rows = try await rows(pool)
        _ = try await pool.query("TRUNCATE order_rows")
        return rows
    }

    /// Makes the database refuse every change of a row that does not bring a newer event.
    private func forbidGoingBack(_ pool: PostgresPool) async throws {
        try await pool.withConnection { connection in
            try await connection.run(
                script: """
                    CREATE FUNCTION forward() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN
                        IF new.seq <= old.seq THEN RAISE 'seq % came after %', new.seq, old.seq; END IF;
                        RETURN new;
                    END $$;
                    CREATE TRIGGER forward BEFORE UPDATE ON order_rows FOR EACH ROW EXECUTE FUNCTION forward();
                    """)
        }
    }

    @Test func `any order of arrival, any batches and any repetition give the same rows`() async throws {
        try await withStore { store, pool in
            let expected = try await inOrder(pool, store)
            #expect(expected.count == 2)
            try await forbidGoingBack(pool)
            for seed in 0..<60 {
                var random = SeededGenerator(seed: UInt64(seed))
                var snapshots = OrderLife.filled().rows + OrderLife.failed().rows
                snapshots += snapshots.shuffled(using: &random).prefix(seed % 8)
                snapshots.shuffle(using: &random)
                while !snapshots.isEmpty {
                    let count = Int.random(in: 1...snapshots.count, using: &random)
                    try await store.save(Array(snapshots.prefix(count)))
                    snapshots.removeFirst(count)
                }
                let rows = try await rows(pool)
                #expect(rows == expected, "seed \(seed)")
                _ = try await pool.query("TRUNCATE order_rows")
            }
        }
    }

    /// The last four snapshots in all 24 orders, one at a time, some of the others before and after them.
    @Test func `every permutation of an end gives the same rows`() async throws {
        try await withStore { store, pool in
            let expected = try await inOrder(pool, store)
            for order in Self.permutations([0, 1, 2, 3]) {
                let snapshots = OrderLife.filled().rows
                try await store.save([snapshots[1]])
                for index in order { try await store.save([snapshots.suffix(4).map { $0 }[index]]) }
                try await store.save(OrderLife.failed().rows + snapshots.dropLast(4))
                let rows = try await rows(pool)
                #expect(rows == expected, "\(order)")
                _ = try await pool.query("TRUNCATE order_rows")
            }
        }
    }

    @Test func `a replay writes no row anew`() async throws {
        try await withStore { store, pool in
            let life = OrderLife.filled()
            try await store.save([life.row])
            let version = "SELECT xmin::text FROM order_rows"
            let before = try await pool.query(version).first?.values
            try await store.save([life.row])
            try await store.save(Array(life.rows.reversed().prefix(3)))
            let after = try await pool.query(version).first?.values
            #expect(after == before)
        }
    }

    @Test func `writers with the same orders in different sequences don't hinder each other, and no order ever goes back`() async throws {
        try await withStore { store, pool in
            let expected = try await inOrder(pool, store)
            try await forbidGoingBack(pool)
            let lives = (0..<20).map { _ in OrderLife.filled() }
            let writers = (0..<4).map { seed in
                Loop.spawn {
                    var random = SeededGenerator(seed: UInt64(seed))
                    var snapshots = lives.flatMap(\.rows).shuffled(using: &random)
                    while !snapshots.isEmpty {
                        try await store.save(Array(snapshots.prefix(50)))
                        snapshots.removeFirst(min(50, snapshots.count))
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
