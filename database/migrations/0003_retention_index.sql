-- An index of what the retention has not worked off: it reads what it deletes and nothing else, however many old orders there are.
-- It is made while writers wait and readers do not, a few seconds for each million of orders; events wait in Redis meanwhile.

CREATE INDEX order_rows_retention ON order_rows (updated_at) WHERE status IN ('confirmed', 'failed', 'cancelled') AND NOT events_deleted;
