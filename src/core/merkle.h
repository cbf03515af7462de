/*
 * merkle.h
 *		The tree of RFC 9162 2.1 over leaf hashes: roots, proofs, and tiles of 256.
 *
 * A leaf hash is SHA-256(00 || data), a node SHA-256(01 || left || right).  Sizes
 * and indexes are counts of leaves, below 2^62.  Functions that return bool give
 * false for input that is out of range or if OpenSSL failed; they write nothing then.
 */
#ifndef STO_CORE_MERKLE_H
#define STO_CORE_MERKLE_H

#include "hash.h"

#define STO_TILE_WIDTH 256
#define STO_TILE_LEN (STO_TILE_WIDTH * STO_DIGEST_LEN)
#define STO_TILE_LEVELS 8
#define STO_TREE_SIZE_MAX (INT64_C(1) << 62)
/* hashes in the longest proof (RFC 9162 2.1.3, 2.1.4): one a level, and one more for consistency */
#define STO_PROOF_MAX 63

typedef struct StoHash
{
	uint8_t octets[STO_DIGEST_LEN];
} StoHash;

/* SHA-256(01 || left || right) */
extern bool sto_node_hash(const StoHash *left, const StoHash *right, StoHash *out);

/*
 * The right edge of a growing tree: the roots of its perfect subtrees, largest
 * first.  All that appending and the root need.
 */
typedef struct StoFrontier
{
	int64_t size;
	int count; /* bits that are set in size */
	StoHash nodes[STO_PROOF_MAX];
} StoFrontier;

/* Of no leaves. */
extern void sto_frontier_init(StoFrontier *frontier);
extern bool sto_frontier_append(StoFrontier *frontier, const StoHash *leaf);
/* A perfect subtree of 2^height leaves; size must be a multiple of that. */
extern bool sto_frontier_append_subtree(StoFrontier *frontier, int height, const StoHash *root);
/* The root: of no leaves, SHA-256(""). */
extern bool sto_frontier_root(const StoFrontier *frontier, StoHash *out);

/* Root of `count` hashes taken as leaves of a tree of their own, 1 .. 256 of them (a tile). */
extern bool sto_hashes_root(const StoHash *hashes, size_t count, StoHash *out);

/*
 * Hashes of tiles, as the caller stores them: `count` hashes of level `level`
 * beginning with number `first` (of all hashes of that level), within one tile.
 * Level 0 are leaf hashes; a hash of level n is the root of a full tile of level
 * n-1.  Returns false if they can't be had.
 */
typedef bool (*StoReadHashes)(void *context, int level, int64_t first, int count, StoHash *out);

/* Root of the first `size` leaves. */
extern bool sto_tiles_root(StoReadHashes read, void *context, int64_t size, StoHash *out);
/* The frontier of the first `size` leaves. */
extern bool sto_tiles_frontier(StoReadHashes read, void *context, int64_t size,
							   StoFrontier *frontier);
/* RFC 9162 2.1.3.1: proof that leaf `index` is in the tree of `size`; *count hashes. */
extern bool sto_tiles_inclusion(StoReadHashes read, void *context, int64_t index, int64_t size,
								StoHash proof[STO_PROOF_MAX], int *count);
/* RFC 9162 2.1.4.1: proof that the tree of `from` leaves begins the tree of `to`; 0 <= from <= to.
 */
extern bool sto_tiles_consistency(StoReadHashes read, void *context, int64_t from, int64_t to,
								  StoHash proof[STO_PROOF_MAX], int *count);

/* RFC 9162 2.1.3.2; false also for a proof of the wrong length. */
extern bool sto_verify_inclusion(const StoHash *leaf, int64_t index, int64_t size,
								 const StoHash *proof, int count, const StoHash *root);
/*
 * RFC 9162 2.1.4.2.  from == to: the proof must be empty and the roots equal.  from 0:
 * empty, and from_root that of no leaves, SHA-256("").
 */
extern bool sto_verify_consistency(int64_t from, int64_t to, const StoHash *proof, int count,
								   const StoHash *from_root, const StoHash *to_root);

#endif
