/*
 * launcher.c
 *		The launcher: one process a server, which starts a worker for each
 *		database named in sto_ledger.seal_databases, and starts it again when it
 *		ended.
 *
 * It is connected to no database and reads pg_database alone.  On a standby
 * the postmaster does not start it before promotion.
 */
#include "postgres.h"

#include "compat.h"
#include "log/slot.h"
#include "log/ticks.h"
#include "worker.h"

#include <ctype.h>

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#define LIBRARY "sto_ledger"
/* Databases that don't exist yet are looked for so often. */
#define LOOK_MS 10000
/* A worker that ended is started again after this, doubled each time that it ended soon. */
#define FIRST_PAUSE_MS 1000
#define LONGEST_PAUSE_MS 60000
/* How long a command that needs a database for itself keeps its worker away. */
#define LET_GO_MS 20000

pg_attribute_noreturn() extern PGDLLEXPORT void sto_launcher_main(Datum arg);

char *sto_seal_databases = NULL;
int sto_seal_interval = 1000;

/* What the launcher alone knows of a slot; times are in ticks. */
typedef struct Known
{
	BackgroundWorkerHandle *handle;
	int64 started_at;
	int64 next_start;
	int failures; /* ends soon after a start, in a row */
	bool was_running;
} Known;

/* A database that is named in the setting and exists. */
typedef struct Wanted
{
	Oid oid;
	NameData name;
} Wanted;

static Known known[STO_SLOTS];
static ProcessUtility_hook_type next_utility = NULL;
/* What a command of this session has to do with the launcher when its transaction ends. */
static bool tell_launcher = false;
static Oid kept_from = InvalidOid;

/*
 * Names between commas, without the white space around them.  Only a name that
 * has a comma, or such white space, must stand in double quotes: SET takes
 * others away.
 */
static List *
named_databases(void)
{
	List *names = NIL;
	const char *p = sto_seal_databases;

	while (*p != '\0')
	{
		const char *end;

		p += strspn(p, ", \t\n\r");
		if (*p == '"' && (end = strchr(p + 1, '"')) != NULL)
		{
			names = lappend(names, pnstrdup(p + 1, end - p - 1));
			p = end + 1;
			continue;
		}
		end = p + strcspn(p, ",");
		while (end > p && isspace((unsigned char) end[-1]))
			end--;
		if (end > p)
			names = lappend(names, pnstrdup(p, end - p));
		p += strcspn(p, ",");
	}
	return names;
}

static bool
is_named(const char *name, List *names)
{
	ListCell *cell;

	foreach (cell, names)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

/* In the caller's memory, so that it outlives the transaction. */
static List *
wanted_databases(void)
{
	MemoryContext context = CurrentMemoryContext;
	List *names = named_databases();
	List *wanted = NIL;
	Relation rel;
	TableScanDesc scan;
	HeapTuple tuple;

	if (names == NIL)
		return NIL;
	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	rel = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(rel, 0, NULL);
	while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection)))
	{
		Form_pg_database form = (Form_pg_database) GETSTRUCT(tuple);

		if (form->datallowconn && form->datconnlimit != DATCONNLIMIT_INVALID_DB &&
			is_named(NameStr(form->datname), names))
		{
			MemoryContext old = MemoryContextSwitchTo(context);
			Wanted *item = palloc(sizeof(Wanted));

			item->oid = form->oid;
			item->name = form->datname;
			wanted = lappend(wanted, item);
			MemoryContextSwitchTo(old);
		}
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);

	if (list_length(wanted) > STO_SLOTS)
	{
		ereport(WARNING,
				(errmsg("sto_ledger.seal_databases names more than %d databases", STO_SLOTS)));
		wanted = list_truncate(wanted, STO_SLOTS);
	}
	return wanted;
}

static bool
is_wanted(Oid database, List *wanted)
{
	ListCell *cell;

	foreach (cell, wanted)
		if (((const Wanted *) lfirst(cell))->oid == database)
			return true;
	return false;
}

static bool
is_running(int number)
{
	Known *k = &known[number];
	pid_t pid;
	bool running;

	LWLockAcquire(sto_slots_lock, LW_SHARED);
	running = sto_slots->slot[number].pid != 0;
	LWLockRelease(sto_slots_lock);
	if (running || k->handle == NULL)
		return running;
	switch (GetBackgroundWorkerPid(k->handle, &pid))
	{
		case BGWH_STARTED:
		case BGWH_NOT_YET_STARTED:
			return true;
		case BGWH_POSTMASTER_DIED:
			proc_exit(1);
		case BGWH_STOPPED:
			break;
	}
	pfree(k->handle);
	k->handle = NULL;
	return false;
}

/* It ended since the last look: when may it start again? */
static void
note_end(Known *k, int64 now)
{
	long pause = FIRST_PAUSE_MS;

	if (!k->was_running)
		return;
	k->was_running = false;
	if (now - k->started_at >= LONGEST_PAUSE_MS)
		k->failures = 0;
	for (int i = 0; i < k->failures && pause < LONGEST_PAUSE_MS; i++)
		pause *= 2;
	k->failures++;
	k->next_start = now + Min(pause, LONGEST_PAUSE_MS);
}

static void
start(int number, const char *database, int64 now)
{
	Known *k = &known[number];
	StoSlot *slot = &sto_slots->slot[number];
	BackgroundWorker worker;
	MemoryContext context;
	uint32 term;

	LWLockAcquire(sto_slots_lock, LW_EXCLUSIVE);
	term = ++slot->term;
	LWLockRelease(sto_slots_lock);

	memset(&worker, 0, sizeof(worker));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_main_arg = Int32GetDatum(number);
	worker.bgw_notify_pid = MyProcPid;
	memcpy(worker.bgw_extra, &term, sizeof(term));
	strlcpy(worker.bgw_library_name, LIBRARY, sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, STO_WORKER_FUNCTION, sizeof(worker.bgw_function_name));
	snprintf(worker.bgw_name, sizeof(worker.bgw_name), "sto_ledger worker for %s", database);
	strlcpy(worker.bgw_type, "sto_ledger worker", sizeof(worker.bgw_type));

	k->started_at = now;
	/* the handle must live longer than this look */
	context = MemoryContextSwitchTo(TopMemoryContext);
	k->was_running = RegisterDynamicBackgroundWorker(&worker, &k->handle);
	MemoryContextSwitchTo(context);
	if (!k->was_running)
	{
		k->handle = NULL;
		k->next_start = now + LONGEST_PAUSE_MS;
		ereport(WARNING, (errmsg("no background worker is free to seal database \"%s\"", database),
						  errhint("Raise max_worker_processes.")));
	}
}

static void
stop(int number)
{
	StoSlot *slot = &sto_slots->slot[number];

	/* under the lock the process is still there: it clears its pid first */
	LWLockAcquire(sto_slots_lock, LW_EXCLUSIVE);
	slot->term++;
	if (slot->pid != 0)
		kill(slot->pid, SIGTERM);
	LWLockRelease(sto_slots_lock);
}

/* The slot of a database, or a free one for it; -1: none is free at present. */
static int
slot_for(Oid database)
{
	StoSlot *slot;
	int number = -1;

	LWLockAcquire(sto_slots_lock, LW_EXCLUSIVE);
	slot = sto_slot_of(database);
	if (slot == NULL && (slot = sto_slot_of(InvalidOid)) != NULL)
	{
		slot->database = database;
		slot->paused_until = 0;
		known[slot - sto_slots->slot] = (Known){.handle = NULL};
	}
	if (slot != NULL)
		number = (int) (slot - sto_slots->slot);
	LWLockRelease(sto_slots_lock);
	return number;
}

static void
release_unwanted(List *wanted)
{
	for (int i = 0; i < STO_SLOTS; i++)
	{
		/* the launcher alone writes it */
		Oid database = sto_slots->slot[i].database;

		if (!OidIsValid(database) || is_wanted(database, wanted))
			continue;
		if (is_running(i))
		{
			stop(i);
			continue;
		}
		LWLockAcquire(sto_slots_lock, LW_EXCLUSIVE);
		sto_slots->slot[i].database = InvalidOid;
		LWLockRelease(sto_slots_lock);
	}
}

/* Start what should run; returns when to look again, at the latest. */
static int64
look(void)
{
	int64 now = sto_ticks();
	int64 next = now + LOOK_MS;
	List *wanted = wanted_databases();
	ListCell *cell;

	release_unwanted(wanted);
	foreach (cell, wanted)
	{
		const Wanted *item = lfirst(cell);
		int number = slot_for(item->oid);
		int64 at;

		if (number < 0 || is_running(number))
			continue;
		note_end(&known[number], now);
		LWLockAcquire(sto_slots_lock, LW_SHARED);
		at = Max(known[number].next_start, sto_slots->slot[number].paused_until);
		LWLockRelease(sto_slots_lock);
		if (at <= now)
			start(number, NameStr(item->name), now);
		else
			next = Min(next, at);
	}
	return next;
}

static void
detach(int code, Datum arg)
{
	LWLockReleaseAll();
	LWLockAcquire(sto_slots_lock, LW_EXCLUSIVE);
	if (sto_slots->launcher == MyLatch)
		sto_slots->launcher = NULL;
	LWLockRelease(sto_slots_lock);
}

/* After an earlier launcher: workers that it started and that are not there yet come too late. */
static void
take_over(void)
{
	LWLockAcquire(sto_slots_lock, LW_EXCLUSIVE);
	sto_slots->launcher = MyLatch;
	for (int i = 0; i < STO_SLOTS; i++)
		if (sto_slots->slot[i].pid == 0)
			sto_slots->slot[i].term++;
		else
			known[i].was_running = true;
	LWLockRelease(sto_slots_lock);
	before_shmem_exit(detach, (Datum) 0);
}

void
sto_launcher_main(Datum arg)
{
	MemoryContext context;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	take_over();
	context =
		AllocSetContextCreate(TopMemoryContext, "sto_ledger launcher", ALLOCSET_DEFAULT_SIZES);

	for (;;)
	{
		int64 next;

		MemoryContextSwitchTo(context);
		next = look();
		MemoryContextReset(context);
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 sto_ticks_left(next), PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		/* an end with status 0 would be for good */
		if (ShutdownRequestPending)
			proc_exit(1);
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
	}
}

/*
 * Commands that need a database for themselves: the worker lets go of it
 * before they look, and comes back afterwards.
 */

/* The database that a command must have for itself, or NULL. */
static const char *
database_needed(Node *stmt)
{
	ListCell *cell;

	switch (nodeTag(stmt))
	{
		case T_DropdbStmt:
			return ((const DropdbStmt *) stmt)->dbname;
		case T_RenameStmt:
			return ((const RenameStmt *) stmt)->renameType == OBJECT_DATABASE
					   ? ((const RenameStmt *) stmt)->subname
					   : NULL;
		case T_AlterDatabaseStmt:
			foreach (cell, ((const AlterDatabaseStmt *) stmt)->options)
				if (strcmp(lfirst_node(DefElem, cell)->defname, "tablespace") == 0)
					return ((const AlterDatabaseStmt *) stmt)->dbname;
			return NULL;
		case T_CreatedbStmt:
			foreach (cell, ((const CreatedbStmt *) stmt)->options)
			{
				DefElem *option = lfirst_node(DefElem, cell);

				if (strcmp(option->defname, "template") == 0 && option->arg != NULL)
					return defGetString(option);
			}
			return NULL;
		default:
			return NULL;
	}
}

static void
keep_away(Oid database)
{
	StoSlot *slot;

	LWLockAcquire(sto_slots_lock, LW_EXCLUSIVE);
	slot = sto_slot_of(database);
	if (slot != NULL)
	{
		slot->paused_until = sto_ticks() + LET_GO_MS;
		if (slot->pid != 0)
			kill(slot->pid, SIGTERM);
	}
	LWLockRelease(sto_slots_lock);
}

/* Only then does the launcher see what became of the database. */
static void
at_end(XactEvent event, void *arg)
{
	StoSlot *slot;

	if (!tell_launcher || (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT))
		return;
	tell_launcher = false;
	LWLockAcquire(sto_slots_lock, LW_EXCLUSIVE);
	slot = OidIsValid(kept_from) ? sto_slot_of(kept_from) : NULL;
	if (slot != NULL)
		slot->paused_until = 0;
	if (sto_slots->launcher != NULL)
		SetLatch(sto_slots->launcher);
	LWLockRelease(sto_slots_lock);
	kept_from = InvalidOid;
}

static void
let_go_of_database(PlannedStmt *pstmt, const char *query, bool readOnlyTree,
				   ProcessUtilityContext context, ParamListInfo params,
				   QueryEnvironment *environment, DestReceiver *dest, QueryCompletion *completion)
{
	ProcessUtility_hook_type next = next_utility != NULL ? next_utility : standard_ProcessUtility;
	const char *name = database_needed(pstmt->utilityStmt);
	Oid database = name != NULL ? get_database_oid(name, true) : InvalidOid;

	if (OidIsValid(database) && sto_is_database_owner(database, GetUserId()))
	{
		kept_from = database;
		tell_launcher = true;
		keep_away(database);
	}
	if (IsA(pstmt->utilityStmt, CreatedbStmt))
		tell_launcher = true;
	next(pstmt, query, readOnlyTree, context, params, environment, dest, completion);
}

void
sto_launcher_init(void)
{
	BackgroundWorker worker;

	sto_slots_init();
	next_utility = ProcessUtility_hook;
	ProcessUtility_hook = let_go_of_database;
	RegisterXactCallback(at_end, NULL);

	/* pg_upgrade wants the server to itself */
	if (IsBinaryUpgrade)
		return;
	memset(&worker, 0, sizeof(worker));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = 5;
	strlcpy(worker.bgw_library_name, LIBRARY, sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "sto_launcher_main", sizeof(worker.bgw_function_name));
	strlcpy(worker.bgw_name, "sto_ledger launcher", sizeof(worker.bgw_name));
	strlcpy(worker.bgw_type, "sto_ledger launcher", sizeof(worker.bgw_type));
	RegisterBackgroundWorker(&worker);
}
