/*
 * sto_verify_connect.c
 *		Three connections to one database that see the same moment of it, and cursors.
 */
#include "bin/sto_verify.h"

#include "bin/patience.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_SECONDS "15"

/* Rows come by index in the order that is asked for: a sort of the whole log would spill to disk.
 */
static const char settings[] =
	"SET search_path = ''; SET client_encoding = 'UTF8'; SET statement_timeout = 0; "
	"SET idle_in_transaction_session_timeout = 0; SET enable_seqscan = off; SET enable_sort = off; "
	"SET enable_bitmapscan = off; SET max_parallel_workers_per_gather = 0; "
	"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

static char last_state[6];

static bool
fail(Database *db, PGconn *conn, const PGresult *result)
{
	const char *state = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	const char *text = result != NULL ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;

	snprintf(last_state, sizeof(last_state), "%s", state != NULL ? state : "");
	snprintf(db->why, sizeof(db->why), "%s", text != NULL ? text : patience_why(conn));
	return false;
}

bool
database_is_damaged(const Database *db)
{
	(void) db;
	return strcmp(last_state, "XX001") == 0 || strcmp(last_state, "XX002") == 0;
}

/* Run a command; false with db->why. */
static bool
database_run(Database *db, PGconn *conn, const char *command)
{
	PGresult *result = patience_exec(conn, command, false);
	ExecStatusType status = PQresultStatus(result);
	bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;

	if (!ok)
		fail(db, conn, result);
	PQclear(result);
	return ok;
}

static PGconn *
connect_to(Database *db, const char *conninfo)
{
	/* what conninfo says itself comes last and wins, but for the encoding */
	const char *const keys[] = {"connect_timeout", "fallback_application_name", "dbname",
								"client_encoding", NULL};
	const char *const values[] = {CONNECT_SECONDS, "sto_verify", conninfo, "UTF8", NULL};
	PGconn *conn = patience_connect(keys, values);

	if (PQstatus(conn) != CONNECTION_OK)
		fail(db, conn, NULL);
	else if (database_run(db, conn, settings))
		return conn;
	PQfinish(conn);
	return NULL;
}

/* Make the log's connections see what the side connection sees. */
static bool
share_snapshot(Database *db)
{
	PGresult *result = patience_exec(db->side, "SELECT pg_catalog.pg_export_snapshot()", false);
	char command[200];
	bool ok = false;

	if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1)
	{
		char *id =
			PQescapeLiteral(db->side, PQgetvalue(result, 0, 0), (size_t) PQgetlength(result, 0, 0));

		ok = id != NULL && snprintf(command, sizeof(command), "SET TRANSACTION SNAPSHOT %s", id) <
							   (int) sizeof(command);
		for (int i = 0; ok && i < LOG_CONNECTIONS; i++)
			ok = database_run(db, db->log[i], command);
		PQfreemem(id);
	}
	PQclear(result);
	return ok;
}

bool
database_open(Database *db, const char *conninfo)
{
	static const char begin[] = "ROLLBACK; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
	int64_t flags[3];

	memset(db, 0, sizeof(*db));
	if ((db->side = connect_to(db, conninfo)) == NULL)
		return false;
	for (int i = 0; i < LOG_CONNECTIONS; i++)
	{
		if ((db->log[i] = connect_to(db, conninfo)) == NULL)
			return false;
	}
	db->shared = share_snapshot(db);
	if (!db->shared)
	{
		/* each its own snapshot then: the caller reads no further than what is sealed */
		bool ok = database_run(db, db->side, begin);

		for (int i = 0; ok && i < LOG_CONNECTIONS; i++)
			ok = database_run(db, db->log[i], begin);
		if (!ok)
			return false;
	}
	if (!database_numbers(db,
						  "SELECT (pg_catalog.to_regclass('sto.event') IS NOT NULL)::int::bigint, "
						  "(pg_catalog.to_regclass('sto.block') IS NOT NULL)::int::bigint",
						  flags, 2))
		return false;
	if (flags[0] != 1)
	{
		snprintf(db->why, sizeof(db->why),
				 "this database has no sto.event: sto_ledger is not there");
		return false;
	}
	db->has_seals = flags[1] == 1;
	if (!database_numbers(db,
						  "SELECT (NOT pg_catalog.row_security_active('sto.position') OR "
						  "(SELECT reads_all FROM sto.me))::int::bigint",
						  flags, 1))
		return false;
	db->reads_all = flags[0] == 1;
	return true;
}

void
database_close(Database *db)
{
	PQfinish(db->side);
	for (int i = 0; i < LOG_CONNECTIONS; i++)
		PQfinish(db->log[i]);
	db->side = db->log[0] = db->log[1] = NULL;
}

/* A value of exactly 8 octets as a number; -1 if it is null or something else. */
static int64_t
number_of(const PGresult *result, int row, int column)
{
	StoReader r;

	if (PQgetisnull(result, row, column) || PQgetlength(result, row, column) != 8)
		return -1;
	sto_reader_init(&r, PQgetvalue(result, row, column), 8);
	return sto_get_i64(&r);
}

bool
database_numbers(Database *db, const char *query, int64_t *out, int count)
{
	PGresult *result = patience_exec(db->side, query, true);
	bool ok = PQresultStatus(result) == PGRES_TUPLES_OK;

	if (!ok)
		fail(db, db->side, result);
	else if (PQntuples(result) > 1 || PQnfields(result) != count)
	{
		snprintf(db->why, sizeof(db->why), "the server sent an answer of another shape");
		ok = false;
	}
	for (int i = 0; ok && i < count; i++)
		out[i] = PQntuples(result) == 1 ? number_of(result, 0, i) : -1;
	PQclear(result);
	return ok;
}

bool
cursor_open(Cursor *c, Database *db, const char *name, int columns, int batch, const char *query)
{
	size_t size = strlen(query) + 100;
	char *command = malloc(size);
	bool ok = command != NULL;

	memset(c, 0, sizeof(*c));
	c->db = db;
	c->columns = columns;
	c->batch = batch;
	snprintf(c->name, sizeof(c->name), "%s", name);
	if (ok)
	{
		snprintf(command, size, "DECLARE %s BINARY NO SCROLL CURSOR FOR %s", name, query);
		ok = database_run(db, db->side, command);
	}
	else
		snprintf(db->why, sizeof(db->why), "out of memory");
	free(command);
	c->open = ok;
	c->ended = !ok;
	return ok;
}

void
cursor_close(Cursor *c)
{
	char command[64];

	PQclear(c->result);
	c->result = NULL;
	if (c->open)
	{
		snprintf(command, sizeof(command), "CLOSE %s", c->name);
		PQclear(patience_exec(c->db->side, command, false));
	}
	c->open = false;
	c->ended = true;
}

Fetch
cursor_next(Cursor *c)
{
	char command[64];

	if (c->result != NULL && c->row + 1 < PQntuples(c->result))
	{
		c->row++;
		return FETCH_ROW;
	}
	if (c->ended)
		return c->open ? FETCH_END : FETCH_FAILED;
	PQclear(c->result);
	snprintf(command, sizeof(command), "FETCH %d FROM %s", c->batch, c->name);
	c->result = patience_exec(c->db->side, command, false);
	c->row = 0;
	if (PQresultStatus(c->result) != PGRES_TUPLES_OK || PQnfields(c->result) != c->columns)
	{
		if (PQresultStatus(c->result) == PGRES_TUPLES_OK)
			snprintf(c->db->why, sizeof(c->db->why), "the server sent an answer of another shape");
		else
			fail(c->db, c->db->side, c->result);
		c->open = false;
		c->ended = true;
		return FETCH_FAILED;
	}
	c->ended = PQntuples(c->result) < c->batch;
	return PQntuples(c->result) > 0 ? FETCH_ROW : FETCH_END;
}

bool
cursor_null(const Cursor *c, int column)
{
	return PQgetisnull(c->result, c->row, column) != 0;
}

int64_t
cursor_number(const Cursor *c, int column)
{
	return number_of(c->result, c->row, column);
}

int64_t
cursor_time(const Cursor *c, int column)
{
	int64_t time = number_of(c->result, c->row, column);

	return time > INT64_MAX - STO_EPOCH_SHIFT ? INT64_MAX : time + STO_EPOCH_SHIFT;
}

const uint8_t *
cursor_view(const Cursor *c, int column, size_t *len)
{
	*len = (size_t) PQgetlength(c->result, c->row, column);
	return cursor_null(c, column) ? NULL : (const uint8_t *) PQgetvalue(c->result, c->row, column);
}

const uint8_t *
cursor_octets(const Cursor *c, int column, size_t len)
{
	size_t got;
	const uint8_t *data = cursor_view(c, column, &got);

	return data != NULL && got == len ? data : NULL;
}
