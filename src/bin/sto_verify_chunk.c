/*
 * sto_verify_chunk.c
 *		What can be done with a chunk by any thread once it is folded: leaves out of
 *		a database's columns, digests of sides, signatures.
 */
#include "bin/sto_verify.h"

#include <stdlib.h>
#include <string.h>

/* A signature or key to check, with copies of what it is about; msg is an offset into messages. */
typedef struct CheckJob
{
	int64_t entry_id;
	const char *what;
	StoKey key;
	size_t msg;
	size_t len;
	bool has_sig;
	uint8_t sig[STO_SIG_LEN];
} CheckJob;

/* Room for one more of `width` octets. */
static bool
grow(void **list, int count, int *size, size_t width)
{
	int bigger = *size == 0 ? CHUNK_ROWS : 2 * *size;
	void *list_now;

	if (count < *size)
		return true;
	if ((list_now = realloc(*list, (size_t) bigger * width)) == NULL)
		return false;
	*list = list_now;
	*size = bigger;
	return true;
}

static bool
keep_message(Work *work, const uint8_t *msg, size_t len)
{
	if (work->message_len + len > work->message_size)
	{
		size_t size = 2 * (work->message_len + len) + 65536;
		uint8_t *bigger = realloc(work->messages, size);

		if (bigger == NULL)
			return false;
		work->messages = bigger;
		work->message_size = size;
	}
	if (len > 0)
		memcpy(work->messages + work->message_len, msg, len);
	work->message_len += len;
	return true;
}

void
work_take_check(void *context, const StoReplayCheck *check)
{
	Work *work = *(Work **) context;
	CheckJob *job;

	if (!grow((void **) &work->checks, work->check_count, &work->check_size, sizeof(CheckJob)) ||
		!keep_message(work, check->msg, check->len))
	{
		work->failed = true;
		return;
	}
	job = &work->checks[work->check_count++];
	job->entry_id = check->entry_id;
	job->what = check->what;
	job->key = *check->key;
	job->msg = work->message_len - check->len;
	job->len = check->len;
	job->has_sig = check->sig != NULL;
	if (job->has_sig)
		memcpy(job->sig, check->sig, STO_SIG_LEN);
}

void
work_take_side(void *context, const StoReplaySide *side)
{
	Work *work = *(Work **) context;

	/* a database's rows have columns instead, compared as they are folded */
	if (!work->shop->sides)
		return;
	if (grow((void **) &work->side_list, work->side_count, &work->side_size, sizeof(*side)))
		work->side_list[work->side_count++] = *side;
	else
		work->failed = true;
}

/* OpenSSL failed: nothing is known. */
static void
no_answer(const WorkShop *shop)
{
	report_unsure(shop->report, "OpenSSL failed, or no memory is left");
}

static void
check_leaf(const Work *work, int i)
{
	static const uint8_t nil[STO_UUID_LEN];
	const WorkShop *shop = work->shop;
	const Row *row = &work->chunk.rows[i];
	const Columns *columns = &work->chunk.columns[i];
	uint8_t leaf[STO_DIGEST_LEN];
	bool ok;

	if (!row->readable)
		return;
	if (columns->record.kind == STO_RECORD_EVENT)
	{
		/* genesis makes the ledger's id, so it has none */
		bool is_genesis = work->chunk.first + i == 0;

		ok = sto_event_leaf(is_genesis ? nil : shop->ledger_id, &columns->record.event, leaf);
	}
	else
	{
		StoEntry entry = columns->record.entry;

		if ((columns->debit.present && !work->has_salt[i][0]) ||
			(columns->credit.present && !work->has_salt[i][1]))
		{
			report_problem(shop->report, row->id, CHECK_LEAF,
						   "it moves a wallet that is not registered, whose salt nobody knows");
			return;
		}
		entry.debit = columns->debit;
		entry.credit = columns->credit;
		ok = sto_entry_leaf(shop->ledger_id, &entry, work->salts[i][0], work->salts[i][1], leaf);
	}
	if (!ok)
		no_answer(shop);
	else if (!row->has_leaf)
		report_problem(shop->report, row->id, CHECK_LEAF, "its leaf_hash is null");
	else if (memcmp(leaf, row->leaf.octets, STO_DIGEST_LEN) != 0)
		report_problem(shop->report, row->id, CHECK_LEAF,
					   "leaf_hash is not the hash of the row's columns");
}

/* Digests of a chunk's sides, as many at once as an entry bundle has. */
static void
check_sides(const Work *work, int first, int count)
{
	const StoReplaySide *sides = work->side_list + first;
	StoHashInput inputs[2 * CHUNK_ROWS] = {{0}};
	uint8_t digests[2 * CHUNK_ROWS][STO_DIGEST_LEN];

	for (int i = 0; i < count; i++)
		inputs[i] = (StoHashInput){sides[i].preimage, sides[i].len, digests[i]};
	if (!sto_hash_all(STO_NO_PREFIX, inputs, (size_t) count))
	{
		no_answer(work->shop);
		return;
	}
	for (int i = 0; i < count; i++)
		if (memcmp(digests[i], sides[i].expected, STO_DIGEST_LEN) != 0)
			report_problemf(work->shop->report, sides[i].entry_id, STO_CHECK_SIDE,
							"%s side's digest is not that of what earlier entries give",
							sides[i].credit ? "credit" : "debit");
}

static void
check_signature(const Work *work, const CheckJob *job)
{
	StoReplayCheck check = {.entry_id = job->entry_id,
							.what = job->what,
							.key = &job->key,
							.msg = work->messages + job->msg,
							.len = job->len,
							.sig = job->has_sig ? job->sig : NULL};
	bool failed = false;
	const char *why = sto_replay_check_run(&check, &failed);

	if (failed)
		no_answer(work->shop);
	else if (why != NULL)
		report_problemf(work->shop->report, job->entry_id,
						job->has_sig ? STO_CHECK_SIGNATURE : STO_CHECK_KEY, "%s: %s", job->what,
						why);
}

void
work_finish(Task *task)
{
	Work *work = (Work *) ((char *) task - offsetof(Work, finish));
	const WorkShop *shop = work->shop;
	int signatures = 0;

	for (int i = 0; i < work->chunk.count && shop->database; i++)
		check_leaf(work, i);
	for (int i = 0; i < work->side_count; i += 2 * CHUNK_ROWS)
		check_sides(work, i,
					work->side_count - i < 2 * CHUNK_ROWS ? work->side_count - i : 2 * CHUNK_ROWS);
	for (int i = 0; i < work->check_count; i++)
	{
		check_signature(work, &work->checks[i]);
		signatures += work->checks[i].has_sig;
	}
	if (work->failed || work->chunk.failed)
		no_answer(shop);
	report_examined(shop->report, CHECK_LEAF, work->chunk.count, "records");
	if (signatures > 0)
		report_examined(shop->report, STO_CHECK_SIGNATURE, signatures, "signatures");
}

void
work_clear(Work *work)
{
	chunk_clear(&work->chunk);
	work->check_count = 0;
	work->side_count = 0;
	work->message_len = 0;
	work->failed = false;
	work->busy = false;
}

void
work_free(Work *work)
{
	if (work == NULL)
		return;
	work_clear(work);
	chunk_free(&work->chunk);
	free(work->checks);
	free(work->messages);
	free(work->side_list);
	free(work);
}
