/*
 * rule.c
 *		Rules by code and name, and what a set of them reads.
 */
#include "core/rule.h"

#include <string.h>

#define LENGTH(array) ((int) (sizeof(array) / sizeof((array)[0])))

static const struct
{
	const char *name;
	const char *state; /* src/errors.h */
	bool ownership;
} rules[] = {
	{"country_allow", "ST220", true},
	{"country_deny", "ST221", true},
	{"party_list", "ST222", true},
	{"investor_class", "ST223", true},
	{"max_balance", "ST224", true},
	{"min_balance", "ST225", true},
	{"max_holders", "ST226", true},
	{"min_holders", "ST227", true},
	{"ownership_by_claim", "ST228", true},
	{"lock_up", "ST229", false},
	{"volume_limit", "ST230", true},
	{"transfer_window", "ST231", false},
	{"granularity", "ST232", false},
	{"approval", "ST233", true},
	{"venue", "ST234", false},
	{"opt_in", "ST235", true},
	{"offer_limits", "ST236", true},
	{"travel_rule", "ST237", true},
	{"look_through", "ST238", false},
	{"custom", "ST239", false},
};

_Static_assert(sizeof(rules) / sizeof(rules[0]) == STO_RULE_CODE_LAST - STO_RULE_CODE_FIRST + 1,
			   "one row for each code");

static const char *const classes[STO_CLASSES] = {"", "retail", "professional",
												 "market_counterparty"};
static const char *const groupings[] = {"", "country", "class", "topic"};

static bool
is_known(StoRuleCode code)
{
	return code >= STO_RULE_CODE_FIRST && code <= STO_RULE_CODE_LAST;
}

const char *
sto_rule_name(StoRuleCode code)
{
	return is_known(code) ? rules[code - STO_RULE_CODE_FIRST].name : NULL;
}

const char *
sto_rule_state(StoRuleCode code)
{
	return is_known(code) ? rules[code - STO_RULE_CODE_FIRST].state : NULL;
}

bool
sto_rule_is_ownership(StoRuleCode code)
{
	return is_known(code) && rules[code - STO_RULE_CODE_FIRST].ownership;
}

static bool
is_text(const char *text, size_t len, const char *expected)
{
	return strlen(expected) == len && memcmp(text, expected, len) == 0;
}

bool
sto_rule_from_name(const char *name, size_t len, StoRuleCode *code)
{
	for (int i = 0; i < LENGTH(rules); i++)
	{
		if (is_text(name, len, rules[i].name))
		{
			*code = (StoRuleCode) (STO_RULE_CODE_FIRST + i);
			return true;
		}
	}
	return false;
}

const char *
sto_class_name(StoClass klass)
{
	return (unsigned) klass < STO_CLASSES ? classes[klass] : "";
}

bool
sto_class_from_name(const char *name, size_t len, StoClass *klass)
{
	for (int i = STO_CLASS_RETAIL; i < STO_CLASSES; i++)
	{
		if (is_text(name, len, classes[i]))
		{
			*klass = (StoClass) i;
			return true;
		}
	}
	return false;
}

const char *
sto_by_name(StoRuleBy by)
{
	return (unsigned) by < LENGTH(groupings) ? groupings[by] : "";
}

int
sto_country_bit(const char *country)
{
	if (country[0] < 'A' || country[0] > 'Z' || country[1] < 'A' || country[1] > 'Z')
		return -1;
	return (country[0] - 'A') * 26 + (country[1] - 'A');
}

bool
sto_country_in(const StoCountrySet *set, const char *country)
{
	int bit = sto_country_bit(country);

	return bit >= 0 && (set->bits[bit / 64] >> bit % 64 & 1) != 0;
}

bool
sto_uuid_in(const StoUuidList *list, const uint8_t *uuid)
{
	int low = 0;
	int high = list->count;

	while (low < high)
	{
		int middle = (low + high) / 2;
		int order = memcmp(list->items[middle], uuid, STO_UUID_LEN);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

const uint8_t *
sto_rules_unknown_party(const StoRuleSet *set, bool (*known)(void *context, const uint8_t *party),
						void *context)
{
	for (int i = 0; i < set->count; i++)
	{
		const StoRule *rule = &set->rules[i];
		const StoUuidList lists[] = {
			rule->exempt, rule->parties, {rule->has_by ? 1 : 0, &rule->approver}};

		for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++)
			for (int n = 0; n < lists[l].count; n++)
				if (!known(context, lists[l].items[n]))
					return lists[l].items[n];
	}
	return NULL;
}

int64_t
sto_rules_effective(const StoRuleSet *set, int64_t recorded_at)
{
	return set->has_from && set->from > recorded_at ? set->from : recorded_at;
}

bool
sto_rule_within_party(const StoRuleMove *move)
{
	return move->has_sender && move->has_receiver &&
		   memcmp(move->sender, move->receiver, STO_UUID_LEN) == 0;
}

bool
sto_rule_is_outflow(const StoRuleMove *move)
{
	return (move->kind == STO_TRANSFER || move->kind == STO_POST) && move->has_sender &&
		   !sto_rule_within_party(move);
}

StoKind
sto_rule_kind(StoKind kind)
{
	return kind == STO_FORCE || kind == STO_RECOVER || kind == STO_REVERSE ? STO_TRANSFER : kind;
}

static void
need_topic(StoRuleNeeds *needs, const char *topic)
{
	for (int i = 0; i < needs->topic_count; i++)
		if (strcmp(needs->topics[i], topic) == 0)
			return;
	needs->topics[needs->topic_count++] = topic;
}

static void
need_window(int64_t *longest, int64_t seconds)
{
	if (seconds > *longest)
		*longest = seconds;
}

static void
need_group(StoRuleNeeds *needs, const StoRule *rule)
{
	switch (rule->by)
	{
		case STO_BY_ALL:
			needs->holders = true;
			break;
		case STO_BY_COUNTRY:
			needs->by_country = true;
			needs->countries = true;
			break;
		case STO_BY_CLASS:
			needs->by_class = true;
			needs->classes = true;
			break;
		case STO_BY_TOPIC:
			need_topic(needs, rule->value);
			break;
	}
}

static void
need_rule(StoRuleNeeds *needs, const StoRule *rule)
{
	switch (rule->code)
	{
		case STO_RULE_COUNTRY_ALLOW:
		case STO_RULE_COUNTRY_DENY:
			needs->countries = true;
			break;
		case STO_RULE_PARTY_LIST:
			needs->lists = true;
			break;
		case STO_RULE_INVESTOR_CLASS:
			needs->classes = true;
			needs->totals |= rule->caps != 0;
			break;
		case STO_RULE_MAX_BALANCE:
			needs->totals = true;
			needs->outstanding |= !rule->has_amount;
			break;
		case STO_RULE_MIN_BALANCE:
			needs->totals = true;
			break;
		case STO_RULE_MAX_HOLDERS:
		case STO_RULE_MIN_HOLDERS:
			needs->totals = true;
			need_group(needs, rule);
			break;
		case STO_RULE_OWNERSHIP_BY_CLAIM:
			needs->totals = true; /* which move from group to group */
			needs->outstanding = true;
			need_group(needs, rule);
			break;
		case STO_RULE_VOLUME_LIMIT:
			need_window(&needs->flow_seconds, rule->seconds);
			needs->outstanding |= !rule->has_amount;
			break;
		case STO_RULE_TRANSFER_WINDOW:
			needs->lists |= rule->list != NULL;
			break;
		case STO_RULE_APPROVAL:
			needs->approvals = true;
			break;
		case STO_RULE_OPT_IN:
			needs->opt_ins = true;
			break;
		case STO_RULE_OFFER_LIMITS:
			if (rule->count > 0 || rule->has_max_total)
				need_window(&needs->issue_seconds, rule->seconds);
			needs->classes |= rule->classes != 0;
			break;
		case STO_RULE_TRAVEL_RULE:
			needs->travel_data |= rule->originator.count + rule->beneficiary.count > 0;
			break;
		case STO_RULE_LOOK_THROUGH:
			needs->look_through = true;
			break;
		case STO_RULE_CUSTOM:
			needs->custom = true;
			break;
		case STO_RULE_LOCK_UP:
		case STO_RULE_GRANULARITY:
		case STO_RULE_VENUE:
			break;
	}
}

void
sto_rules_needs(const StoRuleSet *set, StoRuleNeeds *needs)
{
	memset(needs, 0, sizeof(*needs));
	for (int i = 0; i < set->count; i++)
		need_rule(needs, &set->rules[i]);
}

void
sto_rules_needs_of(const StoRuleSet *set, StoKind kind, StoRuleNeeds *needs)
{
	memset(needs, 0, sizeof(*needs));
	for (int i = 0; i < set->count; i++)
		if ((set->rules[i].kinds & 1u << sto_rule_kind(kind)) != 0)
			need_rule(needs, &set->rules[i]);
}
