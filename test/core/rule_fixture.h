/*
 * rule_fixture.h
 *		A small register for rule sets: parties A to Z, and what is known of them.
 *
 * Everything that rules read is worked out from plain lists at each question, so
 * nothing is counted here in the way that the ledger counts.
 */
#ifndef STO_TEST_CORE_RULE_FIXTURE_H
#define STO_TEST_CORE_RULE_FIXTURE_H

#include "core/rule.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

#define PARTIES 26
#define FACTS_MAX 64
#define ISSUER 'I'
#define NOON INT64_C(1767614400000000) /* Monday 2026-01-05 12:00 UTC */
#define SECOND INT64_C(1000000)

/* One thing that is known; what its fields mean is for the list that it stands in. */
typedef struct Known
{
	char party;
	const char *text;
	int64_t at;
	StoAmount amount;
} Known;

typedef struct KnownList
{
	int count;
	Known items[FACTS_MAX];
} KnownList;

typedef struct Approved
{
	int64_t id;
	char by;
	char sender;   /* 0: any */
	char receiver; /* 0: any */
	StoAmount amount;
	bool exact;
} Approved;

typedef struct World
{
	StoAmount total[PARTIES];
	char residence[PARTIES][2];
	char incorporation[PARTIES][2];
	StoRuleClassified classified[PARTIES];
	bool opted_in[PARTIES];
	KnownList listed;
	KnownList topics;
	KnownList travel;
	KnownList outflows;
	KnownList issues;
	Approved approvals[FACTS_MAX];
	int approval_count;
	char omnibus; /* party whose wallets are */
	int64_t stated_at;
	bool fails;         /* every callback does */
	int asked;          /* how often any was */
	int changing;       /* how often holders were */
	const char *custom; /* what the function says; NULL: nothing */
} World;

static inline void
know(KnownList *list, char party, const char *text, int64_t at, StoAmount amount)
{
	list->items[list->count++] = (Known){party, text, at, amount};
}

static inline const uint8_t *
party(char letter, uint8_t out[STO_UUID_LEN])
{
	memset(out, letter, STO_UUID_LEN);
	return out;
}

static inline int
index_of(const uint8_t *uuid)
{
	return uuid[0] - 'A';
}

static inline bool
ask(World *w)
{
	w->asked++;
	return !w->fails;
}

static inline bool
world_total(void *context, const uint8_t *uuid, StoAmount *total)
{
	World *w = context;

	*total = w->total[index_of(uuid)];
	return ask(w);
}

static inline bool
world_outstanding(void *context, StoAmount *outstanding)
{
	World *w = context;

	*outstanding = 0;
	for (int i = 0; i < PARTIES; i++)
		*outstanding += w->total[i];
	return ask(w);
}

static inline bool
knows(const KnownList *list, char letter, const char *text)
{
	for (int i = 0; i < list->count; i++)
		if (list->items[i].party == letter && strcmp(list->items[i].text, text) == 0)
			return true;
	return false;
}

static inline bool
world_is_member(const World *w, int i, StoRuleBy by, const char *value)
{
	switch (by)
	{
		case STO_BY_COUNTRY:
			return strlen(value) == 2 ? memcmp(w->residence[i], value, 2) == 0
									  : w->residence[i][0] == '\0';
		case STO_BY_CLASS:
			return strcmp(sto_class_name(w->classified[i].klass), value) == 0;
		case STO_BY_TOPIC:
			return knows(&w->topics, (char) ('A' + i), value);
		default:
			return value[0] == '\0';
	}
}

static inline bool
world_group(void *context, StoRuleBy by, const char *value, int64_t *holders, StoAmount *units)
{
	World *w = context;

	if (holders != NULL)
	{
		*holders = 0;
		w->changing++;
	}
	if (units != NULL)
		*units = 0;
	for (int i = 0; i < PARTIES; i++)
	{
		if (!world_is_member(w, i, by, value))
			continue;
		if (holders != NULL && w->total[i] > 0)
			++*holders;
		if (units != NULL)
			*units += w->total[i];
	}
	return ask(w);
}

static inline bool
world_country(void *context, const uint8_t *uuid, bool incorporation, char country[2])
{
	World *w = context;

	memcpy(country, incorporation ? w->incorporation[index_of(uuid)] : w->residence[index_of(uuid)],
		   2);
	return ask(w);
}

static inline bool
world_classified(void *context, const uint8_t *uuid, StoRuleClassified *classified)
{
	World *w = context;

	*classified = w->classified[index_of(uuid)];
	return ask(w);
}

static inline bool
world_has_topic(void *context, const uint8_t *uuid, const char *topic, bool *has)
{
	World *w = context;

	*has = knows(&w->topics, (char) uuid[0], topic);
	return ask(w);
}

static inline bool
world_on_list(void *context, const uint8_t *uuid, const char *list, bool *listed)
{
	World *w = context;

	*listed = knows(&w->listed, (char) uuid[0], list);
	return ask(w);
}

static inline bool
world_opted_in(void *context, const uint8_t *uuid, bool *affirmed)
{
	World *w = context;

	*affirmed = w->opted_in[index_of(uuid)];
	return ask(w);
}

static inline bool
world_outflow(void *context, const uint8_t *uuid, int64_t after, StoAmount *sum)
{
	World *w = context;

	*sum = 0;
	for (int i = 0; i < w->outflows.count; i++)
		if (w->outflows.items[i].party == (char) uuid[0] && w->outflows.items[i].at > after)
			*sum += w->outflows.items[i].amount;
	return ask(w);
}

static inline bool
world_issues(void *context, const uint8_t *receiver, int64_t after, int64_t limit, int64_t *persons,
			 bool *received, StoAmount *sum)
{
	World *w = context;
	bool seen[256] = {false};

	*persons = 0;
	*sum = 0;
	for (int i = 0; i < w->issues.count; i++)
	{
		const Known *issue = &w->issues.items[i];

		if (issue->at <= after)
			continue;
		*persons += !seen[(uint8_t) issue->party];
		seen[(uint8_t) issue->party] = true;
		*sum += issue->amount;
	}
	*received = seen[receiver[0]];
	/* the least that whoever is asked has to say */
	if (*persons < limit)
	{
		*persons = limit - 1;
		*received = false;
	}
	return ask(w);
}

static inline bool
world_approval(void *context, const uint8_t *by, const StoRuleMove *move, StoAmount amount,
			   int64_t *id, StoAmount *largest)
{
	World *w = context;

	*id = 0;
	*largest = 0;
	for (int i = 0; i < w->approval_count; i++)
	{
		const Approved *a = &w->approvals[i];
		StoAmount covers = a->exact || a->amount < amount ? a->amount : amount;

		if ((char) by[0] != a->by ||
			(a->sender != 0 && (!move->has_sender || (char) move->sender[0] != a->sender)) ||
			(a->receiver != 0 && (!move->has_receiver || (char) move->receiver[0] != a->receiver)))
			continue;
		if (covers == amount && (*id == 0 || a->id < *id))
			*id = a->id;
		else if (covers < amount && covers > *largest)
			*largest = covers;
	}
	return ask(w);
}

static inline bool
world_travel_field(void *context, const uint8_t *uuid, const char *field, int64_t at, bool *has)
{
	World *w = context;

	*has = false;
	for (int i = 0; i < w->travel.count; i++)
		if (w->travel.items[i].party == (char) uuid[0] && at >= w->travel.items[i].at &&
			strcmp(w->travel.items[i].text, field) == 0)
			*has = true;
	return ask(w);
}

static inline bool
world_look_through(void *context, const uint8_t *address, bool *omnibus, int64_t *stated_at)
{
	World *w = context;

	*omnibus = w->omnibus != 0 && (char) address[0] == w->omnibus;
	*stated_at = w->stated_at;
	return ask(w);
}

static inline bool
world_custom(void *context, const StoRule *rule, const StoRuleMove *move, bool *refused,
			 char reason[STO_RULE_DETAIL_MAX])
{
	World *w = context;

	*refused = w->custom != NULL && rule->code == STO_RULE_CUSTOM && move->amount > 0;
	if (*refused)
		snprintf(reason, STO_RULE_DETAIL_MAX, "%s", w->custom);
	return ask(w);
}

static inline StoRuleFacts
facts_of(World *w)
{
	return (StoRuleFacts){.context = w,
						  .total = world_total,
						  .outstanding = world_outstanding,
						  .group = world_group,
						  .country = world_country,
						  .classified = world_classified,
						  .has_topic = world_has_topic,
						  .on_list = world_on_list,
						  .opted_in = world_opted_in,
						  .outflow = world_outflow,
						  .issues = world_issues,
						  .approval = world_approval,
						  .travel_field = world_travel_field,
						  .look_through = world_look_through,
						  .custom = world_custom};
}

/* A move at NOON; 0 for a side that isn't there. */
static inline StoRuleMove
move_of(StoKind kind, char sender, char receiver, StoAmount amount)
{
	StoRuleMove m = {.kind = kind, .amount = amount, .posted_at = NOON};

	memset(m.issuer, ISSUER, STO_UUID_LEN);
	memset(m.posted_by, 'P', STO_UUID_LEN);
	memset(m.ordering_party, sender != 0 ? sender : ISSUER, STO_UUID_LEN);
	m.has_sender = sender != 0;
	m.has_receiver = receiver != 0;
	memset(m.sender, sender, STO_UUID_LEN);
	memset(m.receiver, receiver, STO_UUID_LEN);
	memset(m.debit, sender, STO_ADDRESS_LEN);
	memset(m.credit, receiver, STO_ADDRESS_LEN);
	return m;
}

static inline StoRuleSet *
set_of(const char *rules)
{
	char why[STO_RULE_WHY_MAX] = "";
	char body[8192];
	StoRuleSet *set;

	snprintf(body, sizeof(body), "{\"rules\":[%s]}", rules);
	set = sto_rules_parse(body, strlen(body), why);
	if (set == NULL)
	{
		printf("Bail out! %s: %s\n", rules, why);
		exit(1);
	}
	return set;
}

/* The first finding, as it was reported, and how many there were. */
typedef struct Said
{
	int count;
	StoRuleCode code;
	int number;
	char subject; /* 0: none */
	StoRuleWhose whose;
	StoAmount passing;
	char label[STO_RULE_NAME_MAX + 1];
	char limit[STO_RULE_VALUE_MAX];
	char value[STO_RULE_VALUE_MAX];
	char detail[STO_RULE_DETAIL_MAX];
} Said;

static inline void
note_finding(void *context, const StoRuleFinding *finding)
{
	Said *said = context;

	if (said->count++ > 0)
		return;
	said->code = finding->code;
	said->number = finding->number;
	said->subject = finding->has_subject ? (char) finding->subject[0] : 0;
	said->whose = finding->whose;
	said->passing = finding->passing;
	snprintf(said->label, sizeof(said->label), "%s", finding->label == NULL ? "" : finding->label);
	snprintf(said->limit, sizeof(said->limit), "%s", finding->limit);
	snprintf(said->value, sizeof(said->value), "%s", finding->value);
	snprintf(said->detail, sizeof(said->detail), "%s", finding->detail);
}

static inline StoRuleAnswer
answer(World *w, const StoRuleSet *set, const StoRuleMove *m, Said *said, StoRuleOutcome *outcome)
{
	StoRuleFacts facts = facts_of(w);

	memset(said, 0, sizeof(*said));
	return sto_rules_evaluate(set, m, &facts, note_finding, said, outcome);
}

/* The largest amount that passes, by trying every one. */
static inline StoAmount
tried_largest(World *w, const StoRuleSet *set, StoRuleMove m)
{
	StoRuleFacts facts = facts_of(w);
	StoRuleOutcome outcome;

	for (; m.amount > 0; m.amount--)
		if (sto_rules_evaluate(set, &m, &facts, NULL, NULL, &outcome) == STO_RULES_PASS)
			break;
	return m.amount;
}

static inline StoAmount
told_largest(World *w, const StoRuleSet *set, const StoRuleMove *m)
{
	StoRuleFacts facts = facts_of(w);
	StoAmount largest = -1;

	return sto_rules_largest(set, m, &facts, &largest) ? largest : -1;
}

/* Amounts up to this are tried one by one. */
#define TRIED_MAX 20000

static inline void
passes(World *w, const char *rules, StoRuleMove m, const char *what)
{
	StoRuleSet *set = set_of(rules);
	StoRuleOutcome outcome;
	Said said;

	CHECK_AS(answer(w, set, &m, &said, &outcome) == STO_RULES_PASS && said.count == 0 &&
				 told_largest(w, set, &m) == m.amount,
			 "passes: %s %s%s", what, said.count > 0 ? "not: " : "", said.detail);
	sto_rules_free(set);
}

/* Of one rule alone; and the amount that it names is the one that trying finds. */
static inline void
fails(World *w, const char *rule, StoRuleMove m, StoRuleCode code, char subject, StoAmount passing,
	  const char *what)
{
	StoRuleSet *set = set_of(rule);
	StoRuleOutcome outcome;
	StoRuleFacts facts = facts_of(w);
	Said said;
	bool failed = answer(w, set, &m, &said, &outcome) == STO_RULES_FAIL;

	CHECK_AS(failed && said.count == 1 && said.code == code && said.number == 1, "fails: %s (%s)",
			 what, said.detail);
	CHECK_AS(said.subject == subject && said.passing == passing, "%s: subject %c, passing %lld",
			 what, said.subject == 0 ? '-' : said.subject, (long long) said.passing);
	CHECK_AS(sto_rules_evaluate(set, &m, &facts, NULL, NULL, &outcome) == STO_RULES_FAIL &&
				 outcome.failing == 1,
			 "%s, without a report", what);
	CHECK_AS(told_largest(w, set, &m) == passing &&
				 (m.amount > TRIED_MAX || tried_largest(w, set, m) == passing),
			 "%s: nothing larger passes", what);
	sto_rules_free(set);
}

/* Its texts. */
static inline void
says(World *w, const char *rule, StoRuleMove m, StoRuleWhose whose, const char *limit,
	 const char *value, const char *detail)
{
	StoRuleSet *set = set_of(rule);
	StoRuleOutcome outcome;
	Said said;

	answer(w, set, &m, &said, &outcome);
	CHECK_AS(said.count == 1 && said.whose == whose && strcmp(said.limit, limit) == 0 &&
				 strcmp(said.value, value) == 0 && strcmp(said.detail, detail) == 0,
			 "limit \"%s\", value \"%s\", %s", said.limit, said.value, said.detail);
	sto_rules_free(set);
}

#endif
