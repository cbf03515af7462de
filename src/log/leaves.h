/*
 * leaves.h
 *		The leaves of the log in their order: both log tables merged by entry_id.
 */
#ifndef STO_LOG_LEAVES_H
#define STO_LOG_LEAVES_H

#include "core/merkle.h"
#include "log/range.h"

/* One of the two tables, and its next row. */
typedef struct StoLeafSource
{
	StoRange range;
	AttrNumber hash_column;
	bool more;
	int64 entry_id;
} StoLeafSource;

typedef struct StoLeaves
{
	StoLeafSource sources[2];
	StoLeafSource *given; /* whose row the caller has now */
	bool backward;
} StoLeaves;

/* Ids from `first` to `last`. */
extern void sto_leaves_begin(StoLeaves *leaves, Snapshot snapshot, int64 first, int64 last);
/* Ids from `last` down. */
extern void sto_leaves_begin_back(StoLeaves *leaves, Snapshot snapshot, int64 last);
/* The next leaf; its hash stays where it is until the next call. */
extern bool sto_leaves_next(StoLeaves *leaves, int64 *entry_id, const StoHash **hash);
extern void sto_leaves_end(StoLeaves *leaves);

/* The leaf of one id; false if the log has none. */
extern bool sto_leaf_of(Snapshot snapshot, int64 entry_id, StoHash *hash);
/* The greatest id in the log; 0 if it is empty. */
extern int64 sto_leaves_last_id(Snapshot snapshot);

#endif
