/*
 * seen.h
 *		Digests that a test has seen: is this one new?
 */
#ifndef STO_TEST_CORE_SEEN_H
#define STO_TEST_CORE_SEEN_H

#include "core/bytes.h"

#include <string.h>

#define SEEN_MAX 128

static uint8_t seen[SEEN_MAX][STO_DIGEST_LEN];
static int seen_count;

/* Is this digest unlike every one since seen_count was 0?  It is remembered. */
static inline bool
is_new(const uint8_t digest[STO_DIGEST_LEN])
{
	for (int i = 0; i < seen_count; i++)
	{
		if (memcmp(seen[i], digest, STO_DIGEST_LEN) == 0)
			return false;
	}
	if (seen_count == SEEN_MAX)
		return false;
	memcpy(seen[seen_count++], digest, STO_DIGEST_LEN);
	return true;
}

/* In a function change_x(which, x, what): case n of its switch. */
#define CHANGE(n, statement)                                                                       \
	case n:                                                                                        \
		*what = #statement;                                                                        \
		statement;                                                                                 \
		return true

#endif
