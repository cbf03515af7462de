-- Orders that must be refused: each with its SQLSTATE and message, and the ledger sound after it.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_bad_orders;
CREATE DATABASE sto_regress_bad_orders TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_bad_orders
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\set ECHO none
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
\set ECHO all
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on

SELECT sto_test.begin_small();
SELECT FROM sto_test.token('OTHER', 'acme'), sto_test.issue('OTHER', 'alice/1', '100');
SELECT FROM sto_test.wallet('alice/2', 'alice', '{23}'), sto_test.issue('ACME', 'alice/2', '100');
SELECT FROM sto_test.party('carol', NULL, 'natural'), sto_test.wallet('carol/1', 'carol', '{1021}'), sto_test.issue('ACME', 'carol/1', '100');
SELECT FROM sto_test.party('dave', NULL, 'natural'), sto_test.wallet('dave/1', 'dave', '{2021}'), sto_test.issue('ACME', 'dave/1', '100');
SELECT FROM sto_test.party('eve', '{90}', 'natural'), sto_test.wallet('eve/1', 'eve', '{91}');
SELECT FROM sto_test.wallet('alice/m', 'alice', '{31,1031,2031}', 'own', 2), sto_test.issue('ACME', 'alice/m', '100');

-- The order that all the others are changes of.
CREATE FUNCTION pg_temp.o(extra jsonb DEFAULT '{}') RETURNS sto.transfer LANGUAGE sql AS $$
    SELECT sto_test.make_order(sto_test.transfer_order('ACME', 'alice/1', 'bob/1', '5',
        '{"order_id": "11111111-1111-4111-8111-111111111111"}' || extra))
$$;
-- Signed as it is by these keys, and what comes of it.
CREATE FUNCTION pg_temp.try(extra jsonb DEFAULT '{}', seeds int[] DEFAULT '{21}') RETURNS text LANGUAGE sql AS $$
    SELECT sto_test.attempt(format('SELECT sto_test.insert_order(%L, %L)', o, sto_test.signatures(sto_test.order_message(o), seeds)))
      FROM pg_temp.o(extra) AS o
$$;
-- Signed as one order, sent as another.
CREATE FUNCTION pg_temp.tampered(sent jsonb, signed jsonb DEFAULT '{}', seeds int[] DEFAULT '{21}') RETURNS text LANGUAGE sql AS $$
    SELECT sto_test.attempt(format('SELECT sto_test.insert_order(%L, %L)', pg_temp.o(signed || sent),
        sto_test.signatures(sto_test.order_message(pg_temp.o(signed)), seeds)))
$$;
-- The base order with octets that somebody signed, or that are no signature at all.
CREATE FUNCTION pg_temp.sent(signatures bytea, extra jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT sto_test.attempt(format('SELECT sto_test.insert_order(%L, %L)', pg_temp.o(extra), signatures))
$$;
CREATE FUNCTION pg_temp.item(seed int, signature bytea) RETURNS bytea LANGUAGE sql AS $$
    SELECT sto_test.scheme_octet(seed) || sto_test.key_id(seed) || sto_test.u8(length(signature)) || signature
$$;

-- Every octet of the message counts: flip one bit of each before signing
SELECT length(sto_test.order_message(pg_temp.o())) AS octets,
       sto_test.state_of(o, sto_test.signatures(set_byte(m, n, get_byte(m, n) # 1), '{21}')), count(*)
  FROM pg_temp.o() AS o, sto_test.order_message(o) AS m, generate_series(0, length(sto_test.order_message(pg_temp.o())) - 1) AS n
 GROUP BY 2;
-- ... and every octet of the list of signatures: scheme, key id, length, R and S
SELECT left(sto_test.state_of(o, set_byte(s, n, get_byte(s, n) # 1)), 5), count(*), min(n), max(n)
  FROM pg_temp.o() AS o, sto_test.signatures(sto_test.order_message(o), '{21}') AS s, generate_series(0, 73) AS n
 GROUP BY 1 ORDER BY 3;
SELECT sto_test.check_invariants();

-- Every column counts: signed without, sent with
SELECT change, pg_temp.tampered(change)
  FROM (VALUES ('{"amount": "6"}'::jsonb), ('{"order_id": "21111111-1111-4111-8111-111111111111"}'), ('{"token_id": "OTHER"}'),
               ('{"debit_wallet": "alice/2"}'), ('{"credit_wallet": "carol/1"}'), ('{"reference": ""}'), ('{"reference": "x"}'),
               ('{"valid_until": "2100-01-01 00:00:00+00"}'), ('{"group_id": "21111111-1111-4111-8111-111111111111"}'),
               ('{"kind": "redeem", "credit_wallet": "ACME"}'), ('{"kind": "hold", "purpose": "pledge"}'),
               ('{"attachment_hash": "0101010101010101010101010101010101010101010101010101010101010101"}')) AS t (change);
-- ... of a hold
SELECT change, pg_temp.tampered(change, '{"kind": "hold", "purpose": "settlement", "notary": "acme", "release_after": "2100-01-01 00:00:00+00",
        "instruction_hash": "0101010101010101010101010101010101010101010101010101010101010101"}')
  FROM (VALUES ('{"purpose": "subscription"}'::jsonb), ('{"notary": "eve"}'), ('{"release_after": "2100-01-01 00:00:00.000001+00"}'),
               ('{"release_after": null}'), ('{"instruction_hash": "0101010101010101010101010101010101010101010101010101010101010102"}'),
               ('{"credit_wallet": "eve/1"}'), ('{"credit_wallet": null}'),
               ('{"purpose": "hash_lock", "notary": null, "instruction_hash": null,
                  "condition_hash": "0101010101010101010101010101010101010101010101010101010101010101"}')) AS t (change);

-- Another domain, another ledger, a hash instead of the message
SELECT pg_temp.sent(sto_test.signatures(sto_test.tag('sto.act') || substr(m, 12), '{21}')),
       pg_temp.sent(sto_test.signatures(sto_test.tag('sto.entry') || substr(m, 12), '{21}')),
       pg_temp.sent(sto_test.signatures(sto_test.tag('sto.possession') || substr(m, 12), '{21}')),
       pg_temp.sent(sto_test.signatures('\x09' || 'sto.order'::bytea || '\x02' || substr(m, 12), '{21}'))
  FROM sto_test.order_message(pg_temp.o()) AS m;
SELECT pg_temp.sent(sto_test.signatures(substr(m, 1, 11) || uuid_send('33333333-3333-8333-8333-333333333333') || substr(m, 28), '{21}')),
       pg_temp.sent(sto_test.signatures(sha256(m), '{21}')), pg_temp.sent(sto_test.signatures('', '{21}'))
  FROM sto_test.order_message(pg_temp.o()) AS m;

-- Another's key; another's key under this key's name; nobody's
SELECT pg_temp.try(seeds => '{22}');
SELECT pg_temp.try(seeds => '{99}');
SELECT pg_temp.try(seeds => '{10}');
SELECT pg_temp.sent(pg_temp.item(21, sto_test.sign('ed25519', 22, sto_test.order_message(pg_temp.o()))));
SELECT pg_temp.try(seeds => '{21,22}');
SELECT pg_temp.try(seeds => NULL);

-- Lists that can't be read
SELECT n, pg_temp.sent(substr(s, 1, n)) FROM sto_test.signatures(sto_test.order_message(pg_temp.o()), '{21}') AS s,
       (VALUES (0), (1), (9), (10), (11), (73)) AS t (n);
SELECT pg_temp.sent(s || '\x00'), pg_temp.sent(s || s), pg_temp.sent('\x07' || substr(s, 2)), pg_temp.sent('\x02' || substr(s, 2)),
       pg_temp.sent(pg_temp.item(21, substr(s, 11, 63))), pg_temp.sent(pg_temp.item(21, substr(s, 11) || '\x00')),
       pg_temp.sent(pg_temp.item(21, decode(repeat('00', 64), 'hex'))), pg_temp.sent(pg_temp.item(21, decode(repeat('ff', 64), 'hex'))),
       pg_temp.sent(decode(repeat('00', 70000), 'hex'))
  FROM sto_test.signatures(sto_test.order_message(pg_temp.o()), '{21}') AS s;
-- 17 signatures, though only one key
SELECT pg_temp.sent(string_agg(pg_temp.item(n, sto_test.sign('ed25519', n, 'x')), ''::bytea)) FROM generate_series(100, 116) AS n;
-- S + L verifies the same way where L isn't checked for (RFC 8032 5.1.7)
CREATE FUNCTION pg_temp.num(octets bytea) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    n numeric := 0;
BEGIN
    FOR i IN 0 .. length(octets) - 1 LOOP
        n := n * 256 + get_byte(octets, i);
    END LOOP;
    RETURN n;
END $$;
CREATE FUNCTION pg_temp.octets(n numeric, len int) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    octets bytea := decode(repeat('00', len), 'hex');
BEGIN
    FOR i IN REVERSE len - 1 .. 0 LOOP
        octets := set_byte(octets, i, mod(n, 256)::int);
        n := div(n, 256);
    END LOOP;
    RETURN octets;
END $$;
CREATE FUNCTION pg_temp.backwards(octets bytea) RETURNS bytea LANGUAGE sql AS $$
    SELECT string_agg(substr(octets, n, 1), ''::bytea ORDER BY n DESC) FROM generate_series(1, length(octets)) AS n
$$;
SELECT pg_temp.sent(pg_temp.item(21, substr(s, 1, 32) || pg_temp.backwards(pg_temp.octets(pg_temp.num(pg_temp.backwards(substr(s, 33)))
           + pg_temp.num('\x1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed'), 32))))
  FROM sto_test.sign('ed25519', 21, sto_test.order_message(pg_temp.o())) AS s;

-- ECDSA, both curves: forms of one signature
CREATE TEMP TABLE curve AS
SELECT c.*, pg_temp.o(jsonb_build_object('debit_wallet', c.wallet, 'ordering_party', c.party)) AS o
  FROM (VALUES (1021, 'p256', 'carol/1', 'carol', pg_temp.num('\xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')),
               (2021, 'secp256k1', 'dave/1', 'dave', pg_temp.num('\xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141')))
       AS c (seed, scheme, wallet, party, n);
-- the signer gives DER: 30 len 02 len r 02 len s
CREATE TEMP TABLE sig AS
SELECT c.*, pg_temp.num(substr(d, 5, get_byte(d, 3))) AS r, LEAST(s, n - s) AS low
  FROM curve AS c, sto_test.sign(c.scheme, c.seed, sto_test.order_message(c.o)) AS d, pg_temp.num(substr(d, 7 + get_byte(d, 3))) AS s;
CREATE FUNCTION pg_temp.der_int(n numeric) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    o bytea := pg_temp.octets(n, 33);
BEGIN
    WHILE length(o) > 1 AND get_byte(o, 0) = 0 AND get_byte(o, 1) < 128 LOOP
        o := substr(o, 2);
    END LOOP;
    RETURN '\x02' || sto_test.u8(length(o)) || o;
END $$;
CREATE FUNCTION pg_temp.der(ints bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT '\x30' || sto_test.u8(length(ints)) || ints $$;
CREATE FUNCTION pg_temp.raw(r numeric, s numeric) RETURNS bytea LANGUAGE sql AS $$ SELECT pg_temp.octets(r, 32) || pg_temp.octets(s, 32) $$;

SELECT t.what, g.scheme, sto_test.state_of(g.o, pg_temp.item(g.seed, CASE t.what
           WHEN 'r is zero' THEN pg_temp.raw(0, low)
           WHEN 's is zero' THEN pg_temp.raw(r, 0)
           WHEN 'r is n' THEN pg_temp.raw(n, low)
           WHEN 's is n' THEN pg_temp.raw(r, n)
           WHEN 's is n + 1' THEN pg_temp.raw(r, n + 1)
           WHEN 'r and s exchanged' THEN pg_temp.raw(LEAST(low, n - low), LEAST(r, n - r))
           WHEN 'all ones' THEN decode(repeat('ff', 64), 'hex')
           WHEN 'der: zero r' THEN pg_temp.der(pg_temp.der_int(0) || pg_temp.der_int(low))
           WHEN 'der: s is n' THEN pg_temp.der(pg_temp.der_int(r) || pg_temp.der_int(n))
           WHEN 'der: empty sequence' THEN '\x3000'::bytea
           WHEN 'der: one integer' THEN pg_temp.der(pg_temp.der_int(r))
           WHEN 'der: three integers' THEN pg_temp.der(pg_temp.der_int(r) || pg_temp.der_int(low) || '\x020101')
           WHEN 'der: octets follow' THEN pg_temp.der(pg_temp.der_int(r) || pg_temp.der_int(low)) || '\x00'
           WHEN 'der: wrong tag' THEN set_byte(pg_temp.der(pg_temp.der_int(r) || pg_temp.der_int(low)), 0, 49)
           WHEN 'der: long length' THEN '\x3081' || substr(pg_temp.der(pg_temp.der_int(r) || pg_temp.der_int(low)), 2)
           WHEN 'der: leading zeros' THEN pg_temp.der('\x0222'::bytea || '\x0000'::bytea || pg_temp.octets(1, 32) || pg_temp.der_int(low))
           WHEN 'der: negative r' THEN pg_temp.der('\x022081'::bytea || pg_temp.octets(1, 31) || pg_temp.der_int(low))
           WHEN 'der: length too short' THEN set_byte(pg_temp.der(pg_temp.der_int(r) || pg_temp.der_int(low)), 1, 30)
           END))
  FROM sig AS g, unnest('{r is zero,s is zero,r is n,s is n,s is n + 1,r and s exchanged,all ones,der: zero r,der: s is n,
       der: empty sequence,der: one integer,der: three integers,der: octets follow,der: wrong tag,der: long length,
       der: leading zeros,der: negative r,der: length too short}'::text[]) WITH ORDINALITY AS t (what, nr)
 ORDER BY g.scheme, t.nr;
SELECT sto_test.check_invariants();
-- high S, as 64 octets or DER, is brought to low S: the same order four times is one entry, stored with low S
SELECT scheme, sto_test.state_of(o, pg_temp.item(seed, pg_temp.raw(r, n - low))),
       sto_test.state_of(o, pg_temp.item(seed, pg_temp.raw(r, low))),
       sto_test.state_of(o, pg_temp.item(seed, pg_temp.der(pg_temp.der_int(r) || pg_temp.der_int(n - low)))),
       sto_test.state_of(o, pg_temp.item(seed, pg_temp.der(pg_temp.der_int(r) || pg_temp.der_int(low))))
  FROM sig;
SELECT g.scheme, count(*), bool_and(e.signatures = pg_temp.item(g.seed, pg_temp.raw(g.r, g.low)))
  FROM sig AS g JOIN sto.transfer AS e ON e.ordering_party = (g.o).ordering_party AND e.order_id = (g.o).order_id GROUP BY 1 ORDER BY 1;
SELECT sto_test.check_invariants();

-- m of n
SELECT pg_temp.try('{"debit_wallet": "alice/m"}', '{31}');
SELECT pg_temp.try('{"debit_wallet": "alice/m"}', '{31,31}');
SELECT pg_temp.try('{"debit_wallet": "alice/m"}', '{1031,99}');
SELECT pg_temp.try('{"debit_wallet": "alice/m"}', '{31,1031,22}');
SELECT pg_temp.sent(sto_test.signatures(sto_test.order_message(pg_temp.o('{"debit_wallet": "alice/m"}')), '{31}')
                    || sto_test.signatures('another message', '{1031}'), '{"debit_wallet": "alice/m"}');

-- Keys: not valid yet, expired, rotated out
SELECT FROM sto_test.wallet('alice/t', 'alice', '{41,44}', 'own', 1), sto_test.issue('ACME', 'alice/t', '100');
SELECT FROM sto_test.set_keys('alice/t', '{41,42,43}', 1, '{"42": {"from": 4102444800000000}, "43": {"to": 1700000000000000}}', '{41}');
SELECT pg_temp.try('{"debit_wallet": "alice/t"}', '{42}');
SELECT pg_temp.try('{"debit_wallet": "alice/t"}', '{43}');
SELECT pg_temp.try('{"debit_wallet": "alice/t"}', '{44}');
SELECT pg_temp.try('{"debit_wallet": "alice/t"}', '{41,42}');
SELECT FROM sto_test.set_keys('alice/t', '{45}', 1, '{}', '{41}');
SELECT pg_temp.try('{"debit_wallet": "alice/t"}', '{41}');
SELECT pg_temp.try('{"debit_wallet": "alice/t", "order_id": "51111111-1111-4111-8111-111111111111"}', '{45}');

-- The shape of an order
SELECT change, pg_temp.try(change)
  FROM (VALUES ('{"kind": null}'::jsonb), ('{"kind": "gift"}'), ('{"kind": "TRANSFER"}'), ('{"kind": "force"}'), ('{"kind": "recover"}'), ('{"kind": "reverse", "undoes": 1}'),
               ('{"amount": "0"}'), ('{"amount": "-1"}'), ('{"amount": "-170141183460469231731687303715884105728"}'),
               ('{"amount": "170141183460469231731687303715884105727"}'), ('{"credit_wallet": "alice/1"}'),
               ('{"debit_wallet": null}'), ('{"credit_wallet": null}'), ('{"hold_id": 1}'), ('{"purpose": "pledge"}'), ('{"notary": "eve"}'),
               ('{"release_after": "2100-01-01 00:00:00+00"}'), ('{"undoes": 1}'), ('{"keep_rest": true}'),
               ('{"preimage": "\\x0101010101010101010101010101010101010101010101010101010101010101"}'),
               ('{"preimage": "\\x01010101010101010101010101010101010101010101010101010101010101"}'),
               ('{"condition_hash": "0101010101010101010101010101010101010101010101010101010101010101"}'),
               ('{"instruction_hash": "0101010101010101010101010101010101010101010101010101010101010101"}'),
               ('{"kind": "hold"}'), ('{"kind": "hold", "purpose": "gift"}'), ('{"kind": "hold", "purpose": "seizure"}'), ('{"kind": "hold", "purpose": "freeze"}'),
               ('{"kind": "hold", "purpose": "settlement"}'), ('{"kind": "hold", "purpose": "pledge", "credit_wallet": null}'),
               ('{"kind": "hold", "purpose": "pledge", "notary": "acme"}'), ('{"kind": "hold", "purpose": "hash_lock", "release_after": "2100-01-01 00:00:00+00"}'),
               ('{"kind": "hold", "purpose": "lock_up"}'), ('{"kind": "hold", "purpose": "lock_up", "credit_wallet": null}'),
               ('{"kind": "hold", "purpose": "pledge", "release_after": "2000-01-01 00:00:00+00"}'),
               ('{"kind": "post"}'), ('{"kind": "post", "hold_id": 999}'), ('{"kind": "release", "hold_id": 999}'), ('{"kind": "release", "hold_id": 999, "credit_wallet": null}'),
               ('{"kind": "issue"}'), ('{"kind": "redeem"}'), ('{"credit_wallet": "ACME"}'), ('{"credit_wallet": "OTHER"}'), ('{"kind": "redeem", "credit_wallet": "OTHER"}'),
               ('{"valid_until": "2000-01-01 00:00:00+00"}'))
       AS t (change);
SELECT sto_test.state_of(pg_temp.o(change), NULL)
  FROM (VALUES ('{"valid_until": "infinity"}'::jsonb), ('{"valid_until": "-infinity"}'), ('{"kind": "hold", "release_after": "infinity"}'), ('{"valid_until": "294276-12-31 23:59:59+00"}')) AS t (change);
SELECT pg_temp.try(jsonb_build_object('reference', repeat('x', 141))), pg_temp.try(jsonb_build_object('reference', repeat('ж', 71)));
SELECT pg_temp.try(jsonb_build_object('valid_until', clock_timestamp() - interval '1 us'));
-- left out altogether
SELECT c, sto_test.attempt(format('INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
    SELECT (o).kind, (o).token_id, (o).debit_wallet, (o).credit_wallet, (o).amount, (o).ordering_party, (o).order_id, s
      FROM (SELECT jsonb_populate_record(%L::sto.transfer, %L) AS o, %L::bytea AS s) AS t', o, jsonb_build_object(c, NULL), sto_test.signatures(sto_test.order_message(o), '{21}')))
  FROM pg_temp.o() AS o, unnest('{token_id,order_id,ordering_party,amount}'::text[]) AS c;

-- Who isn't there, is closed, or isn't asked
SELECT pg_temp.try('{"token_id": "nothing"}');
SELECT pg_temp.try('{"debit_wallet": "nowhere"}');
SELECT pg_temp.try('{"credit_wallet": "nowhere"}');
SELECT pg_temp.try('{"ordering_party": "nobody"}');
SELECT pg_temp.try('{"ordering_party": "bob"}', '{22}');
SELECT pg_temp.try('{"ordering_party": "eve"}', '{90}');
SELECT pg_temp.try('{"kind": "issue", "debit_wallet": "ACME", "ordering_party": "eve"}', '{90}');
SELECT pg_temp.try('{"kind": "issue", "debit_wallet": "OTHER", "ordering_party": "acme"}', '{10}');
SELECT pg_temp.try('{"debit_wallet": "ACME", "ordering_party": "acme"}', '{10}');
SELECT pg_temp.try('{"kind": "hold", "debit_wallet": "ACME", "ordering_party": "acme", "purpose": "pledge"}', '{10}');
SELECT pg_temp.try('{"kind": "hold", "purpose": "settlement", "notary": "bob", "instruction_hash": "0101010101010101010101010101010101010101010101010101010101010101"}');
SELECT FROM sto_test.wallet('alice/closed', 'alice', '{24}'), sto_test.event('wallet_status', sto_test.id('alice/closed'), sto_test.id('registrar'), '{"status": "closed"}');
SELECT pg_temp.try('{"debit_wallet": "alice/closed"}', '{24}');
SELECT pg_temp.try('{"credit_wallet": "alice/closed"}');
SELECT FROM sto_test.token('GONE', 'acme'), sto_test.issue('GONE', 'alice/1', '9'), sto_test.event('token_status', sto_test.id('GONE'), sto_test.id('acme'), '{"status": "closed"}');
SELECT pg_temp.try('{"token_id": "GONE"}');
SELECT pg_temp.try('{"token_id": "GONE", "kind": "issue", "debit_wallet": "GONE", "ordering_party": "acme"}', '{10}');
SELECT FROM sto_test.party('late', NULL, 'natural'), sto_test.wallet('late/1', 'late', '{25}'), sto_test.issue('ACME', 'late/1', '10');
SELECT sto_test.attempt($$SELECT sto_test.event('party_status', sto_test.id('late'), sto_test.id('registrar'), '{"status": "closed"}')$$) AS close;
SELECT pg_temp.try('{"debit_wallet": "late/1", "ordering_party": "late"}', '{25}');
SELECT pg_temp.try('{"credit_wallet": "late/1"}');

-- Units: overdraft by one, more than authorised by one, beyond 128 bits
SELECT sto_test.balance('ACME', 'alice/1'), pg_temp.try('{"amount": "1001"}');
SELECT pg_temp.try('{"amount": "1001", "kind": "hold", "purpose": "pledge"}'), pg_temp.try('{"amount": "1001", "kind": "redeem", "credit_wallet": "ACME"}');
SELECT pg_temp.try('{"debit_wallet": "eve/1", "ordering_party": "eve", "amount": "1"}', '{91}');
SELECT FROM sto_test.token('FEW', 'acme', '100'), sto_test.issue('FEW', 'alice/1', '99');
SELECT pg_temp.try('{"kind": "issue", "token_id": "FEW", "debit_wallet": "FEW", "ordering_party": "acme", "amount": "2"}', '{10}');
SELECT FROM sto_test.issue('OTHER', 'alice/1', '170141183460469231731687303715884105627');
SELECT sto_test.balance('OTHER', 'alice/1');
SELECT pg_temp.try('{"kind": "issue", "token_id": "OTHER", "debit_wallet": "OTHER", "ordering_party": "acme", "amount": "1"}', '{10}');
SELECT pg_temp.try('{"token_id": "OTHER", "amount": "170141183460469231731687303715884105727", "order_id": "61111111-1111-4111-8111-111111111111"}');
SELECT sto_test.balance('OTHER', 'bob/1'), sto_test.check_invariants();

-- What the gate fills is not the client's to say
SELECT c, sto_test.attempt(format('INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures, %I)
    SELECT (o).kind, (o).token_id, (o).debit_wallet, (o).credit_wallet, (o).amount, (o).ordering_party, (o).order_id, s, %L
      FROM (SELECT %L::sto.transfer AS o, %L::bytea AS s) AS t', c, v, o, sto_test.signatures(sto_test.order_message(o), '{21}')))
  FROM pg_temp.o() AS o,
       (VALUES ('entry_id', '1'), ('received_at', '2026-01-01'), ('posted_at', '2026-01-01'), ('posted_by', '11111111-1111-4111-8111-111111111111'),
               ('rule_set', '1'), ('key_policy', '1'), ('leaf_hash', repeat('00', 32)),
               ('debit_seq', '1'), ('debit_balance', '0'), ('debit_held', '0'), ('debit_prev', repeat('00', 32)),
               ('credit_seq', '1'), ('credit_balance', '0'), ('credit_held', '0'), ('credit_prev', repeat('00', 32))) AS t (c, v);
-- a list is cited or signatures are given, not both; and the list must be there
SELECT sto_test.state_of(o, sto_test.signatures(sto_test.order_message(o), '{21}'), 5), sto_test.state_of(o, NULL, 5), sto_test.state_of(o, NULL, 999),
       sto_test.state_of(o, NULL, -1) FROM pg_temp.o() AS o;

-- After all that the order itself is good, once; then equal, then different
SELECT pg_temp.try();
SELECT pg_temp.try();
SELECT pg_temp.try(seeds => '{22}');
SELECT pg_temp.try(seeds => NULL);
SELECT pg_temp.try('{"amount": "6"}'), pg_temp.try('{"reference": ""}'), pg_temp.try('{"amount": "6"}', '{99}');
SELECT pg_temp.try('{"debit_wallet": "alice/2"}', '{23}');
-- another's order id is no concern of his
SELECT pg_temp.try('{"debit_wallet": "bob/1", "credit_wallet": "alice/1", "ordering_party": "bob"}', '{22}');
-- a repeat is answered even when the key is gone
SELECT FROM sto_test.set_keys('alice/1', '{26}');
SELECT pg_temp.try(), pg_temp.try('{"order_id": "71111111-1111-4111-8111-111111111111"}'), pg_temp.try('{"order_id": "71111111-1111-4111-8111-111111111111"}', '{26}');

-- Display units: too many decimals, an unknown token, not a number
SELECT FROM sto_test.token('FUND', 'acme', NULL, 'fund_unit', 2, '{"isin": "KZ1C00000876"}'), sto_test.issue('FUND', 'bob/1', '100000');
SELECT a, sto_test.attempt(format('SELECT sto.transfer(%L, %L, %L, %s, %L, %L, %L)', 'KZ1C00000876', sto_test.address('bob/1'), sto_test.address('carol/1'), a,
           sto_test.id('bob'), '81111111-1111-4111-8111-111111111111', sto_test.signatures(sto_test.order_message(o), '{22}')))
  FROM (VALUES ('1.234'), ('0.001'), ('''NaN'''), ('''Infinity'''), ('-1.5'), ('0'), ('1e40'), ('1000.01'), ('12.30'), ('12.3'), ('12.31')) AS t (a),
       sto_test.make_order(sto_test.transfer_order('FUND', 'bob/1', 'carol/1', '1230', '{"order_id": "81111111-1111-4111-8111-111111111111"}')) AS o;
SELECT sto_test.attempt($$SELECT sto.transfer('KZ1C00000877', NULL, NULL, 1, NULL, NULL)$$), sto_test.attempt($$SELECT sto.transfer('KZ1C00001346', NULL, NULL, 1, NULL, NULL)$$),
       sto_test.attempt($$SELECT sto.transfer('00000000-0000-0000-0000-000000000001', NULL, NULL, 1, NULL, NULL)$$), sto_test.attempt($$SELECT sto.transfer('?', NULL, NULL, 1, NULL, NULL)$$);

SELECT sto_test.check_invariants();

\c postgres
\set ECHO none
SET client_min_messages = warning;
DROP DATABASE sto_regress_bad_orders;
