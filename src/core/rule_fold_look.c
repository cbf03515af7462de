/*
 * rule_fold_look.c
 *		Look-through: whose the units of omnibus wallets are, as their custodians
 *		state it.
 *
 * docs/format.md, "Look-through": stated units count for their owners instead of the
 * wallet's party; entries move the rest alone.
 */
#include "core/rule_fold_state.h"

#include <string.h>

/* So many units more count for that party of the token, or fewer. */
static bool
give(StoRuleFold *f, uint32_t token, uint32_t party, StoAmount units)
{
	uint32_t number = sto_rule_fold_holding(f, token, party);
	FoldHolding *holding;

	if (number == 0)
		return false;
	holding = FOLD_ROW(f, holdings, number);
	holding->looked = (StoAmount) ((unsigned __int128) holding->looked + (unsigned __int128) units);
	if ((((const FoldToken *) FOLD_ROW(f, tokens, token))->kept & STO_RULE_FOLD_TOTALS) == 0)
		return true;
	return sto_rule_fold_change_total(f, number, units);
}

static bool
take_back(StoRuleFold *f, FoldLook *look)
{
	FoldOwner *owner;

	for (uint32_t i = look->owners; i != 0; i = owner->next)
	{
		owner = FOLD_ROW(f, owners, i);
		if (!give(f, look->token, owner->party, -owner->units) ||
			!give(f, look->token, look->party, owner->units))
			return false;
		owner->party = 0;
	}
	look->owners = 0;
	look->units = 0;
	return true;
}

bool
sto_rule_fold_look_through(StoRuleFold *f, const StoRuleLook *look)
{
	uint32_t number;
	FoldLook *row = sto_rule_fold_look(f, look->token, look->wallet, &number);

	if (row == NULL)
		return false;
	row->party = look->party;
	if (!take_back(f, row))
		return false;
	for (int i = 0; i < look->count; i++)
	{
		uint32_t added;
		FoldOwner *owner = sto_pool_add(&f->owners, &added);

		if (owner == NULL || !give(f, look->token, look->owners[i], look->units[i]) ||
			!give(f, look->token, look->party, -look->units[i]))
			return false;
		owner->units = look->units[i];
		owner->look = number;
		owner->party = look->owners[i];
		owner->next = row->owners;
		row->owners = added;
		row->units =
			(StoAmount) ((unsigned __int128) row->units + (unsigned __int128) look->units[i]);
	}
	row->set_by = look->event;
	row->stated_at = look->recorded_at;
	row->seq = look->seq;
	return true;
}

void
sto_rule_fold_begin_looked(StoRuleFold *f, uint32_t token)
{
	FoldHolding *holding;

	for (uint32_t i = ((const FoldToken *) FOLD_ROW(f, tokens, token))->holdings; i != 0;
		 i = holding->next_of_token)
	{
		holding = FOLD_ROW(f, holdings, i);
		holding->total = holding->looked;
	}
}

static bool
move_wallet(StoRuleFold *f, uint32_t token, const uint8_t *wallet, StoAmount units)
{
	uint32_t number;
	FoldLook *row = sto_rule_fold_look(f, token, wallet, &number);

	if (row == NULL)
		return false;
	row->balance = (StoAmount) ((unsigned __int128) row->balance + (unsigned __int128) units);
	return true;
}

bool
sto_rule_fold_move_omnibus(StoRuleFold *f, const StoRuleEntry *entry)
{
	const StoRuleMove *move = &entry->move;

	return (!entry->debit_omnibus || move_wallet(f, entry->token, move->debit, -move->amount)) &&
		   (!entry->credit_omnibus || move_wallet(f, entry->token, move->credit, move->amount));
}

bool
sto_rule_fold_ask_look(void *context, const uint8_t *address, bool *omnibus, int64_t *stated_at)
{
	const StoRuleAsked *a = context;
	const StoRuleEntry *entry = a->entry;
	uint32_t number;
	const FoldLook *row;

	*omnibus = memcmp(address, entry->move.debit, STO_ADDRESS_LEN) == 0 ? entry->debit_omnibus
																		: entry->credit_omnibus;
	*stated_at = STO_NEVER_STATED;
	if (!*omnibus)
		return true;
	number = sto_rule_fold_find_look(a->f, entry->token, address);
	row = number == 0 ? NULL : FOLD_ROW(a->f, looks, number);
	if (row != NULL && row->set_by != 0 && row->balance >= row->units)
		*stated_at = row->stated_at;
	return true;
}

static void
fill_look(const StoRuleFold *f, const FoldLook *row, StoRuleLookRow *out)
{
	out->set_by = row->set_by;
	out->stated_at = row->stated_at;
	out->seq = row->seq;
	out->units = row->units;
	out->wallet = row->wallet;
	out->token_id = ((const FoldToken *) FOLD_ROW(f, tokens, row->token))->uuid;
	out->party_id = ((const FoldParty *) FOLD_ROW(f, parties, row->party))->uuid;
}

bool
sto_rule_fold_next_look(const StoRuleFold *f, size_t *at, StoRuleLookRow *out)
{
	while (*at < f->looks.count)
	{
		const FoldLook *row = FOLD_ROW(f, looks, (uint32_t)++ * at);

		if (row->set_by == 0)
			continue;
		fill_look(f, row, out);
		return true;
	}
	return false;
}

static const FoldLook *
look_of(const StoRuleFold *f, const uint8_t *token_id, const uint8_t *wallet)
{
	uint32_t token = sto_rule_fold_find_token(f, token_id);
	uint32_t number = token == 0 ? 0 : sto_rule_fold_find_look(f, token, wallet);
	const FoldLook *row = number == 0 ? NULL : FOLD_ROW(f, looks, number);

	return row != NULL && row->set_by != 0 ? row : NULL;
}

bool
sto_rule_fold_find_look_row(const StoRuleFold *f, const uint8_t token_id[STO_UUID_LEN],
							const uint8_t wallet[STO_ADDRESS_LEN], StoRuleLookRow *out)
{
	const FoldLook *row = look_of(f, token_id, wallet);

	if (row != NULL)
		fill_look(f, row, out);
	return row != NULL;
}

static void
fill_owner(const StoRuleFold *f, const FoldOwner *row, StoRuleOwnerRow *out)
{
	const FoldLook *look = FOLD_ROW(f, looks, row->look);

	out->units = row->units;
	out->wallet = look->wallet;
	out->token_id = ((const FoldToken *) FOLD_ROW(f, tokens, look->token))->uuid;
	out->party_id = ((const FoldParty *) FOLD_ROW(f, parties, row->party))->uuid;
}

bool
sto_rule_fold_next_owner(const StoRuleFold *f, size_t *at, StoRuleOwnerRow *out)
{
	while (*at < f->owners.count)
	{
		const FoldOwner *row = FOLD_ROW(f, owners, (uint32_t)++ * at);

		if (row->party == 0)
			continue;
		fill_owner(f, row, out);
		return true;
	}
	return false;
}

bool
sto_rule_fold_find_owner_row(const StoRuleFold *f, const uint8_t token_id[STO_UUID_LEN],
							 const uint8_t wallet[STO_ADDRESS_LEN],
							 const uint8_t party_id[STO_UUID_LEN], StoRuleOwnerRow *out)
{
	const FoldLook *look = look_of(f, token_id, wallet);
	uint32_t party = sto_rule_fold_find_party(f, party_id);
	const FoldOwner *row;

	for (uint32_t i = look == NULL || party == 0 ? 0 : look->owners; i != 0; i = row->next)
	{
		row = FOLD_ROW(f, owners, i);
		if (row->party != party)
			continue;
		fill_owner(f, row, out);
		return true;
	}
	return false;
}
