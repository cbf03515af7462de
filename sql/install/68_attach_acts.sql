-- Attaching units of a wallet and letting them go: bodies for a device to sign, and the acts.

CREATE FUNCTION sto.attach_body(case_event bigint) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{"case":' || case_event || '}')::json;
COMMENT ON FUNCTION sto.attach_body(bigint) IS
    'body of attach: an approved case of act seizure; its wallet, token and amount say what is attached';

CREATE FUNCTION sto.attach_lift_body(attachment bigint, amount sto.token_amount) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{"attachment":' || attachment || ',"amount":"' || amount || '"}')::json;
COMMENT ON FUNCTION sto.attach_lift_body(bigint, sto.token_amount) IS 'body of attach_lift: how many units of an attachment are let go';

CREATE FUNCTION sto.attach(wallet_id uuid, officer uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('attach', attach.wallet_id, attach.officer, attach.body, attach.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.attach(uuid, uuid, json, bytea) IS
    'attach units of a wallet, those that it will receive included; returns the attachment; signed by an officer of the case over sto.attach_body';

CREATE FUNCTION sto.attach_lift(wallet_id uuid, officer uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('attach_lift', attach_lift.wallet_id, attach_lift.officer, attach_lift.body, attach_lift.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.attach_lift(uuid, uuid, json, bytea) IS
    'let attached units go; signed by any enforcer over sto.attach_lift_body';
