-- As 12_comparison.sql, for the identifiers.

-- isin
CREATE FUNCTION sto.isin_eq(sto.isin, sto.isin) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_isin_eq' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.isin_ne(sto.isin, sto.isin) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_isin_ne' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.isin_lt(sto.isin, sto.isin) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_isin_lt' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.isin_le(sto.isin, sto.isin) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_isin_le' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.isin_gt(sto.isin, sto.isin) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_isin_gt' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.isin_ge(sto.isin, sto.isin) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_isin_ge' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.isin_cmp(sto.isin, sto.isin) RETURNS integer
    AS 'MODULE_PATHNAME', 'sto_isin_cmp' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.isin_hash(sto.isin) RETURNS integer
    AS 'MODULE_PATHNAME', 'sto_isin_hash' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.isin_hash_extended(sto.isin, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'sto_isin_hash_extended' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE OPERATOR pg_catalog.= (
    FUNCTION = sto.isin_eq, LEFTARG = sto.isin, RIGHTARG = sto.isin, COMMUTATOR = OPERATOR(pg_catalog.=),
    NEGATOR = OPERATOR(pg_catalog.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
CREATE OPERATOR pg_catalog.<> (
    FUNCTION = sto.isin_ne, LEFTARG = sto.isin, RIGHTARG = sto.isin, COMMUTATOR = OPERATOR(pg_catalog.<>),
    NEGATOR = OPERATOR(pg_catalog.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
CREATE OPERATOR pg_catalog.< (
    FUNCTION = sto.isin_lt, LEFTARG = sto.isin, RIGHTARG = sto.isin, COMMUTATOR = OPERATOR(pg_catalog.>),
    NEGATOR = OPERATOR(pg_catalog.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
CREATE OPERATOR pg_catalog.<= (
    FUNCTION = sto.isin_le, LEFTARG = sto.isin, RIGHTARG = sto.isin, COMMUTATOR = OPERATOR(pg_catalog.>=),
    NEGATOR = OPERATOR(pg_catalog.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
CREATE OPERATOR pg_catalog.> (
    FUNCTION = sto.isin_gt, LEFTARG = sto.isin, RIGHTARG = sto.isin, COMMUTATOR = OPERATOR(pg_catalog.<),
    NEGATOR = OPERATOR(pg_catalog.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
CREATE OPERATOR pg_catalog.>= (
    FUNCTION = sto.isin_ge, LEFTARG = sto.isin, RIGHTARG = sto.isin, COMMUTATOR = OPERATOR(pg_catalog.<=),
    NEGATOR = OPERATOR(pg_catalog.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);
CREATE OPERATOR CLASS sto.isin_ops DEFAULT FOR TYPE sto.isin USING btree AS
    OPERATOR 1 pg_catalog.< , OPERATOR 2 pg_catalog.<= , OPERATOR 3 pg_catalog.= ,
    OPERATOR 4 pg_catalog.>= , OPERATOR 5 pg_catalog.> ,
    FUNCTION 1 sto.isin_cmp(sto.isin, sto.isin), FUNCTION 4 pg_catalog.btequalimage(oid);
CREATE OPERATOR CLASS sto.isin_ops DEFAULT FOR TYPE sto.isin USING hash AS
    OPERATOR 1 pg_catalog.= ,
    FUNCTION 1 sto.isin_hash(sto.isin), FUNCTION 2 sto.isin_hash_extended(sto.isin, bigint);

-- lei
CREATE FUNCTION sto.lei_eq(sto.lei, sto.lei) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_lei_eq' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.lei_ne(sto.lei, sto.lei) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_lei_ne' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.lei_lt(sto.lei, sto.lei) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_lei_lt' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.lei_le(sto.lei, sto.lei) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_lei_le' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.lei_gt(sto.lei, sto.lei) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_lei_gt' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.lei_ge(sto.lei, sto.lei) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_lei_ge' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.lei_cmp(sto.lei, sto.lei) RETURNS integer
    AS 'MODULE_PATHNAME', 'sto_lei_cmp' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.lei_hash(sto.lei) RETURNS integer
    AS 'MODULE_PATHNAME', 'sto_lei_hash' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.lei_hash_extended(sto.lei, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'sto_lei_hash_extended' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE OPERATOR pg_catalog.= (
    FUNCTION = sto.lei_eq, LEFTARG = sto.lei, RIGHTARG = sto.lei, COMMUTATOR = OPERATOR(pg_catalog.=),
    NEGATOR = OPERATOR(pg_catalog.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
CREATE OPERATOR pg_catalog.<> (
    FUNCTION = sto.lei_ne, LEFTARG = sto.lei, RIGHTARG = sto.lei, COMMUTATOR = OPERATOR(pg_catalog.<>),
    NEGATOR = OPERATOR(pg_catalog.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
CREATE OPERATOR pg_catalog.< (
    FUNCTION = sto.lei_lt, LEFTARG = sto.lei, RIGHTARG = sto.lei, COMMUTATOR = OPERATOR(pg_catalog.>),
    NEGATOR = OPERATOR(pg_catalog.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
CREATE OPERATOR pg_catalog.<= (
    FUNCTION = sto.lei_le, LEFTARG = sto.lei, RIGHTARG = sto.lei, COMMUTATOR = OPERATOR(pg_catalog.>=),
    NEGATOR = OPERATOR(pg_catalog.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
CREATE OPERATOR pg_catalog.> (
    FUNCTION = sto.lei_gt, LEFTARG = sto.lei, RIGHTARG = sto.lei, COMMUTATOR = OPERATOR(pg_catalog.<),
    NEGATOR = OPERATOR(pg_catalog.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
CREATE OPERATOR pg_catalog.>= (
    FUNCTION = sto.lei_ge, LEFTARG = sto.lei, RIGHTARG = sto.lei, COMMUTATOR = OPERATOR(pg_catalog.<=),
    NEGATOR = OPERATOR(pg_catalog.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);
CREATE OPERATOR CLASS sto.lei_ops DEFAULT FOR TYPE sto.lei USING btree AS
    OPERATOR 1 pg_catalog.< , OPERATOR 2 pg_catalog.<= , OPERATOR 3 pg_catalog.= ,
    OPERATOR 4 pg_catalog.>= , OPERATOR 5 pg_catalog.> ,
    FUNCTION 1 sto.lei_cmp(sto.lei, sto.lei), FUNCTION 4 pg_catalog.btequalimage(oid);
CREATE OPERATOR CLASS sto.lei_ops DEFAULT FOR TYPE sto.lei USING hash AS
    OPERATOR 1 pg_catalog.= ,
    FUNCTION 1 sto.lei_hash(sto.lei), FUNCTION 2 sto.lei_hash_extended(sto.lei, bigint);

-- cfi
CREATE FUNCTION sto.cfi_eq(sto.cfi, sto.cfi) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_cfi_eq' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.cfi_ne(sto.cfi, sto.cfi) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_cfi_ne' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.cfi_lt(sto.cfi, sto.cfi) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_cfi_lt' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.cfi_le(sto.cfi, sto.cfi) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_cfi_le' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.cfi_gt(sto.cfi, sto.cfi) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_cfi_gt' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.cfi_ge(sto.cfi, sto.cfi) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_cfi_ge' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.cfi_cmp(sto.cfi, sto.cfi) RETURNS integer
    AS 'MODULE_PATHNAME', 'sto_cfi_cmp' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.cfi_hash(sto.cfi) RETURNS integer
    AS 'MODULE_PATHNAME', 'sto_cfi_hash' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.cfi_hash_extended(sto.cfi, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'sto_cfi_hash_extended' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE OPERATOR pg_catalog.= (
    FUNCTION = sto.cfi_eq, LEFTARG = sto.cfi, RIGHTARG = sto.cfi, COMMUTATOR = OPERATOR(pg_catalog.=),
    NEGATOR = OPERATOR(pg_catalog.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
CREATE OPERATOR pg_catalog.<> (
    FUNCTION = sto.cfi_ne, LEFTARG = sto.cfi, RIGHTARG = sto.cfi, COMMUTATOR = OPERATOR(pg_catalog.<>),
    NEGATOR = OPERATOR(pg_catalog.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
CREATE OPERATOR pg_catalog.< (
    FUNCTION = sto.cfi_lt, LEFTARG = sto.cfi, RIGHTARG = sto.cfi, COMMUTATOR = OPERATOR(pg_catalog.>),
    NEGATOR = OPERATOR(pg_catalog.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
CREATE OPERATOR pg_catalog.<= (
    FUNCTION = sto.cfi_le, LEFTARG = sto.cfi, RIGHTARG = sto.cfi, COMMUTATOR = OPERATOR(pg_catalog.>=),
    NEGATOR = OPERATOR(pg_catalog.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
CREATE OPERATOR pg_catalog.> (
    FUNCTION = sto.cfi_gt, LEFTARG = sto.cfi, RIGHTARG = sto.cfi, COMMUTATOR = OPERATOR(pg_catalog.<),
    NEGATOR = OPERATOR(pg_catalog.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
CREATE OPERATOR pg_catalog.>= (
    FUNCTION = sto.cfi_ge, LEFTARG = sto.cfi, RIGHTARG = sto.cfi, COMMUTATOR = OPERATOR(pg_catalog.<=),
    NEGATOR = OPERATOR(pg_catalog.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);
CREATE OPERATOR CLASS sto.cfi_ops DEFAULT FOR TYPE sto.cfi USING btree AS
    OPERATOR 1 pg_catalog.< , OPERATOR 2 pg_catalog.<= , OPERATOR 3 pg_catalog.= ,
    OPERATOR 4 pg_catalog.>= , OPERATOR 5 pg_catalog.> ,
    FUNCTION 1 sto.cfi_cmp(sto.cfi, sto.cfi), FUNCTION 4 pg_catalog.btequalimage(oid);
CREATE OPERATOR CLASS sto.cfi_ops DEFAULT FOR TYPE sto.cfi USING hash AS
    OPERATOR 1 pg_catalog.= ,
    FUNCTION 1 sto.cfi_hash(sto.cfi), FUNCTION 2 sto.cfi_hash_extended(sto.cfi, bigint);

-- dti
CREATE FUNCTION sto.dti_eq(sto.dti, sto.dti) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_dti_eq' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.dti_ne(sto.dti, sto.dti) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_dti_ne' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.dti_lt(sto.dti, sto.dti) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_dti_lt' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.dti_le(sto.dti, sto.dti) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_dti_le' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.dti_gt(sto.dti, sto.dti) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_dti_gt' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.dti_ge(sto.dti, sto.dti) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_dti_ge' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.dti_cmp(sto.dti, sto.dti) RETURNS integer
    AS 'MODULE_PATHNAME', 'sto_dti_cmp' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.dti_hash(sto.dti) RETURNS integer
    AS 'MODULE_PATHNAME', 'sto_dti_hash' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE FUNCTION sto.dti_hash_extended(sto.dti, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'sto_dti_hash_extended' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
CREATE OPERATOR pg_catalog.= (
    FUNCTION = sto.dti_eq, LEFTARG = sto.dti, RIGHTARG = sto.dti, COMMUTATOR = OPERATOR(pg_catalog.=),
    NEGATOR = OPERATOR(pg_catalog.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
CREATE OPERATOR pg_catalog.<> (
    FUNCTION = sto.dti_ne, LEFTARG = sto.dti, RIGHTARG = sto.dti, COMMUTATOR = OPERATOR(pg_catalog.<>),
    NEGATOR = OPERATOR(pg_catalog.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
CREATE OPERATOR pg_catalog.< (
    FUNCTION = sto.dti_lt, LEFTARG = sto.dti, RIGHTARG = sto.dti, COMMUTATOR = OPERATOR(pg_catalog.>),
    NEGATOR = OPERATOR(pg_catalog.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
CREATE OPERATOR pg_catalog.<= (
    FUNCTION = sto.dti_le, LEFTARG = sto.dti, RIGHTARG = sto.dti, COMMUTATOR = OPERATOR(pg_catalog.>=),
    NEGATOR = OPERATOR(pg_catalog.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
CREATE OPERATOR pg_catalog.> (
    FUNCTION = sto.dti_gt, LEFTARG = sto.dti, RIGHTARG = sto.dti, COMMUTATOR = OPERATOR(pg_catalog.<),
    NEGATOR = OPERATOR(pg_catalog.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
CREATE OPERATOR pg_catalog.>= (
    FUNCTION = sto.dti_ge, LEFTARG = sto.dti, RIGHTARG = sto.dti, COMMUTATOR = OPERATOR(pg_catalog.<=),
    NEGATOR = OPERATOR(pg_catalog.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);
CREATE OPERATOR CLASS sto.dti_ops DEFAULT FOR TYPE sto.dti USING btree AS
    OPERATOR 1 pg_catalog.< , OPERATOR 2 pg_catalog.<= , OPERATOR 3 pg_catalog.= ,
    OPERATOR 4 pg_catalog.>= , OPERATOR 5 pg_catalog.> ,
    FUNCTION 1 sto.dti_cmp(sto.dti, sto.dti), FUNCTION 4 pg_catalog.btequalimage(oid);
CREATE OPERATOR CLASS sto.dti_ops DEFAULT FOR TYPE sto.dti USING hash AS
    OPERATOR 1 pg_catalog.= ,
    FUNCTION 1 sto.dti_hash(sto.dti), FUNCTION 2 sto.dti_hash_extended(sto.dti, bigint);
