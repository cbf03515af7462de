/*
 * source_database.c
 *		The log of a database: events and transfers, each over a connection of its
 *		own, merged by entry_id.
 */
#include "bin/source.h"

#include "bin/patience.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One table's stream, with one row looked ahead. */
typedef struct Stream
{
	PGconn *conn;
	bool is_event;
	bool started; /* its header was read */
	bool closed;  /* and the trailer, behind which comes nothing */
	bool ended;
	bool has_row;
	RawRow row;
	int64_t id;
	int64_t last_id;
} Stream;

typedef struct DatabaseSource
{
	Source base;
	Stream streams[2];
} DatabaseSource;

static SourceStatus
fail(DatabaseSource *s, SourceStatus status, const char *what, const char *detail)
{
	snprintf(s->base.why, sizeof(s->base.why), "%s%s%s", what, detail != NULL ? ": " : "",
			 detail != NULL ? detail : "");
	return status;
}

/*
 * An error of the server's.  Class XX says that it can't make sense of its own
 * files (XX001, XX002): that is damage, not an accident of ours.
 */
static SourceStatus
judge_error(DatabaseSource *s, PGconn *conn, const PGresult *result)
{
	const char *state = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;

	if (state != NULL && (strcmp(state, "XX001") == 0 || strcmp(state, "XX002") == 0))
		return fail(s, SOURCE_BROKEN, "the server cannot read its own table",
					PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
	if (state != NULL)
		return fail(s, SOURCE_LOST, "the server reports",
					PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
	return fail(s, SOURCE_LOST, "connection lost", patience_why(conn));
}

/* Have a row in the stream, or know that it has ended. */
static SourceStatus
look_ahead(DatabaseSource *s, Stream *stream)
{
	PGresult *result;
	SourceStatus status;
	char *buffer;
	int len;

	while (!stream->has_row && !stream->ended)
	{
		len = patience_copy_data(stream->conn, &buffer);
		if (len > 0)
		{
			switch (stream->closed ? COPY_MALFORMED
								   : copy_message(buffer, (size_t) len, stream->is_event,
												  &stream->started, &stream->row, &stream->id))
			{
				case COPY_ROW:
					stream->row.buffer = buffer;
					stream->has_row = true;
					break;
				case COPY_TOO_LONG:
					PQfreemem(buffer);
					stream->row.buffer = NULL;
					stream->has_row = true;
					break;
				case COPY_END:
					PQfreemem(buffer);
					stream->closed = true;
					break;
				default:
					PQfreemem(buffer);
					return fail(s, SOURCE_LOST, "the server sent a malformed COPY stream", NULL);
			}
			continue;
		}
		if (len == -2)
			return judge_error(s, stream->conn, NULL);
		result = patience_result(stream->conn);
		if (PQresultStatus(result) != PGRES_COMMAND_OK)
		{
			status = judge_error(s, stream->conn, result);
			PQclear(result);
			return status;
		}
		PQclear(result);
		stream->ended = true;
	}
	if (stream->has_row && stream->id <= stream->last_id)
		return fail(s, SOURCE_BROKEN, "the server sent rows that are not in the order of their ids",
					NULL);
	return SOURCE_ROWS;
}

static SourceStatus
fill(Source *source, Chunk *chunk, int max)
{
	DatabaseSource *s = (DatabaseSource *) source;

	if (chunk->columns == NULL && (chunk->columns = malloc(CHUNK_ROWS * sizeof(Columns))) == NULL)
		return fail(s, SOURCE_LOST, "out of memory", NULL);
	while (chunk->count < max)
	{
		Stream *next = NULL;

		for (int i = 0; i < 2; i++)
		{
			Stream *stream = &s->streams[i];
			SourceStatus status = look_ahead(s, stream);

			if (status != SOURCE_ROWS)
				return status;
			if (stream->has_row && (next == NULL || stream->id < next->id))
				next = stream;
		}
		if (next == NULL)
			break;
		chunk->raw[chunk->count] = next->row;
		chunk->rows[chunk->count].id = next->id;
		chunk->count++;
		next->row.buffer = NULL;
		next->has_row = false;
		next->last_id = next->id;
		s->base.last_read = next->id;
	}
	return chunk->count > 0 ? SOURCE_ROWS : SOURCE_END;
}

static void
close_source(Source *source)
{
	DatabaseSource *s = (DatabaseSource *) source;

	for (int i = 0; i < 2; i++)
		PQfreemem(s->streams[i].row.buffer);
	free(s);
}

static bool
begin(DatabaseSource *s, Stream *stream, PGconn *conn, bool is_event, int64_t after, int64_t until)
{
	char query[1200];
	PGresult *result;
	bool ok;

	stream->conn = conn;
	stream->is_event = is_event;
	stream->last_id = INT64_MIN;
	snprintf(query, sizeof(query),
			 "COPY (SELECT %s FROM ONLY sto.%s WHERE entry_id > %" PRId64
			 " AND entry_id <= %" PRId64 " ORDER BY entry_id) TO STDOUT (FORMAT binary)",
			 is_event ? source_event_columns : source_transfer_columns,
			 is_event ? "event" : "transfer", after, until < 0 ? INT64_MAX : until);
	result = patience_exec(conn, query, false);
	ok = PQresultStatus(result) == PGRES_COPY_OUT;
	if (!ok)
		judge_error(s, conn, result);
	PQclear(result);
	return ok;
}

Source *
source_database(PGconn *events, PGconn *transfers, int64_t after, int64_t until,
				char why[SOURCE_WHY_MAX])
{
	DatabaseSource *s = calloc(1, sizeof(DatabaseSource));

	if (s == NULL)
	{
		snprintf(why, SOURCE_WHY_MAX, "out of memory");
		return NULL;
	}
	s->base.fill = fill;
	s->base.prepare = rows_decode;
	s->base.close = close_source;
	if (begin(s, &s->streams[0], events, true, after, until) &&
		begin(s, &s->streams[1], transfers, false, after, until))
		return &s->base;
	memcpy(why, s->base.why, SOURCE_WHY_MAX);
	free(s);
	return NULL;
}
