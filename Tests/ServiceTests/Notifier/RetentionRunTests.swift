import EventLoop
import Observability
import Postgres
import TestSupport
import Testing

@testable import NotifierService
@testable import Storage

@Suite(.onLoop) @ServiceActor
struct RetentionRunTests {
    @Test func `the retention works until nothing is due, however much that is, and leaves what is not`() async throws {
        try await withStore { store, _ in
            // Two and a half portions of orders that are due, and two orders that are not: one is new, one is under way.
            let rows = """
                INSERT INTO order_rows (
                    order_id, details, order_type, input_token, output_token, input_mint, output_mint, amount, amount_base, slippage_bps, slippage,
                    max_attempts, created_at, seq, status, attempts, updated_at, chosen_dex_seq, quotes_seq, tx_hash_seq, last_error_seq)
                SELECT gen_random_uuid(), '{}', 'market', 'SOL', 'USDC', 'a', 'b', 1, 1, 100, 0.01, 3, now(), 4,
                    CASE n WHEN 1 THEN 'submitted' ELSE 'confirmed' END, 1,
                    now() - CASE n WHEN 2 THEN interval '1 minute' ELSE interval '3 days' END, 3, 2, 3, 0
                FROM generate_series(1, 1252) AS n
                """
            _ = try await store.pool.query(rows)
            let events = """
                INSERT INTO order_events (order_id, seq, type, status, event, at)
                SELECT order_id, n, 'routing', 'routing', '{}', updated_at FROM order_rows, generate_series(1, 4) AS n
                """
            _ = try await store.pool.query(events)
            let lines = LineSink()
            let log = Logger(service: "notifier", instance: "test", level: .info, format: .json, sink: lines)
            await Retention(store: store, age: .seconds(86_400), log: log).deleteDue()
            // For each order the events stay that its row has values from: seq 2, 3 and 4.
            let left = try await store.pool.query("SELECT count(*) AS n, count(*) FILTER (WHERE seq = 1) AS first FROM order_events").first
            #expect(left?.values == ["3758", "2"])
            #expect(lines.texts.count == 1 && lines.texts[0].contains(#""event":"events.deleted","count":1250,"orders":1250"#))
        }
    }
}
