-- What is bound to a wallet that is lost: a hash lock that names it as beneficiary, and owners of its units that were stated by look-through.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_recover_bound;
CREATE DATABASE sto_regress_recover_bound TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_recover_bound
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
SELECT num_nonnulls(sto_test.officer('agent', 33, 'recovery_agent'), sto_test.officer('second agent', 34, 'recovery_agent'), sto_test.party('bank', '{35}'), sto_test.party('broker', '{36}'),
    sto_test.wallet('pool', 'broker', '{37}', 'omnibus', extra => jsonb_build_object('custodian', sto_test.id('bank'))),
    sto_test.wallet('new pool', 'broker', '{38}', 'omnibus', extra => jsonb_build_object('custodian', sto_test.id('bank'))));
CREATE FUNCTION sto_test.totals() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', n, t), ', ' ORDER BY n) FROM (
        SELECT n, (SELECT coalesce(sum(p.balance::numeric), 0) FROM sto.position p JOIN sto.wallet w ON w.address = p.wallet WHERE w.party_id = sto_test.id(n))
                  - (SELECT coalesce(sum(l.units::numeric), 0) FROM sto.look_through l WHERE l.party_id = sto_test.id(n))
                  + (SELECT coalesce(sum(l.units::numeric), 0) FROM sto.look_through_owner l WHERE l.party_id = sto_test.id(n)) AS t
          FROM unnest('{bob,broker,carol}'::text[]) n) x
$$;
CREATE FUNCTION sto_test.look(wallet text, owners jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT replace(sto_test.try(format('SELECT sto_test.look_through(%L, %L, %L, %L)', wallet, 'bank', 'ACME', owners)), 'accepted', 'ok')
$$;
-- bob owes alice/2 for a secret; 300 units in the pool are bob's and carol's
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '50'), sto_test.say('transfer', 'alice/1', 'pool', '300');
SELECT sto_test.hold('ACME', 'bob/1', '30', 'hash_lock', jsonb_build_object('credit_wallet', 'alice/2', 'release_after', '2099-01-01', 'condition_hash', encode(sha256(sha256('secret')), 'hex'))) AS hashed,
       sto_test.hold('ACME', 'bob/1', '5', 'hash_lock', jsonb_build_object('credit_wallet', 'alice/2', 'release_after', '2099-01-01', 'condition_hash', encode(sha256(sha256('another')), 'hex'))) AS other \gset
SELECT sto_test.rules('ACME', '[{"rule": "max_balance", "amount": "250", "exempt": ["alice"]}, {"rule": "max_holders", "count": 9}, {"rule": "look_through", "seconds": 86400, "stale": "block"}]') > 0;
SELECT sto_test.look('pool', '{"bob": 100, "carol": 200}'), sto_test.totals();

-- alice/2 has units too, and is lost; so is the pool
SELECT sto_test.say('transfer', 'alice/1', 'alice/2', '10');
SELECT sto_test.open_case('lost', 'recover', jsonb_build_object('debit', 'alice/2', 'credit', 'alice/1', 'not_before', sto_test.micros_in(1.05)), 'agent', 'recovery') > 0, sto_test.decide_case('lost', 'second agent') > 0,
       sto_test.open_case('lost pool', 'recover', jsonb_build_object('debit', 'pool', 'credit', 'new pool', 'not_before', sto_test.micros_in(1.05)), 'agent', 'recovery') > 0, sto_test.decide_case('lost pool', 'second agent') > 0, pg_sleep(1.1);
SELECT sto_test.enforce_case('lost', '{}', 'agent', token => 'ACME') > 0;

-- The hash lock: to the successor, by whoever shows the secret; not to the lost wallet, another, or for a guess
CREATE FUNCTION sto_test.claim_hashed(hold bigint, wallet text, secret text) RETURNS text LANGUAGE sql AS $$
    SELECT sto_test.try(format('SELECT sto_test.post(%L, NULL)', jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'bob/1', 'credit_wallet', wallet,
        'amount', (SELECT h.remaining::text FROM sto.hold h WHERE h.hold_id = hold), 'hold_id', hold, 'preimage', '\x' || encode(sha256(secret::bytea), 'hex'), 'ordering_party', 'registrar')))
$$;
SELECT sto_test.claim_hashed(:hashed, x.wallet, x.secret)
  FROM (VALUES ('alice/2', 'secret'), ('carol/1', 'secret'), ('alice/1', 'guess'), ('alice/1', 'secret')) AS x (wallet, secret);
SELECT sto_test.named(beneficiary::text), remaining FROM sto.hold WHERE hold_id IN (:hashed, :other) ORDER BY hold_id;
SELECT sto_test.balance('ACME', 'alice/1'), sto_test.balance('ACME', 'bob/1');

-- The pool: the owners are who they were, counted as before; nothing moves in or out of the new one until they are stated of it
SELECT sto_test.enforce_case('lost pool', '{}', 'agent', token => 'ACME') > 0, sto_test.totals();
SELECT rule, detail FROM sto.override;
SELECT sto_test.say('transfer', 'alice/1', 'carol/1', '51'), sto_test.say('transfer', 'alice/1', 'new pool', '1'), sto_test.say('transfer', 'new pool', 'bob/1', '1');
-- first of the old one, that nobody owns what it had; else they would be counted twice
SELECT sto_test.look('new pool', '{"bob": 100, "carol": 200}'), sto_test.totals();
SELECT sto_test.look('pool', '{}'), sto_test.totals();
SELECT sto_test.say('transfer', 'new pool', 'bob/1', '1'), sto_test.say('transfer', 'alice/1', 'carol/1', '51'), sto_test.say('transfer', 'alice/1', 'carol/1', '50'), left(sto_test.say('transfer', 'alice/1', 'pool', '1'), 5);
SELECT sto_test.check_invariants();
CREATE TEMP TABLE before AS SELECT 'h' AS t, h::text AS r FROM sto.holding h UNION ALL SELECT 'g', g::text FROM sto.holder_group g UNION ALL SELECT 'l', l::text FROM sto.look_through l
    UNION ALL SELECT 'o', o::text FROM sto.look_through_owner o UNION ALL SELECT 'f', f::text FROM sto.hold f;
SELECT sto.rebuild() > 0;
SELECT count(*) FROM (SELECT t, r FROM before EXCEPT (SELECT 'h', h::text FROM sto.holding h UNION ALL SELECT 'g', g::text FROM sto.holder_group g UNION ALL SELECT 'l', l::text FROM sto.look_through l
    UNION ALL SELECT 'o', o::text FROM sto.look_through_owner o UNION ALL SELECT 'f', f::text FROM sto.hold f)) d;
SELECT sto_test.check_invariants();
