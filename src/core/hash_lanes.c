/*
 * hash_lanes.c
 *		SHA-256 of many messages, two at a time.
 *
 * One message's rounds wait for each other: the processor's SHA instructions
 * take twice as many clocks as they need.  A second message fits in between.
 * OpenSSL has no call for that, so the rounds (FIPS 180-4, 6.2.2) are here for
 * processors of the x86 kind that have the instructions; on others, and if the
 * first digests are not those that OpenSSL gives, OpenSSL does it all.
 */
#include "core/hash.h"

#ifdef __x86_64__

#include <cpuid.h>
#include <immintrin.h>

#define BLOCK 64
#define LANES 2
#define CODE __attribute__((target("sha,sse4.1,ssse3")))

/* A message on its way: its blocks are read where they lie, but for the ends. */
typedef struct Lane
{
	__m128i abef;
	__m128i cdgh;
	const uint8_t *at[3]; /* first block if there is a prefix; whole blocks; padded end */
	size_t blocks[3];
	int part;
	uint8_t first[BLOCK];
	uint8_t end[2 * BLOCK];
	uint8_t *out; /* NULL: nothing is in it */
} Lane;

/* FIPS 180-4, 4.2.2 */
static const uint32_t constants[64] __attribute__((aligned(16))) = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* Words are big-endian in messages and digests. */
CODE static inline __m128i
turn(__m128i words)
{
	return _mm_shuffle_epi8(
		words, _mm_set_epi64x(INT64_C(0x0c0d0e0f08090a0b), INT64_C(0x0405060700010203)));
}

CODE static const uint8_t *
next_block(Lane *lane)
{
	const uint8_t *block;

	while (lane->blocks[lane->part] == 0)
		lane->part++;
	block = lane->at[lane->part];
	lane->at[lane->part] += BLOCK;
	lane->blocks[lane->part]--;
	return block;
}

/* One block of each lane.  Four rounds at a time, and the schedule four words ahead. */
CODE static void
compress(Lane *lanes)
{
	__m128i abef[LANES];
	__m128i cdgh[LANES];
	__m128i w[LANES][4];

	for (int l = 0; l < LANES; l++)
	{
		const uint8_t *block = next_block(&lanes[l]);

		abef[l] = lanes[l].abef;
		cdgh[l] = lanes[l].cdgh;
		for (int i = 0; i < 4; i++)
			w[l][i] = turn(_mm_loadu_si128((const __m128i *) block + i));
	}
#pragma GCC unroll 16
	for (int i = 0; i < 16; i++)
	{
		__m128i k = _mm_load_si128((const __m128i *) constants + i);

#pragma GCC unroll 2
		for (int l = 0; l < LANES; l++)
		{
			__m128i sum = _mm_add_epi32(w[l][i % 4], k);
			__m128i next;

			cdgh[l] = _mm_sha256rnds2_epu32(cdgh[l], abef[l], sum);
			abef[l] = _mm_sha256rnds2_epu32(abef[l], cdgh[l], _mm_shuffle_epi32(sum, 0x0e));
			if (i >= 12)
				continue;
			next = _mm_sha256msg1_epu32(w[l][i % 4], w[l][(i + 1) % 4]);
			next = _mm_add_epi32(next, _mm_alignr_epi8(w[l][(i + 3) % 4], w[l][(i + 2) % 4], 4));
			w[l][i % 4] = _mm_sha256msg2_epu32(next, w[l][(i + 3) % 4]);
		}
	}
	for (int l = 0; l < LANES; l++)
	{
		lanes[l].abef = _mm_add_epi32(lanes[l].abef, abef[l]);
		lanes[l].cdgh = _mm_add_epi32(lanes[l].cdgh, cdgh[l]);
	}
}

/* FIPS 180-4, 5.1.1: a bit 1, zeros, the length in bits. */
static void
pad(Lane *lane, const uint8_t *rest, size_t rest_len, size_t len)
{
	uint64_t bits = htobe64((uint64_t) len * 8);
	size_t blocks = rest_len + 1 + sizeof(bits) > BLOCK ? 2 : 1;

	if (rest_len > 0)
		memcpy(lane->end, rest, rest_len);
	memset(lane->end + rest_len, 0, blocks * BLOCK - rest_len);
	lane->end[rest_len] = 0x80;
	memcpy(lane->end + blocks * BLOCK - sizeof(bits), &bits, sizeof(bits));
	lane->at[2] = lane->end;
	lane->blocks[2] = blocks;
}

CODE static void
load(Lane *lane, int prefix, const StoHashInput *input)
{
	size_t len = input->len;
	const uint8_t *data = len > 0 ? input->data : lane->end; /* not NULL */
	size_t all = len + (prefix >= 0);

	/* FIPS 180-4, 5.3.3 */
	lane->abef = _mm_set_epi32(0x6a09e667, (int) 0xbb67ae85, 0x510e527f, (int) 0x9b05688c);
	lane->cdgh = _mm_set_epi32(0x3c6ef372, (int) 0xa54ff53a, 0x1f83d9ab, 0x5be0cd19);
	lane->out = input->out;
	lane->part = 0;
	lane->blocks[0] = 0;
	if (prefix >= 0 && all >= BLOCK)
	{
		lane->first[0] = (uint8_t) prefix;
		memcpy(lane->first + 1, data, BLOCK - 1);
		lane->at[0] = lane->first;
		lane->blocks[0] = 1;
		data += BLOCK - 1;
		len -= BLOCK - 1;
	}
	else if (prefix >= 0)
	{
		lane->first[0] = (uint8_t) prefix;
		if (len > 0)
			memcpy(lane->first + 1, data, len);
		data = lane->first;
		len = all;
	}
	lane->at[1] = data;
	lane->blocks[1] = len / BLOCK;
	pad(lane, data + len / BLOCK * BLOCK, len % BLOCK, all);
}

CODE static void
unload(Lane *lane)
{
	__m128i abef = _mm_shuffle_epi32(lane->abef, 0x1b);
	__m128i cdgh = _mm_shuffle_epi32(lane->cdgh, 0x1b);

	_mm_storeu_si128((__m128i *) lane->out, turn(_mm_unpacklo_epi64(abef, cdgh)));
	_mm_storeu_si128((__m128i *) lane->out + 1, turn(_mm_unpackhi_epi64(abef, cdgh)));
	lane->out = NULL;
}

/* What an empty lane hashes meanwhile. */
static void
idle(Lane *lane)
{
	lane->part = 2;
	lane->at[2] = lane->end;
	lane->blocks[2] = 1;
}

CODE static void
hash_all(int prefix, const StoHashInput *inputs, size_t count)
{
	Lane lanes[LANES];
	size_t taken = 0;
	size_t done = 0;

	for (int l = 0; l < LANES; l++)
	{
		memset(&lanes[l], 0, sizeof(Lane));
		if (taken < count)
			load(&lanes[l], prefix, &inputs[taken++]);
		else
			idle(&lanes[l]);
	}
	while (done < count)
	{
		compress(lanes);
		for (int l = 0; l < LANES; l++)
		{
			if (lanes[l].blocks[2] > 0)
				continue;
			if (lanes[l].out != NULL)
			{
				unload(&lanes[l]);
				done++;
			}
			if (taken < count)
				load(&lanes[l], prefix, &inputs[taken++]);
			else
				idle(&lanes[l]);
		}
	}
}

static bool
has_instructions(void)
{
	unsigned a;
	unsigned b;
	unsigned c;
	unsigned d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || (c & bit_SSSE3) == 0 || (c & bit_SSE4_1) == 0)
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) != 0;
}

/* One and two blocks, with a prefix and without: the same as OpenSSL's? */
static bool
agrees(void)
{
	uint8_t message[100];
	uint8_t leaf[STO_DIGEST_LEN];
	uint8_t plain[STO_DIGEST_LEN];
	uint8_t out[2][STO_DIGEST_LEN];
	const StoHashInput inputs[] = {{message, sizeof(message), out[0]}, {message, 20, out[1]}};

	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t) (i * 7);
	hash_all(STO_LEAF_PREFIX, inputs, 2);
	if (!sto_leaf_hash(message, sizeof(message), leaf) || memcmp(leaf, out[0], STO_DIGEST_LEN) != 0)
		return false;
	hash_all(STO_NO_PREFIX, inputs, 2);
	return sto_sha256(message, 20, plain) && memcmp(plain, out[1], STO_DIGEST_LEN) == 0;
}

bool
sto_hash_lanes(int prefix, const StoHashInput *inputs, size_t count)
{
	/* threads may find out at once: they find the same */
	static int usable; /* 0: not known, 1: yes, -1: no */
	int known = __atomic_load_n(&usable, __ATOMIC_RELAXED);

	if (known == 0)
	{
		known = has_instructions() && agrees() ? 1 : -1;
		__atomic_store_n(&usable, known, __ATOMIC_RELAXED);
	}
	if (known < 0)
		return false;
	hash_all(prefix, inputs, count);
	return true;
}

#else

bool
sto_hash_lanes(int prefix, const StoHashInput *inputs, size_t count)
{
	(void) prefix;
	(void) inputs;
	(void) count;
	return false;
}

#endif
