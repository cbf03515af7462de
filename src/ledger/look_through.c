/*
 * look_through.c
 *		What look-through makes of parties' totals, read once.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "ledger/holding.h"
#include "ledger/look_through.h"
#include "ledger/register.h"
#include "ledger/store.h"

#include "core/amount.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* Most answers kept; a full cache begins anew. */
#define DIFFERENCES_MAX 65536

typedef struct Difference
{
	StoHoldingKey key;
	StoAmount units;
} Difference;

static HTAB *differences = NULL;
static uint64 epoch = 0;

static void
refresh(void)
{
	uint64 now = sto_facts_epoch();
	HASHCTL ctl;

	if (differences != NULL && epoch == now && hash_get_num_entries(differences) < DIFFERENCES_MAX)
		return;
	if (differences != NULL)
		hash_destroy(differences);
	differences = NULL;
	ctl.keysize = sizeof(StoHoldingKey);
	ctl.entrysize = sizeof(Difference);
	ctl.hcxt = TopMemoryContext;
	differences = hash_create("sto look-through", 256, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	epoch = now;
}

static StoAmount
units_of(const StoScan *scan, int attno)
{
	bool isnull;
	StoAmount units;

	memcpy(&units, DatumGetPointer(slot_getattr(scan->slot, attno, &isnull)), STO_AMOUNT_LEN);
	return units;
}

static void
add(StoAmount *sum, StoAmount units)
{
	if (!sto_amount_add(*sum, units, sum))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("a party's total would leave the range of 128 bits")));
}

static StoAmount
read_difference(const uint8_t *token_id, const uint8_t *party_id)
{
	Datum keys[2] = {StoUuidGetDatum(token_id), StoUuidGetDatum(party_id)};
	StoAmount sum = 0;
	StoScan scan;

	sto_scan_begin(&scan, STO_REL_LOOK_THROUGH_OWNER, STO_IDX_LOOK_OWNER_PARTY, 2, keys, NULL);
	while (sto_scan_next(&scan))
		add(&sum, units_of(&scan, LOOK_THROUGH_OWNER_UNITS));
	sto_scan_end(&scan);
	sto_scan_begin(&scan, STO_REL_LOOK_THROUGH, STO_IDX_LOOK_PARTY, 2, keys, NULL);
	while (sto_scan_next(&scan))
		add(&sum, -units_of(&scan, LOOK_THROUGH_UNITS));
	sto_scan_end(&scan);
	return sum;
}

StoAmount
sto_looked_through(const StoTokenRules *rules, const uint8_t *party_id)
{
	StoHoldingKey key;
	const Difference *known;
	StoAmount units;

	if (!rules->looked_through)
		return 0;
	memcpy(key.token_id, rules->token_id, STO_UUID_LEN);
	memcpy(key.party_id, party_id, STO_UUID_LEN);
	refresh();
	known = hash_search(differences, &key, HASH_FIND, NULL);
	if (known != NULL)
		return known->units;
	units = read_difference(key.token_id, key.party_id);
	/* what was read may be newer than the cache */
	refresh();
	((Difference *) hash_search(differences, &key, HASH_ENTER, NULL))->units = units;
	return units;
}

StoAmount
sto_counted_total(const StoTokenRules *rules, const uint8_t *party_id)
{
	StoHolding holding;

	sto_holding_read(rules->token_id, party_id, &holding);
	add(&holding.total, sto_looked_through(rules, party_id));
	return holding.total;
}

int64
sto_look_through_time(const uint8_t *token_id, const uint8_t *wallet, StoAmount balance)
{
	Datum keys[2] = {StoUuidGetDatum(token_id), PointerGetDatum(wallet)};
	int64 stated_at = STO_NEVER_STATED;
	StoScan scan;

	sto_scan_begin(&scan, STO_REL_LOOK_THROUGH, STO_IDX_LOOK_THROUGH, 2, keys, NULL);
	if (sto_scan_next(&scan) && units_of(&scan, LOOK_THROUGH_UNITS) <= balance)
	{
		bool isnull;

		stated_at = StoTimeFromTimestamp(
			DatumGetTimestampTz(slot_getattr(scan.slot, LOOK_THROUGH_STATED_AT, &isnull)));
	}
	sto_scan_end(&scan);
	return stated_at;
}

void
sto_look_through_each(const uint8_t *token_id,
					  void (*each)(const uint8_t *party_id, StoAmount units, void *arg), void *arg)
{
	Datum key = StoUuidGetDatum(token_id);
	StoScan scan;
	bool isnull;

	sto_scan_begin(&scan, STO_REL_LOOK_THROUGH_OWNER, STO_IDX_LOOK_OWNER, 1, &key, NULL);
	while (sto_scan_next(&scan))
		each((const uint8_t *) DatumGetPointer(
				 slot_getattr(scan.slot, LOOK_THROUGH_OWNER_PARTY_ID, &isnull)),
			 units_of(&scan, LOOK_THROUGH_OWNER_UNITS), arg);
	sto_scan_end(&scan);
	sto_scan_begin(&scan, STO_REL_LOOK_THROUGH, STO_IDX_LOOK_THROUGH, 1, &key, NULL);
	while (sto_scan_next(&scan))
		each((const uint8_t *) DatumGetPointer(
				 slot_getattr(scan.slot, LOOK_THROUGH_PARTY_ID, &isnull)),
			 -units_of(&scan, LOOK_THROUGH_UNITS), arg);
	sto_scan_end(&scan);
}
