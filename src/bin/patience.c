/*
 * patience.c
 *		Answers of a server, waited for only so long.
 *
 * What counts is silence: a large answer may take hours, as long as some of it
 * comes.  A server that is stopped, or a lock that nobody lets go, would
 * otherwise keep the program for ever; that says nothing of the ledger.
 */
#include "bin/patience.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bin/report.h"

#define SAID_MAX 2000 /* of what is said while a connection is made */

static int limit = PATIENCE_DEFAULT;
static const PGconn *silent; /* the last one that was given up */

void
patience_set(int seconds)
{
	limit = seconds;
}

static void
drop_notice(void *arg, const char *message)
{
	(void) arg;
	(void) message;
}

/* What stands in the pipe, for people. */
static void
pass_on(int from)
{
	char said[SAID_MAX];
	char printable[SAID_MAX];
	ssize_t len = read(from, said, sizeof(said) - 1);

	if (len <= 0)
		return;
	said[len] = '\0';
	report_printable(said, printable, sizeof(printable));
	fprintf(stderr, "%s\n", printable);
}

/*
 * Before there is a connection libpq can't be told what to do with notices: it
 * writes them to standard error as they come, and a server may put anything into
 * them.  So a pipe stands there meanwhile, and takes no more than it holds.
 */
PGconn *
patience_connect(const char *const *keys, const char *const *values)
{
	int ends[2];
	int own = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	PGconn *conn;

	if (own >= 0 && pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
	{
		close(own);
		return NULL;
	}
	if (own >= 0)
		dup2(ends[1], STDERR_FILENO);
	conn = PQconnectdbParams(keys, values, 1);
	if (own >= 0)
	{
		dup2(own, STDERR_FILENO);
		close(own);
		close(ends[1]);
		pass_on(ends[0]);
		close(ends[0]);
	}
	PQsetNoticeProcessor(conn, drop_notice, NULL);
	return conn;
}

int64_t
patience_milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* More of the answer; false if there is none in time, or no connection. */
static bool
read_more(PGconn *conn)
{
	struct pollfd p = {.fd = PQsocket(conn), .events = POLLIN};
	int64_t until = patience_milliseconds() + (int64_t) limit * 1000;
	int ready;

	if (p.fd < 0)
		return false;
	do
	{
		int64_t left = until - patience_milliseconds();

		ready = poll(&p, 1, limit == 0 ? -1 : left > 0 ? (int) left : 0);
	} while (ready < 0 && errno == EINTR);
	if (ready > 0)
		return PQconsumeInput(conn) != 0;
	silent = conn;
	/* so that nothing waits for it again, not even the end of the connection */
	(void) shutdown(p.fd, SHUT_RDWR);
	return false;
}

PGresult *
patience_result(PGconn *conn)
{
	while (PQisBusy(conn))
		if (!read_more(conn))
			return NULL;
	return PQgetResult(conn);
}

PGresult *
patience_exec(PGconn *conn, const char *command, bool binary)
{
	PGresult *last = NULL;
	PGresult *next;
	int sent = binary ? PQsendQueryParams(conn, command, 0, NULL, NULL, NULL, NULL, 1)
					  : PQsendQuery(conn, command);

	while (sent && (next = patience_result(conn)) != NULL)
	{
		PQclear(last);
		last = next;
		if (PQresultStatus(last) == PGRES_COPY_OUT || PQstatus(conn) == CONNECTION_BAD)
			break;
	}
	if (silent == conn)
	{
		PQclear(last);
		last = NULL;
	}
	return last;
}

int
patience_copy_data(PGconn *conn, char **buffer)
{
	int len;

	while ((len = PQgetCopyData(conn, buffer, 1)) == 0)
		if (!read_more(conn))
			return -2;
	return len;
}

const char *
patience_why(PGconn *conn)
{
	static char why[80];

	if (silent != conn || conn == NULL)
		return PQerrorMessage(conn);
	snprintf(why, sizeof(why), "the server has said nothing for %d seconds", limit);
	return why;
}
