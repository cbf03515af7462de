-- Cosignatures of checkpoints: whose are kept, what is shown, what is refused.  Notes are made here from the published
-- formats (C2SP signed-note, tlog-checkpoint, tlog-cosignature), apart from the extension's own code.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_witness;
DROP ROLE IF EXISTS sto_regress_anybody;
CREATE DATABASE sto_regress_witness TEMPLATE template0 ENCODING 'UTF8';
CREATE ROLE sto_regress_anybody;
\c sto_regress_witness
SET client_min_messages = warning;
SET TimeZone = 'UTC';
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all
-- published vectors: C2SP signed-note's key and signature, which is no checkpoint's
SELECT sto.verify_checkpoint(E'This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n',
                             'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k');

-- keys and lines of notes; type 1: a log's, 4: a witness's
CREATE FUNCTION sto_test.note_key_id(name text, type int, seed int) RETURNS bytea LANGUAGE sql AS $$
    SELECT substr(sha256(convert_to(name || E'\n', 'UTF8') || sto_test.u8(type) || sto_test.key_octets(seed)), 1, 4) $$;
CREATE FUNCTION sto_test.b64(octets bytea) RETURNS text LANGUAGE sql AS $$ SELECT replace(encode(octets, 'base64'), E'\n', '') $$;
CREATE FUNCTION sto_test.vkey(name text, type int, seed int) RETURNS text LANGUAGE sql AS $$
    SELECT name || '+' || encode(sto_test.note_key_id(name, type, seed), 'hex') || '+' || sto_test.b64(sto_test.u8(type) || sto_test.key_octets(seed)) $$;
CREATE FUNCTION sto_test.line(name text, type int, seed int, sig bytea) RETURNS text LANGUAGE sql AS $$
    SELECT E'\u2014 ' || name || ' ' || sto_test.b64(sto_test.note_key_id(name, type, seed) || sig) || E'\n' $$;
CREATE FUNCTION sto_test.text(size bigint, root bytea, origin text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT COALESCE(origin, sto_test.log_name()) || E'\n' || size || E'\n' || sto_test.b64(root) || E'\n' $$;
CREATE FUNCTION sto_test.log_line(body text, seed int DEFAULT 801) RETURNS text LANGUAGE sql AS $$
    SELECT sto_test.line(split_part(body, E'\n', 1), 1, seed, sto_test.sign('ed25519', seed, convert_to(body, 'UTF8'))) $$;
CREATE FUNCTION sto_test.cosign(body text, name text, seed int, at timestamptz DEFAULT now()) RETURNS text LANGUAGE sql AS $$
    SELECT sto_test.line(name, 4, seed, int8send(t) || sto_test.sign('ed25519', seed, convert_to(E'cosignature/v1\ntime ' || t || E'\n' || body, 'UTF8')))
      FROM (SELECT floor(extract(epoch FROM at))::bigint) AS x (t) $$;
-- what the worker does, with the log's test key
CREATE FUNCTION sto_test.sign_newest(at timestamptz DEFAULT now()) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    size bigint;
BEGIN
    SET LOCAL sto_ledger.restore = on;
    INSERT INTO sto.checkpoint (tree_size, signed_at, note)
    SELECT b.tree_size, at, t || E'\n' || sto_test.log_line(t)
      FROM (SELECT * FROM sto.block ORDER BY last_id DESC LIMIT 1) AS b, sto_test.text(b.tree_size, b.root::bytea) AS t
    RETURNING tree_size INTO size;
    RETURN size;
END $$;
-- the newest checkpoint with these lines more
CREATE FUNCTION sto_test.body() RETURNS text LANGUAGE sql AS $$
    SELECT split_part(c.note, E'\n\n', 1) || E'\n' FROM sto.checkpoint AS c ORDER BY c.tree_size DESC LIMIT 1 $$;
CREATE FUNCTION sto_test.with_lines(VARIADIC lines text[]) RETURNS text LANGUAGE sql AS $$
    SELECT sto_test.body() || E'\n' || sto_test.log_line(sto_test.body()) || array_to_string(lines, '') $$;

SELECT sto_test.begin_small();
SELECT sto.checkpoint() IS NULL AS none_yet, sto.timestamp_request() IS NULL AS nothing_to_stamp;
SELECT sto_test.refusal($$SELECT sto.checkpoint(1)$$);
SELECT sto_test.log_key() > 0 AS log_key;
CALL sto.seal();
SELECT strength, signed_at IS NULL AS no_time, cosignatures, threshold, root = sto.tree_root(tree_size) AS root, stamped_at FROM sto.checkpoint_status;
SELECT sto_test.sign_newest() = sto.tree_size() AS signed;
SELECT strength, cosignatures FROM sto.checkpoint_status;
SELECT sto.checkpoint() = sto.checkpoint(sto.tree_size()) AS newest, sto.checkpoint() = (SELECT note FROM sto.checkpoint) AS as_signed;
SELECT sto.verify_checkpoint(sto.checkpoint(), sto_test.vkey(sto_test.log_name(), 1, 801)) AS of_the_log,
       sto.verify_checkpoint(sto.checkpoint(), sto_test.vkey(sto_test.log_name(), 1, 802)) AS of_another_key,
       sto.verify_checkpoint(sto.checkpoint(), sto_test.vkey('another.example', 1, 801)) AS under_another_name;

-- two witnesses, and one who isn't registered
SELECT sto_test.witness('north', 61, 811) > 0, sto_test.witness('south', 62, 812) > 0;
SELECT sto_test.party('nobody', '{63}') IS NOT NULL;
SELECT sto.add_cosignature(sto_test.with_lines('')) AS no_line,
       sto.add_cosignature(sto_test.with_lines(sto_test.cosign(sto_test.body(), 'nobody.example/witness', 813))) AS unknown_key,
       sto.add_cosignature(sto_test.with_lines(sto_test.cosign(sto_test.body(), 'north.example/other', 811))) AS unknown_name;
SELECT sto.add_cosignature(sto_test.with_lines(sto_test.cosign(sto_test.body(), 'north.example/witness', 811))) AS first;
SELECT strength, cosignatures, threshold FROM sto.checkpoint_status;
SELECT sto.add_cosignature(sto_test.with_lines(sto_test.cosign(sto_test.body(), 'north.example/witness', 811, now() + '1 min'))) AS again;
SELECT sto.add_cosignature(sto_test.with_lines(sto_test.cosign(sto_test.body(), 'north.example/witness', 811),
    sto_test.cosign(sto_test.body(), 'nobody.example/witness', 813), sto_test.cosign(sto_test.body(), 'south.example/witness', 812))) AS second;
SELECT strength, cosignatures, threshold FROM sto.checkpoint_status;
SELECT count(*), bool_and(cosigned_at BETWEEN now() - interval '1 min' AND now() AND octet_length(signature) = 72) AS stored,
       bool_and(c.fingerprint = w.fingerprint AND c.party_id = w.party_id) AS whose
  FROM sto.cosignature c JOIN sto.witness w USING (fingerprint);

-- what is shown holds all of them, and is what a verifier wants
SELECT regexp_count(sto.checkpoint(), E'\u2014 ') AS lines, sto.verify_cosignatures(sto.checkpoint(), array_agg(vkey)) AS good,
       bool_and(sto.verify_checkpoint(sto.checkpoint(), vkey)) AS each FROM sto.witness_vkeys;
SELECT sto.add_cosignature(sto.checkpoint()) AS handed_back;
SELECT sto.verify_cosignatures(sto.checkpoint(), ARRAY[v, v]) AS counted_once,
       sto.verify_cosignatures(sto.checkpoint(), '{}') AS nobody_asked,
       sto.verify_cosignatures(sto.checkpoint(), ARRAY[v, sto_test.vkey('nobody.example/witness', 4, 813)]) AS not_there,
       sto.verify_cosignatures(sto.checkpoint() || sto_test.line('north.example/witness', 4, 811, '\x00' || sto_test.sign('ed25519', 811, '') || '\x01020304050607'), ARRAY[v]) AS one_bad,
       sto.verify_cosignatures(replace(sto.checkpoint(), E'\n\n', E'\nmore\n\n'), ARRAY[v]) AS another_text,
       sto.verify_cosignatures('', ARRAY[v]) AS no_note
  FROM sto_test.vkey('north.example/witness', 4, 811) AS v;
SELECT sto_test.refusal(format('SELECT sto.verify_cosignatures(%L, ARRAY[%L])', sto.checkpoint(), v)) FROM (VALUES ('x'), ('x+00000000+'), (''),
    (left(sto_test.vkey('north.example/witness', 4, 811), -4)), (replace(sto_test.vkey('north.example/witness', 4, 811), 'north', 'south')), (sto_test.vkey('log.example', 1, 801)), (NULL)) AS t (v);
SELECT sto_test.refusal($$SELECT sto.verify_cosignatures('', array_fill('x'::text, '{1025}'))$$);
SELECT sto_test.refusal($$SELECT sto.verify_checkpoint('', 'x')$$);

-- as psql writes it into a file, with its own end of line behind it
SELECT sto.verify_checkpoint(sto.checkpoint() || E'\n', sto.log_vkey()) AS checkpoint,
       sto.verify_cosignatures(sto.checkpoint() || E'\n\n', ARRAY[sto_test.vkey('north.example/witness', 4, 811)]) AS cosignatures,
       sto.add_cosignature(sto.checkpoint() || E'\n') AS added;

-- refused: not a note, not this log's, not what it signed, not that witness's
CREATE FUNCTION sto_test.taken(note text) RETURNS text LANGUAGE sql AS $$
    SELECT regexp_replace(sto_test.refusal(format('SELECT sto.add_cosignature(%L)', note)), '[0-9a-f]{8}-[0-9a-f-]{27}|\m\d{10}\M', '#', 'g') $$;
SELECT what, sto_test.taken(note) FROM (VALUES
    ('nothing', ''),
    ('no signature', sto_test.body() || E'\n'),
    ('no checkpoint', E'text\n\n' || sto_test.log_line(E'text\n')),
    ('too long', repeat('x', 70000)),
    ('another log', replace(sto.checkpoint(), 'ledger.example/', 'other.example/')),
    ('without the log''s line', sto_test.body() || E'\n' || sto_test.cosign(sto_test.body(), 'north.example/witness', 811)),
    ('with another key''s line', sto_test.body() || E'\n' || sto_test.log_line(sto_test.body(), 802)),
    ('a root changed', regexp_replace(sto.checkpoint(), E'\n.{5}(.{39})\n\n', E'\nAAAAA\\1\n\n')),
    ('another root, signed', (SELECT t || E'\n' || sto_test.log_line(t) FROM sto_test.text(sto.tree_size(), sha256('')) AS t)),
    ('a size that isn''t', (SELECT t || E'\n' || sto_test.log_line(t) FROM sto_test.text(1000, sha256('')) AS t)),
    ('a bad cosignature', sto_test.with_lines(sto_test.cosign('another text', 'north.example/witness', 811))),
    ('one bad among good', sto_test.with_lines(sto_test.cosign(sto_test.body(), 'south.example/witness', 812), sto_test.cosign('another text', 'north.example/witness', 811))),
    ('too short a cosignature', sto_test.with_lines(sto_test.line('north.example/witness', 4, 811, '\x00'))),
    ('cosigned before it was signed', sto_test.with_lines(sto_test.cosign(sto_test.body(), 'north.example/witness', 811, now() - interval '1 hour'))),
    ('cosigned in the future', sto_test.with_lines(sto_test.cosign(sto_test.body(), 'north.example/witness', 811, now() + interval '1 hour'))),
    ('cosigned beyond all time', sto_test.with_lines(sto_test.line('north.example/witness', 4, 811, int8send(9223372036854775807)
        || sto_test.sign('ed25519', 811, convert_to(E'cosignature/v1\ntime 9223372036854775807\n' || sto_test.body(), 'UTF8'))))),
    ('a control character', sto_test.with_lines(E'\x01'))) AS t (what, note);
SELECT count(*) AS still FROM sto.cosignature;

-- a further checkpoint; a witness whose key was replaced, one who lost the capability
CALL sto.seal();
SELECT sto_test.sign_newest() = sto.tree_size() AS signed, sto.tree_size() > (SELECT min(tree_size) FROM sto.checkpoint) AS grown;
SELECT sto_test.witness_key('north', 821) > 0 AS replaced;
SELECT sto_test.grant_capability('south', 'witness', false) > 0 AS taken_away;
SELECT sto.add_cosignature(sto_test.with_lines(sto_test.cosign(sto_test.body(), 'north.example/witness', 811))) AS old_key,
       sto.add_cosignature(sto_test.with_lines(sto_test.cosign(sto_test.body(), 'south.example/witness', 812))) AS no_capability,
       sto.add_cosignature(sto_test.with_lines(sto_test.cosign(sto_test.body(), 'north.example/witness', 821))) AS new_key;
-- the first checkpoint keeps what it had; the replaced key may still add its own there, which makes no further party
SELECT sto.add_cosignature((SELECT c.note || sto_test.cosign(split_part(c.note, E'\n\n', 1) || E'\n', 'north.example/witness', 821)
                              FROM sto.checkpoint c ORDER BY tree_size LIMIT 1)) AS same_party;
SELECT strength, cosignatures FROM sto.checkpoint_status ORDER BY tree_size;
SELECT regexp_count(sto.checkpoint(tree_size), E'\u2014 ') AS lines FROM sto.checkpoint ORDER BY tree_size;

-- the policy: more than two, or one, which stays weak; each from the tree on that holds it
SELECT sto_test.witness_policy(3) > 0;
SELECT strength, cosignatures, threshold FROM sto.checkpoint_status ORDER BY tree_size;
CALL sto.seal();
SELECT sto_test.sign_newest() = sto.tree_size() AS signed;
SELECT sto_test.witness_policy(1) > 0;
CALL sto.seal();
SELECT sto_test.sign_newest() = sto.tree_size() AS signed;
SELECT sto.add_cosignature(sto_test.with_lines(sto_test.cosign(sto_test.body(), 'north.example/witness', 821))) AS added;
SELECT strength, cosignatures, threshold FROM sto.checkpoint_status ORDER BY tree_size;

-- anybody reads, and anybody may hand over what verifies; nobody writes by SQL
SET ROLE sto_regress_anybody;
SELECT length(sto.checkpoint()) > 0 AS note, (SELECT count(*) FROM sto.checkpoint_status) AS rows, sto.add_cosignature(sto.checkpoint()) AS added;
RESET ROLE;
SELECT sto_test.refusal($$INSERT INTO sto.cosignature SELECT * FROM sto.cosignature$$);
SELECT sto_test.refusal($$DELETE FROM sto.cosignature$$);
BEGIN READ ONLY;
SELECT length(sto.checkpoint()) > 0 AS note;
SELECT sto.add_cosignature(sto.checkpoint());
ROLLBACK;
BEGIN READ ONLY;
SELECT sto.add_timestamp(1, '');
ROLLBACK;

-- what is too long to be a note is not looked at, and never kept
SELECT sto_test.refusal(format('SELECT sto.%s(%L)', f, sto_test.with_lines(E'\u2014 x ' || repeat('AAAA', 20000) || E'\n'))) FROM (VALUES ('report_checkpoint'), ('add_cosignature')) AS v (f);
-- in a parallel query as outside one
-- (the setting has another name from 16 on)
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT sto.log_origin() = l.origin || '/' || l.ledger_id AS origin, sto.verify_checkpoint(sto.checkpoint(), sto.log_vkey()) AS verified FROM sto.ledger AS l;
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');

-- a stored note that was tampered with
BEGIN;
SELECT sto.begin_maintenance('tamper') > 0;
UPDATE sto.checkpoint SET note = 'x';
SELECT sto.checkpoint();
ROLLBACK;

-- time-stamps: who, and for what (replies are tried in test/t/015_timestamps.pl)
SELECT octet_length(sto.timestamp_request()) BETWEEN 50 AND 80 AS request, position(sha256(convert_to(sto_test.body(), 'UTF8')) IN sto.timestamp_request()) > 0 AS of_the_text,
       sto.timestamp_request() = sto.timestamp_request(sto.tree_size()) AS newest;
SELECT sto_test.refusal($$SELECT sto.timestamp_request(1)$$);
SELECT sto_test.refusal($$SELECT sto.add_timestamp(1, '\x00')$$);
SELECT regexp_replace(sto_test.refusal(format('SELECT sto.add_timestamp(%s, %L)', max(tree_size), '\x00')), '\m\d+\M(?= \|)', '#', 'g') FROM sto.checkpoint;

-- the log signed while its clock was ahead; it was put right: what others sign now counts, what is of another time doesn't
SELECT sto_test.witness_policy(2) > 0;
CALL sto.seal();
SELECT sto_test.sign_newest('2100-01-01 00:00Z') = sto.tree_size() AS signed;
SELECT sto_test.taken(sto_test.with_lines(sto_test.cosign(sto_test.body(), 'north.example/witness', 821, at)))
  FROM (VALUES (now() - interval '1 hour'), (now() + interval '1 hour'), ('2100-01-01 00:00Z')) AS v (at);
SELECT sto.add_cosignature(sto_test.with_lines(sto_test.cosign(sto_test.body(), 'north.example/witness', 821))) AS added;
SELECT strength, cosignatures FROM sto.checkpoint_status ORDER BY tree_size DESC LIMIT 1;

\c template1
SET client_min_messages = warning;
DROP DATABASE sto_regress_witness;
DROP ROLE sto_regress_anybody;
