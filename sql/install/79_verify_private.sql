-- Personal data against the log.  Not part of sto.verify(): what the log proves, it proves without this data.

CREATE FUNCTION sto.verify_private() RETURNS SETOF sto.verification
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT 'private', 'sto.party_private', count(*), count(*) FILTER (WHERE x.bad) = 0, NULL::bigint,
           nullif(concat_ws('; ',
               CASE WHEN bool_or(x.bad) THEN format('%s rows are not what their commitment covers', count(*) FILTER (WHERE x.bad)) END,
               CASE WHEN bool_or(NOT x.stated) THEN format('%s rows whose commitment no event states', count(*) FILTER (WHERE NOT x.stated)) END), '')
      FROM (SELECT sto.private_commitment(sto.ledger_id(), p.party_id, p.topic, p.salt, p.value) IS DISTINCT FROM p.commitment AS bad,
                   EXISTS (SELECT FROM sto.log l
                            WHERE l.subject = p.party_id AND l.body ->> 'commitment' = p.commitment::text) AS stated
              FROM sto.party_private p) x;
END;
COMMENT ON FUNCTION sto.verify_private() IS
    'personal data that the caller may read: each row against its commitment, and whether an event states it';
