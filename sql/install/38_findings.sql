-- Findings, what custom rules said of enforced entries: events of kind finding.

CREATE FUNCTION sto.finding_subject(ledger_id uuid, entry_id bigint, number bigint) RETURNS uuid
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_finding_subject_sql';
COMMENT ON FUNCTION sto.finding_subject(uuid, bigint, bigint) IS
    'the subject of the event that records what that rule, by its number in the set, said of an entry';
