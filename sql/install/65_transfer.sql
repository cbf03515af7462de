-- Orders in display units.  Each form ends in an INSERT INTO sto.transfer, the one gate.

CREATE FUNCTION sto.find_token(token text) RETURNS sto.token
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_token sto.token;
BEGIN
    -- an ISIN has 12 characters (ISO 6166), a uuid at least 32
    IF length(token) = 12 THEN
        SELECT * INTO found_token FROM sto.token t WHERE t.isin = token::sto.isin;
    ELSE
        SELECT * INTO found_token FROM sto.token t WHERE t.token_id = token::uuid;
    END IF;
    IF found_token.token_id IS NULL THEN
        RAISE EXCEPTION 'unknown token "%"', token USING ERRCODE = 'ST201',
            HINT = 'Name a token by its uuid or its ISIN.';
    END IF;
    RETURN found_token;
END $$;
COMMENT ON FUNCTION sto.find_token(text) IS 'the token with this ISIN or uuid; ST201 if there is none';

CREATE FUNCTION sto.transfer_message(
    token text, debit_wallet sto.wallet_address, credit_wallet sto.wallet_address, amount numeric,
    ordering_party uuid, order_id uuid, kind text DEFAULT 'transfer',
    valid_until timestamptz DEFAULT NULL, reference text DEFAULT NULL, hold_id bigint DEFAULT NULL,
    purpose text DEFAULT NULL, notary uuid DEFAULT NULL, release_after timestamptz DEFAULT NULL,
    condition_hash sto.digest DEFAULT NULL, instruction_hash sto.digest DEFAULT NULL,
    preimage bytea DEFAULT NULL, keep_rest boolean DEFAULT NULL, attachment_hash sto.digest DEFAULT NULL,
    group_id uuid DEFAULT NULL, undoes bigint DEFAULT NULL, checked_once boolean DEFAULT NULL) RETURNS bytea
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    t sto.token := sto.find_token(token);
BEGIN
    RETURN sto.order_message(sto.ledger_id(), kind, order_id, ordering_party, t.token_id,
        sto.to_units(amount, t.decimals), debit_wallet, credit_wallet, valid_until, reference, hold_id, purpose,
        notary, release_after, condition_hash, instruction_hash, preimage, keep_rest, attachment_hash, group_id,
        undoes, checked_once);
END $$;
COMMENT ON FUNCTION sto.transfer_message(
    text, sto.wallet_address, sto.wallet_address, numeric, uuid, uuid, text, timestamptz, text, bigint, text, uuid,
    timestamptz, sto.digest, sto.digest, bytea, boolean, sto.digest, uuid, bigint, boolean) IS
    'the bytes to sign for sto.transfer with the same arguments; amount in display units';

-- A repeated order adds no row, so the first entry is looked up.  Whoever knows both uuids knows the order.
CREATE FUNCTION sto.entry_of_order(ordering_party uuid, order_id uuid,
                                   OUT entry_id bigint, OUT posted_at timestamptz, OUT leaf_hash sto.digest)
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT e.entry_id, e.posted_at, e.leaf_hash FROM ONLY sto.transfer e
     WHERE e.ordering_party = entry_of_order.ordering_party AND e.order_id = entry_of_order.order_id;
END;
COMMENT ON FUNCTION sto.entry_of_order(uuid, uuid) IS 'the entry that posted an order; null if none did';

CREATE FUNCTION sto.transfer(
    token text, debit_wallet sto.wallet_address, credit_wallet sto.wallet_address, amount numeric,
    ordering_party uuid, order_id uuid, signatures bytea DEFAULT NULL, kind text DEFAULT 'transfer',
    valid_until timestamptz DEFAULT NULL, reference text DEFAULT NULL, hold_id bigint DEFAULT NULL,
    purpose text DEFAULT NULL, notary uuid DEFAULT NULL, release_after timestamptz DEFAULT NULL,
    condition_hash sto.digest DEFAULT NULL, instruction_hash sto.digest DEFAULT NULL,
    preimage bytea DEFAULT NULL, keep_rest boolean DEFAULT NULL, attachment_hash sto.digest DEFAULT NULL,
    group_id uuid DEFAULT NULL, undoes bigint DEFAULT NULL, authority_event bigint DEFAULT NULL,
    checked_once boolean DEFAULT NULL,
    OUT entry_id bigint, OUT posted_at timestamptz, OUT leaf_hash sto.digest, OUT repeated boolean)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    t sto.token := sto.find_token(token);
BEGIN
    INSERT INTO sto.transfer AS e (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id,
        valid_until, reference, hold_id, purpose, notary, release_after, condition_hash, instruction_hash, preimage,
        keep_rest, attachment_hash, group_id, undoes, authority_event, checked_once, signatures)
    VALUES (kind, t.token_id, debit_wallet, credit_wallet, sto.to_units(amount, t.decimals), ordering_party, order_id,
        valid_until, reference, hold_id, purpose, notary, release_after, condition_hash, instruction_hash, preimage,
        keep_rest, attachment_hash, group_id, undoes, authority_event, checked_once, signatures)
    RETURNING e.entry_id, e.posted_at, e.leaf_hash INTO entry_id, posted_at, leaf_hash;
    repeated := NOT FOUND;
    IF repeated THEN
        SELECT f.entry_id, f.posted_at, f.leaf_hash INTO entry_id, posted_at, leaf_hash
          FROM sto.entry_of_order(ordering_party, order_id) f;
        IF entry_id IS NULL THEN
            RAISE EXCEPTION 'could not serialize access: the order was posted after this transaction''s snapshot'
                USING ERRCODE = 'serialization_failure', HINT = 'Retry the transaction.';
        END IF;
    END IF;
END $$;
COMMENT ON FUNCTION sto.transfer(
    text, sto.wallet_address, sto.wallet_address, numeric, uuid, uuid, bytea, text, timestamptz, text, bigint, text,
    uuid, timestamptz, sto.digest, sto.digest, bytea, boolean, sto.digest, uuid, bigint, bigint, boolean) IS
    'post one order, amount in display units; an equal order posted before is returned, marked repeated';

CREATE FUNCTION sto.issue(
    token text, credit_wallet sto.wallet_address, amount numeric, order_id uuid, signatures bytea DEFAULT NULL,
    valid_until timestamptz DEFAULT NULL, reference text DEFAULT NULL, authority_event bigint DEFAULT NULL,
    OUT entry_id bigint, OUT posted_at timestamptz, OUT leaf_hash sto.digest, OUT repeated boolean)
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT i.*
      FROM sto.find_token(issue.token) t,
           sto.transfer(t.token_id::text, t.issuance, issue.credit_wallet, issue.amount, t.issuer, issue.order_id,
                        issue.signatures, 'issue', issue.valid_until, issue.reference,
                        authority_event => issue.authority_event) i;
END;
COMMENT ON FUNCTION sto.issue(text, sto.wallet_address, numeric, uuid, bytea, timestamptz, text, bigint) IS
    'sto.transfer of kind issue: from the token''s issuance wallet, ordered by its issuer';

CREATE FUNCTION sto.redeem(
    token text, debit_wallet sto.wallet_address, amount numeric, ordering_party uuid, order_id uuid,
    signatures bytea DEFAULT NULL, valid_until timestamptz DEFAULT NULL, reference text DEFAULT NULL,
    authority_event bigint DEFAULT NULL,
    OUT entry_id bigint, OUT posted_at timestamptz, OUT leaf_hash sto.digest, OUT repeated boolean)
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT r.*
      FROM sto.find_token(redeem.token) t,
           sto.transfer(t.token_id::text, redeem.debit_wallet, t.issuance, redeem.amount, redeem.ordering_party,
                        redeem.order_id, redeem.signatures, 'redeem', redeem.valid_until, redeem.reference,
                        authority_event => redeem.authority_event) r;
END;
COMMENT ON FUNCTION sto.redeem(text, sto.wallet_address, numeric, uuid, uuid, bytea, timestamptz, text, bigint) IS
    'sto.transfer of kind redeem: back to the token''s issuance wallet, ordered by the holder';
