/*
 * checkpoint.h
 *		Signing checkpoints of the sealed tree: the worker alone does it.
 */
#ifndef STO_LOG_CHECKPOINT_H
#define STO_LOG_CHECKPOINT_H

#include "postgres.h"

#include "core/note.h"
#include "log/slot.h"
#include "log/tree.h"

/* Settings: sto_ledger.log_key and sto_ledger.log_state. */
extern char *sto_log_key_setting;
extern char *sto_log_state_setting;

/* What can be signed now, with what. */
typedef struct StoSigning
{
	bool ready;           /* if not, the rest says why */
	StoWorkerState state; /* STO_WORKER_SEALING if ready */
	char message[STO_STATUS_LEN];
	char hint[STO_STATUS_LEN];
	char name[STO_NOTE_NAME_MAX + 1];
	StoNoteKey key;
	bool sealed; /* there is a block, and it is: */
	StoBlock newest;
	int64 signed_size; /* of the newest checkpoint; 0: none */
	TimestampTz signed_at;
} StoSigning;

/* Look at register, tree, state file and key.  In a transaction. */
extern void sto_signing_look(StoSigning *signing);
/* Sign a text with the log's key; ERROR if that fails.  After a look that was ready. */
extern void sto_signing_sign(const void *text, size_t len, uint8_t signature[STO_SIG_LEN]);
/* Open the key anew at the next look. */
extern void sto_signing_forget(void);

/*
 * Everything that other sessions can see by now is on disk, and where the
 * server's settings say so on standbys too, when this returns.  Outside a
 * transaction.
 */
extern void sto_make_durable(void);

/* Sign the newest block unless it is signed.  In transactions of its own. */
extern void sto_checkpoint_round(StoSigning *signing);

#endif
