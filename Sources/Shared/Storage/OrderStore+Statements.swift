extension OrderStore {
    /// One statement, and so one transaction and one round trip.
    ///
    /// Only new events change the order's row, so a replay changes nothing. A value that the newest event may lack is kept with the seq of its event.
    /// A value that only one event ever carries is kept when it comes. Rows are written in order of id, so that two writers cannot deadlock.
    static let append = """
        WITH batch AS MATERIALIZED (
            SELECT order_id, seq, event::jsonb AS event, details
            FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[]) AS given(order_id, seq, event, details)
        ), added AS (
            INSERT INTO order_events (order_id, seq, type, status, event, at)
            SELECT order_id, seq, event ->> 'type', event ->> 'status', event, (event ->> 'timestamp')::timestamptz
            FROM batch
            ORDER BY order_id, seq
            ON CONFLICT (order_id, seq) DO NOTHING
            RETURNING order_id, seq, status, at, event
        ), folded AS (
            SELECT
                order_id,
                max(seq) AS seq,
                (array_agg(status ORDER BY seq DESC))[1] AS status,
                (array_agg(at ORDER BY seq DESC))[1] AS updated_at,
                max((event ->> 'attempt')::integer) AS attempts,
                \(newest("event ->> 'chosenDex'", as: "chosen_dex")),
                \(newest("nullif(event -> 'quotes', 'null')", as: "quotes")),
                \(newest("event ->> 'txHash'", as: "tx_hash")),
                \(newest("event -> 'error' ->> 'message'", as: "last_error")),
                max((event ->> 'executedPrice')::numeric) AS execution_price,
                max((event ->> 'amountOutDecimal')::numeric) AS amount_out,
                max((event ->> 'amountOut')::numeric) AS amount_out_base,
                max((event ->> 'realisedSlippageBps')::integer) AS realised_slippage_bps
            FROM added
            GROUP BY order_id
        ), fixed AS (
            SELECT DISTINCT ON (order_id) order_id, details, details::jsonb AS fields
            FROM batch
            ORDER BY order_id
        )
        INSERT INTO order_rows AS stored (
            order_id, details, user_id, client_order_id, order_type, input_token, output_token, input_mint, output_mint, amount, amount_base,
            slippage_bps, slippage, deadline, traceparent, max_attempts, created_at,
            seq, status, attempts, updated_at, chosen_dex, chosen_dex_seq, quotes, quotes_seq, tx_hash, tx_hash_seq, last_error, last_error_seq,
            execution_price, amount_out, amount_out_base, realised_slippage_bps
        )
        SELECT
            order_id, details::json, fields ->> 'userId', fields ->> 'clientOrderId', fields ->> 'orderType',
            fields -> 'tokenIn' ->> 'symbol', fields -> 'tokenOut' ->> 'symbol', fields -> 'tokenIn' ->> 'mint', fields -> 'tokenOut' ->> 'mint',
            trim_scale((fields ->> 'amountIn')::numeric * ('1e-' || (fields -> 'tokenIn' ->> 'decimals'))::numeric),
            (fields ->> 'amountIn')::numeric, (fields ->> 'slippageBps')::integer, (fields ->> 'slippage')::numeric,
            \(moment("deadline")), fields ->> 'traceparent', (fields ->> 'maxAttempts')::integer, \(moment("createdAt")),
            seq, status, coalesce(attempts, 1), updated_at, chosen_dex, chosen_dex_seq, quotes, quotes_seq, tx_hash, tx_hash_seq,
            last_error, last_error_seq, execution_price, amount_out, amount_out_base, realised_slippage_bps
        FROM folded JOIN fixed USING (order_id)
        ORDER BY order_id
        ON CONFLICT (order_id) DO UPDATE SET
            seq = greatest(stored.seq, excluded.seq),
            attempts = greatest(stored.attempts, excluded.attempts),
            events_deleted = false,
            \(follow("seq", ["status", "updated_at"])),
            \(follow("chosen_dex_seq", ["chosen_dex", "chosen_dex_seq"])),
            \(follow("quotes_seq", ["quotes", "quotes_seq"])),
            \(follow("tx_hash_seq", ["tx_hash", "tx_hash_seq"])),
            \(follow("last_error_seq", ["last_error", "last_error_seq"])),
            execution_price = coalesce(stored.execution_price, excluded.execution_price),
            amount_out = coalesce(stored.amount_out, excluded.amount_out),
            amount_out_base = coalesce(stored.amount_out_base, excluded.amount_out_base),
            realised_slippage_bps = coalesce(stored.realised_slippage_bps, excluded.realised_slippage_bps)
        """

    static let select = """
        SELECT details, coalesce(
            (SELECT jsonb_agg(event ORDER BY seq) FROM order_events e WHERE e.order_id = r.order_id AND e.seq > $2::integer), '[]') AS events
        FROM order_rows r
        WHERE order_id = $1::uuid
        """

    /// The value of the newest event that has one, and that event's seq; 0 if no event has one.
    private static func newest(_ value: String, as column: String) -> String {
        let filter = "FILTER (WHERE \(value) IS NOT NULL)"
        return "(array_agg(\(value) ORDER BY seq DESC) \(filter))[1] AS \(column), coalesce(max(seq) \(filter), 0) AS \(column)_seq"
    }

    /// Assignments that take the new values if the new seq is higher.
    private static func follow(_ seq: String, _ columns: [String]) -> String {
        columns.map { "\($0) = CASE WHEN excluded.\(seq) > stored.\(seq) THEN excluded.\($0) ELSE stored.\($0) END" }.joined(separator: ", ")
    }

    /// A time from Unix milliseconds, exactly.
    private static func moment(_ key: String) -> String { "'epoch'::timestamptz + (fields ->> '\(key)')::bigint * interval '1 millisecond'" }
}
