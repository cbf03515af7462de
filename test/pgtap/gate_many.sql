-- Statements over more wallets than a session looks up one by one: it reads the register ahead.
\getenv srcdir PG_ABS_SRCDIR
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on
SELECT plan(8);

SELECT sto_test.begin_small();
SELECT sto_test.token('DESK', 'acme', extra => '{"unsigned_role": "postgres"}') IS NOT NULL AS made \gset
SELECT count(sto_test.wallet('many/' || n, 'bob', ARRAY[3000 + n])) AS made FROM generate_series(1, 1500) AS n \gset
CREATE TABLE many AS
    SELECT row_number() OVER (ORDER BY address) AS n, address FROM sto.wallet WHERE party_id = sto_test.id('bob');

-- new sessions, so that nothing is known yet
\c
SET client_min_messages = warning;
SELECT lives_ok($$
    INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id)
    SELECT 'issue', sto_test.id('DESK'), sto_test.address('DESK'), address, '10', sto_test.id('acme'), gen_random_uuid() FROM many
$$, 'an issue to 1,501 new positions');
SELECT is((SELECT count(*) FROM sto.position WHERE token_id = sto_test.id('DESK')), 1502::bigint, 'all are there');
\c
SET client_min_messages = warning;
PREPARE ring AS
    INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id)
    SELECT 'transfer', sto_test.id('DESK'), a.address, b.address, '1', sto_test.id('bob'), gen_random_uuid()
      FROM many AS a JOIN many AS b ON b.n = a.n % 1501 + 1;
SELECT lives_ok('EXECUTE ring', 'each to the next, found by the index and then ahead of it');
SELECT lives_ok('EXECUTE ring', 'again, found where they were');
-- rows move to other places, so every hint is wrong
VACUUM FULL sto.position;
SELECT lives_ok('EXECUTE ring', 'again, after the table was rewritten');
SELECT throws_ok('INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id)
    SELECT ''transfer'', sto_test.id(''DESK''), a.address, b.address, CASE a.n WHEN 1400 THEN 11 ELSE 1 END, sto_test.id(''bob''), gen_random_uuid()
      FROM many AS a JOIN many AS b ON b.n = a.n % 1501 + 1 ORDER BY a.n', 'ST301', NULL, 'one overdraft among them refuses all');
SELECT is((SELECT count(*) FROM sto.position WHERE token_id = sto_test.id('DESK') AND balance = 10), 1501::bigint, 'everybody has what he had');
SELECT is(sto_test.check_invariants(), 'sound', 'the ledger is sound');
SELECT * FROM finish();
