/*
 * finding.h
 *		Findings: what custom rules said of entries that they don't stop (docs/format.md).
 *
 * A finding is an event, written by the statement that posted its entry.  Between the
 * two stand other entries and findings at most, so whoever folds the log knows which may
 * come: those of the entries since the last event of another kind.
 */
#ifndef STO_LEDGER_FINDING_H
#define STO_LEDGER_FINDING_H

#include "postgres.h"

#include "core/finding.h"

/* A custom rule that was asked about an entry, and what it said. */
typedef struct StoHeard
{
	int64 entry_id;
	int64 rule_set;
	int number; /* of the rule in its set, from 1 */
	uint8_t definition[STO_DIGEST_LEN];
	char *label;   /* or NULL */
	char *reason;  /* or NULL */
	char state[6]; /* SQLSTATE with which the function failed; "": it did not */

	/* finding.c's own */
	SubTransactionId subid;
	SubTransactionId done_in; /* its event came, or can't any more; invalid: it is to come */
} StoHeard;

/* Is the subject of such a finding still free?  Whoever registers something chooses its uuid. */
extern bool sto_finding_has_place(const uint8_t ledger_id[STO_UUID_LEN], int64 entry_id,
								  int number);
/* That entry may have, on a primary will have, this finding; copied. */
extern void sto_finding_expect(const StoHeard *heard);
/* The one to come for that rule and entry, which is then no longer to come; NULL: there is none. */
extern const StoHeard *sto_finding_take(int64 entry_id, int64 number);
/* On a primary: write all that are to come, before another event, and at a statement's end. */
extern void sto_findings_write(void);
/* An event of another kind: none is to come. */
extern void sto_findings_close(void);
/* As for lists and groups (batch.h); subid 0: all. */
extern void sto_findings_subxact_commit(SubTransactionId subid, SubTransactionId parent);
extern void sto_findings_forget(SubTransactionId subid);

/* Is sto_findings_write() inserting?  Nobody else may. */
extern bool sto_finding_recording;

#endif
