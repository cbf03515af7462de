-- Reports of suspicion: for enforcers alone, unseen by whom they are about, kept as long as they must and then erased.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_suspicion;
CREATE DATABASE sto_regress_suspicion TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_suspicion
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all
DROP ROLE IF EXISTS sto_regress_enforcer, sto_regress_second, sto_regress_registrar, sto_regress_auditor, sto_regress_issuer, sto_regress_alice, sto_regress_stranger, sto_regress_reader;
CREATE ROLE sto_regress_enforcer;
CREATE ROLE sto_regress_second;
CREATE ROLE sto_regress_registrar;
CREATE ROLE sto_regress_auditor;
CREATE ROLE sto_regress_issuer;
CREATE ROLE sto_regress_alice;
CREATE ROLE sto_regress_stranger;
CREATE ROLE sto_regress_reader IN ROLE pg_read_all_data;
GRANT USAGE ON SCHEMA sto_test TO PUBLIC;
SELECT sto_test.begin_small() IS NOT NULL AS begun, sto_test.officer('auditor', 91, 'auditor') IS NOT NULL AS auditor, sto_test.officer('enforcer', 92, 'enforcer') IS NOT NULL AS enforcer, sto_test.officer('second', 93, 'enforcer') IS NOT NULL AS second;
SELECT count(sto.map_role('sto_regress_' || r, sto_test.id(p))) AS mapped FROM (VALUES ('enforcer', 'enforcer'), ('second', 'second'), ('registrar', 'registrar'), ('auditor', 'auditor'), ('issuer', 'acme'), ('alice', 'alice')) AS v (r, p);
CREATE TABLE sto_test.log_before AS SELECT count(*) AS events, max(entry_id) AS last FROM sto.event;

-- Who writes: an enforcer, of a party that is registered, or is not
SET ROLE sto_regress_enforcer;
SELECT sto.record_suspicion(sto_test.id('alice'), 'finding', 'Three payments just below the limit on one day.') <= clock_timestamp() AS recorded;
SELECT sto.record_suspicion(sto_test.id('alice'), 'report', '{"authority": "FMA", "number": "17"}', now() + interval '10 years') IS NOT NULL AS report,
       sto.record_suspicion(sto_test.id('turned away'), 'finding', 'Would not say who he is.') IS NOT NULL AS not_registered,
       sto.record_suspicion(sto_test.id('second'), 'contact', 'Asked about the other officer.', 'infinity') IS NOT NULL AS officer;
SELECT sto.record_suspicion(sto_test.id('alice'), 'rumour', 'x');
SELECT sto.record_suspicion(sto_test.id('alice'), 'finding', '');
SELECT sto.record_suspicion(sto_test.id('alice'), 'finding', repeat('x', 1024 * 1024 + 1));
SELECT sto.record_suspicion(sto_test.id('alice'), 'finding', 'x', now() - interval '1 second');
SELECT sto.record_suspicion(sto_test.id('alice'), 'finding', 'x', '-infinity');
SELECT sto.record_suspicion(sto_test.id('alice'), 'finding', NULL) IS NULL AS nothing;
-- not past the functions
INSERT INTO sto.suspicion SELECT * FROM sto.suspicion;
UPDATE sto.suspicion SET content = '';
DELETE FROM sto.suspicion;
TRUNCATE sto.suspicion;
RESET ROLE;
CREATE FUNCTION sto_test.tries() RETURNS TABLE (role text, records text, erases text) LANGUAGE plpgsql AS $$
BEGIN
    FOREACH role IN ARRAY '{registrar,auditor,issuer,alice,stranger,reader}'::text[] LOOP
        EXECUTE 'SET LOCAL ROLE sto_regress_' || role;
        records := sto_test.refusal(format('SELECT sto.record_suspicion(%L, ''finding'', ''x'')', sto_test.id('bob')));
        erases := sto_test.refusal(format('SELECT sto.erase_suspicion(%L)', sto_test.id('bob')));
        RESET ROLE;
        RETURN NEXT;
    END LOOP;
END $$;
SELECT role, left(records, 60) AS records, left(erases, 60) AS erases FROM sto_test.tries();

-- Who reads: enforcers, and none of them what is about himself
CREATE VIEW sto_test.names AS SELECT sto_test.id(n) AS id, n AS name FROM unnest('{alice,second,turned away,enforcer}'::text[]) AS n;
GRANT SELECT ON sto_test.names TO PUBLIC;
SET ROLE sto_regress_enforcer;
SELECT p.name, s.kind, b.name AS by, date_trunc('day', s.keep_until) = date_trunc('day', s.recorded_at + interval '6 years') AS six_years FROM sto.suspicion_file() s JOIN sto_test.names p ON p.id = s.party_id JOIN sto_test.names b ON b.id = s.recorded_by ORDER BY s.recorded_at, p.name;
SELECT kind, content FROM sto.suspicion_file(sto_test.id('turned away'));
SET ROLE sto_regress_second;
SELECT p.name, count(*) FROM sto.suspicion_file() s JOIN sto_test.names p ON p.id = s.party_id GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM sto.suspicion_file(sto_test.id('second'));
RESET ROLE;
-- nobody reads the table, nor its plan: EXPLAIN ANALYZE would count what row security takes away
CREATE FUNCTION sto_test.readers() RETURNS TABLE (role text, reads text, reads_table text, explains text) LANGUAGE plpgsql AS $$
BEGIN
    FOREACH role IN ARRAY '{enforcer,second,registrar,auditor,issuer,alice,stranger}'::text[] LOOP
        EXECUTE 'SET LOCAL ROLE sto_regress_' || role;
        reads := sto_test.refusal('SELECT count(*) FROM sto.suspicion_file()');
        reads_table := sto_test.refusal('SELECT count(*) FROM sto.suspicion');
        explains := sto_test.refusal(format('EXPLAIN ANALYZE SELECT FROM sto.suspicion WHERE party_id = %L', sto_test.id('alice')));
        RESET ROLE;
        RETURN NEXT;
    END LOOP;
END $$;
SELECT role, left(reads, 51) AS reads, left(reads_table, 5) AS reads_table, left(explains, 5) AS explains FROM sto_test.readers();
SET ROLE sto_regress_reader;
SELECT count(*) FROM sto.suspicion;
RESET ROLE;
-- the log knows nothing of it
SELECT (SELECT count(*) FROM sto.event) = events AND (SELECT max(entry_id) FROM sto.event) = last AS same FROM sto_test.log_before;

-- A file goes as a whole, and not before the last day of any of its rows
SET ROLE sto_regress_second;
SELECT sto.record_suspicion(sto_test.id('bob'), 'finding', 'Nothing in it.', clock_timestamp() + interval '1 second') IS NOT NULL AS shortly, sto.record_suspicion(sto_test.id('bob'), 'contact', 'Nothing in it.', clock_timestamp() + interval '3 seconds') IS NOT NULL AS longer;
\set VERBOSITY sqlstate
SELECT sto.erase_suspicion(sto_test.id('bob'));
SELECT sto.erase_suspicion(sto_test.id('alice'));
\set VERBOSITY terse
-- the answer about himself is that of no file
SELECT sto.erase_suspicion(sto_test.id('second')) AS none;
SELECT pg_sleep(3.1) IS NOT NULL AS later;
SELECT sto.erase_suspicion(sto_test.id('bob')) AS both, sto.erase_suspicion(sto_test.id('bob')) AS none;
RESET ROLE;
SELECT count(*) AS kept FROM sto.suspicion;
SELECT count(*) AS told FROM sto.erasure;
-- an enforcer who is one no more reads and writes nothing
SELECT sto_test.grant_capability('second', 'enforcer', false) IS NOT NULL AS withdrawn;
SET ROLE sto_regress_second;
SELECT count(*) FROM sto.suspicion_file();
SELECT sto.record_suspicion(sto_test.id('alice'), 'finding', 'x');
RESET ROLE;
BEGIN READ ONLY;
SELECT sto.record_suspicion(sto_test.id('alice'), 'finding', 'x');
ROLLBACK;
SELECT count(*) FILTER (WHERE NOT ok) AS faults FROM sto.verify();
SELECT sto.rebuild() > 0 AS rebuilt, (SELECT count(*) FROM sto.suspicion) AS kept;

\c template1
SET client_min_messages = warning;
DROP DATABASE sto_regress_suspicion;
DROP ROLE sto_regress_enforcer, sto_regress_second, sto_regress_registrar, sto_regress_auditor, sto_regress_issuer, sto_regress_alice, sto_regress_stranger, sto_regress_reader;
