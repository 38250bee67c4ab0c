-- What the retention has worked off. Whoever reads or writes waits for this step: it gives up where it has to wait itself, and is tried again.

SET LOCAL lock_timeout = '3s';

ALTER TABLE order_rows ADD COLUMN events_deleted boolean NOT NULL DEFAULT false;

COMMENT ON COLUMN order_rows.events_deleted IS 'Whether the retention has deleted this order''s events; false again when one is stored after that.';
