/*
 * test_json.c
 *		What is read of JSON, and what is refused.
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
	refused("\"\\u0000\"", "\\u0000 is not allowed without JSON_ALLOW_NUL at octet 8");
	refused("\"\\uD83D\"", "invalid Unicode '\\uD83D' at octet 8");
	refused("\"\\uD83Dx\"", "invalid Unicode '\\uD83D' at octet 9");
	refused("\"\\uD83D\\u0041\"", "invalid Unicode '\\uD83D\\u0041' at octet 14");
	refused("\"\\uDE00\"", "invalid Unicode '\\uDE00' at octet 8");
	refused("\"\\u00g0\"", "invalid escape at octet 6");
	refused("\"\\u00", "invalid escape at octet 5");
	refused("\"\\x\"", "invalid escape at octet 3");
	refused("\"\\", "invalid escape at octet 2");
	refused("\"abc", "premature end of input at octet 4");
	refused("\"a\nb\"", "unexpected newline at octet 2");
	refused("\"\xff\"", "unable to decode byte 0xff at octet 1");
	refused("\"\xc0\x80\"", "unable to decode byte 0xc0 at octet 1");
	refused("\"\xed\xa0\x80\"", "unable to decode byte 0xed at octet 1");
	refused("\"\xe2\x82", "unable to decode byte 0xe2 at octet 1");
}

static void
test_numbers(void)
{
	reads_integer("0", 0);
	reads_integer("-1", -1);
	reads_integer("10", 10);
	reads_integer("9223372036854775807", INT64_MAX);
	reads_integer("-9223372036854775808", INT64_MIN);
	refused("9223372036854775808", "too big integer at octet 19");
	refused("-9223372036854775809", "too big negative integer at octet 20");
	refused("123456789012345678901234567890", "too big integer at octet 30");
	refused("-0", "a number that is written -0");
	refused("01", "invalid token at octet 1");
	refused("1.0", "a number with fraction or exponent");
	refused("1e2", "a number with fraction or exponent");
	refused("-", "invalid token at octet 1");
	refused("+1", "invalid token at octet 1");
	refused("NaN", "invalid token at octet 3");
}

static void
test_structure(void)
{
	char deep[2 * STO_JSON_DEPTH_MAX + 3];
	char wide[1200] = "{";
	char why[STO_JSON_WHY_MAX];
	StoJson *root;

	refused("", "unexpected token near end of file at octet 0");
	refused("  ", "unexpected token near end of file at octet 2");
	refused("{", "string or '}' expected near end of file at octet 1");
	refused("{\"a\"", "':' expected near end of file at octet 4");
	refused("{\"a\":", "unexpected token near end of file at octet 5");
	refused("{\"a\":1", "'}' expected near end of file at octet 6");
	refused("{\"a\":1,}", "string or '}' expected at octet 8");
	refused("{a:1}", "string or '}' expected at octet 2");
	refused("{\"a\":1,\"a\":1}", "duplicate object key at octet 10");
	refused("{\"a\":1,\"\\u0061\":1}", "duplicate object key at octet 15");
	refused("[1,]", "unexpected token at octet 4");
	refused("[1 2]", "']' expected at octet 4");
	refused("[1}", "']' expected at octet 3");
	refused("1 2", "end of file expected at octet 3");
	refused("truex", "invalid token at octet 5");
	refused("/* */1", "invalid token at octet 1");
	CHECK(parse("1\0", 2, why) == NULL && parse("\0", 1, why) == NULL);

	memset(deep, '[', STO_JSON_DEPTH_MAX + 1);
	memset(deep + STO_JSON_DEPTH_MAX + 1, ']', STO_JSON_DEPTH_MAX + 1);
	deep[sizeof(deep) - 1] = '\0';
	refused(deep, "too many levels");
	root = parse(deep + 1, 2 * STO_JSON_DEPTH_MAX, why);
	CHECK(root != NULL);
	sto_json_free(root);

	for (int i = 0; i <= STO_JSON_MEMBERS_MAX; i++)
		sprintf(wide + strlen(wide), "%s\"k%02d\":%d", i == 0 ? "" : ",", i, i);
	strcat(wide, "}");
	refused(wide, "an object with more than 64 names");
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
