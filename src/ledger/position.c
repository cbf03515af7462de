/*
 * position.c
 *		The cache of positions.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "ledger/gate.h"
#include "ledger/hint.h"
#include "ledger/position.h"
#include "ledger/store.h"

#include "common/hashfn.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/*
 * A transaction that had to search the index this often posts in bulk: it then
 * reads the index ahead for hints (hint.h), if it has at most so many blocks.
 */
#define READ_AHEAD_AFTER 1000
#define READ_AHEAD_BLOCKS 8192

static int searches = 0; /* of the index, by this transaction */

static void
row_values(const void *row, Datum *values, bool *nulls)
{
	const StoPosition *pos = row;

	values[POSITION_BALANCE - 1] = PointerGetDatum(&pos->balance);
	values[POSITION_HELD - 1] = PointerGetDatum(&pos->held);
	values[POSITION_SEQ - 1] = Int64GetDatum(pos->seq);
	values[POSITION_POSTED_AT - 1] = TimestampTzGetDatum(StoTimeToTimestamp(pos->posted_at));
	values[POSITION_WALLET - 1] = PointerGetDatum(pos->key.wallet);
	values[POSITION_TOKEN_ID - 1] = PointerGetDatum(pos->key.token_id);
	values[POSITION_HEAD - 1] = PointerGetDatum(pos->head);
	nulls[POSITION_HEAD - 1] = !pos->has_head;
	values[POSITION_OUTFLOW - 1] = PointerGetDatum(&pos->outflow);
}

static void
row_moved(const void *row, ItemPointer tid)
{
	sto_hint_put(&((const StoPosition *) row)->key, tid);
}

StoRowCache sto_position_cache = {
	.name = "sto positions",
	.rel = STO_REL_POSITION,
	.columns = POSITION_COLUMNS,
	.key_size = sizeof(StoPositionKey),
	.row_size = sizeof(StoPosition),
	.state = offsetof(StoPosition, state),
	.values = row_values,
	.moved = row_moved,
};

void
sto_position_touch(StoPosition *pos)
{
	sto_rowcache_touch(&sto_position_cache, pos);
}

/* An empty position. */
static void
make(const void *key)
{
	StoPosition empty;
	Datum values[POSITION_COLUMNS];
	bool nulls[POSITION_COLUMNS] = {false};

	memset(&empty, 0, sizeof(empty));
	empty.key = *(const StoPositionKey *) key;
	row_values(&empty, values, nulls);
	sto_store_insert(STO_REL_POSITION, values, nulls);
}

static void
read_row(TupleTableSlot *slot, StoPosition *pos)
{
	bool isnull;
	Datum head;

	memcpy(&pos->balance, DatumGetPointer(slot_getattr(slot, POSITION_BALANCE, &isnull)),
		   STO_AMOUNT_LEN);
	memcpy(&pos->held, DatumGetPointer(slot_getattr(slot, POSITION_HELD, &isnull)), STO_AMOUNT_LEN);
	pos->seq = DatumGetInt64(slot_getattr(slot, POSITION_SEQ, &isnull));
	pos->posted_at =
		StoTimeFromTimestamp(DatumGetTimestampTz(slot_getattr(slot, POSITION_POSTED_AT, &isnull)));
	head = slot_getattr(slot, POSITION_HEAD, &isnull);
	pos->has_head = !isnull;
	if (!isnull)
		memcpy(pos->head, DatumGetPointer(head), STO_DIGEST_LEN);
	memcpy(&pos->outflow, DatumGetPointer(slot_getattr(slot, POSITION_OUTFLOW, &isnull)),
		   STO_AMOUNT_LEN);
	pos->state.tid = slot->tts_tid;
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

/* Lock the row by its index, and remember where it was; false if there is none and none is made. */
static bool
lock_by_index(const StoPositionKey *key, bool may_make, StoRow *row)
{
	Datum keys[2] = {PointerGetDatum(key->token_id), PointerGetDatum(key->wallet)};

	if (!sto_row_lock_or_make(STO_REL_POSITION, STO_IDX_POSITION, 2, keys,
							  hash_bytes_extended((const unsigned char *) key, sizeof(*key), 0),
							  may_make ? make : NULL, key, row))
		return false;
	sto_hint_put(key, &row->root);
	if (++searches == READ_AHEAD_AFTER)
		(void) sto_store_each_entry(STO_REL_POSITION, STO_IDX_POSITION, READ_AHEAD_BLOCKS,
									read_ahead);
	return true;
}

/* NULL if this transaction hasn't locked it. */
static StoPosition *
sto_position_find(const uint8_t token_id[STO_UUID_LEN], const uint8_t wallet[STO_ADDRESS_LEN])
{
	StoPositionKey key;

	memcpy(key.token_id, token_id, STO_UUID_LEN);
	memcpy(key.wallet, wallet, STO_ADDRESS_LEN);
	return sto_rowcache_find(&sto_position_cache, &key);
}

static StoPosition *
lock(const uint8_t *token_id, const uint8_t *wallet, bool may_make)
{
	StoPosition image;
	StoPosition *pos = sto_position_find(token_id, wallet);
	StoRow row;

	if (pos != NULL)
		return pos;

	memset(&image, 0, sizeof(image));
	memcpy(image.key.token_id, token_id, STO_UUID_LEN);
	memcpy(image.key.wallet, wallet, STO_ADDRESS_LEN);
	if (!lock_by_hint(&image.key, &row) && !lock_by_index(&image.key, may_make, &row))
		return NULL;
	read_row(row.slot, &image);
	sto_row_close(&row);
	return sto_rowcache_add(&sto_position_cache, &image);
}

StoPosition *
sto_position_lock(const uint8_t token_id[STO_UUID_LEN], const uint8_t wallet[STO_ADDRESS_LEN])
{
	return lock(token_id, wallet, true);
}

void
sto_position_bar(const uint8_t token_id[STO_UUID_LEN], const uint8_t wallet[STO_ADDRESS_LEN])
{
	(void) lock(token_id, wallet, false);
}

void
sto_position_read_as_of(const uint8_t token_id[STO_UUID_LEN], const uint8_t wallet[STO_ADDRESS_LEN],
						Snapshot snapshot, StoPosition *copy)
{
	const StoPosition *pos = sto_position_find(token_id, wallet);
	Datum keys[2] = {PointerGetDatum(token_id), PointerGetDatum(wallet)};
	StoScan scan;

	if (pos != NULL)
	{
		*copy = *pos;
		return;
	}
	memset(copy, 0, sizeof(*copy));
	memcpy(copy->key.token_id, token_id, STO_UUID_LEN);
	memcpy(copy->key.wallet, wallet, STO_ADDRESS_LEN);
	sto_scan_begin(&scan, STO_REL_POSITION, STO_IDX_POSITION, 2, keys, snapshot);
	if (sto_scan_next(&scan))
		read_row(scan.slot, copy);
	sto_scan_end(&scan);
}

void
sto_position_read(const uint8_t token_id[STO_UUID_LEN], const uint8_t wallet[STO_ADDRESS_LEN],
				  StoPosition *copy)
{
	sto_position_read_as_of(token_id, wallet, NULL, copy);
}

void
sto_position_xact_end(void)
{
	searches = 0;
}
