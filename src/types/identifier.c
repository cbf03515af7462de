/*
 * identifier.c
 *		SQL types isin, lei, cfi, dti: one check each, for text and binary input alike.
 */
#include "types/fixed.h"

#include "core/identifiers.h"
#include "compat.h"

typedef const char *(*IdentifierCheck)(const char *text, size_t len);

static Datum
identifier_in(FunctionCallInfo fcinfo, IdentifierCheck check, const char *type)
{
	char *text = PG_GETARG_CSTRING(0);
	size_t len = strlen(text);
	const char *why = check(text, len);

	if (why != NULL)
		STO_SOFT_ERROR(STO_SOFT_CONTEXT(fcinfo), (Datum) 0,
					   (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid input syntax for type %s: \"%s\"", type, text),
						errdetail("Reason: %s.", why)));
	return StoOctetsGetDatum(text, len);
}

static Datum
identifier_recv(FunctionCallInfo fcinfo, IdentifierCheck check, int len, const char *type)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	const char *text = sto_recv_octets(buf, len, type);
	const char *why = check(text, len);

	/* the octets may be no text at all: they aren't printed */
	if (why != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary input for type %s", type), errdetail("Reason: %s.", why)));
	return StoOctetsGetDatum(text, len);
}

#define IDENTIFIER(name, len)                                                                      \
	STO_FIXED_TYPE(name, len);                                                                     \
	PG_FUNCTION_INFO_V1(sto_##name##_in);                                                          \
	Datum sto_##name##_in(PG_FUNCTION_ARGS)                                                        \
	{                                                                                              \
		return identifier_in(fcinfo, sto_##name##_check, #name);                                   \
	}                                                                                              \
	PG_FUNCTION_INFO_V1(sto_##name##_recv);                                                        \
	Datum sto_##name##_recv(PG_FUNCTION_ARGS)                                                      \
	{                                                                                              \
		return identifier_recv(fcinfo, sto_##name##_check, len, #name);                            \
	}                                                                                              \
	PG_FUNCTION_INFO_V1(sto_##name##_out);                                                         \
	Datum sto_##name##_out(PG_FUNCTION_ARGS)                                                       \
	{                                                                                              \
		PG_RETURN_CSTRING(pnstrdup((const char *) PG_GETARG_STO_OCTETS(0), len));                  \
	}                                                                                              \
	StaticAssertDecl((len) > 0, "octets")

IDENTIFIER(isin, STO_ISIN_LEN);
IDENTIFIER(lei, STO_LEI_LEN);
IDENTIFIER(cfi, STO_CFI_LEN);
IDENTIFIER(dti, STO_DTI_LEN);
