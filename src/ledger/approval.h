/*
 * approval.h
 *		Approvals of transfers: found, locked and used up.
 */
#ifndef STO_LEDGER_APPROVAL_H
#define STO_LEDGER_APPROVAL_H

#include "core/rule.h"
#include "ledger/rowcache.h"

typedef struct StoApproval
{
	int64 approval; /* key: its event */
	bool exact;
	bool has_from;
	bool has_to;
	int64 revoked; /* event; 0: not */
	int64 uses;
	int64 uses_left;
	int64 from;
	int64 to;
	StoAmount amount;
	uint8_t token_id[STO_UUID_LEN];
	uint8_t approver[STO_UUID_LEN];
	uint8_t sender[STO_UUID_LEN]; /* nil: any */
	uint8_t receiver[STO_UUID_LEN];
	StoRowState state;
} StoApproval;

/* NULL if there is none. */
extern StoApproval *sto_approval_lock(int64 approval);
/* Announce a change to a locked one. */
extern void sto_approval_touch(StoApproval *approval);

/*
 * StoRuleFacts.approval of core/rule.h.  The approval that it answers with is locked,
 * unless for a dry run.
 */
extern int64 sto_approval_match(const uint8_t *by, const StoRuleMove *move, StoAmount amount,
								bool dry, StoAmount *largest);

#endif
