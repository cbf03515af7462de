-- The register rebuilt from events and compared, table by table; then everything in one call.

CREATE FUNCTION sto.verify_register() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    nil    uuid := '00000000-0000-0000-0000-000000000000';
    ledger uuid := sto.ledger_id();
BEGIN
    RETURN QUERY
    WITH keyed AS (          -- events that set a key policy
        SELECT e.entry_id, e.subject, e.body FROM ONLY sto.event e WHERE e.body -> 'keys' IS NOT NULL),
    newest_policy AS (SELECT k.subject, max(k.entry_id) AS policy_event FROM keyed k GROUP BY k.subject),
    stated_key AS (
        SELECT k.entry_id, k.subject, (i.item ->> 'key')::sto.public_key AS key,
               sto.from_micros((i.item ->> 'from')::bigint) AS valid_from, sto.from_micros((i.item ->> 'to')::bigint) AS valid_to
          FROM keyed k CROSS JOIN LATERAL json_array_elements(k.body -> 'keys') AS i (item)),
    next_policy AS (
        SELECT k.entry_id, lead(k.entry_id) OVER (PARTITION BY k.subject ORDER BY k.entry_id) AS next FROM keyed k),
    log_key AS (
        SELECT e.entry_id, lead(e.entry_id) OVER (ORDER BY e.entry_id) AS retired, (e.body ->> 'key')::sto.public_key AS key
          FROM ONLY sto.event e WHERE e.kind = 'log_key'),
    witness AS (             -- until the party's next key, the end of its capability, or its own
        SELECT x.* FROM (
            SELECT e.entry_id, e.kind, lead(e.entry_id) OVER (PARTITION BY e.subject ORDER BY e.entry_id) AS retired, e.subject,
                   (e.body ->> 'key')::sto.public_key AS key, e.body ->> 'name' AS name
              FROM ONLY sto.event e
             WHERE e.kind = 'witness_key'
                OR e.kind = 'capability' AND e.body ->> 'capability' = 'witness' AND NOT (e.body ->> 'granted')::boolean
                OR e.kind = 'party_status' AND e.body ->> 'status' = 'closed') x
         WHERE x.kind = 'witness_key'),
    status AS (
        SELECT DISTINCT ON (e.subject) e.subject, e.body ->> 'status' AS status
          FROM ONLY sto.event e WHERE e.kind IN ('party_status', 'wallet_status', 'token_status')
         ORDER BY e.subject, e.entry_id DESC),
    stopped AS (             -- what the newest pause or freeze of a subject still stops
        SELECT x.* FROM (
            SELECT DISTINCT ON (e.subject, e.kind) e.subject, e.kind, e.entry_id AS since, e.actor,
                   (e.body ->> CASE e.kind WHEN 'token_pause' THEN 'paused' ELSE 'frozen' END)::boolean AS on
              FROM ONLY sto.event e WHERE e.kind IN ('token_pause', 'wallet_freeze', 'party_freeze')
             ORDER BY e.subject, e.kind, e.entry_id DESC) x
         WHERE x.on),
    facts AS (               -- of each fact the newest that was given
        SELECT e.subject,
               (array_agg(e.body ->> 'country' ORDER BY e.entry_id DESC) FILTER (WHERE e.body ->> 'country' IS NOT NULL))[1] AS country,
               (array_agg(e.body ->> 'incorporation' ORDER BY e.entry_id DESC) FILTER (WHERE e.body ->> 'incorporation' IS NOT NULL))[1]
                   AS incorporation,
               (array_agg(e.body ->> 'lei' ORDER BY e.entry_id DESC) FILTER (WHERE e.body ->> 'lei' IS NOT NULL))[1]::sto.lei AS lei,
               (array_agg(e.body ->> 'commitment' ORDER BY e.entry_id DESC) FILTER (WHERE e.body ->> 'commitment' IS NOT NULL))[1]::sto.digest
                   AS commitment
          FROM ONLY sto.event e WHERE e.kind = 'party_facts' GROUP BY e.subject),
    fault (scope, id) AS (
        SELECT 'sto.ledger', x.id FROM (
            (SELECT sto.ledger_id(e.leaf_hash) AS ledger_id, (SELECT n.policy_event FROM newest_policy n WHERE n.subject = nil) AS id,
                    e.leaf_hash, e.body ->> 'name', e.body ->> 'origin', e.body ->> 'register_authority'
               FROM ONLY sto.event e WHERE e.kind = 'genesis'
             EXCEPT ALL TABLE sto.ledger)
            UNION ALL
            (TABLE sto.ledger EXCEPT ALL
             SELECT sto.ledger_id(e.leaf_hash), (SELECT n.policy_event FROM newest_policy n WHERE n.subject = nil),
                    e.leaf_hash, e.body ->> 'name', e.body ->> 'origin', e.body ->> 'register_authority'
               FROM ONLY sto.event e WHERE e.kind = 'genesis')) x
        UNION ALL
        SELECT 'sto.key_policy', coalesce(k.entry_id, p.policy_event)
          FROM (SELECT k.entry_id, k.subject, sto.key_policy(k.body) AS policy FROM keyed k) k
          FULL JOIN sto.key_policy p ON p.policy_event = k.entry_id
         WHERE (p.subject, p.policy) IS DISTINCT FROM (k.subject, k.policy)
        UNION ALL
        SELECT 'sto.key', coalesce(r.registered, p.registered)
          FROM (SELECT sto.fingerprint(s.key) AS fingerprint, min(s.entry_id) AS registered, s.subject, s.key,
                       (array_agg(s.valid_from ORDER BY s.entry_id DESC))[1] AS valid_from,
                       (array_agg(s.valid_to ORDER BY s.entry_id DESC))[1] AS valid_to,
                       (array_agg(n.next ORDER BY s.entry_id DESC))[1] AS retired, 'policy' AS used_for
                  FROM stated_key s JOIN next_policy n ON n.entry_id = s.entry_id
                 GROUP BY s.key, s.subject
                UNION ALL
                SELECT sto.fingerprint(l.key), l.entry_id, nil, l.key, NULL, NULL, l.retired, 'log' FROM log_key l
                UNION ALL
                SELECT sto.fingerprint(w.key), w.entry_id, w.subject, w.key, NULL, NULL, w.retired, 'witness' FROM witness w) r
          FULL JOIN sto.key p ON p.fingerprint = r.fingerprint
         WHERE (p.registered, p.retired, p.valid_from, p.valid_to, p.subject, p.key, p.used_for)
               IS DISTINCT FROM (r.registered, r.retired, r.valid_from, r.valid_to, r.subject, r.key, r.used_for)
        UNION ALL
        SELECT 'sto.log_key', coalesce(r.entry_id, p.registered)
          FROM log_key r FULL JOIN sto.log_key p ON p.registered = r.entry_id
         WHERE (p.registered, p.retired, p.fingerprint, p.key) IS DISTINCT FROM (r.entry_id, r.retired, sto.fingerprint(r.key), r.key)
        UNION ALL
        SELECT 'sto.witness', coalesce(r.entry_id, p.registered)
          FROM witness r FULL JOIN sto.witness p ON p.registered = r.entry_id
         WHERE (p.registered, p.retired, p.party_id, p.fingerprint, p.key, p.name)
               IS DISTINCT FROM (r.entry_id, r.retired, r.subject, sto.fingerprint(r.key), r.key, r.name)
        UNION ALL
        SELECT 'sto.witness_policy', coalesce(r.entry_id, p.registered)
          FROM (SELECT e.entry_id, (e.body ->> 'threshold')::smallint AS threshold FROM ONLY sto.event e WHERE e.kind = 'witness_policy') r
          FULL JOIN sto.witness_policy p ON p.registered = r.entry_id
         WHERE (p.registered, p.threshold) IS DISTINCT FROM (r.entry_id, r.threshold)
        UNION ALL
        SELECT 'sto.time_authority', coalesce(r.entry_id, p.registered)
          FROM (SELECT e.entry_id, e.body ->> 'name' AS name, e.body ->> 'certificate' AS certificate
                  FROM ONLY sto.event e WHERE e.kind = 'time_authority') r
          FULL JOIN sto.time_authority p ON p.registered = r.entry_id
         WHERE (p.registered, p.name, p.certificate) IS DISTINCT FROM (r.entry_id, r.name, r.certificate)
        UNION ALL
        SELECT 'sto.log_restart', coalesce(r.entry_id, p.event)
          FROM (SELECT e.entry_id, b.size, b.root, b.reason
                  FROM ONLY sto.event e
                 CROSS JOIN LATERAL json_to_record(e.body) AS b (size bigint, root sto.digest, reason text)
                 WHERE e.kind = 'log_restart') r
          FULL JOIN sto.log_restart p ON p.event = r.entry_id
         WHERE (p.event, p.tree_size, p.root, p.reason) IS DISTINCT FROM (r.entry_id, r.size, r.root, r.reason)
        UNION ALL
        SELECT 'sto.close', coalesce(r.entry_id, p.event)
          FROM (SELECT e.entry_id, e.recorded_at, b.count, b.root
                  FROM ONLY sto.event e
                 CROSS JOIN LATERAL json_to_record(e.body) AS b (count bigint, root sto.digest)
                 WHERE e.kind = 'close') r
          FULL JOIN sto.close p ON p.event = r.entry_id
         WHERE (p.event, p.recorded_at, p.count, p.root) IS DISTINCT FROM (r.entry_id, r.recorded_at, r.count, r.root)
        UNION ALL
        SELECT 'sto.party', coalesce(r.entry_id, p.registered)
          FROM (SELECT e.entry_id, n.policy_event, e.subject, b.kind, coalesce(s.status, 'active') AS status,
                       coalesce(f.country, b.country) AS country, coalesce(f.lei, b.lei) AS lei,
                       coalesce(f.commitment, b.commitment) AS commitment, f.incorporation, z.since AS frozen
                  FROM ONLY sto.event e
                 CROSS JOIN LATERAL json_to_record(e.body) AS b (kind text, country text, lei sto.lei, commitment sto.digest)
                  LEFT JOIN newest_policy n ON n.subject = e.subject
                  LEFT JOIN status s ON s.subject = e.subject
                  LEFT JOIN facts f ON f.subject = e.subject
                  LEFT JOIN stopped z ON z.subject = e.subject AND z.kind = 'party_freeze'
                 WHERE e.kind = 'party') r
          FULL JOIN sto.party p ON p.party_id = r.subject
         WHERE (p.registered, p.policy_event, p.kind, p.status, p.country, p.lei, p.commitment, p.incorporation, p.frozen)
               IS DISTINCT FROM (r.entry_id, r.policy_event, r.kind, r.status, r.country, r.lei, r.commitment, r.incorporation, r.frozen)
        UNION ALL
        SELECT 'sto.capability', coalesce(r.entry_id, c.granted_by)
          FROM (SELECT DISTINCT ON (e.subject, e.body ->> 'capability') e.entry_id, e.subject, e.body ->> 'capability' AS capability,
                       (e.body ->> 'granted')::boolean AS granted
                  FROM ONLY sto.event e WHERE e.kind = 'capability'
                 ORDER BY e.subject, e.body ->> 'capability', e.entry_id DESC) r
          FULL JOIN sto.capability c ON c.party_id = r.subject AND c.capability = r.capability
         WHERE (c.granted_by, c.granted) IS DISTINCT FROM (r.entry_id, r.granted)
        UNION ALL
        SELECT 'sto.wallet', coalesce(r.entry_id, w.registered)
          FROM (SELECT e.entry_id, n.policy_event, e.subject, b.party, b.custodian, sto.wallet_address(ledger, e.subject) AS address,
                       b.salt, coalesce(t.signed_only, b.signed_only, false) AS signed_only, b.kind, coalesce(s.status, 'active') AS status,
                       z.since AS frozen, l.since AS barred, l.successor
                  FROM ONLY sto.event e
                 CROSS JOIN LATERAL json_to_record(e.body) AS b (party uuid, custodian uuid, salt sto.digest, signed_only boolean, kind text)
                  LEFT JOIN newest_policy n ON n.subject = e.subject
                  LEFT JOIN status s ON s.subject = e.subject
                  LEFT JOIN (SELECT DISTINCT ON (v.subject) v.subject, (v.body ->> 'signed_only')::boolean AS signed_only
                               FROM ONLY sto.event v WHERE v.kind = 'wallet_terms' ORDER BY v.subject, v.entry_id DESC) t
                         ON t.subject = e.subject
                  LEFT JOIN stopped z ON z.subject = e.subject AND z.kind = 'wallet_freeze'
                  LEFT JOIN sto.barred_span l ON l.wallet_id = e.subject
                 WHERE e.kind = 'wallet'
                UNION ALL
                SELECT e.entry_id, NULL, e.subject, e.actor, NULL, sto.wallet_address(ledger, e.subject),
                       (e.body ->> 'salt')::sto.digest, false, 'issuance', 'active', NULL, NULL, NULL
                  FROM ONLY sto.event e WHERE e.kind = 'token') r
          FULL JOIN sto.wallet w ON w.wallet_id = r.subject
         WHERE (w.registered, w.policy_event, w.party_id, w.custodian, w.address, w.salt, w.signed_only, w.kind, w.status, w.frozen,
                w.barred, w.successor)
               IS DISTINCT FROM (r.entry_id, r.policy_event, r.party, r.custodian, r.address, r.salt, r.signed_only, r.kind, r.status,
                r.frozen, r.barred, r.successor)
        UNION ALL
        SELECT 'sto.token', coalesce(r.entry_id, t.registered)
          FROM (SELECT e.entry_id, e.subject, e.actor, sto.wallet_address(ledger, e.subject) AS issuance,
                       CASE WHEN a.subject IS NULL THEN b.authorised ELSE a.authorised END AS authorised,
                       CASE WHEN u.subject IS NULL THEN b.unsigned_role ELSE u.unsigned_role END AS unsigned_role,
                       b.decimals, b.kind, coalesce(s.status, 'active') AS status, b.name, b.isin, b.cfi, b.dti, b.currency,
                       z.since AS paused, z.actor AS paused_by, q.topics, coalesce(q.receiver_only, true) AS receiver_only,
                       x.entry_id AS redeem_terms, x.token AS redeem_token, x.price AS redeem_price, x.per AS redeem_per,
                       sto.from_micros(x."from") AS redeem_from, sto.from_micros(x."to") AS redeem_to
                  FROM ONLY sto.event e
                 CROSS JOIN LATERAL json_to_record(e.body) AS b (authorised sto.token_amount, decimals smallint, kind text, name text,
                                                                 isin sto.isin, cfi sto.cfi, dti sto.dti, currency text, unsigned_role text)
                  LEFT JOIN status s ON s.subject = e.subject
                  LEFT JOIN (SELECT DISTINCT ON (v.subject) v.subject, (v.body ->> 'authorised')::sto.token_amount AS authorised
                               FROM ONLY sto.event v WHERE v.kind = 'token_terms' ORDER BY v.subject, v.entry_id DESC) a
                         ON a.subject = e.subject
                  LEFT JOIN (SELECT DISTINCT ON (v.subject) v.subject, v.body ->> 'unsigned_role' AS unsigned_role
                               FROM ONLY sto.event v WHERE v.kind = 'token_policy' ORDER BY v.subject, v.entry_id DESC) u
                         ON u.subject = e.subject
                  LEFT JOIN stopped z ON z.subject = e.subject AND z.kind = 'token_pause'
                  LEFT JOIN (SELECT DISTINCT ON (v.subject) v.subject, coalesce((v.body ->> 'receiver_only')::boolean, true) AS receiver_only,
                                    CASE WHEN json_array_length(v.body -> 'topics') > 0 THEN v.entry_id END AS topics
                               FROM ONLY sto.event v WHERE v.kind = 'token_topics' ORDER BY v.subject, v.entry_id DESC) q
                         ON q.subject = e.subject
                  LEFT JOIN (SELECT DISTINCT ON (v.subject) v.subject, v.entry_id, f.token, f.price, coalesce(f.per, '1') AS per, f."from", f."to"
                               FROM ONLY sto.event v
                              CROSS JOIN LATERAL json_to_record(v.body)
                                 AS f (token uuid, price sto.token_amount, per sto.token_amount, "from" bigint, "to" bigint)
                              WHERE v.kind = 'redemption_terms' ORDER BY v.subject, v.entry_id DESC) x
                         ON x.subject = e.subject
                 WHERE e.kind = 'token') r
          FULL JOIN sto.token t ON t.token_id = r.subject
         WHERE (t.registered, t.authorised, t.issuer, t.issuance, t.decimals, t.kind, t.status, t.name, t.isin, t.cfi, t.dti,
                t.currency, t.unsigned_role, t.paused, t.paused_by, t.topics, t.receiver_only, t.redeem_terms, t.redeem_token, t.redeem_price,
                t.redeem_per, t.redeem_from, t.redeem_to)
               IS DISTINCT FROM (r.entry_id, r.authorised, r.actor, r.issuance, r.decimals, r.kind, r.status, r.name, r.isin, r.cfi,
                r.dti, r.currency, r.unsigned_role, r.paused, r.paused_by, r.topics, r.receiver_only, r.redeem_terms, r.redeem_token,
                r.redeem_price, r.redeem_per, r.redeem_from, r.redeem_to)
        UNION ALL
        SELECT 'sto.batch', coalesce(r.entry_id, b.batch_event)
          FROM (SELECT e.entry_id, e.subject, e.actor, f.token, f.count, f.sum, f.hash, p.policy_event,
                       -- the list's own end, or that of a key that signed it (items of 74 octets)
                       least(sto.from_micros(f.valid_until),
                             (SELECT min(s.valid_to) FROM stated_key s
                               WHERE s.entry_id = p.policy_event
                                 AND sto.key_id(s.key) IN (SELECT substr(e.signatures, i + 2, 8)
                                                             FROM generate_series(0, octet_length(e.signatures) - 1, 74) i)))
                           AS usable_until,
                       EXISTS (SELECT FROM ONLY sto.transfer t WHERE t.authority_event = e.entry_id) AS posted
                  FROM ONLY sto.event e
                 CROSS JOIN LATERAL json_to_record(e.body)
                    AS f (token uuid, count bigint, sum sto.token_amount, hash sto.digest, valid_until bigint)
                  LEFT JOIN sto.policy_span p ON p.subject = e.actor AND p.policy_event < e.entry_id
                                                 AND (p.replaced IS NULL OR p.replaced > e.entry_id)
                 WHERE e.kind = 'batch') r
          FULL JOIN sto.batch b ON b.batch_event = r.entry_id
         WHERE (b.policy_event, b.count, b.sum, b.usable_until, b.batch_id, b.actor, b.token_id, b.hash, b.posted)
               IS DISTINCT FROM (r.policy_event, r.count, r.sum, r.usable_until, r.subject, r.actor, r.token, r.hash, r.posted))
    SELECT 'register', t.scope, t.examined, count(f.scope) = 0, min(f.id),
           CASE WHEN count(f.scope) > 0 THEN format('%s rows differ from what the log says', count(f.scope)) END
      FROM (VALUES ('sto.ledger', (SELECT count(*) FROM sto.ledger)), ('sto.key_policy', (SELECT count(*) FROM sto.key_policy)),
                   ('sto.key', (SELECT count(*) FROM sto.key)), ('sto.party', (SELECT count(*) FROM sto.party)),
                   ('sto.capability', (SELECT count(*) FROM sto.capability)), ('sto.wallet', (SELECT count(*) FROM sto.wallet)),
                   ('sto.token', (SELECT count(*) FROM sto.token)), ('sto.batch', (SELECT count(*) FROM sto.batch)),
                   ('sto.log_key', (SELECT count(*) FROM sto.log_key)), ('sto.witness', (SELECT count(*) FROM sto.witness)),
                   ('sto.witness_policy', (SELECT count(*) FROM sto.witness_policy)),
                   ('sto.time_authority', (SELECT count(*) FROM sto.time_authority)),
                   ('sto.log_restart', (SELECT count(*) FROM sto.log_restart)), ('sto.close', (SELECT count(*) FROM sto.close)))
           AS t (scope, examined)
      LEFT JOIN fault f ON f.scope = t.scope
     GROUP BY t.scope, t.examined ORDER BY t.scope;
END $$;
COMMENT ON FUNCTION sto.verify_register() IS 'every projection of events, rebuilt from them and compared';

-- A check that can't even read an altered row has found it: its error is its result.
CREATE FUNCTION sto.verify(signatures boolean DEFAULT true, checks text[] DEFAULT NULL) RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    -- compiling so many plans takes longer than it saves
    SET jit = off AS $$
DECLARE
    step text;
BEGIN
    FOREACH step IN ARRAY coalesce(checks, ARRAY['guards', 'log', 'times', 'authority', 'entry_signatures', 'batches', 'holds',
                                                 'cases', 'stops', 'eligibility', 'acknowledgements', 'rules', 'groups', 'redemptions', 'closed', 'supply', 'events', 'event_signatures', 'second_officers', 'refusals',
                                                 'possessions', 'register', 'look_through', 'closes',
                                                 'blocks', 'checkpoints', 'cosignatures', 'time_stamps', 'foreign_checkpoints',
                                                 'indexes'])
    LOOP
        CONTINUE WHEN NOT signatures AND checks IS NULL
                      AND step IN ('entry_signatures', 'possessions', 'checkpoints', 'cosignatures', 'time_stamps');
        BEGIN
            CASE step
                WHEN 'guards' THEN RETURN QUERY SELECT * FROM sto.verify_guards();
                WHEN 'log' THEN RETURN QUERY SELECT * FROM sto.verify_log();
                WHEN 'links' THEN RETURN QUERY SELECT * FROM sto.verify_log(leaves => false);
                WHEN 'times' THEN RETURN QUERY SELECT * FROM sto.verify_times();
                WHEN 'authority' THEN RETURN QUERY SELECT * FROM sto.verify_authority();
                WHEN 'entry_signatures' THEN RETURN QUERY SELECT * FROM sto.verify_entry_signatures();
                WHEN 'batches' THEN RETURN QUERY SELECT * FROM sto.verify_batches();
                WHEN 'holds' THEN RETURN QUERY SELECT * FROM sto.verify_holds();
                WHEN 'cases' THEN RETURN QUERY SELECT * FROM sto.verify_cases();
                WHEN 'stops' THEN RETURN QUERY SELECT * FROM sto.verify_stops();
                WHEN 'eligibility' THEN RETURN QUERY SELECT * FROM sto.verify_eligibility();
                WHEN 'rules' THEN RETURN QUERY SELECT * FROM sto.verify_rules();
                WHEN 'acknowledgements' THEN RETURN QUERY SELECT * FROM sto.verify_acknowledgements();
                WHEN 'groups' THEN RETURN QUERY SELECT * FROM sto.verify_groups();
                WHEN 'redemptions' THEN RETURN QUERY SELECT * FROM sto.verify_redemptions();
                WHEN 'closed' THEN RETURN QUERY SELECT * FROM sto.verify_closed();
                WHEN 'supply' THEN RETURN QUERY SELECT * FROM sto.verify_supply();
                WHEN 'events' THEN RETURN QUERY SELECT * FROM sto.verify_events();
                WHEN 'event_signatures' THEN RETURN QUERY SELECT * FROM sto.verify_event_signatures(signatures);
                WHEN 'second_officers' THEN RETURN QUERY SELECT * FROM sto.verify_second_officers();
                WHEN 'refusals' THEN RETURN QUERY SELECT * FROM sto.verify_refusals(signatures);
                WHEN 'possessions' THEN RETURN QUERY SELECT * FROM sto.verify_possessions();
                WHEN 'register' THEN
                    RETURN QUERY SELECT * FROM sto.verify_register();
                    RETURN QUERY SELECT * FROM sto.verify_identity();
                    RETURN QUERY SELECT * FROM sto.verify_documents();
                    RETURN QUERY SELECT * FROM sto.verify_rule_register();
                    RETURN QUERY SELECT * FROM sto.verify_four_eyes();
                    RETURN QUERY SELECT * FROM sto.verify_case_register();
                    RETURN QUERY SELECT * FROM sto.verify_attachment_register();
                WHEN 'look_through' THEN RETURN QUERY SELECT * FROM sto.verify_look_through();
                WHEN 'closes' THEN RETURN QUERY SELECT * FROM sto.verify_closes();
                WHEN 'blocks' THEN RETURN QUERY SELECT * FROM sto.verify_blocks();
                WHEN 'checkpoints' THEN RETURN QUERY SELECT * FROM sto.verify_checkpoints();
                WHEN 'cosignatures' THEN RETURN QUERY SELECT * FROM sto.verify_cosignatures_stored();
                WHEN 'time_stamps' THEN RETURN QUERY SELECT * FROM sto.verify_time_stamps();
                WHEN 'foreign_checkpoints' THEN RETURN QUERY SELECT * FROM sto.verify_foreign();
                WHEN 'indexes' THEN RETURN QUERY SELECT * FROM sto.verify_indexes();
                ELSE RAISE EXCEPTION 'unknown check "%"', step USING ERRCODE = 'undefined_parameter';
            END CASE;
        EXCEPTION
            WHEN query_canceled OR insufficient_privilege OR undefined_parameter OR insufficient_resources THEN RAISE;
            WHEN OTHERS THEN
                RETURN NEXT ROW(step, NULL, NULL, false, NULL, format('it stopped: %s (%s)', SQLERRM, SQLSTATE))::sto.verification;
        END;
    END LOOP;
END $$;
COMMENT ON FUNCTION sto.verify(boolean, text[]) IS
    'checks the whole log and everything derived from it: one row a check; reads only, on a primary or a standby';

CREATE FUNCTION sto.verify_ok(signatures boolean DEFAULT true) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (SELECT bool_and(v.ok) FROM sto.verify(signatures) v);
COMMENT ON FUNCTION sto.verify_ok(boolean) IS 'true if every check of sto.verify() is';
