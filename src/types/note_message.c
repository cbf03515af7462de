/*
 * note_message.c
 *		What a key that signs notes signs when it is registered.
 *
 * docs/format.md, "Keys that sign notes".
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "core/receipt.h"
#include "compat.h"
#include "types/types.h"

PG_FUNCTION_INFO_V1(sto_note_possession_message);

/*
 * sto.note_possession_message(ledger_id uuid, party uuid, name text, key public_key) returns bytea
 *
 * party is null for the log's own key.
 *
 * Errors: 22004 for any other null; 22001 for a name of more than 255 octets.
 */
Datum
sto_note_possession_message(PG_FUNCTION_ARGS)
{
	const uint8_t *party = PG_ARGISNULL(1) ? NULL : PG_GETARG_STO_OCTETS(1);
	uint8_t message[512];
	bytea *result;
	StoKey key;
	StoWriter w;
	text *name;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("ledger, name and key must not be null")));
	name = PG_GETARG_TEXT_PP(2);
	if (VARSIZE_ANY_EXHDR(name) > STO_NOTE_NAME_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
				 errmsg("the name of a note's key has at most %d octets", STO_NOTE_NAME_MAX)));
	sto_datum_get_key(PG_GETARG_DATUM(3), &key);
	sto_writer_init(&w, message, sizeof(message));
	sto_put_note_possession(&w, PG_GETARG_STO_OCTETS(0), party, VARDATA_ANY(name),
							VARSIZE_ANY_EXHDR(name), &key);
	if (w.failed)
		elog(ERROR, "could not build a proof of possession");
	result = palloc(VARHDRSZ + w.len);
	SET_VARSIZE(result, VARHDRSZ + w.len);
	memcpy(VARDATA(result), message, w.len);
	PG_RETURN_BYTEA_P(result);
}
