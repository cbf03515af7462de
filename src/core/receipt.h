/*
 * receipt.h
 *		Receipts (C2SP tlog-proof) and promises.  docs/format.md, "Receipt".
 */
#ifndef STO_CORE_RECEIPT_H
#define STO_CORE_RECEIPT_H

#include "message.h"
#include "note.h"

#define STO_RECEIPT_RECORD_MAX 65535 /* an entry bundle's limit too (tlog-tiles) */

/* What a receipt says beside the proof: the leaf's record, and the reader's own side. */
typedef struct StoReceiptLeaf
{
	const uint8_t *record; /* the entry's or event's record: leaf = SHA-256(00 || record) */
	uint32_t record_len;
	uint8_t which; /* side opened: 0 none, 1 debit, 2 credit */
	uint8_t salt[STO_DIGEST_LEN];
	StoSide side;
} StoReceiptLeaf;

/* tag "sto.receipt" 1, octets32 record, u8 which, and if which is not 0: salt, i64 seq, i128
 * balance, i128 held, opt digest prev */
extern void sto_put_receipt_leaf(StoWriter *w, const StoReceiptLeaf *leaf);
extern bool sto_receipt_leaf_parse(const void *data, size_t len, StoReceiptLeaf *out,
								   const char **why);

typedef struct StoReceipt
{
	bool has_extra;
	const char *extra; /* base64, view */
	size_t extra_len;
	int64_t index;
	int count;
	StoHash proof[STO_PROOF_MAX];
	const char *checkpoint; /* the signed note, view */
	size_t checkpoint_len;
} StoReceipt;

/* "c2sp.org/tlog-proof@v1\n[extra b64\n]index i\n(b64\n)*\n" checkpoint */
extern bool sto_receipt_parse(const char *text, size_t len, StoReceipt *out, const char **why);
/* Length with data NULL; a text, not terminated. */
extern void sto_put_receipt(StoWriter *w, const uint8_t *extra, size_t extra_len, int64_t index,
							const StoHash *proof, int count, const char *checkpoint,
							size_t checkpoint_len);

typedef enum StoReceiptResult
{
	STO_RECEIPT_GOOD,
	STO_RECEIPT_MALFORMED,     /* why says where */
	STO_RECEIPT_NOT_SIGNED,    /* no good signature of the log's key, or another origin */
	STO_RECEIPT_NOT_WITNESSED, /* fewer good cosignatures than asked */
	STO_RECEIPT_NOT_INCLUDED,  /* the leaf isn't in that tree */
	STO_RECEIPT_SIDE_DIFFERS,  /* the opened side isn't the one that the record commits to */
	STO_RECEIPT_FAILED         /* OpenSSL itself failed */
} StoReceiptResult;

typedef struct StoReceiptFacts
{
	StoCheckpoint checkpoint;
	StoReceiptLeaf leaf;
	uint8_t leaf_hash[STO_DIGEST_LEN];
	int64_t index;
	int witnesses; /* good cosignatures of distinct keys */
} StoReceiptFacts;

/*
 * Check everything that can be checked without a database.  scratch holds the
 * decoded extra (views of facts point into it): extra_len octets are enough.
 */
extern StoReceiptResult sto_receipt_check(const char *text, size_t len, const StoNoteKey *log,
										  const StoNoteKey *witnesses, int witness_count,
										  int threshold, uint8_t *scratch, size_t scratch_len,
										  StoReceiptFacts *facts, const char **why);

/*
 * A promise: a signed note "sto.promise/v1\n<origin>\n<entry_id>\n<base64 leaf>\n<POSIX
 * microseconds>\n" by the log's key: this entry is durable and will be sealed under this id.
 */
#define STO_PROMISE_TEXT_MAX (16 + STO_NOTE_NAME_MAX + 1 + 20 + 1 + 45 + 21)
typedef struct StoPromise
{
	const char *origin; /* view */
	uint8_t origin_len;
	int64_t entry_id;
	StoHash leaf;
	int64_t time;
} StoPromise;

/*
 * Its text, not terminated: out has room for STO_PROMISE_TEXT_MAX octets.  time: microseconds
 * since 1970.  The length; 0 if the origin is no name of a note.
 */
extern size_t sto_promise_print(const char *origin, size_t origin_len, int64_t entry_id,
								const StoHash *leaf, int64_t time, char *out);
/* The text of a note; false, with a static reason, unless it is that and nothing more. */
extern bool sto_promise_parse(const char *text, size_t len, StoPromise *out, const char **why);

/* Possession messages of keys that sign notes: tag "sto.log_key" 1 or "sto.witness_key" 1,
 * uuid ledger_id, uuid party (nil for the log), text8 name, u8 scheme, octets8 key. */
extern void sto_put_note_possession(StoWriter *w, const uint8_t ledger_id[STO_UUID_LEN],
									const uint8_t *party, const char *name, size_t name_len,
									const StoKey *key);

/*
 * A leaf of a daily close, hashed: leaf(tag "sto.close" 1, address wallet, uuid token, i64 seq,
 * digest head, digest salted).  side->prev is the head: the leaf of the position's last entry;
 * salted = sto_side_digest of (salt, token, side).  False if side has no head.
 */
extern bool sto_close_leaf(const uint8_t wallet[STO_ADDRESS_LEN],
						   const uint8_t token_id[STO_UUID_LEN], const uint8_t salt[STO_DIGEST_LEN],
						   const StoSide *side, StoHash *out);
/* The same with head and salted digest at hand. */
extern bool sto_close_leaf_hash(const uint8_t wallet[STO_ADDRESS_LEN],
								const uint8_t token_id[STO_UUID_LEN], int64_t seq,
								const uint8_t head[STO_DIGEST_LEN],
								const uint8_t salted[STO_DIGEST_LEN], StoHash *out);

#endif
