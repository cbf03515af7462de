-- Statements over more wallets than a session looks up one by one: it then reads the register ahead.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_many;
CREATE DATABASE sto_regress_many TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_many
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
SELECT sto_test.token('DESK', 'acme', extra => '{"unsigned_role": "postgres"}') IS NOT NULL;
SELECT count(sto_test.wallet('many/' || n, 'bob', ARRAY[100 + n % 800 + n / 800 * 1000])) FROM generate_series(1, 1500) AS n;
CREATE TABLE many AS
    SELECT row_number() OVER (ORDER BY address) AS n, address FROM sto.wallet WHERE party_id = sto_test.id('bob');
-- each gives one unit to the next
CREATE PROCEDURE ring(last int DEFAULT 1) LANGUAGE sql AS $$
    INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id)
    SELECT 'transfer', sto_test.id('DESK'), a.address, b.address, CASE a.n WHEN 1400 THEN last ELSE 1 END, sto_test.id('bob'), gen_random_uuid()
      FROM many AS a JOIN many AS b ON b.n = a.n % 1501 + 1 ORDER BY a.n
$$;
-- a new session, so that it knows no wallet yet: 1,501 new positions
\c
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id)
SELECT 'issue', sto_test.id('DESK'), sto_test.address('DESK'), address, 10, sto_test.id('acme'), gen_random_uuid() FROM many;
SELECT count(*), sum(balance) FROM sto.position WHERE token_id = sto_test.id('DESK');
-- a new session again: found by the index, then ahead of it, then where they were
\c
CALL ring();
CALL ring();
-- rows in other places, so that every hint is wrong
VACUUM FULL sto.position;
CALL ring();
-- one overdraft among them refuses all
CALL ring(12);
SELECT count(*) FROM sto.position WHERE token_id = sto_test.id('DESK') AND balance = 10;
SELECT sto_test.check_invariants();
\c postgres
\set ECHO none
SET client_min_messages = warning;
DROP DATABASE sto_regress_many;
