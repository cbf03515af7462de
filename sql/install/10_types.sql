-- Data types and their input and output. Each has one validation, which text and binary input share.

CREATE TYPE sto.token_amount;
CREATE FUNCTION sto.token_amount_in(cstring) RETURNS sto.token_amount
    AS 'MODULE_PATHNAME', 'sto_token_amount_in' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_out(sto.token_amount) RETURNS cstring
    AS 'MODULE_PATHNAME', 'sto_token_amount_out' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_recv(internal) RETURNS sto.token_amount
    AS 'MODULE_PATHNAME', 'sto_token_amount_recv' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.token_amount_send(sto.token_amount) RETURNS bytea
    AS 'MODULE_PATHNAME', 'sto_token_amount_send' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
-- In the category of numbers, so that CASE, COALESCE and UNION mix it with integers, and so that a bare
-- literal given to abs() still means what it did.
CREATE TYPE sto.token_amount (
    INPUT = sto.token_amount_in, OUTPUT = sto.token_amount_out,
    RECEIVE = sto.token_amount_recv, SEND = sto.token_amount_send,
    INTERNALLENGTH = 16, ALIGNMENT = double, STORAGE = plain, CATEGORY = 'N'
);
COMMENT ON TYPE sto.token_amount IS '128-bit whole count of a token''s smallest units';

CREATE TYPE sto.wallet_address;
CREATE FUNCTION sto.wallet_address_in(cstring) RETURNS sto.wallet_address
    AS 'MODULE_PATHNAME', 'sto_wallet_address_in' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.wallet_address_out(sto.wallet_address) RETURNS cstring
    AS 'MODULE_PATHNAME', 'sto_wallet_address_out' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.wallet_address_recv(internal) RETURNS sto.wallet_address
    AS 'MODULE_PATHNAME', 'sto_wallet_address_recv' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.wallet_address_send(sto.wallet_address) RETURNS bytea
    AS 'MODULE_PATHNAME', 'sto_wallet_address_send' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE sto.wallet_address (
    INPUT = sto.wallet_address_in, OUTPUT = sto.wallet_address_out,
    RECEIVE = sto.wallet_address_recv, SEND = sto.wallet_address_send,
    INTERNALLENGTH = 20, ALIGNMENT = char, STORAGE = plain
);
COMMENT ON TYPE sto.wallet_address IS 'address of a wallet: 20 octets, Bech32m text';

CREATE TYPE sto.digest;
CREATE FUNCTION sto.digest_in(cstring) RETURNS sto.digest
    AS 'MODULE_PATHNAME', 'sto_digest_in' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.digest_out(sto.digest) RETURNS cstring
    AS 'MODULE_PATHNAME', 'sto_digest_out' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.digest_recv(internal) RETURNS sto.digest
    AS 'MODULE_PATHNAME', 'sto_digest_recv' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.digest_send(sto.digest) RETURNS bytea
    AS 'MODULE_PATHNAME', 'sto_digest_send' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE sto.digest (
    INPUT = sto.digest_in, OUTPUT = sto.digest_out, RECEIVE = sto.digest_recv, SEND = sto.digest_send,
    INTERNALLENGTH = 32, ALIGNMENT = char, STORAGE = plain
);
COMMENT ON TYPE sto.digest IS 'SHA-256 digest: 32 octets, hexadecimal text';

CREATE TYPE sto.public_key;
CREATE FUNCTION sto.public_key_in(cstring) RETURNS sto.public_key
    AS 'MODULE_PATHNAME', 'sto_public_key_in' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.public_key_out(sto.public_key) RETURNS cstring
    AS 'MODULE_PATHNAME', 'sto_public_key_out' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.public_key_recv(internal) RETURNS sto.public_key
    AS 'MODULE_PATHNAME', 'sto_public_key_recv' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.public_key_send(sto.public_key) RETURNS bytea
    AS 'MODULE_PATHNAME', 'sto_public_key_send' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE sto.public_key (
    INPUT = sto.public_key_in, OUTPUT = sto.public_key_out, RECEIVE = sto.public_key_recv, SEND = sto.public_key_send,
    INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = main
);
COMMENT ON TYPE sto.public_key IS 'public key: one scheme octet and the key octets; weak keys are refused';

-- Identifiers are of the category of strings: what expects text takes them, and text is assigned to them through
-- their input function.
CREATE TYPE sto.isin;
CREATE FUNCTION sto.isin_in(cstring) RETURNS sto.isin
    AS 'MODULE_PATHNAME', 'sto_isin_in' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.isin_out(sto.isin) RETURNS cstring
    AS 'MODULE_PATHNAME', 'sto_isin_out' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.isin_recv(internal) RETURNS sto.isin
    AS 'MODULE_PATHNAME', 'sto_isin_recv' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.isin_send(sto.isin) RETURNS bytea
    AS 'MODULE_PATHNAME', 'sto_isin_send' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE sto.isin (
    INPUT = sto.isin_in, OUTPUT = sto.isin_out, RECEIVE = sto.isin_recv, SEND = sto.isin_send,
    INTERNALLENGTH = 12, ALIGNMENT = char, STORAGE = plain, CATEGORY = 'S'
);
COMMENT ON TYPE sto.isin IS 'security identifier, ISO 6166';

CREATE TYPE sto.lei;
CREATE FUNCTION sto.lei_in(cstring) RETURNS sto.lei
    AS 'MODULE_PATHNAME', 'sto_lei_in' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.lei_out(sto.lei) RETURNS cstring
    AS 'MODULE_PATHNAME', 'sto_lei_out' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.lei_recv(internal) RETURNS sto.lei
    AS 'MODULE_PATHNAME', 'sto_lei_recv' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.lei_send(sto.lei) RETURNS bytea
    AS 'MODULE_PATHNAME', 'sto_lei_send' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE sto.lei (
    INPUT = sto.lei_in, OUTPUT = sto.lei_out, RECEIVE = sto.lei_recv, SEND = sto.lei_send,
    INTERNALLENGTH = 20, ALIGNMENT = char, STORAGE = plain, CATEGORY = 'S'
);
COMMENT ON TYPE sto.lei IS 'legal entity identifier, ISO 17442';

CREATE TYPE sto.cfi;
CREATE FUNCTION sto.cfi_in(cstring) RETURNS sto.cfi
    AS 'MODULE_PATHNAME', 'sto_cfi_in' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.cfi_out(sto.cfi) RETURNS cstring
    AS 'MODULE_PATHNAME', 'sto_cfi_out' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.cfi_recv(internal) RETURNS sto.cfi
    AS 'MODULE_PATHNAME', 'sto_cfi_recv' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.cfi_send(sto.cfi) RETURNS bytea
    AS 'MODULE_PATHNAME', 'sto_cfi_send' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE sto.cfi (
    INPUT = sto.cfi_in, OUTPUT = sto.cfi_out, RECEIVE = sto.cfi_recv, SEND = sto.cfi_send,
    INTERNALLENGTH = 6, ALIGNMENT = char, STORAGE = plain, CATEGORY = 'S'
);
COMMENT ON TYPE sto.cfi IS 'classification of a financial instrument, ISO 10962';

CREATE TYPE sto.dti;
CREATE FUNCTION sto.dti_in(cstring) RETURNS sto.dti
    AS 'MODULE_PATHNAME', 'sto_dti_in' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.dti_out(sto.dti) RETURNS cstring
    AS 'MODULE_PATHNAME', 'sto_dti_out' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.dti_recv(internal) RETURNS sto.dti
    AS 'MODULE_PATHNAME', 'sto_dti_recv' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sto.dti_send(sto.dti) RETURNS bytea
    AS 'MODULE_PATHNAME', 'sto_dti_send' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE sto.dti (
    INPUT = sto.dti_in, OUTPUT = sto.dti_out, RECEIVE = sto.dti_recv, SEND = sto.dti_send,
    INTERNALLENGTH = 9, ALIGNMENT = char, STORAGE = plain, CATEGORY = 'S'
);
COMMENT ON TYPE sto.dti IS 'digital token identifier, ISO 24165';
