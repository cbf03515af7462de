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

-- Who issues needs no claim, nor who sends what he has; whoever receives does
SELECT sto_test.trust('ACME', 'attester', '{kyc}') > 0, sto_test.topics('ACME', '{kyc}') > 0, sto_test.say('issue', 'ACME', 'bob/1', '5'), sto_test.say('transfer', 'carol/1', 'bob/1', '1'), left(sto_test.say('transfer', 'bob/1', 'carol/1', '1'), 5);
SELECT sto_test.topics('ACME', '{}') > 0;

-- An allow list that asks both sides: each of the two has to be on it
SELECT sto_test.rules('ACME', '[{"rule": "party_list", "list": "friends", "mode": "allow", "side": "either"}]') > 0, left(sto_test.say('transfer', 'alice/1', 'bob/1', '1'), 5);
SELECT sto_test.party_list('ACME', 'friends', 'alice') > 0, sto_test.say('transfer', 'alice/1', 'bob/1', '1'), sto_test.say('transfer', 'bob/1', 'alice/1', '1');
SELECT sto_test.party_list('ACME', 'friends', 'bob') > 0, sto_test.say('transfer', 'alice/1', 'bob/1', '1'), sto_test.say('issue', 'ACME', 'bob/1', '1'), left(sto_test.say('issue', 'ACME', 'carol/1', '1'), 5);
-- taken off it he neither sends nor receives; he redeems, unless the rule is for redemptions too; what officers order he gets
SELECT sto_test.party_list('ACME', 'friends', 'bob', false) > 0, left(sto_test.say('transfer', 'bob/1', 'alice/1', '1'), 5), left(sto_test.say('issue', 'ACME', 'bob/1', '1'), 5), sto_test.say('redeem', 'bob/1', 'ACME', '1');
SELECT sto_test.enforce('off the list', 'force', '{"token": "ACME", "debit": "alice/1", "credit": "bob/1", "amount": "1"}') > 0;
SELECT sto_test.rules('ACME', '[{"rule": "party_list", "list": "friends", "mode": "allow", "side": "either", "kinds": ["redeem"]}]') > 0, sto_test.say('redeem', 'bob/1', 'ACME', '1'), sto_test.say('redeem', 'alice/1', 'ACME', '1');

-- Two approvers: the word of one alone is not enough, and an entry uses up one of each
SELECT sto_test.rules('ACME', '[{"rule": "approval"}, {"rule": "approval", "by": "second"}]') > 0, sto_test.approval('ACME', 'acme', '10', '{"uses": 2}') > 0, sto_test.say('transfer', 'alice/1', 'bob/1', '10');
SELECT sto_test.approval('ACME', 'second', '10') > 0, sto_test.say('transfer', 'alice/1', 'bob/1', '11'), sto_test.say('transfer', 'alice/1', 'bob/1', '10'), sto_test.say('transfer', 'alice/1', 'bob/1', '1');
SELECT uses_left FROM sto.transfer_approval ORDER BY approval;

-- What is said of one token says nothing of another: approvals, lists, affirmations
SELECT sto_test.issue('NEW', 'alice/1', '100') > 0, sto_test.issue('NEW', 'bob/1', '9') > 0, sto_test.approval('ACME', 'acme', '50', '{"uses": 9}') > 0, sto_test.opt_in('bob', 'ACME', 'bob/1') > 0;
SELECT x.rule ->> 'rule', sto_test.rules('NEW', jsonb_build_array(x.rule)) > 0, sto_test.rules('ACME', jsonb_build_array(x.rule)) > 0, left(sto_test.try($$SELECT sto_test.transfer('NEW', 'alice/1', 'alice/2', '1')$$), 5),
       left(sto_test.try(format('SELECT sto_test.transfer(''NEW'', %L, %L, ''1'')', x.debit, x.credit)), 5), sto_test.say('transfer', x.debit, x.credit, '1')
  FROM (VALUES ('{"rule": "approval"}'::jsonb, 'alice/1', 'bob/1'), ('{"rule": "party_list", "list": "friends", "mode": "allow"}', 'bob/1', 'alice/1'), ('{"rule": "opt_in"}', 'alice/1', 'bob/1')) AS x (rule, debit, credit);
SELECT sto_test.rules('NEW', '[]') > 0, sto_test.rules('ACME', '[]') > 0;

-- A part is frozen: what is not moves, no more is let go than is frozen, and the rest stays so
SELECT sto_test.enforce('part', 'freeze', '{"token": "NEW", "debit": "alice/1", "amount": "60"}') AS part \gset
SELECT left(sto_test.try($$SELECT sto_test.transfer('NEW', 'alice/1', 'bob/1', '38')$$), 5), sto_test.try($$SELECT sto_test.transfer('NEW', 'alice/1', 'bob/1', '37')$$);
SELECT amount, sto_test.try(format($$SELECT sto_test.post('{"kind": "release", "token_id": "NEW", "debit_wallet": "alice/1", "amount": "%s", "hold_id": %s, "ordering_party": "second"}', '{32}')$$, amount, :part)) FROM unnest('{61,25}'::int[]) AS amount;
SELECT left(sto_test.try($$SELECT sto_test.transfer('NEW', 'alice/1', 'bob/1', '26')$$), 5), sto_test.try($$SELECT sto_test.transfer('NEW', 'alice/1', 'bob/1', '25')$$), balance, held FROM sto.position WHERE wallet = sto_test.address('alice/1') AND token_id = sto_test.id('NEW');

-- A question about any amount has an answer, up to the most that one can say
SELECT sto_test.rules('ACME', '[{"rule": "max_balance", "share": 9000}, {"rule": "min_balance", "amount": "5", "kinds": ["redeem"]}, {"rule": "volume_limit", "seconds": 60, "share": 1, "kinds": ["transfer", "redeem"]}, {"rule": "ownership_by_claim", "by": "country", "value": "KZ", "min": 1}, {"rule": "offer_limits", "seconds": 60, "max_total": "9"}]') > 0,
       sto_test.party_facts('alice', '{"country": "KZ"}') > 0;
SELECT x.kind, string_agg(c.state || ' ' || c.rule, ', ' ORDER BY c.code) FROM (VALUES ('transfer', 'alice/1', 'bob/1'), ('issue', 'ACME', 'bob/1'), ('redeem', 'alice/1', 'ACME')) AS x (kind, debit, credit),
       sto.check_transfer(sto_test.id('ACME')::text, sto_test.address(x.debit), sto_test.address(x.credit), '170141183460469231731687303715884105727', x.kind) AS c GROUP BY 1 ORDER BY 1;

-- A token that is closed moves no more, in any way, until it is opened again
SELECT sto_test.rules('ACME', '[]') > 0, sto_test.event('token_status', sto_test.id('ACME'), sto_test.id('acme'), '{"status": "closed"}') > 0;
SELECT left(sto_test.say('issue', 'ACME', 'bob/1', '1'), 5), left(sto_test.say('redeem', 'bob/1', 'ACME', '1'), 5), left(sto_test.say('transfer', 'alice/1', 'bob/1', '1'), 5), left(sto_test.try($$SELECT sto_test.hold('ACME', 'alice/1', '1', 'pledge', '{"credit_wallet": "bob/1"}')$$), 5);
SELECT left(sto_test.try($$SELECT sto_test.event('token_status', sto_test.id('ACME'), sto_test.id('bob'), '{"status": "active"}')$$), 5), sto_test.event('token_status', sto_test.id('ACME'), sto_test.id('acme'), '{"status": "active"}') > 0, sto_test.say('redeem', 'bob/1', 'ACME', '1');

-- Nobody registers twice: neither a party nor a wallet, nor under another's name
SELECT left(sto_test.try($$SELECT sto_test.party('bob', NULL, 'natural')$$), 5), left(sto_test.try($$SELECT sto_test.wallet('bob/2', 'bob', '{26}')$$), 5), left(sto_test.try($$SELECT sto_test.wallet('bob/2', 'carol', '{26}')$$), 5);

SELECT sto_test.check_invariants();
