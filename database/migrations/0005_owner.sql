-- Whose an order is: its owner lists and reads it, and nobody else but an operator. Orders from before have none: only an operator reads them.

SET LOCAL lock_timeout = '3s';

ALTER TABLE order_rows ADD COLUMN owner text;

COMMENT ON COLUMN order_rows.user_id IS 'The user that it is for, as the client says; null for none.';
COMMENT ON COLUMN order_rows.owner IS 'Whose it is: user:<the user of an API key>, or key:<the name of an API key>; null where there are no keys.';

-- Only orders with an owner are in it, and there are none yet.
CREATE INDEX order_rows_owner ON order_rows (owner, order_id DESC) WHERE owner IS NOT NULL;
