-- Recoveries of wallets whose keys are lost: notice to holders, and what is still to be moved.

CREATE VIEW sto.recovery_notice WITH (security_barrier) AS
SELECT c.case_event, c.debit_wallet AS lost_wallet, c.credit_wallet AS new_wallet, w.party_id, c.token_id, c.not_before, c.valid_until,
       c.opened_by, c.approved_by, c.basis, c.document_hash, c.used
  FROM sto.case c JOIN sto.wallet w ON w.address = c.debit_wallet
 WHERE c.act = 'recover' AND c.refused IS NULL AND (c.valid_until IS NULL OR c.valid_until > now())
   AND ((SELECT me.reads_all FROM sto.me)
        OR (SELECT me.party_id FROM sto.me) IN (w.party_id, w.custodian, c.opened_by, c.approved_by));
COMMENT ON VIEW sto.recovery_notice IS
    'recoveries that were opened and not refused: what is to go where, and from when on; for the holder to see while he may object';

CREATE VIEW sto.recoverable WITH (security_barrier) AS
SELECT c.case_event, p.token_id, p.balance AS amount, p.held, sto.to_display(p.balance, t.decimals) AS amount_display
  FROM sto.case c
  JOIN sto.position p ON p.wallet = c.debit_wallet AND p.balance > '0' AND (c.token_id IS NULL OR c.token_id = p.token_id)
  JOIN sto.token t ON t.token_id = p.token_id
 WHERE c.act = 'recover' AND c.refused IS NULL
   AND ((SELECT me.reads_all FROM sto.me) OR (SELECT me.party_id FROM sto.me) IN (c.opened_by, c.approved_by));
COMMENT ON VIEW sto.recoverable IS 'for officers of a recovery: what the lost wallet still has, of each token that an entry is to move';
