/*
 * note.h
 *		Signed notes, checkpoints and cosignatures, as C2SP specifies them
 *		(signed-note, tlog-checkpoint, tlog-cosignature).
 *
 * Parsing never copies: views point into the caller's text, which needs no
 * terminating zero.
 */
#ifndef STO_CORE_NOTE_H
#define STO_CORE_NOTE_H

#include "merkle.h"
#include "sign.h"

#define STO_NOTE_ED25519 0x01     /* a log's own signature */
#define STO_NOTE_COSIGNATURE 0x04 /* cosignature/v1 */
#define STO_NOTE_KEY_ID_LEN 4
#define STO_NOTE_NAME_MAX 255
#define STO_NOTE_SIGNATURES_MAX 64
#define STO_COSIGNATURE_LEN (8 + STO_SIG_LEN) /* u64 timestamp, signature */
#define STO_CHECKPOINT_TEXT_MAX (STO_NOTE_NAME_MAX + 1 + 20 + 1 + 44 + 1)
/* longest signature line: em dash and space, name, space, base64 of 4 + 72 octets, LF */
#define STO_NOTE_LINE_MAX (4 + STO_NOTE_NAME_MAX + 1 + 104 + 1)

/* The key that a verifier trusts (a "vkey"): name, type and Ed25519 key. */
typedef struct StoNoteKey
{
	uint8_t name_len;
	char name[STO_NOTE_NAME_MAX + 1]; /* terminated as well */
	uint8_t type;                     /* STO_NOTE_ED25519 or STO_NOTE_COSIGNATURE */
	uint8_t id[STO_NOTE_KEY_ID_LEN];
	StoKey key;
} StoNoteKey;

/* Make one; false with a static reason for a name that is empty or has a space, control or "+". */
extern bool sto_note_key_make(const char *name, size_t name_len, uint8_t type, const StoKey *key,
							  StoNoteKey *out, const char **why);
/* "name+hex8(id)+base64(type || key)", either way; out needs STO_NOTE_NAME_MAX + 64 characters. */
extern bool sto_vkey_parse(const char *text, size_t len, StoNoteKey *out, const char **why);
extern void sto_vkey_print(const StoNoteKey *key, char *out);

typedef struct StoNoteLine
{
	const char *name; /* view */
	uint8_t name_len;
	uint8_t id[STO_NOTE_KEY_ID_LEN];
	const char *base64; /* view: the whole base64 of id and signature */
	size_t base64_len;
	size_t sig_len; /* octets of the signature, without the id */
} StoNoteLine;

typedef struct StoNote
{
	const char *text; /* with its last LF: what is signed */
	size_t text_len;
	int count;
	StoNoteLine lines[STO_NOTE_SIGNATURES_MAX];
} StoNote;

/*
 * Octets of a note, receipt or promise without the empty lines that psql and editors put after
 * it: none has any of its own there.
 */
extern size_t sto_note_len(const char *note, size_t len);
/* signed-note: split at the last empty line; refuses control octets, bad UTF-8 and malformed lines.
 */
extern bool sto_note_parse(const char *note, size_t len, StoNote *out, const char **why);

typedef struct StoCheckpoint
{
	const char *origin; /* view */
	uint8_t origin_len;
	int64_t size;
	StoHash root;
} StoCheckpoint;

/* tlog-checkpoint: origin, size without leading zeros, canonical base64 root; extension lines are
 * allowed and ignored. */
extern bool sto_checkpoint_parse(const char *text, size_t len, StoCheckpoint *out,
								 const char **why);
/* The text that is signed; out has STO_CHECKPOINT_TEXT_MAX octets; returns its length, 0 if it
 * can't be. */
extern size_t sto_checkpoint_print(const char *origin, size_t origin_len, int64_t size,
								   const StoHash *root, char *out);

/*
 * Look for this key's signature in the note.  STO_CHECK_GOOD: it is there and
 * good; STO_CHECK_BAD: a line of this name and key id does not verify;
 * *found false: no such line (the result is then STO_CHECK_BAD).  For a
 * cosignature, *time gets its POSIX seconds (NULL: not wanted), of several the newest.
 */
extern StoCheck sto_note_check(const StoNote *note, const StoNoteKey *key, bool *found,
							   int64_t *time);

/* A signature line "— name base64\n"; sig of 64 or 72 octets.  Returns its length, out has
 * STO_NOTE_LINE_MAX. */
extern size_t sto_note_line_print(const StoNoteKey *key, const uint8_t *sig, size_t sig_len,
								  char *out);
/* Decode a line's signature (without key id); false if it isn't sig_len octets. */
extern bool sto_note_line_signature(const StoNoteLine *line, uint8_t *out, size_t sig_len);
/* What a cosigner signs: "cosignature/v1\ntime T\n" || text. */
extern void sto_put_cosignature(StoWriter *w, int64_t time, const char *text, size_t text_len);

/* Canonical, padded base64 (RFC 4648 4); out has room for 4 * ((len + 2) / 3) + 1. */
extern size_t sto_base64_encode(const void *data, size_t len, char *out);
/* Strict: no white space, canonical padding; false if it isn't that or doesn't fit; *outlen octets.
 */
extern bool sto_base64_decode(const char *text, size_t len, uint8_t *out, size_t size,
							  size_t *outlen);

/* The line at *text without its LF, and *text after it; NULL if no line ends before `end`. */
extern const char *sto_next_line(const char **text, const char *end, size_t *len);
/* ASCII digits without leading zeros, of a number up to INT64_MAX. */
extern bool sto_decimal_parse(const char *text, size_t len, int64_t *out);

#endif
