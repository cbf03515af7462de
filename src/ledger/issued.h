/*
 * issued.h
 *		Who received issues of a token, and when last: for rules about offers.
 */
#ifndef STO_LEDGER_ISSUED_H
#define STO_LEDGER_ISSUED_H

#include "core/bytes.h"
#include "ledger/rowcache.h"

/*
 * Parties that received an issue after that time; *received: this one did.  The issuance
 * position is locked, so that nobody else issues meanwhile.
 */
extern int64 sto_issued_persons(const uint8_t *token_id, const uint8_t *party, int64 after,
								bool *received);
/* The party receives an issue now. */
extern void sto_issued_put(const uint8_t *token_id, const uint8_t *party, int64 posted_at);
/* All that was issued until the event of that id; nobody posts meanwhile. */
extern void sto_issued_recount(const uint8_t *token_id, const uint8_t *issuance, int64 event);

#endif
