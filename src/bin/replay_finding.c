/*
 * replay_finding.c
 *		Findings: was the rule one that its entry, just before, was to ask?  What it
 *		said is taken as stated.
 */
#include "bin/replay_state.h"

#include "core/finding.h"

#include <string.h>

bool
sto_fold_findings_expect(const Posting *p, const StoRuleEntry *entry, const StoRuleSet *set,
						 int64_t rule_set)
{
	StoReplay *r = p->r;

	for (int i = 0; i < set->count; i++)
	{
		const StoRule *rule = sto_rules_custom(set, i, &entry->move);
		uint32_t number;
		Asked *row;

		if (rule == NULL)
			continue;
		row = sto_pool_add(&r->asked, &number);
		if (row == NULL ||
			(rule->label != NULL &&
			 !sto_texts_add(&r->texts, rule->label, strlen(rule->label), &row->label)))
			return false;
		row->entry_id = p->entry->entry_id;
		row->rule_set = rule_set;
		row->number = (uint8_t) (i + 1);
		memcpy(row->definition, rule->definition, STO_DIGEST_LEN);
	}
	return true;
}

void
sto_fold_findings_close(StoReplay *r)
{
	r->asked_closed = r->asked.count;
}

/* Rows come in the order of their entries' ids, and of a set's rules. */
static const Asked *
find_asked(const StoReplay *r, int64_t entry_id, int64_t number)
{
	uint32_t low = r->asked_closed + 1;
	uint32_t high = r->asked.count + 1;

	while (low < high)
	{
		uint32_t middle = low + (high - low) / 2;
		const Asked *row = sto_pool_at(&r->asked, middle);

		if (row->entry_id == entry_id && row->number == number)
			return row;
		if (row->entry_id < entry_id || (row->entry_id == entry_id && row->number < number))
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool
keep(const Act *act, const Asked *asked, const char *detail)
{
	StoReplay *r = act->r;
	Override row = {.entry_id = asked->entry_id,
					.number = asked->number,
					.code = STO_RULE_CUSTOM,
					.label = asked->label};

	return (sto_texts_add(&r->texts, detail, strlen(detail), &row.detail) &&
			sto_fold_override_add(r, &row)) ||
		   sto_fold_stop(r, act->event->entry_id, "there is no memory");
}

static const char *
text_of(const StoBody *body, StoBodyField field)
{
	return STO_BODY_HAS(body, field) ? body->value[field].text : NULL;
}

bool
sto_fold_finding(Act *act)
{
	const StoBody *body = &act->body;
	int64_t entry_id = body->value[STO_F_ENTRY].integer;
	int64_t number = body->value[STO_F_NUMBER].integer;
	const char *reason = text_of(body, STO_F_REASON);
	const char *state = text_of(body, STO_F_STATE);
	const char *fault = sto_finding_fault(reason, state);
	const Asked *asked = find_asked(act->r, entry_id, number);
	char detail[STO_RULE_DETAIL_MAX];
	uint8_t subject[STO_UUID_LEN];

	if (fault != NULL)
	{
		sto_fold_refuse(act, STO_CHECK_BODY, "%s", fault);
		return true;
	}
	if (!sto_finding_subject(act->r->ledger_id, entry_id, number, subject))
		return sto_fold_stop(act->r, act->event->entry_id, "OpenSSL failed");
	if (memcmp(subject, act->event->subject, STO_UUID_LEN) != 0)
		sto_fold_refuse(act, STO_CHECK_BODY, "its subject is not that of this entry and rule");
	if (asked == NULL || asked->rule_set != body->value[STO_F_RULE_SET].integer ||
		memcmp(asked->definition, body->value[STO_F_DEFINITION].octets, STO_DIGEST_LEN) != 0)
	{
		sto_fold_refuse(act, STO_CHECK_RULES,
						"no enforced entry %lld just before it passed over such a custom rule",
						(long long) entry_id);
		return true;
	}
	sto_finding_detail(reason, state, detail);
	return keep(act, asked, detail);
}
