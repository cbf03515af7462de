-- Events of the log itself: its key, witnesses and their policy, time authorities, restarts.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_log_events;
CREATE DATABASE sto_regress_log_events TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_log_events
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all
-- ids of a run are not another's
CREATE FUNCTION pg_temp.try(kind text, subject text, actor text, body text, seeds int[] DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT replace(sto_test.refusal(format('SELECT sto_test.event(%L, %L, %L, %L, %L)', kind,
        CASE subject WHEN '' THEN sto_test.nil() ELSE sto_test.id(subject) END,
        CASE actor WHEN '' THEN sto_test.nil() ELSE sto_test.id(actor) END, body, seeds)), sto_test.ledger_id()::text, 'LEDGER')
$$;
CREATE FUNCTION pg_temp.note_key(seed int, party text, name text, signed_by int DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT (jsonb_build_object('key', sto_test.public_key(seed),
                'possession', sto_test.note_possession(sto_test.id(party), COALESCE(name, sto_test.log_name()), COALESCE(signed_by, seed)))
            || CASE WHEN party IS NULL THEN '{}' ELSE jsonb_build_object('name', name) END)::text
$$;

-- The origin names the log's key, so it can have no space; nor "+", which a key's text is split at
SELECT pg_temp.try('genesis', '', '', jsonb_build_object('name', 'x', 'origin', o, 'threshold', 1, 'register_authority', 'keys',
    'keys', jsonb_build_array(jsonb_build_object('key', sto_test.public_key(1))))::text, '{1}') FROM (VALUES ('a b'), ('a+b')) AS v (o);
SELECT sto_test.begin_small();
SELECT sto_test.party('afsa', '{40}') IS NOT NULL AS afsa, sto_test.party('bank', '{41}') IS NOT NULL AS bank,
       sto_test.party('depository', '{42}') IS NOT NULL AS depository;
SELECT sto_test.grant_capability(p, 'witness') > 0 AS granted FROM unnest('{afsa,bank}'::text[]) AS p;

-- The log's key: the root officers', proven, of a kind that signs notes
SELECT pg_temp.try('log_key', '', '', b, s) FROM (VALUES
    (pg_temp.note_key(801, NULL, NULL), '{}'::int[]),                   -- unsigned
    (pg_temp.note_key(801, NULL, NULL), '{1}'),                         -- one of two
    (pg_temp.note_key(801, NULL, NULL, 802), NULL),                     -- another key's possession
    (pg_temp.note_key(801, NULL, 'elsewhere'), NULL),                   -- proven for another log
    (pg_temp.note_key(1801, NULL, NULL), NULL),                         -- P-256
    ('{"key": "' || sto_test.public_key(801) || '", "possession": "00"}', NULL),
    ('{"key": "' || sto_test.public_key(801) || '"}', NULL),
    ('{"key": "ed25519:' || repeat('00', 32) || '", "possession": "' || repeat('00', 64) || '"}', NULL),
    ((pg_temp.note_key(801, NULL, NULL)::jsonb || '{"name": "x"}')::text, NULL)) AS v (b, s);
SELECT pg_temp.try('log_key', '', 'acme', pg_temp.note_key(801, NULL, NULL));
SELECT pg_temp.try('log_key', 'acme', '', pg_temp.note_key(801, NULL, NULL));
-- a witness's proof is not a log's
SELECT pg_temp.try('log_key', '', '', jsonb_build_object('key', sto_test.public_key(801),
    'possession', sto_test.note_possession(sto_test.nil(), sto_test.log_name(), 801))::text);
SELECT sto_test.log_key(801) > 0 AS first;
SELECT sto_test.log_key(802) > 0 AS second;
SELECT registered < retired AS replaced, key = sto_test.public_key(802)::sto.public_key AS new, fingerprint = sto.fingerprint(key) AS named
  FROM sto.log_key ORDER BY registered;
-- the message that the extension gives is the one that was signed
SELECT sto.signature_valid(sto_test.public_key(803)::sto.public_key, sto.log_key_message(sto_test.public_key(803)::sto.public_key),
    decode(sto_test.note_possession(NULL, sto_test.log_name(), 803), 'hex')) AS log_message,
    sto.signature_valid(sto_test.public_key(803)::sto.public_key, sto.witness_key_message(sto_test.id('afsa'), 'x', sto_test.public_key(803)::sto.public_key),
    decode(sto_test.note_possession(sto_test.id('afsa'), 'x', 803), 'hex')) AS witness_message;

-- A witness: the party itself, with the capability
SELECT pg_temp.try('witness_key', s, a, pg_temp.note_key(811, s, s || '.example')) FROM (VALUES ('depository', 'depository'), ('afsa', ''), ('afsa', 'bank'), ('acme', 'acme')) AS v (s, a);
SELECT pg_temp.try('witness_key', 'afsa', 'afsa', b) FROM (VALUES
    (pg_temp.note_key(811, 'bank', 'afsa.example')),                    -- proven for another party
    (pg_temp.note_key(811, 'afsa', 'afsa example')),
    (pg_temp.note_key(811, 'afsa', 'afsa+example')),
    (pg_temp.note_key(811, 'afsa', '')),
    (pg_temp.note_key(811, 'afsa', repeat('x', 201))),
    (pg_temp.note_key(811, 'afsa', sto_test.log_name()))) AS v (b);
SELECT pg_temp.try('witness_key', 'alice/1', 'alice/1', pg_temp.note_key(811, 'alice/1', 'x'));
SELECT sto_test.witness_key('afsa', 811) > 0 AS first;
SELECT sto_test.witness_key('afsa', 812) > 0 AS in_its_place;
SELECT pg_temp.try('witness_key', 'bank', 'bank', pg_temp.note_key(813, 'bank', 'afsa.example/witness'));
SELECT sto_test.witness_key('bank', 813) > 0 AS another;
SELECT name, registered < retired AS replaced, party_id = sto_test.id('afsa') AS afsa, key::text = sto_test.public_key(812) AS new FROM sto.witness ORDER BY registered;
SELECT name, vkey ~ ('^' || name || '\+[0-9a-f]{8}\+B[A-Za-z0-9+/]{43}$') AS vkey FROM sto.witness_vkeys ORDER BY name;

-- One key, one use: neither back again nor from another role
SELECT pg_temp.try('log_key', '', '', pg_temp.note_key(k, NULL, NULL)) FROM unnest('{801,802,811,812,1,10,21}'::int[]) AS k;
SELECT pg_temp.try('witness_key', 'afsa', 'afsa', pg_temp.note_key(k, 'afsa', 'x')) FROM unnest('{801,802,811,812,40,21}'::int[]) AS k;
SELECT sto_test.refusal(format('SELECT sto_test.set_keys(%L, %L)', s, k)) FROM (VALUES ('', '{1,801}'), ('', '{1,802}'), ('afsa', '{812}'), ('afsa', '{811}'), ('alice/1', '{813}'), ('alice/1', '{802}')) AS v (s, k);
SELECT sto_test.refusal($$SELECT sto_test.party('new', '{802}')$$);
SELECT used_for, count(*), count(retired) AS retired FROM sto.key GROUP BY 1 ORDER BY 1;
-- a new policy of the root officers, or of the party, leaves keys of notes alone
SELECT sto_test.set_keys('', '{1,5}') > 0 AS officers, sto_test.set_keys('afsa', '{45}') > 0 AS afsa;
SELECT used_for, count(*), count(retired) AS retired FROM sto.key GROUP BY 1 ORDER BY 1;
SELECT count(*) FILTER (WHERE retired IS NULL) AS present FROM sto.log_key;

-- A party that is a witness no longer has no witness key; it needs a new one to be one again
SELECT sto_test.grant_capability('bank', 'witness', false) > 0 AS dismissed;
SELECT name FROM sto.witness_vkeys;
SELECT pg_temp.try('witness_key', 'bank', 'bank', pg_temp.note_key(814, 'bank', 'bank.example/witness'));
SELECT sto_test.grant_capability('bank', 'witness') > 0 AS granted;
SELECT name FROM sto.witness_vkeys;
SELECT pg_temp.try('witness_key', 'bank', 'bank', pg_temp.note_key(813, 'bank', 'bank.example/witness'));
SELECT sto_test.witness_key('bank', 814) > 0 AS back;
SELECT sto_test.event('party_status', sto_test.id('bank'), sto_test.id('registrar'), '{"status": "closed"}') > 0 AS closed;
SELECT pg_temp.try('witness_key', 'bank', 'bank', pg_temp.note_key(815, 'bank', 'bank.example/witness'));
SELECT name FROM sto.witness_vkeys;
SELECT sto_test.event('party_status', sto_test.id('bank'), sto_test.id('registrar'), '{"status": "active"}') > 0 AS opened;
SELECT name FROM sto.witness_vkeys;

-- How many of them
SELECT pg_temp.try('witness_policy', '', a, b) FROM (VALUES ('', '{"threshold": 0}'), ('', '{"threshold": 17}'), ('', '{}'), ('', '{"threshold": 1, "keys": []}'), ('afsa', '{"threshold": 1}')) AS v (a, b);
SELECT sto_test.witness_policy(3) < sto_test.witness_policy(1) AS set;
SELECT threshold FROM sto.witness_policy ORDER BY registered;

-- Who tells the time
SELECT '-----BEGIN CERTIFICATE-----
MIIBkjCCATigAwIBAgITMWAOCnR78+tsir/xHxJGUQnLHzAKBggqhkjOPQQDAjAe
MRwwGgYDVQQDDBNUZXN0IHRpbWUgYXV0aG9yaXR5MCAXDTI2MTEyMjIxMDgwMVoY
DzIxMjYxMDI5MjEwODAxWjAeMRwwGgYDVQQDDBNUZXN0IHRpbWUgYXV0aG9yaXR5
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEWcKzEkgxjjeD1CVgWja5ZN9DKCVm
s2hI5JlQ3pLEm+Yk6VJH6mK/zM1oFlC+hNGlBKHhvv2TYNzBWsU1wezj6qNTMFEw
HQYDVR0OBBYEFAjdhYeIp4rlZBN68BVvUhIzOPxuMB8GA1UdIwQYMBaAFAjdhYeI
p4rlZBN68BVvUhIzOPxuMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAw
RQIhANW5WJlMprSf9m9Ri/+4LkKnwSV18XMdrVvajueMfVvOAiBUaNko9967+yM5
8PLeiQQzEPRHLpZtIm70i+RVOpFUmw==
-----END CERTIFICATE-----
' AS certificate \gset
SELECT pg_temp.try('time_authority', '', '', jsonb_build_object('name', n, 'certificate', c)::text) FROM (VALUES
    ('x', ''), ('x', 'nonsense'), ('x', E'-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'),
    ('x', left(:'certificate', 300)), ('x', :'certificate' || 'and more'), ('x', replace(:'certificate', 'CERTIFICATE', 'PRIVATE KEY')),
    ('x', regexp_replace(:'certificate', E'\n-----END', E'AAAA\n-----END')), ('x', repeat(:'certificate', 17)),
    ('', :'certificate'), (E'two\nlines', :'certificate')) AS v (n, c);
SELECT pg_temp.try('time_authority', '', '', jsonb_build_object('name', 'x', 'certificate', :'certificate')::text, '{}');
SELECT sto_test.time_authority('One', :'certificate') < sto_test.time_authority('Two', replace(:'certificate', E'\n', E'\r\n') || E'\n' || :'certificate') AS registered;
SELECT name, length(certificate) FROM sto.time_authority ORDER BY registered;

-- A body has at most 60,000 octets, so that a record fits into an entry of a bundle
SELECT n, pg_temp.try('witness_policy', '', '', '{"threshold": 1' || repeat(' ', n - 16) || '}') FROM (VALUES (60000), (60001)) AS v (n);

-- A restart
SELECT pg_temp.try('log_restart', '', a, b, s) FROM (VALUES
    ('', '{"reason": "x", "size": 0, "root": "' || repeat('ab', 32) || '"}', NULL), ('', '{"reason": "x", "size": -1, "root": "' || repeat('ab', 32) || '"}', NULL),
    ('', '{"reason": "x", "size": 9223372036854775807, "root": "' || repeat('ab', 32) || '"}', NULL), ('', '{"reason": "", "size": 1, "root": "' || repeat('ab', 32) || '"}', NULL),
    ('', '{"reason": "x", "size": 1, "root": "ab"}', NULL), ('', '{"reason": "x", "size": 1, "root": "' || repeat('ab', 32) || '"}', '{}'::int[]),
    ('acme', '{"reason": "x", "size": 1, "root": "' || repeat('ab', 32) || '"}', NULL)) AS v (a, b, s);
SELECT sto_test.log_restart('restored from the backup of Sunday', 7, repeat('ab', 32)) > 0 AS restarted;
SELECT tree_size, root, reason FROM sto.log_restart;

-- The same by the functions that clients use
CREATE FUNCTION pg_temp.signed(kind text, actor uuid, body json, seeds int[]) RETURNS bytea LANGUAGE sql AS $$
    SELECT sto_test.signatures(sto.act_message(kind, actor, actor, body), seeds) $$;
SELECT sto_test.public_key(821) AS log, sto_test.public_key(822) AS witness, decode(sto_test.note_possession(NULL, sto_test.log_name(), 821), 'hex') AS log_proof,
       decode(sto_test.note_possession(sto_test.id('afsa'), 'afsa.example/2', 822), 'hex') AS witness_proof \gset
SELECT sto.register_log_key(:'log', :'log_proof', pg_temp.signed('log_key', sto_test.nil(), sto.log_key_body(:'log', :'log_proof'), '{1,5}')) > 0 AS log_key;
SELECT sto.register_witness(sto_test.id('afsa'), 'afsa.example/2', :'witness', :'witness_proof',
    pg_temp.signed('witness_key', sto_test.id('afsa'), sto.witness_key_body('afsa.example/2', :'witness', :'witness_proof'), '{45}')) > 0 AS witness;
SELECT sto.set_witness_policy(2, pg_temp.signed('witness_policy', sto_test.nil(), sto.witness_policy_body(2), '{1,5}')) > 0 AS policy;
SELECT sto.register_time_authority('Three', :'certificate', pg_temp.signed('time_authority', sto_test.nil(), sto.time_authority_body('Three', :'certificate'), '{1,5}')) > 0 AS authority;
SELECT sto.restart_log('again', 9, repeat('cd', 32)::sto.digest, pg_temp.signed('log_restart', sto_test.nil(), sto.log_restart_body('again', 9, repeat('cd', 32)::sto.digest), '{1,5}')) > 0 AS restart;

-- The log's facts are everybody's; nobody writes them
CREATE ROLE sto_regress_passer_by;
SET ROLE sto_regress_passer_by;
SELECT (SELECT count(*) FROM sto.log_key) AS log_keys, (SELECT count(*) FROM sto.witness_vkeys) AS witnesses, (SELECT count(*) FROM sto.time_authority) AS authorities;
INSERT INTO sto.witness_policy VALUES (1, 1);
UPDATE sto.log_key SET retired = NULL;
RESET ROLE;

-- All of it stands, and comes out of the log again
SELECT check_name, scope, first_bad, detail FROM sto.verify() WHERE NOT ok;
CREATE TEMP TABLE before AS
SELECT 'log_key' AS t, x::text FROM sto.log_key AS x UNION ALL SELECT 'witness', x::text FROM sto.witness AS x UNION ALL SELECT 'policy', x::text FROM sto.witness_policy AS x
UNION ALL SELECT 'authority', x::text FROM sto.time_authority AS x UNION ALL SELECT 'restart', x::text FROM sto.log_restart AS x UNION ALL SELECT 'key', x::text FROM sto.key AS x;
SELECT sto.rebuild() = (SELECT count(*) FROM sto.event) + 1 AS folded;
SELECT count(*) AS differ FROM (
    (TABLE before EXCEPT ALL
     (SELECT 'log_key', x::text FROM sto.log_key AS x UNION ALL SELECT 'witness', x::text FROM sto.witness AS x UNION ALL SELECT 'policy', x::text FROM sto.witness_policy AS x
      UNION ALL SELECT 'authority', x::text FROM sto.time_authority AS x UNION ALL SELECT 'restart', x::text FROM sto.log_restart AS x UNION ALL SELECT 'key', x::text FROM sto.key AS x))) AS d;
SELECT count(*) > 20 AS compared FROM before;

-- An altered projection is found
CREATE FUNCTION pg_temp.tamper(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    EXECUTE command;
    SELECT string_agg(v.check_name || ' ' || v.scope, ', ') INTO found FROM sto.verify() AS v WHERE NOT v.ok;
    RAISE EXCEPTION USING ERRCODE = 'ZZ001', MESSAGE = COALESCE(found, 'NOT FOUND');
EXCEPTION WHEN SQLSTATE 'ZZ001' THEN RETURN SQLERRM;
END $$;
SELECT command, pg_temp.tamper(command) FROM (VALUES
    ('UPDATE sto.log_key SET retired = NULL'), ('UPDATE sto.log_key SET key = (SELECT key FROM sto.witness LIMIT 1)'),
    ('DELETE FROM sto.witness WHERE retired IS NULL'), ('UPDATE sto.witness SET name = name || ''x'''), ('UPDATE sto.witness_policy SET threshold = 1'),
    ('UPDATE sto.time_authority SET certificate = ''x'''), ('DELETE FROM sto.log_restart'), ('UPDATE sto.log_restart SET tree_size = 1'),
    ('INSERT INTO sto.witness_policy VALUES (1, 1)'), ('UPDATE sto.key SET used_for = ''policy''')) AS v (command);

\set ECHO none
\c postgres
SET client_min_messages = warning;
DROP DATABASE sto_regress_log_events;
DROP ROLE sto_regress_passer_by;
