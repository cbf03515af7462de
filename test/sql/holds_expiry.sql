-- Expired holds: released when their units are needed, or by hand; by entries like all others.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_expiry;
CREATE DATABASE sto_regress_expiry TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_expiry
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
SELECT FROM sto_test.party('venue', '{70}');

-- A pledge to bob that expires within moments, unless said otherwise just before a common time; and waiting for that
CREATE TABLE sto_test.clock AS SELECT clock_timestamp() + interval '2 s' AS tick;
CREATE FUNCTION sto_test.brief(amount text, rank int DEFAULT 0, wallet text DEFAULT 'alice/1', token text DEFAULT 'ACME') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.hold(token, wallet, amount, 'pledge', jsonb_build_object('credit_wallet', 'bob/1', 'reference', 'pledge ' || rank,
        'release_after', CASE WHEN rank = 0 THEN clock_timestamp() + interval '0.5 s' ELSE (SELECT tick - rank * interval '0.01 s' FROM sto_test.clock) END))
$$;
CREATE FUNCTION sto_test.set_clock() RETURNS boolean LANGUAGE sql AS $$ UPDATE sto_test.clock SET tick = clock_timestamp() + interval '2 s' RETURNING true $$;
CREATE FUNCTION sto_test.wait() RETURNS boolean LANGUAGE sql AS $$ SELECT pg_sleep_until((SELECT max(release_after) FROM sto.hold WHERE remaining > '0')) IS NOT NULL $$;
-- What was posted since, in order: kinds, amounts and, of a release, which hold it was and whose word
CREATE TABLE sto_test.seen (last bigint);
INSERT INTO sto_test.seen SELECT max(entry_id) FROM sto.transfer;
CREATE FUNCTION sto_test.news() RETURNS text LANGUAGE sql AS $$
    WITH before AS (UPDATE sto_test.seen SET last = (SELECT max(entry_id) FROM sto.transfer) RETURNING (SELECT last FROM sto_test.seen) AS last)
    SELECT string_agg(t.kind || ' ' || t.amount || coalesce(' of ' || h.reference, '') ||
             CASE WHEN t.kind = 'release' AND t.signatures IS NULL AND t.authority_event IS NULL AND t.key_policy IS NULL AND t.credit_seq IS NULL
                       AND t.ordering_party = t.posted_by AND t.posted_at >= h.release_after THEN ' by expiry' ELSE '' END, ', ' ORDER BY t.entry_id)
      FROM before, sto.transfer AS t LEFT JOIN sto.transfer AS h ON h.entry_id = t.hold_id WHERE t.entry_id > before.last
$$;

-- The oldest expiry goes first, and no more than is needed
SELECT sto_test.set_clock();
SELECT sto_test.brief('300', 1) > 0, sto_test.brief('200', 3) > 0, sto_test.brief('100', 2) > 0, sto_test.hold('ACME', 'alice/1', '100', 'pledge', '{"credit_wallet": "bob/1"}') > 0;
-- before its time a hold stays
SELECT sto_test.attempt($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '301')$$);
SELECT sto_test.wait(), sto_test.news();
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '300') > 0, sto_test.news();
SELECT sto_test.balance('ACME', 'alice/1');
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1') > 0, sto_test.news();
SELECT sto_test.balance('ACME', 'alice/1');
-- 199 are free: 100 of rank 2 and 300 of rank 1 go for a redemption of 500; what never expires stays
SELECT sto_test.attempt($$SELECT sto_test.redeem('ACME', 'alice/1', '600')$$), sto_test.news();
SELECT sto_test.balance('ACME', 'alice/1');
SELECT sto_test.redeem('ACME', 'alice/1', '500') > 0, sto_test.news(), sto_test.check_invariants();
SELECT sto_test.balance('ACME', 'alice/1');

-- For a new hold, and for a part of an expired one that is left
SELECT sto_test.issue('ACME', 'alice/1', '801') > 0;
SELECT sto_test.brief('600') AS a \gset
SELECT sto_test.post(jsonb_build_object('kind', 'release', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'amount', '50', 'ordering_party', 'bob', 'hold_id', :a), '{22}') > 0, sto_test.wait();
SELECT sto_test.hold('ACME', 'alice/1', '900', 'pledge', '{"credit_wallet": "bob/1"}') AS b \gset
SELECT sto_test.news(), sto_test.balance('ACME', 'alice/1');
SELECT sto_test.post(jsonb_build_object('kind', 'release', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'amount', '900', 'ordering_party', 'bob', 'hold_id', :b), '{22}') > 0;

SELECT sto_test.issue('ACME', 'alice/1', '10000') > 0;
-- A repeated order, and one that nobody authorised, sweep nothing
SELECT sto_test.brief('9500') > 0;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '900', '{"order_id": "00000000-0000-4000-8000-000000000001"}') > 0, sto_test.news(), sto_test.wait();
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '900', '{"order_id": "00000000-0000-4000-8000-000000000001"}'), sto_test.news();
SELECT sto_test.attempt($$SELECT sto_test.post(sto_test.transfer_order('ACME', 'alice/1', 'bob/1', '900'), '{22}')$$), sto_test.news();

-- Savepoints: what is rolled back was not released
BEGIN;
SAVEPOINT a;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1600') > 0;
SELECT sto_test.balance('ACME', 'alice/1');
ROLLBACK TO a;
SELECT sto_test.balance('ACME', 'alice/1');
-- an error that is caught: the order that swept fails
SELECT sto_test.attempt($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '16000')$$);
SELECT sto_test.balance('ACME', 'alice/1');
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1600') > 0;
SELECT sto_test.balance('ACME', 'alice/1');
COMMIT;
SELECT sto_test.news(), sto_test.check_invariants();

-- In bulk: a statement counts its own rows
DO $$ BEGIN FOR n IN 1..20 LOOP PERFORM sto_test.wallet('w' || n, 'alice', ARRAY[100 + n]), sto_test.issue('ACME', 'w' || n, '10'); END LOOP; END $$;
SELECT sto_test.set_clock();
SELECT count(sto_test.brief('4', n, 'w' || n)), count(sto_test.brief('5', n, 'w' || n)) FROM generate_series(1, 20) AS n;
CREATE TABLE sto_test.orders AS SELECT n, i, sto_test.make_order(sto_test.transfer_order('ACME', 'w' || n, 'bob/1', '2')) AS o FROM generate_series(1, 20) AS n, generate_series(1, 3) AS i;
SELECT sto_test.wait(), sto_test.news() IS NOT NULL;
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT (o).kind, (o).token_id, (o).debit_wallet, (o).credit_wallet, (o).amount, (o).ordering_party, (o).order_id, sto_test.signatures(sto_test.order_message(o), ARRAY[100 + n])
  FROM sto_test.orders ORDER BY i, n;
\echo :ROW_COUNT
SELECT t.kind, t.amount, count(*) FROM sto.transfer AS t, sto_test.seen AS s WHERE t.entry_id > s.last GROUP BY 1, 2 ORDER BY 1, 2;
SELECT DISTINCT sto_test.balance('ACME', 'w' || n) FROM generate_series(1, 20) AS n;
SELECT sto_test.check_invariants(), sto_test.news() IS NOT NULL;
-- a list that one quorum signed: the release is none of it
SELECT sto_test.brief('8000') > 0, sto_test.wait();
CREATE TABLE sto_test.list AS SELECT i, sto_test.make_order(sto_test.transfer_order('ACME', 'alice/1', 'bob/1', '300')) AS o FROM generate_series(1, 4) AS i;
SELECT sto_test.event('batch', gen_random_uuid(), sto_test.id('alice/1'), jsonb_build_object('token', sto_test.id('ACME'), 'count', 4, 'sum', '1200',
    'hash', encode(sha256(string_agg(sto_test.order_message(o), ''::bytea ORDER BY i)), 'hex'))::text, '{21}') AS list FROM sto_test.list \gset
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, authority_event)
SELECT (o).kind, (o).token_id, (o).debit_wallet, (o).credit_wallet, (o).amount, (o).ordering_party, (o).order_id, :list FROM sto_test.list ORDER BY i;
SELECT sto_test.news(), sto_test.check_invariants();

-- Whose session it is doesn't matter: a role of the venue sees nothing of the holds, and hands in a signed order
CREATE ROLE sto_regress_venue;
GRANT USAGE ON SCHEMA sto_test TO sto_regress_venue;
SELECT sto.map_role('sto_regress_venue', sto_test.id('venue'));
SELECT sto_test.brief('7000') > 0, sto_test.wait(), sto_test.news() IS NOT NULL;
SELECT o.*, sto_test.signatures(sto_test.order_message(o), '{21}') AS signed FROM sto_test.make_order(sto_test.transfer_order('ACME', 'alice/1', 'bob/1', '700')) AS o \gset
SET ROLE sto_regress_venue;
SELECT count(*) FROM sto.hold;
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
VALUES ('transfer', :'token_id', :'debit_wallet', :'credit_wallet', :'amount', :'ordering_party', :'order_id', :'signed');
RESET ROLE;
SELECT string_agg(kind || ' ' || CASE WHEN ordering_party = sto_test.id('venue') THEN 'by the venue' ELSE 'by alice' END, ', ' ORDER BY entry_id) FROM sto.transfer, sto_test.seen WHERE entry_id > last;
SELECT sto_test.news();

-- By hand: of a token, so many, and again
SELECT FROM sto_test.token('CASH', 'acme', NULL, 'cash', 2, '{"currency": "KZT"}'), sto_test.issue('CASH', 'alice/1', '1000');
SELECT sto.sweep_expired(), sto_test.news() IS NOT NULL, sto_test.balance('ACME', 'alice/1'), sto_test.set_clock();
SELECT sto_test.brief('1', 1) > 0, sto_test.brief('2', 2) > 0, sto_test.brief('3', 3, 'w1') > 0, sto_test.brief('4', 4, 'alice/1', 'CASH') > 0, sto_test.hold('ACME', 'bob/1', '5', 'pledge', '{"credit_wallet": "alice/1"}') > 0;
SELECT sto.sweep_expired(), sto_test.wait(), sto_test.news() IS NOT NULL;
SELECT sto.sweep_expired(sto_test.id('CASH')::text), sto.sweep_expired(most => 1), sto_test.news();
SELECT sto.sweep_expired(), sto_test.news(), sto.sweep_expired();
SELECT sto_test.attempt('SELECT sto.sweep_expired(most => 0)'), sto_test.attempt('SELECT sto.sweep_expired(most => NULL)'), sto_test.attempt($$SELECT sto.sweep_expired(sto_test.id('none')::text)$$);
BEGIN READ ONLY;
SELECT sto.sweep_expired();
ROLLBACK;
SELECT sto_test.brief('1') > 0, sto_test.wait();
SET ROLE sto_regress_venue;
SELECT sto.sweep_expired();
RESET ROLE;
REVOKE INSERT ON sto.transfer FROM PUBLIC;
SET ROLE sto_regress_venue;
SELECT sto.sweep_expired();
RESET ROLE;
GRANT INSERT ON sto.transfer TO PUBLIC;
SELECT sto.unmap_role('sto_regress_venue');
SET ROLE sto_regress_venue;
SELECT sto.sweep_expired();
RESET ROLE;
-- one of the holds in a savepoint that is rolled back
SELECT sto_test.brief('1') > 0, sto_test.wait(), sto_test.news() IS NOT NULL;
BEGIN;
SAVEPOINT a;
SELECT sto.sweep_expired();
ROLLBACK TO a;
SELECT sto.sweep_expired();
COMMIT;
SELECT sto_test.news(), sto_test.check_invariants();

-- A paused token, a frozen wallet, a closed party: a sweep takes nothing from anybody
SELECT sto_test.officer('officer', 90, 'enforcer') IS NOT NULL, sto_test.officer('second', 91, 'enforcer') IS NOT NULL, sto_test.brief('1', 0, 'w2') > 0, sto_test.wait(), sto_test.news() IS NOT NULL;
SELECT sto_test.pause('ACME', 'acme') > 0, sto_test.freeze_wallet('w2', true, 'officer') > 0, sto.sweep_expired(), sto_test.news();
SELECT sto_test.pause('ACME', 'acme', false) > 0;

-- The log folds to the same, without a sweep of its own
SELECT sto.rebuild() = (SELECT count(*) FROM sto.event) + (SELECT count(*) FROM sto.transfer), sto_test.check_invariants();

\c postgres
\set ECHO none
SET client_min_messages = warning;
DROP DATABASE sto_regress_expiry;
DROP ROLE sto_regress_venue;
