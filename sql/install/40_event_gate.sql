-- The gate on sto.event, and the guards of both log tables.  Every trigger is ENABLE ALWAYS:
-- session_replication_role doesn't open it, and logical apply passes through it.

CREATE FUNCTION sto.event_gate() RETURNS trigger
    AS 'MODULE_PATHNAME', 'sto_event_gate' LANGUAGE C;
COMMENT ON FUNCTION sto.event_gate() IS 'takes one act into the log: parse, lock, authorise, record, apply to the register';

CREATE FUNCTION sto.event_begin() RETURNS trigger
    AS 'MODULE_PATHNAME', 'sto_event_begin' LANGUAGE C;
COMMENT ON FUNCTION sto.event_begin() IS 'opens a statement that inserts events';

CREATE FUNCTION sto.event_end() RETURNS trigger
    AS 'MODULE_PATHNAME', 'sto_event_end' LANGUAGE C;
COMMENT ON FUNCTION sto.event_end() IS 'ends a statement: every recorded event must have been stored';

CREATE FUNCTION sto.row_stored(bigint, tid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_row_stored' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sto.row_stored(bigint, tid) IS 'counts a stored row of the log; always false';

CREATE TRIGGER sto_open BEFORE INSERT ON sto.event
    FOR EACH STATEMENT EXECUTE FUNCTION sto.event_begin();
CREATE TRIGGER sto_gate BEFORE INSERT ON sto.event
    FOR EACH ROW EXECUTE FUNCTION sto.event_gate();
-- Evaluated at once for a row that was stored, queues nothing: finds rows that ON CONFLICT dropped.
CREATE TRIGGER sto_stored AFTER INSERT ON sto.event
    FOR EACH ROW WHEN (sto.row_stored(NEW.entry_id, NEW.ctid)) EXECUTE FUNCTION sto.event_end();
CREATE TRIGGER sto_close AFTER INSERT ON sto.event
    FOR EACH STATEMENT EXECUTE FUNCTION sto.event_end();

-- Append only (and see the hooks in src/utility.c for DDL).

CREATE TRIGGER sto_guard BEFORE UPDATE OR DELETE ON sto.event
    FOR EACH ROW EXECUTE FUNCTION sto.refuse_change();
CREATE TRIGGER sto_guard_all BEFORE TRUNCATE ON sto.event
    FOR EACH STATEMENT EXECUTE FUNCTION sto.refuse_change();
CREATE TRIGGER sto_guard BEFORE UPDATE OR DELETE ON sto.transfer
    FOR EACH ROW EXECUTE FUNCTION sto.refuse_change();
CREATE TRIGGER sto_guard_all BEFORE TRUNCATE ON sto.transfer
    FOR EACH STATEMENT EXECUTE FUNCTION sto.refuse_change();

ALTER TABLE sto.event ENABLE ALWAYS TRIGGER sto_open;
ALTER TABLE sto.event ENABLE ALWAYS TRIGGER sto_gate;
ALTER TABLE sto.event ENABLE ALWAYS TRIGGER sto_stored;
ALTER TABLE sto.event ENABLE ALWAYS TRIGGER sto_close;
ALTER TABLE sto.event ENABLE ALWAYS TRIGGER sto_guard;
ALTER TABLE sto.event ENABLE ALWAYS TRIGGER sto_guard_all;
ALTER TABLE sto.transfer ENABLE ALWAYS TRIGGER sto_guard;
ALTER TABLE sto.transfer ENABLE ALWAYS TRIGGER sto_guard_all;

-- A superuser's switch, open until the transaction ends; turning it on is itself an event.
CREATE FUNCTION sto.begin_maintenance(reason text) RETURNS bigint
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sto_begin_maintenance';
COMMENT ON FUNCTION sto.begin_maintenance(text) IS
    'lets this transaction change the log tables; records why in a maintenance event and returns its id';

-- Everything but the log is derived: empties the register and folds the log anew, in id order.
CREATE FUNCTION sto.rebuild(check_signatures boolean DEFAULT true) RETURNS bigint
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sto_rebuild';
COMMENT ON FUNCTION sto.rebuild(boolean) IS
    'rebuilds register and positions from the log; returns the number of rows folded, raises at the first broken one';

-- The log, its sequence and the mapping of roles are dumped; what is derived is not.
SELECT pg_catalog.pg_extension_config_dump('sto.event', '');
SELECT pg_catalog.pg_extension_config_dump('sto.transfer', '');
SELECT pg_catalog.pg_extension_config_dump('sto.entry_id_seq', '');
-- A dropped role's row would be dumped as a number, which is another role elsewhere.
SELECT pg_catalog.pg_extension_config_dump('sto.member', 'WHERE role IN (SELECT r.oid FROM pg_catalog.pg_roles r)');
