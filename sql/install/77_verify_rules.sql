-- Rules of tokens: what events state for them rebuilt and compared, every entry of a token with rules replayed in the
-- order of the log, and the counters that rules read beside what the replay comes to.

CREATE FUNCTION sto.replay_rules(OUT what text, OUT entry_id bigint, OUT token_id uuid, OUT party_id uuid, OUT number int,
                                 OUT code int, OUT label text, OUT detail text, OUT value bigint,
                                 OUT units sto.token_amount) RETURNS SETOF record
    LANGUAGE c STABLE SET search_path = pg_catalog, pg_temp COST 100000 ROWS 1000
    AS 'MODULE_PATHNAME', 'sto_replay_rules';
COMMENT ON FUNCTION sto.replay_rules() IS
    'entries of tokens with rules, each asked what ruled then: refused, rule_set, override, asked; then approval, group, issued and counts';

CREATE FUNCTION sto.verify_rule_register() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH fault (scope, id) AS (
        SELECT 'sto.rule_set', coalesce(r.entry_id, p.set_by)
          FROM (SELECT e.entry_id, greatest(e.recorded_at, sto.from_micros((e.body ->> 'from')::bigint)) AS effective, e.subject,
                       coalesce((e.body ->> 'record_refusals')::boolean, false) AS record_refusals, e.body::text AS body
                  FROM ONLY sto.event e WHERE e.kind = 'rule_set') r
          FULL JOIN sto.rule_set p ON p.set_by = r.entry_id
         WHERE (p.set_by, p.effective, p.token_id, p.record_refusals, p.body)
               IS DISTINCT FROM (r.entry_id, r.effective, r.subject, r.record_refusals, r.body)
        UNION ALL
        -- whom a set names was in the register
        SELECT 'sto.rule_set', e.entry_id
          FROM ONLY sto.event e
         CROSS JOIN LATERAL json_array_elements(e.body -> 'rules') AS r (rule)
         CROSS JOIN LATERAL (SELECT json_array_elements_text(r.rule -> 'exempt') UNION ALL SELECT json_array_elements_text(r.rule -> 'parties')
                             UNION ALL SELECT r.rule ->> 'by' WHERE r.rule ->> 'rule' = 'approval') AS named (party)
         WHERE e.kind = 'rule_set' AND named.party IS NOT NULL AND named.party <> 'issuer'
           AND NOT EXISTS (SELECT FROM sto.party p WHERE p.party_id = named.party::uuid AND p.registered < e.entry_id)
        UNION ALL
        SELECT 'sto.party_list', coalesce(r.entry_id, p.set_by)
          FROM (SELECT DISTINCT ON (e.subject, b.list, b.party) e.entry_id, e.subject, b.list, b.party, b.listed
                  FROM ONLY sto.event e
                 CROSS JOIN LATERAL json_to_record(e.body) AS b (list text, party uuid, listed boolean)
                 WHERE e.kind = 'party_list' ORDER BY e.subject, b.list, b.party, e.entry_id DESC) r
          FULL JOIN sto.party_list p ON (p.token_id, p.list, p.party_id) = (r.subject, r.list, r.party)
         WHERE (p.set_by, p.listed) IS DISTINCT FROM (r.entry_id, r.listed)
        UNION ALL
        SELECT 'sto.opt_in', coalesce(r.entry_id, p.set_by)
          FROM (SELECT DISTINCT ON (e.subject, b.token) e.entry_id, e.subject, b.token, b.affirmed
                  FROM ONLY sto.event e
                 CROSS JOIN LATERAL json_to_record(e.body) AS b (token uuid, affirmed boolean)
                 WHERE e.kind = 'opt_in' ORDER BY e.subject, b.token, e.entry_id DESC) r
          FULL JOIN sto.opt_in p ON (p.party_id, p.token_id) = (r.subject, r.token)
         WHERE (p.set_by, p.affirmed) IS DISTINCT FROM (r.entry_id, r.affirmed)
        UNION ALL
        SELECT 'sto.travel_data', coalesce(r.entry_id, p.set_by)
          FROM (SELECT e.entry_id, e.subject, b.commitment, sto.from_micros(b."from") AS valid_from, sto.from_micros(b."to") AS valid_to,
                       ARRAY(SELECT json_array_elements_text(b.fields)) AS fields,
                       (SELECT min(w.entry_id) FROM ONLY sto.event w
                         WHERE w.kind = 'travel_data' AND w.subject = e.subject AND w.entry_id > e.entry_id
                           AND w.body ->> 'granted' = 'false') AS withdrawn
                  FROM ONLY sto.event e
                 CROSS JOIN LATERAL json_to_record(e.body) AS b (fields json, commitment sto.digest, "from" bigint, "to" bigint)
                 WHERE e.kind = 'travel_data' AND e.body ->> 'granted' IS DISTINCT FROM 'false') r
          FULL JOIN sto.travel_data p ON p.set_by = r.entry_id
         WHERE (p.set_by, p.withdrawn, p.valid_from, p.valid_to, p.party_id, p.commitment, p.fields)
               IS DISTINCT FROM (r.entry_id, r.withdrawn, r.valid_from, r.valid_to, r.subject, r.commitment, r.fields)
        UNION ALL
        SELECT 'sto.transfer_approval', coalesce(r.entry_id, p.approval)
          FROM (SELECT e.entry_id, e.subject, e.actor, b.amount, b.exact, b.uses, sto.from_micros(b."from") AS valid_from,
                       sto.from_micros(b."to") AS valid_to, coalesce(b.sender, '00000000-0000-0000-0000-000000000000') AS sender,
                       coalesce(b.receiver, '00000000-0000-0000-0000-000000000000') AS receiver, v.entry_id AS revoked
                  FROM ONLY sto.event e
                 CROSS JOIN LATERAL json_to_record(e.body) AS b (amount sto.token_amount, exact boolean, uses bigint, sender uuid,
                                                                 receiver uuid, "from" bigint, "to" bigint)
                  LEFT JOIN ONLY sto.event v ON v.kind = 'approval_revoke' AND v.subject = e.subject
                                                AND (v.body ->> 'approval')::bigint = e.entry_id
                 WHERE e.kind = 'transfer_approval') r
          FULL JOIN sto.transfer_approval p ON p.approval = r.entry_id
         WHERE (p.approval, p.revoked, p.uses, p.valid_from, p.valid_to, p.amount, p.token_id, p.approver, p.sender, p.receiver, p.exact)
               IS DISTINCT FROM (r.entry_id, r.revoked, r.uses, r.valid_from, r.valid_to, r.amount, r.subject, r.actor, r.sender,
                r.receiver, r.exact))
    SELECT 'register', t.scope, t.examined, count(f.scope) = 0, min(f.id),
           CASE WHEN count(f.scope) > 0 THEN format('%s rows differ from what the log says', count(f.scope)) END
      FROM (VALUES ('sto.rule_set', (SELECT count(*) FROM sto.rule_set)), ('sto.party_list', (SELECT count(*) FROM sto.party_list)),
                   ('sto.opt_in', (SELECT count(*) FROM sto.opt_in)), ('sto.travel_data', (SELECT count(*) FROM sto.travel_data)),
                   ('sto.transfer_approval', (SELECT count(*) FROM sto.transfer_approval))) AS t (scope, examined)
      LEFT JOIN fault f ON f.scope = t.scope
     GROUP BY t.scope, t.examined ORDER BY t.scope;
END $$;
COMMENT ON FUNCTION sto.verify_rule_register() IS 'rule sets and what is stated for rules, rebuilt from their events and compared';

-- What left each position, as of every entry of it; of tokens that ever had rules, for nothing else reads it.
CREATE VIEW sto.ruled_flow AS
WITH side AS (
    SELECT t.debit_wallet AS wallet, t.token_id, t.debit_seq AS seq, t.posted_at,
           CASE WHEN t.kind = 'issue' OR t.kind IN ('transfer', 'post') AND d.party_id <> c.party_id THEN t.amount ELSE '0' END AS gone
      FROM ONLY sto.transfer t
      LEFT JOIN sto.wallet d ON d.address = t.debit_wallet
      LEFT JOIN sto.wallet c ON c.address = t.credit_wallet
     WHERE t.debit_seq IS NOT NULL AND t.token_id IN (SELECT e.subject FROM ONLY sto.event e WHERE e.kind = 'rule_set')
    UNION ALL
    SELECT t.credit_wallet, t.token_id, t.credit_seq, t.posted_at, '0'
      FROM ONLY sto.transfer t
     WHERE t.credit_seq IS NOT NULL AND t.token_id IN (SELECT e.subject FROM ONLY sto.event e WHERE e.kind = 'rule_set'))
SELECT s.wallet, s.token_id, s.seq, s.posted_at, sum(s.gone) OVER (PARTITION BY s.wallet, s.token_id ORDER BY s.seq) AS outflow
  FROM side s;
COMMENT ON VIEW sto.ruled_flow IS 'what had left each position at each of its entries, of tokens that ever had rules';

CREATE FUNCTION sto.verify_rules() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH replayed AS MATERIALIZED (SELECT * FROM sto.replay_rules()),
    ruled AS MATERIALIZED (SELECT DISTINCT e.subject AS token_id FROM ONLY sto.event e WHERE e.kind = 'rule_set'),
    flow AS MATERIALIZED (
        SELECT g.*, lead(g.seq) OVER (PARTITION BY g.wallet, g.token_id ORDER BY g.seq) IS NULL AS is_last FROM sto.ruled_flow g),
    refused (id, reason) AS (
        SELECT r.entry_id, format('rule %s, %s, did not let it pass: %s', r.number,
                                  (SELECT c.rule FROM sto.reason_codes() c WHERE c.code = r.code), r.detail)
          FROM replayed r WHERE r.what = 'refused'
        UNION ALL
        SELECT r.entry_id, 'its rule_set is not the one in force' FROM replayed r WHERE r.what = 'rule_set'
        UNION ALL
        SELECT t.entry_id, 'it names rules of a token that has none' FROM ONLY sto.transfer t
         WHERE t.rule_set IS NOT NULL AND t.token_id NOT IN (SELECT u.token_id FROM ruled u)),
    -- of custom rules that enforced entries asked; from the entry to the event stand entries and findings
    finding AS MATERIALIZED (
        SELECT e.entry_id, e.subject, e.prev_hash, b.entry, b.rule_set, b.number, b.definition, b.reason, b.state, e.other
          FROM (SELECT v.*, max(v.entry_id) FILTER (WHERE v.kind <> 'finding') OVER (ORDER BY v.entry_id) AS other
                  FROM ONLY sto.event v WHERE EXISTS (SELECT FROM ONLY sto.event f WHERE f.kind = 'finding')) e
         CROSS JOIN LATERAL json_to_record(e.body) AS b (entry bigint, rule_set bigint, number bigint, definition text, reason text, state text)
         WHERE e.kind = 'finding'),
    judged AS (
        SELECT f.entry_id,
               CASE WHEN num_nonnulls(f.reason, f.state) <> 1 OR octet_length(f.reason) > 383 OR f.reason ~ '[\x01-\x1f]'
                         OR f.state !~ '^[0-9A-Z]{5}$' THEN 'its reason, or its state, is none'
                    WHEN f.subject IS DISTINCT FROM sto.finding_subject(sto.ledger_id(), f.entry, f.number) THEN 'its subject is another''s'
                    WHEN f.prev_hash IS NOT NULL THEN 'there is one of this entry and rule before it'
                    WHEN a.entry_id IS NULL THEN 'no enforced entry just before it passed over such a custom rule' END AS fault
          FROM finding f
          LEFT JOIN replayed a ON a.what = 'asked' AND a.entry_id = f.entry AND a.number = f.number AND a.value = f.rule_set
                                  AND a.detail = f.definition AND f.entry < f.entry_id AND f.entry > f.other),
    first_refused AS (SELECT f.id, f.reason, count(*) OVER () AS count FROM refused f ORDER BY f.id LIMIT 1),
    wrong (scope, id) AS (
        -- every 64th entry of a position
        SELECT 'sto.flow', NULL::bigint
          FROM (SELECT * FROM sto.flow p WHERE p.token_id IN (SELECT u.token_id FROM ruled u)) p
          FULL JOIN (SELECT * FROM flow g WHERE g.seq % 64 = 0) g ON g.token_id = p.token_id AND g.wallet = p.wallet AND g.seq = p.seq
         WHERE (p.posted_at, p.outflow) IS DISTINCT FROM (g.posted_at, g.outflow)
        UNION ALL
        SELECT 'sto.position', NULL
          FROM sto.position p
          LEFT JOIN (SELECT * FROM flow g WHERE g.is_last) g ON g.token_id = p.token_id AND g.wallet = p.wallet
         WHERE p.token_id IN (SELECT u.token_id FROM ruled u) AND p.outflow <> coalesce(g.outflow, '0')
        UNION ALL
        -- a group that has nobody may have no row
        SELECT 'sto.holder_group', NULL
          FROM sto.holder_group p
          FULL JOIN (SELECT * FROM replayed r WHERE r.what = 'group') r
               ON r.token_id = p.token_id AND r.label = p.by AND r.detail = p.value
         WHERE (coalesce(p.holders, 0), coalesce(p.units, '0')) IS DISTINCT FROM (coalesce(r.value, 0), coalesce(r.units, '0'))
            OR p.token_id IS NOT NULL AND r.token_id IS NOT NULL AND (p.units IS NULL) <> (r.units IS NULL)
        UNION ALL
        -- made when it is first needed, from then on kept
        SELECT 'sto.holding', NULL
          FROM sto.holding p
          LEFT JOIN (SELECT w.party_id, o.token_id, sum(o.balance) AS total, sum(o.outflow) AS outflow, max(o.posted_at) AS posted_at
                       FROM sto.position o JOIN sto.wallet w ON w.address = o.wallet
                      WHERE w.kind <> 'issuance' AND o.token_id IN (SELECT h.token_id FROM sto.holding h)
                      GROUP BY w.party_id, o.token_id) r ON r.party_id = p.party_id AND r.token_id = p.token_id
         WHERE (p.total, p.outflow) IS DISTINCT FROM (coalesce(r.total, '0'), coalesce(r.outflow, '0')) OR p.posted_at > r.posted_at
        UNION ALL
        SELECT 'sto.issued', NULL
          FROM sto.issued p
          FULL JOIN (SELECT * FROM replayed r WHERE r.what = 'issued') r ON r.token_id = p.token_id AND r.party_id = p.party_id
         WHERE p.posted_at IS DISTINCT FROM sto.from_micros(r.value)
        UNION ALL
        SELECT 'sto.override', coalesce(p.entry_id, r.entry_id)
          FROM sto.override p
          FULL JOIN (SELECT r.entry_id, r.number, r.code, r.label, r.detail FROM replayed r WHERE r.what = 'override'
                     UNION ALL
                     SELECT f.entry, f.number, a.code, a.label, coalesce(f.reason, format('The rule''s function failed with SQLSTATE %s.', f.state))
                       FROM finding f LEFT JOIN replayed a ON a.what = 'asked' AND a.entry_id = f.entry AND a.number = f.number) r ON r.entry_id = p.entry_id AND r.number = p.number
         WHERE (p.code, p.rule, p.label, p.detail)
               IS DISTINCT FROM (r.code, (SELECT c.rule FROM sto.reason_codes() c WHERE c.code = r.code), r.label, r.detail)
        UNION ALL
        SELECT 'sto.transfer_approval', coalesce(p.approval, r.entry_id)
          FROM sto.transfer_approval p
          FULL JOIN (SELECT * FROM replayed r WHERE r.what = 'approval') r ON r.entry_id = p.approval
         -- where no token ever had rules nothing is replayed, and no approval was used
         WHERE p.uses_left IS DISTINCT FROM coalesce(r.value, p.uses))
    SELECT 'rules', 'sto.transfer', (SELECT r.value FROM replayed r WHERE r.what = 'examined'), f.id IS NULL, f.id,
           nullif(concat_ws('; ',
               CASE WHEN f.id IS NOT NULL THEN format('%s faults, the first: %s', f.count, f.reason) END,
               (SELECT format('custom rules were not replayed, of %s entries: %s', r.value,
                              (SELECT string_agg(DISTINCT format('%s, definition %s', i.rule ->> 'function', i.rule ->> 'definition'), '; ')
                                 FROM ONLY sto.event e
                                CROSS JOIN LATERAL json_array_elements(e.body -> 'rules') AS i (rule)
                                WHERE e.kind = 'rule_set' AND i.rule ->> 'rule' = 'custom'))
                  FROM replayed r WHERE r.what = 'custom' AND r.value > 0)), '')
      FROM (VALUES (1)) AS one LEFT JOIN first_refused f ON true
    UNION ALL
    SELECT 'findings', 'sto.event', count(*), count(j.fault) = 0, min(j.entry_id) FILTER (WHERE j.fault IS NOT NULL),
           CASE WHEN count(j.fault) > 0 THEN format('%s findings: %s', count(j.fault), min(j.fault)) END
      FROM judged j
    UNION ALL
    (SELECT 'rule_counters', t.scope, t.examined, count(w.scope) = 0, min(w.id),
            CASE WHEN count(w.scope) > 0 THEN format('%s rows are not what the log gives', count(w.scope)) END
       FROM (VALUES ('sto.flow', (SELECT count(*) FROM flow g WHERE g.seq % 64 = 0)), ('sto.holder_group', (SELECT count(*) FROM sto.holder_group)),
                    ('sto.holding', (SELECT count(*) FROM sto.holding)), ('sto.issued', (SELECT count(*) FROM sto.issued)),
                    ('sto.override', (SELECT count(*) FROM sto.override)), ('sto.position', (SELECT count(*) FROM flow g WHERE g.is_last)),
                    ('sto.transfer_approval', (SELECT count(*) FROM sto.transfer_approval))) AS t (scope, examined)
       LEFT JOIN wrong w ON w.scope = t.scope
      GROUP BY t.scope, t.examined ORDER BY t.scope);
END $$;
COMMENT ON FUNCTION sto.verify_rules() IS
    'every entry of a token with rules passed those in force, or is one that they don''t stop; and the counters that rules read';
