-- Look-through: whose the units of an omnibus wallet are, counted by rules, and what happens when that was stated too long ago.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_look_through;
CREATE DATABASE sto_regress_look_through TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_look_through
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
SELECT num_nonnulls(sto_test.party('bank', '{31}', 'legal'), sto_test.party('broker', '{32}', 'legal'), sto_test.party('dave', NULL, 'natural'), sto_test.party('erin', NULL, 'natural'),
    sto_test.wallet('pool', 'broker', '{33}', 'omnibus', extra => jsonb_build_object('custodian', sto_test.id('bank'))), sto_test.wallet('own', 'broker', '{34}', 'omnibus'),
    sto_test.wallet('third', 'broker', '{36}', 'omnibus'), sto_test.wallet('plain', 'broker', '{37}'), sto_test.wallet('dave/1', 'dave', '{35}'));
CREATE FUNCTION sto_test.groups() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', nullif(by, ''), nullif(value, ''), holders, units), ', ' ORDER BY by, value) FROM sto.holder_group
$$;
CREATE FUNCTION sto_test.look(wallet text, actor text, owners jsonb, seq bigint DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text := sto_test.try(format('SELECT sto_test.look_through(%L, %L, %L, %L, %L)', wallet, actor, 'ACME', owners, seq));
BEGIN
    RETURN CASE WHEN said = 'accepted' THEN 'ok' ELSE said END;
END $$;
SELECT sto_test.say('transfer', 'alice/1', 'pool', '300'), sto_test.say('transfer', 'alice/1', 'bob/1', '50');

-- who may state what
SELECT sto_test.look('pool', 'broker', '{"bob": 300}');
SELECT sto_test.look('plain', 'broker', '{}');
SELECT sto_test.look('pool', 'bank', '{"bob": 299}');
SELECT sto_test.look('pool', 'bank', '{"bob": 300}', 0);
SELECT sto_test.look('pool', 'bank', '{"bob": 301, "dave": -1}'), sto_test.look('pool', 'bank', '{"bob": 300, "dave": 0}');
SELECT left(sto_test.look('pool', 'bank', '{"bob": 299, "nobody": 1}'), 5);
SELECT sto_test.try(format('SELECT sto_test.event(%L, %L, %L, %L)', 'look_through', sto_test.id('pool'), sto_test.id('bank'),
    sto.look_through_body(sto_test.id('ACME'), 1, ARRAY[sto_test.id('bob'), sto_test.id('bob')], '{100,200}')));
SELECT sto_test.try(format('SELECT sto_test.event(%L, %L, %L, %L)', 'look_through', sto_test.id('pool'), sto_test.id('bank'),
    sto.look_through_body(sto_test.id('ACME'), 1, ARRAY[sto_test.id('bob')], '{100,200}')));
-- a wallet without custodian: its party; one that has nothing
SELECT sto_test.look('own', 'bank', '{}'), sto_test.look('own', 'broker', '{}');

-- an approval before anybody has rules: nothing is replayed, and nothing used it
SELECT sto_test.approval('ACME', 'acme', '5', '{"uses": 3}') IS NOT NULL;
SELECT check_name, scope, detail FROM sto.verify(true, '{rules}') WHERE NOT ok;
-- stated before the token's first rules: counted from then on; the broker has none of it left
SELECT sto_test.look('pool', 'bank', '{"bob": 100, "dave": 150, "carol": 50}');
SELECT sto_test.rules('ACME', '[{"rule": "max_holders", "count": 5}, {"rule": "max_balance", "amount": "250", "exempt": ["alice"]}]') IS NOT NULL, sto_test.groups();
-- bob has 100 there and 50 himself; dave's first own units are no holder more
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '101'), sto_test.say('transfer', 'alice/1', 'bob/1', '100'), sto_test.say('transfer', 'bob/1', 'alice/1', '1'), sto_test.say('transfer', 'alice/1', 'bob/1', '1');
SELECT sto_test.say('transfer', 'alice/1', 'dave/1', '101'), sto_test.say('transfer', 'alice/1', 'dave/1', '100'), sto_test.groups();
SELECT sto_test.say('transfer', 'dave/1', 'alice/1', '100'), sto_test.groups();
-- what comes into the pool counts for the broker, who is a holder then, until it is stated anew
SELECT sto_test.say('transfer', 'alice/1', 'pool', '251'), sto_test.say('transfer', 'alice/1', 'pool', '20'), sto_test.groups();
SELECT sto_test.look('pool', 'bank', '{"bob": 100, "carol": 220}'), sto_test.groups();
-- dave owns nothing any more, and may have the limit himself
SELECT sto_test.say('transfer', 'alice/1', 'dave/1', '250'), sto_test.groups(), sto_test.say('transfer', 'alice/1', 'carol/1', '31'), sto_test.say('transfer', 'alice/1', 'carol/1', '30');
-- an owner over the limit by a statement: nothing stops that, but nothing more comes to it
SELECT sto_test.look('pool', 'bank', '{"bob": 20, "carol": 300}'), sto_test.say('transfer', 'alice/1', 'carol/1', '1'), sto_test.say('transfer', 'carol/1', 'alice/1', '1');
-- more leaves than the broker has: its total goes below zero, and it is no holder
SELECT sto_test.say('transfer', 'pool', 'alice/1', '40'), sto_test.groups(), sto_test.say('transfer', 'alice/1', 'own', '41'), sto_test.groups(), sto_test.say('transfer', 'own', 'alice/1', '41'), sto_test.groups();
SELECT sto_test.faults();
SELECT check_name, scope, examined, detail FROM sto.verify(true, '{look_through,rules,register}') WHERE NOT ok;

-- a custodian's statement in a savepoint that is rolled back
BEGIN;
SAVEPOINT s;
SELECT sto_test.look('pool', 'bank', '{"dave": 280}'), sto_test.groups(), sto_test.say('transfer', 'alice/1', 'dave/1', '1');
ROLLBACK TO s;
SELECT sto_test.groups(), sto_test.say('transfer', 'alice/1', 'bob/1', '1'), sto_test.look('pool', 'bank', '{"dave": 80, "bob": 100, "carol": 100}'), sto_test.groups();
SELECT sto_test.say('transfer', 'bob/1', 'alice/1', '1'), sto_test.groups();
COMMIT;

-- shares of groups, and facts of owners that change
SELECT sto_test.party_facts('bob', '{"country": "DE"}'), sto_test.party_facts('carol', '{"country": "FR"}') \gset ignored_
SELECT sto_test.rules('ACME', '[{"rule": "max_holders", "count": 9, "by": "country"}, {"rule": "ownership_by_claim", "by": "country", "value": "FR", "max": 2000}]') IS NOT NULL, sto_test.groups();
SELECT sto_test.party_facts('dave', '{"country": "FR"}') IS NOT NULL, sto_test.groups();
SELECT sto_test.look('pool', 'bank', '{"dave": 180, "bob": 100}'), sto_test.groups(), sto_test.say('transfer', 'alice/1', 'carol/1', '1');

-- stale: older than it may be, never stated, more stated than there is
SELECT sto_test.rules('ACME', '[{"rule": "look_through", "seconds": 3600, "stale": "block"}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'pool', '5'), sto_test.say('transfer', 'alice/1', 'own', '5'), sto_test.say('transfer', 'own', 'alice/1', '1'), sto_test.say('transfer', 'alice/1', 'third', '1');
SELECT sto_test.look('own', 'broker', '{"erin": 4}');
SELECT sto_test.say('transfer', 'pool', 'alice/1', '6'), sto_test.say('transfer', 'pool', 'alice/1', '1'), sto_test.say('transfer', 'alice/1', 'pool', '1');
SELECT c.code, c.rule, c.detail FROM sto.check_transfer(sto_test.id('ACME')::text, sto_test.address('alice/1'), sto_test.address('pool'), '1') c;
SELECT sto_test.look('pool', 'bank', '{"broker": 279}'), sto_test.say('transfer', 'pool', 'alice/1', '1');
SELECT sto_test.look('pool', 'bank', '{"broker": 278}'), sto_test.say('transfer', 'alice/1', 'pool', '2'), sto_test.groups();
SELECT sto_test.rules('ACME', '[{"rule": "look_through", "seconds": 1, "stale": "block"}]') IS NOT NULL, pg_sleep(1.1) IS NULL;
SELECT sto_test.say('transfer', 'pool', 'alice/1', '1'), sto_test.try($$SELECT sto_test.hold('ACME', 'alice/1', '1', 'pledge', '{"credit_wallet": "pool"}')$$);
SELECT sto_test.rules('ACME', '[{"rule": "look_through", "seconds": 1, "stale": "count_as_one"}]') IS NOT NULL, sto_test.say('transfer', 'pool', 'alice/1', '1'), sto_test.groups();

SELECT sto_test.faults();
SELECT check_name, scope, examined, detail FROM sto.verify() WHERE NOT ok AND check_name NOT IN ('guards');
-- one owner's units altered
SELECT sto_test.look('pool', 'bank', '{"broker": 79, "bob": 200}');
BEGIN;
UPDATE sto.look_through_owner SET units = '201' WHERE party_id = sto_test.id('bob');
SELECT check_name, scope, examined, first_bad IS NOT NULL, detail FROM sto.verify(true, '{look_through}') WHERE NOT ok;
ROLLBACK;
-- min_balance: what a pool sends was its owners', and leaves its party with less than nothing, not with too little
SELECT sto_test.look('pool', 'bank', '{"bob": 279}'), sto_test.rules('ACME', '[{"rule": "min_balance", "amount": "10", "exempt": ["alice"]}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'pool', 'alice/1', '20'), sto_test.say('transfer', 'bob/1', 'alice/1', sto_test.balance('ACME', 'bob/1')::text), sto_test.look('pool', 'bank', '{"bob": 239, "broker": 20}'),
       sto_test.say('transfer', 'pool', 'alice/1', '11'), sto_test.say('transfer', 'pool', 'alice/1', '10');
-- folded anew it is the same
CREATE TABLE public.before AS SELECT 'look' AS what, l::text FROM sto.look_through l UNION ALL SELECT 'owner', o::text FROM sto.look_through_owner o UNION ALL SELECT 'group', g::text FROM sto.holder_group g WHERE g.holders > 0;
SELECT sto.rebuild() > 0;
SELECT * FROM public.before EXCEPT (SELECT 'look', l::text FROM sto.look_through l UNION ALL SELECT 'owner', o::text FROM sto.look_through_owner o UNION ALL SELECT 'group', g::text FROM sto.holder_group g);
SELECT sto_test.faults();
