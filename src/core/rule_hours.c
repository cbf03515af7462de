/*
 * rule_hours.c
 *		Hours and dates of a transfer_window: read, and compared with a time.
 *
 * Days and minutes are civil time at a fixed offset from UTC: what a time zone's
 * law will say next year is no part of what was signed.
 */
#include "core/rule_check.h"
#include "core/rule_fields.h"

#include <string.h>

#define MINUTE INT64_C(60000000)
#define DAY (1440 * MINUTE)

/* "HH:MM", 24:00 being the end of a day. */
static bool
read_clock(StoRuleParse *p, const char *list, const StoJson *value, uint16_t *minute)
{
	const char *t = value->text;
	int hours;
	int minutes;

	if (value->type != STO_JSON_TEXT || strlen(t) != 5 || t[2] != ':' ||
		strspn(t, "0123456789") != 2 || strspn(t + 3, "0123456789") != 2)
		return sto_rule_refuse(p, "\"%s\": \"%s\" must be HH:MM", list, value->name);
	hours = (t[0] - '0') * 10 + (t[1] - '0');
	minutes = (t[3] - '0') * 10 + (t[4] - '0');
	if (minutes > 59 || hours * 60 + minutes > 1440)
		return sto_rule_refuse(p, "\"%s\": \"%s\" is no time of day", list, value->name);
	*minute = (uint16_t) (hours * 60 + minutes);
	return true;
}

static bool
read_days(StoRuleParse *p, const char *list, const StoJson *value, uint8_t *days)
{
	if (value->type != STO_JSON_ARRAY || value->count == 0)
		return sto_rule_refuse(p, "\"%s\": \"days\" must be an array of days", list);
	for (const StoJson *at = value->first; at != NULL; at = at->next)
	{
		if (at->type != STO_JSON_INTEGER || at->integer < 1 || at->integer > 7)
			return sto_rule_refuse(p, "\"%s\": a day must be from 1, Monday, to 7", list);
		if ((*days & 1u << at->integer) != 0)
			return sto_rule_refuse(p, "\"%s\": it names day %d twice", list, (int) at->integer);
		*days |= 1u << at->integer;
	}
	return true;
}

/* Exactly these fields, in any order; NULL if something else is there. */
static bool
want_members(StoRuleParse *p, const char *list, const StoJson *object, const char *const *names,
			 const StoJson **members, int count)
{
	if (!sto_rule_want(p, list, object, STO_JSON_OBJECT))
		return false;
	for (const StoJson *at = object->first; at != NULL; at = at->next)
	{
		int i = 0;

		while (i < count && strcmp(names[i], at->name) != 0)
			i++;
		if (i == count)
			return sto_rule_refuse(p, "\"%s\" has no field \"%.64s\"", list, at->name);
		members[i] = at;
	}
	for (int i = 0; i < count; i++)
		if (members[i] == NULL)
			return sto_rule_refuse(p, "\"%s\": \"%s\" is missing", list, names[i]);
	return true;
}

static bool
read_hours(StoRuleParse *p, const char *list, const StoJson *object, StoRuleHours *hours)
{
	static const char *const names[] = {"days", "from", "to"};
	const StoJson *members[3] = {NULL};

	if (!want_members(p, list, object, names, members, 3) ||
		!read_days(p, list, members[0], &hours->days) ||
		!read_clock(p, list, members[1], &hours->from) ||
		!read_clock(p, list, members[2], &hours->to))
		return false;
	return hours->from < hours->to ||
		   sto_rule_refuse(p, "\"%s\": \"from\" must be before \"to\"; midnight is 00:00 or 24:00",
						   list);
}

static bool
read_span(StoRuleParse *p, const char *list, const StoJson *object, StoRuleSpan *span)
{
	static const char *const names[] = {"from", "to"};
	const StoJson *members[2] = {NULL};

	if (!want_members(p, list, object, names, members, 2) ||
		!sto_rule_read_time(p, "from", members[0], &span->from) ||
		!sto_rule_read_time(p, "to", members[1], &span->to))
		return false;
	return span->from < span->to ||
		   sto_rule_refuse(p, "\"%s\": \"from\" must be before \"to\"", list);
}

bool
sto_rule_read_open(StoRuleParse *p, const char *name, const StoJson *value, StoRule *rule)
{
	StoRuleHours *hours;

	if (!sto_rule_want_list(p, name, value, 1))
		return false;
	hours = sto_rule_take(p, (size_t) value->count * sizeof(StoRuleHours));
	if (hours == NULL)
		return sto_rule_refuse(p, "has too many items");
	rule->hours = hours;
	for (const StoJson *at = value->first; at != NULL; at = at->next)
		if (!read_hours(p, name, at, &hours[rule->hours_count++]))
			return false;
	return true;
}

bool
sto_rule_read_closed(StoRuleParse *p, const char *name, const StoJson *value, StoRule *rule)
{
	StoRuleSpan *spans;

	if (!sto_rule_want_list(p, name, value, 1))
		return false;
	spans = sto_rule_take(p, (size_t) value->count * sizeof(StoRuleSpan));
	if (spans == NULL)
		return sto_rule_refuse(p, "has too many items");
	rule->closed = spans;
	for (const StoJson *at = value->first; at != NULL; at = at->next)
		if (!read_span(p, name, at, &spans[rule->closed_count++]))
			return false;
	return true;
}

bool
sto_rule_is_open(const StoRule *rule, int64_t time)
{
	int64_t day = time / DAY;
	int64_t of_day = time % DAY;
	int weekday;

	for (int i = 0; i < rule->closed_count; i++)
		if (time >= rule->closed[i].from && time < rule->closed[i].to)
			return false;
	if (rule->hours_count == 0)
		return true;
	/* the offset is less than a day; at the edge of 64 bits only the remainder has room for it */
	of_day += rule->offset_minutes * MINUTE;
	while (of_day < 0)
	{
		of_day += DAY;
		day--;
	}
	while (of_day >= DAY)
	{
		of_day -= DAY;
		day++;
	}
	/* 1970-01-01, day 0, was a Thursday */
	weekday = (int) (((day + 3) % 7 + 7) % 7) + 1;
	for (int i = 0; i < rule->hours_count; i++)
		if ((rule->hours[i].days & 1u << weekday) != 0 && of_day >= rule->hours[i].from * MINUTE &&
			of_day < rule->hours[i].to * MINUTE)
			return true;
	return false;
}
