-- Redemption by the issuer: on terms fixed by the first issue, and only with its payment.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_redemption;
CREATE DATABASE sto_regress_redemption TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_redemption
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\set ECHO none
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
\i :srcdir/signer/said.sql
\set ECHO all
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on

-- BOND has terms, ACME has none; alice has two wallets, carol's is kept by the bank
SELECT sto_test.begin_small();
SELECT num_nonnulls(sto_test.officer('enforcer', 31, 'enforcer'), sto_test.officer('second', 32, 'enforcer'), sto_test.party('bank', '{50}'), sto_test.party('other', '{11}'),
                    sto_test.wallet('alice/2', 'alice', '{23}'), sto_test.party('carol', NULL, 'natural'),
                    sto_test.wallet('carol/1', 'carol', '{24}', 'client', NULL, jsonb_build_object('custodian', sto_test.id('bank'))),
                    sto_test.wallet('acme/1', 'acme', '{12}', 'treasury'), sto_test.wallet('other/1', 'other', '{25}'), sto_test.wallet('bank/1', 'bank', '{26}'),
                    sto_test.token('CASH', 'other', NULL, 'cash', 2, '{"currency": "KZT"}'), sto_test.token('BOND', 'acme', NULL, 'bond'), sto_test.token('OTHER', 'acme'));
CREATE FUNCTION sto_test.said(text) RETURNS text LANGUAGE sql AS
    $$ SELECT replace(replace($1, sto_test.id('CASH')::text, 'CASH'), sto_test.id('BOND')::text, 'BOND') $$;
CREATE FUNCTION sto_test.terms(token text, body jsonb, actor text DEFAULT 'acme') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('redemption_terms', sto_test.id(token), sto_test.id(actor),
                          (body || jsonb_build_object('token', coalesce(sto_test.id(body ->> 'token'), sto_test.id('CASH'))))::text)
$$;
-- Orders in a word: payments "CASH/acme/1/alice/1/100", from and to; redeems "BOND/alice/1/3", by acme; group g, if none stands behind a #.
-- All in one INSERT, which is rolled back if it is refused.
CREATE FUNCTION sto_test.made(word text) RETURNS sto.order LANGUAGE sql AS $$
    SELECT sto_test.order(CASE cardinality(p)
               WHEN 6 THEN jsonb_build_object('kind', 'transfer', 'token_id', p[1], 'debit_wallet', p[2] || '/' || p[3], 'credit_wallet', p[4] || '/' || p[5], 'amount', p[6], 'ordering_party', p[2])
               ELSE jsonb_build_object('kind', 'redeem', 'token_id', p[1], 'debit_wallet', p[2] || '/' || p[3], 'credit_wallet', p[1], 'amount', p[4], 'ordering_party', 'acme') END
           || CASE g WHEN '' THEN '{}' ELSE jsonb_build_object('group_id', md5(coalesce(g, 'g'))::uuid) END,
           sto_test.seeds_of(CASE cardinality(p) WHEN 6 THEN p[2] || '/' || p[3] ELSE 'acme' END))
      FROM string_to_array(split_part(word, '#', 1), '/') AS p, LATERAL (SELECT CASE WHEN word ~ '#' THEN split_part(word, '#', 2) END) AS x (g)
$$;
CREATE FUNCTION sto_test.posts(VARIADIC orders sto.order[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    before text := (SELECT string_agg(w || ' ' || t || ' ' || sto_test.balance(t, w), ', ') FROM unnest('{CASH,BOND}'::text[]) t, unnest('{alice/1,alice/2,carol/1,acme/1}'::text[]) w);
    n      int;
    detail text;
BEGIN
    INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, group_id, authority_event, signatures)
    SELECT o.kind, o.token_id, o.debit_wallet, o.credit_wallet, o.amount, o.ordering_party, o.order_id, o.group_id, o.authority_event, o.signatures FROM unnest(orders) o;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n || ' posted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' | ', SQLSTATE, SQLERRM, sto_test.said(sto_test.named(nullif(detail, ''))),
                     CASE WHEN before <> (SELECT string_agg(w || ' ' || t || ' ' || sto_test.balance(t, w), ', ')
                                            FROM unnest('{CASH,BOND}'::text[]) t, unnest('{alice/1,alice/2,carol/1,acme/1}'::text[]) w) THEN 'BUT UNITS MOVED' END);
END $$;
CREATE FUNCTION sto_test.posts(VARIADIC words text[]) RETURNS text LANGUAGE sql AS
    $$ SELECT sto_test.posts(VARIADIC ARRAY(SELECT sto_test.made(w) FROM unnest(words) WITH ORDINALITY AS u (w, n) ORDER BY n)) $$;

-- Terms: what a body may say, and who says it
SELECT sto_test.said(sto_test.try(format($$SELECT sto_test.terms('BOND', %L, %L)$$, b, a)))
  FROM (VALUES ('{"price": "0"}', 'acme'), ('{"price": "-1"}', 'acme'), ('{"price": "1", "per": "0"}', 'acme'), ('{"price": 1}', 'acme'), ('{"per": "1"}', 'acme'),
               ('{"price": "1", "from": 5, "to": 5}', 'acme'), ('{"price": "1", "until": 5}', 'acme'), ('{"price": "1", "token": "BOND"}', 'acme'),
               ('{"price": "1", "token": "nothing"}', 'acme'), ('{"price": "1"}', 'other'), ('{"price": "1"}', 'alice/1'),
               ('{"price": "13043817825332782213", "per": "13043817825332782213"}', 'acme')) AS x (b, a);
SELECT sto_test.try($$SELECT sto_test.event('redemption_terms', sto_test.id('BOND'), sto_test.id('acme'), '{"token": "x", "price": "1"}')$$);
SELECT sto_test.would($$SELECT sto_test.terms('BOND', '{"price": "13043817825332782212", "per": "13043817825332782212"}')$$);
-- set and changed before the first issue
SELECT sto_test.terms('BOND', '{"price": "7"}') > 0;
SELECT redeem_token = sto_test.id('CASH'), redeem_price, redeem_per, redeem_from, redeem_to FROM sto.token WHERE token_id = sto_test.id('BOND');
SELECT sto.redemption_terms_body(sto_test.id('CASH'), '100', '3', valid_to => '2100-01-01 00:00:00+00') AS body \gset
SELECT sto.set_redemption_terms(sto_test.id('BOND'), sto_test.id('acme'), :'body', sto_test.signatures(sto.act_message('redemption_terms', sto_test.id('BOND'), sto_test.id('acme'), :'body'), '{10}')) AS terms \gset
SELECT redeem_terms = :terms, redeem_price, redeem_per, redeem_from, redeem_to = '2100-01-01 00:00:00+00' FROM sto.token WHERE token_id = sto_test.id('BOND');
SELECT sto.redemption_cost('1', '100', '3'), sto.redemption_cost('3', '100', '3'), sto.redemption_cost('4', '100', '3'),
       sto.redemption_cost('170141183460469231731687303715884105727', '100', '3');
-- an issue that is refused, or rolled back, is none
SELECT sto_test.try($$SELECT sto_test.issue('BOND', 'nowhere/1', '10')$$) ~ '^ST203';
BEGIN;
SAVEPOINT s;
SELECT sto_test.issue('BOND', 'alice/1', '10') > 0;
SELECT sto_test.try($$SELECT sto_test.terms('BOND', '{"price": "8"}')$$);
ROLLBACK TO s;
SELECT sto_test.would($$SELECT sto_test.terms('BOND', '{"price": "8"}')$$);
COMMIT;
SELECT sto_test.issue('BOND', 'alice/1', '1000') > 0, sto_test.issue('BOND', 'alice/2', '100') > 0, sto_test.issue('BOND', 'carol/1', '100') > 0, sto_test.issue('BOND', 'acme/1', '100') > 0,
       sto_test.issue('CASH', 'acme/1', '100000') > 0, sto_test.issue('CASH', 'alice/1', '1000') > 0, sto_test.issue('CASH', 'bank/1', '1000') > 0;
SELECT sto_test.try($$SELECT sto_test.terms('BOND', '{"price": "8"}')$$), sto_test.try($$SELECT sto_test.terms('ACME', '{"price": "8"}')$$);

-- 3 units cost 100; 1 costs 34, rounded up; the boundary from both sides
SELECT sto_test.posts('CASH/acme/1/alice/1/99', 'BOND/alice/1/3'), sto_test.posts('CASH/acme/1/alice/1/100', 'BOND/alice/1/3');
SELECT sto_test.posts('CASH/acme/1/alice/1/33', 'BOND/alice/1/1'), sto_test.posts('CASH/acme/1/alice/1/34', 'BOND/alice/1/1');
SELECT sto_test.posts('CASH/acme/1/alice/1/133', 'BOND/alice/1/4'), sto_test.posts('CASH/acme/1/alice/1/134', 'BOND/alice/1/4');
SELECT sto_test.balance('BOND', 'alice/1'), sto_test.balance('CASH', 'alice/1'), sto_test.balance('CASH', 'acme/1'), sto_test.check_invariants();
-- no payment, none in a group, none in this group, a later one, one that the statement before made, one in another token
SELECT sto_test.posts('BOND/alice/1/3'), sto_test.posts('BOND/alice/1/3#'), sto_test.posts('CASH/acme/1/alice/1/100#', 'BOND/alice/1/3#');
SELECT sto_test.posts('CASH/acme/1/alice/1/100#a', 'BOND/alice/1/3'), sto_test.posts('BOND/alice/1/3', 'CASH/acme/1/alice/1/100');
BEGIN;
SELECT sto_test.posts('CASH/acme/1/alice/1/100');
SELECT sto_test.posts('BOND/alice/1/3');
ROLLBACK;
SELECT sto_test.issue('OTHER', 'acme/1', '1000') > 0;
SELECT sto_test.posts('OTHER/acme/1/alice/1/100', 'BOND/alice/1/3');
-- to somebody else, by somebody else, from the holder's own wallet; to the holder's other wallet it counts
SELECT sto_test.posts('CASH/acme/1/bob/1/100', 'BOND/alice/1/3'), sto_test.posts('CASH/bank/1/alice/1/100', 'BOND/alice/1/3'), sto_test.posts('CASH/alice/1/alice/2/100', 'BOND/alice/1/3');
-- out of a wallet of the holder's that the issuer keeps: his own money; from such a wallet the issuer redeems as its custodian
SELECT sto_test.wallet('alice/3', 'alice', '{27}', 'client', NULL, jsonb_build_object('custodian', sto_test.id('acme'))) IS NOT NULL, sto_test.issue('CASH', 'alice/3', '100') > 0, sto_test.issue('BOND', 'alice/3', '1') > 0;
SELECT sto_test.posts(sto_test.order(jsonb_build_object('kind', 'transfer', 'token_id', 'CASH', 'debit_wallet', 'alice/3', 'credit_wallet', 'alice/1', 'amount', '100', 'ordering_party', 'acme', 'group_id', md5('g')::uuid), '{10}'),
                      sto_test.made('BOND/alice/1/3')), sto_test.posts('BOND/alice/3/1#');
-- into such a wallet it is no payment: the issuer could order it back; into one that somebody else keeps it is
SELECT sto_test.posts('CASH/acme/1/alice/3/100', 'BOND/alice/1/3'), sto_test.posts('CASH/acme/1/alice/3/99', 'CASH/acme/1/alice/1/1', 'BOND/alice/1/3'),
       sto_test.wallet('alice/4', 'alice', '{28}', 'client', NULL, jsonb_build_object('custodian', sto_test.id('bank'))) IS NOT NULL, sto_test.posts('CASH/acme/1/alice/4/100', 'BOND/alice/1/3');
SELECT sto_test.posts('CASH/acme/1/alice/2/100', 'BOND/alice/1/3');
-- a payment counts once; payments add up; what is over stays the holder's
SELECT sto_test.posts('CASH/acme/1/alice/1/100', 'BOND/alice/1/3', 'BOND/alice/1/3'), sto_test.posts('CASH/acme/1/alice/1/134', 'BOND/alice/1/3', 'BOND/alice/2/1'),
       sto_test.posts('CASH/acme/1/alice/1/50', 'CASH/acme/1/alice/2/49', 'BOND/alice/1/3'), sto_test.posts('CASH/acme/1/alice/1/50', 'CASH/acme/1/alice/2/51', 'BOND/alice/1/3');
-- several holders in one statement, each with its own; one that is short refuses all
SELECT sto_test.posts('CASH/acme/1/alice/1/100', 'CASH/acme/1/carol/1/99', 'BOND/alice/1/3', 'BOND/carol/1/3'),
       sto_test.posts('CASH/acme/1/alice/1/100', 'CASH/acme/1/carol/1/100', 'BOND/alice/1/3', 'BOND/carol/1/3'),
       sto_test.posts('CASH/acme/1/alice/1/200', 'BOND/alice/1/3', 'BOND/carol/1/3');
SELECT sto_test.balance('BOND', 'alice/1'), sto_test.balance('BOND', 'alice/2'), sto_test.balance('BOND', 'carol/1'), sto_test.balance('CASH', 'acme/1'), sto_test.check_invariants();
-- what costs more than an amount can say
SELECT sto_test.posts('CASH/acme/1/alice/1/100', 'BOND/alice/1/170141183460469231731687303715884105727');

-- Whoever else: another party, an issuer without terms, one that did not sign, or as the wallet's
SELECT sto_test.posts('CASH/acme/1/alice/1/100', 'ACME/alice/1/3');
SELECT sto_test.said(sto_test.try($$SELECT sto_test.post('{"kind": "redeem", "token_id": "BOND", "debit_wallet": "alice/1", "credit_wallet": "BOND", "amount": "3", "ordering_party": "other"}', '{11}')$$));
SELECT sto_test.posts(sto_test.made('CASH/acme/1/alice/1/100'), sto_test.order('{"kind": "redeem", "token_id": "BOND", "debit_wallet": "alice/1", "credit_wallet": "BOND", "amount": "3", "ordering_party": "acme"}'
                      || jsonb_build_object('group_id', md5('g')::uuid), seeds)) FROM (VALUES ('{12}'::int[]), ('{21}'), (NULL)) AS s (seeds);
SELECT sto_test.event('token_policy', sto_test.id('BOND'), sto_test.id('acme'), '{"unsigned_role": "postgres"}') > 0;
SELECT sto_test.posts(sto_test.made('CASH/acme/1/alice/1/100'), sto_test.order('{"kind": "redeem", "token_id": "BOND", "debit_wallet": "alice/1", "credit_wallet": "BOND", "amount": "3", "ordering_party": "acme"}'
                      || jsonb_build_object('group_id', md5('g')::uuid), NULL));
SELECT sto_test.event('token_policy', sto_test.id('BOND'), sto_test.id('acme'), '{"unsigned_role": null}') > 0;
-- the holder's own order, the custodian's, and the issuer's from its own wallet need no payment; nor does an issuer with a mandate, which orders for the holder
SELECT sto_test.redeem('BOND', 'alice/1', '1') > 0, sto_test.redeem('BOND', 'acme/1', '1') > 0,
       sto_test.post('{"kind": "redeem", "token_id": "BOND", "debit_wallet": "carol/1", "credit_wallet": "BOND", "amount": "1", "ordering_party": "bank"}', '{50}') > 0;
SELECT sto_test.mandate('carol', 'acme', jsonb_build_object('to', sto_test.micros(clock_timestamp() + interval '1 hour'))) > 0, sto_test.posts('BOND/carol/1/1#');
SELECT sto_test.mandate('carol', 'acme', jsonb_build_object('to', sto_test.micros(clock_timestamp() - interval '1 hour'))) > 0, sto_test.posts('BOND/carol/1/1'),
       sto_test.posts('CASH/acme/1/carol/1/34', 'BOND/carol/1/1');

-- What stops a redeem stops this one: pause, freezes, held units; the payment stays undone with it
SELECT sto_test.pause('BOND', 'acme') > 0, sto_test.posts('CASH/acme/1/alice/1/100', 'BOND/alice/1/3'), sto_test.pause('BOND', 'acme', false) > 0;
SELECT sto_test.pause('CASH', 'other') > 0, sto_test.posts('CASH/acme/1/alice/1/100', 'BOND/alice/1/3'), sto_test.pause('CASH', 'other', false) > 0;
SELECT sto_test.freeze_wallet('alice/1') > 0, sto_test.posts('CASH/acme/1/alice/2/100', 'BOND/alice/1/3'), sto_test.posts('CASH/acme/1/alice/1/34', 'BOND/alice/2/1'), sto_test.freeze_wallet('alice/1', false) > 0;
SELECT sto_test.freeze_party('alice') > 0, sto_test.posts('CASH/acme/1/alice/1/100', 'BOND/alice/1/3') ~ '^ST212', sto_test.freeze_party('alice', false) > 0;
SELECT sto_test.freeze_party('acme') > 0, sto_test.posts('CASH/acme/1/alice/1/100', 'BOND/alice/1/3') ~ '^ST212', sto_test.freeze_party('acme', false) > 0;
SELECT sto_test.hold('BOND', 'alice/2', '98', 'pledge', '{"credit_wallet": "bob/1"}') > 0, sto_test.posts('CASH/acme/1/alice/1/67', 'BOND/alice/2/2'), sto_test.posts('CASH/acme/1/alice/1/34', 'BOND/alice/2/1');
-- rules of the set that are marked for redemption
SELECT sto_test.rules('BOND', '[{"rule": "granularity", "units": "5", "kinds": ["redeem"]}]') > 0, sto_test.posts('CASH/acme/1/alice/1/1000', 'BOND/alice/1/4'),
       sto_test.posts('CASH/acme/1/alice/1/167', 'BOND/alice/1/5'), sto_test.rules('BOND', '[]') > 0;

-- By savepoint: a payment that was rolled back is none; one that a redeem used, and that was rolled back, is there again
CREATE FUNCTION sto_test.caught(VARIADIC words text[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.posts(VARIADIC words);
    RAISE SQLSTATE 'YY001';
EXCEPTION WHEN SQLSTATE 'YY001' THEN
    RETURN 'rolled back';
END $$;
SELECT sto_test.caught('CASH/acme/1/alice/1/100'), sto_test.posts('BOND/alice/1/3');
SELECT sto_test.posts('CASH/acme/1/alice/1/100'), sto_test.caught('BOND/alice/1/3'), sto_test.posts('BOND/alice/1/3'), sto_test.posts('BOND/alice/1/3');
SELECT sto_test.posts('CASH/acme/1/alice/1/100'), sto_test.caught('CASH/acme/1/alice/1/100', 'BOND/alice/1/6'), sto_test.posts('BOND/alice/1/6'), sto_test.posts('BOND/alice/1/3');
-- a repeated payment is no second one
SELECT sto_test.made('CASH/acme/1/alice/1/100')::text AS once \gset
SELECT sto_test.posts(:'once'::sto.order, sto_test.made('BOND/alice/1/3')), sto_test.posts(:'once'::sto.order, sto_test.made('BOND/alice/1/3'));

-- A conversion: paid in another token of the issuer's; in the terms' own time only
SELECT sto_test.token('NOTE', 'acme') <> sto_test.nil(), sto_test.terms('NOTE', jsonb_build_object('token', 'OTHER', 'price', '2', 'from', sto_test.micros(clock_timestamp() + interval '1 hour'))) > 0;
BEGIN;
SELECT sto_test.issue('NOTE', 'bob/1', '10') > 0;
SELECT sto_test.posts('OTHER/acme/1/bob/1/20', 'NOTE/bob/1/10');
ROLLBACK;
SELECT sto_test.terms('NOTE', jsonb_build_object('token', 'OTHER', 'price', '2', 'to', sto_test.micros(clock_timestamp() + interval '1 hour'))) > 0, sto_test.issue('NOTE', 'bob/1', '10') > 0;
SELECT sto_test.posts('OTHER/acme/1/bob/1/19', 'NOTE/bob/1/10'), sto_test.posts('OTHER/acme/1/bob/1/20', 'NOTE/bob/1/10');
SELECT sto_test.balance('NOTE', 'bob/1'), sto_test.balance('OTHER', 'bob/1');
-- what is issued for it is no payment: the issuer could lock it up at once
SELECT sto_test.issue('NOTE', 'bob/1', '10') > 0;
SELECT sto_test.posts(sto_test.order(jsonb_build_object('kind', 'issue', 'token_id', 'OTHER', 'debit_wallet', 'OTHER', 'credit_wallet', 'bob/1', 'amount', '20', 'ordering_party', 'acme', 'group_id', md5('g')::uuid), '{10}'),
                      sto_test.made('NOTE/bob/1/10'));
SELECT sto_test.token('LATE', 'acme') <> sto_test.nil(), sto_test.terms('LATE', '{"price": "1", "to": 1}') > 0, sto_test.issue('LATE', 'bob/1', '10') > 0;
SELECT sto_test.posts('CASH/acme/1/bob/1/10', 'LATE/bob/1/10');

-- A list that one quorum signed
CREATE TABLE sto_test.list AS SELECT n, sto_test.made(w) AS o FROM unnest('{BOND/alice/1/3,BOND/carol/1/3}'::text[]) WITH ORDINALITY AS u (w, n);
SELECT sto_test.event('batch', sto_test.id('list'), sto_test.id('acme'), sto.batch_body(sto_test.id('BOND'), 2, '6',
           (SELECT sto.batch_hash(sto_test.order_message(jsonb_populate_record(NULL::sto.transfer, to_jsonb(o))) ORDER BY n) FROM sto_test.list))::text) AS batch \gset
CREATE FUNCTION sto_test.listed(n bigint, batch bigint) RETURNS sto.order LANGUAGE sql AS
    $$ SELECT jsonb_populate_record(o, jsonb_build_object('signatures', NULL, 'authority_event', batch)) FROM sto_test.list l WHERE l.n = $1 $$;
SELECT sto_test.posts(sto_test.made('CASH/acme/1/alice/1/100'), sto_test.listed(1, :batch), sto_test.listed(2, :batch)),
       sto_test.posts(sto_test.made('CASH/acme/1/alice/1/100'), sto_test.made('CASH/acme/1/carol/1/100'), sto_test.listed(1, :batch), sto_test.listed(2, :batch));

-- sto.submit posts one by one: a redeem finds the payment before it, and a payment stays though its redeem is refused
SELECT s.ordinal, s.result, s.state, s.reasons -> 0 ->> 'rule', s.reasons -> 0 ->> 'limit', s.reasons -> 0 ->> 'value', s.reasons -> 0 ->> 'passing'
  FROM sto.submit(ARRAY[sto_test.made('BOND/alice/1/3'), sto_test.made('CASH/acme/1/alice/1/101'), sto_test.made('BOND/alice/1/4'), sto_test.made('BOND/alice/1/3'), sto_test.made('BOND/alice/1/3')]) s;
-- a dry run says what would be missing; after a payment, in its statement, what is left
SELECT c.code, c.state, c.rule, c."limit", c.value, c.passing, sto_test.said(sto_test.named(c.detail)) FROM sto.check_order(sto_test.made('BOND/alice/1/3')) c;
SELECT c.code, c.rule, c.detail FROM sto.check_order(sto_test.made('ACME/alice/1/3')) c;
SELECT c.code, c.rule, c.detail FROM sto.check_order(sto_test.made('LATE/bob/1/3')) c;
SELECT sto_test.posts('CASH/acme/1/alice/1/50'), sto.check_order_json(sto_test.made('BOND/alice/1/3')) ->> 'largest';

-- Four eyes: terms can be among the acts that need a second officer
SELECT sto_test.token('THIRD', 'acme') <> sto_test.nil(), sto_test.four_eyes('THIRD', '{redemption_terms}', '{other}') > 0;
SELECT sto_test.try($$SELECT sto_test.terms('THIRD', '{"price": "1"}')$$), sto_test.try(format($$SELECT sto_test.propose('bad', 'THIRD', 'redemption_terms', %L)$$, jsonb_build_object('token', sto_test.id('CASH'), 'price', '0')));
SELECT sto_test.propose('terms', 'THIRD', 'redemption_terms', jsonb_build_object('token', sto_test.id('CASH'), 'price', '1')::text) > 0, sto_test.approve('terms', 'other') > 0, sto_test.carry_out('terms') > 0;
SELECT redeem_price FROM sto.token WHERE token_id = sto_test.id('THIRD');

-- From the log alone; what sto.verify() sees of what no gate lets in
SELECT sto_test.check_invariants();
CREATE TABLE sto_test.tokens AS TABLE sto.token;
SELECT sto.rebuild() > 100;
SELECT count(*) FROM ((TABLE sto.token EXCEPT TABLE sto_test.tokens) UNION ALL (TABLE sto_test.tokens EXCEPT TABLE sto.token)) x;
SELECT check_name, ok, examined > 0, detail FROM sto.verify() WHERE NOT ok OR check_name = 'redemptions';
CREATE FUNCTION sto_test.tampered(change text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto.begin_maintenance('test');
    EXECUTE change;
    RETURN QUERY SELECT concat_ws(' ', v.check_name, v.scope, sto_test.named(v.detail)) FROM sto.verify(false, '{redemptions,authority,register,event_signatures}') v WHERE NOT v.ok AND v.scope IS DISTINCT FROM 'sto.subject';
    RAISE SQLSTATE 'YY001';
EXCEPTION WHEN SQLSTATE 'YY001' THEN
    RETURN;
END $$;
CREATE VIEW sto_test.paid AS SELECT t.* FROM sto.transfer t JOIN sto.issuer_redeem r ON t.group_id = r.group_id AND t.received_at = r.received_at AND t.kind = 'transfer';
SELECT x.change, t.said
  FROM (VALUES ($$UPDATE sto.transfer SET amount = (amount::numeric - 1)::text::sto.token_amount WHERE entry_id = (SELECT min(entry_id) FROM sto_test.paid)$$),
               ($$UPDATE sto.transfer SET credit_wallet = sto_test.address('bob/1') WHERE entry_id = (SELECT min(entry_id) FROM sto_test.paid)$$),
               ($$UPDATE sto.transfer SET ordering_party = sto_test.id('bank') WHERE entry_id = (SELECT min(entry_id) FROM sto_test.paid)$$),
               ($$UPDATE sto.transfer SET group_id = NULL WHERE entry_id = (SELECT min(entry_id) FROM sto.issuer_redeem)$$),
               ($$UPDATE sto.transfer SET received_at = received_at - interval '1 us' WHERE entry_id = (SELECT min(entry_id) FROM sto_test.paid)$$),
               ($$UPDATE sto.transfer SET entry_id = 1000000 WHERE entry_id = (SELECT min(entry_id) FROM sto_test.paid)$$),
               ($$DELETE FROM sto.event WHERE kind = 'redemption_terms' AND subject = sto_test.id('BOND')$$),
               ($$UPDATE sto.event SET body = replace(body::text, '"100"', '"101"')::json WHERE kind = 'redemption_terms' AND subject = sto_test.id('BOND')$$),
               ($$UPDATE sto.event SET entry_id = 1000000 WHERE kind = 'redemption_terms' AND subject = sto_test.id('NOTE') AND body::text LIKE '%to"%'$$),
               ($$UPDATE sto.event SET actor = sto_test.id('other') WHERE kind = 'redemption_terms' AND subject = sto_test.id('NOTE')$$),
               ($$UPDATE sto.token SET redeem_price = '101' WHERE token_id = sto_test.id('BOND')$$),
               ($$UPDATE sto.token SET redeem_to = '2001-01-01' WHERE token_id = sto_test.id('BOND')$$)) AS x (change),
       LATERAL sto_test.tampered(x.change) AS t (said);
\c template1
DROP DATABASE sto_regress_redemption;
