/*
 * cosign.h
 *		Checkpoints with their cosignatures.
 */
#ifndef STO_LOG_COSIGN_H
#define STO_LOG_COSIGN_H

#include "postgres.h"

#include "core/note.h"

#include "datatype/timestamp.h"
#include "fmgr.h"
#include "utils/snapshot.h"

/* A stored checkpoint: its note with the log's signature alone, and what the note says. */
typedef struct StoStoredCheckpoint
{
	int64 tree_size;
	TimestampTz signed_at;
	const char *note; /* in memory of the current context, as is what parsed points to */
	size_t note_len;
	StoNote parsed;
	StoCheckpoint checkpoint;
} StoStoredCheckpoint;

/*
 * The checkpoint of that tree size, or the newest (-1); false if there is none.
 * snapshot NULL: as of now.  ERROR ST404 if the stored note is none of that size.
 */
extern bool sto_stored_checkpoint(int64 tree_size, Snapshot snapshot, StoStoredCheckpoint *out);

/* The same for SQL's argument n, a tree size or null: ERROR ST502 for a size that has none. */
extern bool sto_arg_checkpoint(FunctionCallInfo fcinfo, int n, Snapshot snapshot,
							   StoStoredCheckpoint *out);

/*
 * Between what times somebody else can have signed it.  Not before the log did, but
 * for what clocks may differ; nor before now if signed_at lies ahead: then the log's
 * clock was wrong, and signed_at, which never falls, tells nothing for as long.
 */
extern void sto_others_times(const StoStoredCheckpoint *stored, TimestampTz *earliest,
							 TimestampTz *latest);

/* A verifier key that SQL gives, of the log or of a witness; ERROR 22023 for what is none. */
extern void sto_text_vkey(const text *vkey, StoNoteKey *key);

/* Its note with the log's line and then every stored cosignature. */
extern text *sto_cosigned_note(const StoStoredCheckpoint *stored, Snapshot snapshot);

#endif
