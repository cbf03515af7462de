-- Second officers: which acts about a token need one, proposals, approvals, and each used once.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_four_eyes;
CREATE DATABASE sto_regress_four_eyes TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_four_eyes
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
\set ECHO all
SET client_min_messages = warning;
DROP ROLE IF EXISTS sto_regress_alice, sto_regress_acme, sto_regress_legal;
CREATE ROLE sto_regress_alice;
CREATE ROLE sto_regress_acme;
CREATE ROLE sto_regress_legal;
GRANT USAGE ON SCHEMA sto_test TO PUBLIC;
SELECT sto_test.begin_small();
SELECT sto_test.party('legal', '{70}') IS NOT NULL AS legal, sto_test.party('audit', '{71}') IS NOT NULL AS audit, sto_test.party('other', '{72}') IS NOT NULL AS other,
       sto_test.officer('enforcer', 60, 'enforcer') IS NOT NULL AS enforcer, sto_test.officer('second', 61, 'enforcer') IS NOT NULL AS second, sto_test.token('OTHER', 'other') IS NOT NULL AS token;
-- what refusals say, without what differs from run to run
CREATE FUNCTION sto_test.why(statement text) RETURNS text LANGUAGE sql AS $$
    SELECT regexp_replace(regexp_replace(sto_test.refusal(statement), '[0-9a-f]{8}-[0-9a-f-]{27}', '...', 'g'), 'event \d+', 'event N', 'g') $$;
CREATE FUNCTION sto_test.terms(authorised text) RETURNS text LANGUAGE sql AS $$ SELECT jsonb_build_object('authorised', authorised)::text $$;
CREATE FUNCTION sto_test.set_terms(authorised text) RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('token_terms', sto_test.id('ACME'), sto_test.id('acme'), sto_test.terms(authorised)) $$;

-- Nobody asks so far; then the issuer binds himself, alone
SELECT sto_test.set_terms('1000000') IS NOT NULL AS alone;
SELECT sto_test.why(format($$SELECT sto_test.four_eyes('ACME', %L, %L)$$, a, o))
  FROM (VALUES ('{token_terms}'::text[], '{}'::text[]), ('{issue}', '{legal}'), ('{document,document}', '{legal}'), ('{document}', '{legal,legal}'),
               ('{document}', '{acme}'), ('{document}', '{alice}'), ('{document}', '{nobody}')) AS v (a, o);
SELECT sto_test.why($$SELECT sto_test.event('four_eyes', sto_test.id('ACME'), sto_test.id('other'), '{"acts": [], "approvers": []}')$$) AS not_the_issuer;
SELECT sto_test.why($$SELECT sto_test.event('four_eyes', sto_test.id('ACME'), sto_test.id('acme'), '{"acts": [], "approvers": ["x"]}')$$) AS no_uuid;
SELECT sto_test.four_eyes('ACME', '{token_terms,document}', '{legal,audit}') IS NOT NULL AS bound;
SELECT acts, approvers = ARRAY[sto_test.id('legal'), sto_test.id('audit')] AS approvers FROM sto.four_eyes;

-- Without: refused, and only what is listed
SELECT sto_test.why($$SELECT sto_test.set_terms('2000000')$$);
SELECT sto_test.why($$SELECT sto_test.document('ACME', 'Terms', '1')$$);
SELECT sto_test.pause('ACME', 'acme') IS NOT NULL AS paused, sto_test.pause('ACME', 'acme', false) IS NOT NULL AS let_go;
SELECT sto_test.event('token_terms', sto_test.id('OTHER'), sto_test.id('other'), '{"authorised": null}') IS NOT NULL AS another_token;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1') IS NOT NULL AS entries_go_on;

-- Propose, approve, carry out: what no register lets an act say is not proposed either
SELECT k, b, sto_test.why(format('SELECT sto_test.propose(%L, %L, %L, %L)', 'x', 'ACME', k, b))
  FROM (VALUES ('four_eyes', jsonb_build_object('acts', '{document}'::text[], 'approvers', ARRAY[sto_test.id('legal'), sto_test.id('acme')])::text), ('four_eyes', '{"acts": ["issue"], "approvers": []}'), ('four_eyes', '{"acts": ["document"], "approvers": []}'), ('rule_set', '{"rules": [{"rule": "nonsense"}]}'),
               ('rule_set', '{"rules": [{"rule": "max_holders", "count": 0}]}'), ('rule_set', '{"rules": [{"rule": "granularity"}]}'), ('rule_set', '{"rules": [{'),
               ('party_list', jsonb_build_object('list', 'In Siders', 'party', sto_test.id('alice'), 'listed', true)::text), ('token_terms', '{"authorised": "0"}'), ('token_policy', '{"unsigned_role": ""}'),
               ('token_status', '{"status": "asleep"}'), ('token_topics', '{"topics": ["kyc", "kyc"]}'), ('trusted_issuer', jsonb_build_object('issuer', sto_test.id('legal'), 'topics', '{KYC}'::text[])::text),
               ('token_pause', jsonb_build_object('paused', true, 'basis', 'whim', 'document_hash', repeat('ab', 32))::text),
               ('document', jsonb_build_object('name', E'two\nlines', 'version', '1', 'uri', 'u', 'hash', repeat('ab', 32), 'acknowledge', false)::text)) AS v (k, b);
-- what depends on the register is for the act: it may be so by then
BEGIN;
SELECT k, sto_test.why(format('SELECT sto_test.propose(%L, %L, %L, %L)', 'x' || k, 'ACME', k, b))
  FROM (VALUES ('trusted_issuer', jsonb_build_object('issuer', sto_test.id('legal'), 'topics', '{kyc}'::text[])::text), ('token_terms', '{"authorised": "1"}'),
               ('token_pause', jsonb_build_object('paused', false, 'basis', 'law', 'document_hash', repeat('ab', 32))::text)) AS v (k, b);
ROLLBACK;
SELECT sto_test.why(format('SELECT sto_test.propose(%L, %L, %L, %L, %L)', 'x', 'ACME', k, b, e))
  FROM (VALUES ('token_terms', '{"authorised": 5}', '{}'), ('token_terms', 'nonsense', '{}'), ('issue', '{}', '{}'), ('party_facts', '{}', '{}'),
               ('token_terms', sto_test.terms('5'), '{"valid_until": 1}'), ('token_terms', sto_test.terms('5'), '{"hash": "00"}')) AS v (k, b, e);
SELECT sto_test.why($$SELECT sto_test.event('proposal', sto_test.id('x'), sto_test.id('legal'), jsonb_build_object('kind', 'document', 'about', sto_test.id('ACME'), 'act_body', '{}', 'valid_until', 4102444800000000)::text)$$) AS by_another;
SELECT sto_test.propose('P1', 'ACME', 'token_terms', sto_test.terms('2000000')) IS NOT NULL AS proposed;
SELECT sto_test.why($$SELECT sto_test.carry_out('P1')$$) AS not_approved;
SELECT sto_test.why(format('SELECT sto_test.approve(%L, %L)', p, o)) FROM (VALUES ('P1', 'acme'), ('P1', 'other'), ('P1', 'alice'), ('P2', 'legal'), ('ACME', 'legal')) AS v (p, o);
SELECT sto_test.approve('P1', 'legal') IS NOT NULL AS approved;
SELECT kind, token, approved, officer = sto_test.id('legal') AS by_legal, act_body FROM sto.pending_proposals;
-- exactly this act
SELECT sto_test.why($$SELECT sto_test.event('token_terms', sto_test.id('ACME'), sto_test.id('acme'), '{"authorised":"2000000"}')$$) AS other_octets;
SELECT sto_test.why($$SELECT sto_test.set_terms('3000000')$$) AS other_amount;
SELECT sto_test.carry_out('P1') AS act \gset
SELECT authorised FROM sto.token WHERE token_id = sto_test.id('ACME');
-- once
SELECT sto_test.why($$SELECT sto_test.carry_out('P1')$$) AS used;
SELECT sto_test.why($$SELECT sto_test.approve('P1', 'audit')$$) AS used;
SELECT sto_test.why($$SELECT sto_test.approve('P1', 'audit', false)$$) AS used;
SELECT used_by = :act AS used_by, approved, (SELECT count(*) FROM sto.pending_proposals) AS pending FROM sto.proposal;
-- two proposals of one act are two acts, the older one first
SELECT sto_test.propose(p, 'ACME', 'token_terms', sto_test.terms('4000000')) IS NOT NULL AS proposed FROM unnest('{P3,P4,P5}'::text[]) AS p;
SELECT sto_test.approve('P5', 'legal') IS NOT NULL AS newest, sto_test.approve('P3', 'audit') IS NOT NULL AS oldest;
SELECT sto_test.set_terms('4000000') AS first \gset
SELECT sto_test.set_terms('4000000') AS second \gset
SELECT sto_test.why($$SELECT sto_test.set_terms('4000000')$$);
SELECT p, used_by = :first AS first, used_by = :second AS second, approved FROM sto.proposal JOIN unnest('{P3,P4,P5}'::text[]) AS p ON proposal_id = sto_test.id(p) ORDER BY p;

-- Refusal and withdrawal end it; an approval can be taken back
SELECT sto_test.propose(p, 'ACME', 'document', jsonb_build_object('name', p, 'version', '1', 'uri', 'u', 'hash', sto_test.salt(p), 'acknowledge', false)::text) IS NOT NULL AS proposed
  FROM unnest('{D1,D2,D3,D4}'::text[]) AS p;
SELECT sto_test.approve('D1', 'legal', false) IS NOT NULL AS refused, sto_test.approve('D2', 'acme', false) IS NOT NULL AS withdrawn,
       sto_test.approve('D3', 'legal') IS NOT NULL AS approved, sto_test.approve('D3', 'audit', false) IS NOT NULL AS taken_back;
SELECT sto_test.why(format('SELECT sto_test.approve(%L, %L)', p, 'audit')) AS approve, sto_test.why(format('SELECT sto_test.carry_out(%L)', p)) AS carry_out FROM unnest('{D1,D2,D3}'::text[]) AS p;
SELECT sto_test.approve('D4', 'legal') IS NOT NULL AS approved, sto_test.carry_out('D4') IS NOT NULL AS done;
-- Expiry
SELECT sto_test.propose('E1', 'ACME', 'token_terms', sto_test.terms('5000000'), jsonb_build_object('valid_until', sto_test.micros(clock_timestamp() + interval '1 second'))) IS NOT NULL AS proposed;
SELECT sto_test.propose('E2', 'ACME', 'token_terms', sto_test.terms('6000000'), jsonb_build_object('valid_until', sto_test.micros(clock_timestamp() + interval '1 second'))) IS NOT NULL AS proposed;
SELECT sto_test.approve('E1', 'legal') IS NOT NULL AS approved;
SELECT pg_sleep(1.1);
SELECT sto_test.why($$SELECT sto_test.carry_out('E1')$$) AS carry_out, sto_test.why($$SELECT sto_test.approve('E2', 'legal')$$) AS approve;
SELECT count(*) AS pending FROM sto.pending_proposals WHERE proposal_id IN (sto_test.id('E1'), sto_test.id('E2'));

-- More acts, or the same: alone.  Fewer acts or other officers: with a second officer
SELECT sto_test.four_eyes('ACME', '{document,token_terms,token_pause}', '{audit,legal}') IS NOT NULL AS more;
SELECT sto_test.why(format($$SELECT sto_test.four_eyes('ACME', %L, %L)$$, a, o))
  FROM (VALUES ('{document,token_pause}'::text[], '{audit,legal}'::text[]), ('{}', '{}'), ('{document,token_terms,token_pause,rule_set}', '{audit}'),
               ('{document,token_terms,token_pause,rule_set}', '{audit,legal,other}'), ('{document,token_terms,token_pause}', '{audit,other}')) AS v (a, o);
SELECT sto_test.propose('F1', 'ACME', 'four_eyes', jsonb_build_object('acts', '{document,token_terms,token_pause}'::text[], 'approvers', ARRAY[sto_test.id('audit'), sto_test.id('other')])::text) IS NOT NULL AS proposed;
SELECT sto_test.propose('G1', 'ACME', 'token_terms', sto_test.terms('7000000')) IS NOT NULL AS proposed, sto_test.approve('G1', 'legal') IS NOT NULL AS approved;
SELECT sto_test.approve('F1', 'legal') IS NOT NULL AS approved, sto_test.carry_out('F1') IS NOT NULL AS done;
-- who is no second officer any more approves nothing, and what he approved is approved by another anew
SELECT sto_test.why($$SELECT sto_test.carry_out('G1')$$);
SELECT sto_test.why($$SELECT sto_test.approve('G1', 'legal')$$);
SELECT sto_test.approve('G1', 'other') IS NOT NULL AS approved, sto_test.carry_out('G1') IS NOT NULL AS done;
-- four_eyes itself in the list: nothing of it alone
SELECT sto_test.four_eyes('ACME', '{document,token_terms,token_pause,four_eyes}', '{audit,other}') IS NOT NULL AS more;
SELECT sto_test.why($$SELECT sto_test.four_eyes('ACME', '{document,token_terms,token_pause,four_eyes,rule_set}', '{audit,other}')$$);
-- An issuer binds itself, not an enforcer
SELECT sto_test.why($$SELECT sto_test.pause('ACME', 'acme')$$);
SELECT sto_test.pause('ACME', 'enforcer') IS NOT NULL AS paused, sto_test.pause('ACME', 'enforcer', false) IS NOT NULL AS let_go;
-- In one transaction, and undone with it
BEGIN;
SELECT sto_test.propose('T1', 'ACME', 'token_terms', sto_test.terms('8000000')) IS NOT NULL AS proposed, sto_test.approve('T1', 'other') IS NOT NULL AS approved;
SAVEPOINT s;
SELECT sto_test.carry_out('T1') IS NOT NULL AS done;
ROLLBACK TO s;
SELECT sto_test.carry_out('T1') IS NOT NULL AS done_again;
COMMIT;

-- By the SQL functions
SELECT sto.proposal_body('four_eyes', sto_test.id('ACME'), sto.four_eyes_body('{}', '{}'), '2100-01-01') AS body \gset
SELECT sto.propose(sto_test.id('S1'), sto_test.id('acme'), :'body', sto_test.signatures(sto.act_message('proposal', sto_test.id('S1'), sto_test.id('acme'), :'body'), '{10}')) = sto_test.id('S1') AS proposed;
SELECT sto.approve(sto_test.id('S1'), sto_test.id('audit'), sto_test.signatures(sto.act_message('approve', sto_test.id('S1'), sto_test.id('audit'), sto.approve_body()), '{71}')) IS NOT NULL AS approved;
-- Who sees what waits
SELECT sto.map_role('sto_regress_' || r, sto_test.id(p)) FROM (VALUES ('alice', 'alice'), ('acme', 'acme'), ('legal', 'audit')) AS v (r, p);
SET ROLE sto_regress_alice;
SELECT (SELECT count(*) FROM sto.pending_proposals) AS pending, (SELECT count(*) FROM sto.proposal) AS proposals, (SELECT count(*) FROM sto.four_eyes) AS officers;
SET ROLE sto_regress_legal;
SELECT (SELECT count(*) FROM sto.pending_proposals) AS pending, (SELECT count(*) > 10 FROM sto.proposal) AS proposals;
SELECT kind, approved, act_body FROM sto.pending_proposals WHERE proposal_id = sto_test.id('S1');
SET ROLE sto_regress_acme;
SELECT (SELECT count(*) FROM sto.pending_proposals) AS pending, (SELECT count(*) > 10 FROM sto.proposal) AS proposals;
SELECT sto.carry_out(sto_test.id('S1'), sto_test.signatures(sto.act_message(kind, token_id, proposer, act_body), '{10}')) IS NOT NULL AS done FROM sto.pending_proposals WHERE proposal_id = sto_test.id('S1');
RESET ROLE;
SELECT acts, approvers FROM sto.four_eyes;
SELECT sto_test.set_terms('9000000') IS NOT NULL AS alone_again;
SELECT sto.four_eyes_body('{rule_set,four_eyes}', ARRAY[sto_test.id('legal')]) AS body \gset
SELECT sto.require_second_officer(sto_test.id('ACME'), sto_test.id('acme'), :'body', sto_test.signatures(sto.act_message('four_eyes', sto_test.id('ACME'), sto_test.id('acme'), :'body'), '{10}')) IS NOT NULL AS bound;

-- Rules and lists by the SQL functions: nothing alone; in force once they are carried out, whenever they were proposed
SELECT sto_test.propose('F2', 'ACME', 'four_eyes', sto.four_eyes_body('{rule_set,four_eyes,party_list}', ARRAY[sto_test.id('legal'), sto_test.id('audit')])::text) IS NOT NULL AS proposed,
       sto_test.approve('F2', 'legal') IS NOT NULL AS approved, sto_test.carry_out('F2') IS NOT NULL AS done;
SELECT sto.party_list_body('insiders', sto_test.id('bob'), true) AS list, sto.rule_set_body('[{"rule": "party_list", "list": "insiders", "mode": "deny", "label": "no insiders"}]', valid_from => now() - interval '1 day') AS rules \gset
SELECT sto_test.why(format($$SELECT sto_test.event('party_list', sto_test.id('ACME'), sto_test.id('acme'), %L)$$, :'list')) AS list, sto_test.why(format($$SELECT sto_test.event('rule_set', sto_test.id('ACME'), sto_test.id('acme'), %L)$$, :'rules')) AS rules;
SELECT sto.propose(sto_test.id(p), sto_test.id('acme'), b, sto_test.signatures(sto.act_message('proposal', sto_test.id(p), sto_test.id('acme'), b), '{10}')) = sto_test.id(p) AS proposed
  FROM (VALUES ('R1', sto.proposal_body('rule_set', sto_test.id('ACME'), :'rules', '2100-01-01')), ('L1', sto.proposal_body('party_list', sto_test.id('ACME'), :'list', '2100-01-01'))) AS v (p, b);
SELECT sto.approve(sto_test.id(p), sto_test.id(o), sto_test.signatures(sto.act_message('approve', sto_test.id(p), sto_test.id(o), sto.approve_body()), s)) IS NOT NULL AS approved FROM (VALUES ('R1', 'legal', '{70}'::int[]), ('L1', 'audit', '{71}')) AS v (p, o, s);
SELECT (SELECT count(*) FROM sto.rule_set) AS sets, (SELECT count(*) FROM sto.party_list) AS listed, sto_test.transfer('ACME', 'alice/1', 'bob/1', '1') IS NOT NULL AS not_yet;
SELECT proposal_id = sto_test.id('R1') AS rules, proposal_id = sto_test.id('L1') AS list, act_body ->> 'list' AS list_name, json_array_length(act_body -> 'rules') AS count, kind FROM sto.pending_proposals WHERE approved ORDER BY kind;
SELECT sto.carry_out(p.proposal_id, sto_test.signatures(sto.act_message(p.kind, p.about, p.proposer, p.act_body::json), '{10}')) IS NOT NULL AS done FROM sto.proposal p WHERE p.proposal_id = sto_test.id('R1');
SELECT sto.carry_out(p.proposal_id, sto_test.signatures(sto.act_message(p.kind, p.about, p.proposer, p.act_body::json), '{10}')) IS NOT NULL AS done FROM sto.proposal p WHERE p.proposal_id = sto_test.id('L1');
SELECT s.set_by = p.used_by AS rules_used, s.effective = e.recorded_at AS from_then_on, l.listed FROM sto.proposal p JOIN sto.rule_set s ON s.set_by = p.used_by JOIN sto.event e ON e.entry_id = p.used_by, sto.party_list l WHERE p.proposal_id = sto_test.id('R1');
SELECT sto_test.why($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1')$$) ~ '^ST222', (SELECT label FROM sto.check_transfer(sto_test.id('ACME')::text, sto_test.address('alice/1'), sto_test.address('bob/1'), 1)) AS dry_run;
-- an approval serves once, and exactly its act
SELECT sto_test.why($$SELECT sto_test.carry_out('R1')$$) AS again, sto_test.why($$SELECT sto_test.party_list('ACME', 'insiders', 'bob', false)$$) AS off_the_list;

-- Folded anew it is the same, and verifies; what was altered is found
CREATE TABLE sto_test.officers AS TABLE sto.four_eyes;
CREATE TABLE sto_test.proposals AS TABLE sto.proposal;
SELECT check_name, scope, ok, detail FROM sto.verify() WHERE check_name = 'second_officers' OR scope IN ('sto.four_eyes', 'sto.proposal') OR NOT ok;
SELECT sto.rebuild() > 0 AS folded;
SELECT count(*) FROM ((TABLE sto.four_eyes EXCEPT TABLE sto_test.officers) UNION ALL (TABLE sto_test.officers EXCEPT TABLE sto.four_eyes)) x;
SELECT count(*) FROM ((TABLE sto.proposal EXCEPT TABLE sto_test.proposals) UNION ALL (TABLE sto_test.proposals EXCEPT TABLE sto.proposal)) x;
SELECT sto_test.check_invariants();
BEGIN;
UPDATE sto.four_eyes SET approvers = approvers || sto_test.id('other');
UPDATE sto.proposal SET used_by = NULL WHERE proposal_id = sto_test.id('P1');
SELECT scope, detail FROM sto.verify(checks => '{register}') WHERE NOT ok ORDER BY 1;
ROLLBACK;
-- events that no gate let in: each approval gone, made by another, made late; an act before its approval
CREATE FUNCTION sto_test.edited(edit text) RETURNS TABLE (examined bigint, ok boolean, detail text) LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        PERFORM sto.begin_maintenance('a test');
        EXECUTE edit;
        SELECT v.examined, v.ok, v.detail INTO examined, ok, detail FROM sto.verify(checks => '{second_officers}') AS v;
        RAISE EXCEPTION 'undo' USING ERRCODE = 'ZZ999';
    EXCEPTION WHEN SQLSTATE 'ZZ999' THEN NULL;
    END;
    RETURN NEXT;
END $$;
SELECT e.edit, v.ok, v.detail
  FROM (VALUES ('nothing', 'SELECT 1'),
               ('not approved', $$UPDATE sto.event SET body = '{"approved":false}' WHERE kind = 'approve' AND subject = sto_test.id('P1')$$),
               ('another body', $$UPDATE sto.event SET body = '{"authorised":"1"}' WHERE entry_id = (SELECT used_by FROM sto.proposal WHERE proposal_id = sto_test.id('G1'))$$),
               ('by no officer', $$UPDATE sto.event SET actor = sto_test.id('alice') WHERE kind = 'approve' AND subject = sto_test.id('D1')$$),
               ('by its proposer', $$UPDATE sto.event SET body = '{"approved":true}' WHERE kind = 'approve' AND subject = sto_test.id('D2')$$),
               ('after the act', $$UPDATE sto.event SET entry_id = 1000000 WHERE kind = 'approve' AND subject = sto_test.id('P1')$$),
               ('expired', $$UPDATE sto.event SET recorded_at = '2100-01-01' WHERE entry_id = (SELECT used_by FROM sto.proposal WHERE proposal_id = sto_test.id('P1'))$$),
               ('let go alone', $$UPDATE sto.event SET kind = 'four_eyes', body = '{"acts": [], "approvers": []}' WHERE entry_id = (SELECT used_by FROM sto.proposal WHERE proposal_id = sto_test.id('P1'))$$)
       ) AS e (edit, statement), LATERAL sto_test.edited(e.statement) AS v;

\c template1
SET client_min_messages = warning;
DROP DATABASE sto_regress_four_eyes;
DROP ROLE sto_regress_alice, sto_regress_acme, sto_regress_legal;
