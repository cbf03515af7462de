-- Rules of a token that ask who owns how much: balances, holders, shares of groups; the counters that they read.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_rules_totals;
CREATE DATABASE sto_regress_rules_totals TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_rules_totals
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
SELECT num_nonnulls(sto_test.party('dave', NULL, 'natural'), sto_test.wallet('dave/1', 'dave', '{25}'), sto_test.party('erin', NULL, 'natural'), sto_test.wallet('erin/1', 'erin', '{26}'));
CREATE FUNCTION sto_test.groups() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', nullif(by, ''), nullif(value, ''), holders, units), ', ' ORDER BY by, value) FROM sto.holder_group
$$;
-- Send all of it back to alice.
CREATE FUNCTION sto_test.empty(wallet text) RETURNS text LANGUAGE sql AS $$
    SELECT sto_test.say('transfer', wallet, 'alice/1', (SELECT p.balance::text FROM sto.position p WHERE p.wallet = sto_test.address($1)))
$$;

-- max_balance: at the limit and one above it, over all wallets of a party
SELECT sto_test.rules('ACME', '[{"rule": "max_balance", "amount": "100", "exempt": ["alice"]}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '101'), sto_test.say('transfer', 'alice/1', 'bob/1', '100'), sto_test.say('transfer', 'alice/1', 'bob/1', '1');
SELECT sto_test.wallet('bob/2', 'bob', '{27}') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/2', '1'), sto_test.say('transfer', 'bob/1', 'bob/2', '60'), sto_test.say('issue', 'ACME', 'bob/2', '1');
SELECT sto_test.say('transfer', 'bob/2', 'alice/2', '10'), sto_test.say('transfer', 'alice/2', 'bob/1', '11'), sto_test.say('transfer', 'alice/2', 'bob/1', '10');
SELECT sto_test.say('issue', 'ACME', 'alice/2', '500');
SELECT count(*), sum(total), sum(outflow) FROM sto.holding;
-- of what is outstanding after the entry: 1500, of which a tenth is 150
SELECT sto_test.rules('ACME', '[{"rule": "max_balance", "share": 1000, "exempt": ["alice"]}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '51'), sto_test.say('transfer', 'alice/1', 'bob/1', '50'), sto_test.say('redeem', 'alice/2', 'ACME', '500');
SELECT left(sto_test.say('transfer', 'alice/1', 'bob/1', '1'), 5), left(sto_test.say('issue', 'ACME', 'carol/1', '112'), 5), sto_test.say('issue', 'ACME', 'carol/1', '111');
SELECT sto_test.say('redeem', 'carol/1', 'ACME', '111');

-- min_balance: neither too little for the receiver, nor too small a rest
SELECT sto_test.rules('ACME', '[{"rule": "min_balance", "amount": "50"}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'carol/1', '49'), sto_test.say('transfer', 'alice/1', 'carol/1', '50'), sto_test.say('transfer', 'bob/1', 'carol/1', '99');
SELECT sto_test.say('transfer', 'bob/2', 'alice/1', '50'), sto_test.say('transfer', 'carol/1', 'alice/1', '1'), sto_test.say('transfer', 'carol/1', 'alice/1', '50');
SELECT sto_test.empty('carol/1'), sto_test.groups();

-- max_holders: alice and bob hold; who comes when another goes, passes
SELECT sto_test.rules('ACME', '[{"rule": "max_holders", "count": 3}]') IS NOT NULL, sto_test.groups();
SELECT sto_test.say('transfer', 'alice/1', 'carol/1', '5'), sto_test.say('transfer', 'alice/1', 'dave/1', '5'), sto_test.say('issue', 'ACME', 'dave/1', '5'), sto_test.groups();
SELECT sto_test.say('transfer', 'carol/1', 'dave/1', '4'), sto_test.say('transfer', 'carol/1', 'dave/1', '5'), sto_test.say('transfer', 'dave/1', 'alice/2', '4'), sto_test.groups();
SELECT sto_test.say('redeem', 'dave/1', 'ACME', '1'), sto_test.groups(), sto_test.say('transfer', 'alice/1', 'erin/1', '5'), sto_test.groups();
-- a wallet more of a holder is no holder more
SELECT sto_test.say('transfer', 'bob/2', 'bob/1', '10'), sto_test.say('transfer', 'alice/1', 'bob/2', '5'), sto_test.groups();
-- in one statement an earlier row takes the last place, or makes room
SELECT sto_test.say('redeem', 'erin/1', 'ACME', '5'), sto_test.groups();
CREATE FUNCTION sto_test.bulk(VARIADIC orders text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text := sto_test.try(format($q$INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
        SELECT o.kind, o.token_id, o.debit_wallet, o.credit_wallet, o.amount, o.ordering_party, o.order_id,
               sto_test.signatures(sto_test.order_message(o), sto_test.seeds_of(split_part(v.text, ' ', 1)))
          FROM unnest(%L::text[]) WITH ORDINALITY AS v (text, n),
               LATERAL sto_test.make_order(jsonb_build_object('kind', 'transfer', 'token_id', 'ACME', 'debit_wallet', split_part(v.text, ' ', 1),
                   'credit_wallet', split_part(v.text, ' ', 2), 'amount', split_part(v.text, ' ', 3),
                   'ordering_party', sto_test.owner_of(split_part(v.text, ' ', 1)))) AS o
         ORDER BY v.n$q$, orders));
BEGIN
    RETURN CASE WHEN said = 'accepted' THEN 'ok' ELSE left(said, 5) END;
END $$;
SELECT sto_test.bulk('alice/1 carol/1 5', 'alice/1 dave/1 5'), sto_test.groups();
SELECT sto_test.bulk('alice/1 carol/1 5', 'carol/1 dave/1 5', 'dave/1 alice/2 5', 'alice/1 erin/1 5'), sto_test.groups();
-- what a savepoint takes back is counted back, in the cache and in the rows
BEGIN;
SELECT sto_test.say('transfer', 'erin/1', 'alice/1', '5'), sto_test.groups();
SAVEPOINT s;
SELECT sto_test.say('transfer', 'alice/1', 'carol/1', '5'), sto_test.say('transfer', 'alice/1', 'bob/2', '5'), left(sto_test.say('transfer', 'alice/1', 'dave/1', '5'), 5), sto_test.groups();
ROLLBACK TO s;
SELECT sto_test.say('transfer', 'alice/1', 'dave/1', '5'), sto_test.groups();
COMMIT;
SELECT sto_test.faults();

-- min_holders
SELECT sto_test.rules('ACME', '[{"rule": "min_holders", "count": 3}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'dave/1', 'alice/1', '5'), sto_test.say('transfer', 'dave/1', 'erin/1', '5'), sto_test.say('transfer', 'alice/1', 'dave/1', '5'), sto_test.say('transfer', 'erin/1', 'alice/1', '5');

-- by country and class; a fact that changes moves the party
SELECT num_nonnulls(sto_test.party_facts('alice', '{"country": "KZ"}'), sto_test.party_facts('bob', '{"country": "KZ"}'), sto_test.classify('dave', 'retail'));
SELECT sto_test.rules('ACME', '[{"rule": "max_holders", "count": 2, "by": "country", "value": "KZ"}, {"rule": "max_holders", "count": 1, "by": "class"}]') IS NOT NULL, sto_test.groups();
SELECT sto_test.say('transfer', 'alice/1', 'erin/1', '1'), sto_test.say('transfer', 'dave/1', 'erin/1', '1');
SELECT sto_test.classify('bob', 'professional') IS NOT NULL, sto_test.groups(), sto_test.party_facts('dave', '{"country": "KZ"}') IS NOT NULL, sto_test.groups();
SELECT sto_test.say('transfer', 'bob/1', 'erin/1', '1'), sto_test.classify('erin', 'market_counterparty') IS NOT NULL, sto_test.say('transfer', 'bob/1', 'erin/1', '1'), sto_test.groups();
SELECT sto_test.classify('bob', 'retail', jsonb_build_object('token', sto_test.id('ACME'))) IS NOT NULL, sto_test.groups(), sto_test.say('transfer', 'dave/1', 'bob/1', '4'), sto_test.groups();

-- min_holders by country and class: the last of one doesn't leave, unless another of it comes
SELECT num_nonnulls(sto_test.party('fred', NULL, 'natural', '{"country": "FR"}'), sto_test.wallet('fred/1', 'fred', '{28}'),
       sto_test.party('gina', NULL, 'natural', '{"country": "FR"}'), sto_test.wallet('gina/1', 'gina', '{29}')), sto_test.rules('ACME', '[]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'fred/1', '5'), sto_test.rules('ACME', '[{"rule": "min_holders", "count": 1, "by": "country", "value": "FR"}]') IS NOT NULL, sto_test.groups();
SELECT sto_test.say('transfer', 'fred/1', 'alice/1', '5'), sto_test.say('transfer', 'fred/1', 'gina/1', '5'), sto_test.say('transfer', 'gina/1', 'alice/1', '4'), sto_test.groups();
SELECT sto_test.classify('gina', 'market_counterparty') IS NOT NULL, sto_test.rules('ACME', '[{"rule": "min_holders", "count": 2, "by": "class"}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'gina/1', 'alice/1', '1'), sto_test.classify('fred', 'market_counterparty') IS NOT NULL, sto_test.say('transfer', 'gina/1', 'fred/1', '1'), sto_test.say('transfer', 'fred/1', 'alice/1', '1');
SELECT sto_test.rules('ACME', '[]') IS NOT NULL, sto_test.say('transfer', 'fred/1', 'alice/1', '1'), sto_test.groups();

-- ownership_by_claim: a group's share of what is outstanding
SELECT num_nonnulls(sto_test.officer('kyc', 31, 'claim_issuer'), sto_test.claim('alice', 'local', 'kyc'));
SELECT sto_test.rules('ACME', '[{"rule": "ownership_by_claim", "by": "topic", "value": "local", "min": 6000}]') IS NOT NULL, sto_test.groups();
SELECT sum(balance) FILTER (WHERE balance > 0) FROM sto.position;
SELECT sto_test.say('transfer', 'alice/2', 'erin/1', '300'), sto_test.say('transfer', 'alice/1', 'erin/1', '200'), sto_test.groups();
SELECT sto_test.say('issue', 'ACME', 'erin/1', '200'), sto_test.say('issue', 'ACME', 'alice/1', '1'), sto_test.groups();
SELECT sto_test.claim('erin', 'local', 'kyc') AS claim \gset
SELECT sto_test.groups(), sto_test.claim_revoke('erin', :claim, 'kyc') IS NOT NULL, sto_test.groups();
SELECT sto_test.rules('ACME', '[{"rule": "ownership_by_claim", "by": "country", "value": "KZ", "max": 5000}]') IS NOT NULL, sto_test.groups();
SELECT sto_test.say('transfer', 'erin/1', 'alice/1', '1'), sto_test.say('transfer', 'alice/2', 'erin/1', '1'), sto_test.say('redeem', 'erin/1', 'ACME', '1'), sto_test.groups();

-- caps by class
SELECT sto_test.rules('ACME', '[]') IS NOT NULL, sto_test.empty('dave/1');
SELECT sto_test.rules('ACME', '[{"rule": "investor_class", "caps": {"retail": "20"}}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'dave/1', '21'), sto_test.say('transfer', 'alice/1', 'dave/1', '20'), sto_test.say('transfer', 'alice/1', 'carol/1', '1'), sto_test.say('transfer', 'alice/1', 'dave/1', '1');

-- a hold is asked as if it were posted, and counts nothing; its post is asked again
SELECT sto_test.rules('ACME', '[{"rule": "max_holders", "count": 5}, {"rule": "max_balance", "amount": "30", "exempt": ["alice", "bob", "erin"]}]') IS NOT NULL, sto_test.groups();
SELECT sto_test.empty('dave/1'), sto_test.groups();
SELECT left(sto_test.try($$SELECT sto_test.hold('ACME', 'alice/1', '31', 'pledge', jsonb_build_object('credit_wallet', 'dave/1'))$$), 5);
SELECT sto_test.hold('ACME', 'alice/1', '30', 'pledge', jsonb_build_object('credit_wallet', 'dave/1')) AS hold \gset
SELECT sto_test.groups(), sto_test.say('transfer', 'alice/1', 'dave/1', '1');
SELECT left(sto_test.try(format($$SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', 'dave/1',
    'hold_id', %s, 'amount', '%s', 'ordering_party', sto_test.id('dave'), 'keep_rest', true), '{25}')$$, :hold, a)), 5) FROM unnest('{30,29}'::int[]) AS a;
SELECT sto_test.groups(), sto_test.faults();

-- counters are kept on when no rule in force reads them, and the log gives them again
SELECT sto_test.rules('ACME', '[]') IS NOT NULL, sto_test.say('transfer', 'alice/1', 'dave/1', '1'), sto_test.say('redeem', 'carol/1', 'ACME', '1'), sto_test.groups();
SELECT sto_test.faults();
CREATE TEMP TABLE before AS SELECT 'h' AS t, h::text AS r FROM sto.holding h UNION ALL SELECT 'g', g::text FROM sto.holder_group g
    UNION ALL SELECT 'p', p::text FROM sto.position p UNION ALL SELECT 'f', f::text FROM sto.flow f;
SELECT sto.rebuild() > 0;
SELECT count(*) FROM (SELECT t, r FROM before EXCEPT (SELECT 'h', h::text FROM sto.holding h UNION ALL SELECT 'g', g::text FROM sto.holder_group g
    UNION ALL SELECT 'p', p::text FROM sto.position p UNION ALL SELECT 'f', f::text FROM sto.flow f)) d;
SELECT (SELECT count(*) FROM sto.holding) > 1, (SELECT count(*) FROM sto.holder_group) > 5;
SELECT sto_test.faults();
