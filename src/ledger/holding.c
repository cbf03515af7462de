/*
 * holding.c
 *		What a party has of a token over all its wallets.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "ledger/gate.h"
#include "ledger/holding.h"
#include "ledger/register.h"
#include "ledger/store.h"

#include "core/amount.h"

#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

static void
row_values(const void *row, Datum *values, bool *nulls)
{
	const StoHolding *h = row;

	values[HOLDING_TOTAL - 1] = PointerGetDatum(&h->total);
	values[HOLDING_OUTFLOW - 1] = PointerGetDatum(&h->outflow);
	values[HOLDING_POSTED_AT - 1] = TimestampTzGetDatum(StoTimeToTimestamp(h->posted_at));
	values[HOLDING_PARTY_ID - 1] = PointerGetDatum(h->key.party_id);
	values[HOLDING_TOKEN_ID - 1] = PointerGetDatum(h->key.token_id);
}

StoRowCache sto_holding_cache = {
	.name = "sto holdings",
	.rel = STO_REL_HOLDING,
	.columns = HOLDING_COLUMNS,
	.key_size = sizeof(StoHoldingKey),
	.row_size = sizeof(StoHolding),
	.state = offsetof(StoHolding, state),
	.values = row_values,
};

static void
read_row(const StoRow *row, StoHolding *h)
{
	bool isnull;

	memcpy(&h->total, DatumGetPointer(sto_row_get(row, HOLDING_TOTAL, &isnull)), STO_AMOUNT_LEN);
	memcpy(&h->outflow, DatumGetPointer(sto_row_get(row, HOLDING_OUTFLOW, &isnull)),
		   STO_AMOUNT_LEN);
	h->posted_at =
		StoTimeFromTimestamp(DatumGetTimestampTz(sto_row_get(row, HOLDING_POSTED_AT, &isnull)));
	h->state.tid = row->slot->tts_tid;
}

void
sto_party_wallets(const uint8_t party_id[STO_UUID_LEN],
				  void (*each)(const uint8_t *address, void *arg), void *arg)
{
	Datum key = StoUuidGetDatum(party_id);
	StoScan scan;

	sto_scan_begin(&scan, STO_REL_WALLET, STO_IDX_WALLET_PARTY, 1, &key, NULL);
	while (sto_scan_next(&scan))
	{
		bool isnull;
		text *kind = DatumGetTextPP(slot_getattr(scan.slot, WALLET_KIND, &isnull));

		if (VARSIZE_ANY_EXHDR(kind) == strlen("issuance") &&
			memcmp(VARDATA_ANY(kind), "issuance", strlen("issuance")) == 0)
			continue;
		each((const uint8_t *) DatumGetPointer(slot_getattr(scan.slot, WALLET_ADDRESS, &isnull)),
			 arg);
	}
	sto_scan_end(&scan);
}

typedef struct Sum
{
	StoHolding *holding;
	Snapshot snapshot;
} Sum;

static void
add_position(const uint8_t *address, void *arg)
{
	const Sum *sum = arg;
	StoHolding *h = sum->holding;
	StoPosition pos;

	sto_position_read_as_of(h->key.token_id, address, sum->snapshot, &pos);
	if (!sto_amount_add(h->total, pos.balance, &h->total) ||
		!sto_amount_add(h->outflow, pos.outflow, &h->outflow))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("a party's total would leave the range of 128 bits")));
	h->posted_at = Max(h->posted_at, pos.posted_at);
}

/* By one snapshot: a move between two wallets of the party needs no lock that keeps it out. */
static void
add_up(const StoHoldingKey *key, StoHolding *h)
{
	Sum sum = {h, sto_store_snapshot()};

	memset(h, 0, sizeof(*h));
	h->key = *key;
	sto_party_wallets(key->party_id, add_position, &sum);
	UnregisterSnapshot(sum.snapshot);
}

/*
 * Nobody else changes the sum meanwhile: whoever does needs this row, and both the
 * second wallet and the rule that asked for totals kept everybody out who didn't know.
 */
static void
make(const void *key)
{
	StoHolding h;
	Datum values[HOLDING_COLUMNS];
	bool nulls[HOLDING_COLUMNS] = {false};

	add_up(key, &h);
	row_values(&h, values, nulls);
	sto_store_insert(STO_REL_HOLDING, values, nulls);
}

StoHolding *
sto_holding_lock(const uint8_t token_id[STO_UUID_LEN], const uint8_t party_id[STO_UUID_LEN])
{
	StoHolding image;
	StoHolding *known;
	Datum keys[2] = {StoUuidGetDatum(token_id), StoUuidGetDatum(party_id)};
	StoRow row;

	memset(&image, 0, sizeof(image));
	memcpy(image.key.token_id, token_id, STO_UUID_LEN);
	memcpy(image.key.party_id, party_id, STO_UUID_LEN);
	known = sto_rowcache_find(&sto_holding_cache, &image.key);
	if (known != NULL)
		return known;
	sto_row_lock_or_make(
		STO_REL_HOLDING, STO_IDX_HOLDING, 2, keys,
		hash_bytes_extended((const unsigned char *) &image.key, sizeof(image.key), STO_REL_HOLDING),
		make, &image.key, &row);
	read_row(&row, &image);
	sto_row_close(&row);
	return sto_rowcache_add(&sto_holding_cache, &image);
}

void
sto_holding_touch(StoHolding *holding)
{
	sto_rowcache_touch(&sto_holding_cache, holding);
}

void
sto_holding_read(const uint8_t token_id[STO_UUID_LEN], const uint8_t party_id[STO_UUID_LEN],
				 StoHolding *holding)
{
	StoHoldingKey key;
	const StoHolding *known;

	memcpy(key.token_id, token_id, STO_UUID_LEN);
	memcpy(key.party_id, party_id, STO_UUID_LEN);
	known = sto_rowcache_find(&sto_holding_cache, &key);
	if (known != NULL)
		*holding = *known;
	else
	{
		Datum keys[2] = {StoUuidGetDatum(token_id), StoUuidGetDatum(party_id)};
		StoRow row;

		memset(holding, 0, sizeof(*holding));
		holding->key = key;
		if (sto_store_find(STO_REL_HOLDING, STO_IDX_HOLDING, 2, keys, &row))
			read_row(&row, holding);
		else
			add_up(&key, holding);
		sto_row_close(&row);
	}
}
