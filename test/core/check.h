/*
 * check.h
 *		The least a test program needs to speak TAP.
 *
 * CHECK names a check by its own text, CHECK_AS by a format.  The plan comes
 * last, so that a program that stops half-way fails.
 */
#ifndef STO_TEST_CORE_CHECK_H
#define STO_TEST_CORE_CHECK_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int check_count;
static int check_failures;

__attribute__((format(printf, 4, 5))) static inline void
check_report(bool good, const char *file, int line, const char *format, ...)
{
	va_list args;

	check_count++;
	printf("%s %d - ", good ? "ok" : "not ok", check_count);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	if (!good)
	{
		check_failures++;
		printf("# failed at %s:%d\n", file, line);
	}
	fflush(stdout);
}

#define CHECK(condition) check_report((condition), __FILE__, __LINE__, "%s", #condition)
#define CHECK_AS(condition, ...) check_report((condition), __FILE__, __LINE__, __VA_ARGS__)

/* Print the plan; what main returns. */
static inline int
check_done(const char *name)
{
	printf("1..%d\n", check_count);
	if (check_failures > 0)
		printf("# %s: %d of %d checks failed\n", name, check_failures, check_count);
	return check_failures == 0 ? 0 : 1;
}

#endif
