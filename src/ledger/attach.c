/*
 * attach.c
 *		What attachments leave to a position's holder.
 */
#include "postgres.h"

#include "ledger/attach.h"
#include "ledger/register.h"
#include "ledger/store.h"

#include "core/amount.h"

bool
sto_token_attached(const uint8_t token_id[STO_UUID_LEN])
{
	Datum key = StoUuidGetDatum(token_id);
	StoScan scan;
	bool found;

	sto_scan_begin(&scan, STO_REL_ATTACHMENT, STO_IDX_ATTACHMENT_POSITION, 1, &key, NULL);
	found = sto_scan_next(&scan);
	sto_scan_end(&scan);
	return found;
}

StoAmount
sto_attached(const StoPosting *p)
{
	Datum keys[2] = {StoUuidGetDatum(p->token.token_id), PointerGetDatum(p->debit.address)};
	StoAmount remaining;
	StoAmount sum = 0;
	StoScan scan;
	bool isnull;

	if (!p->token.attached)
		return 0;
	sto_scan_begin(&scan, STO_REL_ATTACHMENT, STO_IDX_ATTACHMENT_POSITION, 2, keys, NULL);
	while (sto_scan_next(&scan))
	{
		memcpy(&remaining, DatumGetPointer(slot_getattr(scan.slot, ATTACHMENT_REMAINING, &isnull)),
			   STO_AMOUNT_LEN);
		/* nobody has more units than that */
		if (!sto_amount_add(sum, remaining, &sum))
			sum = STO_AMOUNT_MAX;
	}
	sto_scan_end(&scan);
	return sum;
}

StoAmount
sto_available(const StoPosting *p)
{
	StoAmount loose = p->debit_pos->balance - p->debit_pos->held;

	return Max(loose - sto_attached(p), 0);
}
