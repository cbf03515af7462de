/*
 * rule_holders.c
 *		Rules about how many hold, and what share a group of them has.
 *
 * docs/format.md, "Rule sets", says of each when it fails.
 */
#include "core/rule_check.h"

#include "core/amount.h"

#include <string.h>

/* The name of the group of `by` that the side's party is in; "" for those of whom nothing is
 * stated.
 */
static bool
group_of(StoRuleCheck *c, StoRuleBy by, int side, char value[3], const char **group)
{
	const StoRuleClassified *stated;
	const char *country;

	*group = "";
	switch (by)
	{
		case STO_BY_COUNTRY:
			if (!sto_check_country(c, side, false, &country))
				return false;
			memcpy(value, country, 2);
			value[2] = '\0';
			*group = value;
			return true;
		case STO_BY_CLASS:
			if (!sto_check_classified(c, side, &stated))
				return false;
			*group = sto_class_name(stated->klass);
			return true;
		default:
			return true;
	}
}

/* Is the side's party there, and in that group? */
static bool
is_member(StoRuleCheck *c, StoRuleBy by, const char *group, int side, bool *member)
{
	char value[3];
	const char *own;

	*member = false;
	if (!(side == STO_SENDER ? c->move.has_sender : c->move.has_receiver))
		return true;
	if (by == STO_BY_TOPIC)
		return c->facts->has_topic(c->facts->context, sto_check_party(c, side), group, member);
	if (!group_of(c, by, side, value, &own))
		return false;
	*member = strcmp(own, group) == 0;
	return true;
}

/* The sender of the entry has nothing left. */
static bool
sender_leaves(StoRuleCheck *c, bool *leaves)
{
	StoAmount total;

	if (!sto_check_total(c, STO_SENDER, &total))
		return false;
	*leaves = total > 0 && total <= c->move.amount;
	return true;
}

/* The receiver of the entry had nothing, and has something then. */
static bool
receiver_appears(StoRuleCheck *c, bool *appears)
{
	StoAmount total;

	if (!sto_check_total(c, STO_RECEIVER, &total))
		return false;
	*appears = c->move.has_receiver && total <= 0 && sto_check_add(total, c->move.amount) > 0;
	return true;
}

StoRuleResult
sto_check_max_holders(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	char value[3];
	const char *group;
	bool changes = false;
	bool member = false;
	bool leaves = false;
	int64_t holders;
	StoAmount total;

	if (!sto_check_asks(c, rule, STO_RECEIVER))
		return STO_CHECK_PASS;
	if (!receiver_appears(c, &changes))
		return STO_CHECK_ERROR;
	if (!changes)
		return STO_CHECK_PASS;
	if (!group_of(c, rule->by, STO_RECEIVER, value, &group))
		return STO_CHECK_ERROR;
	if (rule->has_value && strcmp(group, rule->value) != 0)
		return STO_CHECK_PASS;
	if (!sender_leaves(c, &leaves) ||
		(leaves && !is_member(c, rule->by, group, STO_SENDER, &member)))
		return STO_CHECK_ERROR;
	if (leaves && member)
		return STO_CHECK_PASS;
	if (!c->facts->group(c->facts->context, rule->by, group, &holders, NULL) ||
		!sto_check_total(c, STO_RECEIVER, &total))
		return STO_CHECK_ERROR;
	if (holders < rule->count)
		return STO_CHECK_PASS;
	/* below zero it is where an omnibus wallet has less than was stated of it */
	v->passing = -total;
	v->subject = c->move.receiver;
	v->whose = STO_ABOUT_TOKEN;
	sto_check_say(c, v->limit, sizeof(v->limit), "%lld", (long long) rule->count);
	sto_check_say(c, v->value, sizeof(v->value), "%lld", (long long) holders + 1);
	sto_check_say(c, v->detail, sizeof(v->detail), "There would be too many holders%s%s.",
				  rule->by == STO_BY_ALL ? "" : " of the receiver's ",
				  rule->by == STO_BY_ALL ? "" : sto_by_name(rule->by));
	return STO_CHECK_FAIL;
}

StoRuleResult
sto_check_min_holders(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	char value[3];
	const char *group;
	bool leaves;
	bool appears;
	bool member = false;
	int64_t holders;
	StoAmount total;

	/* a hold without beneficiary moves nothing to anybody yet: the post asks */
	if (!sto_check_asks(c, rule, STO_SENDER) || (c->move.kind == STO_HOLD && !c->move.has_receiver))
		return STO_CHECK_PASS;
	if (!sender_leaves(c, &leaves))
		return STO_CHECK_ERROR;
	if (!leaves)
		return STO_CHECK_PASS;
	if (!group_of(c, rule->by, STO_SENDER, value, &group))
		return STO_CHECK_ERROR;
	if (rule->has_value && strcmp(group, rule->value) != 0)
		return STO_CHECK_PASS;
	if (!receiver_appears(c, &appears) ||
		(appears && !is_member(c, rule->by, group, STO_RECEIVER, &member)))
		return STO_CHECK_ERROR;
	if (appears && member)
		return STO_CHECK_PASS;
	if (!c->facts->group(c->facts->context, rule->by, group, &holders, NULL) ||
		!sto_check_total(c, STO_SENDER, &total))
		return STO_CHECK_ERROR;
	if (holders - 1 >= rule->count)
		return STO_CHECK_PASS;
	v->passing = total - 1;
	v->subject = c->move.sender;
	v->whose = STO_ABOUT_TOKEN;
	sto_check_say(c, v->limit, sizeof(v->limit), "%lld", (long long) rule->count);
	sto_check_say(c, v->value, sizeof(v->value), "%lld", (long long) holders - 1);
	sto_check_say(c, v->detail, sizeof(v->detail),
				  "The sender would leave, and too few holders%s%s would remain.",
				  rule->by == STO_BY_ALL ? "" : " of its ",
				  rule->by == STO_BY_ALL ? "" : sto_by_name(rule->by));
	return STO_CHECK_FAIL;
}

/* What an entry does to a group's share of what is outstanding. */
typedef struct Share
{
	const StoRuleCheck *c;
	const StoRule *rule;
	StoAmount units; /* of the group, before */
	StoAmount outstanding;
	bool receives;
	bool sends;
	bool rises;
	bool falls;
} Share;

static StoAmount
units_after(const Share *s, StoAmount amount)
{
	if (s->receives)
		return sto_check_add(s->units, amount);
	return s->sends ? sto_check_sub(s->units, amount) : s->units;
}

/* Out of bounds after an entry of that amount, on the side to which the share moves. */
static bool
is_out(const Share *s, StoAmount amount)
{
	StoAmount outstanding = sto_check_outstanding_after(s->c, s->outstanding, amount);
	StoAmount units = units_after(s, amount);
	StoAmount others;

	if (outstanding == 0)
		return false; /* of nothing there is no share */
	if (s->rule->has_max && s->rises && units > sto_check_share(outstanding, s->rule->max))
		return true;
	/* units / outstanding < min as the share of the others > 1 - min: floors on both sides */
	return s->rule->has_min && s->falls &&
		   (!sto_amount_sub(outstanding, units, &others) ||
			others > sto_check_share(outstanding, STO_BASIS_POINTS - s->rule->min));
}

/*
 * Which way does the share move?  A transfer moves it by what changes hands; an issue
 * also makes the whole larger, so that the share of others falls, unless it is all or
 * nothing already; a redemption the other way round.  Where omnibus wallets have less than
 * was stated of them, a group may be below nothing or above all: then it moves back.
 */
static void
find_direction(Share *s)
{
	switch (sto_rule_kind(s->c->move.kind))
	{
		case STO_ISSUE:
			/* the first issue makes the share, whichever it is */
			s->rises = s->outstanding == 0
						   ? s->receives
						   : (s->receives ? s->units < s->outstanding : s->units < 0);
			s->falls = s->outstanding == 0
						   ? !s->receives
						   : (s->receives ? s->units > s->outstanding : s->units > 0);
			break;
		case STO_REDEEM:
			s->rises = s->sends ? s->units > s->outstanding : s->units > 0;
			s->falls = s->sends ? s->units < s->outstanding : s->units < 0;
			break;
		default:
			s->rises = s->receives; /* never both: that moves nothing */
			s->falls = s->sends;
			break;
	}
}

/* The largest amount below the entry's that stays within bounds: the share moves one way only. */
static StoAmount
largest_share(const Share *s)
{
	StoAmount low = 0;
	StoAmount high = s->c->move.amount;

	while (high - low > 1)
	{
		StoAmount middle = low + (high - low) / 2;

		if (is_out(s, middle))
			high = middle;
		else
			low = middle;
	}
	return low;
}

static void
say_share(const Share *s, StoRuleVerdict *v)
{
	const StoRuleCheck *c = s->c;
	int32_t bound = s->rises ? s->rule->max : s->rule->min;
	char outstanding[STO_RULE_VALUE_MAX] = "";
	char units[STO_RULE_VALUE_MAX] = "";

	sto_check_say_amount(c, units, units_after(s, c->move.amount));
	sto_check_say_amount(c, outstanding,
						 sto_check_outstanding_after(c, s->outstanding, c->move.amount));
	sto_check_say(c, v->limit, sizeof(v->limit), "%s %d.%02d %%", s->rises ? "at most" : "at least",
				  bound / 100, bound % 100);
	sto_check_say(c, v->value, sizeof(v->value), "%.40s of %.40s", units, outstanding);
	sto_check_say(c, v->detail, sizeof(v->detail),
				  "The share of the holders of %s \"%s\" would go further out of bounds.",
				  sto_by_name(s->rule->by), s->rule->value);
}

StoRuleResult
sto_check_ownership_by_claim(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	Share s = {.c = c, .rule = rule};

	if (c->move.kind == STO_HOLD && !c->move.has_receiver)
		return STO_CHECK_PASS; /* where it will go isn't known yet: the post asks */
	if (!sto_check_asks(c, rule, c->move.has_receiver ? STO_RECEIVER : STO_SENDER))
		return STO_CHECK_PASS;
	if (!is_member(c, rule->by, rule->value, STO_SENDER, &s.sends) ||
		!is_member(c, rule->by, rule->value, STO_RECEIVER, &s.receives))
		return STO_CHECK_ERROR;
	if (s.sends && s.receives)
		return STO_CHECK_PASS;
	if (!s.sends && !s.receives && sto_rule_kind(c->move.kind) != STO_ISSUE &&
		sto_rule_kind(c->move.kind) != STO_REDEEM)
		return STO_CHECK_PASS;
	if (!sto_check_outstanding(c, &s.outstanding) ||
		!c->facts->group(c->facts->context, rule->by, rule->value, NULL, &s.units))
		return STO_CHECK_ERROR;
	find_direction(&s);
	if (!is_out(&s, c->move.amount))
		return STO_CHECK_PASS;
	v->passing = largest_share(&s);
	v->subject = c->move.has_receiver ? c->move.receiver : c->move.sender;
	v->whose = STO_ABOUT_TOKEN;
	say_share(&s, v);
	return STO_CHECK_FAIL;
}
