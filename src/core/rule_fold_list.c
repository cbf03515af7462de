/*
 * rule_fold_list.c
 *		Rows of a fold of what rules read, for whoever compares or shows them.
 */
#include "core/rule_fold_state.h"

#include <stdio.h>
#include <string.h>

/* The next row of a pool, NULL at its end. */
#define NEXT_ROW(f, pool, at) ((at) < (f)->pool.count ? FOLD_ROW(f, pool, (uint32_t)++(at)) : NULL)

static const uint8_t *
party_uuid(const StoRuleFold *f, uint32_t party)
{
	return party == 0 ? NULL : ((const FoldParty *) FOLD_ROW(f, parties, party))->uuid;
}

static const uint8_t *
token_uuid(const StoRuleFold *f, uint32_t token)
{
	return ((const FoldToken *) FOLD_ROW(f, tokens, token))->uuid;
}

static const char *
name_text(const StoRuleFold *f, uint32_t name)
{
	return ((const FoldName *) FOLD_ROW(f, names, name))->name;
}

bool
sto_rule_fold_next_set(StoRuleFold *f, size_t *at, StoRuleSetRow *out)
{
	const FoldSet *row = NEXT_ROW(f, sets, *at);

	if (row == NULL)
		return false;
	out->set_by = row->set_by;
	out->effective = row->effective;
	out->token_id = token_uuid(f, row->token);
	out->record_refusals = row->record_refusals;
	out->body = sto_text_at(&f->texts, row->text);
	out->len = row->len;
	out->set = sto_rule_fold_parsed(f, (uint32_t) *at);
	return true;
}

static void
fill_listed(const StoRuleFold *f, const FoldListed *row, StoRuleListedRow *out)
{
	out->set_by = row->set_by;
	out->token_id = token_uuid(f, row->token);
	out->party_id = party_uuid(f, row->party);
	out->list = name_text(f, row->list);
	out->listed = row->listed;
}

bool
sto_rule_fold_next_listed(const StoRuleFold *f, size_t *at, StoRuleListedRow *out)
{
	const FoldListed *row = NEXT_ROW(f, listed, *at);

	if (row != NULL)
		fill_listed(f, row, out);
	return row != NULL;
}

bool
sto_rule_fold_find_listed_row(const StoRuleFold *f, const uint8_t token_id[STO_UUID_LEN],
							  const char *list, const uint8_t party_id[STO_UUID_LEN],
							  StoRuleListedRow *out)
{
	uint32_t token = sto_rule_fold_find_token(f, token_id);
	uint32_t party = sto_rule_fold_find_party(f, party_id);
	uint32_t name = sto_rule_fold_find_name(f, list);
	const FoldListed *row = token == 0 || party == 0 || name == 0
								? NULL
								: sto_rule_fold_find_listed(f, token, name, party);

	if (row != NULL)
		fill_listed(f, row, out);
	return row != NULL;
}

static void
fill_holding(const StoRuleFold *f, const FoldHolding *row, StoRuleHoldingRow *out)
{
	out->token_id = token_uuid(f, row->token);
	out->party_id = party_uuid(f, row->party);
	out->opt_in = row->opt_in;
	out->affirmed = row->affirmed;
	out->issued = row->issued;
	out->issued_at = row->issued_at;
	out->total = row->total;
	out->posted_at = row->posted_at;
}

bool
sto_rule_fold_next_holding(const StoRuleFold *f, size_t *at, StoRuleHoldingRow *out)
{
	const FoldHolding *row = NEXT_ROW(f, holdings, *at);

	if (row != NULL)
		fill_holding(f, row, out);
	return row != NULL;
}

bool
sto_rule_fold_find_holding_row(const StoRuleFold *f, const uint8_t token_id[STO_UUID_LEN],
							   const uint8_t party_id[STO_UUID_LEN], StoRuleHoldingRow *out)
{
	uint32_t token = sto_rule_fold_find_token(f, token_id);
	uint32_t party = sto_rule_fold_find_party(f, party_id);
	uint32_t number = token == 0 || party == 0 ? 0 : sto_rule_fold_find_holding(f, token, party);

	if (number != 0)
		fill_holding(f, FOLD_ROW(f, holdings, number), out);
	return number != 0;
}

bool
sto_rule_fold_next_travel(const StoRuleFold *f, size_t *at, StoRuleTravelRow *out)
{
	const FoldTravel *row = NEXT_ROW(f, travel, *at);
	const FoldField *field;

	if (row == NULL)
		return false;
	out->event = row->event;
	out->withdrawn = row->withdrawn;
	out->party_id = party_uuid(f, row->party);
	out->commitment = row->commitment;
	out->period = row->period;
	out->count = 0;
	for (uint32_t i = row->fields; i != 0; i = field->next)
	{
		field = FOLD_ROW(f, fields, i);
		out->count++;
	}
	/* kept the last first */
	for (uint32_t i = row->fields, n = (uint32_t) out->count; i != 0; i = field->next)
	{
		field = FOLD_ROW(f, fields, i);
		if (--n < STO_RULE_ITEMS_MAX)
			out->fields[n] = name_text(f, field->name);
	}
	if (out->count > STO_RULE_ITEMS_MAX)
		out->count = STO_RULE_ITEMS_MAX;
	return true;
}

static void
fill_approval(const StoRuleFold *f, const FoldApproval *row, StoRuleApprovalRow *out)
{
	out->approval = row->event;
	out->revoked = row->revoked;
	out->uses = row->uses;
	out->uses_left = row->uses_left;
	out->amount = row->amount;
	out->exact = row->exact;
	out->period = row->period;
	out->token_id = token_uuid(f, row->token);
	out->approver = party_uuid(f, row->by);
	out->sender = party_uuid(f, row->sender);
	out->receiver = party_uuid(f, row->receiver);
}

bool
sto_rule_fold_next_approval(const StoRuleFold *f, size_t *at, StoRuleApprovalRow *out)
{
	const FoldApproval *row = NEXT_ROW(f, approvals, *at);

	if (row != NULL)
		fill_approval(f, row, out);
	return row != NULL;
}

bool
sto_rule_fold_find_approval_row(const StoRuleFold *f, int64_t approval, StoRuleApprovalRow *out)
{
	const FoldApproval *row = sto_rule_fold_find_approval(f, approval);

	if (row != NULL)
		fill_approval(f, row, out);
	return row != NULL;
}

static void
fill_group(const StoRuleFold *f, const FoldGroup *row, StoRuleGroupRow *out)
{
	const FoldToken *token = FOLD_ROW(f, tokens, row->token);

	memset(out, 0, sizeof(*out));
	out->token_id = token->uuid;
	out->by = (StoRuleBy) row->by;
	out->holders = row->holders;
	out->has_units = out->by == STO_BY_TOPIC || (token->units & (1 << row->by)) != 0;
	out->units = row->total;
	if (out->by == STO_BY_COUNTRY && row->value != 0)
	{
		out->value[0] = (char) (row->value >> 8);
		out->value[1] = (char) row->value;
	}
	else if (out->by == STO_BY_CLASS)
		snprintf(out->value, sizeof(out->value), "%s", sto_class_name((StoClass) row->value));
	else if (out->by == STO_BY_TOPIC)
		snprintf(out->value, sizeof(out->value), "%s", name_text(f, row->value));
}

bool
sto_rule_fold_next_group(const StoRuleFold *f, size_t *at, StoRuleGroupRow *out)
{
	const FoldGroup *row = NEXT_ROW(f, groups, *at);

	if (row != NULL)
		fill_group(f, row, out);
	return row != NULL;
}

uint32_t
sto_rule_fold_group_key(const StoRuleFold *f, StoRuleBy by, const char *value)
{
	StoClass klass = STO_CLASS_NONE;

	switch (by)
	{
		case STO_BY_TOPIC:
			return sto_rule_fold_find_name(f, value);
		case STO_BY_COUNTRY:
			return value[0] == '\0' ? 0 : sto_rule_fold_letters(value);
		case STO_BY_CLASS:
			(void) sto_class_from_name(value, strlen(value), &klass);
			return klass;
		default:
			return 0;
	}
}

bool
sto_rule_fold_find_group_row(const StoRuleFold *f, const uint8_t token_id[STO_UUID_LEN],
							 const char *by, const char *value, StoRuleGroupRow *out)
{
	FoldGroup group = {.token = sto_rule_fold_find_token(f, token_id)};
	uint32_t number;

	for (int i = STO_BY_ALL; group.token != 0 && i <= STO_BY_TOPIC; i++)
	{
		if (strcmp(by, sto_by_name((StoRuleBy) i)) != 0)
			continue;
		group.by = (uint8_t) i;
		group.value = sto_rule_fold_group_key(f, (StoRuleBy) i, value);
		number = sto_rule_fold_find_group(f, group.token, (StoRuleBy) i, group.value);
		if (number != 0)
			group = *(const FoldGroup *) FOLD_ROW(f, groups, number);
		/* of a sort that is counted, one that never had a holder is empty; a topic has a row */
		else if ((((const FoldToken *) FOLD_ROW(f, tokens, group.token))->by & (1 << i)) == 0)
			return false;
		fill_group(f, &group, out);
		/* a text that is no class, or too long a country, has the key of another */
		return strcmp(out->value, value) == 0;
	}
	return false;
}
