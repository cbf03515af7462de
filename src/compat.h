/*
 * compat.h
 *		Every difference between the PostgreSQL majors that we build on.
 */
#ifndef STO_COMPAT_H
#define STO_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "sto_ledger builds on PostgreSQL 15 to 18"
#endif

/*
 * Report bad input softly where the server can (16+, ereturn), hard on 15.
 * escontext is fcinfo->context on 16+.
 */
#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#define STO_SOFT_CONTEXT(fcinfo) ((fcinfo)->context)
#define STO_SOFT_ERROR(context, dummy, ...) ereturn(context, dummy, __VA_ARGS__)
#else
#define STO_SOFT_CONTEXT(fcinfo) NULL
#define STO_SOFT_ERROR(context, dummy, ...)                                                        \
	do                                                                                             \
	{                                                                                              \
		(void) (context);                                                                          \
		ereport(ERROR, __VA_ARGS__);                                                               \
		return dummy;                                                                              \
	} while (0)
#endif

#endif
