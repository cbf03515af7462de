-- Bodies of register acts (docs/format.md, "Event bodies").  The pattern of every act:
--   body := sto.…_body(…);  sign sto.act_message(kind, subject, actor, body);  sto.…(…, body, signatures)
-- A client may write the body itself: it is hashed exactly as given.

CREATE FUNCTION sto.new_salt() RETURNS sto.digest
    LANGUAGE sql VOLATILE PARALLEL SAFE
    RETURN sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))::sto.digest;
COMMENT ON FUNCTION sto.new_salt() IS '32 random octets, for a wallet or token to be registered';

CREATE FUNCTION sto.key_list(keys sto.public_key[], possessions bytea[] DEFAULT NULL,
                             valid_from timestamptz[] DEFAULT NULL, valid_to timestamptz[] DEFAULT NULL)
    RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT ('[' || string_agg('{' || concat_ws(',',
                       '"key":"' || k.key::text || '"',
                       '"from":' || sto.to_micros(k.valid_from),
                       '"to":' || sto.to_micros(k.valid_to),
                       '"possession":"' || encode(k.possession, 'hex') || '"') || '}', ',' ORDER BY k.n) || ']')::json
              FROM ROWS FROM (unnest(keys), unnest(possessions), unnest(valid_from), unnest(valid_to))
                   WITH ORDINALITY AS k (key, possession, valid_from, valid_to, n));
COMMENT ON FUNCTION sto.key_list(sto.public_key[], bytea[], timestamptz[], timestamptz[]) IS
    'the keys of a body, with their proofs of possession and validity';

CREATE FUNCTION sto.genesis_body(name text, origin text, threshold integer, keys json,
                                 register_authority text DEFAULT 'keys') RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"name":' || to_json(name), '"origin":' || to_json(origin),
                             '"threshold":' || threshold, '"keys":' || keys,
                             '"register_authority":' || to_json(register_authority)) || '}')::json;
COMMENT ON FUNCTION sto.genesis_body(text, text, integer, json, text) IS 'body of genesis; root keys need no possession';

CREATE FUNCTION sto.keys_body(threshold integer, keys json) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"threshold":' || threshold, '"keys":' || keys) || '}')::json;
COMMENT ON FUNCTION sto.keys_body(integer, json) IS 'body of keys: the whole new policy of a subject';

CREATE FUNCTION sto.capability_body(capability text, granted boolean DEFAULT true) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"capability":' || to_json(capability), '"granted":' || granted) || '}')::json;
COMMENT ON FUNCTION sto.capability_body(text, boolean) IS 'body of capability';

CREATE FUNCTION sto.party_body(kind text, country text DEFAULT NULL, lei sto.lei DEFAULT NULL,
                               commitment sto.digest DEFAULT NULL, threshold integer DEFAULT NULL,
                               keys json DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"kind":' || to_json(kind), '"country":' || to_json(country),
                             '"lei":' || to_json(lei::text), '"commitment":' || to_json(commitment::text),
                             '"threshold":' || threshold, '"keys":' || keys) || '}')::json;
COMMENT ON FUNCTION sto.party_body(text, text, sto.lei, sto.digest, integer, json) IS 'body of party';

CREATE FUNCTION sto.wallet_body(party uuid, threshold integer, keys json, salt sto.digest, kind text DEFAULT 'own',
                                custodian uuid DEFAULT NULL, signed_only boolean DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"party":' || to_json(party), '"kind":' || to_json(kind),
                             '"custodian":' || to_json(custodian), '"salt":' || to_json(salt::text),
                             '"signed_only":' || signed_only,
                             '"threshold":' || threshold, '"keys":' || keys) || '}')::json;
COMMENT ON FUNCTION sto.wallet_body(uuid, integer, json, sto.digest, text, uuid, boolean) IS
    'body of wallet; take the salt from sto.new_salt()';

CREATE FUNCTION sto.token_body(kind text, name text, decimals integer, authorised sto.token_amount, salt sto.digest,
                               isin sto.isin DEFAULT NULL, cfi sto.cfi DEFAULT NULL, dti sto.dti DEFAULT NULL,
                               currency text DEFAULT NULL, unsigned_role text DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"kind":' || to_json(kind), '"name":' || to_json(name),
                             '"isin":' || to_json(isin::text), '"cfi":' || to_json(cfi::text),
                             '"dti":' || to_json(dti::text), '"currency":' || to_json(currency),
                             '"decimals":' || decimals,
                             '"authorised":' || coalesce(to_json(authorised::text)::text, 'null'),
                             '"salt":' || to_json(salt::text),
                             '"unsigned_role":' || to_json(unsigned_role)) || '}')::json;
COMMENT ON FUNCTION sto.token_body(text, text, integer, sto.token_amount, sto.digest, sto.isin, sto.cfi, sto.dti, text, text) IS
    'body of token; authorised in smallest units, null: unlimited';

CREATE FUNCTION sto.status_body(status text) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{"status":' || to_json(status) || '}')::json;
COMMENT ON FUNCTION sto.status_body(text) IS 'body of party_status, wallet_status and token_status: active or closed';

CREATE FUNCTION sto.wallet_terms_body(signed_only boolean) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{"signed_only":' || signed_only || '}')::json;
COMMENT ON FUNCTION sto.wallet_terms_body(boolean) IS 'body of wallet_terms';

CREATE FUNCTION sto.token_terms_body(authorised sto.token_amount) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{"authorised":' || coalesce(to_json(authorised::text)::text, 'null') || '}')::json;
COMMENT ON FUNCTION sto.token_terms_body(sto.token_amount) IS 'body of token_terms; null: unlimited';

CREATE FUNCTION sto.token_policy_body(unsigned_role text) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{"unsigned_role":' || coalesce(to_json(unsigned_role)::text, 'null') || '}')::json;
COMMENT ON FUNCTION sto.token_policy_body(text) IS 'body of token_policy; null: every order must be signed';

CREATE FUNCTION sto.batch_body(token uuid, count bigint, sum sto.token_amount, hash sto.digest,
                               valid_until timestamptz DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"token":' || to_json(token), '"count":' || count,
                             '"sum":' || to_json(sum::text), '"hash":' || to_json(hash::text),
                             '"valid_until":' || sto.to_micros(valid_until)) || '}')::json;
COMMENT ON FUNCTION sto.batch_body(uuid, bigint, sto.token_amount, sto.digest, timestamptz) IS
    'body of batch: count and sum of the orders, and sto.batch_hash over their messages';

CREATE FUNCTION sto.body_fault(kind text, body json) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_body_fault';
COMMENT ON FUNCTION sto.body_fault(text, json) IS
    'why no event of that kind has this body: fields that are missing, too many, or of another type; null if one has';
