/*
 * rule_fold.c
 *		A fold of what rules read: its beginning, and a token's sets.
 */
#include "core/rule_fold_state.h"

#include <stdlib.h>
#include <string.h>

static void
init_pools(StoRuleFold *f)
{
	sto_pool_init(&f->names, sizeof(FoldName));
	sto_pool_init(&f->parties, sizeof(FoldParty));
	sto_pool_init(&f->topics, sizeof(FoldTopic));
	sto_pool_init(&f->claims, sizeof(FoldClaim));
	sto_pool_init(&f->tokens, sizeof(FoldToken));
	sto_pool_init(&f->holdings, sizeof(FoldHolding));
	sto_pool_init(&f->purses, sizeof(FoldPurse));
	sto_pool_init(&f->groups, sizeof(FoldGroup));
	sto_pool_init(&f->flows, sizeof(FoldFlow));
	sto_pool_init(&f->sets, sizeof(FoldSet));
	sto_pool_init(&f->listed, sizeof(FoldListed));
	sto_pool_init(&f->travel, sizeof(FoldTravel));
	sto_pool_init(&f->fields, sizeof(FoldField));
	sto_pool_init(&f->approvals, sizeof(FoldApproval));
	sto_pool_init(&f->approvers, sizeof(FoldApprover));
	sto_pool_init(&f->looks, sizeof(FoldLook));
	sto_pool_init(&f->owners, sizeof(FoldOwner));
}

StoRuleFold *
sto_rule_fold_new(uint64_t seed)
{
	StoRuleFold *f = calloc(1, sizeof(StoRuleFold));

	if (f == NULL)
		return NULL;
	f->seed = seed;
	init_pools(f);
	return f;
}

void
sto_rule_fold_pools(StoRuleFold *f, StoPool *pools[FOLD_POOLS])
{
	StoPool *all[FOLD_POOLS] = {&f->names,    &f->parties, &f->topics, &f->claims,    &f->tokens,
								&f->holdings, &f->purses,  &f->groups, &f->flows,     &f->sets,
								&f->listed,   &f->travel,  &f->fields, &f->approvals, &f->approvers,
								&f->looks,    &f->owners};

	memcpy(pools, all, sizeof(all));
}

void
sto_rule_fold_free(StoRuleFold *f)
{
	StoIndexTable *tables[] = {&f->by_name,   &f->by_party,    &f->by_topic,    &f->by_claim,
							   &f->by_token,  &f->by_group,    &f->by_holding,  &f->by_purse,
							   &f->by_listed, &f->by_approval, &f->by_approver, &f->by_look};
	StoPool *pools[FOLD_POOLS];

	if (f == NULL)
		return;
	sto_rule_fold_pools(f, pools);
	for (int i = 0; i < FOLD_POOLS; i++)
		sto_pool_free(pools[i]);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		sto_index_free(tables[i]);
	for (uint32_t i = 0; i < f->parsed_size; i++)
		sto_rules_free(f->parsed[i]);
	free(f->parsed);
	sto_texts_free(&f->texts);
	free(f);
}

const StoRuleSet *
sto_rule_fold_parsed(StoRuleFold *f, uint32_t number)
{
	const FoldSet *row = FOLD_ROW(f, sets, number);
	char why[STO_RULE_WHY_MAX];

	if (number > f->parsed_size)
	{
		uint32_t size = number < 8 ? 16 : 2 * number;
		StoRuleSet **grown = realloc(f->parsed, size * sizeof(StoRuleSet *));

		if (grown == NULL)
			return NULL;
		memset(grown + f->parsed_size, 0, (size - f->parsed_size) * sizeof(StoRuleSet *));
		f->parsed = grown;
		f->parsed_size = size;
	}
	if (f->parsed[number - 1] == NULL)
		f->parsed[number - 1] = sto_rules_parse(sto_text_at(&f->texts, row->text), row->len, why);
	return f->parsed[number - 1];
}

/* Of those that have taken effect, the latest rules, then the one with the greater event. */
static void
find_current(StoRuleFold *f, FoldToken *token, int64_t at)
{
	const FoldSet *best = NULL;

	token->current = 0;
	token->current_from = INT64_MIN;
	token->current_until = INT64_MAX;
	/* the newest first: of equal times it is the one with the greater event */
	for (uint32_t i = token->sets; i != 0;)
	{
		const FoldSet *row = FOLD_ROW(f, sets, i);

		if (row->effective > at)
		{
			if (row->effective < token->current_until)
				token->current_until = row->effective;
		}
		else if (best == NULL || row->effective > best->effective)
		{
			best = row;
			token->current = i;
			token->current_from = row->effective;
		}
		i = row->next;
	}
	token->found = true;
}

int64_t
sto_rule_fold_in_force(StoRuleFold *f, uint32_t token, int64_t at, const StoRuleSet **set)
{
	FoldToken *row = FOLD_ROW(f, tokens, token);

	*set = NULL;
	if (row->sets == 0)
		return 0;
	if (!row->found || at < row->current_from || at >= row->current_until)
		find_current(f, row, at);
	if (row->current == 0)
		return 0;
	*set = sto_rule_fold_parsed(f, row->current);
	return ((const FoldSet *) FOLD_ROW(f, sets, row->current))->set_by;
}

bool
sto_rule_fold_has_rules(const StoRuleFold *f, uint32_t token)
{
	const FoldToken *row = FOLD_ROW(f, tokens, token);

	return row->sets != 0 || row->kept != 0;
}

bool
sto_rule_fold_set(StoRuleFold *f, int64_t event, uint32_t token, int64_t recorded_at,
				  const char *body, size_t len, unsigned *missing, char why[STO_RULE_WHY_MAX])
{
	StoRuleSet *set = sto_rules_parse(body, len, why);
	FoldToken *of = FOLD_ROW(f, tokens, token);
	StoRuleNeeds needs;
	FoldSet *row;
	uint32_t number;

	*missing = 0;
	if (set == NULL)
		return true;
	why[0] = '\0';
	sto_rules_needs(set, &needs);
	row = sto_pool_add(&f->sets, &number);
	if (row != NULL)
	{
		row->set_by = event;
		row->effective = sto_rules_effective(set, recorded_at);
		row->token = token;
		row->len = (uint32_t) len;
		row->next = of->sets;
	}
	if (row == NULL || !sto_texts_add(&f->texts, body, len, &row->text) ||
		!sto_rule_fold_keep(f, token, &needs, missing))
	{
		sto_rules_free(set);
		return false;
	}
	row->record_refusals = set->record_refusals;
	for (int i = 0; i < set->count; i++)
		if (set->rules[i].code == STO_RULE_OWNERSHIP_BY_CLAIM)
			of->units |= (uint8_t) (1 << set->rules[i].by);
	sto_rules_free(set);
	of->sets = number;
	of->found = false;
	return true;
}

bool
sto_rule_fold_move(StoRuleFold *f, bool loading, StoMove move, void *context)
{
	StoPool *pools[FOLD_POOLS];
	uint32_t lengths[FOLD_POOLS];

	sto_rule_fold_pools(f, pools);
	for (int i = 0; i < FOLD_POOLS; i++)
		lengths[i] = pools[i]->row_len;
	if (!move(context, lengths, sizeof(lengths)))
		return false;
	/* rows of another version of the program */
	for (int i = 0; i < FOLD_POOLS; i++)
		if (lengths[i] != pools[i]->row_len)
			return false;
	for (int i = 0; i < FOLD_POOLS; i++)
		if (!sto_pool_move(pools[i], loading, move, context))
			return false;
	return sto_texts_move(&f->texts, loading, move, context) &&
		   (!loading || sto_rule_fold_index(f));
}
