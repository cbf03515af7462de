-- The ways in: every form of INSERT, COPY and the functions post the same entry; repeats; who may order.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_transfer;
CREATE DATABASE sto_regress_transfer TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_transfer
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\set ECHO none
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
\set ECHO all
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on

-- A ledger that isn't open takes nothing
SELECT sto_test.attempt($$INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id)
    VALUES ('transfer', gen_random_uuid(), sto_test.address('a'), sto_test.address('b'), 1, gen_random_uuid(), gen_random_uuid())$$);
SELECT sto_test.begin_small();

-- Orders signed beforehand, one a form; the same columns that any client sends
CREATE TABLE sto_test.orders (n int PRIMARY KEY, o sto.transfer, signatures bytea);
INSERT INTO sto_test.orders
SELECT n, o, sto_test.signatures(sto_test.order_message(o), '{21}')
  FROM generate_series(1, 40) AS n, LATERAL sto_test.make_order(sto_test.transfer_order('ACME', 'alice/1', 'bob/1', n::text,
       jsonb_build_object('order_id', md5('order ' || n)::uuid, 'reference', 'order ' || n))) AS o;
CREATE VIEW sto_test.sendable AS
SELECT n, (o).kind, (o).token_id, (o).debit_wallet, (o).credit_wallet, (o).amount, (o).ordering_party, (o).order_id, (o).reference, signatures
  FROM sto_test.orders;
-- what the client's own build of the message is worth: the extension's is the same
SELECT bool_and(sto_test.order_message(o) = sto.order_message(o)) FROM sto_test.orders;

-- INSERT ... VALUES, with literals
SELECT format('INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures) VALUES (%L, %L, %L, %L, %L, %L, %L, %L, %L) RETURNING kind, amount, debit_seq, debit_balance, credit_seq, credit_balance, leaf_hash IS NOT NULL',
              kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures) AS insert
  FROM sto_test.sendable WHERE n = 1 \gset
:insert;
-- ... the same again inserts nothing
:insert;
-- INSERT ... SELECT
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures)
SELECT kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures FROM sto_test.sendable WHERE n BETWEEN 1 AND 3 ORDER BY n
RETURNING amount, debit_seq, debit_balance, credit_balance;
-- the same order twice in one statement is one entry
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures)
SELECT kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures FROM sto_test.sendable, generate_series(1, 3) AS again WHERE n = 4
RETURNING amount, debit_seq;
-- a prepared statement
PREPARE post (int) AS
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures)
SELECT kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures FROM sto_test.sendable WHERE n = $1
RETURNING amount, debit_seq, debit_balance;
EXECUTE post (5);
EXECUTE post (6);
EXECUTE post (5);
SET plan_cache_mode = force_generic_plan;
EXECUTE post (7);
RESET plan_cache_mode;
-- EXPLAIN ANALYZE runs it
SELECT sto_test.attempt('EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) EXECUTE post (8)'), sto_test.balance('ACME', 'alice/1');
SELECT sto_test.attempt('EXPLAIN EXECUTE post (9)');
-- COPY, text and binary, from files that the server wrote
SET search_path = sto, pg_catalog;
\set ECHO none
SELECT format('COPY (SELECT kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures FROM sto_test.sendable WHERE n BETWEEN %s AND %s ORDER BY n) TO %L (FORMAT %s)',
              x, y, current_setting('data_directory') || '/sto_test.' || f, f),
       format('COPY sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures) FROM %L (FORMAT %s)',
              current_setting('data_directory') || '/sto_test.' || f, f)
  FROM (VALUES (9, 11, 'text'), (10, 14, 'binary'), (15, 15, 'csv')) AS t (x, y, f) \gexec
\set ECHO all
RESET search_path;
SELECT sto_test.balance('ACME', 'alice/1'), sto_test.check_invariants();
-- two inserts in one statement
WITH first AS (
    INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures)
    SELECT kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures FROM sto_test.sendable WHERE n = 16
    RETURNING amount),
second AS (
    INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures)
    SELECT kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures FROM sto_test.sendable WHERE n IN (17, 18)
    RETURNING amount)
SELECT (SELECT sum(amount) FROM first), (SELECT sum(amount) FROM second);
-- the same order in both
WITH first AS (
    INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures)
    SELECT kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures FROM sto_test.sendable WHERE n = 19
    RETURNING amount),
second AS (
    INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures)
    SELECT kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures FROM sto_test.sendable WHERE n = 19
    RETURNING amount)
SELECT (SELECT count(*) FROM first) + (SELECT count(*) FROM second);
-- a CTE that nobody reads runs to its end
WITH unread AS (
    INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures)
    SELECT kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures FROM sto_test.sendable WHERE n IN (20, 21)
    RETURNING amount)
SELECT 'unread';
-- MERGE: its INSERT passes the gate like any other, repeats included
MERGE INTO sto.transfer AS t USING (SELECT * FROM sto_test.sendable WHERE n BETWEEN 21 AND 23) AS s
   ON t.ordering_party = s.ordering_party AND t.order_id = s.order_id
 WHEN NOT MATCHED THEN INSERT (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures)
      VALUES (s.kind, s.token_id, s.debit_wallet, s.credit_wallet, s.amount, s.ordering_party, s.order_id, s.reference, s.signatures);
MERGE INTO sto.transfer AS t USING (SELECT * FROM sto_test.sendable WHERE n BETWEEN 22 AND 24) AS s ON false
 WHEN NOT MATCHED THEN INSERT (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures)
      VALUES (s.kind, s.token_id, s.debit_wallet, s.credit_wallet, s.amount, s.ordering_party, s.order_id, s.reference, s.signatures);
MERGE INTO sto.transfer AS t USING sto_test.sendable AS s ON t.order_id = s.order_id WHEN MATCHED THEN UPDATE SET amount = 1;
MERGE INTO sto.transfer AS t USING sto_test.sendable AS s ON t.order_id = s.order_id WHEN MATCHED THEN DELETE;
SELECT sto_test.balance('ACME', 'alice/1'), sto_test.balance('ACME', 'bob/1'), sto_test.check_invariants();

-- sto.transfer(...) in display units; a repeat is answered with the first entry
SELECT e.entry_id > 0, e.leaf_hash IS NOT NULL, e.posted_at IS NOT NULL, e.repeated
  FROM sto_test.sendable AS s, sto.transfer(s.token_id::text, s.debit_wallet, s.credit_wallet, s.amount::numeric, s.ordering_party, s.order_id, s.signatures, reference => s.reference) AS e
 WHERE s.n = 25;
SELECT e.entry_id = f.entry_id, e.leaf_hash = f.leaf_hash, e.posted_at = f.posted_at, e.repeated
  FROM sto_test.sendable AS s, sto.transfer(s.token_id::text, s.debit_wallet, s.credit_wallet, s.amount::numeric, s.ordering_party, s.order_id, reference => s.reference) AS e, sto.transfer AS f
 WHERE s.n = 25 AND f.order_id = s.order_id;
SELECT FROM sto_test.token('FUND', 'acme', '1000000', 'fund_unit', 4, '{"isin": "KZ1C00000876"}');
SELECT i.repeated, sto_test.balance('FUND', 'alice/1')
  FROM (SELECT '11111111-1111-4111-8111-111111111111'::uuid AS id) AS x,
       sto.transfer_message('KZ1C00000876', sto_test.address('FUND'), sto_test.address('alice/1'), 12.5, sto_test.id('acme'), x.id, 'issue') AS m,
       sto.issue('KZ1C00000876', sto_test.address('alice/1'), 12.5, x.id, sto_test.signatures(m, '{10}')) AS i;
SELECT r.repeated, sto_test.balance('FUND', 'alice/1')
  FROM (SELECT '21111111-1111-4111-8111-111111111111'::uuid AS id) AS x,
       sto.transfer_message('KZ1C00000876', sto_test.address('alice/1'), sto_test.address('FUND'), 2.0001, sto_test.id('alice'), x.id, 'redeem') AS m,
       sto.redeem('KZ1C00000876', sto_test.address('alice/1'), 2.0001, sto_test.id('alice'), x.id, sto_test.signatures(m, '{21}')) AS r;
SELECT balance, balance_display, held_display, share FROM sto.holder WHERE token_id = sto_test.id('FUND');
SELECT outstanding, issuable_display, issued, redeemed, wallets FROM sto.supply WHERE token_id = sto_test.id('FUND');
SELECT sto_test.check_invariants();

-- m of n, in any order of signing; the stored list is sorted, and says which policy it was signed under
SELECT FROM sto_test.wallet('alice/m', 'alice', '{31,1031,2031}', 'own', 2), sto_test.issue('ACME', 'alice/m', '100');
SELECT sto_test.attempt(format('SELECT sto_test.post(%L, %L)', sto_test.transfer_order('ACME', 'alice/m', 'bob/1', '1'), seeds))
  FROM unnest(ARRAY['{31,1031}', '{1031,31}', '{2031,31}', '{1031,2031}', '{31,1031,2031}']) AS seeds;
SELECT count(*), count(DISTINCT key_policy), bool_and(key_policy = (SELECT policy_event FROM sto.wallet WHERE wallet_id = sto_test.id('alice/m'))),
       string_agg(length(signatures)::text, ',' ORDER BY entry_id)
  FROM sto.transfer WHERE debit_wallet = sto_test.address('alice/m');
-- one key of each scheme alone
SELECT FROM sto_test.wallet('alice/p', 'alice', '{1040}'), sto_test.issue('ACME', 'alice/p', '5');
SELECT FROM sto_test.wallet('alice/k', 'alice', '{2040}'), sto_test.issue('ACME', 'alice/k', '5');
SELECT sto_test.transfer('ACME', 'alice/p', 'alice/k', '2') > 0, sto_test.transfer('ACME', 'alice/k', 'alice/p', '7') > 0, sto_test.balance('ACME', 'alice/p');

-- A custodian orders with its own key for the wallets that it keeps; the holder's key still works; nobody else's
SELECT FROM sto_test.party('bank', '{50}'), sto_test.wallet('alice/kept', 'alice', '{51}', 'client', NULL, jsonb_build_object('custodian', sto_test.id('bank'))), sto_test.issue('ACME', 'alice/kept', '50');
SELECT who, sto_test.attempt(format('SELECT sto_test.post(%L, %L)', sto_test.transfer_order('ACME', w, 'bob/1', '1', jsonb_build_object('ordering_party', who)), seeds))
  FROM (VALUES ('bank', 'alice/kept', '{50}'), ('alice', 'alice/kept', '{51}'), ('bank', 'alice/kept', '{51}'), ('alice', 'alice/kept', '{50}'),
               ('acme', 'alice/kept', '{10}'), ('registrar', 'alice/kept', '{3}'), ('bank', 'alice/1', '{50}')) AS t (who, w, seeds);
SELECT sto_test.check_invariants();

-- Unsigned orders: off until the token's policy names a role; a wallet's own signed_only beats it
CREATE ROLE regress_sto_desk;
CREATE ROLE regress_sto_other;
CREATE ROLE regress_sto_nobody;
GRANT USAGE ON SCHEMA sto_test TO regress_sto_desk, regress_sto_other, regress_sto_nobody;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA sto_test TO regress_sto_desk, regress_sto_other, regress_sto_nobody;
GRANT SELECT ON ALL TABLES IN SCHEMA sto_test TO regress_sto_desk, regress_sto_other, regress_sto_nobody;
SELECT sto.map_role('regress_sto_desk', sto_test.id('acme')), sto.map_role('regress_sto_other', sto_test.id('acme'));
CREATE FUNCTION pg_temp.send(role name, debit text, extra jsonb DEFAULT '{}', seeds int[] DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    o      sto.transfer := sto_test.make_order(sto_test.transfer_order('ACME', debit, 'bob/1', '1', extra));
    signed bytea := sto_test.signatures(sto_test.order_message(o), seeds);
    said   text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    said := sto_test.state_of(o, signed);
    RESET ROLE;
    RETURN concat_ws(' | ', said, NULLIF(sto_test.check_invariants(), 'sound'));
END $$;
SELECT pg_temp.send('regress_sto_desk', 'alice/1');
SELECT FROM sto_test.event('token_policy', sto_test.id('ACME'), sto_test.id('acme'), '{"unsigned_role": "regress_sto_desk"}');
SELECT pg_temp.send('regress_sto_desk', 'alice/1'), pg_temp.send('regress_sto_other', 'alice/1'), pg_temp.send('regress_sto_nobody', 'alice/1');
SELECT signatures IS NULL, key_policy IS NULL, posted_by = sto_test.id('acme') FROM sto.transfer ORDER BY entry_id DESC LIMIT 1;
-- a signed order of the other role is good; a role that is mapped to no party submits nothing at all
SELECT pg_temp.send('regress_sto_other', 'alice/1', seeds => '{21}'), pg_temp.send('regress_sto_nobody', 'alice/1', seeds => '{21}');
-- a bad signature is no unsigned order
SELECT pg_temp.send('regress_sto_desk', 'alice/1', seeds => '{22}');
-- the ordering party must still be the wallet's; a custodian's order is always signed
SELECT pg_temp.send('regress_sto_desk', 'alice/1', '{"ordering_party": "bob"}'), pg_temp.send('regress_sto_desk', 'alice/kept', '{"ordering_party": "bank"}');
SELECT FROM sto_test.event('wallet_terms', sto_test.id('alice/1'), sto_test.id('alice/1'), '{"signed_only": true}');
SELECT pg_temp.send('regress_sto_desk', 'alice/1'), pg_temp.send('regress_sto_desk', 'alice/p'), pg_temp.send('regress_sto_desk', 'alice/1', seeds => '{21}');
-- a member of the role by inheritance; then no longer
GRANT regress_sto_desk TO regress_sto_other;
SELECT pg_temp.send('regress_sto_other', 'alice/p');
REVOKE regress_sto_desk FROM regress_sto_other;
SELECT pg_temp.send('regress_sto_other', 'alice/p');
-- the mapping ends, the policy ends
SELECT sto.unmap_role('regress_sto_desk'), pg_temp.send('regress_sto_desk', 'alice/p');
SELECT sto.map_role('regress_sto_desk', sto_test.id('acme'));
SELECT FROM sto_test.event('token_policy', sto_test.id('ACME'), sto_test.id('acme'), '{"unsigned_role": null}');
SELECT pg_temp.send('regress_sto_desk', 'alice/p'), pg_temp.send('postgres', 'alice/p');
-- what a submitting role may read back, and what it may not
SET ROLE regress_sto_desk;
SELECT sto_test.refusal('SELECT entry_id, leaf_hash FROM sto.transfer'), sto_test.refusal('SELECT order_id FROM sto.transfer'), sto_test.refusal('SELECT amount FROM sto.transfer'), sto_test.refusal('UPDATE sto.position SET balance = 1000000'),
       sto_test.refusal('DELETE FROM sto.transfer'), sto_test.refusal($$SELECT nextval('sto.entry_id_seq')$$), sto_test.refusal($$SELECT setval('sto.entry_id_seq', 1)$$),
       sto_test.refusal('LOCK TABLE sto.writer IN SHARE MODE'), sto_test.refusal('SET sto_ledger.restore = on'), sto_test.refusal($$SELECT sto.map_role('postgres', gen_random_uuid())$$);
RESET ROLE;
-- the acting role is the current one: that of a function that runs with its owner's rights
GRANT CREATE ON SCHEMA sto_test TO regress_sto_desk;
CREATE FUNCTION sto_test.as_desk(o sto.transfer, signatures bytea) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT sto_test.state_of(o, signatures) $$;
ALTER FUNCTION sto_test.as_desk OWNER TO regress_sto_desk;
GRANT EXECUTE ON FUNCTION sto_test.as_desk TO regress_sto_nobody;
SELECT sto.map_role('regress_sto_desk', sto_test.id('bank'));
SELECT o, sto_test.signatures(sto_test.order_message(o), '{21}') AS signatures FROM sto_test.make_order(sto_test.transfer_order('ACME', 'alice/1', 'bob/1', '1')) AS o \gset
SET ROLE regress_sto_nobody;
SELECT sto_test.state_of(:'o', :'signatures'), sto_test.as_desk(:'o', :'signatures');
RESET ROLE;
SELECT posted_by = sto_test.id('bank') FROM sto.transfer ORDER BY entry_id DESC LIMIT 1;
-- a superuser's replica role is not logical apply: a complete row is refused, an order passes the gate
SET session_replication_role = replica;
SELECT sto_test.attempt($$INSERT INTO sto.transfer SELECT * FROM sto.transfer ORDER BY entry_id DESC LIMIT 1$$), sto_test.attempt($$SELECT sto_test.post(sto_test.transfer_order('ACME', 'alice/1', 'bob/1', '1'), '{22}')$$),
       sto_test.attempt($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
RESET session_replication_role;
DROP FUNCTION sto_test.as_desk;
DROP OWNED BY regress_sto_desk, regress_sto_other, regress_sto_nobody;
DROP ROLE regress_sto_desk, regress_sto_other, regress_sto_nobody;

-- Through a view, and a rule on it
CREATE VIEW sto_test.desk AS SELECT kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures FROM sto.transfer;
INSERT INTO sto_test.desk SELECT kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures FROM sto_test.sendable WHERE n = 30 RETURNING amount;
CREATE TABLE sto_test.inbox (n int);
CREATE RULE forward AS ON INSERT TO sto_test.inbox DO INSTEAD
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures)
SELECT kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference, signatures FROM sto_test.sendable WHERE n = NEW.n;
INSERT INTO sto_test.inbox VALUES (31), (30), (31);
SELECT sto_test.attempt('UPDATE sto_test.desk SET amount = 1'), sto_test.attempt('DELETE FROM sto_test.desk'), sto_test.balance('ACME', 'alice/1');

-- Rows of positions that moved to other places between two orders of a session
VACUUM FULL sto.position;
EXECUTE post (32);
CLUSTER sto.position USING position_pkey;
EXECUTE post (33);
SELECT sto.rebuild() > 0;
EXECUTE post (34);
BEGIN;
SAVEPOINT a;
EXECUTE post (35);
ROLLBACK TO a;
EXECUTE post (35);
COMMIT;
SELECT count(sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')) + count(sto_test.transfer('ACME', 'bob/1', 'alice/1', '1')) FROM generate_series(1, 200);
VACUUM sto.position;
EXECUTE post (36);
BEGIN;
REINDEX TABLE sto.position;
EXECUTE post (37);
ROLLBACK;
EXECUTE post (37);
SELECT sto_test.balance('ACME', 'alice/1'), sto_test.check_invariants();

-- Too old to commit
SET sto_ledger.max_post_age = 1;
BEGIN;
EXECUTE post (26);
SELECT pg_sleep(1.1) IS NULL;
COMMIT;
\echo :SQLSTATE
RESET sto_ledger.max_post_age;
SELECT sto_test.balance('ACME', 'alice/1'), sto_test.check_invariants();

-- Two-phase commit
BEGIN;
EXECUTE post (27);
PREPARE TRANSACTION 'sto_test_one';
COMMIT PREPARED 'sto_test_one';
BEGIN;
EXECUTE post (28);
PREPARE TRANSACTION 'sto_test_two';
ROLLBACK PREPARED 'sto_test_two';
EXECUTE post (29);
-- what such a transaction registered isn't remembered when it is rolled back
BEGIN;
SELECT FROM sto_test.wallet('alice/never', 'alice', '{60}');
SELECT sto_test.transfer('ACME', 'alice/1', 'alice/never', '1') > 0;
PREPARE TRANSACTION 'sto_test_three';
ROLLBACK PREPARED 'sto_test_three';
SELECT sto_test.attempt($$SELECT sto_test.transfer('ACME', 'alice/1', 'alice/never', '1')$$);
BEGIN;
SELECT FROM sto_test.wallet('alice/never', 'alice', '{60}');
SELECT sto_test.transfer('ACME', 'alice/1', 'alice/never', '1') > 0;
ROLLBACK;
SELECT sto_test.attempt($$SELECT sto_test.transfer('ACME', 'alice/1', 'alice/never', '1')$$);
SELECT sto_test.balance('ACME', 'alice/1'), sto_test.balance('ACME', 'bob/1'), sto_test.check_invariants();

\c postgres
\set ECHO none
SET client_min_messages = warning;
DROP DATABASE sto_regress_transfer;
