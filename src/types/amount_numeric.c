/*
 * amount_numeric.c
 *		token_amount to and from numeric, whole and in display units; its aggregates.
 *
 * Conversions go by decimal text, which both sides read and write exactly.
 */
#include "types/types.h"

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "core/amount.h"

#define DECIMALS_MAX 18 /* docs/format.md, event "token" */

static void
check_decimals(int32 decimals)
{
	if (decimals < 0 || decimals > DECIMALS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("decimals out of range"),
				 errdetail("A token has 0 to %d decimals, not %d.", DECIMALS_MAX, decimals)));
}

/* value of sto.to_units: units of the numeric, or an error */
static StoAmount
sto_numeric_to_units(Datum numeric, int32 decimals)
{
	char *text;
	char *point;
	size_t kept;
	StringInfoData digits;
	StoAmount v;
	const char *why;

	check_decimals(decimals);
	text = DatumGetCString(DirectFunctionCall1(numeric_out, numeric));
	point = strchr(text, '.');
	initStringInfo(&digits);
	if (point == NULL)
	{
		appendStringInfoString(&digits, text);
		kept = 0;
	}
	else
	{
		const char *fraction = point + 1;

		kept = Min(strlen(fraction), (size_t) decimals);
		/* zeros say nothing, so that 1.50 is good with one decimal */
		if (fraction[kept + strspn(fraction + kept, "0")] != '\0')
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("amount has too many decimals"),
					 errdetail("The value %s is no multiple of the smallest unit, which has %d "
							   "decimals.",
							   text, decimals)));
		appendBinaryStringInfo(&digits, text, point - text);
		appendBinaryStringInfo(&digits, fraction, kept);
	}
	for (; kept < (size_t) decimals; kept++)
		appendStringInfoChar(&digits, '0');
	/* NaN and infinities fail here too */
	if (!sto_amount_parse(digits.data, digits.len, &v, &why))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("token_amount out of range"),
				 errdetail("The value %s with %d decimals does not fit.", text, decimals)));
	pfree(digits.data);
	pfree(text);
	return v;
}

/* value of sto.to_display, a numeric of exactly that scale */
static Datum
sto_units_to_numeric(StoAmount units, int32 decimals)
{
	char digits[STO_AMOUNT_TEXT_MAX];
	char text[STO_AMOUNT_TEXT_MAX + DECIMALS_MAX + 1];
	const char *p = digits;
	char *q = text;
	size_t len;

	check_decimals(decimals);
	len = sto_amount_print(units, digits);
	if (*p == '-')
	{
		*q++ = *p++;
		len--;
	}
	/* at least one digit before the point */
	for (size_t zeros = (size_t) decimals + 1; zeros > len; zeros--)
		*q++ = '0';
	memcpy(q, p, len + 1);
	if (decimals > 0)
	{
		char *end = q + len;

		memmove(end - decimals + 1, end - decimals, decimals + 1);
		end[-decimals] = '.';
	}
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
}

PG_FUNCTION_INFO_V1(sto_token_amount_from_numeric);
Datum
sto_token_amount_from_numeric(PG_FUNCTION_ARGS)
{
	PG_RETURN_STO_AMOUNT(sto_numeric_to_units(PG_GETARG_DATUM(0), 0));
}

PG_FUNCTION_INFO_V1(sto_token_amount_to_numeric);
Datum
sto_token_amount_to_numeric(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(sto_units_to_numeric(PG_GETARG_STO_AMOUNT(0), 0));
}

/*
 * sto.to_units(amount numeric, decimals integer) returns token_amount
 *
 * Display units of a token to its smallest units; never rounded.
 *
 * Errors: 22023 for decimals outside 0 .. 18; 22003 for more decimals than that, NaN, infinity, or
 * beyond 128 bits.
 */
PG_FUNCTION_INFO_V1(sto_to_units);
Datum
sto_to_units(PG_FUNCTION_ARGS)
{
	PG_RETURN_STO_AMOUNT(sto_numeric_to_units(PG_GETARG_DATUM(0), PG_GETARG_INT32(1)));
}

/*
 * sto.to_display(units token_amount, decimals integer) returns numeric
 *
 * The other way, with exactly that many decimals.  Errors: 22023 for decimals outside 0 .. 18.
 */
PG_FUNCTION_INFO_V1(sto_to_display);
Datum
sto_to_display(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(sto_units_to_numeric(PG_GETARG_STO_AMOUNT(0), PG_GETARG_INT32(1)));
}

/* sum: step and combination; the state is a token_amount, changed in place in an aggregate. */
PG_FUNCTION_INFO_V1(sto_token_amount_sum);
Datum
sto_token_amount_sum(PG_FUNCTION_ARGS)
{
	StoAmount r;

	if (!sto_amount_add(PG_GETARG_STO_AMOUNT(0), PG_GETARG_STO_AMOUNT(1), &r))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("token_amount out of range"),
				 errdetail("The sum is outside -2^127 to 2^127 - 1.")));
	if (AggCheckCallContext(fcinfo, NULL))
	{
		memcpy(PG_GETARG_POINTER(0), &r, STO_AMOUNT_LEN);
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	PG_RETURN_STO_AMOUNT(r);
}

/* avg: sum and count */
typedef struct AvgState
{
	int64 count;
	char sum[STO_AMOUNT_LEN]; /* palloc doesn't align for __int128 */
} AvgState;

static AvgState *
avg_state(FunctionCallInfo fcinfo, int arg)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("aggregate function called in non-aggregate context")));
	if (!PG_ARGISNULL(arg))
		return (AvgState *) PG_GETARG_POINTER(arg);
	return MemoryContextAllocZero(context, sizeof(AvgState));
}

static void
avg_add(AvgState *state, StoAmount v, int64 count)
{
	StoAmount sum;

	memcpy(&sum, state->sum, STO_AMOUNT_LEN);
	if (!sto_amount_add(sum, v, &sum))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("token_amount out of range"),
				 errdetail("The sum is outside -2^127 to 2^127 - 1.")));
	memcpy(state->sum, &sum, STO_AMOUNT_LEN);
	state->count += count;
}

PG_FUNCTION_INFO_V1(sto_token_amount_avg_step);
Datum
sto_token_amount_avg_step(PG_FUNCTION_ARGS)
{
	AvgState *state = avg_state(fcinfo, 0);

	if (!PG_ARGISNULL(1))
		avg_add(state, PG_GETARG_STO_AMOUNT(1), 1);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(sto_token_amount_avg_combine);
Datum
sto_token_amount_avg_combine(PG_FUNCTION_ARGS)
{
	AvgState *state = avg_state(fcinfo, 0);

	if (!PG_ARGISNULL(1))
	{
		AvgState *other = (AvgState *) PG_GETARG_POINTER(1);

		avg_add(state, DatumGetStoAmount(PointerGetDatum(other->sum)), other->count);
	}
	PG_RETURN_POINTER(state);
}

/* strict; only ever read by the same binary on the same machine */
PG_FUNCTION_INFO_V1(sto_token_amount_avg_serialize);
Datum
sto_token_amount_avg_serialize(PG_FUNCTION_ARGS)
{
	AvgState *state = avg_state(fcinfo, 0);
	bytea *b = palloc(VARHDRSZ + sizeof(AvgState));

	SET_VARSIZE(b, VARHDRSZ + sizeof(AvgState));
	memcpy(VARDATA(b), state, sizeof(AvgState));
	PG_RETURN_BYTEA_P(b);
}

PG_FUNCTION_INFO_V1(sto_token_amount_avg_deserialize);
Datum
sto_token_amount_avg_deserialize(PG_FUNCTION_ARGS)
{
	bytea *b = PG_GETARG_BYTEA_PP(0);
	AvgState *state;

	if (!AggCheckCallContext(fcinfo, NULL) || VARSIZE_ANY_EXHDR(b) != sizeof(AvgState))
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("aggregate function called in non-aggregate context")));
	state = palloc(sizeof(AvgState));
	memcpy(state, VARDATA_ANY(b), sizeof(AvgState));
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(sto_token_amount_avg_final);
Datum
sto_token_amount_avg_final(PG_FUNCTION_ARGS)
{
	AvgState *state;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (AvgState *) PG_GETARG_POINTER(0);
	if (state->count == 0)
		PG_RETURN_NULL();
	return DirectFunctionCall2(
		numeric_div, sto_units_to_numeric(DatumGetStoAmount(PointerGetDatum(state->sum)), 0),
		NumericGetDatum(int64_to_numeric(state->count)));
}
