-- The first of three steps to a table by months. Each is a transaction of its own, so that no lock is held while rows are read.
--
-- The table becomes the first part as it is, up to the beginning of the month after next: no row moves. An id begins with the time of acceptance
-- in ms, so a month is a range of ids. Rows of a clock that was ahead put the end off. This step only promises the end of the part for new rows.
-- Until the third step a row beyond it is refused for its data. The end is over a month away, so only a clock that jumps ahead meanwhile can meet it.

SET LOCAL lock_timeout = '3s';

DO $$
DECLARE
    newest timestamptz := (
        SELECT 'epoch'::timestamptz + ('x' || translate(left(order_id::text, 13), '-', ''))::bit(48)::bigint * interval '1 millisecond'
        FROM order_rows ORDER BY order_id DESC LIMIT 1);
    ending timestamptz := (date_trunc('month', greatest(now(), newest) AT TIME ZONE 'UTC') + interval '2 months') AT TIME ZONE 'UTC';
BEGIN
    EXECUTE format(
        'ALTER TABLE order_rows ADD CONSTRAINT order_rows_first CHECK (order_id < %L) NOT VALID',
        (lpad(to_hex((extract(epoch FROM ending) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid);
END $$;
