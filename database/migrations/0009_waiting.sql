-- The first of three steps for orders that wait for a price: the statuses open and expired. Every row has one of the earlier statuses, so this step
-- need not look at any: it only promises for new rows. A step that has to wait itself gives up and is tried again.

SET LOCAL lock_timeout = '3s';

-- The first part had the promise before it became a part, so it keeps its own when that of the whole goes.
DO $$
DECLARE
    part regclass;
BEGIN
    ALTER TABLE order_rows DROP CONSTRAINT IF EXISTS order_rows_status;
    FOR part IN
        SELECT conrelid::regclass FROM pg_constraint
        WHERE conname = 'order_rows_status' AND conrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'order_rows'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT order_rows_status', part);
    END LOOP;
END $$;

ALTER TABLE order_rows ADD CONSTRAINT order_rows_status
    CHECK (status IN ('open', 'pending', 'routing', 'building', 'submitted', 'confirmed', 'failed', 'cancelled', 'expired')) NOT VALID;

COMMENT ON COLUMN order_rows.status IS 'open, pending, routing, building, submitted, confirmed, failed, cancelled or expired.';
COMMENT ON COLUMN order_rows.details IS 'The order as it was accepted, with the terms to which it was amended while it waited for its price.';
COMMENT ON COLUMN order_events.type IS
    'open, amended, triggered, pending, routing, building, submitted, execution-failed, retry-pending, confirmed, failed, cancelled or expired.';
