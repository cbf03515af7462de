/*
 * dry_run.c
 *		What the gate would say of an order, without posting it.
 */
#include "postgres.h"

#include "ledger/dry_run.h"

#include "core/amount.h"
#include "errors.h"

#include "access/xact.h"
#include "miscadmin.h"
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
resolve(StoDryRun *run, StoReasons *reasons)
{
	static const uint8_t nil[STO_UUID_LEN];
	StoPosting *p = &run->p;
	StoOrder *o = &p->entry.order;

	run->named = !p->nulls[TRANSFER_ORDERING_PARTY - 1];
	if (p->nulls[TRANSFER_TOKEN_ID - 1])
		ereport(ERROR, (errcode(ERRCODE_STO_UNKNOWN_TOKEN),
						errmsg("the order names no token of the register")));
	/* the two columns that only an order to be posted needs */
	if (!run->named)
		p->values[TRANSFER_ORDERING_PARTY - 1] = PointerGetDatum(nil);
	if (p->nulls[TRANSFER_ORDER_ID - 1])
		p->values[TRANSFER_ORDER_ID - 1] = PointerGetDatum(nil);
	p->nulls[TRANSFER_ORDERING_PARTY - 1] = p->nulls[TRANSFER_ORDER_ID - 1] = false;

	sto_entry_from_values(p->values, p->nulls, &p->entry);
	sto_order_check_shape(o);
	sto_order_resolve(p);
	if (!run->named)
		memcpy(o->ordering_party, usual_party(p), STO_UUID_LEN);
	if (!sto_fact_member_try(p->entry.posted_by))
		memcpy(p->entry.posted_by, o->ordering_party, STO_UUID_LEN);
}

typedef void (*Step)(StoDryRun *run, StoReasons *reasons);

/*
 * What the gate raises instead of collecting it (an order that can't be read, a function of the
 * token's own that fails) is the only reason, and false is returned; any other error stays one.
 */
static bool
attempt(StoDryRun *run, Step step, StoReasons *reasons)
{
	MemoryContext memory = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool good = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(memory);
	PG_TRY();
	{
		step(run, reasons);
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
		reasons->count = 0;
		if (!sto_reason_add_error(reasons, error))
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
	run->resolved = attempt(run, resolve, &run->reasons);
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

/*
 * May that party order this at all?  Not asked where the question doesn't say who orders, nor of
 * a preimage that it doesn't say.  Who else may order for a wallet is its holder's matter.
 */
static void
check_authority(const StoDryRun *run, StoReasons *reasons)
{
	const StoPosting *p = &run->p;
	const StoOrder *o = &p->entry.order;
	ErrorData error = {0};
	StoRefusal refusal;

	if (!run->named && !(sto_order_by_case(o) && p->legal == NULL))
		return;
	if (o->kind == STO_POST && p->hold.purpose == STO_HASH_LOCK && !o->has_preimage)
		return;
	refusal = sto_authority_refusal(p);
	if (refusal.sqlstate == 0)
		return;
	error.sqlerrcode = refusal.sqlstate;
	error.message = unconstify(char *, refusal.message);
	error.detail = unconstify(char *, refusal.detail);
	error.hint = unconstify(char *, refusal.hint);
	if (!sto_reason_add_error(reasons, &error))
		elog(ERROR, "%s", refusal.message);
	sto_reason_whose(reasons, STO_ABOUT_SENDER);
}

/* In the gate's order: who orders it, then everything else. */
static void
check(StoDryRun *run, StoReasons *reasons)
{
	check_authority(run, reasons);
	sto_comply_reasons(&run->p, reasons);
}

void
sto_dry_run_check(StoDryRun *run)
{
	(void) attempt(run, check, &run->reasons);
}

/*
 * Each reason says how much would pass it alone.  The least of these is an upper
 * bound of what passes all, and it is asked again, as fewer units may break what
 * more didn't (a rest that is too small).  Rules find their own largest below it: one
 * multiple of several units after the other could take as many steps as there are units.
 */
static void
lower(StoDryRun *run, StoReasons *reasons)
{
	StoAmount *amount = &run->p.entry.order.amount;
	StoAmount least = *amount;

	check(run, reasons);
	for (int i = 0; i < reasons->count; i++)
		/* a check that allows what it has just refused allows nothing */
		least = Min(least, reasons->items[i].passing < *amount ? reasons->items[i].passing : 0);
	*amount = least;
	if (reasons->count > 0 && least > 0)
		*amount = sto_ruling_largest(&run->p);
}

StoAmount
sto_dry_run_largest(StoDryRun *run)
{
	StoAmount *amount = &run->p.entry.order.amount;
	const StoAmount asked = *amount;
	StoAmount largest;
	int failing;

	do
	{
		StoReasons reasons = {0};

		CHECK_FOR_INTERRUPTS();
		if (*amount > 0 && !attempt(run, lower, &reasons))
			*amount = 0;
		failing = reasons.count;
	} while (*amount > 0 && failing > 0);
	largest = Max(*amount, 0);
	*amount = asked;
	return largest;
}
