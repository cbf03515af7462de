/*
 * slot.h
 *		Shared memory of the sealing workers: one slot a database, with the
 *		worker's status and the promises that sessions ask it for.
 *
 * It exists only where the library is in shared_preload_libraries.
 */
#ifndef STO_LOG_SLOT_H
#define STO_LOG_SLOT_H

#include "postgres.h"

#include "core/merkle.h"
#include "core/sign.h"

#include "datatype/timestamp.h"
#include "storage/condition_variable.h"
#include "storage/latch.h"
#include "storage/lwlock.h"

#define STO_SLOTS 32 /* databases that can have a worker */
#define STO_ASKS 64  /* sessions of a database that can wait for a promise */
#define STO_STATUS_LEN 512

typedef enum StoWorkerState
{
	STO_WORKER_STARTING,
	STO_WORKER_IDLE,     /* no extension or no open ledger here */
	STO_WORKER_SEALING,  /* all is well; blocks are sealed and signed */
	STO_WORKER_UNSIGNED, /* blocks are sealed, but there is no key to sign with */
	STO_WORKER_REFUSING, /* blocks are sealed, but a larger or other tree is known */
	STO_WORKER_FAILING   /* the last round ended in an error */
} StoWorkerState;

typedef enum StoAskState
{
	STO_ASK_FREE,
	STO_ASK_WAITING,
	STO_ASK_TAKEN, /* the worker is at it */
	STO_ASK_LEFT,  /* the same, but the session went away */
	STO_ASK_ANSWERED
} StoAskState;

typedef enum StoAnswer
{
	STO_ANSWER_SIGNED,
	STO_ANSWER_NO_ENTRY, /* no such id, or not committed */
	STO_ANSWER_REFUSED,  /* nothing is signed at present: see the slot's message */
	STO_ANSWER_FAILED    /* an error kept the worker from answering */
} StoAnswer;

/* A session's question, which is nothing but an id, and its answer. */
typedef struct StoAsk
{
	StoAskState state;
	StoAnswer answer;
	int64 entry_id;
	int64 time; /* POSIX microseconds */
	StoHash leaf;
	StoKey key; /* signed with the private half of this one */
	uint8_t signature[STO_SIG_LEN];
} StoAsk;

typedef struct StoSlot
{
	/* the launcher's part */
	Oid database;       /* InvalidOid: the slot is free */
	uint32 term;        /* a worker that was started for another term is late, and ends */
	int64 paused_until; /* in ticks (ticks.h) */

	/* the worker's part */
	pid_t pid; /* 0: none runs */
	Latch *latch;
	StoWorkerState state;
	TimestampTz started_at;
	TimestampTz round_at; /* end of the last round without an error */
	TimestampTz message_at;
	int64 signed_size; /* 0: none */
	char message[STO_STATUS_LEN];
	char hint[STO_STATUS_LEN];

	/* the sessions' part */
	StoAsk asks[STO_ASKS];
	ConditionVariable changed; /* an answer is there, an ask is free, the worker is gone */
} StoSlot;

typedef struct StoSlots
{
	Latch *launcher;
	StoSlot slot[STO_SLOTS];
} StoSlots;

extern StoSlots *sto_slots;    /* NULL: not preloaded */
extern LWLock *sto_slots_lock; /* for all of it */

/* Request shared memory; from _PG_init while libraries are preloaded. */
extern void sto_slots_init(void);

/* The slot of a database, or NULL.  Hold the lock. */
extern StoSlot *sto_slot_of(Oid database);

/* For the worker itself: take the slot until the process ends; false: too late. */
extern bool sto_slot_attach(int number, uint32 term);
extern StoSlot *sto_my_slot;
/*
 * Tell what it does now: message NULL if nothing is wrong, good if the round had
 * no error, and the size of its newest checkpoint.  True if state or message are news.
 */
extern bool sto_slot_report(StoWorkerState state, const char *message, const char *hint, bool good,
							int64 signed_size);

#endif
