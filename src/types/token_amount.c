/*
 * token_amount.c
 *		SQL type token_amount: a 128-bit count of a token's smallest units.
 */
#include "types/fixed.h"

#include "core/amount.h"
#include "compat.h"

#define OUT_OF_RANGE()                                                                             \
	ereport(ERROR,                                                                                 \
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("token_amount out of range"),     \
			 errdetail("The result is outside -2^127 to 2^127 - 1.")))

PG_FUNCTION_INFO_V1(sto_token_amount_in);
Datum
sto_token_amount_in(PG_FUNCTION_ARGS)
{
	char *text = PG_GETARG_CSTRING(0);
	StoAmount v;
	const char *why;

	if (!sto_amount_parse(text, strlen(text), &v, &why))
	{
		if (why == sto_amount_out_of_range)
			STO_SOFT_ERROR(
				STO_SOFT_CONTEXT(fcinfo), (Datum) 0,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value \"%s\" is out of range for type %s", text, "token_amount"),
				 errdetail("Reason: %s.", why)));
		else
			STO_SOFT_ERROR(
				STO_SOFT_CONTEXT(fcinfo), (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "token_amount", text),
				 errdetail("Reason: %s.", why)));
	}
	PG_RETURN_STO_AMOUNT(v);
}

PG_FUNCTION_INFO_V1(sto_token_amount_out);
Datum
sto_token_amount_out(PG_FUNCTION_ARGS)
{
	char *text = palloc(STO_AMOUNT_TEXT_MAX);

	sto_amount_print(PG_GETARG_STO_AMOUNT(0), text);
	PG_RETURN_CSTRING(text);
}

/* 16 octets, big-endian two's complement, as i128 in docs/format.md */
PG_FUNCTION_INFO_V1(sto_token_amount_recv);
Datum
sto_token_amount_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	StoReader r;

	sto_reader_init(&r, sto_recv_octets(buf, STO_AMOUNT_LEN, "token_amount"), STO_AMOUNT_LEN);
	PG_RETURN_STO_AMOUNT(sto_get_amount(&r));
}

PG_FUNCTION_INFO_V1(sto_token_amount_send);
Datum
sto_token_amount_send(PG_FUNCTION_ARGS)
{
	uint8_t octets[STO_AMOUNT_LEN];
	StoWriter w;

	sto_writer_init(&w, octets, sizeof(octets));
	sto_put_amount(&w, PG_GETARG_STO_AMOUNT(0));
	return sto_octets_to_bytea(octets, sizeof(octets));
}

#define AMOUNT_COMPARE(suffix, op)                                                                 \
	PG_FUNCTION_INFO_V1(sto_token_amount_##suffix);                                                \
	Datum sto_token_amount_##suffix(PG_FUNCTION_ARGS)                                              \
	{                                                                                              \
		PG_RETURN_BOOL(PG_GETARG_STO_AMOUNT(0) op PG_GETARG_STO_AMOUNT(1));                        \
	}                                                                                              \
	StaticAssertDecl(true, "")

AMOUNT_COMPARE(eq, ==);
AMOUNT_COMPARE(ne, !=);
AMOUNT_COMPARE(lt, <);
AMOUNT_COMPARE(le, <=);
AMOUNT_COMPARE(gt, >);
AMOUNT_COMPARE(ge, >=);

PG_FUNCTION_INFO_V1(sto_token_amount_cmp);
Datum
sto_token_amount_cmp(PG_FUNCTION_ARGS)
{
	StoAmount a = PG_GETARG_STO_AMOUNT(0);
	StoAmount b = PG_GETARG_STO_AMOUNT(1);

	PG_RETURN_INT32((a > b) - (a < b));
}

PG_FUNCTION_INFO_V1(sto_token_amount_hash);
Datum
sto_token_amount_hash(PG_FUNCTION_ARGS)
{
	return hash_any(PG_GETARG_STO_OCTETS(0), STO_AMOUNT_LEN);
}

PG_FUNCTION_INFO_V1(sto_token_amount_hash_extended);
Datum
sto_token_amount_hash_extended(PG_FUNCTION_ARGS)
{
	return hash_any_extended(PG_GETARG_STO_OCTETS(0), STO_AMOUNT_LEN, PG_GETARG_INT64(1));
}

PG_FUNCTION_INFO_V1(sto_token_amount_larger);
Datum
sto_token_amount_larger(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(PG_GETARG_STO_AMOUNT(0) >= PG_GETARG_STO_AMOUNT(1) ? PG_GETARG_DATUM(0)
																	   : PG_GETARG_DATUM(1));
}

PG_FUNCTION_INFO_V1(sto_token_amount_smaller);
Datum
sto_token_amount_smaller(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(PG_GETARG_STO_AMOUNT(0) <= PG_GETARG_STO_AMOUNT(1) ? PG_GETARG_DATUM(0)
																	   : PG_GETARG_DATUM(1));
}

PG_FUNCTION_INFO_V1(sto_token_amount_plus);
Datum
sto_token_amount_plus(PG_FUNCTION_ARGS)
{
	StoAmount r;

	if (!sto_amount_add(PG_GETARG_STO_AMOUNT(0), PG_GETARG_STO_AMOUNT(1), &r))
		OUT_OF_RANGE();
	PG_RETURN_STO_AMOUNT(r);
}

PG_FUNCTION_INFO_V1(sto_token_amount_minus);
Datum
sto_token_amount_minus(PG_FUNCTION_ARGS)
{
	StoAmount r;

	if (!sto_amount_sub(PG_GETARG_STO_AMOUNT(0), PG_GETARG_STO_AMOUNT(1), &r))
		OUT_OF_RANGE();
	PG_RETURN_STO_AMOUNT(r);
}

PG_FUNCTION_INFO_V1(sto_token_amount_negate);
Datum
sto_token_amount_negate(PG_FUNCTION_ARGS)
{
	StoAmount r;

	if (!sto_amount_sub(0, PG_GETARG_STO_AMOUNT(0), &r))
		OUT_OF_RANGE();
	PG_RETURN_STO_AMOUNT(r);
}

PG_FUNCTION_INFO_V1(sto_token_amount_abs);
Datum
sto_token_amount_abs(PG_FUNCTION_ARGS)
{
	StoAmount r = PG_GETARG_STO_AMOUNT(0);

	if (r < 0 && !sto_amount_sub(0, r, &r))
		OUT_OF_RANGE();
	PG_RETURN_STO_AMOUNT(r);
}

PG_FUNCTION_INFO_V1(sto_token_amount_times_bigint);
Datum
sto_token_amount_times_bigint(PG_FUNCTION_ARGS)
{
	StoAmount r;

	if (!sto_amount_mul(PG_GETARG_STO_AMOUNT(0), PG_GETARG_INT64(1), &r))
		OUT_OF_RANGE();
	PG_RETURN_STO_AMOUNT(r);
}

PG_FUNCTION_INFO_V1(sto_bigint_times_token_amount);
Datum
sto_bigint_times_token_amount(PG_FUNCTION_ARGS)
{
	StoAmount r;

	if (!sto_amount_mul(PG_GETARG_INT64(0), PG_GETARG_STO_AMOUNT(1), &r))
		OUT_OF_RANGE();
	PG_RETURN_STO_AMOUNT(r);
}

PG_FUNCTION_INFO_V1(sto_token_amount_from_int2);
Datum
sto_token_amount_from_int2(PG_FUNCTION_ARGS)
{
	PG_RETURN_STO_AMOUNT(PG_GETARG_INT16(0));
}

PG_FUNCTION_INFO_V1(sto_token_amount_from_int4);
Datum
sto_token_amount_from_int4(PG_FUNCTION_ARGS)
{
	PG_RETURN_STO_AMOUNT(PG_GETARG_INT32(0));
}

PG_FUNCTION_INFO_V1(sto_token_amount_from_int8);
Datum
sto_token_amount_from_int8(PG_FUNCTION_ARGS)
{
	PG_RETURN_STO_AMOUNT(PG_GETARG_INT64(0));
}

PG_FUNCTION_INFO_V1(sto_token_amount_to_int8);
Datum
sto_token_amount_to_int8(PG_FUNCTION_ARGS)
{
	StoAmount v = PG_GETARG_STO_AMOUNT(0);
	char text[STO_AMOUNT_TEXT_MAX];

	if (v < PG_INT64_MIN || v > PG_INT64_MAX)
	{
		sto_amount_print(v, text);
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("bigint out of range"),
						errdetail("The value is %s.", text), errhint("Cast to numeric.")));
	}
	PG_RETURN_INT64((int64) v);
}
