-- Checks of events, and the register rebuilt from them and compared.

CREATE FUNCTION sto.verify_guards() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH installed (relation, name, function) AS (
        VALUES ('sto.event'::regclass, 'sto_open', 'sto.event_begin()'), ('sto.event', 'sto_gate', 'sto.event_gate()'),
               ('sto.event', 'sto_stored', 'sto.event_end()'), ('sto.event', 'sto_close', 'sto.event_end()'),
               ('sto.event', 'sto_guard', 'sto.refuse_change()'), ('sto.event', 'sto_guard_all', 'sto.refuse_change()'),
               ('sto.transfer', 'sto_open', 'sto.transfer_statement()'), ('sto.transfer', 'sto_gate', 'sto.transfer_gate()'),
               ('sto.transfer', 'sto_stored', 'sto.transfer_gate()'), ('sto.transfer', 'sto_write_back', 'sto.transfer_statement()'),
               ('sto.transfer', 'sto_guard', 'sto.refuse_change()'), ('sto.transfer', 'sto_guard_all', 'sto.refuse_change()')
        UNION ALL
        SELECT e.relation, g.name, g.function
          FROM unnest('{sto.block,sto.tile,sto.checkpoint,sto.cosignature,sto.time_stamp,sto.foreign_checkpoint}'::regclass[]) AS e (relation),
               (VALUES ('sto_gate', 'sto.refuse_insert()'), ('sto_guard', 'sto.refuse_change()'),
                       ('sto_guard_all', 'sto.refuse_change()')) AS g (name, function)),
    guarded AS (SELECT DISTINCT i.relation FROM installed i),
    fault AS (
        SELECT i.relation, format('trigger %s is missing or not ENABLE ALWAYS', i.name) AS reason
          FROM installed i
         WHERE NOT EXISTS (SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
                            WHERE t.tgrelid = i.relation AND t.tgname = i.name AND t.tgenabled = 'A'
                              AND t.tgfoid = i.function::regprocedure
                              AND p.prolang = (SELECT l.oid FROM pg_language l WHERE l.lanname = 'c')
                              AND p.probin IN ('$libdir/sto_ledger', 'sto_ledger'))
        UNION ALL
        SELECT t.tgrelid::regclass, format('trigger %s was added', t.tgname)
          FROM pg_trigger t
         WHERE t.tgrelid IN (SELECT g.relation FROM guarded g) AND NOT t.tgisinternal
           AND NOT EXISTS (SELECT FROM installed i WHERE i.relation = t.tgrelid AND i.name = t.tgname)
        UNION ALL
        SELECT r.ev_class::regclass, format('rule %s was added', r.rulename)
          FROM pg_rewrite r WHERE r.ev_class IN (SELECT g.relation FROM guarded g)
        UNION ALL
        SELECT h.inhparent::regclass, format('child table %s was added', h.inhrelid::regclass)
          FROM pg_inherits h WHERE h.inhparent IN (SELECT g.relation FROM guarded g)
        UNION ALL
        SELECT q.seqrelid::regclass, 'the sequence caches ids, or cycles'
          FROM pg_sequence q WHERE q.seqrelid = 'sto.entry_id_seq'::regclass
           AND (q.seqcache <> 1 OR q.seqcycle OR q.seqincrement <> 1)
        UNION ALL
        SELECT c.oid::regclass, 'is not an ordinary, logged table of the extension'
          FROM pg_class c WHERE c.oid IN (SELECT g.relation FROM guarded g)
           AND (c.relkind <> 'r' OR c.relpersistence <> 'p'
                OR NOT EXISTS (SELECT FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid
                                WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
                                  AND d.refclassid = 'pg_extension'::regclass AND x.extname = 'sto_ledger')))
    SELECT 'guards', 'log and evidence', (SELECT count(*) FROM installed), count(*) = 0, NULL::bigint,
           nullif(concat_ws('; ', string_agg(f.relation || ': ' || f.reason, '; ' ORDER BY f.relation::text, f.reason),
                  CASE WHEN NOT pg_has_role(current_user, 'pg_read_all_settings', 'USAGE')
                       THEN 'this role may not see whether the library is preloaded'
                       WHEN current_setting('shared_preload_libraries') !~ '\msto_ledger\M'
                       THEN 'the library is not preloaded: sessions that never used it could run DDL on the log' END), '')
      FROM fault f;
END $$;
COMMENT ON FUNCTION sto.verify_guards() IS
    'triggers of the log tables and of those that prove it are as installed, no rule, no child table';

CREATE FUNCTION sto.verify_events() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ledger uuid := sto.ledger_id();
BEGIN
    RETURN QUERY
    SELECT 'event_leaves', 'sto.event', count(*), count(*) FILTER (WHERE x.bad) = 0, min(x.entry_id) FILTER (WHERE x.bad),
           CASE WHEN bool_or(x.bad) THEN format('%s events are not what their leaf_hash covers', count(*) FILTER (WHERE x.bad)) END
      FROM (SELECT e.entry_id, e.leaf_hash IS DISTINCT FROM
                   sto.event_leaf(CASE e.kind WHEN 'genesis' THEN '00000000-0000-0000-0000-000000000000' ELSE ledger END,
                                  e.entry_id, e.prev_hash, e.kind, e.subject, e.actor, e.body, e.signatures, e.recorded_at) AS bad
              FROM ONLY sto.event e
            OFFSET 0) x;
    RETURN QUERY
    WITH chain AS (
        SELECT e.entry_id, e.kind, e.subject, e.prev_hash, e.leaf_hash, e.recorded_at,
               lag(e.leaf_hash) OVER w AS leaf_before, lag(e.recorded_at) OVER w AS time_before,
               lead(e.entry_id) OVER w IS NULL AS is_last, first_value(e.kind) OVER w AS first_kind
          FROM ONLY sto.event e WINDOW w AS (PARTITION BY e.subject ORDER BY e.entry_id))
    SELECT 'event_links', 'sto.event', (SELECT count(*) FROM ONLY sto.event), count(*) = 0, min(x.entry_id),
           CASE WHEN count(*) > 0 THEN format('%s links broken: %s', count(*), min(x.reason)) END
      FROM (SELECT c.entry_id, 'it does not link to its subject''s event before' AS reason
              FROM chain c WHERE c.prev_hash IS DISTINCT FROM c.leaf_before OR c.recorded_at < c.time_before
            UNION ALL
            -- what an event is about was made by an event before it, or by this one
            SELECT c.entry_id, 'it is about another sort of subject'
              FROM chain c
             WHERE c.leaf_before IS NOT NULL
                   AND c.kind IN ('genesis', 'party', 'wallet', 'token', 'batch', 'proposal', 'case', 'refusal', 'finding')
                OR c.first_kind <> CASE
                   WHEN c.kind IN ('maintenance', 'log_key', 'witness_policy', 'time_authority', 'log_restart') THEN 'genesis'
                   WHEN c.kind = 'keys' AND c.first_kind IN ('genesis', 'wallet') THEN c.first_kind
                   WHEN c.kind IN ('keys', 'capability', 'party_status', 'witness_key', 'party_facts', 'classification', 'mandate',
                                   'beneficial_owner', 'claim', 'claim_revoke', 'party_freeze', 'acknowledge', 'opt_in', 'travel_data',
                                   'party_members') THEN 'party'
                   WHEN c.kind IN ('wallet_status', 'wallet_terms', 'wallet_freeze', 'look_through', 'attach', 'attach_lift') THEN 'wallet'
                   WHEN c.kind IN ('token_terms', 'token_policy', 'token_status', 'token_topics', 'trusted_issuer', 'token_pause', 'document',
                                   'rule_set', 'party_list', 'transfer_approval', 'approval_revoke', 'four_eyes', 'redemption_terms') THEN 'token'
                   WHEN c.kind = 'approve' THEN 'proposal'
                   WHEN c.kind = 'case_approve' THEN 'case'
                   ELSE c.kind END
            UNION ALL
            SELECT e.entry_id, 'no event of its kind has this body' FROM ONLY sto.event e WHERE sto.body_fault(e.kind, e.body) IS NOT NULL
            UNION ALL
            SELECT coalesce(c.entry_id, s.last_event), 'sto.subject differs from the last event'
              FROM (SELECT * FROM chain l WHERE l.is_last) c FULL JOIN sto.subject s ON s.subject = c.subject
             WHERE (s.last_event, s.recorded_at, s.head, s.kind) IS DISTINCT FROM
                   (c.entry_id, c.recorded_at, c.leaf_hash, CASE c.first_kind WHEN 'genesis' THEN 'ledger' ELSE c.first_kind END)
            UNION ALL
            SELECT e.entry_id, 'there is no genesis event, more than one, or it is not the first of the log'
              FROM ONLY sto.event e
             WHERE (e.kind = 'genesis') <> (e.entry_id = (SELECT least((SELECT min(v.entry_id) FROM ONLY sto.event v),
                                                                      (SELECT min(t.entry_id) FROM ONLY sto.transfer t))))
            UNION ALL
            SELECT e.entry_id, 'an event and an entry have the same id'
              FROM ONLY sto.event e JOIN ONLY sto.transfer t ON t.entry_id = e.entry_id) x;
END $$;
COMMENT ON FUNCTION sto.verify_events() IS 'leaves of events, the chain of each subject, that each is about a subject of its sort, and has a body of its kind';

-- As of an id of the log, for the few events that ask.
CREATE FUNCTION sto.had_capability(party_id uuid, capability text, before bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce((SELECT (e.body ->> 'granted')::boolean FROM ONLY sto.event e
                      WHERE e.kind = 'capability' AND e.subject = had_capability.party_id
                        AND e.body ->> 'capability' = had_capability.capability AND e.entry_id < before
                      ORDER BY e.entry_id DESC LIMIT 1), false);
COMMENT ON FUNCTION sto.had_capability(uuid, text, bigint) IS 'whether a party had a capability when that id of the log was drawn';

CREATE FUNCTION sto.paused_by(token_id uuid, before bigint) RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT CASE WHEN (e.body ->> 'paused')::boolean THEN e.actor END FROM ONLY sto.event e
             WHERE e.kind = 'token_pause' AND e.subject = paused_by.token_id AND e.entry_id < before
             ORDER BY e.entry_id DESC LIMIT 1);
COMMENT ON FUNCTION sto.paused_by(uuid, bigint) IS 'who had paused a token when that id of the log was drawn; null: nobody';

-- Who had to sign each event, and did they?  With signatures false, only who.
CREATE FUNCTION sto.verify_event_signatures(signatures boolean DEFAULT true) RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ledger  uuid := sto.ledger_id();
    nil     uuid := '00000000-0000-0000-0000-000000000000';
    by_role boolean := (SELECT l.register_authority = 'roles' FROM sto.ledger l);
BEGIN
    RETURN QUERY
    WITH judged AS (
        SELECT e.entry_id, e.kind, e.signatures IS NULL AS unsigned,
               CASE WHEN e.kind IN ('maintenance', 'close', 'refusal', 'finding') THEN
                         CASE WHEN e.signatures IS NOT NULL OR e.actor <> nil
                                   OR e.kind NOT IN ('refusal', 'finding') AND e.subject <> CASE e.kind WHEN 'close' THEN ledger ELSE nil END
                              THEN format('a %s event is unsigned, and the ledger''s', e.kind) END
                    WHEN NOT CASE
                         WHEN e.kind IN ('genesis', 'capability') THEN e.actor = nil
                         WHEN e.kind IN ('log_key', 'witness_policy', 'time_authority', 'log_restart') THEN e.actor = nil AND e.subject = nil
                         WHEN e.kind = 'witness_key' THEN e.actor = e.subject AND w.subject IS NOT NULL
                         WHEN e.kind IN ('keys', 'wallet_terms') THEN e.actor = e.subject
                         WHEN e.kind = 'party' THEN e.actor = nil OR r.subject IS NOT NULL
                         WHEN e.kind IN ('party_status', 'wallet') THEN r.subject IS NOT NULL
                         WHEN e.kind = 'wallet_status' THEN e.actor = e.subject OR r.subject IS NOT NULL
                         WHEN e.kind IN ('token_terms', 'token_policy', 'token_status') THEN e.actor = k.issuer
                         WHEN e.kind IN ('token', 'batch') THEN e.actor <> nil
                         WHEN e.kind IN ('party_facts', 'classification', 'mandate', 'beneficial_owner', 'travel_data', 'party_members') THEN r.subject IS NOT NULL
                         WHEN e.kind = 'claim' THEN sto.had_capability(e.actor, 'claim_issuer', e.entry_id)
                         WHEN e.kind = 'claim_revoke' THEN EXISTS (SELECT FROM ONLY sto.event c
                              WHERE c.entry_id = (e.body ->> 'claim')::bigint AND c.entry_id < e.entry_id AND c.kind = 'claim'
                                AND c.subject = e.subject AND c.actor = e.actor)
                         WHEN e.kind IN ('token_topics', 'trusted_issuer', 'document', 'four_eyes', 'redemption_terms') THEN e.actor = k.issuer
                         WHEN e.kind = 'proposal' THEN EXISTS (SELECT FROM sto.token o WHERE o.token_id = (e.body ->> 'about')::uuid
                              AND o.issuer = e.actor AND o.registered < e.entry_id)
                         WHEN e.kind = 'approve' THEN e.actor <> nil
                         WHEN e.kind IN ('rule_set', 'party_list') THEN e.actor = k.issuer
                         WHEN e.kind = 'transfer_approval' THEN EXISTS (SELECT FROM sto.party o WHERE o.party_id = e.actor AND o.registered < e.entry_id)
                         WHEN e.kind = 'approval_revoke' THEN EXISTS (SELECT FROM ONLY sto.event c
                              WHERE c.entry_id = (e.body ->> 'approval')::bigint AND c.entry_id < e.entry_id AND c.kind = 'transfer_approval'
                                AND c.subject = e.subject AND c.actor = e.actor)
                         WHEN e.kind IN ('acknowledge', 'opt_in') THEN e.actor = e.subject
                              OR EXISTS (SELECT FROM sto.wallet o WHERE o.wallet_id = e.actor AND o.party_id = e.subject AND o.kind <> 'issuance')
                              OR sto.had_mandate(e.subject, e.actor, e.entry_id, e.recorded_at)
                         WHEN e.kind = 'token_pause' THEN sto.had_capability(e.actor, 'enforcer', e.entry_id)
                              -- the issuer lifts its own pause, not an enforcer's
                              OR e.actor = k.issuer AND coalesce(sto.paused_by(e.subject, e.entry_id), e.actor) = e.actor
                         WHEN e.kind = 'case' THEN sto.had_capability(e.actor, sto.case_capability(e.body ->> 'act'), e.entry_id)
                         WHEN e.kind = 'case_approve' THEN EXISTS (SELECT FROM ONLY sto.event c
                              WHERE c.kind = 'case' AND c.subject = e.subject AND c.entry_id < e.entry_id AND c.actor <> e.actor
                                AND sto.had_capability(e.actor, sto.case_capability(c.body ->> 'act'), e.entry_id))
                         WHEN e.kind = 'look_through' THEN EXISTS (SELECT FROM sto.wallet o WHERE o.wallet_id = e.subject
                              AND coalesce(o.custodian, o.party_id) = e.actor AND o.registered < e.entry_id)
                         WHEN e.kind IN ('wallet_freeze', 'party_freeze', 'attach', 'attach_lift') THEN sto.had_capability(e.actor, 'enforcer', e.entry_id)
                         ELSE false END
                    THEN 'its actor may not do this'
                    WHEN e.signatures IS NULL THEN
                         CASE WHEN by_role AND e.kind IN ('capability', 'party', 'party_status', 'wallet', 'wallet_status',
                                                        'party_facts', 'classification', 'mandate', 'beneficial_owner', 'travel_data', 'party_members') THEN NULL
                              ELSE 'it is not signed' END
                    WHEN NOT verify_event_signatures.signatures THEN NULL
                    WHEN e.kind = 'genesis' THEN CASE WHEN octet_length(e.signatures) / 74 <> json_array_length(e.body -> 'keys')
                                                      THEN 'not every root key signed'
                                                      ELSE sto.quorum_fault(sto.key_policy(e.body),
                                                               sto.act_message(nil, e.prev_hash, e.kind, e.subject, e.actor, e.body),
                                                               e.signatures, e.recorded_at) END
                    WHEN p.policy IS NULL THEN 'its actor had no keys'
                    ELSE sto.quorum_fault(p.policy, sto.act_message(ledger, e.prev_hash, e.kind, e.subject, e.actor, e.body),
                                          e.signatures, e.recorded_at) END AS fault
          FROM ONLY sto.event e
          LEFT JOIN sto.token k ON k.token_id = e.subject
          LEFT JOIN sto.policy_span p ON p.subject = e.actor AND e.kind <> 'genesis' AND p.policy_event < e.entry_id
                                         AND (p.replaced IS NULL OR p.replaced >= e.entry_id)
          LEFT JOIN (SELECT c.subject, c.entry_id AS since, (c.body ->> 'granted')::boolean AS granted,
                            lead(c.entry_id) OVER (PARTITION BY c.subject ORDER BY c.entry_id) AS until
                       FROM ONLY sto.event c WHERE c.kind = 'capability' AND c.body ->> 'capability' = 'registrar') r
                 ON r.subject = e.actor AND r.granted AND e.entry_id > r.since AND (r.until IS NULL OR e.entry_id < r.until)
          LEFT JOIN (SELECT c.subject, c.entry_id AS since, (c.body ->> 'granted')::boolean AS granted,
                            lead(c.entry_id) OVER (PARTITION BY c.subject ORDER BY c.entry_id) AS until
                       FROM ONLY sto.event c WHERE c.kind = 'capability' AND c.body ->> 'capability' = 'witness') w
                 ON e.kind = 'witness_key' AND w.subject = e.actor AND w.granted AND e.entry_id > w.since
                    AND (w.until IS NULL OR e.entry_id < w.until)
        OFFSET 0)
    SELECT CASE WHEN verify_event_signatures.signatures THEN 'event_signatures' ELSE 'event_authority' END, 'sto.event',
           count(*), count(j.fault) = 0, min(j.entry_id) FILTER (WHERE j.fault IS NOT NULL),
           nullif(concat_ws('; ',
               CASE WHEN count(j.fault) > 0 THEN format('%s events: %s', count(j.fault), min(j.fault)) END,
               CASE WHEN count(*) FILTER (WHERE j.kind = 'maintenance') > 0 THEN
                   format('%s maintenance events: read their reasons', count(*) FILTER (WHERE j.kind = 'maintenance')) END,
               CASE WHEN count(*) FILTER (WHERE j.unsigned AND j.kind NOT IN ('maintenance', 'close', 'refusal', 'finding')) > 0 THEN
                   format('%s events were authorised by a database role alone',
                          count(*) FILTER (WHERE j.unsigned AND j.kind NOT IN ('maintenance', 'close', 'refusal', 'finding'))) END,
               CASE WHEN by_role THEN 'genesis chose that database roles authorise register acts' END), '')
      FROM judged j;
END $$;
COMMENT ON FUNCTION sto.verify_event_signatures(boolean) IS
    'each event was its actor''s to record, and signed by the policy in force; counts what only a role authorised';

-- Every key that was new to its subject brought a proof that its holder wanted it there.
CREATE FUNCTION sto.verify_possessions() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ledger uuid := sto.ledger_id();
BEGIN
    RETURN QUERY
    SELECT 'possessions', 'sto.event', count(*), coalesce(bool_and(x.good), true), min(x.entry_id) FILTER (WHERE NOT x.good),
           CASE WHEN NOT bool_and(x.good) THEN format('%s keys without a good proof of possession', count(*) FILTER (WHERE NOT x.good)) END
      FROM (SELECT e.entry_id,
                   coalesce(sto.signature_valid((i.item ->> 'key')::sto.public_key,
                       sto.possession_message(ledger, coalesce(w.party_id, e.subject), e.subject, w.address, sto.key_policy(e.body),
                           w.custodian, e.kind = 'wallet' AND coalesce((e.body ->> 'signed_only')::boolean, false)),
                       decode(i.item ->> 'possession', 'hex')), false) AS good
              FROM ONLY sto.event e
             CROSS JOIN LATERAL json_array_elements(e.body -> 'keys') AS i (item)
              JOIN sto.key k ON k.fingerprint = sto.fingerprint((i.item ->> 'key')::sto.public_key)
                                   AND k.registered = e.entry_id
              LEFT JOIN sto.wallet w ON w.wallet_id = e.subject
             WHERE e.kind IN ('keys', 'party', 'wallet')
            UNION ALL
            SELECT e.entry_id,
                   coalesce(sto.signature_valid((e.body ->> 'key')::sto.public_key,
                       CASE e.kind WHEN 'log_key' THEN sto.log_key_message((e.body ->> 'key')::sto.public_key)
                            ELSE sto.witness_key_message(e.subject, e.body ->> 'name', (e.body ->> 'key')::sto.public_key) END,
                       decode(e.body ->> 'possession', 'hex')), false)
              FROM ONLY sto.event e
             WHERE e.kind IN ('log_key', 'witness_key')
            OFFSET 0) x;
END $$;
COMMENT ON FUNCTION sto.verify_possessions() IS 'the proof of possession of every registered key, but root keys, which sign genesis itself';

-- Each close computed anew from the entries before it: what holds at its id is whatever entered before and was followed
-- by nothing before.
CREATE FUNCTION sto.verify_closes() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH state AS (
        SELECT s.wallet, s.token_id, s.seq, s.balance, s.held, s.leaf_hash, s.entry_id AS since,
               lead(s.entry_id) OVER (PARTITION BY s.wallet, s.token_id ORDER BY s.seq) AS until
          FROM sto.entry_side s),
    stated AS (
        SELECT e.entry_id, (e.body ->> 'count')::bigint AS count, (e.body ->> 'root')::sto.digest AS root
          FROM ONLY sto.event e WHERE e.kind = 'close'),
    made AS (
        SELECT c.entry_id, count(*) AS count,
               sto.merkle_root(sto.close_leaf(s.wallet, s.token_id, s.seq, s.leaf_hash,
                                              sto.side_digest(w.salt, s.token_id, s.seq, s.balance, s.held, s.leaf_hash))
                               ORDER BY s.wallet, s.token_id) AS root
          FROM stated c
          JOIN state s ON s.since < c.entry_id AND (s.until IS NULL OR s.until > c.entry_id)
          JOIN sto.wallet w ON w.address = s.wallet
         GROUP BY c.entry_id)
    SELECT 'closes', 'sto.event', count(*),
           count(*) FILTER (WHERE x.bad) = 0, min(x.entry_id) FILTER (WHERE x.bad),
           CASE WHEN bool_or(x.bad) THEN format('%s closes do not say what the log says before them', count(*) FILTER (WHERE x.bad)) END
      FROM (SELECT c.entry_id, (c.count, c.root) IS DISTINCT FROM (coalesce(m.count, 0), coalesce(m.root, sha256('')::sto.digest)) AS bad
              FROM stated c LEFT JOIN made m ON m.entry_id = c.entry_id) x;
END $$;
COMMENT ON FUNCTION sto.verify_closes() IS 'count and root of every close, from the entries before it';
