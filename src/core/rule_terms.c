/*
 * rule_terms.c
 *		Rules about the entry itself: when, and in what units.
 *
 * docs/format.md, "Rule sets", says of each when it fails.
 */
#include "core/rule_check.h"

StoRuleResult
sto_check_lock_up(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	if (!sto_check_asks(c, rule, STO_SENDER) || c->move.posted_at >= rule->until)
		return STO_CHECK_PASS;
	v->subject = c->move.sender;
	sto_check_say_time(c, v->limit, rule->until);
	sto_check_say_time(c, v->value, c->move.posted_at);
	sto_check_say(c, v->detail, sizeof(v->detail), "The sender is locked up until then.");
	return STO_CHECK_FAIL;
}

/* A rule about those on a list alone: is a party of the entry on it? */
static bool
find_insider(StoRuleCheck *c, const StoRule *rule, const uint8_t **insider)
{
	for (int side = STO_SENDER; side <= STO_RECEIVER; side++)
	{
		bool listed = false;

		if (!sto_check_asks(c, rule, side))
			continue;
		if (!c->facts->on_list(c->facts->context, sto_check_party(c, side), rule->list, &listed))
			return false;
		if (listed)
		{
			*insider = sto_check_party(c, side);
			return true;
		}
	}
	return true;
}

StoRuleResult
sto_check_transfer_window(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	if (sto_rule_is_open(rule, c->move.posted_at) || !sto_check_asks_entry(c, rule))
		return STO_CHECK_PASS;
	if (rule->list != NULL)
	{
		if (!find_insider(c, rule, &v->subject))
			return STO_CHECK_ERROR;
		if (v->subject == NULL)
			return STO_CHECK_PASS;
		v->whose = v->subject == c->move.sender ? STO_ABOUT_SENDER : STO_ABOUT_RECEIVER;
		sto_check_say(c, v->limit, sizeof(v->limit), "%s", rule->list);
	}
	sto_check_say_time(c, v->value, c->move.posted_at);
	sto_check_say(c, v->detail, sizeof(v->detail), "%s not open at that time.",
				  rule->list == NULL ? "Trading is" : "For parties on the list trading is");
	return STO_CHECK_FAIL;
}

StoRuleResult
sto_check_granularity(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	StoAmount rest = c->move.amount % rule->amount;

	if (rest == 0 || !sto_check_asks_entry(c, rule))
		return STO_CHECK_PASS;
	v->passing = c->move.amount - rest;
	sto_check_say_amount(c, v->limit, rule->amount);
	sto_check_say_amount(c, v->value, c->move.amount);
	sto_check_say(c, v->detail, sizeof(v->detail),
				  "The amount is not a multiple of the units in which the token moves.");
	return STO_CHECK_FAIL;
}
