-- Pledges in their order: who pledged first comes first.  Rank is counted over all pledges of a position, whoever reads.

CREATE VIEW sto.pledge WITH (security_barrier) AS
SELECT h.token_id, h.wallet, h.rank, h.hold_id, h.beneficiary, h.amount, h.remaining, h.release_after,
       sto.to_display(h.remaining, t.decimals) AS remaining_display
  FROM (SELECT p.*, CASE WHEN p.in_force
                         THEN row_number() OVER (PARTITION BY p.token_id, p.wallet, p.in_force ORDER BY p.hold_id) END AS rank
          FROM (SELECT o.*, o.release_after IS NULL OR o.release_after > now() AS in_force
                  FROM sto.hold o WHERE o.purpose = 'pledge' AND o.remaining > '0') p) h
  JOIN sto.token t ON t.token_id = h.token_id
  JOIN sto.wallet w ON w.address = h.wallet
  JOIN sto.wallet b ON b.address = h.beneficiary
 WHERE (SELECT me.reads_all FROM sto.me)
    OR (SELECT me.party_id FROM sto.me) IN (w.party_id, w.custodian, b.party_id, b.custodian);
COMMENT ON VIEW sto.pledge IS
    'open pledges; rank: 1 is the first of its position, by the order in which they were placed, null once it has expired';
