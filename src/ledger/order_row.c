/*
 * order_row.c
 *		Values of type sto.order: an order as SQL hands it over.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "ledger/order_row.h"

#include "access/htup_details.h"
#include "utils/typcache.h"

/* Attributes of sto.order, in their order, as columns of sto.transfer. */
static const struct
{
	const char *name;
	int column;
} attributes[] = {
	{"kind", TRANSFER_KIND},
	{"token_id", TRANSFER_TOKEN_ID},
	{"debit_wallet", TRANSFER_DEBIT_WALLET},
	{"credit_wallet", TRANSFER_CREDIT_WALLET},
	{"amount", TRANSFER_AMOUNT},
	{"ordering_party", TRANSFER_ORDERING_PARTY},
	{"order_id", TRANSFER_ORDER_ID},
	{"signatures", TRANSFER_SIGNATURES},
	{"valid_until", TRANSFER_VALID_UNTIL},
	{"reference", TRANSFER_REFERENCE},
	{"hold_id", TRANSFER_HOLD_ID},
	{"purpose", TRANSFER_PURPOSE},
	{"notary", TRANSFER_NOTARY},
	{"release_after", TRANSFER_RELEASE_AFTER},
	{"condition_hash", TRANSFER_CONDITION_HASH},
	{"instruction_hash", TRANSFER_INSTRUCTION_HASH},
	{"preimage", TRANSFER_PREIMAGE},
	{"keep_rest", TRANSFER_KEEP_REST},
	{"attachment_hash", TRANSFER_ATTACHMENT_HASH},
	{"group_id", TRANSFER_GROUP_ID},
	{"undoes", TRANSFER_UNDOES},
	{"authority_event", TRANSFER_AUTHORITY_EVENT},
	{"checked_once", TRANSFER_CHECKED_ONCE},
};

void
sto_order_row_read(Datum order, Datum *values, bool *nulls)
{
	HeapTupleHeader row = DatumGetHeapTupleHeader(order);
	TupleDesc desc =
		lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row), HeapTupleHeaderGetTypMod(row));
	Datum given[lengthof(attributes)];
	bool missing[lengthof(attributes)];
	HeapTupleData tuple;

	if (desc->natts != (int) lengthof(attributes))
		elog(ERROR, "sto.order does not have %d attributes", (int) lengthof(attributes));
	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	heap_deform_tuple(&tuple, desc, given, missing);
	memset(nulls, true, TRANSFER_COLUMNS * sizeof(bool));
	for (int i = 0; i < (int) lengthof(attributes); i++)
	{
		if (strcmp(NameStr(TupleDescAttr(desc, i)->attname), attributes[i].name) != 0)
			elog(ERROR, "attribute %d of sto.order is not %s", i + 1, attributes[i].name);
		values[attributes[i].column - 1] = given[i];
		nulls[attributes[i].column - 1] = missing[i];
	}
	ReleaseTupleDesc(desc);
}
