/*
 * test_merkle.c
 *		The tree against RFC 6962's known answers and against a naive recursive tree
 *		that follows RFC 9162 2.1 to the letter.
 */
#include "core/merkle.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

#define LEAVES_MAX 70000
#define BRUTE_MAX 70

static StoHash leaves[LEAVES_MAX];

/* MTH of RFC 9162 2.1.1 */
static StoHash
naive_root(const StoHash *at, int64_t n)
{
	StoHash left;
	StoHash right;
	StoHash out;
	int64_t k = 1;

	if (n == 0)
	{
		sto_sha256(NULL, 0, out.octets);
		return out;
	}
	if (n == 1)
		return at[0];
	while (2 * k < n)
		k *= 2;
	left = naive_root(at, k);
	right = naive_root(at + k, n - k);
	sto_node_hash(&left, &right, &out);
	return out;
}

/* PATH of RFC 9162 2.1.3.1 */
static int
naive_path(const StoHash *at, int64_t m, int64_t n, StoHash *proof)
{
	int64_t k = 1;
	int count;

	if (n == 1)
		return 0;
	while (2 * k < n)
		k *= 2;
	if (m < k)
	{
		count = naive_path(at, m, k, proof);
		proof[count] = naive_root(at + k, n - k);
	}
	else
	{
		count = naive_path(at + k, m - k, n - k, proof);
		proof[count] = naive_root(at, k);
	}
	return count + 1;
}

/* SUBPROOF of RFC 9162 2.1.4.1 */
static int
naive_subproof(const StoHash *at, int64_t m, int64_t n, bool whole, StoHash *proof)
{
	int64_t k = 1;
	int count;

	if (m == n)
	{
		if (whole)
			return 0;
		proof[0] = naive_root(at, m);
		return 1;
	}
	while (2 * k < n)
		k *= 2;
	if (m <= k)
	{
		count = naive_subproof(at, m, k, whole, proof);
		proof[count] = naive_root(at + k, n - k);
	}
	else
	{
		count = naive_subproof(at + k, m - k, n - k, false, proof);
		proof[count] = naive_root(at, k);
	}
	return count + 1;
}

static bool
same(const StoHash *a, const StoHash *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Tiles of the first `size` leaves, made naively; a read that is not in one tile or not there
 * fails. */
typedef struct Store
{
	int64_t size;
	int reads;
	int fail_at; /* this read fails; 0: none */
	bool strayed;
} Store;

static StoHash level_1[LEAVES_MAX / STO_TILE_WIDTH + 1];
static StoHash level_2[2];

static bool
read_store(void *context, int level, int64_t first, int count, StoHash *out)
{
	Store *store = context;
	const StoHash *hashes = level == 0 ? leaves : level == 1 ? level_1 : level_2;

	if (++store->reads == store->fail_at)
		return false;
	if (level > 2 || first < 0 || count < 1 || first + count > store->size >> (8 * level) ||
		first / STO_TILE_WIDTH != (first + count - 1) / STO_TILE_WIDTH)
	{
		store->strayed = true;
		return false;
	}
	memcpy(out, hashes + first, (size_t) count * sizeof(StoHash));
	return true;
}

static void
make_leaves(void)
{
	for (int i = 0; i < LEAVES_MAX; i++)
	{
		uint8_t data[4] = {(uint8_t) (i >> 24), (uint8_t) (i >> 16), (uint8_t) (i >> 8),
						   (uint8_t) i};

		sto_leaf_hash(data, sizeof(data), leaves[i].octets);
	}
	for (int i = 0; i < LEAVES_MAX / STO_TILE_WIDTH; i++)
		level_1[i] = naive_root(leaves + STO_TILE_WIDTH * i, STO_TILE_WIDTH);
	level_2[0] = naive_root(leaves, 65536);
}

static bool
is_hex(const StoHash *hash, const char *hex)
{
	char text[2 * STO_DIGEST_LEN + 1];

	sto_hex_encode(hash->octets, STO_DIGEST_LEN, text);
	return strcmp(text, hex) == 0;
}

/* The eight leaves and the roots that certificate-transparency's own tests use for RFC 6962. */
static void
test_known(void)
{
	static const char *const inputs[] = {"",
										 "00",
										 "10",
										 "2021",
										 "3031",
										 "40414243",
										 "5051525354555657",
										 "606162636465666768696a6b6c6d6e6f"};
	static const char *const roots[] = {
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	};
	StoFrontier frontier;
	StoHash root;

	sto_frontier_init(&frontier);
	CHECK(sto_frontier_root(&frontier, &root) &&
		  is_hex(&root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
	for (int i = 0; i < 8; i++)
	{
		uint8_t data[16];
		size_t len = strlen(inputs[i]) / 2;
		StoHash leaf;

		CHECK_AS(sto_hex_decode(inputs[i], 2 * len, data, len) &&
					 sto_leaf_hash(data, len, leaf.octets) &&
					 sto_frontier_append(&frontier, &leaf) && sto_frontier_root(&frontier, &root) &&
					 is_hex(&root, roots[i]) && frontier.size == i + 1,
				 "root of RFC 6962's first %d leaves", i + 1);
	}
}

/* Every bit that is changed, every hash left out, added or swapped, and every other place. */
static bool
refuses_inclusion(int64_t index, int64_t size, const StoHash *proof, int count, const StoHash *root)
{
	StoHash changed[STO_PROOF_MAX + 1];
	StoHash leaf = leaves[index];
	bool ok = true;

	for (int i = 0; i < count; i++)
	{
		memcpy(changed, proof, (size_t) count * sizeof(StoHash));
		changed[i].octets[(index + i) % STO_DIGEST_LEN] ^= (uint8_t) (1 << (size % 8));
		ok &= !sto_verify_inclusion(&leaf, index, size, changed, count, root);
		memcpy(changed, proof, (size_t) count * sizeof(StoHash));
		memmove(changed + i, changed + i + 1, (size_t) (count - i - 1) * sizeof(StoHash));
		ok &= !sto_verify_inclusion(&leaf, index, size, changed, count - 1, root);
	}
	memcpy(changed, proof, (size_t) count * sizeof(StoHash));
	changed[count] = *root;
	ok &= !sto_verify_inclusion(&leaf, index, size, changed, count + 1, root);
	ok &= !sto_verify_inclusion(root, index, size, proof, count, &leaves[(index + 1) % 7]);
	leaf.octets[0] ^= 1;
	ok &= !sto_verify_inclusion(&leaf, index, size, proof, count, root);
	leaf = leaves[index];
	for (int64_t other = -1; other <= size; other++)
		ok &= other == index || !sto_verify_inclusion(&leaf, other, size, proof, count, root);
	return ok;
}

static bool
refuses_consistency(int64_t from, int64_t to, const StoHash *proof, int count,
					const StoHash *from_root, const StoHash *to_root)
{
	StoHash changed[STO_PROOF_MAX + 1];
	StoHash other = *from_root;
	bool ok = true;

	for (int i = 0; i < count; i++)
	{
		memcpy(changed, proof, (size_t) count * sizeof(StoHash));
		changed[i].octets[(from + i) % STO_DIGEST_LEN] ^= (uint8_t) (1 << (to % 8));
		ok &= !sto_verify_consistency(from, to, changed, count, from_root, to_root);
		memcpy(changed, proof, (size_t) count * sizeof(StoHash));
		memmove(changed + i, changed + i + 1, (size_t) (count - i - 1) * sizeof(StoHash));
		ok &= !sto_verify_consistency(from, to, changed, count - 1, from_root, to_root);
	}
	memcpy(changed, proof, (size_t) count * sizeof(StoHash));
	changed[count] = *to_root;
	ok &= !sto_verify_consistency(from, to, changed, count + 1, from_root, to_root);
	other.octets[5] ^= 0x40;
	ok &= !sto_verify_consistency(from, to, proof, count, &other, to_root);
	other = *to_root;
	other.octets[31] ^= 0x01;
	/* nothing is said about a tree that begins with nothing */
	ok &= from == 0 || !sto_verify_consistency(from, to, proof, count, from_root, &other);
	return ok;
}

static bool
inclusion_agrees(Store *store, int64_t index, int64_t size, const StoHash *root)
{
	StoHash ours[STO_PROOF_MAX];
	StoHash theirs[STO_PROOF_MAX];
	int count = -1;
	int expected = naive_path(leaves, index, size, theirs);

	return sto_tiles_inclusion(read_store, store, index, size, ours, &count) && count == expected &&
		   memcmp(ours, theirs, (size_t) count * sizeof(StoHash)) == 0 &&
		   sto_verify_inclusion(&leaves[index], index, size, ours, count, root);
}

static bool
consistency_agrees(Store *store, int64_t from, int64_t to, const StoHash *from_root,
				   const StoHash *to_root)
{
	StoHash ours[STO_PROOF_MAX];
	StoHash theirs[STO_PROOF_MAX];
	int count = -1;
	int expected = from == 0 ? 0 : naive_subproof(leaves, from, to, true, theirs);

	return sto_tiles_consistency(read_store, store, from, to, ours, &count) && count == expected &&
		   memcmp(ours, theirs, (size_t) count * sizeof(StoHash)) == 0 &&
		   sto_verify_consistency(from, to, ours, count, from_root, to_root);
}

static void
test_small_sizes(void)
{
	StoHash roots[BRUTE_MAX + 1];
	StoFrontier frontier;
	bool same_roots = true;
	bool inclusion = true;
	bool consistency = true;
	bool mutated = true;
	bool strayed = false;

	sto_frontier_init(&frontier);
	for (int64_t size = 0; size <= BRUTE_MAX; size++)
	{
		Store store = {.size = size};
		StoHash proof[STO_PROOF_MAX];
		StoHash got;
		int count = 0;

		roots[size] = naive_root(leaves, size);
		if (size > 0)
			same_roots &= sto_frontier_append(&frontier, &leaves[size - 1]);
		same_roots &= sto_frontier_root(&frontier, &got) && same(&got, &roots[size]);
		same_roots &= sto_tiles_root(read_store, &store, size, &got) && same(&got, &roots[size]);
		if (size > 0)
			same_roots &= sto_hashes_root(leaves, (size_t) size, &got) && same(&got, &roots[size]);
		for (int64_t index = 0; index < size; index++)
		{
			inclusion &= inclusion_agrees(&store, index, size, &roots[size]);
			sto_tiles_inclusion(read_store, &store, index, size, proof, &count);
			mutated &= refuses_inclusion(index, size, proof, count, &roots[size]);
		}
		for (int64_t from = 0; from <= size; from++)
		{
			consistency &= consistency_agrees(&store, from, size, &roots[from], &roots[size]);
			sto_tiles_consistency(read_store, &store, from, size, proof, &count);
			mutated &= refuses_consistency(from, size, proof, count, &roots[from], &roots[size]);
		}
		strayed |= store.strayed;
	}
	CHECK_AS(same_roots, "roots of 0 to %d leaves, four ways", BRUTE_MAX);
	CHECK_AS(inclusion, "every inclusion proof in trees of 1 to %d leaves", BRUTE_MAX);
	CHECK_AS(consistency, "every consistency proof between trees of 0 to %d leaves", BRUTE_MAX);
	CHECK_AS(mutated, "every changed proof is refused");
	CHECK_AS(!strayed, "reads stay within one tile and within the tree");
}

/* Sizes about the tiles' edges, and some at random. */
static void
test_tiles(void)
{
	static const int64_t edges[] = {255,   256,   257,   511,   512,   513,   767,
									65279, 65280, 65281, 65535, 65536, 65537, 65791,
									65792, 65793, 66047, 69999, 70000};
	const int count = sizeof(edges) / sizeof(edges[0]);
	bool same_roots = true;
	bool frontiers = true;
	bool inclusion = true;
	bool consistency = true;
	bool strayed = false;
	int reads = 0;

	srandom(9162);
	for (int i = 0; i < count + 12; i++)
	{
		int64_t size = i < count ? edges[i] : 1 + random() % LEAVES_MAX;
		int64_t picks[] = {
			0, 1, 255, 256, 65535, 65536, size / 2, size - 1, random() % size, random() % size};
		Store store = {.size = size};
		StoHash root = naive_root(leaves, size);
		StoFrontier made;
		StoHash got;

		same_roots &= sto_tiles_root(read_store, &store, size, &got) && same(&got, &root);
		frontiers &= sto_tiles_frontier(read_store, &store, size, &made) && made.size == size &&
					 made.count == __builtin_popcountll((unsigned long long) size) &&
					 sto_frontier_root(&made, &got) && same(&got, &root);
		if (size < LEAVES_MAX)
		{
			StoHash next = naive_root(leaves, size + 1);

			frontiers &= sto_frontier_append(&made, &leaves[size]) &&
						 sto_frontier_root(&made, &got) && same(&got, &next);
		}
		for (int p = 0; p < 10; p++)
		{
			StoHash from_root;

			/* the naive tree is slow: two places in each of the larger ones */
			if (picks[p] >= size || (size > 2000 && (p + i) % 5 != 0))
				continue;
			store.reads = 0;
			inclusion &= inclusion_agrees(&store, picks[p], size, &root);
			reads = store.reads > reads ? store.reads : reads;
			from_root = naive_root(leaves, picks[p]);
			consistency &= consistency_agrees(&store, picks[p], size, &from_root, &root);
		}
		strayed |= store.strayed;
	}
	CHECK_AS(same_roots, "roots from tiles");
	CHECK_AS(frontiers, "a frontier from tiles goes on growing");
	CHECK_AS(inclusion, "inclusion proofs from tiles");
	CHECK_AS(consistency, "consistency proofs from tiles");
	CHECK_AS(!strayed, "reads stay within one tile and within the tree");
	CHECK_AS(reads <= 6, "a proof in three levels reads at most twice a level, and read %d", reads);
}

static void
test_subtrees(void)
{
	StoFrontier frontier;
	StoHash got;
	StoHash root;
	bool ok = true;

	sto_frontier_init(&frontier);
	for (int tile = 0; tile < 257; tile++)
		ok &= sto_frontier_append_subtree(&frontier, 8, &level_1[tile]);
	for (int i = 257 * 256; i < 257 * 256 + 5; i++)
		ok &= sto_frontier_append(&frontier, &leaves[i]);
	root = naive_root(leaves, 257 * 256 + 5);
	CHECK_AS(ok && sto_frontier_root(&frontier, &got) && same(&got, &root),
			 "tiles and then leaves are appended");
	CHECK_AS(!sto_frontier_append_subtree(&frontier, 8, &level_1[0]) &&
				 !sto_frontier_append_subtree(&frontier, 1, &level_1[0]) &&
				 frontier.size == 257 * 256 + 5,
			 "a subtree is refused where it wouldn't be perfect");
	CHECK(!sto_frontier_append_subtree(&frontier, -1, &level_1[0]) &&
		  !sto_frontier_append_subtree(&frontier, 62, &level_1[0]) &&
		  !sto_frontier_append_subtree(&frontier, 64, &level_1[0]));

	/* a tree of nearly 2^62 leaves: one subtree a height, from the largest */
	sto_frontier_init(&frontier);
	ok = true;
	for (int height = 61; height >= 0; height--)
		ok &= sto_frontier_append_subtree(&frontier, height, &leaves[height]);
	CHECK_AS(ok && frontier.size == STO_TREE_SIZE_MAX - 1 && frontier.count == 62 &&
				 sto_frontier_root(&frontier, &got),
			 "a frontier of 62 subtrees");
	CHECK_AS(!sto_frontier_append(&frontier, &leaves[0]) && frontier.count == 62,
			 "no tree has 2^62 leaves");
}

/* Every hash is the one that counts up to it: only the shape of the tree is looked at. */
static bool
read_same(void *context, int level, int64_t first, int count, StoHash *out)
{
	const int64_t *size = context;

	if (first + count > *size >> (8 * level))
		return false;
	for (int i = 0; i < count; i++)
	{
		out[i] = level_1[level];
	}
	return true;
}

static void
test_largest(void)
{
	int64_t size = STO_TREE_SIZE_MAX - 1;
	StoHash proof[STO_PROOF_MAX];
	int count = 0;

	/* nodes of equal height are equal here, so tiles must agree with each other */
	for (int level = 1; level < 8; level++)
	{
		StoHash node = level_1[level - 1];

		for (int i = 0; i < 8; i++)
			sto_node_hash(&node, &node, &node);
		level_1[level] = node;
	}
	for (int i = 0; i < 4; i++)
	{
		int64_t index = i == 0 ? 0 : i == 1 ? size - 1 : i == 2 ? size / 2 : size / 3;
		StoHash root;
		StoHash from_root;

		CHECK_AS(sto_tiles_root(read_same, &size, size, &root) &&
					 sto_tiles_inclusion(read_same, &size, index, size, proof, &count) &&
					 sto_verify_inclusion(&level_1[0], index, size, proof, count, &root),
				 "inclusion of leaf %lld in the largest tree", (long long) index);
		CHECK_AS(sto_tiles_root(read_same, &index, index, &from_root) &&
					 sto_tiles_consistency(read_same, &size, index, size, proof, &count) &&
					 sto_verify_consistency(index, size, proof, count, &from_root, &root) &&
					 count <= STO_PROOF_MAX,
				 "consistency of the largest tree with that of %lld leaves", (long long) index);
	}
}

static void
test_refusals(void)
{
	Store store = {.size = 70000};
	StoHash proof[STO_PROOF_MAX];
	StoHash root = naive_root(leaves, 5);
	StoFrontier frontier;
	int count = 77;
	bool ok = true;

	CHECK(!sto_tiles_inclusion(read_store, &store, 5, 5, proof, &count) &&
		  !sto_tiles_inclusion(read_store, &store, -1, 5, proof, &count) &&
		  !sto_tiles_inclusion(read_store, &store, 0, 0, proof, &count) &&
		  !sto_tiles_inclusion(read_store, &store, 0, -1, proof, &count) &&
		  !sto_tiles_inclusion(read_store, &store, 0, STO_TREE_SIZE_MAX, proof, &count) &&
		  !sto_tiles_inclusion(read_store, &store, INT64_MAX, INT64_MAX, proof, &count));
	CHECK(!sto_tiles_consistency(read_store, &store, 6, 5, proof, &count) &&
		  !sto_tiles_consistency(read_store, &store, -1, 5, proof, &count) &&
		  !sto_tiles_consistency(read_store, &store, 1, STO_TREE_SIZE_MAX, proof, &count) &&
		  !sto_tiles_consistency(read_store, &store, INT64_MIN, INT64_MIN, proof, &count));
	CHECK(!sto_tiles_root(read_store, &store, -1, &root) &&
		  !sto_tiles_root(read_store, &store, STO_TREE_SIZE_MAX, &root) &&
		  !sto_tiles_frontier(read_store, &store, -1, &frontier) &&
		  !sto_tiles_frontier(read_store, &store, INT64_MAX, &frontier));
	CHECK(!sto_hashes_root(leaves, 0, &root) && !sto_hashes_root(leaves, 257, &root));
	for (int fail = 1; fail <= 3; fail++)
	{
		store.fail_at = fail;
		store.reads = 0;
		ok &= !sto_tiles_root(read_store, &store, 65536 + 256 + 1, &root);
		store.reads = 0;
		ok &= !sto_tiles_frontier(read_store, &store, 65536 + 256 + 1, &frontier);
		store.reads = 0;
		ok &= !sto_tiles_inclusion(read_store, &store, 3, 65536 + 256 + 1, proof, &count);
		store.reads = 0;
		ok &= !sto_tiles_consistency(read_store, &store, 3, 65536 + 256 + 1, proof, &count);
	}
	CHECK_AS(ok && count == 77, "a read that fails fails the proof, and nothing is written");

	root = naive_root(leaves, 1);
	CHECK(sto_verify_inclusion(&leaves[0], 0, 1, NULL, 0, &root));
	CHECK(!sto_verify_inclusion(&leaves[0], 0, 1, NULL, -1, &root) &&
		  !sto_verify_inclusion(&leaves[0], 0, STO_TREE_SIZE_MAX, proof, 1, &root) &&
		  !sto_verify_inclusion(&leaves[0], 0, -5, NULL, 0, &root) &&
		  !sto_verify_inclusion(&leaves[0], 0, 0, NULL, 0, &root));
	CHECK(!sto_verify_consistency(2, 1, NULL, 0, &root, &root) &&
		  !sto_verify_consistency(-1, 1, NULL, 0, &root, &root) &&
		  !sto_verify_consistency(1, 2, NULL, -1, &root, &root) &&
		  !sto_verify_consistency(1, 1, NULL, -1, &root, &root) &&
		  !sto_verify_consistency(1, INT64_MAX, NULL, 0, &root, &root));
	CHECK_AS(!sto_verify_consistency(0, 1, NULL, 0, &root, &root),
			 "the tree of no leaves has one root");
}

/* Proofs that lead to the root given, but are longer or shorter than that tree's are. */
static void
test_other_heights(void)
{
	Store store = {.size = 8};
	StoHash proof[STO_PROOF_MAX];
	StoHash new_root = naive_root(leaves, 4);
	StoHash old_root = naive_root(leaves, 2);
	StoHash higher;
	int count = 0;

	sto_node_hash(&leaves[9], &leaves[0], &higher);
	CHECK(!sto_verify_inclusion(&leaves[0], 0, 1, &leaves[9], 1, &higher));
	sto_tiles_inclusion(read_store, &store, 3, 4, proof, &count);
	CHECK(sto_verify_inclusion(&leaves[3], 3, 4, proof, count, &new_root));
	CHECK(!sto_verify_inclusion(&leaves[3], 3, 8, proof, count, &new_root) &&
		  !sto_verify_inclusion(&leaves[3], 3, 2, proof, count, &new_root));
	proof[count] = leaves[9];
	sto_node_hash(&leaves[9], &new_root, &higher);
	CHECK(!sto_verify_inclusion(&leaves[3], 3, 4, proof, count + 1, &higher));

	sto_tiles_consistency(read_store, &store, 2, 4, proof, &count);
	CHECK(sto_verify_consistency(2, 4, proof, count, &old_root, &new_root));
	CHECK(!sto_verify_consistency(2, 8, proof, count, &old_root, &new_root));
	proof[count] = leaves[9];
	sto_node_hash(&new_root, &leaves[9], &higher);
	CHECK(!sto_verify_consistency(2, 4, proof, count + 1, &old_root, &higher));
	/* one hash more on the left of both trees */
	sto_tiles_consistency(read_store, &store, 3, 5, proof, &count);
	proof[count] = leaves[9];
	old_root = naive_root(leaves, 3);
	new_root = naive_root(leaves, 5);
	CHECK(sto_verify_consistency(3, 5, proof, count, &old_root, &new_root));
	sto_node_hash(&leaves[9], &old_root, &old_root);
	sto_node_hash(&leaves[9], &new_root, &new_root);
	CHECK(!sto_verify_consistency(3, 5, proof, count + 1, &old_root, &new_root));
}

int
main(void)
{
	make_leaves();
	test_known();
	test_small_sizes();
	test_tiles();
	test_subtrees();
	test_refusals();
	test_other_heights();
	test_largest();
	return check_done("merkle");
}
