-- The gate on sto.transfer.  Every trigger is ENABLE ALWAYS: session_replication_role
-- doesn't open it, and logical apply passes through it.

CREATE FUNCTION sto.transfer_gate() RETURNS trigger
    AS 'MODULE_PATHNAME', 'sto_transfer_gate' LANGUAGE C;
COMMENT ON FUNCTION sto.transfer_gate() IS 'takes one order into the log: order, authorise, comply, post, append';

CREATE FUNCTION sto.transfer_statement() RETURNS trigger
    AS 'MODULE_PATHNAME', 'sto_transfer_statement' LANGUAGE C;
COMMENT ON FUNCTION sto.transfer_statement() IS 'opens a statement''s positions and writes them back';

CREATE TRIGGER sto_open BEFORE INSERT ON sto.transfer
    FOR EACH STATEMENT EXECUTE FUNCTION sto.transfer_statement();
CREATE TRIGGER sto_gate BEFORE INSERT ON sto.transfer
    FOR EACH ROW EXECUTE FUNCTION sto.transfer_gate();
-- Evaluated at once for a row that was stored, queues nothing: finds rows that ON CONFLICT dropped.
CREATE TRIGGER sto_stored AFTER INSERT ON sto.transfer
    FOR EACH ROW WHEN (sto.row_stored(NEW.entry_id, NEW.ctid)) EXECUTE FUNCTION sto.transfer_gate();
CREATE TRIGGER sto_write_back AFTER INSERT ON sto.transfer
    FOR EACH STATEMENT EXECUTE FUNCTION sto.transfer_statement();

ALTER TABLE sto.transfer ENABLE ALWAYS TRIGGER sto_open;
ALTER TABLE sto.transfer ENABLE ALWAYS TRIGGER sto_gate;
ALTER TABLE sto.transfer ENABLE ALWAYS TRIGGER sto_stored;
ALTER TABLE sto.transfer ENABLE ALWAYS TRIGGER sto_write_back;

CREATE FUNCTION sto.member_changed() RETURNS trigger
    AS 'MODULE_PATHNAME', 'sto_member_changed' LANGUAGE C;
COMMENT ON FUNCTION sto.member_changed() IS 'tells every session that sto.member changed';
