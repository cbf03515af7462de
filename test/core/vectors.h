/*
 * vectors.h
 *		One vector of docs/format.md at a time, as lines: its values by name.
 */
#ifndef STO_TEST_CORE_VECTORS_H
#define STO_TEST_CORE_VECTORS_H

#include "core/amount.h"
#include "core/message.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

#define LINES_MAX 64
#define BYTES_MAX 8192

/* One block "vector SHAPE" ... "end". */
static char *names[LINES_MAX];
static char *values[LINES_MAX];
static int lines;
static char title[256];

static const char *
value_at(const char *name, int which)
{
	for (int i = 0; i < lines; i++)
		if (strcmp(names[i], name) == 0 && which-- == 0)
			return values[i];
	return NULL;
}

static const char *
value_of(const char *name)
{
	return value_at(name, 0);
}

/* Octets of a hex value; false if the line is absent. */
static bool
octets_of(const char *name, uint8_t *out, size_t len)
{
	const char *text = value_of(name);

	if (text == NULL)
		return false;
	CHECK_AS(sto_hex_decode(text, strlen(text), out, len), "%s: %s is hex", title, name);
	return true;
}

static size_t
long_octets_of(const char *name, uint8_t out[BYTES_MAX])
{
	const char *text = value_of(name);
	size_t len = text == NULL ? 0 : strlen(text) / 2;

	CHECK(len <= BYTES_MAX);
	if (len > 0)
		CHECK(sto_hex_decode(text, strlen(text), out, len));
	return len;
}

static bool
i64_of(const char *name, int64_t *out)
{
	const char *text = value_of(name);

	if (text == NULL)
		return false;
	*out = strtoll(text, NULL, 10);
	return true;
}

static StoAmount
amount_of(const char *name)
{
	const char *text = value_of(name);
	const char *why = NULL;
	StoAmount out = 0;

	CHECK(text != NULL && sto_amount_parse(text, strlen(text), &out, &why));
	return out;
}

/* Are these the octets that the vector gives? */
static void
expect(const char *name, const void *data, size_t len)
{
	static char hex[2 * BYTES_MAX + 1];
	const char *wanted = value_of(name);
	bool fits = wanted != NULL && len <= BYTES_MAX;

	if (fits)
		sto_hex_encode(data, len, hex);
	CHECK_AS(fits && strcmp(hex, wanted) == 0, "%s: %s", title, name);
	if (fits && strcmp(hex, wanted) != 0)
		printf("# got    %s\n# wanted %s\n", hex, wanted);
}

static void
expect_text(const char *name, const char *text)
{
	const char *wanted = value_of(name);

	CHECK_AS(wanted != NULL && strcmp(wanted, text) == 0, "%s: %s", title, name);
}

/* prefix is "", "debit_" or "credit_"; false if the vector has no such side */
static bool
take_side(const char *prefix, StoSide *side, uint8_t salt[STO_DIGEST_LEN])
{
	char name[32];

	memset(side, 0, sizeof(*side));
	snprintf(name, sizeof(name), "%sseq", prefix);
	side->present = i64_of(name, &side->seq);
	if (!side->present)
		return false;
	snprintf(name, sizeof(name), "%sbalance", prefix);
	side->balance = amount_of(name);
	snprintf(name, sizeof(name), "%sheld", prefix);
	side->held = amount_of(name);
	snprintf(name, sizeof(name), "%sprev", prefix);
	side->has_prev = octets_of(name, side->prev, STO_DIGEST_LEN);
	snprintf(name, sizeof(name), "%ssalt", prefix);
	CHECK(octets_of(name, salt, STO_DIGEST_LEN));
	return true;
}

#endif
