-- Refused orders, to their parties, who submitted them, the token's issuer and readers of the register.

CREATE VIEW sto.refusal WITH (security_barrier) AS
SELECT e.entry_id AS refusal, e.recorded_at, b.state, b.reasons, o.token_id, o.kind, o.ordering_party, o.order_id,
       o.debit_wallet, o.credit_wallet, o.amount, b.party AS submitted_by, b.key_policy,
       decode(b."order", 'hex') AS order_message, decode(b.signatures, 'hex') AS signatures
  FROM ONLY sto.event e
 CROSS JOIN LATERAL json_to_record(e.body) AS b (party uuid, state text, reasons text[], key_policy bigint, "order" text,
                                                 signatures text)
 CROSS JOIN LATERAL sto.order_of_message(decode(b."order", 'hex')) o
  LEFT JOIN sto.token t ON t.token_id = o.token_id
 WHERE e.kind = 'refusal'
   AND ((SELECT me.reads_all FROM sto.me)
        OR (SELECT me.party_id FROM sto.me) IN (o.ordering_party, b.party, t.issuer));
COMMENT ON VIEW sto.refusal IS
    'orders that sto.submit() refused and put on record: why, whose, and the signed bytes; key_policy is null for one that was not well signed';
