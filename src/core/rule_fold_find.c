/*
 * rule_fold_find.c
 *		Rows of a fold of what rules read, by their keys.
 */
#include "core/rule_fold_state.h"

#include <string.h>

static uint64_t
uuid_hash(const StoRuleFold *f, const uint8_t uuid[STO_UUID_LEN])
{
	return sto_seeded_hash(f->seed, uuid, STO_UUID_LEN);
}

static uint64_t
pair_hash(const StoRuleFold *f, uint32_t a, uint32_t b)
{
	return sto_seeded_number(f->seed, (uint64_t) a << 32 | b);
}

static uint64_t
triple_hash(const StoRuleFold *f, uint32_t a, uint32_t b, uint32_t c)
{
	return sto_mix(pair_hash(f, a, b) ^ c, UINT64_C(0x9e3779b97f4a7c15));
}

static uint64_t
look_hash(const StoRuleFold *f, uint32_t token, const uint8_t *wallet)
{
	return sto_mix(sto_seeded_hash(f->seed, wallet, STO_ADDRESS_LEN) ^ token,
				   UINT64_C(0x9e3779b97f4a7c15));
}

uint32_t
sto_rule_fold_find_name(const StoRuleFold *f, const char *name)
{
	FoldName key = {{0}};
	uint64_t hash;
	uint32_t at = 0;
	uint32_t found;

	strncpy(key.name, name, FOLD_NAME_MAX);
	hash = sto_seeded_hash(f->seed, &key, sizeof(key));
	while ((found = sto_index_next(&f->by_name, hash, &at)) != 0)
		if (memcmp(FOLD_ROW(f, names, found), &key, sizeof(key)) == 0)
			return found;
	return 0;
}

uint32_t
sto_rule_fold_name(StoRuleFold *f, const char *name)
{
	uint32_t number = sto_rule_fold_find_name(f, name);
	FoldName *row;

	if (number != 0)
		return number;
	row = sto_pool_add(&f->names, &number);
	if (row == NULL)
		return 0;
	strncpy(row->name, name, FOLD_NAME_MAX);
	return sto_index_add(&f->by_name, sto_seeded_hash(f->seed, row, sizeof(*row)), number) ? number
																						   : 0;
}

uint32_t
sto_rule_fold_find_party(const StoRuleFold *f, const uint8_t uuid[STO_UUID_LEN])
{
	uint64_t hash = uuid_hash(f, uuid);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&f->by_party, hash, &at)) != 0)
		if (memcmp(((const FoldParty *) FOLD_ROW(f, parties, found))->uuid, uuid, STO_UUID_LEN) ==
			0)
			return found;
	return 0;
}

uint32_t
sto_rule_fold_party(StoRuleFold *f, const uint8_t uuid[STO_UUID_LEN])
{
	uint32_t number = sto_rule_fold_find_party(f, uuid);
	FoldParty *row;

	if (number != 0)
		return number;
	row = sto_pool_add(&f->parties, &number);
	if (row == NULL)
		return 0;
	memcpy(row->uuid, uuid, STO_UUID_LEN);
	return sto_index_add(&f->by_party, uuid_hash(f, uuid), number) ? number : 0;
}

uint32_t
sto_rule_fold_find_token(const StoRuleFold *f, const uint8_t uuid[STO_UUID_LEN])
{
	uint64_t hash = uuid_hash(f, uuid);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&f->by_token, hash, &at)) != 0)
		if (memcmp(((const FoldToken *) FOLD_ROW(f, tokens, found))->uuid, uuid, STO_UUID_LEN) == 0)
			return found;
	return 0;
}

uint32_t
sto_rule_fold_token(StoRuleFold *f, const uint8_t uuid[STO_UUID_LEN])
{
	uint32_t number = sto_rule_fold_find_token(f, uuid);
	FoldToken *row;

	if (number != 0)
		return number;
	row = sto_pool_add(&f->tokens, &number);
	if (row == NULL)
		return 0;
	memcpy(row->uuid, uuid, STO_UUID_LEN);
	return sto_index_add(&f->by_token, uuid_hash(f, uuid), number) ? number : 0;
}

void
sto_rule_fold_issuer(StoRuleFold *f, uint32_t token, uint32_t party)
{
	((FoldToken *) FOLD_ROW(f, tokens, token))->issuer = party;
}

uint32_t
sto_rule_fold_find_holding(const StoRuleFold *f, uint32_t token, uint32_t party)
{
	uint64_t hash = pair_hash(f, token, party);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&f->by_holding, hash, &at)) != 0)
	{
		const FoldHolding *row = FOLD_ROW(f, holdings, found);

		if (row->token == token && row->party == party)
			return found;
	}
	return 0;
}

uint32_t
sto_rule_fold_holding(StoRuleFold *f, uint32_t token, uint32_t party)
{
	uint32_t number = sto_rule_fold_find_holding(f, token, party);
	FoldHolding *row;
	FoldParty *of = FOLD_ROW(f, parties, party);
	FoldToken *in = FOLD_ROW(f, tokens, token);

	if (number != 0)
		return number;
	row = sto_pool_add(&f->holdings, &number);
	if (row == NULL || !sto_index_add(&f->by_holding, pair_hash(f, token, party), number))
		return 0;
	row->token = token;
	row->party = party;
	row->next_of_party = of->holdings;
	row->next_of_token = in->holdings;
	of->holdings = in->holdings = number;
	return number;
}

uint32_t
sto_rule_fold_find_look(const StoRuleFold *f, uint32_t token, const uint8_t wallet[STO_ADDRESS_LEN])
{
	uint64_t hash = look_hash(f, token, wallet);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&f->by_look, hash, &at)) != 0)
	{
		const FoldLook *row = FOLD_ROW(f, looks, found);

		if (row->token == token && memcmp(row->wallet, wallet, STO_ADDRESS_LEN) == 0)
			return found;
	}
	return 0;
}

FoldLook *
sto_rule_fold_look(StoRuleFold *f, uint32_t token, const uint8_t wallet[STO_ADDRESS_LEN],
				   uint32_t *number)
{
	FoldLook *row;

	*number = sto_rule_fold_find_look(f, token, wallet);
	if (*number != 0)
		return FOLD_ROW(f, looks, *number);
	row = sto_pool_add(&f->looks, number);
	if (row == NULL || !sto_index_add(&f->by_look, look_hash(f, token, wallet), *number))
		return NULL;
	row->token = token;
	memcpy(row->wallet, wallet, STO_ADDRESS_LEN);
	return row;
}

FoldPurse *
sto_rule_fold_purse(StoRuleFold *f, uint32_t holding, uint32_t wallet)
{
	FoldHolding *of = FOLD_ROW(f, holdings, holding);
	uint64_t hash = pair_hash(f, of->token, wallet);
	uint32_t at = 0;
	uint32_t found;
	FoldPurse *row;

	while ((found = sto_index_next(&f->by_purse, hash, &at)) != 0)
	{
		row = FOLD_ROW(f, purses, found);
		if (row->token == of->token && row->wallet == wallet)
			return row;
	}
	row = sto_pool_add(&f->purses, &found);
	if (row == NULL || !sto_index_add(&f->by_purse, hash, found))
		return NULL;
	row->token = of->token;
	row->wallet = wallet;
	row->next = of->purses;
	of->purses = found;
	return row;
}

const FoldTopic *
sto_rule_fold_find_topic(const StoRuleFold *f, uint32_t party, uint32_t topic)
{
	uint64_t hash = pair_hash(f, party, topic);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&f->by_topic, hash, &at)) != 0)
	{
		const FoldTopic *row = FOLD_ROW(f, topics, found);

		if (row->party == party && row->topic == topic)
			return row;
	}
	return NULL;
}

FoldTopic *
sto_rule_fold_topic(StoRuleFold *f, uint32_t party, uint32_t topic)
{
	FoldTopic *row = (FoldTopic *) sto_rule_fold_find_topic(f, party, topic);
	uint32_t number;

	if (row != NULL)
		return row;
	row = sto_pool_add(&f->topics, &number);
	if (row == NULL || !sto_index_add(&f->by_topic, pair_hash(f, party, topic), number))
		return NULL;
	row->party = party;
	row->topic = topic;
	return row;
}

FoldClaim *
sto_rule_fold_find_claim(const StoRuleFold *f, int64_t claim)
{
	uint64_t hash = sto_seeded_number(f->seed, (uint64_t) claim);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&f->by_claim, hash, &at)) != 0)
		if (((FoldClaim *) FOLD_ROW(f, claims, found))->claim == claim)
			return FOLD_ROW(f, claims, found);
	return NULL;
}

FoldClaim *
sto_rule_fold_add_claim(StoRuleFold *f, int64_t claim)
{
	uint32_t number;
	FoldClaim *row = sto_pool_add(&f->claims, &number);

	if (row == NULL ||
		!sto_index_add(&f->by_claim, sto_seeded_number(f->seed, (uint64_t) claim), number))
		return NULL;
	row->claim = claim;
	return row;
}

uint32_t
sto_rule_fold_find_group(const StoRuleFold *f, uint32_t token, StoRuleBy by, uint32_t value)
{
	uint64_t hash = triple_hash(f, token, value, by);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&f->by_group, hash, &at)) != 0)
	{
		const FoldGroup *row = FOLD_ROW(f, groups, found);

		if (row->token == token && row->by == by && row->value == value)
			return found;
	}
	return 0;
}

uint32_t
sto_rule_fold_group(StoRuleFold *f, uint32_t token, StoRuleBy by, uint32_t value)
{
	uint32_t number = sto_rule_fold_find_group(f, token, by, value);
	FoldGroup *row;

	if (number != 0)
		return number;
	row = sto_pool_add(&f->groups, &number);
	if (row == NULL || !sto_index_add(&f->by_group, triple_hash(f, token, value, by), number))
		return 0;
	row->token = token;
	row->by = (uint8_t) by;
	row->value = value;
	return number;
}

FoldListed *
sto_rule_fold_find_listed(const StoRuleFold *f, uint32_t token, uint32_t list, uint32_t party)
{
	uint64_t hash = triple_hash(f, token, list, party);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&f->by_listed, hash, &at)) != 0)
	{
		FoldListed *row = FOLD_ROW(f, listed, found);

		if (row->token == token && row->list == list && row->party == party)
			return row;
	}
	return NULL;
}

FoldListed *
sto_rule_fold_list_row(StoRuleFold *f, uint32_t token, uint32_t list, uint32_t party)
{
	FoldListed *row = sto_rule_fold_find_listed(f, token, list, party);
	uint32_t number;

	if (row != NULL)
		return row;
	row = sto_pool_add(&f->listed, &number);
	if (row == NULL || !sto_index_add(&f->by_listed, triple_hash(f, token, list, party), number))
		return NULL;
	row->token = token;
	row->list = list;
	row->party = party;
	return row;
}

FoldApproval *
sto_rule_fold_find_approval(const StoRuleFold *f, int64_t event)
{
	uint64_t hash = sto_seeded_number(f->seed, (uint64_t) event);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&f->by_approval, hash, &at)) != 0)
		if (((FoldApproval *) FOLD_ROW(f, approvals, found))->event == event)
			return FOLD_ROW(f, approvals, found);
	return NULL;
}

FoldApproval *
sto_rule_fold_add_approval(StoRuleFold *f, int64_t event, uint32_t *number)
{
	FoldApproval *row = sto_pool_add(&f->approvals, number);

	if (row == NULL ||
		!sto_index_add(&f->by_approval, sto_seeded_number(f->seed, (uint64_t) event), *number))
		return NULL;
	row->event = event;
	return row;
}

FoldApprover *
sto_rule_fold_find_approver(const StoRuleFold *f, uint32_t token, uint32_t by)
{
	uint64_t hash = pair_hash(f, token, by);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&f->by_approver, hash, &at)) != 0)
	{
		FoldApprover *row = FOLD_ROW(f, approvers, found);

		if (row->token == token && row->by == by)
			return row;
	}
	return NULL;
}

FoldApprover *
sto_rule_fold_approver(StoRuleFold *f, uint32_t token, uint32_t by)
{
	FoldApprover *row = sto_rule_fold_find_approver(f, token, by);
	uint32_t number;

	if (row != NULL)
		return row;
	row = sto_pool_add(&f->approvers, &number);
	if (row == NULL || !sto_index_add(&f->by_approver, pair_hash(f, token, by), number))
		return NULL;
	row->token = token;
	row->by = by;
	return row;
}

/* Row by row of one pool. */
#define INDEX_ROWS(pool, Row, table, hash)                                                         \
	for (uint32_t i = 1; i <= f->pool.count; i++)                                                  \
	{                                                                                              \
		const Row *row = FOLD_ROW(f, pool, i);                                                     \
                                                                                                   \
		if (!sto_index_add(&f->table, hash, i))                                                    \
			return false;                                                                          \
	}

bool
sto_rule_fold_index(StoRuleFold *f)
{
	INDEX_ROWS(names, FoldName, by_name, sto_seeded_hash(f->seed, row, sizeof(*row)))
	INDEX_ROWS(parties, FoldParty, by_party, uuid_hash(f, row->uuid))
	INDEX_ROWS(tokens, FoldToken, by_token, uuid_hash(f, row->uuid))
	INDEX_ROWS(holdings, FoldHolding, by_holding, pair_hash(f, row->token, row->party))
	INDEX_ROWS(purses, FoldPurse, by_purse, pair_hash(f, row->token, row->wallet))
	INDEX_ROWS(topics, FoldTopic, by_topic, pair_hash(f, row->party, row->topic))
	INDEX_ROWS(claims, FoldClaim, by_claim, sto_seeded_number(f->seed, (uint64_t) row->claim))
	INDEX_ROWS(groups, FoldGroup, by_group, triple_hash(f, row->token, row->value, row->by))
	INDEX_ROWS(listed, FoldListed, by_listed, triple_hash(f, row->token, row->list, row->party))
	INDEX_ROWS(approvals, FoldApproval, by_approval,
			   sto_seeded_number(f->seed, (uint64_t) row->event))
	INDEX_ROWS(approvers, FoldApprover, by_approver, pair_hash(f, row->token, row->by))
	INDEX_ROWS(looks, FoldLook, by_look, look_hash(f, row->token, row->wallet))
	return true;
}
