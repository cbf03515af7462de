-- What people read.  Each view shows the acting role what it may see: its party's own wallets and those it keeps as
-- custodian, an issuer's tokens, and everything to registrars, auditors, enforcers and members of pg_read_all_data.
-- The views read with their owner's rights; the tables behind them stay closed.

CREATE VIEW sto.me WITH (security_barrier) AS
SELECT m.party_id,
       pg_has_role(current_user, 'pg_read_all_data', 'USAGE')
       OR EXISTS (SELECT FROM sto.capability c
                   WHERE c.party_id = m.party_id AND c.granted
                     AND c.capability IN ('registrar', 'auditor', 'enforcer')) AS reads_all
  FROM (VALUES (quote_ident(current_user)::regrole)) AS r (role)
  LEFT JOIN sto.member m ON m.role = r.role;
COMMENT ON VIEW sto.me IS 'the acting role''s party, and whether it may read the whole register';

CREATE VIEW sto.my_capability WITH (security_barrier) AS
SELECT c.capability, c.granted_by
  FROM sto.me
  JOIN sto.capability c ON c.party_id = me.party_id AND c.granted;
COMMENT ON VIEW sto.my_capability IS 'what the root officers let the acting role''s party do, and the events that say so';

-- The table has no row security, so that a dump by a role that may not read personal data still has it.
CREATE VIEW sto.erasure_log WITH (security_barrier) AS
SELECT e.erased_at, e.party_id, e.topic, e.count, e.reason, e.erased_by
  FROM sto.erasure e
 WHERE (SELECT me.reads_all FROM sto.me) OR e.party_id = (SELECT me.party_id FROM sto.me);
COMMENT ON VIEW sto.erasure_log IS 'whose personal data was erased, when, why and by whom';

CREATE VIEW sto.holder WITH (security_barrier) AS
SELECT p.token_id, t.isin, t.name AS token, w.party_id, p.wallet, w.wallet_id, w.kind AS wallet_kind, w.custodian,
       p.balance, p.held, a.available,
       CASE WHEN i.balance < 0 THEN round(p.balance::numeric / -(i.balance::numeric), 12) END AS share,
       sto.to_display(p.balance, t.decimals) AS balance_display,
       sto.to_display(p.held, t.decimals) AS held_display,
       sto.to_display(a.available, t.decimals) AS available_display,
       p.seq, p.posted_at,
       CASE WHEN w.custodian IS NULL THEN 'self' ELSE 'custodian' END AS hosting
  FROM sto.position p
  JOIN sto.token t ON t.token_id = p.token_id
  JOIN sto.wallet w ON w.address = p.wallet
  LEFT JOIN sto.position i ON i.token_id = t.token_id AND i.wallet = t.issuance
 CROSS JOIN LATERAL (SELECT greatest(p.balance - p.held - coalesce((SELECT sum(x.remaining) FROM sto.attachment x
                                                                     WHERE x.token_id = p.token_id AND x.wallet = p.wallet), 0), 0)
                            AS available) AS a
 WHERE p.wallet <> t.issuance AND p.balance > 0
   AND ((SELECT me.reads_all FROM sto.me)
        OR w.party_id = (SELECT me.party_id FROM sto.me)
        OR w.custodian = (SELECT me.party_id FROM sto.me)
        OR t.issuer = (SELECT me.party_id FROM sto.me));
COMMENT ON VIEW sto.holder IS
    'who holds what: units and display units; share is of the units outstanding, to 12 decimals; hosting says who keeps the wallet';

-- The issuance wallet's balance is minus what is outstanding.
CREATE VIEW sto.supply WITH (security_barrier) AS
SELECT t.token_id, t.isin, t.name AS token, t.kind, t.status, t.issuer, t.decimals, t.authorised,
       coalesce(-i.balance, 0) AS outstanding,
       t.authorised - coalesce(-i.balance, 0) AS issuable,
       f.issued, f.redeemed, f.held,
       (SELECT count(*) FROM sto.position p
         WHERE p.token_id = t.token_id AND p.wallet <> t.issuance AND p.balance > 0) AS wallets,
       sto.to_display(t.authorised, t.decimals) AS authorised_display,
       sto.to_display(coalesce(-i.balance, 0), t.decimals) AS outstanding_display,
       sto.to_display(t.authorised - coalesce(-i.balance, 0), t.decimals) AS issuable_display,
       sto.to_display(f.issued, t.decimals) AS issued_display,
       sto.to_display(f.redeemed, t.decimals) AS redeemed_display,
       sto.to_display(f.held, t.decimals) AS held_display
  FROM sto.token t
  LEFT JOIN sto.position i ON i.token_id = t.token_id AND i.wallet = t.issuance
 CROSS JOIN LATERAL (
       SELECT (SELECT coalesce(sum(e.amount), 0) FROM ONLY sto.transfer e
                WHERE e.debit_wallet = t.issuance AND e.token_id = t.token_id AND e.kind = 'issue') AS issued,
              (SELECT coalesce(sum(e.amount), 0) FROM ONLY sto.transfer e
                WHERE e.credit_wallet = t.issuance AND e.token_id = t.token_id AND e.kind = 'redeem') AS redeemed,
              (SELECT coalesce(sum(p.held), 0) FROM sto.position p WHERE p.token_id = t.token_id) AS held) AS f
 WHERE (SELECT me.reads_all FROM sto.me) OR t.issuer = (SELECT me.party_id FROM sto.me);
COMMENT ON VIEW sto.supply IS
    'per token: authorised, outstanding, still issuable, issued and redeemed in all, held, wallets with a balance';

CREATE VIEW sto.log WITH (security_barrier) AS
SELECT e.entry_id, 'event' AS source, e.kind, e.recorded_at AS at, e.subject, e.actor AS ordered_by,
       NULL::uuid AS token_id, NULL::sto.wallet_address AS debit_wallet, NULL::sto.wallet_address AS credit_wallet,
       NULL::sto.token_amount AS amount, NULL::numeric AS amount_display, NULL::uuid AS order_id,
       e.body, e.leaf_hash, e.signatures
  FROM ONLY sto.event e
 WHERE (SELECT me.reads_all FROM sto.me)
UNION ALL
SELECT e.entry_id, 'entry', e.kind, e.posted_at, NULL, e.ordering_party,
       e.token_id, e.debit_wallet, e.credit_wallet, e.amount,
       sto.to_display(e.amount, (SELECT t.decimals FROM sto.token t WHERE t.token_id = e.token_id)), e.order_id,
       NULL, e.leaf_hash, e.signatures
  FROM ONLY sto.transfer e
 WHERE (SELECT me.reads_all FROM sto.me)
 ORDER BY 1;
COMMENT ON VIEW sto.log IS 'events and entries together, in the order of their ids';

-- One position's side of each entry that moves it, opened; the other side only as its digest, so that the reader can
-- recompute the leaf without learning what the other party holds.  A UNION ALL at the top of a view would be flattened with
-- the query that reads it, and its security_barrier lost: conditions of the reader's would see every row first.  OFFSET 0 keeps his conditions
-- from being tried on entries before it is known whose the wallet is; the position lets one on the token through to the index.
CREATE VIEW sto.statement_line WITH (security_barrier) AS
SELECT l.*
  FROM (
    SELECT w.address AS wallet, p.token_id, e.debit_seq AS seq, e.entry_id, e.kind, 'debit' AS direction, e.amount,
           e.debit_balance AS balance, e.debit_held AS held, e.debit_prev AS prev, e.leaf_hash, w.salt,
           (SELECT sto.side_digest(o.salt, e.token_id, e.credit_seq, e.credit_balance, e.credit_held, e.credit_prev)
              FROM sto.wallet o WHERE o.address = e.credit_wallet) AS other_side,
           e.debit_wallet, e.credit_wallet, e.ordering_party, e.order_id, e.valid_until, e.reference, e.hold_id,
           e.purpose, e.notary, e.release_after, e.condition_hash, e.instruction_hash, e.preimage, e.keep_rest,
           e.attachment_hash, e.group_id, e.undoes, e.checked_once, e.authority_event, e.rule_set, e.key_policy, e.signatures,
           e.received_at, e.posted_at, e.posted_by
      FROM sto.wallet w
      JOIN sto.position p ON p.wallet = w.address
     CROSS JOIN LATERAL (SELECT t.* FROM ONLY sto.transfer t
                          WHERE t.debit_wallet = p.wallet AND t.token_id = p.token_id AND t.debit_seq IS NOT NULL OFFSET 0) e
     WHERE ((SELECT me.reads_all FROM sto.me)
            OR w.party_id = (SELECT me.party_id FROM sto.me)
            OR w.custodian = (SELECT me.party_id FROM sto.me))
    UNION ALL
    SELECT w.address, p.token_id, e.credit_seq, e.entry_id, e.kind, 'credit', e.amount,
           e.credit_balance, e.credit_held, e.credit_prev, e.leaf_hash, w.salt,
           (SELECT sto.side_digest(o.salt, e.token_id, e.debit_seq, e.debit_balance, e.debit_held, e.debit_prev)
              FROM sto.wallet o WHERE o.address = e.debit_wallet),
           e.debit_wallet, e.credit_wallet, e.ordering_party, e.order_id, e.valid_until, e.reference, e.hold_id,
           e.purpose, e.notary, e.release_after, e.condition_hash, e.instruction_hash, e.preimage, e.keep_rest,
           e.attachment_hash, e.group_id, e.undoes, e.checked_once, e.authority_event, e.rule_set, e.key_policy, e.signatures,
           e.received_at, e.posted_at, e.posted_by
      FROM sto.wallet w
      JOIN sto.position p ON p.wallet = w.address
     CROSS JOIN LATERAL (SELECT t.* FROM ONLY sto.transfer t
                          WHERE t.credit_wallet = p.wallet AND t.token_id = p.token_id AND t.credit_seq IS NOT NULL OFFSET 0) e
     WHERE ((SELECT me.reads_all FROM sto.me)
            OR w.party_id = (SELECT me.party_id FROM sto.me)
            OR w.custodian = (SELECT me.party_id FROM sto.me))) l;
COMMENT ON VIEW sto.statement_line IS
    'a position''s own side of each of its entries, with what is needed to recompute the leaf';

CREATE FUNCTION sto.statement(wallet sto.wallet_address, token_id uuid,
                              "from" timestamptz DEFAULT '-infinity', "to" timestamptz DEFAULT 'infinity')
    RETURNS SETOF sto.statement_line
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT s.* FROM sto.statement_line s
     WHERE s.wallet = statement.wallet AND s.token_id = statement.token_id
       AND s.posted_at >= statement."from" AND s.posted_at < statement."to"
     ORDER BY s.seq;
END;
COMMENT ON FUNCTION sto.statement(sto.wallet_address, uuid, timestamptz, timestamptz) IS
    'a position''s chain in its own order, from (inclusive) to (exclusive); only of wallets that the caller may see';

CREATE FUNCTION sto.entry_leaf(line sto.statement_line, ledger_id uuid) RETURNS sto.digest
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sto.entry_leaf(ledger_id, line.kind, line.order_id, line.ordering_party, line.token_id, line.amount,
        line.debit_wallet, line.credit_wallet, line.valid_until, line.reference, line.hold_id, line.purpose,
        line.notary, line.release_after, line.condition_hash, line.instruction_hash, line.preimage, line.keep_rest,
        line.attachment_hash, line.group_id, line.undoes, line.checked_once, line.entry_id, line.received_at, line.posted_at,
        line.posted_by, line.authority_event, line.rule_set, line.key_policy,
        CASE line.direction WHEN 'debit' THEN sto.side_digest(line.salt, line.token_id, line.seq, line.balance, line.held, line.prev)
                            ELSE line.other_side END,
        CASE line.direction WHEN 'credit' THEN sto.side_digest(line.salt, line.token_id, line.seq, line.balance, line.held, line.prev)
                            ELSE line.other_side END,
        line.signatures);
COMMENT ON FUNCTION sto.entry_leaf(sto.statement_line, uuid) IS
    'the leaf hash that a line of a statement must have: compare with its leaf_hash';

CREATE FUNCTION sto.entry_leaf(entry sto.transfer, ledger_id uuid, debit_salt sto.digest, credit_salt sto.digest)
    RETURNS sto.digest
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sto.entry_leaf(ledger_id, entry.kind, entry.order_id, entry.ordering_party, entry.token_id, entry.amount,
        entry.debit_wallet, entry.credit_wallet, entry.valid_until, entry.reference, entry.hold_id, entry.purpose,
        entry.notary, entry.release_after, entry.condition_hash, entry.instruction_hash, entry.preimage,
        entry.keep_rest, entry.attachment_hash, entry.group_id, entry.undoes, entry.checked_once, entry.entry_id, entry.received_at,
        entry.posted_at, entry.posted_by, entry.authority_event, entry.rule_set, entry.key_policy,
        sto.side_digest(debit_salt, entry.token_id, entry.debit_seq, entry.debit_balance, entry.debit_held,
                        entry.debit_prev),
        sto.side_digest(credit_salt, entry.token_id, entry.credit_seq, entry.credit_balance, entry.credit_held,
                        entry.credit_prev),
        entry.signatures);
COMMENT ON FUNCTION sto.entry_leaf(sto.transfer, uuid, sto.digest, sto.digest) IS
    'the leaf hash of an entry, with the salts of the wallets that it moves';

CREATE FUNCTION sto.event_leaf(event sto.event, ledger_id uuid) RETURNS sto.digest
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sto.event_leaf(CASE event.kind WHEN 'genesis' THEN '00000000-0000-0000-0000-000000000000' ELSE ledger_id END,
        event.entry_id, event.prev_hash, event.kind, event.subject, event.actor, event.body, event.signatures,
        event.recorded_at);
COMMENT ON FUNCTION sto.event_leaf(sto.event, uuid) IS 'the leaf hash of an event of this ledger';

-- What stops an order now: pauses for everybody, freezes for whom they stop and for readers of the whole register.
CREATE VIEW sto.restriction WITH (security_barrier) AS
SELECT f.stopped, e.subject, f.wallet, e.entry_id, e.recorded_at, e.actor, e.body ->> 'basis' AS basis,
       (e.body ->> 'document_hash')::sto.digest AS document_hash
  FROM (SELECT 'token' AS stopped, t.paused AS entry_id, NULL::sto.wallet_address AS wallet, NULL::uuid AS party_id, NULL::uuid AS custodian
          FROM sto.token t WHERE t.paused IS NOT NULL
        UNION ALL
        SELECT 'wallet', w.frozen, w.address, w.party_id, w.custodian FROM sto.wallet w WHERE w.frozen IS NOT NULL
        UNION ALL
        SELECT 'party', p.frozen, NULL, p.party_id, NULL FROM sto.party p WHERE p.frozen IS NOT NULL) f
  JOIN sto.event e ON e.entry_id = f.entry_id
 WHERE f.stopped = 'token' OR (SELECT m.reads_all FROM sto.me m)
    OR (SELECT m.party_id FROM sto.me m) IN (f.party_id, f.custodian);
COMMENT ON VIEW sto.restriction IS 'tokens that are paused, wallets and parties that are frozen: by whom, when and on what basis';
