/*
 * private.h
 *		What is kept beside the log: written for officers alone, and erased for good.
 */
#ifndef STO_LEDGER_PRIVATE_H
#define STO_LEDGER_PRIVATE_H

#include "postgres.h"

#include "core/message.h"

/* Attribute numbers: sql/install/36_private.sql, 36_suspicion.sql */
enum
{
	PARTY_PRIVATE_RECORDED_AT = 1,
	PARTY_PRIVATE_PARTY_ID,
	PARTY_PRIVATE_COMMITMENT,
	PARTY_PRIVATE_SALT,
	PARTY_PRIVATE_TOPIC,
	PARTY_PRIVATE_VALUE,
	PARTY_PRIVATE_COLUMNS = PARTY_PRIVATE_VALUE
};

enum
{
	ERASURE_ERASED_AT = 1,
	ERASURE_COUNT,
	ERASURE_PARTY_ID,
	ERASURE_ERASED_BY,
	ERASURE_TOPIC,
	ERASURE_REASON,
	ERASURE_COLUMNS = ERASURE_REASON
};

enum
{
	SUSPICION_RECORDED_AT = 1,
	SUSPICION_KEEP_UNTIL,
	SUSPICION_PARTY_ID,
	SUSPICION_RECORDED_BY,
	SUSPICION_KIND,
	SUSPICION_CONTENT,
	SUSPICION_COLUMNS = SUSPICION_CONTENT
};

/* The acting role's party, which must be an active one with that capability; ERROR, saying only, if
 * it has it not. */
extern void sto_require_capability(uint8_t party_id[STO_UUID_LEN], const char *capability,
								   const char *only);

#endif
