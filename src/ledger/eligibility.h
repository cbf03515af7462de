/*
 * eligibility.h
 *		May this party hold this token?  For every topic that the token requires it
 *		needs a claim in force by an issuer that the token trusts for it now.
 *
 * Answers are cached with the time for which they hold, and forgotten with the
 * register's facts (facts.h).  Only "yes" is cached: an event that adds a claim
 * need not be announced.
 */
#ifndef STO_LEDGER_ELIGIBILITY_H
#define STO_LEDGER_ELIGIBILITY_H

#include "ledger/facts.h"
#include "ledger/reason.h"

/*
 * Adds one reason of that code for each topic on which the party has no claim in
 * force at that time (microseconds since 1970).  The token must require some.
 */
extern void sto_check_eligible(const StoTokenFact *token, const uint8_t party[STO_UUID_LEN],
							   int64 at, StoReasonCode code, StoReasons *reasons);

#endif
