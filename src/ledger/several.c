/*
 * several.c
 *		Which parties have more than one wallet.
 *
 * Cached as long as the register's facts (facts.h): a party's second wallet announces
 * itself.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "ledger/facts.h"
#include "ledger/register.h"
#include "ledger/store.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"

/* Most parties kept; a full cache begins anew. */
#define COUNTS_MAX 262144

typedef struct WalletCount
{
	uint8_t party_id[STO_UUID_LEN];
	int count;    /* by a look-up: 2 for more */
	bool settled; /* else a read-ahead is counting them */
} WalletCount;

static HTAB *counts = NULL;
static uint64 epoch = 0;
static uint32 misses = 0; /* since then */

static bool
is_issuance(TupleTableSlot *slot)
{
	static const char name[] = "issuance";
	bool isnull;
	text *kind = DatumGetTextPP(slot_getattr(slot, WALLET_KIND, &isnull));

	return VARSIZE_ANY_EXHDR(kind) == strlen(name) &&
		   memcmp(VARDATA_ANY(kind), name, strlen(name)) == 0;
}

static void
refresh(void)
{
	uint64 now = sto_facts_epoch();
	HASHCTL ctl;

	if (counts != NULL && epoch == now && hash_get_num_entries(counts) < COUNTS_MAX)
		return;
	if (counts != NULL)
		hash_destroy(counts);
	counts = NULL;
	ctl.keysize = STO_UUID_LEN;
	ctl.entrysize = sizeof(WalletCount);
	ctl.hcxt = TopMemoryContext;
	counts =
		hash_create("sto wallets of parties", 256, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	epoch = now;
	misses = 0;
}

int
sto_count_wallets(const uint8_t party_id[STO_UUID_LEN])
{
	Datum key = StoUuidGetDatum(party_id);
	StoScan scan;
	int count = 0;

	sto_scan_begin(&scan, STO_REL_WALLET, STO_IDX_WALLET_PARTY, 1, &key, NULL);
	while (count < 2 && sto_scan_next(&scan))
		if (!is_issuance(scan.slot))
			count++;
	sto_scan_end(&scan);
	return count;
}

/* Read-ahead: one wallet more of its party. */
static void
count_wallet(TupleTableSlot *slot)
{
	bool isnull;
	bool found;
	WalletCount *fact;

	if (is_issuance(slot))
		return;
	/* a full cache takes no new party, but every wallet of one that it has */
	fact =
		hash_search(counts, DatumGetPointer(slot_getattr(slot, WALLET_PARTY_ID, &isnull)),
					hash_get_num_entries(counts) < COUNTS_MAX - 1 ? HASH_ENTER : HASH_FIND, &found);
	if (fact == NULL)
		return;
	if (!found)
	{
		fact->count = 0;
		fact->settled = false;
	}
	if (!fact->settled)
		fact->count++;
}

static void
read_ahead(void)
{
	HASH_SEQ_STATUS status;
	WalletCount *fact;

	if (!sto_store_read_ahead(STO_REL_WALLET, ++misses, count_wallet))
		return;
	hash_seq_init(&status, counts);
	while ((fact = hash_seq_search(&status)) != NULL)
		fact->settled = true;
}

bool
sto_fact_several(const uint8_t party_id[STO_UUID_LEN])
{
	const WalletCount *known;
	WalletCount *fact;
	int count;

	refresh();
	known = hash_search(counts, party_id, HASH_FIND, NULL);
	if (known != NULL && known->settled)
		return known->count > 1;
	count = sto_count_wallets(party_id);
	/* what was read may be newer than the cache */
	refresh();
	fact = hash_search(counts, party_id, HASH_ENTER, NULL);
	fact->count = count;
	fact->settled = true;
	read_ahead();
	return count > 1;
}
