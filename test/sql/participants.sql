-- Who takes part, with licence and due diligence; when changes of owners were recorded; who keeps a wallet.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_participants;
CREATE DATABASE sto_regress_participants TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_participants
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all
DROP ROLE IF EXISTS sto_regress_issuer, sto_regress_auditor, sto_regress_holder;
CREATE ROLE sto_regress_issuer;
CREATE ROLE sto_regress_auditor;
CREATE ROLE sto_regress_holder;
GRANT USAGE ON SCHEMA sto_test TO PUBLIC;
SELECT sto_test.begin_small() IS NOT NULL AS begun, sto_test.officer('auditor', 91, 'auditor') IS NOT NULL AS auditor, sto_test.officer('authority', 92, 'claim_issuer') IS NOT NULL AS authority;
SELECT sto_test.party('keeper', '{51}') IS NOT NULL AS keeper, sto_test.wallet('bob/2', 'bob', '{23}', 'client', NULL, jsonb_build_object('custodian', sto_test.id('keeper'))) IS NOT NULL AS kept;
SELECT sto_test.issue('ACME', 'bob/2', '7') IS NOT NULL AS issued;
CREATE VIEW sto_test.names AS SELECT sto_test.id(n) AS id, n AS name FROM unnest('{registrar,acme,alice,bob,auditor,authority,keeper}'::text[]) AS n;
GRANT SELECT ON sto_test.names TO PUBLIC;
CREATE VIEW sto_test.parts AS SELECT n.name, p.capacities, p.licence, p.due_diligence FROM sto.participant p JOIN sto_test.names n ON n.id = p.party_id ORDER BY 1;
GRANT SELECT ON sto_test.parts TO PUBLIC;

-- Capabilities, issuers, custodians and roles; who only holds is none of them
SELECT sto.map_role('sto_regress_issuer', sto_test.id('acme')), sto.map_role('sto_regress_auditor', sto_test.id('auditor'));
SELECT * FROM sto_test.parts;
SELECT sto.map_role('sto_regress_holder', sto_test.id('alice'));
SELECT capacities FROM sto_test.parts WHERE name = 'alice';
-- a licence with its dates, and due diligence that is to be done again
SELECT sto_test.claim('registrar', 'licence', 'authority', jsonb_build_object('from', sto_test.micros(now() - interval '1 year'), 'to', sto_test.micros(now() + interval '1 year'))) AS licence \gset
SELECT sto_test.claim('registrar', 'due_diligence', 'authority', jsonb_build_object('from', sto_test.micros(now() - interval '2 years'), 'to', sto_test.micros(now() - interval '1 second'))) IS NOT NULL AS expired,
       sto_test.claim('keeper', 'licence', 'authority', jsonb_build_object('from', sto_test.micros(now() + interval '1 day'))) IS NOT NULL AS not_begun, sto_test.claim('acme', 'kyc', 'authority') IS NOT NULL AS other_topic;
SELECT * FROM sto_test.parts;
SELECT licence_claim = :licence AS that, licence_from < now() - interval '364 days' AND licence_to > now() + interval '364 days' AS dates, due_diligence_to < now() AS over FROM sto.participant WHERE party_id = sto_test.id('registrar');
-- who has no licence in force
SELECT n.name FROM sto.participant p JOIN sto_test.names n ON n.id = p.party_id WHERE p.capacities && '{registrar,custodian,issuer}' AND p.licence <> 'in force' ORDER BY 1;
-- of several the one in force, of these the one that lasts longest
SELECT sto_test.claim('registrar', 'due_diligence', 'authority', jsonb_build_object('to', sto_test.micros(now() + interval '1 year'))) AS long \gset
SELECT sto_test.claim('registrar', 'due_diligence', 'authority', jsonb_build_object('to', sto_test.micros(now() + interval '1 month'))) AS short \gset
SELECT due_diligence, due_diligence_claim = :long AS longest FROM sto.participant WHERE party_id = sto_test.id('registrar');
SELECT sto_test.claim('registrar', 'due_diligence', 'authority', jsonb_build_object('from', sto_test.micros(now() + interval '1 day'))) IS NOT NULL AS not_begun_and_endless;
SELECT due_diligence, due_diligence_claim = :long AS still FROM sto.participant WHERE party_id = sto_test.id('registrar');
-- revoked; by oneself; by who is no claim issuer any more
SELECT sto_test.claim_revoke('registrar', :long, 'authority') IS NOT NULL AS revoked;
SELECT due_diligence, due_diligence_claim = :short AS next FROM sto.participant WHERE party_id = sto_test.id('registrar');
SELECT sto_test.claim('authority', 'licence', 'authority') IS NOT NULL AS itself;
SELECT licence FROM sto_test.parts WHERE name = 'authority';
SELECT sto_test.grant_capability('authority', 'claim_issuer', false) IS NOT NULL AS withdrawn;
SELECT * FROM sto_test.parts;
SELECT sto_test.grant_capability('authority', 'claim_issuer') IS NOT NULL AS again;
-- a closed token has no issuer that takes part
SELECT sto_test.party('former', '{61}') IS NOT NULL AS former, sto_test.token('GONE', 'former') IS NOT NULL AS token;
SELECT capacities FROM sto.participant WHERE party_id = sto_test.id('former');
SELECT sto_test.event('token_status', sto_test.id('GONE'), sto_test.id('former'), '{"status": "closed"}', '{61}') IS NOT NULL AS closed;
SELECT count(*) FROM sto.participant WHERE party_id = sto_test.id('former');

-- Changes of owners.  No party is older than this test, so years of a delay are its time in the register.
CREATE FUNCTION sto_test.owner(owner text, share int, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL, control boolean DEFAULT false, party text DEFAULT 'acme') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.beneficial_owner(party, owner, share, jsonb_strip_nulls(jsonb_build_object('control', control, 'from', sto_test.micros(since), 'to', sto_test.micros(until)))) $$;
CREATE FUNCTION sto_test.changes(since bigint, OUT owner text, OUT change text, OUT share int, OUT control boolean, OUT took_effect text, OUT delay text) RETURNS SETOF record LANGUAGE sql AS $$
    SELECT o.name, c.change, c.share, c.control, extract(year FROM c.took_effect)::text,
           CASE WHEN c.delay = '0' THEN 'none' WHEN c.delay = c.recorded_at - c.took_effect THEN 'from that day' WHEN c.delay > '0' THEN 'from the registration' END
      FROM sto.owner_change c JOIN sto_test.names o ON o.id = c.owner WHERE c.event >= since ORDER BY c.event, c.took_effect $$;
-- an owner since before the party was registered; one of no stated day; one from a day to come
SELECT sto_test.owner('alice', 3000, '2020-05-01 12:00+00') AS at \gset
SELECT sto_test.owner('bob', 2500) IS NOT NULL AS no_day, sto_test.owner('auditor', 100, '2100-05-01 12:00+00') IS NOT NULL AS to_come;
SELECT * FROM sto_test.changes(:at);
-- what is only repeated is no change; a share, control, the day that is corrected, the end are
SELECT sto_test.owner('alice', 3000, '2020-05-01 12:00+00') AS at \gset
SELECT sto_test.owner('bob', 2500) IS NOT NULL AS repeated;
SELECT * FROM sto_test.changes(:at);
SELECT sto_test.owner('alice', 3000, '2021-05-01 12:00+00') IS NOT NULL AS corrected, sto_test.owner('alice', 3001, '2022-05-01 12:00+00') IS NOT NULL AS more, sto_test.owner('alice', 3001, '2022-05-01 12:00+00', NULL, true) IS NOT NULL AS control,
       sto_test.owner('alice', 3001, '2022-05-01 12:00+00', '2023-05-01 12:00+00', true) IS NOT NULL AS ended, sto_test.owner('alice', 3001, '2022-05-01 12:00+00', '2023-05-01 12:00+00', true) IS NOT NULL AS repeated,
       sto_test.owner('bob', 0, '2024-05-01 12:00+00') IS NOT NULL AS nothing, sto_test.owner('bob', 0, '2025-05-01 12:00+00') IS NOT NULL AS nothing_still, sto_test.owner('bob', 10, '2026-05-01 12:00+00') IS NOT NULL AS back;
SELECT * FROM sto_test.changes(:at);
-- since the registration, to the microsecond: what takes longer than it may is late, and what has no day
SELECT clock_timestamp() AS then, pg_sleep(0.01) \gset
SELECT sto_test.owner('keeper', 2600, :'then') AS at \gset
SELECT * FROM sto_test.changes(:at);
SELECT delay AS delay FROM sto.owner_change WHERE event = :at \gset
SELECT (SELECT count(*) FROM sto.late_owner_changes(:'delay') WHERE event = :at) AS in_time, (SELECT count(*) FROM sto.late_owner_changes(:'delay'::interval - '1 microsecond') WHERE event = :at) AS late;
SELECT o.name, c.change, c.delay IS NULL AS cannot_tell FROM sto.late_owner_changes() c JOIN sto_test.names o ON o.id = c.owner ORDER BY c.event;
SELECT count(*) > 5 AS all_that_were_late_at_all, count(*) FILTER (WHERE delay = '0') AS in_advance FROM sto.late_owner_changes('0');
-- Legal parties of which nobody has stated an owner that is one now
SELECT n.name FROM sto.unstated_owners u JOIN sto_test.names n ON n.id = u.party_id ORDER BY 1;
SELECT sto_test.owner('alice', 0, NULL, NULL, true, 'keeper') IS NOT NULL AS controls, sto_test.owner('alice', 10000, NULL, '2021-01-01', false, 'auditor') IS NOT NULL AS over, sto_test.owner('alice', 10000, '2100-01-01', NULL, false, 'authority') IS NOT NULL AS to_come;
SELECT n.name, u.registered_at < now() AS since FROM sto.unstated_owners u JOIN sto_test.names n ON n.id = u.party_id ORDER BY 1;

-- Who keeps a wallet
SELECT w.name, h.hosting, c.name AS custodian FROM sto.holder h JOIN (SELECT sto_test.address(n) AS address, n AS name FROM unnest('{alice/1,bob/2}'::text[]) AS n) w ON w.address = h.wallet LEFT JOIN sto_test.names c ON c.id = h.custodian ORDER BY 1;

-- Readers of the register see all of it, a party its own
SET ROLE sto_regress_auditor;
SELECT (SELECT count(*) FROM sto.participant) AS participants, (SELECT count(DISTINCT party_id) FROM sto.owner_change) AS changed, (SELECT count(*) FROM sto.unstated_owners) AS unstated, (SELECT count(*) FROM sto.late_owner_changes()) AS late;
SET ROLE sto_regress_issuer;
SELECT name FROM sto_test.parts;
SELECT (SELECT count(*) FROM sto.owner_change) > 5 AS own, (SELECT bool_and(party_id = sto_test.id('acme')) FROM sto.owner_change) AS no_others, (SELECT count(*) FROM sto.unstated_owners) AS unstated, (SELECT count(*) FROM sto.late_owner_changes()) AS late;
SET ROLE sto_regress_holder;
SELECT (SELECT count(*) FROM sto.participant) AS itself, (SELECT count(*) FROM sto.owner_change) AS changes, (SELECT count(*) FROM sto.unstated_owners) AS unstated;
RESET ROLE;

\c template1
SET client_min_messages = warning;
DROP DATABASE sto_regress_participants;
DROP ROLE sto_regress_issuer, sto_regress_auditor, sto_regress_holder;
