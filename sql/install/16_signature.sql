-- Keys, signatures and the bytes that are signed.  Pure functions: the ledger's id is an argument.

CREATE FUNCTION sto.fingerprint(key sto.public_key) RETURNS sto.digest
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_fingerprint';
COMMENT ON FUNCTION sto.fingerprint(sto.public_key) IS 'SHA-256 that names a key';

CREATE FUNCTION sto.key_id(key sto.public_key) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_key_id';
COMMENT ON FUNCTION sto.key_id(sto.public_key) IS 'first 8 octets of the fingerprint, by which a signature names its key';

CREATE FUNCTION sto.signature(key sto.public_key, signature bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_signature';
COMMENT ON FUNCTION sto.signature(sto.public_key, bytea) IS
    'one item of a list of signatures; a list is items concatenated with ||';

CREATE FUNCTION sto.signature_valid(key sto.public_key, message bytea, signature bytea) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000 AS 'MODULE_PATHNAME', 'sto_signature_valid';
COMMENT ON FUNCTION sto.signature_valid(sto.public_key, bytea, bytea) IS 'was this message signed by this key?';

CREATE FUNCTION sto.key_policy(threshold integer, keys sto.public_key[],
                               valid_from timestamptz[] DEFAULT NULL, valid_to timestamptz[] DEFAULT NULL)
    RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_key_policy';
COMMENT ON FUNCTION sto.key_policy(integer, sto.public_key[], timestamptz[], timestamptz[]) IS
    'a packed m-of-n key policy';

CREATE FUNCTION sto.quorum_fault(policy bytea, message bytea, signatures bytea, at timestamptz) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000 AS 'MODULE_PATHNAME', 'sto_quorum_fault';
COMMENT ON FUNCTION sto.quorum_fault(bytea, bytea, bytea, timestamptz) IS
    'null if the signatures are a quorum of the packed policy over the message at that time, else what is wrong';

CREATE FUNCTION sto.to_micros(at timestamptz) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_to_micros';
COMMENT ON FUNCTION sto.to_micros(timestamptz) IS 'microseconds since 1970, as event bodies and messages state times';

CREATE FUNCTION sto.from_micros(micros bigint) RETURNS timestamptz
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_from_micros';
COMMENT ON FUNCTION sto.from_micros(bigint) IS 'the time of so many microseconds since 1970';

-- null if the body states no keys
CREATE FUNCTION sto.key_policy(body json) RETURNS bytea
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (SELECT sto.key_policy((body ->> 'threshold')::integer,
                                  array_agg((k.item ->> 'key')::sto.public_key ORDER BY k.n),
                                  array_agg(sto.from_micros((k.item ->> 'from')::bigint) ORDER BY k.n),
                                  array_agg(sto.from_micros((k.item ->> 'to')::bigint) ORDER BY k.n))
              FROM json_array_elements(body -> 'keys') WITH ORDINALITY AS k (item, n)
            HAVING count(*) > 0);
COMMENT ON FUNCTION sto.key_policy(json) IS 'the packed key policy that an event body states';

CREATE FUNCTION sto.key_policy_json(policy bytea) RETURNS json
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_key_policy_json';
COMMENT ON FUNCTION sto.key_policy_json(bytea) IS 'a packed key policy as the body of an event of kind keys';

CREATE FUNCTION sto.possession_message(ledger_id uuid, party uuid, subject uuid,
                                       address sto.wallet_address, policy bytea,
                                       custodian uuid DEFAULT NULL, signed_only boolean DEFAULT false) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_possession_message';
COMMENT ON FUNCTION sto.possession_message(uuid, uuid, uuid, sto.wallet_address, bytea, uuid, boolean) IS
    'what each key that is new to its subject signs; address and custodian are null but for a wallet, signed_only is its registration''s';

CREATE FUNCTION sto.wallet_address(ledger_id uuid, wallet_id uuid) RETURNS sto.wallet_address
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_wallet_address_sql';
COMMENT ON FUNCTION sto.wallet_address(uuid, uuid) IS 'the permanent address of a wallet in a ledger';

CREATE FUNCTION sto.ledger_id(genesis_hash sto.digest) RETURNS uuid
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_ledger_id_of_genesis';
COMMENT ON FUNCTION sto.ledger_id(sto.digest) IS 'the id of the ledger that a genesis event with this leaf hash opens';

CREATE FUNCTION sto.order_message(
    ledger_id uuid, kind text, order_id uuid, ordering_party uuid, token_id uuid, amount sto.token_amount,
    debit_wallet sto.wallet_address DEFAULT NULL, credit_wallet sto.wallet_address DEFAULT NULL,
    valid_until timestamptz DEFAULT NULL, reference text DEFAULT NULL, hold_id bigint DEFAULT NULL,
    purpose text DEFAULT NULL, notary uuid DEFAULT NULL, release_after timestamptz DEFAULT NULL,
    condition_hash sto.digest DEFAULT NULL, instruction_hash sto.digest DEFAULT NULL,
    preimage bytea DEFAULT NULL, keep_rest boolean DEFAULT NULL, attachment_hash sto.digest DEFAULT NULL,
    group_id uuid DEFAULT NULL, undoes bigint DEFAULT NULL, checked_once boolean DEFAULT NULL) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_order_message';
COMMENT ON FUNCTION sto.order_message(
    uuid, text, uuid, uuid, uuid, sto.token_amount, sto.wallet_address, sto.wallet_address, timestamptz, text,
    bigint, text, uuid, timestamptz, sto.digest, sto.digest, bytea, boolean, sto.digest, uuid, bigint, boolean) IS
    'the bytes of an order that its quorum signs';

CREATE FUNCTION sto.act_message(ledger_id uuid, prev_hash sto.digest, kind text, subject uuid, actor uuid, body json)
    RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_act_message';
COMMENT ON FUNCTION sto.act_message(uuid, sto.digest, text, uuid, uuid, json) IS
    'the bytes of a register act that its actor''s quorum signs';

CREATE FUNCTION sto.side_digest(salt sto.digest, token_id uuid, seq bigint, balance sto.token_amount,
                                held sto.token_amount, prev sto.digest DEFAULT NULL) RETURNS sto.digest
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_side_digest_sql';
COMMENT ON FUNCTION sto.side_digest(sto.digest, uuid, bigint, sto.token_amount, sto.token_amount, sto.digest) IS
    'what an entry''s leaf covers of one position';

CREATE FUNCTION sto.entry_leaf(
    ledger_id uuid, kind text, order_id uuid, ordering_party uuid, token_id uuid, amount sto.token_amount,
    debit_wallet sto.wallet_address, credit_wallet sto.wallet_address, valid_until timestamptz, reference text,
    hold_id bigint, purpose text, notary uuid, release_after timestamptz, condition_hash sto.digest,
    instruction_hash sto.digest, preimage bytea, keep_rest boolean, attachment_hash sto.digest, group_id uuid,
    undoes bigint, checked_once boolean, entry_id bigint, received_at timestamptz, posted_at timestamptz, posted_by uuid,
    authority_event bigint, rule_set bigint, key_policy bigint, debit_side sto.digest, credit_side sto.digest,
    signatures bytea) RETURNS sto.digest
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_entry_leaf_sql';
COMMENT ON FUNCTION sto.entry_leaf(
    uuid, text, uuid, uuid, uuid, sto.token_amount, sto.wallet_address, sto.wallet_address, timestamptz, text,
    bigint, text, uuid, timestamptz, sto.digest, sto.digest, bytea, boolean, sto.digest, uuid, bigint,
    boolean, bigint, timestamptz, timestamptz, uuid, bigint, bigint, bigint, sto.digest, sto.digest, bytea) IS
    'the leaf hash of an entry, its sides given as digests';

CREATE FUNCTION sto.event_leaf(ledger_id uuid, entry_id bigint, prev_hash sto.digest, kind text, subject uuid,
                               actor uuid, body json, signatures bytea, recorded_at timestamptz) RETURNS sto.digest
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_event_leaf_sql';
COMMENT ON FUNCTION sto.event_leaf(uuid, bigint, sto.digest, text, uuid, uuid, json, bytea, timestamptz) IS
    'the leaf hash of an event; ledger_id is the nil uuid for the genesis event';

CREATE FUNCTION sto.instruction_hash(ledger_id uuid, tokens uuid[], debits sto.wallet_address[],
                                     credits sto.wallet_address[], amounts sto.token_amount[])
    RETURNS sto.digest
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_instruction_hash_sql';
COMMENT ON FUNCTION sto.instruction_hash(uuid, uuid[], sto.wallet_address[], sto.wallet_address[], sto.token_amount[]) IS
    'the hash of a settlement instruction, its legs in parallel arrays in any order';

CREATE FUNCTION sto.batch_hash_add(state internal, order_message bytea) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_batch_hash_add';
CREATE FUNCTION sto.batch_hash_final(state internal) RETURNS sto.digest
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_batch_hash_final';
CREATE AGGREGATE sto.batch_hash(order_message bytea) (
    SFUNC = sto.batch_hash_add, STYPE = internal, SSPACE = 200,
    FINALFUNC = sto.batch_hash_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = SAFE);
COMMENT ON AGGREGATE sto.batch_hash(bytea) IS
    'hash of a list of orders that a batch event states: sto.batch_hash(message ORDER BY place)';
