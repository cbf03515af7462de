/*
 * test_amount.c
 *		Amounts: text form at the edges, arithmetic that never wraps.
 */
#include "core/amount.h"

#include "check.h"

#include <string.h>

#define MAX_TEXT "170141183460469231731687303715884105727"
#define MIN_TEXT "-170141183460469231731687303715884105728"

static void
round_trip(const char *text)
{
	StoAmount v;
	const char *why = NULL;
	char out[STO_AMOUNT_TEXT_MAX];
	bool ok = sto_amount_parse(text, strlen(text), &v, &why);

	CHECK_AS(ok, "\"%s\"", text);
	CHECK_AS(ok && sto_amount_print(v, out) == strlen(text) && strcmp(out, text) == 0, "\"%s\"",
			 text);
}

static void
refused(const char *text, bool out_of_range)
{
	StoAmount v = 42;
	const char *why = NULL;

	CHECK_AS(!sto_amount_parse(text, strlen(text), &v, &why) && v == 42 && why != NULL &&
				 (why == sto_amount_out_of_range) == out_of_range,
			 "\"%s\"", text);
}

static bool
parses_as(const char *text, StoAmount wanted)
{
	StoAmount v;
	const char *why;

	return sto_amount_parse(text, strlen(text), &v, &why) && v == wanted;
}

static void
test_text(void)
{
	char text[STO_AMOUNT_TEXT_MAX];

	round_trip("0");
	round_trip("1");
	round_trip("-1");
	round_trip("9223372036854775807");
	round_trip("-9223372036854775809");
	round_trip("18446744073709551616");
	round_trip("999999999999999999");
	round_trip("1000000000000000000");
	round_trip("-1000000000000000001");
	round_trip("1000000000000000000000000000000000000");
	round_trip(MAX_TEXT);
	round_trip(MIN_TEXT);
	/* every power of ten and its neighbours */
	for (StoAmount p = 1, i = 0; i < 39; i++, p = i < 39 ? p * 10 : p)
	{
		for (int d = -1; d <= 1; d++)
		{
			sto_amount_print(p + d, text);
			CHECK_AS(parses_as(text, p + d), "\"%s\"", text);
			sto_amount_print(-p + d, text);
			CHECK_AS(parses_as(text, -p + d), "\"%s\"", text);
		}
	}

	CHECK_AS(parses_as("+5", 5), "plus sign");
	CHECK_AS(parses_as("-0", 0), "minus zero");
	CHECK_AS(parses_as("0000000000000000000000000000000000000000000000000007", 7), "leading zeros");
	CHECK_AS(parses_as(MAX_TEXT, STO_AMOUNT_MAX), "maximum");
	CHECK_AS(parses_as(MIN_TEXT, STO_AMOUNT_MIN), "minimum");

	refused("", false);
	refused("-", false);
	refused("+", false);
	refused("--1", false);
	refused("+-1", false);
	refused(" 1", false);
	refused("1 ", false);
	refused("1.0", false);
	refused("1e3", false);
	refused("0x10", false);
	refused("1_000", false);
	refused("NaN", false);
	refused("\xd9\xa1", false); /* ARABIC-INDIC DIGIT ONE */
	refused("99999999999999999999999999999999999999999999999999x", false);
	refused("170141183460469231731687303715884105728", true);
	refused("-170141183460469231731687303715884105729", true);
	refused("340282366920938463463374607431768211456", true); /* 2^128 */
	refused("340282366920938463463374607431768211457", true);
	refused("1000000000000000000000000000000000000000", true);
	refused("99999999999999999999999999999999999999999999999999", true);
}

/* *out is untouched by a refusal */
#define OVERFLOWS(function, a, b)                                                                  \
	do                                                                                             \
	{                                                                                              \
		StoAmount r = 42;                                                                          \
		CHECK_AS(!sto_amount_##function(a, b, &r) && r == 42, "%s", #function "(" #a ", " #b ")"); \
	} while (0)
#define GIVES(function, a, b, wanted)                                                              \
	do                                                                                             \
	{                                                                                              \
		StoAmount r = 42;                                                                          \
		CHECK_AS(sto_amount_##function(a, b, &r) && r == (wanted), "%s",                           \
				 #function "(" #a ", " #b ")");                                                    \
	} while (0)

static void
test_arithmetic(void)
{
	const StoAmount max = STO_AMOUNT_MAX;
	const StoAmount min = STO_AMOUNT_MIN;
	const StoAmount two64 = (StoAmount) 1 << 64;

	GIVES(add, max, 0, max);
	GIVES(add, max - 1, 1, max);
	GIVES(add, min, max, -1);
	GIVES(add, min + 1, -1, min);
	OVERFLOWS(add, max, 1);
	OVERFLOWS(add, max, max);
	OVERFLOWS(add, min, -1);
	OVERFLOWS(add, min, min);

	GIVES(sub, 0, max, -max);
	GIVES(sub, -1, max, min);
	GIVES(sub, -1, min, max);
	GIVES(sub, min, min, 0);
	OVERFLOWS(sub, 0, min);
	OVERFLOWS(sub, min, 1);
	OVERFLOWS(sub, max, -1);

	GIVES(mul, 0, min, 0);
	GIVES(mul, min, 0, 0);
	GIVES(mul, min, 1, min);
	GIVES(mul, 1, min, min);
	GIVES(mul, max, -1, -max);
	GIVES(mul, two64, two64 / 4, (StoAmount) 1 << 126);
	GIVES(mul, two64, -(two64 / 2), min);
	GIVES(mul, -two64, two64 / 2, min);
	GIVES(mul, -7, -6, 42);
	GIVES(mul, -7, 6, -42);
	OVERFLOWS(mul, min, -1);
	OVERFLOWS(mul, -1, min);
	OVERFLOWS(mul, two64, two64 / 2);
	OVERFLOWS(mul, -two64, -(two64 / 2));
	OVERFLOWS(mul, -two64, two64 / 2 + 1);
	OVERFLOWS(mul, max, 2);
	OVERFLOWS(mul, max, max);
	OVERFLOWS(mul, min, min);
}

/* v * times / per, as sto_amount_scale() rounds it; -1 if it is out of range. */
static StoAmount
scale(StoAmount v, StoAmount times, StoAmount per, bool up)
{
	StoAmount r;

	return sto_amount_scale(v, times, per, up, &r) ? r : -1;
}

static void
test_scale(void)
{
	const StoAmount max = STO_AMOUNT_MAX;
	const StoAmount two63 = (StoAmount) 1 << 63;

	CHECK(scale(3, 100, 3, true) == 100 && scale(3, 100, 3, false) == 100);
	CHECK(scale(1, 100, 3, true) == 34 && scale(1, 100, 3, false) == 33);
	CHECK(scale(4, 100, 3, true) == 134 && scale(5, 100, 3, false) == 166);
	CHECK(scale(0, 100, 3, true) == 0 && scale(7, 1, 1, true) == 7);
	CHECK(scale(max, 1, 1, true) == max && scale(max, 1, 2, true) == max / 2 + 1);
	CHECK(scale(max, 2, 1, true) == -1 && scale(max / 2 + 1, 2, 1, true) == -1);
	CHECK(scale(max / 2, 2, 1, true) == max - 1);
	/* v * times is out of range, what comes of it is not */
	CHECK(scale(max - 1, two63, two63, true) == max - 1);
	CHECK(scale(max, two63 - 1, two63, true) == max / two63 * (two63 - 1) + two63 - 1);
	CHECK(scale(max, 1, max, true) == 1 && scale(max - 1, 1, max, true) == 1);
	CHECK(scale(max - 1, 1, max, false) == 0);
	CHECK(scale(max, 3, 3, true) == max);
}

int
main(void)
{
	test_text();
	test_arithmetic();
	test_scale();
	return check_done("amount");
}
