/*
 * recover.c
 *		What a recovery does beside moving units: holds follow them, and the wallet
 *		that is lost ends.
 */
#include "postgres.h"

#include "ledger/posting.h"
#include "ledger/store.h"

static void
follow(int64 hold_id, const uint8_t *to)
{
	Datum key = Int64GetDatum(hold_id);
	Datum values[HOLD_COLUMNS];
	bool nulls[HOLD_COLUMNS] = {false};
	bool replaces[HOLD_COLUMNS] = {false};
	StoRow row;

	/* both positions' locks guard it */
	if (!sto_store_find(STO_REL_HOLD, STO_IDX_HOLD, 1, &key, &row))
		elog(ERROR, "hold " INT64_FORMAT " has gone", hold_id);
	values[HOLD_WALLET - 1] = PointerGetDatum(to);
	replaces[HOLD_WALLET - 1] = true;
	sto_store_update(&row, values, nulls, replaces);
	sto_row_close(&row);
}

void
sto_follow_holds(const uint8_t token_id[STO_UUID_LEN], const uint8_t from[STO_ADDRESS_LEN],
				 const uint8_t to[STO_ADDRESS_LEN])
{
	Datum keys[2] = {PointerGetDatum(from), PointerGetDatum(token_id)};
	int64 *ids = palloc(sizeof(int64));
	int count = 0;
	int size = 1;
	StoScan scan;
	bool isnull;

	/* first all of them: an update gives its row another place in the index */
	sto_scan_begin(&scan, STO_REL_HOLD, STO_IDX_HOLD_OPEN, 2, keys, NULL);
	while (sto_scan_next(&scan))
	{
		if (count == size)
			ids = repalloc(ids, (size *= 2) * sizeof(int64));
		ids[count++] = DatumGetInt64(slot_getattr(scan.slot, HOLD_HOLD_ID, &isnull));
	}
	sto_scan_end(&scan);
	for (int i = 0; i < count; i++)
		follow(ids[i], to);
	pfree(ids);
}

void
sto_bar_wallet(const StoPosting *p)
{
	const StoOrder *o = &p->entry.order;
	Datum key = PointerGetDatum(o->debit);
	Datum values[WALLET_COLUMNS];
	bool nulls[WALLET_COLUMNS] = {false};
	bool replaces[WALLET_COLUMNS] = {false};
	StoRow row;

	if (!sto_store_find_lock(STO_REL_WALLET, STO_IDX_WALLET, 1, &key, &row))
		elog(ERROR, "a wallet has gone");
	values[WALLET_BARRED - 1] = Int64GetDatum(p->entry.entry_id);
	values[WALLET_SUCCESSOR - 1] = PointerGetDatum(o->credit);
	replaces[WALLET_BARRED - 1] = replaces[WALLET_SUCCESSOR - 1] = true;
	sto_store_update(&row, values, nulls, replaces);
	sto_row_close(&row);
	sto_facts_touched();
	sto_facts_announce();
}
