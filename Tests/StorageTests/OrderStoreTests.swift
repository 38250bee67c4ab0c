import EventLoop
import JSON
import Orders
import Postgres
import Storage
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct OrderStoreTests {
    @Test func `a stored order is read back as it was, and folds to the same view`() async throws {
        try await withStore { store, _ in
            let life = OrderLife.filled()
            try await store.save([life.row])
            let found = try #require(try await store.order(life.order.id))
            #expect(found.order == life.order)
            #expect(found.events.map(\.text) == life.events.map(\.text))
            #expect(OrderView(order: found.order, events: found.events).json() == OrderView(order: life.order, events: life.events).json())
        }
    }

    @Test func `an order that was never stored is unknown`() async throws {
        try await withStore { store, _ in
            try await store.save([OrderLife.failed().row])
            #expect(try await store.order(OrderLife().order.id) == nil)
        }
    }

    @Test func `the view has every column of a filled order, exact to the last digit`() async throws {
        try await withStore { store, pool in
            let life = OrderLife.filled()
            try await store.save([life.row])
            let row = try #require(try await pool.query("SELECT * FROM orders").first)
            let expected = [
                "id": life.order.id.description, "order_id": life.order.id.description, "user_id": "harsh \"quoted\" \\ 日本",
                "client_order_id": "key-1",
                "order_type": "market", "input_token": "SOL", "output_token": "USDC", "amount": "18446744073.709551615", "slippage_bps": "100",
                "status": "confirmed", "chosen_dex": "raydium", "execution_price": "145.3", "amount_out": "217.95", "tx_hash": "signature-2",
                "attempts": "2", "last_error": FailureCode.network.sentence,
            ]
            for (column, value) in expected { #expect(row[column] == value, "\(column)") }
            let quotes = try JSONValue.parse(row["quotes"] ?? "")
            #expect(quotes.array?.map { $0["dex"]?.string } == ["raydium", "orca"])
            let logs = try await pool.query("SELECT unnest(logs) AS line FROM orders").rows.map { $0["line"] }
            #expect(logs == life.events.dropFirst().map(\.message))
            let times = try await pool.query(
                "SELECT (extract(epoch FROM created_at) * 1000)::bigint AS c, (extract(epoch FROM updated_at) * 1000)::bigint AS u FROM orders")
            #expect(times.first?.values == ["1768030217789", String(1_768_030_217_789 + (life.events.count - 1) * 1001)])
        }
    }

    @Test func `an order without owner, key and fill has nulls there`() async throws {
        try await withStore { store, pool in
            try await store.save([OrderLife.failed().row])
            let row = try #require(try await pool.query("SELECT * FROM orders").first)
            for column in ["user_id", "client_order_id", "chosen_dex", "execution_price", "amount_out", "tx_hash", "quotes"] {
                #expect(row[column] == nil, "\(column)")
            }
            #expect(row["amount"] == "0.000000001" && row["status"] == "failed" && row["last_error"] == FailureCode.noRoute.sentence)
        }
    }

    @Test func `the view of events has each event with its order, status and time`() async throws {
        try await withStore { store, pool in
            let life = OrderLife.filled()
            try await store.save([life.row])
            let rows = try await pool.query("SELECT *, (extract(epoch FROM at) * 1000)::bigint AS ms FROM order_events ORDER BY seq").rows
            try #require(rows.count == life.events.count)
            for (row, event) in zip(rows, life.events) {
                #expect(row["order_id"] == life.order.id.description && row["seq"] == String(event.seq))
                #expect(row["type"] == event.type.rawValue && row["status"] == event.status.rawValue)
                #expect(row["ms"] == String(life.order.createdAt + UInt64(event.seq - 1) * 1001))
                let stored = try JSONValue.parse(row["event"] ?? "")
                let told = try JSONValue.parse(event.json)
                for name in ["orderId", "seq", "type", "status", "timestamp", "message", "attempt"] {
                    #expect(stored[name] != nil && stored[name] == told[name], "\(name) of \(event.seq)")
                }
                for name in ["txHash", "error", "amountOut"] where stored[name] != nil { #expect(stored[name] == told[name], "\(name)") }
                // The database does not keep the order of members.
                if let quotes = stored["quotes"]?.array { #expect(try quotes.map { try Quote(json: $0) } == event.quotes) }
            }
            #expect(rows.filter { $0["event"]?.contains("signature-") == true }.count == 2)
        }
    }

    @Test func `a view that asks for no event reads none`() async throws {
        try await withStore { _, pool in
            let plan = try await pool.query("EXPLAIN SELECT id, user_id, status, amount, created_at FROM orders").rows.compactMap { $0[0] }
            #expect(!plan.contains { $0.contains("Function Scan") }, "\(plan)")
        }
    }

    @Test func `texts are compressed with lz4 where the server has it`() async throws {
        try await withStore { _, pool in
            let columns = try await pool.query(
                """
                SELECT bool_and(attcompression = CASE WHEN EXISTS (
                    SELECT FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) THEN 'l' ELSE '' END) AS fits
                FROM pg_attribute WHERE attrelid = 'order_rows'::regclass AND attname IN ('details', 'events')
                """)
            #expect(columns.first?["fits"] == "t")
        }
    }

    @Test func `every table and column is described`() async throws {
        try await withStore { _, pool in
            let result = try await pool.query(
                """
                SELECT c.relname || '.' || coalesce(a.attname, '') AS name
                FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                WHERE c.relname IN ('orders', 'order_rows', 'order_events')
                    AND (obj_description(c.oid) IS NULL OR col_description(c.oid, a.attnum) IS NULL)
                """)
            #expect(result.rows.map { $0["name"] } == [])
        }
    }
}
