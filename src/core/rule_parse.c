/*
 * rule_parse.c
 *		A rule set, read from the body of its event.
 *
 * docs/format.md, "Rule sets", lists the fields of each rule; this is that list.
 * rule_fields.c reads the single fields.
 */
#include "core/rule_fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(array) ((int) (sizeof(array) / sizeof((array)[0])))

/* One field of a rule, by the name that it has in JSON. */
enum Field
{
	F_AMOUNT,
	F_ATTACHMENT,
	F_BENEFICIARY,
	F_BY,
	F_CAPS,
	F_CLASSES,
	F_CLOSED,
	F_COUNT,
	F_COUNTRIES,
	F_DEFINITION,
	F_EXEMPT,
	F_FUNCTION,
	F_KINDS,
	F_LABEL,
	F_LIST,
	F_MAX,
	F_MAX_PERSONS,
	F_MAX_TOTAL,
	F_MIN,
	F_MIN_EACH,
	F_MODE,
	F_OFFSET_MINUTES,
	F_OPEN,
	F_ORIGINATOR,
	F_PARTIES,
	F_RULE,
	F_SECONDS,
	F_SHARE,
	F_SIDE,
	F_STALE,
	F_THRESHOLD,
	F_UNITS,
	F_UNTIL,
	F_VALUE,
	FIELDS
};

static const struct
{
	const char *name;
	StoRuleReader read; /* NULL: read beforehand */
} fields[FIELDS] = {
	[F_AMOUNT] = {"amount", sto_rule_read_amount},
	[F_ATTACHMENT] = {"attachment", sto_rule_read_attachment},
	[F_BENEFICIARY] = {"beneficiary", sto_rule_read_beneficiary},
	[F_BY] = {"by", sto_rule_read_by},
	[F_CAPS] = {"caps", sto_rule_read_caps},
	[F_CLASSES] = {"classes", sto_rule_read_classes},
	[F_CLOSED] = {"closed", sto_rule_read_closed},
	[F_COUNT] = {"count", sto_rule_read_count},
	[F_COUNTRIES] = {"countries", sto_rule_read_countries},
	[F_DEFINITION] = {"definition", sto_rule_read_definition},
	[F_EXEMPT] = {"exempt", sto_rule_read_exempt},
	[F_FUNCTION] = {"function", sto_rule_read_function},
	[F_KINDS] = {"kinds", sto_rule_read_kinds},
	[F_LABEL] = {"label", sto_rule_read_label},
	[F_LIST] = {"list", sto_rule_read_list},
	[F_MAX] = {"max", sto_rule_read_max},
	[F_MAX_PERSONS] = {"max_persons", sto_rule_read_count},
	[F_MAX_TOTAL] = {"max_total", sto_rule_read_max_total},
	[F_MIN] = {"min", sto_rule_read_min},
	[F_MIN_EACH] = {"min_each", sto_rule_read_min_each},
	[F_MODE] = {"mode", sto_rule_read_mode},
	[F_OFFSET_MINUTES] = {"offset_minutes", sto_rule_read_offset_minutes},
	[F_OPEN] = {"open", sto_rule_read_open},
	[F_ORIGINATOR] = {"originator", sto_rule_read_originator},
	[F_PARTIES] = {"parties", sto_rule_read_parties},
	[F_RULE] = {"rule", NULL},
	[F_SECONDS] = {"seconds", sto_rule_read_seconds},
	[F_SHARE] = {"share", sto_rule_read_share},
	[F_SIDE] = {"side", sto_rule_read_side},
	[F_STALE] = {"stale", sto_rule_read_stale},
	[F_THRESHOLD] = {"threshold", sto_rule_read_amount},
	[F_UNITS] = {"units", sto_rule_read_amount},
	[F_UNTIL] = {"until", sto_rule_read_until},
	[F_VALUE] = {"value", sto_rule_read_value},
};

#define F(field) (UINT64_C(1) << F_##field)
#define EVERY_RULE (F(RULE) | F(LABEL) | F(KINDS) | F(EXEMPT))
#define EVERY_KIND (1u << STO_ISSUE | 1u << STO_TRANSFER | 1u << STO_HOLD | 1u << STO_POST)

/* What a rule has besides, and of which fields it needs one, or exactly one. */
static const struct
{
	uint64_t required;
	uint64_t optional;
	uint64_t one_of; /* at least one */
	bool only_one;
} specs[] = {
	/* country_allow, country_deny, party_list */
	{F(COUNTRIES), F(BY) | F(SIDE), 0, false},
	{F(COUNTRIES), F(BY) | F(SIDE), 0, false},
	{F(LIST) | F(MODE), F(SIDE), 0, false},
	/* investor_class */
	{0, 0, F(CLASSES) | F(CAPS), false},
	/* max_balance, min_balance */
	{0, 0, F(AMOUNT) | F(SHARE), true},
	{F(AMOUNT), 0, 0, false},
	/* max_holders, min_holders, ownership_by_claim */
	{F(COUNT), F(BY) | F(VALUE), 0, false},
	{F(COUNT), F(BY) | F(VALUE), 0, false},
	{F(BY) | F(VALUE), 0, F(MIN) | F(MAX), false},
	/* lock_up, volume_limit, transfer_window, granularity */
	{F(UNTIL), 0, 0, false},
	{F(SECONDS), 0, F(AMOUNT) | F(SHARE), true},
	{0, F(OFFSET_MINUTES) | F(LIST), F(OPEN) | F(CLOSED), false},
	{F(UNITS), 0, 0, false},
	/* approval, venue, opt_in */
	{0, F(BY), 0, false},
	{F(PARTIES), 0, 0, false},
	{0, 0, 0, false},
	/* offer_limits, travel_rule */
	{F(SECONDS), 0, F(MAX_PERSONS) | F(MIN_EACH) | F(MAX_TOTAL) | F(CLASSES), false},
	{F(THRESHOLD), 0, F(ORIGINATOR) | F(BENEFICIARY) | F(ATTACHMENT), false},
	/* look_through, custom */
	{F(SECONDS) | F(STALE), 0, 0, false},
	{F(FUNCTION) | F(DEFINITION), 0, 0, false},
};

_Static_assert(sizeof(specs) / sizeof(specs[0]) == STO_RULE_CODE_LAST - STO_RULE_CODE_FIRST + 1,
			   "one row for each code");

/* Names that a client made up may be cut within a character, or hold what ends a line. */
static void
make_printable(char *text)
{
	size_t len = strlen(text);
	size_t step;

	for (size_t i = 0; i < len; i += step)
	{
		uint32_t code;

		step = sto_utf8_next(text + i, len - i, &code);
		if (step == 0 || code < ' ' || code == 0x7f)
		{
			text[i] = '?';
			step = 1;
		}
	}
}

bool
sto_rule_refuse(StoRuleParse *p, const char *format, ...)
{
	va_list args;
	int len = 0;

	if (p->number > 0 && p->named)
		len =
			snprintf(p->why, STO_RULE_WHY_MAX, "rule %d (%s): ", p->number, sto_rule_name(p->code));
	else if (p->number > 0)
		len = snprintf(p->why, STO_RULE_WHY_MAX, "rule %d: ", p->number);
	va_start(args, format);
	vsnprintf(p->why + len, STO_RULE_WHY_MAX - (size_t) len, format, args);
	va_end(args);
	make_printable(p->why);
	return false;
}

bool
sto_rule_want(StoRuleParse *p, const char *name, const StoJson *value, StoJsonType type)
{
	return value->type == type ||
		   sto_rule_refuse(p, "\"%s\" must be %s", name, sto_json_type_name(type));
}

void *
sto_rule_take(StoRuleParse *p, size_t size)
{
	size_t padded = (size + 7) & ~(size_t) 7;
	void *room = p->room;

	if (padded > p->left)
		return NULL;
	p->room += padded;
	p->left -= padded;
	return room;
}

static const StoJson *
member(const StoJson *object, const char *name)
{
	for (const StoJson *at = object->first; at != NULL; at = at->next)
		if (strcmp(at->name, name) == 0)
			return at;
	return NULL;
}

static bool
read_rule_name(StoRuleParse *p, const StoJson *object)
{
	const StoJson *name = member(object, "rule");

	if (name == NULL)
		return sto_rule_refuse(p, "\"rule\" is missing");
	if (!sto_rule_want(p, "rule", name, STO_JSON_TEXT))
		return false;
	if (!sto_rule_from_name(name->text, strlen(name->text), &p->code))
		return sto_rule_refuse(p, "there is no rule \"%.64s\"", name->text);
	p->named = true;
	return true;
}

/* "a", "b" or "c" of a set of fields. */
static void
name_fields(uint64_t set, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (int i = 0; i < FIELDS; i++)
	{
		if ((set & UINT64_C(1) << i) == 0)
			continue;
		set &= ~(UINT64_C(1) << i);
		len += (size_t) snprintf(out + len, size - len, "%s%s",
								 len == 0   ? ""
								 : set == 0 ? " or "
											: ", ",
								 fields[i].name);
	}
}

static bool
read_members(StoRuleParse *p, const StoJson *object, StoRule *rule, uint64_t *given)
{
	uint64_t known = specs[p->code - STO_RULE_CODE_FIRST].required |
					 specs[p->code - STO_RULE_CODE_FIRST].optional |
					 specs[p->code - STO_RULE_CODE_FIRST].one_of | EVERY_RULE;

	for (const StoJson *at = object->first; at != NULL; at = at->next)
	{
		int field = 0;

		while (field < FIELDS && strcmp(fields[field].name, at->name) != 0)
			field++;
		if (field == FIELDS || (known & UINT64_C(1) << field) == 0)
			return sto_rule_refuse(p, "it has no field \"%.64s\"", at->name);
		if (fields[field].read != NULL && !fields[field].read(p, at->name, at, rule))
			return false;
		*given |= UINT64_C(1) << field;
	}
	return true;
}

static bool
check_given(StoRuleParse *p, uint64_t given)
{
	uint64_t missing = specs[p->code - STO_RULE_CODE_FIRST].required & ~given;
	uint64_t one_of = specs[p->code - STO_RULE_CODE_FIRST].one_of;
	char names[100];

	for (int i = 0; i < FIELDS; i++)
		if ((missing & UINT64_C(1) << i) != 0)
			return sto_rule_refuse(p, "\"%s\" is missing", fields[i].name);
	if (one_of == 0)
		return true;
	name_fields(one_of, names, sizeof(names));
	if ((given & one_of) == 0)
		return sto_rule_refuse(p, "needs %s", names);
	if (specs[p->code - STO_RULE_CODE_FIRST].only_one && (given & one_of) == one_of)
		return sto_rule_refuse(p, "needs %s, not both", names);
	return true;
}

/* The group that `value` names is one of those that `by` makes. */
static bool
check_value(StoRuleParse *p, const StoRule *rule)
{
	const char *reason;
	StoClass klass;

	if (!rule->has_value)
		return true;
	switch (rule->by)
	{
		case STO_BY_ALL:
			return sto_rule_refuse(p, "\"value\" needs \"by\"");
		case STO_BY_COUNTRY:
			reason = sto_country_check(rule->value, strlen(rule->value));
			return reason == NULL || sto_rule_refuse(p, "\"value\": %s", reason);
		case STO_BY_CLASS:
			return sto_class_from_name(rule->value, strlen(rule->value), &klass) ||
				   sto_rule_refuse(p, "\"value\" is no class of investors");
		case STO_BY_TOPIC:
			return sto_rule_is_plain_name(rule->value) ||
				   sto_rule_refuse(p, "\"value\" is no name of a topic");
	}
	return false;
}

/* What the fields mean together. */
static bool
check_rule(StoRuleParse *p, const StoRule *rule)
{
	switch (rule->code)
	{
		case STO_RULE_MAX_HOLDERS:
		case STO_RULE_MIN_HOLDERS:
			return check_value(p, rule);
		case STO_RULE_OWNERSHIP_BY_CLAIM:
			if (rule->has_min && rule->has_max && rule->min > rule->max)
				return sto_rule_refuse(p, "\"min\" is above \"max\"");
			return check_value(p, rule);
		case STO_RULE_OFFER_LIMITS:
			/* the window holds issues: other entries are no part of an offer */
			return rule->kinds == 1u << STO_ISSUE ||
				   sto_rule_refuse(p, "\"kinds\" can only be issue");
		case STO_RULE_TRAVEL_RULE:
			return rule->attachment || rule->originator.count + rule->beneficiary.count > 0 ||
				   sto_rule_refuse(p, "asks for nothing");
		default:
			return true;
	}
}

static bool
read_rule(StoRuleParse *p, const StoJson *object, StoRule *rule)
{
	uint64_t given = 0;

	p->named = false;
	if (object->type != STO_JSON_OBJECT)
		return sto_rule_refuse(p, "must be an object");
	if (!read_rule_name(p, object))
		return false;
	rule->code = p->code;
	rule->kinds = p->code == STO_RULE_OFFER_LIMITS ? 1u << STO_ISSUE : EVERY_KIND;
	rule->side = STO_OF_RECEIVER;
	return read_members(p, object, rule, &given) && check_given(p, given) && check_rule(p, rule);
}

static bool
read_set(StoRuleParse *p, const StoJson *body)
{
	const StoJson *list = member(body, "rules");
	StoRule *rules;

	for (const StoJson *at = body->first; at != NULL; at = at->next)
	{
		if (strcmp(at->name, "from") == 0)
		{
			p->set->has_from = true;
			if (!sto_rule_read_time(p, at->name, at, &p->set->from))
				return false;
		}
		else if (strcmp(at->name, "record_refusals") == 0)
		{
			if (!sto_rule_want(p, at->name, at, STO_JSON_BOOLEAN))
				return false;
			p->set->record_refusals = at->flag;
		}
		else if (at != list)
			return sto_rule_refuse(p, "it has no field \"%.64s\"", at->name);
	}
	if (list == NULL)
		return sto_rule_refuse(p, "\"rules\" is missing");
	if (!sto_rule_want(p, "rules", list, STO_JSON_ARRAY))
		return false;
	if (list->count > STO_RULES_MAX)
		return sto_rule_refuse(p, "\"rules\" has more than %d rules", STO_RULES_MAX);
	rules = sto_rule_take(p, (size_t) list->count * sizeof(StoRule));
	p->set->rules = rules;
	for (const StoJson *at = list->first; at != NULL; at = at->next)
	{
		p->number = ++p->set->count;
		if (!read_rule(p, at, &rules[p->number - 1]))
			return false;
	}
	return true;
}

/*
 * But for the rules themselves nothing takes more than four times the octets that it
 * was written in: the worst are names of one letter, 4 octets each ("a",), that take
 * a pointer and a text, 8 octets each.
 */
static StoRuleSet *
allocate(StoRuleParse *p, const StoJson *list, size_t len)
{
	size_t count = list != NULL && list->count <= STO_RULES_MAX ? (size_t) list->count : 0;
	size_t size = sizeof(StoRuleSet) + count * sizeof(StoRule) + 4 * len;

	p->set = calloc(1, size);
	if (p->set == NULL)
		return NULL;
	p->room = (uint8_t *) (p->set + 1);
	p->left = size - sizeof(StoRuleSet);
	return p->set;
}

StoRuleSet *
sto_rules_parse(const char *json, size_t len, char why[STO_RULE_WHY_MAX])
{
	StoRuleParse parse = {.why = why};
	char reason[STO_JSON_WHY_MAX];
	StoJson *body;
	bool good;

	if (len > STO_RULE_BODY_MAX)
	{
		sto_rule_refuse(&parse, "it is longer than %d octets", STO_RULE_BODY_MAX);
		return NULL;
	}
	body = sto_json_parse(json, len, reason);
	if (body == NULL)
	{
		sto_rule_refuse(&parse, "it is not JSON: %s", reason);
		return NULL;
	}
	if (body->type != STO_JSON_OBJECT)
		good = sto_rule_refuse(&parse, "it must be an object");
	else if (allocate(&parse, member(body, "rules"), len) == NULL)
		good = sto_rule_refuse(&parse, "out of memory");
	else
		good = read_set(&parse, body);
	sto_json_free(body);
	if (good)
		return parse.set;
	sto_rules_free(parse.set);
	return NULL;
}

void
sto_rules_free(StoRuleSet *set)
{
	free(set);
}
