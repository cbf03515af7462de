/*
 * receipt.c
 *		Receipts, promises, and what else is signed or hashed about the tree.
 */
#include "core/receipt.h"

#include <stdio.h>
#include <string.h>

#include "core/record.h"

#define FORMAT_VERSION 1
#define DIGEST_BASE64_LEN 44
#define CLOSE_MAX 160                         /* longest record of a close's leaf */
#define LAST_TIME INT64_C(253402300799999999) /* of the year 9999 */

static const char receipt_start[] = "c2sp.org/tlog-proof@v1";
static const char extra_start[] = "extra ";
static const char index_start[] = "index ";
static const char promise_start[] = "sto.promise/v1";

void
sto_put_receipt_leaf(StoWriter *w, const StoReceiptLeaf *leaf)
{
	if (leaf->which > 2 || leaf->record_len > STO_RECEIPT_RECORD_MAX)
		w->failed = true;
	sto_put_tag(w, "sto.receipt", FORMAT_VERSION);
	sto_put_octets32(w, leaf->record, leaf->record_len);
	sto_put_u8(w, leaf->which);
	if (leaf->which == 0)
		return;
	sto_put_bytes(w, leaf->salt, STO_DIGEST_LEN);
	sto_put_i64(w, leaf->side.seq);
	sto_put_amount(w, leaf->side.balance);
	sto_put_amount(w, leaf->side.held);
	sto_put_opt_bytes(w, leaf->side.has_prev, leaf->side.prev, STO_DIGEST_LEN);
}

static bool
get_tag(StoReader *r, const char *name)
{
	size_t len = strlen(name);
	const uint8_t *at = sto_get_view(r, len + 2);

	return at != NULL && at[0] == len && memcmp(at + 1, name, len) == 0 &&
		   at[len + 1] == FORMAT_VERSION;
}

static const char *
parse_leaf(StoReader *r, StoReceiptLeaf *out)
{
	if (!get_tag(r, "sto.receipt"))
		return "the extra data begin with no tag sto.receipt of version 1";
	out->record_len = sto_get_u32(r);
	if (out->record_len > STO_RECEIPT_RECORD_MAX)
		return "the record has more than 65535 octets";
	out->record = sto_get_view(r, out->record_len);
	out->which = sto_get_u8(r);
	if (out->which > 2)
		return "the opened side is neither none, debit nor credit";
	if (out->which != 0)
	{
		out->side.present = true;
		sto_get_bytes(r, out->salt, STO_DIGEST_LEN);
		out->side.seq = sto_get_i64(r);
		out->side.balance = sto_get_amount(r);
		out->side.held = sto_get_amount(r);
		out->side.has_prev = sto_get_present(r);
		if (out->side.has_prev)
			sto_get_bytes(r, out->side.prev, STO_DIGEST_LEN);
	}
	return sto_reader_done(r) ? NULL : "the extra data are cut short or go on";
}

bool
sto_receipt_leaf_parse(const void *data, size_t len, StoReceiptLeaf *out, const char **why)
{
	StoReader r;

	memset(out, 0, sizeof(*out));
	sto_reader_init(&r, data, len);
	*why = parse_leaf(&r, out);
	return *why == NULL;
}

static bool
is_line(const char *line, size_t len, const char *text)
{
	return line != NULL && len == strlen(text) && memcmp(line, text, len) == 0;
}

static bool
begins_with(const char *line, size_t len, const char *start)
{
	return line != NULL && len >= strlen(start) && memcmp(line, start, strlen(start)) == 0;
}

/* base64 of 32 octets */
static bool
parse_digest(const char *line, size_t len, uint8_t out[STO_DIGEST_LEN])
{
	size_t octets;

	return line != NULL && len == DIGEST_BASE64_LEN &&
		   sto_base64_decode(line, len, out, STO_DIGEST_LEN, &octets) && octets == STO_DIGEST_LEN;
}

static const char *
parse_receipt(const char *text, size_t text_len, StoReceipt *out)
{
	const char *end = text + text_len;
	size_t len = 0;
	size_t octets;
	const char *line = sto_next_line(&text, end, &len);

	if (!is_line(line, len, receipt_start))
		return "the first line is not that of a receipt";
	line = sto_next_line(&text, end, &len);
	if (begins_with(line, len, extra_start))
	{
		out->has_extra = true;
		out->extra = line + strlen(extra_start);
		out->extra_len = len - strlen(extra_start);
		if (!sto_base64_decode(out->extra, out->extra_len, NULL, 0, &octets))
			return "the extra data are not base64";
		line = sto_next_line(&text, end, &len);
	}
	if (!begins_with(line, len, index_start) ||
		!sto_decimal_parse(line + strlen(index_start), len - strlen(index_start), &out->index))
		return "the index is missing, is not a number or has a leading zero";
	for (;;)
	{
		line = sto_next_line(&text, end, &len);
		if (line == NULL)
			return "the receipt ends before its checkpoint";
		if (len == 0)
			break;
		if (out->count == STO_PROOF_MAX)
			return "the proof has more than 63 hashes";
		if (!parse_digest(line, len, out->proof[out->count].octets))
			return "a hash of the proof is not base64 of 32 octets";
		out->count++;
	}
	out->checkpoint = text;
	out->checkpoint_len = (size_t) (end - text);
	return out->checkpoint_len == 0 ? "the receipt ends before its checkpoint" : NULL;
}

bool
sto_receipt_parse(const char *text, size_t len, StoReceipt *out, const char **why)
{
	memset(out, 0, sizeof(*out));
	*why = parse_receipt(text, len, out);
	return *why == NULL;
}

static void
put_text(StoWriter *w, const char *text)
{
	sto_put_bytes(w, text, strlen(text));
}

static void
put_base64(StoWriter *w, const uint8_t *data, size_t len)
{
	enum
	{
		PIECE = 48 /* a multiple of 3, so that pieces join */
	};

	for (size_t done = 0; done < len; done += PIECE)
	{
		char base64[4 * PIECE / 3 + 1];
		size_t piece = len - done < PIECE ? len - done : PIECE;

		sto_put_bytes(w, base64, sto_base64_encode(data + done, piece, base64));
	}
}

static void
put_number_line(StoWriter *w, int64_t value)
{
	char number[24];

	if (value < 0)
		w->failed = true;
	sto_put_bytes(w, number, (size_t) sprintf(number, "%lld\n", (long long) value));
}

void
sto_put_receipt(StoWriter *w, const uint8_t *extra, size_t extra_len, int64_t index,
				const StoHash *proof, int count, const char *checkpoint, size_t checkpoint_len)
{
	if (count < 0 || count > STO_PROOF_MAX)
	{
		w->failed = true;
		return;
	}
	put_text(w, receipt_start);
	put_text(w, "\n");
	if (extra != NULL)
	{
		put_text(w, extra_start);
		put_base64(w, extra, extra_len);
		put_text(w, "\n");
	}
	put_text(w, index_start);
	put_number_line(w, index);
	for (int i = 0; i < count; i++)
	{
		put_base64(w, proof[i].octets, STO_DIGEST_LEN);
		put_text(w, "\n");
	}
	put_text(w, "\n");
	sto_put_bytes(w, checkpoint, checkpoint_len);
}

/* The log's signature, and that the checkpoint is the log's: C2SP has origin and key name equal. */
static StoReceiptResult
check_log(const StoNote *note, const StoCheckpoint *checkpoint, const StoNoteKey *log,
		  const char **why)
{
	bool found;

	switch (sto_note_check(note, log, &found, NULL))
	{
		case STO_CHECK_GOOD:
			break;
		case STO_CHECK_BAD:
			*why = found ? "the log's signature is wrong" : "the log's signature is missing";
			return STO_RECEIPT_NOT_SIGNED;
		default:
			return STO_RECEIPT_FAILED;
	}
	if (checkpoint->origin_len != log->name_len ||
		memcmp(checkpoint->origin, log->name, log->name_len) != 0)
	{
		*why = "the checkpoint is of another origin";
		return STO_RECEIPT_NOT_SIGNED;
	}
	return STO_RECEIPT_GOOD;
}

static bool
listed_before(const StoNoteKey *keys, int at)
{
	for (int i = 0; i < at; i++)
	{
		if (memcmp(keys[i].key.data, keys[at].key.data, STO_KEY_MAX) == 0)
			return true;
	}
	return false;
}

static StoReceiptResult
check_witnesses(const StoNote *note, const StoNoteKey *witnesses, int witness_count, int threshold,
				int *good, const char **why)
{
	*good = 0;
	for (int i = 0; i < witness_count; i++)
	{
		bool found;

		if (listed_before(witnesses, i))
			continue;
		switch (sto_note_check(note, &witnesses[i], &found, NULL))
		{
			case STO_CHECK_GOOD:
				(*good)++;
				break;
			case STO_CHECK_BAD:
				/* signed-note: a bad signature of a known key makes the note bad */
				if (found)
				{
					*why = "the cosignature of a known witness is wrong";
					return STO_RECEIPT_NOT_WITNESSED;
				}
				break;
			default:
				return STO_RECEIPT_FAILED;
		}
	}
	if (*good >= threshold)
		return STO_RECEIPT_GOOD;
	*why = "fewer witnesses cosigned than are asked for";
	return STO_RECEIPT_NOT_WITNESSED;
}

static StoReceiptResult
check_side(const StoReceiptLeaf *leaf, const StoRecord *record, const char **why)
{
	const uint8_t *committed = leaf->which == 1 ? record->debit_side : record->credit_side;
	uint8_t digest[STO_DIGEST_LEN];

	if (leaf->which == 0)
		return STO_RECEIPT_GOOD;
	if (record->kind != STO_RECORD_ENTRY || committed == NULL)
	{
		*why = "the record has no such side";
		return STO_RECEIPT_SIDE_DIFFERS;
	}
	if (!sto_side_digest(leaf->salt, record->entry.order.token_id, &leaf->side, digest))
		return STO_RECEIPT_FAILED;
	if (memcmp(digest, committed, STO_DIGEST_LEN) != 0)
	{
		*why = "the opened side is not the one that the record commits to";
		return STO_RECEIPT_SIDE_DIFFERS;
	}
	return STO_RECEIPT_GOOD;
}

/*
 * Whoever has the log's key can put any octets into its tree: a kind that is no name,
 * or a time that no calendar has, must not reach who reads the answer.
 */
static const char *
check_record(const StoRecord *record)
{
	bool is_event = record->kind == STO_RECORD_EVENT;
	int64_t at = is_event ? record->event.recorded_at : record->entry.posted_at;

	if (at < 0 || at > LAST_TIME)
		return "the record's time is none";
	for (int i = 0; is_event && i < record->event.kind_len; i++)
	{
		char c = record->event.kind[i];

		if ((c < 'a' || c > 'z') && c != '_')
			return "the record's kind is none";
	}
	return NULL;
}

/* The text's parts, each of its form: nothing is compared yet. */
static bool
take_apart(const char *text, size_t len, uint8_t *scratch, size_t scratch_len, StoReceipt *receipt,
		   StoNote *note, StoRecord *record, StoReceiptFacts *facts, const char **why)
{
	size_t extra_len;

	if (!sto_receipt_parse(text, len, receipt, why))
		return false;
	facts->index = receipt->index;
	if (!receipt->has_extra)
	{
		*why = "the receipt has no record";
		return false;
	}
	if (!sto_base64_decode(receipt->extra, receipt->extra_len, scratch, scratch_len, &extra_len))
	{
		*why = "the extra data are too long";
		return false;
	}
	if (!sto_receipt_leaf_parse(scratch, extra_len, &facts->leaf, why) ||
		!sto_record_parse(facts->leaf.record, facts->leaf.record_len, record, why))
		return false;
	*why = check_record(record);
	return *why == NULL &&
		   sto_note_parse(receipt->checkpoint, receipt->checkpoint_len, note, why) &&
		   sto_checkpoint_parse(note->text, note->text_len, &facts->checkpoint, why);
}

static StoReceiptResult
check_receipt(const StoReceipt *receipt, const StoNote *note, const StoRecord *record,
			  const StoNoteKey *log, const StoNoteKey *witnesses, int witness_count, int threshold,
			  StoReceiptFacts *facts, const char **why)
{
	StoHash leaf;
	StoReceiptResult result;

	if (!sto_leaf_hash(facts->leaf.record, facts->leaf.record_len, leaf.octets))
		return STO_RECEIPT_FAILED;
	memcpy(facts->leaf_hash, leaf.octets, STO_DIGEST_LEN);
	result = check_log(note, &facts->checkpoint, log, why);
	if (result == STO_RECEIPT_GOOD)
		result = check_witnesses(note, witnesses, witness_count, threshold, &facts->witnesses, why);
	if (result != STO_RECEIPT_GOOD)
		return result;
	if (!sto_verify_inclusion(&leaf, receipt->index, facts->checkpoint.size, receipt->proof,
							  receipt->count, &facts->checkpoint.root))
	{
		*why = "the leaf is not in the tree of the checkpoint";
		return STO_RECEIPT_NOT_INCLUDED;
	}
	return check_side(&facts->leaf, record, why);
}

StoReceiptResult
sto_receipt_check(const char *text, size_t len, const StoNoteKey *log, const StoNoteKey *witnesses,
				  int witness_count, int threshold, uint8_t *scratch, size_t scratch_len,
				  StoReceiptFacts *facts, const char **why)
{
	StoReceipt receipt;
	StoNote note;
	StoRecord record;
	StoReceiptResult result;

	memset(facts, 0, sizeof(*facts));
	*why = NULL;
	if (!take_apart(text, len, scratch, scratch_len, &receipt, &note, &record, facts, why))
		return STO_RECEIPT_MALFORMED;
	result = check_receipt(&receipt, &note, &record, log, witnesses, witness_count, threshold,
						   facts, why);
	if (result == STO_RECEIPT_FAILED)
		*why = "OpenSSL failed";
	return result;
}

size_t
sto_promise_print(const char *origin, size_t origin_len, int64_t entry_id, const StoHash *leaf,
				  int64_t time, char *out)
{
	StoWriter w;

	if (origin_len == 0 || origin_len > STO_NOTE_NAME_MAX ||
		memchr(origin, '\n', origin_len) != NULL)
		return 0;
	sto_writer_init(&w, out, STO_PROMISE_TEXT_MAX);
	put_text(&w, promise_start);
	put_text(&w, "\n");
	sto_put_bytes(&w, origin, origin_len);
	put_text(&w, "\n");
	put_number_line(&w, entry_id);
	put_base64(&w, leaf->octets, STO_DIGEST_LEN);
	put_text(&w, "\n");
	put_number_line(&w, time);
	return w.failed ? 0 : w.len;
}

static const char *
parse_promise(const char *text, size_t text_len, StoPromise *out)
{
	const char *end = text + text_len;
	size_t len = 0;
	const char *line = sto_next_line(&text, end, &len);

	if (!is_line(line, len, promise_start))
		return "the first line is not that of a promise";
	line = sto_next_line(&text, end, &len);
	if (line == NULL || len == 0 || len > STO_NOTE_NAME_MAX)
		return "the origin has 1 to 255 octets";
	out->origin = line;
	out->origin_len = (uint8_t) len;
	line = sto_next_line(&text, end, &len);
	if (line == NULL || !sto_decimal_parse(line, len, &out->entry_id))
		return "the entry's id is not a number or has a leading zero";
	line = sto_next_line(&text, end, &len);
	if (!parse_digest(line, len, out->leaf.octets))
		return "the leaf is not base64 of 32 octets";
	line = sto_next_line(&text, end, &len);
	if (line == NULL || !sto_decimal_parse(line, len, &out->time))
		return "the time is not a number or has a leading zero";
	return text == end ? NULL : "the promise has more than five lines";
}

bool
sto_promise_parse(const char *text, size_t len, StoPromise *out, const char **why)
{
	memset(out, 0, sizeof(*out));
	*why = parse_promise(text, len, out);
	return *why == NULL;
}

void
sto_put_note_possession(StoWriter *w, const uint8_t ledger_id[STO_UUID_LEN], const uint8_t *party,
						const char *name, size_t name_len, const StoKey *key)
{
	static const uint8_t nil[STO_UUID_LEN];

	sto_put_tag(w, party == NULL ? "sto.log_key" : "sto.witness_key", FORMAT_VERSION);
	sto_put_bytes(w, ledger_id, STO_UUID_LEN);
	sto_put_bytes(w, party == NULL ? nil : party, STO_UUID_LEN);
	sto_put_octets8(w, name, name_len);
	sto_put_u8(w, key->scheme);
	sto_put_octets8(w, key->data, key->len);
}

bool
sto_close_leaf_hash(const uint8_t wallet[STO_ADDRESS_LEN], const uint8_t token_id[STO_UUID_LEN],
					int64_t seq, const uint8_t head[STO_DIGEST_LEN],
					const uint8_t salted[STO_DIGEST_LEN], StoHash *out)
{
	uint8_t buffer[CLOSE_MAX];
	StoWriter w;

	sto_writer_init(&w, buffer, sizeof(buffer));
	sto_put_tag(&w, "sto.close", FORMAT_VERSION);
	sto_put_bytes(&w, wallet, STO_ADDRESS_LEN);
	sto_put_bytes(&w, token_id, STO_UUID_LEN);
	sto_put_i64(&w, seq);
	sto_put_bytes(&w, head, STO_DIGEST_LEN);
	sto_put_bytes(&w, salted, STO_DIGEST_LEN);
	return !w.failed && sto_leaf_hash(buffer, w.len, out->octets);
}

bool
sto_close_leaf(const uint8_t wallet[STO_ADDRESS_LEN], const uint8_t token_id[STO_UUID_LEN],
			   const uint8_t salt[STO_DIGEST_LEN], const StoSide *side, StoHash *out)
{
	uint8_t salted[STO_DIGEST_LEN];

	/* a position is there because an entry moved it: that entry is its head */
	return side->has_prev && sto_side_digest(salt, token_id, side, salted) &&
		   sto_close_leaf_hash(wallet, token_id, side->seq, side->prev, salted, out);
}
