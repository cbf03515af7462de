/*
 * seal.h
 *		Sealing: closing the next range of ids into the tree.
 */
#ifndef STO_LOG_SEAL_H
#define STO_LOG_SEAL_H

#include "log/tree.h"

/*
 * Append every leaf with an id in (newest block's last id, last_id] to the tree
 * and write its block, with the active snapshot, in the running transaction.
 * False if there was none.  ERROR ST404 if the tree is not what the last block
 * says: nothing is sealed on top of a broken one.
 */
extern bool sto_edge_seal(int64 last_id);

/* Where tests can stop a seal. */
extern void sto_seal_step(const char *step);

#endif
