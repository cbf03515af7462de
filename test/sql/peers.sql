-- Behaviours that test suites of other security tokens check, where no other file here shows them: docs/compliance-map.md.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_peers;
CREATE DATABASE sto_regress_peers TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_peers
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
SELECT num_nonnulls(sto_test.officer('enforcer', 31, 'enforcer'), sto_test.officer('second', 32, 'enforcer'), sto_test.officer('attester', 33, 'claim_issuer'), sto_test.token('NEW', 'acme'));
CREATE FUNCTION sto_test.holders(token text) RETURNS text LANGUAGE sql AS $$
    SELECT format('%s of %s', COALESCE(string_agg(format('%s %s', w.name, h.balance), ', ' ORDER BY w.name), 'nobody'), COALESCE(sum(h.balance), '0'))
      FROM sto.holder AS h JOIN unnest('{alice/1,alice/2,bob/1,carol/1,NEW,ACME}'::text[]) AS w (name) ON h.wallet = sto_test.address(w.name)
     WHERE h.token_id = sto_test.id($1) $$;
CREATE FUNCTION sto_test.outstanding(token text) RETURNS sto.token_amount LANGUAGE sql
    AS $$ SELECT s.outstanding FROM sto.supply AS s WHERE s.token_id = sto_test.id($1) $$;

-- The list of holders: nobody before the first issue, whoever has units, nobody who has none; never the issuance wallet
SELECT sto_test.holders('NEW'), sto_test.outstanding('NEW');
SELECT sto_test.issue('NEW', 'alice/1', '50') > 0, sto_test.issue('NEW', 'alice/1', '10') > 0;
SELECT sto_test.holders('NEW'), sto_test.outstanding('NEW');
SELECT sto_test.transfer('NEW', 'alice/1', 'bob/1', '20') > 0;
SELECT sto_test.holders('NEW'), sto_test.outstanding('NEW');
SELECT sto_test.transfer('NEW', 'alice/1', 'bob/1', '40') > 0;
SELECT sto_test.holders('NEW');
SELECT sto_test.issue('NEW', 'alice/1', '5') > 0, sto_test.redeem('NEW', 'bob/1', '20') > 0;
SELECT sto_test.holders('NEW'), sto_test.outstanding('NEW');
-- who holds nothing but what is held is a holder; a forced transfer of all makes another the holder
SELECT sto_test.hold('NEW', 'alice/1', '5', 'pledge', '{"credit_wallet": "bob/1"}') AS pledged \gset
SELECT sto_test.holders('NEW');
SELECT sto_test.enforce('all', 'force', jsonb_build_object('token', 'NEW', 'debit', 'alice/1', 'credit', 'carol/1', 'amount', '5', 'holds', ARRAY[:pledged])) > 0;
SELECT sto_test.holders('NEW'), sto_test.outstanding('NEW');
SELECT sto_test.redeem('NEW', 'bob/1', '40') > 0, sto_test.redeem('NEW', 'carol/1', '5') > 0;
SELECT sto_test.holders('NEW'), sto_test.outstanding('NEW');

-- A redemption takes no more than there is, and nothing that is held; a pause and a freeze stop it
SELECT sto_test.say('redeem', 'alice/1', 'ACME', '1001') ~ '^ST301';
SELECT sto_test.hold('ACME', 'alice/1', '900', 'pledge', '{"credit_wallet": "bob/1"}') AS pledged \gset
SELECT sto_test.say('redeem', 'alice/1', 'ACME', '101') ~ '^ST301', sto_test.say('redeem', 'alice/1', 'ACME', '100');
SELECT sto_test.pause('ACME', 'acme') > 0;
SELECT left(sto_test.say('redeem', 'alice/1', 'ACME', '1'), 5), left(sto_test.say('issue', 'ACME', 'bob/1', '1'), 5);
-- lifted by nobody who may not, nor twice
SELECT sto_test.try($$SELECT sto_test.pause('ACME', 'bob', false)$$) LIKE 'ST%', sto_test.pause('ACME', 'acme', false) > 0, left(sto_test.try($$SELECT sto_test.pause('ACME', 'acme', false)$$), 5);
SELECT sto_test.freeze_wallet('bob/1') > 0;
SELECT left(sto_test.say('issue', 'ACME', 'bob/1', '1'), 5), left(sto_test.say('transfer', 'alice/1', 'bob/1', '1'), 5), left(sto_test.try($$SELECT sto_test.freeze_wallet('alice/2', false)$$), 5);
SELECT sto_test.freeze_wallet('bob/1', false) > 0;
SELECT sto_test.post(jsonb_build_object('kind', 'release', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'amount', '900', 'hold_id', :pledged, 'ordering_party', 'bob'), '{22}') > 0;

-- Limits over several windows at once, each by itself
SELECT sto_test.rules('ACME', '[{"rule": "volume_limit", "label": "day", "seconds": 86400, "amount": "100"}, {"rule": "volume_limit", "label": "year", "seconds": 31536000, "amount": "150"}]') > 0;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '100');
SELECT string_agg(c.label || ' ' || c.passing, ', ') FROM sto.check_transfer(sto_test.id('ACME')::text, sto_test.address('alice/1'), sto_test.address('bob/1'), '51') AS c;
-- what a holder moves between wallets of his own uses up nothing
SELECT sto_test.say('transfer', 'alice/1', 'alice/2', '500');
SELECT string_agg(c.label || ' ' || c.passing, ', ') FROM sto.check_transfer(sto_test.id('ACME')::text, sto_test.address('alice/2'), sto_test.address('bob/1'), '51') AS c;

-- A limit may be set below what is so already: who is above it stays and may leave, nobody new comes
SELECT sto_test.rules('ACME', '[{"rule": "max_holders", "count": 1}, {"rule": "max_balance", "amount": "60"}]') > 0;
SELECT left(sto_test.say('transfer', 'alice/1', 'carol/1', '1'), 5), left(sto_test.say('transfer', 'alice/1', 'bob/1', '1'), 5), sto_test.say('transfer', 'bob/1', 'alice/1', '1') ~ '^ST224', sto_test.say('redeem', 'bob/1', 'ACME', '1');

-- Claims are the party's: a wallet registered later needs none of its own, and no other party's helps
SELECT sto_test.rules('ACME', '[]') > 0, sto_test.topics('ACME', '{kyc}') > 0, sto_test.trust('ACME', 'attester', '{kyc}') > 0, sto_test.claim('bob', 'kyc', 'attester') > 0;
SELECT sto_test.wallet('bob/2', 'bob', '{25}') IS NOT NULL;
SELECT sto_test.say('transfer', 'alice/1', 'bob/2', '1'), left(sto_test.say('transfer', 'alice/1', 'carol/1', '1'), 5);
-- trusted for another topic instead: the claim is as good as none; trusted for nothing; then a party that is no claim issuer
SELECT sto_test.trust('ACME', 'attester', '{aml}') > 0, left(sto_test.say('transfer', 'alice/1', 'bob/2', '1'), 5), sto_test.trust('ACME', 'attester', '{}') > 0;
SELECT left(sto_test.say('transfer', 'alice/1', 'bob/2', '1'), 5), left(sto_test.try($$SELECT sto_test.trust('ACME', 'carol', '{kyc}')$$), 5);
-- no topic any more: an active party is enough
SELECT sto_test.topics('ACME', '{}') > 0, sto_test.say('transfer', 'alice/1', 'carol/1', '1');

-- Nobody registers twice: neither a party nor a wallet, nor under another's name
SELECT left(sto_test.try($$SELECT sto_test.party('bob', NULL, 'natural')$$), 5), left(sto_test.try($$SELECT sto_test.wallet('bob/2', 'bob', '{26}')$$), 5), left(sto_test.try($$SELECT sto_test.wallet('bob/2', 'carol', '{26}')$$), 5);

SELECT sto_test.check_invariants();
