-- Random orders of all kinds, good and bad, in random savepoints: positions and holds end where a model does.
\getenv srcdir PG_ABS_SRCDIR
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
\i :srcdir/signer/random.sql
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on
SELECT no_plan();

SELECT lives_ok('SELECT sto_test.begin_small(), sto_test.begin_play()', 'a ledger');
SELECT is(result, '0', format('seed %s: %s', seed, what)) FROM unnest(ARRAY[0.1, -0.7]) AS seed, LATERAL sto_test.play(seed, 100);
SELECT cmp_ok((SELECT count(*)::int FROM sto.transfer), '>', 150, 'many entries');
SELECT is((SELECT count(DISTINCT kind)::int FROM sto.transfer), 6, 'of every kind');
SELECT is(sto_test.check_invariants(), 'sound', 'the ledger is sound');

-- the same as transactions of their own, positions read anew each time
CREATE PROCEDURE sto_test.transactions(n int) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. n LOOP
        PERFORM sto_test.random_branch(2);
        IF random() < 0.3 THEN ROLLBACK; ELSE COMMIT; END IF;
    END LOOP;
END $$;
CALL sto_test.transactions(100);
SELECT is(result, '0', 'transactions: ' || what) FROM sto_test.play(0.3, 0);
SELECT is(sto_test.check_invariants(), 'sound', 'the ledger is sound after transactions');
-- folded anew from the log alone
SELECT cmp_ok(sto.rebuild()::int, '>', 150, 'folded anew');
SELECT is(result, '0', 'folded anew: ' || what) FROM sto_test.play(0.3, 0);
SELECT is(sto_test.check_invariants(), 'sound', 'the ledger is sound, folded anew');
SELECT * FROM finish();
