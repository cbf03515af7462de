/*
 * sto_witness_judge.c
 *		Is this note the log's, does it follow from the last one, and our
 *		signature under it.
 */
#include "sto_witness.h"

#include <string.h>

/*
 * The text must be origin, size and root, to the octet: a cosignature covers all
 * of it, and this ledger writes no further lines, so a witness vouches for none.
 */
static bool
parse(const Witness *w, Note *note, const char **why)
{
	char text[STO_CHECKPOINT_TEXT_MAX];
	StoCheckpoint *c = &note->checkpoint;
	size_t len;

	if (!sto_note_parse(note->data, note->len, &note->parsed, why) ||
		!sto_checkpoint_parse(note->parsed.text, note->parsed.text_len, c, why))
		return false;
	if (c->origin_len != w->log[0].name_len ||
		memcmp(c->origin, w->log[0].name, c->origin_len) != 0)
	{
		*why = "it is another log's: its first line is not the name of the log's key";
		return false;
	}
	len = sto_checkpoint_print(c->origin, c->origin_len, c->size, &c->root, text);
	if (len != note->parsed.text_len || memcmp(text, note->parsed.text, len) != 0)
	{
		*why = "it has lines that this ledger does not write";
		return false;
	}
	return true;
}

/* One good signature of a key of the log; a bad one of any of them spoils the note (signed-note).
 */
static Verdict
signed_by_log(const Witness *w, const Note *note, const char **why)
{
	bool good = false;

	for (int i = 0; i < w->log_count; i++)
	{
		bool found = false;
		StoCheck check = sto_note_check(&note->parsed, &w->log[i], &found, NULL);

		if (check == STO_CHECK_FAILED)
			return VERDICT_FAILED;
		if (found && check != STO_CHECK_GOOD)
		{
			*why = "the signature of the log's key does not verify";
			return VERDICT_BAD;
		}
		good = good || found;
	}
	if (good)
		return VERDICT_GOOD;
	*why = "it is not signed by the log's key";
	return VERDICT_BAD;
}

Verdict
judge_note(const Witness *w, Note *note, const char **why)
{
	if (!parse(w, note, why))
		return VERDICT_BAD;
	return signed_by_log(w, note, why);
}

Verdict
judge_own(const Witness *w, const Note *note)
{
	bool found = false;
	StoCheck check = sto_note_check(&note->parsed, &w->key, &found, NULL);

	if (check == STO_CHECK_FAILED)
		return VERDICT_FAILED;
	return found && check == STO_CHECK_GOOD ? VERDICT_GOOD : VERDICT_BAD;
}

Verdict
judge_state(Witness *w, const char **why)
{
	Verdict own;
	Verdict log;

	if (!parse(w, w->last, why))
		return VERDICT_BAD;
	own = judge_own(w, w->last);
	log = signed_by_log(w, w->last, why);
	if (own == VERDICT_FAILED || log == VERDICT_FAILED)
		return VERDICT_FAILED;
	w->last_is_ours = own == VERDICT_GOOD;
	/* one key may have been replaced since */
	return own == VERDICT_GOOD || log == VERDICT_GOOD ? VERDICT_GOOD : VERDICT_BAD;
}

/* "{hex,hex}": every digest of 64 digits; -1 if it is anything else. */
static int
parse_proof(const char *text, size_t len, StoHash proof[STO_PROOF_MAX])
{
	size_t pos = 1;
	int count = 0;

	if (len < 2 || text[0] != '{' || text[len - 1] != '}')
		return -1;
	if (len == 2)
		return 0;
	for (;;)
	{
		if (count == STO_PROOF_MAX || len - pos < 2 * STO_DIGEST_LEN + 1 ||
			!sto_hex_decode(text + pos, 2 * STO_DIGEST_LEN, proof[count].octets, STO_DIGEST_LEN))
			return -1;
		count++;
		pos += 2 * STO_DIGEST_LEN;
		if (pos == len - 1)
			return count;
		if (text[pos++] != ',')
			return -1;
	}
}

Verdict
judge_growth(const Witness *w, const Note *note, const char *proof, size_t len, const char **why)
{
	StoHash hashes[STO_PROOF_MAX];
	int count = parse_proof(proof, len, hashes);

	if (count < 0)
	{
		*why = "what it gave as proof of consistency is none";
		return VERDICT_BAD;
	}
	if (!sto_verify_consistency(w->last->checkpoint.size, note->checkpoint.size, hashes, count,
								&w->last->checkpoint.root, &note->checkpoint.root))
	{
		*why = "its proof does not lead from the last checkpoint to this one";
		return VERDICT_BAD;
	}
	return VERDICT_GOOD;
}

/* Append the first line of the note that is this key's. */
static bool
copy_line(const Note *from, const StoNoteKey *key, Note *to)
{
	for (int i = 0; i < from->parsed.count; i++)
	{
		const StoNoteLine *line = &from->parsed.lines[i];
		uint8_t sig[STO_SIG_LEN];

		if (line->name_len != key->name_len || memcmp(line->name, key->name, key->name_len) != 0 ||
			memcmp(line->id, key->id, STO_NOTE_KEY_ID_LEN) != 0 ||
			!sto_note_line_signature(line, sig, sizeof(sig)))
			continue;
		to->len += sto_note_line_print(key, sig, sizeof(sig), to->data + to->len);
		return true;
	}
	return false;
}

bool
cosign(Witness *w, const Note *note, int64_t now, Note *out)
{
	uint8_t message[64 + STO_CHECKPOINT_TEXT_MAX];
	uint8_t sig[STO_COSIGNATURE_LEN];
	StoWriter m;
	StoWriter s;
	const char *why;

	sto_writer_init(&m, message, sizeof(message));
	sto_put_cosignature(&m, now, note->parsed.text, note->parsed.text_len);
	sto_writer_init(&s, sig, sizeof(sig));
	sto_put_i64(&s, now);
	if (m.failed || !sto_signer_sign(w->signer, message, m.len, sig + 8))
		return false;

	/* text, empty line, the log's line or lines, ours: far below WITNESS_NOTE_MAX */
	memcpy(out->data, note->parsed.text, note->parsed.text_len);
	out->len = note->parsed.text_len;
	out->data[out->len++] = '\n';
	for (int i = 0; i < w->log_count; i++)
		copy_line(note, &w->log[i], out);
	out->len += sto_note_line_print(&w->key, sig, sizeof(sig), out->data + out->len);
	return sto_note_parse(out->data, out->len, &out->parsed, &why) &&
		   sto_checkpoint_parse(out->parsed.text, out->parsed.text_len, &out->checkpoint, &why) &&
		   judge_own(w, out) == VERDICT_GOOD;
}
