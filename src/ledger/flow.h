/*
 * flow.h
 *		What has left a position, and since when.
 *
 * Every position keeps the sum of what ever left it (StoPosition.outflow): for an
 * issuance wallet its issues, for others their transfers and posts to other
 * parties.  sto.flow keeps that sum at every 64th entry of a position, so that
 * what left it within a window is found from the sample before the window and at
 * most 63 entries after that.
 */
#ifndef STO_LEDGER_FLOW_H
#define STO_LEDGER_FLOW_H

#include "ledger/posting.h"

#define STO_FLOW_EVERY 64

/* Does the entry add to the outflow of its debit position? */
extern bool sto_flow_counts(const StoPosting *p);
/* Keep a sample, if this entry of the position is one of those. */
extern void sto_flow_sample(const StoPosition *pos);
/*
 * What had left the position until that time, inclusive.  It stands still meanwhile:
 * locked, or as good as that for whoever asks.  *seq, if not NULL: of an entry of the
 * position until then, after which nothing left it until then.
 */
extern StoAmount sto_flow_until(const uint8_t token_id[STO_UUID_LEN],
								const uint8_t wallet[STO_ADDRESS_LEN], int64 time, int64 *seq);

#endif
