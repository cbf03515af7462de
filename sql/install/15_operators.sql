-- Arithmetic, casts and aggregates of token_amount; casts of the other types.

CREATE FUNCTION sto.token_amount_plus(sto.token_amount, sto.token_amount) RETURNS sto.token_amount
    AS 'MODULE_PATHNAME', 'sto_token_amount_plus' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_minus(sto.token_amount, sto.token_amount) RETURNS sto.token_amount
    AS 'MODULE_PATHNAME', 'sto_token_amount_minus' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_negate(sto.token_amount) RETURNS sto.token_amount
    AS 'MODULE_PATHNAME', 'sto_token_amount_negate' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_times_bigint(sto.token_amount, bigint) RETURNS sto.token_amount
    AS 'MODULE_PATHNAME', 'sto_token_amount_times_bigint' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.bigint_times_token_amount(bigint, sto.token_amount) RETURNS sto.token_amount
    AS 'MODULE_PATHNAME', 'sto_bigint_times_token_amount' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION pg_catalog.abs(sto.token_amount) RETURNS sto.token_amount
    AS 'MODULE_PATHNAME', 'sto_token_amount_abs' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE OPERATOR pg_catalog.+ (
    FUNCTION = sto.token_amount_plus, LEFTARG = sto.token_amount, RIGHTARG = sto.token_amount,
    COMMUTATOR = OPERATOR(pg_catalog.+)
);
CREATE OPERATOR pg_catalog.- (FUNCTION = sto.token_amount_minus, LEFTARG = sto.token_amount, RIGHTARG = sto.token_amount);
CREATE OPERATOR pg_catalog.- (FUNCTION = sto.token_amount_negate, RIGHTARG = sto.token_amount);
CREATE OPERATOR pg_catalog.* (
    FUNCTION = sto.token_amount_times_bigint, LEFTARG = sto.token_amount, RIGHTARG = bigint,
    COMMUTATOR = OPERATOR(pg_catalog.*)
);
CREATE OPERATOR pg_catalog.* (
    FUNCTION = sto.bigint_times_token_amount, LEFTARG = bigint, RIGHTARG = sto.token_amount,
    COMMUTATOR = OPERATOR(pg_catalog.*)
);

-- integers become amounts by themselves, so that amount = 5 works; nothing floating ever does
CREATE FUNCTION sto.token_amount(smallint) RETURNS sto.token_amount
    AS 'MODULE_PATHNAME', 'sto_token_amount_from_int2' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE CAST (smallint AS sto.token_amount) WITH FUNCTION sto.token_amount(smallint) AS IMPLICIT;
CREATE FUNCTION sto.token_amount(integer) RETURNS sto.token_amount
    AS 'MODULE_PATHNAME', 'sto_token_amount_from_int4' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE CAST (integer AS sto.token_amount) WITH FUNCTION sto.token_amount(integer) AS IMPLICIT;
CREATE FUNCTION sto.token_amount(bigint) RETURNS sto.token_amount
    AS 'MODULE_PATHNAME', 'sto_token_amount_from_int8' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE CAST (bigint AS sto.token_amount) WITH FUNCTION sto.token_amount(bigint) AS IMPLICIT;
CREATE FUNCTION sto.token_amount(numeric) RETURNS sto.token_amount
    AS 'MODULE_PATHNAME', 'sto_token_amount_from_numeric' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE CAST (numeric AS sto.token_amount) WITH FUNCTION sto.token_amount(numeric) AS ASSIGNMENT;
CREATE FUNCTION sto.token_amount_to_numeric(sto.token_amount) RETURNS numeric
    AS 'MODULE_PATHNAME', 'sto_token_amount_to_numeric' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE CAST (sto.token_amount AS numeric) WITH FUNCTION sto.token_amount_to_numeric(sto.token_amount) AS ASSIGNMENT;
CREATE FUNCTION sto.token_amount_to_bigint(sto.token_amount) RETURNS bigint
    AS 'MODULE_PATHNAME', 'sto_token_amount_to_int8' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE CAST (sto.token_amount AS bigint) WITH FUNCTION sto.token_amount_to_bigint(sto.token_amount) AS ASSIGNMENT;

CREATE FUNCTION sto.to_units(amount numeric, decimals integer) RETURNS sto.token_amount
    AS 'MODULE_PATHNAME', 'sto_to_units' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sto.to_units(numeric, integer) IS
    'smallest units of an amount in display units; an error if it has more decimals than that';
CREATE FUNCTION sto.to_display(units sto.token_amount, decimals integer) RETURNS numeric
    AS 'MODULE_PATHNAME', 'sto_to_display' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sto.to_display(sto.token_amount, integer) IS
    'display units of a count of smallest units, with exactly that many decimals';

CREATE FUNCTION sto.token_amount_sum(sto.token_amount, sto.token_amount) RETURNS sto.token_amount
    AS 'MODULE_PATHNAME', 'sto_token_amount_sum' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_larger(sto.token_amount, sto.token_amount) RETURNS sto.token_amount
    AS 'MODULE_PATHNAME', 'sto_token_amount_larger' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_smaller(sto.token_amount, sto.token_amount) RETURNS sto.token_amount
    AS 'MODULE_PATHNAME', 'sto_token_amount_smaller' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_avg_step(internal, sto.token_amount) RETURNS internal
    AS 'MODULE_PATHNAME', 'sto_token_amount_avg_step' LANGUAGE c IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_avg_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'sto_token_amount_avg_combine' LANGUAGE c IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_avg_serialize(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'sto_token_amount_avg_serialize' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_avg_deserialize(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'sto_token_amount_avg_deserialize' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_avg_final(internal) RETURNS numeric
    AS 'MODULE_PATHNAME', 'sto_token_amount_avg_final' LANGUAGE c IMMUTABLE PARALLEL SAFE;
CREATE AGGREGATE pg_catalog.sum(sto.token_amount) (
    SFUNC = sto.token_amount_sum, STYPE = sto.token_amount, COMBINEFUNC = sto.token_amount_sum, PARALLEL = SAFE
);
CREATE AGGREGATE pg_catalog.max(sto.token_amount) (
    SFUNC = sto.token_amount_larger, STYPE = sto.token_amount, COMBINEFUNC = sto.token_amount_larger,
    SORTOP = OPERATOR(pg_catalog.>), PARALLEL = SAFE
);
CREATE AGGREGATE pg_catalog.min(sto.token_amount) (
    SFUNC = sto.token_amount_smaller, STYPE = sto.token_amount, COMBINEFUNC = sto.token_amount_smaller,
    SORTOP = OPERATOR(pg_catalog.<), PARALLEL = SAFE
);
CREATE AGGREGATE pg_catalog.avg(sto.token_amount) (
    SFUNC = sto.token_amount_avg_step, STYPE = internal, SSPACE = 24, FINALFUNC = sto.token_amount_avg_final,
    COMBINEFUNC = sto.token_amount_avg_combine, SERIALFUNC = sto.token_amount_avg_serialize,
    DESERIALFUNC = sto.token_amount_avg_deserialize, PARALLEL = SAFE
);

-- octets in and out; into one of our types they are checked as binary input is
CREATE FUNCTION sto.digest(bytea) RETURNS sto.digest
    AS 'MODULE_PATHNAME', 'sto_digest_from_bytea' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE CAST (bytea AS sto.digest) WITH FUNCTION sto.digest(bytea);
CREATE CAST (sto.digest AS bytea) WITH FUNCTION sto.digest_send(sto.digest);
CREATE FUNCTION sto.wallet_address(bytea) RETURNS sto.wallet_address
    AS 'MODULE_PATHNAME', 'sto_wallet_address_from_bytea' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE CAST (bytea AS sto.wallet_address) WITH FUNCTION sto.wallet_address(bytea);
CREATE CAST (sto.wallet_address AS bytea) WITH FUNCTION sto.wallet_address_send(sto.wallet_address);
CREATE FUNCTION sto.public_key(bytea) RETURNS sto.public_key
    AS 'MODULE_PATHNAME', 'sto_public_key_from_bytea' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE CAST (bytea AS sto.public_key) WITH FUNCTION sto.public_key(bytea);
CREATE CAST (sto.public_key AS bytea) WITH FUNCTION sto.public_key_send(sto.public_key);

-- identifiers are read as text wherever text is asked for
CREATE CAST (sto.isin AS text) WITH INOUT AS IMPLICIT;
CREATE CAST (sto.lei AS text) WITH INOUT AS IMPLICIT;
CREATE CAST (sto.cfi AS text) WITH INOUT AS IMPLICIT;
CREATE CAST (sto.dti AS text) WITH INOUT AS IMPLICIT;
