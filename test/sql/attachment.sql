-- Attachments: units that a holder may not use, those that are still to come included.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_attachment;
CREATE DATABASE sto_regress_attachment TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_attachment
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
SELECT num_nonnulls(sto_test.officer('enforcer', 31, 'enforcer'), sto_test.officer('second', 32, 'enforcer'), sto_test.officer('third', 33, 'enforcer'),
                    sto_test.party('carol', NULL, 'natural'), sto_test.wallet('carol/1', 'carol', '{24}'), sto_test.token('OTHER', 'acme'));
CREATE FUNCTION sto_test.seizure(name text, wallet text, amount text, extra jsonb DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.open_case(name, 'seizure', jsonb_build_object('token', 'ACME', 'debit', wallet, 'amount', amount) || extra);
    PERFORM sto_test.decide_case(name);
END $$;
CREATE FUNCTION sto_test.available(wallet text) RETURNS numeric LANGUAGE sql AS $$
    SELECT available::numeric FROM sto.holder WHERE wallet = sto_test.address($1) AND token_id = sto_test.id('ACME') $$;

-- alice has 1000, of which 1300 are attached: nothing leaves, and of what arrives the first 300 are kept
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '400') > 0;
SELECT sto_test.seizure('first', 'alice/1', '1300');
SELECT sto_test.attach('first', 'alice/1') AS first \gset
SELECT attachment = :first, case_event = (SELECT c.case_event FROM sto.case c WHERE c.used = :first), lifted, amount, remaining, wallet = sto_test.address('alice/1') FROM sto.attachment;
SELECT sto_test.available('alice/1');
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$);
SELECT sto_test.try($$SELECT sto_test.hold('ACME', 'alice/1', '1', 'pledge', '{"credit_wallet": "bob/1"}')$$) ~ '^ST',
       sto_test.try($$SELECT sto_test.post('{"kind": "redeem", "token_id": "ACME", "debit_wallet": "alice/1", "amount": "1", "ordering_party": "alice"}', sto_test.seeds_of('alice/1'))$$) ~ '^ST';
SELECT rule, "limit", value, passing FROM sto.check_transfer(sto_test.id('ACME')::text, sto_test.address('alice/1'), sto_test.address('bob/1'), '1');
SELECT sto.max_transferable(sto_test.id('ACME')::text, sto_test.address('alice/1'), sto_test.address('bob/1'));
SELECT sto_test.issue('ACME', 'alice/1', '750') > 0;
SELECT sto_test.available('alice/1');
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '51')$$);
SELECT sto.max_transferable(sto_test.id('ACME')::text, sto_test.address('alice/1'), sto_test.address('bob/1'));
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '50') > 0, sto_test.available('alice/1');
-- other tokens and wallets are as free as before
SELECT sto_test.issue('OTHER', 'alice/1', '10') > 0, sto_test.transfer('OTHER', 'alice/1', 'bob/1', '10') > 0, sto_test.transfer('ACME', 'bob/1', 'alice/1', '40') > 0;

-- Many in one statement, credits and then debits: what is free is what the attachment leaves
SELECT sto_test.event('token_policy', sto_test.id('ACME'), sto_test.id('acme'), '{"unsigned_role": "postgres"}') > 0;
CREATE FUNCTION sto_test.many(credits integer, debits integer) RETURNS text LANGUAGE sql AS $$
    SELECT sto_test.would(format($q$INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id)
        SELECT 'transfer', sto_test.id('ACME'), sto_test.address(x.debit), sto_test.address(x.credit), '1', sto_test.owner_of(x.debit), gen_random_uuid()
          FROM generate_series(1, %s) n, LATERAL (SELECT CASE WHEN n > %s THEN 'alice/1' ELSE 'bob/1' END AS debit, CASE WHEN n > %2$s THEN 'bob/1' ELSE 'alice/1' END AS credit) x$q$,
        credits + debits, credits)) $$;
SELECT sto_test.many(20, 60), sto_test.many(20, 61), sto_test.many(0, 40), sto_test.many(0, 41);
SELECT sto_test.event('token_policy', sto_test.id('ACME'), sto_test.id('acme'), '{"unsigned_role": null}') > 0;

-- A second one adds to the first
SELECT sto_test.seizure('another', 'alice/1', '25');
SELECT sto_test.attach('another', 'alice/1', 'second') AS second \gset
SELECT sto_test.available('alice/1');
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '16')$$), sto_test.transfer('ACME', 'alice/1', 'bob/1', '15') > 0;

-- Let go in part, by any enforcer; not more than there is, not of another wallet, not by the holder
SELECT sto_test.try(format($$SELECT sto_test.lift(%s, 'alice/1', '26')$$, :second)), sto_test.try(format($$SELECT sto_test.lift(%s, 'alice/1', '0')$$, :second)),
       sto_test.try(format($$SELECT sto_test.lift(%s, 'bob/1', '1')$$, :second)), sto_test.try($$SELECT sto_test.lift(1, 'alice/1', '1')$$),
       sto_test.try(format($$SELECT sto_test.lift(%s, 'alice/1', '1', 'acme')$$, :second));
SELECT sto_test.lift(:second, 'alice/1', '5', 'third') AS lifted \gset
SELECT lifted = :lifted, amount, remaining FROM sto.attachment WHERE attachment = :second;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '5') > 0, sto_test.available('alice/1');

-- By savepoint: an attachment that is rolled back keeps nothing
BEGIN;
SAVEPOINT s;
SELECT sto_test.seizure('undone', 'bob/1', '100000');
SELECT sto_test.attach('undone', 'bob/1') > 0;
SELECT sto_test.would($$SELECT sto_test.transfer('ACME', 'bob/1', 'carol/1', '1')$$);
ROLLBACK TO s;
SELECT sto_test.transfer('ACME', 'bob/1', 'carol/1', '1') > 0;
SELECT sto_test.seizure('kept', 'bob/1', '100000');
SELECT sto_test.attach('kept', 'bob/1') AS kept \gset
SAVEPOINT s;
SELECT sto_test.lift(:kept, 'bob/1', '99999') > 0, sto_test.transfer('ACME', 'bob/1', 'carol/1', '1') > 0;
ROLLBACK TO s;
SELECT sto_test.would($$SELECT sto_test.transfer('ACME', 'bob/1', 'carol/1', '1')$$);
COMMIT;
SELECT sto_test.lift(:kept, 'bob/1', '100000') > 0;

-- Officers take attached units by letting them go first, in one transaction; nothing else is in between
SELECT sto_test.open_case('take', 'force', '{"token": "ACME", "debit": "alice/1", "credit": "carol/1", "amount": "300"}') > 0, sto_test.decide_case('take') > 0;
SELECT sto_test.would($$SELECT sto_test.enforce_case('take')$$);
BEGIN;
SELECT sto_test.lift(:first, 'alice/1', '300') > 0, sto_test.enforce_case('take') > 0;
COMMIT;
SELECT sto_test.available('alice/1'), remaining FROM sto.attachment WHERE attachment = :first;
-- a hold that a case may break is broken for what is not available
SELECT sto_test.issue('ACME', 'alice/1', '100') > 0;
SELECT sto_test.hold('ACME', 'alice/1', '100', 'pledge', '{"credit_wallet": "carol/1"}') AS pledged \gset
SELECT sto_test.open_case('break', 'force', jsonb_build_object('token', 'ACME', 'debit', 'alice/1', 'credit', 'carol/1', 'amount', '30', 'holds', ARRAY[:pledged])) > 0, sto_test.decide_case('break') > 0;
SELECT sto_test.enforce_case('break') > 0;
SELECT remaining FROM sto.hold WHERE hold_id = :pledged;
-- a hold that expires frees nothing that is attached
SELECT sto_test.issue('ACME', 'alice/1', '10') > 0, sto_test.hold('ACME', 'alice/1', '10', 'lock_up', jsonb_build_object('release_after', clock_timestamp() + interval '200 ms')) > 0, pg_sleep(0.3);
SELECT sto_test.lift(:second, 'alice/1', '4') > 0;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '3') > 0, sto_test.available('alice/1');
SELECT sto_test.try($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '12')$$), sto_test.available('alice/1');

-- What the case must be
SELECT sto_test.seizure('good', 'carol/1', '1');
SELECT sto_test.would($$SELECT sto_test.attach('good', 'bob/1')$$), sto_test.would($$SELECT sto_test.attach('good', 'carol/1', 'third')$$),
       sto_test.would($$SELECT sto_test.attach('take', 'alice/1')$$), sto_test.would($$SELECT sto_test.attach('first', 'alice/1')$$),
       sto_test.would($$SELECT sto_test.event('attach', sto_test.id('carol/1'), sto_test.id('enforcer'), '{"case": 1}')$$),
       sto_test.would($$SELECT sto_test.attach('good', 'carol/1', 'acme')$$);
SELECT sto_test.open_case('open', 'seizure', '{"token": "ACME", "debit": "carol/1", "amount": "1"}') > 0;
SELECT sto_test.would($$SELECT sto_test.attach('open', 'carol/1')$$), sto_test.decide_case('open', approved => false) > 0;
SELECT sto_test.would($$SELECT sto_test.attach('open', 'carol/1')$$);
SELECT sto_test.seizure('early', 'carol/1', '1', jsonb_build_object('not_before', 4102444800000000));
SELECT sto_test.would($$SELECT sto_test.attach('early', 'carol/1')$$);
-- carried out once, as an attachment or as a hold
SELECT sto_test.attach('good', 'carol/1') > 0;
SELECT sto_test.try($$SELECT sto_test.attach('good', 'carol/1')$$), sto_test.try($$SELECT sto_test.enforce_case('good')$$), sto_test.try($$SELECT sto_test.decide_case('good', 'third', false)$$);

-- By the functions that a client calls
SELECT sto_test.seizure('easy', 'carol/1', '7');
SELECT sto.attach_body(case_event) AS body FROM sto.case WHERE case_id = sto_test.id('easy') \gset
SELECT sto.attach(sto_test.id('carol/1'), sto_test.id('enforcer'), :'body', sto_test.signatures(sto.act_message('attach', sto_test.id('carol/1'), sto_test.id('enforcer'), :'body'), '{31}')) AS easy \gset
SELECT sto.attach_lift_body(:easy, '7') AS body \gset
SELECT sto.attach_lift(sto_test.id('carol/1'), sto_test.id('third'), :'body', sto_test.signatures(sto.act_message('attach_lift', sto_test.id('carol/1'), sto_test.id('third'), :'body'), '{33}')) > 0;

-- From the log alone, and what sto.verify() sees of what no gate lets in
SELECT sto_test.check_invariants();
CREATE TABLE sto_test.attachments AS TABLE sto.attachment;
SELECT sto.rebuild() > 50;
SELECT count(*) FROM ((TABLE sto.attachment EXCEPT TABLE sto_test.attachments) UNION ALL (TABLE sto_test.attachments EXCEPT TABLE sto.attachment)) x;
CREATE FUNCTION sto_test.tampered(change text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto.begin_maintenance('test');
    EXECUTE change;
    RETURN QUERY SELECT concat_ws(' ', v.check_name, v.scope, sto_test.named(v.detail)) FROM sto.verify(false, '{cases,event_signatures,register}') v WHERE NOT v.ok AND v.scope IS DISTINCT FROM 'sto.subject';
    RAISE SQLSTATE 'YY001';
EXCEPTION WHEN SQLSTATE 'YY001' THEN
    RETURN;
END $$;
SELECT x.change, t.said
  FROM (VALUES ($$DELETE FROM sto.event WHERE kind = 'attach_lift' AND (body ->> 'amount') = '5'$$),
               ($$UPDATE sto.event SET body = replace(body::text, '"300"', '"1301"')::json WHERE kind = 'attach_lift' AND (body ->> 'amount') = '300'$$),
               ($$UPDATE sto.event SET actor = sto_test.id('alice') WHERE kind = 'attach_lift' AND (body ->> 'amount') = '300'$$),
               ($$UPDATE sto.event SET actor = sto_test.id('third') WHERE kind = 'attach' AND subject = sto_test.id('bob/1')$$),
               ($$UPDATE sto.event SET body = '{"case":1}' WHERE kind = 'attach' AND subject = sto_test.id('bob/1')$$),
               ($$UPDATE sto.event SET body = replace(body::text, '"1300"', '"1400"')::json WHERE kind = 'case' AND subject = sto_test.id('first')$$),
               ($$DELETE FROM sto.event WHERE kind = 'attach' AND subject = sto_test.id('bob/1')$$),
               ($$UPDATE sto.attachment SET remaining = '1' WHERE remaining > '1'$$)) AS x (change),
       LATERAL sto_test.tampered(x.change) AS t (said);
\c template1
DROP DATABASE sto_regress_attachment;
