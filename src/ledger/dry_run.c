/*
 * dry_run.c
 *		What the gate would say of an order, without posting it.
 */
#include "postgres.h"

#include "ledger/dry_run.h"

#include "core/amount.h"
#include "errors.h"

#include "access/xact.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

/* Who orders it, if the question doesn't say: whose order it usually is. */
static const uint8_t *
usual_party(const StoPosting *p)
{
	switch (p->entry.order.kind)
	{
		case STO_ISSUE:
			return p->token.issuer;
		case STO_POST:
			return p->hold.has_notary ? p->hold.notary : p->credit.party;
		default:
			return p->debit.party;
	}
}

static void
resolve(StoPosting *p)
{
	static const uint8_t nil[STO_UUID_LEN];
	StoOrder *o = &p->entry.order;
	bool ordered = !p->nulls[TRANSFER_ORDERING_PARTY - 1];

	if (p->nulls[TRANSFER_TOKEN_ID - 1])
		ereport(ERROR, (errcode(ERRCODE_STO_UNKNOWN_TOKEN),
						errmsg("the order names no token of the register")));
	/* the two columns that only an order to be posted needs */
	if (!ordered)
		p->values[TRANSFER_ORDERING_PARTY - 1] = PointerGetDatum(nil);
	if (p->nulls[TRANSFER_ORDER_ID - 1])
		p->values[TRANSFER_ORDER_ID - 1] = PointerGetDatum(nil);
	p->nulls[TRANSFER_ORDERING_PARTY - 1] = p->nulls[TRANSFER_ORDER_ID - 1] = false;

	sto_entry_from_values(p->values, p->nulls, &p->entry);
	sto_order_check_shape(o);
	sto_order_resolve(p);
	if (!ordered)
		memcpy(o->ordering_party, usual_party(p), STO_UUID_LEN);
	if (!sto_fact_member_try(p->entry.posted_by))
		memcpy(p->entry.posted_by, o->ordering_party, STO_UUID_LEN);
}

/* What the gate raises before it collects reasons is one; any other error stays one. */
static bool
resolves(StoDryRun *run)
{
	MemoryContext memory = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool good = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(memory);
	PG_TRY();
	{
		resolve(&run->p);
		ReleaseCurrentSubTransaction();
		good = true;
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(memory);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(memory);
		CurrentResourceOwner = owner;
		if (!sto_reason_add_error(&run->reasons, error))
			ReThrowError(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(memory);
	CurrentResourceOwner = owner;
	return good;
}

void
sto_dry_run_order(StoDryRun *run, const Datum *values, const bool *nulls, bool most)
{
	StoPosting *p = &run->p;
	StoOrder *o = &p->entry.order;

	memset(run, 0, sizeof(*run));
	p->mode = STO_MODE_DRY;
	/* as the gate's lock would, take in what other sessions announced */
	AcceptInvalidationMessages();
	sto_fact_ledger(&p->ledger);
	memcpy(p->values, values, sizeof(p->values));
	memcpy(p->nulls, nulls, sizeof(p->nulls));
	run->resolved = resolves(run);
	if (!run->resolved)
		return;

	p->debit_pos = &run->debit;
	sto_position_read(o->token_id, o->debit, p->debit_pos);
	/* a hold names a beneficiary, whose position it doesn't touch */
	if (o->has_credit && o->kind != STO_HOLD)
	{
		p->credit_pos = &run->credit;
		sto_position_read(o->token_id, o->credit, p->credit_pos);
	}
	/* what is outstanding is an amount too: the issuance wallet's balance is below zero */
	if (most)
		o->amount =
			o->kind == STO_ISSUE ? STO_AMOUNT_MAX + Min(run->debit.balance, 0) : run->debit.balance;
	/* expired holds give way, as they would in the gate */
	sto_sweep_for(p);
	sto_append_stamp(p);
}

void
sto_dry_run_check(StoDryRun *run)
{
	sto_comply_reasons(&run->p, &run->reasons);
}

/*
 * Each reason says how much would pass it alone.  The least of these is an upper
 * bound of what passes all, and it is asked again, as fewer units may break what
 * more didn't (a rest that is too small).
 */
StoAmount
sto_dry_run_largest(StoDryRun *run)
{
	StoAmount *amount = &run->p.entry.order.amount;
	const StoAmount asked = *amount;
	StoAmount largest = Max(asked, 0);

	while (largest > 0)
	{
		StoReasons reasons = {0};

		*amount = largest;
		sto_comply_reasons(&run->p, &reasons);
		if (reasons.count == 0)
			break;
		for (int i = 0; i < reasons.count; i++)
			/* a check that allows what it has just refused allows nothing */
			largest =
				Min(largest, reasons.items[i].passing < *amount ? reasons.items[i].passing : 0);
	}
	*amount = asked;
	return largest;
}
