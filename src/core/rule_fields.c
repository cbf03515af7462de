/*
 * rule_fields.c
 *		The fields of a rule: what each may say, and the form in which it is asked.
 */
#include "core/rule_fields.h"

#include "core/amount.h"

#include <stdlib.h>
#include <string.h>

/* 4714-11-24 BC, the first day of the server's timestamptz; its last is beyond 64 bits here */
#define TIME_MIN INT64_C(-210866803200000000)

#define COUNT_MAX INT64_C(1000000000000)
#define SECONDS_MAX INT64_C(3155760000) /* a hundred years */
#define DAY_MINUTES 1440

bool
sto_rule_is_plain_name(const char *text)
{
	size_t len = strlen(text);

	return len >= 1 && len <= STO_RULE_NAME_MAX &&
		   strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

static bool
read_integer(StoRuleParse *p, const char *name, const StoJson *value, int64_t min, int64_t max,
			 int64_t *out)
{
	if (!sto_rule_want(p, name, value, STO_JSON_INTEGER))
		return false;
	if (value->integer < min || value->integer > max)
		return sto_rule_refuse(p, "\"%s\" must be from %lld to %lld", name, (long long) min,
							   (long long) max);
	*out = value->integer;
	return true;
}

bool
sto_rule_read_time(StoRuleParse *p, const char *name, const StoJson *value, int64_t *time)
{
	return read_integer(p, name, value, TIME_MIN, INT64_MAX, time);
}

static bool
read_basis_points(StoRuleParse *p, const char *name, const StoJson *value, int64_t min,
				  int32_t *out)
{
	int64_t points = 0;

	if (!read_integer(p, name, value, min, STO_BASIS_POINTS, &points))
		return false;
	*out = (int32_t) points;
	return true;
}

/* Above zero, in the one way to write it. */
static bool
read_units(StoRuleParse *p, const char *name, const StoJson *value, StoAmount *out)
{
	const char *reason = NULL;

	if (!sto_rule_want(p, name, value, STO_JSON_TEXT))
		return false;
	if (!sto_amount_parse(value->text, strlen(value->text), out, &reason))
		return sto_rule_refuse(p, "\"%s\" is no amount: %s", name, reason);
	if (value->text[0] < '1' || value->text[0] > '9')
		return sto_rule_refuse(p, "\"%s\" must be above zero, without sign or leading zeros", name);
	return true;
}

static bool
read_flag(StoRuleParse *p, const char *name, const StoJson *value, bool *out)
{
	if (!sto_rule_want(p, name, value, STO_JSON_BOOLEAN))
		return false;
	*out = value->flag;
	return true;
}

/* A copy that lives as long as the set. */
static const char *
keep_text(StoRuleParse *p, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = sto_rule_take(p, size);

	return copy == NULL ? NULL : memcpy(copy, text, size);
}

static bool
keep(StoRuleParse *p, const char *text, const char **out)
{
	*out = keep_text(p, text);
	return *out != NULL || sto_rule_refuse(p, "has too many items");
}

static bool
read_plain_name(StoRuleParse *p, const char *name, const StoJson *value, const char **out)
{
	if (!sto_rule_want(p, name, value, STO_JSON_TEXT))
		return false;
	if (!sto_rule_is_plain_name(value->text))
		return sto_rule_refuse(p, "\"%s\" must have 1 to %d lower-case letters, digits and _", name,
							   STO_RULE_NAME_MAX);
	return keep(p, value->text, out);
}

/* Which of the words is it?  -1: none, and said so. */
static int
which_word(StoRuleParse *p, const char *name, const StoJson *value, const char *const *words,
		   int count)
{
	if (!sto_rule_want(p, name, value, STO_JSON_TEXT))
		return -1;
	for (int i = 0; i < count; i++)
		if (strcmp(value->text, words[i]) == 0)
			return i;
	sto_rule_refuse(p, "\"%s\" can't be \"%.64s\"", name, value->text);
	return -1;
}

bool
sto_rule_want_list(StoRuleParse *p, const char *name, const StoJson *value, int min)
{
	if (!sto_rule_want(p, name, value, STO_JSON_ARRAY))
		return false;
	if (value->count < min)
		return sto_rule_refuse(p, "\"%s\" is empty", name);
	if (value->count > STO_RULE_ITEMS_MAX)
		return sto_rule_refuse(p, "\"%s\" has more than %d items", name, STO_RULE_ITEMS_MAX);
	return true;
}

static bool
read_uuid(StoRuleParse *p, const char *name, const StoJson *value, uint8_t out[STO_UUID_LEN])
{
	if (!sto_rule_want(p, name, value, STO_JSON_TEXT))
		return false;
	return sto_uuid_parse(value->text, strlen(value->text), out) ||
		   sto_rule_refuse(p, "\"%s\" must be a uuid in lower case", name);
}

static int
compare_uuids(const void *a, const void *b)
{
	return memcmp(a, b, STO_UUID_LEN);
}

static bool
read_uuids(StoRuleParse *p, const char *name, const StoJson *value, int min, StoUuidList *list)
{
	uint8_t(*items)[STO_UUID_LEN];

	if (!sto_rule_want_list(p, name, value, min))
		return false;
	items = sto_rule_take(p, (size_t) value->count * STO_UUID_LEN);
	if (items == NULL)
		return sto_rule_refuse(p, "has too many items");
	for (const StoJson *at = value->first; at != NULL; at = at->next)
		if (!read_uuid(p, name, at, items[list->count++]))
			return false;
	qsort(items, (size_t) list->count, STO_UUID_LEN, compare_uuids);
	for (int i = 1; i < list->count; i++)
		if (compare_uuids(items[i - 1], items[i]) == 0)
			return sto_rule_refuse(p, "\"%s\" names a party twice", name);
	list->items = (const uint8_t(*)[STO_UUID_LEN]) items;
	return true;
}

static bool
read_names(StoRuleParse *p, const char *name, const StoJson *value, StoNameList *list)
{
	if (!sto_rule_want_list(p, name, value, 1))
		return false;
	list->items = sto_rule_take(p, (size_t) value->count * sizeof(char *));
	if (list->items == NULL)
		return sto_rule_refuse(p, "has too many items");
	for (const StoJson *at = value->first; at != NULL; at = at->next)
	{
		const char **item = &list->items[list->count++];

		if (!read_plain_name(p, name, at, item))
			return false;
		for (const char **other = list->items; other < item; other++)
			if (strcmp(*other, *item) == 0)
				return sto_rule_refuse(p, "\"%s\" names %s twice", name, *item);
	}
	return true;
}

#define FIELD(field)                                                                               \
	bool sto_rule_read_##field(StoRuleParse *p, const char *name, const StoJson *value,            \
							   StoRule *rule)

FIELD(amount)
{
	rule->has_amount = true;
	return read_units(p, name, value, &rule->amount);
}

FIELD(attachment)
{
	return read_flag(p, name, value, &rule->attachment);
}

FIELD(beneficiary)
{
	return read_names(p, name, value, &rule->beneficiary);
}

/* Of which country, in what groups, or approved by whom. */
FIELD(by)
{
	static const char *const of_country[] = {"residence", "incorporation"};
	static const char *const groups[] = {"country", "class", "topic"};
	int count = rule->code == STO_RULE_OWNERSHIP_BY_CLAIM ? 3 : 2; /* topics have no holders */
	int which;

	switch (rule->code)
	{
		case STO_RULE_APPROVAL:
			rule->has_by = true;
			return read_uuid(p, name, value, rule->approver);
		case STO_RULE_COUNTRY_ALLOW:
		case STO_RULE_COUNTRY_DENY:
			which = which_word(p, name, value, of_country, 2);
			rule->incorporation = which == 1;
			return which >= 0;
		default:
			which = which_word(p, name, value, groups, count);
			rule->by = (StoRuleBy) (STO_BY_COUNTRY + which);
			return which >= 0;
	}
}

FIELD(caps)
{
	if (!sto_rule_want(p, name, value, STO_JSON_OBJECT))
		return false;
	if (value->count == 0)
		return sto_rule_refuse(p, "\"%s\" is empty", name);
	for (const StoJson *at = value->first; at != NULL; at = at->next)
	{
		StoClass klass;

		if (!sto_class_from_name(at->name, strlen(at->name), &klass))
			return sto_rule_refuse(p, "\"%s\": there is no class \"%.64s\"", name, at->name);
		rule->caps |= 1u << klass;
		if (!read_units(p, name, at, &rule->cap[klass]))
			return false;
	}
	return true;
}

FIELD(classes)
{
	if (!sto_rule_want_list(p, name, value, 1))
		return false;
	for (const StoJson *at = value->first; at != NULL; at = at->next)
	{
		StoClass klass;

		if (!sto_rule_want(p, name, at, STO_JSON_TEXT))
			return false;
		if (!sto_class_from_name(at->text, strlen(at->text), &klass))
			return sto_rule_refuse(p, "\"%s\": there is no class \"%.64s\"", name, at->text);
		if ((rule->classes & 1u << klass) != 0)
			return sto_rule_refuse(p, "\"%s\" names %s twice", name, at->text);
		rule->classes |= 1u << klass;
	}
	return true;
}

FIELD(count)
{
	return read_integer(p, name, value, 1, COUNT_MAX, &rule->count);
}

static void
put_country(StoCountrySet *set, const char *country)
{
	int bit = sto_country_bit(country);

	set->bits[bit / 64] |= UINT64_C(1) << bit % 64;
}

FIELD(countries)
{
	if (!sto_rule_want_list(p, name, value, 1))
		return false;
	for (const StoJson *at = value->first; at != NULL; at = at->next)
	{
		const char *reason;

		if (!sto_rule_want(p, name, at, STO_JSON_TEXT))
			return false;
		reason = sto_country_check(at->text, strlen(at->text));
		if (reason != NULL)
			return sto_rule_refuse(p, "\"%s\" has \"%.64s\": %s", name, at->text, reason);
		if (sto_country_in(&rule->countries, at->text))
			return sto_rule_refuse(p, "\"%s\" names %s twice", name, at->text);
		put_country(&rule->countries, at->text);
	}
	return true;
}

FIELD(definition)
{
	if (!sto_rule_want(p, name, value, STO_JSON_TEXT))
		return false;
	return (strspn(value->text, "0123456789abcdef") == 2 * STO_DIGEST_LEN &&
			sto_hex_decode(value->text, strlen(value->text), rule->definition, STO_DIGEST_LEN)) ||
		   sto_rule_refuse(p, "\"%s\" must have 64 lower-case hexadecimal digits", name);
}

FIELD(exempt)
{
	return read_uuids(p, name, value, 0, &rule->exempt);
}

/* As far as the next dot or the end: [a-z_][a-z0-9_]{0,62}, a name that SQL needn't quote. */
static size_t
identifier_len(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return len > STO_RULE_FUNCTION_MAX || (text[0] >= '0' && text[0] <= '9') ? 0 : len;
}

/* "schema.name", neither to be quoted */
static bool
sto_rule_is_function(const char *text)
{
	size_t schema = identifier_len(text);
	size_t function;

	if (schema == 0 || text[schema] != '.')
		return false;
	function = identifier_len(text + schema + 1);
	return function > 0 && text[schema + 1 + function] == '\0';
}

FIELD(function)
{
	if (!sto_rule_want(p, name, value, STO_JSON_TEXT))
		return false;
	if (!sto_rule_is_function(value->text))
		return sto_rule_refuse(p,
							   "\"%s\" must be schema.name, each of 1 to %d lower-case letters, "
							   "digits and _, no digit first",
							   name, STO_RULE_FUNCTION_MAX);
	return keep(p, value->text, &rule->function);
}

FIELD(kinds)
{
	static const char *const words[] = {"issue", "redeem", "transfer", "hold", "post"};
	uint16_t kinds = 0;

	_Static_assert(STO_ISSUE == 1 && STO_POST == 5, "in the order of StoKind");
	if (!sto_rule_want_list(p, name, value, 1))
		return false;
	for (const StoJson *at = value->first; at != NULL; at = at->next)
	{
		int which = which_word(p, name, at, words, 5);

		if (which < 0)
			return false;
		if ((kinds & 1u << (STO_ISSUE + which)) != 0)
			return sto_rule_refuse(p, "\"%s\" names %s twice", name, at->text);
		kinds |= 1u << (STO_ISSUE + which);
	}
	rule->kinds = kinds;
	return true;
}

FIELD(label)
{
	size_t len;

	if (!sto_rule_want(p, name, value, STO_JSON_TEXT))
		return false;
	len = strlen(value->text);
	if (len < 1 || len > STO_RULE_NAME_MAX)
		return sto_rule_refuse(p, "\"%s\" must have 1 to %d octets", name, STO_RULE_NAME_MAX);
	for (size_t i = 0; i < len; i++)
		if ((uint8_t) value->text[i] < ' ' || value->text[i] == 0x7f)
			return sto_rule_refuse(p, "\"%s\" must be one line", name);
	return keep(p, value->text, &rule->label);
}

FIELD(list)
{
	return read_plain_name(p, name, value, &rule->list);
}

FIELD(max)
{
	rule->has_max = true;
	return read_basis_points(p, name, value, 0, &rule->max);
}

FIELD(max_total)
{
	rule->has_max_total = true;
	return read_units(p, name, value, &rule->max_total);
}

FIELD(min)
{
	rule->has_min = true;
	return read_basis_points(p, name, value, 0, &rule->min);
}

FIELD(min_each)
{
	rule->has_min_each = true;
	return read_units(p, name, value, &rule->min_each);
}

FIELD(mode)
{
	static const char *const words[] = {"allow", "deny"};
	int which = which_word(p, name, value, words, 2);

	rule->deny = which == 1;
	return which >= 0;
}

FIELD(offset_minutes)
{
	int64_t minutes = 0;

	if (!read_integer(p, name, value, 1 - DAY_MINUTES, DAY_MINUTES - 1, &minutes))
		return false;
	rule->offset_minutes = (int32_t) minutes;
	return true;
}

FIELD(originator)
{
	return read_names(p, name, value, &rule->originator);
}

FIELD(parties)
{
	return read_uuids(p, name, value, 1, &rule->parties);
}

FIELD(seconds)
{
	return read_integer(p, name, value, 1, SECONDS_MAX, &rule->seconds);
}

FIELD(share)
{
	return read_basis_points(p, name, value, 1, &rule->share);
}

FIELD(side)
{
	static const char *const words[] = {"receiver", "sender", "either"};
	int which = which_word(p, name, value, words, 3);

	rule->side = (StoRuleSide) (STO_OF_RECEIVER + which);
	return which >= 0;
}

FIELD(stale)
{
	static const char *const words[] = {"block", "count_as_one"};
	int which = which_word(p, name, value, words, 2);

	rule->block = which == 0;
	return which >= 0;
}

FIELD(until)
{
	return sto_rule_read_time(p, name, value, &rule->until);
}

/* What it may be hangs on `by`, which may come later. */
FIELD(value)
{
	if (!sto_rule_want(p, name, value, STO_JSON_TEXT))
		return false;
	rule->has_value = true;
	return keep(p, value->text, &rule->value);
}
