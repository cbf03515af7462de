/*
 * rule_fields.h
 *		The fields of a rule, each read on its own; shared within rule_*.c.
 */
#ifndef STO_CORE_RULE_FIELDS_H
#define STO_CORE_RULE_FIELDS_H

#include "core/identifiers.h"
#include "core/json.h"
#include "core/rule.h"

typedef struct StoRuleParse
{
	StoRuleSet *set;
	uint8_t *room; /* zeroed, aligned to 8 octets, of the set's own block */
	size_t left;
	int number; /* of the rule, from 1; 0: not at one */
	bool named; /* code is known */
	StoRuleCode code;
	char *why;
} StoRuleParse;

/* Say what is wrong, and where; always false. */
extern bool sto_rule_refuse(StoRuleParse *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
extern bool sto_rule_want(StoRuleParse *p, const char *name, const StoJson *value,
						  StoJsonType type);
/* An array of min to STO_RULE_ITEMS_MAX items. */
extern bool sto_rule_want_list(StoRuleParse *p, const char *name, const StoJson *value, int min);
/* Zeroed room that lives as long as the set; NULL if there is none left. */
extern void *sto_rule_take(StoRuleParse *p, size_t size);

extern bool sto_rule_is_plain_name(const char *text); /* [a-z0-9_]{1,64} */
extern bool sto_rule_read_time(StoRuleParse *p, const char *name, const StoJson *value,
							   int64_t *time);

typedef bool (*StoRuleReader)(StoRuleParse *p, const char *name, const StoJson *value,
							  StoRule *rule);

#define FIELD(field)                                                                               \
	extern bool sto_rule_read_##field(StoRuleParse *p, const char *name, const StoJson *value,     \
									  StoRule *rule)
FIELD(amount); /* and of other names that are kept in `amount` */
FIELD(attachment);
FIELD(beneficiary);
FIELD(by);
FIELD(caps);
FIELD(classes);
FIELD(closed);
FIELD(count);
FIELD(countries);
FIELD(definition);
FIELD(exempt);
FIELD(function);
FIELD(kinds);
FIELD(label);
FIELD(list);
FIELD(max);
FIELD(max_total);
FIELD(min);
FIELD(min_each);
FIELD(mode);
FIELD(offset_minutes);
FIELD(open);
FIELD(originator);
FIELD(parties);
FIELD(seconds);
FIELD(share);
FIELD(side);
FIELD(stale);
FIELD(until);
FIELD(value);
#undef FIELD

#endif
