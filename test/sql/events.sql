-- The gate on sto.event: who may do what, what a body may say, what the register becomes.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_events;
CREATE DATABASE sto_regress_events TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_events
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all
CREATE FUNCTION pg_temp.try(kind text, subject text, actor text, body text, seeds int[] DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT sto_test.refusal(format('SELECT sto_test.event(%L, %L, %L, %L, %L)', kind,
        CASE subject WHEN '' THEN sto_test.nil() ELSE sto_test.id(subject) END,
        CASE actor WHEN '' THEN sto_test.nil() ELSE sto_test.id(actor) END, body, seeds))
$$;

-- Nothing before genesis
SELECT pg_temp.try('party', 'a', '', '{"kind": "legal"}', '{1}');
SELECT sto_test.refusal($$SELECT sto.begin_maintenance('too early')$$);

-- Genesis: every root key signs, once
SELECT pg_temp.try('genesis', '', '', body, seeds)
  FROM (VALUES ('{"name": "x", "origin": "y", "threshold": 1, "register_authority": "keys", "keys": [{"key": "' || sto_test.public_key(1) || '"}]}', '{}'::int[]),
               ('{"name": "x", "origin": "y", "threshold": 1, "register_authority": "keys", "keys": [{"key": "' || sto_test.public_key(1) || '"}]}', '{2}'),
               ('{"name": "x", "origin": "y", "threshold": 1, "register_authority": "keys", "keys": [{"key": "' || sto_test.public_key(1) || '"}, {"key": "' || sto_test.public_key(2) || '"}]}', '{1}'),
               ('{"name": "x", "origin": "y", "threshold": 1, "register_authority": "king", "keys": [{"key": "' || sto_test.public_key(1) || '"}]}', '{1}'),
               ('{"name": "", "origin": "y", "threshold": 1, "register_authority": "keys", "keys": [{"key": "' || sto_test.public_key(1) || '"}]}', '{1}'),
               ('{"name": "x", "origin": "y", "threshold": 2, "register_authority": "keys", "keys": [{"key": "' || sto_test.public_key(1) || '"}]}', '{1}'),
               ('{"name": "x", "origin": "y", "threshold": 1, "register_authority": "keys", "keys": [{"key": "' || sto_test.public_key(1) || '"}, {"key": "' || sto_test.public_key(1) || '"}]}', '{1}'))
    AS t (body, seeds);
SELECT pg_temp.try('genesis', 'elsewhere', '', '{"name": "x", "origin": "y", "threshold": 1, "register_authority": "keys", "keys": [{"key": "' || sto_test.public_key(1) || '"}]}', '{1}');
SELECT sto_test.open_ledger() > 0 AS opened;
SELECT name, origin, register_authority, ledger_id = sto.ledger_id(genesis_hash) AS id_from_leaf,
       genesis_hash = (SELECT leaf_hash FROM sto.event) AS leaf FROM sto.ledger;
SELECT substr(ledger_id::text, 15, 1) AS version, substr(ledger_id::text, 20, 1) IN ('8', '9', 'a', 'b') AS variant FROM sto.ledger;
SELECT sto_test.refusal('SELECT sto_test.open_ledger()');

-- Columns that the gate fills, and columns that it needs
SELECT sto_test.refusal(format('INSERT INTO sto.event (kind, subject, actor, body, %s) VALUES (%L, %L, %L, %L, %s)', c, 'party', sto_test.id('a'), sto_test.nil(), '{"kind": "legal"}', v))
  FROM (VALUES ('entry_id', '1'), ('recorded_at', 'now()'), ('prev_hash', quote_literal(repeat('00', 32))), ('leaf_hash', quote_literal(repeat('00', 32)))) AS t (c, v);
SELECT sto_test.refusal($$INSERT INTO sto.event (subject, actor, body) VALUES (sto_test.id('a'), sto_test.nil(), '{}')$$);
SELECT sto_test.refusal($$INSERT INTO sto.event (kind, actor, body) VALUES ('party', sto_test.nil(), '{}')$$);
SELECT sto_test.refusal($$INSERT INTO sto.event (kind, subject, body) VALUES ('party', sto_test.id('a'), '{}')$$);
SELECT sto_test.refusal($$INSERT INTO sto.event (kind, subject, actor) VALUES ('party', sto_test.id('a'), sto_test.nil())$$);
SELECT pg_temp.try('pardon', 'a', '', '{}');

-- Bodies
SELECT body, pg_temp.try('party', 'a', '', body, '{1,2}') FROM (VALUES
    ('[]'), ('"x"'), ('{}'), ('{"kind": 1}'), ('{"kind": null}'), ('{"kind": "legal", "kind": "legal"}'),
    ('{"kind": "legal", "note": "x"}'), ('{"kind": "leg\u0000al"}'), ('{"kind": {"a": 1}}'), ('{"kind": ["legal"]}'),
    ('{"kind": "club"}'), ('{"kind": "legal", "country": "XX"}'), ('{"kind": "legal", "country": "kz"}'),
    ('{"kind": "legal", "lei": "529900T8BM49AURSDO56"}'), ('{"kind": "legal", "commitment": "00"}'),
    ('{"kind": "legal", "threshold": 1}'), ('{"kind": "legal", "keys": []}'), ('{"kind": "legal", "threshold": 1, "keys": []}'),
    ('{"kind": "legal", "threshold": 1.0, "keys": []}'), ('{"kind": "legal", "threshold": 1e0, "keys": []}'),
    ('{"kind": "legal", "threshold": "1", "keys": []}'), ('{"kind": "legal", "threshold": 1, "keys": [1]}'),
    ('{"kind": "legal", "threshold": 1, "keys": [[]]}'), ('{"kind": "legal", "threshold": 1, "keys": [{}]}'),
    ('{"kind": "legal", "threshold": 1, "keys": [{"key": "x"}]}'), ('{"kind": "legal", "threshold": 1, "keys": [{"key": "ed25519:00"}]}'),
    ('{"kind": "legal", "threshold": 1, "keys": [{"key": {}}]}'), ('{"kind": "legal", "threshold": 1, "keys": [{"from": "1"}]}'),
    ('{"kind": "legal", "threshold": 1, "keys": [{"from": 99999999999999999999}]}'),
    ('{"kind": "legal", "threshold": 1, "keys": [{"from": 9223372036854775807}]}'),
    ('{"kind": "legal", "threshold": 1, "keys": [{"extra": 1}]}')) AS t (body);
SELECT pg_temp.try('party', 'a', '', '{"kind": "legal", "lei": "' || repeat('x', 1100000) || '"}', '{}');

-- The three weak keys that everybody knows: identity, order 2, not on the curve
SELECT key, pg_temp.try('party', 'a', '', '{"kind": "legal", "threshold": 1, "keys": [{"key": "' || key || '", "possession": "' || repeat('00', 64) || '"}]}', '{1,2}')
  FROM (VALUES ('ed25519:01' || repeat('00', 31)), ('ed25519:ec' || repeat('ff', 30) || '7f'), ('p256:02' || repeat('ff', 32)), ('secp256k1:03' || repeat('00', 32))) AS t (key);

-- Signatures
SELECT pg_temp.try('party', 'a', '', '{"kind": "legal"}', '{}');
SELECT pg_temp.try('party', 'a', '', '{"kind": "legal"}', '{1}');
SELECT pg_temp.try('party', 'a', '', '{"kind": "legal"}', '{1,3}');
SELECT pg_temp.try('party', 'a', '', '{"kind": "legal"}', '{1,1}');
SELECT sto_test.refusal(format('INSERT INTO sto.event (kind, subject, actor, body, signatures) VALUES (%L, %L, %L, %L, %L)', 'party', sto_test.id('a'), sto_test.nil(),
       '{"kind": "legal"}', signatures)) FROM (VALUES
    (sto_test.signatures(sto_test.act_message('party', sto_test.id('a'), sto_test.nil(), '{"kind":  "legal"}'), '{1,2}')),
    (sto_test.signatures(sto_test.act_message('party', sto_test.id('b'), sto_test.nil(), '{"kind": "legal"}'), '{1,2}')),
    (''::bytea), ('\x01'::bytea)) AS t (signatures);
SELECT sto_test.party('first', '{4}');
SELECT pg_temp.try('party', 'first', '', '{"kind": "legal"}', '{1,2}');
SELECT pg_temp.try('party', 'a', 'first', '{"kind": "legal"}');
SELECT pg_temp.try('party', 'a', 'nobody', '{"kind": "legal"}', '{1}');

-- Capabilities are the root officers'
SELECT pg_temp.try('capability', 'first', 'first', '{"capability": "registrar", "granted": true}');
SELECT pg_temp.try('capability', 'first', '', '{"capability": "king", "granted": true}');
SELECT pg_temp.try('capability', 'nobody', '', '{"capability": "registrar", "granted": true}');
SELECT sto_test.registrar();
SELECT p.kind, p.status, p.policy_event = p.registered AS has_keys, c.capability, c.granted
  FROM sto.party AS p JOIN sto.capability AS c USING (party_id);
SELECT sto_test.party('acme', '{10,1010,2010}', 'legal', '{"country": "KZ", "lei": "529900T8BM49AURSDO55"}');
SELECT sto_test.party('alice', NULL, 'natural');
SELECT sto_test.party('bob', NULL, 'natural', jsonb_build_object('commitment', repeat('ab', 32)));
SELECT kind, country, lei, commitment, policy_event IS NOT NULL AS keys FROM sto.party ORDER BY registered;
SELECT granted_by > 0 AS granted FROM sto.capability WHERE party_id = sto_test.id('registrar');

-- Wallets: the registrar, and each key's proof of possession
SELECT sto_test.wallet('alice/1', 'alice', '{21}') = sto_test.address('alice/1');
SELECT sto_test.wallet('bob/1', 'bob', '{22,1022,2022}', 'own', 2) = sto_test.address('bob/1');
SELECT address = sto.wallet_address((SELECT ledger_id FROM sto.ledger), wallet_id) AS address, kind, status, signed_only, salt::text = sto_test.salt('alice/1') AS salt
  FROM sto.wallet WHERE wallet_id = sto_test.id('alice/1');
CREATE FUNCTION pg_temp.wallet_body(keys jsonb, extra jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT (jsonb_build_object('party', sto_test.id('alice'), 'kind', 'own', 'salt', sto_test.salt('w')) || keys || extra)::text
$$;
-- for another wallet, party or policy; without one; with the key of another
SELECT pg_temp.try('wallet', 'w', 'registrar', pg_temp.wallet_body(k)) FROM (VALUES
    (sto_test.keys_body(sto_test.id('alice'), sto_test.id('other'), sto_test.address_octets(sto_test.id('w')), '{30}')),
    (sto_test.keys_body(sto_test.id('bob'), sto_test.id('w'), sto_test.address_octets(sto_test.id('w')), '{30}')),
    (sto_test.keys_body(sto_test.id('alice'), sto_test.id('w'), NULL, '{30}')),
    (sto_test.keys_body(sto_test.id('alice'), sto_test.id('w'), sto_test.address_octets(sto_test.id('w')), '{30,31}') || '{"threshold": 1}'),
    (sto_test.keys_body(sto_test.id('alice'), sto_test.id('w'), sto_test.address_octets(sto_test.id('w')), '{30}') #- '{keys,0,possession}'),
    (sto_test.keys_body(sto_test.id('alice'), sto_test.id('w'), sto_test.address_octets(sto_test.id('w')), '{21}')),
    (sto_test.keys_body(sto_test.id('alice'), sto_test.id('w'), sto_test.address_octets(sto_test.id('w')), '{30,1}')),
    (sto_test.keys_body(sto_test.id('alice'), sto_test.id('w'), sto_test.address_octets(sto_test.id('w')), '{30}', 1, '{"30": {"from": 2, "to": 1}}'))) AS t (k);
SELECT pg_temp.try('wallet', 'w', actor, pg_temp.wallet_body(sto_test.keys_body(sto_test.id('alice'), sto_test.id('w'), sto_test.address_octets(sto_test.id('w')), '{30}'), x), s)
  FROM (VALUES ('', '{}'::jsonb, NULL::int[]), ('acme', '{}', NULL), ('registrar', '{"kind": "issuance"}', NULL), ('registrar', '{"party": "00000000-0000-0000-0000-00000000000f"}', NULL),
               ('registrar', '{"custodian": "00000000-0000-0000-0000-00000000000f"}', NULL), ('registrar', '{"salt": "AB"}', NULL),
               ('registrar', '{"party": "not a uuid"}', NULL), ('registrar', '{"signed_only": 1}', NULL)) AS t (actor, x, s);
SELECT pg_temp.try('wallet', 'alice', 'registrar', pg_temp.wallet_body(sto_test.keys_body(sto_test.id('alice'), sto_test.id('alice'), sto_test.address_octets(sto_test.id('alice')), '{30}')));

-- a proof made without the custodian, for another one, for one whom the body leaves out; with signed_only dropped or added
SELECT t.*, pg_temp.try('wallet', 'w', 'registrar', pg_temp.wallet_body(sto_test.keys_body(sto_test.id('alice'), sto_test.id('w'), sto_test.address_octets(sto_test.id('w')), '{30}', 1, '{}', sto_test.id(proven), proven_flag), body))
  FROM (VALUES (NULL, false, jsonb_build_object('custodian', sto_test.id('acme'))), ('bob', false, jsonb_build_object('custodian', sto_test.id('acme'))),
               ('acme', false, '{}'), (NULL, true, '{}'), (NULL, true, '{"signed_only": false}'), (NULL, false, '{"signed_only": true}'),
               ('acme', true, jsonb_build_object('custodian', sto_test.id('acme'), 'signed_only', false))) AS t (proven, proven_flag, body);
-- a wallet that is kept: new keys prove its custodian again, and signed_only is for the registration alone
SELECT sto_test.wallet('kept', 'alice', '{32}', 'client', 1, jsonb_build_object('custodian', sto_test.id('acme'), 'signed_only', true)) = sto_test.address('kept') AS kept;
SELECT custodian = sto_test.id('acme') AS by_acme, signed_only FROM sto.wallet WHERE wallet_id = sto_test.id('kept');
SELECT t.*, pg_temp.try('keys', 'kept', 'kept', sto_test.keys_body(sto_test.id('alice'), sto_test.id('kept'), sto_test.address_octets(sto_test.id('kept')), '{33}', 1, '{}', sto_test.id(proven), proven_flag)::text)
  FROM (VALUES (NULL, false), ('bob', false), ('acme', true)) AS t (proven, proven_flag);
SELECT sto_test.set_keys('kept', '{33}') > 0 AS rotated;
SELECT check_name, examined > 0 AS examined, ok, detail FROM sto.verify(checks => '{possessions}');
-- what sto.possession_message() makes of a body
SELECT sto.possession_message(sto_test.id('alice'), sto_test.id('kept'), (b || extra)::text::json)
     = sto_test.possession_message(sto_test.id('alice'), sto_test.id('kept'), sto_test.address_octets(sto_test.id('kept')), 1, b -> 'keys', custodian, flag) AS same
  FROM (VALUES (jsonb_build_object('party', sto_test.id('alice'), 'custodian', sto_test.id('bob'), 'signed_only', true), sto_test.id('bob'), true),
               (jsonb_build_object('party', sto_test.id('alice'), 'signed_only', false), NULL, false),
               (jsonb_build_object('party', sto_test.id('alice')), NULL, false), ('{}', sto_test.id('acme'), false)) AS t (extra, custodian, flag),
       LATERAL sto_test.keys_body(sto_test.id('alice'), sto_test.id('kept'), sto_test.address_octets(sto_test.id('kept')), '{33}') AS b;

-- Keys: the subject's own quorum and nobody else, not even registrar and root together
SELECT pg_temp.try('keys', 'alice/1', actor, sto_test.keys_body(sto_test.id('alice'), sto_test.id('alice/1'), sto_test.address_octets(sto_test.id('alice/1')), '{23}')::text, s)
  FROM (VALUES ('registrar', NULL::int[]), ('', NULL), ('alice/1', '{3}'), ('alice/1', '{1,2}'), ('alice/1', '{}')) AS t (actor, s);
SELECT pg_temp.try('keys', 'alice', 'alice', sto_test.keys_body(sto_test.id('alice'), sto_test.id('alice'), NULL, '{23}')::text, '{23}');
SELECT sto_test.set_keys('alice/1', '{23,1023}', 1) > 0 AS rotated;
SELECT retired IS NOT NULL AS retired, left(key::text, 12) FROM sto.key WHERE subject = sto_test.id('alice/1') ORDER BY registered, key;
-- the retired key signs nothing and never comes back, here or elsewhere
SELECT sto_test.refusal($$SELECT sto_test.set_keys('alice/1', '{23}', 1, '{}', '{21}')$$);
SELECT sto_test.refusal($$SELECT sto_test.set_keys('alice/1', '{21}', 1, '{}', '{23}')$$);
SELECT sto_test.refusal($$SELECT sto_test.set_keys('bob/1', '{21}', 1, '{}', '{22,1022}')$$);
SELECT sto_test.refusal($$SELECT sto_test.set_keys('bob/1', '{22}', 1, '{}', '{22}')$$);
-- a kept key needs no new proof; validity is [from, to)
SELECT sto_test.set_keys('bob/1', '{22,1022,24}', 2, jsonb_build_object('24', jsonb_build_object('from', sto_test.micros('2999-01-01')))) > 0 AS future_key;
SELECT sto_test.refusal($$SELECT sto_test.set_keys('bob/1', '{22,1022}', 2, '{}', '{22,24}')$$);
SELECT sto_test.set_keys('bob/1', '{22,1022,25}', 2, jsonb_build_object('22', jsonb_build_object('to', 1))) > 0 AS expired_key
  FROM (SELECT sto_test.remember(sto_test.id('bob/1'), '{22,1022}')) AS s;
SELECT sto_test.refusal($$SELECT sto_test.set_keys('bob/1', '{1022}', 1, '{}', '{22,1022}')$$);
SELECT sto_test.set_keys('bob/1', '{1022}', 1, '{}', '{1022,25}') > 0 AS ecdsa_only;
SELECT sto_test.set_keys('', '{1,5}', 2) > 0 AS root_rotated FROM (SELECT sto_test.remember(sto_test.nil(), '{1,2}')) AS s;
SELECT sto_test.refusal($$SELECT sto_test.set_keys('', '{1,6}', 2, '{}', '{1,2}')$$);
SELECT sto_test.grant_capability('acme', 'auditor') > 0 AS by_new_root FROM (SELECT sto_test.remember(sto_test.nil(), '{1,5}')) AS s;

-- Tokens: the issuer's quorum
SELECT pg_temp.try('token', 't', actor, (jsonb_build_object('kind', 'share', 'name', 'T', 'decimals', 0, 'authorised', NULL, 'salt', sto_test.salt('t')) || x)::text)
  FROM (VALUES ('acme', '{"kind": "coin"}'::jsonb), ('acme', '{"decimals": 19}'), ('acme', '{"decimals": -1}'), ('acme', '{"authorised": "0"}'), ('acme', '{"authorised": "-5"}'),
               ('acme', '{"authorised": 5}'), ('acme', '{"authorised": "1.5"}'), ('acme', '{"authorised": "170141183460469231731687303715884105728"}'),
               ('acme', '{"isin": "US0378331006"}'), ('acme', '{"cfi": "ZZZZZZ"}'), ('acme', '{"dti": "AAAAAAAAA"}'), ('acme', '{"kind": "cash"}'),
               ('acme', '{"kind": "cash", "currency": "XXQ"}'), ('acme', '{"name": ""}'), ('acme', '{"unsigned_role": ""}'), ('', '{}')) AS t (actor, x);
SELECT sto_test.token('ACME', 'acme', '1000', 'share', 2, '{"isin": "US0378331005", "cfi": "ESVUFR"}');
SELECT sto_test.refusal($$SELECT sto_test.token('TWIN', 'acme', '1000', 'share', 2, '{"isin": "US0378331005"}')$$);
SELECT sto_test.token('TENGE', 'acme', NULL, 'cash', 2, '{"currency": "KZT"}');
SELECT t.kind, t.name, t.decimals, t.authorised, t.isin, t.cfi, t.currency, t.status, w.kind, w.policy_event, w.party_id = t.issuer AS owner
  FROM sto.token AS t JOIN sto.wallet AS w ON w.address = t.issuance ORDER BY t.registered;
SELECT pg_temp.try('wallet', 'ACME', 'registrar', pg_temp.wallet_body(sto_test.keys_body(sto_test.id('alice'), sto_test.id('ACME'), sto_test.address_octets(sto_test.id('ACME')), '{30}')));
SELECT pg_temp.try('wallet_status', 'ACME', 'registrar', '{"status": "closed"}');
SELECT pg_temp.try('keys', 'ACME', 'ACME', sto_test.keys_body(sto_test.id('acme'), sto_test.id('ACME'), sto_test.address_octets(sto_test.id('ACME')), '{30}')::text, '{10,1010,2010}');
SELECT sto_test.issue('ACME', 'alice/1', '600') > 0 AS issued FROM (SELECT sto_test.remember(sto_test.id('alice/1'), '{23}')) AS s;
SELECT pg_temp.try('token_terms', 'ACME', actor, body) FROM (VALUES ('registrar', '{"authorised": "600"}'), ('acme', '{"authorised": "599"}'), ('acme', '{"authorised": "0"}'), ('acme', '{}')) AS t (actor, body);
SELECT sto_test.event('token_terms', sto_test.id('ACME'), sto_test.id('acme'), '{"authorised": "600"}') > 0 AS lowered;
SELECT sto_test.event('token_policy', sto_test.id('ACME'), sto_test.id('acme'), '{"unsigned_role": "desk"}') > 0 AS unsigned_allowed;
SELECT authorised, unsigned_role FROM sto.token WHERE token_id = sto_test.id('ACME');
SELECT sto_test.event('token_policy', sto_test.id('ACME'), sto_test.id('acme'), '{"unsigned_role": null}') > 0 AS unsigned_forbidden;
SELECT sto_test.event('token_terms', sto_test.id('ACME'), sto_test.id('acme'), '{"authorised": null}') > 0 AS unlimited;
SELECT authorised, unsigned_role FROM sto.token WHERE token_id = sto_test.id('ACME');

-- Batches
SELECT pg_temp.try('batch', 'batch', actor, (jsonb_build_object('token', sto_test.id('ACME'), 'count', 2, 'sum', '10', 'hash', repeat('00', 32)) || x)::text, s)
  FROM (VALUES ('acme', '{"count": 0}'::jsonb, NULL::int[]), ('acme', '{"sum": "0"}', NULL), ('acme', '{"token": "00000000-0000-0000-0000-00000000000f"}', NULL),
               ('acme', '{"valid_until": 5}', NULL), ('', '{}', NULL), ('alice', '{}', '{23}'), ('ACME', '{}', '{10,1010,2010}'), ('acme', '{"hash": "0"}', NULL)) AS t (actor, x, s);
SELECT sto_test.event('batch', sto_test.id('batch'), sto_test.id('alice/1'),
    jsonb_build_object('token', sto_test.id('ACME'), 'count', 2, 'sum', '10', 'hash', repeat('00', 32), 'valid_until', sto_test.micros('2999-01-01'))::text) > 0 AS listed;
SELECT count, sum, usable_until = '2999-01-01' AS until, posted, actor = sto_test.id('alice/1') AS by_wallet FROM sto.batch;

-- Wallet terms and status
SELECT pg_temp.try('wallet_terms', 'alice/1', 'registrar', '{"signed_only": true}');
SELECT sto_test.event('wallet_terms', sto_test.id('alice/1'), sto_test.id('alice/1'), '{"signed_only": true}') > 0 AS by_itself;
SELECT signed_only FROM sto.wallet WHERE wallet_id = sto_test.id('alice/1');
SELECT pg_temp.try('wallet_status', 'alice/1', 'registrar', '{"status": "frozen"}');
SELECT pg_temp.try('wallet_status', 'alice/1', 'registrar', '{"status": "closed"}');
SELECT pg_temp.try('wallet_status', 'bob/1', 'alice/1', '{"status": "closed"}');
-- a position that this transaction has moved counts as well
BEGIN;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '600') > 0 AS moved;
SELECT pg_temp.try('wallet_status', 'bob/1', 'registrar', '{"status": "closed"}');
SELECT sto_test.event('wallet_status', sto_test.id('alice/1'), sto_test.id('alice/1'), '{"status": "closed"}') > 0 AS closed_by_itself;
COMMIT;
SELECT sto_test.refusal($$SELECT sto_test.set_keys('alice/1', '{26}')$$);
SELECT left(sto_test.refusal($$SELECT sto_test.transfer('ACME', 'bob/1', 'alice/1', '1')$$), 5) FROM (SELECT sto_test.remember(sto_test.id('bob/1'), '{1022}')) AS s;
SELECT sto_test.event('wallet_status', sto_test.id('alice/1'), sto_test.id('registrar'), '{"status": "active"}') > 0 AS reopened;

-- A closed party acts no more, nor do its wallets; a registrar without the capability neither
SELECT pg_temp.try('party_status', 'alice', '', '{"status": "closed"}');
SELECT sto_test.event('party_status', sto_test.id('alice'), sto_test.id('registrar'), '{"status": "closed"}') > 0 AS closed;
SELECT sto_test.refusal($$SELECT sto_test.set_keys('alice/1', '{26}')$$);
SELECT sto_test.refusal($$SELECT sto_test.wallet('alice/2', 'alice', '{27}')$$);
SELECT sto_test.grant_capability('registrar', 'registrar', false) > 0 AS dismissed;
SELECT pg_temp.try('party_status', 'alice', 'registrar', '{"status": "active"}');
SELECT sto_test.grant_capability('registrar', 'registrar') > 0 AS back;
SELECT sto_test.event('party_status', sto_test.id('alice'), sto_test.id('registrar'), '{"status": "active"}') > 0 AS reopened;
SELECT sto_test.event('token_status', sto_test.id('TENGE'), sto_test.id('acme'), '{"status": "closed"}') > 0 AS closed;
SELECT pg_temp.try('token_terms', 'TENGE', 'acme', '{"authorised": "5"}');

-- The database role only submits
CREATE ROLE sto_regress_clerk;
SET ROLE sto_regress_clerk;
INSERT INTO sto.event (kind, subject, actor, body) VALUES ('party', '00000000-0000-0000-0000-00000000000f', '00000000-0000-0000-0000-000000000000', '{"kind": "legal"}');
INSERT INTO sto.event (kind, subject, actor, body) VALUES ('maintenance', '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', '{"reason": "x", "by": "y"}');
SELECT sto.begin_maintenance('me');
SELECT sto.rebuild();
RESET ROLE;
SELECT sto.map_role('sto_regress_clerk', sto_test.id('registrar'));
SET ROLE sto_regress_clerk;
INSERT INTO sto.event (kind, subject, actor, body) VALUES ('party', '00000000-0000-0000-0000-00000000000f', '00000000-0000-0000-0000-000000000000', '{"kind": "legal"}');
INSERT INTO sto.event (kind, subject, actor, body) VALUES ('maintenance', '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', '{"reason": "x", "by": "y"}');
INSERT INTO sto.party (party_id) VALUES ('00000000-0000-0000-0000-00000000000f');
RESET ROLE;

-- A row that is dropped after the gate: an event without its row would be a register without its log
CREATE TEMP TABLE ready AS SELECT 'party'::text AS kind, sto_test.id('p' || n) AS subject, sto_test.nil() AS actor, '{"kind": "legal"}'::json AS body,
    sto_test.signatures(sto_test.act_message('party', sto_test.id('p' || n), sto_test.nil(), '{"kind": "legal"}'), '{1,5}') AS signatures FROM generate_series(1, 20) AS n;
SELECT setval('sto.entry_id_seq', (SELECT min(entry_id) FROM sto.event), false) > 0 AS back;
SELECT sto_test.refusal($$INSERT INTO sto.event (kind, subject, actor, body, signatures) SELECT * FROM ready LIMIT 1 ON CONFLICT DO NOTHING$$);
SELECT setval('sto.entry_id_seq', (SELECT min(entry_id) FROM sto.event), false) > 0 AS back;
SELECT sto_test.refusal($$INSERT INTO sto.event (kind, subject, actor, body, signatures) SELECT * FROM ready LIMIT 1 ON CONFLICT (entry_id) DO UPDATE SET kind = 'x'$$);
-- nor does an id go down on a subject's chain
SELECT setval('sto.entry_id_seq', (SELECT min(entry_id) FROM sto.event), false) > 0 AS back;
SELECT left(sto_test.refusal($$SELECT sto_test.event('party_status', sto_test.id('bob'), sto_test.id('registrar'), '{"status": "active"}')$$), 51);
SELECT setval('sto.entry_id_seq', (SELECT greatest((SELECT max(entry_id) FROM sto.event), (SELECT max(entry_id) FROM sto.transfer)))) > 0 AS put_back;
-- twice in one statement, and a rolled-back savepoint, leave nothing behind
SELECT sto_test.refusal($$INSERT INTO sto.event (kind, subject, actor, body, signatures) SELECT r.* FROM (SELECT * FROM ready LIMIT 1) AS r, generate_series(1, 2)$$);
BEGIN;
SAVEPOINT a;
INSERT INTO sto.event (kind, subject, actor, body, signatures) SELECT * FROM ready OFFSET 10;
ROLLBACK TO a;
INSERT INTO sto.event (kind, subject, actor, body, signatures) SELECT * FROM ready OFFSET 5;
COMMIT;
SELECT count(*) FROM sto.party AS p JOIN ready AS r ON r.subject = p.party_id;

-- Every subject's chain: one head, no gap, leaves that anybody can recompute
SELECT count(*) = (SELECT count(*) FROM sto.event) AS all_linked
  FROM (SELECT prev_hash IS NOT DISTINCT FROM lag(leaf_hash) OVER w AS linked, recorded_at >= COALESCE(lag(recorded_at) OVER w, '-infinity') AS later
          FROM sto.event WINDOW w AS (PARTITION BY subject ORDER BY entry_id)) AS c WHERE linked AND later;
SELECT count(*) FILTER (WHERE s.head <> e.leaf_hash OR s.recorded_at <> e.recorded_at) AS wrong_heads
  FROM sto.subject AS s JOIN sto.event AS e ON e.entry_id = s.last_event;
SELECT count(*) AS wrong_leaves FROM sto.event AS e
 WHERE e.leaf_hash::bytea <> sha256('\x00'::bytea || sto_test.tag('sto.event')
       || uuid_send(CASE WHEN e.kind = 'genesis' THEN sto_test.nil() ELSE sto_test.ledger_id() END)
       || int8send(e.entry_id) || sto_test.text8(e.kind) || uuid_send(e.subject) || uuid_send(e.actor) || sto_test.opt(e.prev_hash::bytea)
       || sto_test.text32(e.body::text) || sto_test.opt(int2send(length(e.signatures)::int2) || e.signatures) || sto_test.time(e.recorded_at));

-- A ledger whose register is kept by roles
DROP DATABASE IF EXISTS sto_regress_roles;
CREATE DATABASE sto_regress_roles TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_roles
SET client_min_messages = warning;
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all
SELECT sto_test.open_ledger('roles') > 0 AS opened;
SELECT sto_test.event('party', sto_test.id('registrar'), sto_test.nil(), '{"kind": "legal"}', '{}') > 0 AS party_unsigned;
SELECT sto_test.event('capability', sto_test.id('registrar'), sto_test.nil(), '{"capability": "registrar", "granted": true}', '{}') > 0 AS capability_unsigned;
SELECT sto_test.event('party', sto_test.id('acme'), sto_test.id('registrar'), ('{"kind": "legal"}'::jsonb || sto_test.keys_body(sto_test.id('acme'), sto_test.id('acme'), NULL, '{10}'))::text, '{}') > 0 AS with_keys;
SELECT sto.map_role('sto_regress_clerk', sto_test.id('registrar'));
CREATE ROLE sto_regress_guest;
SELECT sto.map_role('sto_regress_guest', sto_test.id('acme'));
GRANT USAGE ON SCHEMA sto_test TO PUBLIC;
GRANT SELECT ON sto_test.keyring TO PUBLIC;
SET ROLE sto_regress_guest;
SELECT sto_test.refusal($$SELECT sto_test.event('party', sto_test.id('alice'), sto_test.id('registrar'), '{"kind": "natural"}', '{}')$$);
SET ROLE sto_regress_clerk;
SELECT sto_test.event('party', sto_test.id('alice'), sto_test.id('registrar'), '{"kind": "natural"}', '{}') > 0 AS by_clerk;
SELECT sto_test.event('wallet', sto_test.id('alice/1'), sto_test.id('registrar'), (jsonb_build_object('party', sto_test.id('alice'), 'kind', 'own', 'salt', sto_test.salt('alice/1'))
    || sto_test.keys_body(sto_test.id('alice'), sto_test.id('alice/1'), sto_test.address_octets(sto_test.id('alice/1')), '{21}'))::text, '{}') > 0 AS by_clerk;
-- not for another registrar, and nothing that keys guard
SELECT sto_test.refusal($$SELECT sto_test.event('party', sto_test.id('bob'), sto_test.id('acme'), '{"kind": "natural"}', '{}')$$);
SELECT sto_test.refusal($$SELECT sto_test.event('keys', sto_test.id('alice/1'), sto_test.id('alice/1'), sto_test.keys_body(sto_test.id('alice'), sto_test.id('alice/1'), sto_test.address_octets(sto_test.id('alice/1')), '{22}')::text, '{}')$$);
SELECT sto_test.refusal($$SELECT sto_test.event('wallet_terms', sto_test.id('alice/1'), sto_test.id('alice/1'), '{"signed_only": true}', '{}')$$);
SELECT sto_test.refusal($$SELECT sto_test.event('wallet_status', sto_test.id('alice/1'), sto_test.id('alice/1'), '{"status": "closed"}', '{}')$$);
SELECT sto_test.refusal($$SELECT sto_test.event('token', sto_test.id('T'), sto_test.id('acme'), '{"kind": "share", "name": "T", "decimals": 0, "authorised": null, "salt": "' || sto_test.salt('T') || '"}', '{}')$$);
SELECT sto_test.event('wallet_status', sto_test.id('alice/1'), sto_test.id('registrar'), '{"status": "closed"}', '{}') > 0 AS closed_by_clerk;
-- who signs for the log and who witnesses is for keys everywhere; a close is for nobody's
SELECT sto_test.refusal($$SELECT sto_test.event('witness_policy', sto_test.nil(), sto_test.nil(), '{"threshold": 1}', '{}')$$);
SELECT sto_test.refusal(format($$SELECT sto_test.event('log_key', sto_test.nil(), sto_test.nil(), %L, '{}')$$, jsonb_build_object('key', sto_test.public_key(801), 'possession', sto_test.note_possession(NULL, sto_test.log_name(), 801))));
SELECT sto.close_day() > 0 AS closed_the_day;
RESET ROLE;
SELECT sto.rebuild() = (SELECT count(*) FROM sto.event) AS folded;

-- What is hashed is UTF-8
DROP DATABASE IF EXISTS sto_regress_latin;
CREATE DATABASE sto_regress_latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C';
\c sto_regress_latin
SET client_min_messages = warning;
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all
SELECT sto_test.refusal('SELECT sto_test.open_ledger()');

\c sto_regress_events
\set ECHO none
SET client_min_messages = warning;
DROP DATABASE sto_regress_latin;
DROP DATABASE sto_regress_roles;
\c postgres
DROP DATABASE sto_regress_events;
DROP ROLE sto_regress_clerk, sto_regress_guest;
