/*
 * tree.h
 *		The sealed tree, as stored: blocks, tiles and the log's unfinished end.
 *
 * Readers take a snapshot once and see one state of log, blocks and tiles.  They
 * read by table access method, so the caller needs no privilege on the tables.
 */
#ifndef STO_LOG_TREE_H
#define STO_LOG_TREE_H

#include "postgres.h"
#include "compat.h"

#include "core/merkle.h"

#include "datatype/timestamp.h"
#include "utils/snapshot.h"

/* One row of sto.block: it closes the ids above the block before, up to last_id. */
typedef struct StoBlock
{
	int64 last_id;
	int64 tree_size;
	TimestampTz sealed_at;
	StoHash root;
} StoBlock;

/*
 * The block of exactly that tree size, or the newest (size -1), as of now; false
 * if there is none.
 */
extern bool sto_tree_block(int64 size, StoBlock *block);

/*
 * Open a tree to read it; close it when done (an error closes it too).
 * snapshot NULL: as of now, which parallel workers can't ask for.
 */
typedef struct StoTree
{
	Snapshot snapshot;
	bool registered;
	int64 size;      /* of its newest block; 0: nothing is sealed */
	StoBlock newest; /* if size > 0 */
} StoTree;

extern void sto_tree_open(StoTree *tree, Snapshot snapshot);
extern void sto_tree_close(StoTree *tree);

/*
 * A StoReadHashes whose context is a StoTree *.  Answers what is sealed; ERROR
 * ST404 where tiles or log are not what the seal left.
 */
extern bool sto_tree_read(void *tree, int level, int64_t first, int count, StoHash *out);

/*
 * The leaves that no full tile has, size % 256 of them, and their ids: for up to
 * 256 of each there must be room.
 */
extern void sto_tree_unfinished(StoTree *tree, StoHash *hashes, int64 *ids);

/* The same as core's sto_tiles_..., with errors: ST502 for a size that is not sealed. */
extern void sto_tree_root(StoTree *tree, int64 size, StoHash *out);
extern void sto_tree_inclusion(StoTree *tree, int64 index, int64 size, StoHash proof[STO_PROOF_MAX],
							   int *count);
extern void sto_tree_consistency(StoTree *tree, int64 from, int64 to, StoHash proof[STO_PROOF_MAX],
								 int *count);

/*
 * The index of an entry's leaf, and its hash (leaf may be NULL).
 * ERROR ST501 if it is not sealed yet, ST502 if the log has no such entry, ST404
 * if it is not the leaf that was sealed.
 */
extern int64 sto_tree_leaf_index(StoTree *tree, int64 entry_id, StoHash *leaf);

/*
 * Seal what is there, in transactions of its own, for a background worker that
 * has none open.  It never waits: where a writer is in flight it says so, and
 * the next call looks whether that one has ended.  Errors are those of CALL
 * sto.seal().
 */
typedef enum StoSealed
{
	STO_SEALED_NOTHING, /* nothing new is there */
	STO_SEALED_BLOCK,
	STO_SEAL_WAITS /* call again */
} StoSealed;

extern StoSealed sto_seal_now(void);
/* Is a log table, or that of the blocks, filled by a subscription?  Then others seal and sign. */
extern bool sto_is_subscriber(void);
extern void sto_seal_init(void); /* its setting; once per backend, from _PG_init */

#endif
