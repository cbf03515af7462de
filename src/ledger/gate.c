/*
 * gate.c
 *		What both gates share: mode, locks, ids, the clock, and the end of
 *		statements and transactions.
 */
#include "postgres.h"

#include "ledger/batch.h"
#include "ledger/catalog.h"
#include "ledger/columns.h"
#include "ledger/finding.h"
#include "ledger/gate.h"
#include "ledger/issued.h"
#include "ledger/position.h"
#include "ledger/redeem.h"
#include "ledger/ruleset.h"

#include "compat.h"
#include "errors.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/sequence.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "replication/logicalworker.h"
#include "replication/worker_internal.h"
#include "rewrite/prs2lock.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

bool sto_restore = false;
int sto_max_post_age = 60;
bool sto_rebuilding = false;
bool sto_rule_asked = false;

/* Counters that a rolled-back savepoint must bring back. */
typedef struct Counters
{
	int depth; /* nested INSERT statements on sto.transfer */
	int64 posted;
	int64 stored;
} Counters;

typedef struct SavedCounters
{
	SubTransactionId subid;
	Counters counters;
} SavedCounters;

static Counters now;
static bool writer_locked = false; /* a rolled-back savepoint may have let it go: forgotten then */
static int64 last_posted = 0;      /* let through and not stored yet */
static StoRel last_posted_in;      /* the table that it goes to */
static int64 oldest_posted_at = PG_INT64_MAX;
static SavedCounters *saved = NULL; /* in TopTransactionContext */
static int saved_count = 0;
static int saved_size = 0;

StoMode
sto_gate_mode(void)
{
	if (sto_rebuilding)
		return STO_MODE_VERIFY;
	if (IsLogicalWorker())
	{
		if (am_tablesync_worker())
			ereport(ERROR,
					(errcode(ERRCODE_STO_INITIAL_COPY),
					 errmsg("the built-in initial copy can't load a ledger"),
					 errdetail("It copies each table by itself, so entries would come before the "
							   "events that they rest on."),
					 errhint("Create the subscription WITH (copy_data = false) before the "
							 "ledger's first event.")));
		return STO_MODE_VERIFY;
	}
	return sto_restore ? STO_MODE_RESTORE : STO_MODE_POST;
}

static void
check_guards_of(StoRel which)
{
	Relation rel = table_open(sto_rel_oid(which), AccessShareLock);
	const char *fault = NULL;
	int always = 0;

	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
	{
		Trigger *trigger = &rel->trigdesc->triggers[i];

		if (strncmp(trigger->tgname, "sto_", 4) != 0)
		{
			/* it could change a row after the gate has hashed it */
			if (TRIGGER_FOR_ROW(trigger->tgtype) && TRIGGER_FOR_BEFORE(trigger->tgtype) &&
				TRIGGER_FOR_INSERT(trigger->tgtype))
				fault = "there is a BEFORE INSERT row trigger beside the gate";
			continue;
		}
		if (trigger->tgenabled == TRIGGER_FIRES_ALWAYS)
			always++;
		else
			fault = "a guard trigger is not ENABLE ALWAYS";
	}
	if (fault == NULL && always < STO_LOG_TRIGGERS)
		fault = "a guard trigger is missing";
	if (fault == NULL && rel->rd_rules != NULL)
		fault = "it has a rule";
	if (fault == NULL && find_inheritance_children(RelationGetRelid(rel), NoLock) != NIL)
		fault = "it has a child table";
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_STO_GUARD_OFF),
				 errmsg("the guards of sto.%s are not as installed", RelationGetRelationName(rel)),
				 errdetail("On this table %s.", fault),
				 errhint("Restore them (ALTER TABLE ... ENABLE ALWAYS TRIGGER ...), then compare "
						 "everything with sto.verify().")));
	table_close(rel, AccessShareLock);
}

void
sto_gate_check_guards(void)
{
	static uint64 checked = 0;

	(void) sto_rel_oid(STO_REL_EVENT);
	if (checked == sto_catalog_generation)
		return;
	check_guards_of(STO_REL_EVENT);
	check_guards_of(STO_REL_TRANSFER);
	checked = sto_catalog_generation;
}

void
sto_gate_lock_writer(LOCKMODE mode)
{
	/* the order that is being checked would be posted to positions that have moved since */
	if (sto_rule_asked)
		ereport(ERROR, (errcode(ERRCODE_S_R_E_PROHIBITED_SQL_STATEMENT_ATTEMPTED),
						errmsg("a rule's function may not write to the ledger"),
						errhint("Let it read only, and say null or a reason.")));
	if (mode == RowExclusiveLock && writer_locked)
		return;
	LockRelationOid(sto_rel_oid(STO_REL_WRITER), mode);
	writer_locked = true;
}

bool
sto_gate_is_refusal(int sqlstate)
{
	return PGUNSIXBIT(sqlstate) == 'S' && PGUNSIXBIT(sqlstate >> 6) == 'T';
}

int64
sto_gate_next_id(void)
{
	return nextval_internal(sto_rel_oid(STO_REL_SEQUENCE), false);
}

int64
sto_gate_clock(int64 floor)
{
	return Max(StoTimeFromTimestamp(GetCurrentTimestamp()), floor);
}

void
sto_gate_posted(StoRel rel, int64 entry_id, int64 posted_at)
{
	now.posted++;
	last_posted = entry_id;
	last_posted_in = rel;
	oldest_posted_at = Min(oldest_posted_at, posted_at);
}

/* Is the row of that id there, as this transaction sees it now? */
static bool
is_stored(ItemPointer tid, int64 entry_id)
{
	Relation rel = table_open(sto_rel_oid(last_posted_in), AccessShareLock);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	bool stored = false;

	/* both log tables begin with entry_id; a fetch of the invalid block would add one */
	if (ItemPointerIsValid(tid) && ItemPointerGetBlockNumberNoCheck(tid) != InvalidBlockNumber &&
		table_tuple_fetch_row_version(rel, tid, SnapshotSelf, slot))
	{
		bool isnull;

		stored = DatumGetInt64(slot_getattr(slot, TRANSFER_ENTRY_ID, &isnull)) == entry_id;
	}
	ExecDropSingleTupleTableSlot(slot);
	table_close(rel, AccessShareLock);
	return stored;
}

/*
 * sto.row_stored(entry_id bigint, ctid tid) returns boolean: always false
 *
 * WHEN condition of an AFTER INSERT FOR EACH ROW trigger: evaluated once for
 * each row that was really stored, so that it can be counted; false, so that
 * nothing is queued.  Everybody may call it, as a WHEN condition demands; only
 * the row that the gate has just let through counts, once, and only if it
 * stands in its table: a query of the running statement could name a row that
 * ON CONFLICT has dropped.
 */
PG_FUNCTION_INFO_V1(sto_row_stored);

Datum
sto_row_stored(PG_FUNCTION_ARGS)
{
	int64 entry_id = PG_GETARG_INT64(0);

	if (last_posted != 0 && entry_id == last_posted &&
		is_stored((ItemPointer) PG_GETARG_POINTER(1), entry_id))
	{
		now.stored++;
		last_posted = 0;
	}
	PG_RETURN_BOOL(false);
}

bool
sto_gate_outermost(void)
{
	return now.depth <= 1;
}

void
sto_gate_begin_statement(void)
{
	now.depth++;
}

/*
 * ON CONFLICT DO NOTHING, or another BEFORE trigger, can drop a row after the
 * gate has moved its positions.  No trigger sees that; the counts do.
 */
static void
check_stored(void)
{
	if (now.posted != now.stored)
		ereport(ERROR, (errcode(ERRCODE_STO_NOT_STORED),
						errmsg("an entry was posted but its row was not stored"),
						errdetail(INT64_FORMAT " entries posted, " INT64_FORMAT " rows stored.",
								  now.posted, now.stored),
						errhint("Insert into sto.transfer without ON CONFLICT; a repeated order is "
								"skipped by itself.")));
}

void
sto_gate_flush(void)
{
	sto_rows_flush();
}

void
sto_gate_end_statement(void)
{
	sto_rows_flush();
	sto_findings_write();
	if (--now.depth > 0)
		return;
	check_stored();
	sto_batch_check_complete();
}

/* The end of sto.rebuild(): what a transaction's end checks for a client. */
void
sto_gate_end_rebuild(void)
{
	sto_rows_flush();
	sto_batch_check_complete();
	sto_group_check();
	sto_group_forget(0);
	sto_redeem_forget(0);
	/* of rules that said nothing: as a primary again the transaction would write them */
	sto_findings_close();
}

static void
before_commit(void)
{
	if (now.posted == 0 && !sto_rows_dirty())
		return;

	/* in logical apply no statement trigger has written positions back */
	if (sto_rows_dirty())
	{
		PushActiveSnapshot(GetTransactionSnapshot());
		sto_rows_flush();
		PopActiveSnapshot();
	}
	check_stored();
	sto_batch_check_complete();
	sto_group_check();

	if (oldest_posted_at != PG_INT64_MAX)
	{
		int64 age = StoTimeFromTimestamp(GetCurrentTimestamp()) - oldest_posted_at;

		if (age > (int64) sto_max_post_age * USECS_PER_SEC)
			ereport(ERROR, (errcode(ERRCODE_STO_TOO_OLD),
							errmsg("the transaction is too old to commit its entries"),
							errdetail("Its first entry was posted " INT64_FORMAT
									  " seconds ago; the limit is %d.",
									  age / USECS_PER_SEC, sto_max_post_age),
							errhint("Commit sooner after posting, or raise "
									"sto_ledger.max_post_age.")));
	}
}

static void
after_xact(void)
{
	memset(&now, 0, sizeof(now));
	writer_locked = false;
	last_posted = 0;
	oldest_posted_at = PG_INT64_MAX;
	saved = NULL;
	saved_count = saved_size = 0;
	sto_rebuilding = false;
	sto_rows_xact_end();
	sto_position_xact_end();
	sto_rules_free_forgotten();
	sto_batch_forget(0);
	sto_group_forget(0);
	sto_findings_forget(0);
	sto_redeem_forget(0);
}

static void
xact_callback(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			before_commit();
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			sto_issued_forget();
			after_xact();
			break;
		case XACT_EVENT_COMMIT:
			after_xact();
			break;
		default:
			break;
	}
}

static void
save_counters(SubTransactionId subid)
{
	if (saved_count == saved_size)
	{
		saved_size = saved_size ? saved_size * 2 : 16;
		saved = saved
					? repalloc(saved, saved_size * sizeof(SavedCounters))
					: MemoryContextAlloc(TopTransactionContext, saved_size * sizeof(SavedCounters));
	}
	saved[saved_count].subid = subid;
	saved[saved_count].counters = now;
	saved_count++;
}

static void
restore_counters(SubTransactionId subid)
{
	/* no record: this library was loaded inside it, and everything happened inside it */
	if (saved_count == 0 || saved[saved_count - 1].subid < subid)
		memset(&now, 0, sizeof(now));
	last_posted = 0;
	while (saved_count > 0 && saved[saved_count - 1].subid >= subid)
		now = saved[--saved_count].counters;
}

static void
subxact_callback(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg)
{
	switch (event)
	{
		case SUBXACT_EVENT_START_SUB:
			save_counters(subid);
			break;
		case SUBXACT_EVENT_COMMIT_SUB:
			if (saved_count > 0 && saved[saved_count - 1].subid == subid)
				saved_count--;
			sto_rows_subxact_commit(subid, parent);
			sto_batch_subxact_commit(subid, parent);
			sto_group_subxact_commit(subid, parent);
			sto_findings_subxact_commit(subid, parent);
			sto_redeem_subxact_commit(subid, parent);
			break;
		case SUBXACT_EVENT_ABORT_SUB:
			restore_counters(subid);
			writer_locked = false;
			sto_rows_subxact_abort(subid);
			sto_batch_forget(subid);
			sto_group_forget(subid);
			sto_findings_forget(subid);
			sto_redeem_forget(subid);
			sto_issued_forget();
			break;
		default:
			break;
	}
}

void
sto_gate_init(void)
{
	RegisterXactCallback(xact_callback, NULL);
	RegisterSubXactCallback(subxact_callback, NULL);
}
