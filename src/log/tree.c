/*
 * tree.c
 *		The sealed tree, as stored: blocks, tiles and the log's unfinished end.
 *
 * Full tiles are rows of sto.tile.  The hashes of a tile that is not full stand
 * elsewhere already: leaf hashes in the log, the others as roots of the full
 * tiles below.
 */
#include "postgres.h"

#include "log/columns.h"
#include "log/leaves.h"
#include "log/tile.h"
#include "log/tree.h"

#include "errors.h"

#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* A tile holds the nodes of this many heights of the tree. */
#define TILE_HEIGHT 8

static void
read_block(StoRange *range, StoBlock *block)
{
	block->last_id = DatumGetInt64(sto_range_get(range, BLOCK_LAST_ID));
	block->tree_size = DatumGetInt64(sto_range_get(range, BLOCK_TREE_SIZE));
	block->sealed_at = DatumGetTimestampTz(sto_range_get(range, BLOCK_SEALED_AT));
	memcpy(&block->root, DatumGetPointer(sto_range_get(range, BLOCK_ROOT)), sizeof(StoHash));
}

static bool
find_block(Snapshot snapshot, int64 size, StoBlock *block)
{
	const StoBound bound = {1, BTEqualStrategyNumber, false, size};
	StoRange range;
	bool found;

	if (size < 0)
		sto_range_begin(&range, STO_REL_BLOCK, STO_IDX_BLOCK, snapshot, NULL, 0,
						BackwardScanDirection);
	else
		sto_range_begin(&range, STO_REL_BLOCK, STO_IDX_BLOCK_SIZE, snapshot, &bound, 1,
						ForwardScanDirection);
	found = sto_range_next(&range);
	if (found)
		read_block(&range, block);
	sto_range_end(&range);
	return found;
}

bool
sto_tree_block(int64 size, StoBlock *block)
{
	Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
	bool found = find_block(snapshot, size, block);

	UnregisterSnapshot(snapshot);
	return found;
}

void
sto_tree_open(StoTree *tree, Snapshot snapshot)
{
	tree->registered = snapshot == NULL;
	tree->snapshot = snapshot ? snapshot : RegisterSnapshot(GetLatestSnapshot());
	tree->size = find_block(tree->snapshot, -1, &tree->newest) ? tree->newest.tree_size : 0;
	if (tree->size < 0 || tree->size >= STO_TREE_SIZE_MAX)
		sto_tree_broken(psprintf("a block says that it has " INT64_FORMAT " leaves", tree->size));
}

void
sto_tree_close(StoTree *tree)
{
	if (tree->registered)
		UnregisterSnapshot(tree->snapshot);
}

/*
 * Leaves offset .. offset + count - 1 of the tile of level 0 that is not full,
 * and their ids, from the log: they are the last that are sealed.
 */
static void
read_unfinished(StoTree *tree, int offset, int count, StoHash *out, int64 *ids)
{
	StoLeaves leaves;
	const StoHash *hash;
	int64 entry_id;

	sto_leaves_begin_back(&leaves, tree->snapshot, tree->newest.last_id);
	for (int i = tree->size % STO_TILE_WIDTH - 1 - offset; i >= 0; i--)
	{
		if (!sto_leaves_next(&leaves, &entry_id, &hash))
			sto_tree_broken(psprintf("the log has fewer leaves than the " INT64_FORMAT
									 " of the block that ends at entry " INT64_FORMAT,
									 tree->size, tree->newest.last_id));
		if (i >= count)
			continue;
		out[i] = *hash;
		if (ids != NULL)
			ids[i] = entry_id;
	}
	sto_leaves_end(&leaves);
}

void
sto_tree_unfinished(StoTree *tree, StoHash *hashes, int64 *ids)
{
	if (tree->size % STO_TILE_WIDTH != 0)
		read_unfinished(tree, 0, tree->size % STO_TILE_WIDTH, hashes, ids);
}

bool
sto_tree_read(void *context, int level, int64_t first, int count, StoHash *out)
{
	StoTree *tree = context;
	int64 tile = first / STO_TILE_WIDTH;
	int offset = first % STO_TILE_WIDTH;
	int64 there;

	if (level < 0 || level >= STO_TILE_LEVELS || first < 0 || count < 1 ||
		offset + count > STO_TILE_WIDTH)
		return false;
	there = tree->size >> (level * TILE_HEIGHT);
	if (there < first + count)
		return false;

	if (there / STO_TILE_WIDTH > tile)
		sto_tile_read(tree->snapshot, level, tile, offset, count, out);
	else if (level > 0)
		sto_tile_roots(tree->snapshot, level - 1, first, count, out);
	else
		read_unfinished(tree, offset, count, out, NULL);
	return true;
}

static void
check_size(const StoTree *tree, int64 size)
{
	if (size < 0 || size > tree->size)
		ereport(ERROR, (errcode(ERRCODE_STO_NO_SUCH_LEAF),
						errmsg("no tree of " INT64_FORMAT " leaves is sealed", size),
						errdetail("The sealed tree has " INT64_FORMAT " leaves.", tree->size)));
}

void
sto_tree_root(StoTree *tree, int64 size, StoHash *out)
{
	check_size(tree, size);
	if (!sto_tiles_root(sto_tree_read, tree, size, out))
		sto_tree_no_hash();
}

void
sto_tree_inclusion(StoTree *tree, int64 index, int64 size, StoHash proof[STO_PROOF_MAX], int *count)
{
	check_size(tree, size);
	if (index < 0 || index >= size)
		ereport(ERROR,
				(errcode(ERRCODE_STO_NO_SUCH_LEAF),
				 errmsg("a tree of " INT64_FORMAT " leaves has no leaf " INT64_FORMAT, size, index),
				 errdetail("Leaves are counted from 0.")));
	if (!sto_tiles_inclusion(sto_tree_read, tree, index, size, proof, count))
		sto_tree_no_hash();
}

void
sto_tree_consistency(StoTree *tree, int64 from, int64 to, StoHash proof[STO_PROOF_MAX], int *count)
{
	check_size(tree, to);
	if (from < 0 || from > to)
		ereport(ERROR,
				(errcode(ERRCODE_STO_NO_SUCH_LEAF),
				 errmsg("a tree of " INT64_FORMAT " leaves does not begin one of " INT64_FORMAT,
						from, to),
				 errhint("Give the smaller size first.")));
	if (!sto_tiles_consistency(sto_tree_read, tree, from, to, proof, count))
		sto_tree_no_hash();
}

/* Its place among the leaves that no full tile has; -1 if it isn't there. */
static int64
find_unfinished(StoTree *tree, int64 entry_id)
{
	int count = tree->size % STO_TILE_WIDTH;
	StoHash hashes[STO_TILE_WIDTH];
	int64 ids[STO_TILE_WIDTH];

	sto_tree_unfinished(tree, hashes, ids);
	for (int i = 0; i < count; i++)
		if (ids[i] == entry_id)
			return tree->size - count + i;
	return -1;
}

int64
sto_tree_leaf_index(StoTree *tree, int64 entry_id, StoHash *leaf)
{
	StoHash hash;
	StoHash hashes[STO_TILE_WIDTH];
	int64 tile = -1;
	int64 index;

	if (!sto_leaf_of(tree->snapshot, entry_id, &hash))
		ereport(ERROR, (errcode(ERRCODE_STO_NO_SUCH_LEAF),
						errmsg("the log has no entry " INT64_FORMAT, entry_id),
						errhint("Ids of rolled-back entries are gaps.")));
	if (tree->size == 0 || entry_id > tree->newest.last_id)
		ereport(ERROR,
				(errcode(ERRCODE_STO_NOT_SEALED),
				 errmsg("entry " INT64_FORMAT " is not sealed yet", entry_id),
				 errhint("Wait with sto.wait_sealed(); sto.seal_status shows what holds a seal "
						 "back.")));
	if (leaf != NULL)
		*leaf = hash;

	if (sto_tile_of_id(tree->snapshot, entry_id, &tile, hashes))
		for (int i = 0; i < STO_TILE_WIDTH; i++)
			if (memcmp(&hashes[i], &hash, sizeof(StoHash)) == 0)
				return tile * STO_TILE_WIDTH + i;

	/* not in the tile where it would be: then it follows the last full one */
	index = tile == tree->size / STO_TILE_WIDTH - 1 ? find_unfinished(tree, entry_id) : -1;
	if (index < 0)
		sto_tree_broken(psprintf(
			"the leaf of entry " INT64_FORMAT " is not the one that was sealed", entry_id));
	return index;
}
