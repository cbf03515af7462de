/*
 * note_vectors.h
 *		The vectors of keys that sign notes, checkpoints, receipts, promises and closes.
 */
#ifndef STO_TEST_CORE_NOTE_VECTORS_H
#define STO_TEST_CORE_NOTE_VECTORS_H

#include "core/merkle.h"
#include "core/note.h"
#include "core/receipt.h"

#include "vectors.h"

#define LEAVES_MAX 16

/* A text of several lines is given as hex. */
static size_t
text_of(const char *name, char out[BYTES_MAX])
{
	return long_octets_of(name, (uint8_t *) out);
}

static void
take_vkey(const char *name, int which, StoNoteKey *key)
{
	const char *text = value_at(name, which);
	char printed[STO_NOTE_NAME_MAX + 64];
	const char *why;

	CHECK(text != NULL && sto_vkey_parse(text, strlen(text), key, &why));
	sto_vkey_print(key, printed);
	CHECK_AS(strcmp(printed, text) == 0, "%s: %s %d printed again", title, name, which);
}

static int
count_of(const char *name)
{
	int count = 0;

	while (value_at(name, count) != NULL)
		count++;
	return count;
}

static int
hashes_of(const char *name, StoHash out[LEAVES_MAX])
{
	int count = count_of(name);

	CHECK(count <= LEAVES_MAX);
	for (int i = 0; i < count; i++)
		CHECK(sto_hex_decode(value_at(name, i), 64, out[i].octets, STO_DIGEST_LEN));
	return count;
}

/* The text, an empty line, and these signatures' lines: is it the vector's note? */
static void
expect_note(const char *text, size_t text_len, const char *signature_lines, size_t lines_len)
{
	char note[BYTES_MAX];
	StoWriter w;

	sto_writer_init(&w, note, sizeof(note));
	sto_put_bytes(&w, text, text_len);
	sto_put_u8(&w, '\n');
	sto_put_bytes(&w, signature_lines, lines_len);
	CHECK(!w.failed);
	expect("note", note, w.len);
}

static void
test_note_possession(void)
{
	uint8_t ledger[STO_UUID_LEN];
	uint8_t party[STO_UUID_LEN];
	uint8_t signature[STO_SIG_LEN];
	uint8_t out[512];
	char vkey[STO_NOTE_NAME_MAX + 64];
	const char *name = value_of("name");
	const char *text = value_of("key");
	const char *why;
	bool is_witness = octets_of("party", party, sizeof(party));
	StoKey key;
	StoNoteKey note_key;
	uint8_t data[32];
	StoWriter w;

	CHECK(octets_of("ledger_id", ledger, sizeof(ledger)) &&
		  sto_hex_decode(text + strlen("ed25519:"), 64, data, sizeof(data)) &&
		  sto_key_make(STO_SCHEME_ED25519, data, sizeof(data), &key, &why));
	sto_writer_init(&w, out, sizeof(out));
	sto_put_note_possession(&w, ledger, is_witness ? party : NULL, name, strlen(name), &key);
	CHECK(!w.failed);
	expect("message", out, w.len);
	CHECK(octets_of("possession", signature, sizeof(signature)) &&
		  sto_signature_check(&key, out, w.len, signature) == STO_CHECK_GOOD);
	CHECK(sto_note_key_make(name, strlen(name),
							is_witness ? STO_NOTE_COSIGNATURE : STO_NOTE_ED25519, &key, &note_key,
							&why));
	expect("note_key_id", note_key.id, sizeof(note_key.id));
	sto_vkey_print(&note_key, vkey);
	expect_text("vkey", vkey);
}

static void
test_checkpoint(void)
{
	static const char *const cosigned[] = {"cosigned_by_J", "cosigned_by_K"};
	static const char *const signed_by[] = {"signature_by_J", "signature_by_K"};
	const char *origin = value_of("origin");
	StoHash leaves[LEAVES_MAX];
	StoHash root;
	char text[STO_CHECKPOINT_TEXT_MAX];
	char signature_lines[BYTES_MAX];
	char message[BYTES_MAX];
	uint8_t sig[STO_COSIGNATURE_LEN];
	StoNoteKey key;
	StoNote note;
	StoWriter w;
	int count = hashes_of("leaf", leaves);
	size_t text_len;
	size_t lines_len;
	const char *why;
	bool found;

	CHECK(count == atoi(value_of("tree_size")) && sto_hashes_root(leaves, (size_t) count, &root));
	expect("root", &root, sizeof(root));
	text_len = sto_checkpoint_print(origin, strlen(origin), count, &root, text);
	expect("text", text, text_len);
	take_vkey("log", 0, &key);
	CHECK(octets_of("signature_by_I", sig, STO_SIG_LEN));
	lines_len = sto_note_line_print(&key, sig, STO_SIG_LEN, signature_lines);
	for (int i = 0; i < count_of("witness"); i++)
	{
		int64_t time = strtoll(value_at("time", i), NULL, 10);

		take_vkey("witness", i, &key);
		sto_writer_init(&w, message, sizeof(message));
		sto_put_cosignature(&w, time, text, text_len);
		expect(cosigned[i], message, w.len);
		sto_writer_init(&w, sig, sizeof(sig));
		sto_put_i64(&w, time);
		CHECK(octets_of(signed_by[i], sig + w.len, STO_SIG_LEN));
		lines_len += sto_note_line_print(&key, sig, sizeof(sig), signature_lines + lines_len);
	}
	expect_note(text, text_len, signature_lines, lines_len);

	CHECK(sto_note_parse(message, text_of("note", message), &note, &why));
	take_vkey("log", 0, &key);
	CHECK(sto_note_check(&note, &key, &found, NULL) == STO_CHECK_GOOD);
	for (int i = 0; i < count_of("witness"); i++)
	{
		int64_t time = 0;

		take_vkey("witness", i, &key);
		CHECK(sto_note_check(&note, &key, &found, &time) == STO_CHECK_GOOD &&
			  time == strtoll(value_at("time", i), NULL, 10));
	}
}

static void
test_receipt(void)
{
	static uint8_t record[BYTES_MAX];
	static uint8_t extra[BYTES_MAX];
	static uint8_t again[BYTES_MAX];
	static uint8_t scratch[BYTES_MAX];
	static char text[BYTES_MAX];
	size_t len = text_of("receipt", text);
	StoReceiptLeaf leaf = {.record = record,
						   .record_len = (uint32_t) long_octets_of("record", record)};
	int64_t index = strtoll(value_of("index"), NULL, 10);
	StoHash proof[LEAVES_MAX];
	int count = hashes_of("proof", proof);
	StoNoteKey log;
	StoNoteKey witnesses[2];
	StoReceipt receipt;
	StoReceiptFacts facts;
	StoWriter w;
	StoWriter text_writer;
	const char *why;

	leaf.which = (uint8_t) atoi(value_of("which"));
	if (leaf.which != 0)
		CHECK(take_side("", &leaf.side, leaf.salt));
	sto_writer_init(&w, extra, sizeof(extra));
	sto_put_receipt_leaf(&w, &leaf);
	CHECK(!w.failed);
	expect("extra", extra, w.len);

	CHECK(sto_receipt_parse(text, len, &receipt, &why));
	sto_writer_init(&text_writer, again, sizeof(again));
	sto_put_receipt(&text_writer, extra, w.len, index, proof, count, receipt.checkpoint,
					receipt.checkpoint_len);
	CHECK(!text_writer.failed);
	expect("receipt", again, text_writer.len);

	take_vkey("log", 0, &log);
	take_vkey("witness", 0, &witnesses[0]);
	take_vkey("witness", 1, &witnesses[1]);
	CHECK(sto_receipt_check(text, len, &log, witnesses, 2, 0, scratch, sizeof(scratch), &facts,
							&why) == STO_RECEIPT_GOOD);
	CHECK(facts.index == index && facts.checkpoint.size == atoi(value_of("tree_size")));
	expect("leaf_hash", facts.leaf_hash, sizeof(facts.leaf_hash));
}

static void
test_promise(void)
{
	const char *origin = value_of("origin");
	char text[STO_PROMISE_TEXT_MAX];
	char line[STO_NOTE_LINE_MAX];
	uint8_t sig[STO_SIG_LEN];
	StoHash leaf;
	StoNoteKey log;
	StoPromise promise;
	int64_t entry_id = 0;
	int64_t time = 0;
	size_t len;
	const char *why;

	CHECK(i64_of("entry_id", &entry_id) && i64_of("time", &time) &&
		  octets_of("leaf", leaf.octets, sizeof(leaf)));
	len = sto_promise_print(origin, strlen(origin), entry_id, &leaf, time, text);
	expect("text", text, len);
	CHECK(sto_promise_parse(text, len, &promise, &why) && promise.entry_id == entry_id &&
		  promise.time == time && memcmp(&promise.leaf, &leaf, sizeof(leaf)) == 0);
	take_vkey("log", 0, &log);
	CHECK(octets_of("signature_by_I", sig, sizeof(sig)) &&
		  sto_signature_check(&log.key, text, len, sig) == STO_CHECK_GOOD);
	expect_note(text, len, line, sto_note_line_print(&log, sig, sizeof(sig), line));
}

static void
test_close_leaf(void)
{
	uint8_t wallet[STO_ADDRESS_LEN];
	uint8_t token[STO_UUID_LEN];
	uint8_t salt[STO_DIGEST_LEN];
	StoSide side;
	StoHash leaf;

	CHECK(take_side("", &side, salt) && octets_of("wallet", wallet, sizeof(wallet)) &&
		  octets_of("token_id", token, sizeof(token)));
	CHECK(sto_close_leaf(wallet, token, salt, &side, &leaf));
	expect("leaf", &leaf, sizeof(leaf));
}

static void
test_close(void)
{
	StoHash leaves[LEAVES_MAX];
	StoHash root;
	int count = hashes_of("leaf", leaves);

	CHECK(count == atoi(value_of("count")) && sto_hashes_root(leaves, (size_t) count, &root));
	expect("root", &root, sizeof(root));
}

#endif
