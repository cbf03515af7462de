-- Signing inside the server, for tests only.  Needs the module sto_test_signer in pkglibdir.
--
-- From a regression test:
--     \getenv srcdir PG_ABS_SRCDIR
--     \set ECHO none
--     \i :srcdir/signer/signer.sql
--     \set ECHO all
--
-- A key is a number: below 1000 Ed25519, from 1000 P-256, from 2000 secp256k1.  Who signs
-- for whom is kept in sto_test.keyring, so that most calls name no key.  The messages are
-- built here in SQL from docs/format.md, apart from the extension's own code.
--
--     SELECT sto_test.open_ledger();                       -- root keys 1 and 2, both needed
--     SELECT sto_test.registrar();                         -- party 'registrar', key 3
--     SELECT sto_test.party('acme', '{10}');               -- an issuer, with a key
--     SELECT sto_test.token('ACME', 'acme', '1000000');
--     SELECT sto_test.party('alice');                      -- an investor, without one
--     SELECT sto_test.wallet('alice/1', 'alice', '{21}');
--     SELECT sto_test.issue('ACME', 'alice/1', '500');
--     SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '20');

CREATE SCHEMA sto_test;

CREATE FUNCTION sto_test.public_key_octets(scheme text, seed int) RETURNS bytea
    AS '$libdir/sto_test_signer', 'sto_test_public_key' LANGUAGE c IMMUTABLE STRICT;
CREATE FUNCTION sto_test.sign(scheme text, seed int, message bytea) RETURNS bytea
    AS '$libdir/sto_test_signer', 'sto_test_sign' LANGUAGE c VOLATILE STRICT;

-- Who signs for a subject; the ledger itself is the nil uuid.
CREATE TABLE sto_test.keyring (
    subject uuid PRIMARY KEY,
    seeds   int[] NOT NULL
);

-- What a statement is refused with: SQLSTATE, message, detail.
CREATE FUNCTION sto_test.refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state   text;
    message text;
    detail  text;
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' | ', state, message, nullif(detail, ''));
END $$;

-- Keys ------------------------------------------------------------------------

CREATE FUNCTION sto_test.nil() RETURNS uuid IMMUTABLE LANGUAGE sql
    AS $$ SELECT '00000000-0000-0000-0000-000000000000'::uuid $$;
-- The uuid that a test's name stands for: the same in every run.
CREATE FUNCTION sto_test.id(name text) RETURNS uuid IMMUTABLE STRICT LANGUAGE sql
    AS $$ SELECT md5('sto_test ' || name)::uuid $$;
CREATE FUNCTION sto_test.salt(name text) RETURNS text IMMUTABLE STRICT LANGUAGE sql
    AS $$ SELECT encode(sha256(convert_to('salt ' || name, 'UTF8')), 'hex') $$;
CREATE FUNCTION sto_test.scheme(seed int) RETURNS text IMMUTABLE STRICT LANGUAGE sql
    AS $$ SELECT CASE WHEN seed < 1000 THEN 'ed25519' WHEN seed < 2000 THEN 'p256' ELSE 'secp256k1' END $$;
CREATE FUNCTION sto_test.scheme_octet(seed int) RETURNS bytea IMMUTABLE STRICT LANGUAGE sql
    AS $$ SELECT CASE WHEN seed < 1000 THEN '\x01' WHEN seed < 2000 THEN '\x02' ELSE '\x03' END::bytea $$;
CREATE FUNCTION sto_test.key_octets(seed int) RETURNS bytea IMMUTABLE STRICT LANGUAGE sql
    AS $$ SELECT sto_test.public_key_octets(sto_test.scheme(seed), seed) $$;
CREATE FUNCTION sto_test.public_key(seed int) RETURNS text IMMUTABLE STRICT LANGUAGE sql
    AS $$ SELECT sto_test.scheme(seed) || ':' || encode(sto_test.key_octets(seed), 'hex') $$;

-- Octets (docs/format.md, "Conventions") --------------------------------------

CREATE FUNCTION sto_test.u8(v int) RETURNS bytea IMMUTABLE STRICT LANGUAGE sql
    AS $$ SELECT set_byte('\x00'::bytea, 0, v) $$;
CREATE FUNCTION sto_test.tag(name text) RETURNS bytea IMMUTABLE STRICT LANGUAGE sql
    AS $$ SELECT sto_test.u8(length(name)) || convert_to(name, 'UTF8') || '\x01'::bytea $$;
CREATE FUNCTION sto_test.opt(v bytea) RETURNS bytea IMMUTABLE LANGUAGE sql
    AS $$ SELECT COALESCE('\x01'::bytea || v, '\x00'::bytea) $$;
CREATE FUNCTION sto_test.text8(v text) RETURNS bytea IMMUTABLE STRICT LANGUAGE sql
    AS $$ SELECT sto_test.u8(octet_length(v)) || convert_to(v, 'UTF8') $$;
CREATE FUNCTION sto_test.text16(v text) RETURNS bytea IMMUTABLE STRICT LANGUAGE sql
    AS $$ SELECT int2send(octet_length(v)::int2) || convert_to(v, 'UTF8') $$;
CREATE FUNCTION sto_test.text32(v text) RETURNS bytea IMMUTABLE STRICT LANGUAGE sql
    AS $$ SELECT int4send(octet_length(v)) || convert_to(v, 'UTF8') $$;
-- Microseconds since 1970, exact: extract() gives numeric.
CREATE FUNCTION sto_test.micros(v timestamptz) RETURNS bigint IMMUTABLE STRICT LANGUAGE sql
    AS $$ SELECT (extract(epoch FROM v) * 1000000)::bigint $$;
CREATE FUNCTION sto_test.time(v timestamptz) RETURNS bytea IMMUTABLE STRICT LANGUAGE sql
    AS $$ SELECT int8send(sto_test.micros(v)) $$;
-- Two's complement in 16 octets; m is the low half, without sign.
CREATE FUNCTION sto_test.i128(v numeric) RETURNS bytea IMMUTABLE STRICT LANGUAGE sql AS $$
    SELECT int8send(div(v - m, t)::bigint) || int8send((CASE WHEN m < 9223372036854775808 THEN m ELSE m - t END)::bigint)
      FROM (VALUES (18446744073709551616::numeric)) AS two64 (t), LATERAL (SELECT mod(mod(v, t) + t, t)) AS low (m)
$$;

CREATE FUNCTION sto_test.key_id(seed int) RETURNS bytea IMMUTABLE STRICT LANGUAGE sql
    AS $$ SELECT substr(sha256(sto_test.tag('sto.key') || sto_test.scheme_octet(seed) || sto_test.key_octets(seed)), 1, 8) $$;
-- A list of signatures, as a client sends it; null for no keys.
CREATE FUNCTION sto_test.signatures(message bytea, seeds int[]) RETURNS bytea LANGUAGE sql AS $$
    SELECT string_agg(sto_test.scheme_octet(s) || sto_test.key_id(s) || sto_test.u8(length(sig)) || sig, ''::bytea ORDER BY n)
      FROM unnest(seeds) WITH ORDINALITY AS k (s, n), LATERAL (SELECT sto_test.sign(sto_test.scheme(s), s, message)) AS g (sig)
$$;

-- Ledger and addresses --------------------------------------------------------

CREATE FUNCTION sto_test.ledger_id() RETURNS uuid STABLE LANGUAGE sql
    AS $$ SELECT COALESCE((SELECT ledger_id FROM sto.ledger), sto_test.nil()) $$;
CREATE FUNCTION sto_test.address_octets(wallet uuid) RETURNS bytea STABLE STRICT LANGUAGE sql
    AS $$ SELECT substr(sha256(sto_test.tag('sto.address') || uuid_send(sto_test.ledger_id()) || uuid_send(wallet)), 1, 20) $$;
CREATE FUNCTION sto_test.address(name text) RETURNS sto.wallet_address STABLE STRICT LANGUAGE sql
    AS $$ SELECT sto_test.address_octets(sto_test.id(name))::sto.wallet_address $$;

-- Messages --------------------------------------------------------------------

CREATE FUNCTION sto_test.act_message(kind text, subject uuid, actor uuid, body text) RETURNS bytea STABLE LANGUAGE sql AS $$
    SELECT sto_test.tag('sto.act') || uuid_send(sto_test.ledger_id()) || sto_test.text8(kind) || uuid_send(subject)
           || uuid_send(actor) || sto_test.opt((SELECT s.head::bytea FROM sto.subject AS s WHERE s.subject = act_message.subject))
           || sto_test.text32(body)
$$;

-- keys: a JSON array like that of an event's body
CREATE FUNCTION sto_test.policy(threshold int, keys jsonb) RETURNS bytea IMMUTABLE LANGUAGE sql AS $$
    SELECT sto_test.u8(threshold) || sto_test.u8(jsonb_array_length(keys))
           || (SELECT string_agg(CASE split_part(k->>'key', ':', 1) WHEN 'ed25519' THEN '\x0120' WHEN 'p256' THEN '\x0221' ELSE '\x0321' END::bytea
                                 || decode(split_part(k->>'key', ':', 2), 'hex') || sto_test.opt(int8send((k->>'from')::bigint))
                                 || sto_test.opt(int8send((k->>'to')::bigint)), ''::bytea ORDER BY n)
                 FROM jsonb_array_elements(keys) WITH ORDINALITY AS e (k, n))
$$;
CREATE FUNCTION sto_test.possession_message(party uuid, subject uuid, address bytea, threshold int, keys jsonb,
                                            custodian uuid DEFAULT NULL, signed_only boolean DEFAULT false) RETURNS bytea
    STABLE LANGUAGE sql AS $$
    SELECT sto_test.tag('sto.possession') || uuid_send(sto_test.ledger_id()) || uuid_send(party) || uuid_send(subject)
           || sto_test.opt(address) || sto_test.opt(uuid_send(custodian)) || sto_test.u8(signed_only::int) || sto_test.policy(threshold, keys)
$$;
-- {"threshold": ..., "keys": [...]} with proofs; times: {"21": {"to": 123}} by seed
CREATE FUNCTION sto_test.keys_body(party uuid, subject uuid, address bytea, seeds int[], threshold int DEFAULT NULL,
                                   times jsonb DEFAULT '{}', custodian uuid DEFAULT NULL,
                                   signed_only boolean DEFAULT false) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    bare    jsonb;
    message bytea;
BEGIN
    threshold := COALESCE(threshold, cardinality(seeds));
    SELECT jsonb_agg(jsonb_build_object('key', sto_test.public_key(s)) || COALESCE(times -> s::text, '{}') ORDER BY n)
      INTO bare FROM unnest(seeds) WITH ORDINALITY AS k (s, n);
    message := sto_test.possession_message(party, subject, address, threshold, bare, custodian, signed_only);
    RETURN jsonb_build_object('threshold', threshold, 'keys',
        (SELECT jsonb_agg(k || jsonb_build_object('possession', encode(sto_test.sign(sto_test.scheme(s), s, message), 'hex')) ORDER BY e.n)
           FROM jsonb_array_elements(bare) WITH ORDINALITY AS e (k, n)
           JOIN unnest(seeds) WITH ORDINALITY AS u (s, n) USING (n)));
END $$;

-- Only an order's own columns are read.
CREATE FUNCTION sto_test.order_message(o sto.transfer) RETURNS bytea STABLE LANGUAGE sql AS $$
    SELECT sto_test.tag('sto.order') || uuid_send(sto_test.ledger_id())
           || sto_test.u8(array_position('{issue,redeem,transfer,hold,post,release,force,recover,reverse}', o.kind))
           || uuid_send(o.order_id) || uuid_send(o.ordering_party) || uuid_send(o.token_id)
           || sto_test.opt(o.debit_wallet::bytea) || sto_test.opt(o.credit_wallet::bytea)
           || sto_test.i128(o.amount::text::numeric)
           || sto_test.opt(sto_test.time(o.valid_until)) || sto_test.opt(sto_test.text16(o.reference))
           || sto_test.opt(int8send(o.hold_id))
           || sto_test.opt(sto_test.u8(array_position('{subscription,settlement,pledge,hash_lock,lock_up,seizure,freeze}', o.purpose)))
           || sto_test.opt(uuid_send(o.notary)) || sto_test.opt(sto_test.time(o.release_after))
           || sto_test.opt(o.condition_hash::bytea) || sto_test.opt(o.instruction_hash::bytea) || sto_test.opt(o.preimage)
           || sto_test.opt(sto_test.u8(o.keep_rest::int)) || sto_test.opt(o.attachment_hash::bytea)
           || sto_test.opt(uuid_send(o.group_id)) || sto_test.opt(int8send(o.undoes)) || sto_test.opt(sto_test.u8(o.checked_once::int))
$$;

-- Acts ------------------------------------------------------------------------

-- Insert an event signed by these keys (null: the actor's keyring; '{}': unsigned).
CREATE FUNCTION sto_test.event(kind text, subject uuid, actor uuid, body text, seeds int[] DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    id bigint;
BEGIN
    seeds := COALESCE(seeds, (SELECT k.seeds FROM sto_test.keyring AS k WHERE k.subject = event.actor));
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
         VALUES (kind, subject, actor, body::json, sto_test.signatures(sto_test.act_message(kind, subject, actor, body), seeds))
      RETURNING entry_id INTO id;
    RETURN id;
END $$;

CREATE FUNCTION sto_test.remember(subject uuid, seeds int[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO sto_test.keyring VALUES (subject, seeds) ON CONFLICT ON CONSTRAINT keyring_pkey DO UPDATE SET seeds = EXCLUDED.seeds
$$;

CREATE FUNCTION sto_test.open_ledger(authority text DEFAULT 'keys', seeds int[] DEFAULT '{1,2}') RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.remember(sto_test.nil(), seeds);
    RETURN sto_test.event('genesis', sto_test.nil(), sto_test.nil(), jsonb_build_object(
        'name', 'Test ledger', 'origin', 'ledger.example', 'threshold', cardinality(seeds), 'register_authority', authority,
        'keys', (SELECT jsonb_agg(jsonb_build_object('key', sto_test.public_key(s))) FROM unnest(seeds) AS s))::text);
END $$;

-- A party; registered by the registrar once he has keys, before that by the root officers.
CREATE FUNCTION sto_test.party(name text, seeds int[] DEFAULT NULL, kind text DEFAULT 'legal', extra jsonb DEFAULT '{}') RETURNS uuid
    LANGUAGE plpgsql AS $$
DECLARE
    id   uuid := sto_test.id(name);
    body jsonb := jsonb_build_object('kind', kind) || extra;
BEGIN
    IF seeds IS NOT NULL THEN
        body := body || sto_test.keys_body(id, id, NULL, seeds);
        PERFORM sto_test.remember(id, seeds);
    END IF;
    PERFORM sto_test.event('party', id, COALESCE((SELECT k.subject FROM sto_test.keyring AS k WHERE k.subject = sto_test.id('registrar') AND k.subject <> id),
                                                 sto_test.nil()), body::text);
    RETURN id;
END $$;

CREATE FUNCTION sto_test.grant_capability(party text, capability text, granted boolean DEFAULT true) RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('capability', sto_test.id(party), sto_test.nil(),
                          jsonb_build_object('capability', capability, 'granted', granted)::text)
$$;

-- The registrar's party, for which the present role then submits.
CREATE FUNCTION sto_test.registrar(seeds int[] DEFAULT '{3}') RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.party('registrar', seeds), sto_test.grant_capability('registrar', 'registrar');
    PERFORM sto.map_role(current_user, sto_test.id('registrar'));
    RETURN sto_test.id('registrar');
END $$;

CREATE FUNCTION sto_test.wallet(name text, party text, seeds int[], kind text DEFAULT 'own', threshold int DEFAULT NULL,
                                extra jsonb DEFAULT '{}') RETURNS sto.wallet_address LANGUAGE plpgsql AS $$
DECLARE
    id uuid := sto_test.id(name);
BEGIN
    PERFORM sto_test.remember(id, seeds);
    PERFORM sto_test.event('wallet', id, sto_test.id('registrar'), (jsonb_build_object('party', sto_test.id(party), 'kind', kind,
        'salt', sto_test.salt(name)) || extra
        || sto_test.keys_body(sto_test.id(party), id, sto_test.address_octets(id), seeds, threshold, '{}',
                              (extra ->> 'custodian')::uuid, COALESCE((extra ->> 'signed_only')::boolean, false)))::text);
    RETURN sto_test.address(name);
END $$;

-- authorised null: unlimited
CREATE FUNCTION sto_test.token(name text, issuer text, authorised text DEFAULT NULL, kind text DEFAULT 'share', decimals int DEFAULT 0,
                               extra jsonb DEFAULT '{}') RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.remember(sto_test.id(name), (SELECT k.seeds FROM sto_test.keyring AS k WHERE k.subject = sto_test.id(issuer)));
    PERFORM sto_test.event('token', sto_test.id(name), sto_test.id(issuer), (jsonb_build_object('kind', kind, 'name', name,
        'decimals', decimals, 'authorised', authorised, 'salt', sto_test.salt(name)) || extra)::text);
    RETURN sto_test.id(name);
END $$;

-- A new policy for a party ('' for the ledger) or wallet, signed by the present one.
CREATE FUNCTION sto_test.set_keys(subject text, seeds int[], threshold int DEFAULT NULL, times jsonb DEFAULT '{}',
                                  signers int[] DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    id    uuid := CASE subject WHEN '' THEN sto_test.nil() ELSE sto_test.id(subject) END;
    owner uuid := (SELECT w.party_id FROM sto.wallet AS w WHERE w.wallet_id = id);
    entry bigint;
BEGIN
    entry := sto_test.event('keys', id, id, sto_test.keys_body(COALESCE(owner, id), id,
        CASE WHEN owner IS NOT NULL THEN sto_test.address_octets(id) END, seeds, threshold, times,
        (SELECT w.custodian FROM sto.wallet AS w WHERE w.wallet_id = id))::text, signers);
    PERFORM sto_test.remember(id, seeds);
    RETURN entry;
END $$;

-- Acts on the log itself (docs/format.md, "Keys that sign notes") ----------------

CREATE FUNCTION sto_test.log_name() RETURNS text STABLE LANGUAGE sql
    AS $$ SELECT l.origin || '/' || l.ledger_id FROM sto.ledger AS l $$;
-- party null: the log's own key
CREATE FUNCTION sto_test.note_possession(party uuid, name text, seed int) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT encode(sto_test.sign(sto_test.scheme(seed), seed,
        sto_test.tag(CASE WHEN party IS NULL THEN 'sto.log_key' ELSE 'sto.witness_key' END) || uuid_send(sto_test.ledger_id())
        || uuid_send(COALESCE(party, sto_test.nil())) || sto_test.text8(name) || sto_test.scheme_octet(seed)
        || sto_test.u8(length(sto_test.key_octets(seed))) || sto_test.key_octets(seed)), 'hex')
$$;
CREATE FUNCTION sto_test.log_key(seed int DEFAULT 801, extra jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('log_key', sto_test.nil(), sto_test.nil(), (jsonb_build_object('key', sto_test.public_key(seed),
        'possession', sto_test.note_possession(NULL, sto_test.log_name(), seed)) || extra)::text)
$$;
-- The party needs keys and the capability witness.
CREATE FUNCTION sto_test.witness_key(party text, seed int, name text DEFAULT NULL, extra jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('witness_key', sto_test.id(party), sto_test.id(party), (jsonb_build_object('name', n, 'key', sto_test.public_key(seed),
        'possession', sto_test.note_possession(sto_test.id(party), n, seed)) || extra)::text)
      FROM (SELECT COALESCE(witness_key.name, party || '.example/witness')) AS x (n)
$$;
-- The whole of it: a party with this key, the capability, and its witness key.
CREATE FUNCTION sto_test.witness(party text, party_seed int, seed int) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.party(party, ARRAY[party_seed]), sto_test.grant_capability(party, 'witness');
    RETURN sto_test.witness_key(party, seed);
END $$;
CREATE FUNCTION sto_test.witness_policy(threshold int) RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('witness_policy', sto_test.nil(), sto_test.nil(), jsonb_build_object('threshold', threshold)::text)
$$;
CREATE FUNCTION sto_test.time_authority(name text, certificate text) RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('time_authority', sto_test.nil(), sto_test.nil(), jsonb_build_object('name', name, 'certificate', certificate)::text)
$$;
CREATE FUNCTION sto_test.log_restart(reason text, size bigint, root text) RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('log_restart', sto_test.nil(), sto_test.nil(), jsonb_build_object('reason', reason, 'size', size, 'root', root)::text)
$$;

-- Identity, eligibility, pauses and freezes; actors: registrar, enforcer, the token's issuer ------------

CREATE FUNCTION sto_test.seeds_of(name text) RETURNS int[] STABLE LANGUAGE sql
    AS $$ SELECT seeds FROM sto_test.keyring WHERE subject = sto_test.id(name) $$;
CREATE FUNCTION sto_test.party_facts(party text, facts jsonb) RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('party_facts', sto_test.id(party), sto_test.id('registrar'), facts::text)
$$;
CREATE FUNCTION sto_test.classify(party text, class text, extra jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('classification', sto_test.id(party), sto_test.id('registrar'),
                          (jsonb_build_object('class', class, 'basis', 'COB 2.4') || extra)::text)
$$;
CREATE FUNCTION sto_test.mandate(principal text, representative text, extra jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('mandate', sto_test.id(principal), sto_test.id('registrar'), (jsonb_build_object('representative',
        sto_test.id(representative), 'scope', 'orders', 'basis', 'attorney', 'granted', true) || extra)::text)
$$;
CREATE FUNCTION sto_test.beneficial_owner(party text, owner text, share int, extra jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('beneficial_owner', sto_test.id(party), sto_test.id('registrar'),
                          (jsonb_build_object('owner', sto_test.id(owner), 'share', share, 'control', false) || extra)::text)
$$;
-- A joint party's members, by name and in their order.
CREATE FUNCTION sto_test.members(party text, members text[], nominee text) RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('party_members', sto_test.id(party), sto_test.id('registrar'), jsonb_build_object('members',
        (SELECT COALESCE(jsonb_agg(sto_test.id(m) ORDER BY n), '[]') FROM unnest(members) WITH ORDINALITY AS u (m, n)), 'nominee', sto_test.id(nominee))::text)
$$;
-- A party with a key and a capability.
CREATE FUNCTION sto_test.officer(party text, seed int, capability text) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.party(party, ARRAY[seed]), sto_test.grant_capability(party, capability);
    RETURN sto_test.id(party);
END $$;
CREATE FUNCTION sto_test.claim(party text, topic text, issuer text, extra jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('claim', sto_test.id(party), sto_test.id(issuer),
                          (jsonb_build_object('topic', topic, 'commitment', sto_test.salt(party || topic)) || extra)::text)
$$;
CREATE FUNCTION sto_test.claim_revoke(party text, claim bigint, issuer text) RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('claim_revoke', sto_test.id(party), sto_test.id(issuer), jsonb_build_object('claim', claim, 'reason', 'lapsed')::text)
$$;
CREATE FUNCTION sto_test.topics(token text, topics text[], extra jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('token_topics', sto_test.id(token), t.issuer, (jsonb_build_object('topics', $2) || extra)::text,
                          sto_test.seeds_of(token))
      FROM sto.token AS t WHERE t.token_id = sto_test.id($1)
$$;
CREATE FUNCTION sto_test.trust(token text, issuer text, topics text[]) RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('trusted_issuer', sto_test.id(token), t.issuer,
                          jsonb_build_object('issuer', sto_test.id($2), 'topics', $3)::text, sto_test.seeds_of(token))
      FROM sto.token AS t WHERE t.token_id = sto_test.id($1)
$$;
-- An enforcer stops a token or a wallet with a case that another enforcer has approved; who is none, and the token's issuer, does without.
CREATE FUNCTION sto_test.stop_case(act text, about text, officer text, basis text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    enforcers uuid[] := ARRAY(SELECT c.party_id FROM sto.capability c WHERE c.capability = 'enforcer' AND c.granted ORDER BY c.granted_by);
    name      text := gen_random_uuid();
    made      bigint := (SELECT sto_test.open_case(name, act, jsonb_strip_nulls(jsonb_build_object('debit', about,
                                    'token', CASE act WHEN 'token_pause' THEN about END, 'document_hash', sto_test.salt('decision'))), officer, basis)
                          WHERE sto_test.id(officer) = ANY (enforcers)
                            AND NOT EXISTS (SELECT FROM sto.token t WHERE t.token_id = sto_test.id(about) AND t.issuer = sto_test.id(officer)));
BEGIN
    PERFORM sto_test.event('case_approve', sto_test.id(name), (array_remove(enforcers, sto_test.id(officer)))[1], '{"approved": true}') WHERE made > 0;
    RETURN made;
END $$;
CREATE FUNCTION sto_test.pause(token text, actor text, paused boolean DEFAULT true) RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('token_pause', sto_test.id(token), sto_test.id(actor), jsonb_strip_nulls(jsonb_build_object('paused', paused,
        'basis', 'administrative', 'document_hash', sto_test.salt('decision'),
        'case', CASE WHEN paused THEN sto_test.stop_case('token_pause', token, actor, 'administrative') END))::text)
$$;
CREATE FUNCTION sto_test.freeze_wallet(wallet text, frozen boolean DEFAULT true, actor text DEFAULT 'enforcer') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('wallet_freeze', sto_test.id(wallet), sto_test.id(actor), jsonb_strip_nulls(jsonb_build_object('frozen', frozen,
        'basis', 'court', 'document_hash', sto_test.salt('decision'), 'case', CASE WHEN frozen THEN sto_test.stop_case('wallet_freeze', wallet, actor, 'court') END))::text)
$$;
CREATE FUNCTION sto_test.freeze_party(party text, frozen boolean DEFAULT true, actor text DEFAULT 'enforcer') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('party_freeze', sto_test.id(party), sto_test.id(actor),
                          jsonb_build_object('frozen', frozen, 'basis', 'law', 'document_hash', sto_test.salt('list'))::text)
$$;

CREATE FUNCTION sto_test.document(token text, name text, version text, acknowledge boolean DEFAULT true, extra jsonb DEFAULT '{}') RETURNS bigint
    LANGUAGE sql AS $$
    SELECT sto_test.event('document', sto_test.id(token), t.issuer, (jsonb_build_object('name', $2, 'version', version,
                          'uri', 'https://docs.example/' || version, 'hash', sto_test.salt($2 || version), 'acknowledge', acknowledge) || extra)::text,
                          sto_test.seeds_of(token))
      FROM sto.token AS t WHERE t.token_id = sto_test.id($1)
$$;
-- actor: the party's own name, or that of a wallet of its
CREATE FUNCTION sto_test.acknowledge(party text, document bigint, actor text) RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('acknowledge', sto_test.id(party), sto_test.id(actor), jsonb_build_object('document', document)::text)
$$;

-- Rules: an array of objects; names of this file stand for parties in exempt, parties and by.
CREATE FUNCTION sto_test.rules(token text, rules jsonb, extra jsonb DEFAULT '{}') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    rule  jsonb;
    field text;
    made  jsonb := '[]';
BEGIN
    FOR rule IN SELECT jsonb_array_elements(rules) LOOP
        FOREACH field IN ARRAY '{exempt,parties}'::text[] LOOP
            IF rule ? field THEN
                rule := rule || jsonb_build_object(field, (SELECT jsonb_agg(sto_test.id(n)) FROM jsonb_array_elements_text(rule -> field) AS e (n)));
            END IF;
        END LOOP;
        IF rule->>'rule' = 'approval' AND rule ? 'by' THEN
            rule := rule || jsonb_build_object('by', sto_test.id(rule->>'by'));
        END IF;
        made := made || rule;
    END LOOP;
    RETURN sto_test.event('rule_set', sto_test.id(token), t.issuer, (jsonb_build_object('rules', made) || extra)::text, sto_test.seeds_of(token))
      FROM sto.token AS t WHERE t.token_id = sto_test.id(rules.token);
END $$;
CREATE FUNCTION sto_test.party_list(token text, list text, party text, listed boolean DEFAULT true) RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('party_list', sto_test.id(token), t.issuer,
                          jsonb_build_object('list', $2, 'party', sto_test.id($3), 'listed', $4)::text, sto_test.seeds_of(token))
      FROM sto.token AS t WHERE t.token_id = sto_test.id($1)
$$;
-- actor: the party's own name, or that of a wallet of its
CREATE FUNCTION sto_test.opt_in(party text, token text, actor text, affirmed boolean DEFAULT true) RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('opt_in', sto_test.id(party), sto_test.id(actor),
                          jsonb_build_object('token', sto_test.id(token), 'affirmed', affirmed)::text)
$$;
-- actor: the custodian; owners: names of parties and their units; seq: as it is, if not given
CREATE FUNCTION sto_test.look_through(wallet text, actor text, token text, owners jsonb, seq bigint DEFAULT NULL) RETURNS bigint
    LANGUAGE sql AS $$
    SELECT sto_test.event('look_through', sto_test.id(wallet), sto_test.id(actor),
                          sto.look_through_body(sto_test.id(token),
                              coalesce(seq, (SELECT p.seq FROM sto.position p
                                              WHERE p.wallet = sto_test.address(look_through.wallet) AND p.token_id = sto_test.id(token)), 0),
                              ARRAY(SELECT sto_test.id(o.key) FROM jsonb_each_text(owners) o ORDER BY o.key),
                              ARRAY(SELECT o.value::sto.token_amount FROM jsonb_each_text(owners) o ORDER BY o.key))::text)
$$;
CREATE FUNCTION sto_test.travel_data(party text, fields text[], extra jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('travel_data', sto_test.id(party), sto_test.id('registrar'),
                          (jsonb_build_object('fields', $2, 'commitment', sto_test.salt(party)) || extra)::text)
$$;
-- extra: exact, uses, sender and receiver (by name), from, to
CREATE FUNCTION sto_test.approval(token text, approver text, amount text, extra jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('transfer_approval', sto_test.id(token), sto_test.id(approver),
                          (jsonb_build_object('amount', amount, 'exact', false, 'uses', 1) || extra
                           || coalesce((SELECT jsonb_object_agg(e.key, sto_test.id(e.value)) FROM jsonb_each_text(extra) AS e
                                         WHERE e.key IN ('sender', 'receiver')), '{}'))::text)
$$;
CREATE FUNCTION sto_test.approval_revoke(token text, approver text, approval bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('approval_revoke', sto_test.id(token), sto_test.id(approver), jsonb_build_object('approval', approval)::text)
$$;

-- Acts with a second officer.  A proposal has a name; its actor is the token's issuer.
CREATE FUNCTION sto_test.four_eyes(token text, acts text[], approvers text[]) RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('four_eyes', sto_test.id(token), t.issuer, jsonb_build_object('acts', acts,
        'approvers', COALESCE((SELECT jsonb_agg(sto_test.id(a) ORDER BY n) FROM unnest(approvers) WITH ORDINALITY AS u (a, n)), '[]'))::text,
        sto_test.seeds_of(token))
      FROM sto.token AS t WHERE t.token_id = sto_test.id($1)
$$;
CREATE FUNCTION sto_test.propose(proposal text, token text, kind text, body text, extra jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('proposal', sto_test.id(proposal), t.issuer, (jsonb_build_object('kind', $3, 'about', t.token_id,
        'act_body', body, 'valid_until', 4102444800000000) || extra)::text, sto_test.seeds_of(token))
      FROM sto.token AS t WHERE t.token_id = sto_test.id($2)
$$;
CREATE FUNCTION sto_test.approve(proposal text, officer text, approved boolean DEFAULT true) RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('approve', sto_test.id(proposal), sto_test.id(officer), jsonb_build_object('approved', approved)::text)
$$;
-- The act itself, as it was proposed.
CREATE FUNCTION sto_test.carry_out(proposal text) RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event(p.kind, p.about, p.proposer, p.act_body)
      FROM sto.proposal AS p WHERE p.proposal_id = sto_test.id(proposal)
$$;

-- Orders ----------------------------------------------------------------------

-- An order from JSON keys named as the columns of sto.transfer: token_id, ordering_party,
-- debit_wallet and credit_wallet may be names of this file; order_id may be left out.
CREATE FUNCTION sto_test.make_order(o jsonb) RETURNS sto.transfer LANGUAGE plpgsql AS $$
DECLARE
    field text;
BEGIN
    FOREACH field IN ARRAY '{token_id,ordering_party,notary}'::text[] LOOP
        IF o->>field !~ '^[0-9a-f-]{36}$' THEN
            o := jsonb_set(o, ARRAY[field], to_jsonb(sto_test.id(o->>field)));
        END IF;
    END LOOP;
    FOREACH field IN ARRAY '{debit_wallet,credit_wallet}'::text[] LOOP
        IF o->>field !~ '^sto1.{38}$' THEN
            o := jsonb_set(o, ARRAY[field], to_jsonb(sto_test.address(o->>field)::text));
        END IF;
    END LOOP;
    IF o->>'order_id' IS NULL THEN
        o := o || jsonb_build_object('order_id', gen_random_uuid());
    END IF;
    RETURN jsonb_populate_record(NULL::sto.transfer, o);
END $$;

-- Insert an order with these signatures: exactly the columns that a client supplies.
CREATE FUNCTION sto_test.insert_order(o sto.transfer, signatures bytea, authority bigint DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    id bigint;
BEGIN
    INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, valid_until, reference,
                              hold_id, purpose, notary, release_after, condition_hash, instruction_hash, preimage, keep_rest, checked_once,
                              attachment_hash, group_id, undoes, authority_event, signatures)
         VALUES (o.kind, o.token_id, o.debit_wallet, o.credit_wallet, o.amount, o.ordering_party, o.order_id, o.valid_until, o.reference,
                 o.hold_id, o.purpose, o.notary, o.release_after, o.condition_hash, o.instruction_hash, o.preimage, o.keep_rest, o.checked_once,
                 o.attachment_hash, o.group_id, o.undoes, authority, signatures)
      RETURNING entry_id INTO id;
    RETURN id;
END $$;

-- Sign with these keys ('{}': unsigned) and insert; the new entry's id, null if it was a repeat.
CREATE FUNCTION sto_test.post(o jsonb, seeds int[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    made sto.transfer := sto_test.make_order(o);
BEGIN
    RETURN sto_test.insert_order(made, sto_test.signatures(sto_test.order_message(made), seeds));
END $$;

-- The same as a value for sto.submit(), signed with these keys.
CREATE FUNCTION sto_test.order(o jsonb, seeds int[]) RETURNS sto.order LANGUAGE sql AS $$
    SELECT jsonb_populate_record(NULL::sto.order, to_jsonb(made) || jsonb_build_object('signatures', sto_test.signatures(sto_test.order_message(made), seeds)))
      FROM sto_test.make_order(o) AS made
$$;

CREATE FUNCTION sto_test.owner_of(wallet text) RETURNS uuid STABLE LANGUAGE sql
    AS $$ SELECT w.party_id FROM sto.wallet AS w WHERE w.wallet_id = sto_test.id($1) $$;

-- The common orders, each signed by whoever must; extra: more columns of the order.
CREATE FUNCTION sto_test.issue(token text, wallet text, amount text, extra jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.post(jsonb_build_object('kind', 'issue', 'token_id', token, 'debit_wallet', token, 'credit_wallet', wallet,
        'amount', amount, 'ordering_party', (SELECT t.issuer FROM sto.token AS t WHERE t.token_id = sto_test.id($1))) || extra, sto_test.seeds_of(token))
$$;
CREATE FUNCTION sto_test.redeem(token text, wallet text, amount text, extra jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.post(jsonb_build_object('kind', 'redeem', 'token_id', token, 'debit_wallet', wallet, 'credit_wallet', token,
        'amount', amount, 'ordering_party', sto_test.owner_of(wallet)) || extra, sto_test.seeds_of(wallet))
$$;
CREATE FUNCTION sto_test.transfer(token text, debit text, credit text, amount text, extra jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.post(jsonb_build_object('kind', 'transfer', 'token_id', token, 'debit_wallet', debit, 'credit_wallet', credit,
        'amount', amount, 'ordering_party', sto_test.owner_of(debit)) || extra, sto_test.seeds_of(debit))
$$;
-- Orders of a hold's columns in extra: purpose, notary, release_after, credit_wallet (beneficiary) and so on.
CREATE FUNCTION sto_test.hold(token text, wallet text, amount text, purpose text, extra jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.post(jsonb_build_object('kind', 'hold', 'token_id', token, 'debit_wallet', wallet, 'amount', amount,
        'purpose', purpose, 'ordering_party', sto_test.owner_of(wallet)) || extra, sto_test.seeds_of(wallet))
$$;

-- Enforcement.  body: fields of the case beside act, basis and document_hash; wallets may be names.  Officers are parties
-- 'enforcer' and 'second' unless told otherwise; a case's name is also that of the decision's document.
CREATE FUNCTION sto_test.open_case(name text, act text, body jsonb, officer text DEFAULT 'enforcer', basis text DEFAULT 'court') RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    field text;
BEGIN
    FOREACH field IN ARRAY '{debit,credit}'::text[] LOOP
        IF body->>field !~ '^sto1.{38}$' THEN
            body := jsonb_set(body, ARRAY[field], to_jsonb(sto_test.address(body->>field)::text));
        END IF;
    END LOOP;
    IF body->>'token' !~ '^[0-9a-f-]{36}$' THEN
        body := jsonb_set(body, '{token}', to_jsonb(sto_test.id(body->>'token')));
    END IF;
    RETURN sto_test.event('case', sto_test.id(name), sto_test.id(officer),
        (jsonb_build_object('act', act, 'basis', basis, 'document_hash', sto_test.salt(name)) || body)::text);
END $$;
CREATE FUNCTION sto_test.decide_case(name text, officer text DEFAULT 'second', approved boolean DEFAULT true) RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('case_approve', sto_test.id(name), sto_test.id(officer), jsonb_build_object('approved', approved)::text)
$$;
-- An attachment carries out a case of act seizure, by its name; it is lifted in part or as a whole.
CREATE FUNCTION sto_test.attach(name text, wallet text, officer text DEFAULT 'enforcer') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('attach', sto_test.id(wallet), sto_test.id(officer),
        jsonb_build_object('case', (SELECT c.case_event FROM sto.case AS c WHERE c.case_id = sto_test.id(name)))::text)
$$;
CREATE FUNCTION sto_test.lift(attachment bigint, wallet text, amount text, officer text DEFAULT 'second') RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.event('attach_lift', sto_test.id(wallet), sto_test.id(officer),
        jsonb_build_object('attachment', attachment, 'amount', amount)::text)
$$;
-- The order that carries a case out, with some columns changed; signed by the officer who orders it.
CREATE FUNCTION sto_test.enforce_case(name text, change jsonb DEFAULT '{}', officer text DEFAULT 'enforcer', cited text DEFAULT NULL,
                                      token text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    id bigint := (SELECT c.case_event FROM sto.case AS c WHERE c.case_id = sto_test.id(name));
    o  sto.transfer := sto_test.make_order(jsonb_strip_nulls(to_jsonb(sto.case_order(id, sto_test.id(officer), gen_random_uuid(),
            token => sto_test.id(token)))) || change);
BEGIN
    RETURN sto_test.insert_order(o, sto_test.signatures(sto_test.order_message(o), sto_test.seeds_of(officer)),
        CASE WHEN cited IS NULL THEN id ELSE (SELECT c.case_event FROM sto.case AS c WHERE c.case_id = sto_test.id(cited)) END);
END $$;
-- All that a wallet has of ACME, by 'agent' and 'second agent', after the least wait.
CREATE FUNCTION sto_test.recover(name text, lost text, new text, token text DEFAULT 'ACME') RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.open_case(name, 'recover', jsonb_build_object('debit', lost, 'credit', new,
        'not_before', sto_test.micros(clock_timestamp() + interval '1.05 s')), 'agent', 'recovery');
    PERFORM sto_test.decide_case(name, 'second agent'), pg_sleep(1.1);
    RETURN sto_test.enforce_case(name, '{}', 'agent', token => token);
END $$;
-- All three steps.
CREATE FUNCTION sto_test.enforce(name text, act text, body jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.open_case(name, act, body), sto_test.decide_case(name);
    RETURN sto_test.enforce_case(name);
END $$;

-- The whole beginning in one call: open ledger, registrar, issuer 'acme' (key 10), token 'ACME' of unlimited amount,
-- investors 'alice' and 'bob' with wallets 'alice/1' (key 21) and 'bob/1' (key 22), 1000 units issued to alice.
CREATE FUNCTION sto_test.begin_small() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.open_ledger(), sto_test.registrar();
    PERFORM sto_test.party('acme', '{10}'), sto_test.token('ACME', 'acme');
    PERFORM sto_test.party('alice', NULL, 'natural'), sto_test.party('bob', NULL, 'natural');
    PERFORM sto_test.wallet('alice/1', 'alice', '{21}'), sto_test.wallet('bob/1', 'bob', '{22}');
    PERFORM sto_test.issue('ACME', 'alice/1', '1000');
END $$;
