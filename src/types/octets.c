/*
 * octets.c
 *		SQL types digest and wallet_address.
 */
#include "types/fixed.h"

#include "core/bech32m.h"
#include "compat.h"

const char *
sto_recv_octets(StringInfo buf, int len, const char *type)
{
	if (buf->len - buf->cursor != len)
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
						errmsg("invalid binary input for type %s", type),
						errdetail("Expected %d octets, got %d.", len, buf->len - buf->cursor)));
	return pq_getmsgbytes(buf, len);
}

/* A bytea of exactly that length as octets of their own, or 22P03. */
static Datum
sto_bytea_to_octets(Datum b, int len, const char *type)
{
	bytea *p = DatumGetByteaPP(b);

	if (VARSIZE_ANY_EXHDR(p) != len)
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
						errmsg("invalid length of bytea for type %s", type),
						errdetail("Expected %d octets, got %d.", len, (int) VARSIZE_ANY_EXHDR(p))));
	return StoOctetsGetDatum(VARDATA_ANY(p), len);
}

Datum
sto_octets_to_bytea(const void *octets, int len)
{
	bytea *b = palloc(VARHDRSZ + len);

	SET_VARSIZE(b, VARHDRSZ + len);
	memcpy(VARDATA(b), octets, len);
	return PointerGetDatum(b);
}

STO_FIXED_TYPE(digest, STO_DIGEST_LEN);

PG_FUNCTION_INFO_V1(sto_digest_in);
Datum
sto_digest_in(PG_FUNCTION_ARGS)
{
	char *text = PG_GETARG_CSTRING(0);
	uint8_t digest[STO_DIGEST_LEN];

	if (!sto_hex_decode(text, strlen(text), digest, STO_DIGEST_LEN))
		STO_SOFT_ERROR(STO_SOFT_CONTEXT(fcinfo), (Datum) 0,
					   (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid input syntax for type %s: \"%s\"", "digest", text),
						errdetail("A digest is %d hexadecimal digits; this has %d characters.",
								  2 * STO_DIGEST_LEN, (int) strlen(text))));
	return StoOctetsGetDatum(digest, STO_DIGEST_LEN);
}

PG_FUNCTION_INFO_V1(sto_digest_out);
Datum
sto_digest_out(PG_FUNCTION_ARGS)
{
	char *text = palloc(2 * STO_DIGEST_LEN + 1);

	sto_hex_encode(PG_GETARG_STO_OCTETS(0), STO_DIGEST_LEN, text);
	PG_RETURN_CSTRING(text);
}

PG_FUNCTION_INFO_V1(sto_digest_recv);
Datum
sto_digest_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);

	return StoOctetsGetDatum(sto_recv_octets(buf, STO_DIGEST_LEN, "digest"), STO_DIGEST_LEN);
}

PG_FUNCTION_INFO_V1(sto_digest_from_bytea);
Datum
sto_digest_from_bytea(PG_FUNCTION_ARGS)
{
	return sto_bytea_to_octets(PG_GETARG_DATUM(0), STO_DIGEST_LEN, "digest");
}

STO_FIXED_TYPE(wallet_address, STO_ADDRESS_LEN);

PG_FUNCTION_INFO_V1(sto_wallet_address_in);
Datum
sto_wallet_address_in(PG_FUNCTION_ARGS)
{
	char *text = PG_GETARG_CSTRING(0);
	uint8_t address[STO_ADDRESS_LEN];
	const char *why;

	if (!sto_address_parse(text, strlen(text), address, &why))
		STO_SOFT_ERROR(STO_SOFT_CONTEXT(fcinfo), (Datum) 0,
					   (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid input syntax for type %s: \"%s\"", "wallet_address", text),
						errdetail("Reason: %s.", why)));
	return StoOctetsGetDatum(address, STO_ADDRESS_LEN);
}

PG_FUNCTION_INFO_V1(sto_wallet_address_out);
Datum
sto_wallet_address_out(PG_FUNCTION_ARGS)
{
	char *text = palloc(STO_ADDRESS_TEXT_LEN + 1);

	sto_address_print(PG_GETARG_STO_OCTETS(0), text);
	PG_RETURN_CSTRING(text);
}

PG_FUNCTION_INFO_V1(sto_wallet_address_recv);
Datum
sto_wallet_address_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);

	return StoOctetsGetDatum(sto_recv_octets(buf, STO_ADDRESS_LEN, "wallet_address"),
							 STO_ADDRESS_LEN);
}

PG_FUNCTION_INFO_V1(sto_wallet_address_from_bytea);
Datum
sto_wallet_address_from_bytea(PG_FUNCTION_ARGS)
{
	return sto_bytea_to_octets(PG_GETARG_DATUM(0), STO_ADDRESS_LEN, "wallet_address");
}
