/*
 * replay_listed.h
 *		What a replay lists of joint parties and of second officers; part of
 *		replay.h.
 */
#ifndef STO_BIN_REPLAY_LISTED_H
#define STO_BIN_REPLAY_LISTED_H

#include "bin/replay.h"

/* Arrays as JSON text. */
#define STO_REPLAY_ACTS_MAX 200
#define STO_REPLAY_UUIDS_MAX 650

/* Who holds together as a joint party, as last stated. */
typedef struct StoReplayMembers
{
	int64_t set_by;
	uint8_t party_id[STO_UUID_LEN];
	uint8_t nominee[STO_UUID_LEN];
	char members[STO_REPLAY_UUIDS_MAX];
} StoReplayMembers;

extern bool sto_replay_members(const StoReplay *r, size_t *at, StoReplayMembers *out);
extern bool sto_replay_find_members(const StoReplay *r, const uint8_t party_id[STO_UUID_LEN],
									StoReplayMembers *out);

/* Which acts about a token need a second officer, as last stated. */
typedef struct StoReplayFourEyes
{
	int64_t set_by;
	uint8_t token_id[STO_UUID_LEN];
	char acts[STO_REPLAY_ACTS_MAX];
	char approvers[STO_REPLAY_UUIDS_MAX];
} StoReplayFourEyes;

extern bool sto_replay_four_eyes(const StoReplay *r, size_t *at, StoReplayFourEyes *out);
extern bool sto_replay_find_four_eyes(const StoReplay *r, const uint8_t token_id[STO_UUID_LEN],
									  StoReplayFourEyes *out);

typedef struct StoReplayProposal
{
	int64_t opened;
	int64_t decided; /* 0: not yet; then neither officer nor approved says anything */
	int64_t used_by; /* 0: it was not */
	int64_t valid_until;
	bool approved;
	uint8_t proposal_id[STO_UUID_LEN];
	uint8_t about[STO_UUID_LEN];
	uint8_t proposer[STO_UUID_LEN];
	uint8_t officer[STO_UUID_LEN];
	uint8_t body_hash[STO_DIGEST_LEN];
	const char *kind;
	const char *act_body;
} StoReplayProposal;

extern bool sto_replay_proposal(const StoReplay *r, size_t *at, StoReplayProposal *out);

#endif
