/*
 * replay_rules.h
 *		What a replay knows about rules of tokens; for replay.h.
 */
#ifndef STO_BIN_REPLAY_RULES_H
#define STO_BIN_REPLAY_RULES_H

#include "bin/replay.h"

/* What an entry that is read again moved. */
typedef struct StoReplayPast
{
	int64_t entry_id;
	int64_t posted_at;
	StoKind kind;
	bool has_credit;
	uint8_t debit[STO_ADDRESS_LEN];
	uint8_t credit[STO_ADDRESS_LEN];
	StoAmount amount;
} StoReplayPast;

/* False: no memory. */
extern bool sto_replay_past(StoReplay *r, const StoReplayPast *past);

/* Everything about rules but what follows. */
extern StoRuleFold *sto_replay_rules(const StoReplay *r);

/* A rule that an enforced entry did not pass. */
typedef struct StoReplayOverride
{
	int64_t entry_id;
	int number; /* of the rule in its set, from 1 */
	StoRuleCode code;
	const char *label; /* or NULL */
	const char *detail;
} StoReplayOverride;

/* In the order in which they came to light: what a custom rule said comes after its entry. */
extern bool sto_replay_override(const StoReplay *r, size_t *at, StoReplayOverride *out);
extern bool sto_replay_find_override(const StoReplay *r, int64_t entry_id, int64_t number,
									 StoReplayOverride *out);

/* What had left a position at every STO_REPLAY_FLOW_EVERYth of its entries. */
#define STO_REPLAY_FLOW_EVERY 64
typedef struct StoReplayFlow
{
	uint8_t wallet[STO_ADDRESS_LEN];
	uint8_t token_id[STO_UUID_LEN];
	int64_t seq;
	int64_t posted_at;
	StoAmount outflow;
} StoReplayFlow;

extern bool sto_replay_flow(const StoReplay *r, size_t *at, StoReplayFlow *out);
extern bool sto_replay_find_flow(const StoReplay *r, const uint8_t wallet[STO_ADDRESS_LEN],
								 const uint8_t token_id[STO_UUID_LEN], int64_t seq,
								 StoReplayFlow *out);

/* A party's positions of a token, but those of issuance wallets, added up. */
typedef struct StoReplayHolding
{
	uint8_t token_id[STO_UUID_LEN];
	uint8_t party_id[STO_UUID_LEN];
	StoAmount total;
	StoAmount outflow;
	int64_t posted_at; /* of the last entry of any */
} StoReplayHolding;

extern bool sto_replay_find_holding(const StoReplay *r, const uint8_t token_id[STO_UUID_LEN],
									const uint8_t party_id[STO_UUID_LEN], StoReplayHolding *out);

#endif
