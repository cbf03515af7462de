-- Receipts: who gets one, what it opens, and that nothing but the true one verifies.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_receipts;
CREATE DATABASE sto_regress_receipts TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_receipts
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\i :srcdir/signer/notes.sql
\set ECHO all
DROP ROLE IF EXISTS sto_regress_stranger, sto_regress_alice, sto_regress_bob, sto_regress_acme, sto_regress_bank, sto_regress_auditor, sto_regress_reader;
CREATE ROLE sto_regress_stranger;
CREATE ROLE sto_regress_alice;
CREATE ROLE sto_regress_bob;
CREATE ROLE sto_regress_acme;
CREATE ROLE sto_regress_bank;
CREATE ROLE sto_regress_auditor;
CREATE ROLE sto_regress_reader IN ROLE pg_read_all_data;
GRANT USAGE ON SCHEMA sto_test TO PUBLIC;

-- A ledger with a log key, two witnesses, and a wallet that a custodian keeps.
SELECT sto_test.begin_small();
SELECT sto_test.log_key() AS log_key, sto_test.witness('first', 901, 811) AS first, sto_test.witness('second', 902, 812) AS second;
SELECT sto_test.party('bank', '{30}') IS NOT NULL AS bank, sto_test.party('carol', NULL, 'natural') IS NOT NULL AS carol,
       sto_test.party('auditor') IS NOT NULL AS auditor, sto_test.grant_capability('auditor', 'auditor') IS NOT NULL AS granted;
SELECT sto_test.wallet('carol/1', 'carol', '{31}', 'client', NULL, jsonb_build_object('custodian', sto_test.id('bank'))) IS NOT NULL AS kept;
SELECT sto.map_role('sto_regress_' || r, sto_test.id(r)) FROM unnest('{alice,bob,acme,bank,auditor}'::text[]) AS r;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '20') AS paid \gset
SELECT sto_test.transfer('ACME', 'alice/1', 'carol/1', '5') AS kept \gset
SELECT sto_test.hold('ACME', 'alice/1', '7', 'pledge', '{"credit_wallet": "bob/1"}') AS pledge \gset
SELECT sto_test.vkey(sto_test.log_name(), 1, 801) AS log_key,
       ARRAY[sto_test.vkey('first.example/witness', 4, 811), sto_test.vkey('second.example/witness', 4, 812)]::text AS witnesses \gset

-- Not before it is sealed, nor before a checkpoint over it is signed.
SELECT sto.receipt(:paid);
SELECT sto.receipt(100000);
CALL sto.seal();
SELECT sto.receipt(:paid);
BEGIN;
SELECT sto.begin_maintenance('a test plays worker and witnesses') IS NOT NULL AS begun;
SELECT sto_test.put_checkpoint() AS size \gset
COMMIT;

CREATE FUNCTION pg_temp.shown(entry bigint, which text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    SELECT * INTO r FROM sto.verify_receipt(sto.receipt(entry, which), current_setting('sto_test.log_key'));
    RETURN concat_ws(' ', r.ok, r.reason, r.kind, r.amount, CASE WHEN r.side IS NULL THEN 'no side' ELSE r.side || ' ' || r.seq || ' ' || r.balance || ' ' || r.held END);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
SELECT set_config('sto_test.log_key', :'log_key', false) = :'log_key' AS set;

-- Each party gets its own side; the issuer the entry without a side; who sees both says which.
CREATE FUNCTION pg_temp.for_roles(entry bigint, which text DEFAULT NULL) RETURNS TABLE (role text, shown text) LANGUAGE plpgsql AS $$
BEGIN
    FOREACH role IN ARRAY '{alice,bob,acme,bank,auditor,reader,stranger}'::text[] LOOP
        EXECUTE 'SET LOCAL ROLE sto_regress_' || role;
        shown := pg_temp.shown(entry, which);
        RESET ROLE;
        RETURN NEXT;
    END LOOP;
END $$;
SELECT * FROM pg_temp.for_roles(:paid);
SELECT * FROM pg_temp.for_roles(:paid, 'credit');
SELECT * FROM pg_temp.for_roles(:kept);
SELECT * FROM pg_temp.for_roles(:pledge);
SELECT * FROM pg_temp.for_roles(:paid, 'none') WHERE role IN ('alice', 'auditor');
SELECT pg_temp.shown(:pledge, 'credit');
SELECT pg_temp.shown(:paid, 'both');
SELECT pg_temp.shown(1, 'debit');
-- one leaf, whoever reads: the other side stays a digest
SELECT count(DISTINCT v.leaf), count(DISTINCT v.record), bool_and(v.leaf = t.leaf_hash) AS that_of_the_log
  FROM sto.transfer t, unnest('{debit,credit,none}'::text[]) w
 CROSS JOIN LATERAL sto.verify_receipt(sto.receipt(:paid, w), :'log_key') v WHERE t.entry_id = :paid;
SELECT position(substr(w.salt::bytea, 1, 16) IN decode(split_part(split_part(sto.receipt(:paid, 'debit'), E'\n', 2), ' ', 2), 'base64')) AS salt_of_bob
  FROM sto.wallet w WHERE w.wallet_id = sto_test.id('bob/1');
-- events: those of the log itself for all, others for their subject, actor, and readers of all
SELECT e.kind, array_agg(r.role ORDER BY r.role) FILTER (WHERE r.shown ~ '^t ') AS readers
  FROM sto.event e, pg_temp.for_roles(e.entry_id) r WHERE e.entry_id < :paid GROUP BY e.entry_id, e.kind ORDER BY e.entry_id;

-- The newest witnessed checkpoint is taken, an entry above it gets the newest.
SELECT sto_test.transfer('ACME', 'bob/1', 'alice/1', '1') AS later \gset
CALL sto.seal();
BEGIN;
SELECT sto.begin_maintenance('a test plays worker and witnesses') IS NOT NULL AS begun;
SELECT sto_test.put_cosignature('first', 811), sto_test.put_cosignature('second', 812);
SELECT sto_test.put_checkpoint() > :size AS larger;
SELECT sto_test.put_cosignature('first', 811) > :size AS weak;
COMMIT;
SELECT v.ok, v.tree_size = :size AS witnessed_one, v.witnessed
  FROM sto.verify_receipt(sto.receipt(:paid), :'log_key', :'witnesses', 2) v;
SELECT v.ok, v.reason, v.tree_size FROM sto.verify_receipt(sto.receipt(:later), :'log_key', :'witnesses', 2) v;
SELECT v.ok, v.tree_size > :size AS newest, v.witnessed FROM sto.verify_receipt(sto.receipt(:later), :'log_key', :'witnesses', 1) v;
-- One that a single witness cosigned is better than a newer one that nobody did.
SELECT sto_test.transfer('ACME', 'bob/1', 'alice/1', '1') AS latest \gset
CALL sto.seal();
BEGIN;
SELECT sto.begin_maintenance('a test plays worker and witnesses') IS NOT NULL AS begun;
SELECT sto_test.put_checkpoint() > :size AS larger;
COMMIT;
SELECT v.ok, v.witnessed FROM sto.verify_receipt(sto.receipt(:later), :'log_key', :'witnesses', 1) v;
SELECT v.ok, v.witnessed FROM sto.verify_receipt(sto.receipt(:latest), :'log_key', :'witnesses') v;
-- Where no checkpoint has as many as the policy asks, one that two cosigned is better than a newer one that one did.
SELECT sto_test.witness_policy(3) > 0 AS three;
SELECT v.ok, v.tree_size = :size AS that_of_two, v.witnessed
  FROM sto.verify_receipt(sto.receipt(:paid), :'log_key', :'witnesses', 2) v;

-- What is not the true receipt does not verify, and says nothing.
SELECT sto.receipt(:paid, 'debit') AS receipt \gset
CREATE FUNCTION pg_temp.check(receipt text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN v.ok THEN 'ok' ELSE v.reason || CASE WHEN v.leaf IS NOT NULL OR v.balance IS NOT NULL THEN ' BUT IT SPEAKS' ELSE '' END END
      FROM sto.verify_receipt(receipt, current_setting('sto_test.log_key'), current_setting('sto_test.witnesses')::text[], 2) v $$;
SELECT set_config('sto_test.witnesses', :'witnesses', false) = :'witnesses' AS set;
SELECT pg_temp.check(:'receipt');
SELECT count(*) > 1000 AS octets, count(*) FILTER (WHERE pg_temp.check(overlay(:'receipt' PLACING CASE substr(:'receipt', n, 1) WHEN 'A' THEN 'B' ELSE 'A' END FROM n)) = 'ok') AS accepted
  FROM generate_series(1, length(:'receipt')) AS n;
SELECT count(*) FILTER (WHERE pg_temp.check(left(:'receipt', n)) = 'ok') AS cut_short, count(*) FILTER (WHERE pg_temp.check(overlay(:'receipt' PLACING '' FROM n + 1 FOR 1)) = 'ok') AS one_less
  FROM generate_series(0, length(:'receipt') - 1) AS n;
SELECT what, pg_temp.check(receipt) FROM (VALUES
    ('empty', ''),
    ('text after it', :'receipt' || 'x'),
    ('another index', regexp_replace(:'receipt', 'index \d+', 'index 1')),
    ('a hash left out', regexp_replace(:'receipt', '(index \d+\n)[^\n]+\n', '\1')),
    ('no extra', regexp_replace(:'receipt', 'extra [^\n]+\n', '')),
    ('another extra', regexp_replace(:'receipt', 'extra [^\n]+', 'extra ' || sto_test.base64('\x00'))),
    ('the record of another entry', regexp_replace(:'receipt', 'extra [^\n]+', (regexp_match(sto.receipt(:kept, 'debit'), 'extra [^\n]+'))[1])),
    ('no signature', regexp_replace(:'receipt', chr(8212) || ' ledger[^\n]+\n', '')),
    ('one witness', regexp_replace(:'receipt', chr(8212) || ' first[^\n]+\n', '')),
    ('a megabyte', :'receipt' || repeat('x', 1000000)),
    ('an extra of a megabyte', regexp_replace(:'receipt', 'extra [^\n]+', 'extra ' || repeat('AAAA', 300000)))) AS c (what, receipt);
-- signed by the log's key, but of what no ledger writes: such texts and times don't get out
CREATE FUNCTION pg_temp.forged(record bytea) RETURNS text LANGUAGE sql AS $$
    SELECT E'c2sp.org/tlog-proof@v1\nextra ' || sto_test.base64('\x0b'::bytea || 'sto.receipt'::bytea || '\x01'::bytea || int4send(length(record)) || record || '\x00'::bytea)
           || E'\nindex 0\n\n' || sto_test.signed_note(sto_test.checkpoint_text(1, encode(sha256('\x00'::bytea || record), 'hex')::sto.digest)) $$;
SELECT v.record AS entry, length(v.record) - 23 AS posted_at FROM sto.verify_receipt(:'receipt', :'log_key') v \gset
SELECT v.record AS event, length(v.record) - 7 AS recorded_at FROM sto.verify_receipt(sto.receipt(1), :'log_key') v \gset
SELECT what, v.ok, v.reason, v.kind, v.amount FROM (VALUES
    ('an entry, as it is', :'entry'::bytea),
    ('its amount the least there is', overlay(:'entry'::bytea PLACING '\x80000000000000000000000000000000'::bytea FROM position(int8send(20) IN :'entry'::bytea) - 8)),
    ('its time before all time', overlay(:'entry'::bytea PLACING '\x8000000000000000'::bytea FROM :posted_at)),
    ('an event, as it is', :'event'),
    ('its kind of other octets', overlay(:'event'::bytea PLACING '\xff00'::bytea FROM position('genesis'::bytea IN :'event'::bytea))),
    ('its time beyond all calendars', overlay(:'event'::bytea PLACING '\x7fffffffffffffff'::bytea FROM :recorded_at))) AS c (what, record),
    sto.verify_receipt(pg_temp.forged(record), :'log_key') v;
-- another's side is not the one that the record commits to
SELECT pg_temp.check(regexp_replace(:'receipt', 'extra [^\n]+', 'extra ' || sto_test.base64(overlay(extra PLACING '\x63'::bytea FROM length(extra) - 80))))
  FROM (SELECT decode(split_part(split_part(:'receipt', E'\n', 2), ' ', 2), 'base64') AS extra) AS x;
-- keys
SELECT v.ok, v.reason FROM sto.verify_receipt(:'receipt', sto_test.vkey(sto_test.log_name(), 1, 802)) v;
SELECT v.ok, v.reason FROM sto.verify_receipt(:'receipt', sto_test.vkey('ledger.example/other', 1, 801)) v;
SELECT v.ok, v.reason FROM sto.verify_receipt(:'receipt', :'log_key', ARRAY[sto_test.vkey('first.example/witness', 4, 811), sto_test.vkey('again.example/witness', 4, 811)], 2) v;
SELECT sto.verify_receipt(:'receipt', 'nonsense');
SELECT sto.verify_receipt(:'receipt', :'log_key', ARRAY[:'log_key'], 1);
SELECT sto.verify_receipt(:'receipt', (:'witnesses'::text[])[1]);
SELECT sto.verify_receipt(:'receipt', :'log_key', ARRAY[NULL]::text[], 1);
SELECT sto.verify_receipt(:'receipt', :'log_key', '{}', -1);
SELECT sto.verify_receipt(NULL, :'log_key') IS NULL AS null;

-- Where log or tree are not what was sealed, no receipt is given.
BEGIN;
SELECT sto.begin_maintenance('a test') IS NOT NULL AS begun;
UPDATE sto.transfer SET amount = 21 WHERE entry_id = :paid;
SELECT sto.receipt(:paid);
ROLLBACK;
BEGIN;
SELECT sto.begin_maintenance('a test') IS NOT NULL AS begun;
UPDATE sto.transfer SET leaf_hash = sha256('x')::sto.digest WHERE entry_id = :kept;
SELECT sto.receipt(:paid);
ROLLBACK;

\c template1
SET client_min_messages = warning;
DROP DATABASE sto_regress_receipts;
DROP ROLE sto_regress_stranger, sto_regress_alice, sto_regress_bob, sto_regress_acme, sto_regress_bank, sto_regress_auditor, sto_regress_reader;
