/*
 * edge.c
 *		The tree's right edge: appending leaves, and the block that closes them.
 *
 * The edge is one unfinished tile a level, of less than 256 hashes.  A tile that
 * gets full is written, and its root goes to the unfinished one of the level
 * above: so each leaf is hashed once, and any number of leaves takes the same
 * memory.
 */
#include "postgres.h"

#include "log/columns.h"
#include "log/leaves.h"
#include "log/seal.h"
#include "log/tile.h"

#include "miscadmin.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* A tile holds the nodes of this many heights of the tree. */
#define TILE_HEIGHT 8

typedef struct Edge
{
	int64 size;
	int64 first_id; /* of the first leaf of the unfinished tile of level 0 */
	int count[STO_TILE_LEVELS];
	StoHash hashes[STO_TILE_LEVELS][STO_TILE_WIDTH];
	StoWrite tiles;
} Edge;

static void
root_of(const Edge *edge, StoHash *root)
{
	StoFrontier frontier;

	sto_frontier_init(&frontier);
	for (int level = STO_TILE_LEVELS - 1; level >= 0; level--)
		for (int i = 0; i < edge->count[level]; i++)
			if (!sto_frontier_append_subtree(&frontier, level * TILE_HEIGHT,
											 &edge->hashes[level][i]))
				sto_tree_no_hash();
	if (!sto_frontier_root(&frontier, root))
		sto_tree_no_hash();
}

/* The edge as stored, which must have the root that the newest block signed off. */
static void
load(Edge *edge, StoTree *tree)
{
	int64 ids[STO_TILE_WIDTH] = {0};
	StoHash root;

	edge->size = tree->size;
	edge->count[0] = tree->size % STO_TILE_WIDTH;
	sto_tree_unfinished(tree, edge->hashes[0], ids);
	edge->first_id = ids[0];
	for (int level = 1; level < STO_TILE_LEVELS; level++)
	{
		int64 whole = tree->size >> (level * TILE_HEIGHT);
		int count = whole % STO_TILE_WIDTH;

		edge->count[level] = count;
		if (count > 0 && !sto_tree_read(tree, level, whole - count, count, edge->hashes[level]))
			sto_tree_broken("its edge can't be read");
	}
	if (tree->size == 0)
		return;
	root_of(edge, &root);
	if (memcmp(&root, &tree->newest.root, sizeof(StoHash)) != 0)
		sto_tree_broken(psprintf("log and tiles do not give the root of the block of " INT64_FORMAT
								 " leaves that ends at entry " INT64_FORMAT,
								 tree->size, tree->newest.last_id));
}

static void
append(Edge *edge, int level, const StoHash *hash)
{
	StoHash root;

	edge->hashes[level][edge->count[level]++] = *hash;
	if (edge->count[level] < STO_TILE_WIDTH)
		return;

	if (!sto_hashes_root(edge->hashes[level], STO_TILE_WIDTH, &root))
		sto_tree_no_hash();
	sto_tile_write(&edge->tiles, level, (edge->size >> ((level + 1) * TILE_HEIGHT)) - 1,
				   edge->first_id, edge->hashes[level], &root);
	edge->count[level] = 0;
	append(edge, level + 1, &root);
}

static void
append_leaf(Edge *edge, int64 entry_id, const StoHash *hash)
{
	if (edge->count[0] == 0)
		edge->first_id = entry_id;
	edge->size++;
	append(edge, 0, hash);
}

static void
write_block(const Edge *edge, int64 last_id, TimestampTz floor)
{
	Datum values[BLOCK_COLUMNS];
	bool nulls[BLOCK_COLUMNS] = {false};
	StoHash root;

	root_of(edge, &root);
	values[BLOCK_LAST_ID - 1] = Int64GetDatum(last_id);
	values[BLOCK_TREE_SIZE - 1] = Int64GetDatum(edge->size);
	values[BLOCK_SEALED_AT - 1] = TimestampTzGetDatum(Max(GetCurrentTimestamp(), floor));
	values[BLOCK_ROOT - 1] = PointerGetDatum(&root);
	sto_store_insert(STO_REL_BLOCK, values, nulls);
}

bool
sto_edge_seal(int64 last_id)
{
	Edge *edge;
	StoTree tree;
	StoLeaves leaves;
	const StoHash *hash;
	int64 entry_id;
	int64 last_leaf;
	int64 sealed;

	sto_tree_open(&tree, GetActiveSnapshot());
	sealed = tree.size > 0 ? tree.newest.last_id : 0;
	if (sealed >= last_id)
		return false;

	sto_leaves_begin(&leaves, tree.snapshot, sealed + 1, last_id);
	if (!sto_leaves_next(&leaves, &entry_id, &hash))
	{
		sto_leaves_end(&leaves);
		return false;
	}

	edge = palloc0(sizeof(Edge));
	load(edge, &tree);
	sto_write_begin(&edge->tiles, STO_REL_TILE);
	do
	{
		CHECK_FOR_INTERRUPTS();
		append_leaf(edge, entry_id, hash);
		last_leaf = entry_id;
	} while (sto_leaves_next(&leaves, &entry_id, &hash));
	sto_write_end(&edge->tiles);
	sto_leaves_end(&leaves);
	sto_seal_step("tiles");

	/*
	 * The block ends at its last leaf, so that sto.verify() can tell that nobody
	 * changed where; no gap behind it is ever filled.  It is never sealed before
	 * the block before, whatever the clock does.
	 */
	write_block(edge, last_leaf, tree.size > 0 ? tree.newest.sealed_at : 0);
	sto_seal_step("block");
	sto_tree_close(&tree);
	pfree(edge);
	return true;
}
