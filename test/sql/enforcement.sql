-- Enforcement: cases of two officers, forced transfers, what they pass and what they don't, and the holds that they break.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_enforcement;
CREATE DATABASE sto_regress_enforcement TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_enforcement
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

-- Opened, approved, carried out
SELECT sto_test.open_case('first', 'force', sto_test.force('30')) AS first \gset
SELECT approved, refused, used, opened_by = sto_test.id('enforcer'), approved_by, act, basis, amount, holds FROM sto.case;
SELECT sto_test.decide_case('first') > 0;
SELECT approved > case_event, approved_by = sto_test.id('second'), used FROM sto.case;
SELECT sto_test.enforce_case('first') AS entry \gset
SELECT used = :entry, kind, authority_event = case_event, attachment_hash = document_hash, key_policy = (SELECT policy_event FROM sto.party WHERE party_id = sto_test.id('enforcer'))
  FROM sto.case JOIN sto.transfer t ON t.entry_id = used;
SELECT sto_test.shown('alice/1'), sto_test.shown('bob/1');

-- What a case must state
SELECT x.field, sto_test.would(format($$SELECT sto_test.open_case('bad', 'force', %L)$$, sto_test.force('1') - x.field))
  FROM unnest('{token,debit,credit,amount}'::text[]) AS x (field);
SELECT x.what, sto_test.would(format($$SELECT sto_test.open_case('bad', %L, %L, 'enforcer', %L)$$, x.act, sto_test.force('1', x.extra), x.basis))
  FROM (VALUES ('fields', 'force', '{"undoes": 1}'::jsonb, 'court'), ('act', 'gift', '{}', 'court'), ('basis', 'force', '{}', 'suspicion'), ('basis', 'force', '{}', 'recovery'),
               ('basis', 'force', '{}', 'succession'), ('amount', 'force', '{"amount": "0"}', 'law'), ('amount', 'force', '{"amount": "-1"}', 'law'), ('amount', 'force', '{"amount": 1}', 'law'),
               ('wallet', 'force', '{"debit": "nowhere"}', 'law'), ('wallet', 'force', '{"credit": "nowhere"}', 'law'), ('wallet', 'force', '{"credit": "ACME"}', 'law'),
               ('wallet', 'force', '{"debit": "ACME"}', 'law'), ('wallet', 'force', '{"credit": "alice/1"}', 'law'), ('token', 'force', '{"token": "nothing"}', 'law'),
               ('holds', 'force', '{"holds": []}', 'law'), ('holds', 'force', '{"holds": [999999]}', 'law'), ('holds', 'force', '{"holds": ["1"]}', 'law'),
               ('time', 'force', '{"valid_until": 1}', 'law'), ('time', 'force', '{"not_before": 4102444800000000, "valid_until": 4102444800000000}', 'law'),
               ('time', 'force', '{"not_before": 4102444800000000, "valid_until": 4102444800000001}', 'law')) AS x (what, act, extra, basis);
-- who may open it, who may decide
SELECT x.who, sto_test.would(format($$SELECT sto_test.open_case('bad', 'force', sto_test.force('1'), %L)$$, x.who)) FROM unnest('{acme,registrar,agent,venue,third}'::text[]) AS x (who);
SELECT sto_test.open_case('again', 'force', sto_test.force('5')) > 0;
SELECT sto_test.try($$SELECT sto_test.open_case('again', 'force', sto_test.force('5'))$$) ~ '^ST209';
SELECT x.who, sto_test.would(format($$SELECT sto_test.decide_case('again', %L)$$, x.who)) FROM unnest('{enforcer,acme,registrar,agent,venue,third}'::text[]) AS x (who);
SELECT x.who, sto_test.would(format($$SELECT sto_test.decide_case('again', %L, false)$$, x.who)) FROM unnest('{enforcer,acme,third}'::text[]) AS x (who);
SELECT sto_test.try($$SELECT sto_test.decide_case('nothing')$$) ~ '^ST216.*is not a case of the register$', sto_test.try($$SELECT sto_test.decide_case('alice')$$) ~ '^ST216';
SELECT sto_test.try($$SELECT sto_test.event('case_approve', sto_test.id('again'), sto_test.id('second'), '{"approved": true}', '{31}')$$) ~ '^ST103',
       sto_test.try($$SELECT sto_test.event('case', sto_test.id('unsigned'), sto_test.id('enforcer'), sto.force_body(sto_test.id('ACME'), sto_test.address('alice/1'),
           sto_test.address('bob/1'), '1', 'law', repeat('cd', 32)::sto.digest)::text, '{}')$$);

-- Nothing without an approval, nor beside it
SELECT sto_test.would($$SELECT sto_test.enforce_case('again')$$);
SELECT sto_test.decide_case('again', 'third') > 0;
SELECT sto_test.try($$SELECT sto_test.decide_case('again', 'second')$$);
SELECT x.change, sto_test.would(format($$SELECT sto_test.enforce_case('again', %L)$$, x.change))
  FROM (VALUES ('{"amount": "4"}'::jsonb), ('{"amount": "6"}'), ('{"debit_wallet": "alice/2"}'), ('{"credit_wallet": "carol/1"}'), ('{"token_id": "OTHER"}'),
               (jsonb_build_object('attachment_hash', repeat('ab', 32))), ('{"attachment_hash": null}'), ('{"kind": "transfer"}'),
               ('{"undoes": 1}'), ('{"hold_id": 1}'), ('{"purpose": "pledge"}'), ('{"keep_rest": true}'), ('{"credit_wallet": null}'),
               ('{"valid_until": "2001-01-01"}'), ('{"reference": "order 7"}')) AS x (change);
SELECT x.officer, sto_test.would(format($$SELECT sto_test.enforce_case('again', '{}', %L)$$, x.officer)) FROM unnest('{enforcer,third,second,agent,acme}'::text[]) AS x (officer);
-- signed by somebody else, by nobody, citing nothing, a batch's or another case
SELECT sto_test.try($$SELECT sto_test.insert_order(o, sto_test.signatures(sto_test.order_message(o), '{32}'), o.authority_event) FROM sto.case_order($$ || case_event || $$, sto_test.id('enforcer'), gen_random_uuid()) AS o$$),
       sto_test.try($$SELECT sto_test.insert_order(o, NULL, o.authority_event) FROM sto.case_order($$ || case_event || $$, sto_test.id('enforcer'), gen_random_uuid()) AS o$$),
       sto_test.try($$SELECT sto_test.insert_order(o, sto_test.signatures(sto_test.order_message(o), '{31}'), NULL) FROM sto.case_order($$ || case_event || $$, sto_test.id('enforcer'), gen_random_uuid()) AS o$$),
       sto_test.try($$SELECT sto_test.insert_order(o, sto_test.signatures(sto_test.order_message(o), '{31}'), 1) FROM sto.case_order($$ || case_event || $$, sto_test.id('enforcer'), gen_random_uuid()) AS o$$)
  FROM sto.case WHERE case_id = sto_test.id('again');
SELECT sto_test.try($$SELECT sto_test.enforce_case('again', cited => 'first')$$);
-- no token policy frees it from its signature
SELECT sto_test.event('token_policy', sto_test.id('ACME'), sto_test.id('acme'), '{"unsigned_role": "postgres"}') > 0;
SELECT sto_test.try($$SELECT sto_test.insert_order(o, NULL, o.authority_event) FROM sto.case_order($$ || case_event || $$, sto_test.id('enforcer'), gen_random_uuid()) AS o$$)
  FROM sto.case WHERE case_id = sto_test.id('again');
SELECT sto_test.event('token_policy', sto_test.id('ACME'), sto_test.id('acme'), '{"unsigned_role": null}') > 0;
-- an officer who is one no more; the other carries it out, once
SELECT sto_test.grant_capability('enforcer', 'enforcer', false) > 0;
SELECT sto_test.try($$SELECT sto_test.enforce_case('again')$$);
SELECT sto_test.enforce_case('again', officer => 'third') > 0, sto_test.grant_capability('enforcer', 'enforcer') > 0;
SELECT sto_test.try($$SELECT sto_test.enforce_case('again')$$), sto_test.try($$SELECT sto_test.enforce_case('again', officer => 'third')$$);
SELECT sto_test.try($$SELECT sto_test.decide_case('again', 'second', false)$$);
-- an equal order is answered as a repeat, used up or not
SELECT sto_test.open_case('repeat', 'force', sto_test.force('1')) > 0, sto_test.decide_case('repeat') > 0;
SELECT sto_test.enforce_case('repeat', jsonb_build_object('order_id', sto_test.id('order 1'))) > 0;
SELECT sto_test.enforce_case('repeat', jsonb_build_object('order_id', sto_test.id('order 1'))) IS NULL;
-- refused, at once or after an approval, by any other officer, for good
SELECT sto_test.open_case('refused', 'force', sto_test.force('1')) > 0, sto_test.decide_case('refused', approved => false) > 0;
SELECT sto_test.try($$SELECT sto_test.enforce_case('refused')$$), sto_test.try($$SELECT sto_test.decide_case('refused', 'third')$$);
SELECT sto_test.open_case('taken back', 'force', sto_test.force('1')) > 0, sto_test.decide_case('taken back') > 0, sto_test.decide_case('taken back', 'third', false) > 0;
SELECT sto_test.try($$SELECT sto_test.enforce_case('taken back')$$);
-- in its time
SELECT sto_test.open_case('short', 'force', sto_test.force('1', jsonb_build_object('valid_until', sto_test.micros(clock_timestamp() + interval '300 ms')))) > 0,
       sto_test.decide_case('short') > 0, pg_sleep(0.3);
SELECT sto_test.try($$SELECT sto_test.enforce_case('short')$$);
SELECT sto_test.open_case('late', 'force', sto_test.force('1', jsonb_build_object('not_before', sto_test.micros(clock_timestamp() + interval '300 ms')))) > 0, sto_test.decide_case('late') > 0;
SELECT sto_test.try($$SELECT sto_test.enforce_case('late')$$), pg_sleep(0.3);
SELECT sto_test.enforce_case('late') > 0;

-- What it passes: a pause, a frozen or closed holder, claims, documents; what it doesn't: a frozen or closed receiver
SELECT sto_test.open_case('table', 'force', sto_test.force('1')) > 0, sto_test.decide_case('table') > 0;
CREATE FUNCTION sto_test.table() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT x.what || ': ' || sto_test.would(format('SELECT %s, sto_test.enforce_case(''table'')', x.act))
      FROM (VALUES ('nothing', '1'), ('token paused', 'sto_test.pause(''ACME'', ''acme'')'), ('token paused by an enforcer', 'sto_test.pause(''ACME'', ''third'')'),
                   ('holder''s wallet frozen', 'sto_test.freeze_wallet(''alice/1'')'), ('holder frozen', 'sto_test.freeze_party(''alice'')'),
                   ('holder closed', 'sto_test.event(''party_status'', sto_test.id(''alice''), sto_test.id(''registrar''), ''{"status": "closed"}'')'),
                   ('claims', 'sto_test.topics(''ACME'', ''{kyc}'', ''{"receiver_only": false}'')'), ('document', 'sto_test.document(''ACME'', ''Terms'', ''1'')'),
                   ('receiver''s wallet frozen', 'sto_test.freeze_wallet(''bob/1'')'), ('receiver frozen', 'sto_test.freeze_party(''bob'')'),
                   ('receiver closed', 'sto_test.event(''party_status'', sto_test.id(''bob''), sto_test.id(''registrar''), ''{"status": "closed"}'')'),
                   ('officer frozen', 'sto_test.freeze_party(''enforcer'', actor => ''second'')'),
                   ('officer closed', 'sto_test.event(''party_status'', sto_test.id(''enforcer''), sto_test.id(''registrar''), ''{"status": "closed"}'')'),
                   ('token closed', 'sto_test.event(''token_status'', sto_test.id(''ACME''), sto_test.id(''acme''), ''{"status": "closed"}'')')) AS x (what, act) $$;
SELECT sto_test.table();
-- A frozen holder's wallet is as frozen afterwards
SELECT sto_test.freeze_wallet('alice/1') > 0, sto_test.enforce_case('table') > 0;
SELECT stopped, wallet = sto_test.address('alice/1') FROM sto.restriction;
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
SELECT sto_test.freeze_wallet('alice/1', false) > 0;

-- Holds: none that the case does not name; of those that it names, what is lacking, in its order
SELECT sto_test.hold('ACME', 'alice/1', '300', 'pledge', '{"credit_wallet": "bob/1"}') AS h1, sto_test.hold('ACME', 'alice/1', '200', 'lock_up', '{"release_after": "2099-01-01"}') AS h2,
       sto_test.hold('ACME', 'alice/1', '100', 'pledge', '{"credit_wallet": "carol/1"}') AS h3, sto_test.hold('ACME', 'bob/1', '10', 'pledge', '{"credit_wallet": "alice/1"}') AS others \gset
SELECT sto_test.shown('alice/1');
SELECT sto_test.open_case('none', 'force', sto_test.force('500')) > 0, sto_test.decide_case('none') > 0;
SELECT sto_test.try($$SELECT sto_test.enforce_case('none')$$);
SELECT sto_test.try(format($$SELECT sto_test.open_case('bad', 'force', sto_test.force('1', '{"holds": [%s, %s]}'))$$, :h1, :h1)),
       sto_test.try(format($$SELECT sto_test.open_case('bad', 'force', sto_test.force('1', '{"holds": [%s]}'))$$, :others));
-- what is free comes first
SELECT sto_test.enforce('free', 'force', sto_test.force('10', jsonb_build_object('holds', ARRAY[:h1, :h2]))) > 0;
SELECT sto_test.shown('alice/1'), array_agg(remaining ORDER BY hold_id) FROM sto.hold;
SELECT sto_test.enforce('part', 'force', sto_test.force((balance - held + 50)::text, jsonb_build_object('holds', ARRAY[:h3, :h1]))) > 0 FROM sto.position WHERE wallet = sto_test.address('alice/1');
SELECT sto_test.shown('alice/1'), array_agg(remaining ORDER BY hold_id) FROM sto.hold;
SELECT sto_test.enforce('two', 'force', sto_test.force('150', jsonb_build_object('holds', ARRAY[:h3, :h1]))) > 0;
SELECT sto_test.shown('alice/1'), array_agg(remaining ORDER BY hold_id) FROM sto.hold;
-- more than those named have; what is left of a broken hold stays what it is
SELECT sto_test.open_case('more', 'force', sto_test.force('201', jsonb_build_object('holds', ARRAY[:h1]))) > 0, sto_test.decide_case('more') > 0;
SELECT sto_test.try($$SELECT sto_test.enforce_case('more')$$);
SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', 'bob/1', 'amount', '30', 'hold_id', :h1, 'ordering_party', 'bob', 'keep_rest', true), '{22}') > 0;
SELECT sto_test.try(format($$SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', 'bob/1', 'amount', '171', 'hold_id', %s, 'ordering_party', 'bob'), '{22}')$$, :h1));
SELECT sto_test.enforce('once more', 'force', sto_test.force('100', jsonb_build_object('holds', ARRAY[:h1, :h2]))) > 0;
SELECT sto_test.post(jsonb_build_object('kind', 'release', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'amount', '20', 'hold_id', :h1, 'ordering_party', 'bob'), '{22}') > 0;
SELECT sto_test.shown('alice/1'), array_agg(remaining ORDER BY hold_id) FROM sto.hold;
SELECT e.hold_id = :h1 AS h1, e.hold_id = :h3 AS h3, e.amount FROM sto.case_effect() e;
-- expired holds are released first, as for any order
SELECT sto_test.hold('ACME', 'alice/1', '20', 'pledge', jsonb_build_object('credit_wallet', 'bob/1', 'release_after', clock_timestamp() + interval '200 ms')) > 0, pg_sleep(0.2);
SELECT sto_test.enforce('swept', 'force', sto_test.force('20')) > 0;
SELECT kind, amount FROM sto.transfer ORDER BY entry_id DESC LIMIT 2;
-- on the death of a holder: to the heir, who holds a wallet of his own
SELECT sto_test.open_case('estate', 'force', sto_test.force('50', jsonb_build_object('debit', 'bob/1', 'credit', 'carol/1')), 'enforcer', 'succession') > 0, sto_test.decide_case('estate') > 0;
SELECT sto_test.event('party_status', sto_test.id('bob'), sto_test.id('registrar'), '{"status": "closed"}') > 0, sto_test.enforce_case('estate') > 0;
SELECT sto_test.shown('carol/1');
SELECT sto_test.event('party_status', sto_test.id('bob'), sto_test.id('registrar'), '{"status": "active"}') > 0;

-- In one statement: the second of two entries under one case is refused, and so the first is undone; one after a savepoint stands
SELECT sto_test.open_case('bulk', 'force', sto_test.force('1', '{"debit": "bob/1", "credit": "alice/1"}')) > 0, sto_test.decide_case('bulk') > 0;
SELECT count(*) AS entries FROM sto.transfer \gset
SELECT sto_test.try($$SELECT count(sto_test.enforce_case('bulk')) FROM generate_series(1, 2)$$), count(*) = :entries FROM sto.transfer;
SELECT used IS NULL FROM sto.case WHERE case_id = sto_test.id('bulk');
BEGIN;
SAVEPOINT s;
SELECT sto_test.enforce_case('bulk') > 0;
ROLLBACK TO s;
SELECT sto_test.enforce_case('bulk') > 0;
COMMIT;
SELECT sto_test.check_invariants();

-- By the functions that a client calls
SELECT sto.force_body(sto_test.id('ACME'), sto_test.address('bob/1'), sto_test.address('carol/1'), '7', 'administrative', repeat('cd', 32)::sto.digest) AS body \gset
SELECT sto.open_case(sto_test.id('easy'), sto_test.id('enforcer'), :'body', sto_test.signatures(sto.act_message('case', sto_test.id('easy'), sto_test.id('enforcer'), :'body'), '{31}')) AS easy \gset
SELECT sto.approve_case(sto_test.id('easy'), sto_test.id('third'), sto.case_approval_body(),
    sto_test.signatures(sto.act_message('case_approve', sto_test.id('easy'), sto_test.id('third'), sto.case_approval_body()), '{33}')) > :easy;
SELECT repeated FROM sto.enforce(:easy, sto_test.id('third'), sto_test.id('order 2'),
    sto_test.signatures(sto.order_message(sto.case_order(:easy, sto_test.id('third'), sto_test.id('order 2'))), '{33}'));
SELECT sto_test.shown('carol/1');
SELECT sto_test.try('SELECT sto.case_order(999999, sto_test.id(''third''), sto_test.id(''order 2''))');

-- Who is to lose units is not told beforehand, nor by the plan of a query; the table is not his to query
CREATE FUNCTION sto_test.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, BUFFERS off, TIMING off, SUMMARY off) ' || query LOOP
        plan := plan || line || E'\n';
    END LOOP;
    RETURN plan;
END $$;
GRANT USAGE ON SCHEMA sto_test TO PUBLIC;
CREATE ROLE sto_regress_concerned;
SELECT sto.map_role('sto_regress_concerned', sto_test.id('alice')), format('SELECT FROM sto.cases() WHERE debit_wallet = %L', sto_test.address('alice/1')) AS query \gset
SELECT count(*) AS before FROM sto.case \gset
SET ROLE sto_regress_concerned;
SELECT count(*) AS seen, sto_test.plan_of(:'query') AS plan FROM sto.cases() \gset
RESET ROLE;
SELECT sto_test.open_case('to come', 'force', sto_test.force('3')) AS to_come \gset
SET ROLE sto_regress_concerned;
SELECT :seen > 0, :seen < :before, count(*) = :seen, count(*) FILTER (WHERE used IS NULL), sto_test.plan_of(:'query') = :'plan' FROM sto.cases();
SELECT count(*) FROM sto.cases(:to_come);
SELECT sto_test.try(format('SELECT sto.case_order(%s, gen_random_uuid(), gen_random_uuid())', :to_come));
EXPLAIN ANALYZE SELECT FROM sto.case;
RESET ROLE;
SELECT sto.unmap_role('sto_regress_concerned');
DROP ROLE sto_regress_concerned;

-- From the log alone, and what sto.verify() sees of what no gate lets in
SELECT v.check_name, v.scope, v.detail FROM sto.verify() v WHERE NOT v.ok;
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
  FROM (VALUES ($$DELETE FROM sto.event WHERE kind = 'case_approve' AND subject = sto_test.id('first')$$),
               ($$UPDATE sto.event SET actor = sto_test.id('enforcer') WHERE kind = 'case_approve' AND subject = sto_test.id('first')$$),
               ($$UPDATE sto.event SET body = '{"approved":false}' WHERE kind = 'case_approve' AND subject = sto_test.id('first')$$),
               ($$UPDATE sto.event SET body = replace(body::text, '"30"', '"29"')::json WHERE kind = 'case' AND subject = sto_test.id('first')$$),
               ($$UPDATE sto.event SET body = replace(body::text, '"court"', '"whim"')::json WHERE kind = 'case' AND subject = sto_test.id('first')$$),
               ($$UPDATE sto.event SET entry_id = 900000 WHERE kind = 'case_approve' AND subject = sto_test.id('first')$$),
               ($$UPDATE sto.transfer SET authority_event = (SELECT case_event FROM sto.case WHERE case_id = sto_test.id('free')) WHERE entry_id = (SELECT used FROM sto.case WHERE case_id = sto_test.id('first'))$$),
               ($$UPDATE sto.transfer SET authority_event = NULL WHERE kind = 'force' AND amount = '30'$$),
               ($$UPDATE sto.transfer SET ordering_party = sto_test.id('third') WHERE kind = 'force' AND amount = '30'$$),
               ($$UPDATE sto.event SET body = replace(body::text, '"holds"', '"hoards"')::json WHERE kind = 'case' AND subject = sto_test.id('part')$$),
               ($$UPDATE sto.case SET used = NULL WHERE case_id = sto_test.id('first')$$),
               ($$UPDATE sto.case SET act = 'seizure', amount = '1' WHERE case_id = sto_test.id('first')$$),
               ($$UPDATE sto.hold SET remaining = '1' WHERE remaining > '1'$$)) AS x (change),
       LATERAL sto_test.tampered(x.change) AS t (said);
\c template1
DROP DATABASE sto_regress_enforcement;
