/*
 * patience.c
 *		Answers of a server, waited for only so long.
 *
 * What counts is what was asked for: a large table may take hours, as long as
 * its rows come.  A server that is stopped, a lock that nobody lets go, or a
 * server that sends anything but the answer, would otherwise keep the program for
 * ever; that says nothing of the ledger.
 */
#include "bin/patience.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "bin/report.h"

#define SAID_MAX 2000    /* of what is said while a connection is made */
#define SOCKETS_MAX 1024 /* file descriptors that are looked at */

static int limit = PATIENCE_DEFAULT;
static const PGconn *given_up; /* the last one that was */

/* What cut_sockets() needs to know. */
static bool had_socket[SOCKETS_MAX];
static volatile sig_atomic_t was_cut;

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

static bool
is_socket(int fd)
{
	int type;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0;
}

/* In a handler, so nothing but calls that POSIX allows there. */
static void
cut_sockets(int signo)
{
	int kept = errno;

	(void) signo;
	for (int fd = 0; fd < SOCKETS_MAX; fd++)
		if (!had_socket[fd] && is_socket(fd) && shutdown(fd, SHUT_RDWR) == 0)
			was_cut = 1;
	errno = kept;
}

/*
 * libpq waits for each address of a server as long as connect_timeout says, but
 * not less than the server has something to read: notices without end, after it
 * let us in, make a connection that is never there nor ever fails.  Nobody can
 * look at it meanwhile, so that a signal ends the sockets that were not there
 * before, every second from then on.
 */
static PGconn *
connect_in_time(const char *const *keys, const char *const *values)
{
	const struct itimerval timer = {.it_value.tv_sec = limit, .it_interval.tv_sec = 1};
	const struct itimerval none = {.it_value.tv_sec = 0};
	struct sigaction cut = {.sa_handler = cut_sockets};
	struct sigaction before;
	PGconn *conn;

	if (limit == 0)
		return PQconnectdbParams(keys, values, 1);
	for (int fd = 0; fd < SOCKETS_MAX; fd++)
		had_socket[fd] = is_socket(fd);
	was_cut = 0;
	sigaction(SIGALRM, &cut, &before);
	setitimer(ITIMER_REAL, &timer, NULL);
	conn = PQconnectdbParams(keys, values, 1);
	setitimer(ITIMER_REAL, &none, NULL);
	sigaction(SIGALRM, &before, NULL);
	if (was_cut && PQstatus(conn) != CONNECTION_OK)
		given_up = conn;
	else if (given_up == conn)
		given_up = NULL; /* another one's place in memory */
	return conn;
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
	conn = connect_in_time(keys, values);
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

/* Until when something must come that is waited for from now on. */
static int64_t
deadline(void)
{
	return limit == 0 ? INT64_MAX : patience_milliseconds() + (int64_t) limit * 1000;
}

static void
give_up(PGconn *conn)
{
	given_up = conn;
	/* so that nothing waits for it again, not even the end of the connection */
	(void) shutdown(PQsocket(conn), SHUT_RDWR);
}

/* More of what the server sends; false if it is too late for that, or there is no connection. */
static bool
read_more(PGconn *conn, int64_t until)
{
	struct pollfd p = {.fd = PQsocket(conn), .events = POLLIN};
	int64_t left;
	int ready = 0;

	if (p.fd < 0)
		return false;
	/* a server that never stops sending is never waited for: the time is what counts */
	while ((left = until - patience_milliseconds()) > 0)
	{
		ready = poll(&p, 1, limit == 0 ? -1 : (int) left);
		if (ready > 0)
			return PQconsumeInput(conn) != 0;
		if (ready < 0 && errno != EINTR)
			break;
	}
	give_up(conn);
	return false;
}

/* As PQgetResult, with NULL also if it doesn't come in time. */
static PGresult *
next_result(PGconn *conn, int64_t until)
{
	while (PQisBusy(conn))
		if (!read_more(conn, until))
			return NULL;
	/* results without end are all there at once, too */
	if (patience_milliseconds() < until)
		return PQgetResult(conn);
	give_up(conn);
	return NULL;
}

PGresult *
patience_result(PGconn *conn)
{
	int64_t until = deadline();
	PGresult *last = NULL;
	PGresult *next;

	while ((next = next_result(conn, until)) != NULL)
	{
		PQclear(last);
		last = next;
		if (PQresultStatus(last) == PGRES_COPY_OUT || PQstatus(conn) == CONNECTION_BAD)
			break;
	}
	if (given_up == conn)
	{
		PQclear(last);
		last = NULL;
	}
	return last;
}

PGresult *
patience_exec(PGconn *conn, const char *command, bool binary)
{
	int sent = binary ? PQsendQueryParams(conn, command, 0, NULL, NULL, NULL, NULL, 1)
					  : PQsendQuery(conn, command);

	return sent ? patience_result(conn) : NULL;
}

int
patience_copy_data(PGconn *conn, char **buffer)
{
	int64_t until = deadline();
	int len;

	while ((len = PQgetCopyData(conn, buffer, 1)) == 0)
		if (!read_more(conn, until))
			return -2;
	return len;
}

const char *
patience_why(PGconn *conn)
{
	static char why[80];

	if (given_up != conn || conn == NULL)
		return PQerrorMessage(conn);
	snprintf(why, sizeof(why), "the server gave no answer, nor a row of it, in %d seconds", limit);
	return why;
}
