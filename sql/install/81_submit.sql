-- Many orders at once, each with an answer of its own.  Every one ends in an INSERT INTO sto.transfer, the one gate.

CREATE FUNCTION sto.submit(orders sto.order[],
    OUT ordinal integer, OUT order_id uuid, OUT entry_id bigint, OUT result text, OUT state text, OUT message text,
    OUT reasons jsonb, OUT recorded bigint) RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE ROWS 1000 AS 'MODULE_PATHNAME', 'sto_submit';
COMMENT ON FUNCTION sto.submit(sto.order[]) IS
    'post each order that can be: a row for each, posted, repeated or refused with every reason; what was signed is put on record';

-- The codes of errors.md, "Reasons", as the library has them.
CREATE FUNCTION sto.reason_codes(OUT code integer, OUT rule text, OUT state text) RETURNS SETOF record
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_reason_codes';
COMMENT ON FUNCTION sto.reason_codes() IS 'every reason for which an order can be refused: code, name, SQLSTATE';
