/*
 * rule_facts.c
 *		What the rules of one evaluation ask, and the sums that they do with it.
 */
#include "core/rule_check.h"

#include "core/amount.h"

#include <string.h>

const uint8_t *
sto_check_party(const StoRuleCheck *c, int side)
{
	return side == STO_SENDER ? c->move.sender : c->move.receiver;
}

static bool
is_present(const StoRuleCheck *c, int side)
{
	return side == STO_SENDER ? c->move.has_sender : c->move.has_receiver;
}

bool
sto_check_asks(const StoRuleCheck *c, const StoRule *rule, int side)
{
	return is_present(c, side) && !sto_uuid_in(&rule->exempt, sto_check_party(c, side));
}

bool
sto_check_asks_entry(const StoRuleCheck *c, const StoRule *rule)
{
	for (int side = STO_SENDER; side <= STO_RECEIVER; side++)
		if (is_present(c, side) && !sto_check_asks(c, rule, side))
			return false;
	return true;
}

bool
sto_check_total(StoRuleCheck *c, int side, StoAmount *total)
{
	if (!c->has_total[side])
	{
		if (is_present(c, side) &&
			!c->facts->total(c->facts->context, sto_check_party(c, side), &c->total[side]))
			return false;
		c->has_total[side] = true;
	}
	*total = c->total[side];
	return true;
}

bool
sto_check_outstanding(StoRuleCheck *c, StoAmount *outstanding)
{
	if (!c->has_outstanding)
	{
		if (!c->facts->outstanding(c->facts->context, &c->outstanding))
			return false;
		c->has_outstanding = true;
	}
	*outstanding = c->outstanding;
	return true;
}

bool
sto_check_country(StoRuleCheck *c, int side, bool incorporation, const char **country)
{
	if (!c->has_country[side][incorporation])
	{
		if (!c->facts->country(c->facts->context, sto_check_party(c, side), incorporation,
							   c->country[side][incorporation]))
			return false;
		c->has_country[side][incorporation] = true;
	}
	*country = c->country[side][incorporation];
	return true;
}

bool
sto_check_classified(StoRuleCheck *c, int side, const StoRuleClassified **classified)
{
	if (!c->has_classified[side])
	{
		if (!c->facts->classified(c->facts->context, sto_check_party(c, side),
								  &c->classified[side]))
			return false;
		c->has_classified[side] = true;
	}
	*classified = &c->classified[side];
	return true;
}

bool
sto_check_class(StoRuleCheck *c, int side, StoClass *klass)
{
	const StoRuleClassified *stated;

	if (!sto_check_classified(c, side, &stated))
		return false;
	*klass = stated->klass;
	if ((stated->has_from && c->move.posted_at < stated->from) ||
		(stated->has_to && c->move.posted_at >= stated->to))
		*klass = STO_CLASS_NONE;
	return true;
}

StoAmount
sto_check_add(StoAmount a, StoAmount b)
{
	StoAmount sum = STO_AMOUNT_MAX;

	sto_amount_add(a, b, &sum);
	return sum;
}

StoAmount
sto_check_sub(StoAmount a, StoAmount b)
{
	return a > b ? a - b : 0;
}

StoAmount
sto_check_share(StoAmount amount, int32_t points)
{
	/* amount = q * 10000 + r, so the floor is q * points + floor(r * points / 10000) */
	StoAmount rest = amount % STO_BASIS_POINTS;

	return amount / STO_BASIS_POINTS * points + rest * points / STO_BASIS_POINTS;
}

StoAmount
sto_check_outstanding_after(const StoRuleCheck *c, StoAmount outstanding, StoAmount amount)
{
	switch (sto_rule_kind(c->move.kind))
	{
		case STO_ISSUE:
			return sto_check_add(outstanding, amount);
		case STO_REDEEM:
			return sto_check_sub(outstanding, amount);
		default:
			return outstanding;
	}
}

int64_t
sto_check_window(const StoRuleCheck *c, int64_t seconds)
{
	int64_t after;

	return __builtin_sub_overflow(c->move.posted_at, seconds * 1000000, &after) ? INT64_MIN : after;
}
