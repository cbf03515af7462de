/*
 * tile.h
 *		Rows of sto.tile: full tiles, 256 hashes each.
 */
#ifndef STO_LOG_TILE_H
#define STO_LOG_TILE_H

#include "postgres.h"
#include "compat.h"

#include "core/merkle.h"
#include "ledger/store.h"

/* Hashes that stay in the row; the rest is four full TOAST chunks, one page. */
#define STO_TILE_HEAD 7
#define STO_TILE_TAIL (STO_TILE_WIDTH - STO_TILE_HEAD)

/* ERROR ST404: what is stored is not what a seal leaves. */
pg_attribute_noreturn() extern void sto_tree_broken(const char *what);
/* ERROR 38000: OpenSSL failed. */
pg_attribute_noreturn() extern void sto_tree_no_hash(void);

/* Hashes offset .. offset + count - 1 of a full tile; ERROR ST404 if it is missing. */
extern void sto_tile_read(Snapshot snapshot, int level, int64 tile, int offset, int count,
						  StoHash *out);
/* Roots of the full tiles first .. first + count - 1 of a level; ERROR ST404 if one is missing. */
extern void sto_tile_roots(Snapshot snapshot, int level, int64 first, int count, StoHash *out);
/* The full tile of level 0 with the greatest first id that is not above entry_id, and its hashes.
 */
extern bool sto_tile_of_id(Snapshot snapshot, int64 entry_id, int64 *tile,
						   StoHash hashes[STO_TILE_WIDTH]);

/* Add a full tile; first_id only for level 0. */
extern void sto_tile_write(StoWrite *write, int level, int64 tile, int64 first_id,
						   const StoHash hashes[STO_TILE_WIDTH], const StoHash *root);

#endif
