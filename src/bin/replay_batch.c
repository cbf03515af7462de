/*
 * replay_batch.c
 *		Lists of orders under one quorum's signature: count, sum and hash of what
 *		was posted are those that were signed, once.
 *
 * A list is posted by one statement, whose entries other sessions' entries may
 * lie between.  Its orders are kept until the last, then hashed: so a saved
 * state holds no half of a hash.
 */
#include "bin/replay_state.h"

#include "core/amount.h"
#include "core/hash.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ORDERS 65536 /* octets */

static Batch *
cited(const Posting *p, uint32_t *number)
{
	return sto_fold_batch(p->r, p->entry->authority_event, number);
}

void
sto_fold_batch_cited(Posting *p, const uint8_t *subject, int64_t policy_event)
{
	uint32_t number;
	const Batch *batch = cited(p, &number);
	const char *why = NULL;

	p->key_policy = policy_event;
	if (batch == NULL)
		why = "authority_event is not a batch";
	else if (batch->posted)
		why = "the batch was posted already";
	else if (batch->actor == 0 ||
			 memcmp(sto_fold_uuid_of(p->r, batch->actor), subject, STO_UUID_LEN) != 0)
		why = "the batch was signed by somebody who may not order this entry";
	else if (batch->token != p->token_row)
		why = "the batch is for another token";
	else if (batch->policy_event != policy_event)
		why = "the keys that signed the batch had changed";
	else if (p->entry->posted_at >= batch->usable_until)
		why = "the batch, or a key that signed it, was not valid any more";
	if (why != NULL)
		sto_fold_bad(p, STO_CHECK_BATCH, "%s", why);
}

OpenBatch *
sto_fold_open_add(StoReplay *r, uint32_t batch)
{
	OpenBatch *open;

	if (r->open_count == r->open_size)
	{
		uint32_t size = r->open_size == 0 ? 8 : r->open_size * 2;
		OpenBatch *all = realloc(r->open, size * sizeof(OpenBatch));

		if (all == NULL)
			return NULL;
		r->open = all;
		r->open_size = size;
	}
	open = &r->open[r->open_count++];
	memset(open, 0, sizeof(*open));
	open->batch = batch;
	return open;
}

static OpenBatch *
find_open(StoReplay *r, uint32_t batch)
{
	for (uint32_t i = 0; i < r->open_count; i++)
		if (r->open[i].batch == batch)
			return &r->open[i];
	return sto_fold_open_add(r, batch);
}

/* The last list's memory: lists are often as long as the one before. */
static void
take_spare(StoReplay *r, OpenBatch *open)
{
	open->orders = r->spare_orders;
	open->size = r->spare_size;
	r->spare_orders = NULL;
}

static bool
keep_order(const Posting *p, OpenBatch *open)
{
	StoWriter w;

	if (open->size - open->len < STO_ORDER_MAX)
	{
		/* a saved list comes back with no room to spare, and may be shorter than one order */
		size_t size = open->size * 2 + FIRST_ORDERS;
		uint8_t *orders;

		if (open->size == 0 && p->r->spare_orders != NULL)
			take_spare(p->r, open);
		else if ((orders = realloc(open->orders, size)) == NULL)
			return false;
		else
		{
			open->orders = orders;
			open->size = size;
		}
	}
	sto_writer_init(&w, open->orders + open->len, STO_ORDER_MAX);
	sto_put_order(&w, p->r->ledger_id, p->order);
	if (w.failed)
		sto_fold_bad(p, STO_CHECK_BATCH, "an order of the list is too long");
	else
		open->len += w.len;
	return true;
}

/* The list's last entry: is it the list that was signed? */
static bool
close_batch(const Posting *p, Batch *batch, OpenBatch *open)
{
	uint8_t hash[STO_DIGEST_LEN];
	StoReplay *r = p->r;

	if (!sto_sha256(open->orders, open->len, hash))
		return sto_fold_stop(r, p->entry->entry_id, "OpenSSL failed to hash");
	if (batch->total != batch->sum)
		sto_fold_bad(p, STO_CHECK_BATCH, "batch %lld: the sum posted is not the sum signed",
					 (long long) batch->event);
	if (memcmp(hash, batch->hash, STO_DIGEST_LEN) != 0)
		sto_fold_bad(p, STO_CHECK_BATCH, "batch %lld: the list posted is not the list signed",
					 (long long) batch->event);
	batch->posted = true;
	free(r->spare_orders);
	r->spare_orders = open->orders;
	r->spare_size = open->size;
	*open = r->open[--r->open_count];
	return true;
}

bool
sto_fold_batch_count(const Posting *p)
{
	uint32_t number;
	Batch *batch;
	OpenBatch *open;

	if (!p->entry->has_authority_event || sto_order_by_case(p->order) || p->legal != NULL)
		return true;
	batch = cited(p, &number);
	if (batch == NULL || batch->posted)
		return true; /* reported before */
	open = find_open(p->r, number);
	if (open == NULL || !keep_order(p, open))
		return sto_fold_stop(p->r, p->entry->entry_id, "there is no memory");
	if (!sto_amount_add(batch->total, p->order->amount, &batch->total))
		sto_fold_bad(p, STO_CHECK_BATCH, "the sum of a list leaves the range of 128 bits");
	return ++batch->seen != batch->count || close_batch(p, batch, open);
}

void
sto_fold_batches_end(StoReplay *r, bool whole)
{
	r->counts.pending_batches = r->open_count;
	for (uint32_t i = 0; whole && i < r->open_count; i++)
	{
		const Batch *batch = sto_pool_at(&r->batches, r->open[i].batch);

		sto_fold_problem(r, batch->event, STO_CHECK_BATCH,
						 "the list was posted in part: %lld of %lld entries",
						 (long long) batch->seen, (long long) batch->count);
	}
}
