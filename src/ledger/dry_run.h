/*
 * dry_run.h
 *		What the gate would say of an order, without posting it.
 *
 * The same code as the gate's comply step, in mode STO_MODE_DRY, with facts and
 * positions as of now.  Nobody's signature is asked for, nothing is locked,
 * drawn or written; so an answer is true when it is given, and no promise.
 */
#ifndef STO_LEDGER_DRY_RUN_H
#define STO_LEDGER_DRY_RUN_H

#include "ledger/posting.h"

typedef struct StoDryRun
{
	StoPosting p;
	StoPosition debit; /* copies */
	StoPosition credit;
	bool resolved; /* the order is well formed, and all that it names is in the register */
	bool named;    /* it says who orders it */
	StoReasons reasons;
} StoDryRun;

/*
 * An order from the columns of sto.transfer; only those of an order count.  Without
 * an ordering party it is whoever usually orders such a thing.  What is wrong with
 * it, or unknown, becomes a reason; if nothing is, resolved is set.  most: the
 * amount is then made all that the debit position could ever give.
 */
extern void sto_dry_run_order(StoDryRun *run, const Datum *values, const bool *nulls, bool most);
/* Every reason that speaks against the order, once it is resolved. */
extern void sto_dry_run_check(StoDryRun *run);
/* The largest amount, at most the order's, that would pass now; 0 if none would. */
extern StoAmount sto_dry_run_largest(StoDryRun *run);

#endif
