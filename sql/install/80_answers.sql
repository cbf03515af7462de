-- Would this order pass?  The gate's own checks, without posting: nothing is locked, signed, drawn or written.

CREATE TYPE sto.order AS (
    kind             text,
    token_id         uuid,
    debit_wallet     sto.wallet_address,
    credit_wallet    sto.wallet_address,
    amount           sto.token_amount,
    ordering_party   uuid,
    order_id         uuid,
    signatures       bytea,
    valid_until      timestamptz,
    reference        text,
    hold_id          bigint,
    purpose          text,
    notary           uuid,
    release_after    timestamptz,
    condition_hash   sto.digest,
    instruction_hash sto.digest,
    preimage         bytea,
    keep_rest        boolean,
    attachment_hash  sto.digest,
    group_id         uuid,
    undoes           bigint,
    authority_event  bigint,
    checked_once     boolean
);
COMMENT ON TYPE sto.order IS 'the columns of sto.transfer that a client supplies: an order, not yet posted';

CREATE FUNCTION sto.check_order("order" sto.order,
    OUT code integer, OUT state text, OUT rule text, OUT label text, OUT subject text,
    OUT "limit" text, OUT value text, OUT passing sto.token_amount, OUT detail text) RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sto_check_order';
COMMENT ON FUNCTION sto.check_order(sto.order) IS
    'why this order would be refused now: a row for each check that fails, none if it would pass';

CREATE FUNCTION sto.check_order_json("order" sto.order) RETURNS jsonb
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sto_check_order_json';
COMMENT ON FUNCTION sto.check_order_json(sto.order) IS
    'the same as an object: passes, complete, largest (the greatest amount up to the one asked that would pass), reasons';

-- A token as people name it; null if there is none of that ISIN.
CREATE FUNCTION sto.token_named(token text) RETURNS uuid
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN length(token) = 12 THEN (SELECT t.token_id FROM sto.token t WHERE t.isin = token::sto.isin)
                ELSE token::uuid END;
COMMENT ON FUNCTION sto.token_named(text) IS 'the uuid of a token named by its ISIN or uuid; of an unknown uuid, that uuid';

CREATE FUNCTION sto.check_transfer(
    token text, debit_wallet sto.wallet_address, credit_wallet sto.wallet_address, amount sto.token_amount,
    kind text DEFAULT 'transfer', ordering_party uuid DEFAULT NULL, hold_id bigint DEFAULT NULL,
    purpose text DEFAULT NULL, notary uuid DEFAULT NULL, release_after timestamptz DEFAULT NULL,
    condition_hash sto.digest DEFAULT NULL, instruction_hash sto.digest DEFAULT NULL,
    attachment_hash sto.digest DEFAULT NULL, group_id uuid DEFAULT NULL,
    OUT code integer, OUT state text, OUT rule text, OUT label text, OUT subject text,
    OUT "limit" text, OUT value text, OUT passing sto.token_amount, OUT detail text) RETURNS SETOF record
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT c.code, c.state, c.rule, c.label, c.subject, c."limit", c.value, c.passing,
           -- the order has no place for an ISIN that is nobody's
           CASE WHEN c.code = 2 AND check_transfer.token IS NOT NULL AND sto.token_named(check_transfer.token) IS NULL
                THEN format('No token of the register has the ISIN %s.', check_transfer.token) ELSE c.detail END
      FROM sto.check_order(ROW (check_transfer.kind, sto.token_named(check_transfer.token), check_transfer.debit_wallet,
               check_transfer.credit_wallet, check_transfer.amount, check_transfer.ordering_party, NULL, NULL, NULL, NULL,
               check_transfer.hold_id, check_transfer.purpose, check_transfer.notary, check_transfer.release_after,
               check_transfer.condition_hash, check_transfer.instruction_hash, NULL, NULL,
               check_transfer.attachment_hash, check_transfer.group_id, NULL, NULL, NULL)::sto.order) c;
END;
COMMENT ON FUNCTION sto.check_transfer(
    text, sto.wallet_address, sto.wallet_address, sto.token_amount, text, uuid, bigint, text, uuid, timestamptz,
    sto.digest, sto.digest, sto.digest, uuid) IS
    'sto.check_order of an order given by its parts; the amount is in units';

CREATE FUNCTION sto.check_transfer_json(
    token text, debit_wallet sto.wallet_address, credit_wallet sto.wallet_address, amount sto.token_amount,
    kind text DEFAULT 'transfer', ordering_party uuid DEFAULT NULL, hold_id bigint DEFAULT NULL,
    purpose text DEFAULT NULL, notary uuid DEFAULT NULL, release_after timestamptz DEFAULT NULL,
    condition_hash sto.digest DEFAULT NULL, instruction_hash sto.digest DEFAULT NULL,
    attachment_hash sto.digest DEFAULT NULL, group_id uuid DEFAULT NULL) RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    RETURN (SELECT CASE WHEN token IS NOT NULL AND sto.token_named(token) IS NULL
                        THEN jsonb_set(answer, '{reasons,0,detail}', to_jsonb(format('No token of the register has the ISIN %s.', token)), false)
                        ELSE answer END
              FROM sto.check_order_json(ROW (kind, sto.token_named(token), debit_wallet, credit_wallet, amount, ordering_party,
                  NULL, NULL, NULL, NULL, hold_id, purpose, notary, release_after, condition_hash, instruction_hash, NULL, NULL,
                  attachment_hash, group_id, NULL, NULL, NULL)::sto.order) AS answer);
COMMENT ON FUNCTION sto.check_transfer_json(
    text, sto.wallet_address, sto.wallet_address, sto.token_amount, text, uuid, bigint, text, uuid, timestamptz,
    sto.digest, sto.digest, sto.digest, uuid) IS
    'sto.check_order_json of an order given by its parts; the amount is in units';

CREATE FUNCTION sto.largest_order("order" sto.order) RETURNS sto.token_amount
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sto_largest_order';
COMMENT ON FUNCTION sto.largest_order(sto.order) IS
    'the most units with which this order would pass now; its amount is not looked at';

CREATE FUNCTION sto.max_transferable(token text, sender sto.wallet_address, receiver sto.wallet_address)
    RETURNS sto.token_amount
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT sto.largest_order(ROW (
               CASE (SELECT t.issuance FROM sto.token t WHERE t.token_id = named.token_id)
                   WHEN max_transferable.sender THEN 'issue' WHEN max_transferable.receiver THEN 'redeem'
                   ELSE 'transfer' END,
               named.token_id, max_transferable.sender, max_transferable.receiver, NULL, NULL, NULL, NULL, NULL, NULL,
               NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::sto.order)
      FROM (SELECT sto.token_named(max_transferable.token) AS token_id) named;
END;
COMMENT ON FUNCTION sto.max_transferable(text, sto.wallet_address, sto.wallet_address) IS
    'the most units that one order could move between two wallets now; an issue or a redemption if one is the issuance wallet';
