-- Projections of identity and eligibility, rebuilt from events and compared.

CREATE FUNCTION sto.verify_identity() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH stated AS (
        SELECT e.entry_id, e.kind, e.subject, e.actor, b.*,
               sto.from_micros(b."from") AS valid_from, sto.from_micros(b."to") AS valid_to
          FROM ONLY sto.event e
         CROSS JOIN LATERAL json_to_record(e.body)
            AS b (class text, basis text, token uuid, "from" bigint, "to" bigint, representative uuid, scope text, granted boolean,
                  owner uuid, share integer, control boolean, topic text, commitment sto.digest, claim bigint, topics text[],
                  receiver_only boolean, issuer uuid, members uuid[], nominee uuid)
         WHERE e.kind IN ('classification', 'mandate', 'beneficial_owner', 'claim', 'claim_revoke', 'token_topics', 'trusted_issuer', 'party_members')),
    fault (scope, id) AS (
        SELECT 'sto.classification', coalesce(r.entry_id, p.set_by)
          FROM (SELECT * FROM stated s WHERE s.kind = 'classification') r
          FULL JOIN sto.classification p ON p.set_by = r.entry_id
         WHERE (p.party_id, p.token_id, p.class, p.basis, p.valid_from, p.valid_to)
               IS DISTINCT FROM (r.subject, r.token, r.class, r.basis, r.valid_from, r.valid_to)
        UNION ALL
        SELECT 'sto.mandate', coalesce(r.entry_id, p.set_by)
          FROM (SELECT DISTINCT ON (s.subject, s.representative, s.scope) * FROM stated s WHERE s.kind = 'mandate'
                 ORDER BY s.subject, s.representative, s.scope, s.entry_id DESC) r
          FULL JOIN sto.mandate p ON p.party_id = r.subject AND p.representative = r.representative AND p.scope = r.scope
         WHERE (p.set_by, p.basis, p.granted, p.valid_from, p.valid_to)
               IS DISTINCT FROM (r.entry_id, r.basis, r.granted, r.valid_from, r.valid_to)
        UNION ALL
        SELECT 'sto.beneficial_owner', coalesce(r.entry_id, p.set_by)
          FROM (SELECT DISTINCT ON (s.subject, s.owner) * FROM stated s WHERE s.kind = 'beneficial_owner'
                 ORDER BY s.subject, s.owner, s.entry_id DESC) r
          FULL JOIN sto.beneficial_owner p ON p.party_id = r.subject AND p.owner = r.owner
         WHERE (p.set_by, p.share, p.control, p.valid_from, p.valid_to)
               IS DISTINCT FROM (r.entry_id, r.share, r.control, r.valid_from, r.valid_to)
        UNION ALL
        SELECT 'sto.party_members', coalesce(r.entry_id, p.set_by)
          FROM (SELECT DISTINCT ON (s.subject) * FROM stated s WHERE s.kind = 'party_members' ORDER BY s.subject, s.entry_id DESC) r
          FULL JOIN sto.party_members p ON p.party_id = r.subject
         WHERE (p.set_by, p.members, p.nominee) IS DISTINCT FROM (r.entry_id, r.members, r.nominee)
        UNION ALL
        SELECT 'sto.claim', coalesce(r.entry_id, p.claim)
          FROM (SELECT s.*, v.entry_id AS revoked FROM stated s
                  LEFT JOIN stated v ON v.kind = 'claim_revoke' AND v.claim = s.entry_id
                 WHERE s.kind = 'claim') r
          FULL JOIN sto.claim p ON p.claim = r.entry_id
         WHERE (p.revoked, p.valid_from, p.valid_to, p.party_id, p.issuer, p.topic, p.commitment)
               IS DISTINCT FROM (r.revoked, r.valid_from, r.valid_to, r.subject, r.actor, r.topic, r.commitment)
        UNION ALL
        SELECT 'sto.token_topics', coalesce(r.entry_id, p.set_by)
          FROM (SELECT * FROM stated s WHERE s.kind = 'token_topics') r
          FULL JOIN sto.token_topics p ON p.set_by = r.entry_id
         WHERE (p.token_id, p.topics, p.receiver_only) IS DISTINCT FROM (r.subject, r.topics, coalesce(r.receiver_only, true))
        UNION ALL
        SELECT 'sto.trusted_issuer', coalesce(r.entry_id, p.set_by)
          FROM (SELECT DISTINCT ON (s.subject, s.issuer) * FROM stated s WHERE s.kind = 'trusted_issuer'
                 ORDER BY s.subject, s.issuer, s.entry_id DESC) r
          FULL JOIN sto.trusted_issuer p ON p.token_id = r.subject AND p.issuer = r.issuer
         WHERE (p.set_by, p.topics) IS DISTINCT FROM (r.entry_id, r.topics))
    SELECT 'register', t.scope, t.examined, count(f.scope) = 0, min(f.id),
           CASE WHEN count(f.scope) > 0 THEN format('%s rows differ from what the log says', count(f.scope)) END
      FROM (VALUES ('sto.classification', (SELECT count(*) FROM sto.classification)), ('sto.mandate', (SELECT count(*) FROM sto.mandate)),
                   ('sto.beneficial_owner', (SELECT count(*) FROM sto.beneficial_owner)), ('sto.claim', (SELECT count(*) FROM sto.claim)),
                   ('sto.party_members', (SELECT count(*) FROM sto.party_members)),
                   ('sto.token_topics', (SELECT count(*) FROM sto.token_topics)),
                   ('sto.trusted_issuer', (SELECT count(*) FROM sto.trusted_issuer))) AS t (scope, examined)
      LEFT JOIN fault f ON f.scope = t.scope
     GROUP BY t.scope, t.examined ORDER BY t.scope;
END $$;
COMMENT ON FUNCTION sto.verify_identity() IS 'classes, mandates, owners, joint holders, claims, topics and trusted issuers, rebuilt from their events and compared';
