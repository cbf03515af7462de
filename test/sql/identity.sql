-- Identity and eligibility: facts, classes, mandates, owners; claims that a token requires, and who has them when.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_identity;
CREATE DATABASE sto_regress_identity TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_identity
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\set ECHO none
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
\set ECHO all
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on

SELECT sto_test.begin_small();
SELECT num_nonnulls(sto_test.officer('kyc', 31, 'claim_issuer'), sto_test.officer('bank', 32, 'claim_issuer'), sto_test.party('agent', '{33}'),
            sto_test.party('heir', '{34}', 'natural'), sto_test.party('carol', NULL, 'natural'), sto_test.party('keeper', '{35}'));
SELECT num_nonnulls(sto_test.wallet('alice/2', 'alice', '{23}'), sto_test.wallet('carol/1', 'carol', '{24}', 'client', NULL,
                                                                        jsonb_build_object('custodian', sto_test.id('keeper'))));
-- What a refusal says, with names in place of ids, events without their numbers.
CREATE FUNCTION sto_test.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text := sto_test.refusal(statement);
    name text;
BEGIN
    FOREACH name IN ARRAY '{ACME,FUND,acme,alice,bob,carol,kyc,bank,agent,heir,keeper,registrar,enforcer}'::text[] LOOP
        said := replace(said, sto_test.id(name)::text, name);
    END LOOP;
    FOREACH name IN ARRAY '{alice/1,alice/2,bob/1,carol/1}'::text[] LOOP
        said := replace(said, sto_test.address(name)::text, name);
    END LOOP;
    RETURN regexp_replace(said, '(event|[cC]laim) \d+', '\1 N', 'g');
END $$;
CREATE FUNCTION sto_test.micros_in(seconds numeric) RETURNS bigint LANGUAGE sql AS $$
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000 + seconds * 1000000)::bigint
$$;
CREATE FUNCTION sto_test.sound() RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(v.check_name || ' ' || v.scope || ': ' || v.detail, '; '), 'sound') FROM sto.verify() v WHERE NOT v.ok
$$;

-- Facts of a party: what is given replaces what was
SELECT num_nonnulls(sto_test.party_facts('alice', '{"country": "KZ", "incorporation": "AE"}'), sto_test.party_facts('alice', '{"country": "DE"}'));
SELECT country, incorporation, lei FROM sto.party WHERE party_id = sto_test.id('alice');
SELECT sto_test.try($$SELECT sto_test.party_facts('alice', '{}')$$), sto_test.try($$SELECT sto_test.party_facts('alice', '{"country": "XX"}')$$),
       sto_test.try($$SELECT sto_test.party_facts('alice', '{"incorporation": "de"}')$$);
SELECT sto_test.try($$SELECT sto_test.event('party_facts', sto_test.id('alice'), sto_test.id('acme'), '{"country": "KZ"}')$$);
-- Classes
SELECT num_nonnulls(sto_test.classify('alice', 'retail'), sto_test.classify('alice', 'professional', jsonb_build_object('token', sto_test.id('ACME'), 'from', 1000, 'to', 2000)));
SELECT class, token_id = sto_test.id('ACME'), sto.to_micros(valid_from), sto.to_micros(valid_to) FROM sto.classification ORDER BY set_by;
SELECT sto_test.try($$SELECT sto_test.classify('alice', 'wealthy')$$), sto_test.try($$SELECT sto_test.classify('alice', 'retail', '{"basis": ""}')$$),
       sto_test.try($$SELECT sto_test.classify('alice', 'retail', '{"from": 5, "to": 5}')$$),
       sto_test.try($$SELECT sto_test.classify('alice', 'retail', jsonb_build_object('token', sto_test.id('bob')))$$);
-- Beneficial owners of legal persons
SELECT num_nonnulls(sto_test.beneficial_owner('acme', 'alice', 2500), sto_test.beneficial_owner('acme', 'alice', 5100, '{"control": true}'));
SELECT owner = sto_test.id('alice'), share, control FROM sto.beneficial_owner;
SELECT sto_test.try($$SELECT sto_test.beneficial_owner('alice', 'bob', 1)$$), sto_test.try($$SELECT sto_test.beneficial_owner('acme', 'bob', 10001)$$),
       sto_test.try($$SELECT sto_test.beneficial_owner('acme', 'nobody', 1)$$);

-- A mandate: who orders for another
CREATE FUNCTION sto_test.order_as(party text, seed int, amount text DEFAULT '1', wallet text DEFAULT 'alice/1') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.post(jsonb_build_object('kind', 'transfer', 'token_id', 'ACME', 'debit_wallet', wallet, 'credit_wallet', 'bob/1',
                                            'amount', amount, 'ordering_party', party), ARRAY[seed])
$$;
SELECT sto_test.try($$SELECT sto_test.order_as('agent', 33)$$);
SELECT num_nonnulls(sto_test.mandate('alice', 'agent', '{"scope": "votes"}'));
SELECT sto_test.try($$SELECT sto_test.order_as('agent', 33)$$);
SELECT num_nonnulls(sto_test.mandate('alice', 'agent'));
SELECT sto_test.try($$SELECT sto_test.order_as('agent', 33)$$), sto_test.try($$SELECT sto_test.order_as('agent', 33, '1', 'alice/2')$$),
       sto_test.try($$SELECT sto_test.order_as('agent', 21)$$), sto_test.try($$SELECT sto_test.order_as('heir', 34)$$),
       sto_test.try($$SELECT sto_test.order_as('agent', 33, '1', 'carol/1')$$);
-- its dates, [from, to): a later one, a past one, the other scope, the end
SELECT num_nonnulls(sto_test.mandate('alice', 'agent', jsonb_build_object('from', sto_test.micros_in(3600))));
SELECT sto_test.try($$SELECT sto_test.order_as('agent', 33)$$);
SELECT num_nonnulls(sto_test.mandate('alice', 'agent', jsonb_build_object('to', sto_test.micros_in(-1))));
SELECT sto_test.try($$SELECT sto_test.order_as('agent', 33)$$);
SELECT num_nonnulls(sto_test.mandate('alice', 'agent', jsonb_build_object('scope', 'all', 'basis', 'executor', 'to', sto_test.micros_in(3600))));
SELECT sto_test.try($$SELECT sto_test.order_as('agent', 33)$$);
SELECT num_nonnulls(sto_test.mandate('alice', 'agent', '{"scope": "all", "granted": false}'));
SELECT sto_test.try($$SELECT sto_test.order_as('agent', 33)$$);
SELECT sto_test.try($$SELECT sto_test.mandate('alice', 'bob')$$), sto_test.try($$SELECT sto_test.mandate('alice', 'alice')$$),
       sto_test.try($$SELECT sto_test.mandate('alice', 'agent', '{"scope": "any"}')$$), sto_test.try($$SELECT sto_test.mandate('alice', 'agent', '{"basis": "friend"}')$$);
-- orders until a mandate ends: every entry before it, every refusal after
DO $$
DECLARE
    last bigint := sto_test.micros_in(0.4);
    said text := 'accepted';
BEGIN
    PERFORM sto_test.mandate('alice', 'agent', jsonb_build_object('to', last));
    WHILE said = 'accepted' LOOP
        said := sto_test.refusal($q$SELECT sto_test.order_as('agent', 33)$q$);
    END LOOP;
    ASSERT said LIKE 'ST104%' AND sto_test.micros_in(0) >= last, said;
    ASSERT (SELECT sto.to_micros(max(posted_at)) < last AND count(*) > 4 FROM sto.transfer WHERE ordering_party = sto_test.id('agent'));
END $$;
-- a closed party orders for nobody
SELECT num_nonnulls(sto_test.mandate('alice', 'agent'), sto_test.event('party_status', sto_test.id('agent'), sto_test.id('registrar'), '{"status": "closed"}'));
SELECT sto_test.try($$SELECT sto_test.order_as('agent', 33)$$);
SELECT sto_test.sound();

-- Eligibility.  Nothing required: being active is enough
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
-- a topic that nobody is trusted for fails, whoever has claims
SELECT num_nonnulls(sto_test.topics('ACME', '{kyc,residence}'), sto_test.claim('bob', 'kyc', 'kyc'));
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
-- trusted for one of them: the other still fails; an issuer that is not trusted for it does not help
SELECT num_nonnulls(sto_test.trust('ACME', 'kyc', '{kyc}'), sto_test.trust('ACME', 'bank', '{residence}'), sto_test.claim('bob', 'residence', 'kyc'));
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
-- a claim that doesn't count is as good as none, and the next is tried
SELECT sto_test.claim('bob', 'residence', 'bank', jsonb_build_object('to', sto_test.micros_in(-1))) > 0;
SELECT sto_test.claim('bob', 'residence', 'bank', jsonb_build_object('from', sto_test.micros_in(3600))) > 0;
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
SELECT sto_test.claim('bob', 'residence', 'bank') AS claim \gset
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
-- revoked by its issuer, not by another, and once
SELECT sto_test.try(format('SELECT sto_test.claim_revoke(%L, %s, %L)', 'bob', :claim, 'kyc')), sto_test.try(format('SELECT sto_test.claim_revoke(%L, %s, %L)', 'alice', :claim, 'bank')),
       sto_test.try(format('SELECT sto_test.claim_revoke(%L, %s, %L)', 'bob', :claim, 'bank')), sto_test.try(format('SELECT sto_test.claim_revoke(%L, %s, %L)', 'bob', :claim, 'bank'));
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
-- trust that ends, capability that ends: claims stop counting, and count again
SELECT num_nonnulls(sto_test.claim('bob', 'residence', 'bank'));
SELECT num_nonnulls(sto_test.trust('ACME', 'bank', '{}'));
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
SELECT num_nonnulls(sto_test.trust('ACME', 'bank', '{residence,kyc}'));
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
SELECT num_nonnulls(sto_test.grant_capability('bank', 'claim_issuer', false));
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
SELECT num_nonnulls(sto_test.grant_capability('bank', 'claim_issuer'));
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
-- a claim until a time: every entry before it, every refusal after; one that begins then closes the gap
SELECT sto_test.claim('carol', 'kyc', 'kyc') > 0;
DO $$
DECLARE
    last bigint := sto_test.micros_in(0.4);
    said text := 'accepted';
BEGIN
    PERFORM sto_test.claim('carol', 'residence', 'bank', jsonb_build_object('to', last));
    WHILE said = 'accepted' LOOP
        PERFORM pg_sleep(0.005);    -- however fast the machine is, her units must last
        said := sto_test.refusal($q$SELECT sto_test.transfer('ACME', 'alice/1', 'carol/1', '1')$q$);
    END LOOP;
    ASSERT said LIKE 'ST213%' AND sto_test.micros_in(0) >= last, said;
    ASSERT (SELECT sto.to_micros(max(posted_at)) < last AND count(*) > 0 FROM sto.transfer WHERE credit_wallet = sto_test.address('carol/1'));
    last := sto_test.micros_in(0.3);
    PERFORM sto_test.claim('carol', 'residence', 'bank', jsonb_build_object('to', last)), sto_test.claim('carol', 'residence', 'bank', jsonb_build_object('from', last));
    WHILE sto_test.micros_in(-0.1) < last LOOP
        PERFORM pg_sleep(0.005);
        said := sto_test.refusal($q$SELECT sto_test.transfer('ACME', 'alice/1', 'carol/1', '1')$q$);
        ASSERT said = 'accepted', said;
    END LOOP;
END $$;
-- the sender: only where the token asks it too
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
SELECT num_nonnulls(sto_test.topics('ACME', '{kyc,residence}', '{"receiver_only": false}'));
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$), sto_test.try($$SELECT sto_test.transfer('ACME', 'bob/1', 'carol/1', '1')$$);
-- neither for a move between wallets of one party
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'alice/2', '1')$$);
-- The table of docs/security.md: issue and redeem, hold with and without beneficiary, post, release, lock-up
SELECT sto_test.try($$SELECT sto_test.issue('ACME', 'alice/1', '1')$$), sto_test.try($$SELECT sto_test.issue('ACME', 'bob/1', '1')$$);
SELECT sto_test.try($$SELECT sto_test.redeem('ACME', 'alice/1', '1')$$);
SELECT sto_test.hold('ACME', 'bob/1', '3', 'pledge', jsonb_build_object('credit_wallet', 'carol/1')) AS pledge \gset
SELECT sto_test.try($$SELECT sto_test.hold('ACME', 'bob/1', '1', 'pledge', jsonb_build_object('credit_wallet', 'alice/1'))$$),
       sto_test.try($$SELECT sto_test.hold('ACME', 'alice/1', '1', 'pledge', jsonb_build_object('credit_wallet', 'alice/2'))$$),
       sto_test.try($$SELECT sto_test.hold('ACME', 'alice/1', '1', 'subscription', jsonb_build_object('notary', 'agent', 'instruction_hash', sto_test.salt('x')))$$),
       sto_test.try($$SELECT sto_test.hold('ACME', 'alice/1', '1', 'lock_up', jsonb_build_object('release_after', now() + interval '1 hour'))$$);
SELECT sto_test.claim_revoke('carol', c.claim, 'kyc') > 0 FROM sto.claim c WHERE c.party_id = sto_test.id('carol') AND c.topic = 'kyc';
CREATE FUNCTION sto_test.use(kind text, amount text, hold bigint, extra jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.post(jsonb_build_object('kind', kind, 'token_id', 'ACME', 'debit_wallet', 'bob/1', 'amount', amount, 'hold_id', hold,
                                            'ordering_party', 'carol') || extra, '{24}')
$$;
SELECT sto_test.try(format('SELECT sto_test.use(%L, %L, %s, %L)', 'post', '1', :pledge, '{"credit_wallet": "carol/1", "keep_rest": true}'));
SELECT sto_test.claim('carol', 'kyc', 'kyc') > 0;
SELECT sto_test.try(format('SELECT sto_test.use(%L, %L, %s, %L)', 'post', '1', :pledge, '{"credit_wallet": "carol/1", "keep_rest": true}'));
SELECT num_nonnulls(sto_test.topics('ACME', '{nobody_has_this}', '{"receiver_only": false}'));
SELECT sto_test.try(format('SELECT sto_test.use(%L, %L, %s, %L)', 'post', '1', :pledge, '{"credit_wallet": "carol/1", "keep_rest": true}'));
SELECT sto_test.try(format('SELECT sto_test.use(%L, %L, %s)', 'release', '2', :pledge));
SELECT num_nonnulls(sto_test.topics('ACME', '{kyc}'));

-- What an event of the same transaction changes holds at once, for later rows of a statement too, and not after a rollback
BEGIN;
SELECT sto_test.claim_revoke('carol', c.claim, 'kyc') > 0 FROM sto.claim c WHERE c.party_id = sto_test.id('carol') AND c.topic = 'kyc' AND c.revoked IS NULL;
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'carol/1', '1')$$);
ROLLBACK;
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'carol/1', '1')$$);
BEGIN;
SAVEPOINT s;
SELECT num_nonnulls(sto_test.party('dave', NULL, 'natural'), sto_test.wallet('dave/1', 'dave', '{25}'), sto_test.claim('dave', 'kyc', 'kyc'));
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'dave/1', '1')$$);
SELECT sto_test.claim('alice', 'kyc', 'kyc') > 0, sto_test.try($$SELECT sto_test.transfer('ACME', 'bob/1', 'alice/1', '1')$$);
ROLLBACK TO s;
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'bob/1', 'alice/1', '1')$$);
COMMIT;
-- in bulk: all pass, one of them within a party; then one whose receiver has no claim undoes the whole statement
SELECT sto_test.try($$INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
    SELECT o.kind, o.token_id, o.debit_wallet, o.credit_wallet, o.amount, o.ordering_party, o.order_id, sto_test.signatures(sto_test.order_message(o), '{21}')
      FROM unnest('{bob/1,carol/1,alice/2,bob/1}'::text[]) AS w, sto_test.make_order(jsonb_build_object('kind', 'transfer', 'token_id', 'ACME',
           'debit_wallet', 'alice/1', 'credit_wallet', w, 'amount', '1', 'ordering_party', 'alice')) AS o$$);
SELECT sto_test.try($$SELECT count(sto_test.transfer('ACME', 'bob/1', w, '1')) FROM unnest('{carol/1,alice/1,carol/1}'::text[]) AS w$$);
-- a refusal leaves nothing behind
SELECT count(*) AS before FROM sto.transfer \gset
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT o.kind, o.token_id, o.debit_wallet, o.credit_wallet, o.amount, o.ordering_party, o.order_id, sto_test.signatures(sto_test.order_message(o), '{22}')
  FROM sto_test.make_order(jsonb_build_object('kind', 'transfer', 'token_id', 'ACME', 'debit_wallet', 'bob/1', 'credit_wallet', 'alice/1',
                                              'amount', '1', 'ordering_party', 'bob')) AS o RETURNING true;
SELECT count(*) = :before FROM sto.transfer;

-- Who may record what
SELECT sto_test.try($$SELECT sto_test.claim('bob', 'kyc', 'acme')$$), sto_test.try($$SELECT sto_test.claim('bob', 'KYC', 'kyc')$$),
       sto_test.try($$SELECT sto_test.claim('bob', '', 'kyc')$$), sto_test.try($$SELECT sto_test.claim('bob', repeat('k', 65), 'kyc')$$),
       sto_test.try($$SELECT sto_test.claim('nobody', 'kyc', 'kyc')$$), sto_test.try($$SELECT sto_test.claim_revoke('bob', 1, 'kyc')$$);
SELECT sto_test.try($$SELECT sto_test.topics('ACME', '{kyc,kyc}')$$), sto_test.try($$SELECT sto_test.trust('ACME', 'acme', '{kyc}')$$),
       sto_test.try($$SELECT sto_test.topics('ACME', ARRAY(SELECT 't' || i FROM generate_series(1, 33) i))$$),
       sto_test.try($$SELECT sto_test.event('token_topics', sto_test.id('ACME'), sto_test.id('registrar'), '{"topics": []}')$$);
-- arrays in bodies: only strings, no null, no nesting
SELECT sto_test.try(format($$SELECT sto_test.event('token_topics', sto_test.id('ACME'), sto_test.id('acme'), %L)$$, b))
  FROM unnest(ARRAY['{"topics": "kyc"}', '{"topics": [1]}', '{"topics": [null]}', '{"topics": [["kyc"]]}', '{"topics": [{"kyc": 1}]}',
                    '{"topics": null}', '{"topics": ["kyc"], "topics": []}', '{"receiver_only": true}',
                    '{"topics": [' || repeat('"a",', 256) || '"a"]}']) AS b;

-- The functions of the reference: bodies as they are signed, and each act as its function records it
SELECT sto.party_facts_body('KZ', 'AE', '5493001KJTIIGC8Y1R12', repeat('ab', 32)::sto.digest), sto.party_facts_body(country => 'DE');
SELECT sto.classification_body('retail', 'a "basis"'), sto.mandate_body(sto_test.id('keeper'), 'all', 'officer', false, sto.from_micros(1), sto.from_micros(2));
SELECT sto.beneficial_owner_body(sto_test.id('bob'), 2500), sto.claim_body('kyc', repeat('ab', 32)::sto.digest, NULL, sto.from_micros(5)), sto.claim_revoke_body(7, 'why');
SELECT sto.token_topics_body('{kyc,aml}', false), sto.token_topics_body('{}'), sto.trusted_issuer_body(sto_test.id('kyc'), '{kyc}');
SELECT sto.token_pause_body(true, 'law', repeat('ab', 32)::sto.digest), sto.freeze_body(false, 'court', repeat('cd', 32)::sto.digest);
CREATE FUNCTION sto_test.act_by(function text, kind text, subject text, actor text, body json) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    id bigint;
BEGIN
    EXECUTE format('SELECT sto.%I($1, $2, $3, $4)', function) INTO id
      USING sto_test.id(subject), sto_test.id(actor), body, sto_test.signatures(sto_test.act_message(kind, sto_test.id(subject), sto_test.id(actor), body::text), sto_test.seeds_of(actor));
    RETURN (SELECT e.kind || ' of ' || act_by.subject || ' by ' || act_by.actor FROM sto.event e
             WHERE e.entry_id = id AND e.subject = sto_test.id(act_by.subject) AND e.actor = sto_test.id(act_by.actor) AND e.body::text = act_by.body::text);
END $$;
SELECT sto_test.officer('enforcer', 36, 'enforcer') IS NOT NULL, sto_test.officer('second', 39, 'enforcer') IS NOT NULL;
SELECT sto_test.act_by('set_party_facts', 'party_facts', 'bob', 'registrar', sto.party_facts_body('KZ', NULL, '5493001KJTIIGC8Y1R12'));
SELECT sto_test.act_by('classify', 'classification', 'bob', 'registrar', sto.classification_body('professional', 'COB 2.5', sto_test.id('ACME'), now(), now() + interval '1 year'));
SELECT sto_test.act_by('set_mandate', 'mandate', 'bob', 'registrar', sto.mandate_body(sto_test.id('keeper'), 'votes', 'attorney'));
SELECT sto_test.act_by('set_beneficial_owner', 'beneficial_owner', 'keeper', 'registrar', sto.beneficial_owner_body(sto_test.id('bob'), 10000, true));
SELECT sto_test.act_by('add_claim', 'claim', 'bob', 'bank', sto.claim_body('aml', repeat('ab', 32)::sto.digest, now(), now() + interval '1 year'));
SELECT sto_test.act_by('revoke_claim', 'claim_revoke', 'bob', 'bank', sto.claim_revoke_body((SELECT max(claim) FROM sto.claim), 'a mistake'));
SELECT sto_test.act_by('set_topics', 'token_topics', 'ACME', 'acme', sto.token_topics_body('{kyc}'));
SELECT sto_test.act_by('trust_issuer', 'trusted_issuer', 'ACME', 'acme', sto.trusted_issuer_body(sto_test.id('bank'), '{kyc,aml}'));
SELECT sto.wallet_freeze_case_body(sto_test.address('bob/1'), 'law', repeat('ab', 32)::sto.digest)::jsonb = jsonb_build_object('act', 'wallet_freeze', 'basis', 'law', 'document_hash', repeat('ab', 32), 'debit', sto_test.address('bob/1')),
       sto.token_pause_case_body(sto_test.id('ACME'), 'law', repeat('ab', 32)::sto.digest, '2100-01-01 00:00Z', '2099-01-01 00:00Z')::jsonb = jsonb_build_object('act', 'token_pause', 'basis', 'law', 'document_hash', repeat('ab', 32),
           'token', sto_test.id('ACME'), 'debit', sto_test.address('ACME'), 'valid_until', 4102444800000000, 'not_before', 4070908800000000), sto.token_pause_case_body(sto_test.id('nothing'), 'law', repeat('ab', 32)::sto.digest) IS NULL;
SELECT sto_test.act_by('open_case', 'case', c.name, 'enforcer', c.body), sto_test.act_by('approve_case', 'case_approve', c.name, 'second', sto.case_approval_body())
  FROM (VALUES ('stop', sto.wallet_freeze_case_body(sto_test.address('bob/1'), 'law', repeat('ab', 32)::sto.digest)), ('pause', sto.token_pause_case_body(sto_test.id('ACME'), 'law', repeat('ab', 32)::sto.digest))) AS c (name, body);
SELECT sto_test.act_by('pause_token', 'token_pause', 'ACME', 'second', sto.token_pause_body(paused, 'law', repeat('ab', 32)::sto.digest, CASE WHEN paused THEN c.case_event END)) FROM sto.case c, unnest('{t,f}'::boolean[]) paused WHERE c.case_id = sto_test.id('pause');
SELECT sto_test.act_by('freeze_wallet', 'wallet_freeze', 'bob/1', 'enforcer', sto.freeze_body(frozen, 'law', repeat('ab', 32)::sto.digest, CASE WHEN frozen THEN c.case_event END)) FROM sto.case c, unnest('{t,f}'::boolean[]) frozen WHERE c.case_id = sto_test.id('stop');
SELECT sto_test.act_by('freeze_party', 'party_freeze', 'bob', 'enforcer', sto.freeze_body(frozen, 'law', repeat('ab', 32)::sto.digest)) FROM unnest('{t,f}'::boolean[]) frozen;
SELECT country, lei FROM sto.party WHERE party_id = sto_test.id('bob');

-- All of it again, from the log alone
SELECT sto_test.sound();
SELECT md5(string_agg(x::text, ',' ORDER BY x::text)) AS before FROM (SELECT c::text FROM sto.claim c UNION ALL SELECT m::text FROM sto.mandate m
    UNION ALL SELECT l::text FROM sto.classification l UNION ALL SELECT t::text FROM sto.token_topics t UNION ALL SELECT i::text FROM sto.trusted_issuer i
    UNION ALL SELECT p::text FROM sto.party p UNION ALL SELECT b::text FROM sto.beneficial_owner b UNION ALL SELECT k::text FROM sto.token k) x (x) \gset
SELECT sto.rebuild() > 100;
SELECT md5(string_agg(x::text, ',' ORDER BY x::text)) = :'before' FROM (SELECT c::text FROM sto.claim c UNION ALL SELECT m::text FROM sto.mandate m
    UNION ALL SELECT l::text FROM sto.classification l UNION ALL SELECT t::text FROM sto.token_topics t UNION ALL SELECT i::text FROM sto.trusted_issuer i
    UNION ALL SELECT p::text FROM sto.party p UNION ALL SELECT b::text FROM sto.beneficial_owner b UNION ALL SELECT k::text FROM sto.token k) x (x);
SELECT sto_test.sound();
-- what sto.verify() sees: a projection that was changed; an entry that should not have passed (its facts changed under it)
BEGIN;
SELECT sto.begin_maintenance('test') > 0;
DELETE FROM sto.claim WHERE topic = 'kyc' AND party_id = sto_test.id('bob');
UPDATE sto.token SET topics = NULL;
SELECT sto_test.sound();
ROLLBACK;
BEGIN;
SELECT sto.begin_maintenance('test') > 0;
DELETE FROM sto.event WHERE kind = 'claim' AND subject = sto_test.id('carol');
SELECT check_name, examined > 0, detail ~ 'receiver was not eligible' FROM sto.verify_eligibility() WHERE NOT ok;
ROLLBACK;

-- Where genesis chose roles: registrars' acts may be unsigned, nobody else's
\c template1
DROP DATABASE sto_regress_identity;
CREATE DATABASE sto_regress_identity TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_identity
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\set ECHO none
\i :srcdir/signer/signer.sql
\set ECHO all
SELECT sto_test.open_ledger('roles') > 0, sto_test.registrar() IS NOT NULL, sto_test.officer('kyc', 31, 'claim_issuer') IS NOT NULL, sto_test.officer('enforcer', 32, 'enforcer') IS NOT NULL;
SELECT x.kind, left(sto_test.refusal(format('SELECT sto_test.event(%L, %L, %L, %L, %L)', x.kind, sto_test.id('kyc'), sto_test.id(x.actor), x.body, '{}')), 60)
  FROM (VALUES ('party_facts', 'registrar', '{"country": "KZ"}'), ('classification', 'registrar', '{"class": "retail", "basis": "x"}'),
               ('mandate', 'registrar', jsonb_build_object('representative', sto_test.id('enforcer'), 'scope', 'all', 'basis', 'officer', 'granted', true)::text),
               ('beneficial_owner', 'registrar', jsonb_build_object('owner', sto_test.id('enforcer'), 'share', 1, 'control', false)::text),
               ('claim', 'kyc', jsonb_build_object('topic', 'kyc', 'commitment', repeat('ab', 32))::text),
               ('party_freeze', 'enforcer', jsonb_build_object('frozen', true, 'basis', 'law', 'document_hash', repeat('ab', 32))::text)) AS x (kind, actor, body);
SELECT v.check_name, v.ok, v.detail FROM sto.verify() v WHERE NOT v.ok OR v.check_name = 'event_signatures';
\c template1
DROP DATABASE sto_regress_identity;
