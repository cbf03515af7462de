/*
 * replay_case.h
 *		Rows of a replay's state about cases of enforcement; for replay_state.h.
 */
#ifndef STO_BIN_REPLAY_CASE_H
#define STO_BIN_REPLAY_CASE_H

#include "core/bytes.h"

typedef enum CaseAct
{
	CASE_FORCE,
	CASE_REVERSE,
	CASE_SEIZURE,
	CASE_FREEZE,
	CASE_RECOVER,
	CASE_POST,
	CASE_WALLET_FREEZE, /* these two, and a seizure's attachment, are carried out by events */
	CASE_TOKEN_PAUSE,
	CASE_ACTS
} CaseAct;

typedef struct Case
{
	StoAmount amount;
	int64_t event;
	int64_t approved; /* events; 0: it was not */
	int64_t refused;
	int64_t used; /* entry or event; 0: it was not */
	int64_t undoes;
	int64_t valid_until;
	int64_t not_before;
	uint32_t subject;
	uint32_t opened_by;   /* parties */
	uint32_t approved_by; /* 0: nobody */
	uint32_t token;       /* 0: none is stated */
	uint32_t debit;       /* wallets */
	uint32_t credit;      /* 0: none is stated */
	uint32_t first_hold;  /* in the pool of cases' holds, one after the other */
	uint32_t hold_count;
	uint8_t act;
	uint8_t basis;
	bool has_amount;
	bool has_undoes;
	bool has_valid_until;
	bool has_not_before;
	uint8_t document_hash[STO_DIGEST_LEN];
} Case;

/* What an entry that can be reversed moved: enough to know it again. */
typedef struct __attribute__((packed)) Trace
{
	int64_t entry_id;
	uint32_t mark; /* the upper bit: it was reversed */
} Trace;

#define TRACE_REVERSED (UINT32_C(1) << 31)

/* A hold that a case may break. */
typedef struct CaseHold
{
	int64_t hold_id;
	uint32_t hold; /* row */
} CaseHold;

/* Units of a position that its holder may not use. */
typedef struct Attachment
{
	StoAmount amount;
	StoAmount remaining;
	int64_t event;
	int64_t case_event;
	int64_t lifted; /* event; 0: none */
	uint32_t wallet;
	uint32_t token;
	uint32_t next; /* the wallet's before it */
} Attachment;

#endif
