-- Who stands behind legal persons, through every chain of owners, as stated and in force now.

CREATE VIEW sto.ultimate_owner WITH (security_barrier) AS
WITH RECURSIVE stated AS (
    SELECT b.party_id, b.owner, b.share / 10000.0 AS share, b.control
      FROM sto.beneficial_owner b
     WHERE (b.share > 0 OR b.control) AND coalesce(b.valid_from <= now(), true) AND coalesce(b.valid_to > now(), true)),
chain (party_id, owner, share, control, path) AS (
    SELECT s.party_id, s.owner, s.share, s.control, ARRAY[s.party_id, s.owner] FROM stated s
    UNION ALL
    -- parties that own each other are gone round once
    SELECT c.party_id, s.owner, c.share * s.share, c.control AND s.control, c.path || s.owner
      FROM chain c
      JOIN stated s ON s.party_id = c.owner
     WHERE s.owner <> ALL (c.path)),
circle AS (
    SELECT DISTINCT c.party_id FROM chain c JOIN stated s ON s.party_id = c.owner AND s.owner = ANY (c.path))
SELECT c.party_id, c.owner, p.kind AS owner_kind, round(sum(c.share) * 100, 4) AS percent, bool_or(c.control) AS controls,
       -- round a circle more than once the percent would be higher: so nobody is ruled out by it
       sum(c.share) >= 0.25 OR bool_or(c.control) OR r.party_id IS NOT NULL AS beneficial, r.party_id IS NOT NULL AS circular, count(*) AS chains, max(cardinality(c.path)) - 1 AS longest
  FROM chain c
  JOIN sto.party p ON p.party_id = c.owner
  LEFT JOIN circle r ON r.party_id = c.party_id
 WHERE NOT EXISTS (SELECT FROM stated s WHERE s.party_id = c.owner)
   AND ((SELECT me.reads_all FROM sto.me) OR c.party_id = (SELECT me.party_id FROM sto.me))
 GROUP BY c.party_id, c.owner, p.kind, r.party_id;
COMMENT ON VIEW sto.ultimate_owner IS
    'who is at the end of the chains of owners of a party: percent over all chains; beneficial from 25 %, who controls it through a whole chain, or where owners own each other';
