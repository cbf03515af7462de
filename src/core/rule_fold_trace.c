/*
 * rule_fold_trace.c
 *		A rule set asked about an entry, with every fact that it was told.
 */
#include "core/rule_fold_state.h"

#include "core/amount.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct Trace
{
	StoRuleFacts facts; /* that answer */
	StoRuleAsked asked;
	StoRuleTold *told;
} Trace;

/* One fact more, as a JSON object; left out if there is no room for it. */
__attribute__((format(printf, 4, 5))) static void
tell(Trace *t, const char *fact, const uint8_t *party, const char *format, ...)
{
	char object[STO_RULE_DETAIL_MAX + 256];
	char hex[2 * STO_UUID_LEN + 1] = "";
	StoRuleTold *told = t->told;
	va_list args;
	int len;

	len = snprintf(object, sizeof(object), "%s{\"fact\":\"%s\"", told->len > 1 ? "," : "", fact);
	if (party != NULL)
	{
		sto_hex_encode(party, STO_UUID_LEN, hex);
		len += snprintf(object + len, sizeof(object) - (size_t) len,
						",\"party\":\"%.8s-%.4s-%.4s-%.4s-%.12s\"", hex, hex + 8, hex + 12,
						hex + 16, hex + 20);
	}
	va_start(args, format);
	len += vsnprintf(object + len, sizeof(object) - (size_t) len, format, args);
	va_end(args);
	if (len + 2 >= (int) sizeof(object) || told->len + (size_t) len + 3 > sizeof(told->text))
		return;
	memcpy(told->text + told->len, object, (size_t) len);
	memcpy(told->text + told->len + len, "}", 2);
	told->len += (size_t) len + 1;
}

/* The event that stated it, as a field of the object; nothing if none did. */
typedef struct EventText
{
	char text[40];
} EventText;

static EventText
event_text(int64_t event)
{
	EventText out = {""};

	if (event != 0)
		snprintf(out.text, sizeof(out.text), ",\"event\":%lld", (long long) event);
	return out;
}

static const FoldParty *
party_row(const Trace *t, const uint8_t *party)
{
	uint32_t number = sto_rule_fold_find_party(t->asked.f, party);

	return number == 0 ? NULL : FOLD_ROW(t->asked.f, parties, number);
}

static const FoldHolding *
holding_row(const Trace *t, const uint8_t *party)
{
	uint32_t number = sto_rule_fold_find_party(t->asked.f, party);

	number =
		number == 0 ? 0 : sto_rule_fold_find_holding(t->asked.f, t->asked.entry->token, number);
	return number == 0 ? NULL : FOLD_ROW(t->asked.f, holdings, number);
}

static bool
trace_total(void *context, const uint8_t *party, StoAmount *total)
{
	Trace *t = context;
	bool good = t->facts.total(&t->asked, party, total);
	char amount[STO_AMOUNT_TEXT_MAX];

	sto_amount_print(*total, amount);
	tell(t, "total", party, ",\"value\":\"%s\"", amount);
	return good;
}

static bool
trace_outstanding(void *context, StoAmount *outstanding)
{
	Trace *t = context;
	bool good = t->facts.outstanding(&t->asked, outstanding);
	char amount[STO_AMOUNT_TEXT_MAX];

	sto_amount_print(*outstanding, amount);
	tell(t, "outstanding", NULL, ",\"value\":\"%s\"", amount);
	return good;
}

static bool
trace_group(void *context, StoRuleBy by, const char *value, int64_t *holders, StoAmount *units)
{
	Trace *t = context;
	bool good = t->facts.group(&t->asked, by, value, holders, units);
	char amount[STO_AMOUNT_TEXT_MAX];

	if (holders != NULL)
		tell(t, "holders", NULL, ",\"by\":\"%s\",\"of\":\"%s\",\"value\":%lld", sto_by_name(by),
			 value, (long long) *holders);
	if (units != NULL)
	{
		sto_amount_print(*units, amount);
		tell(t, "units", NULL, ",\"by\":\"%s\",\"of\":\"%s\",\"value\":\"%s\"", sto_by_name(by),
			 value, amount);
	}
	return good;
}

static bool
trace_country(void *context, const uint8_t *party, bool incorporation, char country[2])
{
	Trace *t = context;
	bool good = t->facts.country(&t->asked, party, incorporation, country);
	const FoldParty *row = party_row(t, party);
	int64_t event = row == NULL ? 0 : incorporation ? row->incorporation_by : row->country_by;

	tell(t, incorporation ? "incorporation" : "residence", party, ",\"value\":\"%.2s\"%s", country,
		 event_text(event).text);
	return good;
}

static bool
trace_classified(void *context, const uint8_t *party, StoRuleClassified *classified)
{
	Trace *t = context;
	bool good = t->facts.classified(&t->asked, party, classified);
	const FoldParty *row = party_row(t, party);
	int64_t event = row == NULL ? 0 : sto_rule_fold_class_of(row, holding_row(t, party))->set_by;

	tell(t, "class", party, ",\"value\":\"%s\"%s", sto_class_name(classified->klass),
		 event_text(event).text);
	return good;
}

/* The party's newest claim on the topic that is not revoked. */
static int64_t
claim_of(const Trace *t, const uint8_t *party, const char *topic)
{
	const StoRuleFold *f = t->asked.f;
	uint32_t number = sto_rule_fold_find_party(f, party);
	uint32_t name = sto_rule_fold_find_name(f, topic);

	for (uint32_t i = f->claims.count; i > 0; i--)
	{
		const FoldClaim *claim = FOLD_ROW(f, claims, i);

		if (claim->party == number && claim->topic == name && !claim->revoked)
			return claim->claim;
	}
	return 0;
}

static bool
trace_topic(void *context, const uint8_t *party, const char *topic, bool *has)
{
	Trace *t = context;
	bool good = t->facts.has_topic(&t->asked, party, topic, has);

	tell(t, "claim", party, ",\"of\":\"%s\",\"value\":%s%s", topic, *has ? "true" : "false",
		 event_text(claim_of(t, party, topic)).text);
	return good;
}

static bool
trace_list(void *context, const uint8_t *party, const char *list, bool *listed)
{
	Trace *t = context;
	bool good = t->facts.on_list(&t->asked, party, list, listed);
	uint32_t number = sto_rule_fold_find_party(t->asked.f, party);
	uint32_t name = sto_rule_fold_find_name(t->asked.f, list);
	const FoldListed *row =
		number == 0 || name == 0
			? NULL
			: sto_rule_fold_find_listed(t->asked.f, t->asked.entry->token, name, number);

	tell(t, "list", party, ",\"of\":\"%s\",\"value\":%s%s", list, *listed ? "true" : "false",
		 event_text(row == NULL ? 0 : row->set_by).text);
	return good;
}

static bool
trace_opted_in(void *context, const uint8_t *party, bool *affirmed)
{
	Trace *t = context;
	bool good = t->facts.opted_in(&t->asked, party, affirmed);
	const FoldHolding *row = holding_row(t, party);

	tell(t, "opt_in", party, ",\"value\":%s%s", *affirmed ? "true" : "false",
		 event_text(row == NULL ? 0 : row->opt_in).text);
	return good;
}

static bool
trace_outflow(void *context, const uint8_t *party, int64_t after, StoAmount *sum)
{
	Trace *t = context;
	bool good = t->facts.outflow(&t->asked, party, after, sum);
	char amount[STO_AMOUNT_TEXT_MAX];

	sto_amount_print(*sum, amount);
	tell(t, "outflow", party, ",\"after\":%lld,\"value\":\"%s\"", (long long) after, amount);
	return good;
}

static bool
trace_issues(void *context, const uint8_t *receiver, int64_t after, int64_t limit, int64_t *persons,
			 bool *received, StoAmount *sum)
{
	Trace *t = context;
	bool good = t->facts.issues(&t->asked, receiver, after, limit, persons, received, sum);
	char amount[STO_AMOUNT_TEXT_MAX];

	sto_amount_print(*sum, amount);
	tell(t, "issues", receiver, ",\"after\":%lld,\"persons\":%lld,\"received\":%s,\"value\":\"%s\"",
		 (long long) after, (long long) *persons, *received ? "true" : "false", amount);
	return good;
}

static bool
trace_approval(void *context, const uint8_t *by, const StoRuleMove *move, StoAmount amount,
			   int64_t *id, StoAmount *largest)
{
	Trace *t = context;
	bool good = t->facts.approval(&t->asked, by, move, amount, id, largest);

	tell(t, "approval", by, "%s", event_text(*id).text);
	return good;
}

static bool
trace_travel_field(void *context, const uint8_t *party, const char *field, int64_t at, bool *has)
{
	Trace *t = context;
	bool good = t->facts.travel_field(&t->asked, party, field, at, has);

	tell(t, "travel_data", party, ",\"of\":\"%s\",\"value\":%s", field, *has ? "true" : "false");
	return good;
}

static bool
trace_look_through(void *context, const uint8_t *address, bool *omnibus, int64_t *stated_at)
{
	Trace *t = context;
	bool good = t->facts.look_through(&t->asked, address, omnibus, stated_at);
	uint32_t number = sto_rule_fold_find_look(t->asked.f, t->asked.entry->token, address);
	const FoldLook *row = number == 0 ? NULL : FOLD_ROW(t->asked.f, looks, number);

	if (*omnibus)
		tell(t, "look_through", NULL, ",\"value\":%s%s",
			 *stated_at == STO_NEVER_STATED ? "false" : "true",
			 event_text(row == NULL ? 0 : row->set_by).text);
	return good;
}

StoRuleAnswer
sto_rule_fold_trace(StoRuleFold *f, StoRuleEntry *entry, const StoRuleSet *set,
					StoRuleReport report, void *report_context, StoRuleOutcome *outcome,
					StoRuleTold *told)
{
	Trace trace = {.told = told};
	StoRuleFacts traced = {.context = &trace,
						   .total = trace_total,
						   .outstanding = trace_outstanding,
						   .group = trace_group,
						   .country = trace_country,
						   .classified = trace_classified,
						   .has_topic = trace_topic,
						   .on_list = trace_list,
						   .opted_in = trace_opted_in,
						   .outflow = trace_outflow,
						   .issues = trace_issues,
						   .approval = trace_approval,
						   .travel_field = trace_travel_field,
						   .look_through = trace_look_through};
	StoRuleAnswer answer;

	told->text[0] = '[';
	told->len = 1;
	sto_rule_fold_begin(f, entry, &trace.asked, &trace.facts);
	answer = sto_rules_evaluate(set, &entry->move, &traced, report, report_context, outcome);
	memcpy(told->text + told->len, "]", 2);
	return answer;
}
