-- Every refusal is of an order of this ledger, under its own subject, and signed by whom it says.

CREATE FUNCTION sto.verify_refusals(signatures boolean DEFAULT true) RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ledger uuid := sto.ledger_id();
BEGIN
    RETURN QUERY
    WITH read AS MATERIALIZED (
        SELECT e.entry_id, e.recorded_at, e.subject, b.*, h.message, h.list
          FROM ONLY sto.event e
         CROSS JOIN LATERAL json_to_record(e.body) AS b (token uuid, party uuid, state text, reasons text[], key_policy bigint,
                                                         "order" text, signatures text)
         CROSS JOIN LATERAL (SELECT CASE WHEN b."order" ~ '^([0-9a-f]{2})*$' THEN decode(b."order", 'hex') END AS message,
                                    CASE WHEN b.signatures ~ '^([0-9a-f]{2})*$' THEN decode(b.signatures, 'hex') END AS list) h
         WHERE e.kind = 'refusal'),
    judged AS (
        SELECT r.entry_id,
               CASE WHEN o.ledger_id IS DISTINCT FROM ledger THEN 'it is not of an order of this ledger'
                    WHEN o.token_id IS DISTINCT FROM r.token OR t.registered IS NULL OR t.registered > r.entry_id THEN 'its token is another, or unknown'
                    WHEN NOT EXISTS (SELECT FROM sto.party p WHERE p.party_id = r.party AND p.registered < r.entry_id)
                         THEN 'who submitted it is unknown'
                    WHEN (r.state ~ '^[0-9A-Z]{5}$' AND array_to_string(r.reasons, ',') ~ '^[a-z_]+(,[a-z_]+)*$') IS NOT TRUE
                         THEN 'its state or its reasons are none'
                    WHEN r.subject IS DISTINCT FROM sto.refusal_subject(r.message, r.state, array_to_string(r.reasons, ','))
                         THEN 'its subject is another''s'
                    WHEN r.key_policy IS NULL THEN NULL
                    WHEN s.policy IS NULL OR r.list IS NULL THEN 'it is not signed by the ordering party, or a wallet of it'
                    WHEN NOT verify_refusals.signatures THEN NULL
                    ELSE sto.quorum_fault(s.policy, r.message, r.list, r.recorded_at) END AS fault
          FROM read r
          LEFT JOIN LATERAL sto.order_of_message(r.message) o ON true
          LEFT JOIN sto.token t ON t.token_id = o.token_id
          LEFT JOIN sto.policy_span s ON s.policy_event = r.key_policy AND s.policy_event < r.entry_id
                                         AND (s.replaced IS NULL OR s.replaced >= r.entry_id)
                                         AND (s.subject = o.ordering_party
                                              OR EXISTS (SELECT FROM sto.wallet w WHERE w.wallet_id = s.subject AND w.party_id = o.ordering_party)))
    SELECT 'refusals', 'sto.event', count(*), count(j.fault) = 0, min(j.entry_id) FILTER (WHERE j.fault IS NOT NULL),
           CASE WHEN count(j.fault) > 0 THEN format('%s refusals: %s', count(j.fault), min(j.fault)) END
      FROM judged j;
END $$;
COMMENT ON FUNCTION sto.verify_refusals(boolean) IS 'recorded refusals are of orders of this ledger, and signed by whom they say';
