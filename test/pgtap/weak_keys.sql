-- Weak and malformed public keys are refused whatever the way in: text, binary COPY, casts, key lists, and the body of
-- every event that states keys, by the functions and by a bare INSERT.
\getenv srcdir PG_ABS_SRCDIR
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on
SELECT no_plan();

CREATE TABLE weak (scheme text, octets text, what text);
-- Ed25519: the eight points of small order
INSERT INTO weak SELECT 'ed25519', o, 'small order' FROM unnest(ARRAY[
    '0100000000000000000000000000000000000000000000000000000000000000',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    '0000000000000000000000000000000000000000000000000000000000000080',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    '0000000000000000000000000000000000000000000000000000000000000000',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa']) AS o;
-- x = 0 with a sign (RFC 8032, 5.1.3, step 4), and y from p to 2^255 - 1, with either sign
INSERT INTO weak VALUES
    ('ed25519', '01' || repeat('00', 30) || '80', 'not canonical'), ('ed25519', 'ec' || repeat('ff', 31), 'not canonical');
INSERT INTO weak SELECT 'ed25519', to_hex(b) || repeat('ff', 30) || s, 'not canonical'
  FROM generate_series(x'ed'::int, 255) AS b, unnest('{7f,ff}'::text[]) AS s;
-- not on the curve
INSERT INTO weak VALUES ('ed25519', '02' || repeat('00', 31), 'not on the curve');
-- ECDSA: infinity, x without a point, x and coordinates out of range, a point off the curve, hybrid forms, lengths
INSERT INTO weak
SELECT s, o, w FROM unnest('{p256,secp256k1}'::text[]) AS s, (VALUES
    ('00', 'infinity'), (repeat('00', 33), 'infinity'), (repeat('00', 65), 'infinity'), ('04' || repeat('00', 64), 'off the curve'),
    ('04' || repeat('ff', 64), 'out of range'), ('02' || repeat('ff', 32), 'out of range'), ('03' || repeat('ff', 32), 'out of range'),
    ('05' || repeat('01', 32), 'form'), ('04' || repeat('01', 64), 'off the curve'), ('06' || repeat('01', 64), 'hybrid'), ('07' || repeat('01', 64), 'hybrid'),
    ('02' || repeat('01', 31), 'length'), ('02' || repeat('01', 33), 'length'), ('', 'length')) AS t (o, w);
INSERT INTO weak VALUES
    ('p256', '02' || repeat('00', 31) || '01', 'not on the curve'), ('secp256k1', '02' || repeat('00', 31) || '05', 'not on the curve'),
    -- p and p + 1: 0 and 1 once more
    ('p256', '02ffffffff00000001000000000000000000000000ffffffffffffffffffffffff', 'out of range'),
    ('secp256k1', '02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f', 'out of range'),
    ('secp256k1', '02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30', 'out of range'),
    ('ed25519', repeat('01', 31), 'length'), ('ed25519', repeat('01', 33), 'length'), ('ed25519', '', 'length');
SELECT cmp_ok((SELECT count(*)::int FROM weak), '>', 80, 'many weak keys');
ALTER TABLE weak ADD key text GENERATED ALWAYS AS (scheme || ':' || octets) STORED,
                 ADD bin bytea GENERATED ALWAYS AS (CASE scheme WHEN 'ed25519' THEN '\x01' WHEN 'p256' THEN '\x02' ELSE '\x03' END::bytea || decode(octets, 'hex')) STORED;

CREATE FUNCTION pg_temp.state(statement text) RETURNS text LANGUAGE sql AS $$ SELECT left(sto_test.refusal(statement), 5) $$;
SELECT is_empty($$SELECT key, what, s FROM (SELECT *, pg_temp.state(format('SELECT %L::sto.public_key', key)) AS s FROM weak) AS w WHERE s <> '22P02'$$, 'text');
SELECT is_empty($$SELECT key, what, s FROM (SELECT *, pg_temp.state(format('SELECT %L::bytea::sto.public_key', bin)) AS s FROM weak) AS w WHERE s NOT IN ('22P02', '22P03')$$, 'cast from bytea');
SELECT is_empty($$SELECT key, what, s FROM (SELECT *, pg_temp.state(format('SELECT sto.key_policy(1, ARRAY[%L]::sto.public_key[])', key)) AS s FROM weak) AS w WHERE s <> '22P02'$$, 'key_policy');
-- binary COPY: the file is one row of one field, as PostgreSQL itself writes a bytea
CREATE TABLE keys (k sto.public_key);
CREATE FUNCTION pg_temp.copy_in(v bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    file text := current_setting('data_directory') || '/sto_test_keys';
BEGIN
    EXECUTE format('COPY (SELECT %L::bytea) TO %L (FORMAT binary)', v, file);
    RETURN pg_temp.state(format('COPY keys FROM %L (FORMAT binary)', file));
END $$;
SELECT is(pg_temp.copy_in('\x01'::bytea || sto_test.key_octets(1)), 'accep', 'COPY, binary: a sound key');
SELECT is_empty($$SELECT key, what, s FROM (SELECT *, pg_temp.copy_in(bin) AS s FROM weak) AS w WHERE s <> '22P03'$$, 'COPY, binary');

-- The register: in any place of a list, beside sound keys, signed by whoever must
SELECT lives_ok('SELECT sto_test.begin_small()', 'a ledger');
CREATE FUNCTION pg_temp.register(kind text, body jsonb, subject uuid, actor uuid) RETURNS text LANGUAGE sql AS $$
    SELECT left(sto_test.refusal(format('SELECT sto_test.event(%L, %L, %L, %L)', kind, subject, actor, body)), 5)
$$;
CREATE FUNCTION pg_temp.with_key(body jsonb, place text, key text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT CASE place WHEN 'alone' THEN body || jsonb_build_object('threshold', 1, 'keys', jsonb_build_array(k))
                      ELSE body || jsonb_build_object('threshold', 1, 'keys', body -> 'keys' || k) END
      FROM jsonb_build_object('key', key, 'possession', repeat('00', 64)) AS k
$$;
CREATE TABLE place AS
SELECT kind, subject, actor, body || sto_test.keys_body(owner, subject, CASE WHEN owner <> subject THEN sto_test.address_octets(subject) END, '{90}') AS body
  FROM (VALUES ('party', sto_test.id('new'), sto_test.id('registrar'), sto_test.id('new'), '{"kind": "legal"}'::jsonb),
               ('wallet', sto_test.id('new/1'), sto_test.id('registrar'), sto_test.id('alice'), jsonb_build_object('party', sto_test.id('alice'), 'kind', 'own', 'salt', sto_test.salt('new/1'))),
               ('keys', sto_test.id('alice/1'), sto_test.id('alice/1'), sto_test.id('alice'), '{}'),
               ('keys', sto_test.id('acme'), sto_test.id('acme'), sto_test.id('acme'), '{}'),
               ('keys', sto_test.nil(), sto_test.nil(), sto_test.nil(), '{}')) AS t (kind, subject, actor, owner, body);
CREATE TABLE said AS
SELECT p.kind, w.key, w.what, place, pg_temp.register(p.kind, pg_temp.with_key(p.body, place, w.key), p.subject, p.actor) AS s
  FROM place AS p, weak AS w, unnest('{alone,second}'::text[]) AS place;
-- a text that is too long for a key makes the body malformed
SELECT is_empty($$SELECT * FROM said WHERE s <> 'ST106' AND (s <> 'ST208' OR what <> 'length' AND length(split_part(key, ':', 2)) <= 66)$$,
    'the register: ' || (SELECT count(*) FROM said) || ' bodies');
-- by the functions, too, and in bulk: one weak key refuses the whole statement
SELECT is(left(sto_test.refusal(format('SELECT sto.register_wallet(%L, %L, %L, %L)', subject, actor, b, sto_test.signatures(sto.act_message(kind, subject, actor, b::json), '{3}'))), 5), 'ST106', 'register_wallet')
  FROM place, LATERAL (SELECT pg_temp.with_key(body, 'alone', 'ed25519:' || repeat('00', 32))::text) AS x (b) WHERE kind = 'wallet';
SELECT is(left(sto_test.refusal(format('SELECT * FROM sto.register_wallets(%L, %L, ARRAY[%L, %L]::json[], ARRAY[%L, %L]::bytea[])',
       ARRAY[subject, sto_test.id('other')], actor, body, b, sto_test.signatures(sto.act_message(kind, subject, actor, body::text::json), '{3}'),
       sto_test.signatures(sto.act_message(kind, sto_test.id('other'), actor, b::json), '{3}'))), 5), 'ST106', 'register_wallets')
  FROM place, LATERAL (SELECT pg_temp.with_key(body, 'alone', 'ed25519:' || repeat('00', 32))::text) AS x (b) WHERE kind = 'wallet';
SELECT is((SELECT count(*)::int FROM sto.wallet WHERE wallet_id IN (sto_test.id('new/1'), sto_test.id('other'))), 0, 'nothing was registered');
SELECT is(sto_test.check_invariants(), 'sound', 'the ledger is sound');
COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; rm -f sto_test_keys';
SELECT * FROM finish();
