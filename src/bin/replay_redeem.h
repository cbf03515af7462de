/*
 * replay_redeem.h
 *		Redemptions by issuers, in a replay's state.
 */
#ifndef STO_BIN_REPLAY_REDEEM_H
#define STO_BIN_REPLAY_REDEEM_H

#include "bin/replay_identity.h"

/* On which terms a token's issuer redeems from its holders. */
typedef struct Redemption
{
	StoAmount price;
	StoAmount per;
	int64_t event;  /* 0: it may not */
	uint32_t token; /* in which it pays */
	Period period;
} Redemption;

/* Payments of one statement, group, issuer and holder in one token add up. */
typedef struct PaymentKey
{
	uint8_t group_id[STO_UUID_LEN];
	uint8_t issuer[STO_UUID_LEN];
	int64_t received_at;
	uint32_t token;
	uint32_t holder; /* party */
} PaymentKey;

typedef struct Payment
{
	StoAmount unused;
	PaymentKey key;
} Payment;

#endif
