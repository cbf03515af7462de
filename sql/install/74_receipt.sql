-- Receipts: an entry's proof that its parties keep and check without the database.

CREATE FUNCTION sto.receipt(entry_id bigint, which text DEFAULT NULL) RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE COST 10000 AS 'MODULE_PATHNAME', 'sto_receipt_sql';
COMMENT ON FUNCTION sto.receipt(bigint, text) IS
    'proof that an entry or event is in a signed checkpoint (C2SP tlog-proof), for its parties; which side to open: debit, credit, none; null opens the reader''s own';

CREATE FUNCTION sto.verify_receipt(receipt text, log_key text, witness_keys text[] DEFAULT '{}', witnesses integer DEFAULT 0,
    OUT ok boolean, OUT reason text, OUT entry_id bigint, OUT ledger_id uuid, OUT leaf sto.digest, OUT leaf_index bigint,
    OUT tree_size bigint, OUT root sto.digest, OUT origin text, OUT witnessed integer, OUT kind text, OUT at timestamptz,
    OUT token_id uuid, OUT debit_wallet sto.wallet_address, OUT credit_wallet sto.wallet_address, OUT amount sto.token_amount,
    OUT side text, OUT seq bigint, OUT balance sto.token_amount, OUT held sto.token_amount, OUT prev sto.digest,
    OUT record bytea) RETURNS record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS 'MODULE_PATHNAME', 'sto_verify_receipt';
COMMENT ON FUNCTION sto.verify_receipt(text, text, text[], integer) IS
    'checks a receipt with the log''s key, and so many cosignatures of these witnesses; reads no table. What it says is null unless it is ok';
