/*
 * replay_counters.c
 *		What rules read of positions: samples of what left them, and what a party
 *		has over all its wallets; and the rules that enforced entries passed over.
 */
#include "bin/replay_state.h"

#include <string.h>

static uint64_t
flow_hash(const StoReplay *r, uint32_t wallet, uint32_t token, int64_t seq)
{
	return sto_mix(sto_seeded_number(r->seed, (uint64_t) wallet << 32 | token) ^ (uint64_t) seq,
				   UINT64_C(0x9e3779b97f4a7c15));
}

static bool
index_flow(StoReplay *r, const FlowSample *row, uint32_t number)
{
	return sto_index_add(&r->by_flow, flow_hash(r, row->wallet, row->token, row->seq), number);
}

bool
sto_fold_flow_add(StoReplay *r, const Position *pos)
{
	uint32_t number;
	FlowSample *row = sto_pool_add(&r->flows, &number);

	if (row == NULL)
		return false;
	row->outflow = pos->outflow;
	row->seq = pos->seq;
	row->posted_at = pos->posted_at;
	row->wallet = pos->wallet;
	row->token = pos->token;
	return index_flow(r, row, number);
}

bool
sto_fold_index_flows(StoReplay *r)
{
	for (uint32_t i = 1; i <= r->flows.count; i++)
		if (!index_flow(r, sto_pool_at(&r->flows, i), i))
			return false;
	return true;
}

static void
show_flow(const StoReplay *r, const FlowSample *row, StoReplayFlow *out)
{
	memcpy(out->wallet, ((const Wallet *) sto_pool_at(&r->wallets, row->wallet))->address,
		   STO_ADDRESS_LEN);
	memcpy(out->token_id, ((const Token *) sto_pool_at(&r->tokens, row->token))->uuid,
		   STO_UUID_LEN);
	out->seq = row->seq;
	out->posted_at = row->posted_at;
	out->outflow = row->outflow;
}

bool
sto_replay_flow(const StoReplay *r, size_t *at, StoReplayFlow *out)
{
	if (*at >= r->flows.count)
		return false;
	show_flow(r, sto_pool_at(&r->flows, (uint32_t)++ * at), out);
	return true;
}

bool
sto_replay_find_flow(const StoReplay *r, const uint8_t wallet[STO_ADDRESS_LEN],
					 const uint8_t token_id[STO_UUID_LEN], int64_t seq, StoReplayFlow *out)
{
	uint32_t wallet_row;
	uint32_t token_row;
	uint32_t at = 0;
	uint32_t found;
	uint64_t hash;

	if (sto_fold_wallet(r, wallet, &wallet_row) == NULL ||
		sto_fold_token(r, token_id, &token_row) == NULL)
		return false;
	hash = flow_hash(r, wallet_row, token_row, seq);
	while ((found = sto_index_next(&r->by_flow, hash, &at)) != 0)
	{
		const FlowSample *row = sto_pool_at(&r->flows, found);

		if (row->wallet != wallet_row || row->token != token_row || row->seq != seq)
			continue;
		show_flow(r, row, out);
		return true;
	}
	return false;
}

bool
sto_replay_find_holding(const StoReplay *r, const uint8_t token_id[STO_UUID_LEN],
						const uint8_t party_id[STO_UUID_LEN], StoReplayHolding *out)
{
	uint32_t token;
	const Party *party = sto_fold_party(r, party_id, NULL);
	const Wallet *wallet;

	if (party == NULL || sto_fold_token(r, token_id, &token) == NULL)
		return false;
	memset(out, 0, sizeof(*out));
	memcpy(out->token_id, token_id, STO_UUID_LEN);
	memcpy(out->party_id, party_id, STO_UUID_LEN);
	for (uint32_t i = party->wallets; i != 0; i = wallet->next)
	{
		const Position *pos = sto_fold_position(r, i, token, NULL);

		wallet = sto_pool_at(&r->wallets, i);
		if (wallet->issues != 0 || pos == NULL)
			continue;
		out->total += pos->balance;
		out->outflow += pos->outflow;
		if (pos->posted_at > out->posted_at)
			out->posted_at = pos->posted_at;
	}
	return true;
}

static uint64_t
override_hash(const StoReplay *r, int64_t entry_id, int number)
{
	return sto_seeded_number(sto_seeded_number(r->seed, (uint64_t) entry_id), (uint64_t) number);
}

static bool
index_override(StoReplay *r, const Override *row, uint32_t number)
{
	return sto_index_add(&r->by_override, override_hash(r, row->entry_id, row->number), number);
}

bool
sto_fold_override_add(StoReplay *r, const Override *override)
{
	uint32_t number;
	Override *row = sto_pool_add(&r->overrides, &number);

	if (row == NULL)
		return false;
	*row = *override;
	return index_override(r, row, number);
}

bool
sto_fold_index_overrides(StoReplay *r)
{
	for (uint32_t i = 1; i <= r->overrides.count; i++)
		if (!index_override(r, sto_pool_at(&r->overrides, i), i))
			return false;
	return true;
}

static void
show_override(const StoReplay *r, const Override *row, StoReplayOverride *out)
{
	out->entry_id = row->entry_id;
	out->number = row->number;
	out->code = (StoRuleCode) row->code;
	out->label = sto_text_at(&r->texts, row->label);
	out->detail = sto_text_at(&r->texts, row->detail);
}

bool
sto_replay_override(const StoReplay *r, size_t *at, StoReplayOverride *out)
{
	if (*at >= r->overrides.count)
		return false;
	show_override(r, sto_pool_at(&r->overrides, (uint32_t)++ * at), out);
	return true;
}

bool
sto_replay_find_override(const StoReplay *r, int64_t entry_id, int64_t number,
						 StoReplayOverride *out)
{
	uint64_t hash = override_hash(r, entry_id, (int) number);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&r->by_override, hash, &at)) != 0)
	{
		const Override *row = sto_pool_at(&r->overrides, found);

		if (row->entry_id != entry_id || row->number != number)
			continue;
		show_override(r, row, out);
		return true;
	}
	return false;
}

StoRuleFold *
sto_replay_rules(const StoReplay *r)
{
	return r->rules;
}
