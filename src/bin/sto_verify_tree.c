/*
 * sto_verify_tree.c
 *		The tree over the leaves as they come: its right edge, and the tiles that
 *		aren't full yet.
 */
#include "bin/sto_verify.h"

#include <string.h>

#define TILE_MASK (STO_TILE_WIDTH - 1)

void
tree_init(Tree *tree)
{
	memset(tree, 0, sizeof(*tree));
	sto_frontier_init(&tree->frontier);
}

/* Hashes of this level so far. */
static int64_t
hashes_of(int64_t size, int level)
{
	return size >> (level * STO_TILE_LEVELS);
}

/* A hash of `level` is there, the size counts it already: keep it, and close tiles that it fills.
 */
static bool
keep(Tree *tree, int level, const StoHash *hash)
{
	StoHash root;

	for (; level < TREE_LEVELS; level++)
	{
		int64_t number = hashes_of(tree->frontier.size, level) - 1;

		tree->tiles[level][number & TILE_MASK] = *hash;
		if ((number & TILE_MASK) != TILE_MASK)
			return true;
		if (!sto_hashes_root(tree->tiles[level], STO_TILE_WIDTH, &root))
			return false;
		if (tree->full != NULL)
			tree->full(tree->context, level, number / STO_TILE_WIDTH, tree->tiles[level], &root,
					   level == 0 ? tree->ids : NULL);
		hash = &root;
	}
	return true;
}

bool
tree_append(Tree *tree, int64_t id, const StoHash *leaf)
{
	tree->ids[tree->frontier.size & TILE_MASK] = id;
	tree->last_id = id;
	return sto_frontier_append(&tree->frontier, leaf) && keep(tree, 0, leaf);
}

bool
tree_append_tile(Tree *tree, const Row *rows, const StoHash *root)
{
	for (int i = 0; i < STO_TILE_WIDTH; i++)
	{
		tree->tiles[0][i] = rows[i].leaf;
		tree->ids[i] = rows[i].id;
	}
	tree->last_id = rows[STO_TILE_WIDTH - 1].id;
	if (!sto_frontier_append_subtree(&tree->frontier, STO_TILE_LEVELS, root))
		return false;
	if (tree->full != NULL)
		tree->full(tree->context, 0, tree->frontier.size / STO_TILE_WIDTH - 1, tree->tiles[0], root,
				   tree->ids);
	return keep(tree, 1, root);
}

void
tree_put(StoWriter *w, const Tree *tree)
{
	sto_put_i64(w, tree->frontier.size);
	sto_put_i64(w, tree->last_id);
	for (int level = 0; level < TREE_LEVELS; level++)
		sto_put_bytes(w, tree->tiles[level],
					  (size_t) (hashes_of(tree->frontier.size, level) & TILE_MASK) *
						  sizeof(StoHash));
	/* a tile's ids can be compared only whole */
	for (int64_t i = 0; i < (tree->frontier.size & TILE_MASK); i++)
		sto_put_i64(w, tree->ids[i]);
}

/* A StoReadHashes over the unfinished tiles, enough for the right edge. */
static bool
read_edge(void *context, int level, int64_t first, int count, StoHash *out)
{
	const Tree *tree = context;

	if (level >= TREE_LEVELS)
		return false;
	memcpy(out, &tree->tiles[level][first & TILE_MASK], (size_t) count * sizeof(StoHash));
	return true;
}

bool
tree_get(StoReader *r, Tree *tree)
{
	int64_t size = sto_get_i64(r);

	tree->last_id = sto_get_i64(r);
	if (r->failed || size < 0 || size >= STO_TREE_SIZE_MAX)
		return false;
	for (int level = 0; level < TREE_LEVELS; level++)
		sto_get_bytes(r, tree->tiles[level],
					  (size_t) (hashes_of(size, level) & TILE_MASK) * sizeof(StoHash));
	for (int64_t i = 0; i < (size & TILE_MASK); i++)
		tree->ids[i] = sto_get_i64(r);
	return !r->failed && tree_resume(tree, size);
}

bool
tree_resume(Tree *tree, int64_t size)
{
	return sto_tiles_frontier(read_edge, tree, size, &tree->frontier);
}
