-- Rules of a token that ask about the order and its parties: country, list, class, lock-up, window, granularity, venue,
-- opt-in, travel data; which set is in force.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_rules_order;
CREATE DATABASE sto_regress_rules_order TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_rules_order
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

-- A set is read as a whole, or refused with what is wrong
SELECT sto_test.try($$SELECT sto_test.rules('ACME', '[{"rule": "tea_break"}]')$$);
SELECT sto_test.try($$SELECT sto_test.rules('ACME', '[{"rule": "granularity", "units": 5}]')$$);
SELECT sto_test.try($$SELECT sto_test.event('rule_set', sto_test.id('ACME'), sto_test.id('acme'), '{"rules": {}}')$$);
SELECT sto_test.try($$SELECT sto_test.event('rule_set', sto_test.id('ACME'), sto_test.id('alice'), '{"rules": []}')$$);
SELECT sto_test.rules('ACME', '[]') IS NOT NULL;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1') IS NOT NULL;
SELECT e.rule_set = r.set_by, r.effective = v.recorded_at, r.record_refusals
  FROM sto.transfer e, sto.rule_set r JOIN sto.event v ON v.entry_id = r.set_by ORDER BY e.entry_id DESC LIMIT 1;

-- country: of residence of the receiver, unless said otherwise; who has none is nowhere
SELECT num_nonnulls(sto_test.party_facts('alice', '{"country": "KZ", "incorporation": "AE"}'), sto_test.party_facts('bob', '{"country": "US"}'));
SELECT sto_test.rules('ACME', '[{"rule": "country_deny", "countries": ["US"], "label": "OFAC"}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '1'), sto_test.say('transfer', 'bob/1', 'alice/1', '1'), sto_test.say('transfer', 'alice/1', 'carol/1', '1');
SELECT sto_test.say('issue', 'ACME', 'bob/1', '1'), sto_test.say('redeem', 'bob/1', 'ACME', '1');
SELECT sto_test.rules('ACME', '[{"rule": "country_allow", "countries": ["KZ"]}, {"rule": "country_deny", "countries": ["AE"], "by": "incorporation", "side": "sender"}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '1'), sto_test.say('transfer', 'alice/1', 'carol/1', '1'), sto_test.say('transfer', 'bob/1', 'alice/1', '1');
-- between wallets of one party nobody new owns anything
SELECT sto_test.say('transfer', 'alice/1', 'alice/2', '1');
-- whom a set names is in the register
SELECT sto_test.try(format($$SELECT sto_test.rules('ACME', %L)$$, r)) FROM (VALUES ('[{"rule": "country_deny", "countries": ["US"], "exempt": ["bob", "nobody"]}]'),
       ('[{"rule": "granularity", "units": "7"}, {"rule": "venue", "parties": ["nobody"]}]'), ('[{"rule": "approval", "by": "nobody"}]')) AS v (r);
-- exempt parties
SELECT sto_test.rules('ACME', '[{"rule": "country_deny", "countries": ["US"], "exempt": ["bob"]}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '1');

-- lists
SELECT sto_test.rules('ACME', '[{"rule": "party_list", "list": "blocked", "mode": "deny", "side": "either"}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '1'), sto_test.party_list('ACME', 'blocked', 'bob') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '1'), sto_test.say('transfer', 'bob/1', 'alice/1', '1'), sto_test.say('transfer', 'alice/1', 'carol/1', '1');
SELECT sto_test.party_list('ACME', 'blocked', 'bob', false) IS NOT NULL, sto_test.say('transfer', 'alice/1', 'bob/1', '1');
SELECT sto_test.try($$SELECT sto_test.party_list('ACME', 'Blocked', 'bob')$$), sto_test.try($$SELECT sto_test.party_list('ACME', 'x', 'nobody')$$);
SELECT list, listed, party_id = sto_test.id('bob') FROM sto.party_list;

-- classes, in force when posted, for the token if stated
SELECT sto_test.rules('ACME', '[{"rule": "investor_class", "classes": ["professional"]}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '1'), sto_test.classify('bob', 'professional') IS NOT NULL, sto_test.say('transfer', 'alice/1', 'bob/1', '1');
SELECT sto_test.classify('bob', 'retail', jsonb_build_object('token', sto_test.id('ACME'))) IS NOT NULL, sto_test.say('transfer', 'alice/1', 'bob/1', '1');
SELECT sto_test.classify('bob', 'professional', jsonb_build_object('token', sto_test.id('ACME'), 'to', 1000)) IS NOT NULL, sto_test.say('transfer', 'alice/1', 'bob/1', '1');

-- time, amount, venue
SELECT sto_test.rules('ACME', jsonb_build_array(jsonb_build_object('rule', 'lock_up', 'until', sto_test.micros_in(3600)))) IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '1') ~ '^ST229', sto_test.say('issue', 'ACME', 'bob/1', '1'), sto_test.say('redeem', 'alice/1', 'ACME', '1');
SELECT sto_test.rules('ACME', jsonb_build_array(jsonb_build_object('rule', 'lock_up', 'until', sto_test.micros_in(-1)))) IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '1');
SELECT sto_test.rules('ACME', jsonb_build_array(jsonb_build_object('rule', 'transfer_window', 'closed',
           jsonb_build_array(jsonb_build_object('from', sto_test.micros_in(-60), 'to', sto_test.micros_in(60))), 'list', 'insiders'))) IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '1'), sto_test.party_list('ACME', 'insiders', 'alice') IS NOT NULL,
       left(sto_test.say('transfer', 'alice/1', 'bob/1', '1'), 5);
SELECT sto_test.rules('ACME', '[{"rule": "granularity", "units": "10"}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '10'), sto_test.say('transfer', 'alice/1', 'bob/1', '11'), sto_test.say('transfer', 'alice/1', 'bob/1', '9');
SELECT sto_test.rules('ACME', '[{"rule": "venue", "parties": ["bob"]}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '1'), sto_test.say('transfer', 'bob/1', 'alice/1', '1');

-- opt-in
SELECT sto_test.rules('ACME', '[{"rule": "opt_in"}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '1'), sto_test.opt_in('bob', 'ACME', 'bob/1') IS NOT NULL, sto_test.say('transfer', 'alice/1', 'bob/1', '1');
SELECT sto_test.opt_in('bob', 'ACME', 'bob/1', false) IS NOT NULL, left(sto_test.say('transfer', 'alice/1', 'bob/1', '1'), 5);
SELECT sto_test.try($$SELECT sto_test.opt_in('bob', 'ACME', 'alice/1')$$), sto_test.try($$SELECT sto_test.opt_in('bob', 'bob', 'bob/1')$$);

-- travel data
SELECT sto_test.rules('ACME', '[{"rule": "travel_rule", "threshold": "10", "originator": ["name", "address"], "beneficiary": ["name"]}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '9'), sto_test.say('transfer', 'alice/1', 'bob/1', '10');
SELECT num_nonnulls(sto_test.travel_data('alice', '{name}'), sto_test.travel_data('bob', '{name,lei}'));
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '10'), sto_test.travel_data('alice', '{address}') IS NOT NULL, sto_test.say('transfer', 'alice/1', 'bob/1', '10');
SELECT sto_test.event('travel_data', sto_test.id('bob'), sto_test.id('registrar'), '{"granted": false}') IS NOT NULL, sto_test.say('transfer', 'alice/1', 'bob/1', '10');
SELECT sto_test.try($$SELECT sto_test.travel_data('bob', '{}')$$), sto_test.try($$SELECT sto_test.travel_data('bob', '{name,name}')$$),
       sto_test.try($$SELECT sto_test.travel_data('bob', '{name}', '{"granted": false}')$$),
       sto_test.try($$SELECT sto_test.event('travel_data', sto_test.id('bob'), sto_test.id('registrar'), '{}')$$);
SELECT sto_test.rules('ACME', '[{"rule": "travel_rule", "threshold": "10", "attachment": true}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '10'), sto_test.say('transfer', 'alice/1', 'bob/1', '10', jsonb_build_object('attachment_hash', sto_test.salt('a')));

-- every rule that fails is named, in the set's order; the first decides
SELECT sto_test.rules('ACME', '[{"rule": "granularity", "units": "7"}, {"rule": "opt_in", "label": "terms"}, {"rule": "venue", "parties": ["carol"]}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '10');
-- only entries of the kinds that a rule names
SELECT sto_test.rules('ACME', '[{"rule": "granularity", "units": "7", "kinds": ["redeem", "hold"]}]') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '10'), sto_test.say('redeem', 'alice/1', 'ACME', '10'), sto_test.say('redeem', 'alice/1', 'ACME', '7');
-- a hold, then its post; neither a release nor a lock-up is asked
SELECT left(sto_test.try($$SELECT sto_test.hold('ACME', 'alice/1', '10', 'pledge', jsonb_build_object('credit_wallet', 'bob/1'))$$), 5);
SELECT sto_test.hold('ACME', 'alice/1', '7', 'pledge', jsonb_build_object('credit_wallet', 'bob/1')) AS hold \gset
SELECT sto_test.rules('ACME', '[{"rule": "granularity", "units": "5", "kinds": ["post"]}]') IS NOT NULL;
SELECT left(sto_test.try(format($$SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', 'bob/1',
    'hold_id', %s, 'amount', '%s', 'ordering_party', sto_test.id('bob'), 'keep_rest', true), '{22}')$$, :hold, a)), 5) FROM unnest('{4,5}'::int[]) AS a;
SELECT sto_test.post(jsonb_build_object('kind', 'release', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'hold_id', :hold, 'amount', '2',
                                        'ordering_party', sto_test.id('bob')), '{22}') IS NOT NULL;
SELECT kind, rule_set IS NOT NULL FROM sto.transfer ORDER BY entry_id DESC LIMIT 3;

-- a set for later: until then the one before rules
SELECT sto_test.rules('ACME', '[{"rule": "granularity", "units": "3"}]', jsonb_build_object('from', sto_test.micros_in(3600))) IS NOT NULL, sto_test.say('transfer', 'alice/1', 'bob/1', '10');
SELECT sto_test.rules('ACME', '[{"rule": "granularity", "units": "3"}]', jsonb_build_object('from', sto_test.micros_in(-3600))) IS NOT NULL, left(sto_test.say('transfer', 'alice/1', 'bob/1', '10'), 5);
SELECT count(*), count(*) FILTER (WHERE r.effective > e.recorded_at) FROM sto.rule_set r JOIN sto.event e ON e.entry_id = r.set_by;
-- what is to come comes whatever was recorded since, unless that has the same time: then the later event rules
SELECT sto_test.token('LATER', 'acme') IS NOT NULL, sto_test.issue('LATER', 'alice/1', '100') IS NOT NULL;
SELECT sto_test.micros_in(3) AS until \gset later_
SELECT sto_test.rules('LATER', '[{"rule": "granularity", "units": "3"}]', jsonb_build_object('from', :later_until)) > 0, sto_test.rules('LATER', '[{"rule": "granularity", "units": "7"}]', jsonb_build_object('from', :later_until)) > 0,
       sto_test.rules('LATER', '[{"rule": "granularity", "units": "5"}]') > 0;
CREATE FUNCTION sto_test.later() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(n::text, ' ' ORDER BY n) FROM unnest('{3,5,7}'::int[]) AS n WHERE sto_test.would(format($q$SELECT sto_test.transfer('LATER', 'alice/1', 'bob/1', '%s')$q$, n)) = 'accepted' $$;
SELECT sto_test.later(), pg_sleep(greatest(0, (:later_until - sto_test.micros_in(0)) / 1000000.0 + 0.01)) IS NOT NULL;
SELECT sto_test.later(), sto_test.transfer('LATER', 'alice/1', 'bob/1', '14') IS NOT NULL;
SELECT sto_test.rules('LATER', '[]', jsonb_build_object('from', :later_until)) > 0, sto_test.later();
-- seen by a cached statement of the same session, and undone with its savepoint
BEGIN;
SAVEPOINT a;
SELECT sto_test.rules('ACME', '[]') IS NOT NULL, sto_test.say('transfer', 'alice/1', 'bob/1', '10');
ROLLBACK TO a;
SELECT left(sto_test.say('transfer', 'alice/1', 'bob/1', '10'), 5);
COMMIT;

SELECT sto_test.faults();
SELECT sto.rebuild() > 0;
SELECT sto_test.faults();
