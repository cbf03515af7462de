/*
 * fixed.h
 *		What all types of a fixed number of octets have in common.
 *
 * They are ordered by their octets, which for each of them is also the order
 * of the text form or, for digests and addresses, as good as any.
 */
#ifndef STO_TYPES_FIXED_H
#define STO_TYPES_FIXED_H

#include "types/types.h"

#include "common/hashfn.h"
#include "libpq/pqformat.h"

/* Octets of a binary message of exactly that length, or 22P03. */
extern const char *sto_recv_octets(StringInfo buf, int len, const char *type);
extern Datum sto_octets_to_bytea(const void *octets, int len);

#define STO_OCTETS_COMPARE(name, suffix, len, op)                                                  \
	PG_FUNCTION_INFO_V1(sto_##name##_##suffix);                                                    \
	Datum sto_##name##_##suffix(PG_FUNCTION_ARGS)                                                  \
	{                                                                                              \
		PG_RETURN_BOOL(memcmp(PG_GETARG_STO_OCTETS(0), PG_GETARG_STO_OCTETS(1), len) op 0);        \
	}

/* Comparison, hashing and binary output of a type: sto_<name>_eq and so on. */
#define STO_FIXED_TYPE(name, len)                                                                  \
	STO_OCTETS_COMPARE(name, eq, len, ==)                                                          \
	STO_OCTETS_COMPARE(name, ne, len, !=)                                                          \
	STO_OCTETS_COMPARE(name, lt, len, <)                                                           \
	STO_OCTETS_COMPARE(name, le, len, <=)                                                          \
	STO_OCTETS_COMPARE(name, gt, len, >)                                                           \
	STO_OCTETS_COMPARE(name, ge, len, >=)                                                          \
	PG_FUNCTION_INFO_V1(sto_##name##_cmp);                                                         \
	Datum sto_##name##_cmp(PG_FUNCTION_ARGS)                                                       \
	{                                                                                              \
		PG_RETURN_INT32(memcmp(PG_GETARG_STO_OCTETS(0), PG_GETARG_STO_OCTETS(1), len));            \
	}                                                                                              \
	PG_FUNCTION_INFO_V1(sto_##name##_hash);                                                        \
	Datum sto_##name##_hash(PG_FUNCTION_ARGS)                                                      \
	{                                                                                              \
		return hash_any(PG_GETARG_STO_OCTETS(0), len);                                             \
	}                                                                                              \
	PG_FUNCTION_INFO_V1(sto_##name##_hash_extended);                                               \
	Datum sto_##name##_hash_extended(PG_FUNCTION_ARGS)                                             \
	{                                                                                              \
		return hash_any_extended(PG_GETARG_STO_OCTETS(0), len, PG_GETARG_INT64(1));                \
	}                                                                                              \
	PG_FUNCTION_INFO_V1(sto_##name##_send);                                                        \
	Datum sto_##name##_send(PG_FUNCTION_ARGS)                                                      \
	{                                                                                              \
		return sto_octets_to_bytea(PG_GETARG_STO_OCTETS(0), len);                                  \
	}                                                                                              \
	StaticAssertDecl((len) > 0, "octets")

#endif
