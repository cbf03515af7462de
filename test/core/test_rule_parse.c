/*
 * test_rule_parse.c
 *		Rule sets as they are written: every field, every limit, and what is said of
 *		sets that are wrong.
 */
#include "rule_fixture.h"

#define A_UUID "41414141-4141-4141-4141-414141414141"
#define B_UUID "42424242-4242-4242-4242-424242424242"
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* From a copy of exactly that length, so that a read beyond it is seen. */
static StoRuleSet *
parse(const char *body, char why[STO_RULE_WHY_MAX])
{
	size_t len = strlen(body);
	char *copy = malloc(len == 0 ? 1 : len);
	StoRuleSet *set;

	memcpy(copy, body, len);
	set = sto_rules_parse(copy, len, why);
	free(copy);
	return set;
}

static void
refused_body(const char *body, const char *wanted)
{
	char why[STO_RULE_WHY_MAX] = "";
	StoRuleSet *set = parse(body, why);

	CHECK_AS(set == NULL && strcmp(why, wanted) == 0, "%.80s: %s", body, why);
	sto_rules_free(set);
}

static void
refused(const char *rule, const char *wanted)
{
	char body[1000];
	char whole[STO_RULE_WHY_MAX];

	snprintf(body, sizeof(body), "{\"rules\":[{\"rule\":\"opt_in\"},%s]}", rule);
	snprintf(whole, sizeof(whole), "rule 2%s", wanted);
	refused_body(body, whole);
}

static void
test_bodies(void)
{
	char why[STO_RULE_WHY_MAX] = "";
	StoRuleSet *set = parse("{\"rules\":[]}", why);

	CHECK(set != NULL && set->count == 0 && !set->has_from && !set->record_refusals);
	CHECK(set != NULL && sto_rules_effective(set, 5) == 5);
	sto_rules_free(set);
	set = parse("{\"from\":7,\"record_refusals\":true,\"rules\":[{\"rule\":\"opt_in\"}]}", why);
	CHECK(set != NULL && set->count == 1 && set->has_from && set->from == 7 &&
		  set->record_refusals);
	CHECK(set != NULL && sto_rules_effective(set, 5) == 7 && sto_rules_effective(set, 8) == 8);
	sto_rules_free(set);
	refused_body("", "it is not JSON: unexpected token near end of file at octet 0");
	refused_body("[]", "it must be an object");
	refused_body("{}", "\"rules\" is missing");
	refused_body("{\"rules\":{}}", "\"rules\" must be an array");
	refused_body("{\"rules\":[],\"x\":1}", "it has no field \"x\"");
	refused_body("{\"rules\":[],\"from\":\"now\"}", "\"from\" must be a whole number");
	refused_body("{\"rules\":[],\"from\":-300000000000000000}",
				 "\"from\" must be from -210866803200000000 to 9223372036854775807");
	refused_body("{\"rules\":[],\"record_refusals\":1}",
				 "\"record_refusals\" must be true or false");
	refused_body("{\"rules\":[1]}", "rule 1: must be an object");
	refused_body("{\"rules\":[{}]}", "rule 1: \"rule\" is missing");
	refused_body("{\"rules\":[{\"rule\":5}]}", "rule 1: \"rule\" must be a text");
	refused_body("{\"rules\":[{\"rule\":\"no_rule\"}]}", "rule 1: there is no rule \"no_rule\"");
}

/* Every field of every rule, as it is read. */
static void
test_fields(void)
{
	StoRuleSet *set = set_of(
		"{\"rule\":\"country_allow\",\"countries\":[\"AE\",\"ZW\"],\"by\":\"incorporation\","
		"\"side\":\"sender\",\"label\":\"d'\\u00e9t\\u00e9\",\"kinds\":[\"redeem\",\"issue\"],"
		"\"exempt\":[\"" B_UUID "\",\"" A_UUID "\"]},"
		"{\"rule\":\"investor_class\",\"classes\":[\"retail\"],"
		"\"caps\":{\"professional\":\"9\"}},"
		"{\"rule\":\"max_holders\",\"count\":1000000000000,\"by\":\"class\","
		"\"value\":\"market_counterparty\"},"
		"{\"rule\":\"ownership_by_claim\",\"value\":\"KZ\",\"by\":\"country\",\"min\":0,"
		"\"max\":10000},"
		"{\"rule\":\"offer_limits\",\"seconds\":31536000,\"max_persons\":50,\"min_each\":\"1\","
		"\"max_total\":\"170141183460469231731687303715884105727\"},"
		"{\"rule\":\"custom\",\"function\":\"acme.check_1\",\"definition\":\"" HASH "\"},"
		"{\"rule\":\"travel_rule\",\"threshold\":\"1000\",\"originator\":[\"name\",\"a1\"]},"
		"{\"rule\":\"transfer_window\",\"offset_minutes\":-1439,\"list\":\"l\","
		"\"open\":[{\"to\":\"24:00\",\"from\":\"00:00\",\"days\":[7,1]}],"
		"\"closed\":[{\"from\":-5,\"to\":5}]}");
	const StoRule *r = set->rules;

	CHECK(set->count == 8);
	CHECK(r->code == STO_RULE_COUNTRY_ALLOW && r->incorporation && r->side == STO_OF_SENDER);
	CHECK(r->kinds == (1u << STO_ISSUE | 1u << STO_REDEEM) &&
		  strcmp(r->label, "d'\xc3\xa9t\xc3\xa9") == 0);
	CHECK(r->exempt.count == 2 && r->exempt.items[0][0] == 'A' && r->exempt.items[1][0] == 'B');
	CHECK(sto_country_in(&r->countries, "AE") && sto_country_in(&r->countries, "ZW") &&
		  !sto_country_in(&r->countries, "AF") && !sto_country_in(&r->countries, "\0\0"));
	r++;
	CHECK(r->classes == 1u << STO_CLASS_RETAIL && r->caps == 1u << STO_CLASS_PROFESSIONAL &&
		  r->cap[STO_CLASS_PROFESSIONAL] == 9 && r->label == NULL);
	CHECK(r->kinds == (1u << STO_ISSUE | 1u << STO_TRANSFER | 1u << STO_HOLD | 1u << STO_POST));
	r++;
	CHECK(r->count == INT64_C(1000000000000) && r->by == STO_BY_CLASS && r->has_value &&
		  strcmp(r->value, "market_counterparty") == 0);
	r++;
	CHECK(r->by == STO_BY_COUNTRY && r->has_min && r->min == 0 && r->has_max && r->max == 10000);
	r++;
	CHECK(r->kinds == 1u << STO_ISSUE && r->count == 50 && r->seconds == 31536000 &&
		  r->min_each == 1 && r->max_total == (StoAmount) (((unsigned __int128) 1 << 127) - 1));
	r++;
	CHECK(strcmp(r->function, "acme.check_1") == 0 && r->definition[0] == 0x01 &&
		  r->definition[31] == 0xef);
	r++;
	CHECK(r->amount == 1000 && r->originator.count == 2 &&
		  strcmp(r->originator.items[0], "name") == 0 &&
		  strcmp(r->originator.items[1], "a1") == 0 && r->beneficiary.count == 0);
	r++;
	CHECK(r->offset_minutes == -1439 && strcmp(r->list, "l") == 0 && r->hours_count == 1 &&
		  r->hours[0].from == 0 && r->hours[0].to == 1440 &&
		  r->hours[0].days == (1u << 1 | 1u << 7));
	CHECK(r->closed_count == 1 && r->closed[0].from == -5 && r->closed[0].to == 5);
	sto_rules_free(set);
}

static void
test_rules(void)
{
	refused("{\"rule\":\"opt_in\",\"amount\":\"1\"}", " (opt_in): it has no field \"amount\"");
	refused("{\"rule\":\"max_balance\"}", " (max_balance): needs amount or share");
	refused("{\"rule\":\"max_balance\",\"amount\":\"1\",\"share\":1}",
			" (max_balance): needs amount or share, not both");
	refused("{\"rule\":\"max_balance\",\"amount\":1}", " (max_balance): \"amount\" must be a text");
	refused("{\"rule\":\"max_balance\",\"amount\":\"0\"}",
			" (max_balance): \"amount\" must be above zero, without sign or leading zeros");
	refused("{\"rule\":\"max_balance\",\"amount\":\"+1\"}",
			" (max_balance): \"amount\" must be above zero, without sign or leading zeros");
	refused("{\"rule\":\"max_balance\",\"amount\":\"01\"}",
			" (max_balance): \"amount\" must be above zero, without sign or leading zeros");
	refused("{\"rule\":\"max_balance\",\"amount\":\"1.5\"}",
			" (max_balance): \"amount\" is no amount: it is not a whole decimal number");
	refused("{\"rule\":\"max_balance\",\"amount\":\"170141183460469231731687303715884105728\"}",
			" (max_balance): \"amount\" is no amount: it is outside -2^127 to 2^127 - 1");
	refused("{\"rule\":\"max_balance\",\"share\":0}",
			" (max_balance): \"share\" must be from 1 to 10000");
	refused("{\"rule\":\"max_balance\",\"share\":10001}",
			" (max_balance): \"share\" must be from 1 to 10000");
	refused("{\"rule\":\"volume_limit\",\"amount\":\"1\"}",
			" (volume_limit): \"seconds\" is missing");
	refused("{\"rule\":\"volume_limit\",\"seconds\":3155760001,\"amount\":\"1\"}",
			" (volume_limit): \"seconds\" must be from 1 to 3155760000");
	refused("{\"rule\":\"investor_class\"}", " (investor_class): needs caps or classes");
	refused("{\"rule\":\"investor_class\",\"caps\":{}}", " (investor_class): \"caps\" is empty");
	refused("{\"rule\":\"investor_class\",\"caps\":{\"rich\":\"1\"}}",
			" (investor_class): \"caps\": there is no class \"rich\"");
	refused("{\"rule\":\"investor_class\",\"classes\":[]}",
			" (investor_class): \"classes\" is empty");
	refused("{\"rule\":\"investor_class\",\"classes\":[\"retail\",\"retail\"]}",
			" (investor_class): \"classes\" names retail twice");
	refused("{\"rule\":\"max_holders\",\"count\":0}",
			" (max_holders): \"count\" must be from 1 to 1000000000000");
	refused("{\"rule\":\"max_holders\",\"count\":1,\"value\":\"US\"}",
			" (max_holders): \"value\" needs \"by\"");
	refused("{\"rule\":\"min_holders\",\"count\":1,\"value\":\"US\"}",
			" (min_holders): \"value\" needs \"by\"");
	refused("{\"rule\":\"min_holders\",\"count\":1,\"by\":\"topic\",\"value\":\"t\"}",
			" (min_holders): \"by\" can't be \"topic\"");
	refused("{\"rule\":\"max_holders\",\"count\":1,\"by\":\"topic\",\"value\":\"t\"}",
			" (max_holders): \"by\" can't be \"topic\"");
	refused("{\"rule\":\"max_holders\",\"count\":1,\"by\":\"country\",\"value\":\"XX\"}",
			" (max_holders): \"value\": it is no country code of ISO 3166-1");
	refused("{\"rule\":\"max_holders\",\"count\":1,\"by\":\"class\",\"value\":\"US\"}",
			" (max_holders): \"value\" is no class of investors");
	refused("{\"rule\":\"ownership_by_claim\",\"by\":\"topic\",\"value\":\"A b\",\"min\":1}",
			" (ownership_by_claim): \"value\" is no name of a topic");
	refused("{\"rule\":\"ownership_by_claim\",\"by\":\"topic\",\"value\":\"t\"}",
			" (ownership_by_claim): needs max or min");
	refused("{\"rule\":\"ownership_by_claim\",\"by\":\"topic\",\"value\":\"t\",\"min\":2,"
			"\"max\":1}",
			" (ownership_by_claim): \"min\" is above \"max\"");
	refused("{\"rule\":\"ownership_by_claim\",\"by\":\"topic\",\"max\":1}",
			" (ownership_by_claim): \"value\" is missing");
	refused("{\"rule\":\"offer_limits\",\"seconds\":1}",
			" (offer_limits): needs classes, max_persons, max_total or min_each");
	refused("{\"rule\":\"offer_limits\",\"seconds\":1,\"max_persons\":1,\"kinds\":[\"transfer\"]}",
			" (offer_limits): \"kinds\" can only be issue");
	refused("{\"rule\":\"travel_rule\",\"threshold\":\"1\"}",
			" (travel_rule): needs attachment, beneficiary or originator");
	refused("{\"rule\":\"travel_rule\",\"threshold\":\"1\",\"attachment\":false}",
			" (travel_rule): asks for nothing");
	refused("{\"rule\":\"travel_rule\",\"threshold\":\"1\",\"originator\":[\"a\",\"a\"]}",
			" (travel_rule): \"originator\" names a twice");
	refused("{\"rule\":\"venue\",\"parties\":[]}", " (venue): \"parties\" is empty");
	refused("{\"rule\":\"venue\",\"parties\":[\"" A_UUID "\",\"" A_UUID "\"]}",
			" (venue): \"parties\" names a party twice");
	refused("{\"rule\":\"venue\",\"parties\":[\"4141\"]}",
			" (venue): \"parties\" must be a uuid in lower case");
	refused("{\"rule\":\"approval\",\"by\":\"residence\"}",
			" (approval): \"by\" must be a uuid in lower case");
	refused("{\"rule\":\"country_deny\",\"countries\":[\"us\"]}",
			" (country_deny): \"countries\" has \"us\": it has lower-case letters");
	refused("{\"rule\":\"country_deny\",\"countries\":[\"US\",\"US\"]}",
			" (country_deny): \"countries\" names US twice");
	refused("{\"rule\":\"country_deny\",\"countries\":[\"US\"],\"side\":\"both\"}",
			" (country_deny): \"side\" can't be \"both\"");
	refused("{\"rule\":\"country_deny\",\"countries\":[\"US\"],\"by\":\"birth\"}",
			" (country_deny): \"by\" can't be \"birth\"");
	refused("{\"rule\":\"party_list\",\"list\":\"x\"}", " (party_list): \"mode\" is missing");
	refused("{\"rule\":\"party_list\",\"list\":\"X\",\"mode\":\"deny\"}",
			" (party_list): \"list\" must have 1 to 64 lower-case letters, digits and _");
	refused("{\"rule\":\"opt_in\",\"label\":\"\"}",
			" (opt_in): \"label\" must have 1 to 64 octets");
	refused("{\"rule\":\"opt_in\",\"label\":\"a\\nb\"}", " (opt_in): \"label\" must be one line");
	refused("{\"rule\":\"opt_in\",\"kinds\":[]}", " (opt_in): \"kinds\" is empty");
	refused("{\"rule\":\"opt_in\",\"kinds\":[\"force\"]}",
			" (opt_in): \"kinds\" can't be \"force\"");
	refused("{\"rule\":\"opt_in\",\"kinds\":[\"post\",\"post\"]}",
			" (opt_in): \"kinds\" names post twice");
	refused("{\"rule\":\"opt_in\",\"exempt\":\"" A_UUID "\"}",
			" (opt_in): \"exempt\" must be an array");
	refused("{\"rule\":\"look_through\",\"seconds\":1,\"stale\":\"pass\"}",
			" (look_through): \"stale\" can't be \"pass\"");
	refused("{\"rule\":\"custom\",\"function\":\"f\",\"definition\":\"" HASH "\"}",
			" (custom): \"function\" must be schema.name, each of 1 to 63 lower-case letters, "
			"digits and _, no digit first");
	refused("{\"rule\":\"custom\",\"function\":\"a.b.c\",\"definition\":\"" HASH "\"}",
			" (custom): \"function\" must be schema.name, each of 1 to 63 lower-case letters, "
			"digits and _, no digit first");
	refused("{\"rule\":\"custom\",\"function\":\"a.1\",\"definition\":\"" HASH "\"}",
			" (custom): \"function\" must be schema.name, each of 1 to 63 lower-case letters, "
			"digits and _, no digit first");
	refused("{\"rule\":\"custom\",\"function\":\"a.b\",\"definition\":\"" HASH "0\"}",
			" (custom): \"definition\" must have 64 lower-case hexadecimal digits");
}

/* What a client wrote comes back whole, as one line of UTF-8. */
static void
test_shown(void)
{
#define LETTERS_63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"
	refused("{\"rule\":\"opt_in\",\"" LETTERS_63 "\xc3\xa9\":1}",
			" (opt_in): it has no field \"" LETTERS_63 "?\"");
	refused("{\"rule\":\"opt_in\",\"a\\nb\\u007f\xc3\xa9\":1}",
			" (opt_in): it has no field \"a?b?\xc3\xa9\"");
}

static void
test_hours(void)
{
	refused("{\"rule\":\"transfer_window\"}", " (transfer_window): needs closed or open");
	refused("{\"rule\":\"transfer_window\",\"open\":[{\"days\":[1],\"from\":\"09:00\"}]}",
			" (transfer_window): \"open\": \"to\" is missing");
	refused("{\"rule\":\"transfer_window\",\"open\":[{\"days\":[0],\"from\":\"09:00\","
			"\"to\":\"10:00\"}]}",
			" (transfer_window): \"open\": a day must be from 1, Monday, to 7");
	refused("{\"rule\":\"transfer_window\",\"open\":[{\"days\":[2,2],\"from\":\"09:00\","
			"\"to\":\"10:00\"}]}",
			" (transfer_window): \"open\": it names day 2 twice");
	refused("{\"rule\":\"transfer_window\",\"open\":[{\"days\":[1],\"from\":\"9:00\","
			"\"to\":\"10:00\"}]}",
			" (transfer_window): \"open\": \"from\" must be HH:MM");
	refused("{\"rule\":\"transfer_window\",\"open\":[{\"days\":[1],\"from\":900,"
			"\"to\":\"10:00\"}]}",
			" (transfer_window): \"open\": \"from\" must be HH:MM");
	refused("{\"rule\":\"transfer_window\",\"open\":[{\"days\":[1],\"from\":\"09.00\","
			"\"to\":\"10:00\"}]}",
			" (transfer_window): \"open\": \"from\" must be HH:MM");
	refused("{\"rule\":\"transfer_window\",\"open\":[{\"days\":[1],\"from\":\"0a:00\","
			"\"to\":\"10:00\"}]}",
			" (transfer_window): \"open\": \"from\" must be HH:MM");
	refused("{\"rule\":\"transfer_window\",\"open\":[{\"days\":[],\"from\":\"09:00\","
			"\"to\":\"10:00\"}]}",
			" (transfer_window): \"open\": \"days\" must be an array of days");
	refused("{\"rule\":\"transfer_window\",\"open\":[{\"days\":1,\"from\":\"09:00\","
			"\"to\":\"10:00\"}]}",
			" (transfer_window): \"open\": \"days\" must be an array of days");
	refused("{\"rule\":\"transfer_window\",\"open\":[{\"days\":[1],\"from\":\"09:00\","
			"\"to\":\"09:00\"}]}",
			" (transfer_window): \"open\": \"from\" must be before \"to\"; midnight is 00:00 or "
			"24:00");
	refused("{\"rule\":\"transfer_window\",\"open\":[{\"days\":[1],\"from\":\"09:60\","
			"\"to\":\"10:00\"}]}",
			" (transfer_window): \"open\": \"from\" is no time of day");
	refused("{\"rule\":\"transfer_window\",\"open\":[{\"days\":[1],\"from\":\"09:00\","
			"\"to\":\"24:01\"}]}",
			" (transfer_window): \"open\": \"to\" is no time of day");
	refused("{\"rule\":\"transfer_window\",\"open\":[{\"days\":[1],\"from\":\"22:00\","
			"\"to\":\"06:00\"}]}",
			" (transfer_window): \"open\": \"from\" must be before \"to\"; midnight is 00:00 or "
			"24:00");
	refused("{\"rule\":\"transfer_window\",\"closed\":[{\"from\":5,\"to\":5}]}",
			" (transfer_window): \"closed\": \"from\" must be before \"to\"");
	refused("{\"rule\":\"transfer_window\",\"closed\":[{\"from\":5,\"to\":6,\"x\":1}]}",
			" (transfer_window): \"closed\" has no field \"x\"");
	refused("{\"rule\":\"transfer_window\",\"closed\":[5]}",
			" (transfer_window): \"closed\" must be an object");
	refused("{\"rule\":\"transfer_window\",\"offset_minutes\":1440,\"closed\":[{\"from\":5,"
			"\"to\":6}]}",
			" (transfer_window): \"offset_minutes\" must be from -1439 to 1439");
}

/* A body of `count` copies of an item between two texts. */
static char *
repeated(const char *before, const char *item, int count, const char *after)
{
	size_t size = strlen(before) + (size_t) count * (strlen(item) + 20) + strlen(after) + 1;
	char *body = malloc(size);
	size_t len = (size_t) snprintf(body, size, "%s", before);

	for (int i = 0; i < count; i++)
	{
		body[len] = ',';
		len += (size_t) (i > 0);
		len += (size_t) snprintf(body + len, size - len, item, i);
	}
	snprintf(body + len, size - len, "%s", after);
	return body;
}

static void
accepted_up_to(const char *before, const char *item, int most, const char *after,
			   const char *wanted)
{
	char why[STO_RULE_WHY_MAX] = "";
	char *body = repeated(before, item, most, after);
	StoRuleSet *set = parse(body, why);

	CHECK_AS(set != NULL, "%d times %s: %s", most, item, why);
	sto_rules_free(set);
	free(body);
	body = repeated(before, item, most + 1, after);
	refused_body(body, wanted);
	free(body);
}

static void
test_limits(void)
{
	char long_body[STO_RULE_BODY_MAX + 2];
	char why[STO_RULE_WHY_MAX];
	StoRuleSet *set;

	accepted_up_to("{\"rules\":[", "{\"rule\":\"opt_in\",\"label\":\"%d\"}", STO_RULES_MAX, "]}",
				   "\"rules\" has more than 64 rules");
	accepted_up_to("{\"rules\":[{\"rule\":\"venue\",\"parties\":[",
				   "\"00000000-0000-0000-0000-%012d\"", STO_RULE_ITEMS_MAX, "]}]}",
				   "rule 1 (venue): \"parties\" has more than 256 items");
	accepted_up_to("{\"rules\":[{\"rule\":\"travel_rule\",\"threshold\":\"1\",\"originator\":[",
				   "\"%d\"", STO_RULE_ITEMS_MAX, "]}]}",
				   "rule 1 (travel_rule): \"originator\" has more than 256 items");
	accepted_up_to("{\"rules\":[{\"rule\":\"transfer_window\",\"closed\":[",
				   "{\"from\":0,\"to\":1%d}", STO_RULE_ITEMS_MAX, "]}]}",
				   "rule 1 (transfer_window): \"closed\" has more than 256 items");
	memset(long_body, ' ', sizeof(long_body));
	memcpy(long_body, "{\"rules\":[]}", 12);
	set = sto_rules_parse(long_body, STO_RULE_BODY_MAX, why);
	CHECK(set != NULL);
	sto_rules_free(set);
	CHECK(sto_rules_parse(long_body, STO_RULE_BODY_MAX + 1, why) == NULL &&
		  strcmp(why, "it is longer than 60000 octets") == 0);
}

static void
test_names(void)
{
	StoRuleCode code;

	for (int i = STO_RULE_CODE_FIRST; i <= STO_RULE_CODE_LAST; i++)
	{
		const char *name = sto_rule_name((StoRuleCode) i);
		char state[16];

		snprintf(state, sizeof(state), "ST%d", i + 120);
		CHECK_AS(sto_rule_from_name(name, strlen(name), &code) && (int) code == i &&
					 strcmp(sto_rule_state(code), state) == 0,
				 "%d is %s, %s", i, name, state);
	}
	CHECK(sto_rule_name((StoRuleCode) 99) == NULL && sto_rule_name((StoRuleCode) 120) == NULL);
	CHECK(sto_rule_is_ownership(STO_RULE_VOLUME_LIMIT) && !sto_rule_is_ownership(STO_RULE_LOCK_UP));
}

static void
test_moves(void)
{
	static const StoKind enforced[] = {STO_FORCE, STO_RECOVER, STO_REVERSE};
	StoRuleMove m = move_of(STO_TRANSFER, 'A', 'B', 1);

	CHECK(sto_country_bit("AA") == 0 && sto_country_bit("ZZ") == 675 &&
		  sto_country_bit("@A") == -1 && sto_country_bit("[A") == -1 &&
		  sto_country_bit("A@") == -1 && sto_country_bit("A[") == -1);
	for (int i = 0; i < 3; i++)
		CHECK(sto_rule_kind(enforced[i]) == STO_TRANSFER);
	CHECK(sto_rule_kind(STO_POST) == STO_POST && sto_rule_kind(STO_HOLD) == STO_HOLD);
	CHECK(sto_rule_is_outflow(&m) && !sto_rule_within_party(&m));
	m.kind = STO_POST;
	CHECK(sto_rule_is_outflow(&m));
	m.kind = STO_FORCE;
	CHECK(!sto_rule_is_outflow(&m));
	m = move_of(STO_TRANSFER, 'A', 'A', 1);
	CHECK(!sto_rule_is_outflow(&m) && sto_rule_within_party(&m));
	m = move_of(STO_REDEEM, 'A', 0, 1);
	CHECK(!sto_rule_is_outflow(&m) && !sto_rule_within_party(&m));
	CHECK(strcmp(sto_class_name((StoClass) STO_CLASSES), "") == 0 &&
		  strcmp(sto_by_name((StoRuleBy) 4), "") == 0);
}

/* What one rule needs, as letters: see below. */
static void
needs(const char *rule, const char *wanted)
{
	StoRuleSet *set = set_of(rule);
	StoRuleNeeds n;
	char got[16] = "";

	sto_rules_needs(set, &n);
	snprintf(got, sizeof(got), "%s%s%s%s%s%s%s%s%s%s%s%s", n.totals ? "t" : "",
			 n.outstanding ? "o" : "", n.flow_seconds > 0 ? "f" : "",
			 n.issue_seconds > 0 ? "i" : "", n.countries ? "c" : "", n.classes ? "k" : "",
			 n.lists ? "l" : "", n.opt_ins ? "p" : "", n.travel_data ? "d" : "",
			 n.approvals ? "a" : "", n.look_through ? "w" : "", n.custom ? "x" : "");
	CHECK_AS(strcmp(got, wanted) == 0, "%s needs %s", rule, got);
	sto_rules_free(set);
}

static void
test_needs_of_each(void)
{
	needs("{\"rule\":\"country_allow\",\"countries\":[\"US\"]}", "c");
	needs("{\"rule\":\"country_deny\",\"countries\":[\"US\"]}", "c");
	needs("{\"rule\":\"party_list\",\"list\":\"l\",\"mode\":\"deny\"}", "l");
	needs("{\"rule\":\"investor_class\",\"classes\":[\"retail\"]}", "k");
	needs("{\"rule\":\"investor_class\",\"caps\":{\"retail\":\"1\"}}", "tk");
	needs("{\"rule\":\"max_balance\",\"amount\":\"1\"}", "t");
	needs("{\"rule\":\"max_balance\",\"share\":1}", "to");
	needs("{\"rule\":\"min_balance\",\"amount\":\"1\"}", "t");
	needs("{\"rule\":\"min_holders\",\"count\":1}", "t");
	needs("{\"rule\":\"min_holders\",\"count\":1,\"by\":\"country\"}", "tc");
	needs("{\"rule\":\"max_holders\",\"count\":1,\"by\":\"class\"}", "tk");
	needs("{\"rule\":\"ownership_by_claim\",\"by\":\"topic\",\"value\":\"t\",\"min\":1}", "to");
	needs("{\"rule\":\"lock_up\",\"until\":1}", "");
	needs("{\"rule\":\"volume_limit\",\"seconds\":1,\"amount\":\"1\"}", "f");
	needs("{\"rule\":\"volume_limit\",\"seconds\":1,\"share\":1}", "of");
	needs("{\"rule\":\"transfer_window\",\"closed\":[{\"from\":1,\"to\":2}]}", "");
	needs("{\"rule\":\"transfer_window\",\"closed\":[{\"from\":1,\"to\":2}],"
		  "\"list\":\"l\"}",
		  "l");
	needs("{\"rule\":\"granularity\",\"units\":\"2\"}", "");
	needs("{\"rule\":\"approval\"}", "a");
	needs("{\"rule\":\"venue\",\"parties\":[\"" A_UUID "\"]}", "");
	needs("{\"rule\":\"opt_in\"}", "p");
	needs("{\"rule\":\"offer_limits\",\"seconds\":1,\"min_each\":\"1\"}", "");
	needs("{\"rule\":\"offer_limits\",\"seconds\":1,\"classes\":[\"retail\"]}", "k");
	needs("{\"rule\":\"offer_limits\",\"seconds\":1,\"max_total\":\"1\"}", "i");
	needs("{\"rule\":\"travel_rule\",\"threshold\":\"1\",\"attachment\":true}", "");
	needs("{\"rule\":\"travel_rule\",\"threshold\":\"1\",\"beneficiary\":[\"a\"]}", "d");
	needs("{\"rule\":\"look_through\",\"seconds\":1,\"stale\":\"block\"}", "w");
	needs("{\"rule\":\"custom\",\"function\":\"a.b\",\"definition\":\"" HASH "\"}", "x");
}

static void
test_needs(void)
{
	StoRuleNeeds needs;
	StoRuleSet *set =
		set_of("{\"rule\":\"max_holders\",\"count\":5},"
			   "{\"rule\":\"max_balance\",\"share\":5,\"kinds\":[\"issue\"]},"
			   "{\"rule\":\"max_holders\",\"count\":5,\"by\":\"country\"},"
			   "{\"rule\":\"ownership_by_claim\",\"by\":\"topic\",\"value\":\"t\",\"max\":5},"
			   "{\"rule\":\"ownership_by_claim\",\"by\":\"topic\",\"value\":\"t\",\"max\":6},"
			   "{\"rule\":\"volume_limit\",\"seconds\":60,\"amount\":\"1\"},"
			   "{\"rule\":\"volume_limit\",\"seconds\":30,\"amount\":\"1\",\"kinds\":[\"redeem\"]},"
			   "{\"rule\":\"offer_limits\",\"seconds\":90,\"max_persons\":1}");

	sto_rules_needs(set, &needs);
	CHECK(needs.totals && needs.holders && needs.outstanding && needs.by_country &&
		  needs.countries && !needs.by_class && !needs.classes && !needs.lists);
	CHECK(needs.topic_count == 1 && strcmp(needs.topics[0], "t") == 0);
	CHECK(needs.flow_seconds == 60 && needs.issue_seconds == 90);
	sto_rules_needs_of(set, STO_REDEEM, &needs);
	CHECK(!needs.totals && needs.flow_seconds == 30 && needs.issue_seconds == 0 &&
		  needs.topic_count == 0);
	sto_rules_needs_of(set, STO_FORCE, &needs);
	CHECK(needs.totals && needs.flow_seconds == 60 && needs.issue_seconds == 0);
	sto_rules_free(set);
}

int
main(void)
{
	test_bodies();
	test_fields();
	test_rules();
	test_shown();
	test_hours();
	test_limits();
	test_names();
	test_moves();
	test_needs_of_each();
	test_needs();
	return check_done("rule sets as written");
}
