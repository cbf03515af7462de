/*
 * merkle.c
 *		The tree of RFC 9162 2.1: its right edge, roots and proofs from tiles, and
 *		their verification.
 *
 * A node is named by its height and its position among the nodes of that height;
 * it is perfect if all of its 2^height leaves are there.  Only the nodes on the
 * right edge can be imperfect.
 */
#include "core/merkle.h"

#include <string.h>

#define TILE_MASK (STO_TILE_WIDTH - 1)
#define NODE_PREFIX 0x01 /* RFC 9162 2.1.1 */

static bool
size_in_range(int64_t size)
{
	return size >= 0 && size < STO_TREE_SIZE_MAX;
}

bool
sto_node_hash(const StoHash *left, const StoHash *right, StoHash *out)
{
	uint8_t buffer[1 + 2 * STO_DIGEST_LEN];

	buffer[0] = NODE_PREFIX;
	memcpy(buffer + 1, left->octets, STO_DIGEST_LEN);
	memcpy(buffer + 1 + STO_DIGEST_LEN, right->octets, STO_DIGEST_LEN);
	return sto_sha256(buffer, sizeof(buffer), out->octets);
}

void
sto_frontier_init(StoFrontier *frontier)
{
	frontier->size = 0;
	frontier->count = 0;
}

bool
sto_frontier_append(StoFrontier *frontier, const StoHash *leaf)
{
	return sto_frontier_append_subtree(frontier, 0, leaf);
}

bool
sto_frontier_append_subtree(StoFrontier *frontier, int height, const StoHash *root)
{
	StoHash node = *root;
	int64_t leaves;
	int count = frontier->count;

	if (height < 0 || height >= STO_PROOF_MAX - 1)
		return false;
	leaves = INT64_C(1) << height;
	if (frontier->size % leaves != 0 || !size_in_range(frontier->size + leaves))
		return false;
	for (int64_t rest = frontier->size >> height; rest & 1; rest >>= 1)
	{
		count--;
		if (!sto_node_hash(&frontier->nodes[count], &node, &node))
			return false;
	}
	frontier->nodes[count] = node;
	frontier->count = count + 1;
	frontier->size += leaves;
	return true;
}

bool
sto_frontier_root(const StoFrontier *frontier, StoHash *out)
{
	StoHash node;

	if (frontier->count == 0)
		return sto_sha256(NULL, 0, out->octets);
	node = frontier->nodes[frontier->count - 1];
	for (int i = frontier->count - 2; i >= 0; i--)
	{
		if (!sto_node_hash(&frontier->nodes[i], &node, &node))
			return false;
	}
	*out = node;
	return true;
}

/*
 * Fold `count` hashes in place, level by level.  A last one without a partner goes
 * up as it is, which is what splitting at the largest power of two comes to.
 */
static bool
fold(StoHash *hashes, size_t count)
{
	StoHashInput pairs[STO_TILE_WIDTH / 2];

	for (; count > 1; count = (count + 1) / 2)
	{
		for (size_t i = 0; i < count / 2; i++)
			pairs[i] = (StoHashInput){hashes[2 * i].octets, 2 * STO_DIGEST_LEN, hashes[i].octets};
		if (!sto_hash_all(NODE_PREFIX, pairs, count / 2))
			return false;
		if (count % 2 != 0)
			hashes[count / 2] = hashes[count - 1];
	}
	return true;
}

bool
sto_hashes_root(const StoHash *hashes, size_t count, StoHash *out)
{
	StoHash buffer[STO_TILE_WIDTH];

	if (count < 1 || count > STO_TILE_WIDTH)
		return false;
	memcpy(buffer, hashes, count * sizeof(StoHash));
	if (!fold(buffer, count))
		return false;
	*out = buffer[0];
	return true;
}

/* A perfect node: its hashes lie in one tile, for both are aligned. */
static bool
read_perfect(StoReadHashes read, void *context, int height, int64_t position, StoHash *out)
{
	StoHash hashes[STO_TILE_WIDTH / 2];
	int below = height % STO_TILE_LEVELS;

	if (!read(context, height / STO_TILE_LEVELS, position << below, 1 << below, hashes) ||
		!fold(hashes, (size_t) 1 << below))
		return false;
	*out = hashes[0];
	return true;
}

/*
 * Root of the last size % 2^height leaves (more than none) of the first `size`: the
 * hashes of each level that no tile above takes in, then as a last one the root of
 * what lies right of them.  One read a level.
 */
static bool
read_edge(StoReadHashes read, void *context, int64_t size, int height, StoHash *out)
{
	StoHash hashes[STO_TILE_WIDTH];
	StoHash rest;
	bool has_rest = false;

	for (int level = 0; level * STO_TILE_LEVELS < height; level++)
	{
		int64_t whole = size >> (level * STO_TILE_LEVELS);
		int top = height - level * STO_TILE_LEVELS;
		int mask = top < STO_TILE_LEVELS ? (1 << top) - 1 : TILE_MASK;
		int count = (int) (whole & mask);

		if (count == 0)
			continue;
		if (!read(context, level, whole - count, count, hashes))
			return false;
		if (has_rest)
			hashes[count] = rest;
		if (!fold(hashes, (size_t) count + has_rest))
			return false;
		rest = hashes[0];
		has_rest = true;
	}
	if (has_rest)
		*out = rest;
	return has_rest;
}

bool
sto_tiles_root(StoReadHashes read, void *context, int64_t size, StoHash *out)
{
	if (!size_in_range(size))
		return false;
	if (size == 0)
		return sto_sha256(NULL, 0, out->octets);
	return read_edge(read, context, size, STO_PROOF_MAX - 1, out);
}

bool
sto_tiles_frontier(StoReadHashes read, void *context, int64_t size, StoFrontier *frontier)
{
	StoHash hashes[STO_TILE_WIDTH];
	StoFrontier made;

	if (!size_in_range(size))
		return false;
	sto_frontier_init(&made);
	for (int level = STO_TILE_LEVELS - 1; level >= 0; level--)
	{
		int64_t whole = size >> (level * STO_TILE_LEVELS);
		int count = (int) (whole & TILE_MASK);
		int done = 0;

		if (count > 0 && !read(context, level, whole - count, count, hashes))
			return false;
		for (int width = STO_TILE_WIDTH / 2; width > 0; width /= 2)
		{
			if ((count & width) == 0)
				continue;
			if (!fold(hashes + done, (size_t) width))
				return false;
			made.nodes[made.count++] = hashes[done];
			done += width;
		}
	}
	made.size = size;
	*frontier = made;
	return true;
}

/*
 * The siblings of leaf `index` and its ancestors from `height` up, in the tree of
 * `size`.  At each height the sibling is perfect, or the right edge, or past the end:
 * then the node goes up as it is.  Perfect ones of eight heights lie in one tile.
 */
static bool
read_path(StoReadHashes read, void *context, int64_t index, int64_t size, int height,
		  StoHash *proof, int *count)
{
	StoHash tile[STO_TILE_WIDTH];
	int level = -1;
	int64_t first = 0;

	for (; (size - 1) >> height > 0; height++)
	{
		int64_t sibling = (index >> height) ^ 1;
		int below = height % STO_TILE_LEVELS;
		int64_t whole = size >> height;
		StoHash *at;

		if (sibling > whole || (sibling == whole && whole << height == size))
			continue;
		if (sibling == whole)
		{
			if (!read_edge(read, context, size, height, &proof[(*count)++]))
				return false;
			continue;
		}
		if (level != height / STO_TILE_LEVELS)
		{
			int64_t there = size >> (height - below);

			level = height / STO_TILE_LEVELS;
			first = (index >> (height - below)) & ~(int64_t) TILE_MASK;
			there = there - first < STO_TILE_WIDTH ? there - first : STO_TILE_WIDTH;
			if (!read(context, level, first, (int) there, tile))
				return false;
		}
		/* siblings of different heights do not overlap: folding in place spoils none */
		at = &tile[(sibling << below) - first];
		if (!fold(at, (size_t) 1 << below))
			return false;
		proof[(*count)++] = *at;
	}
	return true;
}

bool
sto_tiles_inclusion(StoReadHashes read, void *context, int64_t index, int64_t size,
					StoHash proof[STO_PROOF_MAX], int *count)
{
	StoHash made[STO_PROOF_MAX];
	int made_count = 0;

	if (!size_in_range(size) || index < 0 || index >= size ||
		!read_path(read, context, index, size, 0, made, &made_count))
		return false;
	memcpy(proof, made, (size_t) made_count * sizeof(StoHash));
	*count = made_count;
	return true;
}

/*
 * RFC 9162 2.1.4.1 from below: the perfect node that ends the old tree (left out if
 * it is the old tree), and then the path from it up.
 */
bool
sto_tiles_consistency(StoReadHashes read, void *context, int64_t from, int64_t to,
					  StoHash proof[STO_PROOF_MAX], int *count)
{
	StoHash made[STO_PROOF_MAX];
	int made_count = 0;

	if (!size_in_range(to) || from < 0 || from > to)
		return false;
	if (from > 0 && from < to)
	{
		int height = __builtin_ctzll((unsigned long long) from);
		int64_t position = (from - 1) >> height;

		if (position > 0 && !read_perfect(read, context, height, position, &made[made_count++]))
			return false;
		if (!read_path(read, context, from - 1, to, height, made, &made_count))
			return false;
	}
	memcpy(proof, made, (size_t) made_count * sizeof(StoHash));
	*count = made_count;
	return true;
}

static bool
same_hash(const StoHash *a, const StoHash *b)
{
	return memcmp(a->octets, b->octets, STO_DIGEST_LEN) == 0;
}

/* The letters are RFC 9162's: fn, sn are the node's and the last node's position. */
bool
sto_verify_inclusion(const StoHash *leaf, int64_t index, int64_t size, const StoHash *proof,
					 int count, const StoHash *root)
{
	StoHash r = *leaf;
	int64_t fn = index;
	int64_t sn = size - 1;

	if (!size_in_range(size) || index < 0 || index >= size || count < 0)
		return false;
	for (int i = 0; i < count; i++)
	{
		if (sn == 0)
			return false;
		if ((fn & 1) || fn == sn)
		{
			if (!sto_node_hash(&proof[i], &r, &r))
				return false;
			while (fn != 0 && !(fn & 1))
			{
				fn >>= 1;
				sn >>= 1;
			}
		}
		else if (!sto_node_hash(&r, &proof[i], &r))
			return false;
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && same_hash(&r, root);
}

static bool
verify_growth(int64_t from, int64_t to, const StoHash *proof, int count, const StoHash *from_root,
			  const StoHash *to_root)
{
	int64_t fn = from - 1;
	int64_t sn = to - 1;
	bool is_subtree = (from & (from - 1)) == 0; /* then the proof leaves it out */
	StoHash fr;
	StoHash sr;

	if (count < 1)
		return false;
	while (fn & 1)
	{
		fn >>= 1;
		sn >>= 1;
	}
	fr = is_subtree ? *from_root : proof[0];
	sr = fr;
	for (int i = is_subtree ? 0 : 1; i < count; i++)
	{
		if (sn == 0)
			return false;
		if ((fn & 1) || fn == sn)
		{
			if (!sto_node_hash(&proof[i], &fr, &fr) || !sto_node_hash(&proof[i], &sr, &sr))
				return false;
			while (fn != 0 && !(fn & 1))
			{
				fn >>= 1;
				sn >>= 1;
			}
		}
		else if (!sto_node_hash(&sr, &proof[i], &sr))
			return false;
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && same_hash(&fr, from_root) && same_hash(&sr, to_root);
}

bool
sto_verify_consistency(int64_t from, int64_t to, const StoHash *proof, int count,
					   const StoHash *from_root, const StoHash *to_root)
{
	StoHash empty;

	if (!size_in_range(to) || from < 0 || from > to)
		return false;
	if (from > 0 && from < to)
		return verify_growth(from, to, proof, count, from_root, to_root);
	if (count != 0)
		return false;
	if (from == to)
		return same_hash(from_root, to_root);
	return sto_sha256(NULL, 0, empty.octets) && same_hash(from_root, &empty);
}
