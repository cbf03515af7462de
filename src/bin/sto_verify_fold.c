/*
 * sto_verify_fold.c
 *		A chunk's rows, one after another, into the fold.
 */
#include "bin/sto_verify_run.h"

#include <inttypes.h>
#include <string.h>

/* Of a database's entry: the sides that the fold worked out beside the row's columns. */
static bool
same_side(const StoSide *a, const StoSide *b)
{
	if (a->present != b->present)
		return false;
	return !a->present || (a->seq == b->seq && a->balance == b->balance && a->held == b->held &&
						   a->has_prev == b->has_prev &&
						   (!a->has_prev || memcmp(a->prev, b->prev, STO_DIGEST_LEN) == 0));
}

static void
compare_sides(Run *run, int64_t id, const Columns *columns, const StoRecord *folded)
{
	if (folded == NULL || folded->kind != STO_RECORD_ENTRY)
		return;
	if (!same_side(&columns->debit, &folded->entry.debit))
		report_problem(run->report, id, STO_CHECK_SIDE,
					   "the debit side's columns are not what earlier entries give");
	if (!same_side(&columns->credit, &folded->entry.credit))
		report_problem(run->report, id, STO_CHECK_SIDE,
					   "the credit side's columns are not what earlier entries give");
}

static void
keep_salt(Run *run, int i, int side, bool has_wallet, const uint8_t *wallet)
{
	const uint8_t *salt = has_wallet ? sto_replay_salt(run->replay, wallet) : NULL;

	run->current->has_salt[i][side] = salt != NULL;
	if (salt != NULL)
		memcpy(run->current->salts[i][side], salt, STO_DIGEST_LEN);
}

/* Threads read the id once the first chunk is folded: written once, before. */
void
learn_ledger(Run *run)
{
	const StoReplayLedger *ledger = run->has_ledger ? NULL : sto_replay_ledger(run->replay);

	if (ledger == NULL)
		return;
	memcpy(run->shop.ledger_id, ledger->ledger_id, STO_UUID_LEN);
	run->has_ledger = true;
}

/* A database's row; false if the fold can't go on. */
static bool
fold_columns(Run *run, int i)
{
	const Row *row = &run->current->chunk.rows[i];
	Columns *columns = &run->current->chunk.columns[i];
	const StoOrder *order = &columns->record.entry.order;

	/* a row doesn't name its ledger, but its leaf does; genesis names none */
	if (run->has_ledger)
		memcpy(columns->record.ledger_id, run->shop.ledger_id, STO_UUID_LEN);
	if (!sto_replay_parsed(run->replay, &columns->record, row->leaf.octets))
		return false;
	if (columns->record.kind != STO_RECORD_ENTRY)
		return true;
	compare_sides(run, row->id, columns, sto_replay_last(run->replay));
	keep_salt(run, i, 0, order->has_debit, order->debit);
	keep_salt(run, i, 1, order->has_credit, order->credit);
	return true;
}

void
run_fold(Run *run, int i)
{
	const Chunk *chunk = &run->current->chunk;
	const Row *row = &chunk->rows[i];

	run->rows++;
	if (!row->readable)
	{
		report_problemf(run->report, row->id != 0 ? row->id : run->tree.last_id + 1,
						STO_CHECK_RECORD, "it can't be read: %s", row->why);
		return;
	}
	if (run->replay_ended)
		return;
	if (chunk->columns != NULL ? !fold_columns(run, i)
							   : !sto_replay_record(run->replay, chunk->raw[i].data,
													chunk->raw[i].len, row->leaf.octets))
	{
		run->replay_ended = true;
		report_unsure(run->report, "the log can't be folded from entry %" PRId64 " on", row->id);
		return;
	}
	learn_ledger(run);
}

void
run_expect(Run *run, const Chunk *chunk, int i)
{
	StoReplayComing coming[STO_REPLAY_AHEAD];
	size_t count = 0;

	for (; i < chunk->count && count < STO_REPLAY_AHEAD; i++)
	{
		if (!chunk->rows[i].readable)
			continue;
		if (chunk->columns != NULL)
			sto_replay_coming_parsed(&chunk->columns[i].record, &coming[count++]);
		else
			sto_replay_coming(chunk->raw[i].data, chunk->raw[i].len, &coming[count++]);
	}
	sto_replay_expect(run->replay, coming, count);
}
