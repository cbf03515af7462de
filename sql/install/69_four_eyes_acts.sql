-- Acts with a second officer: require it, propose, approve, carry out.  As with every act: build the body, sign
-- sto.act_message(kind, subject, actor, body), record it.

CREATE FUNCTION sto.four_eyes_body(acts text[], approvers uuid[]) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"acts":' || array_to_json(acts), '"approvers":' || array_to_json(approvers)) || '}')::json;
COMMENT ON FUNCTION sto.four_eyes_body(text[], uuid[]) IS
    'body of four_eyes: kinds of acts that need a second officer from now on, and the parties that may be it';

CREATE FUNCTION sto.proposal_body(kind text, about uuid, act_body json, valid_until timestamptz) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"kind":' || to_json(kind), '"about":' || to_json(about),
                             '"act_body":' || to_json(act_body::text), '"valid_until":' || sto.to_micros(valid_until)) || '}')::json;
COMMENT ON FUNCTION sto.proposal_body(text, uuid, json, timestamptz) IS
    'body of proposal: an act''s kind, token and exact body, and until when it may be approved and recorded';

CREATE FUNCTION sto.approve_body(approved boolean DEFAULT true) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{"approved":' || approved || '}')::json;
COMMENT ON FUNCTION sto.approve_body(boolean) IS 'body of approve; false refuses a proposal, or withdraws it, for good';

CREATE FUNCTION sto.require_second_officer(token_id uuid, issuer uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('four_eyes', require_second_officer.token_id, require_second_officer.issuer, require_second_officer.body,
            require_second_officer.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.require_second_officer(uuid, uuid, json, bytea) IS
    'which acts about a token need a second officer; to let one go, or change the officers, needs one itself';

CREATE FUNCTION sto.propose(proposal_id uuid, proposer uuid, body json, signatures bytea) RETURNS uuid
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('proposal', propose.proposal_id, propose.proposer, propose.body, propose.signatures)
    RETURNING subject;
END;
COMMENT ON FUNCTION sto.propose(uuid, uuid, json, bytea) IS
    'propose an act about a token to its second officers; signed by its issuer over sto.proposal_body';

CREATE FUNCTION sto.approve(proposal_id uuid, officer uuid, signatures bytea, approved boolean DEFAULT true) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('approve', approve.proposal_id, approve.officer, sto.approve_body(approve.approved), approve.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.approve(uuid, uuid, bytea, boolean) IS
    'a second officer approves a proposal or (approved => false) refuses it; the proposer may withdraw it so';

CREATE FUNCTION sto.carry_out(proposal_id uuid, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    SELECT p.kind, p.about, p.proposer, p.act_body::json, carry_out.signatures
      FROM sto.proposal p WHERE p.proposal_id = carry_out.proposal_id
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.carry_out(uuid, bytea) IS
    'record an approved act, as it was proposed; signed by the proposer over the act itself; null if it may not be seen';
