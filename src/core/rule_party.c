/*
 * rule_party.c
 *		Rules about who takes part: countries, lists, classes, approvals and the like.
 *
 * docs/format.md, "Rule sets", says of each when it fails.
 */
#include "core/rule_check.h"

#include <string.h>

static const char *const side_names[] = {"sender", "receiver"};
static const StoRuleWhose about[] = {STO_ABOUT_SENDER, STO_ABOUT_RECEIVER};
/* a rule that fails for both is reported for the receiver */
static const int receiver_first[] = {STO_RECEIVER, STO_SENDER};

/* Is this side one of those that the rule asks about? */
static bool
is_asked(const StoRuleCheck *c, const StoRule *rule, int side)
{
	return (rule->side & (side == STO_SENDER ? STO_OF_SENDER : STO_OF_RECEIVER)) != 0 &&
		   sto_check_asks(c, rule, side);
}

/* The party of that side is at fault. */
static StoRuleResult
fail_of(const StoRuleCheck *c, int side, StoRuleVerdict *v)
{
	v->subject = sto_check_party(c, side);
	v->whose = about[side];
	return STO_CHECK_FAIL;
}

static StoRuleResult
check_country(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v, bool deny)
{
	for (int i = 0; i < 2; i++)
	{
		int side = receiver_first[i];
		const char *country;

		if (!is_asked(c, rule, side))
			continue;
		if (!sto_check_country(c, side, rule->incorporation, &country))
			return STO_CHECK_ERROR;
		if (sto_country_in(&rule->countries, country) != deny)
			continue;
		sto_check_say_countries(c, v->limit, &rule->countries);
		sto_check_say(c, v->value, sizeof(v->value), "%.2s", country[0] == '\0' ? "" : country);
		sto_check_say(c, v->detail, sizeof(v->detail), "The %s's country of %s is %s.",
					  side_names[side], rule->incorporation ? "incorporation" : "residence",
					  deny                 ? "one of those denied"
					  : country[0] == '\0' ? "not stated"
										   : "not one of those allowed");
		return fail_of(c, side, v);
	}
	return STO_CHECK_PASS;
}

StoRuleResult
sto_check_country_allow(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	return check_country(c, rule, v, false);
}

StoRuleResult
sto_check_country_deny(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	return check_country(c, rule, v, true);
}

StoRuleResult
sto_check_party_list(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	for (int i = 0; i < 2; i++)
	{
		int side = receiver_first[i];
		bool listed;

		if (!is_asked(c, rule, side))
			continue;
		if (!c->facts->on_list(c->facts->context, sto_check_party(c, side), rule->list, &listed))
			return STO_CHECK_ERROR;
		if (listed != rule->deny)
			continue;
		sto_check_say(c, v->limit, sizeof(v->limit), "%s", rule->list);
		sto_check_say(c, v->detail, sizeof(v->detail), "The %s is %son the list.", side_names[side],
					  listed ? "" : "not ");
		return fail_of(c, side, v);
	}
	return STO_CHECK_PASS;
}

StoRuleResult
sto_check_opt_in(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	bool affirmed;

	if (!sto_check_asks(c, rule, STO_RECEIVER))
		return STO_CHECK_PASS;
	if (!c->facts->opted_in(c->facts->context, c->move.receiver, &affirmed))
		return STO_CHECK_ERROR;
	if (affirmed)
		return STO_CHECK_PASS;
	sto_check_say(c, v->detail, sizeof(v->detail), "The receiver has not affirmed the token.");
	return fail_of(c, STO_RECEIVER, v);
}

/* Ascending and distinct: an entry takes one use of an approval, whichever rules ask for it. */
static void
use_approval(StoRuleOutcome *outcome, int64_t id)
{
	int at = 0;

	while (at < outcome->approval_count && outcome->approvals[at] < id)
		at++;
	if (at < outcome->approval_count && outcome->approvals[at] == id)
		return;
	memmove(&outcome->approvals[at + 1], &outcome->approvals[at],
			(size_t) (outcome->approval_count - at) * sizeof(int64_t));
	outcome->approvals[at] = id;
	outcome->approval_count++;
}

StoRuleResult
sto_check_approval(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	const StoRuleMove *move = &c->move;
	int64_t id = 0;

	/* to whom a hold without beneficiary will be posted isn't known yet: the post asks */
	if ((move->kind == STO_HOLD && !move->has_receiver) || !sto_check_asks_entry(c, rule))
		return STO_CHECK_PASS;
	if (!c->facts->approval(c->facts->context, rule->has_by ? rule->approver : move->issuer, move,
							move->amount, &id, &v->passing))
		return STO_CHECK_ERROR;
	if (id == 0)
	{
		sto_check_say_amount(c, v->value, move->amount);
		sto_check_say(c, v->detail, sizeof(v->detail),
					  "No approval in force covers these parties and this amount.");
		return STO_CHECK_FAIL;
	}
	v->passing = 0;
	/* whoever passes uses it up, once: a hold that its post doesn't ask again for does now */
	if (move->kind == STO_HOLD ? move->checked_once : sto_rule_kind(move->kind) == move->kind)
		use_approval(c->outcome, id);
	return STO_CHECK_PASS;
}

StoRuleResult
sto_check_venue(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	const StoRuleMove *move = &c->move;

	if (!sto_check_asks_entry(c, rule) || sto_uuid_in(&rule->parties, move->posted_by) ||
		sto_uuid_in(&rule->parties, move->ordering_party) ||
		(move->has_notary && sto_uuid_in(&rule->parties, move->notary)))
		return STO_CHECK_PASS;
	sto_check_say(c, v->limit, sizeof(v->limit), "%d venue%s", rule->parties.count,
				  rule->parties.count == 1 ? "" : "s");
	sto_check_say(c, v->detail, sizeof(v->detail),
				  "Neither who posts, nor who orders, nor the hold's notary is one of the venues.");
	return STO_CHECK_FAIL;
}

/* The fields that the side's travel data lacks, as a list; *missing tells whether there are any. */
static bool
find_missing(StoRuleCheck *c, int side, const StoNameList *names, StoRuleVerdict *v, bool *missing)
{
	for (int i = 0; i < names->count; i++)
	{
		bool has;

		if (!c->facts->travel_field(c->facts->context, sto_check_party(c, side), names->items[i],
									c->move.posted_at, &has))
			return false;
		if (has)
			continue;
		*missing = true;
		if (!c->texts)
			return true;
		sto_check_add_name(c, v->value, sizeof(v->value), names->items[i]);
	}
	return true;
}

/* Below the threshold nothing is asked. */
static void
say_threshold(const StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	v->passing = rule->amount - 1;
	sto_check_say_amount(c, v->limit, v->passing);
}

StoRuleResult
sto_check_travel_rule(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	static const char *const roles[] = {"originator", "beneficiary"};
	const StoNameList *names[] = {&rule->originator, &rule->beneficiary};

	if (c->move.amount < rule->amount)
		return STO_CHECK_PASS;
	for (int i = 0; i < 2; i++)
	{
		int side = receiver_first[i];
		bool missing = false;

		if (names[side]->count == 0 || !sto_check_asks(c, rule, side))
			continue;
		if (!find_missing(c, side, names[side], v, &missing))
			return STO_CHECK_ERROR;
		if (!missing)
			continue;
		say_threshold(c, rule, v);
		sto_check_say(c, v->detail, sizeof(v->detail),
					  "From this amount on the %s's travel data must be on record in full.",
					  roles[side]);
		return fail_of(c, side, v);
	}
	if (rule->attachment && !c->move.has_attachment && sto_check_asks_entry(c, rule))
	{
		say_threshold(c, rule, v);
		sto_check_say(c, v->detail, sizeof(v->detail),
					  "From this amount on the order needs an attachment_hash.");
		return STO_CHECK_FAIL;
	}
	return STO_CHECK_PASS;
}

StoRuleResult
sto_check_look_through(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	if (!rule->block || c->facts->look_through == NULL)
		return STO_CHECK_PASS;
	for (int i = 0; i < 2; i++)
	{
		int side = receiver_first[i];
		bool omnibus = false;
		int64_t stated_at = 0;

		if (!sto_check_asks(c, rule, side))
			continue;
		if (!c->facts->look_through(c->facts->context,
									side == STO_SENDER ? c->move.debit : c->move.credit, &omnibus,
									&stated_at))
			return STO_CHECK_ERROR;
		if (!omnibus ||
			(stated_at != STO_NEVER_STATED && stated_at >= sto_check_window(c, rule->seconds)))
			continue;
		sto_check_say(c, v->limit, sizeof(v->limit), "%lld seconds", (long long) rule->seconds);
		if (stated_at != STO_NEVER_STATED)
			sto_check_say_time(c, v->value, stated_at);
		sto_check_say(
			c, v->detail, sizeof(v->detail),
			stated_at != STO_NEVER_STATED
				? "The look-through of the %s's omnibus wallet is too old."
				: "The look-through of the %s's omnibus wallet is missing, or states more "
				  "than the wallet has.",
			side_names[side]);
		return fail_of(c, side, v);
	}
	return STO_CHECK_PASS;
}

StoRuleResult
sto_check_custom(StoRuleCheck *c, const StoRule *rule, StoRuleVerdict *v)
{
	char reason[STO_RULE_DETAIL_MAX] = "";
	bool refused = false;

	if (!sto_check_asks_entry(c, rule))
		return STO_CHECK_PASS;
	if (c->facts->custom == NULL)
	{
		c->outcome->not_replayed++;
		return STO_CHECK_PASS;
	}
	if (!c->facts->custom(c->facts->context, rule, &c->move, &refused, reason))
		return STO_CHECK_ERROR;
	if (!refused)
		return STO_CHECK_PASS;
	sto_check_say(c, v->limit, sizeof(v->limit), "%s", rule->function);
	sto_check_say(c, v->detail, sizeof(v->detail), "%s", reason);
	return STO_CHECK_FAIL;
}
