-- Enforcement: a pledge posted to its beneficiary by officers, in the beneficiary's place.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_enforcement_pledge;
CREATE DATABASE sto_regress_enforcement_pledge TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_enforcement_pledge
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
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '10') > 0, sto_test.officer('second agent', 36, 'recovery_agent') IS NOT NULL, sto_test.wallet('bob/2', 'bob', '{37}') IS NOT NULL;
SELECT sto_test.hold('ACME', 'alice/1', '400', 'pledge', '{"credit_wallet": "bob/1"}') AS pledge, sto_test.hold('ACME', 'alice/1', '30', 'pledge', '{"credit_wallet": "bob/1"}') AS other,
       sto_test.hold('ACME', 'alice/1', '20', 'lock_up', '{"release_after": "2099-01-01"}') AS locked, sto_test.hold('ACME', 'bob/1', '1', 'pledge', '{"credit_wallet": "carol/1"}') AS elsewhere,
       sto_test.enforce('seize', 'seizure', '{"token": "ACME", "debit": "alice/1", "credit": "bob/1", "amount": "10"}') AS seized \gset

-- A case of post names the one pledge that it posts
CREATE FUNCTION sto_test.of(hold bigint, extra jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('token', 'ACME', 'debit', 'alice/1', 'credit', 'bob/1', 'amount', '100', 'holds', ARRAY[hold]) || extra $$;
SELECT x.what, sto_test.would(format($$SELECT sto_test.open_case('bad', 'post', %L)$$, x.body))
  FROM (VALUES ('none', sto_test.of(:pledge) - 'holds'), ('two', sto_test.of(:pledge, jsonb_build_object('holds', ARRAY[:pledge, :other]))), ('no list', sto_test.of(:pledge, '{"holds": []}')),
               ('a lock-up', sto_test.of(:locked)), ('a seizure', sto_test.of(:seized)), ('another wallet''s', sto_test.of(:elsewhere)), ('nothing', sto_test.of(999999)),
               ('no receiver', sto_test.of(:pledge) - 'credit'), ('no amount', sto_test.of(:pledge) - 'amount'), ('undoes', sto_test.of(:pledge, '{"undoes": 1}')), ('the pledge', sto_test.of(:pledge))) AS x (what, body);
SELECT sto_test.would(format($$SELECT sto_test.open_case('bad', 'post', %L, basis => 'succession')$$, sto_test.of(:pledge))), sto_test.would(format($$SELECT sto_test.open_case('bad', 'post', %L, officer => 'agent')$$, sto_test.of(:pledge)));

-- An enforcer's word alone is not enough, nor his colleague's, and the entry is what both decided
CREATE FUNCTION sto_test.posted(hold bigint, amount text, who text, extra jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', 'bob/1', 'amount', amount, 'hold_id', hold, 'keep_rest', true, 'ordering_party', who) || extra,
        sto_test.seeds_of(CASE who WHEN 'bob' THEN 'bob/1' ELSE who END)) $$;
SELECT sto_test.would(format($$SELECT sto_test.posted(%s, '100', 'enforcer')$$, :pledge));
SELECT sto_test.open_case('post', 'post', sto_test.of(:pledge)) > 0, sto_test.would($$SELECT sto_test.enforce_case('post')$$), sto_test.decide_case('post') > 0;
SELECT sto_test.open_case('force', 'force', sto_test.of(:pledge)) > 0, sto_test.decide_case('force') > 0;
SELECT x.change - 'hold_id', sto_test.would(format($$SELECT sto_test.enforce_case('post', %L)$$, x.change))
  FROM (VALUES ('{"amount": "99"}'::jsonb), ('{"keep_rest": null}'), ('{"keep_rest": false}'), (jsonb_build_object('hold_id', :other)), ('{"credit_wallet": "carol/1"}'), ('{"attachment_hash": null}'),
               ('{"kind": "force", "hold_id": null, "keep_rest": null}'), ('{"kind": "release", "credit_wallet": null, "keep_rest": null}'), (jsonb_build_object('hold_id', :seized)), ('{}')) AS x (change);
SELECT sto_test.would($$SELECT sto_test.enforce_case('post', officer => 'third')$$), sto_test.would($$SELECT sto_test.enforce_case('post', cited => 'force')$$),
       sto_test.would($$SELECT sto_test.insert_order(o, NULL, o.authority_event) FROM sto.case c, sto.case_order(c.case_event, sto_test.id('enforcer'), gen_random_uuid()) o WHERE c.case_id = sto_test.id('post')$$);
-- what the beneficiary signs may not lean on it
SELECT sto_test.would(format($$SELECT sto_test.enforce_case('post', '{"ordering_party": %s}', 'bob/1')$$, to_json(sto_test.id('bob'))));

-- It is a post: what stops the beneficiary's stops it
SELECT x.what, sto_test.would(format('SELECT %s, sto_test.enforce_case(''post'')', x.act))
  FROM (VALUES ('token paused', 'sto_test.pause(''ACME'', ''acme'')'), ('claims', 'sto_test.topics(''ACME'', ''{kyc}'', ''{"receiver_only": false}'')'), ('holder''s wallet frozen', 'sto_test.freeze_wallet(''alice/1'')'),
               ('holder frozen', 'sto_test.freeze_party(''alice'')'), ('receiver''s wallet frozen', 'sto_test.freeze_wallet(''bob/1'')'), ('officer frozen', 'sto_test.freeze_party(''enforcer'')'),
               ('holder closed', 'sto_test.event(''party_status'', sto_test.id(''alice''), sto_test.id(''registrar''), ''{"status": "closed"}'')')) AS x (what, act);

-- It takes out of the pledge, whatever else is free, and the rest stays pledged
SELECT sto_test.shown('alice/1'), sto_test.shown('bob/1');
SELECT sto_test.enforce_case('post') AS posted \gset
SELECT sto_test.shown('alice/1'), sto_test.shown('bob/1');
SELECT kind, hold_id = :pledge, keep_rest, authority_event = c.case_event, c.used = :posted FROM sto.transfer t, sto.case c WHERE t.entry_id = :posted AND c.case_id = sto_test.id('post');
SELECT remaining FROM sto.hold WHERE hold_id IN (:pledge, :other) ORDER BY hold_id;
SELECT sto_test.try($$SELECT sto_test.enforce_case('post')$$), sto_test.posted(:pledge, '50', 'bob') > 0;
-- a list that the beneficiary signs at once may post pledges as before
CREATE TABLE sto_test.list AS SELECT o FROM sto_test.make_order(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', 'bob/1', 'amount', '25', 'hold_id', :pledge, 'keep_rest', true, 'ordering_party', 'bob')) o;
SELECT sto_test.event('batch', gen_random_uuid(), sto_test.id('bob/1'), (SELECT sto.batch_body(sto_test.id('ACME'), 1, '25', sto.batch_hash(sto_test.order_message(l.o)))::text FROM sto_test.list l)) AS batch \gset
SELECT sto_test.insert_order(l.o, NULL, :batch) > 0 FROM sto_test.list l;
SELECT sto_test.would(format($$SELECT sto_test.posted(%s, '300', 'bob')$$, :pledge));
-- the body by its function, all that is left of the pledge; posted by the other officer's function call
SELECT sto.post_body(:pledge, 'contract', repeat('ab', 32)::sto.digest)::jsonb - 'document_hash' - 'token' = jsonb_build_object('act', 'post', 'basis', 'contract', 'debit', sto_test.address('alice/1'), 'credit', sto_test.address('bob/1'), 'amount', '225', 'holds', ARRAY[:pledge]),
       sto.post_body(:pledge, 'law', repeat('ab', 32)::sto.digest, '7')->>'amount', sto.post_body(999999, 'law', repeat('ab', 32)::sto.digest);
SELECT sto_test.event('case', sto_test.id('rest'), sto_test.id('enforcer'), sto.post_body(:pledge, 'contract', sto_test.salt('rest')::sto.digest)::text) AS rest, sto_test.decide_case('rest') AS decided \gset
SELECT e.entry_id > 0, e.repeated FROM sto.case_order(:rest, sto_test.id('second'), md5('rest')::uuid) o,
       sto.enforce(:rest, o.ordering_party, o.order_id, sto_test.signatures(sto_test.order_message(o), sto_test.seeds_of('second'))) e;
SELECT sto_test.shown('alice/1'), remaining FROM sto.hold WHERE hold_id = :pledge;
-- to the wallet that succeeded one whose keys were lost
SELECT sto_test.recover('lost', 'bob/1', 'bob/2') > 0;
SELECT sto.post_body(:other, 'law', repeat('ab', 32)::sto.digest)->>'credit' = sto_test.address('bob/2')::text;
SELECT sto_test.try(format($$SELECT sto_test.enforce('to the lost wallet', 'post', %L)$$, sto_test.of(:other, '{"amount": "30"}'))), sto_test.enforce('to its heir', 'post', sto_test.of(:other, '{"amount": "30", "credit": "bob/2"}')) > 0;
SELECT sto_test.check_invariants();

-- From the log alone, and what sto.verify() sees of what no gate lets in
CREATE TABLE sto_test.cases AS TABLE sto.case;
CREATE TABLE sto_test.holds AS TABLE sto.hold;
SELECT sto.rebuild() = (SELECT count(*) FROM sto.log);
SELECT count(*) FROM ((TABLE sto.case EXCEPT TABLE sto_test.cases) UNION ALL (TABLE sto_test.cases EXCEPT TABLE sto.case)) x;
SELECT count(*) FROM ((TABLE sto.hold EXCEPT TABLE sto_test.holds) UNION ALL (TABLE sto_test.holds EXCEPT TABLE sto.hold)) x;
SELECT v.check_name, v.scope, v.detail FROM sto.verify() v WHERE NOT v.ok;
CREATE FUNCTION sto_test.tampered(change text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto.begin_maintenance('test');
    EXECUTE change;
    RETURN QUERY SELECT concat_ws(' ', v.check_name, v.scope, sto_test.named(v.detail)) FROM sto.verify(false, '{cases,authority,batches,register}') v WHERE NOT v.ok;
    RAISE SQLSTATE 'YY001';
EXCEPTION WHEN SQLSTATE 'YY001' THEN
    RETURN;
END $$;
SELECT x.change, t.said
  FROM (VALUES ($$UPDATE sto.transfer SET keep_rest = NULL WHERE kind = 'post' AND amount = '100'$$),
               ($$UPDATE sto.transfer SET hold_id = (SELECT max(hold_id) FROM sto.hold WHERE purpose = 'pledge') WHERE kind = 'post' AND amount = '100'$$),
               ($$UPDATE sto.transfer SET ordering_party = sto_test.id('third') WHERE kind = 'post' AND amount = '100'$$),
               ($$UPDATE sto.transfer SET ordering_party = sto_test.id('bob'), authority_event = NULL WHERE kind = 'post' AND amount = '100'$$),
               ($$UPDATE sto.transfer t SET authority_event = x.authority_event FROM sto.transfer x WHERE t.kind = 'post' AND t.amount = '50' AND x.kind = 'post' AND x.amount = '100'$$),
               ($$DELETE FROM sto.event WHERE kind = 'case_approve' AND subject = sto_test.id('post')$$),
               ($$UPDATE sto.transfer SET purpose = 'lock_up' WHERE kind = 'hold' AND amount = '400'$$)) AS x (change),
       LATERAL sto_test.tampered(x.change) AS t (said);
\c template1
DROP DATABASE sto_regress_enforcement_pledge;
