-- Rules that a forced transfer does not pass are recorded, not enforced; the counters move all the same.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_rules_override;
CREATE DATABASE sto_regress_rules_override TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_rules_override
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\set ECHO none
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
\i :srcdir/signer/said.sql
\i :srcdir/signer/rules.sql
\set ECHO all
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SELECT sto_test.begin_rules();
SELECT num_nonnulls(sto_test.officer('enforcer', 60, 'enforcer'), sto_test.officer('second', 61, 'enforcer'), sto_test.party_facts('bob', '{"country": "US"}'));
SELECT sto_test.rules('ACME', '[{"rule": "granularity", "units": "7"}, {"rule": "country_deny", "countries": ["US"], "label": "OFAC"}, {"rule": "max_holders", "count": 1},
    {"rule": "volume_limit", "seconds": 3600, "amount": "5"}, {"rule": "approval"}, {"rule": "max_balance", "amount": "900", "exempt": ["alice"]}]') AS set_by \gset
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '10');
SELECT sto_test.approval('ACME', 'acme', '100') IS NOT NULL;
SELECT sto_test.enforce('c1', 'force', '{"token": "ACME", "debit": "alice/1", "credit": "bob/1", "amount": "10"}') AS forced \gset
SELECT kind, rule_set = :set_by FROM sto.transfer WHERE entry_id = :forced;
SELECT number, code, rule, label, detail FROM sto.override WHERE entry_id = :forced ORDER BY number;
-- nothing was used up, nothing counted as volume, but there is one holder more
SELECT uses_left FROM sto.transfer_approval;
SELECT outflow FROM sto.position WHERE wallet = sto_test.address('alice/1');
SELECT by, value, holders FROM sto.holder_group;
-- one that passes all leaves nothing on record; releases the last holder but one
SELECT sto_test.rules('ACME', '[{"rule": "granularity", "units": "5"}]') IS NOT NULL;
SELECT sto_test.enforce('c2', 'force', '{"token": "ACME", "debit": "bob/1", "credit": "alice/2", "amount": "10"}') AS forced \gset
SELECT count(*) FROM sto.override WHERE entry_id = :forced;
SELECT by, value, holders FROM sto.holder_group;
SELECT total FROM sto.holding WHERE party_id = sto_test.id('alice');
SELECT sto_test.faults();
CREATE TEMP TABLE before AS SELECT o::text AS r FROM sto.override o UNION ALL SELECT g::text FROM sto.holder_group g UNION ALL SELECT h::text FROM sto.holding h;
SELECT sto.rebuild() > 0;
SELECT count(*) FROM (SELECT r FROM before EXCEPT (SELECT o::text FROM sto.override o UNION ALL SELECT g::text FROM sto.holder_group g UNION ALL SELECT h::text FROM sto.holding h)) d;
SELECT sto_test.faults();
