-- An offer: a prospectus or an exemption, what the exemption's window holds, and what is left of it as the gate sees it.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_offer;
CREATE DATABASE sto_regress_offer TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_offer
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all
DROP ROLE IF EXISTS sto_regress_issuer, sto_regress_holder, sto_regress_auditor;
CREATE ROLE sto_regress_issuer;
CREATE ROLE sto_regress_holder;
CREATE ROLE sto_regress_auditor;
GRANT USAGE ON SCHEMA sto_test TO PUBLIC;
SELECT sto_test.begin_small() IS NOT NULL AS begun, sto_test.officer('auditor', 91, 'auditor') IS NOT NULL AS auditor;
SELECT sto_test.party('carol', NULL, 'natural') IS NOT NULL AS carol, sto_test.wallet('carol/1', 'carol', '{23}') IS NOT NULL AS wallet, sto_test.wallet('bob/2', 'bob', '{24}') IS NOT NULL AS wallet;
CREATE VIEW sto_test.offers AS SELECT basis, approval, number, exemption, persons, max_persons, persons_left, raised, max_total, units_left, min_each, classes FROM sto.offer ORDER BY number;
CREATE FUNCTION sto_test.asked(wallet text, amount text) RETURNS TABLE (code int, "limit" text, value text, passing sto.token_amount) LANGUAGE sql AS $$
    SELECT c.code, c."limit", c.value, c.passing FROM sto.check_transfer(sto_test.id('ACME')::text, (SELECT issuance FROM sto.token WHERE name = 'ACME'), sto_test.address($1), $2::sto.token_amount, 'issue') AS c $$;

-- Neither: nothing is said about the offer
SELECT basis IS NULL AS none, rule_set, seconds, persons FROM sto.offer;
-- An exemption: the rule's label says which.  What was issued before the rule counts, by person and not by wallet.
SELECT sto_test.rules('ACME', '[{"rule": "granularity", "units": "1"}, {"rule": "offer_limits", "label": "AIFC: fewer than 50 persons in 12 months", "seconds": 31536000, "max_persons": 2, "max_total": "1100", "min_each": "10", "classes": ["retail", "professional"]}]') AS set \gset
SELECT sto_test.classify(p, 'retail') IS NOT NULL AS classified FROM unnest('{alice,bob,carol}'::text[]) AS p;
SELECT * FROM sto_test.offers;
SELECT rule_set = :set AS that_set, seconds FROM sto.offer;
SELECT sto_test.issue('ACME', 'bob/1', '10') IS NOT NULL AS issued, sto_test.issue('ACME', 'bob/2', '10') IS NOT NULL AS same_person, sto_test.transfer('ACME', 'bob/1', 'carol/1', '1') IS NOT NULL AS moved;
SELECT * FROM sto_test.offers;
-- what the view says is left is what the gate lets pass
SELECT * FROM sto_test.asked('carol/1', '10');
SELECT a.*, o.units_left FROM sto.offer o, sto_test.asked('bob/1', '81') a;
SELECT sto.max_transferable(sto_test.id('ACME')::text, (SELECT issuance FROM sto.token WHERE name = 'ACME'), sto_test.address('bob/1')) = o.units_left AS most FROM sto.offer o;
SELECT sto_test.issue('ACME', 'bob/1', '80') IS NOT NULL AS the_rest;
SELECT persons_left, units_left FROM sto.offer;
-- a redemption gives nothing back; who redeemed was a person
SELECT sto_test.redeem('ACME', 'alice/1', '1000') IS NOT NULL AS redeemed;
SELECT persons, raised FROM sto.offer;
-- several exemptions: a row each; no limit of a sort, none left to say
SELECT sto_test.rules('ACME', '[{"rule": "offer_limits", "label": "accredited only", "seconds": 3600, "classes": ["professional"]}, {"rule": "offer_limits", "seconds": 31536000, "max_persons": 1}]') IS NOT NULL AS set;
SELECT * FROM sto_test.offers;
-- what takes effect later is not the offer yet
SELECT sto_test.rules('ACME', '[{"rule": "offer_limits", "label": "next year", "seconds": 3600, "max_persons": 1}]', jsonb_build_object('from', sto_test.micros(now() + interval '1 year'))) IS NOT NULL AS set;
SELECT number, exemption FROM sto.offer ORDER BY number;
-- an empty window: persons in it are those after its beginning
SELECT sto_test.rules('ACME', '[{"rule": "offer_limits", "seconds": 1, "max_persons": 1, "max_total": "5"}]') IS NOT NULL AS set, pg_sleep(1.1) IS NOT NULL AS slept;
SELECT * FROM sto_test.offers;
-- A prospectus: a document of that name with the approval's reference; a draft of it is none
SELECT sto_test.document('ACME', 'Terms', '1', false, '{"reference": "AFSA-1"}') IS NOT NULL AS other, sto_test.document('ACME', 'prospectus', 'draft', false) IS NOT NULL AS draft;
SELECT basis, approval FROM sto.offer;
SELECT sto_test.document('ACME', 'prospectus', '1', false, '{"reference": "AFSA-2026-17"}') AS document \gset
SELECT basis, approval, prospectus = :document AS that_document FROM sto.offer;
SELECT sto_test.rules('ACME', '[]') IS NOT NULL AS no_limits;
SELECT basis, approval, number, exemption, persons, raised FROM sto.offer;
SELECT sto_test.document('ACME', 'prospectus', '2', false) IS NOT NULL AS supplement_not_approved;
SELECT basis IS NULL AS none, approval FROM sto.offer;

-- For the issuer and readers of the register
SELECT sto.map_role('sto_regress_issuer', sto_test.id('acme')), sto.map_role('sto_regress_holder', sto_test.id('alice')), sto.map_role('sto_regress_auditor', sto_test.id('auditor'));
SELECT sto_test.party('other', '{60}') IS NOT NULL AS other, sto_test.token('OTHER', 'other') IS NOT NULL AS token;
SET ROLE sto_regress_issuer;
SELECT token FROM sto.offer;
SET ROLE sto_regress_auditor;
SELECT token FROM sto.offer ORDER BY 1;
SET ROLE sto_regress_holder;
SELECT token FROM sto.offer;
RESET ROLE;

\c template1
SET client_min_messages = warning;
DROP DATABASE sto_regress_offer;
DROP ROLE sto_regress_issuer, sto_regress_holder, sto_regress_auditor;
