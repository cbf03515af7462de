-- Enforcement.  An officer opens a case over a body that says all that is to be done, another officer approves it, and
-- one of the two signs the order that carries it out:
--   open_case(id, officer, force_body(…), signatures);  approve_case(id, second, case_approval_body(), signatures);
--   sign order_message(case_order(event, officer, order_id));  enforce(event, officer, order_id, signatures)

CREATE FUNCTION sto.by_case(kind text, purpose text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN kind IN ('force', 'recover', 'reverse') OR kind = 'hold' AND coalesce(purpose IN ('seizure', 'freeze'), false);
COMMENT ON FUNCTION sto.by_case(text, text) IS 'whether entries of this kind and purpose are enforcement, which a case of two officers allows; of posts only those that cite one';

CREATE FUNCTION sto.case_capability(act text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE act WHEN 'recover' THEN 'recovery_agent' ELSE 'enforcer' END;
COMMENT ON FUNCTION sto.case_capability(text) IS 'the capability of officers who open, approve and carry out cases of an act';

CREATE FUNCTION sto.case_body(act text, basis text, document_hash sto.digest, debit_wallet sto.wallet_address, token uuid DEFAULT NULL,
                              credit_wallet sto.wallet_address DEFAULT NULL, amount sto.token_amount DEFAULT NULL,
                              undoes bigint DEFAULT NULL, holds bigint[] DEFAULT NULL,
                              valid_until timestamptz DEFAULT NULL, not_before timestamptz DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"act":' || to_json(act), '"basis":' || to_json(basis),
                             '"document_hash":' || to_json(document_hash::text), '"token":' || to_json(token),
                             '"debit":' || to_json(debit_wallet::text), '"credit":' || to_json(credit_wallet::text),
                             '"amount":' || to_json(amount::text), '"undoes":' || undoes, '"holds":' || to_json(holds),
                             '"valid_until":' || sto.to_micros(valid_until), '"not_before":' || sto.to_micros(not_before)) || '}')::json;
COMMENT ON FUNCTION sto.case_body(text, text, sto.digest, sto.wallet_address, uuid, sto.wallet_address, sto.token_amount, bigint,
    bigint[], timestamptz, timestamptz) IS 'body of case: what is to be done, on what legal basis; amount in smallest units';

CREATE FUNCTION sto.force_body(token uuid, debit_wallet sto.wallet_address, credit_wallet sto.wallet_address, amount sto.token_amount,
                               basis text, document_hash sto.digest, holds bigint[] DEFAULT NULL,
                               valid_until timestamptz DEFAULT NULL, not_before timestamptz DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sto.case_body('force', basis, document_hash, debit_wallet, token, credit_wallet, amount, NULL, holds, valid_until, not_before);
COMMENT ON FUNCTION sto.force_body(uuid, sto.wallet_address, sto.wallet_address, sto.token_amount, text, sto.digest, bigint[],
    timestamptz, timestamptz) IS
    'body of a case that moves units against or without their holder''s will; basis law, contract, court, administrative or succession; holds: those that it may break';

CREATE FUNCTION sto.reverse_body(entry_id bigint, basis text, document_hash sto.digest, valid_until timestamptz DEFAULT NULL,
                                 not_before timestamptz DEFAULT NULL) RETURNS json
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT sto.case_body('reverse', basis, document_hash, l.credit_wallet, l.token_id, l.debit_wallet, l.amount, l.entry_id, NULL,
                                 valid_until, not_before)
              FROM sto.log l WHERE l.entry_id = reverse_body.entry_id AND l.source = 'entry');
END $$;
COMMENT ON FUNCTION sto.reverse_body(bigint, text, sto.digest, timestamptz, timestamptz) IS
    'body of a case that moves the units of a transfer, post or force back, out of what its receiver has available; null if the caller may not see the entry';

CREATE FUNCTION sto.seizure_body(token uuid, wallet sto.wallet_address, amount sto.token_amount, basis text, document_hash sto.digest,
                                 beneficiary sto.wallet_address DEFAULT NULL, valid_until timestamptz DEFAULT NULL,
                                 not_before timestamptz DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sto.case_body('seizure', basis, document_hash, wallet, token, beneficiary, amount, NULL, NULL, valid_until, not_before);
COMMENT ON FUNCTION sto.seizure_body(uuid, sto.wallet_address, sto.token_amount, text, sto.digest, sto.wallet_address, timestamptz, timestamptz) IS
    'body of a case that holds units for a beneficiary, to whom an enforcer may post them; without one they are only released';

CREATE FUNCTION sto.freeze_units_body(token uuid, wallet sto.wallet_address, amount sto.token_amount, basis text, document_hash sto.digest,
                                      valid_until timestamptz DEFAULT NULL, not_before timestamptz DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sto.case_body('freeze', basis, document_hash, wallet, token, NULL, amount, NULL, NULL, valid_until, not_before);
COMMENT ON FUNCTION sto.freeze_units_body(uuid, sto.wallet_address, sto.token_amount, text, sto.digest, timestamptz, timestamptz) IS
    'body of a case that holds units until an enforcer releases them';

CREATE FUNCTION sto.post_body(hold_id bigint, basis text, document_hash sto.digest, amount sto.token_amount DEFAULT NULL,
                              valid_until timestamptz DEFAULT NULL, not_before timestamptz DEFAULT NULL) RETURNS json
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- to the wallet that has succeeded the beneficiary's, if its keys were lost
    RETURN (WITH RECURSIVE heir (address) AS (
                SELECT h.beneficiary FROM sto.hold h WHERE h.hold_id = post_body.hold_id
                UNION ALL
                SELECT w.successor FROM heir r JOIN sto.wallet w ON w.address = r.address WHERE w.successor IS NOT NULL)
            SELECT sto.case_body('post', basis, document_hash, h.wallet, h.token_id,
                                 (SELECT r.address FROM heir r JOIN sto.wallet w ON w.address = r.address WHERE w.successor IS NULL),
                                 coalesce(post_body.amount, h.remaining), NULL, ARRAY[h.hold_id], valid_until, not_before)
              FROM sto.hold h WHERE h.hold_id = post_body.hold_id);
END $$;
COMMENT ON FUNCTION sto.post_body(bigint, text, sto.digest, sto.token_amount, timestamptz, timestamptz) IS
    'body of a case that posts a pledge to its beneficiary in the beneficiary''s place; amount: all that it still holds, or less, and the rest stays pledged; null if the caller may not see the hold';

CREATE FUNCTION sto.recover_body(lost_wallet sto.wallet_address, new_wallet sto.wallet_address, document_hash sto.digest,
                                 not_before timestamptz, token uuid DEFAULT NULL, basis text DEFAULT 'recovery',
                                 valid_until timestamptz DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sto.case_body('recover', basis, document_hash, lost_wallet, token, new_wallet, NULL, NULL, NULL, valid_until, not_before);
COMMENT ON FUNCTION sto.recover_body(sto.wallet_address, sto.wallet_address, sto.digest, timestamptz, uuid, text, timestamptz) IS
    'body of a case that moves all that a wallet has, whose keys are lost, to another wallet of its party, not before its holder had time to object; of one token, or of all';

CREATE FUNCTION sto.wallet_freeze_case_body(wallet sto.wallet_address, basis text, document_hash sto.digest,
                                            valid_until timestamptz DEFAULT NULL, not_before timestamptz DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sto.case_body('wallet_freeze', basis, document_hash, wallet, valid_until => valid_until, not_before => not_before);
COMMENT ON FUNCTION sto.wallet_freeze_case_body(sto.wallet_address, text, sto.digest, timestamptz, timestamptz) IS
    'body of a case that freezes a wallet; sto.freeze_wallet carries it out, over sto.freeze_body with the case''s id';

CREATE FUNCTION sto.token_pause_case_body(token uuid, basis text, document_hash sto.digest, valid_until timestamptz DEFAULT NULL,
                                          not_before timestamptz DEFAULT NULL) RETURNS json
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT sto.case_body('token_pause', basis, document_hash, t.issuance, t.token_id, valid_until => token_pause_case_body.valid_until,
                                 not_before => token_pause_case_body.not_before)
              FROM sto.token t WHERE t.token_id = token_pause_case_body.token);
END $$;
COMMENT ON FUNCTION sto.token_pause_case_body(uuid, text, sto.digest, timestamptz, timestamptz) IS
    'body of a case by which enforcers pause a token; sto.pause_token carries it out, over sto.token_pause_body with the case''s id; null if there is no such token';

CREATE FUNCTION sto.case_approval_body(approved boolean DEFAULT true) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{"approved":' || approved || '}')::json;
COMMENT ON FUNCTION sto.case_approval_body(boolean) IS 'body of case_approve; false refuses the case for good';

CREATE FUNCTION sto.open_case(case_id uuid, officer uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('case', open_case.case_id, open_case.officer, open_case.body, open_case.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.open_case(uuid, uuid, json, bytea) IS
    'open a case of enforcement; returns its id; signed by an officer over sto.force_body or its like';

CREATE FUNCTION sto.approve_case(case_id uuid, officer uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('case_approve', approve_case.case_id, approve_case.officer, approve_case.body, approve_case.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.approve_case(uuid, uuid, json, bytea) IS
    'approve a case that another officer opened, or refuse it; signed by the second officer over sto.case_approval_body';

CREATE FUNCTION sto.case_order(case_event bigint, officer uuid, order_id uuid, valid_until timestamptz DEFAULT NULL,
                               reference text DEFAULT NULL, token uuid DEFAULT NULL) RETURNS sto.transfer
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    c sto.case;
    o sto.transfer;
BEGIN
    SELECT * INTO c FROM sto.cases(case_order.case_event);
    IF c.case_event IS NULL THEN
        RAISE EXCEPTION 'there is no case % that this role may see', case_order.case_event USING ERRCODE = 'ST216';
    END IF;
    IF c.act IN ('wallet_freeze', 'token_pause') THEN
        RAISE EXCEPTION 'case % is carried out by an event, not by an order', c.case_event
            USING ERRCODE = 'ST216', HINT = 'sto.freeze_wallet and sto.pause_token take a body that names the case.';
    END IF;
    o.kind := CASE WHEN c.act IN ('seizure', 'freeze') THEN 'hold' ELSE c.act END;
    o.purpose := CASE WHEN c.act IN ('seizure', 'freeze') THEN c.act END;
    o.undoes := c.undoes;
    IF c.act = 'post' THEN
        o.hold_id := c.holds[1];
        o.keep_rest := true;
    END IF;
    o.order_id := case_order.order_id;
    o.ordering_party := case_order.officer;
    o.token_id := coalesce(c.token_id, case_order.token);
    o.debit_wallet := c.debit_wallet;
    o.credit_wallet := c.credit_wallet;
    o.amount := coalesce(c.amount, (SELECT r.amount FROM sto.recoverable r WHERE r.case_event = c.case_event AND r.token_id = o.token_id));
    IF o.amount IS NULL THEN
        RAISE EXCEPTION 'case % has nothing left to recover of this token', c.case_event
            USING ERRCODE = 'ST216', HINT = 'sto.recoverable lists what it has; of a case about all tokens, say which.';
    END IF;
    o.attachment_hash := c.document_hash;
    o.authority_event := c.case_event;
    o.valid_until := case_order.valid_until;
    o.reference := case_order.reference;
    RETURN o;
END $$;
COMMENT ON FUNCTION sto.case_order(bigint, uuid, uuid, timestamptz, text, uuid) IS
    'the order that carries a case out, for sto.order_message; officer is who opened or approved it; token: of a recovery of all tokens, the one';

CREATE FUNCTION sto.enforce(case_event bigint, officer uuid, order_id uuid, signatures bytea,
                              valid_until timestamptz DEFAULT NULL, reference text DEFAULT NULL, token uuid DEFAULT NULL,
                              OUT entry_id bigint, OUT posted_at timestamptz, OUT leaf_hash sto.digest, OUT repeated boolean)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    o sto.transfer := sto.case_order(case_event, officer, order_id, valid_until, reference, token);
    t sto.token := sto.find_token(o.token_id::text);
BEGIN
    SELECT e.entry_id, e.posted_at, e.leaf_hash, e.repeated INTO entry_id, posted_at, leaf_hash, repeated
      FROM sto.transfer(o.token_id::text, o.debit_wallet, o.credit_wallet, sto.to_display(o.amount, t.decimals), o.ordering_party,
                        o.order_id, signatures, o.kind, o.valid_until, o.reference, o.hold_id, purpose => o.purpose, keep_rest => o.keep_rest, undoes => o.undoes, attachment_hash => o.attachment_hash,
                        authority_event => o.authority_event) e;
END $$;
COMMENT ON FUNCTION sto.enforce(bigint, uuid, uuid, bytea, timestamptz, text, uuid) IS
    'post the entry of an approved case; signed by one of its two officers over the message of sto.case_order';
