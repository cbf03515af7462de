/*
 * sto_verify_facts.c
 *		What a report says of a log beside the checks.
 */
#include "bin/sto_verify_run.h"

#include <inttypes.h>

/* Rules that only their database can ask, each named once. */
static void
tell_custom_rules(Run *run, int64_t entries)
{
	char hex[2 * STO_DIGEST_LEN + 1];
	StoRuleSetRow row;
	size_t at = 0;

	report_fact(run->report, "not replayed", "custom rules, of %" PRId64 " entries", entries);
	while (sto_rule_fold_next_set(sto_replay_rules(run->replay), &at, &row))
		for (int i = 0; row.set != NULL && i < row.set->count; i++)
		{
			const StoRule *rule = &row.set->rules[i];

			if (rule->code != STO_RULE_CUSTOM)
				continue;
			sto_hex_encode(rule->definition, STO_DIGEST_LEN, hex);
			report_fact(run->report, "custom rule", "%s of rule set %" PRId64 ", definition %s",
						rule->function, row.set_by, hex);
		}
}

void
tell_facts(Run *run)
{
	const StoReplayLedger *ledger = sto_replay_ledger(run->replay);
	char hex[2 * STO_DIGEST_LEN + 1];
	StoReplayCounts n;

	if (ledger != NULL)
	{
		sto_hex_encode(ledger->genesis, STO_DIGEST_LEN, hex);
		report_fact(run->report, "ledger", "%s, %s", ledger->name, ledger->origin);
		report_fact(run->report, "genesis", "%s%s", hex,
					run->o->has_genesis ? "" : " (not given: taken from the log)");
		if (ledger->roles)
			report_fact(run->report, "authority", "genesis lets database roles do register acts");
	}
	sto_replay_counts(run->replay, &n);
	report_fact(run->report, "log",
				"%" PRId64 " entries, %" PRId64 " events, last id %" PRId64 ", %" PRId64
				" ids unused",
				n.entries, n.events, n.last_id, run->unused);
	if (run->start.tree.frontier.size > 0)
		report_fact(run->report, "accepted before", "%" PRId64 " leaves, to entry %" PRId64,
					run->start.tree.frontier.size, run->start.tree.last_id);
	if (run->proofs != NULL || run->has_db)
		report_fact(run->report, "unsealed tail", "%" PRId64 " after entry %" PRId64,
					run->proofs != NULL ? run->unsealed : run->rows,
					run->proofs != NULL ? proofs_sealed_id(run->proofs) : 0);
	if (!run->o->signatures)
		report_fact(run->report, "signatures", "not checked, as asked");
	if (n.unsigned_by_role + n.unsigned_acts > 0)
		report_fact(run->report, "unsigned",
					"%" PRId64 " entries by a token's policy, %" PRId64 " acts by roles",
					n.unsigned_by_role, n.unsigned_acts);
	if (n.maintenance > 0)
		report_fact(run->report, "maintenance", "%" PRId64 " times: the operator lifted the guards",
					n.maintenance);
	if (n.custom_rules > 0)
		tell_custom_rules(run, n.custom_rules);
	if (n.not_replayed > 0)
		report_unsure(run->report, "%" PRId64 " events of kinds that this program doesn't know",
					  n.not_replayed);
}
