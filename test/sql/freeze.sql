-- Pauses and freezes: who may, with which second officer, what they stop and what they let pass, several wallets of a party, the order of reasons.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_freeze;
CREATE DATABASE sto_regress_freeze TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_freeze
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

SELECT sto_test.begin_small();
SELECT num_nonnulls(sto_test.officer('enforcer', 31, 'enforcer'), sto_test.officer('second', 32, 'enforcer'), sto_test.officer('third', 36, 'enforcer'), sto_test.party('venue', '{33}'),
                    sto_test.party('carol', NULL, 'natural'), sto_test.party('keeper', '{35}'), sto_test.party('other', '{37}'), sto_test.token('OTHER', 'other'), sto_test.wallet('alice/2', 'alice', '{23}'),
                    sto_test.wallet('carol/1', 'carol', '{24}', 'client', NULL, jsonb_build_object('custodian', sto_test.id('keeper'))),
                    sto_test.wallet('acme/1', 'acme', '{25}', 'treasury'), sto_test.issue('ACME', 'bob/1', '100'), sto_test.issue('ACME', 'carol/1', '100'),
                    sto_test.issue('ACME', 'alice/2', '100'));
-- Holds made beforehand, to be posted and released later; each case of every kind in turn, as "kind: state".
CREATE TABLE sto_test.made AS
SELECT n, sto_test.hold('ACME', 'alice/1', '10', 'pledge', jsonb_build_object('credit_wallet', 'bob/1')) AS pledge,
       sto_test.hold('ACME', 'alice/1', '10', 'subscription', jsonb_build_object('notary', 'venue', 'instruction_hash', sto_test.salt('x'))) AS open
  FROM generate_series(1, 40) AS n;
CREATE SEQUENCE sto_test.next;
-- What happens to an order that is rolled back.
CREATE FUNCTION sto_test.outcome(o jsonb, seeds int[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text;
BEGIN
    PERFORM sto_test.post(o, seeds);
    RAISE SQLSTATE 'YY000';
EXCEPTION WHEN SQLSTATE 'YY000' THEN
    RETURN 'passes';
WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
CREATE FUNCTION sto_test.table() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT o.what || ': ' || sto_test.outcome(jsonb_build_object('token_id', 'ACME', 'debit_wallet', 'alice/1', 'amount', '1', 'ordering_party', 'alice') || o.extra, o.seeds)
      FROM (SELECT nextval('sto_test.next') AS n) x JOIN sto_test.made m ON m.n = x.n
     CROSS JOIN LATERAL (VALUES
        ('issue', '{"kind": "issue", "debit_wallet": "ACME", "credit_wallet": "bob/1", "ordering_party": "acme"}'::jsonb, '{10}'::int[]),
        ('redeem', '{"kind": "redeem", "credit_wallet": "ACME"}', '{21}'),
        ('transfer', '{"kind": "transfer", "credit_wallet": "bob/1"}', '{21}'),
        ('transfer within a party', '{"kind": "transfer", "credit_wallet": "alice/2"}', '{21}'),
        ('transfer between others', '{"kind": "transfer", "debit_wallet": "carol/1", "credit_wallet": "acme/1", "ordering_party": "carol"}', '{24}'),
        ('hold for bob', '{"kind": "hold", "purpose": "pledge", "credit_wallet": "bob/1"}', '{21}'),
        ('hold for nobody', jsonb_build_object('kind', 'hold', 'purpose', 'subscription', 'notary', 'venue', 'instruction_hash', sto_test.salt('x')), '{21}'),
        ('lock-up', '{"kind": "hold", "purpose": "lock_up", "release_after": "2099-01-01"}', '{21}'),
        ('post', jsonb_build_object('kind', 'post', 'hold_id', m.pledge, 'credit_wallet', 'bob/1', 'ordering_party', 'bob'), '{22}'),
        ('release', jsonb_build_object('kind', 'release', 'hold_id', m.pledge, 'ordering_party', 'bob'), '{22}'),
        ('release by the notary', jsonb_build_object('kind', 'release', 'hold_id', m.open, 'ordering_party', 'venue'), '{33}'))
        AS o (what, extra, seeds)
$$;
SELECT sto_test.table();

-- Who may: an enforcer; a token its issuer too, but not against an enforcer
SELECT sto_test.try($$SELECT sto_test.freeze_wallet('alice/1', true, 'acme')$$), sto_test.try($$SELECT sto_test.freeze_party('alice', true, 'registrar')$$),
       sto_test.try($$SELECT sto_test.pause('ACME', 'registrar')$$);
SELECT sto_test.try($$SELECT sto_test.pause('ACME', 'acme', false)$$), sto_test.try($$SELECT sto_test.freeze_wallet('alice/1', false)$$),
       sto_test.try($$SELECT sto_test.freeze_party('alice', false)$$), sto_test.try($$SELECT sto_test.freeze_wallet('ACME', false)$$);
SELECT sto_test.try($$SELECT sto_test.event('party_freeze', sto_test.id('alice'), sto_test.id('enforcer'),
    jsonb_build_object('frozen', true, 'basis', 'suspicion', 'document_hash', sto_test.salt('x'))::text)$$);
SELECT sto_test.try($$SELECT sto_test.event('wallet_freeze', sto_test.id('alice/1'), sto_test.id('enforcer'), '{"frozen": true, "basis": "law"}')$$);

-- A wallet is frozen by two enforcers: the one who does it names the case that the other approved
CREATE FUNCTION sto_test.decided(name text, act text, body jsonb, basis text DEFAULT 'court') RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.open_case(name, act, jsonb_build_object('document_hash', sto_test.salt('decision')) || body, basis => basis);
    RETURN sto_test.decide_case(name);
END $$;
-- named: the case's name, if any
CREATE FUNCTION sto_test.stop(kind text, about text, named text, change jsonb DEFAULT '{}', officer text DEFAULT 'enforcer') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event(kind, sto_test.id(about), sto_test.id(officer), (jsonb_build_object(CASE kind WHEN 'token_pause' THEN 'paused' ELSE 'frozen' END, true,
        'basis', 'court', 'document_hash', sto_test.salt('decision')) || jsonb_strip_nulls(jsonb_build_object('case', (SELECT c.case_event FROM sto.case c WHERE c.case_id = sto_test.id(named)))) || change)::text)
$$;
SELECT num_nonnulls(sto_test.decided('stop', 'wallet_freeze', '{"debit": "alice/1"}'), sto_test.decided('stop bob', 'wallet_freeze', '{"debit": "bob/1"}'),
                    sto_test.decided('units', 'freeze', '{"token": "ACME", "debit": "alice/1", "amount": "1"}'), sto_test.decided('seize', 'seizure', '{"token": "ACME", "debit": "alice/1", "amount": "1"}'),
                    sto_test.open_case('open', 'wallet_freeze', jsonb_build_object('debit', 'alice/1', 'document_hash', sto_test.salt('decision'))),
                    sto_test.open_case('refused', 'wallet_freeze', jsonb_build_object('debit', 'alice/1', 'document_hash', sto_test.salt('decision'))), sto_test.decide_case('refused', approved => false),
                    sto_test.decided('withdrawn', 'wallet_freeze', '{"debit": "alice/1"}'), sto_test.decide_case('withdrawn', 'third', false),
                    sto_test.decided('early', 'wallet_freeze', '{"debit": "alice/1", "not_before": 4102444800000000}'),
                    sto_test.decided('late', 'wallet_freeze', jsonb_build_object('debit', 'alice/1', 'valid_until', sto_test.micros(clock_timestamp() + interval '300 ms'))), pg_sleep(0.4),
                    sto_test.decided('pause', 'token_pause', '{"token": "ACME", "debit": "ACME"}'));
SELECT x.what, sto_test.would(format('SELECT sto_test.stop(%L, %L, %L, %L, %L)', 'wallet_freeze', 'alice/1', x.named, x.change, x.officer))
  FROM (VALUES ('no case', NULL, '{}'::jsonb, 'enforcer'), ('no event', NULL, '{"case": 999999}', 'enforcer'), ('no case''s event', NULL, '{"case": 1}', 'enforcer'), ('no number', NULL, '{"case": "1"}', 'enforcer'),
               ('of another wallet', 'stop bob', '{}', 'enforcer'), ('of units', 'units', '{}', 'enforcer'), ('a seizure', 'seize', '{}', 'enforcer'), ('of a token', 'pause', '{}', 'enforcer'),
               ('another basis', 'stop', '{"basis": "law"}', 'enforcer'), ('another document', 'stop', jsonb_build_object('document_hash', sto_test.salt('another')), 'enforcer'),
               ('not approved', 'open', '{}', 'enforcer'), ('refused', 'refused', '{}', 'enforcer'), ('withdrawn', 'withdrawn', '{}', 'second'), ('too early', 'early', '{}', 'enforcer'), ('expired', 'late', '{}', 'enforcer'),
               ('another officer', 'stop', '{}', 'third'), ('no officer', 'stop', '{}', 'acme'), ('who opened it', 'stop', '{}', 'enforcer'), ('who approved it', 'stop', '{}', 'second')) AS x (what, named, change, officer);
SELECT sto_test.would($$SELECT sto_test.grant_capability('enforcer', 'enforcer', false), sto_test.stop('wallet_freeze', 'alice/1', 'stop')$$),
       sto_test.would($$SELECT sto_test.grant_capability('second', 'enforcer', false), sto_test.stop('wallet_freeze', 'alice/1', 'stop')$$);
-- once; then one officer lets go, without a case
SELECT sto_test.stop('wallet_freeze', 'alice/1', 'stop', '{}', 'second') AS stopped \gset
SELECT c.used = :stopped, r.stopped, r.actor = c.approved_by, r.basis = c.basis, r.document_hash = c.document_hash FROM sto.case c, sto.restriction r WHERE c.case_id = sto_test.id('stop');
SELECT sto_test.try($$SELECT sto_test.decide_case('stop', 'third', false)$$), sto_test.try($$SELECT sto_test.stop('wallet_freeze', 'alice/1', 'stop bob', '{"frozen": false}')$$);
SELECT sto_test.freeze_wallet('alice/1', false, 'third') > 0, sto_test.try($$SELECT sto_test.stop('wallet_freeze', 'alice/1', 'stop')$$);
-- a case of this act does nothing else, and one of another act no freeze
SELECT sto_test.try($$SELECT sto_test.attach('stop bob', 'bob/1')$$), sto_test.try($$SELECT sto_test.enforce_case('stop bob')$$);
-- what the case states
SELECT x.act, x.body, sto_test.would(format('SELECT sto_test.open_case(''bad'', %L, %L, %L)', x.act, x.body, x.officer))
  FROM (VALUES ('wallet_freeze', '{}'::jsonb, 'enforcer'), ('wallet_freeze', '{"debit": "ACME"}', 'enforcer'), ('wallet_freeze', '{"debit": "nowhere"}', 'enforcer'), ('wallet_freeze', '{"debit": "bob/1", "token": "ACME"}', 'enforcer'),
               ('wallet_freeze', '{"debit": "bob/1", "credit": "carol/1"}', 'enforcer'), ('wallet_freeze', '{"debit": "bob/1", "amount": "1"}', 'enforcer'), ('wallet_freeze', '{"debit": "bob/1", "undoes": 1}', 'enforcer'),
               ('wallet_freeze', '{"debit": "bob/1", "holds": [1]}', 'enforcer'), ('wallet_freeze', '{"debit": "bob/1"}', 'acme'), ('wallet_freeze', '{"debit": "bob/1"}', 'enforcer'),
               ('token_pause', '{"token": "ACME"}', 'enforcer'), ('token_pause', '{"debit": "ACME"}', 'enforcer'), ('token_pause', '{"token": "nothing", "debit": "ACME"}', 'enforcer'), ('token_pause', '{"token": "ACME", "debit": "OTHER"}', 'enforcer'),
               ('token_pause', '{"token": "ACME", "debit": "bob/1"}', 'enforcer'), ('token_pause', '{"token": "ACME", "debit": "ACME", "amount": "1"}', 'enforcer'), ('token_pause', '{"token": "ACME", "debit": "ACME", "credit": "bob/1"}', 'enforcer'),
               ('token_pause', '{"token": "ACME", "debit": "ACME", "holds": [1]}', 'enforcer'), ('token_pause', '{"token": "ACME", "debit": "ACME"}', 'acme'), ('token_pause', '{"token": "ACME", "debit": "ACME"}', 'enforcer')) AS x (act, body, officer);

-- So is a token by enforcers; its issuer pauses it alone, and one enforcer lets it go on
SELECT num_nonnulls(sto_test.decided('pause other', 'token_pause', '{"token": "OTHER", "debit": "OTHER"}'), sto_test.decided('stop issuer', 'wallet_freeze', '{"debit": "acme/1"}'),
                    sto_test.open_case('pause open', 'token_pause', jsonb_build_object('token', 'ACME', 'debit', 'ACME', 'document_hash', sto_test.salt('decision'))));
SELECT x.what, sto_test.would(format('SELECT sto_test.stop(%L, %L, %L, %L, %L)', 'token_pause', 'ACME', x.named, x.change, x.officer))
  FROM (VALUES ('no case', NULL, '{}'::jsonb, 'enforcer'), ('no case''s event', NULL, '{"case": 1}', 'enforcer'), ('of another token', 'pause other', '{}', 'enforcer'), ('of a wallet', 'stop issuer', '{}', 'enforcer'),
               ('another basis', 'pause', '{"basis": "law"}', 'enforcer'), ('another document', 'pause', jsonb_build_object('document_hash', sto_test.salt('another')), 'enforcer'), ('not approved', 'pause open', '{}', 'enforcer'),
               ('another officer', 'pause', '{}', 'third'), ('lets it go on', 'pause', '{"paused": false}', 'enforcer'), ('the issuer', NULL, '{}', 'acme'), ('the issuer with a case', 'pause', '{}', 'acme'),
               ('who opened it', 'pause', '{}', 'enforcer')) AS x (what, named, change, officer);
SELECT sto_test.would($$SELECT sto_test.grant_capability('acme', 'enforcer'), sto_test.stop('token_pause', 'ACME', NULL, '{}', 'acme')$$),
       sto_test.would($$SELECT sto_test.grant_capability('acme', 'enforcer'), sto_test.stop('token_pause', 'OTHER', NULL, '{}', 'acme')$$);
SELECT sto_test.stop('token_pause', 'ACME', 'pause') AS stopped \gset
SELECT c.used = :stopped, r.stopped, r.actor = c.opened_by FROM sto.case c, sto.restriction r WHERE c.case_id = sto_test.id('pause');
SELECT sto_test.try($$SELECT sto_test.stop('token_pause', 'ACME', 'pause other', '{"paused": false}')$$), sto_test.pause('ACME', 'third', false) > 0, sto_test.try($$SELECT sto_test.stop('token_pause', 'ACME', 'pause')$$);
-- In one transaction: a rollback gives the case back
BEGIN;
SAVEPOINT s;
SELECT sto_test.stop('wallet_freeze', 'bob/1', 'stop bob') > 0, sto_test.stop('token_pause', 'OTHER', 'pause other') > 0;
ROLLBACK TO s;
SELECT count(*) FILTER (WHERE used IS NOT NULL), count(*) FROM sto.case WHERE case_id IN (sto_test.id('stop bob'), sto_test.id('pause other'));
SELECT sto_test.stop('wallet_freeze', 'bob/1', 'stop bob') > 0, sto_test.freeze_wallet('bob/1', false) > 0;
COMMIT;
-- Sanctions don't wait: one officer freezes a party, without a case
SELECT sto_test.would($$SELECT sto_test.freeze_party('alice')$$), sto_test.would($$SELECT sto_test.stop('party_freeze', 'alice', NULL, '{"case": 1}')$$);

-- A pause: by the issuer, which lifts its own
SELECT sto_test.pause('ACME', 'acme') > 0;
SELECT sto_test.table();
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
SELECT stopped, subject = sto_test.id('ACME'), wallet, actor = sto_test.id('acme'), basis, document_hash::text = sto_test.salt('decision') FROM sto.restriction;
SELECT sto_test.pause('ACME', 'acme', false) > 0;
-- by an enforcer: the issuer neither lifts it nor takes it over, another enforcer may
SELECT sto_test.pause('ACME', 'enforcer') > 0;
SELECT sto_test.try($$SELECT sto_test.pause('ACME', 'acme', false)$$), sto_test.try($$SELECT sto_test.pause('ACME', 'acme')$$);
SELECT sto_test.pause('ACME', 'second', false) > 0;
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
SELECT count(*) FROM sto.restriction;

-- The debit wallet; the party's other wallet goes on
SELECT sto_test.freeze_wallet('alice/1') > 0;
SELECT sto_test.table();
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$), sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/2', 'bob/1', '1')$$),
       sto_test.try($$SELECT sto_test.transfer('ACME', 'bob/1', 'alice/1', '1')$$);
SELECT sto_test.freeze_wallet('alice/1', false, 'second') > 0;
-- the credit wallet
SELECT sto_test.freeze_wallet('bob/1') > 0;
SELECT sto_test.table();
SELECT sto_test.freeze_wallet('bob/1', false) > 0;
-- a party: all its wallets, and whatever it orders, be it for others
SELECT sto_test.freeze_party('alice') > 0;
SELECT sto_test.table();
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/2', 'bob/1', '1')$$), sto_test.try($$SELECT sto_test.transfer('ACME', 'bob/1', 'alice/2', '1')$$),
       sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'alice/2', '1')$$);
SELECT sto_test.freeze_party('alice', false) > 0, sto_test.freeze_party('bob') > 0;
SELECT sto_test.table();
SELECT sto_test.freeze_party('bob', false) > 0, sto_test.freeze_party('acme') > 0;
SELECT sto_test.table();
SELECT sto_test.freeze_party('acme', false) > 0, sto_test.freeze_party('keeper') > 0;
SELECT sto_test.try($$SELECT sto_test.post(jsonb_build_object('kind', 'transfer', 'token_id', 'ACME', 'debit_wallet', 'carol/1', 'credit_wallet', 'bob/1',
    'amount', '1', 'ordering_party', 'keeper'), '{35}')$$), sto_test.try($$SELECT sto_test.transfer('ACME', 'carol/1', 'bob/1', '1')$$);
SELECT sto_test.freeze_party('keeper', false) > 0;
SELECT num_nonnulls(sto_test.mandate('carol', 'keeper'), sto_test.mandate('bob', 'keeper'), sto_test.freeze_party('keeper'));
SELECT sto_test.try($$SELECT sto_test.post(jsonb_build_object('kind', 'transfer', 'token_id', 'ACME', 'debit_wallet', 'bob/1', 'credit_wallet', 'alice/1',
    'amount', '1', 'ordering_party', 'keeper'), '{35}')$$);
SELECT sto_test.freeze_party('keeper', false) > 0;
SELECT sto_test.try($$SELECT sto_test.post(jsonb_build_object('kind', 'transfer', 'token_id', 'ACME', 'debit_wallet', 'bob/1', 'credit_wallet', 'alice/1',
    'amount', '1', 'ordering_party', 'keeper'), '{35}')$$);

-- Everything at once, in the order of the checks; the first gives the state, and each goes away with its cause
SELECT num_nonnulls(sto_test.topics('ACME', '{kyc}', '{"receiver_only": false}'), sto_test.pause('ACME', 'acme'), sto_test.freeze_wallet('alice/1'),
                    sto_test.freeze_wallet('bob/1'), sto_test.freeze_party('alice'), sto_test.freeze_party('bob'));
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '100000')$$);
SELECT sto_test.pause('ACME', 'acme', false) > 0, sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '100000')$$);
SELECT num_nonnulls(sto_test.freeze_wallet('alice/1', false), sto_test.freeze_wallet('bob/1', false)), sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '100000')$$);
SELECT num_nonnulls(sto_test.freeze_party('alice', false), sto_test.freeze_party('bob', false)), sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '100000')$$);
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
SELECT sto_test.topics('ACME', '{}') > 0, sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);

-- In one transaction: a freeze stops the next entry, a rollback lifts it; a statement that is refused midway leaves nothing
BEGIN;
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
SAVEPOINT s;
SELECT sto_test.freeze_wallet('alice/1') > 0, sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
ROLLBACK TO s;
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
COMMIT;
SELECT sto_test.freeze_wallet('carol/1') > 0;
SELECT sto_test.balance('ACME', 'alice/1') AS balance, count(*) AS entries FROM sto.transfer \gset
SELECT sto_test.try($$SELECT count(sto_test.transfer('ACME', 'alice/1', w, '1')) FROM unnest('{bob/1,carol/1,alice/2}'::text[]) AS w$$);
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT o.kind, o.token_id, o.debit_wallet, o.credit_wallet, o.amount, o.ordering_party, o.order_id, sto_test.signatures(sto_test.order_message(o), '{21}')
  FROM unnest('{bob/1,carol/1}'::text[]) AS w, sto_test.make_order(jsonb_build_object('kind', 'transfer', 'token_id', 'ACME', 'debit_wallet', 'alice/1',
       'credit_wallet', w, 'amount', '1', 'ordering_party', 'alice')) AS o RETURNING true;
SELECT sto_test.balance('ACME', 'alice/1') = :'balance', count(*) = :entries FROM sto.transfer;
-- an order that was posted before is answered as a repeat, frozen or not
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1', jsonb_build_object('order_id', sto_test.id('once'))) > 0, sto_test.freeze_wallet('alice/1') > 0;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1', jsonb_build_object('order_id', sto_test.id('once'))) IS NULL;
SELECT sto_test.check_invariants();

-- From the log alone, and what sto.verify() sees of an entry that passed a freeze
SELECT v.check_name, v.scope, v.detail FROM sto.verify() v WHERE NOT v.ok;
SELECT md5(string_agg(x, ',' ORDER BY x)) AS before FROM (SELECT w::text FROM sto.wallet w UNION ALL SELECT p::text FROM sto.party p UNION ALL SELECT t::text FROM sto.token t) y (x) \gset
SELECT sto.rebuild() > 100;
SELECT md5(string_agg(x, ',' ORDER BY x)) = :'before' FROM (SELECT w::text FROM sto.wallet w UNION ALL SELECT p::text FROM sto.party p UNION ALL SELECT t::text FROM sto.token t) y (x);
SELECT v.check_name, v.scope, v.detail FROM sto.verify() v WHERE NOT v.ok;
BEGIN;
SELECT sto.begin_maintenance('test') > 0;
UPDATE sto.wallet SET frozen = NULL;
DELETE FROM sto.event WHERE kind = 'wallet_freeze' AND NOT (body ->> 'frozen')::boolean AND subject = sto_test.id('alice/1');
SELECT v.check_name, v.scope, v.detail FROM sto.verify(false, '{stops,register}') v WHERE NOT v.ok;
ROLLBACK;
BEGIN;
SELECT sto.begin_maintenance('test') > 0;
DELETE FROM sto.event WHERE kind = 'token_pause' AND NOT (body ->> 'paused')::boolean;
SELECT v.check_name, v.scope, v.detail FROM sto.verify(false, '{stops}') v WHERE NOT v.ok;
ROLLBACK;
-- a stop without its two officers
CREATE FUNCTION sto_test.tampered(change text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto.begin_maintenance('test');
    EXECUTE change;
    RETURN QUERY SELECT concat_ws(' ', v.check_name, v.scope, sto_test.named(v.detail)) FROM sto.verify(false, '{cases,events,stops,register}') v WHERE NOT v.ok AND v.scope IS DISTINCT FROM 'sto.subject';
    RAISE SQLSTATE 'YY001';
EXCEPTION WHEN SQLSTATE 'YY001' THEN
    RETURN;
END $$;
SELECT x.change, t.said
  FROM (VALUES ($$DELETE FROM sto.event WHERE kind = 'case_approve' AND subject = sto_test.id('stop')$$),
               ($$UPDATE sto.event SET actor = sto_test.id('third') WHERE kind = 'case_approve' AND subject = sto_test.id('stop')$$),
               ($$UPDATE sto.event SET actor = sto_test.id('third') WHERE kind = 'wallet_freeze' AND entry_id = (SELECT used FROM sto.case WHERE case_id = sto_test.id('stop'))$$),
               ($$UPDATE sto.event SET body = replace(body::text, '"court"', '"law"')::json WHERE kind = 'wallet_freeze' AND entry_id = (SELECT used FROM sto.case WHERE case_id = sto_test.id('stop'))$$),
               ($$UPDATE sto.event SET body = (body::jsonb - 'case')::json WHERE kind = 'wallet_freeze' AND entry_id = (SELECT used FROM sto.case WHERE case_id = sto_test.id('stop'))$$),
               ($$UPDATE sto.event SET body = (body::jsonb || '{"case": 1}')::json WHERE kind = 'wallet_freeze' AND entry_id = (SELECT used FROM sto.case WHERE case_id = sto_test.id('stop'))$$),
               ($$UPDATE sto.event SET body = (body::jsonb - 'case')::json WHERE kind = 'token_pause' AND entry_id = (SELECT used FROM sto.case WHERE case_id = sto_test.id('pause'))$$),
               ($$UPDATE sto.event SET body = (body::jsonb || '{"paused": false}')::json WHERE kind = 'token_pause' AND entry_id = (SELECT used FROM sto.case WHERE case_id = sto_test.id('pause'))$$),
               ($$DELETE FROM sto.event WHERE kind = 'case' AND subject = sto_test.id('pause')$$),
               ($$UPDATE sto.case SET used = NULL WHERE case_id = sto_test.id('pause')$$)) AS x (change),
       LATERAL sto_test.tampered(x.change) AS t (said);
\c template1
DROP DATABASE sto_regress_freeze;
