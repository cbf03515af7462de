-- Personal data: who keeps, reads and erases it, and that nothing that was proven hangs on it.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_private;
CREATE DATABASE sto_regress_private TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_private
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\i :srcdir/signer/notes.sql
\set ECHO all
DROP ROLE IF EXISTS sto_regress_stranger, sto_regress_alice, sto_regress_bob, sto_regress_registrar, sto_regress_auditor, sto_regress_enforcer, sto_regress_reader;
CREATE ROLE sto_regress_stranger;
CREATE ROLE sto_regress_alice;
CREATE ROLE sto_regress_bob;
CREATE ROLE sto_regress_registrar;
CREATE ROLE sto_regress_auditor;
CREATE ROLE sto_regress_enforcer;
CREATE ROLE sto_regress_reader IN ROLE pg_read_all_data;
GRANT USAGE ON SCHEMA sto_test TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA sto_test TO PUBLIC;

SELECT sto.put_party_private(sto_test.id('alice'), 'identity', 'before the ledger is open');
SELECT sto_test.begin_small();
SELECT sto_test.party(p, ARRAY[s]) IS NOT NULL AS party, sto_test.grant_capability(p, p) IS NOT NULL AS granted FROM (VALUES ('auditor', 91), ('enforcer', 92)) AS v (p, s);
SELECT sto.map_role('sto_regress_' || r, sto_test.id(r)) FROM unnest('{alice,bob,registrar,auditor,enforcer}'::text[]) AS r;
SELECT sto_test.id('alice') AS alice, sto_test.id('bob') AS bob, sto_test.id('carol') AS carol \gset

-- The commitment, from the page's words alone.
CREATE FUNCTION sto_test.commitment(party uuid, topic text, salt bytea, value text) RETURNS text LANGUAGE sql AS $$
    SELECT encode(sha256(sto_test.tag('sto.private') || uuid_send(sto_test.ledger_id()) || uuid_send(party) || sto_test.text8(topic)
                         || salt || sto_test.text32(value)), 'hex') $$;

-- A registrar keeps it before or after the party is registered, under a salt of its own each time.
SET ROLE sto_regress_registrar;
SELECT sto.put_party_private(:'carol', 'identity', '{"name": "Әлия Сейтова", "born": "1990-02-03"}') AS carol_identity \gset
SELECT sto.put_party_private(:'alice', 'identity', 'the same') AS first \gset
SELECT sto.put_party_private(:'alice', 'identity', 'the same') AS second \gset
SELECT sto.put_party_private(:'alice', 'address', 'Mangilik El 55/20, Astana') AS address \gset
SELECT sto.put_party_private(:'bob', 'identity', repeat('long ', 100000)) IS NOT NULL AS long;
RESET ROLE;
SELECT :'first' <> :'second' AS salted;
SELECT sto_test.party('carol', NULL, 'natural', jsonb_build_object('commitment', :'carol_identity')) = :'carol' AS carol;
SELECT sto_test.wallet('carol/1', 'carol', '{31}') IS NOT NULL AS wallet;
SELECT bool_and(p.commitment::text = sto_test.commitment(p.party_id, p.topic, p.salt::bytea, p.value)) AS as_written,
       bool_and(p.commitment = sto.private_commitment(sto.ledger_id(), p.party_id, p.topic, p.salt, p.value)) AS as_computed,
       count(*) FROM sto.party_private p;
SELECT * FROM sto.verify_private();

-- What is refused
SET ROLE sto_regress_registrar;
SELECT sto.put_party_private(:'alice', 'Identity', 'x');
SELECT sto.put_party_private(:'alice', '', 'x');
SELECT sto.put_party_private(:'alice', repeat('a', 65), 'x');
SELECT sto.put_party_private(:'alice', 'identity', '');
SELECT sto.put_party_private(:'alice', 'identity', repeat('x', 1024 * 1024 + 1));
SELECT sto.put_party_private(:'alice', 'identity', NULL) IS NULL AS nothing;
SELECT sto.erase_party_private(:'alice', '');
SELECT sto.erase_party_private(:'alice', E'two\nlines');
SELECT sto.erase_party_private(:'alice', NULL);
BEGIN READ ONLY;
SELECT sto.put_party_private(:'alice', 'identity', 'x');
ROLLBACK;
BEGIN READ ONLY;
SELECT sto.erase_party_private(:'alice', 'a test');
ROLLBACK;
INSERT INTO sto.party_private SELECT * FROM sto.party_private;
UPDATE sto.party_private SET value = '';
DELETE FROM sto.party_private;
TRUNCATE sto.party_private;
DELETE FROM sto.erasure;
SELECT * FROM sto.erasure;
RESET ROLE;
CREATE FUNCTION pg_temp.tried() RETURNS TABLE (role text, put text, erased text, rows bigint, parties bigint, rows_of_log bigint) LANGUAGE plpgsql AS $$
BEGIN
    FOREACH role IN ARRAY '{stranger,alice,bob,auditor,enforcer,reader,registrar}'::text[] LOOP
        EXECUTE 'SET LOCAL ROLE sto_regress_' || role;
        BEGIN
            PERFORM sto.put_party_private(sto_test.id('dave'), 'identity', 'x');
            put := 'yes';
        EXCEPTION WHEN OTHERS THEN put := SQLSTATE;
        END;
        BEGIN
            PERFORM sto.erase_party_private(sto_test.id('dave'), 'a test');
            erased := 'yes';
        EXCEPTION WHEN OTHERS THEN erased := SQLSTATE;
        END;
        SELECT count(*), count(DISTINCT p.party_id) INTO rows, parties FROM sto.party_private p;
        SELECT count(*) INTO rows_of_log FROM sto.erasure_log;
        RESET ROLE;
        RETURN NEXT;
    END LOOP;
END $$;
SELECT * FROM pg_temp.tried();
-- each sees what the table would give for its party
SET ROLE sto_regress_alice;
SELECT bool_and(party_id = :'alice') AS own, count(*), count(salt) AS salts FROM sto.party_private;
SELECT * FROM sto.my_capability;
RESET ROLE;
SET ROLE sto_regress_registrar;
SELECT capability FROM sto.my_capability;
RESET ROLE;

-- Proof, receipt, verification and decisions before anything is erased
SELECT sto_test.issue('ACME', 'carol/1', '500') AS issued \gset
SELECT sto_test.log_key() IS NOT NULL AS log_key, sto_test.witness('first', 901, 811) IS NOT NULL AS first, sto_test.witness('second', 902, 812) IS NOT NULL AS second;
CALL sto.seal();
BEGIN;
SELECT sto.begin_maintenance('a test plays worker and witnesses') IS NOT NULL AS begun;
SELECT sto_test.put_checkpoint() AS size \gset
SELECT sto_test.put_cosignature(p, s) = :size AS cosigned FROM (VALUES ('first', 811), ('second', 812)) AS v (p, s);
COMMIT;
SELECT e.entry_id AS event, e.leaf_hash AS leaf FROM sto.event e WHERE e.kind = 'party' AND e.subject = :'carol' \gset
SELECT sto_test.vkey(sto_test.log_name(), 1, 801) AS log_key,
       ARRAY[sto_test.vkey('first.example/witness', 4, 811), sto_test.vkey('second.example/witness', 4, 812)]::text AS witnesses \gset
SELECT sto.receipt(:issued, 'credit') AS receipt, sto.receipt(:event) AS event_receipt, sto.inclusion_proof(:event, :size) AS proof,
       sto.tree_root(:size) AS root \gset
CREATE FUNCTION pg_temp.checked() RETURNS SETOF sto.verification LANGUAGE sql AS $$ SELECT * FROM sto.verify() WHERE check_name <> 'indexes' $$;
CREATE TEMP TABLE before AS SELECT * FROM pg_temp.checked();
CREATE TEMP TABLE parties AS SELECT * FROM sto.party;

-- One topic, then all of it
SET ROLE sto_regress_registrar;
SELECT sto.erase_party_private(:'alice', 'moved house', 'address') AS one;
SELECT sto.erase_party_private(:'alice', 'moved house', 'address') AS none;
SELECT sto.erase_party_private(:'alice', 'request of 2026-11-20') AS two;
SELECT sto.erase_party_private(:'carol', 'request of 2026-11-21') AS one;
SELECT party_id = :'bob' AS only_bob FROM sto.party_private;
SELECT party_id = :'alice' AS of_alice, count, topic, reason, erased_by = sto_test.id('registrar') AS by_registrar FROM sto.erasure_log
 WHERE party_id IN (:'alice', :'carol') ORDER BY erased_at;
RESET ROLE;
VACUUM sto.party_private;
SELECT count(*) FROM sto.party_private WHERE party_id <> :'bob';
SET ROLE sto_regress_alice;
SELECT count(*) FROM sto.party_private;
SELECT reason FROM sto.erasure_log ORDER BY erased_at;
RESET ROLE;

-- Nothing that was proven is less proven
SELECT sto.verify_inclusion(:'leaf', sto.leaf_index(:event), :size, :'proof', :'root') AS proof_holds, sto.inclusion_proof(:event, :size) = :'proof' AS same_proof,
       sto.receipt(:issued, 'credit') = :'receipt' AS same_receipt, sto.receipt(:event) = :'event_receipt' AS same_receipt_of_the_event;
SELECT ok, reason FROM sto.verify_receipt(:'receipt', :'log_key', :'witnesses');
SELECT ok, reason FROM sto.verify_receipt(:'event_receipt', :'log_key', :'witnesses');
SELECT count(*) > 20 AS checks, bool_and(v.ok) AS ok FROM sto.verify() v;
(TABLE before EXCEPT SELECT * FROM pg_temp.checked()) UNION ALL (SELECT * FROM pg_temp.checked() EXCEPT TABLE before);
SELECT e.body ->> 'commitment' = :'carol_identity' AS stated_for_ever FROM sto.event e WHERE e.entry_id = :event;
-- the party's facts are as they were, here and in a register folded anew from the log
SELECT count(*) AS changed FROM ((TABLE parties EXCEPT TABLE sto.party) UNION ALL (TABLE sto.party EXCEPT TABLE parties)) x;
SELECT sto.rebuild() > 10 AS folded;
SELECT count(*) AS changed FROM ((TABLE parties EXCEPT TABLE sto.party) UNION ALL (TABLE sto.party EXCEPT TABLE parties)) x;
SELECT sto_test.transfer('ACME', 'carol/1', 'bob/1', '20') IS NOT NULL AS goes_on;
SELECT * FROM sto.verify_private();
-- an altered row is found
UPDATE sto.party_private SET value = 'x';
SELECT * FROM sto.verify_private();

\c template1
SET client_min_messages = warning;
DROP DATABASE sto_regress_private;
DROP ROLE sto_regress_stranger, sto_regress_alice, sto_regress_bob, sto_regress_registrar, sto_regress_auditor, sto_regress_enforcer, sto_regress_reader;
