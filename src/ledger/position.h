/*
 * position.h
 *		The positions that this transaction moves, kept in memory while a
 *		statement runs and written back once at its end.
 */
#ifndef STO_LEDGER_POSITION_H
#define STO_LEDGER_POSITION_H

#include "postgres.h"

#include "core/message.h"

#include "storage/itemptr.h"

typedef struct StoPositionKey
{
	uint8_t token_id[STO_UUID_LEN];
	uint8_t wallet[STO_ADDRESS_LEN];
} StoPositionKey;

typedef struct StoPosition
{
	StoPositionKey key;
	bool has_head;
	bool dirty; /* differs from the row at tid */
	/* this transaction's last entry on it, for the lock-up that follows an issue */
	bool last_was_issue;
	bool last_has_group;
	uint8_t last_group[STO_UUID_LEN];
	StoAmount last_amount;
	StoAmount balance;
	StoAmount held;
	int64 seq;
	int64 posted_at; /* of its last entry, microseconds since 1970 */
	uint8_t head[STO_DIGEST_LEN];
	ItemPointerData tid;       /* the row version that this transaction has locked */
	SubTransactionId saved_in; /* subtransaction that last saved its image */
} StoPosition;

/*
 * The position of a wallet and token, locked until the transaction ends; made
 * with balance zero if there is none.  The pointer is good until the
 * transaction ends or a savepoint is rolled back.
 */
extern StoPosition *sto_position_lock(const uint8_t token_id[STO_UUID_LEN],
									  const uint8_t wallet[STO_ADDRESS_LEN]);
/* Announce a change to a locked position: saves its image for a rollback, marks it dirty. */
extern void sto_position_touch(StoPosition *pos);
/* Write every dirty position back. */
extern void sto_position_flush(void);
/* True if some position differs from its row. */
extern bool sto_position_dirty(void);

extern void sto_position_xact_end(void);
extern void sto_position_subxact_commit(SubTransactionId subid, SubTransactionId parent);
extern void sto_position_subxact_abort(SubTransactionId subid);

#endif
