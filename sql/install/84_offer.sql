-- On what an offer of a token rests, and how much of an exemption's limits is used: from the token's documents, the rule set in
-- force and the issues in the log.  An approved prospectus is a document of the name "prospectus" with the approval's reference.

CREATE VIEW sto.offer WITH (security_barrier) AS
SELECT t.token_id, t.isin, t.name AS token, t.issuer,
       CASE WHEN d.document IS NOT NULL THEN 'prospectus' WHEN o.rule IS NOT NULL THEN 'exemption' END AS basis,
       d.document AS prospectus, d.reference AS approval, s.set_by AS rule_set, o.number, o.rule ->> 'label' AS exemption,
       o.seconds, c.persons, o.max_persons, CASE WHEN o.max_persons IS NOT NULL THEN greatest(o.max_persons - c.persons, 0) END AS persons_left,
       c.raised, o.max_total, CASE WHEN o.max_total IS NOT NULL THEN greatest(o.max_total - c.raised, '0') END AS units_left,
       o.min_each, o.classes
  FROM sto.token t
  LEFT JOIN sto.document d ON d.token_id = t.token_id AND d.name = 'prospectus' AND d.reference IS NOT NULL AND d.replaced IS NULL
  LEFT JOIN LATERAL (SELECT r.set_by, r.body FROM sto.rule_set r
                      WHERE r.token_id = t.token_id AND r.effective <= now()
                      ORDER BY r.effective DESC, r.set_by DESC LIMIT 1) s ON true
  LEFT JOIN LATERAL (SELECT r.place::integer AS number, r.rule, b.*
                       FROM json_array_elements(s.body::json -> 'rules') WITH ORDINALITY AS r (rule, place)
                      CROSS JOIN LATERAL json_to_record(r.rule) AS b (seconds bigint, max_persons bigint, max_total sto.token_amount,
                                                                      min_each sto.token_amount, classes text[])
                      WHERE r.rule ->> 'rule' = 'offer_limits') o ON true
  LEFT JOIN LATERAL (SELECT count(DISTINCT w.party_id) AS persons, coalesce(sum(e.amount), '0') AS raised
                       FROM ONLY sto.transfer e
                       JOIN sto.wallet w ON w.address = e.credit_wallet
                      WHERE e.debit_wallet = t.issuance AND e.token_id = t.token_id AND e.kind = 'issue'
                        AND e.posted_at > now() - make_interval(secs => o.seconds)) c ON o.rule IS NOT NULL
 WHERE (SELECT me.reads_all FROM sto.me) OR t.issuer = (SELECT me.party_id FROM sto.me);
COMMENT ON VIEW sto.offer IS
    'per token: its approved prospectus, or each exemption that a rule offer_limits states, with what its window holds and what is left; basis is null without either';
