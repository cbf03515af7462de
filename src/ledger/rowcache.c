/*
 * rowcache.c
 *		Caches of locked rows, transactional by subtransaction.
 */
#include "postgres.h"

#include "ledger/rowcache.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

/*
 * At a transaction's end a table of rows is emptied one by one, or dropped if it has
 * more than this; so are the lists.
 */
#define KEEP_LIST 1024

/* Most columns of a cached row. */
#define COLUMNS_MAX 16

typedef struct SavedImage
{
	SubTransactionId subid;
	bool forget; /* first locked in that subtransaction: no image to restore */
} SavedImage;

static StoRowCache *const caches[] = {&sto_position_cache, &sto_holding_cache, &sto_group_cache,
									  &sto_issued_cache, &sto_approval_cache};

static StoRowState *
state_of(const StoRowCache *cache, const void *row)
{
	return (StoRowState *) ((char *) unconstify(void *, row) + cache->state);
}

static Size
image_size(const StoRowCache *cache)
{
	return MAXALIGN(sizeof(SavedImage)) + MAXALIGN(cache->row_size);
}

static SavedImage *
saved_at(const StoRowCache *cache, int i)
{
	return (SavedImage *) (cache->saved + i * image_size(cache));
}

static void *
image_of(SavedImage *saved)
{
	return (char *) saved + MAXALIGN(sizeof(SavedImage));
}

/* Room for one more, so that adding can't fail. */
static void
list_reserve(StoRowList *list)
{
	if (list->count == list->size)
	{
		int size = list->size ? list->size * 2 : 64;

		if (list->items == NULL)
			list->items = MemoryContextAlloc(TopMemoryContext, size * sizeof(void *));
		else
			list->items = repalloc_huge(list->items, (Size) size * sizeof(void *));
		list->size = size;
	}
}

static void
list_add(StoRowList *list, void *row)
{
	list_reserve(list);
	list->items[list->count++] = row;
}

static void
list_clear(StoRowList *list)
{
	list->count = 0;
	if (list->size > KEEP_LIST)
	{
		pfree(list->items);
		list->items = NULL;
		list->size = 0;
	}
}

static void
reserve_image(StoRowCache *cache)
{
	if (cache->saved_count == cache->saved_size)
	{
		int size = cache->saved_size ? cache->saved_size * 2 : 64;

		if (cache->saved == NULL)
			cache->saved = MemoryContextAlloc(TopMemoryContext, size * image_size(cache));
		else
			cache->saved = repalloc_huge(cache->saved, (Size) size * image_size(cache));
		cache->saved_size = size;
	}
}

static void
save_image(StoRowCache *cache, const void *row, SubTransactionId subid, bool forget)
{
	SavedImage *saved;

	reserve_image(cache);
	saved = saved_at(cache, cache->saved_count);
	saved->subid = subid;
	saved->forget = forget;
	memcpy(image_of(saved), row, cache->row_size);
	cache->saved_count++;
}

/* At top level a rollback drops the whole cache. */
static void
save_for_rollback(StoRowCache *cache, void *row)
{
	SubTransactionId subid = GetCurrentSubTransactionId();
	StoRowState *state = state_of(cache, row);

	if (subid == TopSubTransactionId || state->saved_in == subid)
		return;
	save_image(cache, row, subid, false);
	state->saved_in = subid;
}

void
sto_rowcache_touch(StoRowCache *cache, void *row)
{
	StoRowState *state = state_of(cache, row);

	save_for_rollback(cache, row);
	if (!state->dirty)
		list_add(&cache->dirty, row);
	state->dirty = true;
}

void
sto_rowcache_flush(StoRowCache *cache)
{
	StoWrite write;
	Datum values[COLUMNS_MAX];
	bool nulls[COLUMNS_MAX];

	Assert(cache->columns <= COLUMNS_MAX);
	if (cache->dirty.count == 0)
		return;

	sto_write_begin(&write, cache->rel);
	for (int i = 0; i < cache->dirty.count; i++)
	{
		void *row = cache->dirty.items[i];
		StoRowState *state = state_of(cache, row);
		ItemPointerData tid;

		memset(nulls, 0, cache->columns * sizeof(bool));
		cache->values(row, values, nulls);
		tid = sto_write_update(&write, state->tid, values, nulls);
		/* the row's place changes too: a rollback must bring the old one back */
		save_for_rollback(cache, row);
		state->tid = tid;
		/* a version outside the old one's HOT chain has an index entry of its own */
		if (cache->moved != NULL && !sto_write_was_hot(&write))
			cache->moved(row, &tid);
		state->dirty = false;
	}
	cache->dirty.count = 0;
	sto_write_end(&write);
}

static void *
lookup(StoRowCache *cache, const void *key, HASHACTION action)
{
	if (cache->rows == NULL)
	{
		HASHCTL ctl;

		ctl.keysize = cache->key_size;
		ctl.entrysize = cache->row_size;
		ctl.hcxt = TopMemoryContext;
		cache->rows = hash_create(cache->name, 256, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	return hash_search(cache->rows, key, action, NULL);
}

void *
sto_rowcache_find(StoRowCache *cache, const void *key)
{
	return lookup(cache, key, HASH_FIND);
}

void *
sto_rowcache_add(StoRowCache *cache, const void *image)
{
	SubTransactionId subid = GetCurrentSubTransactionId();
	void *row;

	/* once it is in the table, nothing may fail before it is in the lists */
	list_reserve(&cache->locked);
	reserve_image(cache);
	row = lookup(cache, image, HASH_ENTER);
	memcpy(row, image, cache->row_size);
	if (subid != TopSubTransactionId)
	{
		state_of(cache, row)->saved_in = subid;
		save_image(cache, row, subid, true);
	}
	list_add(&cache->locked, row);
	return row;
}

static void
xact_end(StoRowCache *cache)
{
	if (cache->rows != NULL && cache->locked.count > KEEP_LIST)
	{
		hash_destroy(cache->rows);
		cache->rows = NULL;
	}
	else
		for (int i = 0; i < cache->locked.count; i++)
			(void) lookup(cache, cache->locked.items[i], HASH_REMOVE);
	list_clear(&cache->locked);
	list_clear(&cache->dirty);
	cache->saved_count = 0;
	if (cache->saved_size > KEEP_LIST)
	{
		pfree(cache->saved);
		cache->saved = NULL;
		cache->saved_size = 0;
	}
}

static void
subxact_abort(StoRowCache *cache, SubTransactionId subid)
{
	if (cache->saved_count == 0 || saved_at(cache, cache->saved_count - 1)->subid < subid)
		return;

	while (cache->saved_count > 0 && saved_at(cache, cache->saved_count - 1)->subid >= subid)
	{
		SavedImage *saved = saved_at(cache, --cache->saved_count);

		if (saved->forget)
		{
			/* its row lock is gone; it was the last to be locked */
			(void) lookup(cache, image_of(saved), HASH_REMOVE);
			cache->locked.count--;
		}
		else
			memcpy(lookup(cache, image_of(saved), HASH_FIND), image_of(saved), cache->row_size);
	}

	/* which of the others differ from their rows again */
	cache->dirty.count = 0;
	for (int i = 0; i < cache->locked.count; i++)
		if (state_of(cache, cache->locked.items[i])->dirty)
			list_add(&cache->dirty, cache->locked.items[i]);
}

void
sto_rows_flush(void)
{
	for (int i = 0; i < lengthof(caches); i++)
		sto_rowcache_flush(caches[i]);
}

bool
sto_rows_dirty(void)
{
	for (int i = 0; i < lengthof(caches); i++)
		if (caches[i]->dirty.count > 0)
			return true;
	return false;
}

void
sto_rows_xact_end(void)
{
	for (int i = 0; i < lengthof(caches); i++)
		xact_end(caches[i]);
}

void
sto_rows_subxact_commit(SubTransactionId subid, SubTransactionId parent)
{
	for (int i = 0; i < lengthof(caches); i++)
		for (int k = caches[i]->saved_count - 1; k >= 0 && saved_at(caches[i], k)->subid >= subid;
			 k--)
			saved_at(caches[i], k)->subid = parent;
}

void
sto_rows_subxact_abort(SubTransactionId subid)
{
	for (int i = 0; i < lengthof(caches); i++)
		subxact_abort(caches[i], subid);
}

/* Is a row for this key there, committed or being made?  Waits for its maker. */
static bool
exists_or_wait(StoRel rel, StoIndex index, int nkeys, const Datum *keys)
{
	SnapshotData snapshot;

	for (;;)
	{
		StoScan scan;
		TransactionId maker = InvalidTransactionId;
		bool found;

		InitDirtySnapshot(snapshot);
		sto_scan_begin(&scan, rel, index, nkeys, keys, &snapshot);
		found = sto_scan_next(&scan);
		if (found)
			maker = snapshot.xmin;
		sto_scan_end(&scan);
		if (!found)
			return false;
		if (!TransactionIdIsValid(maker))
			return true;
		XactLockTableWait(maker, NULL, NULL, XLTW_None);
	}
}

bool
sto_row_lock_or_make(StoRel rel, StoIndex index, int nkeys, const Datum *keys, uint64 hash,
					 void (*make)(const void *key), const void *key, StoRow *row)
{
	while (!sto_store_find_lock(rel, index, nkeys, keys, row))
	{
		LOCKTAG tag;

		sto_row_close(row);
		/*
		 * A row that isn't there is locked by its hash.  Advisory locks use field 4
		 * values 1 and 2 (lockfuncs.c); ours is 3, so users can't meet it.
		 */
		SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) (hash >> 32), (uint32) hash, 3);
		(void) LockAcquire(&tag, ExclusiveLock, false, false);
		if (!exists_or_wait(rel, index, nkeys, keys))
		{
			if (make == NULL)
				return false;
			make(key);
		}
		/* the row itself now makes others wait for this transaction */
		LockRelease(&tag, ExclusiveLock, false);
	}
	return true;
}
