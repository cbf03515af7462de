-- The log is append-only: for its owner and a superuser too, whatever the way.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_append;
CREATE DATABASE sto_regress_append TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_append
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all
-- an empty ledger may go
DROP EXTENSION sto_ledger CASCADE;
DROP SCHEMA sto_test CASCADE;
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all
SELECT sto_test.begin_small();
CREATE TABLE public.plain (LIKE sto.transfer);
CREATE TABLE public.parted (LIKE sto.event) PARTITION BY RANGE (entry_id);

-- Rows
UPDATE sto.event SET kind = 'x';
DELETE FROM sto.event;
UPDATE sto.transfer SET amount = '1';
DELETE FROM sto.transfer;
TRUNCATE sto.event;
TRUNCATE sto.transfer CASCADE;
MERGE INTO sto.transfer USING (SELECT 1) AS s ON true WHEN MATCHED THEN DELETE;
SET session_replication_role = replica;
UPDATE sto.event SET kind = 'x';
DELETE FROM sto.transfer;
TRUNCATE sto.event, sto.transfer;
-- a superuser's replica role is not logical apply: the gate stays
INSERT INTO sto.event (entry_id, kind, subject, actor, body) VALUES (99, 'party', sto_test.id('x'), sto_test.nil(), '{"kind": "legal"}');
RESET session_replication_role;

-- DDL
SELECT statement, sto_test.refusal(statement) FROM (VALUES
    ('ALTER TABLE sto.event DISABLE TRIGGER ALL'),
    ('ALTER TABLE sto.transfer DISABLE TRIGGER USER'),
    ('ALTER TABLE sto.event ENABLE REPLICA TRIGGER sto_gate'),
    ('ALTER TABLE sto.transfer ADD COLUMN x int'),
    ('ALTER TABLE sto.transfer DROP COLUMN reference'),
    ('ALTER TABLE sto.transfer ALTER COLUMN reference TYPE varchar'),
    ('ALTER TABLE sto.transfer DROP CONSTRAINT transfer_order'),
    ('ALTER TABLE sto.transfer REPLICA IDENTITY FULL'),
    ('ALTER TABLE sto.transfer RENAME TO other'),
    ('ALTER TABLE sto.transfer RENAME COLUMN kind TO sort'),
    ('ALTER TRIGGER sto_gate ON sto.transfer RENAME TO other'),
    ('ALTER TABLE sto.transfer SET SCHEMA public'),
    ('ALTER TABLE sto.transfer SET UNLOGGED'),
    ('ALTER TABLE sto.transfer OWNER TO CURRENT_USER'),
    ('ALTER TABLE sto.event SET (autovacuum_enabled = off)'),
    ('ALTER TABLE public.plain INHERIT sto.transfer'),
    ('ALTER TABLE public.parted ATTACH PARTITION sto.event DEFAULT'),
    ('CREATE TABLE public.child () INHERITS (sto.transfer)'),
    ('CREATE RULE r AS ON INSERT TO sto.transfer DO INSTEAD NOTHING'),
    ('CREATE TRIGGER t BEFORE INSERT ON sto.event FOR EACH ROW EXECUTE FUNCTION sto.refuse_change()'),
    ('DROP TRIGGER sto_gate ON sto.event'),
    ('DROP TRIGGER sto_guard ON sto.transfer'),
    ('DROP TABLE sto.transfer'),
    ('DROP TABLE sto.writer'),
    ('DROP SEQUENCE sto.entry_id_seq'),
    ('ALTER SEQUENCE sto.entry_id_seq CACHE 20'),
    ('ALTER INDEX sto.transfer_pkey RENAME TO other'),
    ('ALTER INDEX sto.wallet_id RENAME TO other'),
    ('ALTER TABLE sto.wallet RENAME TO other'),
    ('ALTER TABLE sto.wallet ADD COLUMN x int'),
    ('DROP INDEX sto.transfer_pkey'),
    ('DROP FUNCTION sto.event_gate() CASCADE'),
    ('DROP TYPE sto.digest CASCADE'),
    ('DROP SCHEMA sto CASCADE'),
    ('ALTER SCHEMA sto RENAME TO other'),
    ('DROP EXTENSION sto_ledger CASCADE'),
    ('ALTER EXTENSION sto_ledger DROP TABLE sto.event'),
    ('CREATE OR REPLACE FUNCTION sto.event_gate() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RETURN NEW; END'''),
    ('ALTER FUNCTION sto.refuse_change() SECURITY DEFINER'),
    ('DO ''BEGIN EXECUTE ''''ALTER TABLE sto.event DISABLE TRIGGER ALL''''; END''')) AS t (statement);

-- What keeps the tables healthy goes through
SELECT statement, sto_test.refusal(statement) FROM (VALUES
    ('ANALYZE sto.event'),
    ('ALTER TABLE sto.position SET (fillfactor = 60)'),
    ('REINDEX TABLE sto.transfer'),
    ('CLUSTER sto.event USING event_pkey'),
    ('CREATE INDEX mine ON sto.transfer (posted_by)'),
    ('DROP INDEX sto.mine'),
    ('GRANT SELECT ON sto.event TO pg_monitor'),
    ('COMMENT ON TABLE sto.event IS ''x'''),
    ('LOCK TABLE sto.event IN SHARE MODE'),
    ('CREATE PUBLICATION p FOR TABLE sto.event, sto.transfer'),
    ('DROP PUBLICATION p'),
    ('CREATE FUNCTION sto.mine() RETURNS int LANGUAGE sql AS ''SELECT 1'''),
    ('CREATE TABLE public.t2 (x int)'),
    ('DROP TABLE public.t2, public.plain')) AS t (statement);
VACUUM sto.event;
VACUUM FULL sto.transfer;
REINDEX TABLE CONCURRENTLY sto.event;
SELECT tgrelid::regclass AS log, tgname, tgenabled FROM pg_trigger WHERE tgrelid IN ('sto.event'::regclass, 'sto.transfer'::regclass) ORDER BY 1, 2;

-- Maintenance: a superuser's, recorded first, until the transaction ends
SELECT sto_test.refusal('SELECT sto.begin_maintenance('''')');
SELECT sto_test.refusal('SELECT sto.begin_maintenance(E''two\nlines'')');
BEGIN;
SELECT sto.begin_maintenance('say "hello" to Бақыт') > 0 AS begun;
ALTER TABLE sto.event SET (autovacuum_vacuum_scale_factor = 0.01);
SAVEPOINT a;
UPDATE sto.event SET kind = kind WHERE kind = 'genesis';
DELETE FROM sto.transfer;
ROLLBACK TO a;
COMMIT;
SELECT kind, body->>'reason' AS reason, body->>'by' = session_user AS by, actor, signatures FROM sto.event ORDER BY entry_id DESC LIMIT 1;
DELETE FROM sto.transfer;
-- rolled back with its event, the switch is closed again
BEGIN;
SAVEPOINT a;
SELECT sto.begin_maintenance('undone') > 0 AS begun;
ROLLBACK TO a;
DELETE FROM sto.transfer;
ROLLBACK;
BEGIN;
SAVEPOINT a;
SELECT sto.begin_maintenance('kept') > 0 AS begun;
RELEASE a;
SAVEPOINT b;
DELETE FROM sto.transfer;
ROLLBACK TO b;
ROLLBACK;
SELECT count(*) FROM sto.event WHERE kind = 'maintenance';

-- sto.rebuild(): what is derived is derived
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '100') > 0 AS moved;
SELECT sto_test.hold('ACME', 'alice/1', '50', 'pledge', '{"credit_wallet": "bob/1"}') > 0 AS held;
SELECT sto_test.set_keys('bob/1', '{23}') > 0 AS rotated;
CREATE FUNCTION pg_temp.projections() RETURNS TABLE (name text, rows bigint, content text) LANGUAGE plpgsql AS $$
BEGIN
    FOREACH name IN ARRAY '{subject,ledger,key_policy,key,party,capability,wallet,token,batch,position,hold}'::text[] LOOP
        RETURN QUERY EXECUTE format('SELECT %L, count(*), md5(string_agg(t::text, E''\n'' ORDER BY t::text)) FROM sto.%I AS t', name, name);
    END LOOP;
END $$;
CREATE TEMP TABLE before AS SELECT * FROM pg_temp.projections();
DELETE FROM sto.position;
UPDATE sto.wallet SET status = 'closed';
SELECT sto.rebuild() = (SELECT count(*) FROM sto.event) + (SELECT count(*) FROM sto.transfer) AS all_folded;
SELECT name, b.rows, a.rows = b.rows AND a.content IS NOT DISTINCT FROM b.content AS same FROM before AS b JOIN pg_temp.projections() AS a USING (name) ORDER BY name;
SELECT sto.rebuild(false) = (SELECT count(*) FROM sto.event) + (SELECT count(*) FROM sto.transfer) AS all_folded;
SELECT count(*) AS differ FROM before AS b JOIN pg_temp.projections() AS a USING (name) WHERE a.content IS DISTINCT FROM b.content;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1') > 0 AS goes_on;
BEGIN;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1') > 0 AS moved;
SELECT sto.rebuild();
ROLLBACK;

-- It stops at the first row that was tampered with, whichever column it was
BEGIN; SELECT sto.begin_maintenance('t') > 0 AS m; UPDATE sto.event SET body = '{"kind":"legal"}' WHERE kind = 'party' AND subject = sto_test.id('alice'); COMMIT;
SELECT sto_test.refusal('SELECT sto.rebuild()') LIKE 'ST404 |%leaf_hash differs%' AS body_altered;
BEGIN; SELECT sto.begin_maintenance('t') > 0 AS m; UPDATE sto.event SET body = '{"kind": "natural"}' WHERE kind = 'party' AND subject = sto_test.id('alice'); COMMIT;
SELECT sto.rebuild() > 0 AS put_back;
BEGIN; SELECT sto.begin_maintenance('t') > 0 AS m; UPDATE sto.event SET recorded_at = recorded_at + interval '1 microsecond' WHERE kind = 'token'; COMMIT;
SELECT sto_test.refusal('SELECT sto.rebuild()') LIKE 'ST404 |%leaf_hash differs%' AS time_altered;
BEGIN; SELECT sto.begin_maintenance('t') > 0 AS m; UPDATE sto.event SET recorded_at = recorded_at - interval '1 microsecond' WHERE kind = 'token'; COMMIT;
-- a row taken out of the middle of a chain, with nothing else touched
BEGIN; SELECT sto.begin_maintenance('t') > 0 AS m; CREATE TABLE public.kept AS SELECT * FROM sto.event WHERE kind = 'capability'; DELETE FROM sto.event WHERE kind = 'capability'; COMMIT;
SELECT sto_test.refusal('SELECT sto.rebuild()') LIKE 'ST404 |%' AS row_missing;
-- restore mode takes it back, complete
SET sto_ledger.restore = on;
INSERT INTO sto.event SELECT * FROM public.kept;
SELECT sto_test.refusal($$INSERT INTO sto.event SELECT entry_id + 1000000, recorded_at, subject, actor, prev_hash, leaf_hash, kind, body, signatures FROM public.kept$$) LIKE 'ST404 |%leaf_hash differs%' AS own_hash_checked;
SELECT sto_test.refusal('SELECT sto.rebuild()');
RESET sto_ledger.restore;
SELECT sto.rebuild() > 0 AS whole_again;
-- a forged event whose leaf and link are right, but that nobody signed
BEGIN;
SELECT sto.begin_maintenance('t') > 0 AS m;
INSERT INTO public.kept SELECT nextval('sto.entry_id_seq'), now(), sto_test.id('mallory'), sto_test.nil(), NULL,
       repeat('00', 32)::sto.digest, 'party', '{"kind": "legal"}', NULL;
UPDATE public.kept AS e SET leaf_hash = encode(sha256('\x00'::bytea || sto_test.tag('sto.event') || uuid_send(sto_test.ledger_id())
       || int8send(e.entry_id) || sto_test.text8(e.kind) || uuid_send(e.subject) || uuid_send(e.actor) || sto_test.opt(e.prev_hash::bytea)
       || sto_test.text32(e.body::text) || '\x00' || sto_test.time(e.recorded_at)), 'hex')::sto.digest WHERE kind = 'party';
SET LOCAL sto_ledger.restore = on;
INSERT INTO sto.event SELECT * FROM public.kept WHERE kind = 'party';
COMMIT;
SELECT sto_test.refusal('SELECT sto.rebuild()') LIKE 'ST404 |%the act is not signed%' AS forged;
BEGIN; SELECT sto.begin_maintenance('t') > 0 AS m; DELETE FROM sto.event WHERE subject = sto_test.id('mallory'); COMMIT;
SELECT sto.rebuild() > 0 AS whole_again;
SELECT count(*) AS differ FROM sto.subject AS s JOIN sto.event AS e ON e.entry_id = s.last_event WHERE s.head <> e.leaf_hash;

-- a caught error leaves nothing of the rebuild behind
BEGIN;
SELECT sto.begin_maintenance('t') > 0 AS m;
UPDATE sto.event SET recorded_at = recorded_at + interval '1 day' WHERE kind = 'token';
COMMIT;
BEGIN;
SELECT left(sto_test.refusal('SELECT sto.rebuild()'), 5);
SELECT sto_test.party('carol', NULL, 'natural');
ROLLBACK;
BEGIN;
SELECT sto.begin_maintenance('t') > 0 AS m;
UPDATE sto.event SET recorded_at = recorded_at - interval '1 day' WHERE kind = 'token';
COMMIT;

\c postgres
\set ECHO none
SET client_min_messages = warning;
DROP DATABASE sto_regress_append;
