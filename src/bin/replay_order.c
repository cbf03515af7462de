/*
 * replay_order.c
 *		Whether an order is one of its kind, and the token, the wallets and the hold
 *		that it names could do that at that time.
 */
#include "bin/replay_state.h"

#include <string.h>

bool
sto_fold_shape(const Posting *p)
{
	const StoOrder *o = p->order;
	const char *why;

	if (!o->has_debit)
	{
		sto_fold_bad(p, STO_CHECK_RULE, "the order names no debit wallet");
		return false;
	}
	if (o->amount <= 0)
	{
		sto_fold_bad(p, STO_CHECK_RULE, "the amount is not positive");
		return false;
	}
	why = sto_order_fault(o);
	if (why != NULL)
		sto_fold_bad(p, STO_CHECK_RULE, "%s", why);
	return true;
}

static void
check_wallet(const Posting *p, const Wallet *wallet, const char *side)
{
	const Party *party = sto_pool_at(&p->r->parties, wallet->party);

	if (wallet->barred != 0)
		sto_fold_bad(p, STO_CHECK_RULE, "the %s wallet was barred by entry %lld", side,
					 (long long) wallet->barred);
	if (!wallet->active)
		sto_fold_bad(p, STO_CHECK_RULE, "the %s wallet was closed", side);
	if (!party->active)
		sto_fold_bad(p, STO_CHECK_RULE, "the party of the %s wallet was closed", side);
}

/* Only issue takes from the issuance wallet, and only redeem gives to it. */
static void
check_issuance(const Posting *p)
{
	bool issue = p->order->kind == STO_ISSUE;
	bool redeem = p->order->kind == STO_REDEEM;

	if (p->debit != NULL && p->debit->issues != (issue ? p->token_row : 0))
		sto_fold_bad(p, STO_CHECK_RULE,
					 issue ? "an issue that doesn't take from the token's issuance wallet"
						   : "an issuance wallet is debited by something else than an issue");
	if (p->credit != NULL && p->credit->issues != (redeem ? p->token_row : 0))
		sto_fold_bad(p, STO_CHECK_RULE,
					 redeem ? "a redeem that doesn't give to the token's issuance wallet"
							: "an issuance wallet is credited by something else than a redeem");
}

/* A new hold: its terms must be able to end. */
static void
check_new_hold(const Posting *p)
{
	const StoOrder *o = p->order;
	const Position *pos = p->debit_pos;
	const Party *notary = o->has_notary ? sto_fold_party(p->r, o->notary, NULL) : NULL;
	const Party *holder;

	if (o->has_release_after && o->release_after <= p->entry->posted_at)
		sto_fold_bad(p, STO_CHECK_HOLD, "the hold would have expired when it was placed");
	if (o->has_notary && (notary == NULL || notary->policy == 0))
		sto_fold_bad(p, STO_CHECK_HOLD, "the hold's notary is not a registered party with keys");
	if (notary != NULL && p->debit != NULL &&
		notary == sto_pool_at(&p->r->parties, p->debit->party))
		sto_fold_bad(p, STO_CHECK_HOLD, "the hold's notary is who holds the units");
	if (o->purpose != STO_LOCK_UP || p->debit == NULL || pos == NULL)
		return;
	/* an issuer locks nobody's units but those that it issues in the same breath */
	holder = sto_pool_at(&p->r->parties, p->debit->party);
	if (p->orderer != holder && !sto_fold_follows_issue(p->r, pos, o))
		sto_fold_bad(p, STO_CHECK_HOLD,
					 "an issuer's lock-up that doesn't follow the issue of what it locks");
}

static void
check_hold(const Posting *p)
{
	const StoOrder *o = p->order;
	const HoldRow *hold = p->hold;
	bool expired = hold->has_release_after && p->entry->posted_at >= hold->release_after;

	if (o->kind == STO_POST && expired)
		sto_fold_bad(p, STO_CHECK_HOLD, "hold %lld had expired: it could only be released",
					 (long long) hold->hold_id);
	if (o->kind == STO_RELEASE && p->unsigned_by_rule && !expired)
		sto_fold_bad(p, STO_CHECK_HOLD, "hold %lld had not expired: its release had to be signed",
					 (long long) hold->hold_id);
	if (o->kind == STO_POST &&
		(hold->purpose == STO_SUBSCRIPTION || hold->purpose == STO_SETTLEMENT) && !o->has_group)
		sto_fold_bad(p, STO_CHECK_GROUP, "a post of a settlement without group_id");
	/* its beneficiary alone lets a hash lock's rest go before its time */
	if (o->kind == STO_POST && hold->purpose == STO_HASH_LOCK && !o->keep_rest &&
		o->amount < hold->remaining)
		sto_fold_bad(p, STO_CHECK_HOLD, "a post of hash lock %lld releases what it doesn't post",
					 (long long) hold->hold_id);
}

void
sto_fold_comply(const Posting *p)
{
	const StoOrder *o = p->order;

	if (o->has_valid_until && p->entry->posted_at >= o->valid_until)
		sto_fold_bad(p, STO_CHECK_RULE, "the order had expired");
	/* a release frees what is held, whatever else is closed */
	if (o->kind != STO_RELEASE)
	{
		if (p->token != NULL && !p->token->active)
			sto_fold_bad(p, STO_CHECK_RULE, "the token was closed");
		/* what closes a holder protects nobody from enforcement */
		if (p->debit != NULL && !sto_order_by_case(o))
			check_wallet(p, p->debit, "debit");
		if (p->credit != NULL)
			check_wallet(p, p->credit, "credit");
	}
	check_issuance(p);
	if (p->legal != NULL)
		sto_fold_case_comply(p);
	if (o->kind == STO_HOLD)
		check_new_hold(p);
	if (p->hold != NULL)
		check_hold(p);
	if (o->kind != STO_RELEASE && p->token != NULL)
		sto_fold_restrictions(p);
}
