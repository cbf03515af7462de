/*
 * position.h
 *		The positions that this transaction moves, kept in memory while a
 *		statement runs and written back once at its end.
 */
#ifndef STO_LEDGER_POSITION_H
#define STO_LEDGER_POSITION_H

#include "postgres.h"

#include "core/message.h"
#include "ledger/rowcache.h"

typedef struct StoPositionKey
{
	uint8_t token_id[STO_UUID_LEN];
	uint8_t wallet[STO_ADDRESS_LEN];
} StoPositionKey;

typedef struct StoPosition
{
	StoPositionKey key;
	bool has_head;
	/* its last entries in this transaction were an issue under a group id, and lock-ups of it */
	bool just_issued;
	uint8_t issue_group[STO_UUID_LEN];
	StoAmount lockable; /* what those left of the issue */
	StoAmount balance;
	StoAmount held;
	int64 seq;
	int64 posted_at; /* of its last entry, microseconds since 1970 */
	uint8_t head[STO_DIGEST_LEN];
	StoAmount outflow; /* sum of its issues, and of its transfers and posts to other parties */
	StoRowState state;
} StoPosition;

/*
 * The position of a wallet and token, locked until the transaction ends; made
 * with balance zero if there is none.  The pointer is good until the
 * transaction ends or a savepoint is rolled back.
 */
extern StoPosition *sto_position_lock(const uint8_t token_id[STO_UUID_LEN],
									  const uint8_t wallet[STO_ADDRESS_LEN]);
/* Nobody else changes it, or makes it, until this transaction ends. */
extern void sto_position_bar(const uint8_t token_id[STO_UUID_LEN],
							 const uint8_t wallet[STO_ADDRESS_LEN]);
/*
 * A copy of it as this session sees it now, with its own moves, without a lock; at
 * zero if there is none.
 */
extern void sto_position_read(const uint8_t token_id[STO_UUID_LEN],
							  const uint8_t wallet[STO_ADDRESS_LEN], StoPosition *copy);
/* The same, but of others' moves only those that the snapshot shows. */
extern void sto_position_read_as_of(const uint8_t token_id[STO_UUID_LEN],
									const uint8_t wallet[STO_ADDRESS_LEN], Snapshot snapshot,
									StoPosition *copy);
/* Announce a change to a locked position. */
extern void sto_position_touch(StoPosition *pos);

/* Misses are counted anew; the rows themselves are forgotten by sto_rows_xact_end(). */
extern void sto_position_xact_end(void);

#endif
