/*
 * sto_witness_ledger.c
 *		Questions to the ledger over libpq, each with a deadline, each answered by
 *		one value of bounded size.
 */
#include "sto_witness.h"

#include "bin/patience.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct Ledger
{
	const char *conninfo;
	int timeout; /* seconds that an answer may take */
	PGconn *conn;
	char state[6];
	char why[512];
};

void
make_printable(const char *text, size_t len, bool lines, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < size; i++)
	{
		unsigned char c = (unsigned char) text[i];

		if (c == '\n' && lines)
			out[n++] = '\n';
		else if (c == '\n' || c == '\t')
			out[n++] = ' ';
		else
			out[n++] = c >= 0x20 && c < 0x7f ? (char) c : '?';
	}
	while (n > 0 && (out[n - 1] == ' ' || out[n - 1] == '\n'))
		n--;
	out[n] = '\0';
}

Ledger *
ledger_new(const char *conninfo, int timeout)
{
	Ledger *ledger = calloc(1, sizeof(Ledger));

	if (ledger != NULL)
	{
		ledger->conninfo = conninfo;
		ledger->timeout = timeout;
	}
	return ledger;
}

void
ledger_free(Ledger *ledger)
{
	if (ledger != NULL && ledger->conn != NULL)
		PQfinish(ledger->conn);
	free(ledger);
}

const char *
ledger_state(const Ledger *ledger)
{
	return ledger->state;
}

const char *
ledger_why(const Ledger *ledger)
{
	return ledger->why;
}

static Answer
lost(Ledger *ledger, const char *why)
{
	make_printable(why, strlen(why), false, ledger->why, sizeof(ledger->why));
	ledger->state[0] = '\0';
	if (ledger->conn != NULL)
		PQfinish(ledger->conn);
	ledger->conn = NULL;
	return ANSWER_LOST;
}

/*
 * Only a primary takes a cosignature; a copy that lags would look like a
 * roll-back.  What stands before conninfo it may override, what follows not.
 */
static bool
open_connection(Ledger *ledger)
{
	static const char *const keys[] = {"connect_timeout",  "target_session_attrs",
									   "application_name", "dbname",
									   "client_encoding",  NULL};
	const char *values[] = {"15", "read-write", "sto_witness", ledger->conninfo, "UTF8", NULL};

	if (ledger->conn != NULL)
		return true;
	ledger->conn = patience_connect(keys, values);
	if (ledger->conn == NULL)
		return false;
	return PQstatus(ledger->conn) == CONNECTION_OK && PQsetnonblocking(ledger->conn, 1) == 0;
}

/* Wait for the socket; false once the time is up or the connection is no more. */
static bool
wait_socket(Ledger *ledger, short events, int64_t until)
{
	struct pollfd p = {.fd = PQsocket(ledger->conn), .events = events};
	int64_t left = until - patience_milliseconds();
	int n;

	if (p.fd < 0 || left <= 0)
		return false;
	n = poll(&p, 1, (int) left);
	return n > 0 || (n < 0 && errno == EINTR);
}

/* Everything that is to be sent is, and a result or the end of results is there. */
static bool
wait_result(Ledger *ledger, int64_t until)
{
	int unsent;

	/* an answer without end never waits */
	if (patience_milliseconds() >= until)
		return false;
	while ((unsent = PQflush(ledger->conn)) > 0)
		if (!wait_socket(ledger, POLLIN | POLLOUT, until) || !PQconsumeInput(ledger->conn))
			return false;
	if (unsent < 0)
		return false;
	while (PQisBusy(ledger->conn))
		if (!wait_socket(ledger, POLLIN, until) || !PQconsumeInput(ledger->conn))
			return false;
	return true;
}

/* Take the one value out of a row. */
static Answer
take_row(Ledger *ledger, const PGresult *row, char *out, size_t size, size_t *len)
{
	int n;

	if (PQnfields(row) != 1 || PQntuples(row) != 1)
		return lost(ledger, "the answer is not one value");
	if (PQgetisnull(row, 0, 0))
		return ANSWER_NULL;
	n = PQgetlength(row, 0, 0);
	if (n < 0 || (size_t) n > size)
		return lost(ledger, "the answer is too long");
	memcpy(out, PQgetvalue(row, 0, 0), (size_t) n);
	*len = (size_t) n;
	return ANSWER_VALUE;
}

Answer
ledger_ask(Ledger *ledger, const char *query, int count, const char *const *params, char *out,
		   size_t size, size_t *len)
{
	int64_t until;
	Answer answer = ANSWER_LOST;
	int rows = 0;

	*len = 0;
	if (!open_connection(ledger))
		return lost(ledger, ledger->conn ? patience_why(ledger->conn) : "out of memory");
	until = patience_milliseconds() + (int64_t) ledger->timeout * 1000;
	if (!PQsendQueryParams(ledger->conn, query, count, NULL, params, NULL, NULL, 0) ||
		!PQsetSingleRowMode(ledger->conn))
		return lost(ledger, PQerrorMessage(ledger->conn));

	for (;;)
	{
		PGresult *result;

		if (!wait_result(ledger, until))
			return lost(ledger, patience_milliseconds() >= until ? "no answer in time"
																 : PQerrorMessage(ledger->conn));
		result = PQgetResult(ledger->conn);
		if (result == NULL)
			break;
		switch (PQresultStatus(result))
		{
			case PGRES_SINGLE_TUPLE:
				answer = rows++ == 0 ? take_row(ledger, result, out, size, len)
									 : lost(ledger, "the answer is more than one row");
				break;
			case PGRES_TUPLES_OK: /* the end of the rows */
				if (rows == 0)
					answer = lost(ledger, "the answer is empty");
				break;
			case PGRES_FATAL_ERROR:
			{
				const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
				const char *why = PQresultErrorMessage(result);

				make_printable(why, strlen(why), false, ledger->why, sizeof(ledger->why));
				snprintf(ledger->state, sizeof(ledger->state), "%s", state ? state : "");
				answer = ANSWER_REFUSED;
				break;
			}
			default:
				answer = lost(ledger, "the answer is no row");
				break;
		}
		PQclear(result);
		if (answer == ANSWER_LOST)
			return answer;
	}
	/* an error that ends the session, or that libpq made itself, is no answer of the ledger */
	if (answer == ANSWER_REFUSED &&
		(PQstatus(ledger->conn) != CONNECTION_OK || ledger->state[0] == '\0'))
		return lost(ledger, ledger->why);
	return answer;
}
