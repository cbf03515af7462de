/*
 * range.h
 *		Reading rows by a range of an index, either way, with one snapshot.
 *
 * What ledger/store.h doesn't have: it finds rows that equal a key.
 */
#ifndef STO_LOG_RANGE_H
#define STO_LOG_RANGE_H

#include "postgres.h"
#include "compat.h"

#include "ledger/catalog.h"

#include "access/genam.h"
#include "access/relscan.h"
#include "access/sdir.h"
#include "access/stratnum.h"
#include "executor/tuptable.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"

/* A bound of an index column: its number there, a B-tree strategy, and a value. */
typedef struct StoBound
{
	AttrNumber column;
	StrategyNumber strategy;
	bool small; /* a smallint column, else a bigint one */
	int64 value;
} StoBound;

#define STO_RANGE_BOUNDS 3

typedef struct StoRange
{
	Relation rel;
	Relation index;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	ScanDirection direction;
} StoRange;

/* Rows within all `count` bounds, STO_RANGE_BOUNDS at most, in the direction of the index. */
extern void sto_range_begin(StoRange *range, StoRel rel, StoIndex index, Snapshot snapshot,
							const StoBound *bounds, int count, ScanDirection direction);
/* The next row, in range->slot. */
extern bool sto_range_next(StoRange *range);
extern void sto_range_end(StoRange *range);
/* A column that is never null. */
extern Datum sto_range_get(StoRange *range, AttrNumber column);

#endif
