-- What people do wrong most, and what they are told: state, fact, values, and the way out.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_mistakes;
CREATE DATABASE sto_regress_mistakes TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_mistakes
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\set ECHO none
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
\i :srcdir/signer/said.sql
\i :srcdir/signer/rules.sql
\set ECHO all
\pset format unaligned
\pset tuples_only on
SELECT sto_test.begin_rules();
SELECT sto_test.officer('kyc', 31, 'claim_issuer') IS NOT NULL, sto_test.officer('hand', 32, 'enforcer') IS NOT NULL;
-- state, message, detail and hint, a line each; what is random in them is named
CREATE FUNCTION sto_test.told(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; detail text; hint text;
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN sto_test.plain(concat_ws(E'\n', state || ' ' || message, nullif(detail, ''), '-> ' || nullif(hint, '')));
END $$;
CREATE FUNCTION sto_test.plain(said text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY '{ACME,acme,alice,bob,carol,registrar,kyc,hand}'::text[] LOOP
        said := replace(said, sto_test.id(name)::text, name);
    END LOOP;
    FOREACH name IN ARRAY '{alice/1,alice/2,bob/1,carol/1}'::text[] LOOP
        said := replace(said, sto_test.address(name)::text, name);
    END LOOP;
    RETURN said;
END $$;
CREATE FUNCTION sto_test.move(debit text, credit text, amount text, extra text DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT sto_test.told(format('SELECT sto_test.transfer(''ACME'', %L, %L, %L, %L)', debit, credit, amount, extra))
$$;

-- the wrong key; somebody else's wallet; more than there is; an issue by who is no issuer
SELECT sto_test.told($$SELECT sto_test.post('{"kind": "transfer", "token_id": "ACME", "debit_wallet": "alice/1", "credit_wallet": "bob/1", "amount": "1", "ordering_party": "alice"}'::jsonb, '{22}')$$);
SELECT sto_test.told($$SELECT sto_test.post('{"kind": "transfer", "token_id": "ACME", "debit_wallet": "alice/1", "credit_wallet": "bob/1", "amount": "1", "ordering_party": "bob"}'::jsonb, '{22}')$$);
SELECT sto_test.move('alice/1', 'bob/1', '5000');
SELECT sto_test.told($$SELECT sto_test.post('{"kind": "issue", "token_id": "ACME", "debit_wallet": "ACME", "credit_wallet": "alice/1", "amount": "1", "ordering_party": "alice"}'::jsonb, '{21}')$$);
-- who pledged neither takes back nor delivers
SELECT sto_test.hold('ACME', 'alice/1', '5', 'pledge', '{"credit_wallet": "bob/1"}') AS pledge \gset
SELECT replace(sto_test.told(format($$SELECT sto_test.post('{"kind": "release", "token_id": "ACME", "debit_wallet": "alice/1", "hold_id": %s, "amount": "5", "ordering_party": "alice"}'::jsonb, '{21}')$$, :pledge)), :'pledge', 'N');

-- a topic without an issuer, then without a claim
SELECT sto_test.topics('ACME', '{kyc}') IS NOT NULL, sto_test.move('alice/1', 'bob/1', '1');
SELECT sto_test.trust('ACME', 'kyc', '{kyc}') IS NOT NULL, sto_test.move('alice/1', 'bob/1', '1');
SELECT sto_test.topics('ACME', '{}') IS NOT NULL;

-- a rule: how much would pass it, and who can help
SELECT sto_test.rules('ACME', '[{"rule": "max_balance", "amount": "10"}]') IS NOT NULL, sto_test.move('alice/1', 'bob/1', '11');
SELECT sto_test.rules('ACME', '[{"rule": "max_balance", "amount": "10"}]') IS NOT NULL, sto_test.move('bob/1', 'alice/1', '1');
SELECT sto_test.rules('ACME', jsonb_build_array(r)) IS NOT NULL, sto_test.move('alice/1', 'carol/1', '15')
  FROM unnest(ARRAY['{"rule": "country_allow", "countries": ["KZ"]}', '{"rule": "party_list", "list": "friends", "mode": "allow"}', '{"rule": "investor_class", "classes": ["professional"]}',
                    '{"rule": "min_balance", "amount": "20"}', '{"rule": "max_holders", "count": 1}', '{"rule": "lock_up", "until": 4102444800000000}', '{"rule": "volume_limit", "seconds": 60, "amount": "12"}',
                    '{"rule": "transfer_window", "closed": [{"from": 0, "to": 4102444800000000}]}', '{"rule": "granularity", "units": "10"}', '{"rule": "approval"}',
                    '{"rule": "opt_in"}', '{"rule": "travel_rule", "threshold": "10", "beneficiary": ["name"]}']::jsonb[]) AS r;
-- an omnibus wallet whose owners were never stated, maybe after a recovery
SELECT sto_test.wallet('pool', 'alice', '{25}', 'omnibus') IS NOT NULL;
SELECT sto_test.rules('ACME', '[{"rule": "look_through", "seconds": 60, "stale": "block"}]') IS NOT NULL, replace(sto_test.move('alice/1', 'pool', '1'), sto_test.address('pool')::text, 'pool');
SELECT sto_test.rules('ACME', '[]') IS NOT NULL;

-- a rule whose function is not there would refuse everything
SELECT sto_test.told(format('SELECT sto_test.rules(''ACME'', %L)', jsonb_build_array(jsonb_build_object('rule', 'custom', 'function', 'acme.missing', 'definition', repeat('ab', 32)))));
-- sets of rules that can't be read; words that are not of the list
SELECT sto_test.told(format('SELECT sto_test.rules(''ACME'', %L)', r))
  FROM unnest('{"[{\"rule\": \"max_balances\"}]","[{\"rule\": \"max_balance\", \"amount\": 5}]","[{\"rule\": \"country_deny\", \"countries\": [\"USA\"]}]"}'::text[]) AS r;
SELECT sto_test.told(format('SELECT sto_test.event(%L, sto_test.id(%L), sto_test.id(%L), %L)', kind, subject, actor, body))
  FROM (VALUES ('party_freeze', 'alice', 'hand', '{"frozen": true, "basis": "because", "document_hash": "' || repeat('ab', 32) || '"}'),
               ('wallet_freeze', 'alice/1', 'hand', '{"frozen": true, "basis": "court", "document_hash": "' || repeat('ab', 32) || '"}'),
               ('wallet_freeze', 'alice/1', 'registrar', '{"frozen": true, "basis": "court", "document_hash": "' || repeat('ab', 32) || '"}'),
               ('classification', 'bob', 'registrar', '{"class": "pro", "basis": "assessed"}'),
               ('party', 'dora', 'registrar', '{"kind": "person", "country": "KZ"}')) AS v (kind, subject, actor, body);
SELECT sto_test.faults();
