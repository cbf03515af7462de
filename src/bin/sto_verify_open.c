/*
 * sto_verify_open.c
 *		The beginning of a verification: source, checkpoints to compare, saved state.
 */
#include "bin/sto_verify_run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bin/export.h"

/* Ids begin at 1, where reading does: rows below would be in every query's answer, and never read.
 */
static bool
check_lowest(Run *run)
{
	int64_t low[2]; /* how many, the lowest */

	if (!database_numbers(
			&run->db,
			"SELECT pg_catalog.count(*), pg_catalog.min(entry_id) FROM (SELECT entry_id "
			"FROM ONLY sto.event WHERE entry_id OPERATOR(pg_catalog.<=) 0 UNION ALL "
			"SELECT entry_id FROM ONLY sto.transfer WHERE entry_id "
			"OPERATOR(pg_catalog.<=) 0) AS low",
			low, 2))
		return false;
	if (low[0] != 0)
		report_problemf(run->report, low[1], CHECK_READ,
						"%" PRId64 " rows of the log have ids below 1, which the ledger gives none",
						low[0]);
	return true;
}

static bool
open_database(Run *run)
{
	ProofsStart start = {.size = run->start.tree.frontier.size,
						 .last_id = run->start.tree.last_id,
						 .root = run->start.root};
	int64_t rows[2] = {0, 0};
	char why[SOURCE_WHY_MAX] = "";

	if (!database_open(&run->db, run->o->conninfo))
	{
		report_unsure(run->report, "%s", run->db.why);
		return false;
	}
	run->has_db = true;
	if (run->db.has_seals)
	{
		run->proofs = proofs_open(&run->db, run->report, run->notes, &start);
		if (run->proofs == NULL)
			return false;
	}
	run->until = -1;
	if (!run->db.shared)
	{
		/* three moments then: only what is sealed is the same in all of them */
		run->until = run->proofs != NULL ? proofs_sealed_id(run->proofs) : 0;
		report_unsure(run->report,
					  "the server exports no snapshot (%s): only sealed entries were read",
					  run->db.why);
	}
	if (!database_numbers(
			&run->db,
			"SELECT (SELECT entry_id FROM ONLY sto.event ORDER BY entry_id DESC LIMIT 1),"
			"(SELECT entry_id FROM ONLY sto.transfer ORDER BY entry_id DESC LIMIT 1)",
			rows, 2) ||
		!check_lowest(run) ||
		(run->source = source_database(run->db.log[0], run->db.log[1], start.last_id, run->until,
									   why)) == NULL)
	{
		report_unsure(run->report, "%s", why[0] != '\0' ? why : run->db.why);
		return false;
	}
	progress_begin(&run->progress, !run->o->json && !run->o->quiet, start.size,
				   rows[0] > rows[1] ? rows[0] : rows[1]);
	if (run->proofs != NULL)
		run->save_size = proofs_signed(run->proofs) > 0 ? proofs_signed(run->proofs)
														: proofs_sealed(run->proofs);
	return true;
}

static Mark *
new_mark(Run *run, const char *dir, const char *name, bool is_signed, const char *where)
{
	Mark *mark = &run->marks[run->mark_count];
	const char *why = NULL;

	if (!mark_read(dir, name, is_signed, mark, &why))
	{
		report_unsure(run->report, "%s %s can't be read: %s", where, name, why);
		return NULL;
	}
	if (!is_signed)
	{
		free(mark->note);
		mark->note = NULL;
	}
	mark->where = where;
	run->mark_count++;
	return mark;
}

static bool
open_export(Run *run)
{
	bool is_signed = export_exists(run->o->export_dir, "checkpoint");
	Mark *mark = new_mark(run, run->o->export_dir, is_signed ? "checkpoint" : "checkpoint.unsigned",
						  is_signed, "the export's checkpoint");
	int64_t from = run->start.tree.frontier.size;

	if (mark == NULL)
		return false;
	if (mark->size < from)
	{
		report_problemf(run->report, run->start.tree.last_id, CHECK_STATE,
						"%" PRId64 " leaves were accepted before, the export has %" PRId64, from,
						mark->size);
		return false;
	}
	run->source = source_export(run->o->export_dir, from, mark->size);
	if (run->source == NULL)
	{
		report_unsure(run->report, "out of memory");
		return false;
	}
	progress_begin(&run->progress, !run->o->json && !run->o->quiet, from, mark->size);
	run->save_size = mark->size;
	return true;
}

/* The last leaf that was accepted must still be in the log, whatever the blocks say. */
static void
check_last_leaf(Run *run)
{
	char query[300];
	Cursor c;
	const uint8_t *leaf;

	if (!run->has_db || run->start.tree.frontier.size == 0)
		return;
	snprintf(query, sizeof(query),
			 "SELECT leaf_hash FROM ONLY sto.event WHERE entry_id = %" PRId64
			 " UNION ALL SELECT leaf_hash FROM ONLY sto.transfer WHERE entry_id = %" PRId64,
			 run->start.tree.last_id, run->start.tree.last_id);
	if (!cursor_open(&c, &run->db, "last_leaf", 1, 2, query))
	{
		report_unsure(run->report, "%s", run->db.why);
		return;
	}
	if (cursor_next(&c) != FETCH_ROW || (leaf = cursor_octets(&c, 0, STO_DIGEST_LEN)) == NULL ||
		memcmp(leaf, run->start.last_leaf.octets, STO_DIGEST_LEN) != 0)
		report_problem(run->report, run->start.tree.last_id, CHECK_STATE,
					   "the last entry that was accepted is gone or changed");
	cursor_close(&c);
}

bool
open_run(Run *run)
{
	const uint8_t *genesis = run->o->has_genesis ? run->o->genesis : NULL;
	StoReplayCalls calls = {.context = &run->current,
							.problem = run_problem,
							.check = run->o->signatures ? work_take_check : NULL,
							.side = work_take_side,
							.past = run_past};
	const char *why = "out of memory";

	if (run->o->state_file != NULL)
	{
		if (!state_load(run->o->state_file, genesis, &calls, &run->replay, &run->start, &why))
		{
			report_unsure(run->report, "the state file %s can't be used: %s", run->o->state_file,
						  why);
			return false;
		}
		if (run->replay != NULL && run->o->signatures && !run->start.signatures)
			report_unsure(run->report,
						  "entries to %" PRId64 " were accepted before without their signatures",
						  run->start.tree.last_id);
	}
	if (run->replay == NULL)
		run->replay = sto_replay_new(genesis, &calls);
	if (run->replay == NULL)
	{
		report_unsure(run->report, "out of memory");
		return false;
	}
	sto_replay_counts(run->replay, &run->before);
	run->tree = run->start.tree;
	run->tree.full = run_tile;
	run->tree.context = run;
	run->shop.report = run->report;
	run->shop.database = run->o->conninfo != NULL;
	run->shop.sides = !run->shop.database;
	learn_ledger(run);
	if (run->o->export_dir != NULL ? !open_export(run) : !open_database(run))
		return false;
	if (run->o->checkpoint_file != NULL)
	{
		Mark *mark = new_mark(run, NULL, run->o->checkpoint_file, true, "the given checkpoint");

		if (mark == NULL)
			return false;
		if (run->save_size <= 0)
			run->save_size = mark->size;
	}
	if (run->o->state_file == NULL || run->save_size <= run->tree.frontier.size)
		run->save_size = -1;
	check_last_leaf(run);
	return true;
}
