/*
 * reason.h
 *		Why an order may not pass: every check that failed, in the order of the
 *		checks.
 *
 * A refusal lists them all in its DETAIL; the first alone decides the
 * SQLSTATE.  Nothing is allocated while every check passes.
 */
#ifndef STO_LEDGER_REASON_H
#define STO_LEDGER_REASON_H

#include "postgres.h"

#include "core/bytes.h"
#include "core/message.h"

/*
 * Numbers that clients may keep (docs/errors.md, "Reasons"): they never change
 * their meaning.  Rules of a token's rule set begin at 100.
 */
typedef enum StoReasonCode
{
	STO_REASON_TOKEN_PAUSED = 10,
	STO_REASON_WALLET_FROZEN = 11,
	STO_REASON_PARTY_FROZEN = 12,
	STO_REASON_INSUFFICIENT = 20,
	STO_REASON_RECEIVER_NOT_ELIGIBLE = 30,
	STO_REASON_SENDER_NOT_ELIGIBLE = 31,
	STO_REASON_NOT_ACKNOWLEDGED = 40
} StoReasonCode;

typedef enum StoReasonSubject
{
	STO_REASON_OF_ORDER, /* of no register row */
	STO_REASON_OF_UUID,  /* a token, party or document's token */
	STO_REASON_OF_WALLET
} StoReasonSubject;

typedef struct StoReason
{
	StoReasonCode code;
	int sqlstate;
	const char *rule;    /* its name in docs/errors.md: constant text */
	const char *message; /* of an error that it decides: constant text */
	const char *hint;    /* constant text, or NULL */
	StoReasonSubject subject_kind;
	uint8_t subject[STO_UUID_LEN > STO_ADDRESS_LEN ? STO_UUID_LEN : STO_ADDRESS_LEN];
	char *detail; /* one sentence, in memory of the context that added it */
} StoReason;

typedef struct StoReasons
{
	int count;
	int size;
	StoReason *items;
} StoReasons;

/* A failed check.  subject: a uuid or an address as kind says, NULL if of the order. */
extern void sto_reason_add(StoReasons *reasons, StoReasonCode code, StoReasonSubject kind,
						   const uint8_t *subject, const char *format, ...)
	pg_attribute_printf(5, 6);
/* ERROR with the first reason's SQLSTATE and every reason's detail; returns if there is none. */
extern void sto_reasons_raise(const StoReasons *reasons);

#endif
