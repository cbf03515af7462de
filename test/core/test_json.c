/*
 * test_json.c
 *		The strict reader of JSON: what it reads, and what it refuses.
 */
#include "core/json.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

/* From a copy of exactly that length, so that a read beyond it is seen. */
static StoJson *
parse(const char *text, size_t len, char *why)
{
	char *copy = malloc(len == 0 ? 1 : len);
	StoJson *root;

	memcpy(copy, text, len);
	root = sto_json_parse(copy, len, why);
	free(copy);
	return root;
}

static void
refused(const char *text, const char *wanted)
{
	char why[STO_JSON_WHY_MAX] = "";
	StoJson *root = parse(text, strlen(text), why);

	/* not the text itself: TAP is UTF-8, in lines */
	CHECK_AS(root == NULL && strcmp(why, wanted) == 0, "%s (%s)", wanted, why);
	sto_json_free(root);
}

static void
reads_text(const char *json, const char *wanted)
{
	char why[STO_JSON_WHY_MAX] = "";
	StoJson *root = parse(json, strlen(json), why);

	CHECK_AS(root != NULL && root->type == STO_JSON_TEXT && strcmp(root->text, wanted) == 0,
			 "%s %s", json, why);
	sto_json_free(root);
}

static void
reads_integer(const char *json, int64_t wanted)
{
	char why[STO_JSON_WHY_MAX] = "";
	StoJson *root = parse(json, strlen(json), why);

	CHECK_AS(root != NULL && root->type == STO_JSON_INTEGER && root->integer == wanted, "%s %s",
			 json, why);
	sto_json_free(root);
}

static void
test_values(void)
{
	const char *json = " {\"a\" : [ 1, true , false,null,\"x\" ] ,\"b\":{},\"c\":[]}\n";
	char why[STO_JSON_WHY_MAX] = "";
	StoJson *root = parse(json, strlen(json), why);
	const StoJson *a;

	CHECK(root != NULL && root->type == STO_JSON_OBJECT && root->count == 3);
	if (root == NULL)
		return;
	a = root->first;
	CHECK(strcmp(a->name, "a") == 0 && a->type == STO_JSON_ARRAY && a->count == 5);
	CHECK(a->first->type == STO_JSON_INTEGER && a->first->integer == 1 && a->first->name == NULL);
	CHECK(a->first->next->type == STO_JSON_BOOLEAN && a->first->next->flag);
	CHECK(a->first->next->next->type == STO_JSON_BOOLEAN && !a->first->next->next->flag);
	CHECK(a->first->next->next->next->type == STO_JSON_NULL);
	CHECK(strcmp(a->first->next->next->next->next->text, "x") == 0 &&
		  a->first->next->next->next->next->next == NULL);
	CHECK(strcmp(a->next->name, "b") == 0 && a->next->type == STO_JSON_OBJECT &&
		  a->next->first == NULL);
	CHECK(strcmp(a->next->next->name, "c") == 0 && a->next->next->count == 0 &&
		  a->next->next->next == NULL);
	sto_json_free(root);
}

static void
test_texts(void)
{
	reads_text("\"\"", "");
	reads_text("\"a\\\"b\\\\c\\/d\\b\\f\\n\\r\\t\"", "a\"b\\c/d\b\f\n\r\t");
	reads_text("\"\\u0041\\u00e9\\u20AC\\uD83D\\uDE00.\"",
			   "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80.");
	reads_text("\"\xc3\xa9\xf0\x9f\x98\x80\"", "\xc3\xa9\xf0\x9f\x98\x80");
	refused("\"\\u0000\"", "a character that is zero at octet 7");
	refused("\"\\uD83D\"", "half a surrogate pair at octet 7");
	refused("\"\\uD83Dx\"", "half a surrogate pair at octet 7");
	refused("\"\\uD83D\\u0041\"", "half a surrogate pair at octet 13");
	refused("\"\\uDE00\"", "half a surrogate pair at octet 7");
	refused("\"\\u00g0\"", "an escape without four hexadecimal digits at octet 3");
	refused("\"\\u00", "an escape without four hexadecimal digits at octet 3");
	refused("\"\\x\"", "an unknown escape at octet 2");
	refused("\"\\", "an unknown escape at octet 2");
	refused("\"abc", "a text without end at octet 4");
	refused("\"a\nb\"", "a control character in a text at octet 2");
	refused("\"\xff\"", "octets that are not UTF-8 at octet 1");
	refused("\"\xc0\x80\"", "octets that are not UTF-8 at octet 1");
	refused("\"\xed\xa0\x80\"", "octets that are not UTF-8 at octet 1");
	refused("\"\xe2\x82", "octets that are not UTF-8 at octet 1");
}

static void
test_numbers(void)
{
	reads_integer("0", 0);
	reads_integer("-1", -1);
	reads_integer("10", 10);
	reads_integer("9223372036854775807", INT64_MAX);
	reads_integer("-9223372036854775808", INT64_MIN);
	refused("9223372036854775808", "a number beyond 64 bits at octet 19");
	refused("-9223372036854775809", "a number beyond 64 bits at octet 19");
	refused("123456789012345678901234567890", "a number beyond 64 bits at octet 19");
	refused("-0", "a number that begins with a needless 0 or is -0 at octet 2");
	refused("01", "a number that begins with a needless 0 or is -0 at octet 2");
	refused("1.0", "a number with fraction or exponent at octet 1");
	refused("1e2", "a number with fraction or exponent at octet 1");
	refused("-", "an unknown word at octet 1");
	refused("+1", "an unknown word at octet 0");
	refused("NaN", "an unknown word at octet 0");
}

static void
test_structure(void)
{
	char deep[2 * STO_JSON_DEPTH_MAX + 3];
	char wide[1200] = "{";
	char why[STO_JSON_WHY_MAX];
	StoJson *root;

	refused("", "a value was expected at octet 0");
	refused("  ", "a value was expected at octet 2");
	refused("{", "a name was expected at octet 1");
	refused("{\"a\"", "a colon was expected at octet 4");
	refused("{\"a\":", "a value was expected at octet 5");
	refused("{\"a\":1", "a comma or an end was expected at octet 6");
	refused("{\"a\":1,}", "a name was expected at octet 7");
	refused("{a:1}", "a name was expected at octet 1");
	refused("{\"a\":1,\"a\":1}", "a name that was there before at octet 10");
	refused("{\"a\":1,\"\\u0061\":1}", "a name that was there before at octet 15");
	refused("[1,]", "an unknown word at octet 3");
	refused("[1 2]", "a comma or an end was expected at octet 3");
	refused("[1}", "a comma or an end was expected at octet 2");
	refused("1 2", "more after the end at octet 2");
	refused("truex", "more after the end at octet 4");
	refused("/* */1", "an unknown word at octet 0");
	CHECK(parse("1\0", 2, why) == NULL && parse("\0", 1, why) == NULL);

	memset(deep, '[', STO_JSON_DEPTH_MAX + 1);
	memset(deep + STO_JSON_DEPTH_MAX + 1, ']', STO_JSON_DEPTH_MAX + 1);
	deep[sizeof(deep) - 1] = '\0';
	refused(deep, "too many levels at octet 13");
	root = parse(deep + 1, 2 * STO_JSON_DEPTH_MAX, why);
	CHECK(root != NULL);
	sto_json_free(root);

	for (int i = 0; i <= STO_JSON_MEMBERS_MAX; i++)
		sprintf(wide + strlen(wide), "%s\"k%02d\":%d", i == 0 ? "" : ",", i, i);
	refused(wide, "an object with more than 64 names at octet 567");
}

int
main(void)
{
	test_values();
	test_texts();
	test_numbers();
	test_structure();
	return check_done("JSON");
}
