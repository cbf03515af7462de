/*
 * case_list.c
 *		Cases of enforcement, for who may see them.
 *
 * Who is about to lose units must not learn it beforehand, and row security can't keep it
 * from him: EXPLAIN ANALYZE counts the rows that a policy removed, of those that a condition
 * of his left over.  So no party queries the table, and this reads it.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "ledger/facts.h"
#include "ledger/reader.h"
#include "ledger/register.h"
#include "ledger/store.h"

#include "types/types.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(sto_cases);

static bool
is_party(TupleTableSlot *slot, int attno, const uint8_t *party)
{
	bool isnull;
	Datum value = slot_getattr(slot, attno, &isnull);

	return !isnull && sto_uuid_equal(DatumGetUUIDP(value)->data, party);
}

/* Is it that party's wallet, or one that it keeps? */
static bool
is_wallet_of(TupleTableSlot *slot, int attno, const uint8_t *party)
{
	bool isnull;
	Datum value = slot_getattr(slot, attno, &isnull);
	StoWalletFact wallet;

	return !isnull && sto_fact_wallet((const uint8_t *) DatumGetPointer(value), &wallet) &&
		   (sto_uuid_equal(wallet.party, party) ||
			(wallet.has_custodian && sto_uuid_equal(wallet.custodian, party)));
}

/*
 * Its officers always; who is concerned once it is done, of a recovery at once: that is its
 * notice.
 */
static bool
may_see(TupleTableSlot *slot, const uint8_t *party)
{
	bool unused;
	bool known;

	if (is_party(slot, CASE_OPENED_BY, party) || is_party(slot, CASE_APPROVED_BY, party))
		return true;
	(void) slot_getattr(slot, CASE_USED, &unused);
	known = !unused ||
			strcmp(TextDatumGetCString(slot_getattr(slot, CASE_ACT, &unused)), "recover") == 0;
	return known && (is_wallet_of(slot, CASE_DEBIT_WALLET, party) ||
					 is_wallet_of(slot, CASE_CREDIT_WALLET, party));
}

/*
 * sto.cases(case_event bigint) returns setof sto.case
 *
 * That case, or, of null, all, as far as the acting role may see them.
 */
Datum
sto_cases(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int keys = PG_ARGISNULL(0) ? 0 : 1;
	Datum key = keys > 0 ? PG_GETARG_DATUM(0) : (Datum) 0;
	uint8_t party[STO_UUID_LEN];
	bool member = sto_fact_member_try(party);
	bool all = sto_reads_register(member ? party : NULL);
	StoScan scan;

	InitMaterializedSRF(fcinfo, 0);
	if (!all && !member)
		PG_RETURN_NULL();
	sto_scan_begin(&scan, STO_REL_CASE, STO_IDX_CASE, keys, &key, GetActiveSnapshot());
	while (sto_scan_next(&scan))
		if (all || may_see(scan.slot, party))
			tuplestore_puttupleslot(result->setResult, scan.slot);
	sto_scan_end(&scan);
	PG_RETURN_NULL();
}
