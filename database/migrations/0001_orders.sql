-- The projection of orders and their events. Written by the notifier only, from the stream of events; nobody decides anything by it.

CREATE TABLE order_events (
    order_id uuid NOT NULL,
    seq integer NOT NULL CHECK (seq >= 1),
    type text NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'routing', 'building', 'submitted', 'confirmed', 'failed', 'cancelled')),
    event jsonb NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (order_id, seq)
);

COMMENT ON TABLE order_events IS 'Every event of every order. Append-only; a row that comes again changes nothing. No foreign key to order_rows.';
COMMENT ON COLUMN order_events.order_id IS 'The order: UUIDv7 in canonical form.';
COMMENT ON COLUMN order_events.seq IS 'Counts the events of an order from 1 without gaps. Rows may arrive in any order.';
COMMENT ON COLUMN order_events.type IS 'pending, routing, building, submitted, execution-failed, retry-pending, confirmed, failed or cancelled.';
COMMENT ON COLUMN order_events.status IS 'The status of the order with this event.';
COMMENT ON COLUMN order_events.event IS 'The canonical event as subscribers got it.';
COMMENT ON COLUMN order_events.at IS 'When it happened, by the clock of Redis.';

CREATE TABLE order_rows (
    order_id uuid PRIMARY KEY,
    details json NOT NULL,
    user_id text,
    client_order_id text,
    order_type text NOT NULL,
    input_token text NOT NULL,
    output_token text NOT NULL,
    input_mint text NOT NULL,
    output_mint text NOT NULL,
    amount numeric NOT NULL,
    amount_base numeric NOT NULL,
    slippage_bps integer NOT NULL,
    slippage numeric NOT NULL,
    deadline timestamptz,
    traceparent text,
    max_attempts integer NOT NULL,
    created_at timestamptz NOT NULL,
    seq integer NOT NULL,
    status text NOT NULL,
    attempts integer NOT NULL,
    updated_at timestamptz NOT NULL,
    chosen_dex text,
    chosen_dex_seq integer NOT NULL,
    quotes jsonb,
    quotes_seq integer NOT NULL,
    tx_hash text,
    tx_hash_seq integer NOT NULL,
    last_error text,
    last_error_seq integer NOT NULL,
    execution_price numeric,
    amount_out numeric,
    amount_out_base numeric,
    realised_slippage_bps integer
);

COMMENT ON TABLE order_rows IS 'One row an order, folded from its events. Read it as the view orders.';
COMMENT ON COLUMN order_rows.order_id IS 'The order: UUIDv7 in canonical form.';
COMMENT ON COLUMN order_rows.details IS 'All that never changes of the order, in the text in which it was accepted.';
COMMENT ON COLUMN order_rows.user_id IS 'Who owns it; null for none.';
COMMENT ON COLUMN order_rows.client_order_id IS 'The client''s own key; null for none.';
COMMENT ON COLUMN order_rows.order_type IS 'market.';
COMMENT ON COLUMN order_rows.input_token IS 'Symbol of what is sold.';
COMMENT ON COLUMN order_rows.output_token IS 'Symbol of what is bought.';
COMMENT ON COLUMN order_rows.input_mint IS 'Mint address of what is sold.';
COMMENT ON COLUMN order_rows.output_mint IS 'Mint address of what is bought.';
COMMENT ON COLUMN order_rows.amount IS 'How much is sold, in whole tokens, exact.';
COMMENT ON COLUMN order_rows.amount_base IS 'How much is sold, in base units.';
COMMENT ON COLUMN order_rows.slippage_bps IS 'The slippage limit in basis points.';
COMMENT ON COLUMN order_rows.slippage IS 'The slippage limit as the fraction that was given.';
COMMENT ON COLUMN order_rows.deadline IS 'After it nothing is submitted; null for no limit.';
COMMENT ON COLUMN order_rows.traceparent IS 'W3C trace context of the request; null for none.';
COMMENT ON COLUMN order_rows.max_attempts IS 'How often the order is tried in all.';
COMMENT ON COLUMN order_rows.created_at IS 'When it was accepted.';
COMMENT ON COLUMN order_rows.seq IS 'The newest event this row knows; status and updated_at are that event''s.';
COMMENT ON COLUMN order_rows.status IS 'pending, routing, building, submitted, confirmed, failed or cancelled.';
COMMENT ON COLUMN order_rows.attempts IS 'The highest attempt seen, from 1.';
COMMENT ON COLUMN order_rows.updated_at IS 'When the newest event happened.';
COMMENT ON COLUMN order_rows.chosen_dex IS 'The venue chosen last.';
COMMENT ON COLUMN order_rows.chosen_dex_seq IS 'The event that chosen_dex is from; 0 for none.';
COMMENT ON COLUMN order_rows.quotes IS 'The newest list of quotes, best first.';
COMMENT ON COLUMN order_rows.quotes_seq IS 'The event that quotes is from; 0 for none.';
COMMENT ON COLUMN order_rows.tx_hash IS 'The newest transaction''s signature.';
COMMENT ON COLUMN order_rows.tx_hash_seq IS 'The event that tx_hash is from; 0 for none.';
COMMENT ON COLUMN order_rows.last_error IS 'The newest error''s sentence.';
COMMENT ON COLUMN order_rows.last_error_seq IS 'The event that last_error is from; 0 for none.';
COMMENT ON COLUMN order_rows.execution_price IS 'Output per input in whole tokens; when confirmed.';
COMMENT ON COLUMN order_rows.amount_out IS 'What was received, in whole tokens, exact; when confirmed.';
COMMENT ON COLUMN order_rows.amount_out_base IS 'What was received, in base units; when confirmed.';
COMMENT ON COLUMN order_rows.realised_slippage_bps IS 'How much less than quoted was received, in basis points; negative for more.';

-- Pages go by (created_at, order_id), newest first.
CREATE INDEX order_rows_newest ON order_rows (created_at DESC, order_id DESC);
CREATE INDEX order_rows_user ON order_rows (user_id, created_at DESC, order_id DESC) WHERE user_id IS NOT NULL;
CREATE INDEX order_rows_client_order ON order_rows (client_order_id, created_at DESC, order_id DESC) WHERE client_order_id IS NOT NULL;
CREATE INDEX order_rows_status ON order_rows (status, created_at DESC, order_id DESC);
CREATE INDEX order_rows_open ON order_rows (created_at) WHERE status NOT IN ('confirmed', 'failed', 'cancelled');

CREATE VIEW orders AS
SELECT
    order_id AS id,
    order_id,
    user_id,
    client_order_id,
    order_type,
    input_token,
    output_token,
    amount,
    slippage_bps,
    status,
    chosen_dex,
    execution_price,
    amount_out,
    tx_hash,
    attempts,
    quotes,
    last_error,
    ARRAY(
        SELECT e.event ->> 'message'
        FROM order_events e
        WHERE e.order_id = r.order_id AND e.type <> 'pending'
        ORDER BY e.seq
    ) AS logs,
    created_at,
    updated_at
FROM order_rows r;

COMMENT ON VIEW orders IS 'Orders for people and reports: order_rows with the log of each.';
COMMENT ON COLUMN orders.id IS 'The same as order_id.';
COMMENT ON COLUMN orders.order_id IS 'The order: UUIDv7 in canonical form.';
COMMENT ON COLUMN orders.user_id IS 'Who owns it; null for none.';
COMMENT ON COLUMN orders.client_order_id IS 'The client''s own key; null for none.';
COMMENT ON COLUMN orders.order_type IS 'market.';
COMMENT ON COLUMN orders.input_token IS 'Symbol of what is sold.';
COMMENT ON COLUMN orders.output_token IS 'Symbol of what is bought.';
COMMENT ON COLUMN orders.amount IS 'How much is sold, in whole tokens, exact.';
COMMENT ON COLUMN orders.slippage_bps IS 'The slippage limit in basis points.';
COMMENT ON COLUMN orders.status IS 'pending, routing, building, submitted, confirmed, failed or cancelled.';
COMMENT ON COLUMN orders.chosen_dex IS 'The venue chosen last.';
COMMENT ON COLUMN orders.execution_price IS 'Output per input in whole tokens; when confirmed.';
COMMENT ON COLUMN orders.amount_out IS 'What was received, in whole tokens, exact; when confirmed.';
COMMENT ON COLUMN orders.tx_hash IS 'The newest transaction''s signature.';
COMMENT ON COLUMN orders.attempts IS 'The highest attempt seen, from 1.';
COMMENT ON COLUMN orders.quotes IS 'The newest list of quotes, best first.';
COMMENT ON COLUMN orders.last_error IS 'The newest error''s sentence.';
COMMENT ON COLUMN orders.logs IS 'The messages of its events in order of seq, without that of pending.';
COMMENT ON COLUMN orders.created_at IS 'When it was accepted.';
COMMENT ON COLUMN orders.updated_at IS 'When the newest event happened.';
