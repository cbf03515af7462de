/*
 * replay_ruled.c
 *		Entries of tokens that have rules: which set was in force, and whether it
 *		let them pass.
 */
#include "bin/replay_state.h"

#include <string.h>

/* A hold that protects others is asked nothing, and one that was checked once not again. */
static bool
is_asked(const Posting *p)
{
	const StoOrder *o = p->order;

	if (o->kind == STO_POST)
		return p->hold == NULL || !p->hold->checked_once;
	if (o->kind == STO_HOLD)
		return o->purpose != STO_LOCK_UP && o->purpose != STO_SEIZURE && o->purpose != STO_FREEZE;
	return o->kind != STO_RELEASE;
}

/* Force, recover, reverse: what they don't pass is recorded, and stops them not. */
static bool
is_enforced(StoKind kind)
{
	return kind == STO_FORCE || kind == STO_RECOVER || kind == STO_REVERSE;
}

/* A side's party, as rules know it; 0: there is none, or no memory, which *good says. */
static uint32_t
side_of(const Posting *p, const Wallet *wallet, bool *good)
{
	uint32_t party;

	if (wallet == NULL || wallet->issues != 0)
		return 0;
	party = sto_fold_ruled_party(p->r, wallet->party);
	*good &= party != 0;
	return party;
}

static bool
make_entry(const Posting *p, StoRuleEntry *entry)
{
	const StoOrder *o = p->order;
	StoRuleMove *move = &entry->move;
	const uint8_t *notary = o->has_notary ? o->notary : NULL;
	bool good = true;

	memset(entry, 0, sizeof(*entry));
	entry->entry_id = p->entry->entry_id;
	entry->token = p->token->rules;
	entry->sender = side_of(p, p->debit, &good);
	entry->receiver = side_of(p, p->credit, &good);
	entry->wallet = p->debit_row;
	entry->debit_omnibus = p->debit != NULL && p->debit->omnibus;
	entry->credit_omnibus = p->credit != NULL && p->credit->omnibus;
	move->kind = o->kind;
	move->amount = o->amount;
	move->posted_at = p->entry->posted_at;
	move->has_attachment = o->has_attachment;
	move->checked_once = o->has_checked_once && o->checked_once;
	if (o->kind == STO_POST && p->hold != NULL && p->hold->has_notary)
		notary = p->hold->notary;
	move->has_notary = notary != NULL;
	if (notary != NULL)
		memcpy(move->notary, notary, STO_UUID_LEN);
	memcpy(move->debit, o->debit, STO_ADDRESS_LEN);
	if (o->has_credit)
		memcpy(move->credit, o->credit, STO_ADDRESS_LEN);
	memcpy(move->posted_by, p->entry->posted_by, STO_UUID_LEN);
	memcpy(move->ordering_party, o->ordering_party, STO_UUID_LEN);
	return good;
}

static void
report_finding(void *context, const StoRuleFinding *finding)
{
	const Posting *p = context;
	bool has_label = finding->label != NULL;

	sto_fold_bad(p, STO_CHECK_RULES, "rule %d, %s%s%s%s, did not let it pass: %s%s%s%s",
				 finding->number, sto_rule_name(finding->code), has_label ? " \"" : "",
				 has_label ? finding->label : "", has_label ? "\"" : "", finding->detail,
				 finding->value[0] != '\0' ? " (" : "", finding->value,
				 finding->value[0] != '\0' ? ")" : "");
}

/* An enforced entry passes all the same; the register says what it passed over. */
static void
keep_override(void *context, const StoRuleFinding *finding)
{
	const Posting *p = context;
	StoReplay *r = p->r;
	Override row = {.entry_id = p->entry->entry_id,
					.number = (uint8_t) finding->number,
					.code = (uint16_t) finding->code};

	if (!sto_texts_add(&r->texts, finding->detail, strlen(finding->detail), &row.detail) ||
		(finding->label != NULL &&
		 !sto_texts_add(&r->texts, finding->label, strlen(finding->label), &row.label)) ||
		!sto_fold_override_add(r, &row))
		(void) sto_fold_stop(r, p->entry->entry_id, "there is no memory");
}

static bool
ask(const Posting *p, StoRuleEntry *entry, const StoRuleSet *set, int64_t rule_set)
{
	StoRuleOutcome outcome;

	if (sto_rule_fold_ask(p->r->rules, entry, set,
						  is_enforced(p->order->kind) ? keep_override : report_finding, (void *) p,
						  &outcome) == STO_RULES_ERROR)
		return false;
	if (outcome.not_replayed > 0)
		p->r->counts.custom_rules++;
	if (is_enforced(p->order->kind) && !sto_fold_findings_expect(p, entry, set, rule_set))
		return false;
	return !p->r->broken;
}

/* The entry's column must name the set in force; a release names none. */
static void
check_column(const Posting *p, int64_t in_force)
{
	int64_t stated = p->entry->has_rule_set ? p->entry->rule_set : 0;

	if (p->order->kind == STO_RELEASE)
		in_force = 0;
	if (stated == in_force && p->entry->has_rule_set == (in_force != 0))
		return;
	if (in_force == 0)
		sto_fold_bad(p, STO_CHECK_RULES, "rule_set is %lld; no rules were in force",
					 (long long) stated);
	else
		sto_fold_bad(p, STO_CHECK_RULES, "rule_set is not %lld, the rules in force",
					 (long long) in_force);
}

bool
sto_fold_ruled(const Posting *p)
{
	StoReplay *r = p->r;
	const StoRuleSet *set = NULL;
	int64_t in_force = 0;
	StoRuleEntry entry;
	bool good = true;

	if (p->token == NULL)
		return true;
	if (p->token->rules == 0 || !sto_rule_fold_has_rules(r->rules, p->token->rules))
	{
		check_column(p, 0);
		return true;
	}
	in_force = sto_rule_fold_in_force(r->rules, p->token->rules, p->entry->posted_at, &set);
	check_column(p, in_force);
	if (!make_entry(p, &entry))
		good = false;
	else if (in_force != 0 && is_asked(p))
		good = set != NULL && ask(p, &entry, set, in_force);
	if (!good || !sto_rule_fold_entry(r->rules, &entry))
		return sto_fold_stop(r, p->entry->entry_id, "there is no memory");
	return true;
}

bool
sto_replay_past(StoReplay *r, const StoReplayPast *past)
{
	uint32_t row;
	const Wallet *debit = sto_fold_wallet(r, past->debit, &row);
	const Wallet *credit = past->has_credit ? sto_fold_wallet(r, past->credit, NULL) : NULL;
	StoRuleEntry entry = {.entry_id = past->entry_id, .token = r->past_token, .wallet = row};

	entry.move.kind = past->kind;
	entry.move.amount = past->amount;
	entry.move.posted_at = past->posted_at;
	entry.debit_omnibus = debit != NULL && debit->omnibus;
	entry.credit_omnibus = credit != NULL && credit->omnibus;
	memcpy(entry.move.debit, past->debit, STO_ADDRESS_LEN);
	if (past->has_credit)
		memcpy(entry.move.credit, past->credit, STO_ADDRESS_LEN);
	if (debit != NULL && debit->issues == 0 &&
		(entry.sender = sto_fold_ruled_party(r, debit->party)) == 0)
		return false;
	if (credit != NULL && credit->issues == 0 &&
		(entry.receiver = sto_fold_ruled_party(r, credit->party)) == 0)
		return false;
	return sto_rule_fold_past(r->rules, &entry, r->past_missing);
}
