/*
 * issued.c
 *		Who received issues of a token, and when last.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "ledger/facts.h"
#include "ledger/gate.h"
#include "ledger/issued.h"
#include "ledger/register.h"
#include "ledger/store.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

typedef struct IssuedKey
{
	uint8_t token_id[STO_UUID_LEN];
	uint8_t party_id[STO_UUID_LEN];
} IssuedKey;

typedef struct Issued
{
	IssuedKey key;
	int64 posted_at;
	StoRowState state;
} Issued;

static void
row_values(const void *row, Datum *values, bool *nulls)
{
	const Issued *i = row;

	values[ISSUED_POSTED_AT - 1] = TimestampTzGetDatum(StoTimeToTimestamp(i->posted_at));
	values[ISSUED_PARTY_ID - 1] = PointerGetDatum(i->key.party_id);
	values[ISSUED_TOKEN_ID - 1] = PointerGetDatum(i->key.token_id);
}

StoRowCache sto_issued_cache = {
	.name = "sto issued",
	.rel = STO_REL_ISSUED,
	.columns = ISSUED_COLUMNS,
	.key_size = sizeof(IssuedKey),
	.row_size = sizeof(Issued),
	.state = offsetof(Issued, state),
	.values = row_values,
};

static void
make_key(IssuedKey *key, const uint8_t *token_id, const uint8_t *party)
{
	memcpy(key->token_id, token_id, STO_UUID_LEN);
	memcpy(key->party_id, party, STO_UUID_LEN);
}

static void
make(const void *key)
{
	Issued empty;
	Datum values[ISSUED_COLUMNS];
	bool nulls[ISSUED_COLUMNS] = {false};

	memset(&empty, 0, sizeof(empty));
	empty.key = *(const IssuedKey *) key;
	row_values(&empty, values, nulls);
	sto_store_insert(STO_REL_ISSUED, values, nulls);
}

static Issued *
lock_issued(const uint8_t *token_id, const uint8_t *party)
{
	Issued image;
	Issued *known;
	Datum keys[2] = {StoUuidGetDatum(token_id), StoUuidGetDatum(party)};
	StoRow row;
	bool isnull;

	memset(&image, 0, sizeof(image));
	make_key(&image.key, token_id, party);
	known = sto_rowcache_find(&sto_issued_cache, &image.key);
	if (known != NULL)
		return known;
	sto_row_lock_or_make(
		STO_REL_ISSUED, STO_IDX_ISSUED, 2, keys,
		hash_bytes_extended((const unsigned char *) &image.key, sizeof(image.key), STO_REL_ISSUED),
		make, &image.key, &row);
	image.posted_at =
		StoTimeFromTimestamp(DatumGetTimestampTz(sto_row_get(&row, ISSUED_POSTED_AT, &isnull)));
	image.state.tid = row.slot->tts_tid;
	sto_row_close(&row);
	return sto_rowcache_add(&sto_issued_cache, &image);
}

void
sto_issued_put(const uint8_t *token_id, const uint8_t *party, int64 posted_at)
{
	Issued *issued = lock_issued(token_id, party);

	sto_rowcache_touch(&sto_issued_cache, issued);
	issued->posted_at = posted_at;
}

/*
 * The last count of this session.  Each entry of the issuance position since then adds
 * one person at most, and later times only take some away.
 */
static struct
{
	uint8_t token_id[STO_UUID_LEN];
	int64 seq; /* 0: there is none */
	int64 after;
	int64 persons;
	uint64 epoch; /* of the register's facts */
} counted;

void
sto_issued_forget(void)
{
	counted.seq = 0;
}

static bool
counted_serves(const StoIssuedAsk *ask)
{
	return counted.seq > 0 && sto_uuid_equal(counted.token_id, ask->token_id) &&
		   counted.seq <= ask->seq && counted.after <= ask->after &&
		   counted.epoch == sto_facts_epoch();
}

/* No fewer persons than there are. */
static int64
persons_at_most(const StoIssuedAsk *ask)
{
	int64 most = ask->seq - ask->seq_before;

	if (counted_serves(ask))
		most = Min(most, counted.persons + ask->seq - counted.seq);
	return most;
}

static int64
count_persons(const StoIssuedAsk *ask, bool *received)
{
	Datum keys[2] = {StoUuidGetDatum(ask->token_id),
					 TimestampTzGetDatum(StoTimeToTimestamp(ask->after))};
	int64 persons = 0;
	StoScan scan;

	/* the index must show what this statement has issued */
	sto_rowcache_flush(&sto_issued_cache);
	sto_scan_begin_bound(&scan, STO_REL_ISSUED, STO_IDX_ISSUED_TIME, 2, keys,
						 BTGreaterStrategyNumber, NULL);
	while (sto_scan_next(&scan))
	{
		bool isnull;
		Datum who = slot_getattr(scan.slot, ISSUED_PARTY_ID, &isnull);

		persons++;
		*received |= sto_uuid_equal((const uint8_t *) DatumGetPointer(who), ask->party);
	}
	sto_scan_end(&scan);
	return persons;
}

int64
sto_issued_persons(const StoIssuedAsk *ask, bool *received)
{
	int64 persons = persons_at_most(ask);

	*received = false;
	if (ask->limit == 0 || persons < ask->limit)
		return persons;
	persons = count_persons(ask, received);
	if (ask->locked)
	{
		memcpy(counted.token_id, ask->token_id, STO_UUID_LEN);
		counted.seq = ask->seq;
		counted.after = ask->after;
		counted.persons = persons;
		counted.epoch = sto_facts_epoch();
	}
	return persons;
}

void
sto_issued_recount(const uint8_t *token_id, const uint8_t *issuance, int64 event)
{
	Datum keys[2] = {PointerGetDatum(issuance), StoUuidGetDatum(token_id)};
	StoScan scan;

	sto_scan_begin(&scan, STO_REL_TRANSFER, STO_IDX_TRANSFER_DEBIT, 2, keys, SnapshotSelf);
	while (sto_scan_next(&scan))
	{
		bool isnull;
		Datum credit = slot_getattr(scan.slot, TRANSFER_CREDIT_WALLET, &isnull);
		StoWalletFact wallet;
		bool no_id;

		CHECK_FOR_INTERRUPTS();
		/* in sto.rebuild() the log goes on behind the event */
		if (DatumGetInt64(slot_getattr(scan.slot, TRANSFER_ENTRY_ID, &no_id)) > event)
			break;
		if (isnull || !sto_fact_wallet((const uint8_t *) DatumGetPointer(credit), &wallet))
			continue;
		sto_issued_put(token_id, wallet.party,
					   StoTimeFromTimestamp(DatumGetTimestampTz(
						   slot_getattr(scan.slot, TRANSFER_POSTED_AT, &isnull))));
	}
	sto_scan_end(&scan);
	sto_rowcache_flush(&sto_issued_cache);
}
