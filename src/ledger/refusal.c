/*
 * refusal.c
 *		Puts refused orders on record.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "ledger/posting.h"
#include "ledger/refusal.h"
#include "ledger/register.h"
#include "ledger/rowcache.h"
#include "ledger/store.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

/* Does the rule set in force ask for refusals of any order?  None in force: no. */
static bool
token_records_all(const uint8_t *token_id)
{
	Datum key = StoUuidGetDatum(token_id);
	int64 at = sto_gate_clock(0);
	int64 best_effective = PG_INT64_MIN;
	int64 best = 0;
	bool all = false;
	bool isnull;
	StoScan scan;

	sto_scan_begin(&scan, STO_REL_RULE_SET, STO_IDX_RULE_SET_TOKEN, 1, &key, NULL);
	while (sto_scan_next(&scan))
	{
		int64 set_by = DatumGetInt64(slot_getattr(scan.slot, RULE_SET_SET_BY, &isnull));
		int64 effective = StoTimeFromTimestamp(
			DatumGetTimestampTz(slot_getattr(scan.slot, RULE_SET_EFFECTIVE, &isnull)));

		if (effective > at || effective < best_effective ||
			(effective == best_effective && set_by < best))
			continue;
		best_effective = effective;
		best = set_by;
		all = DatumGetBool(slot_getattr(scan.slot, RULE_SET_RECORD_REFUSALS, &isnull));
	}
	sto_scan_end(&scan);
	return all;
}

/*
 * Read the order and ask who has to sign it.  Whatever is wrong with it was said
 * when it was refused: here it only means that nobody has signed it.
 */
static bool
authorised(StoPosting *p)
{
	MemoryContext memory = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool good = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(memory);
	PG_TRY();
	{
		sto_entry_from_values(p->values, p->nulls, &p->entry);
		sto_order_check_shape(&p->entry.order);
		sto_order_resolve(p);
		/* a list's one signature is not over this order */
		good = p->entry.signatures != NULL && sto_authorise(p).sqlstate == 0 &&
			   p->entry.has_key_policy;
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData *error;
		StoReasons unused = {0};

		MemoryContextSwitchTo(memory);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(memory);
		CurrentResourceOwner = owner;
		if (!sto_reason_add_error(&unused, error))
			ReThrowError(error);
		good = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(memory);
	CurrentResourceOwner = owner;
	return good;
}

static char *
hex(const uint8_t *octets, size_t len)
{
	char *text = palloc(2 * len + 1);

	sto_hex_encode(octets, len, text);
	return text;
}

/* Names of the reasons, each once: joined by that, and between these. */
static char *
names_of(const StoReasons *reasons, const char *quote)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < reasons->count; i++)
	{
		bool before = false;

		for (int j = 0; j < i && !before; j++)
			before = strcmp(reasons->items[j].rule, reasons->items[i].rule) == 0;
		if (!before)
			appendStringInfo(&text, "%s%s%s%s", i > 0 ? "," : "", quote, reasons->items[i].rule,
							 quote);
	}
	return text.data;
}

typedef struct Refusal
{
	const uint8_t *subject;
	const char *body;
} Refusal;

static void
insert_event(const void *key)
{
	static const char statement[] =
		"INSERT INTO sto.event (kind, subject, actor, body) VALUES ('refusal', $1, "
		"'00000000-0000-0000-0000-000000000000', $2::pg_catalog.json)";
	const Refusal *refusal = key;
	Oid types[2] = {UUIDOID, TEXTOID};
	Datum arguments[2] = {StoUuidGetDatum(refusal->subject), CStringGetTextDatum(refusal->body)};
	MemoryContext memory = CurrentMemoryContext;

	sto_refusal_recording = true;
	PG_TRY();
	{
		if (SPI_execute_with_args(statement, 2, types, arguments, NULL, false, 0) != SPI_OK_INSERT)
			elog(ERROR, "could not record a refusal");
	}
	PG_FINALLY();
	{
		sto_refusal_recording = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(memory);
}

/*
 * The refusal with that subject, or 0.  An order that was sent again may be refused in two
 * sessions at once: whoever comes second waits, and finds it on record.  Who knows the order
 * beforehand can register something else under that uuid: that is no record of the refusal,
 * and there is no other subject for it, but the answers to the other orders stand.
 */
static int64
find_or_insert(const Refusal *refusal)
{
	Datum key = StoUuidGetDatum(refusal->subject);
	char kind[16];
	int64 event;
	bool isnull;
	StoRow row;

	/* first, as in the gate */
	sto_gate_lock_writer(RowExclusiveLock);
	(void) sto_row_lock_or_make(
		STO_REL_SUBJECT, STO_IDX_SUBJECT, 1, &key,
		hash_bytes_extended(refusal->subject, STO_UUID_LEN, STO_REL_SUBJECT), insert_event, refusal,
		&row);
	event = DatumGetInt64(sto_row_get(&row, SUBJECT_LAST_EVENT, &isnull));
	text_to_cstring_buffer(DatumGetTextPP(sto_row_get(&row, SUBJECT_KIND, &isnull)), kind,
						   sizeof(kind));
	sto_row_close(&row);
	if (strcmp(kind, "refusal") == 0)
		return event;
	ereport(WARNING,
			(errmsg("a refusal is not on record"),
			 errdetail("Its uuid, %s, was given to something else by event " INT64_FORMAT ".",
					   sto_uuid_text(refusal->subject), event)));
	return 0;
}

int64
sto_refusal_record(const Datum *values, const bool *nulls, const uint8_t party[STO_UUID_LEN],
				   const char *state, const StoReasons *reasons)
{
	StoPosting *p = palloc0(sizeof(StoPosting));
	uint8_t message[STO_ORDER_MAX];
	uint8_t subject[STO_UUID_LEN];
	StringInfoData body;
	bool is_signed;
	StoWriter w;

	p->mode = STO_MODE_POST;
	p->check_signatures = true;
	sto_fact_ledger(&p->ledger);
	memcpy(p->values, values, sizeof(p->values));
	memcpy(p->nulls, nulls, sizeof(p->nulls));
	memcpy(p->entry.posted_by, party, STO_UUID_LEN);
	is_signed = authorised(p);
	if (!sto_fact_token(p->entry.order.token_id, &p->token) ||
		(!is_signed && !token_records_all(p->entry.order.token_id)))
		return 0;
	sto_writer_init(&w, message, sizeof(message));
	sto_put_order(&w, p->ledger.ledger_id, &p->entry.order);
	if (w.failed)
		return 0;
	if (!sto_refusal_subject(message, w.len, state, names_of(reasons, ""), subject))
		elog(ERROR, "could not compute SHA-256");

	initStringInfo(&body);
	appendStringInfo(&body,
					 "{\"token\":\"%s\",\"party\":\"%s\",\"order\":\"%s\",\"state\":\"%s\","
					 "\"reasons\":[%s]",
					 sto_uuid_text(p->entry.order.token_id), sto_uuid_text(party),
					 hex(message, w.len), state, names_of(reasons, "\""));
	if (is_signed)
		appendStringInfo(&body, ",\"signatures\":\"%s\",\"key_policy\":" INT64_FORMAT,
						 hex(p->entry.signatures, p->entry.signatures_len), p->entry.key_policy);
	appendStringInfoChar(&body, '}');
	return find_or_insert(&(Refusal){subject, body.data});
}
