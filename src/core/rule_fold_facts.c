/*
 * rule_fold_facts.c
 *		Events that state what rules read: who a party is, what it may, who agreed.
 */
#include "core/rule_fold_state.h"

#include <string.h>

bool
sto_rule_fold_country(StoRuleFold *f, int64_t event, uint32_t party, const char *residence,
					  const char *incorporation)
{
	FoldParty *row = FOLD_ROW(f, parties, party);

	if (incorporation != NULL)
	{
		memcpy(row->incorporation, incorporation, sizeof(row->incorporation));
		row->incorporation_by = event;
	}
	if (residence == NULL)
		return true;
	if (!sto_rule_fold_leave_groups(f, party, 0, STO_BY_COUNTRY, 0))
		return false;
	memcpy(row->country, residence, sizeof(row->country));
	row->country_by = event;
	return sto_rule_fold_join_groups(f, party, 0, STO_BY_COUNTRY, 0);
}

bool
sto_rule_fold_class(StoRuleFold *f, int64_t event, uint32_t party, uint32_t token, StoClass klass,
					const StoRulePeriod *period)
{
	FoldClass stated = {.set_by = event, .period = *period, .klass = (uint8_t) klass};
	uint32_t holding = token == 0 ? 0 : sto_rule_fold_holding(f, token, party);

	if ((token != 0 && holding == 0) ||
		!sto_rule_fold_leave_groups(f, party, holding, STO_BY_CLASS, 0))
		return false;
	if (token != 0)
		((FoldHolding *) FOLD_ROW(f, holdings, holding))->class = stated;
	else
		((FoldParty *) FOLD_ROW(f, parties, party))->class = stated;
	return sto_rule_fold_join_groups(f, party, holding, STO_BY_CLASS, 0);
}

/* One claim more on the topic, or less: only the first and the last change a group. */
static bool
count_claim(StoRuleFold *f, uint32_t party, uint32_t topic, bool more)
{
	FoldTopic *row = sto_rule_fold_topic(f, party, topic);

	if (row == NULL)
		return false;
	if (!more && --row->claims == 0)
	{
		/* it leaves as one that still has a claim */
		row->claims = 1;
		if (!sto_rule_fold_leave_groups(f, party, 0, STO_BY_TOPIC, topic))
			return false;
		row->claims = 0;
	}
	if (more && ++row->claims == 1)
		return sto_rule_fold_join_groups(f, party, 0, STO_BY_TOPIC, topic);
	return true;
}

bool
sto_rule_fold_claim(StoRuleFold *f, int64_t event, uint32_t party, const char *topic)
{
	FoldClaim *row = sto_rule_fold_add_claim(f, event);
	uint32_t name = sto_rule_fold_name(f, topic);

	if (row == NULL || name == 0)
		return false;
	row->party = party;
	row->topic = name;
	return count_claim(f, party, name, true);
}

bool
sto_rule_fold_claim_revoke(StoRuleFold *f, int64_t claim)
{
	FoldClaim *row = sto_rule_fold_find_claim(f, claim);

	if (row == NULL || row->revoked)
		return true;
	row->revoked = true;
	return count_claim(f, row->party, row->topic, false);
}

bool
sto_rule_fold_listed(StoRuleFold *f, int64_t event, uint32_t token, const char *list,
					 uint32_t party, bool listed)
{
	uint32_t name = sto_rule_fold_name(f, list);
	FoldListed *row = name == 0 ? NULL : sto_rule_fold_list_row(f, token, name, party);

	if (row == NULL)
		return false;
	row->set_by = event;
	row->listed = listed;
	return true;
}

bool
sto_rule_fold_opt_in(StoRuleFold *f, int64_t event, uint32_t token, uint32_t party, bool affirmed)
{
	uint32_t number = sto_rule_fold_holding(f, token, party);
	FoldHolding *row;

	if (number == 0)
		return false;
	row = FOLD_ROW(f, holdings, number);
	row->opt_in = event;
	row->affirmed = affirmed;
	return true;
}

bool
sto_rule_fold_travel(StoRuleFold *f, const StoRuleTravel *travel)
{
	FoldParty *party = FOLD_ROW(f, parties, travel->party);
	uint32_t number;
	FoldTravel *row = sto_pool_add(&f->travel, &number);

	if (row == NULL)
		return false;
	row->event = travel->event;
	row->party = travel->party;
	row->period = travel->period;
	memcpy(row->commitment, travel->commitment, STO_DIGEST_LEN);
	for (int i = 0; i < travel->count; i++)
	{
		uint32_t name = sto_rule_fold_name(f, travel->fields[i]);
		uint32_t field;
		FoldField *item = name == 0 ? NULL : sto_pool_add(&f->fields, &field);

		if (item == NULL)
			return false;
		item->name = name;
		item->next = row->fields;
		row->fields = field;
	}
	row->next = party->travel;
	party->travel = number;
	return true;
}

void
sto_rule_fold_travel_withdraw(StoRuleFold *f, int64_t event, uint32_t party)
{
	FoldParty *row = FOLD_ROW(f, parties, party);
	FoldTravel *travel;

	for (uint32_t i = row->travel; i != 0; i = travel->next)
	{
		travel = FOLD_ROW(f, travel, i);
		travel->withdrawn = event;
	}
	row->travel = 0;
}

bool
sto_rule_fold_approval(StoRuleFold *f, const StoRuleApproval *approval)
{
	FoldApprover *list = sto_rule_fold_approver(f, approval->token, approval->by);
	uint32_t number;
	FoldApproval *row =
		list == NULL ? NULL : sto_rule_fold_add_approval(f, approval->event, &number);

	if (row == NULL)
		return false;
	row->token = approval->token;
	row->by = approval->by;
	row->sender = approval->sender;
	row->receiver = approval->receiver;
	row->amount = approval->amount;
	row->exact = approval->exact;
	row->uses = row->uses_left = approval->uses;
	row->period = approval->period;
	if (list->last == 0)
		list->first = number;
	else
		((FoldApproval *) FOLD_ROW(f, approvals, list->last))->next = number;
	list->last = number;
	return true;
}

void
sto_rule_fold_approval_revoke(StoRuleFold *f, int64_t event, int64_t approval)
{
	FoldApproval *row = sto_rule_fold_find_approval(f, approval);

	if (row != NULL && row->revoked == 0)
		row->revoked = event;
}
