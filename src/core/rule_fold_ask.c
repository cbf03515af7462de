/*
 * rule_fold_ask.c
 *		A rule set asked about an entry, with the facts of the fold.
 */
#include "core/rule_fold_state.h"

#include <string.h>

/* Parties are asked for by uuid; nearly always those of the entry. */
static uint32_t
party_number(const StoRuleAsked *a, const uint8_t *uuid)
{
	const StoRuleMove *move = &a->entry->move;

	if (move->has_receiver && memcmp(uuid, move->receiver, STO_UUID_LEN) == 0)
		return a->entry->receiver;
	if (move->has_sender && memcmp(uuid, move->sender, STO_UUID_LEN) == 0)
		return a->entry->sender;
	return sto_rule_fold_find_party(a->f, uuid);
}

/* NULL: it never had any, and nothing was said of it about this token. */
static const FoldHolding *
holding_of(const StoRuleAsked *a, uint32_t party)
{
	uint32_t number;

	if (party == 0)
		return NULL;
	if (party == a->entry->receiver)
		number = a->receiver_holding;
	else if (party == a->entry->sender)
		number = a->sender_holding;
	else
		number = sto_rule_fold_find_holding(a->f, a->entry->token, party);
	return number == 0 ? NULL : FOLD_ROW(a->f, holdings, number);
}

static bool
ask_total(void *context, const uint8_t *party, StoAmount *total)
{
	const StoRuleAsked *a = context;
	const FoldHolding *holding = holding_of(a, party_number(a, party));

	*total = holding == NULL ? 0 : holding->total;
	return true;
}

static bool
ask_outstanding(void *context, StoAmount *outstanding)
{
	const StoRuleAsked *a = context;

	*outstanding = ((const FoldToken *) FOLD_ROW(a->f, tokens, a->entry->token))->outstanding;
	return true;
}

static bool
ask_group(void *context, StoRuleBy by, const char *value, int64_t *holders, StoAmount *units)
{
	const StoRuleAsked *a = context;
	uint32_t number = sto_rule_fold_find_group(a->f, a->entry->token, by,
											   sto_rule_fold_group_key(a->f, by, value));
	const FoldGroup *group = number == 0 ? NULL : FOLD_ROW(a->f, groups, number);

	if (holders != NULL)
		*holders = group == NULL ? 0 : group->holders;
	if (units != NULL)
		*units = group == NULL ? 0 : group->total;
	return true;
}

static bool
ask_country(void *context, const uint8_t *party, bool incorporation, char country[2])
{
	const StoRuleAsked *a = context;
	uint32_t number = party_number(a, party);
	const FoldParty *row = number == 0 ? NULL : FOLD_ROW(a->f, parties, number);

	memset(country, 0, 2);
	if (row != NULL)
		memcpy(country, incorporation ? row->incorporation : row->country, 2);
	return true;
}

static bool
ask_classified(void *context, const uint8_t *party, StoRuleClassified *classified)
{
	const StoRuleAsked *a = context;
	uint32_t number = party_number(a, party);
	const FoldClass *stated;

	memset(classified, 0, sizeof(*classified));
	if (number == 0)
		return true;
	stated = sto_rule_fold_class_of(FOLD_ROW(a->f, parties, number), holding_of(a, number));
	classified->klass = (StoClass) stated->klass;
	classified->has_from = stated->period.has_from;
	classified->has_to = stated->period.has_to;
	classified->from = stated->period.from;
	classified->to = stated->period.to;
	return true;
}

static bool
ask_topic(void *context, const uint8_t *party, const char *topic, bool *has)
{
	const StoRuleAsked *a = context;
	uint32_t number = party_number(a, party);
	uint32_t name = sto_rule_fold_find_name(a->f, topic);
	const FoldTopic *row =
		number == 0 || name == 0 ? NULL : sto_rule_fold_find_topic(a->f, number, name);

	*has = row != NULL && row->claims > 0;
	return true;
}

static bool
ask_list(void *context, const uint8_t *party, const char *list, bool *listed)
{
	const StoRuleAsked *a = context;
	uint32_t number = party_number(a, party);
	uint32_t name = sto_rule_fold_find_name(a->f, list);
	const FoldListed *row = number == 0 || name == 0
								? NULL
								: sto_rule_fold_find_listed(a->f, a->entry->token, name, number);

	*listed = row != NULL && row->listed;
	return true;
}

static bool
ask_opted_in(void *context, const uint8_t *party, bool *affirmed)
{
	const StoRuleAsked *a = context;
	const FoldHolding *holding = holding_of(a, party_number(a, party));

	*affirmed = holding != NULL && holding->affirmed;
	return true;
}

static bool
ask_outflow(void *context, const uint8_t *party, int64_t after, StoAmount *sum)
{
	const StoRuleAsked *a = context;
	const FoldHolding *holding = holding_of(a, party_number(a, party));

	const FoldPurse *purse;

	*sum = 0;
	for (uint32_t i = holding == NULL ? 0 : holding->purses; i != 0; i = purse->next)
	{
		purse = FOLD_ROW(a->f, purses, i);
		*sum = (StoAmount) ((unsigned __int128) *sum +
							(unsigned __int128) sto_rule_fold_sum_after(a->f, purse->flow, after));
	}
	return true;
}

static bool
ask_issues(void *context, const uint8_t *receiver, int64_t after, int64_t limit, int64_t *persons,
		   bool *received, StoAmount *sum)
{
	const StoRuleAsked *a = context;
	const FoldToken *token = FOLD_ROW(a->f, tokens, a->entry->token);
	const FoldHolding *holding = holding_of(a, party_number(a, receiver));

	(void) limit;
	*persons = sto_rule_fold_persons_after(a->f, a->entry->token, after);
	*received = holding != NULL && holding->issued != 0 && holding->issued_at > after;
	*sum = sto_rule_fold_sum_after(a->f, token->issues, after);
	return true;
}

/* What can never be used again is left out of the list as it is met. */
static bool
is_spent(const FoldApproval *row)
{
	return row->revoked != 0 || row->uses_left <= 0;
}

static bool
covers(const FoldApproval *row, const StoRuleEntry *entry)
{
	return (row->sender == 0 || row->sender == entry->sender) &&
		   (row->receiver == 0 || row->receiver == entry->receiver) &&
		   sto_rule_fold_is_in_force(&row->period, entry->move.posted_at);
}

static bool
ask_approval(void *context, const uint8_t *by, const StoRuleMove *move, StoAmount amount,
			 int64_t *id, StoAmount *largest)
{
	const StoRuleAsked *a = context;
	uint32_t party = sto_rule_fold_find_party(a->f, by);
	FoldApprover *list =
		party == 0 ? NULL : sto_rule_fold_find_approver(a->f, a->entry->token, party);
	uint32_t before = 0;
	uint32_t next;

	(void) move;
	*id = 0;
	*largest = 0;
	for (uint32_t i = list == NULL ? 0 : list->first; i != 0; i = next)
	{
		const FoldApproval *row = FOLD_ROW(a->f, approvals, i);

		next = row->next;
		if (is_spent(row))
		{
			if (before == 0)
				list->first = next;
			else
				((FoldApproval *) FOLD_ROW(a->f, approvals, before))->next = next;
			if (list->last == i)
				list->last = before;
			continue;
		}
		before = i;
		if (!covers(row, a->entry))
			continue;
		if (row->amount == amount || (!row->exact && row->amount > amount))
		{
			*id = row->event;
			*largest = 0;
			return true;
		}
		if (row->amount < amount && row->amount > *largest)
			*largest = row->amount;
	}
	return true;
}

static bool
ask_travel_field(void *context, const uint8_t *party, const char *field, int64_t at, bool *has)
{
	const StoRuleAsked *a = context;
	uint32_t number = party_number(a, party);
	uint32_t name = sto_rule_fold_find_name(a->f, field);
	const FoldTravel *row;

	*has = false;
	if (number == 0 || name == 0)
		return true;
	for (uint32_t i = ((const FoldParty *) FOLD_ROW(a->f, parties, number))->travel;
		 i != 0 && !*has; i = row->next)
	{
		const FoldField *item;

		row = FOLD_ROW(a->f, travel, i);
		if (!sto_rule_fold_is_in_force(&row->period, at))
			continue;
		for (uint32_t j = row->fields; j != 0 && !*has; j = item->next)
		{
			item = FOLD_ROW(a->f, fields, j);
			*has = item->name == name;
		}
	}
	return true;
}

static void
take_uses(StoRuleFold *f, const StoRuleOutcome *outcome)
{
	for (int i = 0; i < outcome->approval_count; i++)
	{
		FoldApproval *row = sto_rule_fold_find_approval(f, outcome->approvals[i]);

		if (row != NULL)
			row->uses_left--;
	}
}

/* The sides by their uuids, as the rules know them. */
static void
name_sides(StoRuleFold *f, StoRuleEntry *entry)
{
	StoRuleMove *move = &entry->move;
	const FoldToken *token = FOLD_ROW(f, tokens, entry->token);

	memcpy(move->token_id, token->uuid, STO_UUID_LEN);
	if (token->issuer != 0)
		memcpy(move->issuer, ((const FoldParty *) FOLD_ROW(f, parties, token->issuer))->uuid,
			   STO_UUID_LEN);
	move->has_sender = entry->sender != 0;
	if (move->has_sender)
		memcpy(move->sender, ((const FoldParty *) FOLD_ROW(f, parties, entry->sender))->uuid,
			   STO_UUID_LEN);
	move->has_receiver = entry->receiver != 0;
	if (move->has_receiver)
		memcpy(move->receiver, ((const FoldParty *) FOLD_ROW(f, parties, entry->receiver))->uuid,
			   STO_UUID_LEN);
}

void
sto_rule_fold_begin(StoRuleFold *f, StoRuleEntry *entry, StoRuleAsked *asked, StoRuleFacts *facts)
{
	static const StoRuleFacts answers = {.total = ask_total,
										 .outstanding = ask_outstanding,
										 .group = ask_group,
										 .country = ask_country,
										 .classified = ask_classified,
										 .has_topic = ask_topic,
										 .on_list = ask_list,
										 .opted_in = ask_opted_in,
										 .outflow = ask_outflow,
										 .issues = ask_issues,
										 .approval = ask_approval,
										 .travel_field = ask_travel_field,
										 .look_through = sto_rule_fold_ask_look};

	name_sides(f, entry);
	memset(asked, 0, sizeof(*asked));
	asked->f = f;
	asked->entry = entry;
	if (entry->sender != 0)
		asked->sender_holding = sto_rule_fold_find_holding(f, entry->token, entry->sender);
	if (entry->receiver != 0)
		asked->receiver_holding = sto_rule_fold_find_holding(f, entry->token, entry->receiver);
	*facts = answers;
	facts->context = asked;
}

StoRuleAnswer
sto_rule_fold_ask(StoRuleFold *f, StoRuleEntry *entry, const StoRuleSet *set, StoRuleReport report,
				  void *report_context, StoRuleOutcome *outcome)
{
	StoRuleAsked asked;
	StoRuleFacts facts;
	StoRuleAnswer answer;

	sto_rule_fold_begin(f, entry, &asked, &facts);
	answer = sto_rules_evaluate(set, &entry->move, &facts, report, report_context, outcome);
	if (answer == STO_RULES_PASS)
		take_uses(f, outcome);
	return answer;
}
