/*
 * promise.c
 *		Promises: asked for by sessions, signed by the worker.
 *
 * A session can ask for nothing but an id.  What is signed is made by the
 * worker from the row that it finds committed, so nobody can have anything
 * else signed.  All who wait are served with one flush.
 */
#include "postgres.h"

#include "log/promise.h"

#include "core/receipt.h"
#include "errors.h"
#include "ledger/columns.h"
#include "ledger/facts.h"
#include "ledger/store.h"
#include "log/checkpoint.h"
#include "log/cosign.h"
#include "log/log_key.h"
#include "log/slot.h"
#include "log/ticks.h"
#include "types/types.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "commands/dbcommands.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

PG_FUNCTION_INFO_V1(sto_promise);
PG_FUNCTION_INFO_V1(sto_verify_promise);

#define PATIENCE_MS 30000

/* The worker's side */

bool
sto_promise_wanted(void)
{
	bool wanted = false;

	LWLockAcquire(sto_slots_lock, LW_SHARED);
	for (int i = 0; i < STO_ASKS && !wanted; i++)
		wanted = sto_my_slot->asks[i].state == STO_ASK_WAITING;
	LWLockRelease(sto_slots_lock);
	return wanted;
}

static bool
committed_leaf(StoRel rel, StoIndex index, int attno, int64 entry_id, StoHash *leaf)
{
	Datum key = Int64GetDatum(entry_id);
	StoRow row;
	bool isnull;

	if (sto_store_find(rel, index, 1, &key, &row))
		memcpy(leaf, DatumGetStoOctets(sto_row_get(&row, attno, &isnull)), sizeof(*leaf));
	sto_row_close(&row);
	return row.found;
}

static int
take(StoAsk *taken, int *numbers)
{
	int count = 0;

	LWLockAcquire(sto_slots_lock, LW_EXCLUSIVE);
	for (int i = 0; i < STO_ASKS; i++)
	{
		StoAsk *ask = &sto_my_slot->asks[i];

		if (ask->state != STO_ASK_WAITING)
			continue;
		ask->state = STO_ASK_TAKEN;
		numbers[count] = i;
		taken[count] = *ask;
		taken[count++].answer = STO_ANSWER_FAILED;
	}
	LWLockRelease(sto_slots_lock);
	return count;
}

static void
give(const StoAsk *answered, const int *numbers, int count)
{
	LWLockAcquire(sto_slots_lock, LW_EXCLUSIVE);
	for (int i = 0; i < count; i++)
	{
		StoAsk *ask = &sto_my_slot->asks[numbers[i]];
		bool left = ask->state == STO_ASK_LEFT;

		*ask = answered[i];
		ask->state = left ? STO_ASK_FREE : STO_ASK_ANSWERED;
	}
	LWLockRelease(sto_slots_lock);
	ConditionVariableBroadcast(&sto_my_slot->changed);
}

static void
sign(const StoSigning *signing, StoAsk *ask)
{
	char text[STO_PROMISE_TEXT_MAX];
	size_t len;

	ask->time = GetCurrentTimestamp() + STO_EPOCH_SHIFT;
	ask->key = signing->key.key;
	len = sto_promise_print(signing->name, strlen(signing->name), ask->entry_id, &ask->leaf,
							ask->time, text);
	if (len == 0)
		elog(ERROR, "could not print a promise");
	sto_signing_sign(text, len, ask->signature);
	ask->answer = STO_ANSWER_SIGNED;
}

static void
answer(StoAsk *asks, int count)
{
	StoSigning signing;
	int found = 0;

	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	sto_signing_look(&signing);
	for (int i = 0; i < count; i++)
	{
		StoAsk *ask = &asks[i];
		bool there = committed_leaf(STO_REL_TRANSFER, STO_IDX_TRANSFER, TRANSFER_LEAF_HASH,
									ask->entry_id, &ask->leaf) ||
					 committed_leaf(STO_REL_EVENT, STO_IDX_EVENT, EVENT_LEAF_HASH, ask->entry_id,
									&ask->leaf);

		ask->answer = there ? STO_ANSWER_REFUSED : STO_ANSWER_NO_ENTRY;
		found += there;
	}
	PopActiveSnapshot();
	CommitTransactionCommand();
	if (!signing.ready || found == 0)
		return;

	/* whoever committed them may not have waited for their WAL */
	sto_make_durable();
	for (int i = 0; i < count; i++)
		if (asks[i].answer == STO_ANSWER_REFUSED)
			sign(&signing, &asks[i]);
}

static void
answer_and_give(StoAsk *asks, const int *numbers, int count)
{
	PG_TRY();
	{
		answer(asks, count);
	}
	PG_CATCH();
	{
		give(asks, numbers, count);
		PG_RE_THROW();
	}
	PG_END_TRY();
	give(asks, numbers, count);
}

void
sto_promise_serve(void)
{
	StoAsk asks[STO_ASKS];
	int numbers[STO_ASKS];
	int count = take(asks, numbers);

	if (count > 0)
		answer_and_give(asks, numbers, count);
}

/* The session's side */

pg_attribute_noreturn() static void no_worker(void)
{
	ereport(ERROR, (errcode(ERRCODE_STO_NO_WORKER),
					errmsg("no worker seals database \"%s\"", get_database_name(MyDatabaseId)),
					errhint("It needs shared_preload_libraries = 'sto_ledger', the database's name "
							"in sto_ledger.seal_databases, and a server that is not a standby.")));
}

/* A free place in the queue; NULL: none at present. */
static StoAsk *
ask_for(int64 entry_id, StoSlot **slot)
{
	StoAsk *ask = NULL;

	LWLockAcquire(sto_slots_lock, LW_EXCLUSIVE);
	*slot = sto_slot_of(MyDatabaseId);
	if (*slot == NULL || (*slot)->pid == 0)
	{
		LWLockRelease(sto_slots_lock);
		no_worker();
	}
	for (int i = 0; i < STO_ASKS && ask == NULL; i++)
		if ((*slot)->asks[i].state == STO_ASK_FREE)
			ask = &(*slot)->asks[i];
	if (ask != NULL)
	{
		memset(ask, 0, sizeof(*ask));
		ask->state = STO_ASK_WAITING;
		ask->entry_id = entry_id;
		if ((*slot)->latch != NULL)
			SetLatch((*slot)->latch);
	}
	LWLockRelease(sto_slots_lock);
	return ask;
}

/* The answer, if it is there; *gone: nobody will give one. */
static bool
fetch(const StoSlot *slot, const StoAsk *ask, StoAsk *out, bool *gone)
{
	LWLockAcquire(sto_slots_lock, LW_SHARED);
	*out = *ask;
	*gone = slot->pid == 0;
	/* the slot may be another database's by now, whose worker answers for that one */
	if (slot->database != MyDatabaseId)
	{
		*gone = true;
		out->state = STO_ASK_FREE;
	}
	LWLockRelease(sto_slots_lock);
	return out->state == STO_ASK_ANSWERED;
}

/* Leave the queue, in whatever way the session goes on or ends. */
static void
leave(int code, Datum arg)
{
	StoAsk *ask = (StoAsk *) DatumGetPointer(arg);

	LWLockAcquire(sto_slots_lock, LW_EXCLUSIVE);
	ask->state = ask->state == STO_ASK_TAKEN ? STO_ASK_LEFT : STO_ASK_FREE;
	LWLockRelease(sto_slots_lock);
}

static void
wait_until(StoSlot *slot, int64 end)
{
	long ms = sto_ticks_left(end);

	if (ms == 0)
		ereport(ERROR, (errcode(ERRCODE_STO_NO_WORKER),
						errmsg("the worker gave no promise within %d s", PATIENCE_MS / 1000),
						errhint("See sto.worker_status.  The entry is not affected.")));
	/* now and then without being told: the worker may have died in between */
	(void) ConditionVariableTimedSleep(&slot->changed, Min(ms, 1000), PG_WAIT_EXTENSION);
}

/* False: the worker is gone. */
static bool
wait_for_answer(StoSlot *slot, StoAsk *ask, int64 end, StoAsk *out)
{
	bool gone = false;

	PG_ENSURE_ERROR_CLEANUP(leave, PointerGetDatum(ask));
	{
		while (!fetch(slot, ask, out, &gone) && !gone)
			wait_until(slot, end);
	}
	PG_END_ENSURE_ERROR_CLEANUP(leave, PointerGetDatum(ask));
	ConditionVariableCancelSleep();
	leave(0, PointerGetDatum(ask));
	/* somebody may wait for the place */
	ConditionVariableBroadcast(&slot->changed);
	return out->state == STO_ASK_ANSWERED;
}

static void
ask_and_wait(int64 entry_id, StoAsk *out)
{
	int64 end = sto_ticks() + PATIENCE_MS;
	StoSlot *slot;
	StoAsk *ask;

	while ((ask = ask_for(entry_id, &slot)) == NULL)
		wait_until(slot, end);
	if (!wait_for_answer(slot, ask, end, out))
		no_worker();
}

static text *
promise_note(const char *name, const StoAsk *ask)
{
	char note[STO_PROMISE_TEXT_MAX + 1 + STO_NOTE_LINE_MAX];
	size_t len = sto_promise_print(name, strlen(name), ask->entry_id, &ask->leaf, ask->time, note);
	StoNoteKey key;
	const char *why;

	if (len == 0 || !sto_note_key_make(name, strlen(name), STO_NOTE_ED25519, &ask->key, &key, &why))
		elog(ERROR, "could not print a promise");
	note[len++] = '\n';
	len += sto_note_line_print(&key, ask->signature, sizeof(ask->signature), note + len);
	return cstring_to_text_with_len(note, len);
}

pg_attribute_noreturn() static void no_promise(const StoAsk *ask)
{
	if (ask->answer == STO_ANSWER_NO_ENTRY)
		ereport(ERROR, (errcode(ERRCODE_STO_NO_SUCH_LEAF),
						errmsg("no entry %lld is committed", (long long) ask->entry_id),
						errhint("Commit first: nothing is promised that could be rolled back.")));
	if (ask->answer == STO_ANSWER_REFUSED)
		ereport(ERROR,
				(errcode(ERRCODE_STO_SIGNING_REFUSED), errmsg("nothing is signed at present"),
				 errhint("sto.worker_status says why.")));
	ereport(ERROR, (errcode(ERRCODE_STO_NO_WORKER), errmsg("the worker could not sign the promise"),
					errhint("The server's log says why.")));
}

/*
 * sto.promise(entry_id bigint) returns text
 *
 * A signed note: this entry or event is durable and will be sealed under its
 * id (docs/format.md, "Promise").
 *
 * Errors: ST402 the ledger is not open; ST502 no such entry is committed;
 * ST503 the worker signs nothing at present; ST506 no worker, or no answer.
 */
Datum
sto_promise(PG_FUNCTION_ARGS)
{
	int64 entry_id = PG_GETARG_INT64(0);
	char name[STO_NOTE_NAME_MAX + 1];
	StoLedgerFact ledger;
	StoAsk ask;

	if (sto_slots == NULL || RecoveryInProgress())
		no_worker();
	sto_fact_ledger(&ledger);
	if (!sto_log_name(name))
		elog(ERROR, "the ledger has no name");

	ask_and_wait(entry_id, &ask);
	if (ask.answer != STO_ANSWER_SIGNED)
		no_promise(&ask);
	PG_RETURN_TEXT_P(promise_note(name, &ask));
}

/*
 * sto.verify_promise(note text, vkey text) returns boolean
 *
 * Is this a promise with a good signature of this key?  Needs no ledger.
 *
 * Errors: 22023 the key is malformed; 38000 if OpenSSL failed.  A malformed
 * note is no promise: false.
 */
Datum
sto_verify_promise(PG_FUNCTION_ARGS)
{
	text *arg = PG_GETARG_TEXT_PP(0);
	StoNoteKey key;
	StoNote note;
	StoPromise promise;
	StoCheck check;
	const char *why;
	bool found;

	sto_text_vkey(PG_GETARG_TEXT_PP(1), &key);
	if (key.type != STO_NOTE_ED25519 ||
		!sto_note_parse(VARDATA_ANY(arg), sto_note_len(VARDATA_ANY(arg), VARSIZE_ANY_EXHDR(arg)),
						&note, &why) ||
		!sto_promise_parse(note.text, note.text_len, &promise, &why) ||
		promise.origin_len != key.name_len || memcmp(promise.origin, key.name, key.name_len) != 0)
		PG_RETURN_BOOL(false);
	check = sto_note_check(&note, &key, &found, NULL);
	if (check == STO_CHECK_FAILED)
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
						errmsg("could not verify a signature")));
	PG_RETURN_BOOL(found && check == STO_CHECK_GOOD);
}
