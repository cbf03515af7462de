/*
 * redeem.h
 *		Redemption by the issuer, from a wallet of somebody else.
 *
 * It stands on terms that were fixed before the first issue (a redemption_terms
 * event), and on a payment: under the same group_id and in the same statement,
 * before the redeem, the issuer has paid the holder what the terms say.  A
 * payment is an entry of kind transfer, of the token that the terms name, ordered by the issuer,
 *from another party's wallet to one of the holder's. Payments of one statement, group, issuer and
 *holder add up, and each redeem uses up what it costs.  The log shows a statement by its
 *received_at.
 */
#ifndef STO_LEDGER_REDEEM_H
#define STO_LEDGER_REDEEM_H

#include "ledger/posting.h"
#include "ledger/store.h"

/* Does some token's issuer pay in this one?  Read once for the cache of facts (facts.h). */
extern bool sto_token_pays(const uint8_t token_id[STO_UUID_LEN]);
/* The terms in a token's row, into the same. */
extern void sto_redeem_read_terms(const StoRow *row, StoTokenFact *out);
/* Adds a reason unless the terms are in force and the units are paid; of other orders nothing. */
extern void sto_redeem_check(const StoPosting *p, StoReasons *reasons);
/* The entry is about to be stored: remember a payment, or use one up. */
extern void sto_redeem_add(const StoPosting *p);

/* Drop what was added in this subtransaction or below; 0: everything. */
extern void sto_redeem_forget(SubTransactionId subid);
extern void sto_redeem_subxact_commit(SubTransactionId subid, SubTransactionId parent);

#endif
