-- Every rule in every situation: what passes and what doesn't, at the boundary, of exempt parties, over several wallets and within a
-- party, issued, redeemed, held and posted, forced, recovered, in one statement, undone.  docs/compliance-map.md has the list.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_rules_matrix;
CREATE DATABASE sto_regress_rules_matrix TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_rules_matrix
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\set ECHO none
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
\i :srcdir/signer/rule_matrix.sql
\set ECHO all
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\pset fieldsep ' : '
SELECT num_nonnulls(sto_test.begin_small(), sto_test.begin_matrix());
-- Each script with its answers, told beforehand by a dry run too; what "ok" is missing from was refused
SELECT * FROM sto_test.matrix();
-- A lost wallet: it is a move within a party, and what fails all the same is recorded; then what the rule counts goes on
SELECT * FROM sto_test.matrix_recovery();
-- What a dry run said, and what became of the order when a fact had ended meanwhile, or a time had come
SELECT * FROM sto_test.matrix_times();
SELECT sto_test.check_invariants();
-- From the log alone
CREATE TEMP TABLE before AS SELECT 'h' AS t, h::text AS r FROM sto.holding h UNION ALL SELECT 'g', g::text FROM sto.holder_group g WHERE g.holders > 0 UNION ALL SELECT 'i', i::text FROM sto.issued i
    UNION ALL SELECT 'p', p::text FROM sto.position p UNION ALL SELECT 'a', a::text FROM sto.transfer_approval a UNION ALL SELECT 'o', o::text FROM sto.override o;
SELECT sto.rebuild() > 0;
SELECT count(*) FROM (SELECT t, r FROM before EXCEPT (SELECT 'h', h::text FROM sto.holding h UNION ALL SELECT 'g', g::text FROM sto.holder_group g UNION ALL SELECT 'i', i::text FROM sto.issued i
    UNION ALL SELECT 'p', p::text FROM sto.position p UNION ALL SELECT 'a', a::text FROM sto.transfer_approval a UNION ALL SELECT 'o', o::text FROM sto.override o)) d;
SELECT sto_test.check_invariants();
