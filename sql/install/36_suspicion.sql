-- Reports of suspicion and what led to them: beside the log, for enforcers alone.  Not derived from anything; erased for good.

CREATE TABLE sto.suspicion (
    recorded_at timestamptz NOT NULL,
    keep_until  timestamptz NOT NULL,     -- a party's file goes as a whole, once the latest of these has passed
    party_id    uuid        NOT NULL,     -- who it is about
    recorded_by uuid        NOT NULL,     -- the enforcer
    kind        text        NOT NULL,     -- finding, report (to the authority), contact (with it)
    content     text        NOT NULL,
    CONSTRAINT suspicion_pkey PRIMARY KEY (party_id, recorded_at)
);
COMMENT ON TABLE sto.suspicion IS
    'reports of suspicion; written by sto.record_suspicion, emptied by sto.erase_suspicion, read by sto.suspicion_file';

-- A restore needs them: nothing else has this data.  A dump without it: pg_dump --exclude-table-data=sto.suspicion
SELECT pg_catalog.pg_extension_config_dump('sto.suspicion', '');

CREATE FUNCTION sto.record_suspicion(party_id uuid, kind text, content text,
                                     keep_until timestamptz DEFAULT now() + interval '6 years') RETURNS timestamptz
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'sto_record_suspicion';
COMMENT ON FUNCTION sto.record_suspicion(uuid, text, text, timestamptz) IS
    'put a finding, a report or a contact into a party''s file, for enforcers alone; returns when';

CREATE FUNCTION sto.erase_suspicion(party_id uuid) RETURNS bigint
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'sto_erase_suspicion';
COMMENT ON FUNCTION sto.erase_suspicion(uuid) IS
    'erase a party''s file once it need not be kept any more; returns how many rows are gone';

CREATE FUNCTION sto.suspicion_file(party_id uuid DEFAULT NULL) RETURNS SETOF sto.suspicion
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'sto_suspicion_file';
COMMENT ON FUNCTION sto.suspicion_file(uuid) IS
    'a party''s file, or all (null), for enforcers, but nothing about the one who asks';
