-- Decisions replayed: what each entry met when its id was drawn, by the events before it and the time of its posting.
-- An event that took a permission away kept entries out while it was recorded, so ids tell which came first.

-- Pauses and freezes with the event that ended each.
CREATE VIEW sto.stop_span AS
SELECT s.kind, s.subject, s.actor, s.entry_id AS since, s.until
  FROM (SELECT e.kind, e.subject, e.actor, e.entry_id,
               (e.body ->> CASE e.kind WHEN 'token_pause' THEN 'paused' ELSE 'frozen' END)::boolean AS stops,
               lead(e.entry_id) OVER (PARTITION BY e.kind, e.subject ORDER BY e.entry_id) AS until
          FROM ONLY sto.event e WHERE e.kind IN ('token_pause', 'wallet_freeze', 'party_freeze')) s
 WHERE s.stops;
COMMENT ON VIEW sto.stop_span IS 'from which event to which a token was paused, a wallet or a party frozen';

CREATE VIEW sto.mandate_span AS
SELECT s.*
  FROM (SELECT e.subject AS party_id, b.representative, b.scope, b.granted,
               coalesce(sto.from_micros(b."from"), '-infinity') AS valid_from, coalesce(sto.from_micros(b."to"), 'infinity') AS valid_to,
               e.entry_id AS since, lead(e.entry_id) OVER (PARTITION BY e.subject, b.representative, b.scope ORDER BY e.entry_id) AS until
          FROM ONLY sto.event e
         CROSS JOIN LATERAL json_to_record(e.body) AS b (representative uuid, scope text, granted boolean, "from" bigint, "to" bigint)
         WHERE e.kind = 'mandate') s
 WHERE s.granted;
COMMENT ON VIEW sto.mandate_span IS 'from which event to which, and for which times, a party could act for another';

-- Each topic that a token required, from which event to which.
CREATE VIEW sto.topic_span AS
SELECT s.token_id, i.topic, s.receiver_only, s.since, s.until
  FROM (SELECT e.subject AS token_id, e.body -> 'topics' AS topics, coalesce((e.body ->> 'receiver_only')::boolean, true) AS receiver_only,
               e.entry_id AS since, lead(e.entry_id) OVER (PARTITION BY e.subject ORDER BY e.entry_id) AS until
          FROM ONLY sto.event e WHERE e.kind = 'token_topics') s
 CROSS JOIN LATERAL json_array_elements_text(s.topics) AS i (topic);
COMMENT ON VIEW sto.topic_span IS 'which topics each token required, from which event to which';

-- Whose claims a token took for a topic: trusted by it, and with the capability.
CREATE VIEW sto.trust_span AS
SELECT t.token_id, t.issuer, i.topic, greatest(t.since, c.since) AS since, least(t.until, c.until) AS until
  FROM (SELECT e.subject AS token_id, (e.body ->> 'issuer')::uuid AS issuer, e.body -> 'topics' AS topics, e.entry_id AS since,
               lead(e.entry_id) OVER (PARTITION BY e.subject, e.body ->> 'issuer' ORDER BY e.entry_id) AS until
          FROM ONLY sto.event e WHERE e.kind = 'trusted_issuer') t
 CROSS JOIN LATERAL json_array_elements_text(t.topics) AS i (topic)
  JOIN (SELECT e.subject, (e.body ->> 'granted')::boolean AS granted, e.entry_id AS since,
               lead(e.entry_id) OVER (PARTITION BY e.subject ORDER BY e.entry_id) AS until
          FROM ONLY sto.event e WHERE e.kind = 'capability' AND e.body ->> 'capability' = 'claim_issuer') c
    ON c.subject = t.issuer AND c.granted
       AND greatest(t.since, c.since) < coalesce(least(t.until, c.until), 9223372036854775807);
COMMENT ON VIEW sto.trust_span IS 'whose claims on which topic each token took, from which event to which';

CREATE VIEW sto.claim_span AS
SELECT e.subject AS party_id, e.actor AS issuer, e.body ->> 'topic' AS topic, e.entry_id AS since, v.entry_id AS until,
       coalesce(sto.from_micros((e.body ->> 'from')::bigint), '-infinity') AS valid_from,
       coalesce(sto.from_micros((e.body ->> 'to')::bigint), 'infinity') AS valid_to
  FROM ONLY sto.event e
  LEFT JOIN ONLY sto.event v ON v.kind = 'claim_revoke' AND (v.body ->> 'claim')::bigint = e.entry_id
 WHERE e.kind = 'claim';
COMMENT ON VIEW sto.claim_span IS 'claims, from which event to which and for which times';

-- The table of docs/security.md, "Who bypasses what", entry by entry: what each had to pass.  Enforcement passes a pause
-- and a frozen debit wallet, and asks for no claim.
CREATE VIEW sto.enforced_entry AS
SELECT t.entry_id, t.kind, t.token_id, t.posted_at, t.ordering_party,
       CASE WHEN t.kind NOT IN ('issue', 'force', 'recover', 'reverse') THEN t.debit_wallet END AS debit_wallet,
       CASE WHEN t.kind <> 'redeem' THEN t.credit_wallet END AS credit_wallet, t.kind IN ('force', 'recover', 'reverse') AS by_case,
       CASE WHEN t.kind = 'recover' THEN t.debit_wallet END AS lost_wallet
  FROM ONLY sto.transfer t
 WHERE t.kind IN ('issue', 'redeem', 'transfer', 'post', 'force', 'recover', 'reverse')
    OR t.kind = 'hold' AND t.purpose NOT IN ('lock_up', 'seizure', 'freeze');
COMMENT ON VIEW sto.enforced_entry IS 'entries that pauses and freezes stop, and the wallets that count';

CREATE FUNCTION sto.verify_stops() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH stop AS MATERIALIZED (SELECT s.kind, s.subject, s.since, coalesce(s.until, 9223372036854775807) AS until FROM sto.stop_span s),
    -- few: so the entries that they concern are looked for, not the other way round
    frozen AS MATERIALIZED (
        SELECT w.address, s.since, s.until, true AS by_wallet
          FROM stop s JOIN sto.wallet w ON w.wallet_id = s.subject WHERE s.kind = 'wallet_freeze'
        UNION ALL
        SELECT w.address, s.since, s.until, false FROM stop s JOIN sto.wallet w ON w.party_id = s.subject AND w.kind <> 'issuance'
         WHERE s.kind = 'party_freeze'),
    fault AS (
        SELECT t.entry_id, 'posted while the token was paused' AS reason
          FROM stop s JOIN sto.enforced_entry t ON t.token_id = s.subject AND t.entry_id > s.since AND t.entry_id < s.until
         WHERE s.kind = 'token_pause' AND NOT t.by_case
        UNION ALL
        SELECT t.entry_id, 'from a frozen wallet or party'
          FROM frozen f JOIN sto.enforced_entry t ON t.debit_wallet = f.address AND t.entry_id > f.since AND t.entry_id < f.until
        UNION ALL
        SELECT t.entry_id, 'to a frozen wallet or party'
          FROM frozen f JOIN sto.enforced_entry t ON t.credit_wallet = f.address AND t.entry_id > f.since AND t.entry_id < f.until
         WHERE NOT (f.by_wallet AND EXISTS (SELECT FROM frozen g WHERE g.by_wallet AND g.address = t.lost_wallet
                                                AND t.entry_id > g.since AND t.entry_id < g.until))
        UNION ALL
        SELECT t.entry_id, 'recovered from a frozen wallet to one that was not'
          FROM frozen f JOIN sto.enforced_entry t ON t.lost_wallet = f.address AND t.entry_id > f.since AND t.entry_id < f.until
         WHERE f.by_wallet AND NOT EXISTS (SELECT FROM frozen g WHERE g.by_wallet AND g.address = t.credit_wallet
                                              AND t.entry_id > g.since AND t.entry_id < g.until)
        UNION ALL
        SELECT t.entry_id, 'ordered by a frozen party'
          FROM stop s JOIN sto.enforced_entry t ON t.ordering_party = s.subject AND t.entry_id > s.since AND t.entry_id < s.until
         WHERE s.kind = 'party_freeze')
    SELECT 'stops', 'sto.transfer', (SELECT count(*) FROM ONLY sto.transfer), count(*) = 0, min(f.entry_id),
           CASE WHEN count(*) > 0 THEN format('%s entries: %s', count(DISTINCT f.entry_id), min(f.reason)) END
      FROM fault f;
END $$;
COMMENT ON FUNCTION sto.verify_stops() IS 'no entry passed a pause or a freeze that was in force';

CREATE FUNCTION sto.verify_eligibility() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH required AS MATERIALIZED (SELECT * FROM sto.topic_span),
    -- apart: a planner that takes what tokens trusted for one row would look for revocations once a row and claim
    stated AS MATERIALIZED (SELECT * FROM sto.claim_span),
    trusted AS MATERIALIZED (SELECT * FROM sto.trust_span),
    claim AS MATERIALIZED (
        SELECT c.party_id, x.token_id, c.topic, greatest(c.since, x.since) AS since,
               coalesce(least(c.until, x.until), 9223372036854775807) AS until, c.valid_from, c.valid_to
          FROM stated c JOIN trusted x ON x.issuer = c.issuer AND x.topic = c.topic
         WHERE greatest(c.since, x.since) < coalesce(least(c.until, x.until), 9223372036854775807)),
    asked AS (
        SELECT t.entry_id, t.posted_at, t.token_id, r.topic, r.receiver_only, t.kind, d.party_id AS sender, c.party_id AS receiver
          FROM required r
          JOIN sto.enforced_entry t ON t.token_id = r.token_id AND t.entry_id > r.since AND (r.until IS NULL OR t.entry_id < r.until)
                                       AND t.kind <> 'redeem' AND NOT t.by_case
          LEFT JOIN sto.wallet d ON d.address = t.debit_wallet
          LEFT JOIN sto.wallet c ON c.address = t.credit_wallet
          LEFT JOIN sto.token k ON k.token_id = t.token_id AND t.kind = 'issue'
         -- within a party nobody is asked; what an issuer issues to itself stays with it
         WHERE coalesce(d.party_id, k.issuer) IS DISTINCT FROM c.party_id),
    fault AS (
        SELECT a.entry_id, 'its receiver was not eligible' AS reason FROM asked a
         WHERE a.receiver IS NOT NULL
           AND NOT EXISTS (SELECT FROM claim c WHERE c.party_id = a.receiver AND c.token_id = a.token_id AND c.topic = a.topic
                              AND c.since < a.entry_id AND c.until > a.entry_id
                              AND c.valid_from <= a.posted_at AND c.valid_to > a.posted_at)
        UNION ALL
        SELECT a.entry_id, 'its sender was not eligible' FROM asked a
         WHERE a.sender IS NOT NULL AND (a.kind = 'hold' OR NOT a.receiver_only)
           AND NOT EXISTS (SELECT FROM claim c WHERE c.party_id = a.sender AND c.token_id = a.token_id AND c.topic = a.topic
                              AND c.since < a.entry_id AND c.until > a.entry_id
                              AND c.valid_from <= a.posted_at AND c.valid_to > a.posted_at))
    SELECT 'eligibility', 'sto.transfer', (SELECT count(*) FROM ONLY sto.transfer), count(*) = 0, min(f.entry_id),
           CASE WHEN count(*) > 0 THEN format('%s entries: %s', count(DISTINCT f.entry_id), min(f.reason)) END
      FROM fault f;
END $$;
COMMENT ON FUNCTION sto.verify_eligibility() IS
    'for each entry the claims that its token required then, by issuers that it trusted then, in force when it was posted';
