/*
 * sto_witness.h
 *		The regulator's witness: what its files share.
 *
 *	sto_witness.c			options; one round: fetch, judge, save, answer
 *	sto_witness_judge.c		is this note the log's, and does it follow from the last one?
 *	sto_witness_state.c		the state file, its lock, and evidence beside it
 *	sto_witness_ledger.c	questions to the ledger over libpq
 *
 * Everything that comes from the ledger is untrusted: its size is bounded
 * before it is looked at, and nothing of it is printed unchecked.
 */
#ifndef STO_WITNESS_H
#define STO_WITNESS_H

#include "core/keystore.h"
#include "core/note.h"

#define WITNESS_LOG_KEYS_MAX 8
#define WITNESS_TIMEOUT 30 /* seconds */
/* octets of the longest note: its text and STO_NOTE_SIGNATURES_MAX lines are fewer */
#define WITNESS_NOTE_MAX 32768
/* "{" 64 hex digits "," ... "}" */
#define WITNESS_PROOF_TEXT_MAX (2 + STO_PROOF_MAX * 65)

/* Exit statuses, too. */
typedef enum Outcome
{
	OUTCOME_DONE = 0,    /* cosigned, or nothing new */
	OUTCOME_REFUSED = 1, /* roll-back, fork, or not signed by the log */
	OUTCOME_UNSURE = 2   /* could not tell: no connection, no answer, own fault */
} Outcome;

/* A signed note of a checkpoint, with room of its own; parsed points into data. */
typedef struct Note
{
	size_t len;
	char data[WITNESS_NOTE_MAX];
	StoNote parsed;
	StoCheckpoint checkpoint;
} Note;

typedef struct Witness
{
	StoSigner *signer;
	StoNoteKey key; /* this witness's own */
	int log_count;
	StoNoteKey log[WITNESS_LOG_KEYS_MAX]; /* any of them may sign; all of one name, the origin */
	const char *state_path;
	bool has_last;
	bool last_is_ours; /* last carries this key's cosignature */
	Note *last;        /* the last checkpoint cosigned, with the log's line and ours */
} Witness;

/* sto_witness_judge.c */

typedef enum Verdict
{
	VERDICT_GOOD,
	VERDICT_BAD,   /* *why says what is wrong */
	VERDICT_FAILED /* OpenSSL itself failed */
} Verdict;

/* Is the note, of len octets in data, a checkpoint of this log that one of its keys signed? */
extern Verdict judge_note(const Witness *w, Note *note, const char **why);
/* As judge_note for what the state file holds, where our own signature is as good as the log's. */
extern Verdict judge_state(Witness *w, const char **why);
/* Does the note carry this witness's good cosignature? */
extern Verdict judge_own(const Witness *w, const Note *note);
/* The proof as PostgreSQL prints an array of digests, judged for growth from w->last to note. */
extern Verdict judge_growth(const Witness *w, const Note *note, const char *proof, size_t len,
							const char **why);
/* Sign note's text now: out gets its text, the log's line and ours.  False if signing failed. */
extern bool cosign(Witness *w, const Note *note, int64_t now, Note *out);

/* sto_witness_state.c */

/* Hold the state's lock until the process ends; false (reported) if another has it. */
extern bool state_lock(const char *path);
/* Fill w->last; VERDICT_GOOD with w->has_last false if there is no file yet. */
extern Verdict state_load(Witness *w);
/* Replace the state file so that a crash leaves the old or the new; reports a failure. */
extern bool state_save(const Witness *w, const Note *note);
/* Keep data beside the state file, as STATE.kind-SIZE.what, unless that is there already. */
extern void state_keep_evidence(const Witness *w, const char *kind, const char *what,
								const char *data, size_t len);

/* sto_witness_ledger.c */

typedef struct Ledger Ledger;

typedef enum Answer
{
	ANSWER_VALUE,
	ANSWER_NULL,
	ANSWER_REFUSED, /* an error from the ledger: ledger_state() and ledger_why() */
	ANSWER_LOST     /* no answer, or one that is none; the connection is closed */
} Answer;

/* timeout: for how many seconds an answer is waited for */
extern Ledger *ledger_new(const char *conninfo, int timeout);
extern void ledger_free(Ledger *ledger);
/* One text value of at most size octets (not terminated); connects if need be. */
extern Answer ledger_ask(Ledger *ledger, const char *query, int count, const char *const *params,
						 char *out, size_t size, size_t *len);
extern const char *ledger_state(const Ledger *ledger); /* SQLSTATE, or "" */
extern const char *ledger_why(const Ledger *ledger);   /* printable, one line */

/* Make text of unknown origin harmless to a terminal: printable characters of one line or, with
 * lines, more. */
extern void make_printable(const char *text, size_t len, bool lines, char *out, size_t size);

#endif
