/*
 * table.h
 *		What a fold of 10^8 entries keeps its state in: pools of rows, indexes
 *		over them, a store of texts, and a set of order ids.
 *
 * Rows have no pointers, so a state is saved as it lies in memory.  Nothing is
 * allocated row by row.
 */
#ifndef STO_CORE_TABLE_H
#define STO_CORE_TABLE_H

#include "core/bytes.h"

/*
 * Zeroed memory; a large one in huge pages where the system has them, as rows
 * are looked up all over it.  len as given must come back.
 */
extern void *sto_big_alloc(size_t len);
extern void sto_big_free(void *memory, size_t len);

#define STO_POOL_CHUNK 16384 /* rows */

/* Rows of one size, numbered from 1; a row never moves. */
typedef struct StoPool
{
	uint8_t **chunks;
	uint32_t chunk_count;
	uint32_t count; /* rows, and the number of the newest */
	uint32_t row_len;
} StoPool;

/* row_len: octets of a row, at most STO_POOL_ROW_MAX; takes no memory yet. */
extern void sto_pool_init(StoPool *pool, size_t row_len);
extern void sto_pool_free(StoPool *pool);
/* A zeroed row and its number; NULL if there is no memory. */
extern void *sto_pool_add(StoPool *pool, uint32_t *number);

/* Takes octets to be written, or fills them with what was; false if it can't. */
typedef bool (*StoMove)(void *context, void *data, size_t len);
/*
 * Octets of an array out of a callback, into *items from malloc(), NULL before, which is the
 * caller's to free even on failure.  Memory is taken as they come: a damaged len asks for none
 * that nothing fills.
 */
extern bool sto_array_load(void **items, size_t len, StoMove move, void *context);
/* All rows through a callback, as they lie in memory; loading: into an empty pool. */
extern bool sto_pool_move(StoPool *pool, bool loading, StoMove move, void *context);

#define STO_POOL_ROW_MAX 1024 /* octets */

/* Zeros, as long as any row; the thread's next call clears them again. */
extern void *sto_pool_no_row(void);

/*
 * Row 1 .. count.  Any other number, as the 0 of what a broken log refers to and
 * never made, gives a row of zeros that is none of the pool.
 */
static inline void *
sto_pool_at(const StoPool *pool, uint32_t number)
{
	uint32_t i = number - 1;

	if (i >= pool->count)
		return sto_pool_no_row();
	return pool->chunks[i / STO_POOL_CHUNK] + (size_t) (i % STO_POOL_CHUNK) * pool->row_len;
}

/*
 * An index: from a hash to the numbers of rows that have it.  The caller
 * compares the row itself.
 */
typedef struct StoIndexTable
{
	uint64_t *slots; /* upper half of the hash << 32 | row number; 0: empty */
	uint32_t mask;
	uint32_t count;
} StoIndexTable;

extern void sto_index_free(StoIndexTable *table);
/* False: no memory.  number: of the row, from 1; a hash may have any number of rows. */
extern bool sto_index_add(StoIndexTable *table, uint64_t hash, uint32_t number);

/* Begin with *at = 0; the next row that may have this hash, or 0. */
static inline uint32_t
sto_index_next(const StoIndexTable *table, uint64_t hash, uint32_t *at)
{
	if (table->slots == NULL)
		return 0;
	for (;;)
	{
		uint64_t slot = table->slots[((uint32_t) (hash >> 32) + (*at)++) & table->mask];

		if (slot == 0)
			return 0;
		if (slot >> 32 == hash >> 32)
			return (uint32_t) slot;
	}
}

static inline void
sto_index_prefetch(const StoIndexTable *table, uint64_t hash)
{
	if (table->slots != NULL)
		__builtin_prefetch(&table->slots[(uint32_t) (hash >> 32) & table->mask]);
}

static inline uint64_t
sto_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128) a * b;

	return (uint64_t) product ^ (uint64_t) (product >> 64);
}

/* A hash that whoever chooses the octets can't foresee; len at least 8. */
extern uint64_t sto_seeded_hash(uint64_t seed, const void *data, size_t len);

static inline uint64_t
sto_seeded_number(uint64_t seed, uint64_t v)
{
	return sto_mix(v ^ seed, UINT64_C(0x9e3779b97f4a7c15) ^ (seed >> 7));
}

/* Texts, terminated, by their place; place 0 is "no text". */
typedef struct StoTextPool
{
	char *data;
	uint32_t len;
	uint32_t size;
} StoTextPool;

extern void sto_texts_free(StoTextPool *texts);
/* false if there is no memory, or more than 4 GiB of texts */
extern bool sto_texts_add(StoTextPool *texts, const char *text, size_t len, uint32_t *place);

/* As sto_pool_move(). */
extern bool sto_texts_move(StoTextPool *texts, bool loading, StoMove move, void *context);

static inline const char *
sto_text_at(const StoTextPool *texts, uint32_t place)
{
	return place == 0 ? NULL : texts->data + place;
}

/*
 * A set of 128-bit values, 21 to 32 octets each: shards of open addressing that
 * grow by half, one at a time.
 */
#define STO_SET_SHARDS 8

typedef struct StoSetShard
{
	uint64_t (*slots)[2];
	uint64_t size;
	uint64_t count;
} StoSetShard;

typedef struct StoSet
{
	StoSetShard shards[STO_SET_SHARDS];
	bool has_zero; /* {0, 0} marks an empty slot */
} StoSet;

extern void sto_set_free(StoSet *set);
/* false if there is no memory; *is_new false if the value was there */
extern bool sto_set_add(StoSet *set, uint64_t seed, const uint64_t value[2], bool *is_new);
extern void sto_set_prefetch(const StoSet *set, uint64_t seed, const uint64_t value[2]);

#endif
