/*
 * source.h
 *		Where the log is read from: a database, or a saved export.
 *
 * A source hands out the log in chunks of at most 256 rows, in the order of
 * their ids.  Getting a chunk's octets is the reader's work, one chunk after
 * another; making rows of them (chunk_prepare) can be any thread's.
 */
#ifndef STO_BIN_SOURCE_H
#define STO_BIN_SOURCE_H

#include <libpq-fe.h>

#include "bin/pool.h"
#include "core/merkle.h"
#include "core/record.h"

#define CHUNK_ROWS STO_TILE_WIDTH
#define BUNDLE_PATH_MAX 64 /* as EXPORT_PATH_MAX */

/* One row of the log, as read. */
typedef struct Row
{
	int64_t id;
	bool readable;   /* of a database: its columns are filled; of an export: it has an id */
	const char *why; /* static: why it isn't readable */
	bool has_leaf;   /* can be false for a row that isn't readable */
	StoHash leaf;    /* of an export: computed; of a database: what its row says */
} Row;

/* A database's row.  An export's is octets until it is folded: they are fewer. */
typedef struct Columns
{
	StoRecord record; /* digests of sides point to nothing of use */
	StoSide debit, credit;
} Columns;

/* A row's octets. */
typedef struct RawRow
{
	const uint8_t *data; /* record, or COPY tuple without its field count; NULL: it is too long */
	size_t len;
	char *buffer; /* libpq's, to be freed */
	bool is_event;
} RawRow;

typedef struct Chunk
{
	Task prepare;  /* first member: a task is its chunk */
	int64_t first; /* index of its first row's leaf in the tree */
	int count;
	RawRow raw[CHUNK_ROWS];
	Row rows[CHUNK_ROWS];
	Columns *columns; /* of a database, CHUNK_ROWS of them; kept from use to use */
	bool has_root;    /* 256 readable leaves: root is theirs */
	StoHash root;
	bool failed;         /* OpenSSL failed, or no memory */
	const char *missing; /* of an export: what could not be read; path is in `path` */
	bool surplus;        /* of an export: its file goes on behind the last record */
	const char *dir;
	char path[BUNDLE_PATH_MAX];
	uint8_t *octets; /* an entry bundle; kept from use to use */
	size_t size;
} Chunk;

typedef enum SourceStatus
{
	SOURCE_ROWS, /* one row at least */
	SOURCE_END,
	SOURCE_BROKEN, /* what was to be read is damaged; why says how */
	SOURCE_LOST    /* it can't be read; why says why */
} SourceStatus;

#define SOURCE_WHY_MAX 300

typedef struct Source
{
	SourceStatus (*fill)(struct Source *source, Chunk *chunk, int max);
	void (*prepare)(Chunk *chunk);
	void (*close)(struct Source *source);
	char why[SOURCE_WHY_MAX];
	int64_t last_read; /* id of the last row handed out, 0: none; a database's only */
} Source;

/* Give back what the chunk holds of the source's, and empty it. */
extern void chunk_clear(Chunk *chunk);
/* What chunk_clear leaves for its next use. */
extern void chunk_free(Chunk *chunk);
/* Leaves are there: the root of a full chunk. */
extern void chunk_finish_leaves(Chunk *chunk);

/* source_rows.c: a database's rows from COPY ... (FORMAT binary) */

extern const char source_event_columns[];    /* of the SELECT, in the order that is read */
extern const char source_transfer_columns[]; /* the first is entry_id in both */

typedef enum CopyStatus
{
	COPY_ROW,
	COPY_TOO_LONG, /* a row, of which nothing but the id is taken */
	COPY_END,
	COPY_MALFORMED
} CopyStatus;

/* Octets of the longest message: a record's, lengths of its columns, and those that it hasn't. */
#define COPY_MESSAGE_MAX (STO_RECORD_MAX + 1024)

/*
 * One message of the stream: sets raw to the tuple in it.  started: false at the
 * first message, which begins with the header.
 */
extern CopyStatus copy_message(const char *data, size_t len, bool is_event, bool *started,
							   RawRow *raw, int64_t *id);
/* raw[] to rows[]. */
extern void rows_decode(Chunk *chunk);

/* source_database.c */

/*
 * Read the log of a database through two connections that see one snapshot.
 * after: only ids above it.  until: no id above it, or -1.  The connections
 * belong to the caller.
 */
extern Source *source_database(PGconn *events, PGconn *transfers, int64_t after, int64_t until,
							   char why[SOURCE_WHY_MAX]);

/* source_export.c */

/* Read the entry bundles below dir, from leaf `from` to `size`.  NULL: no memory. */
extern Source *source_export(const char *dir, int64_t from, int64_t size);

#endif
