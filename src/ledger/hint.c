/*
 * hint.c
 *		A small table of hints, 12 octets each, kept for the session.
 *
 * A position that is touched once a minute by one of many sessions is worth
 * remembering only if that is cheap: so keys aren't kept, only their hashes,
 * in buckets of four, and a full bucket of a full table forgets one of them.
 */
#include "postgres.h"

#include "ledger/hint.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#define BUCKET 4
#define SLOTS_MIN 1024
#define SLOTS_MAX (1024 * 1024) /* 12 MB */

/* Empty if the place is not valid. */
typedef struct Hint
{
	uint32 hash;
	ItemPointerData root;
} Hint;

static Hint *hints = NULL;
static uint32 slots = 0;
static uint32 used = 0;

static uint32
hash_of(const StoPositionKey *key)
{
	return hash_bytes((const unsigned char *) key, sizeof(*key));
}

static Hint *
bucket_of(uint32 hash)
{
	return &hints[hash & (slots - 1) & ~(uint32) (BUCKET - 1)];
}

bool
sto_hint_get(const StoPositionKey *key, ItemPointer root)
{
	uint32 hash = hash_of(key);
	const Hint *bucket;

	if (hints == NULL)
		return false;
	bucket = bucket_of(hash);
	for (int i = 0; i < BUCKET; i++)
		if (bucket[i].hash == hash && ItemPointerIsValid(&bucket[i].root))
		{
			*root = bucket[i].root;
			return true;
		}
	return false;
}

/* The slot of this hash, else an empty one, else NULL. */
static Hint *
slot_for(uint32 hash)
{
	Hint *bucket = bucket_of(hash);
	Hint *empty = NULL;

	for (int i = 0; i < BUCKET; i++)
	{
		if (!ItemPointerIsValid(&bucket[i].root))
			empty = &bucket[i];
		else if (bucket[i].hash == hash)
			return &bucket[i];
	}
	return empty;
}

static void
grow(void)
{
	Hint *old = hints;
	uint32 old_slots = slots;

	hints = MemoryContextAllocExtended(
		TopMemoryContext, Max(SLOTS_MIN, 2 * old_slots) * sizeof(Hint), MCXT_ALLOC_ZERO);
	slots = Max(SLOTS_MIN, 2 * old_slots);
	used = 0;
	for (uint32 i = 0; i < old_slots; i++)
	{
		Hint *slot;

		if (!ItemPointerIsValid(&old[i].root))
			continue;
		slot = slot_for(old[i].hash);
		if (slot == NULL)
			continue;
		*slot = old[i];
		used++;
	}
	if (old != NULL)
		pfree(old);
}

void
sto_hint_put(const StoPositionKey *key, const ItemPointerData *root)
{
	uint32 hash = hash_of(key);
	Hint *slot;

	if (hints == NULL)
		grow();
	slot = slot_for(hash);
	if (slot == NULL && slots < SLOTS_MAX && used > slots / 2)
	{
		grow();
		slot = slot_for(hash);
	}
	if (slot == NULL)
		slot = &bucket_of(hash)[(hash >> 30) % BUCKET];
	else if (!ItemPointerIsValid(&slot->root))
		used++;
	slot->hash = hash;
	slot->root = *root;
}
