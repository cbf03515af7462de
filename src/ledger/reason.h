/*
 * reason.h
 *		Why an order may not pass: every check that failed, in the order of the
 *		checks.
 *
 * A refusal lists them all in its DETAIL; the first alone decides the
 * SQLSTATE.  A dry run returns them as rows and as JSON (answer.c).  Nothing is
 * allocated while every check passes.
 */
#ifndef STO_LEDGER_REASON_H
#define STO_LEDGER_REASON_H

#include "postgres.h"

#include "core/bytes.h"
#include "core/message.h"
#include "core/rule.h"

#include "lib/stringinfo.h"

/*
 * Numbers that clients may keep (docs/errors.md, "Reasons"): they never change
 * their meaning.  Rules of a token's rule set begin at 100 (core/rule.h).
 */
typedef enum StoReasonCode
{
	/* the order, and what it names */
	STO_REASON_MALFORMED = 1,
	STO_REASON_UNKNOWN_TOKEN = 2,
	STO_REASON_UNKNOWN_WALLET = 3,
	STO_REASON_UNKNOWN_PARTY = 4,
	STO_REASON_UNKNOWN_HOLD = 5,
	STO_REASON_TOKEN_CLOSED = 6,
	STO_REASON_WALLET_CLOSED = 7,
	STO_REASON_PARTY_CLOSED = 8,
	STO_REASON_HOLD_TERMS = 9,
	STO_REASON_TOKEN_PAUSED = 10,
	STO_REASON_WALLET_FROZEN = 11,
	STO_REASON_PARTY_FROZEN = 12,
	STO_REASON_INSUFFICIENT = 20,
	STO_REASON_OVER_AUTHORISED = 21,
	STO_REASON_HOLD_EXCEEDED = 22,
	STO_REASON_RECEIVER_NOT_ELIGIBLE = 30,
	STO_REASON_SENDER_NOT_ELIGIBLE = 31,
	STO_REASON_NOT_ACKNOWLEDGED = 40,
	/* what else an order can be refused for */
	STO_REASON_EXPIRED = 50,
	STO_REASON_ORDER_ID = 51,
	STO_REASON_BAD_SIGNATURE = 52,
	STO_REASON_QUORUM = 53,
	STO_REASON_KEY = 54,
	STO_REASON_AUTHORITY = 55,
	STO_REASON_BATCH = 56,
	STO_REASON_NO_CASE = 57,
	STO_REASON_NOT_YET = 58,
	STO_REASON_NOT_PAID = 59,
	STO_REASON_OTHER = 99
} StoReasonCode;

typedef enum StoReasonSubject
{
	STO_REASON_OF_ORDER, /* of no register row */
	STO_REASON_OF_UUID,  /* a token, party or document's token */
	STO_REASON_OF_WALLET
} StoReasonSubject;

typedef struct StoReason
{
	int code; /* of StoReasonCode or StoRuleCode */
	int sqlstate;
	const char *rule;    /* its name in docs/errors.md: constant text */
	StoRuleWhose whose;  /* whose data value and passing tell; of the order: as the subject says */
	const char *message; /* of an error that it decides: constant text */
	const char *hint;    /* constant text, or NULL */
	bool plain;          /* the detail says no more than the message */
	StoReasonSubject subject_kind;
	uint8_t subject[STO_UUID_LEN > STO_ADDRESS_LEN ? STO_UUID_LEN : STO_ADDRESS_LEN];
	/* in memory of the context that added it */
	char *detail;      /* one sentence */
	char *label;       /* of the rule in the token's set, or NULL */
	char *limit;       /* what the check allows, in the words of docs/errors.md, or NULL */
	char *value;       /* what it found, or NULL */
	StoAmount passing; /* largest amount, at most the one asked, that passes it; 0: none */
} StoReason;

typedef struct StoReasons
{
	int count;
	int size;
	StoReason *items;
	MemoryContext memory; /* that a copy is kept in, below */
} StoReasons;

/* A failed check.  subject: a uuid or an address as kind says, NULL if of the order. */
extern void sto_reason_add(StoReasons *reasons, StoReasonCode code, StoReasonSubject kind,
						   const uint8_t *subject, const char *format, ...)
	pg_attribute_printf(5, 6);
/*
 * What an error says of the order; false if it doesn't speak of the order, but of the
 * server, the session or another session.
 */
extern bool sto_reason_add_error(StoReasons *reasons, const ErrorData *error);
/* A rule of the token's set that failed; everything is copied. */
extern void sto_reason_add_finding(StoReasons *reasons, const StoRuleFinding *finding);
/* Of the reason added last: what it allows and found (copied; each may be NULL). */
extern void sto_reason_limit(StoReasons *reasons, const char *limit, const char *value,
							 StoAmount passing);
/* Of the reason added last: whose data they are. */
extern void sto_reason_whose(StoReasons *reasons, StoRuleWhose whose);
/* Of the reason added last: message and hint of its own, constant texts; no hint: as for its code.
 */
extern void sto_reason_message(StoReasons *reasons, const char *message, const char *hint);
/* Of the reason added last: a hint of its own, constant text. */
extern void sto_reason_hint(StoReasons *reasons, const char *hint);
/* A failed check of which the message says all. */
extern void sto_reason_fact(StoReasons *reasons, StoReasonCode code, StoReasonSubject kind,
							const uint8_t *subject, const char *message, const char *hint);
/*
 * One reason as values of a row (and below as a JSON object): code, state, rule, label,
 * subject, limit, value, passing, detail.  The texts are NULL where there is none.
 */
#define STO_REASON_COLUMNS 9
extern void sto_reason_values(const StoReason *reason, Datum *values, bool *nulls);
/* All of them, as a JSON array. */
extern void sto_reasons_json(StringInfo out, const StoReasons *reasons);
/*
 * Keep a copy there, in its memory, of the reasons of the next refusal: for who
 * catches its error.  NULL: no more.  Returns what was kept into before.
 */
extern StoReasons *sto_reasons_keep(StoReasons *reasons);
/* ERROR with the first reason's SQLSTATE and every reason's detail; returns if there is none. */
extern void sto_reasons_raise(const StoReasons *reasons);

#endif
