/*
 * finding.h
 *		What custom rules said of an entry that they don't stop (docs/format.md, "Findings").
 */
#ifndef STO_CORE_FINDING_H
#define STO_CORE_FINDING_H

#include "core/rule.h"

/*
 * Subject of a finding: UUIDv8 of SHA-256(tag || ledger_id || entry || number of the rule in
 * its set), so that there is one of each.
 */
extern bool sto_finding_subject(const uint8_t ledger_id[STO_UUID_LEN], int64_t entry,
								int64_t number, uint8_t out[STO_UUID_LEN]);

/* Five digits and capital letters? */
extern bool sto_is_sqlstate(const char *text);

/* What is wrong with a finding's reason or state (NULL: left out), as a sentence's rest; or NULL.
 */
extern const char *sto_finding_fault(const char *reason, const char *state);

/* What the register shows of it, as a detail. */
extern void sto_finding_detail(const char *reason, const char *state,
							   char out[STO_RULE_DETAIL_MAX]);

#endif
