-- A hostile search_path changes nothing; functions are made so that it can't.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_hardening;
CREATE DATABASE sto_regress_hardening TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_hardening
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all

-- A schema squatted before the extension makes it fail, and nothing is taken over.
CREATE DATABASE sto_regress_squatted TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_squatted
CREATE SCHEMA sto;
CREATE EXTENSION sto_ledger;
\c sto_regress_hardening
DROP DATABASE sto_regress_squatted;

-- SQL functions were parsed when they were made; PL/pgSQL functions pin their path.
SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
 WHERE p.pronamespace = 'sto'::regnamespace
   AND NOT CASE l.lanname WHEN 'c' THEN true WHEN 'internal' THEN p.prokind = 'a' WHEN 'sql' THEN p.prosqlbody IS NOT NULL
           ELSE p.proconfig @> '{"search_path=pg_catalog, pg_temp"}' END;
-- What is parallel safe reads only; what writes says so.
SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'sto'::regnamespace AND p.provolatile = 'v' AND p.proparallel = 's';
-- Nothing of the extension is in a schema that others may write to.
SELECT n.nspname, count(*) > 0 AS objects FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
   AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'sto_ledger') GROUP BY 1 ORDER BY 1;

SELECT sto_test.begin_small();
CREATE TABLE before AS SELECT check_name, scope, examined, ok FROM sto.verify();
CREATE TABLE holders AS SELECT * FROM sto.holder;

-- Everything that our functions name, once more, with other meanings.
CREATE SCHEMA evil;
CREATE FUNCTION evil.shout() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'evil was called'; END $$;
CREATE FUNCTION evil.eq(uuid, uuid) RETURNS boolean LANGUAGE sql AS 'SELECT evil.shout(); SELECT true';
CREATE OPERATOR evil.= (FUNCTION = evil.eq, LEFTARG = uuid, RIGHTARG = uuid);
CREATE FUNCTION evil.eq(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT evil.shout(); SELECT true';
CREATE OPERATOR evil.= (FUNCTION = evil.eq, LEFTARG = text, RIGHTARG = text);
CREATE FUNCTION evil.eq(sto.wallet_address, sto.wallet_address) RETURNS boolean LANGUAGE sql AS 'SELECT evil.shout(); SELECT true';
CREATE OPERATOR evil.= (FUNCTION = evil.eq, LEFTARG = sto.wallet_address, RIGHTARG = sto.wallet_address);
CREATE FUNCTION evil.minus(sto.token_amount, sto.token_amount) RETURNS sto.token_amount LANGUAGE sql AS 'SELECT evil.shout(); SELECT $1';
CREATE OPERATOR evil.- (FUNCTION = evil.minus, LEFTARG = sto.token_amount, RIGHTARG = sto.token_amount);
CREATE FUNCTION evil.cat(text, text) RETURNS text LANGUAGE sql AS 'SELECT evil.shout(); SELECT $1';
CREATE OPERATOR evil.|| (FUNCTION = evil.cat, LEFTARG = text, RIGHTARG = text);
CREATE FUNCTION evil.length(text) RETURNS integer LANGUAGE sql AS 'SELECT evil.shout(); SELECT 0';
CREATE FUNCTION evil.format(text, VARIADIC "any") RETURNS text LANGUAGE internal AS 'text_format';
CREATE FUNCTION evil.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT evil.shout(); SELECT $1';
CREATE FUNCTION evil.to_json(anyelement) RETURNS json LANGUAGE sql AS 'SELECT evil.shout(); SELECT ''{}''::json';
CREATE FUNCTION evil.pg_has_role(name, text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION evil.concat_ws(text, VARIADIC "any") RETURNS text LANGUAGE internal AS 'text_concat_ws';
CREATE TABLE evil.transfer (x int);
CREATE TABLE evil.event (x int);
CREATE TABLE evil.member (role name, party_id uuid);
CREATE TEMP TABLE wallet (address sto.wallet_address);
CREATE TEMP TABLE member (role name, party_id uuid);
SET search_path = evil, pg_temp, pg_catalog;

SELECT count(*) FROM (SELECT check_name, scope, examined, ok FROM sto.verify() EXCEPT TABLE public.before) x;
SELECT count(*) FROM (TABLE sto.holder EXCEPT TABLE public.holders) x;
SELECT sto.genesis_body('n', 'o', 1, sto.key_list(ARRAY['ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'::sto.public_key]));
SELECT (sto.find_token((SELECT token_id::text FROM sto.token))).name;
SELECT count(*) FROM sto.statement((SELECT address FROM sto.wallet WHERE kind OPERATOR(pg_catalog.=) 'own' ORDER BY registered LIMIT 1),
                                   (SELECT token_id FROM sto.token));
SELECT sto.act_message('party', '11111111-1111-4111-8111-111111111111', '11111111-1111-4111-8111-111111111111', '{}') IS NOT NULL AS message;
-- Through the gate.
RESET search_path;
SELECT sto_test.signatures(sto_test.order_message(sto_test.make_order(
    '{"kind": "transfer", "token_id": "ACME", "debit_wallet": "alice/1", "credit_wallet": "bob/1", "amount": "4", "ordering_party": "alice",
      "order_id": "33333333-3333-4333-8333-333333333333"}')), '{21}') AS signed,
    sto_test.id('ACME') AS acme, sto_test.address('alice/1') AS alice, sto_test.address('bob/1') AS bob, sto_test.id('alice') AS alice_id \gset
SET search_path = evil, pg_temp, pg_catalog;
SELECT repeated FROM sto.transfer(:'acme', :'alice', :'bob', 4, :'alice_id', '33333333-3333-4333-8333-333333333333', :'signed');
SELECT repeated FROM sto.transfer(:'acme', :'alice', :'bob', 4, :'alice_id', '33333333-3333-4333-8333-333333333333', :'signed');
RESET search_path;
SELECT sto.verify_ok();

-- What anybody may call takes anything: a null key, our trigger functions on a table of his own.
SELECT sto.verify_entries(1, now(), now(), 1, 1, 1, 0, 1, 1, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, :'alice_id', :'alice_id', :'alice_id',
    :'alice_id', NULL, NULL, :'alice', :'bob', NULL, NULL, NULL, NULL, NULL, sha256('')::sto.digest, NULL, NULL, 'transfer', NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE own (x int);
CREATE TRIGGER own BEFORE INSERT ON own FOR EACH STATEMENT EXECUTE FUNCTION sto.event_begin();
INSERT INTO own VALUES (1);
DROP TRIGGER own ON own;
CREATE TRIGGER own AFTER INSERT ON own FOR EACH STATEMENT EXECUTE FUNCTION sto.event_end();
INSERT INTO own VALUES (1);
DROP TRIGGER own ON own;
CREATE TRIGGER own AFTER INSERT ON own FOR EACH STATEMENT EXECUTE FUNCTION sto.member_changed();
INSERT INTO own VALUES (1);

\c template1
SET client_min_messages = warning;
DROP DATABASE sto_regress_hardening;
