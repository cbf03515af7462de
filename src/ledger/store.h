/*
 * store.h
 *		Reading and writing the register's tables by table access method.
 *
 * The gates read facts as of now, not as of the statement's snapshot, and
 * need no privilege of the acting role; SQL could give neither.  Rows written
 * are visible to the next read: every write increments the command counter.
 */
#ifndef STO_LEDGER_STORE_H
#define STO_LEDGER_STORE_H

#include "ledger/catalog.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "storage/block.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"

#define STO_STORE_KEYS 3

/* A found row; close it, whether or not it was found. */
typedef struct StoRow
{
	Relation rel;
	TupleTableSlot *slot; /* all attributes deformed; empty if not found */
	bool found;
	ItemPointerData root; /* where the index points: first version of the row's HOT chain */
} StoRow;

/*
 * The newest committed (or own) row whose index columns equal the keys.
 * keys: one Datum for each leading column of a unique index.
 */
extern bool sto_store_find(StoRel rel, StoIndex index, int nkeys, const Datum *keys, StoRow *row);
/*
 * The newest version reachable from where an index once pointed, without the
 * index.  It may be another row by now: the caller compares the key.
 */
extern bool sto_store_fetch(StoRel rel, ItemPointerData root, StoRow *row);
/* Like sto_store_find, then lock the row until the transaction ends, following updates (40001 above
 * READ COMMITTED). */
extern bool sto_store_find_lock(StoRel rel, StoIndex index, int nkeys, const Datum *keys,
								StoRow *row);
/* Attribute number attno (1-based) of a found row. */
extern Datum sto_row_get(const StoRow *row, int attno, bool *isnull);
/* A time of one, in microseconds since 1970; the other value if it is null. */
extern int64 sto_row_time(const StoRow *row, int attno, int64 otherwise);
extern void sto_row_close(StoRow *row);

typedef enum StoLocked
{
	STO_LOCKED,
	STO_LOCK_GONE /* deleted meanwhile (READ COMMITTED) */
} StoLocked;

/* Lock a found row; its slot then holds the version that was locked. */
extern StoLocked sto_row_lock(StoRow *row);

/* values and nulls for every column of the table, in its order. */
extern void sto_store_insert(StoRel rel, Datum *values, bool *nulls);
/* Replace columns of a found row: those with replaces[i]; the row keeps being found but stale. */
extern void sto_store_update(StoRow *row, Datum *values, bool *nulls, const bool *replaces);
extern void sto_store_delete(StoRow *row);    /* a locked row */
extern void sto_store_delete_all(StoRel rel); /* for sto.rebuild() */

/*
 * Read-ahead, for caches: every row as of now, or every entry of an index with
 * the place it points to and its key columns.  Does nothing and returns false
 * if the relation has more than `most` blocks.
 */
extern bool sto_store_each_row(StoRel rel, BlockNumber most, void (*take)(TupleTableSlot *slot));
extern bool sto_store_each_entry(StoRel rel, StoIndex index, BlockNumber most,
								 void (*take)(ItemPointer root, const Datum *keys));

/*
 * The same for caches that fill for a whole session: called at every miss with their
 * number so far, it reads the table once the misses have cost as much as that does, and returns
 * true.
 */
extern bool sto_store_read_ahead(StoRel rel, uint32 misses, void (*take)(TupleTableSlot *slot));
/* In the order of an index, where each miss takes so many scans. */
extern bool sto_store_read_ahead_by(StoRel rel, StoIndex index, uint32 misses, int scans,
									void (*take)(TupleTableSlot *slot, void *arg), void *arg);

/*
 * Many writes to one table: begin once, write, end.  Nothing that was written
 * is visible before the end.
 */
typedef struct StoWrite
{
	Relation rel;
	EState *estate;
	ResultRelInfo *info;
	EPQState epq;
	TupleTableSlot *old;
	TupleTableSlot *new;
} StoWrite;

extern void sto_write_begin(StoWrite *write, StoRel rel);
extern ItemPointerData sto_write_insert(StoWrite *write, Datum *values, bool *nulls);
/* The version at tid must be locked by this transaction. */
extern ItemPointerData sto_write_update(StoWrite *write, ItemPointerData tid, Datum *values,
										bool *nulls);
/* Did the last update stay in its row's HOT chain? */
extern bool sto_write_was_hot(const StoWrite *write);
extern void sto_write_end(StoWrite *write);

/*
 * A scan by index with any snapshot, for callers that need more than one row:
 * begin, next until it returns false, end.
 */
typedef struct StoScan
{
	Relation rel;
	Relation index;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	Snapshot snapshot;
	bool registered;
} StoScan;

/* The newest, for several scans that must agree: UnregisterSnapshot() ends it. */
extern Snapshot sto_store_snapshot(void);
/* snapshot NULL: the newest */
extern void sto_scan_begin(StoScan *scan, StoRel rel, StoIndex index, int nkeys, const Datum *keys,
						   Snapshot snapshot);
/* Rows whose last key column compares so with its key: BTLessStrategyNumber and so on. */
extern void sto_scan_begin_bound(StoScan *scan, StoRel rel, StoIndex index, int nkeys,
								 const Datum *keys, StrategyNumber last, Snapshot snapshot);
extern bool sto_scan_next(StoScan *scan);
extern bool sto_scan_previous(StoScan *scan); /* instead of next: from the last row on */
/* The same scan again with other keys, as many as it began with. */
extern void sto_scan_again(StoScan *scan, int nkeys, const Datum *keys);
extern void sto_scan_end(StoScan *scan);

#endif
