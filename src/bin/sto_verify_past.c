/*
 * sto_verify_past.c
 *		A token's entries read once again: it has got rules that ask how its units
 *		moved before.
 */
#include "bin/sto_verify_run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The row at hand; false if it is no entry. */
static bool
read_past(const Cursor *c, StoReplayPast *past)
{
	size_t len;
	const uint8_t *kind = cursor_view(c, 2, &len);
	const uint8_t *debit = cursor_octets(c, 3, STO_ADDRESS_LEN);
	const uint8_t *amount = cursor_octets(c, 5, STO_AMOUNT_LEN);
	StoReader r;

	if (kind == NULL || debit == NULL || amount == NULL ||
		!sto_kind_from_name((const char *) kind, len, &past->kind))
		return false;
	past->entry_id = cursor_number(c, 0);
	past->posted_at = cursor_time(c, 1);
	past->has_credit = cursor_octets(c, 4, STO_ADDRESS_LEN) != NULL;
	memcpy(past->debit, debit, STO_ADDRESS_LEN);
	if (past->has_credit)
		memcpy(past->credit, cursor_octets(c, 4, STO_ADDRESS_LEN), STO_ADDRESS_LEN);
	sto_reader_init(&r, amount, STO_AMOUNT_LEN);
	past->amount = sto_get_amount(&r);
	return true;
}

/* From the snapshot that everything is read from. */
static bool
past_of_database(Run *run, const uint8_t *token_id, int64_t before)
{
	char hex[2 * STO_UUID_LEN + 1];
	char query[300];
	Cursor c;
	Fetch fetch;
	bool good = true;

	sto_hex_encode(token_id, STO_UUID_LEN, hex);
	snprintf(query, sizeof(query),
			 "SELECT entry_id, posted_at, kind, debit_wallet, credit_wallet, amount"
			 " FROM ONLY sto.transfer WHERE token_id = '%s' AND entry_id < %" PRId64
			 " ORDER BY entry_id",
			 hex, before);
	if (!cursor_open(&c, &run->db, "past", 6, 10000, query))
		return false;
	while (good && (fetch = cursor_next(&c)) != FETCH_END)
	{
		StoReplayPast past;

		good = fetch == FETCH_ROW && (!read_past(&c, &past) || sto_replay_past(run->replay, &past));
	}
	cursor_close(&c);
	return good;
}

static bool
tell_entry(Run *run, const StoEntry *entry)
{
	const StoOrder *o = &entry->order;
	StoReplayPast past = {.entry_id = entry->entry_id,
						  .posted_at = entry->posted_at,
						  .kind = o->kind,
						  .has_credit = o->has_credit,
						  .amount = o->amount};

	memcpy(past.debit, o->debit, STO_ADDRESS_LEN);
	memcpy(past.credit, o->credit, STO_ADDRESS_LEN);
	return sto_replay_past(run->replay, &past);
}

/* The token's entries of one bundle; *done: it came to the id. */
static bool
past_of_chunk(Run *run, const Chunk *chunk, const uint8_t *token_id, int64_t before, bool *done)
{
	for (int i = 0; i < chunk->count && !*done; i++)
	{
		const Row *row = &chunk->rows[i];
		const char *why;
		StoRecord record;

		*done = row->readable && row->id >= before;
		if (*done || !row->readable ||
			!sto_record_parse(chunk->raw[i].data, chunk->raw[i].len, &record, &why) ||
			record.kind != STO_RECORD_ENTRY ||
			memcmp(record.entry.order.token_id, token_id, STO_UUID_LEN) != 0)
			continue;
		if (!tell_entry(run, &record.entry))
			return false;
	}
	return true;
}

static bool
past_of_export(Run *run, const uint8_t *token_id, int64_t first, int64_t before)
{
	/* the first mark is the export's own checkpoint */
	Source *source = source_export(run->o->export_dir, first, run->marks[0].size);
	Chunk *chunk = calloc(1, sizeof(Chunk));
	bool good = source != NULL && chunk != NULL;
	bool done = false;

	while (good && !done && source->fill(source, chunk, CHUNK_ROWS) == SOURCE_ROWS)
	{
		source->prepare(chunk);
		good = chunk->missing == NULL && past_of_chunk(run, chunk, token_id, before, &done);
		chunk_clear(chunk);
	}
	if (chunk != NULL)
		chunk_free(chunk);
	free(chunk);
	if (source != NULL)
		source->close(source);
	return good;
}

bool
run_past(void *context, StoReplay *replay, const uint8_t token_id[STO_UUID_LEN], int64_t first,
		 int64_t before)
{
	Run *run = (Run *) ((char *) context - offsetof(Run, current));

	(void) replay;
	return run->has_db ? past_of_database(run, token_id, before)
					   : past_of_export(run, token_id, first, before);
}
