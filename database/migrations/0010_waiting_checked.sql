-- The second step reads all rows. Readers and writers go on meanwhile. It takes about as long as a count of all orders.

SET LOCAL lock_timeout = '3s';

ALTER TABLE order_rows VALIDATE CONSTRAINT order_rows_status;
