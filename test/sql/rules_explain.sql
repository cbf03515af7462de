-- Why entries passed, and what other rules would have refused.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_rules_explain;
CREATE DATABASE sto_regress_rules_explain TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_rules_explain
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
-- an id as what it is: the number of that kind of event so far; a party by its name
CREATE FUNCTION sto_test.plain(said text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY '{ACME,BETA,acme,alice,bob,carol,dave}'::text[] LOOP
        said := replace(said, sto_test.id(name)::text, name);
    END LOOP;
    RETURN regexp_replace(regexp_replace(said, '"after":\d+', '"after":T'), '"until":\d+', '"until":T');
END $$;
CREATE FUNCTION sto_test.explained(id bigint) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' | ', x.number, x.rule, x.label, x.result, sto_test.plain(f.facts), sto_test.plain(x.subject::text), x."limit", x.value, x.detail)
      FROM sto.explain_entry(id) AS x
     CROSS JOIN LATERAL (SELECT string_agg(regexp_replace(i.item::text, '"event":\d+', '"event":' || coalesce(
                                    (SELECT to_json(e.kind)::text FROM sto.event AS e WHERE e.entry_id = (i.item ->> 'event')::bigint), '')), ' ') AS facts
                           FROM json_array_elements(x.facts) AS i (item)) AS f
$$;

SELECT sto_test.transfer('ACME', 'alice/1', 'carol/1', '5') AS before \gset
SELECT num_nonnulls(sto_test.party_facts('alice', '{"country": "KZ"}'), sto_test.party_facts('bob', '{"country": "DE"}'), sto_test.classify('bob', 'professional'),
                    sto_test.officer('kyc', 32, 'claim_issuer'), sto_test.party_list('ACME', 'blocked', 'carol'), sto_test.opt_in('bob', 'ACME', 'bob/1'),
                    sto_test.travel_data('bob', '{name}'));
SELECT sto_test.claim('bob', 'local', 'kyc') IS NOT NULL;
SELECT sto_test.rules('ACME', '[{"rule": "country_deny", "countries": ["US"], "label": "OFAC"}, {"rule": "investor_class", "classes": ["professional"]},
    {"rule": "max_balance", "amount": "500"}, {"rule": "max_holders", "count": 3, "by": "country"}, {"rule": "ownership_by_claim", "by": "topic", "value": "local", "max": 9000},
    {"rule": "volume_limit", "seconds": 86400, "amount": "50"}, {"rule": "party_list", "list": "blocked", "mode": "deny"}, {"rule": "opt_in"},
    {"rule": "travel_rule", "threshold": "10", "beneficiary": ["name"]}, {"rule": "approval"}, {"rule": "offer_limits", "seconds": 60, "max_persons": 50}]') AS set \gset
SELECT sto_test.approval('ACME', 'acme', '100', '{"uses": 2}') IS NOT NULL;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '12') AS entry \gset
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '3') AS next \gset
-- facts as they stood then, not now
SELECT num_nonnulls(sto_test.party_facts('bob', '{"country": "US"}'), sto_test.classify('bob', 'retail'), sto_test.opt_in('bob', 'ACME', 'bob/1', false));
SELECT sto_test.explained(:entry);
SELECT bool_and(x.rule_set = :set), json_agg(x.parameters)::text = (SELECT body -> 'rules' FROM sto.event WHERE entry_id = :set)::text, count(*) FROM sto.explain_entry(:entry) AS x;
-- what was used up between
SELECT rule, result, facts -> 0 ->> 'fact' FROM sto.explain_entry(:next) WHERE rule = 'approval';
SELECT facts -> 0 ->> 'value' FROM sto.explain_entry(:next) WHERE rule = 'volume_limit';
-- none were in force; there is no such entry
SELECT count(*) FROM sto.explain_entry(:before);
SELECT count(*) FROM sto.explain_entry(0);

-- other rules over the same history
SELECT s.entry_id = :entry, s.kind, s.amount, s.number, s.rule, s.label, sto_test.plain(s.subject::text), s."limit", s.value, s.detail
  FROM sto.simulate_rules(sto_test.id('ACME'), '{"rules": [{"rule": "opt_in", "kinds": ["redeem"]}, {"rule": "granularity", "units": "3", "label": "lots"}, {"rule": "volume_limit", "seconds": 86400, "amount": "17"}]}') AS s
 WHERE s.entry_id >= :before;
SELECT count(*) FROM sto.simulate_rules(sto_test.id('ACME'), '{"rules": []}');
SELECT count(*) FROM sto.simulate_rules(sto_test.id('ACME'), '{"rules": [{"rule": "granularity", "units": "1000000"}]}') AS s;
SELECT count(*) FROM sto.simulate_rules(sto_test.id('ACME'), '{"rules": [{"rule": "granularity", "units": "1000000"}]}',
                                        (SELECT posted_at FROM sto.transfer WHERE entry_id = :entry), (SELECT posted_at FROM sto.transfer WHERE entry_id = :next)) AS s;
SELECT sto_test.try($$SELECT * FROM sto.simulate_rules(sto_test.id('ACME'), '{"rules": [{"rule": "tea_break"}]}')$$);
-- approvals: what entries before the time asked about had used is used, one use each, whatever else their rules asked; from then on the proposed rules use them
SELECT sto_test.token('GAMMA', 'acme') IS NOT NULL, sto_test.issue('GAMMA', 'alice/1', '100') IS NOT NULL;
SELECT sto_test.rules('GAMMA', '[{"rule": "investor_class", "classes": ["retail"]}, {"rule": "approval"}, {"rule": "approval", "label": "again"}]') IS NOT NULL, sto_test.approval('GAMMA', 'acme', '10', '{"uses": 2}') IS NOT NULL;
SELECT sto_test.transfer('GAMMA', 'alice/1', 'bob/1', '1') AS first, sto_test.transfer('GAMMA', 'alice/1', 'bob/1', '2') AS second \gset
SELECT uses_left FROM sto.transfer_approval WHERE token_id = sto_test.id('GAMMA');
SELECT sto_test.rules('GAMMA', '[]') IS NOT NULL, sto_test.transfer('GAMMA', 'alice/1', 'bob/1', '3') IS NOT NULL;
SELECT t.amount AS since, (SELECT string_agg(s.amount::text, ' ' ORDER BY s.entry_id) FROM sto.simulate_rules(sto_test.id('GAMMA'), '{"rules": [{"rule": "approval", "kinds": ["transfer"]}]}', t.posted_at) AS s) AS refused
  FROM sto.transfer AS t WHERE t.token_id = sto_test.id('GAMMA') AND t.entry_id >= :first ORDER BY t.entry_id;
SELECT rule, result, facts -> 0 ->> 'fact' FROM sto.explain_entry(:second) WHERE rule = 'approval';
-- facts about who never had a position: a hold's beneficiary
SELECT sto_test.party('dave', NULL, 'natural', '{"country": "US"}') IS NOT NULL, sto_test.wallet('dave/1', 'dave', '{33}') IS NOT NULL;
SELECT sto_test.token('BETA', 'acme') IS NOT NULL, sto_test.issue('BETA', 'alice/1', '100') IS NOT NULL, sto_test.issue('BETA', 'bob/1', '100') IS NOT NULL;
SELECT sto_test.hold('BETA', 'alice/1', '5', 'pledge', '{"credit_wallet": "dave/1"}') AS pledge \gset
SELECT s.entry_id = :pledge, s.rule, s.value FROM sto.simulate_rules(sto_test.id('BETA'), '{"rules": [{"rule": "country_deny", "countries": ["US"], "kinds": ["hold"]}]}') AS s;
-- rules that read only what the two parties have and what is outstanding: the rest of the token is left aside, its sums are not
SELECT sto_test.rules('BETA', '[{"rule": "max_balance", "share": 9000}, {"rule": "volume_limit", "seconds": 86400, "share": 5000}, {"rule": "country_deny", "countries": ["US"]}]') IS NOT NULL;
SELECT sto_test.transfer('BETA', 'bob/1', 'alice/2', '20') IS NOT NULL, sto_test.issue('BETA', 'carol/1', '40') IS NOT NULL, sto_test.redeem('BETA', 'carol/1', '15') IS NOT NULL;
SELECT sto_test.transfer('BETA', 'bob/1', 'alice/1', '10') AS beta \gset
SELECT sto_test.explained(:beta);
-- neither writes
BEGIN READ ONLY;
SELECT count(*) > 0 FROM sto.explain_entry(:entry);
SELECT count(*) > 0 FROM sto.simulate_rules(sto_test.id('ACME'), '{"rules": [{"rule": "granularity", "units": "1000000"}]}');
COMMIT;
-- who asks: the token's issuer, and readers of the register, whatever they may read of the log's tables
CREATE ROLE sto_regress_curious;
SELECT num_nonnulls(sto_test.party('audit', '{39}'), sto_test.grant_capability('audit', 'auditor'));
CREATE FUNCTION sto_test.asks(party text, entry bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text;
BEGIN
    PERFORM sto.unmap_role('sto_regress_curious') FROM sto.member m WHERE m.role = 'sto_regress_curious'::regrole;
    PERFORM sto.map_role('sto_regress_curious', sto_test.id(asks.party)) WHERE asks.party IS NOT NULL;
    SET LOCAL ROLE sto_regress_curious;
    said := (SELECT count(*) FROM sto.explain_entry(entry)) || ' '
         || (SELECT count(*) FROM sto.simulate_rules(md5('sto_test ACME')::uuid, '{"rules": [{"rule": "granularity", "units": "1000000"}]}'));
    RESET ROLE;
    RETURN said;
EXCEPTION WHEN insufficient_privilege THEN
    RETURN SQLERRM;
END $$;
SELECT p, sto_test.asks(p, :entry), current_user = session_user FROM unnest('{NULL,audit,acme,registrar,alice,bob}'::text[]) AS p;
SET ROLE sto_regress_curious;
SELECT count(*) FROM sto.explain_entry(0);
SELECT token_id FROM sto.transfer;
RESET ROLE;
DROP ROLE sto_regress_curious;
SELECT sto_test.faults();
