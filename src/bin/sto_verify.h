/*
 * sto_verify.h
 *		What the files of sto_verify share.
 *
 *	sto_verify.c			options and commands
 *	sto_verify_ledger.c		the whole log: read, fold, judge
 *	sto_verify_fold.c		a chunk's rows into the fold
 *	sto_verify_open.c		its beginning: source, checkpoints to compare, saved state
 *	sto_verify_chunk.c		what threads do with a chunk: leaves, sides, signatures
 *	sto_verify_tree.c		the tree over the leaves, and what was said of it before
 *	sto_verify_evidence.c	blocks, tiles, checkpoints and their like in a database
 *	sto_verify_notes.c		checkpoints, and whose keys should have signed them
 *	sto_verify_judge.c		their signatures: the log's, witnesses', time-stamps
 *	sto_verify_tables.c		a database's register and positions beside the fold's
 *	sto_verify_rows.c		what the rows of these should be
 *	sto_verify_facts.c		what a report says beside the checks
 *	sto_verify_identity.c	the same for tables about parties
 *	sto_verify_rules.c		and for those about rules
 *	sto_verify_past.c		a token's entries read again, for its first rules
 *	sto_verify_subjects.c	the same of chains of events and key policies
 *	sto_verify_connect.c	connections with one snapshot; cursors
 *	sto_verify_state.c		where the next run goes on
 *	sto_verify_files.c		checkpoint and tiles of an export
 *	sto_verify_progress.c	how far it is
 *	sto_verify_receipt.c	a receipt, a promise
 *	sto_verify_export.c		writing an export
 */
#ifndef STO_VERIFY_H
#define STO_VERIFY_H

#include <libpq-fe.h>

#include "bin/replay.h"
#include "bin/report.h"
#include "bin/source.h"
#include "core/note.h"
#include "core/timestamp.h"

#define KEYS_MAX 64         /* of a kind, on the command line */
#define NOTE_FILE_MAX 65536 /* octets of a checkpoint file */

/* Checks of this program beside those of replay.h; also the names in its report. */
#define CHECK_READ "rows"
#define CHECK_LEAF "leaf"
#define CHECK_BLOCK "block"
#define CHECK_TILE "tile"
#define CHECK_CHECKPOINT "checkpoint"
#define CHECK_COSIGNATURE "cosignature"
#define CHECK_TIME_STAMP "time-stamp"
#define CHECK_FOREIGN "other tree"
#define CHECK_STATE "accepted before"

typedef struct Options
{
	const char *conninfo;
	const char *export_dir;
	bool has_genesis;
	uint8_t genesis[STO_DIGEST_LEN];
	int log_count;
	StoNoteKey log_keys[KEYS_MAX];
	int witness_count;
	StoNoteKey witness_keys[KEYS_MAX];
	int witnesses; /* cosignatures asked for; -1: not said */
	const char *checkpoint_file;
	const char *state_file;
	int jobs;
	bool signatures;
	bool json;
	bool quiet;
	int64_t size;        /* export: -1: the newest */
	uint64_t max_memory; /* octets; 0: no bound */
} Options;

/* sto_verify_connect.c */

#define LOG_CONNECTIONS 2

typedef struct Database
{
	PGconn *side;                 /* questions and cursors */
	PGconn *log[LOG_CONNECTIONS]; /* events, transfers */
	bool shared;                  /* all see one snapshot */
	bool has_seals;               /* sto.block and its like are there */
	bool reads_all;               /* no row security hides rows */
	char why[SOURCE_WHY_MAX];     /* of a failure */
} Database;

extern bool database_open(Database *db, const char *conninfo);
extern void database_close(Database *db);
/* One row of int64 columns from the side connection, null as -1; false with db->why. */
extern bool database_numbers(Database *db, const char *query, int64_t *out, int count);
/* Were the server's own files what failed (SQLSTATE XX001, XX002), last time? */
extern bool database_is_damaged(const Database *db);

/* Rows of a query, in order, some at a time, in binary. */
typedef struct Cursor
{
	Database *db;
	char name[32];
	int columns;
	int batch;
	PGresult *result;
	int row;
	bool open;
	bool ended;
} Cursor;

typedef enum Fetch
{
	FETCH_ROW,
	FETCH_END,
	FETCH_FAILED /* db->why */
} Fetch;

extern bool cursor_open(Cursor *c, Database *db, const char *name, int columns, int batch,
						const char *query);
extern void cursor_close(Cursor *c);
extern Fetch cursor_next(Cursor *c);
/* Values of the present row.  A wrong length is as good as null: the number is -1, the view NULL.
 */
extern bool cursor_null(const Cursor *c, int column);
extern int64_t cursor_number(const Cursor *c, int column);
extern int64_t cursor_time(const Cursor *c, int column); /* timestamptz, microseconds since 1970 */
extern const uint8_t *cursor_octets(const Cursor *c, int column, size_t len);
extern const uint8_t *cursor_view(const Cursor *c, int column, size_t *len);

/* sto_verify_tree.c */

#define TREE_LEVELS 8

/* The tree as it grows, with what is in its unfinished tiles. */
typedef struct Tree
{
	StoFrontier frontier;
	int64_t last_id;                            /* of the last leaf */
	int64_t ids[STO_TILE_WIDTH];                /* of the leaves in the level-0 tile */
	StoHash tiles[TREE_LEVELS][STO_TILE_WIDTH]; /* unfinished ones */
	/* a tile is full: ids are its leaves' at level 0, else NULL */
	void (*full)(void *context, int level, int64_t n, const StoHash *hashes, const StoHash *root,
				 const int64_t *ids);
	void *context;
} Tree;

extern void tree_init(Tree *tree);
/* False only if OpenSSL failed. */
extern bool tree_append(Tree *tree, int64_t id, const StoHash *leaf);
/* 256 leaves at once, where a tile begins. */
extern bool tree_append_tile(Tree *tree, const Row *rows, const StoHash *root);
/* What is in unfinished tiles, so that the tree can go on in another run. */
extern void tree_put(StoWriter *w, const Tree *tree);
extern bool tree_get(StoReader *r, Tree *tree);
/* tiles hold what is unfinished in a tree of that size: make the right edge of it. */
extern bool tree_resume(Tree *tree, int64_t size);

/* sto_verify_notes.c */

typedef struct Notes Notes;

typedef struct Cosignature
{
	uint8_t party[STO_UUID_LEN];
	uint8_t fingerprint[STO_DIGEST_LEN];
	uint8_t signature[STO_COSIGNATURE_LEN];
	int64_t time; /* as its row has it, microseconds */
} Cosignature;

typedef struct Stamp
{
	int64_t time; /* as its row has it */
	uint8_t *reply;
	size_t len;
} Stamp;

/* A checkpoint, with what else is said of it. */
typedef struct Evidence
{
	const char *where; /* static: "sto.checkpoint", "the export's checkpoint" ... */
	int64_t size;
	int64_t last_id; /* of the tree's last leaf */
	char *note;
	size_t note_len;
	int witnesses_wanted; /* notes_judge's */
	bool stamps_only;     /* the rest of it was judged */
	int cosignature_count;
	Cosignature *cosignatures;
	int stamp_count;
	Stamp *stamps;
} Evidence;

extern Notes *notes_new(const Options *options, Report *report, Pool *pool);
extern void notes_free(Notes *notes);
/* Keys that the log has named since the last call. */
extern void notes_learn(Notes *notes, const StoReplay *replay);
/*
 * Judge all signatures of this checkpoint, whose root the caller has compared, now
 * or, if a key isn't known yet, at the end.  Takes over what evidence points to.
 */
extern void notes_judge(Notes *notes, const StoReplay *replay, Evidence *evidence);
extern void evidence_clear(Evidence *evidence);
/*
 * Size and root of a note's text, its origin that of the ledger; complains with a
 * static reason if it isn't a checkpoint of this log.
 */
extern bool note_read(const char *note, size_t len, const StoReplay *replay, int64_t *size,
					  StoHash *root, const char **why);
/* Is the note signed by one of the log's keys?  Says nothing of its root. */
extern bool notes_is_ours(Notes *notes, const StoReplay *replay, const char *note, size_t len);
/*
 * All were handed in, the fold is at its end: judge what waited, and report.
 * resumed: an earlier run has seen those of the log's beginning.
 */
extern void notes_end(Notes *notes, const StoReplay *replay, bool resumed);

/* sto_verify_evidence.c */

typedef struct Register Register;
typedef struct Proofs Proofs; /* a database's blocks, tiles, checkpoints */

typedef struct ProofsStart
{
	int64_t size; /* leaves of the tree where reading begins, and their last id */
	int64_t last_id;
	StoHash root;
} ProofsStart;

extern Proofs *proofs_open(Database *db, Report *report, Notes *notes, const ProofsStart *start);
extern void proofs_free(Proofs *proofs);
/* The newest block: leaves and last id; 0 and 0 if there is none.  And the newest checkpoint. */
extern int64_t proofs_sealed(const Proofs *proofs);
extern int64_t proofs_sealed_id(const Proofs *proofs);
extern int64_t proofs_signed(const Proofs *proofs);
/* How many leaves, to id last_id, can be appended before there is something to compare? */
extern int64_t proofs_until(const Proofs *proofs);
extern int64_t proofs_until_id(const Proofs *proofs);
/* The tree is where it is, and the next leaf's id is next_id (INT64_MAX: there is none). */
extern void proofs_compare(Proofs *proofs, const Tree *tree, const StoReplay *replay,
						   int64_t next_id);
extern void proofs_tile(Proofs *proofs, int level, int64_t n, const StoHash *hashes,
						const StoHash *root, const int64_t *ids);
/* No more leaves come. */
extern void proofs_end(Proofs *proofs, const Tree *tree, const StoReplay *replay);

/* sto_verify_chunk.c */

typedef struct Work Work;

/* What finishing a chunk needs. */
typedef struct WorkShop
{
	Report *report;
	bool database; /* leaves are to be computed */
	bool sides;    /* digests of sides are to be compared */
	uint8_t ledger_id[STO_UUID_LEN];
} WorkShop;

struct Work
{
	Chunk chunk; /* first: its task is prepare */
	Task finish;
	bool busy; /* finish was submitted */
	Source *source;
	const WorkShop *shop;
	bool has_salt[CHUNK_ROWS][2];
	uint8_t salts[CHUNK_ROWS][2][STO_DIGEST_LEN];
	struct CheckJob *checks;
	int check_count;
	int check_size;
	uint8_t *messages;
	size_t message_len;
	size_t message_size;
	StoReplaySide *side_list;
	int side_count;
	int side_size;
	bool failed; /* no memory */
};

/* The callbacks of a replay, whose context is a Work **. */
extern void work_take_check(void *context, const StoReplayCheck *check);
extern void work_take_side(void *context, const StoReplaySide *side);
extern void work_finish(Task *task);
extern void work_clear(Work *work);
extern void work_free(Work *work);

/* sto_verify_state.c */

/* What was accepted: a tree, its root and last leaf. */
typedef struct Accepted
{
	Tree tree;
	bool signatures; /* they were checked, all of them */
	StoHash root;
	StoHash last_leaf;
} Accepted;

/*
 * Load the state file.  *replay is NULL if there is none yet.  False, with *why,
 * if there is one and it can't be used.
 */
extern bool state_load(const char *path, const uint8_t *genesis, const StoReplayCalls *calls,
					   StoReplay **replay, Accepted *accepted, const char **why);
/* Write it beside the file; state_commit puts it in its place.  False with errno. */
extern bool state_write(const char *path, const StoReplay *replay, const Accepted *accepted);
extern bool state_commit(const char *path);
extern void state_discard(const char *path);

/* sto_verify_files.c */

/* A checkpoint of a file, to be compared when the tree has its size. */
typedef struct Mark
{
	const char *where; /* static */
	int64_t size;
	StoHash root;
	char *note; /* NULL: it isn't signed */
	size_t note_len;
	bool compared;
} Mark;

/* Read DIR/name as a checkpoint; false with *why.  signed: a note, else the bare text. */
extern bool mark_read(const char *dir, const char *name, bool is_signed, Mark *mark,
					  const char **why);
/* Full and partial tiles of an export beside those of the tree. */
extern void files_tile(const char *dir, Report *report, int level, int64_t n, int width,
					   const StoHash *hashes, const int64_t *ids);
extern void files_partial(const char *dir, Report *report, const Tree *tree);

/* sto_verify_progress.c */

typedef struct Progress
{
	bool shown;
	int64_t total;
	int64_t from;
	double began;
	double last;
} Progress;

extern void progress_begin(Progress *p, bool wanted, int64_t from, int64_t total);
extern void progress_show(Progress *p, int64_t done);
extern void progress_end(Progress *p);

/* sto_verify_ledger.c */

extern Verdict verify_ledger(const Options *options);

/* sto_verify_tables.c */

extern void tables_compare(Database *db, Report *report, const StoReplay *replay);

/* sto_verify_receipt.c */

extern Verdict verify_receipt(const Options *options, const char *path);
extern Verdict verify_promise(const Options *options, const char *path);

/* sto_verify_export.c */

extern Verdict write_export(const Options *options, const char *dir);

#endif
