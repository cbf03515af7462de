/*
 * verify_tree.c
 *		The sealed tree worked out anew from the log's leaf hashes, in one pass.
 *
 * Leaves come in the order of their ids.  Each full tile that they make must be
 * stored, hash for hash, and each block must say how many leaves there were
 * when it was closed, and the root over them.  So a row that is missing, is
 * there too much or is not the one that was sealed shows where it stands.
 */
#include "postgres.h"

#include "log/columns.h"
#include "log/leaves.h"
#include "log/range.h"
#include "log/tile.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(sto_verify_tree);

/* A tile holds the nodes of this many heights of the tree. */
#define TILE_HEIGHT 8

typedef struct Findings
{
	int64 examined;
	int64 bad;
	int64 first_bad; /* least entry_id; 0: none known */
	char reason[240];
} Findings;

/* A level's tile in the making, and the tiles of that level as stored. */
typedef struct Level
{
	StoRange stored;
	bool more; /* stored has a row that is not compared yet */
	int64 made;
	int count;
	int64 first_id; /* of the first leaf below the tile in the making */
	StoHash hashes[STO_TILE_WIDTH];
} Level;

typedef struct TreeCheck
{
	Snapshot snapshot;
	int64 size;
	int64 last_id;
	int64 ids[STO_TILE_WIDTH]; /* of the leaves in the unfinished tile of level 0 */
	StoFrontier whole;         /* over full tiles */
	StoFrontier part;          /* over the rest */
	Level levels[STO_TILE_LEVELS];
	Findings blocks;
	Findings tiles;
} TreeCheck;

static void fault(Findings *f, int64 entry_id, const char *format, ...) pg_attribute_printf(3, 4);

static void
fault(Findings *f, int64 entry_id, const char *format, ...)
{
	if (f->bad++ == 0)
	{
		va_list args;

		va_start(args, format);
		vsnprintf(f->reason, sizeof(f->reason), format, args);
		va_end(args);
	}
	if (entry_id != 0 && (f->first_bad == 0 || entry_id < f->first_bad))
		f->first_bad = entry_id;
}

/* Tiles as stored */

static int64
stored_number(Level *level)
{
	return DatumGetInt64(sto_range_get(&level->stored, TILE_TILE));
}

static void
begin_tiles(TreeCheck *t)
{
	for (int i = 0; i < STO_TILE_LEVELS; i++)
	{
		const StoBound bound = {1, BTEqualStrategyNumber, true, i};

		sto_range_begin(&t->levels[i].stored, STO_REL_TILE, STO_IDX_TILE, t->snapshot, &bound, 1,
						ForwardScanDirection);
		t->levels[i].more = sto_range_next(&t->levels[i].stored);
	}
}

/* Hashes of one of the two parts of a tile; the first that differs, or -1. */
static int
differs_at(Level *level, AttrNumber column, int begin, int count)
{
	bytea *part = DatumGetByteaPP(sto_range_get(&level->stored, column));
	int differs = -1;

	if (VARSIZE_ANY_EXHDR(part) != (Size) count * sizeof(StoHash))
		return begin;
	for (int i = 0; i < count && differs < 0; i++)
		if (memcmp(VARDATA_ANY(part) + i * sizeof(StoHash), &level->hashes[begin + i],
				   sizeof(StoHash)) != 0)
			differs = begin + i;
	if ((Pointer) part != DatumGetPointer(sto_range_get(&level->stored, column)))
		pfree(part);
	return differs;
}

static void
compare_tile(TreeCheck *t, int number, const StoHash *root)
{
	Level *level = &t->levels[number];
	bool no_first;
	Datum first = slot_getattr(level->stored.slot, TILE_FIRST_ID, &no_first);
	int at = differs_at(level, TILE_HEAD, 0, STO_TILE_HEAD);

	if (at < 0)
		at = differs_at(level, TILE_TAIL, STO_TILE_HEAD, STO_TILE_TAIL);
	if (at >= 0 && number == 0)
		fault(&t->tiles, t->ids[at],
			  "tile " INT64_FORMAT
			  " of level 0 and the log have different leaves of entry " INT64_FORMAT,
			  level->made, t->ids[at]);
	else if (at >= 0)
		fault(&t->tiles, level->first_id,
			  "hash %d of tile " INT64_FORMAT " of level %d is not the root of the leaves below it",
			  at, level->made, number);
	else if (memcmp(DatumGetPointer(sto_range_get(&level->stored, TILE_ROOT)), root,
					sizeof(StoHash)) != 0)
		fault(&t->tiles, level->first_id,
			  "tile " INT64_FORMAT " of level %d has another root than its hashes give",
			  level->made, number);
	else if (number == 0 ? no_first || DatumGetInt64(first) != level->first_id : !no_first)
		fault(&t->tiles, level->first_id,
			  "tile " INT64_FORMAT " of level %d begins with another entry than it says",
			  level->made, number);
}

static void
check_tile(TreeCheck *t, int number, const StoHash *root)
{
	Level *level = &t->levels[number];

	while (level->more && stored_number(level) < level->made)
	{
		fault(&t->tiles, 0, "tile " INT64_FORMAT " of level %d is there too much",
			  stored_number(level), number);
		level->more = sto_range_next(&level->stored);
	}
	if (!level->more || stored_number(level) != level->made)
	{
		fault(&t->tiles, level->first_id, "tile " INT64_FORMAT " of level %d is missing",
			  level->made, number);
		return;
	}
	t->tiles.examined++;
	compare_tile(t, number, root);
	level->more = sto_range_next(&level->stored);
}

/* What is left belongs to no leaves; nor do rows of a level that there can't be. */
static void
end_tiles(TreeCheck *t)
{
	int64 stored = 0;
	StoRange all;

	for (int i = 0; i < STO_TILE_LEVELS; i++)
	{
		Level *level = &t->levels[i];

		for (; level->more; level->more = sto_range_next(&level->stored))
		{
			fault(&t->tiles, 0, "tile " INT64_FORMAT " of level %d is there too much",
				  stored_number(level), i);
			stored--;
		}
		sto_range_end(&level->stored);
	}
	sto_range_begin(&all, STO_REL_TILE, STO_IDX_TILE, t->snapshot, NULL, 0, ForwardScanDirection);
	while (sto_range_next(&all))
		stored++;
	sto_range_end(&all);
	if (stored > t->tiles.examined && t->tiles.bad == 0)
		fault(&t->tiles, 0, INT64_FORMAT " tiles are of a level that there can't be",
			  stored - t->tiles.examined);
}

/* The tree as the log makes it */

static void
append(TreeCheck *t, int number, const StoHash *hash, int64 first_id)
{
	Level *level = &t->levels[number];
	StoHash root;

	if (level->count == 0)
		level->first_id = first_id;
	level->hashes[level->count++] = *hash;
	if (level->count < STO_TILE_WIDTH)
		return;

	if (number == 0)
	{
		/* 256 leaves are one node */
		root = t->part.nodes[0];
		if (!sto_frontier_append_subtree(&t->whole, TILE_HEIGHT, &root))
			sto_tree_no_hash();
		sto_frontier_init(&t->part);
	}
	else if (!sto_hashes_root(level->hashes, STO_TILE_WIDTH, &root))
		sto_tree_no_hash();
	check_tile(t, number, &root);
	level->made++;
	level->count = 0;
	if (number + 1 < STO_TILE_LEVELS)
		append(t, number + 1, &root, level->first_id);
}

static void
append_leaf(TreeCheck *t, int64 entry_id, const StoHash *leaf)
{
	t->ids[t->levels[0].count] = entry_id;
	t->size++;
	t->last_id = entry_id;
	if (!sto_frontier_append(&t->part, leaf))
		sto_tree_no_hash();
	append(t, 0, leaf, entry_id);
}

static void
root_now(TreeCheck *t, StoHash *root)
{
	StoFrontier all = t->whole;
	int64 rest = t->part.size;
	int node = 0;

	for (int height = TILE_HEIGHT - 1; height >= 0; height--)
		if ((rest & (INT64CONST(1) << height)) != 0 &&
			!sto_frontier_append_subtree(&all, height, &t->part.nodes[node++]))
			sto_tree_no_hash();
	if (!sto_frontier_root(&all, root))
		sto_tree_no_hash();
}

/* A block as stored against the leaves up to its last id. */
static void
check_block(TreeCheck *t, StoRange *block, int64 first_id, TimestampTz sealed_before)
{
	int64 last_id = DatumGetInt64(sto_range_get(block, BLOCK_LAST_ID));
	int64 size = DatumGetInt64(sto_range_get(block, BLOCK_TREE_SIZE));
	int64 at = first_id != 0 ? first_id : last_id;
	StoHash root;

	t->blocks.examined++;
	root_now(t, &root);
	if (size != t->size)
		fault(&t->blocks, at,
			  "the block that ends at entry " INT64_FORMAT " was sealed over " INT64_FORMAT
			  " leaves, but there are " INT64_FORMAT,
			  last_id, size, t->size);
	else if (memcmp(DatumGetPointer(sto_range_get(block, BLOCK_ROOT)), &root, sizeof(root)) != 0)
		fault(&t->blocks, at,
			  "the block that ends at entry " INT64_FORMAT
			  " was sealed under another root than its leaves give",
			  last_id);
	else if (first_id == 0 || last_id != t->last_id)
		fault(&t->blocks, at,
			  "the block that ends at entry " INT64_FORMAT
			  " does not end at its last leaf, " INT64_FORMAT,
			  last_id, t->last_id);
	else if (DatumGetTimestampTz(sto_range_get(block, BLOCK_SEALED_AT)) < sealed_before)
		fault(&t->blocks, at,
			  "the block that ends at entry " INT64_FORMAT " was sealed before the one before it",
			  last_id);
}

static int64
newest_last_id(Snapshot snapshot)
{
	StoRange range;
	int64 last_id = 0;

	sto_range_begin(&range, STO_REL_BLOCK, STO_IDX_BLOCK, snapshot, NULL, 0, BackwardScanDirection);
	if (sto_range_next(&range))
		last_id = DatumGetInt64(sto_range_get(&range, BLOCK_LAST_ID));
	sto_range_end(&range);
	return last_id;
}

static void
check_tree(TreeCheck *t)
{
	StoLeaves leaves;
	StoRange block;
	const StoHash *leaf;
	int64 entry_id;
	bool more;
	TimestampTz sealed_before = DT_NOBEGIN;

	begin_tiles(t);
	sto_range_begin(&block, STO_REL_BLOCK, STO_IDX_BLOCK, t->snapshot, NULL, 0,
					ForwardScanDirection);
	sto_leaves_begin(&leaves, t->snapshot, PG_INT64_MIN, newest_last_id(t->snapshot));
	more = sto_leaves_next(&leaves, &entry_id, &leaf);
	while (sto_range_next(&block))
	{
		int64 last_id = DatumGetInt64(sto_range_get(&block, BLOCK_LAST_ID));
		int64 first_id = 0;

		while (more && entry_id <= last_id)
		{
			CHECK_FOR_INTERRUPTS();
			if (first_id == 0)
				first_id = entry_id;
			append_leaf(t, entry_id, leaf);
			more = sto_leaves_next(&leaves, &entry_id, &leaf);
		}
		check_block(t, &block, first_id, sealed_before);
		sealed_before = DatumGetTimestampTz(sto_range_get(&block, BLOCK_SEALED_AT));
	}
	sto_leaves_end(&leaves);
	sto_range_end(&block);
	end_tiles(t);
}

static void
put_findings(const Findings *f, Datum *values, bool *nulls)
{
	values[0] = Int64GetDatum(f->examined);
	values[1] = Int64GetDatum(f->bad);
	values[2] = Int64GetDatum(f->first_bad);
	nulls[2] = f->first_bad == 0;
	values[3] = PointerGetDatum(cstring_to_text(f->reason));
	nulls[3] = f->bad == 0;
}

/*
 * sto.verify_tree(OUT blocks bigint, OUT bad_blocks bigint, OUT first_bad_block bigint, OUT
 *block_fault text, OUT tiles bigint, OUT bad_tiles bigint, OUT first_bad_tile bigint, OUT
 *tile_fault text)
 *
 * What is bad is named by the least entry_id that it concerns.  After the first
 * bad block the later ones tell little: the leaves behind it have moved.
 */
Datum
sto_verify_tree(PG_FUNCTION_ARGS)
{
	TreeCheck *t = palloc0(sizeof(TreeCheck));
	TupleDesc desc;
	Datum values[8];
	bool nulls[8] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "sto.verify_tree returns a row");
	t->snapshot = GetActiveSnapshot();
	sto_frontier_init(&t->whole);
	sto_frontier_init(&t->part);
	check_tree(t);
	put_findings(&t->blocks, values, nulls);
	put_findings(&t->tiles, values + 4, nulls + 4);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
