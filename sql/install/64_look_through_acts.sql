-- A custodian states whose the units of an omnibus wallet are.

CREATE FUNCTION sto.look_through_body(token uuid, seq bigint, owners uuid[], units sto.token_amount[]) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"token":' || to_json(token), '"seq":' || seq, '"owners":' || to_json(owners),
                             '"units":' || to_json(units::text[])) || '}')::json;
COMMENT ON FUNCTION sto.look_through_body(uuid, bigint, uuid[], sto.token_amount[]) IS
    'body of look_through: owners of an omnibus wallet''s units, and what each has; seq: the position''s when it was counted';

CREATE FUNCTION sto.state_owners(wallet_id uuid, custodian uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('look_through', state_owners.wallet_id, state_owners.custodian, state_owners.body, state_owners.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.state_owners(uuid, uuid, json, bytea) IS
    'state whose the units of an omnibus wallet are; signed by its custodian, or its party if it has none, over sto.look_through_body';
