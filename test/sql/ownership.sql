-- Beneficial owners through chains: 25 % and control, several ways, circles, dates.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_ownership;
CREATE DATABASE sto_regress_ownership TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_ownership
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all
DROP ROLE IF EXISTS sto_regress_top, sto_regress_middle;
CREATE ROLE sto_regress_top;
CREATE ROLE sto_regress_middle;
SELECT sto_test.open_ledger() IS NOT NULL AS open, sto_test.registrar() IS NOT NULL AS registrar;
SELECT count(sto_test.party(p)) AS legal FROM unnest('{top,middle,side,ring,other}'::text[]) AS p;
SELECT count(sto_test.party(p, NULL, 'natural')) AS natural FROM unnest('{alice,bob,carol,dave}'::text[]) AS p;
CREATE VIEW sto_test.names AS SELECT sto_test.id(n) AS id, n AS name FROM unnest('{top,middle,side,ring,other,alice,bob,carol,dave}'::text[]) AS n;
CREATE FUNCTION sto_test.owners(OUT party text, OUT owner text, OUT kind text, OUT percent numeric, OUT controls boolean, OUT beneficial boolean, OUT circular boolean, OUT chains bigint, OUT longest int)
    RETURNS SETOF record LANGUAGE sql AS $$
    SELECT p.name, o.name, u.owner_kind, u.percent, u.controls, u.beneficial, u.circular, u.chains, u.longest
      FROM sto.ultimate_owner u JOIN sto_test.names p ON p.id = u.party_id JOIN sto_test.names o ON o.id = u.owner ORDER BY 1, 2 $$;

-- alice: 50 % of top by way of middle (100 %), and 10 % by way of side
SELECT sto_test.beneficial_owner('top', 'middle', 5000) IS NOT NULL AS stated, sto_test.beneficial_owner('top', 'side', 2000) IS NOT NULL AS stated, sto_test.beneficial_owner('top', 'bob', 2500) IS NOT NULL AS exactly,
       sto_test.beneficial_owner('top', 'carol', 500) IS NOT NULL AS little, sto_test.beneficial_owner('middle', 'alice', 10000) IS NOT NULL AS whole, sto_test.beneficial_owner('side', 'alice', 5000) IS NOT NULL AS half;
SELECT * FROM sto_test.owners();
-- one basis point less is below the threshold; control counts whatever the share
SELECT sto_test.beneficial_owner('top', 'bob', 2499) IS NOT NULL AS less, sto_test.beneficial_owner('top', 'carol', 0, '{"control": true}') IS NOT NULL AS control;
SELECT * FROM sto_test.owners() WHERE party = 'top';
-- control is lost where one link of the chain has none
SELECT sto_test.beneficial_owner('side', 'dave', 100, '{"control": true}') IS NOT NULL AS dave, sto_test.beneficial_owner('top', 'side', 2000, '{"control": true}') IS NOT NULL AS side;
SELECT * FROM sto_test.owners() WHERE owner = 'dave';
SELECT sto_test.beneficial_owner('top', 'side', 2000) IS NOT NULL AS side;
SELECT * FROM sto_test.owners() WHERE owner = 'dave';
-- owners of each other: gone round once, so the percent is too low and rules nobody out; an owner whose own owners are not stated shows as what it is
SELECT sto_test.beneficial_owner('ring', 'other', 6000) IS NOT NULL AS there, sto_test.beneficial_owner('other', 'ring', 6000) IS NOT NULL AS back, sto_test.beneficial_owner('other', 'dave', 4000) IS NOT NULL AS dave,
       sto_test.beneficial_owner('side', 'registrar', 300) IS NOT NULL AS not_told;
SELECT * FROM sto_test.owners() WHERE party IN ('ring', 'other');
SELECT owner_kind, percent, beneficial FROM sto.ultimate_owner WHERE party_id = sto_test.id('side') AND owner = sto_test.id('registrar');
-- what is over, or has not begun, counts for nothing; zero takes it back
SELECT sto_test.beneficial_owner('middle', 'alice', 10000, '{"to": 1}') IS NOT NULL AS over;
SELECT * FROM sto_test.owners() WHERE party = 'middle';
SELECT sto_test.beneficial_owner('middle', 'alice', 10000, '{"from": 4102444800000000}') IS NOT NULL AS not_begun;
SELECT * FROM sto_test.owners() WHERE party IN ('middle', 'top');
SELECT sto_test.beneficial_owner('middle', 'alice', 10000, '{"from": 1}') IS NOT NULL AS begun, sto_test.beneficial_owner('top', 'bob', 0) IS NOT NULL AS none_any_more;
SELECT * FROM sto_test.owners() WHERE party IN ('middle', 'top');
-- a party sees its own
GRANT USAGE ON SCHEMA sto_test TO PUBLIC;
SELECT sto.map_role('sto_regress_top', sto_test.id('top')), sto.map_role('sto_regress_middle', sto_test.id('middle'));
SET ROLE sto_regress_top;
SELECT count(*) > 1 AS some, bool_and(party_id = sto_test.id('top')) AS own FROM sto.ultimate_owner;
SET ROLE sto_regress_middle;
SELECT count(*), bool_and(party_id = sto_test.id('middle')) AS own FROM sto.ultimate_owner;
RESET ROLE;

\c template1
SET client_min_messages = warning;
DROP DATABASE sto_regress_ownership;
DROP ROLE sto_regress_top, sto_regress_middle;
