/*
 * suspicion.c
 *		Reports of suspicion and what led to them: for enforcers alone, beside the log.
 *
 * Nothing of it may show to whom it is about, so there is no event and no line in
 * sto.erasure_log, which parties read.  A party's file is erased as a whole, and not
 * before the last day until which any of its rows is to be kept.  Row security can't hide
 * it: EXPLAIN ANALYZE counts the rows that a policy removed.  So nobody may query the table,
 * and this reads it.
 */
#include "postgres.h"

#include "ledger/private.h"
#include "ledger/register.h"
#include "ledger/store.h"
#include "types/types.h"

#include "errors.h"

#include "access/tableam.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(sto_record_suspicion);
PG_FUNCTION_INFO_V1(sto_erase_suspicion);
PG_FUNCTION_INFO_V1(sto_suspicion_file);

#define CONTENT_MAX (1024 * 1024)

static void
require_enforcer(uint8_t party_id[STO_UUID_LEN])
{
	sto_require_capability(party_id, "enforcer", "only an enforcer keeps reports of suspicion");
}

static void
check_kind(const text *kind)
{
	static const char *const kinds[] = {"finding", "report", "contact"};

	for (size_t i = 0; i < lengthof(kinds); i++)
		if (VARSIZE_ANY_EXHDR(kind) == strlen(kinds[i]) &&
			memcmp(VARDATA_ANY(kind), kinds[i], strlen(kinds[i])) == 0)
			return;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("a report of suspicion is a finding, a report or a contact")));
}

/*
 * sto.record_suspicion(party_id uuid, kind text, content text, keep_until timestamptz)
 * returns timestamptz
 *
 * The party need not be registered: that it was turned away may be what is to be kept.
 *
 * Errors: 25006 in a read-only transaction; ST107, ST104, ST205, ST206 unless the role
 * submits for an active enforcer; 22023 for another kind, no content or too much, or a
 * day that is past.
 */
Datum
sto_record_suspicion(PG_FUNCTION_ARGS)
{
	const uint8_t *party_id = PG_GETARG_STO_OCTETS(0);
	text *kind = PG_GETARG_TEXT_PP(1);
	text *content = PG_GETARG_TEXT_PP(2);
	TimestampTz keep_until = PG_GETARG_TIMESTAMPTZ(3);
	TimestampTz now = GetCurrentTimestamp();
	uint8_t enforcer[STO_UUID_LEN];
	Datum values[SUSPICION_COLUMNS];
	bool nulls[SUSPICION_COLUMNS] = {false};

	PreventCommandIfReadOnly("sto.record_suspicion()");
	require_enforcer(enforcer);
	check_kind(kind);
	if (VARSIZE_ANY_EXHDR(content) < 1 || VARSIZE_ANY_EXHDR(content) > CONTENT_MAX)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a report of suspicion has 1 to %d octets", CONTENT_MAX)));
	if (keep_until <= now)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a report of suspicion is kept until a time to come")));

	values[SUSPICION_RECORDED_AT - 1] = TimestampTzGetDatum(now);
	values[SUSPICION_KEEP_UNTIL - 1] = TimestampTzGetDatum(keep_until);
	values[SUSPICION_PARTY_ID - 1] = StoUuidGetDatum(party_id);
	values[SUSPICION_RECORDED_BY - 1] = StoUuidGetDatum(enforcer);
	values[SUSPICION_KIND - 1] = PointerGetDatum(kind);
	values[SUSPICION_CONTENT - 1] = PointerGetDatum(content);
	sto_store_insert(STO_REL_SUSPICION, values, nulls);
	PG_RETURN_TIMESTAMPTZ(now);
}

/*
 * sto.suspicion_file(party_id uuid) returns setof sto.suspicion
 *
 * The party's file, or, of null, all files but that of who asks.
 *
 * Errors: ST107, ST104, ST205, ST206 unless the role submits for an active enforcer.
 */
Datum
sto_suspicion_file(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int keys = PG_ARGISNULL(0) ? 0 : 1;
	Datum key = keys > 0 ? PG_GETARG_DATUM(0) : (Datum) 0;
	uint8_t enforcer[STO_UUID_LEN];
	StoScan scan;

	InitMaterializedSRF(fcinfo, 0);
	require_enforcer(enforcer);
	sto_scan_begin(&scan, STO_REL_SUSPICION, STO_IDX_SUSPICION, keys, &key, NULL);
	while (sto_scan_next(&scan))
	{
		bool isnull;
		Datum party = slot_getattr(scan.slot, SUSPICION_PARTY_ID, &isnull);

		if (!sto_uuid_equal(DatumGetUUIDP(party)->data, enforcer))
			tuplestore_puttupleslot(result->setResult, scan.slot);
	}
	sto_scan_end(&scan);
	PG_RETURN_NULL();
}

/* Until when the party's file is to be kept; DT_NOBEGIN if it has none. */
static TimestampTz
kept_until(const uint8_t *party_id)
{
	Datum key = StoUuidGetDatum(party_id);
	TimestampTz latest = DT_NOBEGIN;
	StoScan scan;

	sto_scan_begin(&scan, STO_REL_SUSPICION, STO_IDX_SUSPICION, 1, &key, NULL);
	while (sto_scan_next(&scan))
	{
		bool isnull;
		Datum until = slot_getattr(scan.slot, SUSPICION_KEEP_UNTIL, &isnull);

		latest = Max(latest, DatumGetTimestampTz(until));
	}
	sto_scan_end(&scan);
	return latest;
}

/*
 * sto.erase_suspicion(party_id uuid) returns bigint
 *
 * The party's file, once none of its rows is to be kept any more: how many rows are gone.
 * Asked about himself an enforcer is answered as if there were none.
 *
 * Errors: as sto.record_suspicion; ST217 while the file is to be kept.
 */
Datum
sto_erase_suspicion(PG_FUNCTION_ARGS)
{
	const uint8_t *party_id = PG_GETARG_STO_OCTETS(0);
	Datum key = StoUuidGetDatum(party_id);
	uint8_t enforcer[STO_UUID_LEN];
	TimestampTz until;
	int64 count = 0;
	StoScan scan;

	PreventCommandIfReadOnly("sto.erase_suspicion()");
	require_enforcer(enforcer);
	if (sto_uuid_equal(party_id, enforcer))
		PG_RETURN_INT64(0);
	/* what others are recording right now is waited for, and counts */
	LockRelationOid(sto_rel_oid(STO_REL_SUSPICION), ShareRowExclusiveLock);
	until = kept_until(party_id);
	if (until > GetCurrentTimestamp())
		ereport(ERROR, (errcode(ERRCODE_STO_NOT_YET), errmsg("the file is still to be kept"),
						errdetail("It is kept until %s.", timestamptz_to_str(until))));
	sto_scan_begin(&scan, STO_REL_SUSPICION, STO_IDX_SUSPICION, 1, &key, NULL);
	while (sto_scan_next(&scan))
	{
		simple_table_tuple_delete(scan.rel, &scan.slot->tts_tid, scan.snapshot);
		count++;
	}
	sto_scan_end(&scan);
	CommandCounterIncrement();
	PG_RETURN_INT64(count);
}
