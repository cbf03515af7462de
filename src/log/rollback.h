/*
 * rollback.h
 *		Checkpoints that were signed with this log's key but are not of this
 *		tree: a restored backup, or two primaries.
 *
 * They come from the state file, from the database's own newest checkpoint,
 * and from whoever reports one.  While there is one that no log_restart event
 * gives up, nothing may be signed.
 */
#ifndef STO_LOG_ROLLBACK_H
#define STO_LOG_ROLLBACK_H

#include "postgres.h"

#include "log/tree.h"

/*
 * May this tree be signed?  If not, *message says why and *hint what to do, in
 * memory of the current context.  path is that of the state file, name the
 * log's.  *no_file: the file is missing though checkpoints were signed.
 */
extern bool sto_rollback_check(StoTree *tree, const char *name, const char *path, char **message,
							   char **hint, bool *no_file);

/* The newest checkpoint's size and time; false: none was signed. */
extern bool sto_newest_checkpoint(int64 *size, TimestampTz *signed_at, StoHash *root);

#endif
