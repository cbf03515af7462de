/*
 * acknowledge.c
 *		Documents that a party must acknowledge before it acquires a token for the
 *		first time.
 *
 * First: no entry has credited that token to any of its wallets.  The gate asks
 * only for tokens that have such a document, and looks for earlier credits only
 * if an acknowledgement is missing.
 */
#include "postgres.h"

#include "ledger/acknowledge.h"
#include "ledger/register.h"

#include "utils/builtins.h"

/* Every document of the token that must be acknowledged now, in the order of names. */
static bool
next_required(StoScan *scan)
{
	bool isnull;

	while (sto_scan_next(scan))
		if (DatumGetBool(slot_getattr(scan->slot, DOCUMENT_ACKNOWLEDGE, &isnull)))
			return true;
	return false;
}

bool
sto_documents_required(const uint8_t token_id[STO_UUID_LEN])
{
	Datum key = StoUuidGetDatum(token_id);
	StoScan scan;
	bool found;

	/* the index has present versions alone */
	sto_scan_begin(&scan, STO_REL_DOCUMENT, STO_IDX_DOCUMENT_NAME, 1, &key, NULL);
	found = next_required(&scan);
	sto_scan_end(&scan);
	return found;
}

static bool
has_acknowledged(const uint8_t *party, Datum document)
{
	Datum keys[2] = {StoUuidGetDatum(party), document};
	StoRow row;
	bool found = sto_store_find(STO_REL_ACKNOWLEDGEMENT, STO_IDX_ACKNOWLEDGEMENT, 2, keys, &row);

	sto_row_close(&row);
	return found;
}

/* Has any wallet of the credit wallet's party had the token? */
static bool
had_token(const StoPosting *p)
{
	Datum party = StoUuidGetDatum(p->credit.party);
	StoScan scan;
	bool found = false;
	bool isnull;

	sto_scan_begin(&scan, STO_REL_WALLET, STO_IDX_WALLET_PARTY, 1, &party, NULL);
	while (!found && sto_scan_next(&scan))
	{
		Datum address = slot_getattr(scan.slot, WALLET_ADDRESS, &isnull);
		StoPosition pos;

		/* nothing but a credit can be the first entry of a position that is no issuance wallet's */
		sto_position_read(p->token.token_id, (const uint8_t *) DatumGetPointer(address), &pos);
		found = pos.seq > 0;
	}
	sto_scan_end(&scan);
	return found;
}

void
sto_check_acknowledged(const StoPosting *p, StoReasons *reasons)
{
	Datum key = StoUuidGetDatum(p->token.token_id);
	int before = reasons->count;
	StoScan scan;

	/* the usual case first: this wallet has had the token */
	if (p->credit_pos != NULL && p->credit_pos->seq > 0)
		return;
	/* its own documents an issuer knows; and a move within a party acquires nothing */
	if (!p->token.documents || sto_uuid_equal(p->credit.party, p->token.issuer) ||
		sto_uuid_equal(p->credit.party, p->debit.party))
		return;

	sto_scan_begin(&scan, STO_REL_DOCUMENT, STO_IDX_DOCUMENT_NAME, 1, &key, NULL);
	while (next_required(&scan))
	{
		bool isnull;
		Datum document = slot_getattr(scan.slot, DOCUMENT_DOCUMENT, &isnull);

		if (has_acknowledged(p->credit.party, document))
			continue;
		sto_reason_add(reasons, STO_REASON_NOT_ACKNOWLEDGED, STO_REASON_OF_UUID, p->credit.party,
					   "Party %s has not acknowledged document " INT64_FORMAT
					   ", \"%s\" version \"%s\".",
					   sto_uuid_text(p->credit.party), DatumGetInt64(document),
					   TextDatumGetCString(slot_getattr(scan.slot, DOCUMENT_NAME, &isnull)),
					   TextDatumGetCString(slot_getattr(scan.slot, DOCUMENT_VERSION, &isnull)));
	}
	sto_scan_end(&scan);
	if (reasons->count > before && had_token(p))
		reasons->count = before;
}
