/*
 * posting.h
 *		One order on its way into the log, and the five steps that take it there:
 *		order, authorise, comply, post, append.
 */
#ifndef STO_LEDGER_POSTING_H
#define STO_LEDGER_POSTING_H

#include "postgres.h"

#include "core/message.h"
#include "ledger/case.h"
#include "ledger/columns.h"
#include "ledger/facts.h"
#include "ledger/gate.h"
#include "ledger/position.h"
#include "ledger/reason.h"

#include "access/htup.h"
#include "access/tupdesc.h"

/* A hold's terms, from the entry that placed it. */
typedef struct StoHold
{
	int64 hold_id;
	StoAmount remaining;
	StoPurpose purpose;
	bool has_release_after;
	bool has_notary;
	bool has_beneficiary;
	bool has_condition;
	bool has_instruction;
	bool checked_once; /* its rules were asked when it was placed, and are not when it is posted */
	int64 release_after;
	uint8_t token_id[STO_UUID_LEN];
	uint8_t wallet[STO_ADDRESS_LEN];
	uint8_t notary[STO_UUID_LEN];
	uint8_t beneficiary[STO_ADDRESS_LEN]; /* as it is now: sto_fact_heir() of the one named */
	uint8_t condition[STO_DIGEST_LEN];
	uint8_t instruction[STO_DIGEST_LEN];
} StoHold;

typedef struct StoRuling StoRuling;

typedef struct StoPosting
{
	StoMode mode;
	bool check_signatures; /* false only in sto.rebuild(false) */
	StoEntry entry;        /* what becomes the row */
	StoLedgerFact ledger;
	StoTokenFact token;
	StoWalletFact debit;  /* if entry.order.has_debit */
	StoWalletFact credit; /* if entry.order.has_credit */
	StoHold hold;         /* of post and release */
	StoCase *legal;       /* that an order of enforcement cites; NULL: none, or unknown */
	/*
	 * Positions that the entry moves; NULL for a side that it doesn't touch.  Locked,
	 * but in a dry run (STO_MODE_DRY): copies, read without a lock.
	 */
	StoPosition *debit_pos;
	StoPosition *credit_pos;
	/* the signing keys are all valid in [keys_from, keys_to) */
	int64 keys_from;
	int64 keys_to;
	/* who orders by a mandate does so in [mandate_from, mandate_to) */
	int64 mandate_from;
	int64 mandate_to;
	StoRuling *ruling;     /* before the token's rules; NULL: it never had any (ruling.h) */
	bool unsigned_by_rule; /* nobody needs to sign: an expiry, or a shown preimage */
	uint8_t siglist[STO_SIGLIST_PACKED_MAX]; /* entry.signatures in stored form */
	/* the row as it arrived */
	Datum values[TRANSFER_COLUMNS];
	bool nulls[TRANSFER_COLUMNS];
} StoPosting;

/* A refusal that is not raised yet: a repeated order is answered before it. */
typedef struct StoRefusal
{
	int sqlstate; /* 0: none */
	const char *message;
	const char *detail;
	const char *hint;
} StoRefusal;

/* order.c: the row's columns into entry.order (and the rest in verify mode); shape of each kind */
extern void sto_order_read(StoPosting *p, HeapTuple tuple, TupleDesc desc);
/* Only the reading: every column of a stored row into an entry, with views into values. */
extern void sto_entry_from_values(const Datum *values, const bool *nulls, StoEntry *entry);
extern void sto_order_check_shape(const StoOrder *order);
/* order.c: the token, wallets and hold that the order names; errors if one is unknown */
extern void sto_order_resolve(StoPosting *p);
/* Lock the positions that the order moves, in key order. */
extern void sto_order_lock(StoPosting *p);
/* An equal order is in the log already; ERROR ST004 if a different one has its id. */
extern bool sto_order_repeated(const StoPosting *p);

/* authorise.c: who must sign, and did they?  Returns the refusal, or one with sqlstate 0. */
extern StoRefusal sto_authorise(StoPosting *p);
/* May the ordering party order this at all, if its quorum signs?  Not if anybody may. */
extern bool sto_may_order(const StoPosting *p);
/* Why the ordering party may not order this, whatever it signs; no SQLSTATE if it may. */
extern StoRefusal sto_authority_refusal(const StoPosting *p);
/* The signing keys' validity once posted_at is known. */
extern void sto_authorise_at(const StoPosting *p);

/* comply.c: may these parties, wallets and this token do that now? */
extern void sto_comply(const StoPosting *p);
/* The same without an error: adds a reason for every check that fails, in the order of the checks.
 */
extern void sto_comply_reasons(const StoPosting *p, StoReasons *reasons);

/* The parties of both wallets. */
typedef struct StoParties
{
	StoPartyFact debit;
	StoPartyFact credit; /* if the order names a credit wallet */
} StoParties;

/* comply_checks.c: is the order refused if the debit wallet has too little that is not held? */
extern bool sto_needs_available(const StoOrder *order);
/* Is it posted at, or after, the end of its hold? */
extern bool sto_hold_expired(const StoPosting *p);
/* comply_checks.c: in every mode, STO_MODE_DRY too, those of pause, freezes, units, eligibility and
 * rules */
extern void sto_comply_checks(const StoPosting *p, const StoParties *parties, StoReasons *reasons);

/* post.c: is it a lock-up of no more than what this transaction has just issued to the position? */
extern bool sto_follows_issue(const StoPosition *pos, const StoOrder *order);
/*
 * ruling.c: rules of the token.  lock: totals of parties with several wallets, before
 * the stamp; begin: the set in force at posted_at, which the entry names, and locks of
 * what else it reads; check: a reason for each rule that fails (of force, recover and
 * reverse: recorded instead); hear: what custom rules say of those; post: counters; record: the
 * overrides, once there is an id.
 */
extern void sto_ruling_lock(StoPosting *p);
extern int64 sto_ruling_floor(const StoPosting *p);
extern void sto_ruling_begin(StoPosting *p);
extern void sto_ruling_check(const StoPosting *p, StoReasons *reasons);
extern void sto_ruling_hear(const StoPosting *p);
/* Can what they said be recorded, if the entry has that id? */
extern bool sto_ruling_takes_id(const StoPosting *p, int64 entry_id);
extern void sto_ruling_post(const StoPosting *p);
extern void sto_ruling_record(const StoPosting *p);
/* The greatest amount, at most the order's, that passes every rule now. */
extern StoAmount sto_ruling_largest(const StoPosting *p);
/* Do rules read the position of a hold's beneficiary, which the entry doesn't move? */
extern bool sto_ruling_reads_credit(const StoPosting *p);

/* post.c: move the positions; fills entry.debit and entry.credit */
extern void sto_post(StoPosting *p);
/* post.c: the hold row that the entry makes or uses up; needs entry_id */
extern void sto_post_hold(const StoPosting *p);
extern bool sto_hold_read(int64 hold_id, StoHold *hold);
/* recover.c: open holds of a position go with its units; the wallet that they leave is barred. */
extern void sto_follow_holds(const uint8_t token_id[STO_UUID_LEN],
							 const uint8_t from[STO_ADDRESS_LEN],
							 const uint8_t to[STO_ADDRESS_LEN]);
extern void sto_bar_wallet(const StoPosting *p);

/*
 * sweep.c: if the order needs more than is available, release expired holds on
 * its debit position, the oldest expiry first, as far as needed.  Not in verify
 * mode, where their releases come as rows; in a dry run only its copy of the
 * position changes.
 */
extern void sto_sweep_for(StoPosting *p);

/* append.c: stamp, id, leaf; then the finished tuple (in verify mode, compares instead) */
extern void sto_append_stamp(StoPosting *p);
extern HeapTuple sto_append(StoPosting *p, TupleDesc desc);
/* restore.c: a complete row of a dump; ERROR ST404 unless its hash is right */
extern void sto_restore_entry(HeapTuple tuple, TupleDesc desc);

#endif
