-- Documents and acknowledgements: rebuilt from events and compared, and the entries that rest on them.

CREATE VIEW sto.document_span AS
SELECT s.*
  FROM (SELECT e.entry_id AS document, e.subject AS token_id, (e.body ->> 'acknowledge')::boolean AS acknowledge,
               lead(e.entry_id) OVER (PARTITION BY e.subject, e.body ->> 'name' ORDER BY e.entry_id) AS until
          FROM ONLY sto.event e WHERE e.kind = 'document') s
 WHERE s.acknowledge;
COMMENT ON VIEW sto.document_span IS 'documents that had to be acknowledged, each from its own event to that of its next version';

CREATE FUNCTION sto.verify_documents() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH fault (scope, id) AS (
        SELECT 'sto.document', coalesce(r.entry_id, p.document)
          FROM (SELECT e.entry_id, e.subject, b.*,
                       lead(e.entry_id) OVER (PARTITION BY e.subject, b.name ORDER BY e.entry_id) AS replaced
                  FROM ONLY sto.event e
                 CROSS JOIN LATERAL json_to_record(e.body)
                    AS b (name text, version text, uri text, hash sto.digest, acknowledge boolean, reference text)
                 WHERE e.kind = 'document') r
          FULL JOIN sto.document p ON p.document = r.entry_id
         WHERE (p.document, p.replaced, p.token_id, p.hash, p.acknowledge, p.name, p.version, p.uri, p.reference)
               IS DISTINCT FROM (r.entry_id, r.replaced, r.subject, r.hash, r.acknowledge, r.name, r.version, r.uri, r.reference)
        UNION ALL
        SELECT 'sto.acknowledgement', coalesce(r.entry_id, p.event)
          FROM (SELECT e.entry_id, e.subject, e.actor, (e.body ->> 'document')::bigint AS document
                  FROM ONLY sto.event e WHERE e.kind = 'acknowledge') r
          FULL JOIN sto.acknowledgement p ON p.event = r.entry_id
         WHERE (p.event, p.document, p.party_id, p.actor) IS DISTINCT FROM (r.entry_id, r.document, r.subject, r.actor))
    SELECT 'register', t.scope, t.examined, count(f.scope) = 0, min(f.id),
           CASE WHEN count(f.scope) > 0 THEN format('%s rows differ from what the log says', count(f.scope)) END
      FROM (VALUES ('sto.document', (SELECT count(*) FROM sto.document)),
                   ('sto.acknowledgement', (SELECT count(*) FROM sto.acknowledgement))) AS t (scope, examined)
      LEFT JOIN fault f ON f.scope = t.scope
     GROUP BY t.scope, t.examined ORDER BY t.scope;
END $$;
COMMENT ON FUNCTION sto.verify_documents() IS 'documents and acknowledgements, rebuilt from their events and compared';

CREATE FUNCTION sto.verify_acknowledgements() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH required AS MATERIALIZED (SELECT * FROM sto.document_span),
    credited AS MATERIALIZED (
        SELECT w.party_id, t.token_id, min(t.entry_id) AS first
          FROM ONLY sto.transfer t
          JOIN sto.wallet w ON w.address = t.credit_wallet
         WHERE t.credit_seq IS NOT NULL AND t.token_id IN (SELECT r.token_id FROM required r)
         GROUP BY w.party_id, t.token_id),
    acknowledged AS MATERIALIZED (
        SELECT e.entry_id, e.subject, (e.body ->> 'document')::bigint AS document FROM ONLY sto.event e WHERE e.kind = 'acknowledge')
    SELECT 'acknowledgements', 'sto.transfer', (SELECT count(*) FROM ONLY sto.transfer), count(*) = 0, min(t.entry_id),
           CASE WHEN count(*) > 0 THEN format('%s entries to parties that had not acknowledged a document', count(DISTINCT t.entry_id)) END
      FROM required r
      JOIN sto.enforced_entry t ON t.token_id = r.token_id AND t.entry_id > r.document AND (r.until IS NULL OR t.entry_id < r.until)
                                   AND t.kind <> 'redeem' AND NOT t.by_case
      JOIN sto.token k ON k.token_id = t.token_id
      JOIN sto.wallet c ON c.address = t.credit_wallet AND c.party_id <> k.issuer
      LEFT JOIN sto.wallet d ON d.address = t.debit_wallet
      LEFT JOIN credited f ON f.party_id = c.party_id AND f.token_id = t.token_id
     WHERE d.party_id IS DISTINCT FROM c.party_id AND (f.first IS NULL OR f.first >= t.entry_id)
       AND NOT EXISTS (SELECT FROM acknowledged a
                        WHERE a.subject = c.party_id AND a.document = r.document AND a.entry_id < t.entry_id);
END $$;
COMMENT ON FUNCTION sto.verify_acknowledgements() IS
    'no party acquired a token for the first time without having acknowledged the documents that then asked for it';
