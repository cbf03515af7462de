/*
 * rule_check.h
 *		One evaluation of a rule set; shared within rule_*.c.
 */
#ifndef STO_CORE_RULE_CHECK_H
#define STO_CORE_RULE_CHECK_H

#include "core/rule.h"

/* What was asked before is not asked again.  0 is the sender, 1 the receiver. */
typedef struct StoRuleCheck
{
	StoRuleMove move; /* with the amount that is judged */
	const StoRuleFacts *facts;
	StoRuleOutcome *outcome;
	bool within_party;
	bool texts; /* somebody will read them */
	bool has_total[2];
	bool has_classified[2];
	bool has_country[2][2]; /* of residence, of incorporation */
	bool has_outstanding;
	StoAmount total[2];
	StoAmount outstanding;
	StoRuleClassified classified[2];
	char country[2][2][2];
} StoRuleCheck;

typedef enum StoRuleResult
{
	STO_CHECK_PASS,
	STO_CHECK_FAIL,
	STO_CHECK_ERROR /* a callback failed */
} StoRuleResult;

/* Why a rule failed.  Texts are made only where StoRuleCheck.texts. */
typedef struct StoRuleVerdict
{
	const uint8_t *subject; /* or NULL */
	StoRuleWhose whose;
	StoAmount passing;
	char limit[STO_RULE_VALUE_MAX];
	char value[STO_RULE_VALUE_MAX];
	char detail[STO_RULE_DETAIL_MAX];
} StoRuleVerdict;

#define STO_SENDER 0
#define STO_RECEIVER 1

/* The side is there and the rule doesn't exempt its party. */
extern bool sto_check_asks(const StoRuleCheck *c, const StoRule *rule, int side);
/* Neither party that is there is exempt. */
extern bool sto_check_asks_entry(const StoRuleCheck *c, const StoRule *rule);
extern const uint8_t *sto_check_party(const StoRuleCheck *c, int side);

/* Facts, asked once; false: the callback failed. */
extern bool sto_check_total(StoRuleCheck *c, int side, StoAmount *total); /* 0 of an absent side */
extern bool sto_check_outstanding(StoRuleCheck *c, StoAmount *outstanding);
extern bool sto_check_country(StoRuleCheck *c, int side, bool incorporation, const char **country);
extern bool sto_check_classified(StoRuleCheck *c, int side, const StoRuleClassified **classified);
/* The class in force when the entry is posted. */
extern bool sto_check_class(StoRuleCheck *c, int side, StoClass *klass);

/* a + b and a - b of amounts that are not below zero, up to the largest, down to 0. */
extern StoAmount sto_check_add(StoAmount a, StoAmount b);
extern StoAmount sto_check_sub(StoAmount a, StoAmount b);
/* floor(amount * points / 10000), for points from 0 to 10000; exact. */
extern StoAmount sto_check_share(StoAmount amount, int32_t points);
/* Units outstanding after an entry of that amount. */
extern StoAmount sto_check_outstanding_after(const StoRuleCheck *c, StoAmount outstanding,
											 StoAmount amount);
/* The begin of a window that ends when the entry is posted. */
extern int64_t sto_check_window(const StoRuleCheck *c, int64_t seconds);

/* Texts of a verdict, written only if somebody will read them. */
extern void sto_check_say(const StoRuleCheck *c, char *out, size_t size, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
extern void sto_check_say_amount(const StoRuleCheck *c, char out[STO_RULE_VALUE_MAX],
								 StoAmount amount);
extern void sto_check_say_time(const StoRuleCheck *c, char out[STO_RULE_VALUE_MAX], int64_t time);
extern void sto_check_say_countries(const StoRuleCheck *c, char out[STO_RULE_VALUE_MAX],
									const StoCountrySet *countries);
extern void sto_check_say_classes(const StoRuleCheck *c, char out[STO_RULE_VALUE_MAX],
								  uint8_t classes);
/* Adds one item to a list that may be too long to print. */
extern void sto_check_add_name(const StoRuleCheck *c, char *out, size_t size, const char *name);

/* transfer_window: within its hours and not closed. */
extern bool sto_rule_is_open(const StoRule *rule, int64_t time);

typedef StoRuleResult (*StoRuleChecker)(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v);

#define CHECKER(rule)                                                                              \
	extern StoRuleResult sto_check_##rule(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
CHECKER(country_allow);
CHECKER(country_deny);
CHECKER(party_list);
CHECKER(investor_class);
CHECKER(max_balance);
CHECKER(min_balance);
CHECKER(max_holders);
CHECKER(min_holders);
CHECKER(ownership_by_claim);
CHECKER(lock_up);
CHECKER(volume_limit);
CHECKER(transfer_window);
CHECKER(granularity);
CHECKER(approval);
CHECKER(venue);
CHECKER(opt_in);
CHECKER(offer_limits);
CHECKER(travel_rule);
CHECKER(look_through);
CHECKER(custom);
#undef CHECKER

#endif
