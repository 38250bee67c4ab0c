-- The third step: order_rows is divided by months. The table that was there becomes the part order_rows_first, with its rows, its indexes and its
-- statistics as they are. Whoever reads or writes waits for milliseconds. A step that has to wait itself gives up and is tried again.
--
-- Views of one's own stay, like orders and order_events. What hangs on the table in another way would hang on the part alone, so it has to be
-- dropped first, and made again on order_rows.

SET LOCAL lock_timeout = '3s';

LOCK TABLE order_rows IN ACCESS EXCLUSIVE MODE;

DO $$
DECLARE
    stranger text;
BEGIN
    SELECT v.oid::regclass || ' (materialized view)' INTO stranger
    FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class v ON v.oid = w.ev_class
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refobjid = 'order_rows'::regclass AND v.relkind = 'm'
    UNION ALL SELECT conname || ' (foreign key)' FROM pg_constraint WHERE contype = 'f' AND 'order_rows'::regclass IN (confrelid, conrelid)
    UNION ALL SELECT tgname || ' (trigger)' FROM pg_trigger WHERE tgrelid = 'order_rows'::regclass AND NOT tgisinternal
    UNION ALL SELECT polname || ' (policy)' FROM pg_policy WHERE polrelid = 'order_rows'::regclass
    UNION ALL SELECT p.pubname || ' (publication)' FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
        WHERE r.prrelid = 'order_rows'::regclass
    LIMIT 1;
    IF stranger IS NOT NULL THEN
        RAISE 'drop % first, and make it again on the divided order_rows', stranger USING ERRCODE = 'dependent_objects_still_exist';
    END IF;
END $$;

-- The text of a view names the table, and its rules know it by number: so the texts are kept while the name changes.
SELECT set_config('order_rows.views', coalesce(jsonb_agg(v)::text, '[]'), true)
FROM (
    SELECT DISTINCT
        v.oid::regclass::text AS name, pg_get_viewdef(v.oid) AS query,
        coalesce(' WITH (' || array_to_string(v.reloptions, ', ') || ')', '') AS options
    FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class v ON v.oid = w.ev_class
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refobjid = 'order_rows'::regclass AND v.relkind = 'v'
) AS v;

ALTER TABLE order_rows RENAME TO order_rows_first;

DO $$
DECLARE
    index record;
BEGIN
    FOR index IN SELECT indexrelid::regclass AS name, relname FROM pg_index JOIN pg_class c ON c.oid = indexrelid
        WHERE indrelid = 'order_rows_first'::regclass AND relname LIKE 'order\_rows\_%'
    LOOP
        EXECUTE format('ALTER INDEX %s RENAME TO %I', index.name, replace(index.relname, 'order_rows_', 'order_rows_first_'));
    END LOOP;
END $$;

CREATE TABLE order_rows (LIKE order_rows_first INCLUDING ALL EXCLUDING INDEXES EXCLUDING STATISTICS) PARTITION BY RANGE (order_id);
ALTER TABLE order_rows DROP CONSTRAINT order_rows_first;

COMMENT ON TABLE order_rows IS
    'One row an order: the newest snapshot that was stored, in parts by month. Read it as the views orders and order_events.';

-- Of the same form as those of the part, which become parts of them.
ALTER TABLE order_rows ADD CONSTRAINT order_rows_pkey PRIMARY KEY (order_id);
CREATE INDEX order_rows_user ON order_rows (user_id, order_id DESC) WHERE user_id IS NOT NULL;
CREATE INDEX order_rows_client_order ON order_rows (client_order_id, order_id DESC) WHERE client_order_id IS NOT NULL;
CREATE INDEX order_rows_status ON order_rows (status, order_id DESC);
CREATE INDEX order_rows_open ON order_rows (order_id) WHERE status NOT IN ('confirmed', 'failed', 'cancelled');
CREATE INDEX order_rows_retention ON order_rows (updated_at) WHERE status IN ('confirmed', 'failed', 'cancelled') AND NOT events_deleted;
CREATE INDEX order_rows_owner ON order_rows (owner, order_id DESC) WHERE owner IS NOT NULL;

-- Without the part for all other ids, an order that belongs to no part could not be stored. The notifiers make the parts of months ahead, so it is
-- empty as long as the clocks are right.
CREATE TABLE order_rows_default PARTITION OF order_rows DEFAULT;
COMMENT ON TABLE order_rows_default IS 'Orders of months that have no part.';

DO $$
DECLARE
    change record;
    given record;
BEGIN
    SELECT relowner::regrole AS owner, relacl AS rights INTO change FROM pg_class WHERE oid = 'order_rows_first'::regclass;
    EXECUTE format(
        'ALTER TABLE order_rows ATTACH PARTITION order_rows_first FOR VALUES FROM (MINVALUE) TO (%L)',
        (SELECT (regexp_match(pg_get_constraintdef(oid), '([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})'))[1]
        FROM pg_constraint WHERE conname = 'order_rows_first' AND conrelid = 'order_rows_first'::regclass));
    FOR given IN SELECT * FROM aclexplode(change.rights) LOOP
        EXECUTE format(
            'GRANT %s ON order_rows TO %s %s', given.privilege_type,
            CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE given.grantee::regrole::text END,
            CASE WHEN given.is_grantable THEN 'WITH GRANT OPTION' END);
    END LOOP;
    FOR given IN SELECT * FROM jsonb_to_recordset(current_setting('order_rows.views')::jsonb) AS v(name text, query text, options text) LOOP
        EXECUTE format('CREATE OR REPLACE VIEW %s%s AS %s', given.name, given.options, given.query);
    END LOOP;
    EXECUTE format('ALTER TABLE order_rows_default OWNER TO %s', change.owner);
    EXECUTE format('ALTER TABLE order_rows OWNER TO %s', change.owner);
END $$;

ALTER TABLE order_rows_first DROP CONSTRAINT order_rows_first;
COMMENT ON TABLE order_rows_first IS 'Orders from before there were parts by month, and those of the first months after that.';
