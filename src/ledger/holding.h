/*
 * holding.h
 *		What a party has of a token over all its wallets.
 *
 * A party with one wallet has what that wallet's position says, and the position's lock
 * guards it.  For a party with several the sum is a row of its own, made by the first
 * entry that needs it.
 */
#ifndef STO_LEDGER_HOLDING_H
#define STO_LEDGER_HOLDING_H

#include "ledger/position.h"

typedef struct StoHoldingKey
{
	uint8_t token_id[STO_UUID_LEN];
	uint8_t party_id[STO_UUID_LEN];
} StoHoldingKey;

typedef struct StoHolding
{
	StoHoldingKey key;
	StoAmount total;
	StoAmount outflow;
	int64 posted_at; /* of its last entry, microseconds since 1970 */
	StoRowState state;
} StoHolding;

/* Locked until the transaction ends; made from the party's positions if there is none. */
extern StoHolding *sto_holding_lock(const uint8_t token_id[STO_UUID_LEN],
									const uint8_t party_id[STO_UUID_LEN]);
extern void sto_holding_touch(StoHolding *holding);
/* The sums as they stand, without a lock. */
extern void sto_holding_read(const uint8_t token_id[STO_UUID_LEN],
							 const uint8_t party_id[STO_UUID_LEN], StoHolding *holding);
/* Each wallet of the party but issuance wallets. */
extern void sto_party_wallets(const uint8_t party_id[STO_UUID_LEN],
							  void (*each)(const uint8_t *address, void *arg), void *arg);

#endif
