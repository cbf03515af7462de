/*
 * sto_verify_progress.c
 *		A line on the terminal that says how far it is.
 */
#include "bin/sto_verify.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#define EVERY 0.2 /* seconds */
#define BAR 30

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

void
progress_begin(Progress *p, bool wanted, int64_t from, int64_t total)
{
	p->shown = wanted && isatty(STDERR_FILENO);
	p->from = from;
	p->total = total > from ? total : from + 1;
	p->began = now();
	p->last = p->began - EVERY; /* the first chunk is shown at once */
}

void
progress_show(Progress *p, int64_t done)
{
	static const char full[] = "##############################";
	double t;
	double share;
	int width;

	if (!p->shown || (t = now()) - p->last < EVERY)
		return;
	p->last = t;
	share = (double) (done - p->from) / (double) (p->total - p->from);
	share = share < 0 ? 0 : share > 1 ? 1 : share;
	width = (int) (share * BAR);
	fprintf(stderr, "\r[%.*s%*s] %3.0f %%  %" PRId64 "  %.0f/s ", width, full, BAR - width, "",
			100 * share, done, (double) (done - p->from) / (t - p->began));
	fflush(stderr);
}

void
progress_end(Progress *p)
{
	if (p->shown)
		fprintf(stderr, "\r\033[K");
	p->shown = false;
}
