/*
 * report.h
 *		What a verification examined and what it found: one line a check, and a
 *		verdict.  Any thread may add to it.
 */
#ifndef STO_BIN_REPORT_H
#define STO_BIN_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define REPORT_TEXT_MAX 300

/* Exit statuses, too. */
typedef enum Verdict
{
	VERDICT_WHOLE = 0,
	VERDICT_BROKEN = 1,
	VERDICT_UNSURE = 2 /* could not tell */
} Verdict;

typedef struct Report Report;

extern Report *report_new(void); /* NULL: no memory */
extern void report_free(Report *report);

/*
 * Something is wrong.  entry_id 0: with no entry in particular.  Of one check
 * the problem with the lowest id is kept, and how many there were.  check is
 * static.  Texts of unknown origin are made printable.
 */
extern void report_problem(Report *report, int64_t entry_id, const char *check, const char *text);
extern void report_problemf(Report *report, int64_t entry_id, const char *check, const char *format,
							...) __attribute__((format(printf, 4, 5)));
/* This check looked at so many more things (a static plural: "entries"). */
extern void report_examined(Report *report, const char *check, int64_t count, const char *noun);
/* The verdict can't be "whole", for this reason; the first one counts. */
extern void report_unsure(Report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A fact to tell that is no defect; a line of its own. */
extern void report_fact(Report *report, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

extern Verdict report_verdict(Report *report);
/*
 * A page of text, or one JSON object; the verdict comes last, "good" being what the
 * best is called.  quiet: the verdict alone.
 */
extern void report_print(Report *report, FILE *out, const char *good, bool json, bool quiet);

/* Copy text of unknown origin as one line that no terminal minds. */
extern void report_printable(const char *text, char *out, size_t size);

#endif
