/*
 * replay_hint.c
 *		What coming records need, brought into the processor's cache.
 *
 * An entry's rows are found one through another: index, wallet, position, party
 * and policy, key.  So a record is looked at four times on its way here, three
 * records apart, each time one step further; by then what the step before asked
 * for has come.  Nothing is taken for true that is found here.
 */
#include "bin/replay_state.h"

#include <string.h>

#define STEP 3
/* Where an entry's record has its fields (docs/format.md, "Entry"). */
#define AT_TAG 6 /* 'n' of "sto.entry", 'v' of "sto.event" */
#define AT_DEBIT 52
#define AT_CREDIT (AT_DEBIT + 1 + STO_ADDRESS_LEN)
#define AT_ORDER_ID (AT_CREDIT + 1 + STO_ADDRESS_LEN + STO_AMOUNT_LEN + STO_UUID_LEN)
#define CACHE_LINE 64

static void
fetch(const void *row, size_t len)
{
	const uint8_t *first = row;

	for (size_t at = 0; at < len; at += CACHE_LINE)
		__builtin_prefetch(first + at);
	__builtin_prefetch(first + len - 1); /* rows don't begin with lines */
}

/* The places in the index; NULL: the order names no such wallet. */
static void
look_first(const StoReplay *r, const uint8_t *debit, const uint8_t *credit, const uint8_t *order_id,
		   Hint *hint)
{
	const uint8_t *address[2] = {debit, credit};

	for (int i = 0; i < 2; i++)
	{
		hint->wallet[i] = 0;
		hint->hash[i] = address[i] == NULL ? 0 : sto_fold_address_hash(r, address[i]);
		if (hint->hash[i] != 0)
			sto_index_prefetch(&r->by_address, hint->hash[i]);
	}
	memcpy(hint->order_id, order_id, STO_UUID_LEN);
}

/* The wallets. */
static void
look_second(const StoReplay *r, Hint *hint)
{
	for (int i = 0; i < 2; i++)
	{
		uint32_t at = 0;

		if (hint->hash[i] == 0)
			continue;
		hint->wallet[i] = sto_index_next(&r->by_address, hint->hash[i], &at);
		if (hint->wallet[i] != 0)
			fetch(sto_pool_at(&r->wallets, hint->wallet[i]), sizeof(Wallet));
	}
}

/* Their positions and parties, and the debit wallet's policy. */
static void
look_third(const StoReplay *r, const Hint *hint)
{
	for (int i = 0; i < 2; i++)
	{
		const Wallet *wallet;

		if (hint->wallet[i] == 0)
			continue;
		wallet = sto_pool_at(&r->wallets, hint->wallet[i]);
		if (wallet->last_position != 0)
			fetch(sto_pool_at(&r->positions, wallet->last_position), sizeof(Position));
		fetch(sto_pool_at(&r->parties, wallet->party), CACHE_LINE);
		if (i == 0 && wallet->policy != 0)
			fetch(sto_pool_at(&r->policies, wallet->policy), CACHE_LINE);
	}
}

/* The policy's first key, and where the order's id would stand. */
static void
look_fourth(const StoReplay *r, const Hint *hint)
{
	const Wallet *wallet;
	const Party *party;
	uint64_t value[2];

	if (hint->wallet[0] == 0)
		return;
	wallet = sto_pool_at(&r->wallets, hint->wallet[0]);
	party = sto_pool_at(&r->parties, wallet->party);
	if (wallet->policy != 0)
	{
		const Policy *policy = sto_pool_at(&r->policies, wallet->policy);

		fetch(sto_pool_at(&r->keys, policy->keys[0]), 2 * CACHE_LINE);
	}
	memcpy(value, hint->order_id, STO_UUID_LEN);
	value[0] ^= party->order_mask[0];
	value[1] ^= party->order_mask[1];
	sto_set_prefetch(&r->orders, r->seed, value);
}

static void
step(StoReplay *r, const uint8_t *debit, const uint8_t *credit, const uint8_t *order_id)
{
	uint32_t n = r->hinted++;

	look_first(r, debit, credit, order_id, &r->hints[n % HINTS]);
	look_second(r, &r->hints[(n - STEP) % HINTS]);
	look_third(r, &r->hints[(n - 2 * STEP) % HINTS]);
	look_fourth(r, &r->hints[(n - 3 * STEP) % HINTS]);
}

/* An event needs nothing; its turn moves the others on all the same. */
static void
step_idle(StoReplay *r)
{
	static const uint8_t nothing[STO_UUID_LEN];

	step(r, NULL, NULL, nothing);
}

void
sto_replay_hint(StoReplay *r, const uint8_t *record, size_t len)
{
	bool credit;

	if (len < AT_ORDER_ID + STO_UUID_LEN || record[AT_TAG] != 'n' || record[AT_DEBIT] != 1)
	{
		step_idle(r);
		return;
	}
	/* without a credit wallet its id stands elsewhere: only the cache is the worse for it */
	credit = record[AT_CREDIT] == 1;
	step(r, record + AT_DEBIT + 1, credit ? record + AT_CREDIT + 1 : NULL, record + AT_ORDER_ID);
}

void
sto_replay_hint_parsed(StoReplay *r, const StoRecord *record)
{
	const StoOrder *o = &record->entry.order;

	if (record->kind == STO_RECORD_ENTRY && o->has_debit)
		step(r, o->debit, o->has_credit ? o->credit : NULL, o->order_id);
	else
		step_idle(r);
}
