-- New key policies made from present ones.  Bodies here depend on the present policy only, so that the
-- body that is signed and the body that is recorded are the same text.

CREATE FUNCTION sto.present_policy(subject uuid) RETURNS bytea
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN (SELECT k.policy FROM sto.key_policy k WHERE k.policy_event =
               coalesce((SELECT w.policy_event FROM sto.wallet w WHERE w.wallet_id = present_policy.subject),
                        (SELECT p.policy_event FROM sto.party p WHERE p.party_id = present_policy.subject),
                        (SELECT l.policy_event FROM sto.ledger l
                          WHERE present_policy.subject = '00000000-0000-0000-0000-000000000000')));
COMMENT ON FUNCTION sto.present_policy(uuid) IS
    'the packed key policy in force of a wallet, a party or (nil uuid) the root officers; null if it has none';

CREATE FUNCTION sto.rotate_key_body(subject uuid, old_key sto.public_key, new_key sto.public_key,
                                    possession bytea DEFAULT NULL) RETURNS json
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    present json := sto.key_policy_json(sto.present_policy(subject));
    renewed json := sto.key_list(ARRAY[new_key], ARRAY[possession]) -> 0;
    keys    json;
BEGIN
    SELECT json_agg(CASE WHEN (k.item ->> 'key')::sto.public_key = old_key THEN renewed ELSE k.item END
                    ORDER BY k.n)
      INTO keys
      FROM json_array_elements(present -> 'keys') WITH ORDINALITY AS k (item, n)
    HAVING bool_or((k.item ->> 'key')::sto.public_key = old_key);
    IF keys IS NULL THEN
        RAISE EXCEPTION 'key is not in the present policy' USING ERRCODE = 'ST103',
            DETAIL = format('Key %s, subject %s.', old_key, subject),
            HINT = 'sto.key_policy_json(sto.present_policy(subject)) shows the policy.';
    END IF;
    RETURN sto.keys_body((present ->> 'threshold')::integer, keys);
END $$;
COMMENT ON FUNCTION sto.rotate_key_body(uuid, sto.public_key, sto.public_key, bytea) IS
    'body of keys that puts a new key in an old one''s place; once without possession, to get the message that proves it';

-- at null: the key leaves the policy now; else it stays valid until then.
CREATE FUNCTION sto.revoke_key_body(subject uuid, old_key sto.public_key, threshold integer DEFAULT NULL,
                                    at timestamptz DEFAULT NULL) RETURNS json
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    present json := sto.key_policy_json(sto.present_policy(subject));
    keys    json;
    known   boolean;
BEGIN
    SELECT json_agg(CASE WHEN (k.item ->> 'key')::sto.public_key = old_key
                         THEN sto.key_list(ARRAY[old_key], NULL, ARRAY[sto.from_micros((k.item ->> 'from')::bigint)],
                                           ARRAY[at]) -> 0
                         ELSE k.item END ORDER BY k.n)
               FILTER (WHERE at IS NOT NULL OR (k.item ->> 'key')::sto.public_key <> old_key),
           bool_or((k.item ->> 'key')::sto.public_key = old_key)
      INTO keys, known
      FROM json_array_elements(present -> 'keys') WITH ORDINALITY AS k (item, n);
    IF known IS NOT TRUE THEN
        RAISE EXCEPTION 'key is not in the present policy' USING ERRCODE = 'ST103',
            DETAIL = format('Key %s, subject %s.', old_key, subject),
            HINT = 'sto.key_policy_json(sto.present_policy(subject)) shows the policy.';
    END IF;
    IF keys IS NULL THEN
        RAISE EXCEPTION 'the last key of a policy can only be replaced' USING ERRCODE = 'ST106',
            DETAIL = format('Key %s, subject %s.', old_key, subject), HINT = 'Use sto.rotate_key_body.';
    END IF;
    RETURN sto.keys_body(coalesce(threshold, (present ->> 'threshold')::integer), keys);
END $$;
COMMENT ON FUNCTION sto.revoke_key_body(uuid, sto.public_key, integer, timestamptz) IS
    'body of keys without an old key, or with an end to its validity';

CREATE FUNCTION sto.rotate_key(subject uuid, old_key sto.public_key, new_key sto.public_key, possession bytea,
                               signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
    RETURN sto.set_keys(subject, sto.rotate_key_body(subject, old_key, new_key, possession), signatures);
COMMENT ON FUNCTION sto.rotate_key(uuid, sto.public_key, sto.public_key, bytea, bytea) IS
    'replace a key; the present quorum signs the act over sto.rotate_key_body of the same arguments';

CREATE FUNCTION sto.revoke_key(subject uuid, old_key sto.public_key, signatures bytea, threshold integer DEFAULT NULL,
                               at timestamptz DEFAULT NULL) RETURNS bigint
    LANGUAGE sql VOLATILE
    RETURN sto.set_keys(subject, sto.revoke_key_body(subject, old_key, threshold, at), signatures);
COMMENT ON FUNCTION sto.revoke_key(uuid, sto.public_key, bytea, integer, timestamptz) IS
    'end a key; the present quorum signs the act over sto.revoke_key_body of the same arguments';

-- Which database role submits for which party: local to this database, so not part of the log.
CREATE TRIGGER sto_announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON sto.member
    FOR EACH STATEMENT EXECUTE FUNCTION sto.member_changed();
ALTER TABLE sto.member ENABLE ALWAYS TRIGGER sto_announce;

CREATE FUNCTION sto.map_role(role name, party_id uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO sto.member AS m (role, party_id) VALUES (quote_ident(map_role.role)::regrole, map_role.party_id)
    ON CONFLICT ON CONSTRAINT member_pkey DO UPDATE SET party_id = excluded.party_id;
END $$;
COMMENT ON FUNCTION sto.map_role(name, uuid) IS 'let a database role submit for a party; for the owner of the extension';

CREATE FUNCTION sto.unmap_role(role name) RETURNS boolean
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    WITH gone AS (DELETE FROM sto.member m WHERE m.role::text IN (unmap_role.role::text, quote_ident(unmap_role.role)) RETURNING m.role)
    SELECT count(*) > 0 FROM gone;
END;
COMMENT ON FUNCTION sto.unmap_role(name) IS 'end a role''s mapping; false if it had none; of a role that was dropped, by the number that sto.member shows';
