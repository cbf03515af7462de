/*
 * log_key.h
 *		The log's name and its keys, as the register has them.
 */
#ifndef STO_LOG_LOG_KEY_H
#define STO_LOG_LOG_KEY_H

#include "postgres.h"

#include "core/note.h"

/*
 * The origin of checkpoints, which is also the name of the log's note key:
 * genesis origin "/" ledger id.  Terminated; false: the ledger is not open.
 */
extern bool sto_log_name(char out[STO_NOTE_NAME_MAX + 1]);
/* The present key, and the event that registered it; false: there is none. */
extern bool sto_log_key(const char *name, StoNoteKey *key, int64 *registered);
/* Has the note a good signature of a key of this log, present or retired? */
extern bool sto_log_signed(const char *name, const StoNote *note);

#endif
