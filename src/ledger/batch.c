/*
 * batch.c
 *		Lists of orders under one quorum's signature.
 *
 * A batch event states count, sum and SHA-256 over the order messages of a
 * list.  Its entries carry no signature but cite the event; the list's last
 * entry compares all three.  A list is posted by one statement, whole.
 */
#include "postgres.h"

#include "ledger/batch.h"
#include "ledger/store.h"

#include "core/amount.h"
#include "core/hash.h"
#include "errors.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* A list that is being posted. */
typedef struct OpenBatch
{
	struct OpenBatch *next;
	int64 batch_event;
	SubTransactionId subid; /* where it was begun */
	int64 policy_event;
	int64 count;
	StoAmount sum;
	int64 usable_until;
	uint8_t actor[STO_UUID_LEN];
	uint8_t token_id[STO_UUID_LEN];
	uint8_t hash[STO_DIGEST_LEN];
	bool posted;
	/* so far */
	int64 seen;
	StoAmount total;
	StoSha256 *running;
} OpenBatch;

static OpenBatch *open_batches = NULL; /* in TopMemoryContext: OpenSSL's half must be freed */

static void
forget(OpenBatch **link)
{
	OpenBatch *batch = *link;

	*link = batch->next;
	sto_sha256_free(batch->running);
	pfree(batch);
}

static OpenBatch *
find_open(int64 batch_event)
{
	for (OpenBatch *b = open_batches; b != NULL; b = b->next)
		if (b->batch_event == batch_event)
			return b;
	return NULL;
}

static void
read_batch(const StoRow *row, OpenBatch *batch)
{
	bool isnull;
	Datum until;

	batch->policy_event = DatumGetInt64(sto_row_get(row, BATCH_POLICY_EVENT, &isnull));
	batch->count = DatumGetInt64(sto_row_get(row, BATCH_COUNT, &isnull));
	memcpy(&batch->sum, DatumGetPointer(sto_row_get(row, BATCH_SUM, &isnull)), STO_AMOUNT_LEN);
	until = sto_row_get(row, BATCH_USABLE_UNTIL, &isnull);
	batch->usable_until = isnull ? PG_INT64_MAX : StoTimeFromTimestamp(DatumGetTimestampTz(until));
	memcpy(batch->actor, DatumGetPointer(sto_row_get(row, BATCH_ACTOR, &isnull)), STO_UUID_LEN);
	memcpy(batch->token_id, DatumGetPointer(sto_row_get(row, BATCH_TOKEN_ID, &isnull)),
		   STO_UUID_LEN);
	memcpy(batch->hash, DatumGetPointer(sto_row_get(row, BATCH_HASH, &isnull)), STO_DIGEST_LEN);
	batch->posted = DatumGetBool(sto_row_get(row, BATCH_POSTED, &isnull));
}

/* The list of this event, begun now if it is the first entry that cites it; NULL if unknown. */
static OpenBatch *
open_batch(int64 batch_event)
{
	OpenBatch *batch = find_open(batch_event);
	Datum key = Int64GetDatum(batch_event);
	StoRow row;
	bool found;

	if (batch != NULL)
		return batch;

	/* locked, so that two sessions can't both post the list */
	found = sto_store_find_lock(STO_REL_BATCH, STO_IDX_BATCH, 1, &key, &row);
	if (found)
	{
		batch = MemoryContextAllocZero(TopMemoryContext, sizeof(OpenBatch));
		batch->batch_event = batch_event;
		batch->subid = GetCurrentSubTransactionId();
		batch->next = open_batches;
		open_batches = batch;
		read_batch(&row, batch);
		batch->running = sto_sha256_new();
		if (batch->running == NULL || !sto_sha256_init(batch->running))
			ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
							errmsg("could not begin a hash: OpenSSL failed")));
	}
	sto_row_close(&row);
	return batch;
}

static StoRefusal
refuse(const char *message, const char *hint)
{
	StoRefusal refusal = {ERRCODE_STO_BATCH_MISMATCH, message, NULL, hint};

	return refusal;
}

StoRefusal
sto_batch_authorise(StoPosting *p, const uint8_t subject[STO_UUID_LEN], int64 policy_event)
{
	OpenBatch *batch = open_batch(p->entry.authority_event);
	StoRefusal good = {0};

	if (batch == NULL)
		return refuse("authority_event is not a batch", NULL);
	if (batch->posted)
		return refuse("the batch was posted already", NULL);
	if (memcmp(batch->actor, subject, STO_UUID_LEN) != 0)
		return refuse("the batch was signed by somebody who may not order this entry", NULL);
	if (memcmp(batch->token_id, p->entry.order.token_id, STO_UUID_LEN) != 0)
		return refuse("the batch is for another token", NULL);
	if (batch->policy_event != policy_event)
		return refuse("the keys that signed the batch have changed since",
					  "Sign a new batch event with the present keys.");
	p->entry.has_key_policy = true;
	p->entry.key_policy = policy_event;
	p->keys_to = batch->usable_until;
	return good;
}

static void
mark_posted(int64 batch_event)
{
	Datum key = Int64GetDatum(batch_event);
	Datum values[BATCH_COLUMNS];
	bool nulls[BATCH_COLUMNS] = {false};
	bool replaces[BATCH_COLUMNS] = {false};
	StoRow row;

	if (!sto_store_find(STO_REL_BATCH, STO_IDX_BATCH, 1, &key, &row))
		elog(ERROR, "batch " INT64_FORMAT " has gone", batch_event);
	values[BATCH_POSTED - 1] = BoolGetDatum(true);
	replaces[BATCH_POSTED - 1] = true;
	sto_store_update(&row, values, nulls, replaces);
	sto_row_close(&row);
}

/* Drop a list that is done with; should it be cited again, its row says that it was posted. */
static void
forget_batch(OpenBatch *batch)
{
	OpenBatch **link = &open_batches;

	while (*link != batch)
		link = &(*link)->next;
	forget(link);
}

static void
close_batch(OpenBatch *batch)
{
	uint8_t hash[STO_DIGEST_LEN];

	if (!sto_sha256_final(batch->running, hash))
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
						errmsg("could not end a hash: OpenSSL failed")));
	if (batch->total != batch->sum || memcmp(hash, batch->hash, STO_DIGEST_LEN) != 0)
	{
		char total[STO_AMOUNT_TEXT_MAX];
		char sum[STO_AMOUNT_TEXT_MAX];

		sto_amount_print(batch->total, total);
		sto_amount_print(batch->sum, sum);
		ereport(ERROR,
				(errcode(ERRCODE_STO_BATCH_MISMATCH),
				 errmsg("the list posted is not the list that was signed"),
				 errdetail("Batch event " INT64_FORMAT ": %s units posted, %s signed; the hash of "
						   "the orders %s.",
						   batch->batch_event, total, sum,
						   memcmp(hash, batch->hash, STO_DIGEST_LEN) == 0 ? "agrees" : "differs"),
				 errhint("Post the orders in the order in which they were hashed.")));
	}
	mark_posted(batch->batch_event);
	forget_batch(batch);
}

void
sto_batch_add(const StoPosting *p)
{
	OpenBatch *batch;
	uint8_t message[STO_ORDER_MAX];
	StoWriter w;

	if (!p->entry.has_authority_event || p->legal != NULL)
		return;
	batch = find_open(p->entry.authority_event);
	/* only so can a rolled-back savepoint drop the list as a whole */
	if (batch->subid != GetCurrentSubTransactionId())
		ereport(ERROR, (errcode(ERRCODE_STO_BATCH_MISMATCH),
						errmsg("a batch must be posted by one statement")));

	sto_writer_init(&w, message, sizeof(message));
	sto_put_order(&w, p->ledger.ledger_id, &p->entry.order);
	if (w.failed || !sto_sha256_update(batch->running, message, w.len))
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
						errmsg("could not hash an order of a batch")));
	if (!sto_amount_add(batch->total, p->entry.order.amount, &batch->total))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("the sum of a batch would leave the range of 128 bits")));
	if (++batch->seen == batch->count)
		close_batch(batch);
}

void
sto_batch_check_complete(void)
{
	OpenBatch **link = &open_batches;

	while (*link != NULL)
	{
		OpenBatch *batch = *link;

		/* a list of which nothing was added: its entries were all repeated, or refused */
		if (batch->seen != 0)
			ereport(ERROR,
					(errcode(ERRCODE_STO_BATCH_MISMATCH), errmsg("a batch was posted in part"),
					 errdetail("Batch event " INT64_FORMAT ": " INT64_FORMAT " of " INT64_FORMAT
							   " entries.",
							   batch->batch_event, batch->seen, batch->count),
					 errhint("Post the whole list in one statement.")));
		forget(link);
	}
}

void
sto_batch_forget(SubTransactionId subid)
{
	OpenBatch **link = &open_batches;

	while (*link != NULL)
		if ((*link)->subid >= subid)
			forget(link);
		else
			link = &(*link)->next;
}

void
sto_batch_subxact_commit(SubTransactionId subid, SubTransactionId parent)
{
	for (OpenBatch *b = open_batches; b != NULL; b = b->next)
		if (b->subid >= subid)
			b->subid = parent;
}
