-- Keys, signatures and the bytes that are signed: published vectors, docs/format.md worked out in SQL, and bad input.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_signature;
CREATE DATABASE sto_regress_signature TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_signature
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all

-- RFC 8032 7.1, tests 1 to 3
SELECT sto.signature_valid(k::sto.public_key, m, s) AS good,
       sto.signature_valid(k::sto.public_key, m || '\x00', s) AS other_message,
       sto.signature_valid(k::sto.public_key, m, set_byte(s, 3, get_byte(s, 3) # 1)) AS other_signature
  FROM (VALUES
    ('ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', '\x'::bytea,
     '\xe5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b'::bytea),
    ('ed25519:3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c', '\x72',
     '\x92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'),
    ('ed25519:fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025', '\xaf82',
     '\x6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a')
  ) AS v (k, m, s);
-- each scheme, by a signer outside the extension
SELECT sto.signature_valid(sto_test.public_key(s)::sto.public_key, 'message', sto_test.sign(sto_test.scheme(s), s, 'message')) AS good,
       sto.signature_valid(sto_test.public_key(s + 1)::sto.public_key, 'message', sto_test.sign(sto_test.scheme(s), s, 'message')) AS other_key
  FROM unnest('{5,1005,2005}'::int[]) AS s;
-- lengths and shapes are errors
SELECT sto.signature_valid(sto_test.public_key(5)::sto.public_key, 'm', '\x00');
SELECT sto.signature_valid(sto_test.public_key(1005)::sto.public_key, 'm', '\x3006020100020101');
SELECT sto.signature(sto_test.public_key(1005)::sto.public_key, decode(repeat('ff', 64), 'hex'));

-- fingerprint, key id, item of a list
SELECT sto.fingerprint(k) = sha256(sto_test.tag('sto.key') || sto_test.scheme_octet(s) || sto_test.key_octets(s))::sto.digest AS fingerprint,
       sto.key_id(k) = sto_test.key_id(s) AS key_id,
       sto.signature(k, sig) = sto_test.scheme_octet(s) || sto_test.key_id(s) || '\x40'::bytea || substr(sto.signature(k, sig), 11) AS item,
       octet_length(sto.signature(k, sig)) AS octets
  FROM unnest('{5,1005,2005}'::int[]) AS s, LATERAL (SELECT sto_test.public_key(s)::sto.public_key, sto_test.sign(sto_test.scheme(s), s, 'm')) AS v (k, sig);

-- policies
SELECT sto.key_policy(2, ARRAY[sto_test.public_key(5), sto_test.public_key(1005)]::sto.public_key[]) =
       sto_test.policy(2, jsonb_build_array(jsonb_build_object('key', sto_test.public_key(5)), jsonb_build_object('key', sto_test.public_key(1005)))) AS packed;
SELECT sto.key_policy_json(sto.key_policy(1, ARRAY[sto_test.public_key(5)]::sto.public_key[], ARRAY['2026-01-01 00:00:00Z']::timestamptz[], NULL));
SELECT sto.key_policy(b) = sto.key_policy(1, ARRAY[sto_test.public_key(5)]::sto.public_key[], NULL, ARRAY['2027-01-01 00:00:00.000001Z']::timestamptz[]) AS same
  FROM sto.keys_body(1, sto.key_list(ARRAY[sto_test.public_key(5)]::sto.public_key[], NULL, NULL, ARRAY['2027-01-01 00:00:00.000001Z']::timestamptz[])) AS b;
SELECT sto.key_policy('{"status": "closed"}'::json);
SELECT sto.key_policy(3, ARRAY[sto_test.public_key(5)]::sto.public_key[]);
SELECT sto.key_policy(1, '{}');
SELECT sto.key_policy(2, ARRAY[sto_test.public_key(5), sto_test.public_key(5)]::sto.public_key[]);
SELECT sto.key_policy(1, ARRAY[sto_test.public_key(5)]::sto.public_key[], ARRAY['2027-01-01', NULL]::timestamptz[]);
SELECT sto.key_policy(1, ARRAY[sto_test.public_key(5)]::sto.public_key[], ARRAY['infinity']::timestamptz[]);
SELECT sto.key_policy(1, ARRAY[sto_test.public_key(5)]::sto.public_key[], ARRAY['2027-01-01']::timestamptz[], ARRAY['2026-01-01']::timestamptz[]);
SELECT sto.key_policy(NULL, NULL);

-- quorums
SELECT n, sto.quorum_fault(sto.key_policy(2, ARRAY[sto_test.public_key(5), sto_test.public_key(6), sto_test.public_key(7)]::sto.public_key[],
                                      NULL, ARRAY[NULL, NULL, '2026-06-01']::timestamptz[]), 'm', s, '2026-07-01')
  FROM (VALUES (1, (SELECT string_agg(i, '' ORDER BY i) FROM (VALUES (sto_test.signatures('m', '{5}')), (sto_test.signatures('m', '{6}'))) v (i))),
               (2, sto_test.signatures('m', '{5}')), (3, sto_test.signatures('other', '{5}')), (4, sto_test.signatures('m', '{8}')),
               (5, sto_test.signatures('m', '{7}')), (6, sto_test.signatures('m', '{5,5}')), (7, '\x'::bytea), (8, '\x01'::bytea)) v (n, s) ORDER BY n;

-- messages, against the same worked out from the format page
SELECT sto.order_message(sto_test.nil(), o.kind, o.order_id, o.ordering_party, o.token_id, o.amount, o.debit_wallet, o.credit_wallet,
           o.valid_until, o.reference, o.hold_id, o.purpose, o.notary, o.release_after, o.condition_hash, o.instruction_hash,
           o.preimage, o.keep_rest, o.attachment_hash, o.group_id, o.undoes, o.checked_once) = sto_test.order_message(o) AS same
  FROM (VALUES ('{"kind": "transfer", "amount": "170141183460469231731687303715884105727", "debit_wallet": "a", "credit_wallet": "b", "reference": "",
                  "valid_until": "2026-12-31T23:59:59.999999Z"}'::jsonb),
               (jsonb_build_object('kind', 'hold', 'amount', '-1', 'debit_wallet', 'a', 'purpose', 'hash_lock', 'notary', 'n', 'release_after', '1969-12-31T00:00:00Z',
                  'condition_hash', repeat('01', 32), 'instruction_hash', repeat('02', 32), 'preimage', '\x' || repeat('03', 32), 'keep_rest', false,
                  'attachment_hash', repeat('04', 32), 'group_id', '11111111-1111-4111-8111-111111111111', 'undoes', -1, 'hold_id', 7, 'reference', 'żółw')))
       AS v (j), LATERAL sto_test.make_order(v.j || '{"token_id": "t", "ordering_party": "p"}') AS o;
SELECT sto.act_message(sto_test.nil(), NULL, 'party', sto_test.id('x'), sto_test.id('y'), '{"kind" : "legal"}')
     = sto_test.act_message('party', sto_test.id('x'), sto_test.id('y'), '{"kind" : "legal"}') AS same;
SELECT sto.possession_message(sto_test.nil(), sto_test.id('p'), sto_test.id('w'), sto_test.address('w'), sto.key_policy(1, ARRAY[sto_test.public_key(5)]::sto.public_key[]))
     = sto_test.possession_message(sto_test.id('p'), sto_test.id('w'), sto_test.address_octets(sto_test.id('w')), 1,
                                   jsonb_build_array(jsonb_build_object('key', sto_test.public_key(5)))) AS same;
SELECT sto.possession_message(sto_test.nil(), sto_test.id('p'), sto_test.id('w'), sto_test.address('w'), sto.key_policy(1, ARRAY[sto_test.public_key(5)]::sto.public_key[]), c, s)
     = sto_test.possession_message(sto_test.id('p'), sto_test.id('w'), sto_test.address_octets(sto_test.id('w')), 1,
                                   jsonb_build_array(jsonb_build_object('key', sto_test.public_key(5))), c, COALESCE(s, false)) AS same
  FROM (VALUES (sto_test.id('c'), true), (NULL, true), (sto_test.id('c'), false), (NULL, NULL)) AS v (c, s);
SELECT sto.wallet_address(sto_test.nil(), sto_test.id('w')) = sto_test.address('w') AS same;
SELECT sto.ledger_id(decode(repeat('ff', 32), 'hex')::sto.digest);
SELECT sto.side_digest(sto_test.salt('w')::sto.digest, sto_test.id('t'), 2, 5, 3, sha256('x')::sto.digest)::bytea
     = sha256(sto_test.tag('sto.side') || decode(sto_test.salt('w'), 'hex') || uuid_send(sto_test.id('t')) || int8send(2) || sto_test.i128(5) || sto_test.i128(3)
              || '\x01'::bytea || sha256('x')) AS same;
SELECT sto.instruction_hash(sto_test.nil(), t, d, c, a) = sto.instruction_hash(sto_test.nil(), t, c, d, a) AS other_direction,
       sto.instruction_hash(sto_test.nil(), t[1:2], d[1:2], c[1:2], a[1:2]) = sto.instruction_hash(sto_test.nil(),
           ARRAY[t[2], t[1]], ARRAY[d[2], d[1]], ARRAY[c[2], c[1]], ARRAY[a[2], a[1]]) AS order_does_not,
       sto.instruction_hash(sto_test.nil(), t[1:1], d[1:1], c[1:1], a[1:1])::bytea = sha256(sto_test.tag('sto.instruction') || uuid_send(sto_test.nil())
           || int4send(1) || uuid_send(t[1]) || d[1]::bytea || c[1]::bytea || sto_test.i128(a[1]::numeric)) AS same
  FROM (SELECT ARRAY[sto_test.id('t'), sto_test.id('u')], ARRAY[sto_test.address('a'), sto_test.address('b')],
               ARRAY[sto_test.address('b'), sto_test.address('a')], ARRAY[5, 6]::sto.token_amount[]) AS v (t, d, c, a);
SELECT sto.instruction_hash(sto_test.nil(), ARRAY[sto_test.id('t')], '{}', '{}', '{}');
SELECT sto.instruction_hash(sto_test.nil(), '{}', '{}', '{}', '{}');
SELECT sto.batch_hash(m ORDER BY n)::bytea = sha256('\x010203') AS same FROM (VALUES (2, '\x0203'::bytea), (1, '\x01')) AS v (n, m);
SELECT sto.batch_hash(m) FROM (SELECT '\x'::bytea WHERE false) AS v (m);
SELECT sto.batch_hash(m) FROM (VALUES (NULL::bytea)) AS v (m);

-- bad arguments
SELECT sto.order_message(sto_test.nil(), 'gift', sto_test.nil(), sto_test.nil(), sto_test.nil(), 1);
SELECT sto.order_message(sto_test.nil(), 'hold', sto_test.nil(), sto_test.nil(), sto_test.nil(), 1, purpose => 'fun');
SELECT sto.order_message(sto_test.nil(), 'issue', NULL, sto_test.nil(), sto_test.nil(), 1);
SELECT sto.order_message(sto_test.nil(), 'issue', sto_test.nil(), sto_test.nil(), sto_test.nil(), 1, valid_until => 'infinity');
SELECT sto.order_message(sto_test.nil(), 'issue', sto_test.nil(), sto_test.nil(), sto_test.nil(), 1, reference => repeat('x', 141));
SELECT sto.order_message(sto_test.nil(), 'post', sto_test.nil(), sto_test.nil(), sto_test.nil(), 1, preimage => '\x00');
SELECT sto.order_message('issue', sto_test.nil(), sto_test.nil(), sto_test.nil(), 1);
SELECT sto.act_message(sto_test.nil(), NULL, repeat('x', 256), sto_test.nil(), sto_test.nil(), '{}');
SELECT sto.to_micros(sto.from_micros(9223372036854775807)) = 9223372036854775807 AS same, sto.to_micros('2026-01-01Z');
SELECT sto.to_micros('-infinity');
SELECT sto.to_micros('294276-12-31 23:59:59+00');
SELECT sto.from_micros(sto.to_micros('294246-12-31 23:59:59+00')) = '294246-12-31 23:59:59+00';

\c template1
SET client_min_messages = warning;
DROP DATABASE sto_regress_signature;
