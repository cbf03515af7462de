/*
 * test_rule_party.c
 *		Rules about who takes part and when, each on both sides of its limit.
 */
#include "rule_fixture.h"

#define A_UUID "41414141-4141-4141-4141-414141414141"
#define B_UUID "42424242-4242-4242-4242-424242424242"
#define V_UUID "56565656-5656-5656-5656-565656565656"
#define EXEMPT_A "\"exempt\":[\"" A_UUID "\"]"
#define EXEMPT_B "\"exempt\":[\"" B_UUID "\"]"

static StoRuleMove
transfer(StoAmount amount)
{
	return move_of(STO_TRANSFER, 'A', 'B', amount);
}

static StoRuleMove
at(StoRuleMove m, int64_t time)
{
	m.posted_at = time;
	return m;
}

static void
set_country(char place[2], const char *country)
{
	memcpy(place, country, 2);
}

static void
test_countries(void)
{
	static World w;
	const char *allow = "{\"rule\":\"country_allow\",\"countries\":[\"AE\",\"KZ\"]}";
	const char *deny = "{\"rule\":\"country_deny\",\"countries\":[\"US\"]}";
	const char *either = "{\"rule\":\"country_deny\",\"countries\":[\"US\"],\"side\":\"either\"}";

	set_country(w.residence['A' - 'A'], "US");
	set_country(w.incorporation['A' - 'A'], "AE");
	set_country(w.residence['B' - 'A'], "KZ");
	set_country(w.incorporation['B' - 'A'], "US");
	passes(&w, allow, transfer(5), "a resident of a country of the set");
	fails(&w, allow, move_of(STO_TRANSFER, 'B', 'A', 5), STO_RULE_COUNTRY_ALLOW, 'A', 0,
		  "a resident of another");
	fails(&w, allow, move_of(STO_TRANSFER, 'A', 'C', 5), STO_RULE_COUNTRY_ALLOW, 'C', 0,
		  "one whose residence is not stated");
	says(&w, allow, move_of(STO_TRANSFER, 'B', 'A', 5), STO_ABOUT_RECEIVER, "AE, KZ", "US",
		 "The receiver's country of residence is not one of those allowed.");
	says(&w, allow, move_of(STO_TRANSFER, 'B', 'C', 5), STO_ABOUT_RECEIVER, "AE, KZ", "",
		 "The receiver's country of residence is not stated.");
	passes(&w, deny, transfer(5), "the sender isn't asked");
	passes(&w, deny, move_of(STO_TRANSFER, 'A', 'C', 5), "nothing stated is not denied");
	fails(&w, deny, move_of(STO_TRANSFER, 'B', 'A', 5), STO_RULE_COUNTRY_DENY, 'A', 0, "denied");
	fails(&w, deny, move_of(STO_ISSUE, 0, 'A', 5), STO_RULE_COUNTRY_DENY, 'A', 0, "in an issue");
	fails(&w, either, transfer(5), STO_RULE_COUNTRY_DENY, 'A', 0, "either: the sender");
	fails(&w, either, move_of(STO_TRANSFER, 'B', 'A', 5), STO_RULE_COUNTRY_DENY, 'A', 0,
		  "either: the receiver");
	says(&w, either, transfer(5), STO_ABOUT_SENDER, "US", "US",
		 "The sender's country of residence is one of those denied.");
	fails(&w, "{\"rule\":\"country_deny\",\"countries\":[\"US\"],\"side\":\"sender\"}", transfer(5),
		  STO_RULE_COUNTRY_DENY, 'A', 0, "of the sender");
	passes(&w, "{\"rule\":\"country_deny\",\"countries\":[\"US\"],\"side\":\"sender\"}",
		   move_of(STO_TRANSFER, 'B', 'A', 5), "of the sender alone");
	passes(&w,
		   "{\"rule\":\"country_deny\",\"countries\":[\"US\"],\"side\":\"either\"," EXEMPT_A "}",
		   transfer(5), "an exempt sender");
	fails(&w, "{\"rule\":\"country_deny\",\"countries\":[\"US\"],\"by\":\"incorporation\"}",
		  transfer(5), STO_RULE_COUNTRY_DENY, 'B', 0, "by incorporation");
	passes(&w,
		   "{\"rule\":\"country_deny\",\"countries\":[\"US\"],\"by\":\"incorporation\"," EXEMPT_B
		   "}",
		   transfer(5), "an exempt receiver");
	passes(&w, either, move_of(STO_TRANSFER, 'A', 'A', 5), "within one party");
	passes(&w, either, move_of(STO_REDEEM, 'A', 0, 5), "a redemption, where it isn't marked");
	fails(&w,
		  "{\"rule\":\"country_deny\",\"countries\":[\"US\"],\"side\":\"either\","
		  "\"kinds\":[\"redeem\"]}",
		  move_of(STO_REDEEM, 'A', 0, 5), STO_RULE_COUNTRY_DENY, 'A', 0, "where it is");
	passes(&w, "{\"rule\":\"country_deny\",\"countries\":[\"US\"],\"kinds\":[\"issue\"]}",
		   move_of(STO_TRANSFER, 'B', 'A', 5), "a kind that isn't among the rule's");
	fails(&w, deny, move_of(STO_FORCE, 'B', 'A', 5), STO_RULE_COUNTRY_DENY, 'A', 0,
		  "force is asked as a transfer");
	passes(&w, deny, move_of(STO_HOLD, 'B', 0, 5), "a hold without beneficiary has no receiver");
	fails(&w, deny, move_of(STO_HOLD, 'B', 'A', 5), STO_RULE_COUNTRY_DENY, 'A', 0,
		  "a hold with one");
}

static void
test_lists(void)
{
	static World w;
	const char *allow = "{\"rule\":\"party_list\",\"list\":\"friends\",\"mode\":\"allow\"}";
	const char *deny = "{\"rule\":\"party_list\",\"list\":\"foes\",\"mode\":\"deny\","
					   "\"side\":\"either\"}";

	know(&w.listed, 'B', "friends", 0, 0);
	know(&w.listed, 'C', "foes", 0, 0);
	passes(&w, allow, transfer(1), "on the allow list");
	fails(&w, allow, move_of(STO_TRANSFER, 'B', 'A', 1), STO_RULE_PARTY_LIST, 'A', 0,
		  "not on the allow list");
	passes(&w, deny, transfer(1), "not on the deny list");
	fails(&w, deny, move_of(STO_TRANSFER, 'A', 'C', 1), STO_RULE_PARTY_LIST, 'C', 0,
		  "the receiver is on the deny list");
	fails(&w, deny, move_of(STO_TRANSFER, 'C', 'A', 1), STO_RULE_PARTY_LIST, 'C', 0,
		  "the sender is on the deny list");
	says(&w, deny, move_of(STO_TRANSFER, 'C', 'A', 1), STO_ABOUT_SENDER, "foes", "",
		 "The sender is on the list.");
	says(&w, allow, move_of(STO_TRANSFER, 'C', 'A', 1), STO_ABOUT_RECEIVER, "friends", "",
		 "The receiver is not on the list.");
}

static void
test_opt_in(void)
{
	static World w;

	w.opted_in['B' - 'A'] = true;
	passes(&w, "{\"rule\":\"opt_in\"}", transfer(1), "who affirmed");
	fails(&w, "{\"rule\":\"opt_in\"}", move_of(STO_ISSUE, 0, 'A', 1), STO_RULE_OPT_IN, 'A', 0,
		  "who did not");
	passes(&w, "{\"rule\":\"opt_in\"," EXEMPT_A "}", move_of(STO_ISSUE, 0, 'A', 1), "who needn't");
}

static void
test_classes(void)
{
	static World w;
	const char *classes = "{\"rule\":\"investor_class\",\"classes\":[\"professional\","
						  "\"market_counterparty\"]}";
	const char *caps = "{\"rule\":\"investor_class\",\"caps\":{\"retail\":\"100\"}}";

	w.classified['B' - 'A'] =
		(StoRuleClassified){STO_CLASS_PROFESSIONAL, true, true, NOON, NOON + 1};
	w.classified['C' - 'A'].klass = STO_CLASS_RETAIL;
	w.total['C' - 'A'] = 60;
	passes(&w, classes, transfer(9), "in force from this moment");
	fails(&w, classes, at(transfer(9), NOON - 1), STO_RULE_INVESTOR_CLASS, 'B', 0, "not yet");
	fails(&w, classes, at(transfer(9), NOON + 1), STO_RULE_INVESTOR_CLASS, 'B', 0, "no longer");
	fails(&w, classes, move_of(STO_TRANSFER, 'A', 'C', 9), STO_RULE_INVESTOR_CLASS, 'C', 0,
		  "another class");
	fails(&w, classes, move_of(STO_TRANSFER, 'B', 'A', 9), STO_RULE_INVESTOR_CLASS, 'A', 0,
		  "no class");
	fails(&w,
		  "{\"rule\":\"investor_class\",\"classes\":[\"professional\"],"
		  "\"caps\":{\"retail\":\"100\"}}",
		  move_of(STO_TRANSFER, 'A', 'C', 41), STO_RULE_INVESTOR_CLASS, 'C', 0,
		  "another class, and above its cap");
	passes(&w, caps, move_of(STO_TRANSFER, 'A', 'C', 40), "at the cap");
	fails(&w, caps, move_of(STO_TRANSFER, 'A', 'C', 41), STO_RULE_INVESTOR_CLASS, 'C', 40,
		  "above the cap");
	passes(&w, caps, transfer(1000), "a class without cap");
	passes(&w, caps, move_of(STO_TRANSFER, 'C', 'A', 1000), "no class, no cap");
	says(&w, caps, move_of(STO_TRANSFER, 'A', 'C', 41), STO_ABOUT_RECEIVER, "100", "101",
		 "The receiver would hold more than its class may.");
	says(&w, classes, move_of(STO_TRANSFER, 'A', 'C', 9), STO_ABOUT_RECEIVER,
		 "professional, market_counterparty", "retail",
		 "The receiver is not of a class that is allowed.");
}

static void
test_lock_up(void)
{
	static World w;
	const char *rule = "{\"rule\":\"lock_up\",\"until\":1767614400000000}";

	passes(&w, rule, transfer(1), "at the moment it ends");
	fails(&w, rule, at(transfer(1), NOON - 1), STO_RULE_LOCK_UP, 'A', 0, "a microsecond before");
	says(&w, rule, at(transfer(1), NOON - 1), STO_ABOUT_ORDER, "2026-01-05T12:00:00Z",
		 "2026-01-05T11:59:59.999999Z", "The sender is locked up until then.");
	fails(&w, rule, at(move_of(STO_TRANSFER, 'A', 'A', 1), NOON - 1), STO_RULE_LOCK_UP, 'A', 0,
		  "within one party too");
	fails(&w, rule, at(move_of(STO_HOLD, 'A', 0, 1), NOON - 1), STO_RULE_LOCK_UP, 'A', 0,
		  "in a hold");
	passes(&w, rule, at(move_of(STO_ISSUE, 0, 'A', 1), NOON - 1), "an issue has no sender");
	passes(&w, rule, at(move_of(STO_REDEEM, 'A', 0, 1), NOON - 1), "a redemption, not marked");
	fails(&w, "{\"rule\":\"lock_up\",\"until\":1767614400000000,\"kinds\":[\"redeem\"]}",
		  at(move_of(STO_REDEEM, 'A', 0, 1), NOON - 1), STO_RULE_LOCK_UP, 'A', 0,
		  "a redemption, marked");
	passes(&w, "{\"rule\":\"lock_up\",\"until\":1767614400000000," EXEMPT_A "}",
		   at(transfer(1), NOON - 1), "an exempt sender");
	fails(&w, "{\"rule\":\"lock_up\",\"until\":1767614400000000," EXEMPT_B "}",
		  at(transfer(1), NOON - 1), STO_RULE_LOCK_UP, 'A', 0, "an exempt receiver is no help");
}

static void
test_window(void)
{
	static World w;
	const char *open = "{\"rule\":\"transfer_window\",\"open\":[{\"days\":[1,5],"
					   "\"from\":\"09:00\",\"to\":\"12:00\"}]}";
	const char *east = "{\"rule\":\"transfer_window\",\"offset_minutes\":240,\"open\":["
					   "{\"days\":[2],\"from\":\"00:00\",\"to\":\"24:00\"}]}";
	const char *west = "{\"rule\":\"transfer_window\",\"offset_minutes\":-720,\"open\":["
					   "{\"days\":[7],\"from\":\"23:59\",\"to\":\"24:00\"}]}";
	const char *closed = "{\"rule\":\"transfer_window\",\"closed\":["
						 "{\"from\":1767614400000000,\"to\":1767614400000002}]}";
	const char *insiders = "{\"rule\":\"transfer_window\",\"list\":\"insiders\",\"closed\":["
						   "{\"from\":1767614400000000,\"to\":1767614400000002}]}";
	const int64_t hour = 3600 * SECOND;

	passes(&w, open, at(transfer(1), NOON - 1), "the last microsecond");
	fails(&w, open, transfer(1), STO_RULE_TRANSFER_WINDOW, 0, 0, "`to` is outside");
	passes(&w, open, at(transfer(1), NOON - 3 * hour), "`from` is inside");
	fails(&w, open, at(transfer(1), NOON - 3 * hour - 1), STO_RULE_TRANSFER_WINDOW, 0, 0,
		  "a microsecond before");
	fails(&w, open, at(transfer(1), NOON + 24 * hour - 1), STO_RULE_TRANSFER_WINDOW, 0, 0,
		  "a Tuesday");
	passes(&w, open, at(transfer(1), NOON + 96 * hour - 1), "a Friday");
	passes(&w, open, at(transfer(1), INT64_C(-259200000000) + 12 * hour - 1),
		   "Monday 1969-12-29, before the epoch's day 0");
	passes(&w, east, at(transfer(1), NOON + 8 * hour), "Tuesday 00:00 at +04:00 is Monday 20:00");
	fails(&w, east, at(transfer(1), NOON + 8 * hour - 1), STO_RULE_TRANSFER_WINDOW, 0, 0,
		  "still Monday there");
	passes(&w, east, at(transfer(1), NOON + 32 * hour - 1), "24:00 ends the day");
	fails(&w, east, at(transfer(1), NOON + 32 * hour), STO_RULE_TRANSFER_WINDOW, 0, 0,
		  "Wednesday there");
	passes(&w, west, at(transfer(1), NOON - 1), "Sunday 23:59 at -12:00 is Monday 11:59");
	fails(&w, west, transfer(1), STO_RULE_TRANSFER_WINDOW, 0, 0, "Monday there");
	passes(&w, closed, at(transfer(1), NOON - 1), "before it closes");
	fails(&w, closed, transfer(1), STO_RULE_TRANSFER_WINDOW, 0, 0, "from the moment it closes");
	fails(&w, closed, at(transfer(1), NOON + 1), STO_RULE_TRANSFER_WINDOW, 0, 0, "while closed");
	passes(&w, closed, at(transfer(1), NOON + 2), "from the moment it opens");
	passes(&w, insiders, transfer(1), "who is on no list");
	know(&w.listed, 'B', "insiders", 0, 0);
	fails(&w, insiders, transfer(1), STO_RULE_TRANSFER_WINDOW, 'B', 0, "an insider receives");
	fails(&w, insiders, move_of(STO_TRANSFER, 'B', 'A', 1), STO_RULE_TRANSFER_WINDOW, 'B', 0,
		  "an insider sends");
	says(&w, insiders, transfer(1), STO_ABOUT_RECEIVER, "insiders", "2026-01-05T12:00:00Z",
		 "For parties on the list trading is not open at that time.");
	says(&w, insiders, move_of(STO_TRANSFER, 'B', 'A', 1), STO_ABOUT_SENDER, "insiders",
		 "2026-01-05T12:00:00Z", "For parties on the list trading is not open at that time.");
	says(&w, closed, transfer(1), STO_ABOUT_ORDER, "", "2026-01-05T12:00:00Z",
		 "Trading is not open at that time.");
	passes(&w,
		   "{\"rule\":\"transfer_window\",\"closed\":[{\"from\":0,\"to\":9000000000000000000}],"
		   "\"exempt\":[\"" A_UUID "\"]}",
		   transfer(1), "an exempt party's entry");
}

static void
test_granularity(void)
{
	static World w;
	const char *rule = "{\"rule\":\"granularity\",\"units\":\"10\"}";

	passes(&w, rule, transfer(30), "a multiple");
	fails(&w, rule, transfer(39), STO_RULE_GRANULARITY, 0, 30, "not a multiple");
	fails(&w, rule, transfer(9), STO_RULE_GRANULARITY, 0, 0, "less than one");
	fails(&w, rule, move_of(STO_TRANSFER, 'A', 'A', 9), STO_RULE_GRANULARITY, 0, 0,
		  "within one party too");
	says(&w, rule, transfer(39), STO_ABOUT_ORDER, "10", "39",
		 "The amount is not a multiple of the units in which the token moves.");
}

static void
test_venue(void)
{
	static World w;
	const char *rule = "{\"rule\":\"venue\",\"parties\":[\"" V_UUID "\"]}";
	StoRuleMove m = transfer(1);

	fails(&w, rule, m, STO_RULE_VENUE, 0, 0, "posted and ordered by others");
	memset(m.posted_by, 'V', STO_UUID_LEN);
	passes(&w, rule, m, "posted by a venue");
	m = transfer(1);
	memset(m.ordering_party, 'V', STO_UUID_LEN);
	passes(&w, rule, m, "ordered by a venue");
	m = move_of(STO_POST, 'A', 'B', 1);
	memset(m.notary, 'V', STO_UUID_LEN);
	fails(&w, rule, m, STO_RULE_VENUE, 0, 0, "a hold without notary");
	m.has_notary = true;
	passes(&w, rule, m, "a hold with the venue as notary");
}

static void
test_approvals(void)
{
	static World w;
	const char *rule = "{\"rule\":\"approval\"}";
	const char *by_v = "{\"rule\":\"approval\",\"by\":\"" V_UUID "\"}";
	StoRuleSet *set = set_of("{\"rule\":\"approval\"},{\"rule\":\"approval\"},"
							 "{\"rule\":\"approval\",\"by\":\"" V_UUID "\"}");
	StoRuleOutcome outcome;
	Said said;
	StoRuleMove m = transfer(50);

	fails(&w, rule, transfer(50), STO_RULE_APPROVAL, 0, 0, "none");
	w.approvals[w.approval_count++] = (Approved){9, ISSUER, 'A', 'B', 50, false};
	passes(&w, rule, transfer(50), "up to");
	passes(&w, rule, transfer(1), "less");
	fails(&w, rule, transfer(51), STO_RULE_APPROVAL, 0, 50, "more");
	fails(&w, rule, move_of(STO_TRANSFER, 'A', 'C', 5), STO_RULE_APPROVAL, 0, 0,
		  "another receiver");
	fails(&w, rule, move_of(STO_ISSUE, 0, 'B', 5), STO_RULE_APPROVAL, 0, 0, "no such sender");
	fails(&w, by_v, transfer(50), STO_RULE_APPROVAL, 0, 0, "by somebody else");
	w.approvals[w.approval_count++] = (Approved){7, 'V', 0, 0, 30, true};
	w.approvals[w.approval_count++] = (Approved){8, 'V', 0, 0, 20, true};
	passes(&w, by_v, transfer(30), "exact");
	fails(&w, by_v, transfer(29), STO_RULE_APPROVAL, 0, 20, "the next lower exact one");
	passes(&w, rule, move_of(STO_HOLD, 'A', 0, 999), "a hold without beneficiary");
	fails(&w, rule, move_of(STO_HOLD, 'A', 'B', 999), STO_RULE_APPROVAL, 0, 50, "a hold with one");
	passes(&w, rule, move_of(STO_TRANSFER, 'A', 'A', 999), "within one party");
	m.amount = 30;
	CHECK(answer(&w, set, &m, &said, &outcome) == STO_RULES_PASS);
	CHECK(outcome.approval_count == 2 && outcome.approvals[0] == 7 && outcome.approvals[1] == 9);
	m.kind = STO_HOLD;
	CHECK(answer(&w, set, &m, &said, &outcome) == STO_RULES_PASS && outcome.approval_count == 0);
	m.kind = STO_FORCE;
	CHECK(answer(&w, set, &m, &said, &outcome) == STO_RULES_PASS && outcome.approval_count == 0);
	sto_rules_free(set);
}

static void
test_travel_rule(void)
{
	static World w;
	const char *both = "{\"rule\":\"travel_rule\",\"threshold\":\"1000\","
					   "\"originator\":[\"name\",\"account\"],\"beneficiary\":[\"name\"]}";
	const char *attached = "{\"rule\":\"travel_rule\",\"threshold\":\"1\",\"attachment\":true}";
	StoRuleMove m = transfer(1000);

	passes(&w, both, transfer(999), "below the threshold");
	fails(&w, both, m, STO_RULE_TRAVEL_RULE, 'B', 999, "the beneficiary's data are missing");
	know(&w.travel, 'B', "name", NOON, 0);
	fails(&w, both, m, STO_RULE_TRAVEL_RULE, 'A', 999, "the originator's data are missing");
	says(&w, both, m, STO_ABOUT_SENDER, "999", "name, account",
		 "From this amount on the originator's travel data must be on record in full.");
	know(&w.travel, 'A', "account", NOON, 0);
	know(&w.travel, 'A', "name", NOON, 0);
	passes(&w, both, m, "all on record");
	fails(&w, both, at(m, NOON - 1), STO_RULE_TRAVEL_RULE, 'B', 999, "not in force yet");
	passes(&w, both, move_of(STO_ISSUE, 0, 'B', 5000), "an issue has no originator");
	passes(&w, both, move_of(STO_TRANSFER, 'C', 'C', 5000), "within one party");
	passes(&w, both, move_of(STO_HOLD, 'A', 0, 5000), "a hold's beneficiary isn't known");
	fails(&w, attached, m, STO_RULE_TRAVEL_RULE, 0, 0, "no attachment");
	m.has_attachment = true;
	passes(&w, attached, m, "an attachment");
}

static void
test_look_through(void)
{
	static World w;
	const char *block = "{\"rule\":\"look_through\",\"seconds\":60,\"stale\":\"block\"}";
	const char *count = "{\"rule\":\"look_through\",\"seconds\":60,\"stale\":\"count_as_one\"}";

	w.omnibus = 'B';
	w.stated_at = NOON - 60 * SECOND;
	passes(&w, block, transfer(1), "just fresh enough");
	w.stated_at--;
	fails(&w, block, transfer(1), STO_RULE_LOOK_THROUGH, 'B', 0, "stale");
	fails(&w, block, move_of(STO_TRANSFER, 'B', 'A', 1), STO_RULE_LOOK_THROUGH, 'B', 0,
		  "stale, sending");
	w.stated_at = STO_NEVER_STATED;
	fails(&w, block, transfer(1), STO_RULE_LOOK_THROUGH, 'B', 0, "never stated");
	passes(&w, count, transfer(1), "stale, counted as one");
	passes(&w, block, move_of(STO_TRANSFER, 'A', 'C', 1), "wallets of another sort");
}

#define CUSTOM                                                                                     \
	"{\"rule\":\"custom\",\"label\":\"our own\",\"function\":\"acme.check_it\",\"definition\":"    \
	"\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}"

static void
test_custom(void)
{
	static World w;
	StoRuleSet *set = set_of(CUSTOM);
	StoRuleFacts facts = facts_of(&w);
	StoRuleMove m = transfer(1);
	StoRuleOutcome outcome;

	passes(&w, CUSTOM, m, "nothing said");
	w.custom = "Not on a rainy day.";
	fails(&w, CUSTOM, m, STO_RULE_CUSTOM, 0, 0, "refused");
	says(&w, CUSTOM, m, STO_ABOUT_ORDER, "acme.check_it", "", "Not on a rainy day.");
	facts.custom = NULL;
	CHECK(sto_rules_evaluate(set, &m, &facts, NULL, NULL, &outcome) == STO_RULES_PASS &&
		  outcome.not_replayed == 1);
	sto_rules_free(set);
}

int
main(void)
{
	test_countries();
	test_lists();
	test_opt_in();
	test_classes();
	test_lock_up();
	test_window();
	test_granularity();
	test_venue();
	test_approvals();
	test_travel_rule();
	test_look_through();
	test_custom();
	return check_done("rules about parties");
}
