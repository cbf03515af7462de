/*
 * replay_recover.c
 *		Wallets whose keys are lost: what a recovery may move, and what it ends.
 */
#include "bin/replay_state.h"

#include <string.h>

uint32_t
sto_fold_heir(const StoReplay *r, uint32_t wallet)
{
	const Wallet *row = wallet == 0 ? NULL : sto_pool_at(&r->wallets, wallet);

	/* a wallet that an altered log makes its own heir would never end */
	for (uint32_t i = 0; row != NULL && row->heir != 0 && i < r->wallets.count; i++)
	{
		wallet = row->heir;
		row = sto_pool_at(&r->wallets, wallet);
	}
	return wallet;
}

void
sto_fold_recover(const Posting *p)
{
	if (p->debit == NULL || p->credit == NULL || p->debit_pos == NULL)
		return; /* reported before */
	if (p->debit->party != p->credit->party)
		sto_fold_bad(p, STO_CHECK_CASE, "it recovers units for another party");
	if (p->order->amount != p->debit_pos->balance)
		sto_fold_bad(p, STO_CHECK_CASE, "it is not all that the lost wallet has of the token");
	if (p->debit->heir != 0 && sto_fold_heir(p->r, p->debit_row) != p->credit_row)
		sto_fold_bad(p, STO_CHECK_CASE,
					 "it goes to another wallet than the one that had succeeded to the lost one");
}

void
sto_fold_bar(const Posting *p)
{
	if (p->debit == NULL || p->credit == NULL || p->debit->heir != 0)
		return;
	p->debit->barred = p->entry->entry_id;
	p->debit->heir = p->credit_row;
}

void
sto_fold_follow_holds(const Posting *p)
{
	for (uint32_t i = 1; i <= p->r->holds.count; i++)
	{
		HoldRow *hold = sto_pool_at(&p->r->holds, i);

		if (hold->wallet == p->debit_row && hold->token == p->token_row && hold->remaining > 0)
			hold->wallet = p->credit_row;
	}
}
