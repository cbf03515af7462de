/*
 * sto_verify_ledger.c
 *		The whole log: read, fold, judge.
 *
 * One thread, the reader, takes chunks from the source, folds them in order and
 * grows the tree.  Before the fold other threads make rows of a chunk's octets,
 * after it they hash and check signatures.  A ring of chunks bounds memory.
 */
#include "bin/sto_verify_run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RING_PER_JOB 4 /* chunks in work for each thread */

void
run_problem(void *context, int64_t entry_id, const char *check, const char *text)
{
	Run *run = (Run *) ((char *) context - offsetof(Run, current));

	if (strcmp(check, STO_CHECK_FAILED_CALL) == 0)
		report_unsure(run->report, "%s", text);
	else
		report_problem(run->report, entry_id, check, text);
}

/* A tile of the tree is full. */
void
run_tile(void *context, int level, int64_t n, const StoHash *hashes, const StoHash *root,
		 const int64_t *ids)
{
	Run *run = context;

	if (run->proofs != NULL)
		proofs_tile(run->proofs, level, n, hashes, root, ids);
	else if (run->o->export_dir != NULL)
		files_tile(run->o->export_dir, run->report, level, n, STO_TILE_WIDTH, hashes, ids);
}

/* The tree has a mark's size. */
static void
compare_mark(Run *run, Mark *mark)
{
	Evidence e = {.where = mark->where, .size = mark->size, .last_id = run->tree.last_id};
	StoHash root;
	int64_t size;
	const char *why;

	mark->compared = true;
	if (!sto_frontier_root(&run->tree.frontier, &root))
		run->tree_failed = true;
	else if (memcmp(root.octets, mark->root.octets, STO_DIGEST_LEN) != 0)
		report_problemf(run->report, run->tree.last_id, CHECK_CHECKPOINT,
						"the root of the first %" PRId64 " leaves is not that of %s", mark->size,
						mark->where);
	else if (mark->note != NULL &&
			 !note_read(mark->note, mark->note_len, run->replay, &size, &root, &why))
		report_problemf(run->report, run->tree.last_id, CHECK_CHECKPOINT, "%s: %s", mark->where,
						why);
	else if (mark->note != NULL)
	{
		e.note = mark->note;
		e.note_len = mark->note_len;
		mark->note = NULL;
		notes_judge(run->notes, run->replay, &e);
	}
}

static void
save_state(Run *run)
{
	Accepted accepted = {.tree = run->tree};
	bool from_start = run->start.tree.frontier.size == 0;
	int64_t last = run->tree.frontier.size - 1;

	run->save_size = -1;
	accepted.signatures = run->o->signatures && (from_start || run->start.signatures);
	accepted.last_leaf = run->tree.tiles[0][last % STO_TILE_WIDTH];
	if (!run->replay_ended && sto_frontier_root(&run->tree.frontier, &accepted.root))
		run->saved = state_write(run->o->state_file, run->replay, &accepted);
	if (!run->saved)
		report_unsure(run->report, "the state can't be written to %s: %s", run->o->state_file,
					  strerror(errno));
}

/* The tree is as it is, and the next leaf's id is known (INT64_MAX: there is none). */
static void
compare(Run *run, int64_t next_id)
{
	if (run->proofs != NULL)
		proofs_compare(run->proofs, &run->tree, run->replay, next_id);
	for (int i = 0; i < run->mark_count; i++)
	{
		if (!run->marks[i].compared && run->marks[i].size == run->tree.frontier.size)
			compare_mark(run, &run->marks[i]);
	}
	if (run->save_size == run->tree.frontier.size)
		save_state(run);
}

/* Can the whole chunk be appended before there is anything to compare? */
static bool
is_smooth(const Run *run, const Chunk *chunk)
{
	int64_t size = run->tree.frontier.size;
	int64_t end = size + chunk->count;

	if (!chunk->has_root || size % STO_TILE_WIDTH != 0)
		return false;
	if (run->proofs != NULL && (proofs_until(run->proofs) < end ||
								proofs_until_id(run->proofs) < chunk->rows[chunk->count - 1].id))
		return false;
	for (int i = 0; i < run->mark_count; i++)
	{
		if (run->marks[i].size > size && run->marks[i].size < end)
			return false;
	}
	return run->save_size < size || run->save_size >= end;
}

/* Facts about a row that aren't the fold's. */
static void
count_row(Run *run, const Row *row, int64_t before)
{
	if (row->id > before + 1 && before > 0)
		run->unused += row->id - before - 1;
	if (run->proofs != NULL && row->id > proofs_sealed_id(run->proofs))
		run->unsealed++;
}

/* False if the chunk isn't there. */
static bool
take_chunk(Run *run, Work *work)
{
	Chunk *chunk = &work->chunk;
	int64_t before = run->tree.last_id;
	bool smooth;

	run->current = work;
	if (chunk->missing != NULL)
	{
		report_unsure(run->report, "%s can't be read: %s", chunk->path, chunk->missing);
		return false;
	}
	if (chunk->surplus)
		report_problemf(run->report, chunk->rows[chunk->count - 1].id, CHECK_READ,
						"%s goes on behind its last record", chunk->path);
	chunk->first = run->tree.frontier.size;
	compare(run, chunk->rows[0].id);
	smooth = is_smooth(run, chunk);
	for (int i = 0; i < chunk->count; i++)
	{
		if (i % STO_REPLAY_AHEAD == 0)
			run_expect(run, chunk, i);
		if (i > 0 && !smooth)
			compare(run, chunk->rows[i].id);
		run_fold(run, i);
		/* a row without a leaf was complained of; the tree shows it too */
		if (!smooth && chunk->rows[i].has_leaf)
			run->tree_failed |= !tree_append(&run->tree, chunk->rows[i].id, &chunk->rows[i].leaf);
	}
	if (smooth)
		run->tree_failed |= !tree_append_tile(&run->tree, chunk->rows, &chunk->root);
	for (int i = 0; i < chunk->count; i++)
	{
		count_row(run, &chunk->rows[i], before);
		before = chunk->rows[i].id;
	}
	return true;
}

static void
prepare(Task *task)
{
	Work *work = (Work *) task;

	work->source->prepare(&work->chunk);
}

/* Fill a chunk and have it prepared; false at the end of the source. */
static bool
start_chunk(Run *run, Work *work, int64_t index)
{
	int max = STO_TILE_WIDTH - (int) (index % STO_TILE_WIDTH);

	if (work->busy)
		pool_wait(run->pool, &work->finish);
	work_clear(work);
	work->source = run->source;
	work->shop = &run->shop;
	work->chunk.prepare.run = prepare;
	work->finish.run = work_finish;
	switch (run->source->fill(run->source, &work->chunk, max))
	{
		case SOURCE_ROWS:
			pool_submit(run->pool, &work->chunk.prepare, true);
			return true;
		case SOURCE_END:
			return false;
		case SOURCE_BROKEN:
			report_problemf(run->report, run->source->last_read, CHECK_READ, "after this entry: %s",
							run->source->why);
			break;
		default:
			report_unsure(run->report, "%s", run->source->why);
	}
	run->cut = true;
	return false;
}

static void
read_all(Run *run)
{
	int64_t filled = 0;
	int64_t folded = 0;
	int64_t index = run->tree.frontier.size;
	bool more = true;

	for (;;)
	{
		Work *work;

		while (more && filled - folded < run->ring_size / 2)
		{
			work = run->ring[filled % run->ring_size];
			more = start_chunk(run, work, index);
			index += work->chunk.count;
			filled += more;
		}
		if (folded == filled)
			break;
		work = run->ring[folded++ % run->ring_size];
		pool_wait(run->pool, &work->chunk.prepare);
		if (!take_chunk(run, work))
		{
			run->cut = true;
			break;
		}
		work->busy = true;
		pool_submit(run->pool, &work->finish, false);
		progress_show(&run->progress, run->tree.frontier.size);
	}
	pool_drain(run->pool);
}

static bool
make_ring(Run *run)
{
	run->ring_size = run->o->jobs == 1 ? 2 : RING_PER_JOB * run->o->jobs;
	run->ring = calloc((size_t) run->ring_size, sizeof(Work *));
	for (int i = 0; run->ring != NULL && i < run->ring_size; i++)
	{
		if ((run->ring[i] = calloc(1, sizeof(Work))) == NULL)
			return false;
	}
	return run->ring != NULL;
}

static void
end_marks(Run *run)
{
	for (int i = 0; i < run->mark_count; i++)
	{
		Mark *mark = &run->marks[i];

		if (mark->compared)
			continue;
		if (mark->size < run->start.tree.frontier.size)
			report_fact(run->report, "not compared",
						"%s: %" PRId64 " leaves, fewer than were accepted before", mark->where,
						mark->size);
		else
			report_problemf(run->report, run->tree.last_id, CHECK_CHECKPOINT,
							"%s has %" PRId64 " leaves, the log only %" PRId64, mark->where,
							mark->size, run->tree.frontier.size);
	}
}

/* The page's lines in their order, whatever is found first. */
static void
list_checks(Run *run)
{
	static const struct
	{
		const char *check;
		const char *noun;
	} lines[] = {
		{STO_CHECK_RECORD, "records"},
		{CHECK_LEAF, "records"},
		{STO_CHECK_ORDER, "records"},
		{STO_CHECK_LINK, "records"},
		{STO_CHECK_TIME, "records"},
		{STO_CHECK_AUTHORITY, "records"},
		{STO_CHECK_SIGNATURE, "signatures"},
		{STO_CHECK_BODY, "events"},
		{STO_CHECK_KEY, "events"},
		{STO_CHECK_RULE, "entries"},
		{STO_CHECK_RULES, "entries"},
		{STO_CHECK_ORDER_ID, "entries"},
		{STO_CHECK_SIDE, "entries"},
		{STO_CHECK_BALANCE, "entries"},
		{STO_CHECK_HOLD, "entries"},
		{STO_CHECK_BATCH, "entries"},
		{STO_CHECK_GROUP, "entries"},
		{STO_CHECK_CASE, "entries"},
		{STO_CHECK_CLOSE, "closes"},
		{CHECK_BLOCK, "blocks"},
		{CHECK_TILE, "tiles"},
		{CHECK_CHECKPOINT, "checkpoints"},
		{CHECK_COSIGNATURE, "cosignatures"},
		{CHECK_TIME_STAMP, "time-stamps"},
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		report_examined(run->report, lines[i].check, 0, lines[i].noun);
}

/* How much the fold looked at, beyond what an earlier run did. */
static void
count_checks(Run *run)
{
	static const char *const of_records[] = {STO_CHECK_RECORD, STO_CHECK_ORDER, STO_CHECK_LINK,
											 STO_CHECK_TIME, STO_CHECK_AUTHORITY};
	static const char *const of_events[] = {STO_CHECK_BODY, STO_CHECK_KEY};
	static const char *const of_entries[] = {STO_CHECK_RULE,  STO_CHECK_RULES,   STO_CHECK_ORDER_ID,
											 STO_CHECK_SIDE,  STO_CHECK_BALANCE, STO_CHECK_HOLD,
											 STO_CHECK_BATCH, STO_CHECK_GROUP,   STO_CHECK_CASE};
	StoReplayCounts n;

	sto_replay_counts(run->replay, &n);
	for (size_t i = 0; i < sizeof(of_records) / sizeof(of_records[0]); i++)
		report_examined(run->report, of_records[i], n.records - run->before.records, "records");
	for (size_t i = 0; i < sizeof(of_events) / sizeof(of_events[0]); i++)
		report_examined(run->report, of_events[i], n.events - run->before.events, "events");
	for (size_t i = 0; i < sizeof(of_entries) / sizeof(of_entries[0]); i++)
		report_examined(run->report, of_entries[i], n.entries - run->before.entries, "entries");
	report_examined(run->report, STO_CHECK_CLOSE, n.closes - run->before.closes, "closes");
}

/* Everything was read, or nothing more can be. */
static void
end_run(Run *run)
{
	bool whole = run->has_db && run->db.shared;

	if (run->cut)
	{
		tell_facts(run);
		return;
	}
	compare(run, INT64_MAX);
	if (!run->replay_ended)
		sto_replay_end(run->replay, whole);
	if (run->proofs != NULL)
		proofs_end(run->proofs, &run->tree, run->replay);
	else if (run->o->export_dir != NULL)
		files_partial(run->o->export_dir, run->report, &run->tree);
	end_marks(run);
	tell_facts(run);
	if (sto_replay_ledger(run->replay) != NULL)
		notes_end(run->notes, run->replay, run->start.tree.frontier.size > 0);
	else
		report_problem(run->report, 0, STO_CHECK_LEDGER, "there is no ledger in it");
	if (whole && !run->replay_ended && run->db.reads_all)
		tables_compare(&run->db, run->report, run->replay);
	else if (whole && !run->db.reads_all)
		report_unsure(run->report,
					  "row security hides rows from this role: positions were not compared");
}

static void
free_run(Run *run)
{
	pool_drain(run->pool);
	for (int i = 0; run->ring != NULL && i < run->ring_size; i++)
		work_free(run->ring[i]);
	free(run->ring);
	for (int i = 0; i < run->mark_count; i++)
		free(run->marks[i].note);
	if (run->source != NULL)
		run->source->close(run->source);
	proofs_free(run->proofs);
	database_close(&run->db);
	pool_free(run->pool);
	notes_free(run->notes);
	sto_replay_free(run->replay);
}

Verdict
verify_ledger(const Options *options)
{
	Run run = {.o = options, .save_size = -1};
	Verdict verdict;

	run.report = report_new();
	run.pool = pool_new(options->jobs);
	run.notes =
		run.report != NULL && run.pool != NULL ? notes_new(options, run.report, run.pool) : NULL;
	if (run.notes == NULL || !make_ring(&run))
	{
		fprintf(stderr, "sto_verify: out of memory\n");
		return VERDICT_UNSURE;
	}
	tree_init(&run.start.tree);
	if (!options->has_genesis)
		report_unsure(run.report, "no --genesis was given, so nothing says which ledger this is");
	if (open_run(&run))
	{
		list_checks(&run);
		read_all(&run);
		end_run(&run);
		count_checks(&run);
		progress_end(&run.progress);
		if (run.tree_failed)
			report_unsure(run.report, "OpenSSL failed");
	}
	verdict = report_verdict(run.report);
	if (run.saved && verdict == VERDICT_WHOLE && !state_commit(options->state_file))
	{
		report_unsure(run.report, "the state can't be written to %s: %s", options->state_file,
					  strerror(errno));
		verdict = report_verdict(run.report);
	}
	else if (run.saved && verdict != VERDICT_WHOLE)
		state_discard(options->state_file);
	report_print(run.report, stdout, "whole", options->json, options->quiet);
	free_run(&run);
	report_free(run.report);
	return verdict;
}
