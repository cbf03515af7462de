-- Random rules over a small register: a dry run says what the gate then does, and the largest amount is the largest.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_rules_random;
CREATE DATABASE sto_regress_rules_random TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_rules_random
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\set ECHO none
\i :srcdir/signer/signer.sql
\i :srcdir/signer/dry_run.sql
\i :srcdir/signer/invariants.sql
\i :srcdir/signer/said.sql
\i :srcdir/signer/rules.sql
\set ECHO all
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SELECT sto_test.begin_rules();
-- two wallets of alice, an omnibus wallet whose owners are stated now and then, facts of some, none of carol
SELECT num_nonnulls(sto_test.party('dave', NULL, 'natural'), sto_test.party('erin', NULL, 'natural'), sto_test.party('fund', '{931}'), sto_test.officer('kyc', 932, 'claim_issuer'),
                    sto_test.wallet('dave/1', 'dave', '{933}'), sto_test.wallet('erin/1', 'erin', '{934}'), sto_test.wallet('pool', 'fund', '{935}', 'omnibus'), sto_test.claim('alice', 't', 'kyc'),
                    sto_test.claim('dave', 't', 'kyc'), sto_test.travel_data('bob', '{a,b}'), sto_test.travel_data('dave', '{a}'));
SELECT count(sto_test.party_facts(p, jsonb_build_object('country', c))), count(sto_test.classify(p, k))
  FROM (VALUES ('alice', 'KZ', 'retail'), ('bob', 'US', 'professional'), ('dave', 'US', 'retail'), ('fund', 'KZ', 'professional')) AS v (p, c, k);
SELECT num_nonnulls(sto_test.redeem('ACME', 'alice/1', '960'), sto_test.issue('ACME', 'alice/2', '10'), sto_test.issue('ACME', 'bob/1', '30'), sto_test.issue('ACME', 'dave/1', '7'), sto_test.issue('ACME', 'pool', '25'));

CREATE FUNCTION sto_test.pick(VARIADIC choices text[]) RETURNS text LANGUAGE sql AS $$ SELECT choices[1 + floor(random() * cardinality(choices))::int] $$;
CREATE FUNCTION sto_test.upto(most int) RETURNS int LANGUAGE sql AS $$ SELECT 1 + floor(random() * most)::int $$;
CREATE FUNCTION sto_test.some(VARIADIC choices text[]) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT jsonb_agg(c) FROM (SELECT c FROM unnest(choices) AS c ORDER BY random() LIMIT sto_test.upto(2)) AS s $$;
CREATE FUNCTION sto_test.random_rule() RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    name  text := sto_test.pick('country_allow', 'country_deny', 'party_list', 'investor_class', 'max_balance', 'max_balance', 'min_balance', 'min_balance', 'max_holders', 'min_holders',
                                'ownership_by_claim', 'ownership_by_claim', 'lock_up', 'volume_limit', 'transfer_window', 'granularity', 'granularity', 'approval', 'approval', 'venue', 'opt_in',
                                'offer_limits', 'travel_rule', 'look_through');
    sort  text := sto_test.pick('country', 'class', 'topic');
    named text := CASE sort WHEN 'country' THEN sto_test.pick('KZ', 'US') WHEN 'class' THEN sto_test.pick('retail', 'professional') ELSE 't' END;
    limit_ jsonb := CASE WHEN random() < 0.5 THEN jsonb_build_object('amount', sto_test.upto(60)::text) ELSE jsonb_build_object('share', sto_test.upto(7000)) END;
    near  bigint := sto_test.micros_in(CASE WHEN random() < 0.8 THEN -3600 ELSE 3600 END);
    rule  jsonb := CASE
        WHEN name LIKE 'country%' THEN jsonb_build_object('countries', sto_test.some('KZ', 'US', 'AE'), 'side', sto_test.pick('receiver', 'sender', 'either'))
        WHEN name = 'party_list' THEN jsonb_build_object('list', 'l', 'mode', sto_test.pick('allow', 'deny'), 'side', sto_test.pick('receiver', 'sender', 'either'))
        WHEN name = 'investor_class' THEN jsonb_build_object('caps', jsonb_build_object(sto_test.pick('retail', 'professional'), sto_test.upto(60)::text))
        WHEN name IN ('max_balance') THEN limit_
        WHEN name = 'min_balance' THEN jsonb_build_object('amount', sto_test.upto(20)::text)
        WHEN name LIKE '%_holders' THEN jsonb_build_object('count', sto_test.upto(6)) || CASE WHEN random() < 0.5 OR sort = 'topic' THEN '{}' WHEN random() < 0.5 THEN jsonb_build_object('by', sort)
                                                                                               ELSE jsonb_build_object('by', sort, 'value', named) END
        WHEN name = 'ownership_by_claim' THEN jsonb_build_object('by', sort, 'value', named) || CASE WHEN random() < 0.5 THEN jsonb_build_object('max', sto_test.upto(9000)) ELSE jsonb_build_object('min', sto_test.upto(7000)) END
        WHEN name = 'lock_up' THEN jsonb_build_object('until', near)
        WHEN name = 'volume_limit' THEN jsonb_build_object('seconds', 3600) || CASE WHEN limit_ ? 'share' THEN limit_
            ELSE jsonb_build_object('amount', (sto_test.upto(40) + floor(random() * coalesce((SELECT max(p.outflow::numeric) FROM sto.position p WHERE p.balance >= 0), 0)))::text) END
        WHEN name = 'transfer_window' THEN jsonb_build_object('closed', jsonb_build_array(jsonb_build_object('from', near - 1000000000, 'to', near)))
        WHEN name = 'granularity' THEN jsonb_build_object('units', sto_test.upto(9)::text)
        WHEN name = 'venue' THEN jsonb_build_object('parties', sto_test.some('alice', 'bob', 'acme', 'fund'))
        WHEN name = 'offer_limits' THEN jsonb_build_object('seconds', 3600, 'max_total', (sto_test.upto(50) + (SELECT max(p.outflow) FROM sto.position p WHERE p.balance < 0)::numeric)::text) || CASE WHEN random() < 0.5 THEN '{}' ELSE jsonb_build_object('min_each', sto_test.upto(9)::text) END
                                        || CASE WHEN random() < 0.5 THEN '{}' ELSE jsonb_build_object('max_persons', 2 + sto_test.upto(4)) END
        WHEN name = 'travel_rule' THEN jsonb_build_object('threshold', sto_test.upto(30)::text, 'originator', sto_test.some('a', 'b'), 'beneficiary', sto_test.some('a', 'b'))
        WHEN name = 'look_through' THEN jsonb_build_object('seconds', 3600, 'stale', sto_test.pick('block', 'count_as_one'))
        ELSE '{}' END;
BEGIN
    RETURN jsonb_build_object('rule', name) || rule || CASE WHEN random() < 0.2 THEN jsonb_build_object('exempt', sto_test.some('alice', 'bob', 'carol', 'fund')) ELSE '{}' END
        || CASE WHEN name <> 'offer_limits' AND random() < 0.3 THEN jsonb_build_object('kinds', sto_test.some('transfer', 'issue', 'redeem', 'hold') - 'transfer' || '["transfer"]'::jsonb) ELSE '{}' END;
END $$;
-- A fact of the register changes.
CREATE FUNCTION sto_test.change() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    party text := sto_test.pick('alice', 'bob', 'carol', 'dave', 'erin', 'fund');
    has   int := (SELECT p.balance::numeric::int FROM sto.position p WHERE p.wallet = sto_test.address('pool') AND p.token_id = sto_test.id('ACME'));
    part  int := floor(random() * (has + 1))::int;
BEGIN
    CASE sto_test.upto(6)
        WHEN 1 THEN PERFORM sto_test.party_list('ACME', 'l', party, random() < 0.7);
        WHEN 2 THEN PERFORM sto_test.opt_in('bob', 'ACME', 'bob/1', random() < 0.7);
        WHEN 3 THEN PERFORM sto_test.party_facts(party, jsonb_build_object('country', sto_test.pick('KZ', 'US')));
        WHEN 4 THEN PERFORM sto_test.classify(party, sto_test.pick('retail', 'professional'));
        WHEN 5 THEN PERFORM sto_test.look_through('pool', 'fund', 'ACME', CASE WHEN has = 0 THEN '{}' WHEN part IN (0, has) THEN jsonb_build_object('bob', has) ELSE jsonb_build_object('carol', part, 'alice', has - part) END);
        ELSE PERFORM sto_test.approval('ACME', 'acme', sto_test.upto(40)::text, jsonb_build_object('exact', random() < 0.6, 'uses', 1) || CASE WHEN random() < 0.5 THEN '{}' ELSE jsonb_build_object('receiver', party) END);
    END CASE;
END $$;
CREATE FUNCTION sto_test.random_order() RETURNS sto.transfer LANGUAGE plpgsql AS $$
DECLARE
    kind   text := sto_test.pick('transfer', 'transfer', 'transfer', 'issue', 'redeem', 'hold', 'post');
    debit  text := sto_test.pick('alice/1', 'alice/2', 'bob/1', 'dave/1', 'pool');
    credit text := sto_test.pick('alice/1', 'alice/2', 'bob/1', 'carol/1', 'erin/1', 'pool');
    o      jsonb;
    h      sto.hold;
BEGIN
    IF debit = credit THEN
        RETURN sto_test.random_order();
    END IF;
    o := jsonb_build_object('kind', kind, 'token_id', 'ACME', 'debit_wallet', debit, 'credit_wallet', credit, 'amount', sto_test.upto(sto_test.pick('5', '30', '70')::int), 'ordering_party', sto_test.owner_of(debit));
    CASE kind
        WHEN 'issue' THEN o := o || jsonb_build_object('debit_wallet', 'ACME', 'ordering_party', 'acme');
        WHEN 'redeem' THEN o := o || jsonb_build_object('credit_wallet', 'ACME');
        WHEN 'hold' THEN o := o || jsonb_build_object('purpose', 'pledge', 'checked_once', random() < 0.3);
        WHEN 'post' THEN
            SELECT x.* INTO h FROM sto.hold x WHERE x.remaining > 0 ORDER BY random() LIMIT 1;
            IF h.hold_id IS NULL THEN
                RETURN sto_test.random_order();
            END IF;
            o := o || jsonb_build_object('hold_id', h.hold_id, 'debit_wallet', h.wallet, 'credit_wallet', h.beneficiary, 'keep_rest', true, 'ordering_party', (SELECT w.party_id FROM sto.wallet w WHERE w.address = h.beneficiary));
        ELSE NULL;
    END CASE;
    RETURN sto_test.make_order(o);
END $$;
CREATE TABLE sto_test.tally (what text, states text, agreed boolean, said text);
-- The largest amount, at most the one asked, of which a dry run says nothing, found by trying them all.
CREATE FUNCTION sto_test.largest_of(o sto.transfer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    asked bigint := o.amount::numeric;
BEGIN
    FOR amount IN REVERSE asked .. 1 LOOP
        o.amount := amount;
        IF sto_test.dry_run_says(o) = '' THEN
            RETURN amount;
        END IF;
    END LOOP;
    RETURN 0;
END $$;
CREATE PROCEDURE sto_test.compare(turns int) LANGUAGE plpgsql AS $$
DECLARE
    o     sto.transfer;
    rules jsonb;
    dry   text;
    gate  text;
    most  bigint;
    found bigint;
BEGIN
    FOR turn IN 1 .. turns LOOP
        rules := (SELECT jsonb_agg(sto_test.random_rule()) FROM generate_series(1, sto_test.upto(4)));
        PERFORM sto_test.rules('ACME', rules);
        FOR i IN 1 .. 6 LOOP
            IF i % 2 = 0 THEN
                PERFORM sto_test.change();
            END IF;
            o := sto_test.random_order();
            dry := sto_test.dry_run_says(o);
            most := (sto.check_order_json(jsonb_populate_record(NULL::sto.order, to_jsonb(o))) ->> 'largest')::bigint;
            found := sto_test.largest_of(o);
            INSERT INTO sto_test.tally VALUES ('largest', CASE WHEN found > 0 AND found < o.amount::numeric THEN 'part' END, most = found, format('%s said, %s is: %s under %s for %s', most, found, dry, rules, o));
            IF most > 0 AND most < o.amount::numeric THEN
                o.amount := most;
                gate := sto_test.gate_says(o, random() < 0.3);
                INSERT INTO sto_test.tally VALUES ('largest posted', NULL, gate = '', format('%s under %s for %s', gate, rules, o));
                CONTINUE;
            END IF;
            gate := sto_test.gate_says(o, random() < 0.5);
            INSERT INTO sto_test.tally VALUES ('dry run', left(gate, 5), regexp_replace(dry, '\d\d:\d\d:[0-9.]+', 'T', 'g') = regexp_replace(gate, '\d\d:\d\d:[0-9.]+', 'T', 'g'), format('%s <> %s under %s for %s', dry, gate, rules, o));
        END LOOP;
    END LOOP;
END $$;
-- units of two granularities that have nothing in common: the largest is a multiple of both, found at once
SELECT sto_test.token('LARGE', 'acme') IS NOT NULL, sto_test.issue('LARGE', 'alice/1', '900000000000000000000') IS NOT NULL,
       sto_test.rules('LARGE', '[{"rule": "granularity", "units": "999999937"}, {"rule": "max_balance", "amount": "800000000000000000000"}, {"rule": "granularity", "units": "1000000007"}]') IS NOT NULL;
SET statement_timeout = '20s';
SELECT most::numeric % 999999937, most::numeric % 1000000007, most::numeric + 999999937::numeric * 1000000007 > 800000000000000000000
  FROM sto.max_transferable(sto_test.id('LARGE')::text, sto_test.address('alice/1'), sto_test.address('bob/1')) AS most;
RESET statement_timeout;

SELECT setseed(0.7);
\set turns 200
CALL sto_test.compare(:turns);
SELECT what, said FROM sto_test.tally WHERE NOT agreed LIMIT 5;
-- most rules came up, and much passed
SELECT count(DISTINCT states) FILTER (WHERE states LIKE 'ST2%') > 10, count(*) FILTER (WHERE states = '') > 100, count(*) FILTER (WHERE states = 'part') > 40 FROM sto_test.tally WHERE what IN ('dry run', 'largest');
-- what was posted was allowed, says the log
SELECT sto_test.check_invariants();
SELECT x.result, count(*) > 20 FROM (SELECT t.entry_id FROM sto.transfer AS t WHERE t.rule_set IS NOT NULL ORDER BY t.entry_id DESC LIMIT 40) AS t, sto.explain_entry(t.entry_id) AS x GROUP BY 1 ORDER BY 1;
SELECT sto_test.faults();
