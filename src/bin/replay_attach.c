/*
 * replay_attach.c
 *		Attachments: units of a position that its holder may not use.
 */
#include "bin/replay_state.h"

#include "core/amount.h"

#include <string.h>

bool
sto_fold_attach(Act *act)
{
	StoReplay *r = act->r;
	const Case *legal = sto_fold_case_carry_out(act, CASE_SEIZURE);
	Attachment *row;
	Wallet *wallet;
	uint32_t number;

	if (legal == NULL)
		return true;
	row = sto_pool_add(&r->attachments, &number);
	if (row == NULL)
		return sto_fold_stop(r, act->event->entry_id, "there is no memory");
	wallet = sto_pool_at(&r->wallets, act->subject->row);
	row->event = act->event->entry_id;
	row->case_event = legal->event;
	row->amount = row->remaining = legal->amount;
	row->wallet = legal->debit;
	row->token = legal->token;
	row->next = wallet->attachments;
	wallet->attachments = number;
	return true;
}

bool
sto_fold_attach_lift(Act *act)
{
	const StoReplay *r = act->r;
	int64_t attachment = act->body.value[STO_F_ATTACHMENT].integer;
	StoAmount amount = act->body.value[STO_F_AMOUNT].amount;
	const Wallet *wallet = sto_pool_at(&r->wallets, act->subject->row);
	uint32_t at = wallet->attachments;
	Attachment *row = NULL;

	for (; at != 0; at = row->next)
	{
		row = sto_pool_at(&r->attachments, at);
		if (row->event == attachment)
			break;
	}
	if (at == 0)
		sto_fold_refuse(act, STO_CHECK_RULE, "there is no attachment %lld of that wallet",
						(long long) attachment);
	else if (amount <= 0 || amount > row->remaining)
		sto_fold_refuse(act, STO_CHECK_RULE, "attachment %lld does not keep that much",
						(long long) attachment);
	else
	{
		row->remaining -= amount;
		row->lifted = act->event->entry_id;
	}
	return true;
}

static StoAmount
attached_of(const Posting *p)
{
	const StoReplay *r = p->r;
	StoAmount attached = 0;

	for (uint32_t at = p->debit->attachments; at != 0;)
	{
		const Attachment *row = sto_pool_at(&r->attachments, at);

		/* nobody has more units than that */
		if (row->token == p->token_row && !sto_amount_add(attached, row->remaining, &attached))
			attached = STO_AMOUNT_MAX;
		at = row->next;
	}
	return attached;
}

void
sto_fold_recover_attached(const Posting *p)
{
	if (attached_of(p) > 0)
		sto_fold_bad(p, STO_CHECK_BALANCE, "it recovers a wallet with attached units");
}

StoAmount
sto_fold_available(const Posting *p, const Position *pos)
{
	StoAmount attached = attached_of(p);
	StoAmount loose = 0;

	if (!sto_amount_sub(pos->balance, pos->held, &loose) || loose <= attached)
		return loose < 0 ? loose : 0;
	return loose - attached;
}
