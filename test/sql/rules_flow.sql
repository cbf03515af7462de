-- Rules of a token that look back or use something up: volume, offers, approvals.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_rules_flow;
CREATE DATABASE sto_regress_rules_flow TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_rules_flow
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

-- volume_limit: what left the party's wallets in the window
SELECT sto_test.rules('ACME', '[{"rule": "volume_limit", "seconds": 3600, "amount": "100"}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '101'), sto_test.say('transfer', 'alice/1', 'bob/1', '60'), sto_test.say('transfer', 'alice/1', 'bob/1', '41'), sto_test.say('transfer', 'alice/1', 'bob/1', '30');
-- another wallet of the same party draws on the same limit; a move within it does not, nor does a redemption
SELECT sto_test.say('transfer', 'alice/1', 'alice/2', '500'), sto_test.say('redeem', 'alice/2', 'ACME', '100');
SELECT sto_test.say('transfer', 'alice/2', 'bob/1', '11'), sto_test.say('transfer', 'alice/2', 'bob/1', '10'), sto_test.say('transfer', 'alice/1', 'bob/1', '1');
-- what left before the window does not count
SELECT sto_test.rules('ACME', '[{"rule": "volume_limit", "seconds": 1, "amount": "100"}]') IS NOT NULL, pg_sleep(1.1) IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '100'), left(sto_test.say('transfer', 'alice/2', 'bob/1', '1'), 5), pg_sleep(1.1) IS NOT NULL, sto_test.say('transfer', 'alice/2', 'bob/1', '1');
-- past the first sample of outflow, too
SELECT sto_test.rules('ACME', '[]') IS NOT NULL;
SELECT count(sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')) FROM generate_series(1, 150);
SELECT count(*) > 2 FROM sto.flow;
SELECT pg_sleep(1.1) IS NOT NULL;
SELECT sto_test.rules('ACME', '[{"rule": "volume_limit", "seconds": 1, "amount": "5"}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '5'), left(sto_test.say('transfer', 'alice/1', 'bob/1', '1'), 5);
SELECT sto_test.rules('ACME', '[{"rule": "volume_limit", "seconds": 3600, "amount": "500"}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '1000');
-- a share of what is outstanding
SELECT sum(balance) FILTER (WHERE balance > 0) FROM sto.position;
SELECT sto_test.rules('ACME', '[{"rule": "volume_limit", "seconds": 3600, "share": 1000}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'bob/1', 'carol/1', '91'), sto_test.say('transfer', 'bob/1', 'carol/1', '90'), left(sto_test.say('transfer', 'bob/1', 'alice/1', '1'), 5);
-- a hold is asked, its post too, and counts when it is posted
SELECT sto_test.rules('ACME', '[{"rule": "volume_limit", "seconds": 3600, "amount": "100"}]') IS NOT NULL;
SELECT left(sto_test.try($$SELECT sto_test.hold('ACME', 'carol/1', '101', 'pledge', jsonb_build_object('credit_wallet', 'bob/1'))$$), 5) ;
SELECT sto_test.hold('ACME', 'carol/1', '40', 'pledge', jsonb_build_object('credit_wallet', 'bob/1')) AS hold \gset
SELECT outflow FROM sto.position WHERE wallet = sto_test.address('carol/1');
SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'carol/1', 'credit_wallet', 'bob/1', 'hold_id', :hold,
                                        'amount', '40', 'ordering_party', sto_test.id('bob')), '{22}') IS NOT NULL;
SELECT outflow FROM sto.position WHERE wallet = sto_test.address('carol/1');

-- approvals: by the issuer unless the rule names another; least id first; used up
SELECT sto_test.rules('ACME', '[{"rule": "approval"}]') IS NOT NULL, sto_test.say('transfer', 'bob/1', 'carol/1', '10');
SELECT num_nonnulls(sto_test.approval('ACME', 'acme', '10', '{"sender": "bob", "receiver": "carol"}'), sto_test.approval('ACME', 'acme', '5', '{"exact": true, "uses": 2}'),
                    sto_test.approval('ACME', 'acme', '100', '{"receiver": "alice"}'));
SELECT sto_test.say('transfer', 'bob/1', 'carol/1', '11'), sto_test.say('transfer', 'bob/1', 'carol/1', '9'), sto_test.say('transfer', 'bob/1', 'carol/1', '9');
SELECT sto_test.say('transfer', 'bob/1', 'carol/1', '5'), sto_test.say('transfer', 'carol/1', 'bob/1', '5'), left(sto_test.say('transfer', 'bob/1', 'carol/1', '5'), 5);
SELECT amount, exact, uses, uses_left, revoked IS NOT NULL FROM sto.transfer_approval ORDER BY approval;
-- in one statement the second has nothing left
SELECT count(*) FROM sto.transfer_approval WHERE uses_left > 0;
SELECT left(sto_test.try($$SELECT sto_test.transfer('ACME', 'bob/1', 'alice/1', '3'), sto_test.transfer('ACME', 'bob/1', 'alice/1', '4')$$), 5);
-- a savepoint gives a use back
BEGIN;
SAVEPOINT s;
SELECT sto_test.say('transfer', 'bob/1', 'alice/1', '3'), left(sto_test.say('transfer', 'bob/1', 'alice/1', '3'), 5);
ROLLBACK TO s;
SELECT sto_test.say('transfer', 'bob/1', 'alice/1', '4'), left(sto_test.say('transfer', 'bob/1', 'alice/1', '3'), 5);
COMMIT;
-- taken back, expired, not yet, by another party
SELECT sto_test.approval('ACME', 'acme', '10') AS a \gset
SELECT sto_test.approval_revoke('ACME', 'acme', :a) IS NOT NULL, left(sto_test.say('transfer', 'bob/1', 'alice/1', '3'), 5), sto_test.try(format('SELECT sto_test.approval_revoke(''ACME'', ''acme'', %s)', :a));
SELECT num_nonnulls(sto_test.approval('ACME', 'acme', '10', jsonb_build_object('to', sto_test.micros_in(-1))), sto_test.approval('ACME', 'acme', '10', jsonb_build_object('from', sto_test.micros_in(3600)))),
       left(sto_test.say('transfer', 'bob/1', 'alice/1', '3'), 5);
SELECT num_nonnulls(sto_test.party('dave', '{44}'), sto_test.approval('ACME', 'dave', '10')), left(sto_test.say('transfer', 'bob/1', 'alice/1', '3'), 5);
SELECT sto_test.rules('ACME', '[{"rule": "approval", "by": "dave"}]') IS NOT NULL, sto_test.say('transfer', 'bob/1', 'alice/1', '3');
SELECT sto_test.try($$SELECT sto_test.approval('ACME', 'acme', '0')$$), sto_test.try($$SELECT sto_test.approval('ACME', 'acme', '1', '{"uses": 0}')$$),
       sto_test.try($$SELECT sto_test.approval_revoke('ACME', 'dave', 1)$$), sto_test.try(format('SELECT sto_test.approval_revoke(''ACME'', ''dave'', %s)', :a));
-- asked of a hold without using it up; used by the post
SELECT sto_test.approval('ACME', 'dave', '10') IS NOT NULL;
SELECT sto_test.hold('ACME', 'carol/1', '4', 'pledge', jsonb_build_object('credit_wallet', 'bob/1')) AS hold \gset
SELECT uses_left FROM sto.transfer_approval ORDER BY approval DESC LIMIT 1;
SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'carol/1', 'credit_wallet', 'bob/1', 'hold_id', :hold,
                                        'amount', '4', 'ordering_party', sto_test.id('bob')), '{22}') IS NOT NULL;
SELECT uses_left FROM sto.transfer_approval ORDER BY approval DESC LIMIT 1;
-- a hold that is checked once is not asked again: it uses the approval up when it is placed, and gives it back to nobody
SELECT sto_test.approval('ACME', 'dave', '10', '{"uses": 2}') IS NOT NULL;
SELECT sto_test.hold('ACME', 'carol/1', '2', 'pledge', jsonb_build_object('credit_wallet', 'bob/1', 'checked_once', true)) AS hold \gset
SELECT uses_left FROM sto.transfer_approval ORDER BY approval DESC LIMIT 1;
SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'carol/1', 'credit_wallet', 'bob/1', 'hold_id', :hold,
                                        'amount', '1', 'keep_rest', true, 'ordering_party', sto_test.id('bob')), '{22}') IS NOT NULL;
SELECT sto_test.post(jsonb_build_object('kind', 'release', 'token_id', 'ACME', 'debit_wallet', 'carol/1', 'hold_id', :hold, 'amount', '1', 'ordering_party', sto_test.id('bob')), '{22}') IS NOT NULL;
SELECT sto_test.hold('ACME', 'carol/1', '1', 'pledge', jsonb_build_object('credit_wallet', 'bob/1', 'checked_once', true)) IS NOT NULL;
SELECT uses_left FROM sto.transfer_approval ORDER BY approval DESC LIMIT 1;
SELECT left(sto_test.try($$SELECT sto_test.hold('ACME', 'carol/1', '1', 'pledge', jsonb_build_object('credit_wallet', 'bob/1', 'checked_once', true))$$), 5);

-- offers: persons, sums and least amounts of issues in the window
SELECT sto_test.rules('ACME', '[{"rule": "offer_limits", "seconds": 3600, "max_persons": 2, "min_each": "10", "max_total": "1100"}]') IS NOT NULL;
SELECT count(*) FROM sto.issued;
SELECT sto_test.say('issue', 'ACME', 'bob/1', '9'), sto_test.say('issue', 'ACME', 'bob/1', '101'), sto_test.say('issue', 'ACME', 'bob/1', '50');
SELECT sto_test.say('issue', 'ACME', 'carol/1', '10'), sto_test.say('issue', 'ACME', 'alice/2', '50'), left(sto_test.say('issue', 'ACME', 'bob/1', '10'), 5);
SELECT sto_test.say('transfer', 'alice/1', 'carol/1', '1');
SELECT count(*) FROM sto.issued;
-- more issues than persons: they are counted when the issues alone reach the limit, and what was rolled back is forgotten
SELECT count(sto_test.wallet(n || '/1', n, ARRAY[s])) FROM (SELECT n, s, sto_test.party(n, NULL, 'natural') FROM (VALUES ('erin', 41), ('frank', 42), ('gina', 43)) AS v (n, s)) AS p;
SELECT sto_test.rules('ACME', '[{"rule": "offer_limits", "seconds": 3600, "max_persons": 4}]') IS NOT NULL;
BEGIN;
SAVEPOINT before;
SELECT sto_test.say('issue', 'ACME', 'alice/1', '1') FROM generate_series(1, 3);
ROLLBACK TO before;
SELECT sto_test.say('issue', 'ACME', 'erin/1', '1'), sto_test.say('issue', 'ACME', 'frank/1', '1'), sto_test.say('issue', 'ACME', 'gina/1', '1'), sto_test.say('issue', 'ACME', 'erin/1', '1');
COMMIT;
SELECT sto_test.say('issue', 'ACME', 'gina/1', '1'), sto_test.say('issue', 'ACME', 'bob/1', '1');
SELECT sto_test.say('issue', 'ACME', x.wallet, '1') FROM (VALUES ('alice/1'), ('bob/1'), ('frank/1'), ('gina/1')) AS x (wallet);

SELECT sto_test.faults();
CREATE TEMP TABLE before AS SELECT 'h' AS t, h::text AS r FROM sto.holding h UNION ALL SELECT 'i', i::text FROM sto.issued i
    UNION ALL SELECT 'p', p::text FROM sto.position p UNION ALL SELECT 'f', f::text FROM sto.flow f UNION ALL SELECT 'a', a::text FROM sto.transfer_approval a;
SELECT sto.rebuild() > 0;
SELECT count(*) FROM (SELECT t, r FROM before EXCEPT (SELECT 'h', h::text FROM sto.holding h UNION ALL SELECT 'i', i::text FROM sto.issued i
    UNION ALL SELECT 'p', p::text FROM sto.position p UNION ALL SELECT 'f', f::text FROM sto.flow f UNION ALL SELECT 'a', a::text FROM sto.transfer_approval a)) d;
SELECT sto_test.faults();
