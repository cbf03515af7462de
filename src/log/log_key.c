/*
 * log_key.c
 *		The log's name and its keys, as the register has them.
 */
#include "postgres.h"

#include "log/log_key.h"

#include "errors.h"
#include "ledger/columns.h"
#include "ledger/facts.h"
#include "ledger/register.h"
#include "ledger/store.h"
#include "types/types.h"

#include "fmgr.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(sto_log_origin_sql);
PG_FUNCTION_INFO_V1(sto_log_vkey_sql);

bool
sto_log_name(char out[STO_NOTE_NAME_MAX + 1])
{
	StoLedgerFact ledger;
	StoRow row;
	Datum key;
	bool isnull;
	char *id;
	char *origin;

	if (!sto_fact_ledger_try(&ledger))
		return false;
	key = StoUuidGetDatum(ledger.ledger_id);
	if (!sto_store_find(STO_REL_LEDGER, STO_IDX_LEDGER, 1, &key, &row))
	{
		sto_row_close(&row);
		return false;
	}
	origin = TextDatumGetCString(sto_row_get(&row, LEDGER_ORIGIN, &isnull));
	sto_row_close(&row);
	id = sto_uuid_text(ledger.ledger_id);
	/* an origin has at most 200 octets */
	snprintf(out, STO_NOTE_NAME_MAX + 1, "%s/%s", origin, id);
	pfree(origin);
	pfree(id);
	return true;
}

static void
make(const char *name, const StoRow *row, StoNoteKey *out)
{
	StoKey key;
	const char *why;
	bool isnull;

	sto_datum_get_key(sto_row_get(row, LOG_KEY_KEY, &isnull), &key);
	if (!sto_note_key_make(name, strlen(name), STO_NOTE_ED25519, &key, out, &why))
		ereport(ERROR, (errcode(ERRCODE_STO_SIGNING_REFUSED),
						errmsg("the log's name can't be that of a note's key"),
						errdetail("\"%s\": %s.", name, why)));
}

/* Each key in turn, until one will do. */
static bool
find(const char *name, bool (*will_do)(const StoRow *row, const StoNoteKey *key, const void *with),
	 const void *with, StoNoteKey *out, int64 *registered)
{
	StoScan scan;
	bool found = false;

	sto_scan_begin(&scan, STO_REL_LOG_KEY, STO_IDX_LOG_KEY, 0, NULL, NULL);
	while (!found && sto_scan_next(&scan))
	{
		StoRow row = {.rel = scan.rel, .slot = scan.slot, .found = true};
		bool isnull;

		make(name, &row, out);
		*registered = DatumGetInt64(sto_row_get(&row, LOG_KEY_REGISTERED, &isnull));
		found = will_do(&row, out, with);
	}
	sto_scan_end(&scan);
	return found;
}

static bool
is_present(const StoRow *row, const StoNoteKey *key, const void *with)
{
	bool isnull;

	(void) sto_row_get(row, LOG_KEY_RETIRED, &isnull);
	return isnull;
}

static bool
has_signed(const StoRow *row, const StoNoteKey *key, const void *note)
{
	bool found;
	StoCheck check = sto_note_check(note, key, &found, NULL);

	if (check == STO_CHECK_FAILED)
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
						errmsg("could not verify a signature")));
	return found && check == STO_CHECK_GOOD;
}

bool
sto_log_key(const char *name, StoNoteKey *key, int64 *registered)
{
	return find(name, is_present, NULL, key, registered);
}

bool
sto_log_signed(const char *name, const StoNote *note)
{
	StoNoteKey key;
	int64 registered;

	return find(name, has_signed, note, &key, &registered);
}

/* sto.log_origin() returns text: null if the ledger is not open */
Datum
sto_log_origin_sql(PG_FUNCTION_ARGS)
{
	char name[STO_NOTE_NAME_MAX + 1];

	if (!sto_log_name(name))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(name));
}

/* sto.log_vkey() returns text: null if no key is registered */
Datum
sto_log_vkey_sql(PG_FUNCTION_ARGS)
{
	char name[STO_NOTE_NAME_MAX + 1];
	char vkey[STO_NOTE_NAME_MAX + 64];
	StoNoteKey key;
	int64 registered;

	if (!sto_log_name(name) || !sto_log_key(name, &key, &registered))
		PG_RETURN_NULL();
	sto_vkey_print(&key, vkey);
	PG_RETURN_TEXT_P(cstring_to_text(vkey));
}
