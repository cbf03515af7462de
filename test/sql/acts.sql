-- The functions that wrap acts and orders, from an empty database, as a client uses them:
-- body, message, signature, call.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_acts;
CREATE DATABASE sto_regress_acts TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_acts
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all
-- keys by number, as a client's wallet of keys would hold them
CREATE FUNCTION pg_temp.keys(VARIADIC seeds int[]) RETURNS sto.public_key[] LANGUAGE sql AS $$
    SELECT array_agg(sto_test.public_key(s)::sto.public_key ORDER BY n) FROM unnest(seeds) WITH ORDINALITY AS k (s, n) $$;
CREATE FUNCTION pg_temp.sign(message bytea, VARIADIC seeds int[]) RETURNS bytea LANGUAGE sql AS $$
    SELECT string_agg(sto.signature(sto_test.public_key(s)::sto.public_key, sto_test.sign(sto_test.scheme(s), s, message)), ''::bytea)
      FROM unnest(seeds) AS s $$;
-- each key's proof of possession of the policy in a body without them
CREATE FUNCTION pg_temp.possess(party uuid, subject uuid, threshold int, VARIADIC seeds int[]) RETURNS json LANGUAGE sql AS $$
    SELECT sto.key_list(pg_temp.keys(VARIADIC seeds), array_agg(sto_test.sign(sto_test.scheme(s), s, m) ORDER BY n))
      FROM unnest(seeds) WITH ORDINALITY AS k (s, n),
           LATERAL (SELECT sto.possession_message(party, subject, sto.keys_body(threshold, sto.key_list(pg_temp.keys(VARIADIC seeds))))) AS x (m) $$;
\set nil '00000000-0000-0000-0000-000000000000'
\set registrar '00000000-0000-4000-8000-000000000001'
\set acme '00000000-0000-4000-8000-000000000002'
\set ann '00000000-0000-4000-8000-000000000003'
\set wallet '00000000-0000-4000-8000-000000000013'
\set token '00000000-0000-4000-8000-000000000020'

SELECT sto.ledger_id();
SELECT sto.genesis_body('Example', 'example.org/ledger', 2, sto.key_list(pg_temp.keys(1, 2, 3))) AS body \gset
SELECT sto.open_ledger(:'body', pg_temp.sign(sto.act_message('genesis', :'nil', :'nil', :'body'), 1, 2));
SELECT sto.open_ledger(:'body', pg_temp.sign(sto.act_message('genesis', :'nil', :'nil', :'body'), 1, 2, 3)) AS ledger \gset
SELECT :'ledger' = sto.ledger_id() AS opened;
SELECT ledger_id = sto.ledger_id(genesis_hash) AS same FROM sto.ledger;
SELECT sto.open_ledger(:'body', pg_temp.sign(sto.act_message('genesis', :'nil', :'nil', :'body'), 1, 2, 3));

SELECT sto.party_body('legal', 'KZ', NULL, NULL, 1, pg_temp.possess(:'registrar', :'registrar', 1, 11)) AS body \gset
SELECT sto.register_party(:'registrar', :'nil', :'body', pg_temp.sign(sto.act_message('party', :'registrar', :'nil', :'body'), 2, 3));
SELECT sto.capability_body('registrar') AS body \gset
SELECT sto.grant_capability(:'registrar', 'registrar', pg_temp.sign(sto.act_message('capability', :'registrar', :'nil', :'body'), 1, 2)) > 0 AS granted;
SELECT sto.map_role(current_user, :'registrar');
SELECT party_id, reads_all FROM sto.me;

SELECT sto.party_body('legal', 'KZ', threshold => 2, keys => pg_temp.possess(:'acme', :'acme', 2, 12, 1012)) AS body \gset
SELECT sto.register_party(:'acme', :'registrar', :'body', pg_temp.sign(sto.act_message('party', :'acme', :'registrar', :'body'), 11));
SELECT sto.token_body('share', 'Acme ordinary', 2, 100000, repeat('0a', 32)::sto.digest, 'US0378331005', 'ESVUFR') AS body \gset
SELECT sto.register_token(:'token', :'acme', :'body', pg_temp.sign(sto.act_message('token', :'token', :'acme', :'body'), 12, 1012));

-- parties and wallets in bulk
SELECT sto.party_body('natural', 'KZ') AS body \gset
SELECT count(*), min(party_id::text) FROM sto.register_parties(
    (SELECT array_agg(sto_test.id('p' || i) ORDER BY i) FROM generate_series(1, 50) i), :'registrar',
    array_fill(:'body'::json, ARRAY[50]),
    (SELECT array_agg(pg_temp.sign(sto.act_message('party', sto_test.id('p' || i), :'registrar', :'body'), 11) ORDER BY i) FROM generate_series(1, 50) i));
SELECT count(*), bool_and(r.address = sto.wallet_address(r.wallet_id)) AS addresses
  FROM (SELECT array_agg(id ORDER BY i) AS ids, array_agg(body ORDER BY i) AS bodies,
               array_agg(pg_temp.sign(sto.act_message('wallet', id, :'registrar', body), 11) ORDER BY i) AS signatures
          FROM (SELECT i, sto_test.id('w' || i) AS id, sto.wallet_body(sto_test.id('p' || i), 1,
                       pg_temp.possess(sto_test.id('p' || i), sto_test.id('w' || i), 1, 100 + i), sto.new_salt()) AS body
                  FROM generate_series(1, 50) i) v) a,
       LATERAL sto.register_wallets(a.ids, :'registrar', a.bodies, a.signatures) r;

-- one wallet, two of three
SELECT sto.register_party(:'ann', :'registrar', :'body', pg_temp.sign(sto.act_message('party', :'ann', :'registrar', :'body'), 11));
SELECT sto.wallet_body(:'ann', 2, pg_temp.possess(:'ann', :'wallet', 2, 31, 1031, 2031), repeat('0b', 32)::sto.digest) AS body \gset
SELECT sto.register_wallet(:'wallet', :'registrar', :'body', pg_temp.sign(sto.act_message('wallet', :'wallet', :'registrar', :'body'), 11))
     = sto.wallet_address(:'wallet'::uuid) AS registered;
SELECT sto.wallet_address(:'wallet'::uuid) AS ann_1, sto.wallet_address(sto_test.id('w1')) AS w1 \gset

-- issue, transfer, redeem in display units
\set o1 '00000000-0000-4000-8000-0000000000a1'
\set o2 '00000000-0000-4000-8000-0000000000a2'
\set o3 '00000000-0000-4000-8000-0000000000a3'
SELECT repeated FROM sto.issue('US0378331005', :'ann_1', 500.25, :'o1', pg_temp.sign(sto.transfer_message(:'token',
    (sto.find_token('US0378331005')).issuance, :'ann_1', 500.25, :'acme', :'o1', 'issue'), 12, 1012));
SELECT repeated FROM sto.transfer('US0378331005', :'ann_1', :'w1', 100.2, :'ann', :'o2',
    pg_temp.sign(sto.transfer_message('US0378331005', :'ann_1', :'w1', 100.2, :'ann', :'o2', reference => 'gift'), 31, 2031), reference => 'gift');
SELECT repeated FROM sto.transfer('US0378331005', :'ann_1', :'w1', 100.20, :'ann', :'o2', NULL, reference => 'gift');
SELECT repeated FROM sto.transfer('US0378331005', :'ann_1', :'w1', 100.21, :'ann', :'o2', NULL, reference => 'gift');
SELECT repeated FROM sto.transfer('US0378331005', :'ann_1', :'w1', 0.001, :'ann', gen_random_uuid());
SELECT repeated FROM sto.redeem(:'token', :'ann_1', 0.05, :'ann', :'o3',
    pg_temp.sign(sto.transfer_message(:'token', :'ann_1', (sto.find_token(:'token')).issuance, 0.05, :'ann', :'o3', 'redeem'), 1031, 2031));
SELECT isin, balance, balance_display, available_display, share FROM sto.holder ORDER BY balance;
SELECT authorised_display, outstanding_display, issuable_display, issued, redeemed, wallets FROM sto.supply;

-- keys: rotate one, revoke one, end one later
SELECT sto_test.sign('ed25519', 32, sto.possession_message(:'ann', :'wallet', sto.rotate_key_body(:'wallet', k[1], k[2]))) AS proof
  FROM pg_temp.keys(1031, 32) AS k \gset
SELECT sto.rotate_key_body(:'wallet', k[1], k[2], :'proof') AS body FROM pg_temp.keys(1031, 32) AS k \gset
SELECT sto.rotate_key(:'wallet', k[1], k[2], :'proof', pg_temp.sign(sto.act_message('keys', :'wallet', :'wallet', :'body'), 32, 31)) FROM pg_temp.keys(1031, 32) AS k;
SELECT sto.rotate_key(:'wallet', k[1], k[2], :'proof', pg_temp.sign(sto.act_message('keys', :'wallet', :'wallet', :'body'), 1031, 31)) > 0 AS rotated
  FROM pg_temp.keys(1031, 32) AS k;
SELECT sto.revoke_key_body(:'wallet', k[1]) AS body FROM pg_temp.keys(2031) AS k \gset
SELECT sto.revoke_key(:'wallet', k[1], pg_temp.sign(sto.act_message('keys', :'wallet', :'wallet', :'body'), 31, 32)) > 0 AS revoked
  FROM pg_temp.keys(2031) AS k;
SELECT sto.revoke_key_body(:'wallet', k[1], 1, '2100-01-01 00:00:00Z') AS body FROM pg_temp.keys(31) AS k \gset
SELECT sto.revoke_key(:'wallet', k[1], pg_temp.sign(sto.act_message('keys', :'wallet', :'wallet', :'body'), 31, 32), 1, '2100-01-01 00:00:00Z') > 0 AS ends
  FROM pg_temp.keys(31) AS k;
SELECT sto.key_policy_json(sto.present_policy(:'wallet')) ->> 'threshold' AS threshold, item ->> 'to' AS ends
  FROM json_array_elements(sto.key_policy_json(sto.present_policy(:'wallet')) -> 'keys') AS item;
SELECT sto.revoke_key_body(:'wallet', k[1]) FROM pg_temp.keys(99) AS k;
SELECT sto.key_policy_json(sto.present_policy(:'nil')) ->> 'threshold' AS root_threshold;

-- terms and ends
SELECT sto.wallet_terms_body(true) AS body \gset
SELECT sto.set_signed_only(:'wallet', true, pg_temp.sign(sto.act_message('wallet_terms', :'wallet', :'wallet', :'body'), 32)) > 0 AS signed_only;
SELECT sto.token_terms_body(200000) AS body \gset
SELECT sto.set_authorised(:'token', :'acme', 200000, pg_temp.sign(sto.act_message('token_terms', :'token', :'acme', :'body'), 12, 1012)) > 0 AS authorised;
SELECT sto.token_policy_body('somebody') AS body \gset
SELECT sto.set_unsigned_role(:'token', :'acme', 'somebody', pg_temp.sign(sto.act_message('token_policy', :'token', :'acme', :'body'), 12, 1012)) > 0 AS unsigned;
SELECT sto.token_policy_body(NULL) AS body \gset
SELECT sto.set_unsigned_role(:'token', :'acme', NULL, pg_temp.sign(sto.act_message('token_policy', :'token', :'acme', :'body'), 12, 1012)) > 0 AS signed_again;
SELECT sto.status_body('closed') AS body \gset
SELECT sto.close_wallet(:'wallet', :'registrar', pg_temp.sign(sto.act_message('wallet_status', :'wallet', :'registrar', :'body'), 11));
SELECT sto.close_wallet(sto_test.id('w2'), sto_test.id('w2'), pg_temp.sign(sto.act_message('wallet_status', sto_test.id('w2'), sto_test.id('w2'), :'body'), 102)) > 0 AS closed;
SELECT sto.close_party(sto_test.id('p2'), :'registrar', pg_temp.sign(sto.act_message('party_status', sto_test.id('p2'), :'registrar', :'body'), 11)) > 0 AS closed;
SELECT sto.close_token(:'token', :'acme', pg_temp.sign(sto.act_message('token_status', :'token', :'acme', :'body'), 12, 1012)) > 0 AS closed;
SELECT entry_id > 0 AS general_form FROM sto.act('party', sto_test.id('last'), :'registrar', '{"kind":"legal"}',
    pg_temp.sign(sto.act_message('party', sto_test.id('last'), :'registrar', '{"kind":"legal"}'), 11));
SELECT source, kind, count(*) FROM sto.log GROUP BY source, kind ORDER BY source, kind;
SELECT check_name, scope, detail FROM sto.verify() WHERE NOT ok;

\c template1
SET client_min_messages = warning;
DROP DATABASE sto_regress_acts;
