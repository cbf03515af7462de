/*
 * verify_note.c
 *		What is wrong with a stored checkpoint, cosignature or time-stamp.
 *
 * Pure functions for sto.verify(): each gives null if nothing is, else a reason.
 * A row that was altered is an answer, never an error.
 */
#include "postgres.h"

#include "core/note.h"
#include "core/timestamp.h"
#include "ledger/gate.h"
#include "types/types.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(sto_checkpoint_fault);
PG_FUNCTION_INFO_V1(sto_cosignature_fault);
PG_FUNCTION_INFO_V1(sto_time_stamp_fault);

/* Longer than any note that we store, with every witness's line. */
#define STORED_NOTE_MAX (STO_CHECKPOINT_TEXT_MAX + 1 + STO_NOTE_SIGNATURES_MAX * STO_NOTE_LINE_MAX)

pg_attribute_noreturn() static void openssl_failed(void)
{
	ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
					errmsg("could not check a signature: OpenSSL failed")));
}

/* Reasons are static texts. */
static Datum
answer(FunctionCallInfo fcinfo, const char *why)
{
	if (why == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(why));
}

static const char *
parse(const text *stored, StoNote *note, StoCheckpoint *checkpoint)
{
	const char *why = NULL;

	if (VARSIZE_ANY_EXHDR(stored) > STORED_NOTE_MAX)
		return "the note is longer than any that is stored";
	if (!sto_note_parse(VARDATA_ANY(stored), VARSIZE_ANY_EXHDR(stored), note, &why) ||
		!sto_checkpoint_parse(note->text, note->text_len, checkpoint, &why))
		return why;
	return NULL;
}

static const char *
checkpoint_fault(FunctionCallInfo fcinfo)
{
	text *name = PG_GETARG_TEXT_PP(1);
	StoKey octets;
	StoNoteKey key;
	StoNote note;
	StoCheckpoint checkpoint;
	bool found;
	const char *why = parse(PG_GETARG_TEXT_PP(0), &note, &checkpoint);

	if (why != NULL)
		return why;
	sto_datum_get_key(PG_GETARG_DATUM(2), &octets);
	if (!sto_note_key_make(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), STO_NOTE_ED25519, &octets,
						   &key, &why))
		return why;
	if (checkpoint.origin_len != key.name_len ||
		memcmp(checkpoint.origin, key.name, key.name_len) != 0)
		return "it is of another origin";
	if (checkpoint.size != PG_GETARG_INT64(3))
		return "its note is of another tree size";
	if (memcmp(checkpoint.root.octets, PG_GETARG_STO_OCTETS(4), STO_DIGEST_LEN) != 0)
		return "its note has another root";
	if (PG_GETARG_BOOL(5) && note.count != 1)
		return "its note has other signatures than the log's";
	switch (sto_note_check(&note, &key, &found, NULL))
	{
		case STO_CHECK_GOOD:
			return NULL;
		case STO_CHECK_BAD:
			return found ? "the log's signature does not verify"
						 : "it is not signed by a key of the log that was in force";
		default:
			openssl_failed();
	}
}

/*
 * sto.checkpoint_fault(note text, name text, key public_key, tree_size bigint, root digest) returns
 * text
 *
 * note must be the log's, of that size and root, with this key's signature alone.
 */
Datum
sto_checkpoint_fault(PG_FUNCTION_ARGS)
{
	return answer(fcinfo, checkpoint_fault(fcinfo));
}

static const char *
cosignature_fault(FunctionCallInfo fcinfo)
{
	bytea *stored = PG_GETARG_BYTEA_PP(3);
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(2);
	const uint8_t *octets = (const uint8_t *) VARDATA_ANY(stored);
	StoKey key;
	StoNote note;
	StoCheckpoint checkpoint;
	StoReader r;
	StoWriter w;
	int64 seconds;
	uint8_t *message;
	const char *why = parse(PG_GETARG_TEXT_PP(0), &note, &checkpoint);

	if (why != NULL)
		return why;
	sto_datum_get_key(PG_GETARG_DATUM(1), &key);
	if (VARSIZE_ANY_EXHDR(stored) != STO_COSIGNATURE_LEN)
		return "a cosignature has 72 octets";
	sto_reader_init(&r, octets, STO_COSIGNATURE_LEN);
	seconds = sto_get_i64(&r);
	if (TIMESTAMP_NOT_FINITE(at) || seconds < 0 || seconds > PG_INT64_MAX / USECS_PER_SEC ||
		StoTimeFromTimestamp(at) != seconds * USECS_PER_SEC)
		return "its time is not the one that was signed";

	sto_writer_init(&w, NULL, 0);
	sto_put_cosignature(&w, seconds, note.text, note.text_len);
	message = palloc(w.len);
	sto_writer_init(&w, message, w.len);
	sto_put_cosignature(&w, seconds, note.text, note.text_len);
	switch (sto_signature_check(&key, message, w.len, octets + 8))
	{
		case STO_CHECK_GOOD:
			return NULL;
		case STO_CHECK_BAD:
			return "its signature does not verify";
		default:
			openssl_failed();
	}
}

/*
 * sto.cosignature_fault(note text, key public_key, cosigned_at timestamptz, signature bytea)
 * returns text
 *
 * signature must be a cosignature/v1 of that time over the note's text.
 */
Datum
sto_cosignature_fault(PG_FUNCTION_ARGS)
{
	return answer(fcinfo, cosignature_fault(fcinfo));
}

static const char *
time_stamp_fault(FunctionCallInfo fcinfo)
{
	bytea *reply = PG_GETARG_BYTEA_PP(1);
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(3);
	StoNote note;
	StoCheckpoint checkpoint;
	int64_t time;
	const char *why = parse(PG_GETARG_TEXT_PP(0), &note, &checkpoint);

	if (why != NULL)
		return why;
	switch (sto_timestamp_check(VARDATA_ANY(reply), VARSIZE_ANY_EXHDR(reply), note.text,
								note.text_len, text_to_cstring(PG_GETARG_TEXT_PP(2)), &time, &why))
	{
		case STO_STAMP_GOOD:
			return !TIMESTAMP_NOT_FINITE(at) && StoTimeFromTimestamp(at) == time
					   ? NULL
					   : "its time is not the one that was signed";
		case STO_STAMP_BAD:
			return why;
		default:
			openssl_failed();
	}
}

/*
 * sto.time_stamp_fault(note text, reply bytea, certificates text, gen_time timestamptz) returns
 * text
 *
 * reply must be a good RFC 3161 reply over the note's text, of that time, under these certificates.
 */
Datum
sto_time_stamp_fault(PG_FUNCTION_ARGS)
{
	return answer(fcinfo, time_stamp_fault(fcinfo));
}
