/*
 * slot.c
 *		Shared memory of the sealing workers.
 */
#include "postgres.h"

#include "log/slot.h"

#include "access/htup_details.h"
#include "catalog/pg_authid.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(sto_worker_status);

#define TRANCHE "sto_ledger"

StoSlots *sto_slots = NULL;
LWLock *sto_slots_lock = NULL;
StoSlot *sto_my_slot = NULL;

static shmem_request_hook_type next_request = NULL;
static shmem_startup_hook_type next_startup = NULL;

static const char *
state_name(StoWorkerState state)
{
	static const char *const names[] = {
		[STO_WORKER_STARTING] = "starting", [STO_WORKER_IDLE] = "idle",
		[STO_WORKER_SEALING] = "sealing",   [STO_WORKER_UNSIGNED] = "unsigned",
		[STO_WORKER_REFUSING] = "refusing", [STO_WORKER_FAILING] = "failing",
	};

	return names[state];
}

static void
request(void)
{
	if (next_request != NULL)
		next_request();
	RequestAddinShmemSpace(MAXALIGN(sizeof(StoSlots)));
	RequestNamedLWLockTranche(TRANCHE, 1);
}

/* Also after a crash, when every process and all shared memory begins anew. */
static void
startup(void)
{
	bool found;

	if (next_startup != NULL)
		next_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	sto_slots = ShmemInitStruct(TRANCHE, sizeof(StoSlots), &found);
	sto_slots_lock = &GetNamedLWLockTranche(TRANCHE)->lock;
	if (!found)
	{
		memset(sto_slots, 0, sizeof(StoSlots));
		for (int i = 0; i < STO_SLOTS; i++)
			ConditionVariableInit(&sto_slots->slot[i].changed);
	}
	LWLockRelease(AddinShmemInitLock);
}

void
sto_slots_init(void)
{
	next_request = shmem_request_hook;
	shmem_request_hook = request;
	next_startup = shmem_startup_hook;
	shmem_startup_hook = startup;
}

StoSlot *
sto_slot_of(Oid database)
{
	for (int i = 0; i < STO_SLOTS; i++)
		if (sto_slots->slot[i].database == database)
			return &sto_slots->slot[i];
	return NULL;
}

/* Latches are read under the lock: whoever owns one clears it here before it ends. */
static void
wake_launcher(void)
{
	LWLockAcquire(sto_slots_lock, LW_SHARED);
	if (sto_slots->launcher != NULL)
		SetLatch(sto_slots->launcher);
	LWLockRelease(sto_slots_lock);
}

static void
detach(int code, Datum arg)
{
	/* after an error in the middle of something the lock may still be ours */
	LWLockReleaseAll();
	LWLockAcquire(sto_slots_lock, LW_EXCLUSIVE);
	sto_my_slot->pid = 0;
	sto_my_slot->latch = NULL;
	for (int i = 0; i < STO_ASKS; i++)
	{
		StoAsk *ask = &sto_my_slot->asks[i];

		if (ask->state == STO_ASK_LEFT)
			ask->state = STO_ASK_FREE;
		else if (ask->state == STO_ASK_TAKEN)
			ask->state = STO_ASK_WAITING;
	}
	LWLockRelease(sto_slots_lock);
	ConditionVariableBroadcast(&sto_my_slot->changed);
	sto_my_slot = NULL;
	wake_launcher();
}

bool
sto_slot_attach(int number, uint32 term)
{
	StoSlot *slot = &sto_slots->slot[number];
	bool mine;

	LWLockAcquire(sto_slots_lock, LW_EXCLUSIVE);
	mine = slot->term == term && slot->pid == 0 && OidIsValid(slot->database);
	if (mine)
	{
		sto_my_slot = slot;
		slot->pid = MyProcPid;
		slot->latch = MyLatch;
		slot->state = STO_WORKER_STARTING;
		slot->started_at = GetCurrentTimestamp();
		slot->round_at = 0;
		slot->message_at = slot->started_at;
		slot->signed_size = 0;
		slot->message[0] = '\0';
		slot->hint[0] = '\0';
	}
	LWLockRelease(sto_slots_lock);
	if (mine)
		before_shmem_exit(detach, (Datum) 0);
	return mine;
}

static void
put(char *to, const char *text)
{
	size_t len = pg_mbcliplen(text, (int) strlen(text), STO_STATUS_LEN - 1);

	memcpy(to, text, len);
	to[len] = '\0';
}

bool
sto_slot_report(StoWorkerState state, const char *message, const char *hint, bool good,
				int64 signed_size)
{
	StoSlot *slot = sto_my_slot;
	TimestampTz now = GetCurrentTimestamp();
	char old[STO_STATUS_LEN];
	bool news;

	LWLockAcquire(sto_slots_lock, LW_EXCLUSIVE);
	strlcpy(old, slot->message, sizeof(old));
	put(slot->message, message != NULL ? message : "");
	put(slot->hint, hint != NULL ? hint : "");
	news = slot->state != state || strcmp(old, slot->message) != 0;
	slot->state = state;
	slot->signed_size = signed_size;
	if (good)
		slot->round_at = now;
	if (news)
		slot->message_at = now;
	LWLockRelease(sto_slots_lock);
	return news;
}

static Datum
time_or_null(TimestampTz time, bool *isnull)
{
	*isnull = time == 0;
	return TimestampTzGetDatum(time);
}

static Datum
text_or_null(const char *text, bool *isnull)
{
	*isnull = text[0] == '\0';
	return CStringGetTextDatum(text);
}

/*
 * sto.worker_status_row() returns record
 *
 * Of this database's worker; null if none was ever started for it.  Messages
 * are for members of pg_monitor, but for a refusal, which is everybody's matter.
 */
Datum
sto_worker_status(PG_FUNCTION_ARGS)
{
	enum
	{
		PID,
		STATE,
		SINCE,
		ROUND,
		SIGNED,
		MESSAGE,
		HINT,
		COLUMNS
	};
	Datum values[COLUMNS];
	bool nulls[COLUMNS] = {false};
	TupleDesc desc;
	StoSlot slot;
	const StoSlot *found = NULL;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "sto.worker_status_row must return a row");
	if (sto_slots != NULL)
	{
		LWLockAcquire(sto_slots_lock, LW_SHARED);
		found = sto_slot_of(MyDatabaseId);
		if (found != NULL)
			slot = *found;
		LWLockRelease(sto_slots_lock);
	}
	if (found == NULL)
		PG_RETURN_NULL();

	if (slot.state != STO_WORKER_REFUSING && !has_privs_of_role(GetUserId(), ROLE_PG_MONITOR))
		slot.message[0] = slot.hint[0] = '\0';
	values[PID] = Int32GetDatum(slot.pid);
	nulls[PID] = slot.pid == 0;
	values[STATE] = CStringGetTextDatum(slot.pid == 0 ? "ended" : state_name(slot.state));
	values[SINCE] = time_or_null(slot.message_at, &nulls[SINCE]);
	values[ROUND] = time_or_null(slot.round_at, &nulls[ROUND]);
	values[SIGNED] = Int64GetDatum(slot.signed_size);
	nulls[SIGNED] = slot.signed_size == 0;
	values[MESSAGE] = text_or_null(slot.message, &nulls[MESSAGE]);
	values[HINT] = text_or_null(slot.hint, &nulls[HINT]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
