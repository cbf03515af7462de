/*
 * store.c
 *		Reading and writing the register's tables by table access method.
 */
#include "postgres.h"

#include "compat.h"
#include "ledger/gate.h"
#include "ledger/store.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* Equality functions of an index's leading columns, looked up once. */
typedef struct IndexKeys
{
	uint64 generation;
	int count;
	FmgrInfo equal[STO_STORE_KEYS];
	Oid collation[STO_STORE_KEYS];
} IndexKeys;

static IndexKeys index_keys[STO_IDX_COUNT];

static const IndexKeys *
keys_of(StoIndex which, Relation index)
{
	IndexKeys *keys = &index_keys[which];

	if (keys->generation == sto_catalog_generation)
		return keys;

	keys->count = Min(IndexRelationGetNumberOfKeyAttributes(index), STO_STORE_KEYS);
	for (int i = 0; i < keys->count; i++)
	{
		Oid type = index->rd_opcintype[i];
		Oid equal = get_opfamily_member(index->rd_opfamily[i], type, type, BTEqualStrategyNumber);

		if (!OidIsValid(equal))
			elog(ERROR, "index \"%s\" has no equality operator", RelationGetRelationName(index));
		fmgr_info_cxt(get_opcode(equal), &keys->equal[i], TopMemoryContext);
		keys->collation[i] = index->rd_indcollation[i];
	}
	keys->generation = sto_catalog_generation;
	return keys;
}

/* Compare an index column so; equality comes from keys_of(), which is the usual case. */
static void
bound_key(ScanKey key, Relation index, int column, StrategyNumber strategy)
{
	Oid type = index->rd_opcintype[column];
	Oid operator= get_opfamily_member(index->rd_opfamily[column], type, type, strategy);

	if (!OidIsValid(operator))
		elog(ERROR, "index \"%s\" has no operator of strategy %d", RelationGetRelationName(index),
			 strategy);
	ScanKeyEntryInitialize(key, 0, column + 1, strategy, InvalidOid, index->rd_indcollation[column],
						   get_opcode(operator), key->sk_argument);
}

Snapshot
sto_store_snapshot(void)
{
	/* parallel queries only read, and all their processes with one snapshot: there is no newer */
	return RegisterSnapshot(IsInParallelMode() ? GetActiveSnapshot() : GetLatestSnapshot());
}

void
sto_scan_begin(StoScan *scan, StoRel rel, StoIndex index, int nkeys, const Datum *keys,
			   Snapshot snapshot)
{
	sto_scan_begin_bound(scan, rel, index, nkeys, keys, BTEqualStrategyNumber, snapshot);
}

void
sto_scan_begin_bound(StoScan *scan, StoRel rel, StoIndex index, int nkeys, const Datum *keys,
					 StrategyNumber last, Snapshot snapshot)
{
	const IndexKeys *info;
	ScanKeyData skey[STO_STORE_KEYS];

	scan->rel = table_open(sto_rel_oid(rel), AccessShareLock);
	scan->index = index_open(sto_index_oid(index), AccessShareLock);
	info = keys_of(index, scan->index);
	Assert(nkeys <= info->count);
	for (int i = 0; i < nkeys; i++)
		ScanKeyEntryInitializeWithInfo(&skey[i], 0, i + 1, BTEqualStrategyNumber, InvalidOid,
									   info->collation[i], unconstify(FmgrInfo *, &info->equal[i]),
									   keys[i]);
	if (last != BTEqualStrategyNumber)
		bound_key(&skey[nkeys - 1], scan->index, nkeys - 1, last);

	scan->registered = (snapshot == NULL);
	if (snapshot == NULL)
		snapshot = sto_store_snapshot();
	scan->snapshot = snapshot;
	scan->slot = table_slot_create(scan->rel, NULL);
	scan->scan = sto_index_beginscan(scan->rel, scan->index, scan->snapshot, nkeys);
	index_rescan(scan->scan, skey, nkeys, NULL, 0);
}

bool
sto_scan_next(StoScan *scan)
{
	return index_getnext_slot(scan->scan, ForwardScanDirection, scan->slot);
}

bool
sto_scan_previous(StoScan *scan)
{
	return index_getnext_slot(scan->scan, BackwardScanDirection, scan->slot);
}

void
sto_scan_again(StoScan *scan, int nkeys, const Datum *keys)
{
	ScanKeyData skey[STO_STORE_KEYS];

	Assert(nkeys == scan->scan->numberOfKeys && nkeys <= STO_STORE_KEYS);
	for (int i = 0; i < nkeys; i++)
	{
		skey[i] = scan->scan->keyData[i];
		skey[i].sk_argument = keys[i];
	}
	index_rescan(scan->scan, skey, nkeys, NULL, 0);
}

/* End the scan but leave its relation open and its slot filled. */
static void
end_index(StoScan *scan)
{
	index_endscan(scan->scan);
	index_close(scan->index, AccessShareLock);
	if (scan->registered)
		UnregisterSnapshot(scan->snapshot);
}

void
sto_scan_end(StoScan *scan)
{
	end_index(scan);
	ExecDropSingleTupleTableSlot(scan->slot);
	table_close(scan->rel, AccessShareLock);
}

bool
sto_store_find(StoRel rel, StoIndex index, int nkeys, const Datum *keys, StoRow *row)
{
	StoScan scan;
	ItemPointer tid;

	sto_scan_begin(&scan, rel, index, nkeys, keys, NULL);
	row->found = false;
	while (!row->found && (tid = index_getnext_tid(scan.scan, ForwardScanDirection)) != NULL)
	{
		row->root = *tid;
		row->found = index_fetch_heap(scan.scan, scan.slot);
	}
	row->rel = scan.rel;
	row->slot = scan.slot;
	end_index(&scan);
	return row->found;
}

bool
sto_store_fetch(StoRel rel, ItemPointerData root, StoRow *row)
{
	row->rel = table_open(sto_rel_oid(rel), AccessShareLock);
	row->slot = table_slot_create(row->rel, NULL);
	row->root = root;
	row->found = false;
	/* VACUUM may have cut the table's end off; the lock keeps it from doing so now */
	if (ItemPointerGetBlockNumber(&root) < RelationGetNumberOfBlocks(row->rel))
	{
		Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
		IndexFetchTableData *fetch = table_index_fetch_begin(row->rel);
		bool again = false;

		row->found = table_index_fetch_tuple(fetch, &root, snapshot, row->slot, &again, NULL);
		table_index_fetch_end(fetch);
		UnregisterSnapshot(snapshot);
	}
	return row->found;
}

bool
sto_store_find_lock(StoRel rel, StoIndex index, int nkeys, const Datum *keys, StoRow *row)
{
	for (;;)
	{
		StoLocked locked;

		if (!sto_store_find(rel, index, nkeys, keys, row))
			return false;
		locked = sto_row_lock(row);
		if (locked == STO_LOCKED)
			return true;
		/* deleted meanwhile: look again */
		sto_row_close(row);
	}
}

static pg_attribute_noreturn() void could_not_serialize(void)
{
	ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					errmsg("could not serialize access due to concurrent update"),
					errhint("Retry the transaction.")));
}

StoLocked
sto_row_lock(StoRow *row)
{
	ItemPointerData tid = row->slot->tts_tid;
	TM_FailureData failure;
	TM_Result result;
	bool follow = !IsolationUsesXactSnapshot();

	/* until the transaction ends: VACUUM FULL would move what the caller remembers the place of */
	LockRelationOid(RelationGetRelid(row->rel), RowShareLock);

	/*
	 * Above READ COMMITTED a version that this transaction's snapshot doesn't
	 * show was made by a transaction that it must not have seen: 40001, as a
	 * plain UPDATE would give.
	 */
	if (!follow && !table_tuple_satisfies_snapshot(row->rel, row->slot, GetTransactionSnapshot()))
		could_not_serialize();

	result = table_tuple_lock(row->rel, &tid, GetLatestSnapshot(), row->slot,
							  GetCurrentCommandId(false), LockTupleNoKeyExclusive, LockWaitBlock,
							  follow ? TUPLE_LOCK_FLAG_FIND_LAST_VERSION : 0, &failure);
	if (result == TM_Ok)
		return STO_LOCKED;
	if (result == TM_Deleted && follow)
		return STO_LOCK_GONE;
	if (result != TM_Deleted && result != TM_Updated)
		elog(ERROR, "unexpected result %d of locking a row of \"%s\"", (int) result,
			 RelationGetRelationName(row->rel));
	could_not_serialize();
}

Datum
sto_row_get(const StoRow *row, int attno, bool *isnull)
{
	return slot_getattr(row->slot, attno, isnull);
}

int64
sto_row_time(const StoRow *row, int attno, int64 otherwise)
{
	bool isnull;
	Datum value = sto_row_get(row, attno, &isnull);

	return isnull ? otherwise : StoTimeFromTimestamp(DatumGetTimestampTz(value));
}

void
sto_row_close(StoRow *row)
{
	ExecDropSingleTupleTableSlot(row->slot);
	table_close(row->rel, AccessShareLock);
}

void
sto_write_begin(StoWrite *write, StoRel rel)
{
	write->rel = table_open(sto_rel_oid(rel), RowExclusiveLock);
	write->estate = CreateExecutorState();
	write->info = makeNode(ResultRelInfo);
	/* 0: there is no range table to look updated columns up in */
	InitResultRelInfo(write->info, write->rel, 0, NULL, 0);
	ExecOpenIndices(write->info, false);
	STO_EPQ_INIT(&write->epq, write->estate);
	write->old = table_slot_create(write->rel, NULL);
	write->new = MakeSingleTupleTableSlot(RelationGetDescr(write->rel), &TTSOpsHeapTuple);
}

void
sto_write_end(StoWrite *write)
{
	ExecDropSingleTupleTableSlot(write->old);
	ExecDropSingleTupleTableSlot(write->new);
	EvalPlanQualEnd(&write->epq);
	ExecCloseIndices(write->info);
	FreeExecutorState(write->estate);
	/* the lock stays until the transaction ends, as a writer's does */
	table_close(write->rel, NoLock);
	CommandCounterIncrement();
}

ItemPointerData
sto_write_insert(StoWrite *write, Datum *values, bool *nulls)
{
	ExecForceStoreHeapTuple(heap_form_tuple(RelationGetDescr(write->rel), values, nulls),
							write->new, true);
	ExecSimpleRelationInsert(write->info, write->estate, write->new);
	return write->new->tts_tid;
}

ItemPointerData
sto_write_update(StoWrite *write, ItemPointerData tid, Datum *values, bool *nulls)
{
	ExecForceStoreHeapTuple(heap_form_tuple(RelationGetDescr(write->rel), values, nulls),
							write->new, true);
	write->old->tts_tid = tid;
	ExecSimpleRelationUpdate(write->info, write->estate, &write->epq, write->old, write->new);
	return write->new->tts_tid;
}

bool
sto_write_was_hot(const StoWrite *write)
{
	return HeapTupleIsHeapOnly(((HeapTupleTableSlot *) write->new)->tuple);
}

void
sto_store_insert(StoRel rel, Datum *values, bool *nulls)
{
	StoWrite write;

	sto_write_begin(&write, rel);
	sto_write_insert(&write, values, nulls);
	sto_write_end(&write);
}

void
sto_store_update(StoRow *row, Datum *values, bool *nulls, const bool *replaces)
{
	StoWrite write;
	int columns = RelationGetNumberOfAttributes(row->rel);

	slot_getallattrs(row->slot);
	for (int i = 0; i < columns; i++)
		if (!replaces[i])
		{
			values[i] = row->slot->tts_values[i];
			nulls[i] = row->slot->tts_isnull[i];
		}
	sto_write_begin(&write, sto_rel_of_oid(RelationGetRelid(row->rel)));
	sto_write_update(&write, row->slot->tts_tid, values, nulls);
	sto_write_end(&write);
}

bool
sto_store_each_row(StoRel rel, BlockNumber most, void (*take)(TupleTableSlot *slot))
{
	Relation r = table_open(sto_rel_oid(rel), AccessShareLock);
	bool small = RelationGetNumberOfBlocks(r) <= most;

	if (small)
	{
		Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
		TableScanDesc scan = table_beginscan(r, snapshot, 0, NULL);
		TupleTableSlot *slot = table_slot_create(r, NULL);

		while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
			take(slot);
		ExecDropSingleTupleTableSlot(slot);
		table_endscan(scan);
		UnregisterSnapshot(snapshot);
	}
	table_close(r, AccessShareLock);
	return small;
}

/* How many blocks may be read now; 0: it is not yet time.  A look-up costs as much as some 20 rows
 * of a scan, a quarter of a block. */
static BlockNumber
worth_reading(uint32 misses, int scans)
{
	return misses >= 64 && (misses & (misses - 1)) == 0 ? Min(misses / 4 * scans, 8192) : 0;
}

bool
sto_store_read_ahead(StoRel rel, uint32 misses, void (*take)(TupleTableSlot *slot))
{
	BlockNumber most = worth_reading(misses, 1);

	return most > 0 && sto_store_each_row(rel, most, take);
}

bool
sto_store_read_ahead_by(StoRel rel, StoIndex index, uint32 misses, int scans,
						void (*take)(TupleTableSlot *slot, void *arg), void *arg)
{
	BlockNumber most = worth_reading(misses, scans);
	StoScan scan;
	bool small;

	if (most == 0)
		return false;
	sto_scan_begin(&scan, rel, index, 0, NULL, NULL);
	small = RelationGetNumberOfBlocks(scan.rel) <= most;
	while (small && sto_scan_next(&scan))
		take(scan.slot, arg);
	sto_scan_end(&scan);
	return small;
}

bool
sto_store_each_entry(StoRel rel, StoIndex index, BlockNumber most,
					 void (*take)(ItemPointer root, const Datum *keys))
{
	StoScan scan;
	bool small;
	ItemPointer root;
	Datum keys[INDEX_MAX_KEYS];
	bool nulls[INDEX_MAX_KEYS];

	sto_scan_begin(&scan, rel, index, 0, NULL, NULL);
	small = RelationGetNumberOfBlocks(scan.index) <= most;
	/* the scan makes room for index tuples when it is begun anew */
	scan.scan->xs_want_itup = true;
	index_rescan(scan.scan, NULL, 0, NULL, 0);
	while (small && (root = index_getnext_tid(scan.scan, ForwardScanDirection)) != NULL)
	{
		index_deform_tuple(scan.scan->xs_itup, scan.scan->xs_itupdesc, keys, nulls);
		take(root, keys);
	}
	sto_scan_end(&scan);
	return small;
}

void
sto_store_delete(StoRow *row)
{
	Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
	Relation r = table_open(RelationGetRelid(row->rel), RowExclusiveLock);

	simple_table_tuple_delete(r, &row->slot->tts_tid, snapshot);
	table_close(r, NoLock);
	UnregisterSnapshot(snapshot);
	CommandCounterIncrement();
}

void
sto_store_delete_all(StoRel rel)
{
	Relation r = table_open(sto_rel_oid(rel), RowExclusiveLock);
	Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(r, snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(r, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
		simple_table_tuple_delete(r, &slot->tts_tid, snapshot);
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(r, NoLock);
	CommandCounterIncrement();
}
