-- Many orders at once: bulk statements, errors in the middle, and lists under one signature.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_bulk;
CREATE DATABASE sto_regress_bulk TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_bulk
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
SELECT FROM sto_test.token('OTHER', 'acme'), sto_test.issue('OTHER', 'alice/1', '1000000');
SELECT FROM sto_test.issue('ACME', 'alice/1', '1000000');
SELECT FROM generate_series(1, 20) AS n, LATERAL sto_test.party('p' || n, NULL, 'natural'), LATERAL sto_test.wallet('w' || n, 'p' || n, ARRAY[100 + n]);

-- Orders of alice to the twenty, as a client keeps them; no index can help a list to be in order
CREATE TABLE sto_test.orders (list text, n int, o sto.transfer, signatures bytea);
CREATE FUNCTION sto_test.make_list(name text, count int, debit text DEFAULT 'alice/1', token text DEFAULT 'ACME') RETURNS void LANGUAGE sql AS $$
    INSERT INTO sto_test.orders
    SELECT name, n, sto_test.make_order(sto_test.transfer_order(token, debit, 'w' || (1 + n % 20), n::text)), NULL FROM generate_series(1, count) AS n
$$;
-- The signature over a list: an event of whoever orders
CREATE FUNCTION sto_test.sign_list(name text, actor text DEFAULT 'alice/1', change jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('batch', gen_random_uuid(), sto_test.id(actor), (jsonb_build_object('token', (array_agg((o).token_id))[1], 'count', count(*),
        'sum', sum((o).amount)::text, 'hash', encode(sha256(string_agg(sto_test.order_message(o), ''::bytea ORDER BY n)), 'hex')) || change)::text)
      FROM sto_test.orders WHERE list = name
$$;
CREATE FUNCTION sto_test.post_list(name text, authority bigint, first int DEFAULT 1, last int DEFAULT 1000000, reverse boolean DEFAULT false) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    rows bigint;
BEGIN
    INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, authority_event, signatures)
    SELECT (o).kind, (o).token_id, (o).debit_wallet, (o).credit_wallet, (o).amount, (o).ordering_party, (o).order_id, authority, signatures
      FROM sto_test.orders WHERE list = name AND n BETWEEN first AND last ORDER BY CASE WHEN reverse THEN -n ELSE n END;
    GET DIAGNOSTICS rows = ROW_COUNT;
    RETURN rows;
END $$;

-- Signed one by one: 500 in a statement, whole or not at all
SELECT sto_test.make_list('signed', 500);
UPDATE sto_test.orders SET signatures = sto_test.signatures(sto_test.order_message(o), '{21}') WHERE list = 'signed';
UPDATE sto_test.orders SET signatures = set_byte(signatures, 20, get_byte(signatures, 20) # 1) WHERE list = 'signed' AND n = 400;
SELECT sto_test.post_list('signed', NULL);
SELECT sto_test.balance('ACME', 'alice/1'), (SELECT count(*) FROM sto.position WHERE token_id = sto_test.id('ACME')), sto_test.check_invariants();
UPDATE sto_test.orders SET signatures = sto_test.signatures(sto_test.order_message(o), '{21}') WHERE list = 'signed' AND n = 400;
SELECT sto_test.post_list('signed', NULL, 101, 300);
-- the middle is repeated: skipped, not counted
SELECT sto_test.post_list('signed', NULL);
SELECT sto_test.balance('ACME', 'alice/1'), sto_test.balance('ACME', 'w1'), sto_test.check_invariants();
-- an order id used twice for different orders, in one statement
SELECT sto_test.make_list('twice', 3);
UPDATE sto_test.orders SET o.order_id = md5('twice')::uuid WHERE list = 'twice';
UPDATE sto_test.orders SET signatures = sto_test.signatures(sto_test.order_message(o), '{21}') WHERE list = 'twice';
SELECT sto_test.post_list('twice', NULL);
\echo :SQLSTATE
-- the last row overdraws by one
SELECT sto_test.balance('ACME', 'w20') AS w20 \gset
INSERT INTO sto_test.orders SELECT 'over', 1, sto_test.make_order(sto_test.transfer_order('ACME', 'w20', 'bob/1', :'w20'));
INSERT INTO sto_test.orders SELECT 'over', 2, sto_test.make_order(sto_test.transfer_order('ACME', 'w20', 'bob/1', '1'));
UPDATE sto_test.orders SET signatures = sto_test.signatures(sto_test.order_message(o), '{120}') WHERE list = 'over';
SELECT sto_test.post_list('over', NULL);
\echo :SQLSTATE
SELECT sto_test.post_list('over', NULL, 1, 1), sto_test.check_invariants();

-- ON CONFLICT: no conflict, an equal order, and a row that is really dropped, its id being taken
INSERT INTO sto_test.orders SELECT 'conflict', n, sto_test.make_order(sto_test.transfer_order('ACME', 'alice/1', 'bob/1', n::text)) FROM generate_series(1, 3) AS n;
UPDATE sto_test.orders SET signatures = sto_test.signatures(sto_test.order_message(o), '{21}') WHERE list = 'conflict';
PREPARE lenient (int) AS
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT (o).kind, (o).token_id, (o).debit_wallet, (o).credit_wallet, (o).amount, (o).ordering_party, (o).order_id, signatures
  FROM sto_test.orders WHERE list = 'conflict' AND n = $1 ON CONFLICT DO NOTHING RETURNING amount;
EXECUTE lenient (1);
EXECUTE lenient (1);
SELECT sto_test.check_invariants();
BEGIN;
SELECT setval('sto.entry_id_seq', max(entry_id) - 1) IS NULL FROM sto.transfer;
EXECUTE lenient (2);
\echo :SQLSTATE
ROLLBACK;
BEGIN;
SAVEPOINT a;
SELECT setval('sto.entry_id_seq', max(entry_id) - 1) IS NULL FROM sto.transfer;
EXECUTE lenient (2);
ROLLBACK TO a;
SELECT setval('sto.entry_id_seq', max(entry_id)) IS NULL FROM (SELECT entry_id FROM sto.transfer UNION SELECT entry_id FROM sto.event) AS i;
EXECUTE lenient (2);
COMMIT;
SELECT sto_test.balance('ACME', 'bob/1'), sto_test.check_invariants();
-- without the clause it is an error of its own
BEGIN;
SELECT setval('sto.entry_id_seq', max(entry_id) - 1) IS NULL FROM sto.transfer;
SELECT sto_test.post_list('conflict', NULL, 3, 3);
\echo :SQLSTATE
ROLLBACK;
SELECT setval('sto.entry_id_seq', max(entry_id)) IS NULL FROM (SELECT entry_id FROM sto.transfer UNION SELECT entry_id FROM sto.event) AS i;
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT (o).kind, (o).token_id, (o).debit_wallet, (o).credit_wallet, (o).amount, (o).ordering_party, (o).order_id, signatures
  FROM sto_test.orders WHERE list = 'conflict' AND n = 3 ON CONFLICT ON CONSTRAINT transfer_order DO UPDATE SET amount = 1000000 RETURNING amount;
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT (o).kind, (o).token_id, (o).debit_wallet, (o).credit_wallet, (o).amount, (o).ordering_party, (o).order_id, signatures
  FROM sto_test.orders WHERE list = 'conflict' AND n = 3 ON CONFLICT ON CONSTRAINT transfer_order DO UPDATE SET amount = 1000000 RETURNING amount;
BEGIN;
SELECT setval('sto.entry_id_seq', max(entry_id) - 1) IS NULL FROM sto.transfer;
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT o.kind, o.token_id, o.debit_wallet, o.credit_wallet, o.amount, o.ordering_party, o.order_id, sto_test.signatures(sto_test.order_message(o), '{21}')
  FROM sto_test.make_order(sto_test.transfer_order('ACME', 'alice/1', 'bob/1', '1')) AS o ON CONFLICT ON CONSTRAINT transfer_pkey DO UPDATE SET amount = 1000000;
ROLLBACK;
SELECT setval('sto.entry_id_seq', max(entry_id)) IS NULL FROM (SELECT entry_id FROM sto.transfer UNION SELECT entry_id FROM sto.event) AS i;
SELECT sto_test.balance('ACME', 'bob/1'), sto_test.check_invariants();

-- A list under one signature
SELECT sto_test.make_list('good', 200);
SELECT sto_test.sign_list('good') AS batch \gset
SELECT sto_test.post_list('good', :batch);
SELECT count(*), bool_and(signatures IS NULL), bool_and(key_policy = (SELECT policy_event FROM sto.wallet WHERE wallet_id = sto_test.id('alice/1')))
  FROM sto.transfer WHERE authority_event = :batch;
-- the same again adds nothing; its entries one by one neither; other orders under it are refused
SELECT sto_test.post_list('good', :batch), sto_test.post_list('good', :batch, 7, 9);
SELECT sto_test.make_list('more', 200);
SELECT sto_test.attempt(format('SELECT sto_test.post_list(''more'', %s)', :batch));
SELECT sto_test.check_invariants();

-- Not as signed: each on a list and a signature of its own
CREATE FUNCTION sto_test.try_list(what text, change jsonb DEFAULT '{}', actor text DEFAULT 'alice/1', how text DEFAULT 'sto_test.post_list(%L, %s)') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    batch bigint;
BEGIN
    PERFORM sto_test.make_list(what, 5);
    batch := sto_test.sign_list(what, actor, change);
    RETURN sto_test.attempt('SELECT ' || format(how, what, batch));
END $$;
SELECT sto_test.try_list('one too few in the event', '{"count": 4}');
SELECT sto_test.try_list('one too many in the event', '{"count": 6}');
SELECT sto_test.try_list('wrong sum', '{"sum": "16"}');
SELECT sto_test.try_list('wrong hash', jsonb_build_object('hash', repeat('ab', 32)));
SELECT sto_test.try_list('another token', jsonb_build_object('token', sto_test.id('OTHER')));
SELECT sto_test.try_list('expired', '{"valid_until": 1700000000000000}');
-- signed in time, posted too late
SELECT sto_test.try_list('expires', jsonb_build_object('valid_until', sto_test.micros(clock_timestamp() + interval '150 ms')), how => 'sto_test.post_list(x, y) FROM (SELECT %L::text, %s, pg_sleep(0.2)) AS t (x, y)');
SELECT sto_test.try_list('count of none', '{"count": 0}');
SELECT sto_test.try_list('in another order', how => 'sto_test.post_list(%L, %s, reverse => true)');
SELECT sto_test.try_list('in part', how => 'sto_test.post_list(%L, %s, 1, 4)');
SELECT sto_test.try_list('the last alone', how => 'sto_test.post_list(%L, %s, 5, 5)');
SELECT sto_test.try_list('in two statements', how => 'sto_test.post_list(x, y, 1, 3), sto_test.post_list(x, y, 4, 5) FROM (SELECT %L::text, %s) AS t (x, y)');
SELECT sto_test.try_list('twice over', how => 'sto_test.post_list(x, y), sto_test.post_list(x, y) FROM (SELECT %L::text, %s) AS t (x, y)');
SELECT sto_test.try_list('of another wallet', actor => 'bob/1');
SELECT sto_test.try_list('of the issuer', actor => 'acme');
SELECT sto_test.make_list('one added', 5);
SELECT sto_test.sign_list('one added') AS batch \gset
INSERT INTO sto_test.orders SELECT 'one added', 6, sto_test.make_order(sto_test.transfer_order('ACME', 'alice/1', 'bob/1', '1'));
SELECT sto_test.attempt(format('SELECT sto_test.post_list(''one added'', %s)', :batch));
SELECT sto_test.make_list('one changed', 5);
SELECT sto_test.sign_list('one changed') AS batch \gset
UPDATE sto_test.orders SET o.amount = CASE n WHEN 1 THEN 2 ELSE 1 END WHERE list = 'one changed' AND n IN (1, 2);
SELECT sto_test.attempt(format('SELECT sto_test.post_list(''one changed'', %s)', :batch));
SELECT sto_test.make_list('one posted before', 5);
UPDATE sto_test.orders SET signatures = sto_test.signatures(sto_test.order_message(o), '{21}') WHERE list = 'one posted before' AND n = 3;
SELECT sto_test.post_list('one posted before', NULL, 3, 3);
UPDATE sto_test.orders SET signatures = NULL WHERE list = 'one posted before';
SELECT sto_test.sign_list('one posted before') AS batch \gset
SELECT sto_test.attempt(format('SELECT sto_test.post_list(''one posted before'', %s)', :batch));
-- signed with keys that are rotated out before it is posted
SELECT sto_test.make_list('rotated', 5, 'w1');
SELECT sto_test.sign_list('rotated', 'w1') AS batch \gset
SELECT FROM sto_test.set_keys('w1', '{99}');
SELECT sto_test.attempt(format('SELECT sto_test.post_list(''rotated'', %s)', :batch));
-- two lists in one statement, mixed
SELECT sto_test.make_list('left', 5), sto_test.make_list('right', 5);
SELECT sto_test.sign_list('left') AS batch_left \gset
SELECT sto_test.sign_list('right') AS batch_right \gset
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, authority_event)
SELECT (o).kind, (o).token_id, (o).debit_wallet, (o).credit_wallet, (o).amount, (o).ordering_party, (o).order_id, CASE list WHEN 'left' THEN :batch_left ELSE :batch_right END
  FROM sto_test.orders WHERE list IN ('left', 'right') ORDER BY n, list;
SELECT count(*) FROM sto.transfer WHERE authority_event IN (:batch_left, :batch_right);
SELECT sto_test.check_invariants();

-- A list in a savepoint that is rolled back, then again; half a list in a savepoint, half outside
SELECT sto_test.make_list('again', 5);
SELECT sto_test.sign_list('again') AS batch \gset
BEGIN;
SAVEPOINT a;
SELECT sto_test.post_list('again', :batch);
ROLLBACK TO a;
SELECT sto_test.post_list('again', :batch);
COMMIT;
SELECT sto_test.make_list('half', 5);
SELECT sto_test.sign_list('half') AS batch \gset
CREATE FUNCTION sto_test.half(batch bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN sto_test.post_list('half', batch, 1, 3);
EXCEPTION WHEN OTHERS THEN
    RETURN -1;
END $$;
SELECT sto_test.half(:batch);
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, authority_event)
SELECT (o).kind, (o).token_id, (o).debit_wallet, (o).credit_wallet, (o).amount, (o).ordering_party, (o).order_id, :batch
  FROM (SELECT sto_test.half(:batch) AS posted) AS h, LATERAL (SELECT o, n FROM sto_test.orders WHERE list = 'half' AND n > posted) AS l ORDER BY n
RETURNING amount;
-- (a nested statement is part of the one that runs it)
SELECT sto_test.post_list('half', :batch), (SELECT count(*) FROM sto.transfer WHERE authority_event = :batch);
SELECT sto_test.make_list('half undone', 5);
SELECT sto_test.sign_list('half undone') AS batch \gset
CREATE FUNCTION sto_test.half_undone(batch bigint) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.post_list('half undone', batch, 1, 3);
    RAISE EXCEPTION 'caught';
EXCEPTION WHEN OTHERS THEN
    RETURN 3;
END $$;
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, authority_event)
SELECT (o).kind, (o).token_id, (o).debit_wallet, (o).credit_wallet, (o).amount, (o).ordering_party, (o).order_id, :batch
  FROM (SELECT sto_test.half_undone(:batch) AS posted) AS h, LATERAL (SELECT o, n FROM sto_test.orders WHERE list = 'half undone' AND n > posted) AS l ORDER BY n
RETURNING amount;
\echo :SQLSTATE
-- begun outside, continued in a savepoint: refused there, and the rest is in part
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, authority_event)
SELECT (o).kind, (o).token_id, (o).debit_wallet, (o).credit_wallet, (o).amount, (o).ordering_party, (o).order_id, :batch
  FROM sto_test.orders WHERE list = 'half undone' AND n <= 3 ORDER BY n RETURNING amount, sto_test.refusal(format('SELECT sto_test.post_list(''half undone'', %s, 4, 5)', :batch));
\echo :SQLSTATE
SELECT sto_test.post_list('half undone', :batch);
SELECT sto_test.check_invariants();

-- An issue to many wallets under the issuer's one signature
INSERT INTO sto_test.orders SELECT 'issue', n, sto_test.make_order(jsonb_build_object('kind', 'issue', 'token_id', 'ACME', 'debit_wallet', 'ACME', 'credit_wallet', 'w' || n,
       'amount', '1000', 'ordering_party', 'acme')) FROM generate_series(1, 20) AS n;
SELECT sto_test.sign_list('issue', 'alice/1') AS batch \gset
SELECT sto_test.attempt(format('SELECT sto_test.post_list(''issue'', %s)', :batch));
SELECT sto_test.sign_list('issue', 'acme') AS batch \gset
SELECT sto_test.post_list('issue', :batch), sto_test.post_list('issue', :batch);
SELECT sto_test.balance('ACME', 'ACME'), sto_test.check_invariants();

-- A longer list
SELECT sto_test.make_list('long', 1000);
SELECT sto_test.sign_list('long') AS batch \gset
SELECT sto_test.post_list('long', :batch);
SELECT sto_test.check_invariants();

-- A list whose second order was posted before: ON CONFLICT drops its row, and no query can count it as stored
SELECT sto_test.make_list('dropped', 2);
SELECT sto_test.sign_list('dropped') AS batch \gset
UPDATE sto_test.orders SET signatures = sto_test.signatures(sto_test.order_message(o), '{21}') WHERE list = 'dropped';
SELECT sto_test.post_list('dropped', NULL, 2, 2);
CREATE FUNCTION sto_test.pretend() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto.row_stored(e.id + i, place::tid) FROM (SELECT max(entry_id) AS id FROM sto.transfer) AS e, generate_series(0, 9) AS i,
            unnest('{"(0,0)","(0,1)","(4294967295,1)"}'::text[]) AS place;
    RETURN false;
END $$;
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, authority_event)
SELECT (o).kind, (o).token_id, (o).debit_wallet, (o).credit_wallet, (o).amount, (o).ordering_party, (o).order_id, :batch
  FROM (SELECT o FROM sto_test.orders WHERE list = 'dropped' ORDER BY n OFFSET 0) AS list
UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL WHERE sto_test.pretend()
ON CONFLICT DO NOTHING;
\echo :SQLSTATE
SELECT sto_test.check_invariants();

\c postgres
\set ECHO none
SET client_min_messages = warning;
DROP DATABASE sto_regress_bulk;
