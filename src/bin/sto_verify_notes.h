/*
 * sto_verify_notes.h
 *		Signatures of checkpoints: what the files that judge them share.
 */
#ifndef STO_VERIFY_NOTES_H
#define STO_VERIFY_NOTES_H

#include <pthread.h>

#include "bin/sto_verify.h"

/* A key that the log names; never changes, so that threads may keep a pointer. */
typedef struct NamedKey
{
	StoNoteKey key;
	uint8_t fingerprint[STO_DIGEST_LEN];
	uint8_t party[STO_UUID_LEN];
} NamedKey;

typedef struct List
{
	void **items;
	int count;
	int size;
} List;

struct Notes
{
	const Options *options;
	Report *report;
	Pool *pool;
	List log;         /* NamedKey, of role STO_ROLE_LOG */
	List witnesses;   /* NamedKey */
	List authorities; /* const char: PEM, the replay's */
	size_t keys_at;   /* how far the replay's lists were read */
	size_t notices_at;
	bool named;
	char origin[STO_NOTE_NAME_MAX + 1];
	bool out_of_memory;

	pthread_mutex_t lock; /* what follows is written by tasks */
	List waiting;         /* Evidence whose keys or authorities may be named later */
	int64_t signed_size;
	int64_t signed_id;
	int64_t witnessed_size;
	int64_t witnessed_id;
	int witnessed_by;
	int64_t time;
};

/* One checkpoint's signatures, for a thread. */
typedef struct Judgement
{
	Task task;
	Notes *notes;
	Evidence evidence;
	int log_count;
	const NamedKey *log[STO_NOTE_SIGNATURES_MAX]; /* one for a line that names it */
	int line_count;
	const StoNoteKey *lines[STO_NOTE_SIGNATURES_MAX];     /* witnesses' keys that lines name */
	const uint8_t *line_parties[STO_NOTE_SIGNATURES_MAX]; /* NULL: given, not named by the log */
	bool at_end; /* no key and no authority is named any more */
	int authority_count;
	const char **authorities;    /* all that were ever named, if there are stamps */
	const NamedKey *cosigners[]; /* one for each of evidence.cosignatures */
} Judgement;

/* Keep it until the whole log is known; it is empty then. */
extern void notes_wait(Notes *notes, Evidence *evidence);

/* sto_verify_judge.c: a Judgement's task. */
extern void judge_checkpoint(Task *task);

#endif
