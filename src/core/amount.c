/*
 * amount.c
 *		128-bit whole amounts: text form and arithmetic that never wraps.
 */
#include "amount.h"

const char sto_amount_out_of_range[] = "it is outside -2^127 to 2^127 - 1";

bool
sto_amount_parse(const char *text, size_t len, StoAmount *out, const char **why)
{
	unsigned __int128 limit = (unsigned __int128) STO_AMOUNT_MAX;
	unsigned __int128 v = 0;
	bool negative = false;
	size_t i = 0;

	if (len > 0 && (text[0] == '-' || text[0] == '+'))
	{
		negative = text[0] == '-';
		i = 1;
	}
	if (i == len)
	{
		*why = "it has no digits";
		return false;
	}
	if (negative)
		limit += 1;
	/* Every character is looked at before the range is: "9…9x" is not a number, however long. */
	for (size_t j = i; j < len; j++)
	{
		if (text[j] < '0' || text[j] > '9')
		{
			*why = "it is not a whole decimal number";
			return false;
		}
	}
	for (; i < len; i++)
	{
		unsigned digit = (unsigned) (text[i] - '0');

		if (v > (limit - digit) / 10)
		{
			*why = sto_amount_out_of_range;
			return false;
		}
		v = v * 10 + digit;
	}
	if (!negative)
		*out = (StoAmount) v;
	else if (v == limit)
		*out = STO_AMOUNT_MIN; /* whose magnitude no positive amount has */
	else
		*out = -(StoAmount) v;
	return true;
}

size_t
sto_amount_print(StoAmount v, char out[STO_AMOUNT_TEXT_MAX])
{
	char digits[STO_AMOUNT_TEXT_MAX];
	size_t n = 0;
	size_t len = 0;
	unsigned __int128 magnitude = (unsigned __int128) v;

	if (v < 0)
	{
		magnitude = -magnitude;
		out[len++] = '-';
	}
	do
	{
		/* 128-bit division is slow: take 18 digits at a time */
		uint64_t low = (uint64_t) (magnitude % 1000000000000000000U);

		magnitude /= 1000000000000000000U;
		for (int i = 0; i < 18 && (magnitude != 0 || low != 0); i++)
		{
			digits[n++] = (char) ('0' + low % 10);
			low /= 10;
		}
	} while (magnitude != 0);
	if (n == 0)
		digits[n++] = '0';
	while (n > 0)
		out[len++] = digits[--n];
	out[len] = '\0';
	return len;
}

bool
sto_amount_add(StoAmount a, StoAmount b, StoAmount *out)
{
	StoAmount r;

	if (__builtin_add_overflow(a, b, &r))
		return false;
	*out = r;
	return true;
}

bool
sto_amount_sub(StoAmount a, StoAmount b, StoAmount *out)
{
	StoAmount r;

	if (__builtin_sub_overflow(a, b, &r))
		return false;
	*out = r;
	return true;
}

/*
 * Not __builtin_mul_overflow: clang turns that on 128 bits into a call of
 * __muloti4, which libgcc doesn't have.
 */
bool
sto_amount_mul(StoAmount a, StoAmount b, StoAmount *out)
{
	unsigned __int128 ma = a < 0 ? -(unsigned __int128) a : (unsigned __int128) a;
	unsigned __int128 mb = b < 0 ? -(unsigned __int128) b : (unsigned __int128) b;
	unsigned __int128 limit = (unsigned __int128) STO_AMOUNT_MAX;
	unsigned __int128 r;
	bool negative = (a < 0) != (b < 0);

	if (negative)
		limit += 1;
	if (mb != 0 && ma > limit / mb)
		return false;
	r = ma * mb;
	if (!negative)
		*out = (StoAmount) r;
	else if (r == limit)
		*out = STO_AMOUNT_MIN;
	else
		*out = -(StoAmount) r;
	return true;
}

bool
sto_amount_scale(StoAmount v, StoAmount times, StoAmount per, bool up, StoAmount *out)
{
	/* below per * times, which fits */
	StoAmount part = v % per * times;
	StoAmount whole;

	return sto_amount_mul(v / per, times, &whole) &&
		   sto_amount_add(whole, part / per + (up && part % per != 0), out);
}
