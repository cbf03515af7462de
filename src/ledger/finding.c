/*
 * finding.c
 *		Findings that are to come: kept from their entry to their event.
 *
 * A function's word can't be had again from the log, so it is put into the log.  Not by
 * the row trigger that asked: on a replica an event can't come before the entry that it
 * cites.  What is kept follows savepoints: an entry that is rolled back takes its findings
 * along, and of an event that is, the finding is to come again.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "ledger/finding.h"
#include "ledger/gate.h"
#include "ledger/register.h"
#include "ledger/store.h"

#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/memutils.h"

/* The list is given back if it was longer. */
#define KEEP_LIST 1024

bool sto_finding_recording = false;

static StoHeard *kept = NULL; /* in TopMemoryContext, in the order of the log */
static int kept_count = 0;
static int kept_size = 0;
static int kept_next = 0; /* where the next one is likely found */

static bool
is_to_come(const StoHeard *heard)
{
	return heard->done_in == InvalidSubTransactionId;
}

static void
free_texts(StoHeard *heard)
{
	if (heard->label != NULL)
		pfree(heard->label);
	if (heard->reason != NULL)
		pfree(heard->reason);
}

static char *
keep_text(const char *text)
{
	return text != NULL ? MemoryContextStrdup(TopMemoryContext, text) : NULL;
}

/* Those of which no rollback can bring anything back. */
static void
drop_done(void)
{
	int count = 0;

	for (int i = 0; i < kept_count; i++)
		if (kept[i].done_in == kept[i].subid)
			free_texts(&kept[i]);
		else
			kept[count++] = kept[i];
	kept_count = count;
	kept_next = 0;
}

static void
make_room(void)
{
	int size = kept_size ? kept_size * 2 : 16;

	drop_done();
	if (kept_count < kept_size / 2)
		return;
	kept = kept ? repalloc_huge(kept, (Size) size * sizeof(StoHeard))
				: MemoryContextAlloc(TopMemoryContext, size * sizeof(StoHeard));
	kept_size = size;
}

static void
find_subject(const uint8_t *ledger_id, int64 entry_id, int number, uint8_t *out)
{
	if (!sto_finding_subject(ledger_id, entry_id, number, out))
		elog(ERROR, "could not compute SHA-256");
}

bool
sto_finding_has_place(const uint8_t ledger_id[STO_UUID_LEN], int64 entry_id, int number)
{
	uint8_t subject[STO_UUID_LEN];
	Datum key = StoUuidGetDatum(subject);
	StoRow row;
	bool found;

	find_subject(ledger_id, entry_id, number, subject);
	found = sto_store_find(STO_REL_SUBJECT, STO_IDX_SUBJECT, 1, &key, &row);
	sto_row_close(&row);
	return !found;
}

void
sto_finding_expect(const StoHeard *heard)
{
	StoHeard *copy;

	if (kept_count == kept_size)
		make_room();
	copy = &kept[kept_count];
	*copy = *heard;
	copy->label = keep_text(heard->label);
	copy->reason = keep_text(heard->reason);
	copy->subid = GetCurrentSubTransactionId();
	copy->done_in = InvalidSubTransactionId;
	kept_count++;
}

const StoHeard *
sto_finding_take(int64 entry_id, int64 number)
{
	for (int i = 0; i < kept_count; i++)
	{
		StoHeard *heard = &kept[(kept_next + i) % kept_count];

		if (heard->entry_id != entry_id || heard->number != number || !is_to_come(heard))
			continue;
		heard->done_in = GetCurrentSubTransactionId();
		kept_next = (int) (heard - kept) + 1;
		return heard;
	}
	return NULL;
}

void
sto_findings_close(void)
{
	if (kept_count == 0)
		return;
	for (int i = 0; i < kept_count; i++)
		if (is_to_come(&kept[i]))
			kept[i].done_in = GetCurrentSubTransactionId();
	drop_done();
}

void
sto_findings_subxact_commit(SubTransactionId subid, SubTransactionId parent)
{
	for (int i = 0; i < kept_count; i++)
	{
		if (kept[i].subid == subid)
			kept[i].subid = parent;
		if (kept[i].done_in == subid)
			kept[i].done_in = parent;
	}
}

void
sto_findings_forget(SubTransactionId subid)
{
	int count = 0;

	for (int i = 0; i < kept_count; i++)
	{
		if (kept[i].subid >= subid)
		{
			free_texts(&kept[i]);
			continue;
		}
		if (kept[i].done_in >= subid)
			kept[i].done_in = InvalidSubTransactionId;
		kept[count++] = kept[i];
	}
	kept_count = count;
	kept_next = 0;
	if (kept_count > 0 || kept_size <= KEEP_LIST)
		return;
	pfree(kept);
	kept = NULL;
	kept_size = 0;
}

static char *
body_of(const StoHeard *heard)
{
	char definition[2 * STO_DIGEST_LEN + 1];
	StringInfoData body;

	sto_hex_encode(heard->definition, STO_DIGEST_LEN, definition);
	initStringInfo(&body);
	appendStringInfo(&body,
					 "{\"entry\":" INT64_FORMAT ",\"rule_set\":" INT64_FORMAT
					 ",\"number\":%d,\"definition\":\"%s\",",
					 heard->entry_id, heard->rule_set, heard->number, definition);
	if (heard->reason != NULL)
	{
		appendStringInfoString(&body, "\"reason\":");
		escape_json(&body, heard->reason);
	}
	else
		appendStringInfo(&body, "\"state\":\"%s\"", heard->state);
	appendStringInfoChar(&body, '}');
	return body.data;
}

/* Its row triggers, the gate's, fire; the acting role needs no right but to have posted the entry.
 */
static void
write_event(const StoHeard *heard, const uint8_t *ledger_id)
{
	Datum values[EVENT_COLUMNS] = {0};
	bool nulls[EVENT_COLUMNS];
	uint8_t subject[STO_UUID_LEN];

	find_subject(ledger_id, heard->entry_id, heard->number, subject);
	memset(nulls, true, sizeof(nulls));
#define SET(column, value)                                                                         \
	do                                                                                             \
	{                                                                                              \
		values[EVENT_##column - 1] = (value);                                                      \
		nulls[EVENT_##column - 1] = false;                                                         \
	} while (0)
	SET(KIND, CStringGetTextDatum("finding"));
	SET(SUBJECT, StoUuidGetDatum(subject));
	SET(ACTOR, StoUuidGetDatum(sto_nil_uuid));
	SET(BODY, CStringGetTextDatum(body_of(heard)));
#undef SET
	sto_store_insert(STO_REL_EVENT, values, nulls);
}

static void
write_all(void)
{
	MemoryContext row_context =
		AllocSetContextCreate(CurrentMemoryContext, "sto finding", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(row_context);
	StoLedgerFact ledger;

	sto_fact_ledger(&ledger);
	for (int i = 0; i < kept_count; i++)
		if (is_to_come(&kept[i]))
		{
			write_event(&kept[i], ledger.ledger_id);
			MemoryContextReset(row_context);
		}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(row_context);
}

void
sto_findings_write(void)
{
	/* a rule's function may end a statement that wrote nothing */
	if (kept_count == 0 || sto_finding_recording || sto_rule_asked ||
		sto_gate_mode() != STO_MODE_POST)
		return;
	sto_finding_recording = true;
	PG_TRY();
	{
		write_all();
	}
	PG_FINALLY();
	{
		sto_finding_recording = false;
	}
	PG_END_TRY();
	drop_done();
}
