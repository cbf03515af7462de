/*
 * seal.c
 *		CALL sto.seal(), and the same for the background worker.
 *
 * A seal reads the last id S that was drawn, then waits for every transaction
 * that holds a writer's lock on sto.writer at that time.  Writers draw their ids
 * under that lock, so all ids up to S are then in the log or will never be; S
 * and what is below can be closed.  The seal never asks for the lock itself:
 * nobody waits for it.
 *
 * Two transactions: the first reads S.  The second waits without a snapshot, so
 * that it keeps no row version alive, then takes one that shows all up to S.
 */
#include "postgres.h"

#include "ledger/catalog.h"
#include "log/leaves.h"
#include "log/seal.h"

#include "errors.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_sequence.h"
#include "catalog/pg_subscription_rel.h"
#include "commands/sequence.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(sto_seal);

/* Setting sto_ledger.seal_stop. */
static char *stop_at = NULL;

void
sto_seal_init(void)
{
	/*
	 * For tests of crashes alone: the name of a step (read, wait, tiles, block,
	 * commit) after which the sealing process kills itself, as kill -9 would.
	 */
	DefineCustomStringVariable("sto_ledger.seal_stop", "Step after which a seal kills itself.",
							   "For tests of crashes.", &stop_at, "", PGC_SUSET,
							   GUC_NOT_IN_SAMPLE | GUC_NO_SHOW_ALL, NULL, NULL, NULL);
}

void
sto_seal_step(const char *step)
{
	if (stop_at != NULL && strcmp(stop_at, step) == 0)
		kill(MyProcPid, SIGKILL);
}

pg_attribute_noreturn() static void cannot_seal(const char *detail, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_STO_CANNOT_SEAL), errmsg("the log can't be sealed here"),
					errdetail("%s", detail), errhint("%s", hint)));
}

bool
sto_is_subscriber(void)
{
	Relation rel = table_open(SubscriptionRelRelationId, AccessShareLock);
	bool found = false;
	const StoRel logs[] = {STO_REL_EVENT, STO_REL_TRANSFER, STO_REL_BLOCK};

	for (int i = 0; i < lengthof(logs) && !found; i++)
	{
		ScanKeyData key;
		SysScanDesc scan;

		ScanKeyInit(&key, Anum_pg_subscription_rel_srrelid, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(sto_rel_oid(logs[i])));
		scan = systable_beginscan(rel, SubscriptionRelSrrelidSrsubidIndexId, true, NULL, 1, &key);
		found = HeapTupleIsValid(systable_getnext(scan));
		systable_endscan(scan);
	}
	table_close(rel, AccessShareLock);
	return found;
}

/* Ids must come in the order in which they are drawn, from here. */
static void
check_sequence(Oid sequence)
{
	HeapTuple tuple = SearchSysCache1(SEQRELID, ObjectIdGetDatum(sequence));
	Form_pg_sequence form;
	bool sound;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for sequence %u", sequence);
	form = (Form_pg_sequence) GETSTRUCT(tuple);
	sound = form->seqcache == 1 && form->seqincrement > 0 && !form->seqcycle;
	ReleaseSysCache(tuple);
	if (!sound)
		cannot_seal("The sequence sto.entry_id_seq does not give ids in order.",
					"ALTER SEQUENCE sto.entry_id_seq CACHE 1 INCREMENT BY 1 NO CYCLE, in "
					"maintenance.");
}

/*
 * The last id drawn; 0 if none was.  From the sequence's own row, so that the
 * caller needs no privilege.
 */
static int64
last_drawn(Oid sequence)
{
	Relation rel = relation_open(sequence, AccessShareLock);
	Buffer buffer = ReadBuffer(rel, 0);
	HeapTupleData tuple;
	Form_pg_sequence_data data;
	Page page;
	ItemId item;
	int64 last;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	page = BufferGetPage(buffer);
	item = PageGetItemId(page, FirstOffsetNumber);
	tuple.t_data = (HeapTupleHeader) PageGetItem(page, item);
	data = (Form_pg_sequence_data) GETSTRUCT(&tuple);
	last = data->is_called ? data->last_value : 0;
	UnlockReleaseBuffer(buffer);
	relation_close(rel, AccessShareLock);
	return last;
}

/*
 * First transaction: the last id S that may have been drawn, or 0 if it is
 * sealed already.
 */
static int64
read_last_id(void)
{
	Oid sequence;
	StoBlock newest;
	Snapshot snapshot;
	int64 stored;
	int64 last;

	if (RecoveryInProgress())
		cannot_seal("This server is a standby.", "Blocks arrive from the primary.");
	PreventCommandIfReadOnly("sto.seal()");
	sequence = sto_rel_oid(STO_REL_SEQUENCE);
	if (sto_is_subscriber())
		cannot_seal("The log of this database comes from a subscription.",
					"Blocks are made on the primary, and can be replicated as its log is.");
	check_sequence(sequence);

	/* in this order: what is stored has been drawn */
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	stored = sto_leaves_last_id(snapshot);
	UnregisterSnapshot(snapshot);
	if (sto_tree_block(-1, &newest))
		stored = Max(stored, newest.last_id);
	else
		newest.last_id = 0;
	last = last_drawn(sequence);
	if (last < stored)
		cannot_seal(psprintf("The log goes up to " INT64_FORMAT
							 ", but sto.entry_id_seq has only drawn " INT64_FORMAT ".",
							 stored, last),
					"Its rows came by replication or from a dump.  If this is now the primary, "
					"sto.rebuild() raises the sequence.");
	sto_seal_step("read");
	return last > newest.last_id ? last : 0;
}

/* With all ids up to last_id complete: seal them, one seal at a time. */
static bool
seal_up_to(int64 last_id)
{
	bool made;

	/* no other command but DDL takes this lock on a sequence, and it does not conflict with
	 * nextval() */
	LockRelationOid(sto_rel_oid(STO_REL_SEQUENCE), ShareUpdateExclusiveLock);
	/* each statement's snapshot anew: this one must show what was waited for */
	XactIsoLevel = XACT_READ_COMMITTED;
	PushActiveSnapshot(GetTransactionSnapshot());
	made = sto_edge_seal(last_id);
	PopActiveSnapshot();
	return made;
}

/* Second transaction: wait for those that may still bring an id up to S, then seal. */
static bool
wait_and_seal(int64 last_id)
{
	LOCKTAG tag;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, sto_rel_oid(STO_REL_WRITER));
	/* a look-up above may have left one, which would hold back VACUUM while we wait */
	InvalidateCatalogSnapshot();
	WaitForLockers(tag, ShareLock, false);
	sto_seal_step("wait");
	return seal_up_to(last_id);
}

/*
 * CALL sto.seal(): close all ids drawn so far.  No block is made if no leaf came.
 *
 * Errors: ST505 in a transaction block, on a standby or subscriber, or where ids
 * don't come in order; ST404 if the tree is not what the last block says.
 */
Datum
sto_seal(PG_FUNCTION_ARGS)
{
	bool atomic = fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) ||
				  castNode(CallContext, fcinfo->context)->atomic;
	int64 last_id;

	if (atomic)
		ereport(ERROR, (errcode(ERRCODE_STO_CANNOT_SEAL),
						errmsg("sto.seal() can't run inside a transaction block"),
						errdetail("It waits for writers in flight, among them this transaction."),
						errhint("CALL it by itself.")));
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	last_id = read_last_id();
	if (last_id > 0)
	{
		SPI_commit();
		(void) wait_and_seal(last_id);
		SPI_commit();
		sto_seal_step("commit");
	}
	SPI_finish();
	PG_RETURN_VOID();
}

/* A seal of the worker's that waits: S, and who may still bring an id up to it. */
static int64 awaited_id = 0;
static VirtualTransactionId *awaited = NULL;
static int awaited_count = 0;

/* First transaction: 0 in awaited_id if there is nothing to seal. */
static void
begin_to_wait(void)
{
	VirtualTransactionId *lockers;
	LOCKTAG tag;
	int64 last_id = read_last_id();
	int count;

	if (last_id == 0)
		return;
	SET_LOCKTAG_RELATION(tag, MyDatabaseId, sto_rel_oid(STO_REL_WRITER));
	lockers = GetLockConflicts(&tag, ShareLock, &count);
	awaited = MemoryContextAlloc(TopMemoryContext, (count + 1) * sizeof(*awaited));
	memcpy(awaited, lockers, count * sizeof(*awaited));
	awaited_count = count;
	awaited_id = last_id;
}

static void
forget_awaited(void)
{
	awaited_id = 0;
	awaited_count = 0;
	if (awaited != NULL)
		pfree(awaited);
	awaited = NULL;
}

/* Is one of them still in flight? */
static bool
must_wait(void)
{
	while (awaited_count > 0 && VirtualXactLock(awaited[awaited_count - 1], false))
		awaited_count--;
	return awaited_count > 0;
}

StoSealed
sto_seal_now(void)
{
	StoSealed result = STO_SEALED_NOTHING;
	int64 last_id;

	if (awaited_id == 0)
	{
		StartTransactionCommand();
		begin_to_wait();
		CommitTransactionCommand();
		if (awaited_id == 0)
			return result;
	}

	StartTransactionCommand();
	if (must_wait())
		result = STO_SEAL_WAITS;
	else
	{
		last_id = awaited_id;
		/* whatever becomes of it: the next begins anew */
		forget_awaited();
		sto_seal_step("wait");
		if (seal_up_to(last_id))
			result = STO_SEALED_BLOCK;
	}
	CommitTransactionCommand();
	if (result != STO_SEAL_WAITS)
		sto_seal_step("commit");
	return result;
}
