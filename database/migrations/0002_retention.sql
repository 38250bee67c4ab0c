-- What the retention has worked off, and an index of what it has not: it reads what it deletes and nothing else, however many old orders there are.
-- The index is made while writers wait, a few seconds for each million of orders; events wait in Redis meanwhile.

ALTER TABLE order_rows ADD COLUMN events_deleted boolean NOT NULL DEFAULT false;

COMMENT ON COLUMN order_rows.events_deleted IS 'Whether the retention has deleted this order''s events; false again when one is stored after that.';

CREATE INDEX order_rows_retention ON order_rows (updated_at) WHERE status IN ('confirmed', 'failed', 'cancelled') AND NOT events_deleted;
