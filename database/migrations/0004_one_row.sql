-- One row an order: its details and its events as lines of text, as the notifier reads them from Redis. An order is written by one upsert, the newest
-- snapshot wins, and nothing is parsed on the way in. The views orders and order_events keep their columns and compute them from the lines.
--
-- The events of older orders become lines as they are. 31,000 orders with 214,000 events took 4 s on two busy cores, so a million orders takes about
-- two minutes, and room for them once more. Writers wait meanwhile, and their events wait in Redis. Readers wait at the very end, where the tables
-- change their names. A step that has to wait itself gives up and is tried again. Views of one's own on the tables have to be dropped first.

SET LOCAL lock_timeout = '3s';

LOCK TABLE order_rows, order_events IN SHARE MODE;

CREATE TABLE order_rows_next (
    order_id uuid CONSTRAINT order_rows_next_pkey PRIMARY KEY,
    details text NOT NULL,
    user_id text,
    client_order_id text,
    created_at timestamptz NOT NULL,
    seq integer NOT NULL CONSTRAINT order_rows_seq CHECK (seq >= 1),
    status text NOT NULL CONSTRAINT order_rows_status
        CHECK (status IN ('pending', 'routing', 'building', 'submitted', 'confirmed', 'failed', 'cancelled')),
    updated_at timestamptz NOT NULL,
    events_deleted boolean NOT NULL DEFAULT false,
    events text NOT NULL
);

COMMENT ON TABLE order_rows_next IS 'One row an order: the newest snapshot that was stored. Read it as the views orders and order_events.';
COMMENT ON COLUMN order_rows_next.order_id IS
    'The order: UUIDv7 in canonical form. It begins with the time of created_at, so its order is the order of time.';
COMMENT ON COLUMN order_rows_next.details IS 'All that never changes of the order, in the text in which it was accepted.';
COMMENT ON COLUMN order_rows_next.user_id IS 'Who owns it; null for none.';
COMMENT ON COLUMN order_rows_next.client_order_id IS 'The client''s own key; null for none.';
COMMENT ON COLUMN order_rows_next.created_at IS 'When it was accepted.';
COMMENT ON COLUMN order_rows_next.seq IS 'The newest event of the snapshot; status and updated_at are that event''s.';
COMMENT ON COLUMN order_rows_next.status IS 'pending, routing, building, submitted, confirmed, failed or cancelled.';
COMMENT ON COLUMN order_rows_next.updated_at IS 'When the newest event happened, by the clock of Redis.';
COMMENT ON COLUMN order_rows_next.events_deleted IS 'Whether the retention has deleted this order''s events.';
COMMENT ON COLUMN order_rows_next.events IS
    'The events in order of seq, one JSON object a line. A line has only what is new with its event, or is a whole event.';

-- Not every Postgres is built with lz4. It needs a fraction of the time that the usual compression needs.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) THEN
        ALTER TABLE order_rows_next ALTER COLUMN details SET COMPRESSION lz4, ALTER COLUMN events SET COMPRESSION lz4;
    END IF;
END $$;

INSERT INTO order_rows_next (order_id, details, user_id, client_order_id, created_at, seq, status, updated_at, events_deleted, events)
SELECT
    order_id, details::text, user_id, client_order_id, created_at, seq, status, updated_at, events_deleted,
    coalesce((SELECT string_agg(e.event::text, E'\n' ORDER BY e.seq) FROM order_events e WHERE e.order_id = r.order_id), '')
FROM order_rows r;

-- Pages go by order_id, newest first: the primary key is their index.
CREATE INDEX order_rows_next_user ON order_rows_next (user_id, order_id DESC) WHERE user_id IS NOT NULL;
CREATE INDEX order_rows_next_client_order ON order_rows_next (client_order_id, order_id DESC) WHERE client_order_id IS NOT NULL;
CREATE INDEX order_rows_next_status ON order_rows_next (status, order_id DESC);
CREATE INDEX order_rows_next_open ON order_rows_next (order_id) WHERE status NOT IN ('confirmed', 'failed', 'cancelled');
CREATE INDEX order_rows_next_retention ON order_rows_next (updated_at)
    WHERE status IN ('confirmed', 'failed', 'cancelled') AND NOT events_deleted;

CREATE VIEW order_events_next AS
SELECT
    r.order_id,
    (line.event ->> 'seq')::integer AS seq,
    line.event ->> 'type' AS type,
    coalesce(line.event ->> 'status', line.event ->> 'type') AS status,
    CASE
        WHEN line.event ? 'timestamp' THEN line.event
        ELSE line.event || jsonb_build_object(
            'orderId', r.order_id,
            'status', coalesce(line.event ->> 'status', line.event ->> 'type'),
            'timestamp', to_char(moment.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
    END AS event,
    moment.at
FROM order_rows_next r
CROSS JOIN LATERAL (SELECT text::jsonb AS event FROM string_to_table(r.events, E'\n') AS text OFFSET 0) AS line
CROSS JOIN LATERAL (
    SELECT coalesce('epoch'::timestamptz + (line.event ->> 't')::bigint * interval '1 millisecond', (line.event ->> 'timestamp')::timestamptz) AS at
) AS moment;

COMMENT ON VIEW order_events_next IS
    'Every event of every order, one row an event. Name the order: without order_id every line of the table is parsed.';
COMMENT ON COLUMN order_events_next.order_id IS 'The order: UUIDv7 in canonical form.';
COMMENT ON COLUMN order_events_next.seq IS 'Counts the events of an order from 1 without gaps, until the retention leaves some of them.';
COMMENT ON COLUMN order_events_next.type IS
    'pending, routing, building, submitted, execution-failed, retry-pending, confirmed, failed or cancelled.';
COMMENT ON COLUMN order_events_next.status IS 'The status of the order with this event.';
COMMENT ON COLUMN order_events_next.event IS
    'The event with orderId, status and timestamp. What it has in common with an earlier event of the order (route, transaction) is left out.';
COMMENT ON COLUMN order_events_next.at IS 'When it happened, by the clock of Redis.';

CREATE OR REPLACE VIEW orders AS
SELECT
    r.order_id AS id,
    r.order_id,
    r.user_id,
    r.client_order_id,
    d.fields ->> 'orderType' AS order_type,
    d.fields -> 'tokenIn' ->> 'symbol' AS input_token,
    d.fields -> 'tokenOut' ->> 'symbol' AS output_token,
    trim_scale((d.fields ->> 'amountIn')::numeric * ('1e-' || (d.fields -> 'tokenIn' ->> 'decimals'))::numeric) AS amount,
    (d.fields ->> 'slippageBps')::integer AS slippage_bps,
    r.status,
    e.chosen_dex,
    e.execution_price,
    e.amount_out,
    e.tx_hash,
    coalesce(e.attempts, 1) AS attempts,
    e.quotes,
    e.last_error,
    e.logs,
    r.created_at,
    r.updated_at
FROM order_rows_next r
CROSS JOIN LATERAL (SELECT r.details::jsonb AS fields OFFSET 0) AS d
LEFT JOIN LATERAL (
    SELECT
        (array_agg(dex ORDER BY n DESC) FILTER (WHERE dex IS NOT NULL))[1] AS chosen_dex,
        (array_agg(quotes ORDER BY n DESC) FILTER (WHERE quotes IS NOT NULL))[1] AS quotes,
        (array_agg(event ->> 'txHash' ORDER BY n DESC) FILTER (WHERE event ? 'txHash'))[1] AS tx_hash,
        (array_agg(event -> 'error' ->> 'message' ORDER BY n DESC) FILTER (WHERE event ? 'error'))[1] AS last_error,
        max((event ->> 'executedPrice')::numeric) AS execution_price,
        max((event ->> 'amountOutDecimal')::numeric) AS amount_out,
        max((event ->> 'attempt')::integer) AS attempts,
        coalesce(array_agg(event ->> 'message' ORDER BY n) FILTER (WHERE event ->> 'type' <> 'pending'), '{}') AS logs
    FROM (
        SELECT
            n, event, nullif(event -> 'quotes', 'null') AS quotes,
            coalesce(event ->> 'chosenDex', event -> 'quotes' -> (event ->> 'chosen')::integer ->> 'dex') AS dex
        FROM (SELECT n, text::jsonb AS event FROM string_to_table(r.events, E'\n') WITH ORDINALITY AS lines(text, n) OFFSET 0) AS parsed
    ) AS events
) AS e ON true;

-- Owner and rights are those of the tables that were there. A view that takes a table's place has them too.
DO $$
DECLARE
    change record;
    given record;
BEGIN
    FOR change IN
        SELECT relname || '_next' AS name, relowner::regrole AS owner, relacl AS rights
        FROM pg_class
        WHERE oid IN ('order_rows'::regclass, 'order_events'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %I OWNER TO %s', change.name, change.owner);
        FOR given IN SELECT * FROM aclexplode(change.rights) LOOP
            EXECUTE format(
                'GRANT %s ON %I TO %s %s', given.privilege_type, change.name,
                CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE given.grantee::regrole::text END,
                CASE WHEN given.is_grantable THEN 'WITH GRANT OPTION' END);
        END LOOP;
    END LOOP;
END $$;

DROP TABLE order_rows, order_events;
ALTER TABLE order_rows_next RENAME TO order_rows;
ALTER VIEW order_events_next RENAME TO order_events;
ALTER INDEX order_rows_next_pkey RENAME TO order_rows_pkey;
ALTER INDEX order_rows_next_user RENAME TO order_rows_user;
ALTER INDEX order_rows_next_client_order RENAME TO order_rows_client_order;
ALTER INDEX order_rows_next_status RENAME TO order_rows_status;
ALTER INDEX order_rows_next_open RENAME TO order_rows_open;
ALTER INDEX order_rows_next_retention RENAME TO order_rows_retention;

ANALYZE order_rows;
