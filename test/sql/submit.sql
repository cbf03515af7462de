-- sto.submit(): posted, repeated and refused orders in one call, each with its answer.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_submit;
CREATE DATABASE sto_regress_submit TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_submit
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\set ECHO none
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
\set ECHO all
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on

SELECT sto_test.begin_small();
SELECT num_nonnulls(sto_test.officer('enforcer', 31, 'enforcer'), sto_test.officer('second', 34, 'enforcer'), sto_test.party('carol', NULL, 'natural'), sto_test.wallet('carol/1', 'carol', '{24}'), sto_test.party('venue', '{33}'));
CREATE FUNCTION sto_test.move(debit text, credit text, amount text, seeds int[], extra jsonb DEFAULT '{}') RETURNS sto.order LANGUAGE sql
    AS $$ SELECT sto_test.order(sto_test.transfer_order('ACME', debit, credit, amount, extra), seeds) $$;
-- What came of a call, without what differs from run to run; entries by their place in the log.
CREATE FUNCTION sto_test.answers(orders sto.order[]) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' | ', s.ordinal, s.result, s.state, s.message, (SELECT string_agg(r ->> 'rule' || ' ' || (r ->> 'passing'), ', ') FROM jsonb_array_elements(s.reasons) r),
                     CASE WHEN s.recorded IS NOT NULL THEN 'recorded' END,
                     CASE WHEN s.entry_id IS NOT NULL THEN (SELECT t.amount || ' units' FROM sto.transfer t WHERE t.entry_id = s.entry_id AND t.order_id = s.order_id) END)
      FROM sto.submit(orders) s
$$;

-- Good ones, ones that are refused for this and that, one that needs what the one before it brought, one that comes twice
SELECT ARRAY[sto_test.move('alice/1', 'bob/1', '100', '{21}'),
             sto_test.move('bob/1', 'carol/1', '60', '{22}'),
             sto_test.move('bob/1', 'carol/1', '60', '{22}'),
             sto_test.move('alice/1', 'bob/1', '7', '{22}'),
             sto_test.move('alice/1', 'bob/1', '8', NULL),
             sto_test.move('alice/1', 'bob/1', '0', '{21}'),
             sto_test.move('alice/1', 'bob/1', '9', '{21}', '{"valid_until": "2001-01-01 00:00:00+00"}'),
             sto_test.move('alice/1', 'carol/1', '50', '{21}'),
             sto_test.move('alice/1', 'nowhere/1', '5', '{21}'),
             NULL]::sto.order[] AS orders \gset
SELECT regexp_replace(a, 'sto1[a-z0-9]{38}', 'sto1...') FROM sto_test.answers(:'orders') a;
SELECT sto_test.balance('ACME', 'alice/1'), sto_test.balance('ACME', 'bob/1'), sto_test.balance('ACME', 'carol/1'), sto_test.check_invariants();
-- The same again: what was posted is repeated, with its entry; what was refused may pass now
SELECT sto_test.issue('ACME', 'bob/1', '100') > 0;
SELECT regexp_replace(a, 'sto1[a-z0-9]{38}', 'sto1...') FROM sto_test.answers(:'orders') a;
-- An order twice in one call; another one under its id
WITH o AS (SELECT sto_test.move('alice/1', 'bob/1', '1', '{21}', '{"order_id": "00000000-0000-4000-8000-000000000001"}') AS first,
                  sto_test.move('alice/1', 'bob/1', '2', '{21}', '{"order_id": "00000000-0000-4000-8000-000000000001"}') AS other)
SELECT a.* FROM o, sto_test.answers(ARRAY[first, first, other, first]) a;
-- All reasons, as the dry run has them; amounts are strings
SELECT sto_test.pause('ACME', 'acme') > 0, sto_test.freeze_wallet('bob/1') > 0;
SELECT s.result, s.state, s.message, jsonb_array_length(s.reasons), s.reasons -> 2 ->> 'value',
       (SELECT string_agg(c.detail, '/') FROM sto.check_order(o) c) = (SELECT string_agg(r ->> 'detail', '/') FROM jsonb_array_elements(s.reasons) r)
  FROM sto_test.move('alice/1', 'bob/1', '5000', '{21}') o, sto.submit(ARRAY[o]) s;
SELECT sto_test.pause('ACME', 'acme', false) > 0, sto_test.freeze_wallet('bob/1', false) > 0;
-- Nothing to do; a savepoint that is rolled back takes everything along
SELECT count(*) FROM sto.submit('{}');
SELECT count(*) FROM sto.submit(NULL);
BEGIN;
SAVEPOINT s;
SELECT * FROM sto_test.answers(ARRAY[sto_test.move('alice/1', 'bob/1', '1', '{21}'), sto_test.move('alice/1', 'bob/1', '5000', '{21}')]);
ROLLBACK TO s;
SELECT * FROM sto_test.answers(ARRAY[sto_test.move('alice/1', 'bob/1', '3', '{21}')]);
COMMIT;
SELECT sto_test.balance('ACME', 'alice/1'), sto_test.check_invariants();

-- Who is not a member submits nothing; who is, whatever was signed: a venue, here
CREATE ROLE submit_none;
CREATE ROLE submit_venue;
SELECT sto.map_role('submit_venue', sto_test.id('venue'));
GRANT USAGE ON SCHEMA sto_test TO PUBLIC;
SELECT ARRAY[sto_test.move('alice/1', 'bob/1', '4', '{21}'), sto_test.move('alice/1', 'bob/1', '5000', '{21}')]::sto.order[] AS orders \gset
SET ROLE submit_none;
SELECT * FROM sto.submit(:'orders');
SET ROLE submit_venue;
SELECT s.result, s.state, s.reasons -> 0 ->> 'rule' FROM sto.submit(:'orders') s;
RESET ROLE;
SELECT sto.unmap_role('submit_venue');
DROP ROLE submit_none, submit_venue;

-- Many, unsigned: two among seven hundred are refused, the others posted, in their order
CREATE ROLE submit_desk;
SELECT sto_test.event('token_policy', sto_test.id('ACME'), sto_test.id('acme'), '{"unsigned_role": "submit_desk"}') > 0, sto.map_role(current_user, sto_test.id('venue'));
CREATE TABLE sto_test.answer AS
SELECT s.* FROM (SELECT array_agg(sto_test.move('alice/1', CASE WHEN n % 600 = 7 THEN 'nowhere/1' WHEN n % 2 = 0 THEN 'bob/1' ELSE 'carol/1' END, '1', NULL) ORDER BY n) AS orders FROM generate_series(1, 700) n) o, sto.submit(o.orders) s;
SELECT result, state, count(*), array_agg(ordinal) FILTER (WHERE result <> 'posted') FROM sto_test.answer GROUP BY 1, 2 ORDER BY 1;
SELECT bool_and(a.entry_id > b.entry_id) AS ascending FROM sto_test.answer a JOIN sto_test.answer b ON b.ordinal < a.ordinal WHERE a.result = 'posted' AND b.result = 'posted';
SELECT sto_test.balance('ACME', 'alice/1'), sto_test.check_invariants();
SELECT sto.unmap_role(current_user::name);
DROP ROLE submit_desk;

-- On record is what was well signed and refused, each refusal once; and what was not, once the token's rule set says so
SELECT r.state, r.reasons, r.kind, r.amount, r.key_policy IS NOT NULL AS signed, r.signatures IS NOT NULL FROM sto.refusal r ORDER BY r.refusal;
SELECT sto.order_message(r.kind, r.order_id, r.ordering_party, r.token_id, r.amount, r.debit_wallet, r.credit_wallet) = r.order_message FROM sto.refusal r ORDER BY r.refusal LIMIT 1;
SELECT sto_test.move('alice/1', 'bob/1', '6000', '{21}') AS signed, sto_test.move('alice/1', 'bob/1', '7000', '{22}') AS forged \gset
SELECT sto.map_role(current_user, sto_test.id('venue'));
SELECT count(recorded), count(DISTINCT recorded) FROM generate_series(1, 3) n, sto.submit(ARRAY[:'signed', :'forged']::sto.order[]) s;
SELECT sto_test.event('rule_set', sto_test.id('ACME'), sto_test.id('acme'), '{"rules": [], "record_refusals": true}') > 0;
SELECT count(recorded), count(DISTINCT recorded) FROM generate_series(1, 3) n, sto.submit(ARRAY[:'signed', :'forged']::sto.order[]) s;
SELECT r.state, r.reasons, r.amount, r.key_policy IS NOT NULL AS signed, r.signatures IS NOT NULL FROM sto.refusal r WHERE r.amount > 5999 ORDER BY r.refusal;
-- Something else under the uuid that a refusal would have is no refusal: the answer doesn't say so, and those beside it are recorded
WITH o AS (SELECT sto_test.move('alice/1', 'bob/1', '8000', '{21}') AS taken)
SELECT taken, sto_test.event('batch', sto.refusal_subject(sto.order_message((taken).kind, (taken).order_id, (taken).ordering_party, (taken).token_id, (taken).amount, (taken).debit_wallet, (taken).credit_wallet), 'ST301', 'available'),
       sto_test.id('alice/1'), sto.batch_body(sto_test.id('ACME'), 1, 1, repeat('ab', 32)::sto.digest)::text, '{21}') AS batch FROM o \gset
SELECT s.ordinal, s.result, s.state, s.reasons -> 0 ->> 'rule', s.recorded IS NOT NULL FROM sto.submit(ARRAY[:'taken', sto_test.move('alice/1', 'bob/1', '8001', '{21}'), :'taken']::sto.order[]) s;
SELECT count(*) FROM sto.refusal WHERE amount IN (8000, 8001);
-- an officer's order cites its case, and is signed all the same
SELECT num_nonnulls(sto_test.rules('ACME', '[]'), sto_test.open_case('taking', 'force', '{"token": "ACME", "debit": "carol/1", "credit": "bob/1", "amount": "50000"}'), sto_test.decide_case('taking'));
WITH o AS (SELECT to_jsonb(sto.case_order(c.case_event, sto_test.id('enforcer'), gen_random_uuid())) - 'authority_event' AS said, c.case_event FROM sto.case c WHERE c.case_id = sto_test.id('taking')),
     s AS (SELECT seeds, jsonb_populate_record(NULL::sto.order, to_jsonb(sto_test.order(said, seeds)) || jsonb_build_object('authority_event', case_event)) AS signed FROM o, (VALUES ('{31}'::int[]), ('{33}')) AS k (seeds))
SELECT s.seeds, r.result, r.state, r.recorded IS NOT NULL AS recorded FROM s, sto.submit(ARRAY[s.signed]) r ORDER BY s.seeds;
-- A recorded order stands as refused then, and is posted later
SELECT s.result FROM sto_test.issue('ACME', 'alice/1', '9000') i, sto.submit(ARRAY[:'signed']::sto.order[]) s WHERE i > 0;
-- Nobody writes one by hand
SELECT sto_test.refusal(format('INSERT INTO sto.event (kind, subject, actor, body) SELECT kind, gen_random_uuid(), actor, body FROM sto.event WHERE kind = %L', 'refusal'));
SELECT check_name, examined > 5, ok, detail FROM sto.verify() WHERE check_name = 'refusals' OR NOT ok;
SELECT sto.rebuild() > 0, sto_test.check_invariants();
-- Forged ones are found: another order, another's signature, a false key policy
SELECT sto.unmap_role(current_user::name);
CREATE FUNCTION sto_test.found(change text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    what text;
BEGIN
    PERFORM sto.begin_maintenance('a test');
    EXECUTE 'UPDATE sto.event SET body = (' || change || ')::json WHERE entry_id = (SELECT max(entry_id) FROM sto.event WHERE kind = ''refusal'' AND body ->> ''key_policy'' IS NOT NULL)';
    SELECT v.detail INTO what FROM sto.verify(checks => '{refusals}') v;
    RETURN NEXT what;
    RAISE SQLSTATE 'YY000';
EXCEPTION WHEN SQLSTATE 'YY000' THEN
    NULL;
END $$;
SELECT sto_test.found('jsonb_set(body::jsonb, ''{order}'', ''"00"'')'),
       sto_test.found('jsonb_set(body::jsonb, ''{state}'', ''"ST999"'')'),
       sto_test.found('jsonb_set(body::jsonb, ''{token}'', to_jsonb(gen_random_uuid()))'),
       sto_test.found('jsonb_set(body::jsonb, ''{key_policy}'', ''1'')'),
       sto_test.found('jsonb_set(body::jsonb, ''{signatures}'', to_jsonb(repeat(''00'', 74)))');

-- The codes that the library knows are those that the documentation lists
\set docs `cat "$PG_ABS_SRCDIR/../docs/errors.md"`
WITH listed AS (
    SELECT m[1]::int AS code, m[2] AS rule, m[3] AS state
      FROM regexp_matches(:'docs', '^\| (\d+) \| `(\w+)` \| (?:`(ST\w+)`|any)', 'gn') m)
SELECT coalesce(l.code, r.code), l.rule, r.rule, l.state, r.state
  FROM listed l FULL JOIN sto.reason_codes() r ON (r.code, r.rule, coalesce(r.state, '')) = (l.code, l.rule, coalesce(l.state, ''))
 WHERE l.code IS NULL OR r.code IS NULL ORDER BY 1;
SELECT count(*) > 40, count(DISTINCT code) = count(*) FROM sto.reason_codes();
