/*
 * report.c
 *		What a verification examined and what it found.
 */
#include "bin/report.h"

#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 96 /* the checks are a fixed list, shorter than this */
#define NAME_MAX 24

typedef struct Line
{
	const char *check; /* of a fact: NULL */
	char name[NAME_MAX];
	const char *noun;
	int64_t examined;
	int64_t problems;
	int64_t entry_id; /* of the first problem; 0: of no entry */
	char text[REPORT_TEXT_MAX];
} Line;

struct Report
{
	pthread_mutex_t lock;
	int count;
	Line lines[LINES_MAX];
	int fact_count;
	Line facts[LINES_MAX];
	bool unsure;
	char reason[REPORT_TEXT_MAX];
};

Report *
report_new(void)
{
	Report *report = calloc(1, sizeof(Report));

	if (report != NULL)
		pthread_mutex_init(&report->lock, NULL);
	return report;
}

void
report_free(Report *report)
{
	if (report == NULL)
		return;
	pthread_mutex_destroy(&report->lock);
	free(report);
}

void
report_printable(const char *text, char *out, size_t size)
{
	size_t len = 0;

	for (; *text != '\0' && len + 1 < size; text++)
	{
		unsigned char c = (unsigned char) *text;
		unsigned char next = (unsigned char) text[1];

		/* controls of ASCII, and U+0080 to U+009F in UTF-8 */
		if (c == 0xc2 && next >= 0x80 && next < 0xa0)
		{
			c = ' ';
			text++;
		}
		out[len++] = c < 0x20 || c == 0x7f ? ' ' : (char) c;
	}
	/* what comes from servers and files is cut anywhere: nothing but whole UTF-8 is left at the end
	 */
	while (len > 0 && *text != '\0' && ((unsigned char) out[len - 1] & 0xc0) == 0x80)
		len--;
	if (len > 0 && *text != '\0' && (unsigned char) out[len - 1] >= 0xc0)
		len--;
	while (len > 0 && out[len - 1] == ' ')
		len--;
	out[len] = '\0';
}

/* The check's line, made if need be; with the lock held.  The last line takes what doesn't fit. */
static Line *
line_of(Report *report, const char *check)
{
	for (int i = 0; i < report->count; i++)
	{
		if (strcmp(report->lines[i].check, check) == 0)
			return &report->lines[i];
	}
	if (report->count == LINES_MAX)
		return &report->lines[LINES_MAX - 1];
	report->lines[report->count].check = check;
	return &report->lines[report->count++];
}

void
report_problem(Report *report, int64_t entry_id, const char *check, const char *text)
{
	Line *line;

	pthread_mutex_lock(&report->lock);
	line = line_of(report, check);
	/* of no entry comes after all entries: it names less */
	if (line->problems == 0 ||
		(entry_id != 0 && (line->entry_id == 0 || entry_id < line->entry_id)))
	{
		line->entry_id = entry_id;
		report_printable(text, line->text, sizeof(line->text));
	}
	line->problems++;
	pthread_mutex_unlock(&report->lock);
}

void
report_problemf(Report *report, int64_t entry_id, const char *check, const char *format, ...)
{
	char text[REPORT_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	report_problem(report, entry_id, check, text);
}

void
report_examined(Report *report, const char *check, int64_t count, const char *noun)
{
	Line *line;

	pthread_mutex_lock(&report->lock);
	line = line_of(report, check);
	line->examined += count;
	line->noun = noun;
	pthread_mutex_unlock(&report->lock);
}

void
report_unsure(Report *report, const char *format, ...)
{
	char text[REPORT_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	pthread_mutex_lock(&report->lock);
	if (!report->unsure)
		report_printable(text, report->reason, sizeof(report->reason));
	report->unsure = true;
	pthread_mutex_unlock(&report->lock);
}

void
report_fact(Report *report, const char *name, const char *format, ...)
{
	char text[REPORT_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	pthread_mutex_lock(&report->lock);
	if (report->fact_count < LINES_MAX)
	{
		Line *line = &report->facts[report->fact_count++];

		snprintf(line->name, sizeof(line->name), "%s", name);
		report_printable(text, line->text, sizeof(line->text));
	}
	pthread_mutex_unlock(&report->lock);
}

/* The problem that the verdict names: of the lowest entry, else the first check's. */
static const Line *
first_problem(const Report *report)
{
	const Line *first = NULL;

	for (int i = 0; i < report->count; i++)
	{
		const Line *line = &report->lines[i];

		if (line->problems == 0)
			continue;
		if (first == NULL ||
			(line->entry_id != 0 && (first->entry_id == 0 || line->entry_id < first->entry_id)))
			first = line;
	}
	return first;
}

static Verdict
verdict(const Report *report)
{
	if (first_problem(report) != NULL)
		return VERDICT_BROKEN;
	return report->unsure ? VERDICT_UNSURE : VERDICT_WHOLE;
}

Verdict
report_verdict(Report *report)
{
	Verdict v;

	pthread_mutex_lock(&report->lock);
	v = verdict(report);
	pthread_mutex_unlock(&report->lock);
	return v;
}

static void
print_verdict(const Report *report, FILE *out, const char *good)
{
	const Line *first = first_problem(report);

	if (first != NULL && first->entry_id != 0)
		fprintf(out, "BROKEN: %s, entry %" PRId64 ": %s\n", first->check, first->entry_id,
				first->text);
	else if (first != NULL)
		fprintf(out, "BROKEN: %s: %s\n", first->check, first->text);
	else if (report->unsure)
		fprintf(out, "could not tell: %s\n", report->reason);
	else
		fprintf(out, "%s\n", good);
}

static void
print_line(const Line *line, FILE *out)
{
	char examined[64] = "";

	if (line->noun != NULL)
		snprintf(examined, sizeof(examined), "%" PRId64 " %s", line->examined, line->noun);
	fprintf(out, "%-22s %-24s ", line->check, examined);
	if (line->problems == 0)
		fprintf(out, "ok\n");
	else if (line->entry_id != 0)
		fprintf(out, "BAD, %" PRId64 "; first entry %" PRId64 ": %s\n", line->problems,
				line->entry_id, line->text);
	else
		fprintf(out, "BAD, %" PRId64 "; %s\n", line->problems, line->text);
}

static json_t *
json_check(const Line *line)
{
	json_t *object = json_pack("{s:s, s:I, s:b, s:I}", "check", line->check, "examined",
							   (json_int_t) line->examined, "ok", line->problems == 0, "problems",
							   (json_int_t) line->problems);

	if (line->problems > 0)
	{
		/* text that isn't UTF-8 is left out: the check's name and id still stand */
		json_t *text = json_string(line->text);

		json_object_set_new(object, "first_entry",
							line->entry_id != 0 ? json_integer(line->entry_id) : json_null());
		json_object_set_new(object, "text", text != NULL ? text : json_null());
	}
	return object;
}

/* A fact that is told several times is an array of its texts. */
static void
json_fact(json_t *facts, const Line *fact)
{
	json_t *text = json_string(fact->text);
	json_t *there = json_object_get(facts, fact->name);
	json_t *texts;

	if (text == NULL)
		text = json_null();
	if (there == NULL)
		json_object_set_new(facts, fact->name, text);
	else if (json_is_array(there))
		json_array_append_new(there, text);
	else
	{
		texts = json_array();
		json_array_append(texts, there);
		json_array_append_new(texts, text);
		json_object_set_new(facts, fact->name, texts);
	}
}

static void
print_json(const Report *report, FILE *out, const char *good)
{
	const char *const names[] = {good, "broken", "could not tell"};
	json_t *object = json_object();
	json_t *facts = json_object();
	json_t *checks = json_array();

	for (int i = 0; i < report->fact_count; i++)
		json_fact(facts, &report->facts[i]);
	for (int i = 0; i < report->count; i++)
		json_array_append_new(checks, json_check(&report->lines[i]));
	json_object_set_new(object, "verdict", json_string(names[verdict(report)]));
	json_object_set_new(object, "status", json_integer(verdict(report)));
	if (report->unsure)
	{
		json_t *text = json_string(report->reason);

		json_object_set_new(object, "reason", text != NULL ? text : json_null());
	}
	json_object_set_new(object, "facts", facts);
	json_object_set_new(object, "checks", checks);
	json_dumpf(object, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	fputc('\n', out);
	json_decref(object);
}

void
report_print(Report *report, FILE *out, const char *good, bool json, bool quiet)
{
	pthread_mutex_lock(&report->lock);
	if (json)
		print_json(report, out, good);
	else
	{
		for (int i = 0; !quiet && i < report->fact_count; i++)
			fprintf(out, "%-22s %s\n", report->facts[i].name, report->facts[i].text);
		for (int i = 0; !quiet && i < report->count; i++)
			print_line(&report->lines[i], out);
		print_verdict(report, out, good);
	}
	pthread_mutex_unlock(&report->lock);
}
