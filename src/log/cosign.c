/*
 * cosign.c
 *		Cosignatures of checkpoints: taken from witnesses, shown with the note.
 *
 * A cosignature authorises itself: whoever hands it over, it counts if it is of
 * a witness that the register has, over the very text that the log signed.
 */
#include "postgres.h"

#include "log/cosign.h"

#include "errors.h"
#include "ledger/columns.h"
#include "ledger/facts.h"
#include "ledger/gate.h"
#include "ledger/store.h"
#include "log/columns.h"
#include "log/log_key.h"
#include "types/types.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(sto_checkpoint_sql);
PG_FUNCTION_INFO_V1(sto_add_cosignature);
PG_FUNCTION_INFO_V1(sto_verify_checkpoint);
PG_FUNCTION_INFO_V1(sto_verify_cosignatures);

/* Longer than a note of 64 signatures can be; what is longer is not looked at. */
#define NOTE_MAX 65536
#define VKEYS_MAX 1024
/* Others' clocks may differ from ours by this. */
#define CLOCKS_APART (INT64CONST(600) * USECS_PER_SEC)

static pg_attribute_noreturn() void openssl_failed(void)
{
	ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
					errmsg("could not verify a signature: OpenSSL failed")));
}

/* Read the row that a scan stands on. */
static void
read_checkpoint(const StoScan *scan, StoStoredCheckpoint *out)
{
	const char *why = "it is another tree size";
	bool isnull;
	text *note;

	out->tree_size = DatumGetInt64(slot_getattr(scan->slot, CHECKPOINT_TREE_SIZE, &isnull));
	out->signed_at = DatumGetTimestampTz(slot_getattr(scan->slot, CHECKPOINT_SIGNED_AT, &isnull));
	note = DatumGetTextPCopy(slot_getattr(scan->slot, CHECKPOINT_NOTE, &isnull));
	out->note = VARDATA(note);
	out->note_len = VARSIZE(note) - VARHDRSZ;
	if (!sto_note_parse(out->note, out->note_len, &out->parsed, &why) ||
		!sto_checkpoint_parse(out->parsed.text, out->parsed.text_len, &out->checkpoint, &why) ||
		out->checkpoint.size != out->tree_size)
		ereport(ERROR,
				(errcode(ERRCODE_STO_BROKEN_ROW),
				 errmsg("checkpoint of tree size " INT64_FORMAT " does not stand", out->tree_size),
				 errdetail("Its stored note: %s.", why)));
}

bool
sto_stored_checkpoint(int64 tree_size, Snapshot snapshot, StoStoredCheckpoint *out)
{
	Datum key = Int64GetDatum(tree_size);
	StoScan scan;
	bool found;

	sto_scan_begin(&scan, STO_REL_CHECKPOINT, STO_IDX_CHECKPOINT, tree_size < 0 ? 0 : 1, &key,
				   snapshot);
	found = index_getnext_slot(
		scan.scan, tree_size < 0 ? BackwardScanDirection : ForwardScanDirection, scan.slot);
	if (found)
		read_checkpoint(&scan, out);
	sto_scan_end(&scan);
	return found;
}

bool
sto_arg_checkpoint(FunctionCallInfo fcinfo, int n, Snapshot snapshot, StoStoredCheckpoint *out)
{
	int64 size = PG_ARGISNULL(n) ? -1 : PG_GETARG_INT64(n);

	if (!PG_ARGISNULL(n) && (size < 0 || !sto_stored_checkpoint(size, snapshot, out)))
		ereport(ERROR, (errcode(ERRCODE_STO_NO_SUCH_LEAF),
						errmsg("there is no checkpoint of tree size " INT64_FORMAT, size),
						errhint("sto.checkpoint_status lists the tree sizes that were signed.")));
	return !PG_ARGISNULL(n) || sto_stored_checkpoint(-1, snapshot, out);
}

void
sto_others_times(const StoStoredCheckpoint *stored, TimestampTz *earliest, TimestampTz *latest)
{
	TimestampTz now = GetCurrentTimestamp();

	*earliest = Min(stored->signed_at, now) - CLOCKS_APART;
	*latest = now + CLOCKS_APART;
}

/* A witness as registered; in memory of the current context. */
typedef struct Registered
{
	bool present;
	uint8_t party[STO_UUID_LEN];
	uint8_t fingerprint[STO_DIGEST_LEN];
	StoNoteKey key;
} Registered;

/* Every witness key that was ever registered: they are few. */
static Registered *
read_witnesses(Snapshot snapshot, int *count)
{
	int room = 8;
	Registered *list = palloc(room * sizeof(Registered));
	StoScan scan;

	*count = 0;
	sto_scan_begin(&scan, STO_REL_WITNESS, STO_IDX_WITNESS, 0, NULL, snapshot);
	while (sto_scan_next(&scan))
	{
		Registered *w;
		StoKey key;
		bool isnull;
		Datum d;
		text *name;
		const char *why;

		if (*count == room)
		{
			room *= 2;
			list = repalloc(list, room * sizeof(Registered));
		}
		w = &list[*count];
		(void) slot_getattr(scan.slot, WITNESS_RETIRED, &isnull);
		w->present = isnull;
		d = slot_getattr(scan.slot, WITNESS_PARTY_ID, &isnull);
		memcpy(w->party, DatumGetUUIDP(d)->data, STO_UUID_LEN);
		d = slot_getattr(scan.slot, WITNESS_FINGERPRINT, &isnull);
		memcpy(w->fingerprint, DatumGetStoOctets(d), STO_DIGEST_LEN);
		sto_datum_get_key(slot_getattr(scan.slot, WITNESS_KEY, &isnull), &key);
		name = DatumGetTextPP(slot_getattr(scan.slot, WITNESS_NAME, &isnull));
		/* the event was refused if it could not be a note's key */
		if (sto_note_key_make(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), STO_NOTE_COSIGNATURE,
							  &key, &w->key, &why))
			(*count)++;
	}
	sto_scan_end(&scan);
	return list;
}

text *
sto_cosigned_note(const StoStoredCheckpoint *stored, Snapshot snapshot)
{
	size_t size = stored->note_len + STO_NOTE_SIGNATURES_MAX * STO_NOTE_LINE_MAX;
	text *result = palloc(VARHDRSZ + size);
	char *out = VARDATA(result);
	size_t len = stored->note_len;
	int lines = stored->parsed.count;
	int count;
	Registered *witnesses = read_witnesses(snapshot, &count);
	Datum key = Int64GetDatum(stored->tree_size);
	StoScan scan;

	memcpy(out, stored->note, len);
	sto_scan_begin(&scan, STO_REL_COSIGNATURE, STO_IDX_COSIGNATURE, 1, &key, snapshot);
	while (lines < STO_NOTE_SIGNATURES_MAX && sto_scan_next(&scan))
	{
		bool isnull;
		const uint8_t *fingerprint =
			DatumGetStoOctets(slot_getattr(scan.slot, COSIGNATURE_FINGERPRINT, &isnull));
		bytea *sig = DatumGetByteaPP(slot_getattr(scan.slot, COSIGNATURE_SIGNATURE, &isnull));

		for (int i = 0; i < count; i++)
		{
			if (memcmp(witnesses[i].fingerprint, fingerprint, STO_DIGEST_LEN) != 0 ||
				VARSIZE_ANY_EXHDR(sig) != STO_COSIGNATURE_LEN)
				continue;
			len += sto_note_line_print(&witnesses[i].key, (const uint8_t *) VARDATA_ANY(sig),
									   STO_COSIGNATURE_LEN, out + len);
			lines++;
			break;
		}
	}
	sto_scan_end(&scan);
	SET_VARSIZE(result, VARHDRSZ + len);
	return result;
}

/*
 * sto.checkpoint(tree_size bigint DEFAULT NULL) returns text
 *
 * The signed note with every stored cosignature; by default of the newest
 * checkpoint, null if there is none yet.
 *
 * Errors: ST502 for a tree size that was not signed; ST404 if the stored note is
 * none.
 */
Datum
sto_checkpoint_sql(PG_FUNCTION_ARGS)
{
	Snapshot snapshot = GetActiveSnapshot();
	StoStoredCheckpoint stored;

	if (!sto_arg_checkpoint(fcinfo, 0, snapshot, &stored))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(sto_cosigned_note(&stored, snapshot));
}

static pg_attribute_noreturn() void bad_note(const char *why)
{
	ereport(ERROR, (errcode(ERRCODE_STO_BAD_NOTE), errmsg("this is not a checkpoint's note"),
					errdetail("Reason: %s.", why),
					errhint("Pass the note whole: text, empty line, signature lines.")));
}

/* The stored checkpoint whose text this note has; the log's own line is there and good. */
static void
find_signed(const char *note, size_t len, StoNote *parsed, StoStoredCheckpoint *stored)
{
	StoCheckpoint said;
	char name[STO_NOTE_NAME_MAX + 1];
	const char *why;

	if (len > NOTE_MAX)
		bad_note("it is too long");
	if (!sto_note_parse(note, len, parsed, &why) ||
		!sto_checkpoint_parse(parsed->text, parsed->text_len, &said, &why))
		bad_note(why);
	if (!sto_log_name(name))
		ereport(ERROR, (errcode(ERRCODE_STO_LEDGER_NOT_OPEN), errmsg("the ledger is not open")));
	if (said.origin_len != strlen(name) || memcmp(said.origin, name, said.origin_len) != 0)
		ereport(ERROR, (errcode(ERRCODE_STO_BAD_NOTE), errmsg("the checkpoint is of another log"),
						errdetail("This log is %s.", name)));
	if (!sto_log_signed(name, parsed))
		ereport(ERROR, (errcode(ERRCODE_STO_BAD_NOTE),
						errmsg("the checkpoint has no good signature of the log's key"),
						errhint("Leave the log's own line in the note.")));
	if (!sto_stored_checkpoint(said.size, NULL, stored) ||
		stored->parsed.text_len != parsed->text_len ||
		memcmp(stored->parsed.text, parsed->text, parsed->text_len) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_STO_BAD_NOTE),
				 errmsg("the log's key signed this checkpoint, but this ledger has no such one"),
				 errdetail("Tree size " INT64_FORMAT ".", said.size),
				 errhint("It proves a roll-back or a fork: hand it over to "
						 "sto.report_checkpoint(note).")));
}

/* The line of this key whose time is this; sto_note_check has seen that it is there. */
static void
signature_of(const StoNote *note, const StoNoteKey *key, int64 time,
			 uint8_t out[STO_COSIGNATURE_LEN])
{
	for (int i = 0; i < note->count; i++)
	{
		const StoNoteLine *line = &note->lines[i];
		StoReader r;

		if (line->name_len != key->name_len || memcmp(line->name, key->name, key->name_len) != 0 ||
			memcmp(line->id, key->id, STO_NOTE_KEY_ID_LEN) != 0 ||
			!sto_note_line_signature(line, out, STO_COSIGNATURE_LEN))
			continue;
		sto_reader_init(&r, out, STO_COSIGNATURE_LEN);
		if (sto_get_i64(&r) == time)
			return;
	}
	elog(ERROR, "a cosignature that was checked is not in its note");
}

static int64
seconds(TimestampTz at)
{
	return StoTimeFromTimestamp(at) / USECS_PER_SEC;
}

/* A witness signs after the log, and not in the future. */
static void
check_time(const StoStoredCheckpoint *stored, const StoNoteKey *key, int64 time)
{
	TimestampTz earliest;
	TimestampTz latest;

	sto_others_times(stored, &earliest, &latest);
	if (time < seconds(earliest) || time > seconds(latest))
		ereport(
			ERROR,
			(errcode(ERRCODE_STO_BAD_NOTE), errmsg("the time of a cosignature can't be right"),
			 errdetail("Witness %s says " INT64_FORMAT " seconds since 1970; the log signed "
					   "at " INT64_FORMAT ", and now it is " INT64_FORMAT ".",
					   key->name, time, seconds(stored->signed_at), seconds(GetCurrentTimestamp())),
			 errhint("Set the clock that is wrong.  If it is the witness's, its cosignature must "
					 "be made anew.")));
}

/* Store it, unless this key has cosigned this tree size already. */
static bool
store(const StoStoredCheckpoint *stored, const Registered *w, int64 time,
	  const uint8_t sig[STO_COSIGNATURE_LEN])
{
	Datum keys[2] = {Int64GetDatum(stored->tree_size), PointerGetDatum(w->fingerprint)};
	Datum values[COSIGNATURE_COLUMNS];
	bool nulls[COSIGNATURE_COLUMNS] = {false};
	bytea *signature = palloc(VARHDRSZ + STO_COSIGNATURE_LEN);
	StoRow row;
	bool found = sto_store_find(STO_REL_COSIGNATURE, STO_IDX_COSIGNATURE, 2, keys, &row);

	sto_row_close(&row);
	if (found)
		return false;
	SET_VARSIZE(signature, VARHDRSZ + STO_COSIGNATURE_LEN);
	memcpy(VARDATA(signature), sig, STO_COSIGNATURE_LEN);
	values[COSIGNATURE_TREE_SIZE - 1] = keys[0];
	values[COSIGNATURE_COSIGNED_AT - 1] =
		TimestampTzGetDatum(StoTimeToTimestamp(time * USECS_PER_SEC));
	values[COSIGNATURE_PARTY_ID - 1] = PointerGetDatum(w->party);
	values[COSIGNATURE_FINGERPRINT - 1] = keys[1];
	values[COSIGNATURE_SIGNATURE - 1] = PointerGetDatum(signature);
	sto_store_insert(STO_REL_COSIGNATURE, values, nulls);
	return true;
}

/*
 * sto.add_cosignature(note text) returns bigint
 *
 * Take the cosignatures of present witnesses out of a note that the log signed;
 * returns how many were new.  Lines of unknown keys are left alone (signed-note).
 *
 * Errors: ST504 if the note is none, is not this log's, or has a bad signature of
 * a known key; 38000 if OpenSSL failed; 23505 if the same one comes twice at once.
 */
Datum
sto_add_cosignature(PG_FUNCTION_ARGS)
{
	text *note = PG_GETARG_TEXT_PP(0);
	StoNote parsed;
	StoStoredCheckpoint stored;
	Registered *witnesses;
	int count;
	int64 added = 0;

	PreventCommandIfReadOnly("sto.add_cosignature()");
	PreventCommandIfParallelMode("sto.add_cosignature()");
	find_signed(VARDATA_ANY(note), sto_note_len(VARDATA_ANY(note), VARSIZE_ANY_EXHDR(note)),
				&parsed, &stored);
	witnesses = read_witnesses(NULL, &count);
	for (int i = 0; i < count; i++)
	{
		const Registered *w = &witnesses[i];
		uint8_t sig[STO_COSIGNATURE_LEN];
		bool found;
		int64 time;
		StoCheck check;

		if (!w->present || !sto_fact_capability(w->party, "witness"))
			continue;
		check = sto_note_check(&parsed, &w->key, &found, &time);
		if (!found)
			continue;
		if (check == STO_CHECK_FAILED)
			openssl_failed();
		if (check == STO_CHECK_BAD)
			ereport(ERROR, (errcode(ERRCODE_STO_BAD_NOTE),
							errmsg("the cosignature of witness %s does not verify", w->key.name),
							errdetail("Tree size " INT64_FORMAT ".", stored.tree_size)));
		check_time(&stored, &w->key, time);
		signature_of(&parsed, &w->key, time, sig);
		if (store(&stored, w, time, sig))
			added++;
	}
	PG_RETURN_INT64(added);
}

void
sto_text_vkey(const text *vkey, StoNoteKey *key)
{
	const char *why;

	if (!sto_vkey_parse(VARDATA_ANY(vkey), VARSIZE_ANY_EXHDR(vkey), key, &why))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid note key"),
						errdetail("Reason: %s.", why),
						errhint("A note key is written name+id+base64, as sto.log_vkey() and "
								"\"sto_witness vkey\" print it.")));
}

static bool
parse_note(const text *note, StoNote *parsed, StoCheckpoint *checkpoint)
{
	const char *why;

	return VARSIZE_ANY_EXHDR(note) <= NOTE_MAX &&
		   sto_note_parse(VARDATA_ANY(note),
						  sto_note_len(VARDATA_ANY(note), VARSIZE_ANY_EXHDR(note)), parsed, &why) &&
		   sto_checkpoint_parse(parsed->text, parsed->text_len, checkpoint, &why);
}

/*
 * sto.verify_checkpoint(note text, vkey text) returns boolean
 *
 * Is this note a checkpoint that this key signed?  A log's key signs only
 * checkpoints whose origin is its name; a witness's key (cosignature/v1) any.
 *
 * Errors: 22023 if the key is none; 38000 if OpenSSL failed.
 */
Datum
sto_verify_checkpoint(PG_FUNCTION_ARGS)
{
	StoNoteKey key;
	StoNote note;
	StoCheckpoint checkpoint;
	StoCheck check;
	bool found;

	sto_text_vkey(PG_GETARG_TEXT_PP(1), &key);
	if (!parse_note(PG_GETARG_TEXT_PP(0), &note, &checkpoint))
		PG_RETURN_BOOL(false);
	if (key.type == STO_NOTE_ED25519 && (checkpoint.origin_len != key.name_len ||
										 memcmp(checkpoint.origin, key.name, key.name_len) != 0))
		PG_RETURN_BOOL(false);
	check = sto_note_check(&note, &key, &found, NULL);
	if (check == STO_CHECK_FAILED)
		openssl_failed();
	PG_RETURN_BOOL(found && check == STO_CHECK_GOOD);
}

/*
 * sto.verify_cosignatures(note text, vkeys text[]) returns integer
 *
 * How many of these witnesses' keys cosigned the note, each counted once.  0 also
 * for what must be rejected: no checkpoint's note, or a bad signature of one of
 * the keys (signed-note).
 *
 * Errors: 22023 if one of the keys is none, or not a witness's; 22004 if one is
 * null; 54000 for more than 1024; 38000 if OpenSSL failed.
 */
Datum
sto_verify_cosignatures(PG_FUNCTION_ARGS)
{
	StoNote note;
	StoCheckpoint checkpoint;
	bool good_note = parse_note(PG_GETARG_TEXT_PP(0), &note, &checkpoint);
	bool rejected = !good_note;
	StoNoteKey *keys;
	Datum *vkeys;
	bool *nulls;
	int count;
	int good = 0;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &vkeys, &nulls,
					  &count);
	if (count > VKEYS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("more than %d keys", VKEYS_MAX)));
	keys = palloc(Max(count, 1) * sizeof(StoNoteKey));
	for (int i = 0; i < count; i++)
	{
		bool found = false;
		bool repeated = false;
		StoCheck check;

		if (nulls[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("a note key must not be null")));
		sto_text_vkey(DatumGetTextPP(vkeys[i]), &keys[i]);
		if (keys[i].type != STO_NOTE_COSIGNATURE)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("key \"%s\" is not a witness's", keys[i].name)));
		/* a cosignature doesn't bind its name: a key counts once under any */
		for (int j = 0; j < i && !repeated; j++)
			repeated = memcmp(keys[j].key.data, keys[i].key.data, keys[i].key.len) == 0;
		if (!good_note || repeated)
			continue;
		check = sto_note_check(&note, &keys[i], &found, NULL);
		if (check == STO_CHECK_FAILED)
			openssl_failed();
		if (found && check == STO_CHECK_GOOD)
			good++;
		else if (found)
			rejected = true;
	}
	PG_RETURN_INT32(rejected ? 0 : good);
}
