/*
 * flow.c
 *		What has left a position, and since when.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "ledger/flow.h"
#include "ledger/store.h"

#include "core/amount.h"

#include "utils/snapmgr.h"
#include "utils/timestamp.h"

bool
sto_flow_counts(const StoPosting *p)
{
	const StoOrder *o = &p->entry.order;

	if (o->kind == STO_ISSUE)
		return true;
	return (o->kind == STO_TRANSFER || o->kind == STO_POST) &&
		   memcmp(p->debit.party, p->credit.party, STO_UUID_LEN) != 0;
}

void
sto_flow_sample(const StoPosition *pos)
{
	Datum values[FLOW_COLUMNS];
	bool nulls[FLOW_COLUMNS] = {false};

	if (pos->seq % STO_FLOW_EVERY != 0)
		return;
	values[FLOW_SEQ - 1] = Int64GetDatum(pos->seq);
	values[FLOW_POSTED_AT - 1] = TimestampTzGetDatum(StoTimeToTimestamp(pos->posted_at));
	values[FLOW_OUTFLOW - 1] = PointerGetDatum(&pos->outflow);
	values[FLOW_WALLET - 1] = PointerGetDatum(pos->key.wallet);
	values[FLOW_TOKEN_ID - 1] = PointerGetDatum(pos->key.token_id);
	sto_store_insert(STO_REL_FLOW, values, nulls);
}

/* The last sample until that time: its sequence and outflow, both zero if there is none. */
static int64
sample_before(const Datum *keys, int64 time, StoAmount *outflow)
{
	Datum upto[3] = {keys[0], keys[1], TimestampTzGetDatum(StoTimeToTimestamp(time))};
	int64 seq = 0;
	StoScan scan;

	*outflow = 0;
	sto_scan_begin_bound(&scan, STO_REL_FLOW, STO_IDX_FLOW, 3, upto, BTLessEqualStrategyNumber,
						 NULL);
	if (sto_scan_previous(&scan))
	{
		bool isnull;

		seq = DatumGetInt64(slot_getattr(scan.slot, FLOW_SEQ, &isnull));
		memcpy(outflow, DatumGetPointer(slot_getattr(scan.slot, FLOW_OUTFLOW, &isnull)),
			   STO_AMOUNT_LEN);
	}
	sto_scan_end(&scan);
	return seq;
}

/* What an entry, as it stands in the log, took out of its debit position. */
static StoAmount
outflow_of(TupleTableSlot *slot)
{
	StoPosting p;
	bool isnull;
	text *kind = DatumGetTextPP(slot_getattr(slot, TRANSFER_KIND, &isnull));
	StoAmount amount;
	Datum credit;

	memset(&p, 0, offsetof(StoPosting, siglist));
	if (!sto_kind_from_name(VARDATA_ANY(kind), VARSIZE_ANY_EXHDR(kind), &p.entry.order.kind))
		elog(ERROR, "an entry has an unknown kind");
	credit = slot_getattr(slot, TRANSFER_CREDIT_WALLET, &isnull);
	if (isnull ||
		!sto_fact_wallet(
			(const uint8_t *) DatumGetPointer(slot_getattr(slot, TRANSFER_DEBIT_WALLET, &isnull)),
			&p.debit) ||
		!sto_fact_wallet((const uint8_t *) DatumGetPointer(credit), &p.credit) ||
		!sto_flow_counts(&p))
		return 0;
	memcpy(&amount, DatumGetPointer(slot_getattr(slot, TRANSFER_AMOUNT, &isnull)), STO_AMOUNT_LEN);
	return amount;
}

StoAmount
sto_flow_until(const uint8_t token_id[STO_UUID_LEN], const uint8_t wallet[STO_ADDRESS_LEN],
			   int64 time, int64 *seq)
{
	Datum keys[2] = {PointerGetDatum(token_id), PointerGetDatum(wallet)};
	Datum after[3] = {keys[1], keys[0], (Datum) 0};
	StoAmount outflow;
	int64 last = sample_before(keys, time, &outflow);
	StoScan scan;

	after[2] = Int64GetDatum(last);
	/* entries of the running statement, too: its window may be shorter than it takes */
	sto_scan_begin_bound(&scan, STO_REL_TRANSFER, STO_IDX_TRANSFER_DEBIT, 3, after,
						 BTGreaterStrategyNumber, SnapshotSelf);
	while (sto_scan_next(&scan))
	{
		bool isnull;
		Datum posted_at = slot_getattr(scan.slot, TRANSFER_POSTED_AT, &isnull);

		if (StoTimeFromTimestamp(DatumGetTimestampTz(posted_at)) > time)
			break;
		if (!sto_amount_add(outflow, outflow_of(scan.slot), &outflow))
			break;
		last = DatumGetInt64(slot_getattr(scan.slot, TRANSFER_DEBIT_SEQ, &isnull));
	}
	sto_scan_end(&scan);
	if (seq != NULL)
		*seq = last;
	return outflow;
}
