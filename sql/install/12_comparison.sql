-- Comparison, sorting and hashing of every type.
-- Operators are in pg_catalog, where every query finds them, also under the search_path that our own functions
-- pin. Comparison functions of what rows are looked up by are LEAKPROOF, as none can fail: so row security keeps its
-- indexes. Those of amounts and digests are not: a leakproof condition is tried before a row's policy, and EXPLAIN
-- ANALYZE shows how far it got. So whoever may connect would find a balance, or a wallet's salt, by halves.

-- token_amount
CREATE FUNCTION sto.token_amount_eq(sto.token_amount, sto.token_amount) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_token_amount_eq' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_ne(sto.token_amount, sto.token_amount) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_token_amount_ne' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_lt(sto.token_amount, sto.token_amount) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_token_amount_lt' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_le(sto.token_amount, sto.token_amount) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_token_amount_le' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_gt(sto.token_amount, sto.token_amount) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_token_amount_gt' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_ge(sto.token_amount, sto.token_amount) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_token_amount_ge' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_cmp(sto.token_amount, sto.token_amount) RETURNS integer
    AS 'MODULE_PATHNAME', 'sto_token_amount_cmp' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_hash(sto.token_amount) RETURNS integer
    AS 'MODULE_PATHNAME', 'sto_token_amount_hash' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_hash_extended(sto.token_amount, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'sto_token_amount_hash_extended' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE OPERATOR pg_catalog.= (
    FUNCTION = sto.token_amount_eq, LEFTARG = sto.token_amount, RIGHTARG = sto.token_amount,
    COMMUTATOR = OPERATOR(pg_catalog.=),
    NEGATOR = OPERATOR(pg_catalog.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
CREATE OPERATOR pg_catalog.<> (
    FUNCTION = sto.token_amount_ne, LEFTARG = sto.token_amount, RIGHTARG = sto.token_amount,
    COMMUTATOR = OPERATOR(pg_catalog.<>),
    NEGATOR = OPERATOR(pg_catalog.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
CREATE OPERATOR pg_catalog.< (
    FUNCTION = sto.token_amount_lt, LEFTARG = sto.token_amount, RIGHTARG = sto.token_amount,
    COMMUTATOR = OPERATOR(pg_catalog.>),
    NEGATOR = OPERATOR(pg_catalog.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
CREATE OPERATOR pg_catalog.<= (
    FUNCTION = sto.token_amount_le, LEFTARG = sto.token_amount, RIGHTARG = sto.token_amount,
    COMMUTATOR = OPERATOR(pg_catalog.>=),
    NEGATOR = OPERATOR(pg_catalog.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
CREATE OPERATOR pg_catalog.> (
    FUNCTION = sto.token_amount_gt, LEFTARG = sto.token_amount, RIGHTARG = sto.token_amount,
    COMMUTATOR = OPERATOR(pg_catalog.<),
    NEGATOR = OPERATOR(pg_catalog.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
CREATE OPERATOR pg_catalog.>= (
    FUNCTION = sto.token_amount_ge, LEFTARG = sto.token_amount, RIGHTARG = sto.token_amount,
    COMMUTATOR = OPERATOR(pg_catalog.<=),
    NEGATOR = OPERATOR(pg_catalog.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);
CREATE OPERATOR CLASS sto.token_amount_ops DEFAULT FOR TYPE sto.token_amount USING btree AS
    OPERATOR 1 pg_catalog.< , OPERATOR 2 pg_catalog.<= , OPERATOR 3 pg_catalog.= ,
    OPERATOR 4 pg_catalog.>= , OPERATOR 5 pg_catalog.> ,
    FUNCTION 1 sto.token_amount_cmp(sto.token_amount, sto.token_amount), FUNCTION 4 pg_catalog.btequalimage(oid);
CREATE OPERATOR CLASS sto.token_amount_ops DEFAULT FOR TYPE sto.token_amount USING hash AS
    OPERATOR 1 pg_catalog.= ,
    FUNCTION 1 sto.token_amount_hash(sto.token_amount),
    FUNCTION 2 sto.token_amount_hash_extended(sto.token_amount, bigint);

-- wallet_address
CREATE FUNCTION sto.wallet_address_eq(sto.wallet_address, sto.wallet_address) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_wallet_address_eq' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.wallet_address_ne(sto.wallet_address, sto.wallet_address) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_wallet_address_ne' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.wallet_address_lt(sto.wallet_address, sto.wallet_address) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_wallet_address_lt' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.wallet_address_le(sto.wallet_address, sto.wallet_address) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_wallet_address_le' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.wallet_address_gt(sto.wallet_address, sto.wallet_address) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_wallet_address_gt' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.wallet_address_ge(sto.wallet_address, sto.wallet_address) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_wallet_address_ge' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.wallet_address_cmp(sto.wallet_address, sto.wallet_address) RETURNS integer
    AS 'MODULE_PATHNAME', 'sto_wallet_address_cmp' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.wallet_address_hash(sto.wallet_address) RETURNS integer
    AS 'MODULE_PATHNAME', 'sto_wallet_address_hash' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.wallet_address_hash_extended(sto.wallet_address, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'sto_wallet_address_hash_extended' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE OPERATOR pg_catalog.= (
    FUNCTION = sto.wallet_address_eq, LEFTARG = sto.wallet_address, RIGHTARG = sto.wallet_address,
    COMMUTATOR = OPERATOR(pg_catalog.=),
    NEGATOR = OPERATOR(pg_catalog.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
CREATE OPERATOR pg_catalog.<> (
    FUNCTION = sto.wallet_address_ne, LEFTARG = sto.wallet_address, RIGHTARG = sto.wallet_address,
    COMMUTATOR = OPERATOR(pg_catalog.<>),
    NEGATOR = OPERATOR(pg_catalog.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
CREATE OPERATOR pg_catalog.< (
    FUNCTION = sto.wallet_address_lt, LEFTARG = sto.wallet_address, RIGHTARG = sto.wallet_address,
    COMMUTATOR = OPERATOR(pg_catalog.>),
    NEGATOR = OPERATOR(pg_catalog.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
CREATE OPERATOR pg_catalog.<= (
    FUNCTION = sto.wallet_address_le, LEFTARG = sto.wallet_address, RIGHTARG = sto.wallet_address,
    COMMUTATOR = OPERATOR(pg_catalog.>=),
    NEGATOR = OPERATOR(pg_catalog.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
CREATE OPERATOR pg_catalog.> (
    FUNCTION = sto.wallet_address_gt, LEFTARG = sto.wallet_address, RIGHTARG = sto.wallet_address,
    COMMUTATOR = OPERATOR(pg_catalog.<),
    NEGATOR = OPERATOR(pg_catalog.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
CREATE OPERATOR pg_catalog.>= (
    FUNCTION = sto.wallet_address_ge, LEFTARG = sto.wallet_address, RIGHTARG = sto.wallet_address,
    COMMUTATOR = OPERATOR(pg_catalog.<=),
    NEGATOR = OPERATOR(pg_catalog.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);
CREATE OPERATOR CLASS sto.wallet_address_ops DEFAULT FOR TYPE sto.wallet_address USING btree AS
    OPERATOR 1 pg_catalog.< , OPERATOR 2 pg_catalog.<= , OPERATOR 3 pg_catalog.= ,
    OPERATOR 4 pg_catalog.>= , OPERATOR 5 pg_catalog.> ,
    FUNCTION 1 sto.wallet_address_cmp(sto.wallet_address, sto.wallet_address), FUNCTION 4 pg_catalog.btequalimage(oid);
CREATE OPERATOR CLASS sto.wallet_address_ops DEFAULT FOR TYPE sto.wallet_address USING hash AS
    OPERATOR 1 pg_catalog.= ,
    FUNCTION 1 sto.wallet_address_hash(sto.wallet_address),
    FUNCTION 2 sto.wallet_address_hash_extended(sto.wallet_address, bigint);

-- digest
CREATE FUNCTION sto.digest_eq(sto.digest, sto.digest) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_digest_eq' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.digest_ne(sto.digest, sto.digest) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_digest_ne' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.digest_lt(sto.digest, sto.digest) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_digest_lt' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.digest_le(sto.digest, sto.digest) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_digest_le' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.digest_gt(sto.digest, sto.digest) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_digest_gt' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.digest_ge(sto.digest, sto.digest) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_digest_ge' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.digest_cmp(sto.digest, sto.digest) RETURNS integer
    AS 'MODULE_PATHNAME', 'sto_digest_cmp' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.digest_hash(sto.digest) RETURNS integer
    AS 'MODULE_PATHNAME', 'sto_digest_hash' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.digest_hash_extended(sto.digest, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'sto_digest_hash_extended' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE OPERATOR pg_catalog.= (
    FUNCTION = sto.digest_eq, LEFTARG = sto.digest, RIGHTARG = sto.digest, COMMUTATOR = OPERATOR(pg_catalog.=),
    NEGATOR = OPERATOR(pg_catalog.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
CREATE OPERATOR pg_catalog.<> (
    FUNCTION = sto.digest_ne, LEFTARG = sto.digest, RIGHTARG = sto.digest, COMMUTATOR = OPERATOR(pg_catalog.<>),
    NEGATOR = OPERATOR(pg_catalog.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
CREATE OPERATOR pg_catalog.< (
    FUNCTION = sto.digest_lt, LEFTARG = sto.digest, RIGHTARG = sto.digest, COMMUTATOR = OPERATOR(pg_catalog.>),
    NEGATOR = OPERATOR(pg_catalog.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
CREATE OPERATOR pg_catalog.<= (
    FUNCTION = sto.digest_le, LEFTARG = sto.digest, RIGHTARG = sto.digest, COMMUTATOR = OPERATOR(pg_catalog.>=),
    NEGATOR = OPERATOR(pg_catalog.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
CREATE OPERATOR pg_catalog.> (
    FUNCTION = sto.digest_gt, LEFTARG = sto.digest, RIGHTARG = sto.digest, COMMUTATOR = OPERATOR(pg_catalog.<),
    NEGATOR = OPERATOR(pg_catalog.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
CREATE OPERATOR pg_catalog.>= (
    FUNCTION = sto.digest_ge, LEFTARG = sto.digest, RIGHTARG = sto.digest, COMMUTATOR = OPERATOR(pg_catalog.<=),
    NEGATOR = OPERATOR(pg_catalog.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);
CREATE OPERATOR CLASS sto.digest_ops DEFAULT FOR TYPE sto.digest USING btree AS
    OPERATOR 1 pg_catalog.< , OPERATOR 2 pg_catalog.<= , OPERATOR 3 pg_catalog.= ,
    OPERATOR 4 pg_catalog.>= , OPERATOR 5 pg_catalog.> ,
    FUNCTION 1 sto.digest_cmp(sto.digest, sto.digest), FUNCTION 4 pg_catalog.btequalimage(oid);
CREATE OPERATOR CLASS sto.digest_ops DEFAULT FOR TYPE sto.digest USING hash AS
    OPERATOR 1 pg_catalog.= ,
    FUNCTION 1 sto.digest_hash(sto.digest), FUNCTION 2 sto.digest_hash_extended(sto.digest, bigint);

-- public_key
CREATE FUNCTION sto.public_key_eq(sto.public_key, sto.public_key) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_public_key_eq' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.public_key_ne(sto.public_key, sto.public_key) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_public_key_ne' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.public_key_lt(sto.public_key, sto.public_key) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_public_key_lt' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.public_key_le(sto.public_key, sto.public_key) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_public_key_le' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.public_key_gt(sto.public_key, sto.public_key) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_public_key_gt' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.public_key_ge(sto.public_key, sto.public_key) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_public_key_ge' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.public_key_cmp(sto.public_key, sto.public_key) RETURNS integer
    AS 'MODULE_PATHNAME', 'sto_public_key_cmp' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.public_key_hash(sto.public_key) RETURNS integer
    AS 'MODULE_PATHNAME', 'sto_public_key_hash' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.public_key_hash_extended(sto.public_key, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'sto_public_key_hash_extended' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE OPERATOR pg_catalog.= (
    FUNCTION = sto.public_key_eq, LEFTARG = sto.public_key, RIGHTARG = sto.public_key,
    COMMUTATOR = OPERATOR(pg_catalog.=),
    NEGATOR = OPERATOR(pg_catalog.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
CREATE OPERATOR pg_catalog.<> (
    FUNCTION = sto.public_key_ne, LEFTARG = sto.public_key, RIGHTARG = sto.public_key,
    COMMUTATOR = OPERATOR(pg_catalog.<>),
    NEGATOR = OPERATOR(pg_catalog.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
CREATE OPERATOR pg_catalog.< (
    FUNCTION = sto.public_key_lt, LEFTARG = sto.public_key, RIGHTARG = sto.public_key,
    COMMUTATOR = OPERATOR(pg_catalog.>),
    NEGATOR = OPERATOR(pg_catalog.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
CREATE OPERATOR pg_catalog.<= (
    FUNCTION = sto.public_key_le, LEFTARG = sto.public_key, RIGHTARG = sto.public_key,
    COMMUTATOR = OPERATOR(pg_catalog.>=),
    NEGATOR = OPERATOR(pg_catalog.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
CREATE OPERATOR pg_catalog.> (
    FUNCTION = sto.public_key_gt, LEFTARG = sto.public_key, RIGHTARG = sto.public_key,
    COMMUTATOR = OPERATOR(pg_catalog.<),
    NEGATOR = OPERATOR(pg_catalog.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
CREATE OPERATOR pg_catalog.>= (
    FUNCTION = sto.public_key_ge, LEFTARG = sto.public_key, RIGHTARG = sto.public_key,
    COMMUTATOR = OPERATOR(pg_catalog.<=),
    NEGATOR = OPERATOR(pg_catalog.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);
CREATE OPERATOR CLASS sto.public_key_ops DEFAULT FOR TYPE sto.public_key USING btree AS
    OPERATOR 1 pg_catalog.< , OPERATOR 2 pg_catalog.<= , OPERATOR 3 pg_catalog.= ,
    OPERATOR 4 pg_catalog.>= , OPERATOR 5 pg_catalog.> ,
    FUNCTION 1 sto.public_key_cmp(sto.public_key, sto.public_key), FUNCTION 4 pg_catalog.btequalimage(oid);
CREATE OPERATOR CLASS sto.public_key_ops DEFAULT FOR TYPE sto.public_key USING hash AS
    OPERATOR 1 pg_catalog.= ,
    FUNCTION 1 sto.public_key_hash(sto.public_key), FUNCTION 2 sto.public_key_hash_extended(sto.public_key, bigint);
