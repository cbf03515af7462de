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

-- Joint holders as a register names them: in their order, with the one who votes, for each token that they hold together.
CREATE VIEW sto.joint_holder WITH (security_barrier) AS
SELECT m.party_id, j.place, j.member, j.member = m.nominee AS votes, h.token_id, t.name AS token, h.balance,
       sto.to_display(h.balance, t.decimals) AS balance_display, m.set_by
  FROM sto.party_members m
 CROSS JOIN LATERAL unnest(m.members) WITH ORDINALITY AS j (member, place)
  LEFT JOIN LATERAL (SELECT p.token_id, sum(p.balance) AS balance
                       FROM sto.wallet w JOIN sto.position p ON p.wallet = w.address
                      WHERE w.party_id = m.party_id AND p.balance > 0 GROUP BY p.token_id) h ON true
  LEFT JOIN sto.token t ON t.token_id = h.token_id
 WHERE (SELECT me.reads_all FROM sto.me) OR (SELECT me.party_id FROM sto.me) IN (m.party_id, t.issuer)
    OR (SELECT me.party_id FROM sto.me) = ANY (m.members);
COMMENT ON VIEW sto.joint_holder IS
    'members of joint parties in their order, who votes for them, and what they hold together over all their wallets';
