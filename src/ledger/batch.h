/*
 * batch.h
 *		Lists of orders under one quorum's signature, and settlement groups:
 *		what is checked over several entries, not over one.
 */
#ifndef STO_LEDGER_BATCH_H
#define STO_LEDGER_BATCH_H

#include "ledger/posting.h"

/*
 * The entry cites a batch event: may it, given that the quorum of
 * (subject, policy_event) would have to sign it?
 */
extern StoRefusal sto_batch_authorise(StoPosting *p, const uint8_t subject[STO_UUID_LEN],
									  int64 policy_event);
/* The entry is about to be stored: count it; at the list's end compare and close. */
extern void sto_batch_add(const StoPosting *p);
/* ERROR ST105 if a list was begun and not ended. */
extern void sto_batch_check_complete(void);

/* Remember a leg of a group, and the instruction that it must fulfil. */
extern void sto_group_add(const StoPosting *p);
/* ERROR ST304 unless the legs of every group are what its holders signed. */
extern void sto_group_check(void);
/*
 * Drop the legs of the newest leg's group if they are what its holders signed.
 * sto.rebuild() folds many transactions in one, and sees a group's end by that
 * alone; other transactions may have posted under the same group_id.
 */
extern void sto_group_settle(void);

/* Drop what was begun in this subtransaction or below; 0: everything. */
extern void sto_batch_forget(SubTransactionId subid);
extern void sto_group_forget(SubTransactionId subid);
extern void sto_batch_subxact_commit(SubTransactionId subid, SubTransactionId parent);
extern void sto_group_subxact_commit(SubTransactionId subid, SubTransactionId parent);

#endif
