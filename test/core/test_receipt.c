/*
 * test_receipt.c
 *		Receipts made and checked, each part of them changed, and promises.
 */
#include "core/receipt.h"

#include "check.h"
#include "core/hash.h"
#include "signer.h"

#include <string.h>

#define TREE_SIZE 300
#define AT 259
#define TEXT_MAX 8192
#define ORIGIN "example.org/log/3355c1c2-20ba-8926-ae0b-d0359cfd02fe"

static const char *why;
static Signer log_signer;
static Signer witness_signers[3];
static StoNoteKey log_key;
static StoNoteKey witness_keys[3];

static StoHash leaves[TREE_SIZE];
static uint8_t record[STO_ENTRY_MAX];
static uint32_t record_len;
static uint8_t debit_salt[STO_DIGEST_LEN];
static StoSide debit;
static StoSide credit;

static bool
read_leaves(void *context, int level, int64_t first, int count, StoHash *out)
{
	(void) context;
	if (level == 0)
		memcpy(out, leaves + first, (size_t) count * sizeof(StoHash));
	return level == 0 || (first == 0 && count == 1 && sto_hashes_root(leaves, 256, out));
}

/* A transfer whose two sides are known, as leaf AT of a tree. */
static void
make_ledger(void)
{
	uint8_t ledger_id[STO_UUID_LEN] = {1, 2, 3};
	uint8_t credit_salt[STO_DIGEST_LEN] = {9};
	uint8_t sides[2][STO_DIGEST_LEN];
	StoEntry entry = {.order = {.kind = STO_TRANSFER, .amount = 5}, .entry_id = 1234};
	StoWriter w;

	memset(debit_salt, 0x11, sizeof(debit_salt));
	debit = (StoSide){.present = true, .has_prev = true, .seq = 7, .balance = 100, .held = 3};
	memset(debit.prev, 0x77, sizeof(debit.prev));
	credit = (StoSide){.present = true, .seq = 1, .balance = 5};
	entry.debit = debit;
	entry.credit = credit;
	entry.order.has_debit = entry.order.has_credit = true;
	sto_side_digest(debit_salt, entry.order.token_id, &debit, sides[0]);
	sto_side_digest(credit_salt, entry.order.token_id, &credit, sides[1]);
	sto_writer_init(&w, record, sizeof(record));
	sto_put_entry(&w, ledger_id, &entry, sides[0], sides[1]);
	record_len = (uint32_t) w.len;
	for (int i = 0; i < TREE_SIZE; i++)
		sto_leaf_hash(&i, sizeof(i), leaves[i].octets);
	sto_leaf_hash(record, record_len, leaves[AT].octets);
}

/* The checkpoint of the tree, signed by the log and so many witnesses. */
static size_t
make_checkpoint(char *out, const char *origin, int64_t size, int witnesses)
{
	StoHash root;
	uint8_t message[TEXT_MAX];
	uint8_t sig[STO_COSIGNATURE_LEN];
	StoWriter w;
	size_t text_len;
	size_t len;

	sto_tiles_root(read_leaves, NULL, size, &root);
	text_len = sto_checkpoint_print(origin, strlen(origin), size, &root, out);
	len = text_len;
	out[len++] = '\n';
	signer_sign_stored(&log_signer, out, text_len, sig);
	len += sto_note_line_print(&log_key, sig, STO_SIG_LEN, out + len);
	for (int i = 0; i < witnesses; i++)
	{
		sto_writer_init(&w, sig, sizeof(sig));
		sto_put_i64(&w, 1700000000 + i);
		sto_writer_init(&w, message, sizeof(message));
		sto_put_cosignature(&w, 1700000000 + i, out, text_len);
		signer_sign_stored(&witness_signers[i], message, w.len, sig + 8);
		len += sto_note_line_print(&witness_keys[i], sig, sizeof(sig), out + len);
	}
	return len;
}

static size_t
make_receipt_of(char *out, const StoReceiptLeaf *leaf, int64_t index, int64_t size,
				const char *origin, int witnesses)
{
	char checkpoint[TEXT_MAX];
	size_t checkpoint_len = make_checkpoint(checkpoint, origin, size, witnesses);
	uint8_t extra[STO_ENTRY_MAX + 200];
	StoHash proof[STO_PROOF_MAX];
	int count = 0;
	StoWriter extra_writer;
	StoWriter w;

	sto_tiles_inclusion(read_leaves, NULL, index, size, proof, &count);
	sto_writer_init(&extra_writer, extra, sizeof(extra));
	sto_put_receipt_leaf(&extra_writer, leaf);
	sto_writer_init(&w, NULL, 0);
	sto_put_receipt(&w, extra, extra_writer.len, index, proof, count, checkpoint, checkpoint_len);
	if (extra_writer.failed || w.failed || w.len > TEXT_MAX)
		return 0;
	sto_writer_init(&w, out, w.len);
	sto_put_receipt(&w, extra, extra_writer.len, index, proof, count, checkpoint, checkpoint_len);
	return w.failed ? 0 : w.len;
}

static StoReceiptLeaf
debit_leaf(void)
{
	StoReceiptLeaf leaf = {.record = record, .record_len = record_len, .which = 1, .side = debit};

	memcpy(leaf.salt, debit_salt, sizeof(leaf.salt));
	return leaf;
}

static size_t
make_receipt(char *out, int witnesses)
{
	StoReceiptLeaf leaf = debit_leaf();

	return make_receipt_of(out, &leaf, AT, TREE_SIZE, ORIGIN, witnesses);
}

static StoReceiptResult
check(const char *text, size_t len, int threshold, StoReceiptFacts *facts)
{
	static uint8_t scratch[TEXT_MAX];

	return sto_receipt_check(text, len, &log_key, witness_keys, 3, threshold, scratch,
							 sizeof(scratch), facts, &why);
}

static void
test_good(void)
{
	char text[TEXT_MAX];
	size_t len = make_receipt(text, 2);
	StoReceiptFacts facts;
	StoReceiptLeaf leaf = {.record = record, .record_len = record_len};
	uint8_t scratch[TEXT_MAX];

	CHECK(len > 0 && check(text, len, 2, &facts) == STO_RECEIPT_GOOD && why == NULL);
	CHECK(facts.witnesses == 2 && facts.index == AT && facts.checkpoint.size == TREE_SIZE &&
		  memcmp(facts.leaf_hash, leaves[AT].octets, STO_DIGEST_LEN) == 0 &&
		  facts.leaf.record_len == record_len &&
		  memcmp(facts.leaf.record, record, record_len) == 0);
	CHECK(facts.leaf.which == 1 && facts.leaf.side.seq == 7 && facts.leaf.side.balance == 100 &&
		  facts.leaf.side.held == 3 && facts.leaf.side.has_prev);
	CHECK(check(text, len, 0, &facts) == STO_RECEIPT_GOOD);
	CHECK_AS(check(text, len, 3, &facts) == STO_RECEIPT_NOT_WITNESSED && facts.witnesses == 2,
			 "two witnesses are not three");
	CHECK(sto_receipt_check(text, len, &log_key, NULL, 0, 0, scratch, sizeof(scratch), &facts,
							&why) == STO_RECEIPT_GOOD);
	CHECK_AS(sto_receipt_check(text, len, &log_key, NULL, 0, 0, scratch, 50, &facts, &why) ==
				 STO_RECEIPT_MALFORMED,
			 "scratch too small");
	CHECK_AS(sto_receipt_check(text, len, &witness_keys[0], NULL, 0, 0, scratch, sizeof(scratch),
							   &facts, &why) == STO_RECEIPT_NOT_SIGNED,
			 "another log's key");
	len = make_receipt_of(text, &leaf, AT, TREE_SIZE, ORIGIN, 0);
	CHECK_AS(check(text, len, 0, &facts) == STO_RECEIPT_GOOD && facts.leaf.which == 0,
			 "no side opened");
	len = make_receipt_of(text, &leaf, AT, AT + 1, ORIGIN, 0);
	CHECK_AS(check(text, len, 0, &facts) == STO_RECEIPT_GOOD, "the tree's last leaf");
}

/* A witness who signs under two names is still one, and one bad cosignature spoils a good one. */
static void
test_witnesses(void)
{
	char text[TEXT_MAX];
	size_t len = make_receipt(text, 1);
	StoNoteKey twice[2] = {witness_keys[0], witness_keys[0]};
	uint8_t scratch[TEXT_MAX];
	StoReceipt receipt;
	StoReceiptFacts facts;
	StoNote note;
	uint8_t message[TEXT_MAX];
	uint8_t sig[STO_COSIGNATURE_LEN];
	size_t line_len;
	StoWriter w;

	CHECK(sto_receipt_parse(text, len, &receipt, &why) &&
		  sto_note_parse(receipt.checkpoint, receipt.checkpoint_len, &note, &why));
	sto_note_key_make("other", 5, STO_NOTE_COSIGNATURE, &witness_keys[0].key, &twice[1], &why);
	sto_writer_init(&w, sig, sizeof(sig));
	sto_put_i64(&w, 1700000000);
	sto_writer_init(&w, message, sizeof(message));
	sto_put_cosignature(&w, 1700000000, note.text, note.text_len);
	signer_sign_stored(&witness_signers[0], message, w.len, sig + 8);
	line_len = sto_note_line_print(&twice[1], sig, sizeof(sig), text + len);
	CHECK(sto_receipt_check(text, len + line_len, &log_key, twice + 1, 1, 1, scratch,
							sizeof(scratch), &facts, &why) == STO_RECEIPT_GOOD);
	CHECK_AS(sto_receipt_check(text, len + line_len, &log_key, twice, 2, 2, scratch,
							   sizeof(scratch), &facts, &why) == STO_RECEIPT_NOT_WITNESSED &&
				 facts.witnesses == 1,
			 "one key is one witness");

	line_len = sto_note_line_print(&witness_keys[1], sig, sizeof(sig), text + len);
	CHECK_AS(check(text, len + line_len, 1, &facts) == STO_RECEIPT_NOT_WITNESSED,
			 "a bad cosignature beside a good one: %s", why);
}

static void
test_bad(void)
{
	char text[TEXT_MAX];
	StoReceiptLeaf leaf = debit_leaf();
	StoReceiptFacts facts;
	size_t len;

	len = make_receipt_of(text, &leaf, AT - 1, TREE_SIZE, ORIGIN, 0);
	CHECK_AS(check(text, len, 0, &facts) == STO_RECEIPT_NOT_INCLUDED, "another leaf's proof");
	len = make_receipt_of(text, &leaf, AT, TREE_SIZE, "example.org/log/other", 0);
	CHECK_AS(check(text, len, 0, &facts) == STO_RECEIPT_NOT_SIGNED, "another origin: %s", why);
	len = make_receipt_of(text, &leaf, AT, TREE_SIZE, ORIGIN "x", 0);
	CHECK_AS(check(text, len, 0, &facts) == STO_RECEIPT_NOT_SIGNED, "a longer origin: %s", why);
	record[20] ^= 1;
	len = make_receipt_of(text, &leaf, AT, TREE_SIZE, ORIGIN, 0);
	CHECK_AS(check(text, len, 0, &facts) == STO_RECEIPT_NOT_INCLUDED, "another record");
	record[20] ^= 1;

	leaf.side.balance++;
	len = make_receipt_of(text, &leaf, AT, TREE_SIZE, ORIGIN, 0);
	CHECK_AS(check(text, len, 0, &facts) == STO_RECEIPT_SIDE_DIFFERS, "another balance");
	leaf = debit_leaf();
	leaf.salt[31] ^= 1;
	len = make_receipt_of(text, &leaf, AT, TREE_SIZE, ORIGIN, 0);
	CHECK_AS(check(text, len, 0, &facts) == STO_RECEIPT_SIDE_DIFFERS, "another salt");
	leaf = debit_leaf();
	leaf.side.has_prev = false;
	len = make_receipt_of(text, &leaf, AT, TREE_SIZE, ORIGIN, 0);
	CHECK_AS(check(text, len, 0, &facts) == STO_RECEIPT_SIDE_DIFFERS, "no previous entry");
	leaf = debit_leaf();
	leaf.which = 2;
	len = make_receipt_of(text, &leaf, AT, TREE_SIZE, ORIGIN, 0);
	CHECK_AS(check(text, len, 0, &facts) == STO_RECEIPT_SIDE_DIFFERS, "the other side");
	leaf.which = 3;
	CHECK_AS(make_receipt_of(text, &leaf, AT, TREE_SIZE, ORIGIN, 0) == 0, "no third side");
}

/* Whatever octet is changed or cut: never good, but for a witness who is not needed. */
static void
test_mutations(void)
{
	char text[TEXT_MAX];
	size_t len = make_receipt(text, 2);
	StoReceiptFacts facts;
	bool ok = len > 0;

	for (size_t i = 0; i < len; i++)
	{
		char was = text[i];

		text[i] = (char) (was ^ 1 << i % 7);
		ok &= check(text, len, 2, &facts) != STO_RECEIPT_GOOD;
		text[i] = was;
	}
	for (size_t cut = 0; cut < len; cut += 3)
	{
		char *copy = malloc(cut + 1);

		memcpy(copy, text, cut);
		ok &= check(copy, cut, 2, &facts) != STO_RECEIPT_GOOD;
		free(copy);
	}
	CHECK_AS(ok, "every octet of a receipt matters");
}

#define HASH "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"

static bool
parses(const char *text)
{
	StoReceipt receipt;

	return sto_receipt_parse(text, strlen(text), &receipt, &why);
}

static void
test_parse(void)
{
	static const char start[] = "c2sp.org/tlog-proof@v1\n";
	static const char *const bad[] = {
		"",
		"c2sp.org/tlog-proof@v1",
		"c2sp.org/tlog-proof@v1\n",
		"c2sp.org/tlog-proof@v2\nindex 0\n\nc",
		"c2sp.org/tlog-proof@v1\n\nindex 0\n\nc",
		"c2sp.org/tlog-proof@v1\nindex\n\nc",
		"c2sp.org/tlog-proof@v1\nindex \n\nc",
		"c2sp.org/tlog-proof@v1\nindex -1\n\nc",
		"c2sp.org/tlog-proof@v1\nindex 00\n\nc",
		"c2sp.org/tlog-proof@v1\nindex 9223372036854775808\n\nc",
		"c2sp.org/tlog-proof@v1\nindex 0\n",
		"c2sp.org/tlog-proof@v1\nindex 0\n\n",
		"c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nc",
		"c2sp.org/tlog-proof@v1\nindex 0\n" HASH "c",
		"c2sp.org/tlog-proof@v1\nextra Zg=\nindex 0\n\nc",
		"c2sp.org/tlog-proof@v1\nextra\nindex 0\n\nc",
		"c2sp.org/tlog-proof@v1\nindex 0\nextra Zg==\n\nc",
		"c2sp.org/tlog-proof@v1\nextra Zg==\nextra Zg==\nindex 0\n\nc",
		"c2sp.org/tlog-proof@v1\r\nindex 0\n\nc",
	};
	char text[TEXT_MAX];
	StoReceipt receipt;
	size_t len;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_AS(!parses(bad[i]) && why != NULL, "bad receipt %d refused: %s", (int) i, why);
	CHECK(parses("c2sp.org/tlog-proof@v1\nindex 0\n\nc"));
	CHECK(parses("c2sp.org/tlog-proof@v1\nextra Zg==\nindex 9223372036854775807\n" HASH "\nc"));
	len = (size_t) sprintf(text, "%sindex 3\n", start);
	for (int i = 0; i < STO_PROOF_MAX; i++)
		len += (size_t) sprintf(text + len, "%s", HASH);
	sprintf(text + len, "\nc");
	CHECK(sto_receipt_parse(text, len + 2, &receipt, &why) && receipt.count == STO_PROOF_MAX &&
		  receipt.checkpoint_len == 1 && !receipt.has_extra);
	sprintf(text + len, "%s\nc", HASH);
	CHECK_AS(!parses(text), "64 hashes: %s", why);
}

static void
test_leaf_data(void)
{
	StoReceiptLeaf leaf = debit_leaf();
	StoReceiptLeaf got;
	uint8_t data[STO_ENTRY_MAX + 200];
	static uint8_t big[STO_RECEIPT_RECORD_MAX + 100];
	StoWriter w;
	bool ok = true;

	sto_writer_init(&w, data, sizeof(data));
	sto_put_receipt_leaf(&w, &leaf);
	CHECK(sto_receipt_leaf_parse(data, w.len, &got, &why) && got.side.held == 3 &&
		  memcmp(got.side.prev, debit.prev, STO_DIGEST_LEN) == 0);
	for (size_t cut = 0; cut < w.len; cut++)
		ok &= !sto_receipt_leaf_parse(data, cut, &got, &why);
	data[w.len] = 0;
	ok &= !sto_receipt_leaf_parse(data, w.len + 1, &got, &why);
	CHECK_AS(ok, "extra data cut short or longer");
	data[3] ^= 1;
	CHECK(!sto_receipt_leaf_parse(data, w.len, &got, &why));
	data[3] ^= 1;
	data[12]++;
	CHECK_AS(!sto_receipt_leaf_parse(data, w.len, &got, &why), "another version");
	data[12]--;
	data[17 + record_len] = 3;
	CHECK_AS(!sto_receipt_leaf_parse(data, w.len, &got, &why), "no third side");

	leaf = (StoReceiptLeaf){.record = big, .record_len = STO_RECEIPT_RECORD_MAX};
	sto_writer_init(&w, NULL, 0);
	sto_put_receipt_leaf(&w, &leaf);
	CHECK(!w.failed);
	leaf.record_len++;
	sto_put_receipt_leaf(&w, &leaf);
	CHECK_AS(w.failed, "a record longer than an entry bundle takes");
	sto_writer_init(&w, big, sizeof(big));
	sto_put_tag(&w, "sto.receipt", 1);
	sto_put_u32(&w, STO_RECEIPT_RECORD_MAX + 1);
	CHECK(!sto_receipt_leaf_parse(big, w.len + STO_RECEIPT_RECORD_MAX + 2, &got, &why));
}

static void
test_promises(void)
{
	static const char *const bad[] = {
		"",
		"sto.promise/v1\n",
		"sto.promise/v2\no\n1\n" HASH "5\n",
		"sto.promise/v1\n\n1\n" HASH "5\n",
		"sto.promise/v1\no\n01\n" HASH "5\n",
		"sto.promise/v1\no\n-1\n" HASH "5\n",
		"sto.promise/v1\no\n1\nAAAA\n5\n",
		"sto.promise/v1\no\n1\n" HASH "5",
		"sto.promise/v1\no\n1\n" HASH "\n",
		"sto.promise/v1\no\n1\n" HASH "5\n6\n",
		"sto.promise/v1\no\n1\n" HASH "5\n\n",
		"sto.promise/v1\no\n9223372036854775808\n" HASH "5\n",
	};
	char origin[STO_NOTE_NAME_MAX + 1];
	char text[STO_PROMISE_TEXT_MAX];
	StoPromise got;
	size_t len;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_AS(!sto_promise_parse(bad[i], strlen(bad[i]), &got, &why) && why != NULL,
				 "bad promise %d refused: %s", (int) i, why);
	memset(origin, 'o', sizeof(origin));
	len = sto_promise_print(origin, STO_NOTE_NAME_MAX, INT64_MAX, &leaves[3], INT64_MAX, text);
	CHECK(len > 0 && sto_promise_parse(text, len, &got, &why) && got.entry_id == INT64_MAX &&
		  got.time == INT64_MAX && got.origin_len == STO_NOTE_NAME_MAX &&
		  memcmp(&got.leaf, &leaves[3], sizeof(StoHash)) == 0);
	CHECK(sto_promise_print(origin, 0, 1, &leaves[3], 1, text) == 0 &&
		  sto_promise_print(origin, STO_NOTE_NAME_MAX + 1, 1, &leaves[3], 1, text) == 0 &&
		  sto_promise_print("a\nb", 3, 1, &leaves[3], 1, text) == 0 &&
		  sto_promise_print("a", 1, -1, &leaves[3], 1, text) == 0 &&
		  sto_promise_print("a", 1, 1, &leaves[3], -1, text) == 0);
}

static void
test_close_leaf(void)
{
	uint8_t wallet[STO_ADDRESS_LEN] = {1};
	uint8_t token[STO_UUID_LEN] = {2};
	StoSide side = debit;
	StoHash first;
	StoHash second;

	CHECK(sto_close_leaf(wallet, token, debit_salt, &side, &first));
	side.balance++;
	CHECK(sto_close_leaf(wallet, token, debit_salt, &side, &second) &&
		  memcmp(&first, &second, sizeof(first)) != 0);
	side.has_prev = false;
	CHECK_AS(!sto_close_leaf(wallet, token, debit_salt, &side, &second),
			 "a position without an entry is not closed");
}

int
main(void)
{
	log_signer = signer_new(STO_SCHEME_ED25519);
	sto_note_key_make(ORIGIN, strlen(ORIGIN), STO_NOTE_ED25519, &log_signer.key, &log_key, &why);
	for (int i = 0; i < 3; i++)
	{
		char name[20];
		int len = sprintf(name, "witness-%d", i);

		witness_signers[i] = signer_new(STO_SCHEME_ED25519);
		sto_note_key_make(name, (size_t) len, STO_NOTE_COSIGNATURE, &witness_signers[i].key,
						  &witness_keys[i], &why);
	}
	make_ledger();
	test_good();
	test_witnesses();
	test_bad();
	test_mutations();
	test_parse();
	test_leaf_data();
	test_promises();
	test_close_leaf();
	signer_free(&log_signer);
	for (int i = 0; i < 3; i++)
		signer_free(&witness_signers[i]);
	return check_done("receipt");
}
