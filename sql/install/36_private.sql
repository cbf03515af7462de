-- Personal data: beside the log, never in it.  Not derived from anything; erased for good.

CREATE TABLE sto.party_private (
    recorded_at timestamptz NOT NULL,
    party_id    uuid        NOT NULL,
    commitment  sto.digest  NOT NULL,     -- docs/format.md, "Commitment of personal data": what an event may state
    salt        sto.digest  NOT NULL,
    topic       text        NOT NULL,
    value       text        NOT NULL,
    CONSTRAINT party_private_pkey PRIMARY KEY (party_id, commitment)
);
COMMENT ON TABLE sto.party_private IS
    'personal data and its salts; written by sto.put_party_private, emptied by sto.erase_party_private';

CREATE TABLE sto.erasure (
    erased_at timestamptz NOT NULL,
    count     bigint      NOT NULL,       -- rows that are gone
    party_id  uuid        NOT NULL,
    erased_by uuid        NOT NULL,       -- the registrar
    topic     text,                       -- null: all of the party's
    reason    text        NOT NULL,
    CONSTRAINT erasure_pkey PRIMARY KEY (party_id, erased_at)
);
COMMENT ON TABLE sto.erasure IS 'that personal data was erased: whose, when, why, by whom; nothing of what it was';

-- A restore needs them: nothing else has this data.  A dump without it: pg_dump --exclude-table-data=sto.party_private
SELECT pg_catalog.pg_extension_config_dump('sto.party_private', '');
SELECT pg_catalog.pg_extension_config_dump('sto.erasure', '');

CREATE FUNCTION sto.private_commitment(ledger_id uuid, party_id uuid, topic text, salt sto.digest, value text)
    RETURNS sto.digest
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_private_commitment_sql';
COMMENT ON FUNCTION sto.private_commitment(uuid, uuid, text, sto.digest, text) IS
    'what stands in the log for personal data of a party';

CREATE FUNCTION sto.put_party_private(party_id uuid, topic text, value text) RETURNS sto.digest
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'sto_put_party_private';
COMMENT ON FUNCTION sto.put_party_private(uuid, text, text) IS
    'keep personal data under a fresh salt; returns the commitment, for the registrar to state in an event';

CREATE FUNCTION sto.erase_party_private(party_id uuid, reason text, topic text DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'sto_erase_party_private';
COMMENT ON FUNCTION sto.erase_party_private(uuid, text, text) IS
    'erase a party''s personal data with its salts, or that of one topic; returns how many rows are gone';
