-- Pauses and freezes: who may, what they stop and what they let pass, several wallets of a party, the order of reasons.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_freeze;
CREATE DATABASE sto_regress_freeze TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_freeze
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
SELECT num_nonnulls(sto_test.officer('enforcer', 31, 'enforcer'), sto_test.officer('second', 32, 'enforcer'), sto_test.party('venue', '{33}'),
                    sto_test.party('carol', NULL, 'natural'), sto_test.party('keeper', '{35}'), sto_test.wallet('alice/2', 'alice', '{23}'),
                    sto_test.wallet('carol/1', 'carol', '{24}', 'client', NULL, jsonb_build_object('custodian', sto_test.id('keeper'))),
                    sto_test.wallet('acme/1', 'acme', '{25}', 'treasury'), sto_test.issue('ACME', 'bob/1', '100'), sto_test.issue('ACME', 'carol/1', '100'),
                    sto_test.issue('ACME', 'alice/2', '100'));
CREATE FUNCTION sto_test.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text := sto_test.refusal(statement);
    name text;
BEGIN
    FOREACH name IN ARRAY '{ACME,acme,alice,bob,carol,keeper,venue,registrar,enforcer,second}'::text[] LOOP
        said := replace(said, sto_test.id(name)::text, name);
    END LOOP;
    FOREACH name IN ARRAY '{alice/1,alice/2,bob/1,carol/1,acme/1}'::text[] LOOP
        said := replace(said, sto_test.address(name)::text, name);
    END LOOP;
    RETURN regexp_replace(said, '(event|[hH]old) \d+', '\1 N', 'g');
END $$;
-- Holds made beforehand, to be posted and released later; each case of every kind in turn, as "kind: state".
CREATE TABLE sto_test.made AS
SELECT n, sto_test.hold('ACME', 'alice/1', '10', 'pledge', jsonb_build_object('credit_wallet', 'bob/1')) AS pledge,
       sto_test.hold('ACME', 'alice/1', '10', 'subscription', jsonb_build_object('notary', 'venue', 'instruction_hash', sto_test.salt('x'))) AS open
  FROM generate_series(1, 40) AS n;
CREATE SEQUENCE sto_test.next;
-- What happens to an order that is rolled back.
CREATE FUNCTION sto_test.outcome(o jsonb, seeds int[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text;
BEGIN
    PERFORM sto_test.post(o, seeds);
    RAISE SQLSTATE 'YY000';
EXCEPTION WHEN SQLSTATE 'YY000' THEN
    RETURN 'passes';
WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
CREATE FUNCTION sto_test.table() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT o.what || ': ' || sto_test.outcome(jsonb_build_object('token_id', 'ACME', 'debit_wallet', 'alice/1', 'amount', '1', 'ordering_party', 'alice') || o.extra, o.seeds)
      FROM (SELECT nextval('sto_test.next') AS n) x JOIN sto_test.made m ON m.n = x.n
     CROSS JOIN LATERAL (VALUES
        ('issue', '{"kind": "issue", "debit_wallet": "ACME", "credit_wallet": "bob/1", "ordering_party": "acme"}'::jsonb, '{10}'::int[]),
        ('redeem', '{"kind": "redeem", "credit_wallet": "ACME"}', '{21}'),
        ('transfer', '{"kind": "transfer", "credit_wallet": "bob/1"}', '{21}'),
        ('transfer within a party', '{"kind": "transfer", "credit_wallet": "alice/2"}', '{21}'),
        ('transfer between others', '{"kind": "transfer", "debit_wallet": "carol/1", "credit_wallet": "acme/1", "ordering_party": "carol"}', '{24}'),
        ('hold for bob', '{"kind": "hold", "purpose": "pledge", "credit_wallet": "bob/1"}', '{21}'),
        ('hold for nobody', jsonb_build_object('kind', 'hold', 'purpose', 'subscription', 'notary', 'venue', 'instruction_hash', sto_test.salt('x')), '{21}'),
        ('lock-up', '{"kind": "hold", "purpose": "lock_up", "release_after": "2099-01-01"}', '{21}'),
        ('post', jsonb_build_object('kind', 'post', 'hold_id', m.pledge, 'credit_wallet', 'bob/1', 'ordering_party', 'bob'), '{22}'),
        ('release', jsonb_build_object('kind', 'release', 'hold_id', m.pledge, 'ordering_party', 'bob'), '{22}'),
        ('release by the notary', jsonb_build_object('kind', 'release', 'hold_id', m.open, 'ordering_party', 'venue'), '{33}'))
        AS o (what, extra, seeds)
$$;
SELECT sto_test.table();

-- Who may: an enforcer; a token its issuer too, but not against an enforcer
SELECT sto_test.try($$SELECT sto_test.freeze_wallet('alice/1', true, 'acme')$$), sto_test.try($$SELECT sto_test.freeze_party('alice', true, 'registrar')$$),
       sto_test.try($$SELECT sto_test.pause('ACME', 'registrar')$$);
SELECT sto_test.try($$SELECT sto_test.pause('ACME', 'acme', false)$$), sto_test.try($$SELECT sto_test.freeze_wallet('alice/1', false)$$),
       sto_test.try($$SELECT sto_test.freeze_party('alice', false)$$), sto_test.try($$SELECT sto_test.freeze_wallet('ACME')$$);
SELECT sto_test.try($$SELECT sto_test.event('wallet_freeze', sto_test.id('alice/1'), sto_test.id('enforcer'),
    jsonb_build_object('frozen', true, 'basis', 'suspicion', 'document_hash', sto_test.salt('x'))::text)$$);
SELECT sto_test.try($$SELECT sto_test.event('wallet_freeze', sto_test.id('alice/1'), sto_test.id('enforcer'), '{"frozen": true, "basis": "law"}')$$);

-- A pause: by the issuer, which lifts its own
SELECT sto_test.pause('ACME', 'acme') > 0;
SELECT sto_test.table();
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
SELECT stopped, subject = sto_test.id('ACME'), wallet, actor = sto_test.id('acme'), basis, document_hash::text = sto_test.salt('decision') FROM sto.restriction;
SELECT sto_test.pause('ACME', 'acme', false) > 0;
-- by an enforcer: the issuer neither lifts it nor takes it over, another enforcer may
SELECT sto_test.pause('ACME', 'enforcer') > 0;
SELECT sto_test.try($$SELECT sto_test.pause('ACME', 'acme', false)$$), sto_test.try($$SELECT sto_test.pause('ACME', 'acme')$$);
SELECT sto_test.pause('ACME', 'second', false) > 0;
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
SELECT count(*) FROM sto.restriction;

-- The debit wallet; the party's other wallet goes on
SELECT sto_test.freeze_wallet('alice/1') > 0;
SELECT sto_test.table();
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$), sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/2', 'bob/1', '1')$$),
       sto_test.try($$SELECT sto_test.transfer('ACME', 'bob/1', 'alice/1', '1')$$);
SELECT sto_test.freeze_wallet('alice/1', false, 'second') > 0;
-- the credit wallet
SELECT sto_test.freeze_wallet('bob/1') > 0;
SELECT sto_test.table();
SELECT sto_test.freeze_wallet('bob/1', false) > 0;
-- a party: all its wallets, and whatever it orders, be it for others
SELECT sto_test.freeze_party('alice') > 0;
SELECT sto_test.table();
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/2', 'bob/1', '1')$$), sto_test.try($$SELECT sto_test.transfer('ACME', 'bob/1', 'alice/2', '1')$$),
       sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'alice/2', '1')$$);
SELECT sto_test.freeze_party('alice', false) > 0, sto_test.freeze_party('bob') > 0;
SELECT sto_test.table();
SELECT sto_test.freeze_party('bob', false) > 0, sto_test.freeze_party('acme') > 0;
SELECT sto_test.table();
SELECT sto_test.freeze_party('acme', false) > 0, sto_test.freeze_party('keeper') > 0;
SELECT sto_test.try($$SELECT sto_test.post(jsonb_build_object('kind', 'transfer', 'token_id', 'ACME', 'debit_wallet', 'carol/1', 'credit_wallet', 'bob/1',
    'amount', '1', 'ordering_party', 'keeper'), '{35}')$$), sto_test.try($$SELECT sto_test.transfer('ACME', 'carol/1', 'bob/1', '1')$$);
SELECT sto_test.freeze_party('keeper', false) > 0;
SELECT num_nonnulls(sto_test.mandate('carol', 'keeper'), sto_test.mandate('bob', 'keeper'), sto_test.freeze_party('keeper'));
SELECT sto_test.try($$SELECT sto_test.post(jsonb_build_object('kind', 'transfer', 'token_id', 'ACME', 'debit_wallet', 'bob/1', 'credit_wallet', 'alice/1',
    'amount', '1', 'ordering_party', 'keeper'), '{35}')$$);
SELECT sto_test.freeze_party('keeper', false) > 0;
SELECT sto_test.try($$SELECT sto_test.post(jsonb_build_object('kind', 'transfer', 'token_id', 'ACME', 'debit_wallet', 'bob/1', 'credit_wallet', 'alice/1',
    'amount', '1', 'ordering_party', 'keeper'), '{35}')$$);

-- Everything at once, in the order of the checks; the first gives the state, and each goes away with its cause
SELECT num_nonnulls(sto_test.topics('ACME', '{kyc}', '{"receiver_only": false}'), sto_test.pause('ACME', 'acme'), sto_test.freeze_wallet('alice/1'),
                    sto_test.freeze_wallet('bob/1'), sto_test.freeze_party('alice'), sto_test.freeze_party('bob'));
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '100000')$$);
SELECT sto_test.pause('ACME', 'acme', false) > 0, sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '100000')$$);
SELECT num_nonnulls(sto_test.freeze_wallet('alice/1', false), sto_test.freeze_wallet('bob/1', false)), sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '100000')$$);
SELECT num_nonnulls(sto_test.freeze_party('alice', false), sto_test.freeze_party('bob', false)), sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '100000')$$);
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
SELECT sto_test.topics('ACME', '{}') > 0, sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);

-- In one transaction: a freeze stops the next entry, a rollback lifts it; a statement that is refused midway leaves nothing
BEGIN;
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
SAVEPOINT s;
SELECT sto_test.freeze_wallet('alice/1') > 0, sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
ROLLBACK TO s;
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
COMMIT;
SELECT sto_test.freeze_wallet('carol/1') > 0;
SELECT sto_test.balance('ACME', 'alice/1') AS balance, count(*) AS entries FROM sto.transfer \gset
SELECT sto_test.try($$SELECT count(sto_test.transfer('ACME', 'alice/1', w, '1')) FROM unnest('{bob/1,carol/1,alice/2}'::text[]) AS w$$);
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT o.kind, o.token_id, o.debit_wallet, o.credit_wallet, o.amount, o.ordering_party, o.order_id, sto_test.signatures(sto_test.order_message(o), '{21}')
  FROM unnest('{bob/1,carol/1}'::text[]) AS w, sto_test.make_order(jsonb_build_object('kind', 'transfer', 'token_id', 'ACME', 'debit_wallet', 'alice/1',
       'credit_wallet', w, 'amount', '1', 'ordering_party', 'alice')) AS o RETURNING true;
SELECT sto_test.balance('ACME', 'alice/1') = :'balance', count(*) = :entries FROM sto.transfer;
-- an order that was posted before is answered as a repeat, frozen or not
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1', jsonb_build_object('order_id', sto_test.id('once'))) > 0, sto_test.freeze_wallet('alice/1') > 0;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1', jsonb_build_object('order_id', sto_test.id('once'))) IS NULL;
SELECT sto_test.check_invariants();

-- From the log alone, and what sto.verify() sees of an entry that passed a freeze
SELECT v.check_name, v.scope, v.detail FROM sto.verify() v WHERE NOT v.ok;
SELECT md5(string_agg(x, ',' ORDER BY x)) AS before FROM (SELECT w::text FROM sto.wallet w UNION ALL SELECT p::text FROM sto.party p UNION ALL SELECT t::text FROM sto.token t) y (x) \gset
SELECT sto.rebuild() > 100;
SELECT md5(string_agg(x, ',' ORDER BY x)) = :'before' FROM (SELECT w::text FROM sto.wallet w UNION ALL SELECT p::text FROM sto.party p UNION ALL SELECT t::text FROM sto.token t) y (x);
SELECT v.check_name, v.scope, v.detail FROM sto.verify() v WHERE NOT v.ok;
BEGIN;
SELECT sto.begin_maintenance('test') > 0;
UPDATE sto.wallet SET frozen = NULL;
DELETE FROM sto.event WHERE kind = 'wallet_freeze' AND NOT (body ->> 'frozen')::boolean AND subject = sto_test.id('alice/1');
SELECT v.check_name, v.scope, v.detail FROM sto.verify(false, '{stops,register}') v WHERE NOT v.ok;
ROLLBACK;
BEGIN;
SELECT sto.begin_maintenance('test') > 0;
DELETE FROM sto.event WHERE kind = 'token_pause' AND NOT (body ->> 'paused')::boolean;
SELECT v.check_name, v.scope, v.detail FROM sto.verify(false, '{stops}') v WHERE NOT v.ok;
ROLLBACK;
\c template1
DROP DATABASE sto_regress_freeze;
