-- Enforcement: entries reversed, units seized and frozen.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_enforcement_holds;
CREATE DATABASE sto_regress_enforcement_holds TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_enforcement_holds
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\set ECHO none
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
\i :srcdir/signer/said.sql
\i :srcdir/signer/enforcement.sql
\set ECHO all
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on

SELECT sto_test.begin_enforcement();

-- Reverse: one entry, out of what its receiver has, once
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '100') AS paid, sto_test.transfer('ACME', 'alice/1', 'bob/1', '7') AS other,
       sto_test.hold('ACME', 'alice/1', '50', 'pledge', '{"credit_wallet": "bob/1"}') AS pledge, sto_test.redeem('ACME', 'alice/1', '3') AS redeemed \gset
SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', 'bob/1', 'amount', '50', 'hold_id', :pledge, 'ordering_party', 'bob'), '{22}') AS posted \gset
CREATE FUNCTION sto_test.undo(entry bigint, amount text, extra jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('token', 'ACME', 'debit', 'bob/1', 'credit', 'alice/1', 'amount', amount, 'undoes', entry) || extra $$;
SELECT x.what, sto_test.would(format($$SELECT sto_test.open_case('bad', 'reverse', sto_test.undo(%s, %L, %L))$$, x.entry, x.amount, x.extra))
  FROM (VALUES ('another amount', :paid, '99', '{}'::jsonb), ('another wallet', :paid, '100', '{"debit": "carol/1"}'), ('to another', :paid, '100', '{"credit": "alice/2"}'),
               ('another token', :paid, '100', '{"token": "OTHER"}'), ('a hold', :pledge, '50', '{}'), ('a redemption', :redeemed, '3', '{}'), ('nothing', 999999, '100', '{}'),
               ('holds', :paid, '100', '{"holds": [1]}'), ('the entry', :paid, '100', '{}'), ('a post', :posted, '50', '{}')) AS x (what, entry, amount, extra);
SELECT sto_test.would($$SELECT sto_test.open_case('bad', 'reverse', sto_test.undo(1, '1') - 'undoes')$$), sto_test.would(format($$SELECT sto_test.open_case('bad', 'reverse', sto_test.undo(%s, '100'), basis => 'succession')$$, :paid));
SELECT sto_test.open_case('undo', 'reverse', sto_test.undo(:paid, '100')) > 0, sto_test.try($$SELECT sto_test.enforce_case('undo')$$), sto_test.decide_case('undo') > 0;
SELECT x.change, sto_test.would(format($$SELECT sto_test.enforce_case('undo', %L)$$, x.change))
  FROM (VALUES (jsonb_build_object('undoes', :other)), ('{"undoes": null}'), ('{"kind": "force", "undoes": null}'), ('{"amount": "7"}'), ('{"debit_wallet": "carol/1"}')) AS x (change);
-- spent meanwhile: only force takes it from elsewhere; held: not available
SELECT sto_test.transfer('ACME', 'bob/1', 'carol/1', '120') > 0, sto_test.try($$SELECT sto_test.enforce_case('undo')$$);
SELECT sto_test.transfer('ACME', 'carol/1', 'bob/1', '120') > 0 AS back, sto_test.hold('ACME', 'bob/1', '100', 'pledge', '{"credit_wallet": "carol/1"}') AS blocks \gset
SELECT sto_test.try($$SELECT sto_test.enforce_case('undo')$$);
SELECT sto_test.post(jsonb_build_object('kind', 'release', 'token_id', 'ACME', 'debit_wallet', 'bob/1', 'amount', '100', 'hold_id', :blocks, 'ordering_party', 'carol'), '{24}') > 0;
-- the table
CREATE FUNCTION sto_test.table(name text, holder text, receiver text, holds_party text, receives_party text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT x.what || ': ' || sto_test.would(format('SELECT %s, sto_test.enforce_case(%L)', format(x.act, CASE WHEN x.what ~ 'wallet' THEN CASE WHEN x.what ~ 'receiver' THEN receiver ELSE holder END
                                                                                       ELSE CASE WHEN x.what ~ 'receiver' THEN receives_party ELSE holds_party END END), name))
      FROM (VALUES ('nothing', '1'), ('token paused', 'sto_test.pause(''ACME'', ''acme'')'), ('claims', 'sto_test.topics(''ACME'', ''{kyc}'', ''{"receiver_only": false}'')'),
                   ('document', 'sto_test.document(''ACME'', ''Terms'', ''1'')'), ('holder''s wallet frozen', 'sto_test.freeze_wallet(%L)'), ('holder frozen', 'sto_test.freeze_party(%L)'),
                   ('holder closed', 'sto_test.event(''party_status'', sto_test.id(%L), sto_test.id(''registrar''), ''{"status": "closed"}'')'),
                   ('receiver''s wallet frozen', 'sto_test.freeze_wallet(%L)'), ('receiver frozen', 'sto_test.freeze_party(%L)'),
                   ('receiver closed', 'sto_test.event(''party_status'', sto_test.id(%L), sto_test.id(''registrar''), ''{"status": "closed"}'')')) AS x (what, act) $$;
SELECT sto_test.table('undo', 'bob/1', 'alice/1', 'bob', 'alice');
SELECT sto_test.open_case('twice', 'reverse', sto_test.undo(:paid, '100')) > 0, sto_test.decide_case('twice') > 0;
SELECT sto_test.shown('alice/1'), sto_test.shown('bob/1');
SELECT sto_test.enforce_case('undo') AS undone \gset
SELECT kind, undoes = :paid, authority_event IS NOT NULL FROM sto.transfer WHERE entry_id = :undone;
SELECT sto_test.shown('alice/1'), sto_test.shown('bob/1');
SELECT sto_test.try($$SELECT sto_test.enforce_case('undo')$$), sto_test.try($$SELECT sto_test.enforce_case('twice')$$);
SELECT sto_test.try(format($$SELECT sto_test.open_case('bad', 'reverse', '{"token": "ACME", "debit": "alice/1", "credit": "bob/1", "amount": "100", "undoes": %s}')$$, :undone));
SELECT sto_test.enforce('undo the post', 'reverse', sto_test.undo(:posted, '50')) > 0;
SELECT sto_test.enforce('forced', 'force', sto_test.force('9')) AS forced \gset
SELECT sto_test.enforce('undo the force', 'reverse', sto_test.undo(:forced, '9')) > 0;
SELECT sto.reverse_body(:other, 'contract', repeat('ab', 32)::sto.digest)::jsonb - 'debit' - 'credit' - 'token' - 'undoes' - 'document_hash', sto.reverse_body(999999, 'law', repeat('ab', 32)::sto.digest);

-- Seized and frozen: held by a case's word, over a pause and a freeze; never more than is available
SELECT sto_test.shown('alice/1');
CREATE FUNCTION sto_test.hold_case(amount text, extra jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('token', 'ACME', 'debit', 'alice/1', 'amount', amount) || extra $$;
SELECT x.what, sto_test.would(format($$SELECT sto_test.open_case('bad', %L, sto_test.hold_case('10', %L))$$, x.act, x.extra))
  FROM (VALUES ('a beneficiary', 'freeze', '{"credit": "bob/1"}'::jsonb), ('undoes', 'freeze', '{"undoes": 1}'), ('holds', 'seizure', '{"holds": [1]}'), ('no wallet', 'seizure', '{"credit": "nowhere"}'),
               ('itself', 'seizure', '{"credit": "alice/1"}'), ('as it is', 'freeze', '{}'), ('as it is', 'seizure', '{"credit": "bob/1"}'), ('without beneficiary', 'seizure', '{}')) AS x (what, act, extra);
SELECT sto_test.open_case('seize', 'seizure', sto_test.hold_case('100', '{"credit": "bob/1"}')) > 0, sto_test.open_case('freeze', 'freeze', sto_test.hold_case('200')) > 0,
       sto_test.open_case('much', 'freeze', sto_test.hold_case('100000')) > 0, sto_test.open_case('keep', 'seizure', sto_test.hold_case('5')) > 0;
SELECT sto_test.try($$SELECT sto_test.enforce_case('seize')$$), sto_test.decide_case('seize') > 0, sto_test.decide_case('freeze', 'third') > 0, sto_test.decide_case('much') > 0, sto_test.decide_case('keep') > 0;
SELECT x.change, sto_test.would(format($$SELECT sto_test.enforce_case('seize', %L)$$, x.change))
  FROM (VALUES ('{"purpose": "freeze", "credit_wallet": null}'::jsonb), ('{"purpose": "freeze"}'), ('{"purpose": "lock_up", "release_after": "2099-01-01", "credit_wallet": null}'), ('{"credit_wallet": null}'),
               ('{"credit_wallet": "carol/1"}'), ('{"release_after": "2099-01-01"}'), ('{"notary": "venue"}'), ('{"checked_once": true}'), ('{"amount": "99"}'), ('{"kind": "force", "purpose": null}')) AS x (change);
SELECT sto_test.table('seize', 'alice/1', 'bob/1', 'alice', 'bob');
SELECT sto_test.table('freeze', 'alice/1', 'alice/1', 'alice', 'alice');
SELECT sto_test.try($$SELECT sto_test.enforce_case('much')$$);
SELECT sto_test.enforce_case('seize') AS seized, sto_test.enforce_case('freeze', officer => 'third') AS frozen, sto_test.enforce_case('keep') AS kept \gset
SELECT sto_test.shown('alice/1'), sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '600')$$);
SELECT purpose, amount, remaining, release_after, beneficiary = sto_test.address('bob/1') FROM sto.hold WHERE remaining > '0' ORDER BY hold_id;
-- posted by an enforcer to the named beneficiary, as any hold is; released by an enforcer; by nobody else
CREATE FUNCTION sto_test.use_hold(kind text, hold bigint, amount text, who text, extra jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.post(jsonb_build_object('kind', kind, 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'amount', amount, 'hold_id', hold, 'ordering_party', who)
        || CASE kind WHEN 'post' THEN '{"credit_wallet": "bob/1", "keep_rest": true}' ELSE '{}' END::jsonb || extra, sto_test.seeds_of(CASE who WHEN 'alice' THEN 'alice/1' WHEN 'bob' THEN 'bob/1' ELSE who END)) $$;
SELECT w AS who, sto_test.would(format('SELECT sto_test.use_hold(''post'', %s, ''10'', %L)', :seized, w)) AS post, sto_test.would(format('SELECT sto_test.use_hold(''release'', %s, ''10'', %L)', :seized, w)) AS release,
       sto_test.would(format('SELECT sto_test.use_hold(''release'', %s, ''10'', %L)', :frozen, w)) AS release_frozen FROM unnest('{alice,bob,acme,agent,registrar,third}'::text[]) AS w;
SELECT sto_test.try(format('SELECT sto_test.use_hold(''post'', %s, ''10'', ''enforcer'')', :frozen)), sto_test.try(format('SELECT sto_test.use_hold(''post'', %s, ''5'', ''enforcer'')', :kept)),
       sto_test.try(format('SELECT sto_test.use_hold(''post'', %s, ''10'', ''enforcer'', ''{"credit_wallet": "carol/1"}'')', :seized)),
       sto_test.try(format($$SELECT sto_test.post('{"kind": "release", "token_id": "ACME", "debit_wallet": "alice/1", "amount": "10", "hold_id": %s, "ordering_party": "registrar"}', '{}')$$, :frozen));
SELECT sto_test.freeze_wallet('alice/1') > 0, sto_test.try(format('SELECT sto_test.use_hold(''post'', %s, ''10'', ''enforcer'')', :seized)),
       sto_test.would(format('SELECT sto_test.use_hold(''release'', %s, ''10'', ''third'')', :frozen)), sto_test.freeze_wallet('alice/1', false) > 0;
SELECT sto_test.use_hold('post', :seized, '60', 'third') > 0, sto_test.use_hold('release', :frozen, '150', 'enforcer') > 0;
-- over a freeze it is delivered by force, which names the hold
SELECT sto_test.freeze_wallet('alice/1') > 0;
SELECT sto_test.enforce('deliver', 'force', sto_test.force((balance - held + 30)::text, jsonb_build_object('holds', ARRAY[:seized]))) > 0 FROM sto.position WHERE wallet = sto_test.address('alice/1');
SELECT sto_test.shown('alice/1'), array_agg(remaining ORDER BY hold_id) FROM sto.hold WHERE remaining > '0';
SELECT sto_test.freeze_wallet('alice/1', false) > 0, sto_test.check_invariants();

-- From the log alone, and what sto.verify() sees of what no gate lets in
CREATE TABLE sto_test.cases AS TABLE sto.case;
CREATE TABLE sto_test.holds AS TABLE sto.hold;
SELECT sto.rebuild() > 50;
SELECT count(*) FROM ((TABLE sto.case EXCEPT TABLE sto_test.cases) UNION ALL (TABLE sto_test.cases EXCEPT TABLE sto.case)) x;
SELECT count(*) FROM ((TABLE sto.hold EXCEPT TABLE sto_test.holds) UNION ALL (TABLE sto_test.holds EXCEPT TABLE sto.hold)) x;
SELECT v.check_name, v.scope, v.detail FROM sto.verify() v WHERE NOT v.ok;
CREATE FUNCTION sto_test.tampered(change text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto.begin_maintenance('test');
    EXECUTE change;
    RETURN QUERY SELECT concat_ws(' ', v.check_name, v.scope, sto_test.named(v.detail)) FROM sto.verify(false, '{cases,authority,event_signatures,holds,links,stops,eligibility,closed,register}') v WHERE NOT v.ok;
    RAISE SQLSTATE 'YY001';
EXCEPTION WHEN SQLSTATE 'YY001' THEN
    RETURN;
END $$;
SELECT x.change, t.said
  FROM (VALUES ($$UPDATE sto.transfer SET undoes = undoes + 1 WHERE kind = 'reverse' AND amount = '100'$$),
               ($$UPDATE sto.event SET body = replace(body::text, '"undoes": ', '"undoes": 1')::json WHERE kind = 'case' AND subject = sto_test.id('undo')$$),
               ($$UPDATE sto.transfer t SET undoes = x.undoes, amount = x.amount FROM sto.transfer x WHERE t.kind = 'reverse' AND t.amount = '50' AND x.kind = 'reverse' AND x.amount = '100'$$),
               ($$DELETE FROM sto.event WHERE kind = 'case_approve' AND subject = sto_test.id('freeze')$$),
               ($$UPDATE sto.transfer SET ordering_party = sto_test.id('registrar') WHERE kind = 'release' AND amount = '150'$$),
               ($$UPDATE sto.transfer SET release_after = '2099-01-01' WHERE purpose = 'freeze'$$),
               ($$UPDATE sto.transfer SET checked_once = true WHERE purpose = 'seizure' AND credit_wallet IS NOT NULL$$)) AS x (change),
       LATERAL sto_test.tampered(x.change) AS t (said);
\c template1
DROP DATABASE sto_regress_enforcement_holds;
