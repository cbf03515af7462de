/*
 * leaves.c
 *		The leaves of the log in their order: both log tables merged by entry_id.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "log/leaves.h"

/* entry_id is the first column of both tables and of both primary keys */
StaticAssertDecl((int) EVENT_ENTRY_ID == (int) TRANSFER_ENTRY_ID, "one column for the id");

static const struct
{
	StoRel rel;
	StoIndex index;
	AttrNumber hash_column;
} tables[2] = {
	{STO_REL_TRANSFER, STO_IDX_TRANSFER, TRANSFER_LEAF_HASH},
	{STO_REL_EVENT, STO_IDX_EVENT, EVENT_LEAF_HASH},
};

static void
advance(StoLeafSource *source)
{
	source->more = sto_range_next(&source->range);
	if (source->more)
		source->entry_id = DatumGetInt64(sto_range_get(&source->range, EVENT_ENTRY_ID));
}

static void
begin(StoLeaves *leaves, Snapshot snapshot, const StoBound *bounds, int count,
	  ScanDirection direction)
{
	for (int i = 0; i < 2; i++)
	{
		StoLeafSource *source = &leaves->sources[i];

		sto_range_begin(&source->range, tables[i].rel, tables[i].index, snapshot, bounds, count,
						direction);
		source->hash_column = tables[i].hash_column;
		advance(source);
	}
	leaves->given = NULL;
	leaves->backward = ScanDirectionIsBackward(direction);
}

void
sto_leaves_begin(StoLeaves *leaves, Snapshot snapshot, int64 first, int64 last)
{
	const StoBound bounds[2] = {{1, BTGreaterEqualStrategyNumber, false, first},
								{1, BTLessEqualStrategyNumber, false, last}};

	begin(leaves, snapshot, bounds, 2, ForwardScanDirection);
}

void
sto_leaves_begin_back(StoLeaves *leaves, Snapshot snapshot, int64 last)
{
	const StoBound bound = {1, BTLessEqualStrategyNumber, false, last};

	begin(leaves, snapshot, &bound, 1, BackwardScanDirection);
}

bool
sto_leaves_next(StoLeaves *leaves, int64 *entry_id, const StoHash **hash)
{
	StoLeafSource *a = &leaves->sources[0];
	StoLeafSource *b = &leaves->sources[1];
	StoLeafSource *next;

	/* only now: the slot held the leaf that the caller was given */
	if (leaves->given != NULL)
		advance(leaves->given);
	next = a->more && (!b->more || (a->entry_id < b->entry_id) != leaves->backward) ? a : b;
	leaves->given = next->more ? next : NULL;
	if (!next->more)
		return false;
	*entry_id = next->entry_id;
	*hash = (const StoHash *) DatumGetPointer(sto_range_get(&next->range, next->hash_column));
	return true;
}

void
sto_leaves_end(StoLeaves *leaves)
{
	for (int i = 0; i < 2; i++)
		sto_range_end(&leaves->sources[i].range);
}

bool
sto_leaf_of(Snapshot snapshot, int64 entry_id, StoHash *hash)
{
	StoLeaves leaves;
	const StoHash *found;
	bool any;

	sto_leaves_begin(&leaves, snapshot, entry_id, entry_id);
	any = sto_leaves_next(&leaves, &entry_id, &found);
	if (any)
		*hash = *found;
	sto_leaves_end(&leaves);
	return any;
}

int64
sto_leaves_last_id(Snapshot snapshot)
{
	int64 last = 0;

	for (int i = 0; i < 2; i++)
	{
		StoRange range;

		sto_range_begin(&range, tables[i].rel, tables[i].index, snapshot, NULL, 0,
						BackwardScanDirection);
		if (sto_range_next(&range))
			last = Max(last, DatumGetInt64(sto_range_get(&range, EVENT_ENTRY_ID)));
		sto_range_end(&range);
	}
	return last;
}
