/*
 * private.c
 *		Personal data: kept beside the log, never in it, and erased for good.
 *
 * The log has a commitment of it alone (docs/format.md, "Commitment of personal
 * data").  The tables are written for a registrar's role by table access, so
 * that no role needs a privilege on them, and so that nothing is erased without
 * a line that says so.
 */
#include "postgres.h"

#include "core/message.h"
#include "ledger/columns.h"
#include "ledger/facts.h"
#include "ledger/private.h"
#include "ledger/register.h"
#include "ledger/store.h"
#include "types/types.h"

#include "errors.h"

#include "access/tableam.h"
#include "catalog/pg_collation.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(sto_put_party_private);
PG_FUNCTION_INFO_V1(sto_erase_party_private);

#define TOPIC_MAX 64
#define VALUE_MAX (1024 * 1024)

void
sto_require_capability(uint8_t party_id[STO_UUID_LEN], const char *capability, const char *only)
{
	StoPartyFact party;

	sto_fact_member(party_id);
	sto_require_party(party_id, &party);
	if (!sto_fact_capability(party_id, capability))
		ereport(ERROR,
				(errcode(ERRCODE_STO_NOT_AUTHORISED), errmsg("%s", only),
				 errdetail("Party %s does not have that capability.", sto_uuid_text(party_id))));
}

static void
require_registrar(uint8_t party_id[STO_UUID_LEN])
{
	sto_require_capability(party_id, "registrar", "only a registrar keeps personal data");
}

static void
check_topic(const text *topic)
{
	const char *data = VARDATA_ANY(topic);
	size_t len = VARSIZE_ANY_EXHDR(topic);
	bool good = len >= 1 && len <= TOPIC_MAX;

	for (size_t i = 0; good && i < len; i++)
		good = (data[i] >= 'a' && data[i] <= 'z') || (data[i] >= '0' && data[i] <= '9') ||
			   data[i] == '_';
	if (!good)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a topic is 1 to %d of a-z, 0-9 and \"_\"", TOPIC_MAX)));
}

static void
check_reason(const text *reason)
{
	const char *data = VARDATA_ANY(reason);
	size_t len = VARSIZE_ANY_EXHDR(reason);
	bool good = len >= 1 && len <= STO_REGISTER_REASON_MAX;

	for (size_t i = 0; good && i < len; i++)
		good = (unsigned char) data[i] >= ' ' && data[i] != 0x7f;
	if (!good)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a reason is one line of 1 to %d octets", STO_REGISTER_REASON_MAX)));
}

/*
 * sto.put_party_private(party_id uuid, topic text, value text) returns digest
 *
 * The party need not be registered yet: its registration may state the
 * commitment.
 *
 * Errors: 25006 in a read-only transaction; ST107, ST104, ST205, ST206 unless the role submits for
 * an active registrar; 22023 for a topic or value of another form.
 */
Datum
sto_put_party_private(PG_FUNCTION_ARGS)
{
	const uint8_t *party_id = PG_GETARG_STO_OCTETS(0);
	text *topic = PG_GETARG_TEXT_PP(1);
	text *value = PG_GETARG_TEXT_PP(2);
	uint8_t registrar[STO_UUID_LEN];
	uint8_t salt[STO_DIGEST_LEN];
	uint8_t commitment[STO_DIGEST_LEN];
	StoLedgerFact ledger;
	Datum values[PARTY_PRIVATE_COLUMNS];
	bool nulls[PARTY_PRIVATE_COLUMNS] = {false};

	PreventCommandIfReadOnly("sto.put_party_private()");
	sto_fact_ledger(&ledger);
	require_registrar(registrar);
	check_topic(topic);
	if (VARSIZE_ANY_EXHDR(value) < 1 || VARSIZE_ANY_EXHDR(value) > VALUE_MAX)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("personal data has 1 to %d octets", VALUE_MAX)));
	if (!pg_strong_random(salt, sizeof(salt)))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not get random octets")));
	if (!sto_private_commitment(ledger.ledger_id, party_id, VARDATA_ANY(topic),
								VARSIZE_ANY_EXHDR(topic), salt, VARDATA_ANY(value),
								VARSIZE_ANY_EXHDR(value), commitment))
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION), errmsg("OpenSSL failed")));

	values[PARTY_PRIVATE_RECORDED_AT - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[PARTY_PRIVATE_PARTY_ID - 1] = StoUuidGetDatum(party_id);
	values[PARTY_PRIVATE_COMMITMENT - 1] = StoOctetsGetDatum(commitment, STO_DIGEST_LEN);
	values[PARTY_PRIVATE_SALT - 1] = StoOctetsGetDatum(salt, STO_DIGEST_LEN);
	values[PARTY_PRIVATE_TOPIC - 1] = PointerGetDatum(topic);
	values[PARTY_PRIVATE_VALUE - 1] = PointerGetDatum(value);
	sto_store_insert(STO_REL_PARTY_PRIVATE, values, nulls);
	PG_RETURN_DATUM(StoOctetsGetDatum(commitment, STO_DIGEST_LEN));
}

/* Every row of that party, or those of one topic, taken out; how many. */
static int64
erase(const uint8_t *party_id, const text *topic)
{
	Oid relid = sto_rel_oid(STO_REL_PARTY_PRIVATE);
	Datum key = StoUuidGetDatum(party_id);
	int64 count = 0;
	StoScan scan;

	/* what others are putting in right now is waited for, and erased too */
	LockRelationOid(relid, ShareRowExclusiveLock);
	sto_scan_begin(&scan, STO_REL_PARTY_PRIVATE, STO_IDX_PARTY_PRIVATE, 1, &key, NULL);
	while (sto_scan_next(&scan))
	{
		bool isnull;
		Datum stored = slot_getattr(scan.slot, PARTY_PRIVATE_TOPIC, &isnull);

		if (topic != NULL && !DatumGetBool(DirectFunctionCall2Coll(texteq, C_COLLATION_OID, stored,
																   PointerGetDatum(topic))))
			continue;
		simple_table_tuple_delete(scan.rel, &scan.slot->tts_tid, scan.snapshot);
		count++;
	}
	sto_scan_end(&scan);
	CommandCounterIncrement();
	return count;
}

/*
 * sto.erase_party_private(party_id uuid, reason text, topic text) returns bigint
 *
 * topic null: all of them.  The number of rows that are gone; with none, no
 * erasure is noted.
 *
 * Errors: 22004 for another null; as sto.put_party_private; 22023 for a reason
 * that is empty, too long or not one line.
 */
Datum
sto_erase_party_private(PG_FUNCTION_ARGS)
{
	uint8_t registrar[STO_UUID_LEN];
	StoLedgerFact ledger;
	Datum values[ERASURE_COLUMNS];
	bool nulls[ERASURE_COLUMNS] = {false};
	const uint8_t *party_id;
	int64 count;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("party and reason must not be null")));
	PreventCommandIfReadOnly("sto.erase_party_private()");
	party_id = PG_GETARG_STO_OCTETS(0);
	sto_fact_ledger(&ledger);
	require_registrar(registrar);
	check_reason(PG_GETARG_TEXT_PP(1));
	if (!PG_ARGISNULL(2))
		check_topic(PG_GETARG_TEXT_PP(2));

	count = erase(party_id, PG_ARGISNULL(2) ? NULL : PG_GETARG_TEXT_PP(2));
	if (count > 0)
	{
		values[ERASURE_ERASED_AT - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
		values[ERASURE_COUNT - 1] = Int64GetDatum(count);
		values[ERASURE_PARTY_ID - 1] = StoUuidGetDatum(party_id);
		values[ERASURE_ERASED_BY - 1] = StoUuidGetDatum(registrar);
		nulls[ERASURE_TOPIC - 1] = PG_ARGISNULL(2);
		values[ERASURE_TOPIC - 1] =
			nulls[ERASURE_TOPIC - 1] ? (Datum) 0 : PointerGetDatum(PG_GETARG_TEXT_PP(2));
		values[ERASURE_REASON - 1] = PointerGetDatum(PG_GETARG_TEXT_PP(1));
		sto_store_insert(STO_REL_ERASURE, values, nulls);
	}
	PG_RETURN_INT64(count);
}
