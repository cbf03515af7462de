-- sto.verify() replays what an entry found when it came: settlements, and whether something was closed; and reads indexes.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_settled;
CREATE DATABASE sto_regress_settled TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_settled
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all

-- Shares against cash, posted by a notary; another transaction uses the same group id before and after.
SELECT sto_test.begin_small();
SELECT sto_test.token('CASH', 'acme', NULL, 'cash', 2, '{"currency": "KZT"}') IS NOT NULL AS cash, sto_test.party('venue', '{70}') IS NOT NULL AS venue;
SELECT sto_test.issue('CASH', 'bob/1', '5000') IS NOT NULL AS issued;
SELECT jsonb_build_object('notary', 'venue', 'instruction_hash', encode(sha256(sto_test.tag('sto.instruction') || uuid_send(sto_test.ledger_id()) || int4send(2)
       || string_agg(leg, ''::bytea ORDER BY leg)), 'hex')) AS instruction
  FROM (SELECT uuid_send(sto_test.id(t)) || sto_test.address(d)::bytea || sto_test.address(c)::bytea || sto_test.i128(a)
          FROM (VALUES ('ACME', 'alice/1', 'bob/1', 10), ('CASH', 'bob/1', 'alice/1', 700)) AS l (t, d, c, a)) AS x (leg) \gset
SELECT sto_test.hold('ACME', 'alice/1', '10', 'settlement', :'instruction') AS shares,
       sto_test.hold('CASH', 'bob/1', '700', 'settlement', :'instruction') AS cash \gset
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1', jsonb_build_object('group_id', md5('g')::uuid)) AS before \gset
BEGIN;
SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', 'bob/1', 'amount', '10', 'ordering_party', 'venue',
       'hold_id', :shares, 'group_id', md5('g')::uuid), '{70}') AS shares_post \gset
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1') AS between \gset
SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'CASH', 'debit_wallet', 'bob/1', 'credit_wallet', 'alice/1', 'amount', '700', 'ordering_party', 'venue',
       'hold_id', :cash, 'group_id', md5('g')::uuid), '{70}') AS cash_post \gset
COMMIT;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1', jsonb_build_object('group_id', md5('g')::uuid)) AS after \gset

-- A pledge, posted.
SELECT sto_test.hold('ACME', 'alice/1', '3', 'pledge', '{"credit_wallet": "bob/1"}') AS pledge \gset
SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', 'bob/1', 'amount', '2', 'ordering_party', 'bob',
       'hold_id', :pledge, 'keep_rest', true), '{22}') AS pledge_post \gset

-- A party and a token, closed and opened again.
SELECT sto_test.event('party_status', sto_test.id('bob'), sto_test.id('registrar'), '{"status": "closed"}') AS closed \gset
SELECT sto_test.event('party_status', sto_test.id('bob'), sto_test.id('registrar'), '{"status": "active"}') AS opened \gset
SELECT sto_test.event('token_status', sto_test.id('CASH'), sto_test.id('acme'), '{"status": "closed"}') AS token_closed \gset
SELECT sto_test.event('token_status', sto_test.id('CASH'), sto_test.id('acme'), '{"status": "active"}') AS token_opened \gset
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1') AS later \gset
SELECT sto_test.transfer('CASH', 'alice/1', 'bob/1', '1') AS cash_later \gset
SELECT check_name, examined, ok, first_bad, detail FROM sto.verify() WHERE check_name IN ('groups', 'closed') OR NOT ok;

-- What these checks say once something was altered; other checks speak too, and aren't looked at here.
CREATE FUNCTION pg_temp.tamper(command text, check_name text) RETURNS TABLE (first_bad bigint, detail text) LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        PERFORM sto.begin_maintenance('a test');
        EXECUTE command;
        SELECT v.first_bad, v.detail INTO first_bad, detail FROM sto.verify(checks => ARRAY[check_name]) AS v WHERE NOT v.ok;
        RAISE EXCEPTION USING ERRCODE = 'ZZ001', MESSAGE = 'undone';
    EXCEPTION WHEN SQLSTATE 'ZZ001' THEN RETURN NEXT;
    END;
END $$;
SELECT c.what, f.first_bad = c.entry AS named, f.detail FROM (VALUES
    ('another amount', 'groups', :shares_post, format('UPDATE sto.transfer SET amount = 701 WHERE entry_id = %s', :cash_post)),
    ('another receiver', 'groups', :shares_post, format('UPDATE sto.transfer SET credit_wallet = (SELECT issuance FROM sto.token LIMIT 1) WHERE entry_id = %s', :cash_post)),
    ('a leg of another group', 'groups', :shares_post, format('UPDATE sto.transfer SET group_id = md5(''h'')::uuid WHERE entry_id = %s', :cash_post)),
    ('a leg of no group', 'groups', :shares_post, format('UPDATE sto.transfer SET group_id = NULL WHERE entry_id = %s', :cash_post)),
    ('a leg taken out', 'groups', :shares_post, format('DELETE FROM sto.transfer WHERE entry_id = %s', :cash_post)),
    ('a leg too much', 'groups', :shares_post, format('UPDATE sto.transfer SET group_id = md5(''g'')::uuid WHERE entry_id = %s', :between)),
    ('a rest kept', 'groups', :shares_post, format('UPDATE sto.hold SET remaining = 1 WHERE hold_id = %s', :shares)),
    ('a post to another than it names', 'holds', :pledge, format('UPDATE sto.transfer SET credit_wallet = (SELECT issuance FROM sto.token LIMIT 1) WHERE entry_id = %s', :pledge_post)),
    ('a hold that had expired', 'holds', :pledge, format('UPDATE sto.transfer SET release_after = posted_at WHERE entry_id = %s', :pledge)),
    ('a beneficiary that is no holder', 'holds', :pledge, format('UPDATE sto.transfer SET credit_wallet = (SELECT issuance FROM sto.token LIMIT 1) WHERE entry_id = %s', :pledge)),
    ('a wallet registered later', 'log', (SELECT min(entry_id) FROM sto.transfer WHERE credit_wallet = sto_test.address('bob/1')),
     'UPDATE sto.wallet SET registered = 1000000 WHERE address = sto_test.address(''bob/1'')'),
    ('a notary without keys', 'holds', :shares, format('UPDATE sto.transfer SET notary = sto_test.id(''bob'') WHERE entry_id = %s', :shares)),
    ('a party that was not opened again', 'closed', :later, format('DELETE FROM sto.event WHERE entry_id = %s', :opened)),
    ('a token that was not opened again', 'closed', :cash_later, format('DELETE FROM sto.event WHERE entry_id = %s', :token_opened)),
    ('an issuer closed', 'closed', :token_closed, format('UPDATE sto.event SET subject = sto_test.id(''acme'') WHERE entry_id IN (%s, %s)', :closed, :opened) || format('; DELETE FROM sto.event WHERE entry_id = %s', :opened)))
    AS c (what, check_name, entry, command), pg_temp.tamper(c.command, c.check_name) AS f;

-- An index that was not kept while a row came: it lacks the row.
UPDATE pg_index SET indisready = false WHERE indexrelid = 'sto.transfer_credit'::regclass;
\c
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1') AS unindexed \gset
UPDATE pg_index SET indisready = true WHERE indexrelid = 'sto.transfer_credit'::regclass;
\c
SELECT scope, ok, first_bad = :unindexed AS named, regexp_replace(detail, '\d+,\d+', 'n,n') AS detail FROM sto.verify() WHERE NOT ok;
REINDEX INDEX sto.transfer_credit;
SELECT sto.verify_ok();
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'sto.transfer_credit'::regclass;
SELECT scope, ok, detail FROM sto.verify(checks => '{indexes}') WHERE NOT ok;
UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'sto.transfer_credit'::regclass;
SELECT sto.verify_index('sto.transfer');
SELECT (sto.verify_index('pg_class_oid_index')).bad;
-- expressions of a stranger's index would run as the caller
CREATE TABLE public.stranger (n int);
CREATE INDEX stranger_n ON public.stranger ((n + 1));
SELECT sto_test.refusal($$SELECT sto.verify_index('public.stranger_n')$$);
-- how many wallets there are is not for those from whom row security hides them
GRANT USAGE ON SCHEMA sto_test TO PUBLIC;
SET ROLE pg_monitor;
SELECT sto_test.refusal(format('SELECT sto.verify_index(%L)', i)) FROM (VALUES ('sto.wallet_pkey'), ('sto.position_pkey'), ('sto.event_pkey')) AS v (i);
SELECT bad FROM sto.verify_index('sto.block_pkey');
RESET ROLE;
SET ROLE pg_read_all_data;
SELECT bad FROM sto.verify_index('sto.wallet_pkey');
RESET ROLE;

\c template1
SET client_min_messages = warning;
DROP DATABASE sto_regress_settled;
