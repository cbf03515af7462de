-- Refused orders on record: events of kind refusal, read back.

CREATE FUNCTION sto.order_of_message(message bytea,
    OUT ledger_id uuid, OUT kind text, OUT order_id uuid, OUT ordering_party uuid, OUT token_id uuid,
    OUT debit_wallet sto.wallet_address, OUT credit_wallet sto.wallet_address, OUT amount sto.token_amount)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_order_of_message';
COMMENT ON FUNCTION sto.order_of_message(bytea) IS 'what an order message says first; null if it is none';

CREATE FUNCTION sto.refusal_subject(order_message bytea, state text, reasons text) RETURNS uuid
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_refusal_subject_sql';
COMMENT ON FUNCTION sto.refusal_subject(bytea, text, text) IS
    'the subject of the event that records such a refusal; reasons are joined by commas';
