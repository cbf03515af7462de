/*
 * case.h
 *		A case of enforcement: what one officer proposes and another approves, and
 *		what an entry may do under it.
 *
 * docs/security.md, "Enforcement".
 */
#ifndef STO_LEDGER_CASE_H
#define STO_LEDGER_CASE_H

#include "postgres.h"

#include "core/message.h"
#include "ledger/reason.h"

typedef enum StoCaseAct
{
	STO_CASE_FORCE,
	STO_CASE_REVERSE,
	STO_CASE_SEIZURE,
	STO_CASE_FREEZE,
	STO_CASE_RECOVER,
	STO_CASE_POST,
	STO_CASE_WALLET_FREEZE, /* these two, and a seizure's attachment, are carried out by events */
	STO_CASE_TOKEN_PAUSE,
	STO_CASE_ACTS
} StoCaseAct;

/* The least wait before a recovery, microseconds; "not_before" says how long it is. */
#define STO_CASE_NOTICE INT64CONST(1000000)

/* Holds that one case may break. */
#define STO_CASE_HOLDS_MAX 64

typedef struct StoCase
{
	int64 event;    /* that opened it: its id */
	int64 approved; /* events; 0: it was not */
	int64 refused;
	int64 used;         /* entry or event; 0: it was not */
	int64 not_before;   /* PG_INT64_MIN: at once */
	int64 usable_until; /* PG_INT64_MAX: for ever */
	StoAmount amount;
	StoCaseAct act;
	bool has_token; /* else: of every token */
	bool has_credit;
	int64 undoes; /* entry; 0: none */
	uint8_t opened_by[STO_UUID_LEN];
	uint8_t approved_by[STO_UUID_LEN]; /* if it was */
	uint8_t token_id[STO_UUID_LEN];
	uint8_t debit[STO_ADDRESS_LEN];
	uint8_t credit[STO_ADDRESS_LEN];
	uint8_t document_hash[STO_DIGEST_LEN];
	char *basis;
	int hold_count;
	int64 *holds;      /* that it breaks, in this order; of a post, the one that it posts */
	StoAmount *broken; /* units that the entry at hand takes out of each */
} StoCase;

/* The act of that name; false if there is none. */
extern bool sto_case_act(const char *name, StoCaseAct *act);
extern const char *sto_case_act_name(StoCaseAct act);
/* What an officer needs to open, approve or carry out a case of that act. */
extern const char *sto_case_capability(const char *act);

struct StoPosting;

/* The case of that event as it is now, in memory of the current context; NULL if there is none. */
extern StoCase *sto_case_read(int64 case_event);
/* The same with its row locked, so that nobody else uses it meanwhile. */
extern StoCase *sto_case_lock(int64 case_event);
/* Adds a reason for each way in which the order may not be carried out under its case now. */
extern void sto_comply_case(const struct StoPosting *p, StoReasons *reasons);
/* Units that a force takes out of holds that its case breaks. */
extern StoAmount sto_case_broken(const StoCase *legal);
/* The case is carried out by that entry or event. */
extern void sto_case_use(int64 case_event, int64 used);

struct StoAct;

/*
 * case_act.c: an event carries out the case that its body names, which must be of that act, about
 * that wallet, and of the actor's and another officer's making; its row is locked.
 * ST216, ST217 or ST104 if it may not be.
 */
extern StoCase *sto_case_carry_out(const struct StoAct *act, StoCaseAct wanted,
								   const uint8_t wallet[STO_ADDRESS_LEN]);
/* The case and the holds that the entry uses up. */
extern void sto_post_case(const struct StoPosting *p);

#endif
