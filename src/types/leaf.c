/*
 * leaf.c
 *		SQL functions that recompute the leaf hash of an entry or an event, for
 *		whoever holds its fields and, of a side, the digest at least.
 *
 * docs/format.md, "Entry" and "Act and event".
 */
#include "postgres.h"

#include "fmgr.h"

#include "core/hash.h"
#include "core/message.h"
#include "types/messages.h"
#include "compat.h"
#include "types/types.h"

PG_FUNCTION_INFO_V1(sto_entry_leaf_sql);
PG_FUNCTION_INFO_V1(sto_event_leaf_sql);

/* Arguments of sto.entry_leaf that follow those of the order. */
enum
{
	LEAF_ENTRY_ID = ORDER_ARGS,
	LEAF_RECEIVED_AT,
	LEAF_POSTED_AT,
	LEAF_POSTED_BY,
	LEAF_AUTHORITY_EVENT,
	LEAF_RULE_SET,
	LEAF_KEY_POLICY,
	LEAF_DEBIT_SIDE,
	LEAF_CREDIT_SIDE,
	LEAF_SIGNATURES
};

static bool
sto_opt_int64(FunctionCallInfo fcinfo, int n, int64_t *out)
{
	if (PG_ARGISNULL(n))
		return false;
	*out = PG_GETARG_INT64(n);
	return true;
}

/* A list of signatures as its argument has it; longer than the format allows is an error. */
static const uint8_t *
sto_arg_signatures(FunctionCallInfo fcinfo, int n, uint16_t *len)
{
	bytea *signatures;

	*len = 0;
	if (PG_ARGISNULL(n))
		return NULL;
	signatures = PG_GETARG_BYTEA_PP(n);
	if (VARSIZE_ANY_EXHDR(signatures) > PG_UINT16_MAX)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("list of signatures is longer than %d octets", PG_UINT16_MAX));
	*len = (uint16_t) VARSIZE_ANY_EXHDR(signatures);
	return (const uint8_t *) VARDATA_ANY(signatures);
}

/*
 * sto.entry_leaf(ledger_id, kind, ... undoes, entry_id, received_at, posted_at,
 *				  posted_by, authority_event, rule_set, key_policy,
 *				  debit_side, credit_side, signatures) returns digest
 *
 * The first arguments are those of sto.order_message.  The sides are digests
 * (sto.side_digest), null for a side that the entry does not move.
 *
 * Errors: as sto.order_message; 22004 also for entry_id, received_at,
 * posted_at and posted_by; 38000 if OpenSSL failed.
 */
Datum
sto_entry_leaf_sql(PG_FUNCTION_ARGS)
{
	StoEntry entry;
	StoWriter w;
	uint8_t ledger_id[STO_UUID_LEN];
	uint8_t debit_side[STO_DIGEST_LEN];
	uint8_t credit_side[STO_DIGEST_LEN];
	uint8_t leaf[STO_DIGEST_LEN];
	uint8_t *record;
	bool has_debit;
	bool has_credit;
	size_t size;

	memset(&entry, 0, sizeof(entry));
	sto_order_from_args(fcinfo, ledger_id, &entry.order);
	sto_require(fcinfo, LEAF_ENTRY_ID, "entry_id");
	sto_require(fcinfo, LEAF_RECEIVED_AT, "received_at");
	sto_require(fcinfo, LEAF_POSTED_AT, "posted_at");
	sto_require(fcinfo, LEAF_POSTED_BY, "posted_by");
	entry.entry_id = PG_GETARG_INT64(LEAF_ENTRY_ID);
	entry.received_at = sto_arg_time(fcinfo, LEAF_RECEIVED_AT, "received_at");
	entry.posted_at = sto_arg_time(fcinfo, LEAF_POSTED_AT, "posted_at");
	sto_arg_octets(fcinfo, LEAF_POSTED_BY, STO_UUID_LEN, entry.posted_by);
	entry.has_authority_event = sto_opt_int64(fcinfo, LEAF_AUTHORITY_EVENT, &entry.authority_event);
	entry.has_rule_set = sto_opt_int64(fcinfo, LEAF_RULE_SET, &entry.rule_set);
	entry.has_key_policy = sto_opt_int64(fcinfo, LEAF_KEY_POLICY, &entry.key_policy);
	has_debit = sto_opt_octets(fcinfo, LEAF_DEBIT_SIDE, STO_DIGEST_LEN, debit_side);
	has_credit = sto_opt_octets(fcinfo, LEAF_CREDIT_SIDE, STO_DIGEST_LEN, credit_side);
	entry.signatures = sto_arg_signatures(fcinfo, LEAF_SIGNATURES, &entry.signatures_len);

	/* The same writer without a buffer counts. */
	sto_writer_init(&w, NULL, 0);
	sto_put_entry(&w, ledger_id, &entry, has_debit ? debit_side : NULL,
				  has_credit ? credit_side : NULL);
	size = w.len;
	record = palloc(size);
	sto_writer_init(&w, record, size);
	sto_put_entry(&w, ledger_id, &entry, has_debit ? debit_side : NULL,
				  has_credit ? credit_side : NULL);
	if (w.failed)
		elog(ERROR, "entry record does not fit in %zu octets", size);
	if (!sto_leaf_hash(record, w.len, leaf))
		ereport(ERROR, errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
				errmsg("could not compute SHA-256"));
	pfree(record);
	PG_RETURN_DATUM(StoOctetsGetDatum(leaf, STO_DIGEST_LEN));
}

/*
 * sto.event_leaf(ledger_id, entry_id, prev_hash, kind, subject, actor, body,
 *				  signatures, recorded_at) returns digest
 *
 * ledger_id is the nil uuid for the genesis event.  prev_hash and signatures
 * may be null.
 *
 * Errors: 22004 another argument is null; 22023 kind or signatures too long;
 * 22008 infinite time; 38000 if OpenSSL failed.
 */
Datum
sto_event_leaf_sql(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {"ledger_id", "entry_id", NULL, "kind",       "subject",
										"actor",     "body",     NULL, "recorded_at"};
	StoEvent event;
	uint8_t ledger_id[STO_UUID_LEN];
	uint8_t leaf[STO_DIGEST_LEN];
	text *kind;
	text *body;

	for (int i = 0; i < (int) lengthof(names); i++)
		if (names[i] != NULL)
			sto_require(fcinfo, i, names[i]);

	memset(&event, 0, sizeof(event));
	sto_arg_octets(fcinfo, 0, STO_UUID_LEN, ledger_id);
	event.entry_id = PG_GETARG_INT64(1);
	event.has_prev = sto_opt_octets(fcinfo, 2, STO_DIGEST_LEN, event.prev);
	kind = PG_GETARG_TEXT_PP(3);
	if (VARSIZE_ANY_EXHDR(kind) > PG_UINT8_MAX)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("kind of event is longer than %d octets", PG_UINT8_MAX));
	event.kind = VARDATA_ANY(kind);
	event.kind_len = (uint8_t) VARSIZE_ANY_EXHDR(kind);
	sto_arg_octets(fcinfo, 4, STO_UUID_LEN, event.subject);
	sto_arg_octets(fcinfo, 5, STO_UUID_LEN, event.actor);
	body = PG_GETARG_TEXT_PP(6);
	event.body = VARDATA_ANY(body);
	event.body_len = (uint32_t) VARSIZE_ANY_EXHDR(body);
	event.signatures = sto_arg_signatures(fcinfo, 7, &event.signatures_len);
	event.recorded_at = sto_arg_time(fcinfo, 8, "recorded_at");
	if (!sto_event_leaf(ledger_id, &event, leaf))
		ereport(ERROR, errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
				errmsg("could not compute SHA-256"));
	PG_RETURN_DATUM(StoOctetsGetDatum(leaf, STO_DIGEST_LEN));
}
