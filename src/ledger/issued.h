/*
 * issued.h
 *		Who received issues of a token, and when last: for rules about offers.
 */
#ifndef STO_LEDGER_ISSUED_H
#define STO_LEDGER_ISSUED_H

#include "core/bytes.h"
#include "ledger/rowcache.h"

/* Who received an issue after a time? */
typedef struct StoIssuedAsk
{
	const uint8_t *token_id;
	const uint8_t *party;
	int64 after;
	int64 limit;      /* how many parties there may be; 0: their number doesn't matter */
	int64 seq;        /* of the issuance position, read before */
	int64 seq_before; /* of an entry of it that is not later than that time */
	bool locked;      /* the issuance position is: nobody else issues meanwhile */
} StoIssuedAsk;

/*
 * How many parties did; *received: this one did.  As long as they are surely fewer than
 * the limit, a number between, and *received false: then nobody is counted.
 */
extern int64 sto_issued_persons(const StoIssuedAsk *ask, bool *received);
/* A transaction, or a part of one, was rolled back or prepared. */
extern void sto_issued_forget(void);
/* The party receives an issue now. */
extern void sto_issued_put(const uint8_t *token_id, const uint8_t *party, int64 posted_at);
/* All that was issued until the event of that id; nobody posts meanwhile. */
extern void sto_issued_recount(const uint8_t *token_id, const uint8_t *issuance, int64 event);

#endif
