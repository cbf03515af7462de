/*
 * replay_close.c
 *		The daily close: one Merkle root over what every position is.
 */
#include "bin/replay_state.h"

#include "core/merkle.h"
#include "core/receipt.h"

#include <stdlib.h>
#include <string.h>

/* Positions in the order of a close: by wallet, then token. */
typedef struct CloseKey
{
	uint8_t octets[STO_ADDRESS_LEN + STO_UUID_LEN];
	uint32_t position;
} CloseKey;

static int
compare_keys(const void *a, const void *b)
{
	return memcmp(((const CloseKey *) a)->octets, ((const CloseKey *) b)->octets,
				  STO_ADDRESS_LEN + STO_UUID_LEN);
}

static void
fill_key(const StoReplay *r, uint32_t number, CloseKey *key)
{
	const Position *position = sto_pool_at(&r->positions, number);

	memcpy(key->octets, ((const Wallet *) sto_pool_at(&r->wallets, position->wallet))->address,
		   STO_ADDRESS_LEN);
	memcpy(key->octets + STO_ADDRESS_LEN,
		   ((const Token *) sto_pool_at(&r->tokens, position->token))->uuid, STO_UUID_LEN);
	key->position = number;
}

/* Sort the positions that came since the last close, and merge them with the others. */
static bool
sort_positions(StoReplay *r)
{
	uint32_t old = r->sorted_count;
	uint32_t fresh = r->positions.count - old;
	uint32_t *merged;
	CloseKey *keys;
	CloseKey present;
	uint32_t i = 0;
	uint32_t j = 0;

	if (fresh == 0)
		return true;
	keys = malloc(fresh * sizeof(CloseKey));
	merged = malloc((size_t) r->positions.count * sizeof(uint32_t));
	if (keys == NULL || merged == NULL)
	{
		free(keys);
		free(merged);
		return false;
	}
	for (uint32_t n = 0; n < fresh; n++)
		fill_key(r, old + 1 + n, &keys[n]);
	qsort(keys, fresh, sizeof(CloseKey), compare_keys);
	if (old > 0)
		fill_key(r, r->sorted[0], &present);
	while (i < old || j < fresh)
	{
		if (j == fresh || (i < old && compare_keys(&present, &keys[j]) < 0))
		{
			merged[i + j] = r->sorted[i];
			i++;
			if (i < old)
				fill_key(r, r->sorted[i], &present);
		}
		else
		{
			merged[i + j] = keys[j].position;
			j++;
		}
	}
	free(keys);
	free(r->sorted);
	r->sorted = merged;
	r->sorted_count = r->positions.count;
	return true;
}

static bool
close_root(StoReplay *r, StoHash *root)
{
	StoFrontier frontier;

	sto_frontier_init(&frontier);
	for (uint32_t i = 0; i < r->sorted_count; i++)
	{
		const Position *position = sto_pool_at(&r->positions, r->sorted[i]);
		const Wallet *wallet = sto_pool_at(&r->wallets, position->wallet);
		const Token *token = sto_pool_at(&r->tokens, position->token);
		StoSide side = {.present = true,
						.has_prev = true,
						.seq = position->seq,
						.balance = position->balance,
						.held = position->held};
		StoHash leaf;

		memcpy(side.prev, position->head, STO_DIGEST_LEN);
		if (!sto_close_leaf(wallet->address, token->uuid, wallet->salt, &side, &leaf) ||
			!sto_frontier_append(&frontier, &leaf))
			return false;
	}
	return sto_frontier_root(&frontier, root);
}

/* Its content follows from the log alone, so nobody signs it. */
bool
sto_fold_close(Act *act)
{
	StoReplay *r = act->r;
	Notice *notice = sto_fold_notice(act);
	int64_t count = act->body.value[STO_F_COUNT].integer;
	StoHash root;

	if (notice == NULL)
		return false;
	notice->number = count;
	memcpy(notice->digest, act->body.value[STO_F_ROOT].octets, STO_DIGEST_LEN);
	r->counts.closes++;
	if (!sort_positions(r) || !close_root(r, &root))
		return sto_fold_stop(r, act->event->entry_id, "there is no memory, or OpenSSL failed");
	if (count != r->sorted_count)
		sto_fold_refuse(act, STO_CHECK_CLOSE, "it counts %lld positions; there are %u",
						(long long) count, r->sorted_count);
	if (memcmp(root.octets, notice->digest, STO_DIGEST_LEN) != 0)
		sto_fold_refuse(act, STO_CHECK_CLOSE, "its root is not that of the positions");
	return true;
}
