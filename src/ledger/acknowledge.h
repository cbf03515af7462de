/*
 * acknowledge.h
 *		Documents that a party must acknowledge before it acquires a token for the
 *		first time.
 */
#ifndef STO_LEDGER_ACKNOWLEDGE_H
#define STO_LEDGER_ACKNOWLEDGE_H

#include "ledger/posting.h"
#include "ledger/reason.h"

/* Does the token have such documents?  Read once for the cache of facts (facts.h). */
extern bool sto_documents_required(const uint8_t token_id[STO_UUID_LEN]);
/*
 * Adds one reason for each such document that the receiving party has not
 * acknowledged, if it never was credited the token.  The order must name a credit
 * wallet.
 */
extern void sto_check_acknowledged(const StoPosting *p, StoReasons *reasons);

#endif
