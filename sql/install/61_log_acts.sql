-- Acts on the log itself: the key that signs its checkpoints, its witnesses, the authorities of time, and the restart
-- after a roll-back.  As with every act: build the body, sign sto.act_message(kind, subject, actor, body), record it.

-- What a key that signs notes must sign itself before it is registered.
CREATE FUNCTION sto.note_possession_message(ledger_id uuid, party uuid, name text, key sto.public_key) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_note_possession_message';
COMMENT ON FUNCTION sto.note_possession_message(uuid, uuid, text, sto.public_key) IS
    'proof of possession of a key that signs notes; party is null for the log''s own';

CREATE FUNCTION sto.log_key_message(key sto.public_key) RETURNS bytea
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN (SELECT sto.note_possession_message(l.ledger_id, NULL, l.origin || '/' || l.ledger_id, log_key_message.key)
              FROM sto.ledger l);
COMMENT ON FUNCTION sto.log_key_message(sto.public_key) IS 'what the log''s new key signs, to be registered';

CREATE FUNCTION sto.witness_key_message(party uuid, name text, key sto.public_key) RETURNS bytea
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN (SELECT sto.note_possession_message(l.ledger_id, witness_key_message.party, witness_key_message.name,
                                               witness_key_message.key)
              FROM sto.ledger l);
COMMENT ON FUNCTION sto.witness_key_message(uuid, text, sto.public_key) IS 'what a witness''s new key signs, to be registered';

CREATE FUNCTION sto.log_key_body(key sto.public_key, possession bytea) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"key":' || to_json(key::text), '"possession":"' || encode(possession, 'hex') || '"') || '}')::json;
COMMENT ON FUNCTION sto.log_key_body(sto.public_key, bytea) IS
    'body of log_key; possession is the key''s bare signature over sto.log_key_message';

CREATE FUNCTION sto.witness_key_body(name text, key sto.public_key, possession bytea) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"name":' || to_json(name), '"key":' || to_json(key::text),
                             '"possession":"' || encode(possession, 'hex') || '"') || '}')::json;
COMMENT ON FUNCTION sto.witness_key_body(text, sto.public_key, bytea) IS
    'body of witness_key; possession is the key''s bare signature over sto.witness_key_message';

CREATE FUNCTION sto.witness_policy_body(threshold integer) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{"threshold":' || threshold || '}')::json;
COMMENT ON FUNCTION sto.witness_policy_body(integer) IS 'body of witness_policy';

CREATE FUNCTION sto.time_authority_body(name text, certificate text) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"name":' || to_json(name), '"certificate":' || to_json(certificate)) || '}')::json;
COMMENT ON FUNCTION sto.time_authority_body(text, text) IS 'body of time_authority; certificate is PEM, one or more';

CREATE FUNCTION sto.log_restart_body(reason text, size bigint, root sto.digest) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"reason":' || to_json(reason), '"size":' || size, '"root":' || to_json(root::text)) || '}')::json;
COMMENT ON FUNCTION sto.log_restart_body(text, bigint, sto.digest) IS
    'body of log_restart: size and root of the checkpoint that is given up';

CREATE FUNCTION sto.register_log_key(key sto.public_key, possession bytea, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('log_key', '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000',
            sto.log_key_body(key, possession), register_log_key.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.register_log_key(sto.public_key, bytea, bytea) IS
    'make this the key that signs the log''s checkpoints; signed by the root officers over sto.log_key_body';

CREATE FUNCTION sto.register_witness(party_id uuid, name text, key sto.public_key, possession bytea, signatures bytea)
    RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('witness_key', register_witness.party_id, register_witness.party_id,
            sto.witness_key_body(name, key, possession), register_witness.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.register_witness(uuid, text, sto.public_key, bytea, bytea) IS
    'make this the party''s witness key, in its earlier one''s place; signed by that party, which needs the capability witness';

CREATE FUNCTION sto.set_witness_policy(threshold integer, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('witness_policy', '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000',
            sto.witness_policy_body(threshold), set_witness_policy.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.set_witness_policy(integer, bytea) IS
    'how many witnesses of different parties make a checkpoint witnessed; signed by the root officers';

CREATE FUNCTION sto.register_time_authority(name text, certificate text, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('time_authority', '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000',
            sto.time_authority_body(name, certificate), register_time_authority.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.register_time_authority(text, text, bytea) IS
    'accept time-stamps (RFC 3161) signed under these certificates; signed by the root officers';

CREATE FUNCTION sto.restart_log(reason text, size bigint, root sto.digest, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('log_restart', '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000',
            sto.log_restart_body(reason, size, root), restart_log.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.restart_log(text, bigint, sto.digest, bytea) IS
    'give up a checkpoint that a restore has lost, and say why; signed by the root officers';

CREATE VIEW sto.witness_vkeys WITH (security_barrier) AS
SELECT w.party_id, w.name, w.key, w.registered,
       w.name || '+' || encode(substr(sha256(convert_to(w.name, 'UTF8') || '\x0a04'::bytea || k.octets), 1, 4), 'hex')
              || '+' || encode('\x04'::bytea || k.octets, 'base64') AS vkey
  FROM sto.witness w
 CROSS JOIN LATERAL (SELECT decode(split_part(w.key::text, ':', 2), 'hex')) AS k (octets)
 WHERE w.retired IS NULL;
COMMENT ON VIEW sto.witness_vkeys IS
    'present witnesses, each with its key as verifiers of notes take it (C2SP signed-note, cosignature/v1)';
