-- Checks of entries beside leaves, balances and links.

-- Policies with the event that replaced each: in force for what lies between.
CREATE VIEW sto.policy_span AS
SELECT k.policy_event, k.subject, k.policy,
       lead(k.policy_event) OVER (PARTITION BY k.subject ORDER BY k.policy_event) AS replaced
  FROM sto.key_policy k;
COMMENT ON VIEW sto.policy_span IS 'each key policy and the event that replaced it';

CREATE FUNCTION sto.verify_times() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT 'entry_times', 'sto.transfer', count(*) FILTER (WHERE x.is_entry), count(*) FILTER (WHERE x.bad) = 0,
           min(x.entry_id) FILTER (WHERE x.bad),
           CASE WHEN bool_or(x.bad) THEN format('%s entries are posted before an entry that they follow, after their order expired, '
                                                'or at another time than their position says', count(*) FILTER (WHERE x.bad)) END
      FROM (SELECT true AS is_entry, t.entry_id,
                   coalesce(d.entry_id >= t.entry_id OR d.posted_at > t.posted_at, false)
                   OR coalesce(c.entry_id >= t.entry_id OR c.posted_at > t.posted_at, false)
                   OR coalesce(t.posted_at >= t.valid_until, false) AS bad
              FROM ONLY sto.transfer t
              LEFT JOIN ONLY sto.transfer d ON d.leaf_hash = t.debit_prev
              LEFT JOIN ONLY sto.transfer c ON c.leaf_hash = t.credit_prev
            UNION ALL
            SELECT false, l.entry_id, l.posted_at <> p.posted_at
              FROM sto.position p JOIN ONLY sto.transfer l ON l.leaf_hash = p.head) x;
END $$;
COMMENT ON FUNCTION sto.verify_times() IS 'entries rise in id and time along both chains, and keep to valid_until';

-- Asked only of entries that neither owner nor custodian ordered.
CREATE FUNCTION sto.had_mandate(principal uuid, representative uuid, entry_id bigint, at timestamptz) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN EXISTS (SELECT FROM sto.mandate_span m
                    WHERE m.party_id = principal AND m.representative = had_mandate.representative AND m.scope IN ('orders', 'all')
                      AND m.since < had_mandate.entry_id AND (m.until IS NULL OR m.until > had_mandate.entry_id)
                      AND m.valid_from <= at AND m.valid_to > at);
COMMENT ON FUNCTION sto.had_mandate(uuid, uuid, bigint, timestamptz) IS
    'whether a party could order for another when that entry was posted';

-- Asked only of enforced entries.
CREATE FUNCTION sto.case_officer(case_event bigint, party_id uuid, entry_id bigint) RETURNS uuid
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN (SELECT case_officer.party_id FROM ONLY sto.event c
             WHERE c.entry_id = case_event AND c.kind = 'case' AND c.entry_id < case_officer.entry_id
               AND sto.had_capability(case_officer.party_id, sto.case_capability(c.body ->> 'act'), case_officer.entry_id)
               AND (c.actor = case_officer.party_id
                    OR EXISTS (SELECT FROM ONLY sto.event a
                                WHERE a.kind = 'case_approve' AND a.subject = c.subject AND a.actor = case_officer.party_id
                                  AND a.entry_id < case_officer.entry_id AND (a.body ->> 'approved')::boolean)));
END $$;
COMMENT ON FUNCTION sto.case_officer(bigint, uuid, bigint) IS
    'the party, if it opened or approved the case and was still an officer when that entry was posted; else null';

-- Who had to sign each entry, by the facts of the register; and was that policy in force?
CREATE FUNCTION sto.verify_authority() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH judged AS (
        SELECT a.entry_id, a.unsigned,
               CASE WHEN a.by_rule THEN a.key_policy IS NULL AND a.posted_by = a.ordering_party
                    WHEN a.need IS NULL THEN false
                    WHEN a.unsigned THEN a.may_be_unsigned
                    ELSE a.policy_subject = a.need AND a.policy_in_force
                         AND (a.by_case OR a.authority_event IS NULL OR a.batch_actor = a.need) END AS good
          FROM (SELECT t.entry_id, t.key_policy, t.authority_event, t.posted_by, t.ordering_party, sto.by_case(t.kind, t.purpose) OR q.entry_id IS NOT NULL AS by_case,
                       t.signatures IS NULL AND (t.authority_event IS NULL OR sto.by_case(t.kind, t.purpose) OR q.entry_id IS NOT NULL) AS unsigned,
                       coalesce(t.signatures IS NULL AND t.authority_event IS NULL
                           AND (t.kind = 'post' AND h.purpose = 'hash_lock' AND sha256(t.preimage)::sto.digest = h.condition_hash
                                OR t.kind = 'release' AND t.posted_at >= h.release_after), false) AS by_rule,
                       CASE WHEN sto.by_case(t.kind, t.purpose) OR q.entry_id IS NOT NULL
                            THEN sto.case_officer(t.authority_event, t.ordering_party, t.entry_id)
                            WHEN t.kind = 'issue' OR t.kind = 'hold' AND t.purpose = 'lock_up' AND t.ordering_party = k.issuer
                                                     AND t.ordering_party <> d.party_id
                            THEN CASE WHEN t.ordering_party = k.issuer THEN k.issuer END
                            WHEN t.kind IN ('post', 'release') AND h.purpose IN ('pledge', 'hash_lock')
                            THEN CASE WHEN t.kind = 'post' AND h.purpose = 'hash_lock' THEN NULL
                                      WHEN t.ordering_party = b.party_id THEN b.wallet_id
                                      WHEN t.ordering_party = b.custodian OR sto.had_mandate(b.party_id, t.ordering_party, t.entry_id, t.posted_at)
                                      THEN t.ordering_party END
                            WHEN t.kind IN ('post', 'release') AND h.purpose IN ('seizure', 'freeze')
                            THEN CASE WHEN (t.kind = 'release' OR h.purpose = 'seizure' AND h.beneficiary IS NOT NULL)
                                           AND sto.had_capability(t.ordering_party, 'enforcer', t.entry_id) THEN t.ordering_party END
                            WHEN t.kind IN ('post', 'release')
                            THEN CASE WHEN t.ordering_party = h.notary THEN h.notary END
                            ELSE CASE WHEN t.ordering_party = d.party_id THEN d.wallet_id
                                      WHEN t.ordering_party = d.custodian OR sto.had_mandate(d.party_id, t.ordering_party, t.entry_id, t.posted_at)
                                      THEN t.ordering_party
                                      -- sto.verify_redemptions() sees that it was paid for
                                      WHEN t.kind = 'redeem' AND t.ordering_party = k.issuer AND k.redeem_terms < t.entry_id
                                      THEN t.ordering_party END END AS need,
                       p.subject AS policy_subject,
                       p.policy_event < t.entry_id AND (p.replaced IS NULL OR p.replaced > t.entry_id) AS policy_in_force,
                       f.actor AS batch_actor,
                       u.subject IS NOT NULL AND t.kind NOT IN ('post', 'release') AND NOT sto.by_case(t.kind, t.purpose)
                       AND (t.kind = 'issue' OR t.ordering_party = d.party_id AND s.subject IS NULL) AS may_be_unsigned
                  FROM ONLY sto.transfer t
                  JOIN sto.token k ON k.token_id = t.token_id
                  JOIN sto.wallet d ON d.address = t.debit_wallet
                  LEFT JOIN sto.hold h ON h.hold_id = t.hold_id
                  LEFT JOIN sto.barred_span z ON z.address = h.beneficiary AND z.since < t.entry_id
                  LEFT JOIN sto.wallet b ON t.hold_id IS NOT NULL AND b.address = CASE
                       WHEN z.since IS NULL THEN coalesce(h.beneficiary, t.credit_wallet) ELSE sto.heir(h.beneficiary, t.entry_id) END
                  LEFT JOIN sto.case_post q ON q.entry_id = t.entry_id
                  LEFT JOIN sto.policy_span p ON p.policy_event = t.key_policy
                  LEFT JOIN sto.batch f ON f.batch_event = t.authority_event
                  LEFT JOIN (SELECT e.subject, e.entry_id AS since, e.body ->> 'unsigned_role' AS role,
                                    lead(e.entry_id) OVER (PARTITION BY e.subject ORDER BY e.entry_id) AS until
                               FROM ONLY sto.event e WHERE e.kind IN ('token', 'token_policy')) u
                         ON u.subject = t.token_id AND u.role IS NOT NULL AND t.key_policy IS NULL
                            AND t.entry_id > u.since AND (u.until IS NULL OR t.entry_id < u.until)
                  LEFT JOIN (SELECT e.subject, e.entry_id AS since, (e.body ->> 'signed_only')::boolean AS flag,
                                    lead(e.entry_id) OVER (PARTITION BY e.subject ORDER BY e.entry_id) AS until
                               FROM ONLY sto.event e WHERE e.kind IN ('wallet', 'wallet_terms')) s
                         ON s.subject = d.wallet_id AND s.flag AND t.key_policy IS NULL
                            AND t.entry_id > s.since AND (s.until IS NULL OR t.entry_id < s.until)) a)
    SELECT 'entry_authority', 'sto.transfer', count(*),
           count(*) = (SELECT count(*) FROM ONLY sto.transfer) AND coalesce(bool_and(j.good IS TRUE), true),
           min(j.entry_id) FILTER (WHERE j.good IS NOT TRUE),
           nullif(concat_ws('; ',
               CASE WHEN NOT bool_and(j.good IS TRUE) THEN
                   format('%s entries were ordered by somebody who could not, or under a policy that was not in force',
                          count(*) FILTER (WHERE j.good IS NOT TRUE)) END,
               CASE WHEN count(*) <> (SELECT count(*) FROM ONLY sto.transfer) THEN
                   'some entries name a token or a wallet that is not in the register' END,
               CASE WHEN bool_or(j.unsigned) THEN
                   format('%s entries carry no signature: a token''s policy, a preimage or an expiry allowed it',
                          count(*) FILTER (WHERE j.unsigned)) END,
               (SELECT format('%s tokens let a database role order unsigned: %s', count(*),
                              string_agg(k.name, ', ' ORDER BY k.registered))
                  FROM sto.token k WHERE k.unsigned_role IS NOT NULL HAVING count(*) > 0)), '')
      FROM judged j;
END $$;
COMMENT ON FUNCTION sto.verify_authority() IS 'whose quorum ordered each entry, and that its policy was in force; counts unsigned entries, and names the tokens that allow them';

-- OFFSET 0 keeps the planner from working a signature out more than once.
CREATE FUNCTION sto.verify_entry_signatures() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ledger uuid := sto.ledger_id();
BEGIN
    RETURN QUERY
    SELECT 'entry_signatures', 'sto.transfer', count(*), count(x.fault) = 0, min(x.entry_id) FILTER (WHERE x.fault IS NOT NULL),
           CASE WHEN count(x.fault) > 0 THEN format('%s entries: %s', count(x.fault), min(x.fault)) END
      FROM (SELECT t.entry_id,
                   CASE WHEN k.policy IS NULL THEN 'its key policy is not in the register'
                        ELSE sto.quorum_fault(k.policy,
                            sto.order_message(ledger, t.kind, t.order_id, t.ordering_party, t.token_id, t.amount,
                                t.debit_wallet, t.credit_wallet, t.valid_until, t.reference, t.hold_id, t.purpose, t.notary,
                                t.release_after, t.condition_hash, t.instruction_hash, t.preimage, t.keep_rest,
                                t.attachment_hash, t.group_id, t.undoes, t.checked_once),
                            t.signatures, t.posted_at) END AS fault
              FROM ONLY sto.transfer t
              LEFT JOIN sto.key_policy k ON k.policy_event = t.key_policy
             WHERE t.signatures IS NOT NULL
            OFFSET 0) x;
END $$;
COMMENT ON FUNCTION sto.verify_entry_signatures() IS 'every signature over every order, with the policy that the entry names';

CREATE FUNCTION sto.verify_batches() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ledger uuid := sto.ledger_id();
BEGIN
    RETURN QUERY
    SELECT 'batches', 'sto.transfer', coalesce(sum(x.entries), 0)::bigint, count(*) FILTER (WHERE x.bad) = 0,
           min(x.first) FILTER (WHERE x.bad),
           CASE WHEN bool_or(x.bad) THEN format('%s lists are not what was signed', count(*) FILTER (WHERE x.bad)) END
      FROM (SELECT l.count AS entries, coalesce(l.first, e.entry_id) AS first,
                   e.entry_id IS NULL
                   OR (l.count, l.sum, l.hash, l.token_id, l.tokens)
                      IS DISTINCT FROM (s.count, s.sum, s.hash, s.token, 1::bigint)
                   OR l.last >= b.usable_until AS bad
              FROM (SELECT t.authority_event, count(*) AS count, max(t.posted_at) AS last, sum(t.amount) AS sum, min(t.entry_id) AS first,
                           count(DISTINCT t.token_id) AS tokens, (array_agg(t.token_id))[1] AS token_id,
                           sto.batch_hash(sto.order_message(ledger, t.kind, t.order_id, t.ordering_party, t.token_id,
                               t.amount, t.debit_wallet, t.credit_wallet, t.valid_until, t.reference, t.hold_id, t.purpose,
                               t.notary, t.release_after, t.condition_hash, t.instruction_hash, t.preimage, t.keep_rest,
                               t.attachment_hash, t.group_id, t.undoes, t.checked_once) ORDER BY t.entry_id) AS hash
                      FROM ONLY sto.transfer t
                     WHERE t.authority_event IS NOT NULL AND NOT sto.by_case(t.kind, t.purpose)
                       AND t.entry_id NOT IN (SELECT q.entry_id FROM sto.case_post q)
                     GROUP BY t.authority_event) l
              LEFT JOIN ONLY sto.event e ON e.entry_id = l.authority_event AND e.kind = 'batch'
              LEFT JOIN LATERAL (SELECT (e.body ->> 'count')::bigint AS count, (e.body ->> 'sum')::sto.token_amount AS sum,
                                        (e.body ->> 'hash')::sto.digest AS hash, (e.body ->> 'token')::uuid AS token) s
                     ON e.entry_id IS NOT NULL
              LEFT JOIN sto.batch b ON b.batch_event = l.authority_event) x;
END $$;
COMMENT ON FUNCTION sto.verify_batches() IS
    'count, sum and hash of each list of orders that one quorum signed; none posted after its end';

CREATE FUNCTION sto.verify_holds() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH barred AS MATERIALIZED (SELECT z.address FROM sto.barred_span z),
    used AS (
        SELECT h.entry_id AS hold_id, h.amount,
               CASE WHEN bool_or(u.kind = 'post' AND u.keep_rest IS NOT TRUE) THEN 0::sto.token_amount
                    ELSE h.amount - coalesce(sum(u.amount), 0) END AS remaining,
               h.release_after, h.debit_wallet AS wallet, h.token_id, h.notary, h.credit_wallet AS beneficiary,
               h.condition_hash, h.instruction_hash, coalesce(h.checked_once, false) AS checked_once, h.purpose,
               coalesce(bool_or(u.token_id <> h.token_id OR u.entry_id <= h.entry_id
                                OR u.debit_wallet <> h.debit_wallet
                                   AND h.debit_wallet <> ALL (sto.recovered_from(u.debit_wallet, u.token_id, u.entry_id))
                                -- it goes to whom it names, or to the wallet that succeeded a lost one
                                OR u.kind = 'post' AND (u.posted_at >= h.release_after
                                                        OR u.credit_wallet <> h.credit_wallet
                                                           AND u.credit_wallet <> sto.heir(h.credit_wallet, u.entry_id))), false)
               OR coalesce(sum(u.amount), 0) > h.amount
               -- whoever knows the preimage posts, so a post releases nothing
               OR h.purpose = 'hash_lock' AND coalesce(sum(u.amount), 0) < h.amount
                  AND coalesce(bool_or(u.kind = 'post' AND u.keep_rest IS NOT TRUE), false) AS misused
          FROM ONLY sto.transfer h
          LEFT JOIN sto.hold_use u ON u.hold_id = h.entry_id
         WHERE h.kind = 'hold'
         GROUP BY h.entry_id),
    rebuilt AS (             -- open, a hold follows its units; used up, it stays where it was
        SELECT h.hold_id, h.amount, h.remaining, h.release_after, h.token_id, h.notary, h.beneficiary, h.condition_hash,
               h.instruction_hash, h.checked_once, h.purpose, h.misused,
               CASE WHEN h.wallet NOT IN (SELECT z.address FROM barred z) THEN h.wallet
                    WHEN h.remaining > '0' THEN sto.recovered_to(h.wallet, h.token_id, h.hold_id)
                    ELSE (SELECT u.debit_wallet FROM sto.hold_use u WHERE u.hold_id = h.hold_id ORDER BY u.entry_id DESC LIMIT 1)
               END AS wallet
          FROM used h)
    SELECT 'holds', 'sto.hold', (SELECT count(*) FROM rebuilt), count(*) = 0, min(x.hold_id),
           CASE WHEN count(*) > 0 THEN format('%s holds: %s', count(*), min(x.reason)) END
      FROM (SELECT r.hold_id, 'used beyond its terms' AS reason FROM rebuilt r WHERE r.misused OR r.remaining < 0
            UNION ALL
            SELECT l.entry_id, 'it had expired when it was placed, its notary had no keys, or its beneficiary was no holder''s wallet'
              FROM ONLY sto.transfer l
             WHERE l.kind = 'hold'
               AND (l.release_after <= l.posted_at
                    OR l.credit_wallet IS NOT NULL
                       AND NOT EXISTS (SELECT FROM sto.wallet b
                                        WHERE b.address = l.credit_wallet AND b.kind <> 'issuance' AND b.registered < l.entry_id)
                    OR l.notary IS NOT NULL
                       AND NOT EXISTS (SELECT FROM sto.party n JOIN sto.key_policy k ON k.subject = n.party_id
                                        WHERE n.party_id = l.notary AND k.policy_event < l.entry_id))
            UNION ALL
            SELECT coalesce(r.hold_id, h.hold_id), 'sto.hold differs from the log'
              FROM rebuilt r FULL JOIN sto.hold h ON h.hold_id = r.hold_id
             WHERE (h.hold_id, h.amount, h.remaining, h.release_after, h.wallet, h.token_id, h.notary, h.beneficiary,
                    h.condition_hash, h.instruction_hash, h.checked_once, h.purpose)
                   IS DISTINCT FROM (r.hold_id, r.amount, r.remaining, r.release_after, r.wallet, r.token_id, r.notary,
                    r.beneficiary, r.condition_hash, r.instruction_hash, r.checked_once, r.purpose)
            UNION ALL
            SELECT u.entry_id, 'an entry uses a hold that is not there'
              FROM ONLY sto.transfer u WHERE u.kind IN ('post', 'release')
               AND NOT EXISTS (SELECT FROM rebuilt r WHERE r.hold_id = u.hold_id)
            UNION ALL
            SELECT l.entry_id, 'an issuer''s lock-up does not follow the issue of what it locks'
              FROM ONLY sto.transfer l JOIN sto.token k ON k.token_id = l.token_id AND k.issuer = l.ordering_party
              JOIN sto.wallet d ON d.address = l.debit_wallet AND d.party_id <> k.issuer
             WHERE l.kind = 'hold' AND l.purpose = 'lock_up' AND NOT EXISTS (
                   SELECT FROM ONLY sto.transfer i
                    WHERE i.credit_wallet = l.debit_wallet AND i.token_id = l.token_id AND i.credit_seq < l.debit_seq
                      AND i.kind = 'issue' AND i.group_id = l.group_id
                      AND (SELECT count(*) = l.debit_seq - i.credit_seq AND sum(x.amount) <= i.amount
                             FROM ONLY sto.transfer x
                            WHERE x.debit_wallet = l.debit_wallet AND x.token_id = l.token_id
                              AND x.debit_seq > i.credit_seq AND x.debit_seq <= l.debit_seq
                              AND x.kind = 'hold' AND x.purpose = 'lock_up' AND x.group_id = l.group_id))
            UNION ALL
            SELECT h.entry_id, 'a hold''s notary is who holds the units'
              FROM ONLY sto.transfer h JOIN sto.wallet d ON d.address = h.debit_wallet AND d.party_id = h.notary
             WHERE h.kind = 'hold'
            UNION ALL
            SELECT coalesce(o.first, 0), 'open holds do not add up to a position''s held amount'
              FROM (SELECT r.wallet, r.token_id, sum(r.remaining) AS held, min(r.hold_id) AS first
                      FROM rebuilt r GROUP BY r.wallet, r.token_id) o
              FULL JOIN sto.position p ON p.wallet = o.wallet AND p.token_id = o.token_id
             WHERE coalesce(o.held, 0) <> coalesce(p.held, 0)) x;
END $$;
COMMENT ON FUNCTION sto.verify_holds() IS 'holds rebuilt from entries; open holds add up to what positions hold';

CREATE FUNCTION sto.verify_supply() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT 'zero_sum', 'sto.position', coalesce(sum(x.positions), 0)::bigint, count(*) FILTER (WHERE x.total <> 0) = 0,
           min(x.registered) FILTER (WHERE x.total <> 0),
           CASE WHEN bool_or(x.total <> 0) THEN format('balances of %s tokens do not add up to zero',
                                                      count(*) FILTER (WHERE x.total <> 0)) END
      FROM (SELECT p.token_id, count(*) AS positions, sum(p.balance) AS total, min(t.registered) AS registered
              FROM sto.position p LEFT JOIN sto.token t ON t.token_id = p.token_id GROUP BY p.token_id) x;
    RETURN QUERY
    SELECT 'authorised', 'sto.token', count(*), count(*) FILTER (WHERE -p.balance > t.authorised) = 0,
           min(t.registered) FILTER (WHERE -p.balance > t.authorised),
           CASE WHEN bool_or(-p.balance > t.authorised) THEN 'more is outstanding than authorised' END
      FROM sto.token t LEFT JOIN sto.position p ON p.token_id = t.token_id AND p.wallet = t.issuance;
END $$;
COMMENT ON FUNCTION sto.verify_supply() IS 'per token, balances add up to zero and no more is outstanding than authorised';
