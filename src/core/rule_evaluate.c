/*
 * rule_evaluate.c
 *		A rule set, asked about one entry; and the largest amount that it lets pass.
 */
#include "core/rule_check.h"

#include "core/amount.h"

#include <string.h>

static const StoRuleChecker checkers[] = {
	sto_check_country_allow,  sto_check_country_deny, sto_check_party_list,
	sto_check_investor_class, sto_check_max_balance,  sto_check_min_balance,
	sto_check_max_holders,    sto_check_min_holders,  sto_check_ownership_by_claim,
	sto_check_lock_up,        sto_check_volume_limit, sto_check_transfer_window,
	sto_check_granularity,    sto_check_approval,     sto_check_venue,
	sto_check_opt_in,         sto_check_offer_limits, sto_check_travel_rule,
	sto_check_look_through,   sto_check_custom,
};

_Static_assert(sizeof(checkers) / sizeof(checkers[0]) ==
				   STO_RULE_CODE_LAST - STO_RULE_CODE_FIRST + 1,
			   "one checker for each code");

static bool
applies(const StoRule *rule, const StoRuleCheck *c)
{
	return (rule->kinds & 1u << sto_rule_kind(c->move.kind)) != 0 &&
		   !(c->within_party && sto_rule_is_ownership(rule->code));
}

static void
begin(StoRuleCheck *c, const StoRuleMove *move, const StoRuleFacts *facts, StoRuleOutcome *outcome)
{
	memset(c, 0, sizeof(*c));
	memset(outcome, 0, sizeof(*outcome));
	c->move = *move;
	c->facts = facts;
	c->outcome = outcome;
	c->within_party = sto_rule_within_party(move);
}

static void
report_finding(const StoRule *rule, int number, const StoRuleVerdict *v, StoRuleReport report,
			   void *context)
{
	StoRuleFinding finding = {.rule = rule,
							  .number = number,
							  .code = rule->code,
							  .label = rule->label,
							  .has_subject = v->subject != NULL,
							  .whose = v->whose,
							  .passing = v->passing,
							  .limit = v->limit,
							  .value = v->value,
							  .detail = v->detail};

	if (v->subject != NULL)
		memcpy(finding.subject, v->subject, STO_UUID_LEN);
	report(context, &finding);
}

StoRuleAnswer
sto_rules_evaluate(const StoRuleSet *set, const StoRuleMove *move, const StoRuleFacts *facts,
				   StoRuleReport report, void *report_context, StoRuleOutcome *outcome)
{
	StoRuleCheck c;
	StoRuleVerdict v;

	begin(&c, move, facts, outcome);
	c.texts = report != NULL;
	for (int i = 0; i < set->count; i++)
	{
		const StoRule *rule = &set->rules[i];

		if (!applies(rule, &c))
			continue;
		v.subject = NULL;
		v.whose = STO_ABOUT_ORDER;
		v.passing = 0;
		v.limit[0] = v.value[0] = v.detail[0] = '\0';
		switch (checkers[rule->code - STO_RULE_CODE_FIRST](&c, rule, &v))
		{
			case STO_CHECK_PASS:
				break;
			case STO_CHECK_ERROR:
				return STO_RULES_ERROR;
			case STO_CHECK_FAIL:
				outcome->failing++;
				if (report == NULL)
					return STO_RULES_FAIL;
				report_finding(rule, i + 1, &v, report, report_context);
		}
	}
	return outcome->failing > 0 ? STO_RULES_FAIL : STO_RULES_PASS;
}

const StoRule *
sto_rules_custom(const StoRuleSet *set, int i, const StoRuleMove *move)
{
	const StoRule *rule = &set->rules[i];
	StoRuleOutcome outcome;
	StoRuleCheck c;

	begin(&c, move, NULL, &outcome);
	return rule->code == STO_RULE_CUSTOM && applies(rule, &c) && sto_check_asks_entry(&c, rule)
			   ? rule
			   : NULL;
}

static StoAmount
greatest_common_divisor(StoAmount a, StoAmount b)
{
	while (b != 0)
	{
		StoAmount rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/*
 * The unit in which all granularity rules together let the amount move; 0 if it is
 * beyond every amount.  Lowering the amount to a multiple of one rule's units after the
 * other could take as many steps as there are units.
 */
static StoAmount
common_unit(const StoRuleSet *set, const StoRuleCheck *c)
{
	StoAmount unit = 1;

	for (int i = 0; i < set->count; i++)
	{
		const StoRule *rule = &set->rules[i];

		if (rule->code != STO_RULE_GRANULARITY || !applies(rule, c) ||
			!sto_check_asks_entry(c, rule))
			continue;
		/* least common multiple */
		if (!sto_amount_mul(unit / greatest_common_divisor(unit, rule->amount), rule->amount,
							&unit))
			return 0;
	}
	return unit;
}

/* The least that any failing rule would let pass; the amount itself if none fails. */
static bool
least_passing(const StoRuleSet *set, StoRuleCheck *c, StoAmount *least)
{
	StoRuleVerdict v;

	*least = c->move.amount;
	c->outcome->approval_count = 0; /* those of another amount */
	for (int i = 0; i<set->count && * least> 0; i++)
	{
		const StoRule *rule = &set->rules[i];
		StoRuleResult result;

		if (!applies(rule, c))
			continue;
		v.subject = NULL;
		v.passing = 0;
		result = checkers[rule->code - STO_RULE_CODE_FIRST](c, rule, &v);
		if (result == STO_CHECK_ERROR)
			return false;
		if (result == STO_CHECK_FAIL && v.passing < *least)
			*least = v.passing;
	}
	return true;
}

bool
sto_rules_largest(const StoRuleSet *set, const StoRuleMove *move, const StoRuleFacts *facts,
				  StoAmount *largest)
{
	StoRuleOutcome outcome;
	StoRuleCheck c;
	StoAmount unit;

	begin(&c, move, facts, &outcome);
	unit = common_unit(set, &c);
	*largest = 0;
	/* no rule lets anything pass between its own largest and the amount: lower is no loss */
	while (unit > 0 && c.move.amount > 0)
	{
		StoAmount least;

		c.move.amount -= c.move.amount % unit;
		if (!least_passing(set, &c, &least))
			return false;
		if (least == c.move.amount)
			break;
		c.move.amount = least;
	}
	if (unit > 0 && c.move.amount > 0)
		*largest = c.move.amount;
	return true;
}
