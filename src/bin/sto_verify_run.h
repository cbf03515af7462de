/*
 * sto_verify_run.h
 *		One verification of a whole log: what its two files share.
 */
#ifndef STO_VERIFY_RUN_H
#define STO_VERIFY_RUN_H

#include "bin/sto_verify.h"

#define MARKS_MAX 3

typedef struct Run
{
	const Options *o;
	Report *report;
	Pool *pool;
	Notes *notes;
	WorkShop shop;
	Work *current; /* whose rows are being folded */
	Work **ring;
	int ring_size;
	StoReplay *replay;
	bool replay_ended; /* it can't go on */
	bool has_ledger;
	Accepted start;         /* where this run begins */
	StoReplayCounts before; /* of an earlier run */
	Tree tree;
	bool tree_failed;
	Source *source;
	bool cut; /* the source ended before its end */
	Database db;
	bool has_db;
	Proofs *proofs;
	int64_t until;
	int mark_count;
	Mark marks[MARKS_MAX];
	int64_t save_size; /* when the tree has it the state is written; -1: never */
	bool saved;
	int64_t rows;
	int64_t unsealed;
	int64_t unused; /* ids without a row */
	Progress progress;
} Run;

/* sto_verify_open.c: where to read from, and what there is to compare; false, reported, if it can't
 * be. */
extern bool open_run(Run *run);
/* What the fold calls for problems. */
extern void run_problem(void *context, int64_t entry_id, const char *check, const char *text);
/* What the tree calls for full tiles. */
extern void run_tile(void *context, int level, int64_t n, const StoHash *hashes,
					 const StoHash *root, const int64_t *ids);
/* sto_verify_fold.c: row i of the present chunk; the rows of a chunk from i on are next. */
extern void run_fold(Run *run, int i);
extern void run_expect(Run *run, const Chunk *chunk, int i);
extern void learn_ledger(Run *run);

/* sto_verify_facts.c: whose log it is, how long, what was left out */
extern void tell_facts(Run *run);

/* sto_verify_past.c: a token's entries again */
extern bool run_past(void *context, StoReplay *replay, const uint8_t token_id[STO_UUID_LEN],
					 int64_t first, int64_t before);

#endif
