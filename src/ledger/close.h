/*
 * close.h
 *		What every position was at a day's close, and the one root over it.
 *
 * docs/format.md, "The content of a close".
 */
#ifndef STO_LEDGER_CLOSE_H
#define STO_LEDGER_CLOSE_H

#include "postgres.h"

#include "core/message.h"
#include "core/merkle.h"

/* One position, as its last entry left it. */
typedef struct StoCloseLine
{
	uint8_t wallet[STO_ADDRESS_LEN];
	uint8_t token_id[STO_UUID_LEN];
	uint8_t salt[STO_DIGEST_LEN]; /* the wallet's */
	uint8_t head[STO_DIGEST_LEN]; /* leaf of the position's last entry */
	int64 seq;
	StoAmount balance;
	StoAmount held;
} StoCloseLine;

typedef struct StoCloseLines
{
	StoCloseLine *lines; /* by wallet address, then token */
	int64 count;
	int64 room;
} StoCloseLines;

/* As the entries with ids below `before` left them, from the log; ERROR ST404 if it has gaps. */
extern void sto_close_read_before(int64 before, StoCloseLines *out);
extern int sto_close_compare(const void *a, const void *b); /* of lines, by their place */
extern void sto_close_line_leaf(const StoCloseLine *line, StoHash *leaf);
/*
 * A close keeps every writer out while it adds up: only superusers and registrars may begin one
 * (ERROR ST104, ST107).  Ask before the lock.
 */
extern void sto_close_check_submitter(void);

#endif
