-- Recovery of a wallet whose keys are lost: two officers, a wait with notice, everything to another wallet of the same party.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_recover;
CREATE DATABASE sto_regress_recover TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_recover
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\set ECHO none
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
\i :srcdir/signer/said.sql
\set ECHO all
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on

SELECT sto_test.begin_small();
SELECT num_nonnulls(sto_test.officer('enforcer', 31, 'enforcer'), sto_test.officer('second', 32, 'enforcer'), sto_test.officer('agent', 34, 'recovery_agent'), sto_test.officer('other', 36, 'recovery_agent'),
                    sto_test.party('venue', '{35}'), sto_test.party('carol', NULL, 'natural'), sto_test.wallet('alice/2', 'alice', '{23}'),
                    sto_test.wallet('alice/3', 'alice', '{25}'), sto_test.wallet('alice/4', 'alice', '{26}'), sto_test.wallet('carol/1', 'carol', '{24}'), sto_test.token('OTHER', 'acme'),
                    sto_test.token('THIRD', 'acme'));
CREATE FUNCTION sto_test.recover(extra jsonb DEFAULT '{}', wait interval DEFAULT '1.1 s') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('debit', 'alice/1', 'credit', 'alice/2', 'not_before', sto_test.micros(clock_timestamp() + wait)) || extra $$;
CREATE FUNCTION sto_test.shown(token text DEFAULT 'ACME') RETURNS TABLE (wallet text, balance sto.token_amount, held sto.token_amount) LANGUAGE sql AS $$
    SELECT x.name, p.balance, p.held FROM unnest('{alice/1,alice/2,alice/3,alice/4,bob/1,carol/1}'::text[]) AS x (name)
      JOIN sto.position p ON p.wallet = sto_test.address(x.name) AND p.token_id = sto_test.id(token) ORDER BY 1 $$;
CREATE FUNCTION sto_test.holds() RETURNS TABLE (purpose text, remaining sto.token_amount, wallet text) LANGUAGE sql AS $$
    SELECT h.purpose, h.remaining, sto_test.named(h.wallet::text) FROM sto.hold h ORDER BY h.hold_id $$;

-- Something of each sort in the wallet that will be lost
SELECT sto_test.issue('OTHER', 'alice/1', '50') > 0, sto_test.issue('ACME', 'bob/1', '100') > 0;
SELECT sto_test.hold('ACME', 'alice/1', '100', 'pledge', '{"credit_wallet": "bob/1"}') AS p1,
       sto_test.hold('ACME', 'alice/1', '60', 'pledge', '{"credit_wallet": "carol/1"}') AS p2,
       sto_test.hold('ACME', 'alice/1', '40', 'lock_up', '{"release_after": "2099-01-01"}') AS locked,
       sto_test.hold('ACME', 'alice/1', '10', 'hash_lock', jsonb_build_object('credit_wallet', 'bob/1', 'release_after', '2099-01-01', 'condition_hash', encode(sha256(sto_test.salt('key')::text::bytea), 'hex'))) AS hashed,
       sto_test.hold('ACME', 'alice/1', '7', 'pledge', '{"credit_wallet": "bob/1"}') AS done,
       sto_test.hold('ACME', 'bob/1', '20', 'pledge', '{"credit_wallet": "alice/1"}') AS owed \gset
SELECT sto_test.post(jsonb_build_object('kind', 'release', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'amount', '7', 'hold_id', :done, 'ordering_party', 'bob'), '{22}') > 0;
SELECT sto_test.enforce('seize', 'seizure', '{"token": "ACME", "debit": "alice/1", "credit": "carol/1", "amount": "30"}') IS NULL;
SELECT * FROM sto_test.shown();

-- What its case must state
SELECT x.what, sto_test.would(format($$SELECT sto_test.open_case('bad', 'recover', %L, %L, %L)$$, sto_test.recover(x.extra) - x.without, x.who, x.basis))
  FROM (VALUES ('an enforcer', '{}'::jsonb, '', 'enforcer', 'recovery'), ('the issuer', '{}', '', 'acme', 'recovery'), ('no wait', '{}', 'not_before', 'agent', 'recovery'),
               ('no time to object', '{"not_before": 1}', '', 'agent', 'recovery'), ('an amount', '{"amount": "5"}', '', 'agent', 'recovery'), ('no new wallet', '{}', 'credit', 'agent', 'recovery'),
               ('another party', '{"credit": "bob/1"}', '', 'agent', 'recovery'), ('itself', '{"credit": "alice/1"}', '', 'agent', 'recovery'), ('holds', '{"holds": [1]}', '', 'agent', 'recovery'),
               ('basis', '{}', '', 'agent', 'succession'), ('unknown token', '{"token": "nothing"}', '', 'agent', 'recovery'), ('an issuance wallet', '{"debit": "ACME"}', '', 'agent', 'recovery'),
               ('nothing', '{}', '', 'agent', 'recovery'), ('of one token, by a court', '{"token": "ACME"}', '', 'agent', 'court')) AS x (what, extra, without, who, basis);

-- Notice, a second officer of the same kind, a wait
SELECT sto_test.open_case('lost', 'recover', sto_test.recover(), 'agent', 'recovery') AS lost \gset
SELECT case_event = :lost, sto_test.named(lost_wallet::text), sto_test.named(new_wallet::text), token_id IS NULL, approved_by IS NULL FROM sto.recovery_notice;
SELECT sto_test.named(token_id::text), amount, held FROM sto.recoverable WHERE case_event = :lost ORDER BY 1;
CREATE ROLE sto_regress_recover_alice;
CREATE ROLE sto_regress_recover_bob;
SELECT sto.map_role('sto_regress_recover_alice', sto_test.id('alice')), sto.map_role('sto_regress_recover_bob', sto_test.id('bob'));
SET ROLE sto_regress_recover_alice;
SELECT (SELECT count(*) FROM sto.recovery_notice), (SELECT count(*) FROM sto.cases()), (SELECT count(*) FROM sto.recoverable);
SET ROLE sto_regress_recover_bob;
SELECT (SELECT count(*) FROM sto.recovery_notice), (SELECT count(*) FROM sto.cases()), (SELECT count(*) FROM sto.recoverable);
RESET ROLE;
SELECT sto_test.would($$SELECT sto_test.enforce_case('lost', '{}', 'agent', token => 'ACME')$$);
SELECT x.who, sto_test.would(format($$SELECT sto_test.decide_case('lost', %L)$$, x.who)) FROM unnest('{agent,enforcer,other}'::text[]) AS x (who);
SELECT sto_test.decide_case('lost', 'other') > 0;
SELECT sto_test.would($$SELECT sto_test.enforce_case('lost', '{}', 'agent', token => 'ACME')$$);
-- the old wallet works until then
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '3') > 0, pg_sleep(1.2);
SELECT x.what, sto_test.would(format($$SELECT sto_test.enforce_case('lost', %L, %L, token => 'ACME')$$, x.change, x.who))
  FROM (VALUES ('less than all', '{"amount": "5"}'::jsonb, 'agent'), ('another wallet of the party', '{"credit_wallet": "alice/3"}', 'agent'), ('another party', '{"credit_wallet": "bob/1"}', 'agent'),
               ('another debit', '{"debit_wallet": "bob/1"}', 'agent'), ('other document', '{"attachment_hash": null}', 'agent'), ('an enforcer', '{}', 'enforcer'), ('the issuer', '{}', 'acme')) AS x (what, change, who);
-- frozen stays frozen; a pause, and a frozen party's other wallets
SELECT x.what || ': ' || sto_test.would(format('SELECT %s, sto_test.enforce_case(''lost'', ''{}'', ''agent'', token => ''ACME'')', x.act))
  FROM (VALUES ('token paused', 'sto_test.pause(''ACME'', ''acme'')'), ('lost wallet frozen', 'sto_test.freeze_wallet(''alice/1'')'),
               ('both frozen', 'sto_test.freeze_wallet(''alice/1''), sto_test.freeze_wallet(''alice/2'')'), ('new wallet frozen', 'sto_test.freeze_wallet(''alice/2'')'),
               ('holder frozen', 'sto_test.freeze_party(''alice'')'),
               ('holder closed', 'sto_test.event(''party_status'', sto_test.id(''alice''), sto_test.id(''registrar''), ''{"status": "closed"}'')'),
               ('new wallet closed', 'sto_test.event(''wallet_status'', sto_test.id(''alice/2''), sto_test.id(''registrar''), ''{"status": "closed"}'')'),
               ('claims', 'sto_test.topics(''ACME'', ''{kyc}'', ''{"receiver_only": false}'')')) AS x (what, act);

-- attached units do not follow: they are attached in the new wallet, and then let go in the old one
CREATE FUNCTION sto_test.attach_some(wallet text, amount text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.open_case('attach ' || wallet, 'seizure', jsonb_build_object('token', 'ACME', 'debit', wallet, 'amount', amount));
    PERFORM sto_test.decide_case('attach ' || wallet);
    RETURN sto_test.attach('attach ' || wallet, wallet);
END $$;
SELECT sto_test.would($$SELECT sto_test.attach_some('alice/1', '5'), sto_test.enforce_case('lost', '{}', 'agent', token => 'ACME')$$),
       sto_test.would($$SELECT sto_test.lift(sto_test.attach_some('alice/1', '5'), 'alice/1', '5'), sto_test.attach_some('alice/2', '5'), sto_test.enforce_case('lost', '{}', 'agent', token => 'ACME')$$);

-- Carried out: balance and held, holds with their ids and ranks
SELECT rank, hold_id = :p1 AS first FROM sto.pledge WHERE wallet = sto_test.address('alice/1') ORDER BY rank;
SELECT sto_test.enforce_case('lost', '{}', 'agent', token => 'ACME') AS entry \gset
SELECT * FROM sto_test.shown();
SELECT * FROM sto_test.holds();
SELECT rank, hold_id = :p1 AS first FROM sto.pledge WHERE wallet = sto_test.address('alice/2') ORDER BY rank;
SELECT barred = :entry, sto_test.named(successor::text), status FROM sto.wallet WHERE address = sto_test.address('alice/1');
SELECT kind, authority_event = :lost, debit_balance, debit_held FROM sto.transfer WHERE entry_id = :entry;
SELECT sto_test.try($$SELECT sto_test.enforce_case('lost', '{"amount": "1"}', 'agent', token => 'ACME')$$);
SELECT sto_test.try($$SELECT sto_test.decide_case('lost', 'other', false)$$);
-- barred in every role
SELECT x.what, sto_test.would(x.act)
  FROM (VALUES ('sends', $$SELECT sto_test.transfer('OTHER', 'alice/1', 'bob/1', '1')$$), ('receives', $$SELECT sto_test.transfer('ACME', 'bob/1', 'alice/1', '1')$$),
               ('is issued to', $$SELECT sto_test.issue('OTHER', 'alice/1', '1')$$), ('redeems', $$SELECT sto_test.redeem('OTHER', 'alice/1', '1')$$),
               ('holds', $$SELECT sto_test.hold('OTHER', 'alice/1', '1', 'lock_up', '{"release_after": "2099-01-01"}')$$),
               ('takes a pledge', $$SELECT sto_test.hold('ACME', 'bob/1', '1', 'pledge', '{"credit_wallet": "alice/1"}')$$),
               ('opens again', $$SELECT sto_test.event('wallet_status', sto_test.id('alice/1'), sto_test.id('registrar'), '{"status": "active"}')$$),
               ('changes its terms', $$SELECT sto_test.event('wallet_terms', sto_test.id('alice/1'), sto_test.id('alice/1'), '{"signed_only": true}')$$),
               ('posts a pledge', format($$SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'bob/1', 'credit_wallet', 'alice/1', 'amount', '5', 'hold_id', %s, 'ordering_party', 'alice'), '{21}')$$, :owed)),
               ('signs for its successor', format($$SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'bob/1', 'credit_wallet', 'alice/2', 'amount', '5', 'hold_id', %s, 'ordering_party', 'alice'), '{21}')$$, :owed)),
               ('succeeds another', $$SELECT sto_test.open_case('bad', 'recover', sto_test.recover('{"debit": "alice/3", "credit": "alice/1"}'), 'agent', 'recovery')$$)) AS x (what, act);
-- its successor stands in its place
SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'bob/1', 'credit_wallet', 'alice/2', 'amount', '5', 'hold_id', :owed, 'ordering_party', 'alice', 'keep_rest', true), '{23}') > 0,
       sto_test.post(jsonb_build_object('kind', 'release', 'token_id', 'ACME', 'debit_wallet', 'bob/1', 'amount', '5', 'hold_id', :owed, 'ordering_party', 'alice'), '{23}') > 0,
       sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'alice/2', 'credit_wallet', 'bob/1', 'amount', '30', 'hold_id', :p1, 'ordering_party', 'bob', 'keep_rest', true), '{22}') > 0;
SELECT sto_test.try(format($$SELECT sto_test.post(jsonb_build_object('kind', 'release', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'amount', '5', 'hold_id', %s, 'ordering_party', 'bob'), '{22}')$$, :p1));
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/2', 'bob/1', balance::text) FROM sto.position WHERE wallet = sto_test.address('alice/2') AND token_id = sto_test.id('ACME')$$);
-- the other token, by the other officer, to the same wallet only
SELECT sto_test.open_case('astray', 'recover', sto_test.recover('{"credit": "alice/3"}'), 'agent', 'recovery') > 0, sto_test.decide_case('astray', 'other') > 0, pg_sleep(1.2);
SELECT sto_test.try($$SELECT sto_test.enforce_case('astray', '{}', 'agent', token => 'OTHER')$$);
SELECT sto_test.enforce_case('lost', '{}', 'other', token => 'OTHER') > 0;
SELECT * FROM sto_test.shown('OTHER');
SELECT sto_test.try($$SELECT sto_test.enforce_case('lost', '{}', 'other', token => 'THIRD')$$);
SELECT sto_test.check_invariants();

-- The successor is lost too
SELECT sto_test.open_case('again', 'recover', sto_test.recover('{"debit": "alice/2", "credit": "alice/3", "token": "ACME"}'), 'agent', 'recovery') > 0, sto_test.decide_case('again', 'other') > 0, pg_sleep(1.2);
SELECT sto_test.enforce_case('again', '{}', 'agent') > 0;
SELECT * FROM sto_test.shown();
SELECT * FROM sto_test.holds();
SELECT sto_test.try(format($$SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'bob/1', 'credit_wallet', 'alice/2', 'amount', '5', 'hold_id', %s, 'ordering_party', 'alice'), '{23}')$$, :owed));
SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'bob/1', 'credit_wallet', 'alice/3', 'amount', '5', 'hold_id', :owed, 'ordering_party', 'alice', 'keep_rest', true), '{25}') > 0;
SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'alice/3', 'credit_wallet', 'carol/1', 'amount', '60', 'hold_id', :p2, 'ordering_party', 'carol'), '{24}') > 0;
-- refused in its wait
SELECT sto_test.open_case('objected', 'recover', sto_test.recover('{"debit": "alice/3", "credit": "alice/4"}'), 'agent', 'recovery') > 0, sto_test.decide_case('objected', 'other') > 0,
       sto_test.decide_case('objected', 'other', false) > 0, pg_sleep(1.2);
SELECT count(*) FROM sto.recovery_notice WHERE lost_wallet = sto_test.address('alice/3');
SELECT sto_test.try($$SELECT sto_test.enforce_case('objected', '{"amount": "1"}', 'agent', token => 'ACME')$$);
-- both wallets frozen: recovered, and frozen still; a savepoint takes it back
SELECT sto_test.open_case('frozen', 'recover', sto_test.recover('{"debit": "alice/3", "credit": "alice/4", "token": "ACME"}'), 'agent', 'recovery') > 0, sto_test.decide_case('frozen', 'other') > 0, pg_sleep(1.2);
SELECT sto_test.freeze_wallet('alice/3') > 0, sto_test.freeze_wallet('alice/4') > 0;
BEGIN;
SAVEPOINT s;
SELECT sto_test.enforce_case('frozen', '{}', 'agent') > 0;
ROLLBACK TO s;
SELECT barred FROM sto.wallet WHERE address = sto_test.address('alice/3');
SELECT sto_test.freeze_wallet('alice/3', false) > 0, sto_test.transfer('ACME', 'alice/3', 'bob/1', '1') > 0, sto_test.freeze_wallet('alice/3') > 0;
SELECT sto_test.enforce_case('frozen', '{}', 'agent') > 0;
COMMIT;
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/4', 'bob/1', '1')$$);
SELECT sto_test.freeze_wallet('alice/4', false) > 0;
-- enforcement goes on at the new wallet, and breaks a hold that followed twice
SELECT sto_test.enforce('forced', 'force', jsonb_build_object('token', 'ACME', 'debit', 'alice/4', 'credit', 'carol/1', 'amount', (SELECT balance - held + 5 FROM sto_test.shown() WHERE wallet = 'alice/4')::text,
    'holds', ARRAY[:p1])) IS NULL;
SELECT * FROM sto_test.holds();
SELECT sto_test.check_invariants();

-- From the log alone, and what sto.verify() sees of what no gate lets in
SELECT v.check_name, v.scope, v.detail FROM sto.verify() v WHERE NOT v.ok;
CREATE TABLE sto_test.wallets AS TABLE sto.wallet;
CREATE TABLE sto_test.held AS TABLE sto.hold;
SELECT sto.rebuild() > 50;
SELECT count(*) FROM ((TABLE sto.wallet EXCEPT TABLE sto_test.wallets) UNION ALL (TABLE sto_test.wallets EXCEPT TABLE sto.wallet)) x;
SELECT count(*) FROM ((TABLE sto.hold EXCEPT TABLE sto_test.held) UNION ALL (TABLE sto_test.held EXCEPT TABLE sto.hold)) x;
SELECT v.check_name, v.scope, v.detail FROM sto.verify() v WHERE NOT v.ok;
CREATE FUNCTION sto_test.tampered(change text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto.begin_maintenance('test');
    EXECUTE change;
    RETURN QUERY SELECT concat_ws(' ', v.check_name, v.scope, sto_test.named(v.detail)) FROM sto.verify(false, '{cases,authority,event_signatures,holds,links,stops,closed,register}') v WHERE NOT v.ok;
    RAISE SQLSTATE 'YY001';
EXCEPTION WHEN SQLSTATE 'YY001' THEN
    RETURN;
END $$;
SELECT x.change, t.said
  FROM (VALUES ($$DELETE FROM sto.event WHERE kind = 'case_approve' AND subject = sto_test.id('lost')$$),
               ($$UPDATE sto.event SET recorded_at = recorded_at + interval '1 s' WHERE kind = 'case' AND subject = sto_test.id('lost')$$),
               ($$UPDATE sto.event SET body = replace(body::text, sto_test.address('alice/2')::text, sto_test.address('bob/1')::text)::json WHERE kind = 'case' AND subject = sto_test.id('lost')$$),
               ($$UPDATE sto.transfer SET debit_held = '1' WHERE kind = 'recover' AND token_id = sto_test.id('OTHER')$$),
               ($$UPDATE sto.transfer SET credit_wallet = sto_test.address('alice/4') WHERE kind = 'recover' AND token_id = sto_test.id('OTHER')$$),
               ($$UPDATE sto.transfer SET credit_held = '0' WHERE kind = 'recover' AND debit_wallet = sto_test.address('alice/2')$$),
               ($$UPDATE sto.hold SET wallet = sto_test.address('alice/1') WHERE wallet = sto_test.address('alice/4') AND purpose = 'lock_up'$$),
               ($$UPDATE sto.wallet SET barred = NULL, successor = NULL WHERE address = sto_test.address('alice/1')$$),
               ($$DELETE FROM sto.event WHERE kind = 'wallet_freeze' AND subject = sto_test.id('alice/4')$$)) AS x (change),
       LATERAL sto_test.tampered(x.change) AS t (said);
\c template1
DROP DATABASE sto_regress_recover;
DROP ROLE sto_regress_recover_alice, sto_regress_recover_bob;
