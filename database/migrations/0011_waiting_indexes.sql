-- The third step: expired is final, and the indexes of what is final and of what is not say so. They are made anew, which reads all rows. Readers go
-- on; writers wait meanwhile, and their events wait in Redis.

SET LOCAL lock_timeout = '3s';

DROP INDEX order_rows_open;
DROP INDEX order_rows_retention;
CREATE INDEX order_rows_open ON order_rows (order_id) WHERE status NOT IN ('confirmed', 'failed', 'cancelled', 'expired');
CREATE INDEX order_rows_retention ON order_rows (updated_at)
    WHERE status IN ('confirmed', 'failed', 'cancelled', 'expired') AND NOT events_deleted;
