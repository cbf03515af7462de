-- sto.verify(): an honest ledger passes every check; every altered column, row and projection is found.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_verify;
CREATE DATABASE sto_regress_verify TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_verify
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all

-- Before genesis there is nothing to say.
SELECT check_name, scope, examined, ok, first_bad FROM sto.verify() WHERE check_name <> 'guards';

-- A ledger with every kind of entry and event.
CREATE FUNCTION pg_temp.use_hold(kind text, amount text, hold bigint, who uuid, seeds int[], extra jsonb DEFAULT '{}') RETURNS bigint
    LANGUAGE sql AS $$
    SELECT sto_test.post(jsonb_build_object('kind', kind, 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'amount', amount,
        'hold_id', hold, 'ordering_party', who)
        || CASE kind WHEN 'post' THEN '{"credit_wallet": "bob/1"}' ELSE '{}' END::jsonb || extra, seeds) $$;
SELECT sto_test.begin_small();
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '20', '{"reference": "invoice 7", "valid_until": "2100-01-01T00:00:00Z"}');
SELECT sto_test.redeem('ACME', 'bob/1', '5');
SELECT sto_test.hold('ACME', 'alice/1', '100', 'pledge', '{"credit_wallet": "bob/1"}') AS pledge \gset
SELECT pg_temp.use_hold('post', '40', :pledge, sto_test.id('bob'), '{22}', '{"keep_rest": true}');
SELECT pg_temp.use_hold('release', '10', :pledge, sto_test.id('bob'), '{22}');
SELECT pg_temp.use_hold('post', '20', :pledge, sto_test.id('bob'), '{22}');
SELECT sto_test.hold('ACME', 'alice/1', '6', 'hash_lock', jsonb_build_object('credit_wallet', 'bob/1',
    'condition_hash', encode(sha256(decode(repeat('ab', 32), 'hex')), 'hex'), 'release_after', '2100-01-01T00:00:00Z')) AS lock \gset
SELECT pg_temp.use_hold('post', '6', :lock, sto_test.id('registrar'), '{}', jsonb_build_object('preimage', '\x' || repeat('ab', 32)));
SELECT sto_test.hold('ACME', 'alice/1', '9', 'pledge', '{"credit_wallet": "bob/1"}') AS open_pledge \gset
SELECT sto_test.set_keys('alice/1', '{23,24,1001}', 2, '{"24": {"to": 4102444800000000}}');
SELECT sto_test.post(jsonb_build_object('kind', 'transfer', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', 'bob/1',
    'amount', '1', 'ordering_party', 'alice'), '{23,1001}') AS signed_by_two \gset
SELECT sto_test.event('token_policy', sto_test.id('ACME'), sto_test.id('acme'), '{"unsigned_role": "pg_read_all_data"}') AS policy \gset
SELECT sto_test.post(jsonb_build_object('kind', 'transfer', 'token_id', 'ACME', 'debit_wallet', 'bob/1', 'credit_wallet', 'alice/1',
    'amount', '3', 'ordering_party', 'bob'), '{}') AS unsigned \gset
SELECT sto_test.event('token_policy', sto_test.id('ACME'), sto_test.id('acme'), '{"unsigned_role": null}') > :unsigned AS taken_back;
CREATE TEMP TABLE list AS
SELECT n, (sto_test.make_order(jsonb_build_object('kind', 'issue', 'token_id', 'ACME', 'debit_wallet', 'ACME', 'credit_wallet', 'bob/1',
    'amount', n::text, 'ordering_party', 'acme'))).* FROM generate_series(1, 5) AS n;
SELECT sto.batch_body(sto_test.id('ACME'), count(*), sum(amount),
    sto.batch_hash(sto.order_message(kind, order_id, ordering_party, token_id, amount, debit_wallet, credit_wallet) ORDER BY n)) AS body
  FROM list \gset
SELECT sto.create_batch(sto_test.id('batch'), sto_test.id('acme'), :'body',
    sto_test.signatures(sto.act_message('batch', sto_test.id('batch'), sto_test.id('acme'), :'body'), '{10}')) AS batch \gset
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, authority_event)
SELECT kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, :batch FROM list ORDER BY n;
SELECT sto_test.party('carol', NULL, 'natural', '{"country": "KZ"}') IS NOT NULL AS carol;
SELECT sto_test.event('party_status', sto_test.id('carol'), sto_test.id('registrar'), '{"status": "closed"}') IS NOT NULL AS closed;

SELECT check_name, scope, examined, ok, first_bad,
       CASE WHEN check_name <> 'guards' THEN detail END AS detail
  FROM sto.verify();
SELECT sto.verify_ok(), sto.verify_ok(false);
SELECT check_name FROM sto.verify(checks => '{links}');
SELECT check_name FROM sto.verify(checks => '{nonsense}');

-- What fails once a superuser has altered something, all hashes left as they are.
CREATE FUNCTION pg_temp.tamper(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
    n     bigint;
BEGIN
    BEGIN
        PERFORM sto.begin_maintenance('a test');
        EXECUTE command;
        GET DIAGNOSTICS n = ROW_COUNT;
        SELECT string_agg(v.check_name || coalesce(' ' || v.first_bad, ''), ', ') INTO found
          FROM sto.verify() v WHERE NOT v.ok;
        IF n <> 1 THEN found := format('%s rows; %s', n, found); END IF;
        RAISE EXCEPTION USING ERRCODE = 'ZZ001', MESSAGE = coalesce(found, 'NOT FOUND');
    EXCEPTION WHEN SQLSTATE 'ZZ001' THEN RETURN SQLERRM;
    END;
END $$;

-- Each column of an entry in turn (signed by two keys, both sides moved).
SELECT a.attname AS "column", pg_temp.tamper(format('UPDATE sto.transfer SET %I = %s WHERE entry_id = %s', a.attname,
    CASE WHEN a.attname = 'entry_id' THEN '100000'
         WHEN a.attname = 'kind' THEN $$'redeem'$$
         WHEN a.attname = 'purpose' THEN $$'pledge'$$
         WHEN a.attname = 'signatures' THEN 'substr(signatures, 1, 74)'
         WHEN a.attname = 'preimage' THEN $$sha256('x')$$
         WHEN a.attname = 'debit_wallet' THEN $$(SELECT issuance FROM sto.token)$$
         WHEN a.attname = 'credit_wallet' THEN $$(SELECT issuance FROM sto.token)$$
         WHEN a.atttypid = 'bigint'::regtype THEN format('coalesce(%I, 0) + 1', a.attname)
         WHEN a.atttypid = 'timestamptz'::regtype THEN format($f$coalesce(%I, '2090-01-01') + interval '1 microsecond'$f$, a.attname)
         WHEN a.atttypid = 'sto.token_amount'::regtype THEN format('%I + 1', a.attname)
         WHEN a.atttypid = 'uuid'::regtype THEN $$md5('x')::uuid$$
         WHEN a.atttypid = 'sto.digest'::regtype THEN $$sha256('x')::sto.digest$$
         WHEN a.atttypid = 'boolean'::regtype THEN 'true'
         ELSE $$'x'$$ END, :signed_by_two)) ~ ('entry_leaves ' || CASE a.attname WHEN 'entry_id' THEN 100000 ELSE :signed_by_two END) AS found
  FROM pg_attribute a WHERE a.attrelid = 'sto.transfer'::regclass AND a.attnum > 0 ORDER BY a.attnum;

-- Each column of an event.
SELECT a.attname AS "column", pg_temp.tamper(format('UPDATE sto.event SET %I = %s WHERE entry_id = %s', a.attname,
    CASE a.attname WHEN 'entry_id' THEN '100000' WHEN 'recorded_at' THEN $$recorded_at + interval '1 microsecond'$$
         WHEN 'kind' THEN $$'token_terms'$$ WHEN 'body' THEN $$'{"unsigned_role": "postgres"}'$$
         WHEN 'signatures' THEN 'NULL' WHEN 'subject' THEN $$md5('x')::uuid$$ WHEN 'actor' THEN $$md5('x')::uuid$$
         ELSE $$sha256('x')::sto.digest$$ END, :policy)) ~ ('event_leaves ' || CASE a.attname WHEN 'entry_id' THEN 100000 ELSE :policy END) AS found
  FROM pg_attribute a WHERE a.attrelid = 'sto.event'::regclass AND a.attnum > 0 ORDER BY a.attnum;

-- Rows taken out.
SELECT pg_temp.tamper(format('DELETE FROM sto.transfer WHERE entry_id = %s', :signed_by_two)) ~ 'entry_links' AS entry_gone;
SELECT pg_temp.tamper('DELETE FROM sto.transfer WHERE entry_id = (SELECT max(entry_id) FROM sto.transfer)') ~ 'entry_links' AS last_gone;
SELECT pg_temp.tamper(format('DELETE FROM sto.event WHERE entry_id = %s', :policy)) ~ 'event_links' AS event_gone;

-- An entry altered, and its leaf made to fit: the links and the signature still tell.
SELECT pg_temp.tamper(format($$
    UPDATE sto.transfer SET amount = 2, debit_balance = debit_balance - 1, credit_balance = credit_balance + 1,
           leaf_hash = sto.entry_leaf((SELECT ROW(t.*)::sto.transfer FROM (SELECT (jsonb_populate_record(x, jsonb_build_object(
               'amount', '2', 'debit_balance', (x.debit_balance - 1)::text, 'credit_balance', (x.credit_balance + 1)::text))).*
               FROM sto.transfer x WHERE x.entry_id = %1$s) t), sto.ledger_id(), sto_test.salt('alice/1')::sto.digest, sto_test.salt('bob/1')::sto.digest)
     WHERE entry_id = %1$s$$, :signed_by_two)) AS rehashed;

-- Projections.
SELECT command, pg_temp.tamper(command) AS found FROM (VALUES
    ('UPDATE sto.position SET balance = balance + 1 WHERE wallet = sto_test.address(''bob/1'')'),
    ('UPDATE sto.position SET held = held - 1 WHERE wallet = sto_test.address(''alice/1'')'),
    ('UPDATE sto.position SET seq = seq + 1 WHERE wallet = sto_test.address(''bob/1'')'),
    ('UPDATE sto.position SET head = sha256(''x'')::sto.digest WHERE wallet = sto_test.address(''bob/1'')'),
    ('UPDATE sto.position SET posted_at = posted_at - interval ''1 second'' WHERE wallet = sto_test.address(''bob/1'')'),
    ('DELETE FROM sto.position WHERE wallet = sto_test.address(''bob/1'')'),
    ('UPDATE sto.hold SET remaining = remaining + 1 WHERE remaining > 0'),
    ('UPDATE sto.token SET authorised = 1'),
    ('UPDATE sto.token SET decimals = 2'),
    ('UPDATE sto.token SET unsigned_role = ''postgres'''),
    ('UPDATE sto.wallet SET salt = sha256(''x'')::sto.digest WHERE wallet_id = sto_test.id(''bob/1'')'),
    ('UPDATE sto.wallet SET party_id = sto_test.id(''bob'') WHERE wallet_id = sto_test.id(''alice/1'')'),
    ('UPDATE sto.wallet SET custodian = sto_test.id(''bob'') WHERE wallet_id = sto_test.id(''alice/1'')'),
    ('UPDATE sto.wallet SET signed_only = true WHERE wallet_id = sto_test.id(''bob/1'')'),
    ('UPDATE sto.party SET status = ''active'' WHERE status = ''closed'''),
    ('DELETE FROM sto.party WHERE party_id = sto_test.id(''carol'')'),
    ('UPDATE sto.capability SET granted = false'),
    ('UPDATE sto.key SET retired = NULL WHERE retired IS NOT NULL'),
    ('UPDATE sto.key SET subject = md5(''x'')::uuid WHERE fingerprint = sto.fingerprint(sto_test.public_key(22)::sto.public_key)'),
    ('UPDATE sto.key_policy SET policy = sto.key_policy(1, ARRAY[sto_test.public_key(99)::sto.public_key]) WHERE subject = sto_test.id(''bob/1'')'),
    ('UPDATE sto.batch SET posted = false'),
    ('UPDATE sto.batch SET usable_until = ''2100-01-01'''),
    ('UPDATE sto.ledger SET register_authority = ''roles'''),
    ('UPDATE sto.subject SET kind = ''party'' WHERE subject = sto_test.id(''ACME'')'),
    ('UPDATE sto.subject SET head = sha256(''x'')::sto.digest WHERE subject = sto_test.id(''ACME'')')) AS c (command);

-- Guards.
SELECT command, pg_temp.tamper(command) ~ 'guards' AS found FROM (VALUES
    ('ALTER TABLE sto.transfer DISABLE TRIGGER sto_gate'),
    ('ALTER TABLE sto.transfer ENABLE TRIGGER sto_gate'),
    ('ALTER TABLE sto.event ENABLE REPLICA TRIGGER sto_guard'),
    ('CREATE TABLE public.child () INHERITS (sto.transfer)'),
    ('CREATE RULE r AS ON INSERT TO sto.event DO ALSO NOTHING'),
    ('ALTER SEQUENCE sto.entry_id_seq CACHE 20')) AS c (command);

-- A maintenance that alters nothing is allowed, and told.
BEGIN;
SELECT sto.begin_maintenance('looking around') IS NOT NULL AS begun;
COMMIT;
SELECT ok, detail FROM sto.verify() WHERE check_name = 'event_signatures';

-- A holder's statement verifies alone: its chain, and each leaf with the other side as a digest.
SELECT count(*), bool_and(sto.entry_leaf(s, sto.ledger_id()) = s.leaf_hash) AS leaves
  FROM sto.statement(sto_test.address('alice/1'), sto_test.id('ACME')) AS s;
SELECT bool_and(x.prev IS NOT DISTINCT FROM x.before) AS links
  FROM (SELECT s.prev, lag(s.leaf_hash) OVER (ORDER BY s.seq) AS before
          FROM sto.statement(sto_test.address('alice/1'), sto_test.id('ACME')) AS s) x;
SELECT count(*) FROM sto.statement(sto_test.address('alice/1'), sto_test.id('ACME'), 'infinity');

\c template1
SET client_min_messages = warning;
DROP DATABASE sto_regress_verify;
