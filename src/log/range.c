/*
 * range.c
 *		Reading rows by a range of an index, either way, with one snapshot.
 */
#include "postgres.h"

#include "log/range.h"

#include "access/table.h"
#include "access/tableam.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

/* bigint's comparison function of each B-tree strategy */
static const RegProcedure bigint_procedures[] = {
	[BTLessStrategyNumber] = F_INT8LT,    [BTLessEqualStrategyNumber] = F_INT8LE,
	[BTEqualStrategyNumber] = F_INT8EQ,   [BTGreaterEqualStrategyNumber] = F_INT8GE,
	[BTGreaterStrategyNumber] = F_INT8GT,
};

void
sto_range_begin(StoRange *range, StoRel rel, StoIndex index, Snapshot snapshot,
				const StoBound *bounds, int count, ScanDirection direction)
{
	ScanKeyData keys[STO_RANGE_BOUNDS];

	Assert(count <= STO_RANGE_BOUNDS);
	range->rel = table_open(sto_rel_oid(rel), AccessShareLock);
	range->index = index_open(sto_index_oid(index), AccessShareLock);
	range->slot = table_slot_create(range->rel, NULL);
	range->direction = direction;
	for (int i = 0; i < count; i++)
	{
		const StoBound *b = &bounds[i];

		Assert(!b->small || b->strategy == BTEqualStrategyNumber);
		ScanKeyInit(&keys[i], b->column, b->strategy,
					b->small ? F_INT2EQ : bigint_procedures[b->strategy],
					b->small ? Int16GetDatum((int16) b->value) : Int64GetDatum(b->value));
	}
	range->scan = sto_index_beginscan(range->rel, range->index, snapshot, count);
	index_rescan(range->scan, keys, count, NULL, 0);
}

bool
sto_range_next(StoRange *range)
{
	return index_getnext_slot(range->scan, range->direction, range->slot);
}

Datum
sto_range_get(StoRange *range, AttrNumber column)
{
	bool isnull;
	Datum value = slot_getattr(range->slot, column, &isnull);

	if (isnull)
		elog(ERROR, "column %d of \"%s\" is null", column, RelationGetRelationName(range->rel));
	return value;
}

void
sto_range_end(StoRange *range)
{
	index_endscan(range->scan);
	index_close(range->index, AccessShareLock);
	ExecDropSingleTupleTableSlot(range->slot);
	table_close(range->rel, AccessShareLock);
}
