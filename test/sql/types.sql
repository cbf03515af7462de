-- The data types: input and output, comparison, indexes, arithmetic, casts, aggregates.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS sto_ledger;
CREATE SCHEMA types_test;
SET search_path = types_test;
\set VERBOSITY terse

-- What a statement is refused with: SQLSTATE, message, detail.
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text;
    message text;
    detail text;
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' | ', state, message, nullif(detail, ''));
END $$;

-- Text input, good
SELECT v, v::sto.token_amount
FROM (VALUES ('0'), ('-0'), ('+7'), ('007'), ('-1'), ('9223372036854775808'),
      ('170141183460469231731687303715884105727'), ('-170141183460469231731687303715884105728')) AS t (v);
SELECT v::sto.wallet_address
FROM (VALUES ('sto1qqqsyqcyq5rqwzqfpg9scrgwpugpzysns6a4qz'), ('STO1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNS6A4QZ')) AS t (v);
SELECT v::sto.digest FROM (VALUES (repeat('0123456789abcdef', 4)), (repeat('0123456789ABCDEF', 4))) AS t (v);
SELECT v::sto.public_key
FROM (VALUES ('ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'),
      ('ed25519:D75A980182B10AB7D54BFED3C964073A0EE172F3DAA62325AF021A68F707511A'),
      ('p256:036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296'),
      ('secp256k1:0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'),
      -- an uncompressed point is stored compressed
      ('p256:046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296'
       '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5')) AS t (v);
SELECT 'US0378331005'::sto.isin, 'XTV15WLZJMF0'::sto.isin, '506700GE1G29325QX363'::sto.lei, 'ESVUFR'::sto.cfi,
       '4H95J0R2X'::sto.dti, 'X9J9K872S'::sto.dti;

-- Text input, bad
SELECT v, refusal(format('SELECT %L::sto.token_amount', v))
FROM (VALUES (''), ('-'), (' 1'), ('1 '), ('1.0'), ('1e3'), ('0x10'), ('1_000'), ('NaN'), ('Infinity'),
      ('170141183460469231731687303715884105728'), ('-170141183460469231731687303715884105729'),
      (repeat('9', 60))) AS t (v);
SELECT v, refusal(format('SELECT %L::sto.wallet_address', v))
FROM (VALUES (''), ('sto1qqqsyqcyq5rqwzqfpg9scrgwpugpzysns6a4qy'), ('sto1qqqsyqcyq5rqwzqfpg9scrgwpugpzysns6a4q'),
      ('sto1qqqsyqcyq5rqwzqfpg9scrgwpugpzysns6a4qzq'), ('Sto1qqqsyqcyq5rqwzqfpg9scrgwpugpzysns6a4qz'),
      ('sto1bqqsyqcyq5rqwzqfpg9scrgwpugpzysns6a4qz'), ('stp1qqqsyqcyq5rqwzqfpg9scrgwpugpzysns6a4qz'),
      (' sto1qqqsyqcyq5rqwzqfpg9scrgwpugpzysns6a4q')) AS t (v);
SELECT v, refusal(format('SELECT %L::sto.digest', v))
FROM (VALUES (''), (repeat('0', 63)), (repeat('0', 65)), (repeat('0', 62) || '0g'), ('\x' || repeat('0', 62)),
      (' ' || repeat('0', 63))) AS t (v);
SELECT v, refusal(format('SELECT %L::sto.public_key', v))
FROM (VALUES (''), ('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'), ('ed25519:'), ('ed25519:d7'),
      ('ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511'),
      ('ed25519:g75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'),
      ('ed25519:' || repeat('00', 66)), ('Ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'),
      ('rsa:00'), ('p256:00'), ('p256:' || repeat('00', 33)), ('p256:02' || repeat('ff', 32)),
      ('p256:02' || repeat('00', 31) || '01'),
      ('secp256k1:02' || repeat('ff', 32)), ('secp256k1:02' || repeat('00', 31) || '05'),
      ('ed25519: 75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')) AS t (v);
-- Ed25519: the eight small-order points and every other encoding of them
SELECT v, refusal(format('SELECT ''ed25519:%s''::sto.public_key', v))
FROM (VALUES ('0100000000000000000000000000000000000000000000000000000000000000'),
      ('ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'),
      ('0000000000000000000000000000000000000000000000000000000000000000'),
      ('0000000000000000000000000000000000000000000000000000000000000080'),
      ('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
      ('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85'),
      ('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
      ('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'),
      ('0100000000000000000000000000000000000000000000000000000000000080'),
      ('ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'),
      ('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'),
      ('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'),
      ('eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'),
      ('eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff')) AS t (v);
SELECT t, v, refusal(format('SELECT %L::sto.%I', v, t))
FROM (VALUES ('isin', ''), ('isin', 'US0378331006'), ('isin', 'us0378331005'), ('isin', ' US0378331005'),
      ('isin', 'US0378331005 '), ('isin', 'US037833100A'), ('isin', 'ZZ0378331005'),
      ('lei', '506700GE1G29325QX364'), ('lei', '506700ge1g29325qx363'), ('lei', '506700GE1G29325QX36'),
      ('lei', '506700GE1G29325QX3 3'), ('lei', '506700GE1G29325QX3A3'),
      ('cfi', 'ESVUF'), ('cfi', 'esvufr'), ('cfi', 'ESVUF1'), ('cfi', 'ASVUFR'), ('cfi', 'EBVUFR'), ('cfi', 'ESVUFR '),
      ('dti', 'X9J9K872T'), ('dti', 'x9J9K872S'), ('dti', 'X9J9K872'), ('dti', '09J9K872S'), ('dti', 'X9J9A872S'),
      ('dti', 'X9J9K872S ')) AS t (t, v);

-- Binary output: 16 octets big-endian two's complement; octets as they are; scheme, then key octets
SELECT sto.token_amount_send(v::sto.token_amount)
FROM (VALUES ('0'), ('1'), ('-1'), ('-2'), ('256'), ('170141183460469231731687303715884105727'),
      ('-170141183460469231731687303715884105728')) AS t (v);
SELECT sto.wallet_address_send('sto1qqqsyqcyq5rqwzqfpg9scrgwpugpzysns6a4qz'),
       sto.public_key_send('ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'),
       sto.isin_send('US0378331005'), sto.cfi_send('ESVUFR');

-- Binary there and back, every type, nulls, and amounts behind a single octet: rows align them to 8 octets only
SELECT current_setting('data_directory') || '/sto_types_test' AS file \gset
CREATE TABLE every (
    c "char", amount sto.token_amount, c2 "char", address sto.wallet_address, amount2 sto.token_amount,
    digest sto.digest, key sto.public_key, isin sto.isin, amount3 sto.token_amount, lei sto.lei, cfi sto.cfi, dti sto.dti,
    amounts sto.token_amount[]
);
INSERT INTO every
SELECT 'a', (n - 50)::sto.token_amount * 3402823669209384634 * 1000000000000000000, 'b',
       substr(sha256(n::text::bytea), 1, 20)::sto.wallet_address, n, sha256(n::text::bytea)::sto.digest,
       'ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
       CASE WHEN n % 2 = 0 THEN 'US0378331005' END, -n, '506700GE1G29325QX363', 'ESVUFR', 'X9J9K872S', ARRAY[n, NULL, -n]::sto.token_amount[]
FROM generate_series(1, 100) AS n;
INSERT INTO every DEFAULT VALUES;
INSERT INTO every (amount, amount2, amount3) VALUES
    ('-170141183460469231731687303715884105728', '170141183460469231731687303715884105727', 0);
COPY every TO :'file' (FORMAT binary);
CREATE TABLE again (LIKE every);
COPY again FROM :'file' (FORMAT binary);
SELECT count(*), (SELECT count(*) FROM (TABLE every EXCEPT TABLE again) AS d) AS lost,
       (SELECT count(*) FROM (TABLE again EXCEPT TABLE every) AS d) AS gained,
       (SELECT count(*) FROM every JOIN again ON every::text = again::text) AS same_text FROM again;
SELECT amount, address, amount2, digest, isin, amount3, amounts FROM again WHERE amount2 = 2;

-- Binary input, bad: the octets of a bytea read as each type
CREATE TABLE octets (v bytea);
CREATE FUNCTION binary_refusal(type text, v bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    file text := current_setting('data_directory') || '/sto_types_test';
    answer text;
BEGIN
    TRUNCATE octets;
    INSERT INTO octets VALUES (v);
    EXECUTE format('COPY octets TO %L (FORMAT binary)', file);
    EXECUTE format('CREATE TABLE wanted (v sto.%I)', type);
    answer := refusal(format('COPY wanted FROM %L (FORMAT binary)', file));
    DROP TABLE wanted;
    RETURN answer;
END $$;
SELECT t, encode(v, 'hex') AS v, binary_refusal(t, v)
FROM (VALUES ('token_amount', '\x'::bytea), ('token_amount', '\x000000000000000000000000000000'),
      ('token_amount', '\x0000000000000000000000000000000000'), ('token_amount', '\xffffffffffffffffffffffffffffffff'),
      ('wallet_address', '\x00'), ('wallet_address', '\x0000000000000000000000000000000000000000'),
      ('digest', '\x00'), ('digest', sha256('')), ('digest', sha256('') || '\x00'),
      ('public_key', ''), ('public_key', '\x01'), ('public_key', '\x01' || sha256('') || '\x00'),
      ('public_key', '\x00d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'),
      ('public_key', '\x04d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'),
      ('public_key', '\x010100000000000000000000000000000000000000000000000000000000000000'),
      ('public_key', '\x01d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'),
      ('isin', 'US0378331005'), ('isin', 'US0378331006'), ('isin', 'us0378331005'), ('isin', 'US037833100'),
      ('isin', 'US03783310\000\000'), ('isin', '\xffffffffffffffffffffffff'),
      ('lei', '506700GE1G29325QX363'), ('lei', '506700GE1G29325QX364'), ('lei', ''),
      ('cfi', 'ESVUFR'), ('cfi', 'ESVUF1'), ('cfi', 'ESVUFRR'), ('dti', 'X9J9K872S'), ('dti', 'X9J9K872T'), ('dti', 'X9'))
     AS t (t, v);
COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; rm -f sto_types_test';

-- From 16 on, bad text is an answer where the asker wants one
DO $$
DECLARE
    bad text[];
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        EXECUTE $q$
            SELECT array_agg(v) FROM (VALUES ('token_amount', '1.5'), ('token_amount', repeat('9', 60)),
                ('wallet_address', 'sto1'), ('digest', '00'), ('public_key', 'ed25519:00'), ('isin', 'US0378331006'),
                ('lei', ''), ('cfi', ''), ('dti', '')) AS t (t, v)
            WHERE pg_input_is_valid(v, 'sto.' || t)
        $q$ INTO bad;
        IF bad IS NOT NULL THEN
            RAISE EXCEPTION 'taken as valid: %', bad;
        END IF;
    END IF;
END $$;

-- Comparison and order
SELECT a, b, a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge, a > b AS gt,
       sto.token_amount_cmp(a, b) AS cmp
FROM (VALUES ('-1'::sto.token_amount, '1'::sto.token_amount), ('1', '-1'), ('18446744073709551616', '1'), ('7', '7'),
      ('-170141183460469231731687303715884105728', '170141183460469231731687303715884105727')) AS t (a, b);
SELECT a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge, a > b AS gt
FROM (VALUES ('a', 'b'), ('b', 'a'), ('a', 'a')) AS t (x, y), sto.digest(sha256(x::bytea)) AS a,
     sto.digest(sha256(y::bytea)) AS b;
SELECT array_agg(v ORDER BY v) FROM unnest('{5,-3,0,18446744073709551616,-18446744073709551616,4}'::sto.token_amount[]) AS v;
SELECT array_agg(v ORDER BY v DESC) FROM unnest('{US0378331005,GB0002634946,KZ1C00000876}'::sto.isin[]) AS v;
SELECT array_agg(v ORDER BY v)
FROM unnest('{secp256k1:0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798,
              p256:036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
              ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a}'::sto.public_key[]) AS v;

-- Indexes, joins and groups of every type, with literals and integers
CREATE TABLE many AS
SELECT (n % 1000)::sto.token_amount AS amount, sha256(n::text::bytea)::sto.digest AS digest,
       substr(sha256(n::text::bytea), 1, 20)::sto.wallet_address AS address,
       ('\x01' || sha256(n::text::bytea))::bytea AS plain
FROM generate_series(1, 5000) AS n;
CREATE INDEX many_amount ON many (amount);
CREATE INDEX many_digest ON many USING hash (digest);
CREATE UNIQUE INDEX many_address ON many (address);
VACUUM ANALYZE many;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM many WHERE amount = 5;
EXPLAIN (COSTS OFF) SELECT * FROM many WHERE amount BETWEEN 5 AND '7' ORDER BY amount;
EXPLAIN (COSTS OFF) SELECT * FROM many
WHERE digest = '6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b';
EXPLAIN (COSTS OFF) SELECT * FROM many WHERE address = 'sto1qqqsyqcyq5rqwzqfpg9scrgwpugpzysns6a4qz';
SELECT count(*) FROM many WHERE amount = 5;
SELECT count(*) FROM many WHERE amount BETWEEN 5 AND '7';
SELECT min(amount), max(amount) FROM many;
SELECT amount FROM many WHERE digest = '6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b';
SELECT amount FROM many WHERE address = substr(sha256('77'), 1, 20)::sto.wallet_address;
RESET enable_seqscan;
RESET enable_bitmapscan;
SELECT count(*) FROM (SELECT DISTINCT amount FROM many) AS d;
SET enable_hashagg = off;
SELECT count(*) FROM (SELECT amount, count(*) FROM many GROUP BY amount) AS d;
RESET enable_hashagg;
SET enable_mergejoin = off;
SET enable_nestloop = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM many AS a JOIN many AS b USING (digest);
SELECT count(*) FROM many AS a JOIN many AS b USING (digest);
SET enable_hashjoin = off;
RESET enable_mergejoin;
SELECT count(*) FROM many AS a JOIN many AS b USING (digest, amount);
RESET enable_nestloop;
RESET enable_hashjoin;
-- equal values hash alike, and a partition is found by the extended hash
CREATE TABLE parts (amount sto.token_amount, digest sto.digest) PARTITION BY HASH (amount, digest);
CREATE TABLE parts0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts SELECT amount, digest FROM many;
SELECT count(*), count(*) FILTER (WHERE tableoid = 'parts0'::regclass) BETWEEN 2000 AND 3000 AS even FROM parts;
SELECT count(*) FROM parts
WHERE amount = 1 AND digest = '6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b';

-- Arithmetic
SELECT '5'::sto.token_amount + 3 AS plus, 3 - '5'::sto.token_amount AS minus, - '5'::sto.token_amount AS negated,
       '5'::sto.token_amount * -3 AS times, 3::smallint * '5'::sto.token_amount AS times_left, abs('-5'::sto.token_amount);
SELECT v, refusal('SELECT ' || v)
FROM (VALUES ($$'170141183460469231731687303715884105727'::sto.token_amount + 1$$),
      ($$'170141183460469231731687303715884105727'::sto.token_amount - '-1'$$),
      ($$'-170141183460469231731687303715884105728'::sto.token_amount - 1$$),
      ($$- '-170141183460469231731687303715884105728'::sto.token_amount$$),
      ($$abs('-170141183460469231731687303715884105728'::sto.token_amount)$$),
      ($$'-170141183460469231731687303715884105728'::sto.token_amount * -1$$),
      ($$9223372036854775807 * '18446744073709551618'::sto.token_amount$$),
      ($$9223372036854775807 * '18446744073709551619'::sto.token_amount$$),
      ($$'1'::sto.token_amount * 1.5$$), ($$'1'::sto.token_amount + 1.5$$),
      ($$'1'::sto.token_amount + 1.5::float8$$), ($$1.5::float8::sto.token_amount$$),
      ($$'1'::sto.token_amount::float8$$)) AS t (v);

-- Casts: integers by themselves, numeric exactly, bigint if it fits
SELECT pg_typeof(coalesce(amount, 0)) AS with_integer, pg_typeof(amount::numeric) AS to_numeric FROM many LIMIT 1;
SELECT v::numeric::sto.token_amount FROM (VALUES ('0'), ('-0.000'), ('1.00'), ('1e30'),
      ('170141183460469231731687303715884105727'), ('-170141183460469231731687303715884105728')) AS t (v);
SELECT v::sto.token_amount::numeric FROM (VALUES ('0'), ('-1'), ('1000000000000000000000'),
      ('170141183460469231731687303715884105727'), ('-170141183460469231731687303715884105728')) AS t (v);
SELECT refusal(format('SELECT %L::numeric::sto.token_amount', v))
FROM (VALUES ('1.5'), ('0.000000000000000000001'), ('1e39'), ('170141183460469231731687303715884105728'), ('NaN'),
      ('Infinity'), ('-Infinity')) AS t (v);
SELECT '9223372036854775807'::sto.token_amount::bigint, '-9223372036854775808'::sto.token_amount::bigint;
SELECT refusal($$SELECT '9223372036854775808'::sto.token_amount::bigint$$);
SELECT refusal($$SELECT '-9223372036854775809'::sto.token_amount::bigint$$);
SELECT (-32768)::smallint::sto.token_amount, (-2147483648)::sto.token_amount, (-9223372036854775808)::sto.token_amount;

-- Display units
SELECT v, d, sto.to_units(v, d), sto.to_display(sto.to_units(v, d), d)
FROM (VALUES (1.5, 2), (1.50, 1), (-0.01, 2), (0, 18), (123, 0), (0.000000000000000001, 18),
      (170141183460469231731.687303715884105727, 18), (-170141183460469231731.687303715884105728, 18)) AS t (v, d);
SELECT sto.to_display('5', 0), sto.to_display('5', 1), sto.to_display('-5', 3), sto.to_display('0', 2),
       scale(sto.to_display('100', 2));
SELECT v, refusal('SELECT ' || v)
FROM (VALUES ('sto.to_units(1.555, 2)'), ('sto.to_units(0.5, 0)'), ('sto.to_units(1, -1)'), ('sto.to_units(1, 19)'),
      ('sto.to_display(1, 19)'), ('sto.to_display(1, -1)'), ('sto.to_units(170141183460469231731.687303715884105728, 18)'),
      ($$sto.to_units('NaN', 2)$$), ($$sto.to_units('Infinity', 2)$$)) AS t (v);
SELECT sto.to_units(NULL, 2), sto.to_display(NULL, 2);

-- Octets
SELECT (sha256('')::sto.digest)::bytea = sha256('') AS digest,
       '\x000102030405060708090a0b0c0d0e0f10111213'::bytea::sto.wallet_address AS address,
       'sto1qqqsyqcyq5rqwzqfpg9scrgwpugpzysns6a4qz'::sto.wallet_address::bytea AS octets,
       'ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'::sto.public_key::bytea::sto.public_key;
SELECT v, refusal('SELECT ' || v)
FROM (VALUES ($$'\x00'::bytea::sto.digest$$), ($$sha256('')::sto.wallet_address$$), ($$''::bytea::sto.public_key$$),
      ($$'\x010000000000000000000000000000000000000000000000000000000000000000'::bytea::sto.public_key$$)) AS t (v);

-- Identifiers are strings to whatever asks for one
SELECT isin || '/' || cfi AS joined, left(isin, 2), isin LIKE 'US%' AS matches, isin = 'US0378331005'::text AS equal,
       length(lei), pg_typeof(coalesce(isin, 'none'::text))
FROM every WHERE isin IS NOT NULL LIMIT 1;
CREATE TABLE assigned (isin sto.isin);
INSERT INTO assigned SELECT v FROM (VALUES ('US0378331005'::text)) AS t (v);
SELECT refusal($$INSERT INTO assigned SELECT v FROM (VALUES ('US0378331006'::text)) AS t (v)$$);

-- Aggregates
SELECT sum(v), min(v), max(v), avg(v), count(v)
FROM unnest('{NULL,5,-3,18446744073709551616,NULL,4}'::sto.token_amount[]) AS v;
SELECT sum(v), min(v), max(v), avg(v) FROM unnest('{}'::sto.token_amount[]) AS v;
SELECT sum(v), avg(v) FROM unnest('{NULL,NULL}'::sto.token_amount[]) AS v;
SELECT sum(v), avg(v)
FROM unnest('{170141183460469231731687303715884105726,1,-170141183460469231731687303715884105728}'::sto.token_amount[]) AS v;
SELECT v, sum(v) OVER (ORDER BY v), sum(v) OVER (ORDER BY v ROWS BETWEEN 1 PRECEDING AND CURRENT ROW), avg(v) OVER ()
FROM unnest('{1,2,3,4}'::sto.token_amount[]) AS v;
SELECT a, refusal(format('SELECT %s(v) FROM unnest(''{%s,%s}''::sto.token_amount[]) AS v', a, m, d))
FROM (VALUES ('170141183460469231731687303715884105727', '1'), ('-170141183460469231731687303715884105728', '-1'))
     AS t (m, d), unnest('{sum,avg}'::text[]) AS a
ORDER BY a, m;
-- the step changes its state in place, and only its state
CREATE TABLE sums AS SELECT v FROM unnest('{1,2,3}'::sto.token_amount[]) AS v;
SELECT sum(v), min(v), sum(v) FROM sums;
SELECT sto.token_amount_sum(v, v), v FROM sums;
TABLE sums;
SELECT refusal($$SELECT sto.token_amount_avg_step(NULL, '1')$$);

-- Parallel sums are the serial ones
SET max_parallel_workers_per_gather = 0;
SELECT sum(amount) AS sum, min(amount) AS min, max(amount) AS max, avg(amount) AS avg FROM many \gset serial_
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET enable_indexonlyscan = off;
SET enable_indexscan = off;
SET parallel_leader_participation = off;
EXPLAIN (COSTS OFF) SELECT sum(amount), avg(amount) FROM many;
SELECT sum(amount) = :serial_sum AS sum, min(amount) = :serial_min AS min, max(amount) = :serial_max AS max,
       avg(amount) = :serial_avg AS avg, sum(amount) FROM many;
SELECT refusal($$SELECT sum(amount * 9223372036854775807 * 18446744073709551) FROM many$$) LIKE '22003%' AS overflow;
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET enable_indexonlyscan;
RESET enable_indexscan;
RESET parallel_leader_participation;

-- Labels and operator classes
SELECT p.oid::regprocedure
FROM pg_proc AS p
JOIN pg_type AS t ON t.oid = ANY (p.proargtypes::oid[] || p.prorettype)
WHERE t.typnamespace = 'sto'::regnamespace
  AND t.typname IN ('token_amount', 'wallet_address', 'digest', 'public_key', 'isin', 'lei', 'cfi', 'dti')
  AND p.prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')
  AND p.proname ~ '^(token_amount|wallet_address|digest|public_key|isin|lei|cfi|dti)_(in|out|recv|send|eq|ne|lt|le|gt|ge|cmp|hash|hash_extended)$'
  AND NOT (p.provolatile = 'i' AND p.proparallel = 's' AND p.proisstrict
           AND p.proleakproof = (p.proname !~ '_(in|out|recv|send)$' AND t.typname NOT IN ('token_amount', 'digest')));
SELECT c.opcname, m.amname, amvalidate(c.oid)
FROM pg_opclass AS c
JOIN pg_am AS m ON m.oid = c.opcmethod
JOIN pg_type AS t ON t.oid = c.opcintype
WHERE t.typnamespace = 'sto'::regnamespace AND t.typtype = 'b'
ORDER BY c.opcname, m.amname;
-- every operator's commutator and negator point back
SELECT o.oid::regoperator
FROM pg_operator AS o
JOIN pg_type AS t ON t.oid IN (o.oprleft, o.oprright) AND t.typnamespace = 'sto'::regnamespace
LEFT JOIN pg_operator AS c ON c.oid = o.oprcom
LEFT JOIN pg_operator AS n ON n.oid = o.oprnegate
WHERE (o.oprcom <> 0 AND c.oprcom IS DISTINCT FROM o.oid) OR (o.oprnegate <> 0 AND n.oprnegate IS DISTINCT FROM o.oid);
-- what a bare literal meant before, it still means
SELECT abs('-5'), pg_typeof(abs('-5')), pg_typeof(2 * 3), pg_typeof(2::smallint + 3), pg_typeof(sum(n)), pg_typeof(avg(n))
FROM generate_series(1, 2) AS n;

DROP SCHEMA types_test CASCADE;
