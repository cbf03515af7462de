/*
 * stamp.c
 *		RFC 3161 time-stamps of checkpoints: that a tree was there before a time,
 *		said by an authority that the root officers named.
 *
 * What is stamped is the checkpoint's text without signature lines, so that
 * every copy of the note fits the stamp.
 */
#include "postgres.h"

#include "log/cosign.h"

#include "core/timestamp.h"
#include "errors.h"
#include "ledger/columns.h"
#include "ledger/gate.h"
#include "ledger/store.h"
#include "log/columns.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(sto_timestamp_request_sql);
PG_FUNCTION_INFO_V1(sto_add_timestamp);

#define REQUEST_MAX 256

/*
 * sto.timestamp_request(tree_size bigint DEFAULT NULL) returns bytea
 *
 * The TimeStampReq, DER, to send to an authority as application/timestamp-query;
 * null if there is no checkpoint yet.
 *
 * Errors: ST502 for a tree size that was not signed; 38000 if OpenSSL failed.
 */
Datum
sto_timestamp_request_sql(PG_FUNCTION_ARGS)
{
	StoStoredCheckpoint stored;
	bytea *request = palloc(VARHDRSZ + REQUEST_MAX);
	size_t len;

	if (!sto_arg_checkpoint(fcinfo, 0, GetActiveSnapshot(), &stored))
		PG_RETURN_NULL();
	len = sto_timestamp_request(stored.parsed.text, stored.parsed.text_len,
								(uint8_t *) VARDATA(request), REQUEST_MAX);
	if (len == 0)
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
						errmsg("could not make a time-stamp request: OpenSSL failed")));
	SET_VARSIZE(request, VARHDRSZ + len);
	PG_RETURN_BYTEA_P(request);
}

typedef struct Authority
{
	char *name;
	char *certificates; /* PEM */
} Authority;

/* The newest row of each name: a later event replaces an authority's certificates. */
static List *
read_authorities(void)
{
	List *list = NIL;
	StoScan scan;

	sto_scan_begin(&scan, STO_REL_TIME_AUTHORITY, STO_IDX_TIME_AUTHORITY, 0, NULL, NULL);
	while (sto_scan_next(&scan))
	{
		bool isnull;
		char *name = TextDatumGetCString(slot_getattr(scan.slot, TIME_AUTHORITY_NAME, &isnull));
		Authority *authority = NULL;
		ListCell *cell;

		foreach (cell, list)
			if (strcmp(((Authority *) lfirst(cell))->name, name) == 0)
				authority = lfirst(cell);
		if (authority == NULL)
		{
			authority = palloc(sizeof(Authority));
			authority->name = name;
			list = lappend(list, authority);
		}
		authority->certificates =
			TextDatumGetCString(slot_getattr(scan.slot, TIME_AUTHORITY_CERTIFICATE, &isnull));
	}
	sto_scan_end(&scan);
	return list;
}

/* The reply's time, if one of the authorities gave it over this text; else an error. */
static TimestampTz
check_reply(const StoStoredCheckpoint *stored, const bytea *reply)
{
	List *authorities = read_authorities();
	ListCell *cell;
	StringInfoData reasons;
	bool failed = false;

	initStringInfo(&reasons);
	foreach (cell, authorities)
	{
		const Authority *a = lfirst(cell);
		const char *why = "";
		int64_t time;

		switch (sto_timestamp_check(VARDATA_ANY(reply), VARSIZE_ANY_EXHDR(reply),
									stored->parsed.text, stored->parsed.text_len, a->certificates,
									&time, &why))
		{
			case STO_STAMP_GOOD:
				return StoTimeToTimestamp(time);
			case STO_STAMP_BAD:
				appendStringInfo(&reasons, "%s%s: %s", reasons.len > 0 ? "; " : "", a->name, why);
				break;
			case STO_STAMP_FAILED:
				failed = true;
				break;
		}
	}
	if (failed)
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
						errmsg("could not verify a time-stamp: OpenSSL failed")));
	if (authorities == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_STO_BAD_NOTE), errmsg("no time-stamping authority is registered"),
				 errhint("Root officers register one by an event time_authority.")));
	ereport(ERROR,
			(errcode(ERRCODE_STO_BAD_NOTE),
			 errmsg("the reply is no time-stamp of checkpoint " INT64_FORMAT, stored->tree_size),
			 errdetail("%s.", reasons.data),
			 errhint("Send sto.timestamp_request(tree_size) of the same tree size to a "
					 "registered authority, and pass its whole reply.")));
}

/*
 * The text was not there before the log signed it.  A stamp from before would be
 * of a clock that is wrong, or of an old key that somebody found.
 */
static void
check_time(const StoStoredCheckpoint *stored, TimestampTz time)
{
	TimestampTz earliest;
	TimestampTz latest;

	sto_others_times(stored, &earliest, &latest);
	if (time < earliest || time > latest)
		ereport(ERROR,
				(errcode(ERRCODE_STO_BAD_NOTE), errmsg("the time of the time-stamp can't be right"),
				 errdetail("It says %s; the log signed at %s.", pstrdup(timestamptz_to_str(time)),
						   timestamptz_to_str(stored->signed_at))));
}

/*
 * sto.add_timestamp(tree_size bigint, reply bytea) returns timestamptz
 *
 * Keep an authority's TimeStampResp (DER) for a checkpoint; returns its time.  A
 * reply with a time that the checkpoint has already adds nothing.
 *
 * Errors: ST502 for a tree size that was not signed; ST504 if the reply does not
 * verify; 38000 if OpenSSL failed; 23505 if the same one comes twice at once.
 */
Datum
sto_add_timestamp(PG_FUNCTION_ARGS)
{
	bytea *reply = PG_GETARG_BYTEA_PP(1);
	StoStoredCheckpoint stored;
	TimestampTz time;
	Datum keys[2];
	StoRow row;
	bool found;

	PreventCommandIfReadOnly("sto.add_timestamp()");
	PreventCommandIfParallelMode("sto.add_timestamp()");
	(void) sto_arg_checkpoint(fcinfo, 0, NULL, &stored);
	time = check_reply(&stored, reply);
	check_time(&stored, time);

	keys[0] = Int64GetDatum(stored.tree_size);
	keys[1] = TimestampTzGetDatum(time);
	found = sto_store_find(STO_REL_TIME_STAMP, STO_IDX_TIME_STAMP, 2, keys, &row);
	sto_row_close(&row);
	if (!found)
	{
		Datum values[TIME_STAMP_COLUMNS];
		bool nulls[TIME_STAMP_COLUMNS] = {false};

		values[TIME_STAMP_TREE_SIZE - 1] = keys[0];
		values[TIME_STAMP_GEN_TIME - 1] = keys[1];
		values[TIME_STAMP_REPLY - 1] = PointerGetDatum(reply);
		sto_store_insert(STO_REL_TIME_STAMP, values, nulls);
	}
	PG_RETURN_TIMESTAMPTZ(time);
}
