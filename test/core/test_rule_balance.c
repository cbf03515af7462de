/*
 * test_rule_balance.c
 *		Rules about amounts and counts, each on both sides of its limit, up to the
 *		largest amount; and how much would pass, compared with trying every amount.
 */
#include "rule_fixture.h"

#include "core/amount.h"

#define A_UUID "41414141-4141-4141-4141-414141414141"
#define B_UUID "42424242-4242-4242-4242-424242424242"
#define EXEMPT_A "\"exempt\":[\"" A_UUID "\"]"
#define EXEMPT_B "\"exempt\":[\"" B_UUID "\"]"

static StoRuleMove
transfer(StoAmount amount)
{
	return move_of(STO_TRANSFER, 'A', 'B', amount);
}

static void
test_max_balance(void)
{
	static World w;
	const char *amount = "{\"rule\":\"max_balance\",\"amount\":\"100\"}";
	const char *third = "{\"rule\":\"max_balance\",\"share\":3333}";
	const char *all = "{\"rule\":\"max_balance\",\"share\":10000}";

	w.total['A' - 'A'] = 940;
	w.total['B' - 'A'] = 60;
	passes(&w, amount, transfer(40), "exactly the limit");
	fails(&w, amount, transfer(41), STO_RULE_MAX_BALANCE, 'B', 40, "one more");
	fails(&w, amount, move_of(STO_ISSUE, 0, 'B', 41), STO_RULE_MAX_BALANCE, 'B', 40, "in an issue");
	fails(&w, amount, move_of(STO_TRANSFER, 'B', 'A', 1), STO_RULE_MAX_BALANCE, 'A', 0,
		  "who is over it already");
	passes(&w, amount, move_of(STO_TRANSFER, 'A', 'A', 500), "within one party");
	passes(&w, "{\"rule\":\"max_balance\",\"amount\":\"100\"," EXEMPT_B "}", transfer(500),
		   "an exempt receiver");
	fails(&w, "{\"rule\":\"max_balance\",\"amount\":\"100\"," EXEMPT_A "}", transfer(500),
		  STO_RULE_MAX_BALANCE, 'B', 40, "an exempt sender is no help");
	passes(&w, "{\"rule\":\"max_balance\",\"amount\":\"1\",\"kinds\":[\"redeem\"]}",
		   move_of(STO_REDEEM, 'A', 0, 5), "a redemption has no receiver");
	/* floor(1000 * 0.3333) = 333 */
	passes(&w, third, transfer(273), "33.33 % of 1000 is 333");
	fails(&w, third, transfer(274), STO_RULE_MAX_BALANCE, 'B', 273, "334 is more");
	/* (60 + a) * 10000 <= (1000 + a) * 3333: a <= 409.4 */
	passes(&w, third, move_of(STO_ISSUE, 0, 'B', 409), "an issue makes the whole larger");
	fails(&w, third, move_of(STO_ISSUE, 0, 'B', 410), STO_RULE_MAX_BALANCE, 'B', 409,
		  "but not enough");
	passes(&w, all, move_of(STO_ISSUE, 0, 'B', 4100), "the whole");
	says(&w, third, transfer(274), STO_ABOUT_RECEIVER, "333", "334",
		 "The receiver would hold more than 33.33 % of what is outstanding.");
}

static void
test_min_balance(void)
{
	static World w;
	const char *rule = "{\"rule\":\"min_balance\",\"amount\":\"10\"}";
	const char *redeem = "{\"rule\":\"min_balance\",\"amount\":\"10\",\"kinds\":[\"redeem\"]}";

	w.total['A' - 'A'] = 30;
	w.total['C' - 'A'] = 4;
	passes(&w, rule, transfer(10), "exactly the minimum arrives");
	fails(&w, rule, transfer(9), STO_RULE_MIN_BALANCE, 'B', 0, "less arrives");
	passes(&w, rule, transfer(20), "exactly the minimum stays");
	fails(&w, rule, transfer(21), STO_RULE_MIN_BALANCE, 'A', 20, "less stays");
	passes(&w, rule, transfer(30), "nothing stays");
	passes(&w, rule, move_of(STO_TRANSFER, 'A', 'C', 6), "with what is there already");
	fails(&w, rule, move_of(STO_TRANSFER, 'A', 'C', 5), STO_RULE_MIN_BALANCE, 'C', 0,
		  "too little even so");
	fails(&w, rule, move_of(STO_TRANSFER, 'C', 'A', 1), STO_RULE_MIN_BALANCE, 'C', 0,
		  "who is below it already");
	passes(&w, rule, move_of(STO_TRANSFER, 'C', 'A', 4), "may leave");
	w.total['A' - 'A'] = 15;
	fails(&w, rule, transfer(10), STO_RULE_MIN_BALANCE, 'A', 0, "nothing suits both");
	w.total['A' - 'A'] = 30;
	fails(&w, rule, move_of(STO_HOLD, 'A', 0, 25), STO_RULE_MIN_BALANCE, 'A', 20,
		  "a hold without beneficiary, of the sender");
	passes(&w, rule, move_of(STO_REDEEM, 'A', 0, 25), "a redemption, not marked");
	fails(&w, redeem, move_of(STO_REDEEM, 'A', 0, 25), STO_RULE_MIN_BALANCE, 'A', 20,
		  "a redemption, marked");
	passes(&w, "{\"rule\":\"min_balance\",\"amount\":\"10\"," EXEMPT_A "}", transfer(25),
		   "an exempt sender");
	fails(&w, "{\"rule\":\"min_balance\",\"amount\":\"10\"," EXEMPT_B "}", transfer(25),
		  STO_RULE_MIN_BALANCE, 'A', 20, "an exempt receiver, with a sender who isn't");
	says(&w, rule, transfer(21), STO_ABOUT_SENDER, "10", "9",
		 "The sender would be left with too little, and not with nothing.");
}

static void
set_country(World *w, char letter, const char *country)
{
	memcpy(w->residence[letter - 'A'], country, 2);
}

static void
test_max_holders(void)
{
	static World w;
	const char *two = "{\"rule\":\"max_holders\",\"count\":2}";
	const char *three = "{\"rule\":\"max_holders\",\"count\":3}";
	const char *each = "{\"rule\":\"max_holders\",\"count\":1,\"by\":\"country\"}";
	const char *one = "{\"rule\":\"max_holders\",\"count\":1,\"by\":\"country\",\"value\":\"US\"}";
	const char *retail = "{\"rule\":\"max_holders\",\"count\":1,\"by\":\"class\","
						 "\"value\":\"retail\"}";

	w.total['A' - 'A'] = 30;
	w.total['C' - 'A'] = 4;
	passes(&w, three, transfer(5), "a third");
	fails(&w, two, transfer(5), STO_RULE_MAX_HOLDERS, 'B', 0, "a third where two may be");
	passes(&w, two, transfer(30), "one leaves as another comes");
	passes(&w, two, move_of(STO_TRANSFER, 'A', 'C', 5), "no new one");
	w.changing = 0;
	passes(&w, two, move_of(STO_ISSUE, 0, 'C', 5), "no new one, in an issue");
	CHECK_AS(w.changing == 0, "holders are not asked for if nothing changes them");
	fails(&w, two, move_of(STO_ISSUE, 0, 'B', 5), STO_RULE_MAX_HOLDERS, 'B', 0, "in an issue");
	passes(&w, "{\"rule\":\"max_holders\",\"count\":2," EXEMPT_B "}", transfer(5),
		   "an exempt receiver");
	says(&w, two, transfer(5), STO_ABOUT_TOKEN, "2", "3", "There would be too many holders.");

	set_country(&w, 'A', "AE");
	set_country(&w, 'B', "AE");
	set_country(&w, 'C', "US");
	fails(&w, each, transfer(5), STO_RULE_MAX_HOLDERS, 'B', 0, "the second of a country");
	passes(&w, each, transfer(30), "the first of it leaves");
	fails(&w, each, move_of(STO_TRANSFER, 'C', 'B', 4), STO_RULE_MAX_HOLDERS, 'B', 0,
		  "who leaves is of another country");
	passes(&w, each, move_of(STO_TRANSFER, 'A', 'D', 5), "the first of whom no country is stated");
	w.total['E' - 'A'] = 1;
	fails(&w, each, move_of(STO_TRANSFER, 'A', 'D', 5), STO_RULE_MAX_HOLDERS, 'D', 0,
		  "the second of those");
	says(&w, each, transfer(5), STO_ABOUT_TOKEN, "1", "2",
		 "There would be too many holders of the receiver's country.");
	passes(&w, one, transfer(5), "another country than that of the rule");
	set_country(&w, 'B', "US");
	fails(&w, one, transfer(5), STO_RULE_MAX_HOLDERS, 'B', 0, "the rule's country");
	w.classified['B' - 'A'] = (StoRuleClassified){STO_CLASS_RETAIL, false, true, 0, NOON};
	passes(&w, retail, transfer(5), "the first of a class");
	w.classified['C' - 'A'].klass = STO_CLASS_RETAIL;
	fails(&w, retail, transfer(5), STO_RULE_MAX_HOLDERS, 'B', 0,
		  "of a class as last stated, in force or not");
	passes(&w, retail, move_of(STO_HOLD, 'A', 0, 5), "a hold without beneficiary");
	fails(&w, retail, move_of(STO_HOLD, 'A', 'B', 5), STO_RULE_MAX_HOLDERS, 'B', 0,
		  "a hold with one");
}

static void
test_min_holders(void)
{
	static World w;
	const char *two = "{\"rule\":\"min_holders\",\"count\":2}";
	const char *redeem = "{\"rule\":\"min_holders\",\"count\":2,\"kinds\":[\"redeem\"]}";
	const char *each = "{\"rule\":\"min_holders\",\"count\":1,\"by\":\"country\"}";
	const char *us = "{\"rule\":\"min_holders\",\"count\":1,\"by\":\"country\",\"value\":\"US\"}";
	const char *retail = "{\"rule\":\"min_holders\",\"count\":1,\"by\":\"class\","
						 "\"value\":\"retail\"}";

	w.total['A' - 'A'] = 30;
	w.total['C' - 'A'] = 4;
	passes(&w, two, move_of(STO_TRANSFER, 'A', 'C', 29), "nobody leaves");
	fails(&w, two, move_of(STO_TRANSFER, 'A', 'C', 30), STO_RULE_MIN_HOLDERS, 'A', 29,
		  "one of two leaves");
	passes(&w, two, transfer(30), "another comes");
	says(&w, two, move_of(STO_TRANSFER, 'A', 'C', 30), STO_ABOUT_TOKEN, "2", "1",
		 "The sender would leave, and too few holders would remain.");
	fails(&w, redeem, move_of(STO_REDEEM, 'A', 0, 30), STO_RULE_MIN_HOLDERS, 'A', 29,
		  "a redemption, marked");
	passes(&w, two, move_of(STO_HOLD, 'A', 0, 30), "a hold without beneficiary");
	passes(&w, "{\"rule\":\"min_holders\",\"count\":2," EXEMPT_A "}",
		   move_of(STO_TRANSFER, 'A', 'C', 30), "an exempt sender");
	w.total['D' - 'A'] = 1;
	passes(&w, two, move_of(STO_TRANSFER, 'A', 'C', 30), "one of three leaves");
	fails(&w, "{\"rule\":\"min_holders\",\"count\":3}", move_of(STO_TRANSFER, 'D', 'C', 1),
		  STO_RULE_MIN_HOLDERS, 'D', 0, "who has one unit");

	set_country(&w, 'A', "AE");
	set_country(&w, 'B', "AE");
	set_country(&w, 'C', "US");
	fails(&w, each, move_of(STO_TRANSFER, 'A', 'C', 30), STO_RULE_MIN_HOLDERS, 'A', 29,
		  "the last of a country");
	says(&w, each, move_of(STO_TRANSFER, 'A', 'C', 30), STO_ABOUT_TOKEN, "1", "0",
		 "The sender would leave, and too few holders of its country would remain.");
	passes(&w, each, transfer(30), "another of it comes");
	fails(&w, each, move_of(STO_TRANSFER, 'A', 'E', 30), STO_RULE_MIN_HOLDERS, 'A', 29,
		  "who comes is of another country");
	passes(&w, us, move_of(STO_TRANSFER, 'A', 'C', 30), "another country than that of the rule");
	fails(&w, us, move_of(STO_TRANSFER, 'C', 'A', 4), STO_RULE_MIN_HOLDERS, 'C', 3,
		  "the rule's country");
	w.classified['C' - 'A'] = (StoRuleClassified){STO_CLASS_RETAIL, false, true, 0, NOON};
	fails(&w, retail, move_of(STO_TRANSFER, 'C', 'A', 4), STO_RULE_MIN_HOLDERS, 'C', 3,
		  "the last of a class");
	passes(&w, retail, move_of(STO_TRANSFER, 'A', 'C', 30), "of another class");
}

static void
test_ownership(void)
{
	static World w;
	const char *max = "{\"rule\":\"ownership_by_claim\",\"by\":\"topic\",\"value\":\"foreign\","
					  "\"max\":4900}";
	const char *min = "{\"rule\":\"ownership_by_claim\",\"by\":\"topic\",\"value\":\"foreign\","
					  "\"min\":2500}";
	const char *max_redeem = "{\"rule\":\"ownership_by_claim\",\"by\":\"topic\","
							 "\"value\":\"foreign\",\"max\":4900,\"kinds\":[\"redeem\"]}";
	const char *min_redeem = "{\"rule\":\"ownership_by_claim\",\"by\":\"topic\","
							 "\"value\":\"foreign\",\"min\":2500,\"kinds\":[\"redeem\"]}";

	know(&w.topics, 'A', "foreign", 0, 0);
	know(&w.topics, 'E', "foreign", 0, 0);
	fails(&w, max, move_of(STO_ISSUE, 0, 'A', 5), STO_RULE_OWNERSHIP_BY_CLAIM, 'A', 0,
		  "the first issue, to the group");
	passes(&w, max, move_of(STO_ISSUE, 0, 'B', 5), "the first issue, to another");
	fails(&w, min, move_of(STO_ISSUE, 0, 'B', 5), STO_RULE_OWNERSHIP_BY_CLAIM, 'B', 0,
		  "the first issue where the group has a minimum");
	w.total['A' - 'A'] = 300;
	w.total['B' - 'A'] = 700;
	passes(&w, max, move_of(STO_TRANSFER, 'B', 'A', 190), "49 % exactly");
	fails(&w, max, move_of(STO_TRANSFER, 'B', 'A', 191), STO_RULE_OWNERSHIP_BY_CLAIM, 'A', 190,
		  "more");
	says(&w, max, move_of(STO_TRANSFER, 'B', 'A', 191), STO_ABOUT_TOKEN, "at most 49.00 %",
		 "491 of 1000",
		 "The share of the holders of topic \"foreign\" would go further out of "
		 "bounds.");
	passes(&w, max, move_of(STO_TRANSFER, 'A', 'E', 300), "within the group");
	passes(&w, max, move_of(STO_TRANSFER, 'B', 'C', 300), "among others");
	/* (300 + a) * 10000 <= (1000 + a) * 4900: a <= 372.5 */
	fails(&w, max, move_of(STO_ISSUE, 0, 'A', 373), STO_RULE_OWNERSHIP_BY_CLAIM, 'A', 372,
		  "an issue to the group");
	passes(&w, min, transfer(50), "25 % exactly");
	fails(&w, min, transfer(51), STO_RULE_OWNERSHIP_BY_CLAIM, 'B', 50, "less");
	says(&w, min, transfer(51), STO_ABOUT_TOKEN, "at least 25.00 %", "249 of 1000",
		 "The share of the holders of topic \"foreign\" would go further out of bounds.");
	/* 300 * 4 >= 1000 + a */
	fails(&w, min, move_of(STO_ISSUE, 0, 'B', 201), STO_RULE_OWNERSHIP_BY_CLAIM, 'B', 200,
		  "an issue to others dilutes the group");
	/* 300 * 10000 <= (1000 - a) * 4900: a <= 387.7 */
	fails(&w, max_redeem, move_of(STO_REDEEM, 'B', 0, 388), STO_RULE_OWNERSHIP_BY_CLAIM, 'B', 387,
		  "a redemption by others");
	/* (300 - a) * 4 >= 1000 - a: a <= 66.7 */
	fails(&w, min_redeem, move_of(STO_REDEEM, 'A', 0, 67), STO_RULE_OWNERSHIP_BY_CLAIM, 'A', 66,
		  "a redemption by the group");
	passes(&w,
		   "{\"rule\":\"ownership_by_claim\",\"by\":\"topic\",\"value\":\"foreign\","
		   "\"max\":1," EXEMPT_A "}",
		   move_of(STO_TRANSFER, 'B', 'A', 191), "an exempt receiver");
	passes(&w, min, move_of(STO_HOLD, 'A', 0, 300), "a hold without beneficiary");

	w.total['A' - 'A'] = 100;
	passes(&w, min_redeem, move_of(STO_REDEEM, 'B', 0, 10), "below it, but nearer by a redemption");
	passes(&w, min, move_of(STO_ISSUE, 0, 'A', 10), "below it, but nearer by an issue");
	w.total['A' - 'A'] = 600;
	w.total['B' - 'A'] = 400;
	passes(&w, max_redeem, move_of(STO_REDEEM, 'A', 0, 10), "above it, but nearer");
	fails(&w, max, move_of(STO_TRANSFER, 'B', 'A', 1), STO_RULE_OWNERSHIP_BY_CLAIM, 'A', 0,
		  "further out");
	passes(&w, max, transfer(1), "nearer");
	passes(&w, max, move_of(STO_TRANSFER, 'B', 'C', 1), "as it is");
	passes(&w, max, move_of(STO_ISSUE, 0, 'B', 1), "nearer, by an issue to others");
	w.total['B' - 'A'] = 0;
	passes(&w, max, move_of(STO_ISSUE, 0, 'A', 1), "all stays all");
	passes(&w, max_redeem, move_of(STO_REDEEM, 'A', 0, 1), "all stays all, redeemed");
	passes(&w, min_redeem, move_of(STO_REDEEM, 'A', 0, 600), "of nothing there is no share");
	w.total['A' - 'A'] = 0;
	w.total['B' - 'A'] = 5;
	passes(&w, min, move_of(STO_ISSUE, 0, 'B', 1), "nothing stays nothing");

	set_country(&w, 'B', "US");
	fails(&w, "{\"rule\":\"ownership_by_claim\",\"by\":\"country\",\"value\":\"US\",\"min\":9000}",
		  move_of(STO_TRANSFER, 'B', 'A', 1), STO_RULE_OWNERSHIP_BY_CLAIM, 'A', 0, "by country");
	w.classified['A' - 'A'].klass = STO_CLASS_RETAIL;
	fails(&w,
		  "{\"rule\":\"ownership_by_claim\",\"by\":\"class\",\"value\":\"retail\",\"max\":4000}",
		  move_of(STO_TRANSFER, 'B', 'A', 3), STO_RULE_OWNERSHIP_BY_CLAIM, 'A', 2, "by class");
}

static void
test_volume(void)
{
	static World w;
	const char *rule = "{\"rule\":\"volume_limit\",\"seconds\":60,\"amount\":\"100\"}";
	const char *share = "{\"rule\":\"volume_limit\",\"seconds\":60,\"share\":1000}";
	const char *redeem = "{\"rule\":\"volume_limit\",\"seconds\":60,\"share\":1000,"
						 "\"kinds\":[\"redeem\"]}";
	StoRuleMove m = transfer(1);

	w.total['A' - 'A'] = 1000;
	know(&w.outflows, 'A', "", NOON - 60 * SECOND, 500);
	know(&w.outflows, 'A', "", NOON - 60 * SECOND + 1, 70);
	know(&w.outflows, 'A', "", NOON, 5);
	passes(&w, rule, transfer(25),
		   "exactly the limit; what is 60 seconds old is out of the window");
	fails(&w, rule, transfer(26), STO_RULE_VOLUME_LIMIT, 'A', 25, "one more");
	fails(&w, rule, move_of(STO_HOLD, 'A', 0, 26), STO_RULE_VOLUME_LIMIT, 'A', 25, "in a hold");
	passes(&w, rule, move_of(STO_TRANSFER, 'A', 'A', 260), "within one party");
	passes(&w, rule, move_of(STO_ISSUE, 0, 'A', 260), "an issue has no sender");
	m.amount = 95;
	m.posted_at = NOON + 60 * SECOND - 1;
	passes(&w, rule, m, "the window has moved on");
	m.amount = 96;
	fails(&w, rule, m, STO_RULE_VOLUME_LIMIT, 'A', 95, "but not so far");
	fails(&w, share, transfer(26), STO_RULE_VOLUME_LIMIT, 'A', 25,
		  "a tenth of what is outstanding");
	/* 75 + a <= (1000 - a) / 10 */
	fails(&w, redeem, move_of(STO_REDEEM, 'A', 0, 23), STO_RULE_VOLUME_LIMIT, 'A', 22,
		  "of what is outstanding after the redemption");
	passes(&w, "{\"rule\":\"volume_limit\",\"seconds\":60,\"amount\":\"1\"," EXEMPT_A "}",
		   transfer(26), "an exempt sender");
	says(&w, rule, transfer(26), STO_ABOUT_SENDER, "100", "101",
		 "The sender would move out too much within 60 seconds.");
}

static void
test_offer(void)
{
	static World w;
	const char *persons = "{\"rule\":\"offer_limits\",\"seconds\":60,\"max_persons\":2}";
	const char *each = "{\"rule\":\"offer_limits\",\"seconds\":60,\"min_each\":\"10\"}";
	const char *total = "{\"rule\":\"offer_limits\",\"seconds\":60,\"max_total\":\"100\"}";
	const char *both = "{\"rule\":\"offer_limits\",\"seconds\":60,\"max_total\":\"100\","
					   "\"min_each\":\"41\"}";
	const char *classes = "{\"rule\":\"offer_limits\",\"seconds\":60,\"classes\":"
						  "[\"professional\"]}";

	know(&w.issues, 'C', "", NOON - 60 * SECOND, 500);
	know(&w.issues, 'A', "", NOON - 1, 30);
	know(&w.issues, 'A', "", NOON - 1, 30);
	passes(&w, persons, move_of(STO_ISSUE, 0, 'B', 5), "the second person");
	know(&w.issues, 'D', "", NOON, 0);
	fails(&w, persons, move_of(STO_ISSUE, 0, 'B', 5), STO_RULE_OFFER_LIMITS, 'B', 0,
		  "the third person");
	passes(&w, persons, move_of(STO_ISSUE, 0, 'A', 5), "one of the two");
	passes(&w, persons, transfer(5), "no issue");
	fails(&w, "{\"rule\":\"offer_limits\",\"seconds\":60,\"max_persons\":1}",
		  move_of(STO_ISSUE, 0, 'A', 5), STO_RULE_OFFER_LIMITS, 'A', 0,
		  "one of the two where one may be");
	passes(&w, each, move_of(STO_ISSUE, 0, 'B', 10), "the least amount");
	fails(&w, each, move_of(STO_ISSUE, 0, 'B', 9), STO_RULE_OFFER_LIMITS, 0, 0, "less");
	passes(&w, total, move_of(STO_ISSUE, 0, 'B', 40), "the whole sum");
	fails(&w, total, move_of(STO_ISSUE, 0, 'B', 41), STO_RULE_OFFER_LIMITS, 0, 40, "more");
	fails(&w, both, move_of(STO_ISSUE, 0, 'B', 45), STO_RULE_OFFER_LIMITS, 0, 0,
		  "what is left is less than the least");
	fails(&w, classes, move_of(STO_ISSUE, 0, 'B', 45), STO_RULE_OFFER_LIMITS, 'B', 0, "no class");
	fails(&w,
		  "{\"rule\":\"offer_limits\",\"seconds\":60,\"max_total\":\"100\",\"classes\":"
		  "[\"professional\"]}",
		  move_of(STO_ISSUE, 0, 'B', 45), STO_RULE_OFFER_LIMITS, 'B', 0, "no class, and too much");
	w.classified['B' - 'A'].klass = STO_CLASS_PROFESSIONAL;
	passes(&w, classes, move_of(STO_ISSUE, 0, 'B', 45), "the right class");
	says(&w, persons, move_of(STO_ISSUE, 0, 'B', 5), STO_ABOUT_TOKEN, "2", "3",
		 "The offer would reach too many persons within 60 seconds.");
	says(&w, total, move_of(STO_ISSUE, 0, 'B', 41), STO_ABOUT_TOKEN, "100", "101",
		 "The offer would raise too much within 60 seconds.");
}

/* Amounts near 2^127: nothing wraps, and shares are exact. */
static void
test_large(void)
{
	static World w;
	StoAmount most = STO_AMOUNT_MAX;
	const char *half = "{\"rule\":\"max_balance\",\"share\":5000}";

	w.total['A' - 'A'] = most;
	/* floor((2^127 - 1) / 2) = 2^126 - 1 */
	passes(&w, half, transfer((most - 1) / 2), "half of everything");
	fails(&w, half, transfer((most - 1) / 2 + 1), STO_RULE_MAX_BALANCE, 'B', (most - 1) / 2,
		  "half of everything and one");
	passes(&w, "{\"rule\":\"max_balance\",\"share\":10000}", transfer(most), "everything");
	w.total['A' - 'A'] = 1;
	w.total['B' - 'A'] = most - 1;
	fails(&w, "{\"rule\":\"max_balance\",\"amount\":\"170141183460469231731687303715884105726\"}",
		  transfer(most), STO_RULE_MAX_BALANCE, 'B', 0, "a sum beyond every amount");
	know(&w.topics, 'B', "us", 0, 0);
	fails(&w, "{\"rule\":\"ownership_by_claim\",\"by\":\"topic\",\"value\":\"us\",\"min\":10000}",
		  move_of(STO_TRANSFER, 'B', 'A', most / 2), STO_RULE_OWNERSHIP_BY_CLAIM, 'A', 0,
		  "a share of 100 %");
}

static void
test_several(void)
{
	static World w;
	StoRuleSet *set = set_of("{\"rule\":\"lock_up\",\"until\":0},"
							 "{\"rule\":\"granularity\",\"units\":\"7\",\"label\":\"sevens\"},"
							 "{\"rule\":\"max_balance\",\"amount\":\"65\"},"
							 "{\"rule\":\"opt_in\"}");
	StoRuleMove m = transfer(69);
	StoRuleOutcome outcome;
	Said said;

	w.total['A' - 'A'] = 100;
	w.opted_in['B' - 'A'] = true;
	CHECK(answer(&w, set, &m, &said, &outcome) == STO_RULES_FAIL && said.count == 2 &&
		  outcome.failing == 2);
	CHECK(said.code == STO_RULE_GRANULARITY && said.number == 2 &&
		  strcmp(said.label, "sevens") == 0 && said.passing == 63);
	CHECK(told_largest(&w, set, &m) == 63);
	w.opted_in['B' - 'A'] = false;
	CHECK(told_largest(&w, set, &m) == 0);
	w.fails = true;
	CHECK(answer(&w, set, &m, &said, &outcome) == STO_RULES_ERROR);
	CHECK(told_largest(&w, set, &m) == -1);
	sto_rules_free(set);

	/* one step for each multiple would never end */
	w.fails = false;
	set = set_of("{\"rule\":\"granularity\",\"units\":\"1000000000000000000000007\"},"
				 "{\"rule\":\"granularity\",\"units\":\"1000000000000000000000009\"}");
	m.amount = STO_AMOUNT_MAX;
	CHECK_AS(told_largest(&w, set, &m) == 0, "no amount is a multiple of both");
	sto_rules_free(set);
	set = set_of("{\"rule\":\"granularity\",\"units\":\"6\"},"
				 "{\"rule\":\"granularity\",\"units\":\"10\"}");
	m.amount = 89;
	CHECK(told_largest(&w, set, &m) == 60);
	sto_rules_free(set);
	set = set_of("");
	CHECK_AS(told_largest(&w, set, &m) == 89, "a set without rules lets everything pass");
	m.amount = 0;
	CHECK(told_largest(&w, set, &m) == 0);
	sto_rules_free(set);
}

/* A fact is asked for once, whatever number of rules reads it. */
static void
test_asked(void)
{
	static World w;
	StoRuleSet *set = set_of("{\"rule\":\"max_balance\",\"amount\":\"65\"},"
							 "{\"rule\":\"max_balance\",\"share\":10000},"
							 "{\"rule\":\"max_balance\",\"share\":9999},"
							 "{\"rule\":\"min_balance\",\"amount\":\"1\"},"
							 "{\"rule\":\"country_deny\",\"countries\":[\"US\"]},"
							 "{\"rule\":\"country_deny\",\"countries\":[\"KZ\"]},"
							 "{\"rule\":\"investor_class\",\"caps\":{\"retail\":\"1\"}},"
							 "{\"rule\":\"investor_class\",\"caps\":{\"professional\":\"1\"}}");
	StoRuleMove m = transfer(5);
	StoRuleOutcome outcome;
	Said said;

	w.total['A' - 'A'] = 100;
	CHECK(answer(&w, set, &m, &said, &outcome) == STO_RULES_PASS);
	CHECK_AS(w.asked == 5, "two totals, outstanding, country and class: %d", w.asked);
	sto_rules_free(set);
}

static uint64_t seed = 20260105;

/* xorshift64 */
static int
random_below(int n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (int) (seed % (uint64_t) n);
}

static void
random_rule(char *out, size_t size)
{
	int n = 1 + random_below(40);

	switch (random_below(11))
	{
		case 0:
			snprintf(out, size, "{\"rule\":\"granularity\",\"units\":\"%d\"}", n);
			break;
		case 1:
			snprintf(out, size, "{\"rule\":\"max_balance\",\"amount\":\"%d\"}", 2 * n);
			break;
		case 2:
			snprintf(out, size, "{\"rule\":\"max_balance\",\"share\":%d}", 250 * n);
			break;
		case 3:
			snprintf(out, size, "{\"rule\":\"min_balance\",\"amount\":\"%d\"%s}", n,
					 random_below(2) == 0 ? "" : ",\"kinds\":[\"redeem\",\"transfer\"]");
			break;
		case 4:
			snprintf(out, size, "{\"rule\":\"max_holders\",\"count\":%d}", 1 + n % 6);
			break;
		case 5:
			snprintf(out, size, "{\"rule\":\"min_holders\",\"count\":%d%s}", 1 + n % 4,
					 random_below(2) == 0 ? "" : ",\"kinds\":[\"redeem\",\"transfer\"]");
			break;
		case 6:
			snprintf(out, size,
					 "{\"rule\":\"ownership_by_claim\",\"by\":\"topic\",\"value\":\"t\","
					 "\"min\":%d,\"max\":%d,\"kinds\":[\"issue\",\"redeem\",\"transfer\"]}",
					 50 * n, 10000 - 150 * n);
			break;
		case 7:
			snprintf(out, size,
					 "{\"rule\":\"volume_limit\",\"seconds\":60,\"share\":%d,"
					 "\"kinds\":[\"redeem\",\"transfer\"]}",
					 100 * n);
			break;
		case 8:
			snprintf(out, size, "{\"rule\":\"approval\"}");
			break;
		case 9:
			snprintf(out, size,
					 "{\"rule\":\"travel_rule\",\"threshold\":\"%d\",\"attachment\":true}", n);
			break;
		default:
			snprintf(out, size,
					 "{\"rule\":\"offer_limits\",\"seconds\":60,\"max_total\":\"%d\","
					 "\"min_each\":\"%d\"}",
					 2 * n, 1 + n / 4);
			break;
	}
}

static void
random_world(World *w)
{
	memset(w, 0, sizeof(*w));
	for (int i = 0; i < 5; i++)
		w->total[i] = random_below(3) == 0 ? 0 : random_below(50);
	for (int i = 0; i < 5; i++)
		if (random_below(2) == 0)
			know(&w->topics, (char) ('A' + i), "t", 0, 0);
	for (int i = 0; i < 4; i++)
	{
		know(&w->outflows, (char) ('A' + i), "", NOON - random_below(70) * SECOND, random_below(9));
		know(&w->issues, (char) ('A' + i), "", NOON - random_below(70) * SECOND, random_below(9));
		w->approvals[w->approval_count++] =
			(Approved){i + 1, ISSUER, 0, 0, 1 + random_below(60), random_below(2) == 0};
	}
}

/* Of every failing rule the amount that it names, and of whole sets the largest: by trying. */
static void
test_random(void)
{
	static const StoKind kinds[] = {STO_TRANSFER, STO_ISSUE, STO_REDEEM, STO_POST};
	int wrong = 0;
	int failing = 0;

	for (int round = 0; round < 20000; round++)
	{
		World w;
		char rules[4 * 300] = "";
		int count = round % 2 == 0 ? 1 : 1 + random_below(4);
		StoKind kind = kinds[random_below(4)];
		StoRuleMove m = move_of(kind, kind == STO_ISSUE ? 0 : (char) ('A' + random_below(5)),
								kind == STO_REDEEM ? 0 : (char) ('A' + random_below(5)), 0);
		StoRuleSet *set;
		StoRuleOutcome outcome;
		StoAmount largest;
		Said said;

		random_world(&w);
		m.amount = 1 + random_below(60);
		for (int i = 0; i < count; i++)
		{
			char rule[300];

			random_rule(rule, sizeof(rule));
			strcat(strcat(rules, i == 0 ? "" : ","), rule);
		}
		set = set_of(rules);
		answer(&w, set, &m, &said, &outcome);
		largest = tried_largest(&w, set, m);
		failing += said.count > 0;
		if (told_largest(&w, set, &m) != largest ||
			(count == 1 && said.count == 1 && said.passing != largest))
		{
			printf("# kind %d, %c to %c, %d: %s: %d passes\n", kind, m.sender[0], m.receiver[0],
				   (int) m.amount, rules, (int) largest);
			wrong++;
		}
		sto_rules_free(set);
	}
	CHECK_AS(wrong == 0 && failing > 5000, "20,000 random sets and entries, %d of them refused",
			 failing);
}

int
main(void)
{
	test_max_balance();
	test_min_balance();
	test_max_holders();
	test_min_holders();
	test_ownership();
	test_volume();
	test_offer();
	test_large();
	test_several();
	test_asked();
	test_random();
	return check_done("rules about amounts and counts");
}
