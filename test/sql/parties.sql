-- Joint holders, estates and representatives; classes as of a time, and why a party may not hold a token.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_parties;
CREATE DATABASE sto_regress_parties TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_parties
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
\set ECHO all
SET client_min_messages = warning;
DROP ROLE IF EXISTS sto_regress_alice, sto_regress_acme, sto_regress_dan, sto_regress_agent;
CREATE ROLE sto_regress_alice;
CREATE ROLE sto_regress_acme;
CREATE ROLE sto_regress_dan;
CREATE ROLE sto_regress_agent;
GRANT USAGE ON SCHEMA sto_test TO PUBLIC;
SELECT sto_test.begin_small();
SELECT sto_test.party('agent', '{70}') IS NOT NULL AS agent, sto_test.party('kyc', '{71}') IS NOT NULL AS kyc, sto_test.party('dan', '{72}', 'natural') IS NOT NULL AS dan,
       sto_test.party('eve', NULL, 'natural') IS NOT NULL AS eve, sto_test.grant_capability('kyc', 'claim_issuer') IS NOT NULL AS granted,
       sto_test.wallet('dan/1', 'dan', '{73}') IS NOT NULL AS wallet, sto_test.token('OTHER', 'acme') IS NOT NULL AS token;
CREATE FUNCTION sto_test.why(statement text) RETURNS text LANGUAGE sql AS $$
    SELECT regexp_replace(sto_test.refusal(statement), '[0-9a-f]{8}-[0-9a-f-]{27}', '...', 'g') $$;

-- Joint holders: named in their order, and one of them votes
SELECT sto_test.party('couple', NULL, 'joint') IS NOT NULL AS couple, sto_test.party('trio', NULL, 'joint') IS NOT NULL AS trio;
SELECT sto_test.why(format('SELECT sto_test.members(%L, %L, %L)', p, m, n))
  FROM (VALUES ('alice', '{bob,dan}', 'bob'), ('couple', '{alice}', 'alice'), ('couple', '{}', 'alice'), ('couple', '{alice,alice}', 'alice'), ('couple', '{alice,bob}', 'dan'),
               ('couple', '{alice,trio}', 'alice'), ('couple', '{alice,nobody}', 'alice'), ('nobody', '{alice,bob}', 'bob')) AS v (p, m, n);
SELECT sto_test.why(format('SELECT sto_test.event(%L, sto_test.id(%L), sto_test.id(%L), %L)', 'party_members', 'couple', 'agent',
    jsonb_build_object('members', ARRAY[sto_test.id('alice'), sto_test.id('bob')], 'nominee', sto_test.id('bob')))) AS by_another;
SELECT sto_test.why($$SELECT sto_test.event('party_members', sto_test.id('couple'), sto_test.id('registrar'), '{"members": "alice", "nominee": "bob"}')$$) AS no_list;
SELECT sto_test.members('couple', '{bob,alice}', 'alice') IS NOT NULL AS couple, sto_test.members('trio', '{alice,bob,dan}', 'alice') IS NOT NULL AS trio;
SELECT place, member = sto_test.id('alice') AS alice, votes, token FROM sto.joint_holder WHERE party_id = sto_test.id('couple') ORDER BY place;
-- they hold through wallets of their own, which ask for each one's key
SELECT sto_test.wallet('couple/1', 'couple', '{81,82}') IS NOT NULL AS wallet, sto_test.wallet('couple/2', 'couple', '{83}') IS NOT NULL AS wallet;
SELECT sto_test.transfer('ACME', 'alice/1', 'couple/1', '70') IS NOT NULL AS posted, sto_test.transfer('ACME', 'alice/1', 'couple/2', '30') IS NOT NULL AS posted,
       sto_test.issue('OTHER', 'couple/1', '5') IS NOT NULL AS posted;
SELECT token, place, member = sto_test.id('alice') AS alice, votes, balance FROM sto.joint_holder WHERE party_id = sto_test.id('couple') ORDER BY token, place;
-- the newest list rules
SELECT sto.party_members_body(ARRAY[sto_test.id('alice'), sto_test.id('dan'), sto_test.id('bob')], sto_test.id('dan')) AS body \gset
SELECT sto.set_party_members(sto_test.id('couple'), sto_test.id('registrar'), :'body', sto_test.signatures(sto.act_message('party_members', sto_test.id('couple'), sto_test.id('registrar'), :'body'), '{3}')) IS NOT NULL AS stated;
SELECT members = ARRAY[sto_test.id('alice'), sto_test.id('dan'), sto_test.id('bob')] AS members, nominee = sto_test.id('dan') AS dan FROM sto.party_members WHERE party_id = sto_test.id('couple');
-- who sees them
SELECT sto.map_role('sto_regress_' || r, sto_test.id(p)) FROM (VALUES ('alice', 'alice'), ('acme', 'acme'), ('dan', 'dan'), ('agent', 'agent')) AS v (r, p);
SET ROLE sto_regress_dan;
SELECT count(DISTINCT party_id) AS parties, count(*) AS lines, (SELECT count(*) FROM sto.party_members) AS lists FROM sto.joint_holder;
SET ROLE sto_regress_agent;
SELECT count(*) AS lines, (SELECT count(*) FROM sto.party_members) AS lists FROM sto.joint_holder;
SET ROLE sto_regress_acme;
SELECT count(*) AS lines, (SELECT count(*) FROM sto.party_members) AS lists FROM sto.joint_holder;
RESET ROLE;

-- A representative acknowledges for its principal, while its mandate is in force
SELECT sto_test.document('ACME', 'Terms', '1') AS terms \gset
SELECT sto_test.why(format('SELECT sto_test.acknowledge(%L, %s, %L)', 'eve', :terms, 'agent')) AS without;
SELECT sto_test.mandate('eve', 'agent', '{"scope": "votes"}') IS NOT NULL AS votes;
SELECT sto_test.why(format('SELECT sto_test.acknowledge(%L, %s, %L)', 'eve', :terms, 'agent')) AS votes_alone;
SELECT sto_test.mandate('eve', 'agent', '{"to": 1}') IS NOT NULL AS ended;
SELECT sto_test.why(format('SELECT sto_test.acknowledge(%L, %s, %L)', 'eve', :terms, 'agent')) AS ended;
SELECT sto_test.mandate('eve', 'agent', '{"basis": "minor"}') IS NOT NULL AS of_a_minor;
SELECT sto_test.why(format('SELECT sto_test.acknowledge(%L, %s, %L)', 'dan', :terms, 'agent')) AS not_for_others;
SELECT sto_test.acknowledge('eve', :terms, 'agent') AS acknowledged \gset
SELECT actor = sto_test.id('agent') AS by_the_agent FROM sto.acknowledgement WHERE party_id = sto_test.id('eve');
SELECT sto_test.mandate('eve', 'agent', '{"granted": false}') IS NOT NULL AS withdrawn;
SELECT sto_test.why(format('SELECT sto_test.acknowledge(%L, %s, %L)', 'eve', sto_test.document('ACME', 'Leaflet', '1', false), 'agent')) AS withdrawn;
-- and affirms a token for it
SELECT sto_test.why($$SELECT sto_test.opt_in('eve', 'ACME', 'agent')$$) AS opt_in;
SELECT sto_test.mandate('eve', 'agent', '{"scope": "all"}') IS NOT NULL AS all_scopes, sto_test.opt_in('eve', 'ACME', 'agent') IS NOT NULL AS opt_in;

-- A holder dies: the registrar enters the estate and its executor, who orders for both
SELECT sto_test.party('estate', NULL, 'estate') IS NOT NULL AS estate, sto_test.wallet('estate/1', 'estate', '{91}') IS NOT NULL AS wallet;
SELECT sto_test.mandate(p, 'agent', '{"scope": "all", "basis": "executor"}') IS NOT NULL AS executor FROM unnest('{alice,estate}'::text[]) AS p;
SELECT sto_test.acknowledge('estate', :terms, 'agent') IS NOT NULL AS acknowledged;
SELECT sto_test.post(sto_test.transfer_order('ACME', 'alice/1', 'estate/1', '900') || '{"ordering_party": "agent"}', '{70}') IS NOT NULL AS to_the_estate;
SELECT sto_test.event('party_status', sto_test.id('alice'), sto_test.id('registrar'), '{"status": "closed"}') IS NOT NULL AS closed;
SELECT sto_test.acknowledge('bob', :terms, 'bob/1') IS NOT NULL AS acknowledged,
       sto_test.post(sto_test.transfer_order('ACME', 'estate/1', 'bob/1', '400') || '{"ordering_party": "agent"}', '{70}') IS NOT NULL AS to_an_heir;
SELECT sto_test.why($$SELECT sto_test.post(sto_test.transfer_order('ACME', 'estate/1', 'bob/1', '1') || '{"ordering_party": "dan"}', '{72}')$$) AS by_another;
-- Or the units pass to the estate by succession: a case of two officers, since nobody has the keys
SELECT sto_test.officer('enforcer', 60, 'enforcer') IS NOT NULL AS enforcer, sto_test.officer('second', 61, 'enforcer') IS NOT NULL AS second,
       sto_test.wallet('eve/1', 'eve', '{95}') IS NOT NULL AS wallet, sto_test.issue('ACME', 'eve/1', '50') IS NOT NULL AS issued;
SELECT sto_test.event('party_status', sto_test.id('eve'), sto_test.id('registrar'), '{"status": "closed"}') IS NOT NULL AS died;
SELECT sto_test.open_case('probate', 'force', '{"token": "ACME", "debit": "eve/1", "credit": "estate/1", "amount": "50"}', 'enforcer', 'succession') IS NOT NULL AS opened,
       sto_test.decide_case('probate') IS NOT NULL AS approved, sto_test.enforce_case('probate') IS NOT NULL AS passed;
SELECT w.kind, p.balance FROM sto.position p JOIN sto.wallet w ON w.address = p.wallet WHERE p.wallet IN (sto_test.address('eve/1'), sto_test.address('estate/1')) ORDER BY p.balance;
SELECT sto_test.post(sto_test.transfer_order('ACME', 'estate/1', 'bob/1', '50') || '{"ordering_party": "agent"}', '{70}') IS NOT NULL AS to_an_heir;
SELECT sto_test.mandate('estate', 'agent', '{"scope": "all", "basis": "executor", "granted": false}') IS NOT NULL AS discharged;
SELECT sto_test.why($$SELECT sto_test.post(sto_test.transfer_order('ACME', 'estate/1', 'bob/1', '1') || '{"ordering_party": "agent"}', '{70}')$$) AS discharged;

-- A party's class as of a time: for the token if one was stated, else in general
SELECT sto_test.micros(clock_timestamp()) AS before \gset
SELECT sto.class_of(sto_test.id('bob')) AS none;
SELECT sto_test.classify('bob', 'retail') IS NOT NULL AS stated;
SELECT sto_test.micros(clock_timestamp()) AS between \gset
SELECT sto_test.classify('bob', 'professional', jsonb_build_object('token', sto_test.id('ACME'), 'to', sto_test.micros(clock_timestamp() + interval '1 hour'))) IS NOT NULL AS stated;
SELECT sto.class_of(sto_test.id('bob')) AS in_general, sto.class_of(sto_test.id('bob'), sto_test.id('ACME')) AS acme, sto.class_of(sto_test.id('bob'), sto_test.id('OTHER')) AS other,
       sto.class_of(sto_test.id('bob'), sto_test.id('ACME'), sto.from_micros(:before)) AS before, sto.class_of(sto_test.id('bob'), sto_test.id('ACME'), sto.from_micros(:between)) AS between,
       sto.class_of(sto_test.id('bob'), sto_test.id('ACME'), clock_timestamp() + interval '2 hours') AS ended;

-- May a party hold a token?  What it lacks
SELECT sto.is_eligible(sto_test.id('ACME'), sto_test.id('bob')) AS nothing_asked, sto.is_eligible(sto_test.id('ACME'), sto_test.id('alice')) AS closed;
SELECT sto_test.trust('ACME', 'kyc', '{kyc}') IS NOT NULL AS trusted, sto_test.topics('ACME', '{kyc,residence}') IS NOT NULL AS topics, sto_test.claim('bob', 'kyc', 'kyc') AS claim \gset
SELECT code, state, rule, subject = sto_test.id('bob')::text AS bob, replace(replace(detail, sto_test.id('bob')::text, 'bob'), sto_test.id('ACME')::text, 'ACME') AS detail FROM sto.why_not_eligible(sto_test.id('ACME'), sto_test.id('bob'));
SELECT code, state, rule FROM sto.why_not_eligible(sto_test.id('ACME'), sto_test.id('alice'));
SELECT sto_test.topics('ACME', '{kyc}') IS NOT NULL AS topics, sto.is_eligible(sto_test.id('ACME'), sto_test.id('bob')) AS bob;
SELECT sto_test.claim_revoke('bob', :claim, 'kyc') IS NOT NULL AS revoked, sto.is_eligible(sto_test.id('ACME'), sto_test.id('bob')) AS bob;
SELECT sto_test.why(format('SELECT sto.is_eligible(%L, %L)', t, p)) FROM (VALUES (sto_test.id('nothing'), sto_test.id('bob')), (sto_test.id('ACME'), sto_test.id('nobody'))) AS v (t, p);
-- who may ask: the issuer, the party, who orders for it; nobody else
SELECT sto_test.mandate('bob', 'agent') IS NOT NULL AS mandate;
SET ROLE sto_regress_acme;
SELECT sto.is_eligible(sto_test.id('ACME'), sto_test.id('bob'));
SET ROLE sto_regress_agent;
SELECT sto.is_eligible(sto_test.id('ACME'), sto_test.id('bob'));
SELECT sto_test.why(format('SELECT sto.is_eligible(%L, %L)', sto_test.id('ACME'), sto_test.id('dan')));
SELECT sto_test.why(format('SELECT sto.is_eligible(%L, %L)', sto_test.id('ACME'), sto_test.id('nobody')));
SET ROLE sto_regress_dan;
SELECT sto.is_eligible(sto_test.id('ACME'), sto_test.id('dan')), sto.class_of(sto_test.id('bob')) AS not_his_to_see;
RESET ROLE;

-- Folded anew it is the same, and verifies; what was altered is found
CREATE TABLE sto_test.before AS TABLE sto.party_members;
SELECT check_name, scope, ok, detail FROM sto.verify() WHERE scope = 'sto.party_members' OR NOT ok;
SELECT sto.rebuild() > 0 AS folded;
SELECT count(*) FROM ((TABLE sto.party_members EXCEPT TABLE sto_test.before) UNION ALL (TABLE sto_test.before EXCEPT TABLE sto.party_members)) x;
SELECT sto_test.check_invariants();
BEGIN;
UPDATE sto.party_members SET nominee = sto_test.id('alice') WHERE party_id = sto_test.id('couple');
SELECT scope, detail FROM sto.verify(checks => '{register}') WHERE NOT ok;
ROLLBACK;
BEGIN;
SELECT sto.begin_maintenance('a test') IS NOT NULL AS begun;
-- an acknowledgement by who had no mandate
UPDATE sto.event SET actor = sto_test.id('dan') WHERE entry_id = :acknowledged;
SELECT first_bad = :acknowledged AS the_event, detail FROM sto.verify(false, '{event_signatures}') WHERE NOT ok;
ROLLBACK;

\c template1
SET client_min_messages = warning;
DROP DATABASE sto_regress_parties;
DROP ROLE sto_regress_alice, sto_regress_acme, sto_regress_dan, sto_regress_agent;
