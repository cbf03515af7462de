/*
 * worker.c
 *		The worker of one database: seal and sign at every interval, promise when
 *		asked.
 *
 * An error ends a round, not the worker: sealing and signing fail apart from
 * each other, are tried again after a while that doubles, and are logged when
 * the message changes.
 */
#include "postgres.h"

#include "compat.h"
#include "errors.h"
#include "ledger/facts.h"
#include "log/checkpoint.h"
#include "log/promise.h"
#include "log/slot.h"
#include "log/ticks.h"
#include "log/tree.h"
#include "worker.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

pg_attribute_noreturn() extern PGDLLEXPORT void sto_worker_main(Datum arg);

#define LONGEST_PAUSE_MS 60000
/* Where there is no ledger, look for one so often. */
#define IDLE_MS 2000
/* For writers in flight it looks again after this, then after twice as much, up to 32 times. */
#define FIRST_WAIT_MS 4
/* Look for reasons to refuse so often when nothing is to be signed. */
#define LOOK_MS 5000

/* One of the things that a worker does, and how it fares. */
typedef struct Task
{
	void (*run)(void);
	int failures;   /* in a row */
	int sqlstate;   /* of the last */
	int64 retry_at; /* in ticks, like all that follows */
	char error[STO_STATUS_LEN];
} Task;

static char *database = NULL; /* its name */
static bool ledger_here = false;
static bool news = false;   /* a block since the last look */
static int waits = 0;       /* how often, now, the seal met writers in flight */
static int64 looked_at = 0; /* 0: look at once */
static StoSigning signing;

/* Ends quietly between rounds, and as every backend does in the middle of one. */
static void
on_sigterm(SIGNAL_ARGS)
{
	ShutdownRequestPending = true;
	die(postgres_signal_arg);
}

static void
set(const char *name, const char *value)
{
	if (GetConfigOption(name, true, false) != NULL)
		SetConfigOption(name, value, PGC_SUSET, PGC_S_OVERRIDE);
}

/*
 * What is signed must be on disk, and on those standbys that the server waits
 * for, even where sessions need not wait.
 */
static void
take_synchronous_commit(void)
{
	const char *configured = GetConfigOptionResetString("synchronous_commit");
	bool weak = strcmp(configured, "off") == 0 || strcmp(configured, "local") == 0;

	SetConfigOption("synchronous_commit", weak ? "on" : configured, PGC_USERSET, PGC_S_SESSION);
}

/* Whatever ALTER DATABASE ... SET says, the worker must be able to work. */
static void
take_settings(void)
{
	set("search_path", "pg_catalog, pg_temp");
	set("default_transaction_isolation", "read committed");
	set("default_transaction_read_only", "off");
	set("default_transaction_deferrable", "off");
	set("statement_timeout", "0");
	set("lock_timeout", "0");
	set("idle_in_transaction_session_timeout", "0");
	set("transaction_timeout", "0"); /* from 17 on */
	take_synchronous_commit();
}

static void
reload(void)
{
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
	take_synchronous_commit();
	sto_signing_forget();
	looked_at = 0;
}

static void
look_for_ledger(void)
{
	StoLedgerFact ledger;

	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	ledger_here = OidIsValid(get_extension_oid("sto_ledger", true)) && sto_fact_ledger_try(&ledger);
	PopActiveSnapshot();
	CommitTransactionCommand();
}

static void
seal(void)
{
	StoSealed sealed = STO_SEALED_NOTHING;

	look_for_ledger();
	if (ledger_here)
		sealed = sto_seal_now();
	news |= sealed == STO_SEALED_BLOCK;
	waits = sealed == STO_SEAL_WAITS ? waits + 1 : 0;
}

static void
sign(void)
{
	if (!ledger_here || (!news && looked_at != 0 && sto_ticks() - looked_at < LOOK_MS))
		return;
	sto_checkpoint_round(&signing);
	news = false;
	looked_at = sto_ticks();
}

/* Clean up after an error, and log it if it is news. */
static void
clean_up(Task *task, MemoryContext context)
{
	ErrorData *error;

	HOLD_INTERRUPTS();
	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	if (strncmp(task->error, error->message, sizeof(task->error) - 1) != 0)
		EmitErrorReport();
	FlushErrorState();
	AbortOutOfAnyTransaction();
	LWLockReleaseAll();
	MemoryContextSwitchTo(context);
	strlcpy(task->error, error->message, sizeof(task->error));
	task->sqlstate = error->sqlerrcode;
	task->failures++;
	RESUME_INTERRUPTS();
}

static void
put_off(Task *task)
{
	long pause = sto_seal_interval;

	for (int i = 0; i < task->failures && pause < LONGEST_PAUSE_MS; i++)
		pause *= 2;
	pause = Max(Min(pause, LONGEST_PAUSE_MS), sto_seal_interval);
	task->retry_at = sto_ticks() + pause;
}

static void
attempt(Task *task)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		task->run();
		task->failures = 0;
		task->sqlstate = 0;
		task->retry_at = 0;
		task->error[0] = '\0';
	}
	PG_CATCH();
	{
		clean_up(task, context);
		put_off(task);
	}
	PG_END_TRY();
}

static void
report(const Task *seals, const Task *signs)
{
	const char *message = NULL;
	const char *hint = NULL;
	StoWorkerState state = STO_WORKER_SEALING;
	const Task *failing = seals->failures > 0 ? seals : signs->failures > 0 ? signs : NULL;
	bool changed;

	if (failing != NULL)
	{
		/* on a subscriber there is nothing to do; that is no failure */
		state = failing->sqlstate == ERRCODE_STO_CANNOT_SEAL ? STO_WORKER_IDLE : STO_WORKER_FAILING;
		message = failing->error;
		hint = "The server's log has the whole message.  It is tried again.";
	}
	else if (!ledger_here)
		state = STO_WORKER_IDLE;
	else if (!signing.ready)
	{
		state = signing.state;
		message = signing.message;
		hint = signing.hint;
	}

	changed = sto_slot_report(state, message, hint, failing == NULL, signing.signed_size);
	if (changed && failing == NULL && message != NULL)
		ereport(state == STO_WORKER_REFUSING ? WARNING : LOG,
				(errmsg("the log of database \"%s\" is not signed: %s", database, message),
				 hint[0] != '\0' ? errhint("%s", hint) : 0));
}

/* True if the settings were read anew. */
static bool
wait_until(int64 at)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, sto_ticks_left(at),
					 PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	if (ShutdownRequestPending)
		proc_exit(0);
	CHECK_FOR_INTERRUPTS();
	if (!ConfigReloadPending)
		return false;
	reload();
	return true;
}

/* One round; returns when the next is due. */
static int64
go_round(Task *seals, Task *signs)
{
	int64 began = sto_ticks();

	pgstat_report_activity(STATE_RUNNING, "sealing the log");
	attempt(seals);
	/* nor does anything sign where it can't seal */
	if (seals->sqlstate != ERRCODE_STO_CANNOT_SEAL && sto_ticks() >= signs->retry_at)
		attempt(signs);
	report(seals, signs);
	pgstat_report_stat(true);
	pgstat_report_activity(STATE_IDLE, NULL);

	if (seals->failures > 0)
		return seals->retry_at;
	if (waits > 0)
		return sto_ticks() + Min(sto_seal_interval, FIRST_WAIT_MS << Min(waits, 5));
	return began + (ledger_here ? sto_seal_interval : Max(sto_seal_interval, IDLE_MS));
}

pg_attribute_noreturn() static void work(void)
{
	Task seals = {.run = seal};
	Task signs = {.run = sign};
	Task promises = {.run = sto_promise_serve};
	MemoryContext context =
		AllocSetContextCreate(TopMemoryContext, "sto_ledger worker", ALLOCSET_DEFAULT_SIZES);
	int64 next = 0;

	for (;;)
	{
		MemoryContextSwitchTo(context);
		if (sto_ticks() >= next)
			next = go_round(&seals, &signs);
		if (sto_promise_wanted())
			attempt(&promises);
		MemoryContextReset(context);
		if (wait_until(next))
		{
			next = 0;
			signs.retry_at = 0;
		}
	}
}

/* A database that is renamed has its worker ended first. */
static void
remember_name(void)
{
	StartTransactionCommand();
	database = MemoryContextStrdup(TopMemoryContext, get_database_name(MyDatabaseId));
	CommitTransactionCommand();
}

void
sto_worker_main(Datum arg)
{
	int number = DatumGetInt32(arg);
	uint32 term;

	memcpy(&term, MyBgworkerEntry->bgw_extra, sizeof(term));
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, on_sigterm);
	/* a cancelled wait for standbys would pass for a finished one */
	pqsignal(SIGINT, SIG_IGN);
	BackgroundWorkerUnblockSignals();

	if (!sto_slot_attach(number, term))
		proc_exit(0);
	BackgroundWorkerInitializeConnectionByOid(sto_my_slot->database, InvalidOid, 0);
	take_settings();
	remember_name();
	ereport(LOG, (errmsg("sealing the log of database \"%s\"", database)));
	work();
}
