/*
 * patience.h
 *		Answers of a server, waited for only so long.
 */
#ifndef STO_BIN_PATIENCE_H
#define STO_BIN_PATIENCE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#define PATIENCE_DEFAULT 300 /* seconds */

/*
 * As PQconnectdbParams with expand_dbname; what the server says beside its answers is dropped, and
 * what libpq says meanwhile is made harmless to a terminal.  All addresses together get no more
 * time than patience_set() gives.
 */
extern PGconn *patience_connect(const char *const *keys, const char *const *values);
/* A clock that nobody sets. */
extern int64_t patience_milliseconds(void);
/*
 * For how many seconds a server may owe an answer, or the next row of a table that is copied; 0:
 * for ever.  Whatever else it sends meanwhile is none.
 */
extern void patience_set(int seconds);

/*
 * As PQexec, of which text or binary results are wanted; NULL, too, if the answer
 * didn't come in time.  The connection is of no use then.
 */
extern PGresult *patience_exec(PGconn *conn, const char *command, bool binary);
/* The rest of that, after PGRES_COPY_OUT and its rows. */
extern PGresult *patience_result(PGconn *conn);
/* As PQgetCopyData that waits, with -2 also if no row came in time. */
extern int patience_copy_data(PGconn *conn, char **buffer);
/* Why the last answer didn't come: what PQerrorMessage says, or that it was too late. */
extern const char *patience_why(PGconn *conn);

#endif
