/*
 * sto_verify_evidence.c
 *		What a database says of its tree, held against the tree that its rows give:
 *		blocks, full tiles, checkpoints and what hangs on these.
 *
 * All of it is read as untrusted input, beside the log and in the same order, so
 * that nothing but one page of each is in memory.
 */
#include "bin/sto_verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_HASHES 7 /* of a tile, in column head; the rest is in column tail */
#define NOTE_MAX 1000000

struct Proofs
{
	Database *db;
	Report *report;
	Notes *notes;
	int64_t start_size; /* where this run began */
	int64_t sealed;     /* newest block */
	int64_t sealed_id;
	int64_t sealed_ms;
	int64_t signed_size; /* newest checkpoint */

	Cursor blocks;
	bool has_block;
	int64_t block_id;
	int64_t block_size;

	Cursor checkpoints;
	bool has_checkpoint;
	int64_t checkpoint_size;

	Cursor cosignatures;
	bool has_cosignature;
	Cursor stamps;
	bool has_stamp;

	Cursor tiles[TREE_LEVELS];
	bool tiles_open[TREE_LEVELS];
	bool failed; /* the server doesn't answer: reported already */
};

static void
lost(Proofs *p, const char *what)
{
	if (!p->failed && database_is_damaged(p->db))
		report_problemf(p->report, 0, CHECK_READ, "the server cannot read %s: %s", what,
						p->db->why);
	else if (!p->failed)
		report_unsure(p->report, "%s can't be read: %s", what, p->db->why);
	p->failed = true;
}

/* The next row, if there is one. */
static bool
next(Proofs *p, Cursor *c, const char *what)
{
	switch (cursor_next(c))
	{
		case FETCH_ROW:
			return true;
		case FETCH_END:
			return false;
		default:
			lost(p, what);
			return false;
	}
}

static void
next_block(Proofs *p)
{
	p->has_block = next(p, &p->blocks, "sto.block");
	if (p->has_block)
	{
		p->block_id = cursor_number(&p->blocks, 0);
		p->block_size = cursor_number(&p->blocks, 1);
	}
}

static void
next_checkpoint(Proofs *p)
{
	p->has_checkpoint = next(p, &p->checkpoints, "sto.checkpoint");
	if (p->has_checkpoint)
		p->checkpoint_size = cursor_number(&p->checkpoints, 0);
}

static bool
open_after(Proofs *p, Cursor *c, const char *name, int columns, int batch, const char *select,
		   const char *key, int64_t after, const char *order)
{
	char query[300];

	snprintf(query, sizeof(query), "SELECT %s WHERE %s > %" PRId64 " ORDER BY %s", select, key,
			 after, order);
	if (cursor_open(c, p->db, name, columns, batch, query))
		return true;
	lost(p, name);
	return false;
}

static bool
open_cursors(Proofs *p, const ProofsStart *start)
{
	/* the checkpoint that was accepted last is looked at again: it may have been cosigned since */
	int64_t before = start->size - 1;

	if (!open_after(p, &p->blocks, "blocks", 3, 1000,
					"last_id, tree_size, root FROM ONLY sto.block", "last_id", start->last_id,
					"last_id") ||
		!open_after(p, &p->checkpoints, "checkpoints", 2, 100,
					"tree_size, note FROM ONLY sto.checkpoint", "tree_size", before, "tree_size") ||
		!open_after(p, &p->cosignatures, "cosignatures", 5, 100,
					"tree_size, cosigned_at, party_id, fingerprint, signature FROM ONLY "
					"sto.cosignature",
					"tree_size", before, "tree_size, fingerprint") ||
		!open_after(p, &p->stamps, "stamps", 3, 100,
					"tree_size, gen_time, reply FROM ONLY sto.time_stamp", "tree_size", before,
					"tree_size, gen_time"))
		return false;
	next_block(p);
	next_checkpoint(p);
	p->has_cosignature = next(p, &p->cosignatures, "sto.cosignature");
	p->has_stamp = next(p, &p->stamps, "sto.time_stamp");
	return !p->failed;
}

/* What an earlier run accepted must still stand there. */
static void
check_start(Proofs *p, const ProofsStart *start)
{
	char query[200];
	Cursor c;

	if (start->size == 0)
		return;
	snprintf(query, sizeof(query),
			 "SELECT last_id, root FROM ONLY sto.block WHERE tree_size = %" PRId64, start->size);
	if (!cursor_open(&c, p->db, "accepted", 2, 2, query))
	{
		lost(p, "sto.block");
		return;
	}
	if (next(p, &c, "sto.block"))
	{
		const uint8_t *root = cursor_octets(&c, 1, STO_DIGEST_LEN);

		if (root == NULL || memcmp(root, start->root.octets, STO_DIGEST_LEN) != 0)
			report_problemf(p->report, start->last_id, CHECK_STATE,
							"the tree of %" PRId64
							" leaves has another root now than when it was accepted",
							start->size);
	}
	else if (!p->failed && p->sealed > 0)
		report_problemf(p->report, start->last_id, CHECK_STATE,
						"the block of %" PRId64 " leaves, accepted before, is gone", start->size);
	cursor_close(&c);
	report_examined(p->report, CHECK_STATE, 1, "root");
}

Proofs *
proofs_open(Database *db, Report *report, Notes *notes, const ProofsStart *start)
{
	Proofs *p = calloc(1, sizeof(Proofs));
	int64_t numbers[2];

	if (p == NULL)
	{
		report_unsure(report, "out of memory");
		return NULL;
	}
	p->db = db;
	p->report = report;
	p->notes = notes;
	p->start_size = start->size;
	if (!database_numbers(
			db, "SELECT tree_size, last_id FROM ONLY sto.block ORDER BY last_id DESC LIMIT 1",
			numbers, 2))
		lost(p, "sto.block");
	else if (numbers[0] > 0)
	{
		p->sealed = numbers[0];
		p->sealed_id = numbers[1];
	}
	if (!p->failed &&
		!database_numbers(
			db, "SELECT tree_size FROM ONLY sto.checkpoint ORDER BY tree_size DESC LIMIT 1",
			numbers, 1))
		lost(p, "sto.checkpoint");
	else if (numbers[0] > 0)
		p->signed_size = numbers[0];
	if (p->failed || !open_cursors(p, start))
	{
		proofs_free(p);
		return NULL;
	}
	check_start(p, start);
	return p;
}

void
proofs_free(Proofs *p)
{
	if (p == NULL)
		return;
	cursor_close(&p->blocks);
	cursor_close(&p->checkpoints);
	cursor_close(&p->cosignatures);
	cursor_close(&p->stamps);
	for (int i = 0; i < TREE_LEVELS; i++)
	{
		if (p->tiles_open[i])
			cursor_close(&p->tiles[i]);
	}
	free(p);
}

int64_t
proofs_sealed(const Proofs *p)
{
	return p->sealed;
}

int64_t
proofs_sealed_id(const Proofs *p)
{
	return p->sealed_id;
}

int64_t
proofs_signed(const Proofs *p)
{
	return p->signed_size;
}

int64_t
proofs_until(const Proofs *p)
{
	return p->has_checkpoint ? p->checkpoint_size : INT64_MAX;
}

int64_t
proofs_until_id(const Proofs *p)
{
	return p->has_block ? p->block_id : INT64_MAX;
}

static bool
root_is(const Tree *tree, const uint8_t *root)
{
	StoHash mine;

	return root != NULL && sto_frontier_root(&tree->frontier, &mine) &&
		   memcmp(mine.octets, root, STO_DIGEST_LEN) == 0;
}

/* The block at hand closes ids up to block_id, and all leaves of these are in the tree. */
static void
compare_block(Proofs *p, const Tree *tree)
{
	if (p->block_size != tree->frontier.size)
		report_problemf(p->report, tree->last_id, CHECK_BLOCK,
						"the log has %" PRId64 " leaves to id %" PRId64 ", its block says %" PRId64,
						tree->frontier.size, p->block_id, p->block_size);
	else if (!root_is(tree, cursor_octets(&p->blocks, 2, STO_DIGEST_LEN)))
		report_problemf(p->report, tree->last_id, CHECK_BLOCK,
						"the root of the first %" PRId64 " leaves is not the one that was sealed",
						tree->frontier.size);
	report_examined(p->report, CHECK_BLOCK, 1, "blocks");
	next_block(p);
}

static void *
copy(const void *data, size_t len)
{
	void *to = malloc(len + 1);

	if (to != NULL && len > 0)
		memcpy(to, data, len);
	return to;
}

static void
collect_cosignatures(Proofs *p, Evidence *e)
{
	int size = 0;

	while (p->has_cosignature && cursor_number(&p->cosignatures, 0) <= e->size)
	{
		const Cursor *c = &p->cosignatures;
		const uint8_t *party = cursor_octets(c, 2, STO_UUID_LEN);
		const uint8_t *fingerprint = cursor_octets(c, 3, STO_DIGEST_LEN);
		const uint8_t *signature = cursor_octets(c, 4, STO_COSIGNATURE_LEN);

		if (e->cosignature_count == size)
		{
			Cosignature *bigger;

			size = 2 * size + 4;
			bigger = realloc(e->cosignatures, (size_t) size * sizeof(Cosignature));
			if (bigger == NULL)
			{
				report_unsure(p->report, "out of memory");
				return;
			}
			e->cosignatures = bigger;
		}
		if (cursor_number(c, 0) < e->size || party == NULL || fingerprint == NULL ||
			signature == NULL)
			report_problemf(p->report, e->last_id, CHECK_COSIGNATURE,
							"a cosignature of %" PRId64
							" leaves has no checkpoint, or is malformed",
							cursor_number(c, 0));
		else
		{
			Cosignature *to = &e->cosignatures[e->cosignature_count++];

			memcpy(to->party, party, STO_UUID_LEN);
			memcpy(to->fingerprint, fingerprint, STO_DIGEST_LEN);
			memcpy(to->signature, signature, STO_COSIGNATURE_LEN);
			to->time = cursor_time(c, 1);
		}
		p->has_cosignature = next(p, &p->cosignatures, "sto.cosignature");
	}
}

static void
collect_stamps(Proofs *p, Evidence *e)
{
	while (p->has_stamp && cursor_number(&p->stamps, 0) <= e->size)
	{
		Stamp *bigger = realloc(e->stamps, (size_t) (e->stamp_count + 1) * sizeof(Stamp));
		size_t len;
		const uint8_t *reply = cursor_view(&p->stamps, 2, &len);

		if (bigger == NULL)
		{
			report_unsure(p->report, "out of memory");
			return;
		}
		e->stamps = bigger;
		if (cursor_number(&p->stamps, 0) < e->size || reply == NULL || len > STO_TIMESTAMP_MAX)
			report_problemf(p->report, e->last_id, CHECK_TIME_STAMP,
							"a time-stamp of %" PRId64 " leaves has no checkpoint, or is malformed",
							cursor_number(&p->stamps, 0));
		else
		{
			Stamp *to = &e->stamps[e->stamp_count];

			to->time = cursor_time(&p->stamps, 1);
			to->len = len;
			to->reply = copy(reply, len);
			e->stamp_count += to->reply != NULL;
		}
		p->has_stamp = next(p, &p->stamps, "sto.time_stamp");
	}
}

/* The tree has as many leaves as the checkpoint at hand. */
static void
compare_checkpoint(Proofs *p, const Tree *tree, const StoReplay *replay)
{
	Evidence e = {.where = "sto.checkpoint", .size = p->checkpoint_size, .last_id = tree->last_id};
	size_t len;
	const uint8_t *note = cursor_view(&p->checkpoints, 1, &len);
	StoHash root;
	int64_t size;
	const char *why = "it is null or too long";

	collect_cosignatures(p, &e);
	collect_stamps(p, &e);
	if (note == NULL || len > NOTE_MAX ||
		!note_read((const char *) note, len, replay, &size, &root, &why))
		report_problemf(p->report, e.last_id, CHECK_CHECKPOINT,
						"the note of %" PRId64 " leaves is no checkpoint of this log: %s", e.size,
						why);
	else if (size != e.size)
		report_problemf(p->report, e.last_id, CHECK_CHECKPOINT,
						"the checkpoint kept for %" PRId64 " leaves is of %" PRId64, e.size, size);
	else if (!root_is(tree, root.octets))
		report_problemf(p->report, e.last_id, CHECK_CHECKPOINT,
						"the root of the first %" PRId64 " leaves is not the one that was signed",
						e.size);
	else if ((e.note = copy(note, len)) == NULL)
		report_unsure(p->report, "out of memory");
	else
	{
		e.note_len = len;
		notes_judge(p->notes, replay, &e);
	}
	evidence_clear(&e);
	next_checkpoint(p);
}

void
proofs_compare(Proofs *p, const Tree *tree, const StoReplay *replay, int64_t next_id)
{
	while (p->has_block && p->block_id < next_id)
		compare_block(p, tree);
	while (p->has_checkpoint && p->checkpoint_size < tree->frontier.size)
	{
		report_problemf(p->report, tree->last_id, CHECK_CHECKPOINT,
						"the checkpoint of %" PRId64 " leaves is out of order", p->checkpoint_size);
		next_checkpoint(p);
	}
	if (p->has_checkpoint && p->checkpoint_size == tree->frontier.size)
		compare_checkpoint(p, tree, replay);
}

/* Which hash of a tile differs from the stored ones?  -1: none. */
static int
first_difference(const StoHash *hashes, const uint8_t *head, const uint8_t *tail)
{
	for (int i = 0; i < STO_TILE_WIDTH; i++)
	{
		const uint8_t *stored =
			i < HEAD_HASHES ? head + i * STO_DIGEST_LEN : tail + (i - HEAD_HASHES) * STO_DIGEST_LEN;

		if (memcmp(hashes[i].octets, stored, STO_DIGEST_LEN) != 0)
			return i;
	}
	return -1;
}

static void
open_tiles(Proofs *p, int level, int64_t n)
{
	char query[200];
	char name[16];

	snprintf(name, sizeof(name), "tiles_%d", level);
	snprintf(query, sizeof(query),
			 "SELECT tile, first_id, root, head, tail FROM ONLY sto.tile WHERE level = %d AND "
			 "tile >= %" PRId64 " ORDER BY tile",
			 level, n);
	if (!cursor_open(&p->tiles[level], p->db, name, 5, 32, query))
		lost(p, "sto.tile");
	p->tiles_open[level] = true;
}

void
proofs_tile(Proofs *p, int level, int64_t n, const StoHash *hashes, const StoHash *root,
			const int64_t *ids)
{
	Cursor *c = &p->tiles[level];
	const uint8_t *stored;
	const uint8_t *head;
	const uint8_t *tail;
	int64_t entry_id = ids != NULL ? ids[0] : 0;
	int at;

	/* what isn't sealed has no tile */
	if (p->failed || n >= p->sealed >> ((level + 1) * STO_TILE_LEVELS))
		return;
	if (!p->tiles_open[level])
		open_tiles(p, level, n);
	if (p->failed)
		return;
	if (!next(p, c, "sto.tile"))
	{
		if (!p->failed)
			report_problemf(p->report, entry_id, CHECK_TILE,
							"tile %" PRId64 " of level %d is missing", n, level);
		return;
	}
	report_examined(p->report, CHECK_TILE, 1, "tiles");
	stored = cursor_octets(c, 2, STO_DIGEST_LEN);
	head = cursor_octets(c, 3, HEAD_HASHES * STO_DIGEST_LEN);
	tail = cursor_octets(c, 4, (STO_TILE_WIDTH - HEAD_HASHES) * STO_DIGEST_LEN);
	if (cursor_number(c, 0) != n)
		report_problemf(p->report, entry_id, CHECK_TILE,
						"tile %" PRId64 " of level %d is missing, or its number was changed", n,
						level);
	else if (stored == NULL || head == NULL || tail == NULL)
		report_problemf(p->report, entry_id, CHECK_TILE,
						"tile %" PRId64 " of level %d is malformed", n, level);
	else if ((at = first_difference(hashes, head, tail)) >= 0)
		report_problemf(p->report, ids != NULL ? ids[at] : 0, CHECK_TILE,
						"hash %d of tile %" PRId64 " of level %d is not %s", at, n, level,
						ids != NULL ? "this entry's leaf" : "the root of the tile below it");
	else if (memcmp(stored, root->octets, STO_DIGEST_LEN) != 0)
		report_problemf(p->report, entry_id, CHECK_TILE,
						"the root of tile %" PRId64 " of level %d is not that of its hashes", n,
						level);
	else if (ids != NULL ? cursor_number(c, 1) != ids[0] : !cursor_null(c, 1))
		report_problemf(p->report, entry_id, CHECK_TILE,
						"first_id of tile %" PRId64 " of level %d is wrong", n, level);
}

/* Tiles of which no leaf came. */
static void
end_tiles(Proofs *p, const Tree *tree)
{
	int64_t number;

	for (int level = 0; level < TREE_LEVELS && !p->failed; level++)
	{
		if (!p->tiles_open[level])
			open_tiles(p, level, tree->frontier.size >> level * STO_TILE_LEVELS >> STO_TILE_LEVELS);
		if (!p->failed && next(p, &p->tiles[level], "sto.tile"))
			report_problemf(p->report, 0, CHECK_TILE,
							"tile %" PRId64 " of level %d stands for leaves that are not sealed",
							cursor_number(&p->tiles[level], 0), level);
	}
	if (!p->failed &&
		!database_numbers(p->db,
						  "(SELECT tile FROM ONLY sto.tile WHERE level < 0 LIMIT 1) UNION ALL "
						  "(SELECT tile FROM ONLY sto.tile WHERE level > 7 LIMIT 1) LIMIT 1",
						  &number, 1))
		lost(p, "sto.tile");
	else if (!p->failed && number != -1)
		report_problemf(p->report, 0, CHECK_TILE, "a tile has a level that no tree reaches");
}

/* What a restart names, and what is smaller and was reported before it: the worker's rule. */
static bool
is_given_up(const StoReplay *replay, int64_t size, const StoHash *root, int64_t reported_at)
{
	StoReplayNotice notice;
	size_t at = 0;
	bool found = false;

	while (!found && sto_replay_notice(replay, &at, &notice))
		found = strcmp(notice.kind, "log_restart") == 0 &&
				((notice.number == size && memcmp(notice.digest, root, sizeof(*root)) == 0) ||
				 (notice.number >= size && notice.recorded_at > reported_at));
	return found;
}

/* Signed by the log's key, but of another tree: a fork or a roll-back, unless an event owns up to
 * it. */
static void
check_foreign(Proofs *p, const StoReplay *replay)
{
	Cursor c;
	int64_t size;
	StoHash root;
	const char *why;

	if (!cursor_open(&c, p->db, "other_trees", 3, 100,
					 "SELECT tree_size, note, reported_at FROM ONLY sto.foreign_checkpoint "
					 "ORDER BY tree_size"))
	{
		lost(p, "sto.foreign_checkpoint");
		return;
	}
	while (next(p, &c, "sto.foreign_checkpoint"))
	{
		size_t len;
		const char *note = (const char *) cursor_view(&c, 1, &len);

		report_examined(p->report, CHECK_FOREIGN, 1, "checkpoints");
		if (note == NULL || len > NOTE_MAX || !note_read(note, len, replay, &size, &root, &why) ||
			!notes_is_ours(p->notes, replay, note, len))
			continue; /* anybody's word, not the log's */
		if (!is_given_up(replay, size, &root, cursor_null(&c, 2) ? INT64_MAX : cursor_time(&c, 2)))
			report_problemf(p->report, 0, CHECK_FOREIGN,
							"the log's key signed another tree of %" PRId64
							" leaves: a roll-back or a fork, and no log_restart event says why",
							size);
		else
			report_fact(p->report, "given up",
						"another tree of %" PRId64 " leaves, by a log_restart event", size);
	}
	cursor_close(&c);
}

void
proofs_end(Proofs *p, const Tree *tree, const StoReplay *replay)
{
	proofs_compare(p, tree, replay, INT64_MAX);
	for (; p->has_checkpoint && !p->failed; next_checkpoint(p))
		report_problemf(p->report, tree->last_id, CHECK_CHECKPOINT,
						"a checkpoint has %" PRId64 " leaves, the log only %" PRId64,
						p->checkpoint_size, tree->frontier.size);
	if (!p->failed && (p->has_cosignature || p->has_stamp))
		report_problemf(p->report, 0, p->has_cosignature ? CHECK_COSIGNATURE : CHECK_TIME_STAMP,
						"one stands beside no checkpoint");
	if (!p->failed)
		end_tiles(p, tree);
	if (!p->failed && sto_replay_ledger(replay) != NULL)
		check_foreign(p, replay);
}
