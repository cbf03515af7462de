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

/* A table larger than this is dropped at the transaction's end, not emptied. */
#define KEEP_ENTRIES 64

typedef struct SavedImage
{
	SubTransactionId subid;
	bool forget; /* first locked in that subtransaction: no image to restore */
	StoPosition image;
} SavedImage;

static HTAB *positions = NULL;
static StoPosition **dirty = NULL; /* in TopMemoryContext, as the three below */
static int dirty_count = 0;
static int dirty_size = 0;
static SavedImage *saved = NULL;
static int saved_count = 0;
static int saved_size = 0;

static void
save_image(const StoPosition *pos, SubTransactionId subid, bool forget)
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
	saved[saved_count].subid = subid;
	saved[saved_count].forget = forget;
	saved[saved_count].image = *pos;
	saved_count++;
}

static void
mark_dirty(StoPosition *pos)
{
	if (pos->dirty)
		return;
	if (dirty_count == dirty_size)
	{
		int size = dirty_size ? dirty_size * 2 : 64;

		if (dirty == NULL)
			dirty = MemoryContextAlloc(TopMemoryContext, size * sizeof(StoPosition *));
		else
			dirty = repalloc_huge(dirty, (Size) size * sizeof(StoPosition *));
		dirty_size = size;
	}
	dirty[dirty_count++] = pos;
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
	return dirty_count > 0;
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
	int count = dirty_count;

	if (count == 0)
		return;

	sto_write_begin(&write, STO_REL_POSITION);
	for (int i = 0; i < count; i++)
	{
		StoPosition *pos = dirty[i];
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
		pos->dirty = false;
	}
	dirty_count = 0;
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

StoPosition *
sto_position_lock(const uint8_t token_id[STO_UUID_LEN], const uint8_t wallet[STO_ADDRESS_LEN])
{
	StoPositionKey key;
	StoPosition image;
	StoPosition *pos;
	StoRow row;
	Datum keys[2];
	SubTransactionId subid = GetCurrentSubTransactionId();

	memcpy(key.token_id, token_id, STO_UUID_LEN);
	memcpy(key.wallet, wallet, STO_ADDRESS_LEN);

	if (positions == NULL)
	{
		HASHCTL ctl;

		ctl.keysize = sizeof(StoPositionKey);
		ctl.entrysize = sizeof(StoPosition);
		ctl.hcxt = TopMemoryContext;
		positions = hash_create("sto positions", 256, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	pos = hash_search(positions, &key, HASH_FIND, NULL);
	if (pos != NULL)
		return pos;

	keys[0] = PointerGetDatum(key.token_id);
	keys[1] = PointerGetDatum(key.wallet);
	while (!sto_store_find_lock(STO_REL_POSITION, STO_IDX_POSITION, 2, keys, &row))
	{
		sto_row_close(&row);
		create(&key, keys);
	}
	memset(&image, 0, sizeof(image));
	image.key = key;
	read_row(&row, &image);
	sto_row_close(&row);

	pos = hash_search(positions, &key, HASH_ENTER, NULL);
	*pos = image;
	if (subid != TopSubTransactionId)
	{
		save_image(pos, subid, true);
		pos->saved_in = subid;
	}
	return pos;
}

void
sto_position_xact_end(void)
{
	if (positions != NULL && hash_get_num_entries(positions) > 0)
	{
		if (hash_get_num_entries(positions) > KEEP_ENTRIES)
		{
			hash_destroy(positions);
			positions = NULL;
		}
		else
		{
			HASH_SEQ_STATUS seq;
			StoPosition *pos;

			hash_seq_init(&seq, positions);
			while ((pos = hash_seq_search(&seq)) != NULL)
				hash_search(positions, &pos->key, HASH_REMOVE, NULL);
		}
	}
	dirty_count = 0;
	saved_count = 0;
	if (dirty_size > KEEP_ENTRIES)
	{
		pfree(dirty);
		dirty = NULL;
		dirty_size = 0;
	}
	if (saved_size > KEEP_ENTRIES)
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
	while (saved_count > 0 && saved[saved_count - 1].subid >= subid)
	{
		SavedImage *s = &saved[--saved_count];

		if (s->forget)
			hash_search(positions, &s->image.key, HASH_REMOVE, NULL);
		else
		{
			StoPosition *pos = hash_search(positions, &s->image.key, HASH_FIND, NULL);

			if (pos != NULL)
				*pos = s->image;
		}
	}

	/* rebuild the list of dirty ones from what is left */
	dirty_count = 0;
	if (positions != NULL && hash_get_num_entries(positions) > 0)
	{
		HASH_SEQ_STATUS seq;
		StoPosition *pos;

		hash_seq_init(&seq, positions);
		while ((pos = hash_seq_search(&seq)) != NULL)
			if (pos->dirty)
			{
				pos->dirty = false;
				mark_dirty(pos);
			}
	}
}
