-- Holds: each purpose placed, posted, released, in part and in full, by whom and when; delivery versus payment.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_holds;
CREATE DATABASE sto_regress_holds TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_holds
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\set ECHO none
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
\set ECHO all
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on

-- Shares of alice, cash of bob, and a venue that settles
SELECT sto_test.begin_small();
SELECT FROM sto_test.party('venue', '{70}'), sto_test.token('CASH', 'acme', NULL, 'cash', 2, '{"currency": "KZT"}'), sto_test.issue('CASH', 'bob/1', '100000');
SELECT FROM sto_test.party('bank', '{50}');
SELECT FROM sto_test.party('carol', NULL, 'natural'), sto_test.wallet('carol/1', 'carol', '{24}', 'client', NULL, jsonb_build_object('custodian', sto_test.id('bank')));
CREATE FUNCTION sto_test.state() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' / ', 'alice ' || sto_test.balance('ACME', 'alice/1'), 'bob ' || sto_test.balance('ACME', 'bob/1'),
                     'cash: alice ' || sto_test.balance('CASH', 'alice/1'), 'bob ' || sto_test.balance('CASH', 'bob/1'), sto_test.check_invariants())
$$;
-- docs/format.md, "Order": the hash over the legs of an instruction; legs as {"ACME,alice/1,bob/1,10", ...}
CREATE FUNCTION sto_test.instruction(legs text[]) RETURNS text LANGUAGE sql AS $$
    SELECT encode(sha256(sto_test.tag('sto.instruction') || uuid_send(sto_test.ledger_id()) || int4send(count(*)::int) || string_agg(leg, ''::bytea ORDER BY leg)), 'hex')
      FROM (SELECT uuid_send(sto_test.id(p[1])) || sto_test.address(p[2])::bytea || sto_test.address(p[3])::bytea || sto_test.i128(p[4]::numeric)
              FROM unnest(legs) AS l, string_to_array(l, ',') AS p) AS x (leg)
$$;
-- Use a hold; the result of sto_test.state_of, so that a refusal undoes itself alone
CREATE FUNCTION sto_test.use(kind text, hold bigint, amount text, credit text, who text, seeds int[], extra jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT sto_test.state_of(o, sto_test.signatures(sto_test.order_message(o), seeds))
      FROM sto.hold AS h, sto_test.make_order(jsonb_build_object('kind', kind, 'token_id', h.token_id, 'debit_wallet', h.wallet, 'credit_wallet', credit,
           'amount', use.amount, 'hold_id', use.hold, 'ordering_party', use.who) || extra) AS o
     WHERE h.hold_id = use.hold
$$;
CREATE FUNCTION sto_test.group_no(n int) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('group_id', md5('group ' || n)::uuid) $$;

-- A hold keeps units where they are, and takes them out of what can be spent
SELECT sto_test.hold('ACME', 'alice/1', '600', 'pledge', '{"credit_wallet": "bob/1"}') AS pledge \gset
SELECT sto_test.state();
SELECT sto_test.attempt($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '401')$$), sto_test.attempt($$SELECT sto_test.hold('ACME', 'alice/1', '401', 'pledge', '{"credit_wallet": "bob/1"}')$$),
       sto_test.attempt($$SELECT sto_test.redeem('ACME', 'alice/1', '401')$$);
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '400') > 0, sto_test.state();
SELECT sto_test.transfer('ACME', 'bob/1', 'alice/1', '400') > 0;

-- Pledge: posted and released by the beneficiary alone
SELECT who, seeds, sto_test.use('post', :pledge, '1', 'bob/1', who, seeds)
  FROM (VALUES ('alice', '{21}'::int[]), ('acme', '{10}'), ('registrar', '{3}'), ('registrar', NULL), ('bob', '{21}'), ('bob', NULL)) AS t (who, seeds);
SELECT who, seeds, sto_test.use('release', :pledge, '1', NULL, who, seeds)
  FROM (VALUES ('alice', '{21}'::int[]), ('acme', '{10}'), ('registrar', '{3}'), ('registrar', NULL), ('bob', '{21}'), ('bob', NULL)) AS t (who, seeds);
SELECT sto_test.use('post', :pledge, '1', 'carol/1', 'bob', '{22}'), sto_test.use('post', :pledge, '601', 'bob/1', 'bob', '{22}'), sto_test.use('release', :pledge, '601', NULL, 'bob', '{22}');
-- in part, the rest kept; a part released; in part, the rest let go
SELECT sto_test.use('post', :pledge, '100', 'bob/1', 'bob', '{22}', '{"keep_rest": true}'), sto_test.state();
SELECT sto_test.use('release', :pledge, '50', NULL, 'bob', '{22}'), sto_test.state();
SELECT sto_test.use('post', :pledge, '451', 'bob/1', 'bob', '{22}', '{"keep_rest": true}'), sto_test.use('post', :pledge, '400', 'bob/1', 'bob', '{22}');
SELECT sto_test.state(), remaining FROM sto.hold WHERE hold_id = :pledge;
SELECT sto_test.use('post', :pledge, '1', 'bob/1', 'bob', '{22}'), sto_test.use('release', :pledge, '1', NULL, 'bob', '{22}');
-- a hold of another wallet, another token
SELECT sto_test.hold('ACME', 'alice/1', '10', 'pledge', '{"credit_wallet": "carol/1"}') AS pledge \gset
SELECT sto_test.use('post', :pledge, '1', 'carol/1', 'carol', '{24}', '{"debit_wallet": "bob/1"}'), sto_test.use('post', :pledge, '1', 'carol/1', 'carol', '{24}', '{"token_id": "CASH"}');
-- a beneficiary's custodian
SELECT sto_test.use('post', :pledge, '4', 'carol/1', 'bank', '{50}', '{"keep_rest": true}'), sto_test.use('release', :pledge, '6', NULL, 'bank', '{50}'), sto_test.balance('ACME', 'carol/1');
SELECT sto_test.state();

-- Hash lock: whoever shows the preimage, to the beneficiary, in time; released by the beneficiary, after its time by anyone
SELECT sto_test.hold('ACME', 'alice/1', '30', 'hash_lock', jsonb_build_object('credit_wallet', 'bob/1', 'release_after', '2100-01-01 00:00:00+00',
       'condition_hash', encode(sha256(decode(repeat('5a', 32), 'hex')), 'hex'))) AS lock \gset
SELECT sto_test.use('post', :lock, '1', 'bob/1', 'registrar', NULL), sto_test.use('post', :lock, '1', 'bob/1', 'bob', '{22}'),
       sto_test.use('post', :lock, '1', 'bob/1', 'registrar', NULL, jsonb_build_object('preimage', '\x' || repeat('5b', 32))),
       sto_test.use('post', :lock, '1', 'carol/1', 'registrar', NULL, jsonb_build_object('preimage', '\x' || repeat('5a', 32))),
       sto_test.use('post', :lock, '1', 'bob/1', 'bob', NULL, jsonb_build_object('preimage', '\x' || repeat('5a', 32))),
       sto_test.use('post', :lock, '31', 'bob/1', 'registrar', NULL, jsonb_build_object('preimage', '\x' || repeat('5a', 32))),
       sto_test.use('release', :lock, '30', NULL, 'registrar', NULL), sto_test.use('release', :lock, '30', NULL, 'alice', '{21}');
-- the debtor may know the preimage too: a post never lets go what it doesn't post
SELECT sto_test.use('post', :lock, '1', 'bob/1', 'registrar', NULL, jsonb_build_object('preimage', '\x' || repeat('5a', 32))),
       sto_test.use('post', :lock, '29', 'bob/1', 'registrar', NULL, jsonb_build_object('preimage', '\x' || repeat('5a', 32), 'keep_rest', false)), sto_test.state();
SELECT sto_test.use('post', :lock, '10', 'bob/1', 'registrar', NULL, jsonb_build_object('preimage', '\x' || repeat('5a', 32), 'keep_rest', true)),
       sto_test.use('release', :lock, '5', NULL, 'bob', '{22}'), sto_test.use('post', :lock, '15', 'bob/1', 'registrar', NULL, jsonb_build_object('preimage', '\x' || repeat('5a', 32)));
SELECT sto_test.state();

-- A lock's time passes: posting ends, anyone may release, who says so must be who submits
SELECT sto_test.hold('ACME', 'alice/1', '20', 'hash_lock', jsonb_build_object('credit_wallet', 'bob/1', 'release_after', clock_timestamp() + interval '1.5 s',
       'condition_hash', encode(sha256(decode(repeat('5a', 32), 'hex')), 'hex'))) AS lock \gset
SELECT sto_test.use('release', :lock, '20', NULL, 'registrar', NULL), pg_sleep(1.6) IS NULL;
SELECT sto_test.use('post', :lock, '20', 'bob/1', 'registrar', NULL, jsonb_build_object('preimage', '\x' || repeat('5a', 32))),
       sto_test.use('release', :lock, '20', NULL, 'alice', NULL), sto_test.use('release', :lock, '20', NULL, 'registrar', NULL), sto_test.state();

-- Lock-up: by the holder at any time; by the issuer only on what it has just issued, in one group; nobody posts it
SELECT sto_test.hold('ACME', 'alice/1', '5', 'lock_up', '{"release_after": "2100-01-01 00:00:00+00"}') AS lock \gset
SELECT sto_test.use('post', :lock, '5', 'bob/1', 'alice', '{21}'), sto_test.use('release', :lock, '5', NULL, 'alice', '{21}'), sto_test.use('release', :lock, '5', NULL, 'acme', '{10}');
CREATE FUNCTION sto_test.lock_up(wallet text, amount text, extra jsonb, who text DEFAULT 'acme', seeds int[] DEFAULT '{10}') RETURNS text LANGUAGE sql AS $$
    SELECT sto_test.state_of(o, sto_test.signatures(sto_test.order_message(o), seeds))
      FROM sto_test.make_order(jsonb_build_object('kind', 'hold', 'purpose', 'lock_up', 'token_id', 'ACME', 'debit_wallet', wallet, 'amount', amount,
           'ordering_party', who, 'release_after', '2100-01-01 00:00:00+00') || extra) AS o
$$;
SELECT sto_test.lock_up('alice/1', '1', '{}'), sto_test.lock_up('alice/1', '1', sto_test.group_no(1));
BEGIN;
SELECT sto_test.issue('ACME', 'alice/1', '40', sto_test.group_no(1)) > 0;
SELECT sto_test.lock_up('alice/1', '40', '{}'), sto_test.lock_up('alice/1', '40', sto_test.group_no(2)), sto_test.lock_up('alice/1', '41', sto_test.group_no(1)),
       sto_test.lock_up('bob/1', '1', sto_test.group_no(1)), sto_test.lock_up('alice/1', '40', sto_test.group_no(1), 'bank', '{50}');
SELECT sto_test.lock_up('alice/1', '40', sto_test.group_no(1)), sto_test.lock_up('alice/1', '1', sto_test.group_no(1));
COMMIT;
SELECT sto_test.state();
BEGIN;
SELECT sto_test.issue('ACME', 'alice/1', '40', sto_test.group_no(3)) > 0;
COMMIT;
SELECT sto_test.lock_up('alice/1', '40', sto_test.group_no(3));
-- an issuer's own wallet is locked by that wallet's keys
SELECT FROM sto_test.wallet('acme/1', 'acme', '{80}', 'treasury'), sto_test.issue('ACME', 'acme/1', '10');
SELECT sto_test.lock_up('acme/1', '10', '{}'), sto_test.lock_up('acme/1', '10', '{}', 'acme', '{80}'), sto_test.balance('ACME', 'acme/1');
-- with a notary, who may let it go early
SELECT sto_test.hold('ACME', 'alice/1', '5', 'lock_up', '{"release_after": "2100-01-01 00:00:00+00", "notary": "venue"}') AS lock \gset
SELECT sto_test.use('release', :lock, '5', NULL, 'alice', '{21}'), sto_test.use('post', :lock, '5', 'bob/1', 'venue', '{70}'), sto_test.use('release', :lock, '5', NULL, 'venue', '{70}');
SELECT sto_test.state();

-- Delivery versus payment: 100 shares against 5000 of cash, both legs or none
SELECT ARRAY['ACME,alice/1,bob/1,100', 'CASH,bob/1,alice/1,5000'] AS legs \gset
SELECT sto_test.hold('ACME', 'alice/1', '100', 'settlement', jsonb_build_object('notary', 'venue', 'instruction_hash', sto_test.instruction(:'legs'))) AS shares \gset
SELECT sto_test.hold('CASH', 'bob/1', '5000', 'settlement', jsonb_build_object('notary', 'venue', 'instruction_hash', sto_test.instruction(:'legs'), 'credit_wallet', 'alice/1')) AS cash \gset
SELECT sto_test.state();
-- not by others, not without a group
SELECT sto_test.use('post', :shares, '100', 'bob/1', who, seeds, sto_test.group_no(10)) FROM (VALUES ('alice', '{21}'::int[]), ('bob', '{22}'), ('venue', '{21}'), ('venue', NULL)) AS t (who, seeds);
SELECT sto_test.use('post', :shares, '100', 'bob/1', 'venue', '{70}'), sto_test.use('release', :shares, '100', NULL, 'alice', '{21}'), sto_test.use('release', :shares, '100', NULL, 'registrar', NULL);
-- one leg alone
BEGIN;
SELECT sto_test.use('post', :shares, '100', 'bob/1', 'venue', '{70}', sto_test.group_no(10));
COMMIT;
\echo :SQLSTATE
-- both legs, in two groups
BEGIN;
SELECT sto_test.use('post', :shares, '100', 'bob/1', 'venue', '{70}', sto_test.group_no(10)), sto_test.use('post', :cash, '5000', 'alice/1', 'venue', '{70}', sto_test.group_no(11));
COMMIT;
\echo :SQLSTATE
-- one leg for less, with the rest let go
BEGIN;
SELECT sto_test.use('post', :shares, '100', 'bob/1', 'venue', '{70}', sto_test.group_no(10)), sto_test.use('post', :cash, '4999', 'alice/1', 'venue', '{70}', sto_test.group_no(10));
COMMIT;
\echo :SQLSTATE
-- to somebody else
BEGIN;
SELECT sto_test.use('post', :shares, '100', 'carol/1', 'venue', '{70}', sto_test.group_no(10)), sto_test.use('post', :cash, '5000', 'alice/1', 'venue', '{70}', sto_test.group_no(10));
COMMIT;
\echo :SQLSTATE
-- both legs and one more
BEGIN;
SELECT sto_test.use('post', :shares, '100', 'bob/1', 'venue', '{70}', sto_test.group_no(10)), sto_test.use('post', :cash, '5000', 'alice/1', 'venue', '{70}', sto_test.group_no(10));
SELECT sto_test.transfer('ACME', 'bob/1', 'alice/1', '1', sto_test.group_no(10)) > 0;
COMMIT;
\echo :SQLSTATE
-- the second leg in a savepoint that is rolled back
BEGIN;
SELECT sto_test.use('post', :shares, '100', 'bob/1', 'venue', '{70}', sto_test.group_no(10));
SAVEPOINT a;
SELECT sto_test.use('post', :cash, '5000', 'alice/1', 'venue', '{70}', sto_test.group_no(10));
ROLLBACK TO a;
COMMIT;
\echo :SQLSTATE
SELECT sto_test.state();
-- as agreed: in two statements of one transaction, with another group and a transfer without one beside it
BEGIN;
SELECT sto_test.use('post', :cash, '5000', 'alice/1', 'venue', '{70}', sto_test.group_no(10));
SELECT sto_test.transfer('ACME', 'bob/1', 'alice/1', '1') > 0, sto_test.transfer('ACME', 'bob/1', 'alice/1', '1', sto_test.group_no(12)) > 0;
SELECT sto_test.use('post', :shares, '100', 'bob/1', 'venue', '{70}', sto_test.group_no(10));
COMMIT;
SELECT sto_test.state();
SELECT sto_test.use('post', :shares, '100', 'bob/1', 'venue', '{70}', sto_test.group_no(13));
-- released by the notary, and by anyone once the time has passed
SELECT sto_test.hold('ACME', 'alice/1', '100', 'settlement', jsonb_build_object('notary', 'venue', 'instruction_hash', sto_test.instruction(:'legs'), 'release_after', clock_timestamp() + interval '1.5 s')) AS shares \gset
SELECT sto_test.use('release', :shares, '40', NULL, 'venue', '{70}'), sto_test.use('release', :shares, '60', NULL, 'registrar', NULL), pg_sleep(1.6) IS NULL;
SELECT sto_test.use('post', :shares, '60', 'bob/1', 'venue', '{70}', sto_test.group_no(14)), sto_test.use('release', :shares, '60', NULL, 'registrar', NULL);
SELECT sto_test.state();
-- a subscription: cash for shares that the same group issues
SELECT ARRAY['ACME,ACME,bob/1,7', 'CASH,bob/1,acme/1,700'] AS legs \gset
SELECT sto_test.hold('CASH', 'bob/1', '700', 'subscription', jsonb_build_object('notary', 'venue', 'instruction_hash', sto_test.instruction(:'legs'), 'credit_wallet', 'acme/1')) AS cash \gset
BEGIN;
SELECT sto_test.use('post', :cash, '700', 'acme/1', 'venue', '{70}', sto_test.group_no(20));
SELECT sto_test.issue('ACME', 'bob/1', '6', sto_test.group_no(20)) > 0;
COMMIT;
\echo :SQLSTATE
BEGIN;
SELECT sto_test.use('post', :cash, '700', 'acme/1', 'venue', '{70}', sto_test.group_no(20));
SELECT sto_test.issue('ACME', 'bob/1', '7', sto_test.group_no(20)) > 0;
COMMIT;
SELECT sto_test.balance('CASH', 'acme/1'), sto_test.state();
-- two legs from one hold
SELECT ARRAY['CASH,bob/1,alice/1,1', 'CASH,bob/1,acme/1,2'] AS legs \gset
SELECT sto_test.hold('CASH', 'bob/1', '3', 'settlement', jsonb_build_object('notary', 'venue', 'instruction_hash', sto_test.instruction(:'legs'))) AS cash \gset
BEGIN;
SELECT sto_test.use('post', :cash, '1', 'alice/1', 'venue', '{70}', sto_test.group_no(21) || '{"keep_rest": true}'), sto_test.use('post', :cash, '2', 'acme/1', 'venue', '{70}', sto_test.group_no(21));
COMMIT;
SELECT sto_test.state();

-- a rest that is kept could be settled again under the same instruction
SELECT ARRAY['CASH,bob/1,alice/1,1'] AS legs \gset
SELECT sto_test.hold('CASH', 'bob/1', '2', 'settlement', jsonb_build_object('notary', 'venue', 'instruction_hash', sto_test.instruction(:'legs'))) AS cash \gset
BEGIN;
SELECT sto_test.use('post', :cash, '1', 'alice/1', 'venue', '{70}', sto_test.group_no(22) || '{"keep_rest": true}');
COMMIT;
\echo :SQLSTATE
SELECT sto_test.use('release', :cash, '2', NULL, 'venue', '{70}'), sto_test.state();

-- A hold and its post in one statement and in a savepoint
BEGIN;
SELECT sto_test.hold('ACME', 'alice/1', '9', 'pledge', '{"credit_wallet": "bob/1"}') AS pledge \gset
SAVEPOINT a;
SELECT sto_test.use('post', :pledge, '9', 'bob/1', 'bob', '{22}'), sto_test.state();
ROLLBACK TO a;
SELECT sto_test.use('post', :pledge, '3', 'bob/1', 'bob', '{22}', '{"keep_rest": true}'), sto_test.state();
SAVEPOINT b;
SELECT sto_test.use('release', :pledge, '6', NULL, 'bob', '{22}');
RELEASE b;
COMMIT;
SELECT sto_test.state();
-- a hold id that was rolled back is nobody's
BEGIN;
SELECT sto_test.hold('ACME', 'alice/1', '9', 'pledge', '{"credit_wallet": "bob/1"}') AS pledge \gset
ROLLBACK;
SELECT sto_test.attempt(format($$SELECT sto_test.post('{"kind": "post", "token_id": "ACME", "debit_wallet": "alice/1", "credit_wallet": "bob/1", "amount": "1", "ordering_party": "bob", "hold_id": %s}', '{22}')$$, :pledge)) ~ '^ST207';

-- A group_id that others have used before is no trap: the log is folded anew, though it tells no transaction's end
SELECT ARRAY['ACME,alice/1,bob/1,4'] AS legs \gset
SELECT sto_test.hold('ACME', 'alice/1', '4', 'settlement', jsonb_build_object('notary', 'venue', 'instruction_hash', sto_test.instruction(:'legs'))) AS shares \gset
SELECT sto_test.post(jsonb_build_object('kind', 'transfer', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', 'bob/1', 'amount', '1',
    'ordering_party', 'alice') || sto_test.group_no(90), '{21}') > 0;
SELECT sto_test.use('post', :shares, '4', 'bob/1', 'venue', '{70}', sto_test.group_no(90));
SELECT sto.rebuild() = (SELECT count(*) FROM sto.event) + (SELECT count(*) FROM sto.transfer);

-- What is closed: nothing is posted, but a release lets go
SELECT sto_test.hold('ACME', 'alice/1', '9', 'pledge', '{"credit_wallet": "bob/1"}') AS pledge \gset
SELECT FROM sto_test.event('token_status', sto_test.id('ACME'), sto_test.id('acme'), '{"status": "closed"}');
SELECT sto_test.use('post', :pledge, '1', 'bob/1', 'bob', '{22}'), sto_test.use('release', :pledge, '9', NULL, 'bob', '{22}');
SELECT sto_test.state();
SELECT kind, purpose, count(*) FROM sto.transfer GROUP BY 1, 2 ORDER BY 1, 2;

\c postgres
\set ECHO none
SET client_min_messages = warning;
DROP DATABASE sto_regress_holds;
