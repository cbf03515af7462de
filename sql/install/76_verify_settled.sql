-- Checks of what an entry found when it came: was anything closed, and was a settlement posted as it was signed?

-- Parties, wallets and tokens while they were closed.
CREATE VIEW sto.closed_span AS
SELECT s.subject, s.since, s.until
  FROM (SELECT e.subject, e.entry_id AS since, e.body ->> 'status' AS status,
               lead(e.entry_id) OVER (PARTITION BY e.subject ORDER BY e.entry_id) AS until
          FROM ONLY sto.event e WHERE e.kind IN ('party_status', 'wallet_status', 'token_status')) s
 WHERE s.status = 'closed'
UNION ALL
SELECT b.wallet_id, b.since, NULL FROM sto.barred_span b;
COMMENT ON VIEW sto.closed_span IS
    'each closed party, wallet or token, from the event that closed it to the one that opened it again; lost wallets, for good';

-- A release frees what is held, whatever is closed, but who orders it must not be; a closed holder stops no enforcement.
CREATE FUNCTION sto.verify_closed() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    entries bigint := (SELECT count(*) FROM ONLY sto.transfer);
BEGIN
    IF NOT EXISTS (SELECT FROM sto.closed_span) THEN
        RETURN NEXT ROW('closed', 'sto.transfer', entries, true, NULL, NULL)::sto.verification;
        RETURN;
    END IF;
    RETURN QUERY
    WITH actor AS (           -- parties and wallets that a closed one stops
        SELECT c.subject, c.since, c.until FROM sto.closed_span c
        UNION ALL
        SELECT w.wallet_id, c.since, c.until FROM sto.closed_span c JOIN sto.wallet w ON w.party_id = c.subject),
    wallet AS (
        SELECT w.address, a.since, a.until FROM actor a JOIN sto.wallet w ON w.wallet_id = a.subject),
    fault AS (
        SELECT t.entry_id, 'its token' AS what FROM sto.closed_span c JOIN ONLY sto.transfer t ON t.token_id = c.subject
         WHERE t.kind <> 'release' AND t.entry_id > c.since AND (c.until IS NULL OR t.entry_id < c.until)
        UNION ALL
        SELECT t.entry_id, 'its debit wallet or that wallet''s party' FROM wallet w JOIN ONLY sto.transfer t ON t.debit_wallet = w.address
         WHERE t.kind <> 'release' AND NOT sto.by_case(t.kind, t.purpose) AND t.entry_id > w.since AND (w.until IS NULL OR t.entry_id < w.until)
        UNION ALL
        SELECT t.entry_id, 'its credit wallet or that wallet''s party' FROM wallet w JOIN ONLY sto.transfer t ON t.credit_wallet = w.address
         WHERE t.kind <> 'release' AND t.entry_id > w.since AND (w.until IS NULL OR t.entry_id < w.until)
        UNION ALL
        SELECT t.entry_id, 'who ordered it' FROM sto.closed_span c JOIN ONLY sto.transfer t ON t.ordering_party = c.subject
          LEFT JOIN sto.key_policy k ON k.policy_event = t.key_policy
         WHERE (t.kind = 'issue' OR k.subject = t.ordering_party)
           AND t.entry_id > c.since AND (c.until IS NULL OR t.entry_id < c.until)
        UNION ALL
        SELECT e.entry_id, 'who recorded it' FROM actor a JOIN ONLY sto.event e ON e.actor = a.subject
         WHERE e.entry_id > a.since AND (a.until IS NULL OR e.entry_id < a.until)
        UNION ALL
        SELECT e.entry_id, 'its token' FROM sto.closed_span c JOIN ONLY sto.event e
            ON e.kind IN ('token_terms', 'token_policy') AND e.subject = c.subject
               OR e.kind = 'batch' AND e.body ->> 'token' = c.subject::text
         WHERE e.entry_id > c.since AND (c.until IS NULL OR e.entry_id < c.until)
        UNION ALL
        SELECT e.entry_id, 'its party or custodian' FROM sto.closed_span c JOIN ONLY sto.event e
            ON e.kind = 'wallet' AND c.subject::text IN (e.body ->> 'party', e.body ->> 'custodian')
         WHERE e.entry_id > c.since AND (c.until IS NULL OR e.entry_id < c.until)
        UNION ALL
        SELECT e.entry_id, 'the lost wallet that it opens again' FROM sto.barred_span b JOIN ONLY sto.event e
            ON e.kind = 'wallet_status' AND e.subject = b.wallet_id AND e.body ->> 'status' = 'active'
         WHERE e.entry_id > b.since)
    SELECT 'closed', 'sto.transfer', entries, count(*) = 0, min(f.entry_id),
           CASE WHEN count(*) > 0 THEN format('%s entries and events came while something was closed; the first: %s',
                                              count(DISTINCT f.entry_id), (array_agg(f.what ORDER BY f.entry_id))[1]) END
      FROM fault f;
END $$;
COMMENT ON FUNCTION sto.verify_closed() IS 'no entry or event while its token, wallets, parties or who ordered it were closed';

-- What a notary posted under one group id, against the instruction that the holds' orders signed.  A group id may be
-- used again by a later transaction: what is an instruction in full is set aside, as sto.rebuild() does.
CREATE FUNCTION sto.group_fault(group_id uuid) RETURNS bigint
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ledger uuid := sto.ledger_id();
    leg    record;
    first  int;
    ids    bigint[] := '{}';
    posters uuid[] := '{}';
    tokens uuid[] := '{}';
    debits sto.wallet_address[] := '{}';
    credits sto.wallet_address[] := '{}';
    amounts sto.token_amount[] := '{}';
    wanted sto.digest[] := '{}';
    open   boolean[] := '{}';      -- not yet set aside
    chosen int[];
    tail   int[];
    settled boolean;
BEGIN
    FOR leg IN
        SELECT t.entry_id, t.posted_by, t.token_id, t.debit_wallet, t.credit_wallet, t.amount,
               CASE WHEN t.kind = 'post' THEN h.instruction_hash END AS instruction_hash
          FROM ONLY sto.transfer t LEFT JOIN ONLY sto.transfer h ON h.entry_id = t.hold_id AND h.kind = 'hold'
         WHERE t.group_id = group_fault.group_id AND t.credit_seq IS NOT NULL
         ORDER BY t.entry_id
    LOOP
        ids := ids || leg.entry_id;  posters := posters || leg.posted_by;  tokens := tokens || leg.token_id;
        debits := debits || leg.debit_wallet;  credits := credits || leg.credit_wallet;
        amounts := amounts || leg.amount;  wanted := wanted || leg.instruction_hash;  open := open || true;
        settled := false;
        FOR same_poster IN 0 .. 1 LOOP
            EXIT WHEN settled;
            chosen := ARRAY(SELECT i FROM generate_subscripts(ids, 1) i
                             WHERE open[i] AND (same_poster = 0 OR posters[i] = leg.posted_by) ORDER BY i);
            first := (SELECT min(n) FROM generate_subscripts(chosen, 1) n WHERE wanted[chosen[n]] IS NOT NULL);
            CONTINUE WHEN first IS NULL;
            FOR n IN REVERSE first .. 1 LOOP
                tail := chosen[n:];
                IF (SELECT bool_and(wanted[i] IS NULL OR wanted[i] = x.hash)
                      FROM unnest(tail) i,
                           (SELECT sto.instruction_hash(ledger, array_agg(tokens[j]), array_agg(debits[j]),
                                                        array_agg(credits[j]), array_agg(amounts[j])) AS hash
                              FROM unnest(tail) j) x) THEN
                    open := ARRAY(SELECT open[i] AND i <> ALL (tail) FROM generate_subscripts(open, 1) i ORDER BY i);
                    settled := true;
                    EXIT;
                END IF;
            END LOOP;
        END LOOP;
    END LOOP;
    RETURN (SELECT min(ids[i]) FROM generate_subscripts(ids, 1) i WHERE open[i] AND wanted[i] IS NOT NULL);
END $$;
COMMENT ON FUNCTION sto.group_fault(uuid) IS
    'the first entry under this group id that posts a hold outside of its instruction; null if none does';

CREATE FUNCTION sto.verify_groups() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ledger uuid := sto.ledger_id();
BEGIN
    RETURN QUERY
    WITH posted AS (
        SELECT t.entry_id, t.group_id, h.entry_id AS hold_id, h.instruction_hash
          FROM ONLY sto.transfer h JOIN ONLY sto.transfer t ON t.hold_id = h.entry_id AND t.kind = 'post'
         WHERE h.kind = 'hold' AND h.instruction_hash IS NOT NULL),
    settled AS (
        SELECT t.group_id, count(*) AS legs,
               sto.instruction_hash(ledger, array_agg(t.token_id), array_agg(t.debit_wallet), array_agg(t.credit_wallet),
                                    array_agg(t.amount)) AS hash
          FROM ONLY sto.transfer t
         WHERE t.group_id IN (SELECT p.group_id FROM posted p) AND t.credit_seq IS NOT NULL
         GROUP BY t.group_id),
    fault AS (
        SELECT coalesce(sto.group_fault(x.group_id), 0) AS entry_id, 'its legs are not the instruction that its holders signed' AS reason
          FROM (SELECT DISTINCT p.group_id FROM posted p JOIN settled s ON s.group_id = p.group_id
                 WHERE p.instruction_hash <> s.hash) x
         WHERE sto.group_fault(x.group_id) IS NOT NULL
        UNION ALL
        SELECT p.entry_id, 'it posts a hold of an instruction outside of a group' FROM posted p WHERE p.group_id IS NULL
        UNION ALL
        SELECT p.entry_id, 'it leaves a rest of a hold of an instruction'
          FROM posted p JOIN sto.hold h ON h.hold_id = p.hold_id
         WHERE h.remaining <> 0
            OR EXISTS (SELECT FROM ONLY sto.transfer u
                        WHERE u.hold_id = p.hold_id AND u.entry_id > p.entry_id AND u.group_id IS DISTINCT FROM p.group_id))
    SELECT 'groups', 'sto.transfer', coalesce((SELECT sum(s.legs) FROM settled s), 0)::bigint, count(*) = 0, min(f.entry_id),
           CASE WHEN count(*) > 0 THEN format('%s settlements: %s', count(*), min(f.reason)) END
      FROM fault f;
END $$;
COMMENT ON FUNCTION sto.verify_groups() IS 'settlements replayed: every leg under a group id against the instruction in each hold';
