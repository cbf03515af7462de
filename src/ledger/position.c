/*
 * position.c
 *		The cache of positions.
 *
 * It is transactional by subtransaction: the first touch in a subtransaction
 * saves the old image, and a rollback brings the images back and forgets the
 * positions that were first locked there, whose row locks are gone.  Without
 * that, a caught error would leave stored entries beside unmoved positions.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "ledger/gate.h"
#include "ledger/hint.h"
#include "ledger/position.h"
#include "ledger/store.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
#include "miscadmin.h"

/*
 * At a transaction's end the table of positions is emptied one by one, or
 * dropped if it has more than this; so are the lists below.  Where the rows
 * were is remembered as hints (hint.h).
 */
#define KEEP_LIST 1024
/*
 * A transaction that had to search the index this often posts in bulk: it
 * then reads the index ahead for hints, if it has at most so many blocks.
 */
#define READ_AHEAD_AFTER 1000
#define READ_AHEAD_BLOCKS 8192

typedef struct SavedImage
{
	SubTransactionId subid;
	bool forget; /* first locked in that subtransaction: no image to restore */
	StoPosition image;
} SavedImage;

/* A growing list in TopMemoryContext. */
typedef struct PositionList
{
	StoPosition **items;
	int count;
	int size;
} PositionList;

static HTAB *positions = NULL;
static int searches = 0;    /* of the index, by this transaction */
static PositionList locked; /* by this transaction, in that order */
static PositionList dirty;
static SavedImage *saved = NULL;
static int saved_count = 0;
static int saved_size = 0;

/* Room for one more, so that adding can't fail. */
static void
list_reserve(PositionList *list)
{
	if (list->count == list->size)
	{
		int size = list->size ? list->size * 2 : 64;

		if (list->items == NULL)
			list->items = MemoryContextAlloc(TopMemoryContext, size * sizeof(StoPosition *));
		else
			list->items = repalloc_huge(list->items, (Size) size * sizeof(StoPosition *));
		list->size = size;
	}
}

static void
list_add(PositionList *list, StoPosition *pos)
{
	list_reserve(list);
	list->items[list->count++] = pos;
}

static void
list_clear(PositionList *list)
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
reserve_image(void)
{
	if (saved_count == saved_size)
	{
		int size = saved_size ? saved_size * 2 : 64;

		if (saved == NULL)
			saved = MemoryContextAlloc(TopMemoryContext, size * sizeof(SavedImage));
		else
			saved = repalloc_huge(saved, (Size) size * sizeof(SavedImage));
		saved_size = size;
	}
}

static void
save_image(const StoPosition *pos, SubTransactionId subid, bool forget)
{
	reserve_image();
	saved[saved_count].subid = subid;
	saved[saved_count].forget = forget;
	saved[saved_count].image = *pos;
	saved_count++;
}

static void
mark_dirty(StoPosition *pos)
{
	if (!pos->dirty)
		list_add(&dirty, pos);
	pos->dirty = true;
}

void
sto_position_touch(StoPosition *pos)
{
	SubTransactionId subid = GetCurrentSubTransactionId();

	/* at top level a rollback drops the whole cache */
	if (subid != TopSubTransactionId && pos->saved_in != subid)
	{
		save_image(pos, subid, false);
		pos->saved_in = subid;
	}
	mark_dirty(pos);
}

bool
sto_position_dirty(void)
{
	return dirty.count > 0;
}

static void
row_values(const StoPosition *pos, Datum *values, bool *nulls)
{
	memset(nulls, 0, POSITION_COLUMNS * sizeof(bool));
	values[POSITION_BALANCE - 1] = PointerGetDatum(&pos->balance);
	values[POSITION_HELD - 1] = PointerGetDatum(&pos->held);
	values[POSITION_SEQ - 1] = Int64GetDatum(pos->seq);
	values[POSITION_POSTED_AT - 1] = TimestampTzGetDatum(StoTimeToTimestamp(pos->posted_at));
	values[POSITION_WALLET - 1] = PointerGetDatum(pos->key.wallet);
	values[POSITION_TOKEN_ID - 1] = PointerGetDatum(pos->key.token_id);
	values[POSITION_HEAD - 1] = PointerGetDatum(pos->head);
	nulls[POSITION_HEAD - 1] = !pos->has_head;
}

void
sto_position_flush(void)
{
	StoWrite write;
	Datum values[POSITION_COLUMNS];
	bool nulls[POSITION_COLUMNS];
	SubTransactionId subid = GetCurrentSubTransactionId();
	if (dirty.count == 0)
		return;

	sto_write_begin(&write, STO_REL_POSITION);
	for (int i = 0; i < dirty.count; i++)
	{
		StoPosition *pos = dirty.items[i];
		ItemPointerData tid;

		row_values(pos, values, nulls);
		tid = sto_write_update(&write, pos->tid, values, nulls);
		/* the row's place changes too: a rollback must bring the old one back */
		if (subid != TopSubTransactionId && pos->saved_in != subid)
		{
			save_image(pos, subid, false);
			pos->saved_in = subid;
		}
		pos->tid = tid;
		/* a version outside the old one's HOT chain has an index entry of its own */
		if (!sto_write_was_hot(&write))
			sto_hint_put(&pos->key, &tid);
		pos->dirty = false;
	}
	dirty.count = 0;
	sto_write_end(&write);
}

/*
 * Lock tag of a position that has no row yet.  Advisory locks use field 4
 * values 1 and 2 (lockfuncs.c); ours is 3, so users can't meet it.
 */
static void
creation_tag(LOCKTAG *tag, const StoPositionKey *key)
{
	uint64 h = hash_bytes_extended((const unsigned char *) key, sizeof(*key), 0);

	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, (uint32) (h >> 32), (uint32) h, 3);
}

/* Is a row for this key there, committed or being made?  Waits for its maker. */
static bool
exists_or_wait(const Datum *keys)
{
	SnapshotData snapshot;

	for (;;)
	{
		StoScan scan;
		TransactionId maker = InvalidTransactionId;
		bool found;

		InitDirtySnapshot(snapshot);
		sto_scan_begin(&scan, STO_REL_POSITION, STO_IDX_POSITION, 2, keys, &snapshot);
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

/* Insert an empty position unless another session does; either way it exists after. */
static void
create(const StoPositionKey *key, const Datum *keys)
{
	LOCKTAG tag;
	StoPosition empty;
	Datum values[POSITION_COLUMNS];
	bool nulls[POSITION_COLUMNS];

	memset(&empty, 0, sizeof(empty));
	empty.key = *key;

	creation_tag(&tag, key);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
	if (!exists_or_wait(keys))
	{
		row_values(&empty, values, nulls);
		sto_store_insert(STO_REL_POSITION, values, nulls);
	}
	/* the row itself now makes others wait for this transaction */
	LockRelease(&tag, ExclusiveLock, false);
}

static void
read_row(const StoRow *row, StoPosition *pos)
{
	bool isnull;
	Datum head;

	memcpy(&pos->balance, DatumGetPointer(sto_row_get(row, POSITION_BALANCE, &isnull)),
		   STO_AMOUNT_LEN);
	memcpy(&pos->held, DatumGetPointer(sto_row_get(row, POSITION_HELD, &isnull)), STO_AMOUNT_LEN);
	pos->seq = DatumGetInt64(sto_row_get(row, POSITION_SEQ, &isnull));
	pos->posted_at =
		StoTimeFromTimestamp(DatumGetTimestampTz(sto_row_get(row, POSITION_POSTED_AT, &isnull)));
	head = sto_row_get(row, POSITION_HEAD, &isnull);
	pos->has_head = !isnull;
	if (!isnull)
		memcpy(pos->head, DatumGetPointer(head), STO_DIGEST_LEN);
	pos->tid = row->slot->tts_tid;
}

static bool
has_key(const StoRow *row, const StoPositionKey *key)
{
	bool isnull;

	return memcmp(DatumGetPointer(sto_row_get(row, POSITION_WALLET, &isnull)), key->wallet,
				  STO_ADDRESS_LEN) == 0 &&
		   memcmp(DatumGetPointer(sto_row_get(row, POSITION_TOKEN_ID, &isnull)), key->token_id,
				  STO_UUID_LEN) == 0;
}

/* Lock the row that a hint leads to, if it is the one; else nothing is left open. */
static bool
lock_by_hint(const StoPositionKey *key, StoRow *row)
{
	ItemPointerData root;

	if (!sto_hint_get(key, &root))
		return false;
	if (sto_store_fetch(STO_REL_POSITION, root, row) && has_key(row, key) &&
		sto_row_lock(row) == STO_LOCKED)
		return true;
	sto_row_close(row);
	return false;
}

/* Find and lock the row, made if there is none. */
static void
lock_row(const StoPositionKey *key, StoRow *row)
{
	Datum keys[2] = {PointerGetDatum(key->token_id), PointerGetDatum(key->wallet)};

	while (!sto_store_find_lock(STO_REL_POSITION, STO_IDX_POSITION, 2, keys, row))
	{
		sto_row_close(row);
		create(key, keys);
	}
}

static StoPosition *
lookup(const StoPositionKey *key, HASHACTION action)
{
	if (positions == NULL)
	{
		HASHCTL ctl;

		ctl.keysize = sizeof(StoPositionKey);
		ctl.entrysize = sizeof(StoPosition);
		ctl.hcxt = TopMemoryContext;
		positions = hash_create("sto positions", 256, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	return hash_search(positions, key, action, NULL);
}

static void
read_ahead(ItemPointer root, const Datum *keys)
{
	StoPositionKey key;
	ItemPointerData known;

	memcpy(key.token_id, DatumGetPointer(keys[0]), STO_UUID_LEN);
	memcpy(key.wallet, DatumGetPointer(keys[1]), STO_ADDRESS_LEN);
	/* a row may have several entries, all but one outdated: what was followed last is better */
	if (!sto_hint_get(&key, &known))
		sto_hint_put(&key, root);
}

/* Lock the row by its index, and remember where it was. */
static void
lock_by_index(const StoPositionKey *key, StoRow *row)
{
	lock_row(key, row);
	sto_hint_put(key, &row->root);
	if (++searches == READ_AHEAD_AFTER)
		(void) sto_store_each_entry(STO_REL_POSITION, STO_IDX_POSITION, READ_AHEAD_BLOCKS,
									read_ahead);
}

StoPosition *
sto_position_lock(const uint8_t token_id[STO_UUID_LEN], const uint8_t wallet[STO_ADDRESS_LEN])
{
	StoPositionKey key;
	StoPosition image;
	StoPosition *pos;
	StoRow row;
	SubTransactionId subid = GetCurrentSubTransactionId();

	memcpy(key.token_id, token_id, STO_UUID_LEN);
	memcpy(key.wallet, wallet, STO_ADDRESS_LEN);
	pos = lookup(&key, HASH_FIND);
	if (pos != NULL)
		return pos;

	if (!lock_by_hint(&key, &row))
		lock_by_index(&key, &row);
	memset(&image, 0, sizeof(image));
	image.key = key;
	read_row(&row, &image);
	sto_row_close(&row);

	/* once it is in the table, nothing may fail before it is in the lists */
	list_reserve(&locked);
	reserve_image();
	pos = lookup(&key, HASH_ENTER);
	if (subid != TopSubTransactionId)
	{
		image.saved_in = subid;
		save_image(&image, subid, true);
	}
	*pos = image;
	list_add(&locked, pos);
	return pos;
}

void
sto_position_xact_end(void)
{
	searches = 0;
	if (positions != NULL && locked.count > KEEP_LIST)
	{
		hash_destroy(positions);
		positions = NULL;
	}
	else
		for (int i = 0; i < locked.count; i++)
			(void) lookup(&locked.items[i]->key, HASH_REMOVE);
	list_clear(&locked);
	list_clear(&dirty);
	saved_count = 0;
	if (saved_size > KEEP_LIST)
	{
		pfree(saved);
		saved = NULL;
		saved_size = 0;
	}
}

void
sto_position_subxact_commit(SubTransactionId subid, SubTransactionId parent)
{
	for (int i = saved_count - 1; i >= 0 && saved[i].subid >= subid; i--)
		saved[i].subid = parent;
}

void
sto_position_subxact_abort(SubTransactionId subid)
{
	if (saved_count == 0 || saved[saved_count - 1].subid < subid)
		return;

	while (saved_count > 0 && saved[saved_count - 1].subid >= subid)
	{
		SavedImage *s = &saved[--saved_count];
		StoPosition *pos = lookup(&s->image.key, HASH_FIND);

		if (s->forget)
		{
			/* its row lock is gone; it was the last to be locked */
			(void) lookup(&s->image.key, HASH_REMOVE);
			locked.count--;
		}
		else
			*pos = s->image;
	}

	/* which of the others differ from their rows again */
	dirty.count = 0;
	for (int i = 0; i < locked.count; i++)
		if (locked.items[i]->dirty)
			list_add(&dirty, locked.items[i]);
}
