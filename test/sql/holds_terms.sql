-- Terms of holds: who posts and who releases, before and after the end, for every purpose and kind of actor; values, ends, ranks of pledges.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_terms;
CREATE DATABASE sto_regress_terms TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_terms
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
SELECT count(sto_test.party(p, seeds)) FROM (VALUES ('venue', '{70}'::int[]), ('bank', '{50}'), ('court', '{51}'), ('keyless', NULL), ('carol', NULL)) AS v (p, seeds);
SELECT sto_test.officer('officer', 90, 'enforcer') IS NOT NULL;
SELECT sto_test.wallet('carol/1', 'carol', '{24}', 'client', NULL, jsonb_build_object('custodian', sto_test.id('bank'))) IS NOT NULL, sto_test.wallet('dora/1', 'alice', '{26}', 'client', NULL, jsonb_build_object('custodian', sto_test.id('court'))) IS NOT NULL;
SELECT sto_test.issue('ACME', 'dora/1', '1000') > 0;

-- What is tried is undone
CREATE FUNCTION sto_test.try(o jsonb, seeds int[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.post(o, seeds);
    RAISE EXCEPTION USING ERRCODE = 'ZZ001';
EXCEPTION WHEN SQLSTATE 'ZZ001' THEN RETURN 'yes';
          WHEN OTHERS THEN RETURN SQLSTATE;
END $$;
CREATE TABLE sto_test.terms (n int, name text, purpose text, extra jsonb);
INSERT INTO sto_test.terms VALUES
    (1, 'subscription', 'subscription', jsonb_build_object('notary', 'venue', 'instruction_hash', repeat('ab', 32))), (2, 'settlement to carol', 'settlement', jsonb_build_object('notary', 'venue', 'instruction_hash', repeat('ab', 32), 'credit_wallet', 'carol/1')),
    (3, 'pledge', 'pledge', '{"credit_wallet": "carol/1"}'), (4, 'hash lock', 'hash_lock', jsonb_build_object('credit_wallet', 'carol/1', 'condition_hash', encode(sha256(decode(repeat('5a', 32), 'hex')), 'hex'))),
    (5, 'lock-up', 'lock_up', '{}'), (6, 'lock-up with a notary', 'lock_up', '{"notary": "venue"}');
CREATE TABLE sto_test.actor (n int, who text, seeds int[], signs text);
INSERT INTO sto_test.actor VALUES (1, 'alice', '{26}', 'debtor'), (2, 'court', '{51}', 'his custodian'), (3, 'alice', '{21}', 'his other wallet'), (4, 'acme', '{10}', 'issuer'), (5, 'carol', '{24}', 'beneficiary'), (6, 'bank', '{50}', 'her custodian'),
    (7, 'venue', '{70}', 'notary'), (8, 'bob', '{22}', 'a stranger'), (9, 'registrar', '{3}', 'registrar'), (10, 'officer', '{90}', 'enforcer'), (11, 'registrar', NULL, 'nobody'), (12, 'alice', NULL, 'nobody, in his name');
-- Who may, of all of them: who posts without the preimage and with it, who releases
CREATE FUNCTION sto_test.may(hold bigint, kind text, extra jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(a.signs, ', ' ORDER BY a.n), 'no one')
      FROM sto_test.actor AS a, sto.hold AS h
     WHERE h.hold_id = may.hold AND sto_test.try(jsonb_build_object('kind', kind, 'token_id', 'ACME', 'debit_wallet', h.wallet, 'credit_wallet', CASE kind WHEN 'post' THEN 'carol/1' END, 'amount', '1', 'hold_id', hold,
               'group_id', md5('g'), 'ordering_party', a.who) || extra, a.seeds) = 'yes'
$$;
CREATE TABLE sto_test.placed AS
SELECT t.n, t.name, e.at, sto_test.hold('ACME', 'dora/1', '10', t.purpose, t.extra || jsonb_build_object('release_after', CASE e.at WHEN 'before' THEN '2100-01-01 00:00+00' ELSE clock_timestamp() + interval '1 s' END)) AS hold
  FROM sto_test.terms AS t, (VALUES ('before'), ('after')) AS e (at) ORDER BY t.n;
SELECT pg_sleep_until((SELECT max(h.release_after) FROM sto.hold AS h JOIN sto_test.placed AS p ON p.hold = h.hold_id WHERE p.at = 'after')) IS NOT NULL;
SELECT name, 'posted by ' || sto_test.may(hold, 'post', '{}'), 'with the preimage by ' || sto_test.may(hold, 'post', jsonb_build_object('preimage', '\x' || repeat('5a', 32), 'keep_rest', true)), 'released by ' || sto_test.may(hold, 'release', '{}')
  FROM sto_test.placed WHERE at = 'before' ORDER BY n;
-- once its time has passed it is posted by no one, and released by anyone in his own name
SELECT name, sto_test.may(hold, 'post', '{}'), sto_test.may(hold, 'post', jsonb_build_object('preimage', '\x' || repeat('5a', 32), 'keep_rest', true)), sto_test.may(hold, 'release', '{}')
  FROM sto_test.placed WHERE at = 'after' ORDER BY n;

-- No more than is available; a hold or a release of nothing
SELECT sto_test.balance('ACME', 'alice/1'), sto_test.try(jsonb_build_object('kind', 'hold', 'purpose', 'pledge', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', 'bob/1', 'ordering_party', 'alice', 'amount', amount), '{21}')
  FROM (VALUES ('1000'), ('1001'), ('0'), ('-1'), ('170141183460469231731687303715884105727')) AS v (amount);
-- An end in the past, now, and never; ends that a purpose needs
SELECT sto_test.try(jsonb_build_object('kind', 'hold', 'purpose', purpose, 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', CASE purpose WHEN 'lock_up' THEN NULL ELSE 'bob/1' END, 'ordering_party', 'alice', 'amount', '1', 'release_after', release_after,
           'condition_hash', CASE purpose WHEN 'hash_lock' THEN repeat('ab', 32) END), '{21}')
  FROM (VALUES ('pledge', '2020-01-01 00:00+00'), ('pledge', now()::text), ('pledge', (now() + interval '1 hour')::text), ('pledge', NULL), ('hash_lock', NULL), ('lock_up', NULL), ('lock_up', '2020-01-01 00:00+00'), ('lock_up', '2100-01-01 00:00+00')) AS v (purpose, release_after);
-- A notary who is the holder himself
BEGIN;
SELECT FROM sto_test.party('self', '{95}'), sto_test.wallet('self/1', 'self', '{96}'), sto_test.issue('ACME', 'self/1', '10');
SELECT purpose, sto_test.refusal(format('SELECT sto_test.hold(%L, %L, %L, %L, %L)', 'ACME', 'self/1', '1', purpose, jsonb_build_object('notary', notary) || more)), notary
  FROM (VALUES ('settlement', jsonb_build_object('instruction_hash', repeat('ab', 32))), ('subscription', jsonb_build_object('instruction_hash', repeat('ab', 32))),
               ('lock_up', '{"release_after": "2100-01-01 00:00+00"}')) AS v (purpose, more), unnest('{self,venue}'::text[]) AS notary;
ROLLBACK;
-- A notary that isn't registered, or has no keys to sign with
SELECT sto_test.try(jsonb_build_object('kind', 'hold', 'purpose', 'lock_up', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'ordering_party', 'alice', 'amount', '1', 'release_after', '2100-01-01 00:00+00', 'notary', notary), '{21}')
  FROM unnest('{venue,keyless,nobody}'::text[]) AS notary;

-- Checked once: a hold that can be posted and names its beneficiary; signed with the rest, kept in the register, no other order
SELECT kind, purpose, checked_once, sto_test.try(jsonb_build_object('kind', kind, 'purpose', purpose, 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', credit, 'ordering_party', 'alice', 'amount', '1', 'checked_once', checked_once,
           'release_after', CASE purpose WHEN 'lock_up' THEN '2100-01-01 00:00+00' END, 'notary', CASE purpose WHEN 'settlement' THEN 'venue' END, 'instruction_hash', CASE purpose WHEN 'settlement' THEN repeat('ab', 32) END), '{21}')
  FROM (VALUES ('hold', 'pledge', 'bob/1', true), ('hold', 'pledge', 'bob/1', false), ('hold', 'settlement', 'bob/1', true), ('hold', 'settlement', NULL, true), ('hold', 'settlement', NULL, NULL), ('hold', 'lock_up', NULL, true), ('transfer', NULL, 'bob/1', true), ('transfer', NULL, 'bob/1', false)) AS v (kind, purpose, credit, checked_once);
BEGIN;
SELECT sto_test.hold('ACME', 'alice/1', '1', 'pledge', jsonb_build_object('credit_wallet', 'bob/1', 'checked_once', flag)) > 0 FROM unnest('{true,false,NULL}'::boolean[]) AS flag;
SELECT h.checked_once, t.checked_once, sto.order_message(t) = sto_test.order_message(t) FROM sto.hold AS h JOIN sto.transfer AS t ON t.entry_id = h.hold_id WHERE h.wallet = sto_test.address('alice/1') ORDER BY h.hold_id;
SELECT sto_test.check_invariants();
-- the register says what the log says
UPDATE sto.hold SET checked_once = NOT checked_once WHERE wallet = sto_test.address('alice/1');
SELECT check_name, detail FROM sto.verify(false, '{holds}') WHERE NOT ok;
ROLLBACK;
-- the flag is in what was signed
SELECT o.*, sto_test.signatures(sto_test.order_message(o), '{21}') AS signed FROM sto_test.make_order('{"kind": "hold", "purpose": "pledge", "token_id": "ACME", "debit_wallet": "alice/1", "credit_wallet": "bob/1", "ordering_party": "alice", "amount": "1", "checked_once": false}') AS o \gset
SELECT sto_test.attempt(format('INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, purpose, checked_once, signatures) VALUES (%L, %L, %L, %L, 1, %L, %L, %L, true, %L)',
       'hold', :'token_id', :'debit_wallet', :'credit_wallet', :'ordering_party', :'order_id', 'pledge', :'signed'));

-- ... and the rules that come afterwards don't stop it, but count it; the dry run says so too
SELECT sto_test.rules('ACME', '[{"rule": "max_holders", "count": 3}]') > 0;
SELECT sto_test.hold('ACME', 'alice/1', '5', 'pledge', jsonb_build_object('credit_wallet', 'carol/1', 'checked_once', true)) AS once \gset
SELECT sto_test.hold('ACME', 'alice/1', '5', 'pledge', '{"credit_wallet": "carol/1"}') AS twice \gset
SELECT sto_test.rules('ACME', '[{"rule": "max_holders", "count": 3}, {"rule": "granularity", "units": "10"}, {"rule": "max_balance", "amount": "1"}]') > 0;
SELECT sto_test.attempt($$SELECT sto_test.hold('ACME', 'alice/1', '5', 'pledge', '{"credit_wallet": "carol/1", "checked_once": true}')$$);
CREATE FUNCTION sto_test.use(hold bigint, amount text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', 'carol/1', 'amount', amount, 'hold_id', hold, 'ordering_party', 'carol', 'keep_rest', true)
$$;
SELECT coalesce(string_agg(c.rule, ', ' ORDER BY c.code), 'would pass') FROM (VALUES (1, :once), (2, :twice)) AS h (n, hold) LEFT JOIN LATERAL (SELECT * FROM sto.check_order(jsonb_populate_record(NULL::sto.order, to_jsonb(sto_test.make_order(sto_test.use(h.hold, '3')))))) AS c ON true GROUP BY h.n ORDER BY h.n;
SELECT sto_test.attempt(format('SELECT sto_test.post(sto_test.use(%s, %L), %L)', :twice, '3', '{24}')), sto_test.attempt(format('SELECT sto_test.post(sto_test.use(%s, %L), %L)', :once, '3', '{24}'));
SELECT sto_test.balance('ACME', 'carol/1'), (SELECT value::int FROM sto.check_transfer(sto_test.id('ACME')::text, sto_test.address('alice/1'), sto_test.address('carol/1'), 10) WHERE rule = 'max_balance');
-- an entry cites the set that was in force all the same
SELECT (SELECT count(*) FROM sto.transfer WHERE hold_id = :once AND rule_set = (SELECT max(set_by) FROM sto.rule_set)), sto_test.check_invariants();
SELECT sto_test.rules('ACME', '[]') > 0;
SELECT sto_test.post(jsonb_build_object('kind', 'release', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'amount', CASE hold WHEN :once THEN '2' ELSE '5' END, 'hold_id', hold, 'ordering_party', 'carol'), '{24}') > 0 FROM unnest(ARRAY[:once, :twice]) AS hold;
SELECT sto_test.transfer('ACME', 'carol/1', 'alice/1', '3') > 0;
SELECT sto.rebuild() = (SELECT count(*) FROM sto.log), sto_test.check_invariants();

-- Pledges rank by the order in which they were placed; what is pledged can't be pledged again
SELECT sto_test.hold('ACME', 'alice/1', '600', 'pledge', '{"credit_wallet": "bob/1"}') AS first \gset
SELECT sto_test.hold('ACME', 'alice/1', '100', 'pledge', jsonb_build_object('credit_wallet', 'carol/1', 'release_after', clock_timestamp() + interval '3 s')) AS second \gset
SELECT sto_test.hold('ACME', 'alice/1', '200', 'pledge', '{"credit_wallet": "bob/1"}') AS third \gset
SELECT sto_test.hold('ACME', 'alice/1', '50', 'lock_up', '{"release_after": "2100-01-01 00:00+00"}') > 0, sto_test.attempt($$SELECT sto_test.hold('ACME', 'alice/1', '51', 'pledge', '{"credit_wallet": "carol/1"}')$$);
CREATE FUNCTION sto_test.ranks() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' ', coalesce(p.rank::text, 'expired'), p.remaining_display, 'of', p.amount, CASE p.beneficiary WHEN sto_test.address('bob/1') THEN 'for bob' WHEN sto_test.address('carol/1') THEN 'for carol' END)
      FROM sto.pledge AS p WHERE p.wallet = sto_test.address('alice/1') ORDER BY p.hold_id
$$;
SELECT sto_test.ranks();
SELECT pg_sleep_until((SELECT release_after FROM sto.hold WHERE hold_id = :second)) IS NOT NULL;
SELECT sto_test.ranks();
-- a part of the first is let go: it stays the first; all of it: the next moves up
SELECT sto_test.post(jsonb_build_object('kind', 'release', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'amount', '550', 'hold_id', :first, 'ordering_party', 'bob'), '{22}') > 0;
SELECT sto_test.ranks();
SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', 'bob/1', 'amount', '50', 'hold_id', :first, 'ordering_party', 'bob'), '{22}') > 0;
SELECT sto_test.ranks();
-- each reads what concerns him, under its rank among all; a stranger nothing
CREATE ROLE sto_regress_reader;
SELECT sto_test.hold('ACME', 'alice/1', '1', 'pledge', '{"credit_wallet": "carol/1"}') > 0;
SELECT sto_test.address('alice/1') AS alice, sto_test.address('carol/1') AS carol \gset
SELECT sto.map_role('sto_regress_reader', sto_test.id('alice')) IS NOT NULL;
SET ROLE sto_regress_reader;
SELECT rank, remaining, beneficiary = :'carol' FROM sto.pledge WHERE wallet = :'alice' ORDER BY rank;
RESET ROLE;
SELECT sto.unmap_role('sto_regress_reader');
SELECT sto.map_role('sto_regress_reader', sto_test.id('carol')) IS NOT NULL;
SET ROLE sto_regress_reader;
SELECT rank, remaining, beneficiary = :'carol' FROM sto.pledge WHERE wallet = :'alice' ORDER BY rank;
RESET ROLE;
SELECT sto.unmap_role('sto_regress_reader');
SELECT sto.map_role('sto_regress_reader', sto_test.id('bank')) IS NOT NULL;
SET ROLE sto_regress_reader;
SELECT rank, remaining, beneficiary = :'carol' FROM sto.pledge WHERE wallet = :'alice' ORDER BY rank;
RESET ROLE;
SELECT sto.unmap_role('sto_regress_reader');
SELECT sto.map_role('sto_regress_reader', sto_test.id('venue')) IS NOT NULL;
SET ROLE sto_regress_reader;
SELECT rank, remaining, beneficiary = :'carol' FROM sto.pledge WHERE wallet = :'alice' ORDER BY rank;
RESET ROLE;
-- a release that nobody signed tells nobody what a hold that has not ended has left
SELECT hold_id AS pledged FROM sto.hold WHERE wallet = :'alice' AND purpose = 'pledge' AND remaining > 0 AND release_after IS NULL LIMIT 1 \gset
SELECT sto_test.id('ACME') AS acme, sto_test.id('venue') AS venue \gset
SET ROLE sto_regress_reader;
\set VERBOSITY default
INSERT INTO sto.transfer (kind, token_id, debit_wallet, amount, ordering_party, order_id, hold_id) VALUES ('release', :'acme', :'alice', '100000', :'venue', gen_random_uuid(), :pledged);
\set VERBOSITY terse
RESET ROLE;
SELECT sto.unmap_role('sto_regress_reader');
SELECT sto_test.check_invariants();

\c postgres
\set ECHO none
SET client_min_messages = warning;
DROP DATABASE sto_regress_terms;
DROP ROLE sto_regress_reader;
