-- Documents of tokens, and their acknowledgement before a first acquisition.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_documents;
CREATE DATABASE sto_regress_documents TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_documents
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all
DROP ROLE IF EXISTS sto_regress_alice, sto_regress_acme, sto_regress_stranger;
CREATE ROLE sto_regress_alice;
CREATE ROLE sto_regress_acme;
CREATE ROLE sto_regress_stranger;
GRANT USAGE ON SCHEMA sto_test TO PUBLIC;
SELECT sto_test.begin_small();
SELECT sto_test.party('other', '{11}') IS NOT NULL AS other, sto_test.token('OTHER', 'other') IS NOT NULL AS token,
       sto_test.officer('enforcer', 60, 'enforcer') IS NOT NULL AS enforcer, sto_test.officer('second', 63, 'enforcer') IS NOT NULL AS second;
SELECT sto_test.party(p, CASE p WHEN 'dave' THEN '{44}'::int[] END, 'natural') = sto_test.id(p) AS party FROM unnest('{carol,dave}'::text[]) AS p;
SELECT sto_test.wallet(w || '/1', w, ARRAY[s]) IS NOT NULL AS wallet FROM (VALUES ('carol', 31), ('dave', 41), ('acme', 12)) AS v (w, s);
SELECT sto_test.wallet('carol/2', 'carol', '{32}') IS NOT NULL AS wallet;

-- The register of documents
SELECT sto_test.document('ACME', 'Prospectus', '1', false, '{"reference": "AFSA 2026/17"}') AS p1 \gset
SELECT sto_test.document('ACME', 'Terms', '1', false) AS t1 \gset
SELECT sto_test.document('ACME', 'Prospectus', '2 (Жаңа)', false) AS p2 \gset
SELECT document = :p1 AS first, replaced = :p2 AS replaced, name, version, uri, hash::text = sto_test.salt(name || version) AS hash, acknowledge, reference
  FROM sto.document ORDER BY document;
SELECT sto_test.refusal($$SELECT sto_test.document('ACME', '', '1')$$) AS name
UNION ALL SELECT sto_test.refusal($$SELECT sto_test.document('ACME', E'a\nb', '1')$$)
UNION ALL SELECT sto_test.refusal($$SELECT sto_test.document('ACME', 'x', repeat('1', 65))$$)
UNION ALL SELECT sto_test.refusal($$SELECT sto_test.document('ACME', 'x', '1', false, '{"uri": ""}')$$)
UNION ALL SELECT sto_test.refusal($$SELECT sto_test.document('ACME', 'x', '1', false, '{"hash": "00"}')$$)
UNION ALL SELECT sto_test.refusal($$SELECT sto_test.document('ACME', 'x', '1', false, '{"pages": 3}')$$)
UNION ALL SELECT sto_test.refusal($$SELECT sto_test.document('ACME', 'x', '1', false, '{"reference": ""}')$$);
-- only its issuer writes it
SELECT left(sto_test.refusal($$SELECT sto_test.event('document', sto_test.id('ACME'), sto_test.id(a),
    '{"name": "x", "version": "1", "uri": "u", "hash": "$$ || repeat('ab', 32) || $$", "acknowledge": true}') FROM (VALUES ('$$ || a || $$')) AS v (a)$$), 5) AS refused
  FROM unnest('{other,registrar,dave}'::text[]) AS a;
-- nothing has to be acknowledged so far
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '10') IS NOT NULL AS posted;

-- From now on whoever has none yet must acknowledge the terms, and the prospectus
SELECT sto_test.document('ACME', 'Terms', '2') AS t2 \gset
SELECT sto_test.document('ACME', 'Prospectus', '3') AS p3 \gset
SELECT name, version FROM sto.documents_due(sto_test.id('ACME'), sto_test.id('carol'));
SELECT sto_test.refusal($$SELECT sto_test.transfer('ACME', 'alice/1', 'carol/1', '10')$$);
SELECT split_part(sto_test.refusal($$SELECT sto_test.issue('ACME', 'carol/1', '10')$$), ' |', 1) AS issue,
       split_part(sto_test.refusal($$SELECT sto_test.hold('ACME', 'alice/1', '10', 'pledge', '{"credit_wallet": "carol/1"}')$$), ' |', 1) AS hold,
       split_part(sto_test.refusal($$SELECT sto_test.hold('ACME', 'alice/1', '10', 'pledge', '{"credit_wallet": "bob/1"}')$$), ' |', 1) AS hold_for_a_holder,
       split_part(sto_test.refusal($$SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '10')$$), ' |', 1) AS to_a_holder,
       split_part(sto_test.refusal($$SELECT sto_test.transfer('ACME', 'alice/1', 'acme/1', '10')$$), ' |', 1) AS to_the_issuer,
       split_part(sto_test.refusal($$SELECT sto_test.redeem('ACME', 'alice/1', '10')$$), ' |', 1) AS redeem,
       split_part(sto_test.refusal($$SELECT sto_test.issue('OTHER', 'carol/1', '10')$$), ' |', 1) AS another_token;
-- with other reasons, all of them at once
SELECT sto_test.freeze_wallet('carol/1') IS NOT NULL AS frozen;
SELECT regexp_replace(sto_test.refusal($$SELECT sto_test.transfer('ACME', 'alice/1', 'carol/1', '100000')$$), 'sto1[0-9a-z]{38}', 'sto1...', 'g') AS all_of_them;
SELECT sto_test.freeze_wallet('carol/1', false) IS NOT NULL AS released;

-- Who acknowledges: the party's own quorum, or one of its wallets'
SELECT left(sto_test.refusal(format('SELECT sto_test.acknowledge(%L, %s, %L)', p, :t2, a)), 5) AS refused
  FROM (VALUES ('carol', 'dave'), ('carol', 'dave/1'), ('carol', 'registrar'), ('carol', 'acme'), ('carol', 'ACME'), ('acme', 'ACME')) AS v (p, a);
SELECT sto_test.refusal($$SELECT sto_test.acknowledge('carol', 999999, 'carol/1')$$);
SELECT sto_test.refusal($$SELECT sto_test.acknowledge('carol', 1, 'carol/1')$$);
SELECT sto_test.acknowledge('carol', :t2, 'carol/1') IS NOT NULL AS by_a_wallet;
SELECT sto_test.refusal(format($$SELECT sto_test.acknowledge('carol', %s, 'carol/2')$$, :t2));
SELECT name, version FROM sto.documents_due(sto_test.id('ACME'), sto_test.id('carol'));
-- an earlier version does not count
SELECT sto_test.acknowledge('carol', :p1, 'carol/1') IS NOT NULL AS an_earlier_version;
SELECT split_part(sto_test.refusal($$SELECT sto_test.transfer('ACME', 'alice/1', 'carol/1', '10')$$), ' |', 1) AS one_is_missing;
SELECT sto_test.acknowledge('carol', :p3, 'carol/2') IS NOT NULL AS by_another_wallet;
SELECT sto_test.transfer('ACME', 'alice/1', 'carol/1', '10') IS NOT NULL AS posted;
SELECT sto_test.acknowledge('dave', :t2, 'dave') IS NOT NULL AS by_the_party;

-- A first acquisition is the first of any of its wallets; a later version asks nothing of who has had the token
SELECT sto_test.document('ACME', 'Terms', '3') AS t3 \gset
SELECT name, version FROM sto.documents_due(sto_test.id('ACME'), sto_test.id('carol'));
SELECT sto_test.transfer('ACME', 'alice/1', 'carol/2', '10') IS NOT NULL AS to_another_wallet;
SELECT sto_test.transfer('ACME', 'carol/1', 'alice/1', '10') IS NOT NULL AS all_of_it, sto_test.transfer('ACME', 'carol/2', 'alice/1', '10') IS NOT NULL AS of_both;
SELECT sto_test.transfer('ACME', 'alice/1', 'carol/1', '10') IS NOT NULL AS and_again;
-- The same transaction: what it credited before counts, unless it is rolled back
SELECT split_part(sto_test.refusal($$SELECT sto_test.issue('ACME', 'dave/1', '10')$$), ' |', 1) AS not_yet;
SELECT sto_test.acknowledge('dave', :t3, 'dave/1') IS NOT NULL AS t3, sto_test.acknowledge('dave', :p3, 'dave') IS NOT NULL AS p3;
SELECT sto_test.party('erin', NULL, 'natural') = sto_test.id('erin') AS erin, sto_test.wallet('erin/1', 'erin', '{51}') IS NOT NULL AS one, sto_test.wallet('erin/2', 'erin', '{52}') IS NOT NULL AS two;
SELECT sto_test.document('ACME', 'Terms', '4', false) AS t4, sto_test.document('ACME', 'Prospectus', '4', false) AS p4 \gset
CREATE TABLE sto_test.made AS
SELECT n, (o).*, sto_test.signatures(sto_test.order_message(o), '{10}') AS signed
  FROM (SELECT n, sto_test.make_order(jsonb_build_object('kind', 'issue', 'token_id', 'ACME', 'debit_wallet', 'ACME', 'credit_wallet', w, 'amount', '5', 'ordering_party', 'acme')) AS o
          FROM (VALUES (1, 'erin/1'), (2, 'erin/2'), (3, 'erin/1'), (4, 'dave/1')) AS v (n, w)) AS x;
BEGIN;
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT m.kind, m.token_id, m.debit_wallet, m.credit_wallet, m.amount, m.ordering_party, m.order_id, m.signed FROM sto_test.made m WHERE n = 1;
SELECT sto_test.document('ACME', 'Terms', '5') IS NOT NULL AS t5;
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT m.kind, m.token_id, m.debit_wallet, m.credit_wallet, m.amount, m.ordering_party, m.order_id, m.signed FROM sto_test.made m WHERE n = 2;
ROLLBACK;
SELECT sto_test.document('ACME', 'Terms', '5') AS t5 \gset
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT m.kind, m.token_id, m.debit_wallet, m.credit_wallet, m.amount, m.ordering_party, m.order_id, m.signed FROM sto_test.made m WHERE n = 2;
-- a new wallet of who has had the token
SELECT sto_test.wallet('bob/2', 'bob', '{23}') IS NOT NULL AS wallet;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/2', '1') IS NOT NULL AS posted;
-- once it is acknowledged, one statement fills several wallets
SELECT sto_test.acknowledge('erin', :t5, 'erin/1') IS NOT NULL AS t5;
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT m.kind, m.token_id, m.debit_wallet, m.credit_wallet, m.amount, m.ordering_party, m.order_id, m.signed FROM sto_test.made m WHERE n <= 3 ORDER BY n;
-- dave acknowledged versions 3 of both, and the fifth of the terms is asked for now
SELECT split_part(sto_test.refusal($$INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT m.kind, m.token_id, m.debit_wallet, m.credit_wallet, m.amount, m.ordering_party, m.order_id, m.signed FROM sto_test.made m WHERE n = 4$$), ' |', 1) AS not_the_fifth;
-- a hold that was placed before, posted after: asked again
SELECT sto_test.party('fred', '{61}', 'natural') = sto_test.id('fred') AS fred, sto_test.wallet('fred/1', 'fred', '{62}') IS NOT NULL AS wallet;
SELECT sto_test.document('ACME', 'Terms', '6', false) IS NOT NULL AS t6;
SELECT sto_test.hold('ACME', 'alice/1', '3', 'hash_lock', jsonb_build_object('credit_wallet', 'fred/1', 'release_after', now() + interval '1 day',
    'condition_hash', encode(sha256(decode(repeat('5a', 32), 'hex')), 'hex'))) AS lock \gset
SELECT sto_test.document('ACME', 'Terms', '7') AS t7 \gset
CREATE FUNCTION sto_test.show_preimage(hold bigint) RETURNS text LANGUAGE sql AS $$
    SELECT split_part(sto_test.refusal(format($q$SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', 'fred/1',
        'amount', '3', 'ordering_party', 'registrar', 'hold_id', %s, 'preimage', '\x' || repeat('5a', 32)), NULL)$q$, hold)), ' |', 1) $$;
SELECT sto_test.show_preimage(:lock) AS before;
SELECT sto_test.acknowledge('fred', :t7, 'fred') IS NOT NULL AS fred;
SELECT sto_test.show_preimage(:lock) AS after;

-- Who sees which acknowledgement
SELECT sto.map_role('sto_regress_' || r, sto_test.id(p)) FROM (VALUES ('alice', 'carol'), ('acme', 'acme'), ('stranger', 'other')) AS v (r, p);
SET ROLE sto_regress_alice;
SELECT count(*) > 1 AS of_carol, bool_and(party_id = sto_test.id('carol')) AS no_others, (SELECT count(*) FROM sto.document) > 8 AS documents FROM sto.acknowledgement;
SET ROLE sto_regress_acme;
SELECT count(DISTINCT party_id) AS parties FROM sto.acknowledgement;
SET ROLE sto_regress_stranger;
SELECT count(*) FROM sto.acknowledgement;
RESET ROLE;

-- By the SQL functions
SELECT sto.document_body('Key features', '1', 'https://docs.example/k', sto_test.salt('k')::sto.digest, true, 'K/1') AS body \gset
SELECT sto.add_document(sto_test.id('ACME'), sto_test.id('acme'), :'body', sto_test.signatures(sto.act_message('document', sto_test.id('ACME'), sto_test.id('acme'), :'body'), '{10}')) AS k1 \gset
SELECT sto.acknowledge_body(:k1) AS body \gset
SELECT sto.acknowledge_document(sto_test.id('dave'), sto_test.id('dave/1'), :'body', sto_test.signatures(sto.act_message('acknowledge', sto_test.id('dave'), sto_test.id('dave/1'), :'body'), '{41}')) IS NOT NULL AS acknowledged;

-- Folded anew it is the same, and verifies; what was altered is found
CREATE TABLE sto_test.before AS TABLE sto.document;
CREATE TABLE sto_test.acknowledged AS TABLE sto.acknowledgement;
SELECT check_name, scope, ok, detail FROM sto.verify() WHERE check_name = 'acknowledgements' OR scope IN ('sto.document', 'sto.acknowledgement') OR NOT ok;
SELECT sto.rebuild() > 0 AS folded;
SELECT count(*) FROM ((TABLE sto.document EXCEPT TABLE sto_test.before) UNION ALL (TABLE sto_test.before EXCEPT TABLE sto.document)) x;
SELECT count(*) FROM ((TABLE sto.acknowledgement EXCEPT TABLE sto_test.acknowledged) UNION ALL (TABLE sto_test.acknowledged EXCEPT TABLE sto.acknowledgement)) x;
BEGIN;
UPDATE sto.document SET acknowledge = false WHERE document = :t7;
DELETE FROM sto.acknowledgement WHERE document = :t2;
SELECT check_name, scope, first_bad = :t7 AS the_document, detail FROM sto.verify(checks => '{register}') WHERE NOT ok ORDER BY 2;
ROLLBACK;
-- an entry that no gate let in: the acknowledgement was made after it
BEGIN;
SELECT sto.begin_maintenance('a test') IS NOT NULL AS begun;
UPDATE sto.event SET entry_id = 1000000 WHERE kind = 'acknowledge' AND subject = sto_test.id('fred');
SELECT ok, first_bad = (SELECT max(entry_id) FROM sto.transfer WHERE credit_wallet = sto_test.address('fred/1') AND kind = 'post') AS the_entry, detail FROM sto.verify(checks => '{acknowledgements}');
ROLLBACK;

\c template1
SET client_min_messages = warning;
DROP DATABASE sto_regress_documents;
DROP ROLE sto_regress_alice, sto_regress_acme, sto_regress_stranger;
