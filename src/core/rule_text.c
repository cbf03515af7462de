/*
 * rule_text.c
 *		Limits, values and sentences of rules that failed.
 */
#include "core/rule_check.h"

#include "core/amount.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

void
sto_check_say(const StoRuleCheck *c, char *out, size_t size, const char *format, ...)
{
	va_list args;

	if (!c->texts)
		return;
	va_start(args, format);
	vsnprintf(out, size, format, args);
	va_end(args);
}

void
sto_check_say_amount(const StoRuleCheck *c, char out[STO_RULE_VALUE_MAX], StoAmount amount)
{
	if (c->texts)
		sto_amount_print(amount, out);
}

/* Year, month and day of a day since 1970-01-01, in the calendar that RFC 3339 writes. */
static void
civil_date(int64_t day, int64_t *year, int *month, int *of_month)
{
	/* counted from 1 March of the year 0, so that a leap day ends a year; 400 years are 146,097
	 * days
	 */
	int64_t shifted = day + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int of_era = (int) (shifted - era * 146097);
	int of_year_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int of_year = of_era - (365 * of_year_era + of_year_era / 4 - of_year_era / 100);
	int from_march = (5 * of_year + 2) / 153;

	*of_month = of_year - (153 * from_march + 2) / 5 + 1;
	*month = from_march < 10 ? from_march + 3 : from_march - 9;
	*year = of_year_era + era * 400 + (*month <= 2);
}

void
sto_check_say_time(const StoRuleCheck *c, char out[STO_RULE_VALUE_MAX], int64_t time)
{
	int64_t day = time / DAY - (time % DAY < 0);
	int64_t of_day = time % DAY + (time % DAY < 0 ? DAY : 0);
	int seconds = (int) (of_day / SECOND);
	int micros = (int) (of_day % SECOND);
	int64_t year;
	int month;
	int of_month;
	size_t len;

	if (!c->texts)
		return;
	civil_date(day, &year, &month, &of_month);
	len = (size_t) snprintf(out, STO_RULE_VALUE_MAX, "%04lld-%02d-%02dT%02d:%02d:%02d",
							(long long) year, month, of_month, seconds / 3600, seconds / 60 % 60,
							seconds % 60);
	if (micros != 0)
		len += (size_t) snprintf(out + len, STO_RULE_VALUE_MAX - len, ".%06d", micros);
	snprintf(out + len, STO_RULE_VALUE_MAX - len, "Z");
}

void
sto_check_add_name(const StoRuleCheck *c, char *out, size_t size, const char *name)
{
	static const char more[] = ", ...";
	size_t len;

	if (!c->texts)
		return;
	len = strlen(out);
	if (len + 2 + strlen(name) + sizeof(more) <= size)
		snprintf(out + len, size - len, "%s%s", len == 0 ? "" : ", ", name);
	else if (len + sizeof(more) <= size && (len < 3 || strcmp(out + len - 3, "...") != 0))
		memcpy(out + len, more, sizeof(more));
}

void
sto_check_say_countries(const StoRuleCheck *c, char out[STO_RULE_VALUE_MAX],
						const StoCountrySet *countries)
{
	char country[3] = "AA";

	for (int i = 0; c->texts && i < 26 * 26; i++)
	{
		country[0] = (char) ('A' + i / 26);
		country[1] = (char) ('A' + i % 26);
		if (sto_country_in(countries, country))
			sto_check_add_name(c, out, STO_RULE_VALUE_MAX, country);
	}
}

void
sto_check_say_classes(const StoRuleCheck *c, char out[STO_RULE_VALUE_MAX], uint8_t classes)
{
	for (int i = STO_CLASS_RETAIL; i < STO_CLASSES; i++)
		if ((classes & 1u << i) != 0)
			sto_check_add_name(c, out, STO_RULE_VALUE_MAX, sto_class_name((StoClass) i));
}
