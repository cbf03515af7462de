-- Acts about rules of tokens, and about what they read.  As with every act: build the body, sign
-- sto.act_message(kind, subject, actor, body), record it.

CREATE FUNCTION sto.rule_set_body(rules json, record_refusals boolean DEFAULT NULL,
                                  valid_from timestamptz DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"rules":' || rules, '"from":' || sto.to_micros(valid_from),
                             '"record_refusals":' || record_refusals) || '}')::json;
COMMENT ON FUNCTION sto.rule_set_body(json, boolean, timestamptz) IS
    'body of rule_set: all rules of a token from then on, an array of objects (docs/format.md, "Rule sets")';

CREATE FUNCTION sto.party_list_body(list text, party uuid, listed boolean DEFAULT true) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"list":' || to_json(list), '"party":' || to_json(party), '"listed":' || listed) || '}')::json;
COMMENT ON FUNCTION sto.party_list_body(text, uuid, boolean) IS
    'body of party_list: put a party on a token''s list of that name, or take it off';

CREATE FUNCTION sto.opt_in_body(token uuid, affirmed boolean DEFAULT true) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"token":' || to_json(token), '"affirmed":' || affirmed) || '}')::json;
COMMENT ON FUNCTION sto.opt_in_body(uuid, boolean) IS
    'body of opt_in: a party affirms that it wants a token, or not any more';

CREATE FUNCTION sto.travel_data_body(fields text[], commitment sto.digest, valid_from timestamptz DEFAULT NULL,
                                     valid_to timestamptz DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"fields":' || to_json(fields), '"commitment":' || to_json(commitment::text),
                             '"from":' || sto.to_micros(valid_from), '"to":' || sto.to_micros(valid_to)) || '}')::json;
COMMENT ON FUNCTION sto.travel_data_body(text[], sto.digest, timestamptz, timestamptz) IS
    'body of travel_data: which data of a party there are, and a commitment to them; ''{"granted":false}'' withdraws all before it';

CREATE FUNCTION sto.transfer_approval_body(amount sto.token_amount, exact boolean DEFAULT false, uses bigint DEFAULT 1,
                                           sender uuid DEFAULT NULL, receiver uuid DEFAULT NULL,
                                           valid_from timestamptz DEFAULT NULL, valid_to timestamptz DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"sender":' || to_json(sender), '"receiver":' || to_json(receiver),
                             '"amount":' || to_json(amount::text), '"exact":' || exact, '"uses":' || uses,
                             '"from":' || sto.to_micros(valid_from), '"to":' || sto.to_micros(valid_to)) || '}')::json;
COMMENT ON FUNCTION sto.transfer_approval_body(sto.token_amount, boolean, bigint, uuid, uuid, timestamptz, timestamptz) IS
    'body of transfer_approval: so many transfers of that amount, or up to it, from and to these parties, or any';

CREATE FUNCTION sto.approval_revoke_body(approval bigint) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{"approval":' || approval || '}')::json;
COMMENT ON FUNCTION sto.approval_revoke_body(bigint) IS
    'body of approval_revoke: the approval''s event';

CREATE FUNCTION sto.set_rules(token_id uuid, issuer uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('rule_set', set_rules.token_id, set_rules.issuer, set_rules.body, set_rules.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.set_rules(uuid, uuid, json, bytea) IS
    'from now on, or from a time, these are the token''s rules; signed by its issuer over sto.rule_set_body';

CREATE FUNCTION sto.set_party_list(token_id uuid, issuer uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('party_list', set_party_list.token_id, set_party_list.issuer, set_party_list.body, set_party_list.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.set_party_list(uuid, uuid, json, bytea) IS
    'put a party on a token''s list, or take it off; signed by its issuer over sto.party_list_body';

CREATE FUNCTION sto.affirm_token(party_id uuid, actor uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('opt_in', affirm_token.party_id, affirm_token.actor, affirm_token.body, affirm_token.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.affirm_token(uuid, uuid, json, bytea) IS
    'a party affirms a token, or takes that back; signed by it or one of its wallets over sto.opt_in_body';

CREATE FUNCTION sto.set_travel_data(party_id uuid, registrar uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('travel_data', set_travel_data.party_id, set_travel_data.registrar, set_travel_data.body, set_travel_data.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.set_travel_data(uuid, uuid, json, bytea) IS
    'state which travel data of a party there are, or withdraw them; signed by a registrar over sto.travel_data_body';

CREATE FUNCTION sto.approve_transfer(token_id uuid, approver uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('transfer_approval', approve_transfer.token_id, approve_transfer.approver, approve_transfer.body, approve_transfer.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.approve_transfer(uuid, uuid, json, bytea) IS
    'approve transfers of a token beforehand; returns the approval''s id; signed by the party that approves over sto.transfer_approval_body';

CREATE FUNCTION sto.revoke_approval(token_id uuid, approver uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('approval_revoke', revoke_approval.token_id, revoke_approval.approver, revoke_approval.body, revoke_approval.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.revoke_approval(uuid, uuid, json, bytea) IS
    'take an approval back; signed by whoever gave it over sto.approval_revoke_body';
