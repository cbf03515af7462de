/*
 * rule_fold_move.c
 *		What entries move: totals of parties, groups of holders, flows, issues.
 */
#include "core/rule_fold_state.h"

#include <string.h>

static bool
change_group(StoRuleFold *f, uint32_t token, StoRuleBy by, uint32_t value, StoAmount units,
			 int holders)
{
	uint32_t number = sto_rule_fold_group(f, token, by, value);
	FoldGroup *group;

	if (number == 0)
		return false;
	group = FOLD_ROW(f, groups, number);
	/* wraps where a log was altered so far that balances leave their range */
	group->total = (StoAmount) ((unsigned __int128) group->total + (unsigned __int128) units);
	group->holders += holders;
	return true;
}

/* The value of a sort of groups that the holding counts in. */
static uint32_t
group_value(const FoldParty *party, const FoldHolding *holding, StoRuleBy by)
{
	switch (by)
	{
		case STO_BY_COUNTRY:
			return sto_rule_fold_letters(party->country);
		case STO_BY_CLASS:
			return sto_rule_fold_class_of(party, holding)->klass;
		default:
			return 0;
	}
}

/* What a holding adds to its groups of one sort, topics aside. */
static bool
change_sort(StoRuleFold *f, const FoldHolding *holding, StoRuleBy by, StoAmount units, int holders)
{
	const FoldParty *party = FOLD_ROW(f, parties, holding->party);

	return change_group(f, holding->token, by, group_value(party, holding, by), units, holders);
}

static bool
has_claim(const StoRuleFold *f, uint32_t party, uint32_t topic)
{
	const FoldTopic *row = sto_rule_fold_find_topic(f, party, topic);

	return row != NULL && row->claims > 0;
}

static bool
change_groups(StoRuleFold *f, const FoldHolding *holding, StoAmount units, int holders)
{
	const FoldToken *token = FOLD_ROW(f, tokens, holding->token);
	const FoldGroup *group;

	for (int by = STO_BY_ALL; by <= STO_BY_CLASS; by++)
		if ((token->by & (1 << by)) != 0 &&
			!change_sort(f, holding, (StoRuleBy) by, units, holders))
			return false;
	for (uint32_t i = token->topics; i != 0; i = group->next)
	{
		group = FOLD_ROW(f, groups, i);
		if (has_claim(f, holding->party, group->value) &&
			!change_group(f, holding->token, STO_BY_TOPIC, group->value, units, holders))
			return false;
	}
	return true;
}

bool
sto_rule_fold_change_total(StoRuleFold *f, uint32_t number, StoAmount units)
{
	FoldHolding *holding = FOLD_ROW(f, holdings, number);
	StoAmount before = holding->total;

	holding->total = (StoAmount) ((unsigned __int128) before + (unsigned __int128) units);
	return change_groups(f, holding, units, (holding->total > 0) - (before > 0));
}

static bool
add_to_total(StoRuleFold *f, uint32_t token, uint32_t party, StoAmount units, int64_t posted_at)
{
	uint32_t number = sto_rule_fold_holding(f, token, party);

	if (number == 0)
		return false;
	((FoldHolding *) FOLD_ROW(f, holdings, number))->posted_at = posted_at;
	return sto_rule_fold_change_total(f, number, units);
}

/* A row is a step back, or, where that is as long as the two before it, over both. */
static bool
add_flow(StoRuleFold *f, uint32_t *newest, const StoRuleEntry *entry)
{
	const FoldFlow *prev = *newest == 0 ? NULL : FOLD_ROW(f, flows, *newest);
	const FoldFlow *jump = prev == NULL || prev->jump == 0 ? NULL : FOLD_ROW(f, flows, prev->jump);
	uint32_t number;
	FoldFlow *row = sto_pool_add(&f->flows, &number);

	if (row == NULL)
		return false;
	row->entry_id = entry->entry_id;
	row->posted_at = entry->move.posted_at;
	row->sum = entry->move.amount;
	row->prev = row->jump = *newest;
	if (prev != NULL)
	{
		row->sum =
			(StoAmount) ((unsigned __int128) prev->sum + (unsigned __int128) entry->move.amount);
		row->depth = prev->depth + 1;
		/* a log in which a position's times go back is not sound */
		if (row->posted_at < prev->posted_at)
			row->posted_at = prev->posted_at;
	}
	if (jump != NULL)
	{
		const FoldFlow *next = jump->jump == 0 ? NULL : FOLD_ROW(f, flows, jump->jump);

		if (next != NULL && prev->depth - jump->depth == jump->depth - next->depth)
			row->jump = jump->jump;
	}
	*newest = number;
	return true;
}

StoAmount
sto_rule_fold_sum_after(const StoRuleFold *f, uint32_t newest, int64_t after)
{
	StoAmount all;
	uint32_t at = newest;

	if (newest == 0)
		return 0;
	all = ((const FoldFlow *) FOLD_ROW(f, flows, newest))->sum;
	while (at != 0)
	{
		const FoldFlow *row = FOLD_ROW(f, flows, at);

		if (row->posted_at <= after)
			return (StoAmount) ((unsigned __int128) all - (unsigned __int128) row->sum);
		at = row->jump != 0 && ((const FoldFlow *) FOLD_ROW(f, flows, row->jump))->posted_at > after
				 ? row->jump
				 : row->prev;
	}
	return all;
}

/* Out of the order of who was issued to last. */
static void
unlink_person(StoRuleFold *f, FoldToken *token, uint32_t number)
{
	const FoldHolding *row = FOLD_ROW(f, holdings, number);

	if (token->oldest == number)
		token->oldest = row->newer;
	if (row->newer != 0)
		((FoldHolding *) FOLD_ROW(f, holdings, row->newer))->older = row->older;
	else
		token->newest = row->older;
	if (row->older != 0)
		((FoldHolding *) FOLD_ROW(f, holdings, row->older))->newer = row->newer;
}

/* The holding's party is the last that was issued to. */
static void
add_person(StoRuleFold *f, FoldToken *token, uint32_t number, int64_t at, int64_t entry_id)
{
	FoldHolding *row = FOLD_ROW(f, holdings, number);

	if (row->issued != 0)
	{
		if (row->issued_at > token->since)
			token->persons--;
		unlink_person(f, token, number);
	}
	row->issued = entry_id;
	row->issued_at = at;
	row->newer = 0;
	row->older = token->newest;
	if (token->newest != 0)
	{
		FoldHolding *before = FOLD_ROW(f, holdings, token->newest);

		before->newer = number;
		if (before->issued_at > at)
			row->issued_at = before->issued_at;
	}
	token->newest = number;
	if (row->issued_at <= token->since)
		return;
	token->persons++;
	if (token->oldest == 0)
		token->oldest = number;
}

/* The count moves along with the time that is asked for: whoever asks goes on in time. */
int64_t
sto_rule_fold_persons_after(StoRuleFold *f, uint32_t number, int64_t after)
{
	FoldToken *token = FOLD_ROW(f, tokens, number);
	const FoldHolding *row;

	for (; token->oldest != 0; token->oldest = row->newer, token->persons--)
	{
		row = FOLD_ROW(f, holdings, token->oldest);
		if (row->issued_at > after)
			break;
	}
	for (;;)
	{
		uint32_t older = token->oldest == 0
							 ? token->newest
							 : ((FoldHolding *) FOLD_ROW(f, holdings, token->oldest))->older;

		row = older == 0 ? NULL : FOLD_ROW(f, holdings, older);
		if (row == NULL || row->issued_at <= after)
			break;
		token->oldest = older;
		token->persons++;
	}
	token->since = after;
	return token->persons;
}

static bool
add_issue(StoRuleFold *f, FoldToken *token, const StoRuleEntry *entry)
{
	uint32_t number = sto_rule_fold_holding(f, entry->token, entry->receiver);

	if (number == 0 || !add_flow(f, &token->issues, entry))
		return false;
	add_person(f, token, number, entry->move.posted_at, entry->entry_id);
	return true;
}

static bool
add_outflow(StoRuleFold *f, const StoRuleEntry *entry)
{
	uint32_t holding = sto_rule_fold_holding(f, entry->token, entry->sender);
	FoldPurse *purse = holding == 0 ? NULL : sto_rule_fold_purse(f, holding, entry->wallet);

	return purse != NULL && add_flow(f, &purse->flow, entry);
}

static bool
move_totals(StoRuleFold *f, FoldToken *token, const StoRuleEntry *entry)
{
	StoAmount amount = entry->move.amount;
	int64_t at = entry->move.posted_at;

	/* what leaves no holder, or reaches none, leaves or reaches the issuance wallet */
	if (entry->sender == 0)
		token->outstanding =
			(StoAmount) ((unsigned __int128) token->outstanding + (unsigned __int128) amount);
	if (entry->receiver == 0)
		token->outstanding =
			(StoAmount) ((unsigned __int128) token->outstanding - (unsigned __int128) amount);
	if (entry->sender == entry->receiver)
		return true;
	return (entry->sender == 0 || add_to_total(f, entry->token, entry->sender, -amount, at)) &&
		   (entry->receiver == 0 || add_to_total(f, entry->token, entry->receiver, amount, at));
}

bool
sto_rule_fold_past(StoRuleFold *f, const StoRuleEntry *entry, unsigned missing)
{
	FoldToken *token = FOLD_ROW(f, tokens, entry->token);
	const StoRuleMove *move = &entry->move;

	if (move->kind == STO_HOLD || move->kind == STO_RELEASE)
		return true;
	if ((missing & STO_RULE_FOLD_TOTALS) != 0 && !move_totals(f, token, entry))
		return false;
	if ((missing & STO_RULE_FOLD_OMNIBUS) != 0 && !sto_rule_fold_move_omnibus(f, entry))
		return false;
	if ((missing & STO_RULE_FOLD_FLOWS) != 0 && entry->sender != 0 &&
		entry->sender != entry->receiver &&
		(move->kind == STO_TRANSFER || move->kind == STO_POST) && !add_outflow(f, entry))
		return false;
	return (missing & STO_RULE_FOLD_ISSUES) == 0 || move->kind != STO_ISSUE ||
		   entry->receiver == 0 || add_issue(f, token, entry);
}

bool
sto_rule_fold_entry(StoRuleFold *f, const StoRuleEntry *entry)
{
	unsigned kept = ((const FoldToken *) FOLD_ROW(f, tokens, entry->token))->kept;

	return kept == 0 || sto_rule_fold_past(f, entry, kept);
}

/* Every holding of the party, or one of them, changes its groups of one sort. */
static bool
regroup(StoRuleFold *f, uint32_t party, uint32_t only, StoRuleBy by, uint32_t topic, int sign)
{
	const FoldHolding *row;
	uint32_t next;

	for (uint32_t i = only != 0 ? only
								: ((const FoldParty *) FOLD_ROW(f, parties, party))->holdings;
		 i != 0; i = next)
	{
		const FoldToken *token;

		row = FOLD_ROW(f, holdings, i);
		token = FOLD_ROW(f, tokens, row->token);
		next = only != 0 ? 0 : row->next_of_party;
		if (row->total == 0)
			continue;
		if (by == STO_BY_TOPIC)
		{
			/* a topic that isn't counted has no group */
			if (sto_rule_fold_find_group(f, row->token, by, topic) != 0 &&
				!change_group(f, row->token, by, topic, sign * row->total, sign * (row->total > 0)))
				return false;
		}
		else if ((token->by & (1 << by)) != 0 &&
				 !change_sort(f, row, by, sign * row->total, sign * (row->total > 0)))
			return false;
	}
	return true;
}

bool
sto_rule_fold_leave_groups(StoRuleFold *f, uint32_t party, uint32_t holding, StoRuleBy by,
						   uint32_t topic)
{
	return regroup(f, party, holding, by, topic, -1);
}

bool
sto_rule_fold_join_groups(StoRuleFold *f, uint32_t party, uint32_t holding, StoRuleBy by,
						  uint32_t topic)
{
	return regroup(f, party, holding, by, topic, 1);
}

/* A sort of groups is counted from now on: what every holder has goes into it. */
static bool
begin_sort(StoRuleFold *f, uint32_t token, StoRuleBy by)
{
	FoldToken *row = FOLD_ROW(f, tokens, token);
	const FoldHolding *holding;

	if ((row->by & (1 << by)) != 0)
		return true;
	row->by |= (uint8_t) (1 << by);
	for (uint32_t i = row->holdings; i != 0; i = holding->next_of_token)
	{
		holding = FOLD_ROW(f, holdings, i);
		if (holding->total != 0 && !change_sort(f, holding, by, holding->total, holding->total > 0))
			return false;
	}
	return true;
}

static bool
begin_topic(StoRuleFold *f, uint32_t token, const char *name)
{
	FoldToken *row = FOLD_ROW(f, tokens, token);
	uint32_t topic = sto_rule_fold_name(f, name);
	const FoldHolding *holding;
	uint32_t number;

	if (topic == 0)
		return false;
	if (sto_rule_fold_find_group(f, token, STO_BY_TOPIC, topic) != 0)
		return true;
	number = sto_rule_fold_group(f, token, STO_BY_TOPIC, topic);
	if (number == 0)
		return false;
	((FoldGroup *) FOLD_ROW(f, groups, number))->next = row->topics;
	row->topics = number;
	for (uint32_t i = row->holdings; i != 0; i = holding->next_of_token)
	{
		holding = FOLD_ROW(f, holdings, i);
		if (holding->total != 0 && has_claim(f, holding->party, topic) &&
			!change_group(f, token, STO_BY_TOPIC, topic, holding->total, holding->total > 0))
			return false;
	}
	return true;
}

bool
sto_rule_fold_keep(StoRuleFold *f, uint32_t token, const StoRuleNeeds *needs, unsigned *missing)
{
	FoldToken *row = FOLD_ROW(f, tokens, token);
	unsigned bits = 0;

	/* sto.holding has a party's total beside what it moved out */
	if (needs->totals || needs->outstanding || needs->holders || needs->by_country ||
		needs->by_class || needs->topic_count > 0 || needs->flow_seconds > 0)
		bits |= STO_RULE_FOLD_TOTALS;
	if (needs->flow_seconds > 0)
		bits |= STO_RULE_FOLD_FLOWS;
	if (needs->issue_seconds > 0)
		bits |= STO_RULE_FOLD_ISSUES;
	if (needs->look_through)
		bits |= STO_RULE_FOLD_OMNIBUS;
	*missing = bits & ~row->kept;
	row->kept |= (uint8_t) bits;
	if ((*missing & STO_RULE_FOLD_TOTALS) != 0)
		sto_rule_fold_begin_looked(f, token);
	for (int i = 0; i < needs->topic_count; i++)
		if (!begin_topic(f, token, needs->topics[i]))
			return false;
	return (!needs->holders || begin_sort(f, token, STO_BY_ALL)) &&
		   (!needs->by_country || begin_sort(f, token, STO_BY_COUNTRY)) &&
		   (!needs->by_class || begin_sort(f, token, STO_BY_CLASS));
}
