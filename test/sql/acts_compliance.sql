-- Acts about rules and enforcement by their functions, as a client uses them: body, message, signature, call.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_acts_compliance;
CREATE DATABASE sto_regress_acts_compliance TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_acts_compliance
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all
\pset format unaligned
\pset tuples_only on
SELECT sto_test.begin_small();
SELECT sto_test.party('pool', '{25}'), sto_test.wallet('pool/1', 'pool', '{23}', 'omnibus'), sto_test.wallet('alice/2', 'alice', '{24}') \gset spare_
SELECT sto_test.officer('enforcer', 61, 'enforcer'), sto_test.officer('second', 62, 'enforcer'),
       sto_test.officer('agent', 63, 'recovery_agent'), sto_test.officer('second agent', 64, 'recovery_agent') \gset spare_
CREATE FUNCTION pg_temp.signed(kind text, subject text, actor text, body json) RETURNS bytea LANGUAGE sql AS $$
    SELECT sto_test.signatures(sto.act_message(kind, sto_test.id(subject), sto_test.id(actor), body), sto_test.seeds_of(actor)) $$;
-- the codes of the rules that stop ten units on their way to a wallet
CREATE FUNCTION pg_temp.stopped(credit text DEFAULT 'bob/1') RETURNS int[] LANGUAGE sql AS $$
    SELECT array_agg(code ORDER BY code) FROM sto.check_transfer(sto_test.id('ACME')::text, sto_test.address('alice/1'), sto_test.address(credit), '10') $$;
SELECT sto_test.id('ACME') AS token, sto_test.id('acme') AS acme, sto_test.id('alice') AS alice, sto_test.id('bob') AS bob,
       sto_test.id('registrar') AS registrar, sto_test.id('enforcer') AS enforcer, sto_test.id('second') AS second, sto_test.id('agent') AS agent,
       sto_test.address('alice/1') AS alice_1, sto_test.address('alice/2') AS alice_2, sto_test.address('bob/1') AS bob_1 \gset

-- what each rule asks for is there after its act, and gone after the one that takes it back
SELECT sto.rule_set_body('[{"rule": "party_list", "list": "friends", "mode": "allow", "side": "receiver"}, {"rule": "approval"}, {"rule": "opt_in"},
                           {"rule": "travel_rule", "threshold": "10", "beneficiary": ["name"]}]') AS body \gset
SELECT sto.set_rules(:'token', :'acme', :'body', pg_temp.signed('rule_set', 'ACME', 'acme', :'body')) > 0, pg_temp.stopped();
SELECT sto.party_list_body('friends', :'bob') AS body \gset
SELECT sto.set_party_list(:'token', :'acme', :'body', pg_temp.signed('party_list', 'ACME', 'acme', :'body')) > 0, pg_temp.stopped();
SELECT sto.opt_in_body(:'token') AS body \gset
SELECT sto.affirm_token(:'bob', sto_test.id('bob/1'), :'body', pg_temp.signed('opt_in', 'bob', 'bob/1', :'body')) > 0, pg_temp.stopped();
SELECT sto.travel_data_body('{name,account}', repeat('0c', 32)::sto.digest, valid_to => '2100-01-01 00:00:00Z') AS body \gset
SELECT sto.set_travel_data(:'bob', :'registrar', :'body', pg_temp.signed('travel_data', 'bob', 'registrar', :'body')) > 0, pg_temp.stopped();
SELECT sto.transfer_approval_body('10', exact => true, uses => 2, sender => :'alice', receiver => :'bob', valid_from => '2020-01-01 00:00:00Z') AS body \gset
SELECT sto.approve_transfer(:'token', :'acme', :'body', pg_temp.signed('transfer_approval', 'ACME', 'acme', :'body')) AS approval \gset
SELECT pg_temp.stopped(), amount, exact, uses_left, sender = :'alice', receiver = :'bob', valid_from = '2020-01-01 00:00:00Z' FROM sto.transfer_approval WHERE approval = :approval;
SELECT sto.approval_revoke_body(:approval) AS body \gset
SELECT sto.revoke_approval(:'token', :'acme', :'body', pg_temp.signed('approval_revoke', 'ACME', 'acme', :'body')) > 0, pg_temp.stopped();
SELECT sto.set_travel_data(:'bob', :'registrar', '{"granted":false}', pg_temp.signed('travel_data', 'bob', 'registrar', '{"granted":false}')) > 0, pg_temp.stopped();
SELECT sto.opt_in_body(:'token', false) AS body \gset
SELECT sto.affirm_token(:'bob', sto_test.id('bob/1'), :'body', pg_temp.signed('opt_in', 'bob', 'bob/1', :'body')) > 0, pg_temp.stopped();
SELECT sto.party_list_body('friends', :'bob', false) AS body \gset
SELECT sto.set_party_list(:'token', :'acme', :'body', pg_temp.signed('party_list', 'ACME', 'acme', :'body')) > 0, pg_temp.stopped();
SELECT sto.rule_set_body('[{"rule": "look_through", "seconds": 3600, "stale": "block"}]', record_refusals => true, valid_from => '2100-01-01 00:00:00Z');
SELECT sto.rule_set_body('[{"rule": "look_through", "seconds": 3600, "stale": "block"}]', record_refusals => true) AS body \gset
SELECT sto.set_rules(:'token', :'acme', :'body', pg_temp.signed('rule_set', 'ACME', 'acme', :'body')) > 0, pg_temp.stopped(), pg_temp.stopped('pool/1');
SELECT sto.look_through_body(:'token', 0, '{}', '{}') AS body \gset
SELECT sto.state_owners(sto_test.id('pool/1'), sto_test.id('pool'), :'body', pg_temp.signed('look_through', 'pool/1', 'pool', :'body')) > 0, pg_temp.stopped('pool/1');

-- cases: units seized for a beneficiary, frozen, and moved from a wallet whose keys are lost
CREATE FUNCTION pg_temp.carried_out(case_name text, first text, other text, body json, token uuid DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    opened bigint := sto.open_case(sto_test.id(case_name), sto_test.id(first), body, pg_temp.signed('case', case_name, first, body));
    id     uuid := gen_random_uuid();
BEGIN
    PERFORM sto.approve_case(sto_test.id(case_name), sto_test.id(other), sto.case_approval_body(),
                             pg_temp.signed('case_approve', case_name, other, sto.case_approval_body()));
    PERFORM pg_sleep(greatest(0, extract(epoch FROM c.not_before - clock_timestamp()))) FROM sto.case c WHERE c.case_event = opened;
    RETURN (SELECT e.entry_id FROM sto.enforce(opened, sto_test.id(first), id,
                sto_test.signatures(sto.order_message(sto.case_order(opened, sto_test.id(first), id, token => token)), sto_test.seeds_of(first)), token => token) e);
END $$;
SELECT pg_temp.carried_out('seize', 'enforcer', 'second', sto.seizure_body(:'token', :'alice_1', '100', 'court', repeat('0d', 32)::sto.digest, :'bob_1', '2100-01-01 00:00:00Z')) AS seized,
       pg_temp.carried_out('freeze', 'second', 'enforcer', sto.freeze_units_body(:'token', :'alice_1', '30', 'administrative', repeat('0e', 32)::sto.digest)) AS frozen \gset
SELECT purpose, amount, wallet = :'alice_1', beneficiary = :'bob_1' FROM sto.hold WHERE hold_id IN (:seized, :frozen) ORDER BY hold_id;
SELECT pg_temp.carried_out('lost', 'agent', 'second agent', sto.recover_body(:'alice_1', :'alice_2', repeat('0f', 32)::sto.digest, clock_timestamp() + interval '1.05 s'), :'token') AS recovered \gset
SELECT kind, amount, debit_wallet = :'alice_1', credit_wallet = :'alice_2' FROM sto.transfer WHERE entry_id = :recovered;
SELECT balance, held FROM sto.position WHERE wallet = :'alice_2';
SELECT basis, act FROM sto.case ORDER BY case_event;
SELECT check_name, scope, detail FROM sto.verify() WHERE NOT ok;

\c template1
SET client_min_messages = warning;
DROP DATABASE sto_regress_acts_compliance;
