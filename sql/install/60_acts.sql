-- Acts on the register: each ends in an INSERT INTO sto.event, whose trigger checks and applies it.
-- Functions here run with the caller's rights.

CREATE FUNCTION sto.ledger_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT l.ledger_id FROM sto.ledger l);
COMMENT ON FUNCTION sto.ledger_id() IS 'the id of this ledger; null until it is open';

CREATE FUNCTION sto.wallet_address(wallet_id uuid) RETURNS sto.wallet_address
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN sto.wallet_address(sto.ledger_id(), wallet_id);
COMMENT ON FUNCTION sto.wallet_address(uuid) IS 'the address of a wallet in this ledger';

CREATE FUNCTION sto.order_message(
    kind text, order_id uuid, ordering_party uuid, token_id uuid, amount sto.token_amount,
    debit_wallet sto.wallet_address DEFAULT NULL, credit_wallet sto.wallet_address DEFAULT NULL,
    valid_until timestamptz DEFAULT NULL, reference text DEFAULT NULL, hold_id bigint DEFAULT NULL,
    purpose text DEFAULT NULL, notary uuid DEFAULT NULL, release_after timestamptz DEFAULT NULL,
    condition_hash sto.digest DEFAULT NULL, instruction_hash sto.digest DEFAULT NULL,
    preimage bytea DEFAULT NULL, keep_rest boolean DEFAULT NULL, attachment_hash sto.digest DEFAULT NULL,
    group_id uuid DEFAULT NULL, undoes bigint DEFAULT NULL, checked_once boolean DEFAULT NULL) RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN sto.order_message(sto.ledger_id(), kind, order_id, ordering_party, token_id, amount, debit_wallet,
        credit_wallet, valid_until, reference, hold_id, purpose, notary, release_after, condition_hash,
        instruction_hash, preimage, keep_rest, attachment_hash, group_id, undoes, checked_once);
COMMENT ON FUNCTION sto.order_message(
    text, uuid, uuid, uuid, sto.token_amount, sto.wallet_address, sto.wallet_address, timestamptz, text,
    bigint, text, uuid, timestamptz, sto.digest, sto.digest, bytea, boolean, sto.digest, uuid, bigint, boolean) IS
    'the bytes of an order in this ledger that its quorum signs';

CREATE FUNCTION sto.order_message(entry sto.transfer) RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN sto.order_message(sto.ledger_id(), entry.kind, entry.order_id, entry.ordering_party, entry.token_id,
        entry.amount, entry.debit_wallet, entry.credit_wallet, entry.valid_until, entry.reference, entry.hold_id,
        entry.purpose, entry.notary, entry.release_after, entry.condition_hash, entry.instruction_hash,
        entry.preimage, entry.keep_rest, entry.attachment_hash, entry.group_id, entry.undoes, entry.checked_once);
COMMENT ON FUNCTION sto.order_message(sto.transfer) IS 'the bytes of the order that an entry posted';

CREATE FUNCTION sto.act_message(kind text, subject uuid, actor uuid, body json) RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN sto.act_message(coalesce(sto.ledger_id(), '00000000-0000-0000-0000-000000000000'),
        (SELECT s.head FROM sto.subject s WHERE s.subject = act_message.subject), kind, subject, actor, body);
COMMENT ON FUNCTION sto.act_message(text, uuid, uuid, json) IS
    'the bytes to sign for a register act now: they bind the subject''s newest event';

-- A wallet's proof binds its address and custodian, and at registration signed_only; a party's, and the root
-- officers', has none of these.  Only the body of a wallet's registration has a "party".
CREATE FUNCTION sto.possession_message(party uuid, subject uuid, body json) RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN sto.possession_message(sto.ledger_id(), party, subject,
        CASE WHEN party <> subject THEN sto.wallet_address(subject) END, sto.key_policy(body),
        CASE WHEN body -> 'party' IS NOT NULL THEN (body ->> 'custodian')::uuid
             ELSE (SELECT w.custodian FROM sto.wallet w WHERE w.wallet_id = possession_message.subject) END,
        body -> 'party' IS NOT NULL AND coalesce((body ->> 'signed_only')::boolean, false));
COMMENT ON FUNCTION sto.possession_message(uuid, uuid, json) IS
    'what each new key of a body signs; party is the wallet''s owner, or the subject itself';

CREATE FUNCTION sto.act(kind text, subject uuid, actor uuid, body json, signatures bytea,
                        OUT entry_id bigint, OUT recorded_at timestamptz, OUT leaf_hash sto.digest)
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES (act.kind, act.subject, act.actor, act.body, act.signatures)
    RETURNING event.entry_id, event.recorded_at, event.leaf_hash;
END;
COMMENT ON FUNCTION sto.act(text, uuid, uuid, json, bytea) IS 'record one signed act on the register';

CREATE FUNCTION sto.open_ledger(body json, signatures bytea) RETURNS uuid
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('genesis', '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000',
            open_ledger.body, open_ledger.signatures)
    RETURNING sto.ledger_id(leaf_hash);
END;
COMMENT ON FUNCTION sto.open_ledger(json, bytea) IS 'record the genesis event, signed by every root key; returns the ledger''s id';

CREATE FUNCTION sto.register_party(party_id uuid, registrar uuid, body json, signatures bytea) RETURNS uuid
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('party', party_id, registrar, register_party.body, register_party.signatures)
    RETURNING subject;
END;
COMMENT ON FUNCTION sto.register_party(uuid, uuid, json, bytea) IS 'register a party; registrar is the nil uuid when root officers sign';

CREATE FUNCTION sto.register_wallet(wallet_id uuid, registrar uuid, body json, signatures bytea) RETURNS sto.wallet_address
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('wallet', register_wallet.wallet_id, registrar, register_wallet.body, register_wallet.signatures)
    RETURNING sto.wallet_address(subject);
END;
COMMENT ON FUNCTION sto.register_wallet(uuid, uuid, json, bytea) IS 'register a wallet; returns its address';

CREATE FUNCTION sto.register_token(token_id uuid, issuer uuid, body json, signatures bytea) RETURNS uuid
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('token', register_token.token_id, issuer, register_token.body, register_token.signatures)
    RETURNING subject;
END;
COMMENT ON FUNCTION sto.register_token(uuid, uuid, json, bytea) IS 'register a token and its issuance wallet';

CREATE FUNCTION sto.register_parties(party_ids uuid[], registrar uuid, bodies json[], signatures bytea[],
                                     OUT party_id uuid, OUT entry_id bigint) RETURNS SETOF record
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    SELECT 'party', r.party_id, registrar, r.body, r.signatures
      FROM ROWS FROM (unnest(party_ids), unnest(bodies), unnest(register_parties.signatures))
           AS r (party_id, body, signatures)
    RETURNING event.subject, event.entry_id;
END;
COMMENT ON FUNCTION sto.register_parties(uuid[], uuid, json[], bytea[]) IS 'register many parties in one statement';

CREATE FUNCTION sto.register_wallets(wallet_ids uuid[], registrar uuid, bodies json[], signatures bytea[],
                                     OUT wallet_id uuid, OUT address sto.wallet_address, OUT entry_id bigint)
    RETURNS SETOF record
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    SELECT 'wallet', r.wallet_id, registrar, r.body, r.signatures
      FROM ROWS FROM (unnest(wallet_ids), unnest(bodies), unnest(register_wallets.signatures))
           AS r (wallet_id, body, signatures)
    RETURNING event.subject, sto.wallet_address((SELECT l.ledger_id FROM sto.ledger l), event.subject), event.entry_id;
END;
COMMENT ON FUNCTION sto.register_wallets(uuid[], uuid, json[], bytea[]) IS 'register many wallets in one statement';

CREATE FUNCTION sto.set_keys(subject uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('keys', set_keys.subject, set_keys.subject, set_keys.body, set_keys.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.set_keys(uuid, json, bytea) IS
    'replace a wallet''s, a party''s or (nil uuid) the root officers'' whole policy; signed by the present quorum';

CREATE FUNCTION sto.grant_capability(party_id uuid, capability text, signatures bytea, granted boolean DEFAULT true)
    RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('capability', grant_capability.party_id, '00000000-0000-0000-0000-000000000000',
            sto.capability_body(capability, granted), grant_capability.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.grant_capability(uuid, text, bytea, boolean) IS
    'grant or (granted => false) withdraw a capability; signed by the root officers';

CREATE FUNCTION sto.close_party(party_id uuid, registrar uuid, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('party_status', close_party.party_id, registrar, sto.status_body('closed'), close_party.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.close_party(uuid, uuid, bytea) IS 'close a party';

CREATE FUNCTION sto.close_wallet(wallet_id uuid, actor uuid, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('wallet_status', close_wallet.wallet_id, close_wallet.actor, sto.status_body('closed'), close_wallet.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.close_wallet(uuid, uuid, bytea) IS 'close an empty wallet; the actor is the registrar or the wallet';

CREATE FUNCTION sto.set_signed_only(wallet_id uuid, signed_only boolean, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('wallet_terms', set_signed_only.wallet_id, set_signed_only.wallet_id,
            sto.wallet_terms_body(signed_only), set_signed_only.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.set_signed_only(uuid, boolean, bytea) IS 'whether a wallet refuses unsigned orders whatever its tokens allow';

CREATE FUNCTION sto.close_token(token_id uuid, issuer uuid, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('token_status', close_token.token_id, issuer, sto.status_body('closed'), close_token.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.close_token(uuid, uuid, bytea) IS 'close a token';

CREATE FUNCTION sto.set_authorised(token_id uuid, issuer uuid, authorised sto.token_amount, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('token_terms', set_authorised.token_id, issuer, sto.token_terms_body(authorised), set_authorised.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.set_authorised(uuid, uuid, sto.token_amount, bytea) IS
    'change the authorised amount, in smallest units; null: unlimited';

CREATE FUNCTION sto.set_unsigned_role(token_id uuid, issuer uuid, unsigned_role text, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('token_policy', set_unsigned_role.token_id, issuer, sto.token_policy_body(unsigned_role),
            set_unsigned_role.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.set_unsigned_role(uuid, uuid, text, bytea) IS
    'the database role that may order unsigned; null: none, every order is signed';

CREATE FUNCTION sto.create_batch(batch_id uuid, actor uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('batch', create_batch.batch_id, create_batch.actor, create_batch.body, create_batch.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.create_batch(uuid, uuid, json, bytea) IS
    'sign a list of orders at once; the entries then state the returned id as authority_event';
