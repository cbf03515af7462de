/*
 * register_finding.c
 *		Handler of findings: the rules that an enforced entry did not pass have one more.
 *
 * The gate alone writes them, and no keys sign them.  What the function said is beyond
 * proof; that it was asked is not: the entry, the rule and its definition are the log's.
 */
#include "postgres.h"

#include "ledger/finding.h"
#include "ledger/register.h"

#include "utils/builtins.h"

static const char *
text_of(const StoBody *body, StoField field)
{
	return STO_BODY_HAS(body, field) ? body->value[field].text : NULL;
}

static void
add_override(const StoHeard *heard, const char *detail)
{
	Datum values[OVERRIDE_COLUMNS] = {0};
	bool nulls[OVERRIDE_COLUMNS] = {false};

	values[OVERRIDE_ENTRY_ID - 1] = Int64GetDatum(heard->entry_id);
	values[OVERRIDE_NUMBER - 1] = Int16GetDatum((int16) heard->number);
	values[OVERRIDE_CODE - 1] = Int16GetDatum(STO_RULE_CUSTOM);
	values[OVERRIDE_RULE - 1] = CStringGetTextDatum(sto_rule_name(STO_RULE_CUSTOM));
	nulls[OVERRIDE_LABEL - 1] = heard->label == NULL;
	if (heard->label != NULL)
		values[OVERRIDE_LABEL - 1] = CStringGetTextDatum(heard->label);
	values[OVERRIDE_DETAIL - 1] = CStringGetTextDatum(detail);
	sto_store_insert(STO_REL_OVERRIDE, values, nulls);
}

void
sto_register_finding(StoAct *act)
{
	const StoBody *body = &act->body;
	int64 entry_id = body->value[STO_F_ENTRY].integer;
	int64 number = body->value[STO_F_NUMBER].integer;
	const char *reason = text_of(body, STO_F_REASON);
	const char *state = text_of(body, STO_F_STATE);
	const char *fault = sto_finding_fault(reason, state);
	char detail[STO_RULE_DETAIL_MAX];
	uint8_t subject[STO_UUID_LEN];
	const StoHeard *heard;

	if (act->mode == STO_MODE_POST && !sto_finding_recording)
		sto_act_refuse("findings are recorded by the gate of sto.transfer");
	if (fault != NULL)
		sto_act_refuse("%s", fault);
	if (!sto_finding_subject(act->ledger.ledger_id, entry_id, number, subject))
		elog(ERROR, "could not compute SHA-256");
	if (!sto_uuid_equal(subject, act->event.subject))
		sto_act_refuse("its subject is not that of this entry and rule");
	heard = sto_finding_take(entry_id, number);
	if (heard == NULL || heard->rule_set != body->value[STO_F_RULE_SET].integer ||
		memcmp(heard->definition, body->value[STO_F_DEFINITION].octets, STO_DIGEST_LEN) != 0)
		sto_act_refuse("no enforced entry " INT64_FORMAT
					   " just before it passed over such a custom rule",
					   entry_id);
	sto_finding_detail(reason, state, detail);
	add_override(heard, detail);
}
