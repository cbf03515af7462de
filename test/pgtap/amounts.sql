-- token_amount against numeric, on random values of every size: what one says the other says.
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\pset format unaligned
\pset tuples_only on
SELECT no_plan();
SELECT setseed(0.25);

-- Values of 1 to 128 bits, either sign, the ends of the range, and their neighbours.
CREATE FUNCTION pg_temp.some(bits int) RETURNS numeric LANGUAGE sql VOLATILE AS $$
    SELECT trunc(sum(trunc(random() * 16384)::numeric * power(16384::numeric, n)) / power(2::numeric, 140 - bits))
      FROM generate_series(0, 9) AS n
$$;
CREATE TEMP TABLE v AS
SELECT row_number() OVER () AS n, x
  FROM (SELECT pg_temp.some((i % 127) + 1) * CASE WHEN random() < 0.5 THEN -1 ELSE 1 END FROM generate_series(1, 1000) AS i
         UNION ALL
        SELECT s * (power(2::numeric, b) + d) FROM (VALUES (1), (-1)) AS s (s), (VALUES (31), (32), (63), (64), (96), (126)) AS b (b), (VALUES (-1), (0), (1)) AS d (d)
         UNION ALL
        SELECT unnest('{0,170141183460469231731687303715884105727,170141183460469231731687303715884105726,-170141183460469231731687303715884105728,-170141183460469231731687303715884105727}'::numeric[])) AS g (x);
CREATE TEMP TABLE a AS SELECT n, trunc(x) AS x, trunc(x)::sto.token_amount AS a FROM v;
CREATE TEMP TABLE pair AS
SELECT p.x AS x, q.x AS y, p.a AS a, q.a AS b FROM a AS p JOIN a AS q ON q.n = (p.n * 389 + 17) % (SELECT count(*) FROM a) + 1
 UNION ALL SELECT p.x, -p.x, p.a, (-p.x)::sto.token_amount FROM a AS p WHERE -p.x <= 170141183460469231731687303715884105727;
SELECT cmp_ok((SELECT count(*)::int FROM pair), '>', 2000, 'many pairs');

-- What an expression gives, or the SQLSTATE that it fails with.
CREATE FUNCTION pg_temp.try(expression text, a text, b text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text;
BEGIN
    EXECUTE 'SELECT (' || expression || ')::text' INTO said USING a, b;
    RETURN said;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
CREATE FUNCTION pg_temp.fit(x numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN x BETWEEN -170141183460469231731687303715884105728 AND 170141183460469231731687303715884105727 THEN x::text ELSE '22003' END
$$;

SELECT is_empty('SELECT * FROM a WHERE a::text <> x::text OR a::text::sto.token_amount <> a', 'text there and back');
SELECT is_empty('SELECT * FROM a WHERE a::numeric <> x OR a::numeric::sto.token_amount <> a', 'numeric there and back');
SELECT is_empty($$SELECT * FROM a WHERE encode(sto.token_amount_send(a), 'hex') <>
       (SELECT string_agg(lpad(to_hex(mod(div(u, power(65536::numeric, i)), 65536)::int), 4, '0'), '' ORDER BY i DESC)
          FROM (VALUES (CASE WHEN x < 0 THEN x + power(2::numeric, 128) ELSE x END)) AS u (u), generate_series(0, 7) AS i)$$,
    'binary is two''s complement of 16 octets, big-endian');
SELECT is_empty('SELECT * FROM pair WHERE (a < b, a <= b, a = b, a <> b, a >= b, a > b) IS DISTINCT FROM (x < y, x <= y, x = y, x <> y, x >= y, x > y)', 'comparison');
SELECT is_empty('SELECT * FROM pair WHERE sto.token_amount_cmp(a, b) <> sign(x - y)', 'order');
SELECT is_empty('SELECT * FROM (SELECT n, row_number() OVER (ORDER BY a, n) AS i, row_number() OVER (ORDER BY x, n) AS j FROM a) AS o WHERE i <> j', 'sort');
SELECT is_empty('SELECT * FROM pair WHERE a = b AND (sto.token_amount_hash(a) <> sto.token_amount_hash(b) OR sto.token_amount_hash_extended(a, 7) <> sto.token_amount_hash_extended(b, 7))', 'equal values hash alike');
SELECT is((SELECT count(DISTINCT a) FROM a), (SELECT count(DISTINCT x) FROM a), 'as many different values');
SELECT is_empty($$SELECT * FROM pair WHERE pg_temp.try('$1::sto.token_amount + $2::sto.token_amount', a::text, b::text) <> pg_temp.fit(x + y)$$, 'sum, or 22003');
SELECT is_empty($$SELECT * FROM pair WHERE pg_temp.try('$1::sto.token_amount - $2::sto.token_amount', a::text, b::text) <> pg_temp.fit(x - y)$$, 'difference, or 22003');
SELECT is_empty($$SELECT * FROM pair WHERE y BETWEEN -9223372036854775808 AND 9223372036854775807
                     AND pg_temp.try('$1::sto.token_amount * $2::bigint', a::text, b::text) <> pg_temp.fit(x * y)$$, 'product with bigint, or 22003');
SELECT is_empty($$SELECT * FROM a WHERE pg_temp.try('- $1::sto.token_amount', a::text, NULL) <> pg_temp.fit(-x) OR pg_temp.try('abs($1::sto.token_amount)', a::text, NULL) <> pg_temp.fit(abs(x))$$, 'minus and abs, or 22003');
SELECT is_empty($$SELECT * FROM a WHERE pg_temp.try('$1::sto.token_amount::bigint', a::text, NULL)
                     <> CASE WHEN x BETWEEN -9223372036854775808 AND 9223372036854775807 THEN x::text ELSE '22003' END$$, 'bigint, or 22003');
SELECT is_empty($$SELECT * FROM a, generate_series(0, 18) AS d
                   WHERE sto.to_display(a, d::int) * ('1e' || d)::numeric <> x OR scale(sto.to_display(a, d::int)) <> d
                      OR sto.to_units(sto.to_display(a, d::int), d::int) <> a$$, 'display units there and back, 0 to 18 decimals');
SELECT is_empty($$SELECT * FROM a, generate_series(0, 17) AS d
                   WHERE mod(x, 10) <> 0 AND pg_temp.try(format('sto.to_units($1::numeric, %s)', d), sto.to_display(a, d::int + 1)::text, NULL) <> '22003'$$,
    'one decimal too many is refused, never rounded');

-- Aggregates on random groups
SELECT is_empty($$SELECT * FROM (SELECT sum(a)::numeric - sum(x) AS s, avg(a) - avg(x) AS m, min(a)::numeric - min(x) AS l, max(a)::numeric - max(x) AS h
                                   FROM a WHERE abs(x) < power(2::numeric, 110) GROUP BY n % 37) AS g
                   WHERE s <> 0 OR abs(m) > 0.0001 OR l <> 0 OR h <> 0$$, 'sum, avg, min, max');
SELECT * FROM finish();
