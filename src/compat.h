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
#include "varatt.h"
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

/* 18 counts index searches in a structure that we don't use. */
#if PG_VERSION_NUM >= 180000
#define sto_index_beginscan(heap, index, snapshot, nkeys)                                          \
	index_beginscan(heap, index, snapshot, NULL, nkeys, 0)
#else
#define sto_index_beginscan(heap, index, snapshot, nkeys)                                          \
	index_beginscan(heap, index, snapshot, nkeys, 0)
#endif

/*
 * The JSON parser: from 16 on its actions return a result, from 17 on its
 * lexer is made in place.
 */
#include "common/jsonapi.h"
#include "mb/pg_wchar.h"

#if PG_VERSION_NUM >= 160000
typedef JsonParseErrorType StoJsonResult;
#define STO_JSON_OK JSON_SUCCESS
#else
typedef void StoJsonResult;
#define STO_JSON_OK
#endif

static inline JsonLexContext *
sto_json_lexer(char *json, int len)
{
#if PG_VERSION_NUM >= 170000
	return makeJsonLexContextCstringLen(NULL, json, len, GetDatabaseEncoding(), true);
#else
	return makeJsonLexContextCstringLen(json, len, GetDatabaseEncoding(), true);
#endif
}

/* 18 renamed it, and wants it first. */
#if PG_VERSION_NUM >= 180000
#define pg_attribute_noreturn() pg_noreturn
#endif

/* From 16 on with the result relations of EvalPlanQual(), none here. */
#if PG_VERSION_NUM >= 160000
#define STO_EPQ_INIT(epq, estate) EvalPlanQualInit(epq, estate, NULL, NIL, -1, NIL)
#else
#define STO_EPQ_INIT(epq, estate) EvalPlanQualInit(epq, estate, NULL, NIL, -1)
#endif

/*
 * A record of our own in the WAL, so that the transaction's commit has
 * something to wait for; what it says is nobody's business.
 */
#include "replication/message.h"

#if PG_VERSION_NUM >= 170000
#define sto_log_empty_message(prefix) (void) LogLogicalMessage(prefix, "", 0, true, false)
#else
#define sto_log_empty_message(prefix) (void) LogLogicalMessage(prefix, "", 0, true)
#endif

/* From 16 on one function knows the owners of everything. */
#include "utils/acl.h"

#if PG_VERSION_NUM >= 160000
#include "catalog/pg_database.h"
#define sto_is_database_owner(database, role) object_ownercheck(DatabaseRelationId, database, role)
#else
#define sto_is_database_owner(database, role) pg_database_ownercheck(database, role)
#endif

#endif
