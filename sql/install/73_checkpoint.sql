-- Signed checkpoints and promises.  The background worker alone signs; here is what it says, and what it is asked.

CREATE FUNCTION sto.log_origin() RETURNS text
    LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_log_origin_sql';
COMMENT ON FUNCTION sto.log_origin() IS 'origin of this log''s checkpoints, and the name of its note key';

CREATE FUNCTION sto.log_vkey() RETURNS text
    LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_log_vkey_sql';
COMMENT ON FUNCTION sto.log_vkey() IS 'the log''s present verifier key (C2SP signed-note); null if none is registered';

CREATE FUNCTION sto.promise(entry_id bigint) RETURNS text
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sto_promise';
COMMENT ON FUNCTION sto.promise(bigint) IS
    'a signed note, before the seal: the entry or event is durable and will be sealed under its id';

CREATE FUNCTION sto.verify_promise(note text, vkey text) RETURNS boolean
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_verify_promise';
COMMENT ON FUNCTION sto.verify_promise(text, text) IS 'is this a promise with a good signature of that verifier key?';

CREATE FUNCTION sto.report_checkpoint(note text) RETURNS boolean
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sto_report_checkpoint';
COMMENT ON FUNCTION sto.report_checkpoint(text) IS
    'keeps a checkpoint that this log signed but that is not of its tree: true; false if it is of this tree';

CREATE FUNCTION sto.worker_status_row(OUT pid integer, OUT state text, OUT since timestamptz, OUT last_round timestamptz,
                                      OUT signed_size bigint, OUT message text, OUT hint text)
    LANGUAGE C VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'sto_worker_status';
COMMENT ON FUNCTION sto.worker_status_row() IS 'what the worker of this database says of itself; null if it has none';

CREATE VIEW sto.worker_status AS
SELECT w.pid, w.state, w.since, w.last_round, w.signed_size, w.message, w.hint
  FROM sto.worker_status_row() AS w
 WHERE w.state IS NOT NULL;
COMMENT ON VIEW sto.worker_status IS 'the worker that seals and signs this database''s log; no row if it has none';
