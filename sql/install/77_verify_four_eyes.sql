-- Second officers: their projections rebuilt from events and compared, and every act that needed one.

-- Who was to approve what of a token, from which event to which.
CREATE VIEW sto.four_eyes_span AS
SELECT e.entry_id AS since, lead(e.entry_id) OVER (PARTITION BY e.subject ORDER BY e.entry_id) AS until, e.subject AS token_id,
       ARRAY(SELECT json_array_elements_text(e.body -> 'acts')) AS acts,
       ARRAY(SELECT a::uuid FROM json_array_elements_text(e.body -> 'approvers') AS a) AS approvers
  FROM ONLY sto.event e
 WHERE e.kind = 'four_eyes';
COMMENT ON VIEW sto.four_eyes_span IS 'which acts about a token needed a second officer and who could be it, from which event to which';

-- Acts that needed one, in the order of their ids.  Each uses up the oldest proposal of exactly this act that was
-- approved then, in time, and not used before; null: there was none.
CREATE FUNCTION sto.second_officer_uses(OUT act bigint, OUT proposal_id uuid) RETURNS SETOF record
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    used   uuid[] := '{}';
    needed record;
BEGIN
    FOR needed IN
        WITH bound AS (
            SELECT e.entry_id, e.kind, e.subject, e.recorded_at, sha256(convert_to(e.body::text, 'UTF8')) AS hash, s.approvers
              FROM sto.four_eyes_span s
              JOIN sto.token t ON t.token_id = s.token_id
              JOIN ONLY sto.event e ON e.subject = s.token_id AND e.actor = t.issuer AND e.entry_id > s.since
                                       AND (s.until IS NULL OR e.entry_id <= s.until)
              LEFT JOIN sto.four_eyes_span n ON n.since = e.entry_id
             WHERE e.kind = ANY (s.acts)
                OR e.kind = 'four_eyes' AND s.acts <> '{}'
                   AND NOT (s.acts <@ n.acts AND s.approvers <@ n.approvers AND n.approvers <@ s.approvers)),
        decision AS MATERIALIZED (
            SELECT v.entry_id, v.subject, v.actor, (v.body ->> 'approved')::boolean AS approved FROM ONLY sto.event v WHERE v.kind = 'approve')
        SELECT b.entry_id, array_agg(p.subject ORDER BY p.entry_id) AS proposals
          FROM bound b
          LEFT JOIN ONLY sto.event p
                 ON p.kind = 'proposal' AND p.entry_id < b.entry_id AND (p.body ->> 'about')::uuid = b.subject AND p.body ->> 'kind' = b.kind
                    AND sha256(convert_to(p.body ->> 'act_body', 'UTF8')) = b.hash
                    AND sto.from_micros((p.body ->> 'valid_until')::bigint) > b.recorded_at
                    AND (SELECT bool_and(d.approved) AND (array_agg(d.actor ORDER BY d.entry_id DESC))[1] = ANY (b.approvers)
                           FROM decision d WHERE d.subject = p.subject AND d.entry_id < b.entry_id)
         GROUP BY b.entry_id
         ORDER BY b.entry_id
    LOOP
        act := needed.entry_id;
        SELECT u.p INTO proposal_id
          FROM unnest(needed.proposals) WITH ORDINALITY AS u (p, n) WHERE u.p <> ALL (used) ORDER BY u.n LIMIT 1;
        IF proposal_id IS NOT NULL THEN
            used := used || proposal_id;
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION sto.second_officer_uses() IS
    'every act that needed a second officer, and the approved proposal that it used; null: it had none';

-- What each approve event may not have said, by the events before it.
CREATE FUNCTION sto.verify_second_officers() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH uses AS MATERIALIZED (SELECT u.act, u.proposal_id FROM sto.second_officer_uses() u),
    decision AS MATERIALIZED (
        SELECT v.entry_id, v.subject, v.actor, v.recorded_at, (v.body ->> 'approved')::boolean AS approved,
               coalesce(bool_or(NOT (v.body ->> 'approved')::boolean)
                        OVER (PARTITION BY v.subject ORDER BY v.entry_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), false) AS ended
          FROM ONLY sto.event v WHERE v.kind = 'approve'),
    fault AS (
        SELECT u.act AS entry_id, 'it needed a second officer and had none' AS reason FROM uses u WHERE u.proposal_id IS NULL
        UNION ALL
        SELECT d.entry_id, CASE WHEN p.entry_id IS NULL THEN 'there was no such proposal'
                                WHEN d.actor = p.actor AND d.approved THEN 'its proposer approved it'
                                WHEN d.actor <> p.actor AND d.actor <> ALL (coalesce(s.approvers, '{}')) THEN 'its actor was no second officer'
                                WHEN d.ended THEN 'the proposal had been refused'
                                WHEN d.recorded_at >= sto.from_micros((p.body ->> 'valid_until')::bigint) THEN 'the proposal had expired'
                                WHEN EXISTS (SELECT FROM uses u WHERE u.proposal_id = d.subject AND u.act < d.entry_id)
                                THEN 'the proposal had been used' END
          FROM decision d
          LEFT JOIN ONLY sto.event p ON p.kind = 'proposal' AND p.subject = d.subject AND p.entry_id < d.entry_id
          LEFT JOIN sto.four_eyes_span s ON s.token_id = (p.body ->> 'about')::uuid AND s.since < d.entry_id
                                            AND (s.until IS NULL OR s.until > d.entry_id)
        UNION ALL
        SELECT e.entry_id, 'a proposal that had expired already'
          FROM ONLY sto.event e
         WHERE e.kind = 'proposal' AND e.recorded_at >= sto.from_micros((e.body ->> 'valid_until')::bigint)
        UNION ALL
        SELECT e.entry_id, 'an issuer proposed to be its own second officer'
          FROM ONLY sto.event e
         WHERE e.kind = 'proposal' AND e.body ->> 'kind' = 'four_eyes' AND strpos(e.body ->> 'act_body', e.actor::text) > 0
        UNION ALL
        SELECT s.since, 'an issuer may not be its own second officer, and acts need one'
          FROM sto.four_eyes_span s JOIN sto.token t ON t.token_id = s.token_id
         WHERE t.issuer = ANY (s.approvers) OR s.acts <> '{}' AND s.approvers = '{}')
    SELECT 'second_officers', 'sto.event',
           (SELECT count(*) FROM uses) + (SELECT count(*) FROM ONLY sto.event e WHERE e.kind IN ('four_eyes', 'proposal', 'approve')),
           count(f.reason) = 0, min(f.entry_id) FILTER (WHERE f.reason IS NOT NULL),
           CASE WHEN count(f.reason) > 0 THEN format('%s events: %s', count(f.reason), min(f.reason)) END
      FROM fault f;
END $$;
COMMENT ON FUNCTION sto.verify_second_officers() IS
    'every act that needed a second officer had a proposal of exactly this act, approved, in time and unused';

CREATE FUNCTION sto.verify_four_eyes() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH fault (scope, id) AS (
        SELECT 'sto.four_eyes', coalesce(r.since, p.set_by)
          FROM (SELECT * FROM sto.four_eyes_span s WHERE s.until IS NULL) r
          FULL JOIN sto.four_eyes p ON p.token_id = r.token_id
         WHERE (p.set_by, p.acts, p.approvers) IS DISTINCT FROM (r.since, r.acts, r.approvers)
        UNION ALL
        SELECT 'sto.proposal', coalesce(r.entry_id, p.opened)
          FROM (SELECT e.entry_id, e.subject, e.actor, b.kind, b.about, b.act_body, sto.from_micros(b.valid_until) AS valid_until,
                       sha256(convert_to(b.act_body, 'UTF8'))::sto.digest AS body_hash,
                       d.entry_id AS decided, d.approved, d.actor AS officer, u.act AS used_by
                  FROM ONLY sto.event e
                 CROSS JOIN LATERAL json_to_record(e.body) AS b (kind text, about uuid, act_body text, valid_until bigint)
                  LEFT JOIN (SELECT DISTINCT ON (v.subject) v.entry_id, v.subject, v.actor, (v.body ->> 'approved')::boolean AS approved
                               FROM ONLY sto.event v WHERE v.kind = 'approve' ORDER BY v.subject, v.entry_id DESC) d ON d.subject = e.subject
                  LEFT JOIN sto.second_officer_uses() u ON u.proposal_id = e.subject
                 WHERE e.kind = 'proposal') r
          FULL JOIN sto.proposal p ON p.proposal_id = r.subject
         WHERE (p.opened, p.decided, p.used_by, p.valid_until, p.about, p.proposer, p.officer, p.body_hash, p.approved, p.kind, p.act_body)
               IS DISTINCT FROM (r.entry_id, r.decided, r.used_by, r.valid_until, r.about, r.actor, r.officer, r.body_hash, r.approved, r.kind,
                r.act_body))
    SELECT 'register', t.scope, t.examined, count(f.scope) = 0, min(f.id),
           CASE WHEN count(f.scope) > 0 THEN format('%s rows differ from what the log says', count(f.scope)) END
      FROM (VALUES ('sto.four_eyes', (SELECT count(*) FROM sto.four_eyes)),
                   ('sto.proposal', (SELECT count(*) FROM sto.proposal))) AS t (scope, examined)
      LEFT JOIN fault f ON f.scope = t.scope
     GROUP BY t.scope, t.examined ORDER BY t.scope;
END $$;
COMMENT ON FUNCTION sto.verify_four_eyes() IS 'second officers and proposals, rebuilt from their events and compared';
