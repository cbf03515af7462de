/*
 * replay_four_eyes.h
 *		Rows of a replay's state about second officers, and handlers of their events;
 *		for replay_state.h.
 */
#ifndef STO_BIN_REPLAY_FOUR_EYES_H
#define STO_BIN_REPLAY_FOUR_EYES_H

#include "core/four_eyes.h"

/* Acts about a token that need a second officer, as last stated. */
typedef struct FourEyesRow
{
	int64_t set_by;
	uint32_t token;
	StoFourEyes lists;
} FourEyesRow;

typedef struct Proposal
{
	int64_t opened;  /* events */
	int64_t decided; /* 0: not yet */
	int64_t used_by; /* 0: no act */
	int64_t valid_until;
	uint32_t subject;
	uint32_t token;
	uint32_t next;     /* the token's proposal before it */
	uint32_t act_body; /* text */
	uint8_t act;       /* its place in the list of kinds */
	bool approved;
	uint8_t proposer[STO_UUID_LEN];
	uint8_t officer[STO_UUID_LEN]; /* who decided */
	uint8_t body_hash[STO_DIGEST_LEN];
} Proposal;

struct Act;

/* Handlers: false only if the replay can't go on. */
extern bool sto_fold_four_eyes(struct Act *act);
extern bool sto_fold_proposal_new(struct Act *act);
extern bool sto_fold_approve(struct Act *act);
extern bool sto_fold_refusal(struct Act *act); /* replay_refusal.c */
/* Has an act that needs a second officer an approved proposal?  False only if OpenSSL failed. */
extern bool sto_fold_second_officer(struct Act *act);

#endif
