-- Who takes part beside investors, and what is attested of each: licence and due diligence are claims of these topics, whose
-- validity is the licence's own, or runs from the day of the due diligence to the day by which it is to be done again.

CREATE VIEW sto.participant WITH (security_barrier) AS
WITH part (party_id, capacity) AS (
    SELECT c.party_id, c.capability FROM sto.capability c WHERE c.granted
    UNION SELECT t.issuer, 'issuer' FROM sto.token t WHERE t.status = 'active'
    UNION SELECT w.custodian, 'custodian' FROM sto.wallet w WHERE w.custodian IS NOT NULL AND w.status = 'active'
    UNION SELECT m.party_id, 'member' FROM sto.member m JOIN pg_roles r ON r.oid = m.role),
-- of several the one in force, of these the one that lasts longest; nobody attests it of himself
attested AS (
    SELECT DISTINCT ON (c.party_id, c.topic) c.party_id, c.topic, c.claim, c.valid_from, c.valid_to, s.state
      FROM sto.claim c
      JOIN sto.capability i ON i.party_id = c.issuer AND i.capability = 'claim_issuer' AND i.granted
     CROSS JOIN LATERAL (SELECT CASE WHEN c.valid_to <= now() THEN 'expired' WHEN c.valid_from > now() THEN 'not begun'
                                     ELSE 'in force' END AS state) s
     WHERE c.topic IN ('licence', 'due_diligence') AND c.revoked IS NULL AND c.issuer <> c.party_id
     ORDER BY c.party_id, c.topic, s.state <> 'in force', coalesce(c.valid_to, 'infinity') DESC, c.claim DESC)
SELECT p.party_id, p.kind, p.status, p.country, p.lei, p.frozen IS NOT NULL AS frozen, x.capacities,
       coalesce(l.state, 'none') AS licence, l.valid_from AS licence_from, l.valid_to AS licence_to, l.claim AS licence_claim,
       coalesce(d.state, 'none') AS due_diligence, d.valid_from AS due_diligence_from, d.valid_to AS due_diligence_to,
       d.claim AS due_diligence_claim
  FROM (SELECT part.party_id, array_agg(part.capacity ORDER BY part.capacity) AS capacities FROM part GROUP BY part.party_id) x
  JOIN sto.party p ON p.party_id = x.party_id
  LEFT JOIN attested l ON l.party_id = x.party_id AND l.topic = 'licence'
  LEFT JOIN attested d ON d.party_id = x.party_id AND d.topic = 'due_diligence'
 WHERE (SELECT me.reads_all FROM sto.me) OR p.party_id = (SELECT me.party_id FROM sto.me);
COMMENT ON VIEW sto.participant IS
    'who has a capability, submits, issues or keeps wallets: in which capacities, with which licence and due diligence, as claims say';
