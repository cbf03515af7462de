-- What custom rules say of force, recover and reverse: it stops nothing, and is recorded as an event.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_rules_heard;
CREATE DATABASE sto_regress_rules_heard TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_rules_heard
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\set ECHO none
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
\i :srcdir/signer/said.sql
\i :srcdir/signer/rules.sql
\i :srcdir/signer/custom.sql
\set ECHO all
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SELECT sto_test.begin_rules();
SELECT num_nonnulls(sto_test.officer('enforcer', 60, 'enforcer'), sto_test.officer('second', 61, 'enforcer'), sto_test.officer('agent', 33, 'recovery_agent'),
    sto_test.officer('second agent', 34, 'recovery_agent'));
CREATE SCHEMA acme;
-- what the log has: each finding with the rule's number, and how far from its entry
CREATE FUNCTION sto_test.findings(since bigint) RETURNS TABLE (after_entry bigint, rule bigint, says text) LANGUAGE sql AS $$
    SELECT e.entry_id - b.entry, b.number, coalesce(b.reason, 'failed: ' || b.state)
      FROM sto.event e, json_to_record(e.body) AS b (entry bigint, number bigint, reason text, state text)
     WHERE e.kind = 'finding' AND e.entry_id > since AND e.signatures IS NULL AND e.actor = '00000000-0000-0000-0000-000000000000'
     ORDER BY e.entry_id
$$;
CREATE FUNCTION sto_test.overrides(entry bigint) RETURNS TABLE (number smallint, rule text, label text, detail text) LANGUAGE sql AS $$
    SELECT o.number, o.rule, o.label, o.detail FROM sto.override o WHERE o.entry_id = entry ORDER BY o.number
$$;

-- Several rules: one has a reason, one is native, one has none, one fails, one is gone by then, one is about issues, one exempts who receives, one has an
-- empty reason, one is no longer what was signed
SELECT sto_test.says('objects', $$E'no "forced"\nmoves: \\ é' || repeat('.', 400)$$), sto_test.says('agrees', 'NULL'), sto_test.says('fails', $$(1 / (amount = '0')::int)::text$$), sto_test.says('empty', $$''$$), sto_test.says('gone', 'NULL'), sto_test.says('other', 'NULL');
SELECT sto_test.rules('ACME', jsonb_build_array(sto_test.asks('objects', '{"label": "court"}'), '{"rule": "granularity", "units": "7"}'::jsonb, sto_test.asks('agrees'), sto_test.asks('fails'),
    sto_test.asks('gone'), sto_test.asks('objects', '{"kinds": ["issue"]}'), sto_test.asks('objects', '{"exempt": ["bob"]}'),
    sto_test.asks('empty'), sto_test.asks('other'))) AS set_by \gset
DROP FUNCTION acme.gone;
ALTER FUNCTION acme.other SET work_mem = '1MB';
SELECT sto_test.enforce('c1', 'force', '{"token": "ACME", "debit": "alice/1", "credit": "bob/1", "amount": "10"}') AS forced \gset
SELECT sto_test.balance('ACME', 'bob/1');
SELECT after_entry, rule, left(says, 60), length(says) FROM sto_test.findings(0);
SELECT number, rule, label, left(detail, 60) FROM sto_test.overrides(:forced);
SELECT body::jsonb - 'definition' - 'entry' - 'rule_set' - 'reason', body->>'definition' = sto_test.definition('acme.objects'), (body->>'rule_set')::bigint = :set_by FROM sto.event WHERE kind = 'finding' AND body->>'number' = '1';
SELECT number, rule, label, result, "limit", left(detail, 30) FROM sto.explain_entry(:forced);
SELECT sto_test.faults();

-- Of reverse and recover too; of none but these
SELECT sto_test.rules('ACME', jsonb_build_array(sto_test.asks('agrees'))) IS NOT NULL;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '5') AS wrong \gset
SELECT sto_test.says('named', $$kind || ' of ' || amount::text || CASE WHEN debit_party = credit_party THEN ' to himself' ELSE '' END$$);
SELECT sto_test.rules('ACME', jsonb_build_array(sto_test.asks('named'))) IS NOT NULL;
SELECT max(entry_id) AS mark FROM sto.event \gset
SELECT sto_test.enforce('c2', 'reverse', jsonb_build_object('token', 'ACME', 'debit', 'bob/1', 'credit', 'alice/1', 'amount', '5', 'undoes', :wrong)) > 0;
SELECT sto_test.recover('c3', 'alice/1', 'alice/2') > 0;
SELECT sto_test.enforce('c4', 'seizure', '{"token": "ACME", "debit": "bob/1", "credit": "carol/1", "amount": "1"}') > 0;
SELECT sto_test.say('transfer', 'bob/1', 'carol/1', '1');
SELECT * FROM sto_test.findings(:mark);

-- One statement with several forces: all entries, then all findings; the function sees what was moved before
SELECT sto_test.says('balance', $$'has ' || coalesce((SELECT p.balance FROM sto.position p WHERE p.wallet::text = credit::text AND p.token_id = $1), 0)::text$$);
SELECT sto_test.rules('ACME', jsonb_build_array('{"rule": "granularity", "units": "7"}'::jsonb, sto_test.asks('balance'), sto_test.asks('named'))) IS NOT NULL;
CREATE FUNCTION sto_test.prepared(name text, amount text) RETURNS sto.transfer LANGUAGE plpgsql AS $$
DECLARE
    id bigint := sto_test.open_case(name, 'force', jsonb_build_object('token', 'ACME', 'debit', 'alice/2', 'credit', 'carol/1', 'amount', amount));
    o  sto.transfer;
BEGIN
    PERFORM sto_test.decide_case(name);
    o := sto_test.make_order(jsonb_strip_nulls(to_jsonb(sto.case_order(id, sto_test.id('enforcer'), gen_random_uuid()))));
    o.signatures := sto_test.signatures(sto_test.order_message(o), sto_test.seeds_of('enforcer'));
    o.authority_event := id;
    RETURN o;
END $$;
CREATE TEMP TABLE prepared AS SELECT n, p.* FROM generate_series(1, 8) n, sto_test.prepared('bulk ' || n, n::text) p;
CREATE FUNCTION sto_test.post_prepared(low int, high int) RETURNS bigint LANGUAGE sql AS $$
    WITH posted AS (
        INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, authority_event, attachment_hash, valid_until, signatures)
        SELECT kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, authority_event, attachment_hash, valid_until, signatures FROM prepared WHERE n BETWEEN low AND high ORDER BY n
        RETURNING entry_id)
    SELECT min(entry_id) FROM posted
$$;
SELECT sto_test.post_prepared(1, 3) AS first \gset
SELECT string_agg(concat_ws(' ', after_entry, rule, says), '; ') FROM sto_test.findings(:first);
SELECT o.entry_id - :first, o.number, o.rule, o.detail FROM sto.override o WHERE o.entry_id >= :first ORDER BY 1, 2;
-- sent again it is not posted again, so nothing is asked
SELECT max(entry_id) AS mark FROM sto.event \gset
SELECT sto_test.post_prepared(3, 3), count(*) FROM sto_test.findings(:mark);

-- An event of the same query comes after the findings of what was posted before; so does one of a function that it calls, but that one is rolled back here,
-- and the finding that was written before it is written again
SELECT max(entry_id) AS mark FROM sto.event \gset
CREATE FUNCTION sto_test.listed(n int, fails boolean) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.party_list('ACME', 'insiders', 'bob', n % 2 = 0);
    IF fails THEN
        RAISE division_by_zero;
    END IF;
    RETURN n;
EXCEPTION WHEN division_by_zero THEN
    RETURN n;
END $$;
WITH posted AS (
    INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, authority_event, attachment_hash, valid_until, signatures)
    SELECT kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, authority_event, attachment_hash, valid_until, signatures FROM prepared
     WHERE n BETWEEN 4 AND 5 ORDER BY n
    RETURNING entry_id)
SELECT sto_test.listed(6, false) FROM posted;
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, authority_event, attachment_hash, valid_until, signatures)
SELECT kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, authority_event, attachment_hash, valid_until, signatures FROM prepared
 WHERE n BETWEEN 6 AND 7 AND n = sto_test.listed(n, n = 7);
SELECT l.entry_id - :mark, l.kind, b.entry - :mark AS of, b.number
  FROM (SELECT entry_id, kind, NULL::json AS body FROM sto.transfer UNION ALL SELECT entry_id, kind, body FROM sto.event) l LEFT JOIN LATERAL json_to_record(l.body) AS b (entry bigint, number bigint) ON true
 WHERE l.entry_id > :mark ORDER BY l.entry_id;
-- a savepoint that is rolled back takes its findings along
BEGIN;
SAVEPOINT a;
SELECT sto_test.post_prepared(8, 8) AS lost \gset
ROLLBACK TO a;
SELECT count(*) FROM sto_test.findings(:lost);
SELECT sto_test.post_prepared(8, 8) > :lost;
SELECT * FROM sto_test.findings(:lost);
COMMIT;
SELECT sto_test.faults();

-- A function that writes, submits, leaves something to fail at commit, or claims that the statement was cancelled, stops nothing
CREATE FUNCTION acme.spend() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM sto_test.transfer('ACME', 'alice/2', 'bob/1', '1'); END $$;
CREATE FUNCTION acme.submit() RETURNS text LANGUAGE sql AS $$
    SELECT s.state FROM sto.submit(ARRAY[sto_test.order('{"kind": "transfer", "token_id": "ACME", "debit_wallet": "alice/2", "credit_wallet": "bob/1", "amount": "1"}'::jsonb
        || jsonb_build_object('ordering_party', sto_test.id('alice')), '{23}')]) s $$;
CREATE FUNCTION acme.force() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM sto_test.enforce_case('again'); END $$;
CREATE TABLE acme.parent (n int PRIMARY KEY);
CREATE TABLE acme.child (n int REFERENCES acme.parent DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION acme.leave() RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO acme.child VALUES (1); RETURN 'left something'; END $$;
CREATE FUNCTION acme.cancel() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE query_canceled; END $$;
CREATE FUNCTION acme.deep(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN acme.deep(n + 1); END $$;
SELECT sto_test.says('writes', 'acme.spend()::text'), sto_test.says('submits', 'acme.submit()'), sto_test.says('forces', 'acme.force()::text'), sto_test.says('leaves', 'acme.leave()'),
       sto_test.says('cancels', 'acme.cancel()::text'), sto_test.says('recurs', 'acme.deep(0)::text');
SELECT sto_test.rules('ACME', (SELECT jsonb_agg(sto_test.asks(n)) FROM unnest('{writes,submits,forces,leaves,cancels,recurs}'::text[]) n)) IS NOT NULL;
SELECT sto_test.open_case('again', 'force', '{"token": "ACME", "debit": "alice/2", "credit": "bob/1", "amount": "1"}') > 0, sto_test.decide_case('again') > 0;
SELECT max(entry_id) AS mark FROM sto.event \gset
SELECT sto_test.enforce('c5', 'force', '{"token": "ACME", "debit": "alice/2", "credit": "bob/1", "amount": "2"}') AS forced \gset
SELECT rule, says FROM sto_test.findings(:mark);
SELECT count(*) FROM acme.child;
-- a real request to cancel is obeyed: the function that doesn't end is dropped, and the order posted
SELECT sto_test.says('waits', 'pg_sleep(60)::text');
SELECT sto_test.rules('ACME', jsonb_build_array(sto_test.asks('waits'))) IS NOT NULL;
SET statement_timeout = '300ms';
SELECT sto_test.enforce_case('again');
RESET statement_timeout;
DROP FUNCTION acme.waits;
SELECT max(entry_id) AS mark FROM sto.event \gset
SELECT sto_test.enforce_case('again') > 0;
SELECT * FROM sto_test.findings(:mark);
SELECT sto_test.faults();

-- Nor does somebody who registers something under the uuids that the next findings would have: the entry takes a later id
INSERT INTO prepared SELECT 9, p.* FROM sto_test.prepared('squatted', '1') p;
CREATE FUNCTION sto_test.squat(ahead int) RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('batch', sto.finding_subject(sto.ledger_id(), (SELECT last_value FROM sto.entry_id_seq) + ahead, 1), sto_test.id('alice/2'),
        sto.batch_body(sto_test.id('ACME'), 1, 1, repeat('ab', 32)::sto.digest)::text, sto_test.seeds_of('alice/2'))
$$;
SELECT last_value AS mark FROM sto.entry_id_seq \gset
SELECT sto_test.squat(3) - :mark, sto_test.squat(3) - :mark;
SELECT sto_test.post_prepared(9, 9) - :mark;
SELECT * FROM sto_test.findings(:mark);

-- A function that ends a statement of its own, without a row, says the same of the second entry as of the first
CREATE FUNCTION acme.zero() RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO sto.transfer (kind) SELECT 'force' WHERE false; RETURN 'no rows'; END $$;
SELECT sto_test.says('ends', 'acme.zero()');
SELECT sto_test.rules('ACME', jsonb_build_array(sto_test.asks('ends'))) IS NOT NULL;
INSERT INTO prepared SELECT n, p.* FROM generate_series(10, 11) n, sto_test.prepared('ends ' || n, '1') p;
SELECT max(entry_id) AS mark FROM sto.event \gset
SELECT sto_test.post_prepared(10, 11) > 0;
SELECT * FROM sto_test.findings(:mark);

-- Nobody else records one
SELECT sto_test.try(format('INSERT INTO sto.event (kind, subject, actor, body) VALUES (''finding'', %L, %L, %L)', sto.finding_subject(sto.ledger_id(), :forced, 9), '00000000-0000-0000-0000-000000000000',
    json_build_object('entry', :forced, 'rule_set', :set_by, 'number', 9, 'definition', sto_test.definition('acme.objects'), 'reason', 'forged')));
-- a role that may do no more than submit posts a force, and the findings come
CREATE ROLE sto_regress_heard;
SELECT sto_test.says('short', $$'short'$$), sto.map_role('sto_regress_heard', sto_test.id('enforcer'));
SELECT sto_test.rules('ACME', jsonb_build_array(sto_test.asks('short'))) IS NOT NULL;
CREATE TEMP TABLE one AS SELECT p.* FROM sto_test.prepared('by role', '3') p;
GRANT SELECT ON one TO sto_regress_heard;
SELECT max(entry_id) AS mark FROM sto.event \gset
SET ROLE sto_regress_heard;
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, authority_event, attachment_hash, valid_until, signatures)
SELECT kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, authority_event, attachment_hash, valid_until, signatures FROM one;
RESET ROLE;
SELECT * FROM sto_test.findings(:mark);

-- After a fold whose last entry asked a rule that said nothing the transaction goes on
CREATE TEMP TABLE last_two AS SELECT n, p.* FROM generate_series(1, 2) n, sto_test.prepared('last ' || n, '1') p;
SELECT sto_test.rules('ACME', jsonb_build_array(sto_test.asks('agrees'), sto_test.asks('short'))) IS NOT NULL;
TRUNCATE prepared;
INSERT INTO prepared SELECT * FROM last_two;
SELECT sto_test.post_prepared(1, 1) > 0;
SELECT max(entry_id) AS mark FROM sto.event \gset
BEGIN;
SELECT sto.rebuild() > 0;
SELECT sto_test.post_prepared(2, 2) > 0, sto_test.party_list('ACME', 'insiders', 'bob', true) > 0;
COMMIT;
SELECT * FROM sto_test.findings(:mark);

-- The fold of the log makes the same rows, with no function there
SELECT sto.unmap_role('sto_regress_heard');
DROP SCHEMA acme CASCADE;
CREATE TEMP TABLE before AS SELECT o::text AS r FROM sto.override o UNION ALL SELECT s::text FROM sto.subject s;
SELECT sto.rebuild() > 0;
SELECT count(*), (SELECT count(*) FROM before) > 30 FROM (SELECT r FROM before EXCEPT (SELECT o::text FROM sto.override o UNION ALL SELECT s::text FROM sto.subject s)) d;
SELECT (SELECT count(*) FROM before) = (SELECT count(*) FROM sto.override) + (SELECT count(*) FROM sto.subject);
SELECT sto_test.faults();
SELECT check_name, scope, examined, ok FROM sto.verify() WHERE check_name = 'findings';
DROP OWNED BY sto_regress_heard;
DROP ROLE sto_regress_heard;
