/*
 * rule_balance.c
 *		Rules about how much one party has, receives or moves.
 *
 * docs/format.md, "Rule sets", says of each when it fails.
 */
#include "core/rule_check.h"

/*
 * The largest amount below the entry's for which a sum does not pass a share of what is
 * then outstanding.  What one unit more adds to the sum is at least what it adds to the
 * share, so once it is passed it stays passed.
 */
static StoAmount
largest_within(const StoRuleCheck *c, StoAmount sum, StoAmount outstanding, int32_t points)
{
	StoAmount low = 0;
	StoAmount high = c->move.amount;

	/* passes at low or low is 0, fails at high */
	while (high - low > 1)
	{
		StoAmount middle = low + (high - low) / 2;
		StoAmount limit =
			sto_check_share(sto_check_outstanding_after(c, outstanding, middle), points);

		if (sto_check_add(sum, middle) <= limit)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* A sum that the entry's amount is added to may not pass an amount, or a share of outstanding. */
static StoRuleResult
check_limit(StoRuleCheck *c, const StoRule *rule, StoAmount sum, StoRuleVerdict *v)
{
	StoAmount after = sto_check_add(sum, c->move.amount);
	StoAmount limit = rule->amount;
	StoAmount outstanding = 0;

	if (!rule->has_amount)
	{
		if (!sto_check_outstanding(c, &outstanding))
			return STO_CHECK_ERROR;
		limit = sto_check_share(sto_check_outstanding_after(c, outstanding, c->move.amount),
								rule->share);
	}
	if (after <= limit)
		return STO_CHECK_PASS;
	v->passing = rule->has_amount ? sto_check_sub(limit, sum)
								  : largest_within(c, sum, outstanding, rule->share);
	sto_check_say_amount(c, v->limit, limit);
	sto_check_say_amount(c, v->value, after);
	return STO_CHECK_FAIL;
}

StoRuleResult
sto_check_max_balance(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	StoAmount total;
	StoRuleResult result;

	if (!sto_check_asks(c, rule, STO_RECEIVER))
		return STO_CHECK_PASS;
	if (!sto_check_total(c, STO_RECEIVER, &total))
		return STO_CHECK_ERROR;
	result = check_limit(c, rule, total, v);
	if (result != STO_CHECK_FAIL)
		return result;
	v->subject = c->move.receiver;
	v->whose = STO_ABOUT_RECEIVER;
	if (rule->has_amount)
		sto_check_say(c, v->detail, sizeof(v->detail), "The receiver would hold too much.");
	else
		sto_check_say(c, v->detail, sizeof(v->detail),
					  "The receiver would hold more than %d.%02d %% of what is outstanding.",
					  rule->share / 100, rule->share % 100);
	return STO_CHECK_FAIL;
}

StoRuleResult
sto_check_volume_limit(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	StoAmount sum;
	StoRuleResult result;

	if (!sto_check_asks(c, rule, STO_SENDER))
		return STO_CHECK_PASS;
	if (!c->facts->outflow(c->facts->context, c->move.sender, sto_check_window(c, rule->seconds),
						   &sum))
		return STO_CHECK_ERROR;
	result = check_limit(c, rule, sum, v);
	if (result != STO_CHECK_FAIL)
		return result;
	v->subject = c->move.sender;
	v->whose = STO_ABOUT_SENDER;
	sto_check_say(c, v->detail, sizeof(v->detail),
				  "The sender would move out too much within %lld seconds.",
				  (long long) rule->seconds);
	return STO_CHECK_FAIL;
}

/* Is the receiver of a class that is asked for?  0: of any. */
static StoRuleResult
check_classes(StoRuleCheck *c, uint8_t classes, StoRuleVerdict *v)
{
	StoClass klass;

	if (classes == 0)
		return STO_CHECK_PASS;
	if (!sto_check_class(c, STO_RECEIVER, &klass))
		return STO_CHECK_ERROR;
	if (klass != STO_CLASS_NONE && (classes & 1u << klass) != 0)
		return STO_CHECK_PASS;
	v->passing = 0;
	v->subject = c->move.receiver;
	v->whose = STO_ABOUT_RECEIVER;
	sto_check_say_classes(c, v->limit, classes);
	sto_check_say(c, v->value, sizeof(v->value), "%s", sto_class_name(klass));
	sto_check_say(c, v->detail, sizeof(v->detail), "The receiver is %s.",
				  klass == STO_CLASS_NONE ? "of no class of investors now"
										  : "not of a class that is allowed");
	return STO_CHECK_FAIL;
}

StoRuleResult
sto_check_investor_class(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	StoRuleResult result;
	StoClass klass;
	StoAmount total;

	if (!sto_check_asks(c, rule, STO_RECEIVER))
		return STO_CHECK_PASS;
	result = check_classes(c, rule->classes, v);
	if (result != STO_CHECK_PASS || rule->caps == 0)
		return result;
	if (!sto_check_class(c, STO_RECEIVER, &klass))
		return STO_CHECK_ERROR;
	if ((rule->caps & 1u << klass) == 0)
		return STO_CHECK_PASS;
	if (!sto_check_total(c, STO_RECEIVER, &total))
		return STO_CHECK_ERROR;
	if (sto_check_add(total, c->move.amount) <= rule->cap[klass])
		return STO_CHECK_PASS;
	v->passing = sto_check_sub(rule->cap[klass], total);
	v->subject = c->move.receiver;
	v->whose = STO_ABOUT_RECEIVER;
	sto_check_say_amount(c, v->limit, rule->cap[klass]);
	sto_check_say_amount(c, v->value, sto_check_add(total, c->move.amount));
	sto_check_say(c, v->detail, sizeof(v->detail),
				  "The receiver would hold more than its class may.");
	return STO_CHECK_FAIL;
}

/* Would the receiver hold less than the minimum? */
static StoRuleResult
check_receiver_minimum(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	StoAmount total;

	if (!sto_check_asks(c, rule, STO_RECEIVER))
		return STO_CHECK_PASS;
	if (!sto_check_total(c, STO_RECEIVER, &total))
		return STO_CHECK_ERROR;
	if (sto_check_add(total, c->move.amount) >= rule->amount)
		return STO_CHECK_PASS;
	v->subject = c->move.receiver;
	v->whose = STO_ABOUT_RECEIVER;
	sto_check_say_amount(c, v->limit, rule->amount);
	sto_check_say_amount(c, v->value, sto_check_add(total, c->move.amount));
	sto_check_say(c, v->detail, sizeof(v->detail), "The receiver would hold too little.");
	return STO_CHECK_FAIL; /* and less would be less */
}

StoRuleResult
sto_check_min_balance(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	StoRuleResult result = check_receiver_minimum(c, rule, v);
	StoAmount amount = c->move.amount;
	StoAmount total;
	StoAmount rest;

	if (result != STO_CHECK_PASS || !sto_check_asks(c, rule, STO_SENDER))
		return result;
	if (!sto_check_total(c, STO_SENDER, &total))
		return STO_CHECK_ERROR;
	rest = sto_check_sub(total, amount);
	/* below zero nothing is left either: what an omnibus wallet sends was its owners' */
	if (rest <= 0 || rest >= rule->amount)
		return STO_CHECK_PASS;
	/* what leaves the sender its minimum, if it still brings the receiver its own */
	v->passing = sto_check_sub(total, rule->amount);
	if (sto_check_asks(c, rule, STO_RECEIVER))
	{
		StoAmount received;

		if (!sto_check_total(c, STO_RECEIVER, &received))
			return STO_CHECK_ERROR;
		if (sto_check_add(received, v->passing) < rule->amount)
			v->passing = 0;
	}
	v->subject = c->move.sender;
	v->whose = STO_ABOUT_SENDER;
	sto_check_say_amount(c, v->limit, rule->amount);
	sto_check_say_amount(c, v->value, rest);
	sto_check_say(c, v->detail, sizeof(v->detail),
				  "The sender would be left with too little, and not with nothing.");
	return STO_CHECK_FAIL;
}

/* Persons and sum of the window, this issue included. */
static StoRuleResult
check_offer(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	int64_t persons;
	bool received;
	StoAmount sum;

	if (!c->facts->issues(c->facts->context, c->move.receiver, sto_check_window(c, rule->seconds),
						  rule->count, &persons, &received, &sum))
		return STO_CHECK_ERROR;
	persons += received ? 0 : 1;
	v->whose = STO_ABOUT_TOKEN;
	if (rule->count > 0 && persons > rule->count)
	{
		v->subject = c->move.receiver;
		sto_check_say(c, v->limit, sizeof(v->limit), "%lld", (long long) rule->count);
		sto_check_say(c, v->value, sizeof(v->value), "%lld", (long long) persons);
		sto_check_say(c, v->detail, sizeof(v->detail),
					  "The offer would reach too many persons within %lld seconds.",
					  (long long) rule->seconds);
		return STO_CHECK_FAIL;
	}
	if (!rule->has_max_total || sto_check_add(sum, c->move.amount) <= rule->max_total)
		return STO_CHECK_PASS;
	v->passing = sto_check_sub(rule->max_total, sum);
	if (rule->has_min_each && v->passing < rule->min_each)
		v->passing = 0;
	sto_check_say_amount(c, v->limit, rule->max_total);
	sto_check_say_amount(c, v->value, sto_check_add(sum, c->move.amount));
	sto_check_say(c, v->detail, sizeof(v->detail),
				  "The offer would raise too much within %lld seconds.", (long long) rule->seconds);
	return STO_CHECK_FAIL;
}

StoRuleResult
sto_check_offer_limits(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	StoRuleResult result;

	if (!sto_check_asks(c, rule, STO_RECEIVER))
		return STO_CHECK_PASS;
	if (rule->has_min_each && c->move.amount < rule->min_each)
	{
		sto_check_say_amount(c, v->limit, rule->min_each);
		sto_check_say_amount(c, v->value, c->move.amount);
		sto_check_say(c, v->detail, sizeof(v->detail),
					  "The offer is for larger amounts to each person.");
		return STO_CHECK_FAIL;
	}
	result = check_classes(c, rule->classes, v);
	if (result != STO_CHECK_PASS || (rule->count == 0 && !rule->has_max_total))
		return result;
	return check_offer(c, rule, v);
}
