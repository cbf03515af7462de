-- Redemptions by issuers: each on terms that were fixed before the first issue, and paid for before it.

-- A statement's entries have one received_at.
CREATE VIEW sto.issuer_redeem AS
SELECT t.entry_id, t.posted_at, t.token_id, t.group_id, t.received_at, t.ordering_party AS issuer, d.party_id AS holder,
       k.redeem_token, k.redeem_from, k.redeem_to, sto.redemption_cost(t.amount, k.redeem_price, k.redeem_per) AS cost
  FROM ONLY sto.transfer t
  JOIN sto.token k ON k.token_id = t.token_id AND k.issuer = t.ordering_party
  JOIN sto.wallet d ON d.address = t.debit_wallet AND d.party_id <> k.issuer AND d.custodian IS DISTINCT FROM k.issuer
 WHERE t.kind = 'redeem' AND NOT sto.had_mandate(d.party_id, t.ordering_party, t.entry_id, t.posted_at);
COMMENT ON VIEW sto.issuer_redeem IS 'redemptions that a token''s issuer ordered from wallets that it neither has nor keeps, with what they cost';

CREATE FUNCTION sto.verify_redemptions() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH redeem AS MATERIALIZED (SELECT * FROM sto.issuer_redeem),
    step AS (             -- payments and what uses them up, in their order
        SELECT r.entry_id, r.group_id, r.received_at, r.issuer, r.holder, r.redeem_token, -r.cost AS amount FROM redeem r
        UNION ALL
        SELECT t.entry_id, t.group_id, t.received_at, t.ordering_party, c.party_id, t.token_id, t.amount::numeric
          FROM ONLY sto.transfer t
          JOIN sto.wallet d ON d.address = t.debit_wallet
          JOIN sto.wallet c ON c.address = t.credit_wallet AND c.party_id <> d.party_id AND c.custodian IS DISTINCT FROM t.ordering_party
         WHERE t.kind = 'transfer'
           AND (t.group_id, t.received_at, t.ordering_party, c.party_id, t.token_id)
               IN (SELECT r.group_id, r.received_at, r.issuer, r.holder, r.redeem_token FROM redeem r)),
    fault AS (
        SELECT e.entry_id, 'terms of redemption were set after the first issue' AS reason
          FROM ONLY sto.event e
         WHERE e.kind = 'redemption_terms'
           AND EXISTS (SELECT FROM ONLY sto.transfer t WHERE t.kind = 'issue' AND t.token_id = e.subject AND t.entry_id < e.entry_id)
        UNION ALL
        SELECT r.entry_id, 'redeemed by the issuer when its terms were not in force' FROM redeem r
         WHERE r.redeem_token IS NULL OR r.posted_at < r.redeem_from OR r.posted_at >= r.redeem_to
        UNION ALL
        SELECT s.entry_id, 'redeemed by the issuer and not paid for'
          FROM (SELECT p.entry_id, p.group_id IS NOT NULL
                       AND sum(p.amount) OVER (PARTITION BY p.group_id, p.received_at, p.issuer, p.holder, p.redeem_token
                                               ORDER BY p.entry_id) >= 0 AS paid, p.amount
                  FROM step p) s
         WHERE s.amount < 0 AND NOT s.paid)
    SELECT 'redemptions', 'sto.transfer', (SELECT count(*) FROM redeem), count(*) = 0, min(f.entry_id),
           CASE WHEN count(*) > 0 THEN format('%s faults: %s', count(*), min(f.reason)) END
      FROM fault f;
END $$;
COMMENT ON FUNCTION sto.verify_redemptions() IS 'terms on which issuers redeem from holders, fixed by the first issue, and the payment of each such redeem';
