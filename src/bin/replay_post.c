/*
 * replay_post.c
 *		What an entry moves: positions and holds.
 */
#include "bin/replay_state.h"

#include "core/amount.h"

#include <string.h>

static void
add_to(const Posting *p, StoAmount *to, StoAmount amount)
{
	if (!sto_amount_add(*to, amount, to))
		sto_fold_bad(p, STO_CHECK_BALANCE, "a balance leaves the range of 128 bits");
}

/* Beside what is free, named units: in holds that a case breaks. */
static void
need_available(const Posting *p, const Position *pos, StoAmount named)
{
	char available[STO_AMOUNT_TEXT_MAX];
	char needed[STO_AMOUNT_TEXT_MAX];
	StoAmount free_units = sto_fold_available(p, pos);

	if (p->order->amount <= free_units + named)
		return;
	sto_amount_print(free_units, available);
	sto_amount_print(p->order->amount, needed);
	sto_fold_bad(p, STO_CHECK_BALANCE, "the debit wallet had %s available; the order takes %s",
				 available, needed);
}

static void
issue(const Posting *p, Position *issuance)
{
	StoAmount outstanding;

	/* the issuance wallet alone goes below zero: what it lacks is outstanding */
	add_to(p, &issuance->balance, -p->order->amount);
	if (!sto_amount_sub(0, issuance->balance, &outstanding))
		sto_fold_bad(p, STO_CHECK_BALANCE, "a balance leaves the range of 128 bits");
	else if (p->token->has_authorised && outstanding > p->token->authorised)
		sto_fold_bad(p, STO_CHECK_BALANCE, "the issue goes beyond the authorised amount");
}

/* Units that a post or release takes out of its hold. */
static StoAmount
use_hold(const Posting *p)
{
	const StoOrder *o = p->order;
	StoAmount freed = o->amount;

	if (p->hold == NULL)
		return 0; /* unknown, which was reported */
	if (o->amount > p->hold->remaining)
		sto_fold_bad(p, STO_CHECK_HOLD, "hold %lld does not have that much left",
					 (long long) p->hold->hold_id);
	/* what a post doesn't use is released with it, unless it asks to keep the rest held */
	else if (o->kind == STO_POST && !o->keep_rest)
		freed = p->hold->remaining;
	p->hold->remaining -= freed < p->hold->remaining ? freed : p->hold->remaining;
	return freed;
}

static bool
is_busy(const Position *pos)
{
	return pos->balance != 0 || pos->held != 0;
}

static void
move_debit(const Posting *p, Position *pos)
{
	const StoOrder *o = p->order;
	StoAmount broken;

	switch (o->kind)
	{
		case STO_ISSUE:
			issue(p, pos);
			return;
		case STO_HOLD:
			need_available(p, pos, 0);
			add_to(p, &pos->held, o->amount);
			break;
		case STO_POST:
			add_to(p, &pos->held, -use_hold(p));
			add_to(p, &pos->balance, -o->amount);
			break;
		case STO_RELEASE:
			add_to(p, &pos->held, -use_hold(p));
			break;
		case STO_FORCE:
			broken = sto_fold_case_break(p, o->amount - sto_fold_available(p, pos));
			need_available(p, pos, broken);
			add_to(p, &pos->held, -broken);
			add_to(p, &pos->balance, -o->amount);
			break;
		case STO_RECOVER: /* the whole position: what it holds goes along */
			if (p->credit_pos != NULL)
				add_to(p, &p->credit_pos->held, pos->held);
			pos->held = 0;
			sto_fold_follow_holds(p);
			add_to(p, &pos->balance, -o->amount);
			break;
		default: /* transfer, redeem */
			need_available(p, pos, 0);
			add_to(p, &pos->balance, -o->amount);
			break;
	}
	/* follows from the rest as long as nothing was altered */
	if (p->debit->issues == 0 && (pos->balance < 0 || pos->held < 0 || pos->held > pos->balance))
		sto_fold_bad(p, STO_CHECK_BALANCE,
					 "it leaves balance or held of the debit wallet negative, "
					 "or more held than there is");
}

bool
sto_fold_follows_issue(const StoReplay *r, const Position *pos, const StoOrder *o)
{
	const Allotment *allotment;

	if (o->kind != STO_HOLD || o->purpose != STO_LOCK_UP || !o->has_group || pos->allotment == 0)
		return false;
	allotment = sto_pool_at(&r->allotments, pos->allotment);
	return allotment->seq == pos->seq && memcmp(allotment->group, o->group_id, STO_UUID_LEN) == 0 &&
		   o->amount <= allotment->lockable;
}

/* Lots of a lock-up may follow an issue, as long as nothing comes between. */
static void
note_issue(const Posting *p, Position *pos)
{
	const StoOrder *o = p->order;
	Allotment *allotment;

	if (o->kind == STO_ISSUE && o->has_group)
	{
		allotment = pos->allotment == 0 ? sto_pool_add(&p->r->allotments, &pos->allotment)
										: sto_pool_at(&p->r->allotments, pos->allotment);
		if (allotment == NULL)
		{
			(void) sto_fold_stop(p->r, p->entry->entry_id, "there is no memory");
			return;
		}
		allotment->lockable = o->amount;
		memcpy(allotment->group, o->group_id, STO_UUID_LEN);
	}
	else if (sto_fold_follows_issue(p->r, pos, o))
	{
		allotment = sto_pool_at(&p->r->allotments, pos->allotment);
		allotment->lockable -= o->amount;
	}
	else
		return;
	allotment->seq = pos->seq + 1;
}

/* The position's columns as this entry leaves them; then its chain goes on from here. */
static void
close_side(const Posting *p, Position *pos, Wallet *wallet, bool was_busy, StoSide *side)
{
	if (p->entry->posted_at < pos->posted_at)
		sto_fold_bad(p, STO_CHECK_TIME,
					 "posted_at is before the last entry of a position that it "
					 "moves");
	side->present = true;
	side->has_prev = pos->seq > 0;
	if (side->has_prev)
		memcpy(side->prev, pos->head, STO_DIGEST_LEN);
	note_issue(p, pos); /* which reads the position's seq before this entry */
	side->seq = ++pos->seq;
	side->balance = pos->balance;
	side->held = pos->held;
	pos->posted_at = p->entry->posted_at;
	memcpy(pos->head, p->leaf, STO_DIGEST_LEN);
	wallet->busy += (uint32_t) is_busy(pos) - (uint32_t) was_busy;
}

static bool
place_hold(const Posting *p)
{
	const StoOrder *o = p->order;
	HoldRow *hold = sto_fold_hold_add(p->r, p->entry->entry_id);

	if (hold == NULL)
		return sto_fold_stop(p->r, p->entry->entry_id, "there is no memory");
	hold->amount = hold->remaining = o->amount;
	hold->purpose = (uint8_t) o->purpose;
	hold->wallet = p->debit_row;
	hold->token = p->token_row;
	hold->beneficiary = p->credit_row;
	hold->has_beneficiary = o->has_credit;
	hold->has_release_after = o->has_release_after;
	hold->has_notary = o->has_notary;
	hold->has_condition = o->has_condition;
	hold->has_instruction = o->has_instruction;
	hold->checked_once = o->checked_once;
	hold->release_after = o->release_after;
	memcpy(hold->notary, o->notary, STO_UUID_LEN);
	memcpy(hold->beneficiary_address, o->credit, STO_ADDRESS_LEN);
	memcpy(hold->digest, o->has_condition ? o->condition : o->instruction, STO_DIGEST_LEN);
	return true;
}

/* What rules about volumes and offers read: issues, and what goes to another party. */
static bool
counts_as_outflow(const Posting *p)
{
	StoKind kind = p->order->kind;

	if (kind == STO_ISSUE)
		return true;
	return (kind == STO_TRANSFER || kind == STO_POST) && p->debit != NULL && p->credit != NULL &&
		   p->debit->party != p->credit->party;
}

static bool
sample_flow(const Posting *p, const Position *pos)
{
	return pos == NULL || pos->seq % STO_REPLAY_FLOW_EVERY != 0 || sto_fold_flow_add(p->r, pos) ||
		   sto_fold_stop(p->r, p->entry->entry_id, "there is no memory");
}

bool
sto_fold_post(Posting *p)
{
	Position *debit = p->debit_pos;
	Position *credit = p->credit_pos;
	bool debit_busy = debit != NULL && is_busy(debit);
	bool credit_busy = credit != NULL && is_busy(credit);

	p->entry->debit.present = p->entry->credit.present = false;
	if (p->order->kind == STO_RECOVER)
		sto_fold_bar(p);
	if (debit != NULL && counts_as_outflow(p))
		add_to(p, &debit->outflow, p->order->amount);
	if (debit != NULL && p->order->kind == STO_RECOVER)
		sto_fold_recover_attached(p);
	if (debit != NULL)
		move_debit(p, debit);
	if (credit != NULL)
		add_to(p, &credit->balance, p->order->amount);
	if (debit != NULL)
		close_side(p, debit, p->debit, debit_busy, &p->entry->debit);
	if (credit != NULL)
		close_side(p, credit, p->credit, credit_busy, &p->entry->credit);
	return sample_flow(p, debit) && sample_flow(p, credit) &&
		   (p->order->kind != STO_HOLD || debit == NULL || place_hold(p));
}
