/*
 * table.c
 *		Pools, indexes, texts and the set of order ids.
 */
#include "core/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FIRST_SLOTS 1024 /* a power of two */
#define FIRST_SHARD 64
#define FIRST_TEXTS 65536
#define FIRST_PIECE ((size_t) 1 << 20)
#define HUGE_PAGE ((size_t) 2 << 20)

static size_t
whole_huge_pages(size_t len)
{
	return (len + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

/* Begun at the boundary of a huge page.  The last one is asked for only if it is filled:
 * the system clears it all at the first touch. */
void *
sto_big_alloc(size_t len)
{
	size_t reserved = whole_huge_pages(len);
	size_t all = reserved + HUGE_PAGE;
	uint8_t *memory;
	size_t before;

	if (len < HUGE_PAGE / 2)
		return calloc(1, len);
	memory = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	before = (HUGE_PAGE - (uintptr_t) memory % HUGE_PAGE) % HUGE_PAGE;
	if (before > 0)
		(void) munmap(memory, before);
	if (before < HUGE_PAGE)
		(void) munmap(memory + before + reserved, HUGE_PAGE - before);
	/* advice: where it isn't taken, everything is only slower */
	(void) madvise(memory + before, len / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
	return memory + before;
}

void
sto_big_free(void *memory, size_t len)
{
	if (memory == NULL)
		return;
	if (len < HUGE_PAGE / 2)
		free(memory);
	else
		(void) munmap(memory, whole_huge_pages(len));
}

void
sto_pool_init(StoPool *pool, size_t row_len)
{
	memset(pool, 0, sizeof(*pool));
	pool->row_len = (uint32_t) row_len;
	assert(row_len <= STO_POOL_ROW_MAX);
}

void
sto_pool_free(StoPool *pool)
{
	for (uint32_t i = 0; i < pool->chunk_count; i++)
		sto_big_free(pool->chunks[i], (size_t) STO_POOL_CHUNK * pool->row_len);
	free(pool->chunks);
	pool->chunks = NULL;
	pool->chunk_count = pool->count = 0;
}

static bool
add_chunk(StoPool *pool)
{
	uint8_t *chunk;

	/* the array of chunks doubles at powers of two */
	if ((pool->chunk_count & (pool->chunk_count - 1)) == 0)
	{
		size_t size = pool->chunk_count == 0 ? 1 : (size_t) pool->chunk_count * 2;
		uint8_t **chunks = realloc(pool->chunks, size * sizeof(uint8_t *));

		if (chunks == NULL)
			return false;
		pool->chunks = chunks;
	}
	chunk = sto_big_alloc((size_t) STO_POOL_CHUNK * pool->row_len);
	if (chunk == NULL)
		return false;
	pool->chunks[pool->chunk_count] = chunk;
	pool->chunk_count++;
	return true;
}

void *
sto_pool_add(StoPool *pool, uint32_t *number)
{
	if (pool->count == UINT32_MAX)
		return NULL;
	if (pool->count == (uint64_t) pool->chunk_count * STO_POOL_CHUNK && !add_chunk(pool))
		return NULL;
	*number = ++pool->count;
	return sto_pool_at(pool, *number);
}

void *
sto_pool_no_row(void)
{
	static _Thread_local _Alignas(16) uint8_t row[STO_POOL_ROW_MAX];

	return memset(row, 0, sizeof(row));
}

bool
sto_array_load(void **items, size_t len, StoMove move, void *context)
{
	size_t piece;

	for (size_t done = 0; done < len; done += piece)
	{
		size_t most = done < FIRST_PIECE ? FIRST_PIECE : done;
		void *bigger;

		piece = len - done < most ? len - done : most;
		bigger = realloc(*items, done + piece);
		if (bigger == NULL)
			return false;
		*items = bigger;
		if (!move(context, (uint8_t *) bigger + done, piece))
			return false;
	}
	return true;
}

bool
sto_pool_move(StoPool *pool, bool loading, StoMove move, void *context)
{
	uint32_t count = pool->count;
	uint32_t number;

	if (!move(context, &count, sizeof(count)))
		return false;
	for (uint32_t first = 1; first <= count && first != 0; first += STO_POOL_CHUNK)
	{
		uint32_t n = count - first + 1 < STO_POOL_CHUNK ? count - first + 1 : STO_POOL_CHUNK;

		for (uint32_t i = 0; loading && i < n; i++)
			if (sto_pool_add(pool, &number) == NULL)
				return false;
		if (!move(context, sto_pool_at(pool, first), (size_t) n * pool->row_len))
			return false;
	}
	return true;
}

void
sto_index_free(StoIndexTable *table)
{
	sto_big_free(table->slots, ((size_t) table->mask + 1) * sizeof(uint64_t));
	memset(table, 0, sizeof(*table));
}

/* The half of the hash that a slot keeps also says where it stands. */
static void
put_slot(uint64_t *slots, uint32_t mask, uint64_t slot)
{
	uint32_t place = (uint32_t) (slot >> 32);

	while (slots[place & mask] != 0)
		place++;
	slots[place & mask] = slot;
}

static bool
grow_index(StoIndexTable *table)
{
	uint64_t size = table->slots == NULL ? FIRST_SLOTS : ((uint64_t) table->mask + 1) * 2;
	uint32_t count = table->count;
	uint64_t *slots;

	if (size > UINT64_C(1) << 32)
		return false;
	slots = sto_big_alloc(size * sizeof(uint64_t));
	if (slots == NULL)
		return false;
	for (uint64_t i = 0; table->slots != NULL && i <= table->mask; i++)
		if (table->slots[i] != 0)
			put_slot(slots, (uint32_t) (size - 1), table->slots[i]);
	sto_index_free(table);
	table->count = count;
	table->slots = slots;
	table->mask = (uint32_t) (size - 1);
	return true;
}

bool
sto_index_add(StoIndexTable *table, uint64_t hash, uint32_t number)
{
	if ((table->slots == NULL || table->count >= table->mask / 2 + 1) && !grow_index(table))
		return false;
	put_slot(table->slots, table->mask, (hash & ~UINT64_C(0xffffffff)) | number);
	table->count++;
	return true;
}

static uint64_t
load64(const uint8_t *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

uint64_t
sto_seeded_hash(uint64_t seed, const void *data, size_t len)
{
	const uint8_t *at = data;
	const uint8_t *last = at + len - 8;
	uint64_t h = seed ^ len;

	/* the last eight octets may overlap those before */
	for (; at < last; at += 8)
		h = sto_mix(h ^ load64(at), UINT64_C(0xa0761d6478bd642f) ^ (seed >> 3));
	return sto_mix(h ^ load64(last), UINT64_C(0xe7037ed1a0b428db) ^ (seed >> 5));
}

void
sto_texts_free(StoTextPool *texts)
{
	free(texts->data);
	memset(texts, 0, sizeof(*texts));
}

bool
sto_texts_add(StoTextPool *texts, const char *text, size_t len, uint32_t *place)
{
	uint64_t needed = (uint64_t) (texts->len == 0 ? 1 : texts->len) + len + 1;

	if (needed > UINT32_MAX)
		return false;
	if (needed > texts->size)
	{
		uint64_t size = texts->size == 0 ? FIRST_TEXTS : (uint64_t) texts->size * 2;
		char *data;

		while (size < needed)
			size *= 2;
		if (size > UINT32_MAX)
			size = UINT32_MAX;
		data = realloc(texts->data, size);
		if (data == NULL)
			return false;
		texts->data = data;
		texts->size = (uint32_t) size;
	}
	if (texts->len == 0)
		texts->data[texts->len++] = '\0'; /* place 0 */
	*place = texts->len;
	memcpy(texts->data + texts->len, text, len);
	texts->data[texts->len + len] = '\0';
	texts->len = (uint32_t) needed;
	return true;
}

bool
sto_texts_move(StoTextPool *texts, bool loading, StoMove move, void *context)
{
	void *data = NULL;
	bool ok;

	if (!move(context, &texts->len, sizeof(texts->len)))
		return false;
	if (!loading)
		return texts->len == 0 || move(context, texts->data, texts->len);
	ok = sto_array_load(&data, texts->len, move, context);
	texts->data = data;
	texts->size = texts->len;
	return ok;
}

void
sto_set_free(StoSet *set)
{
	for (int i = 0; i < STO_SET_SHARDS; i++)
		sto_big_free(set->shards[i].slots, set->shards[i].size * sizeof(uint64_t[2]));
	memset(set, 0, sizeof(*set));
}

static uint64_t
set_hash(uint64_t seed, const uint64_t value[2])
{
	return sto_mix(value[0] ^ seed, value[1] ^ UINT64_C(0x8ebc6af09c88c6e3));
}

/* The shard is chosen by the low octet, the place by the rest scaled to the size. */
static uint64_t
first_place(uint64_t hash, uint64_t size)
{
	return (uint64_t) (((unsigned __int128) hash * size) >> 64);
}

static void
place_value(StoSetShard *shard, uint64_t hash, const uint64_t value[2])
{
	uint64_t place = first_place(hash, shard->size);

	while ((shard->slots[place][0] | shard->slots[place][1]) != 0)
		place = place + 1 == shard->size ? 0 : place + 1;
	shard->slots[place][0] = value[0];
	shard->slots[place][1] = value[1];
}

/* Half as large again, in whole huge pages once it is large. */
static uint64_t
next_size(uint64_t size)
{
	size_t slot = sizeof(uint64_t[2]);
	uint64_t next = size + size / 2;

	if (size == 0)
		return FIRST_SHARD;
	return next * slot < HUGE_PAGE / 2 ? next : whole_huge_pages(next * slot) / slot;
}

static bool
grow_shard(StoSetShard *shard, uint64_t seed)
{
	StoSetShard bigger = *shard;

	bigger.size = next_size(shard->size);
	bigger.slots = sto_big_alloc(bigger.size * sizeof(bigger.slots[0]));
	if (bigger.slots == NULL)
		return false;
	for (uint64_t i = 0; i < shard->size; i++)
		if ((shard->slots[i][0] | shard->slots[i][1]) != 0)
			place_value(&bigger, set_hash(seed, shard->slots[i]), shard->slots[i]);
	sto_big_free(shard->slots, shard->size * sizeof(shard->slots[0]));
	*shard = bigger;
	return true;
}

bool
sto_set_add(StoSet *set, uint64_t seed, const uint64_t value[2], bool *is_new)
{
	uint64_t hash = set_hash(seed, value);
	StoSetShard *shard = &set->shards[hash % STO_SET_SHARDS];
	uint64_t place;

	if ((value[0] | value[1]) == 0)
	{
		*is_new = !set->has_zero;
		set->has_zero = true;
		return true;
	}
	if (shard->count >= shard->size / 4 * 3 && !grow_shard(shard, seed))
		return false;
	place = first_place(hash, shard->size);
	while ((shard->slots[place][0] | shard->slots[place][1]) != 0)
	{
		if (shard->slots[place][0] == value[0] && shard->slots[place][1] == value[1])
		{
			*is_new = false;
			return true;
		}
		place = place + 1 == shard->size ? 0 : place + 1;
	}
	shard->slots[place][0] = value[0];
	shard->slots[place][1] = value[1];
	shard->count++;
	*is_new = true;
	return true;
}

void
sto_set_prefetch(const StoSet *set, uint64_t seed, const uint64_t value[2])
{
	uint64_t hash = set_hash(seed, value);
	const StoSetShard *shard = &set->shards[hash % STO_SET_SHARDS];

	if (shard->size > 0)
		__builtin_prefetch(shard->slots[first_place(hash, shard->size)]);
}
