/*
 * replay_hint.c
 *		What coming records need, brought into the processor's cache.
 *
 * An entry's rows are found one through another: index, wallet, position, party
 * and policy, key.  So all coming records are looked at four times, each time one
 * step further: what the step before asked for comes meanwhile.  Nothing is taken
 * for true that is found here.
 */
#include "bin/replay_state.h"

#include <string.h>

/* Where an entry's record has its fields (docs/format.md, "Entry"). */
#define AT_TAG 6 /* 'n' of "sto.entry", 'v' of "sto.event" */
#define AT_DEBIT 52
#define AT_CREDIT (AT_DEBIT + 1 + STO_ADDRESS_LEN)
#define AT_ORDERER (AT_CREDIT + 1 + STO_ADDRESS_LEN + STO_AMOUNT_LEN)
#define AT_ORDER_ID (AT_ORDERER + STO_UUID_LEN)
#define CACHE_LINE 64

/* A function that does nothing but prefetch is taken for one without effect, and left out. */
static void
fetch(const void *row, size_t len)
{
	const uint8_t *first = row;

	for (size_t at = 0; at < len; at += CACHE_LINE)
		__builtin_prefetch(first + at, 0, 2);
	__builtin_prefetch(first + len - 1, 0, 2); /* rows don't begin with lines */
	__asm__ volatile("" : : "r"(row));
}

/* The places in the index. */
static void
look_first(const StoReplay *r, const StoReplayComing *coming, Expected *e)
{
	const uint8_t *address[2] = {coming->debit, coming->credit};

	for (int i = 0; i < 2; i++)
	{
		e->hash[i] = address[i] == NULL ? 0 : sto_fold_address_hash(r, address[i]);
		if (e->hash[i] != 0)
			sto_index_prefetch(&r->by_address, e->hash[i]);
	}
}

/* The wallets. */
static void
look_second(const StoReplay *r, Expected *e)
{
	for (int i = 0; i < 2; i++)
	{
		uint32_t at = 0;

		e->wallet[i] = e->hash[i] == 0 ? 0 : sto_index_next(&r->by_address, e->hash[i], &at);
		if (e->wallet[i] != 0)
			fetch(sto_pool_at(&r->wallets, e->wallet[i]), sizeof(Wallet));
	}
}

/* Their positions and parties, and the policy of a debit wallet that nobody keeps: a custodian's
 * own is seen often enough. */
static void
look_third(const StoReplay *r, const Expected *e)
{
	for (int i = 0; i < 2; i++)
	{
		const Wallet *wallet;

		if (e->wallet[i] == 0)
			continue;
		wallet = sto_pool_at(&r->wallets, e->wallet[i]);
		if (wallet->last_position != 0)
			fetch(sto_pool_at(&r->positions, wallet->last_position), sizeof(Position));
		fetch(sto_pool_at(&r->parties, wallet->party), CACHE_LINE);
		if (i == 0 && wallet->policy != 0 && wallet->custodian == 0)
			fetch(sto_pool_at(&r->policies, wallet->policy), CACHE_LINE);
	}
}

/* That policy's first key, and where the order's id would stand. */
static void
look_fourth(const StoReplay *r, const StoReplayComing *coming, const Expected *e)
{
	const Wallet *wallet;
	const Party *orderer;
	uint64_t value[2];

	if (e->wallet[0] == 0)
		return;
	wallet = sto_pool_at(&r->wallets, e->wallet[0]);
	orderer = sto_pool_at(&r->parties, wallet->party);
	if (memcmp(orderer->uuid, coming->orderer, STO_UUID_LEN) != 0)
		orderer = sto_fold_party(r, coming->orderer, NULL);
	else if (wallet->policy != 0 && wallet->custodian == 0)
	{
		const Policy *policy = sto_pool_at(&r->policies, wallet->policy);

		fetch(sto_pool_at(&r->keys, policy->keys[0]), 2 * CACHE_LINE);
	}
	if (orderer == NULL)
		return;
	memcpy(value, coming->order_id, STO_UUID_LEN);
	value[0] ^= orderer->order_mask[0];
	value[1] ^= orderer->order_mask[1];
	sto_set_prefetch(&r->orders, r->seed, value);
}

void
sto_replay_expect(StoReplay *r, const StoReplayComing *coming, size_t count)
{
	r->expected_count = (uint32_t) count;
	r->expected_at = 0;
	for (size_t i = 0; i < count; i++)
		look_first(r, &coming[i], &r->expected[i]);
	for (size_t i = 0; i < count; i++)
		look_second(r, &r->expected[i]);
	for (size_t i = 0; i < count; i++)
		look_third(r, &r->expected[i]);
	for (size_t i = 0; i < count; i++)
		look_fourth(r, &coming[i], &r->expected[i]);
}

void
sto_replay_coming(const uint8_t *record, size_t len, StoReplayComing *out)
{
	memset(out, 0, sizeof(*out));
	if (len < AT_ORDER_ID + STO_UUID_LEN || record[AT_TAG] != 'n' || record[AT_DEBIT] != 1)
		return;
	out->debit = record + AT_DEBIT + 1;
	/* without a credit wallet its id stands elsewhere: only the cache is the worse for it */
	out->credit = record[AT_CREDIT] == 1 ? record + AT_CREDIT + 1 : NULL;
	out->orderer = record + AT_ORDERER;
	out->order_id = record + AT_ORDER_ID;
}

void
sto_replay_coming_parsed(const StoRecord *record, StoReplayComing *out)
{
	const StoOrder *o = &record->entry.order;

	memset(out, 0, sizeof(*out));
	if (record->kind != STO_RECORD_ENTRY || !o->has_debit)
		return;
	out->debit = o->debit;
	out->credit = o->has_credit ? o->credit : NULL;
	out->orderer = o->ordering_party;
	out->order_id = o->order_id;
}
