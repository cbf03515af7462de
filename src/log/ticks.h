/*
 * ticks.h
 *		How long ago, by a clock that nobody sets.
 *
 * Whoever waited until a time of day would wait for an hour more where the
 * machine's clock is set back by an hour.
 */
#ifndef STO_LOG_TICKS_H
#define STO_LOG_TICKS_H

#include "postgres.h"

#include "portability/instr_time.h"

/* Milliseconds since some moment that is the same for all processes of the server. */
static inline int64
sto_ticks(void)
{
	instr_time now;

	INSTR_TIME_SET_CURRENT(now);
	return (int64) INSTR_TIME_GET_MILLISEC(now);
}

/* How long to wait until then, as WaitLatch() takes it. */
static inline long
sto_ticks_left(int64 until)
{
	int64 left = until - sto_ticks();

	return left < 0 ? 0 : (long) Min(left, PG_INT32_MAX);
}

#endif
