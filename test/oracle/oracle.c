/*
 * oracle.c
 *		Trees, proofs, notes and receipts made and judged by src/core, in the lines
 *		that oracle.go makes and judges as well.
 *
 *	make    print them; leaf i of the tree is the decimal digits of i
 *	check   read them, and fail unless all verify
 *	judge   read notes, change bits of each, and say what becomes of it
 */
#include "core/merkle.h"
#include "core/note.h"
#include "core/receipt.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAVES 70000
#define SMALL 64
#define MIDDLE 600
#define LARGE_COUNT 60
#define NOTES 200
#define WITNESSES 3
#define CHANGES 60
#define LINE_SIZE 32768

static StoHash levels[3][LEAVES];
static uint64_t state;

static const char *const origins[] = {
	"example.org/log/3355c1c2-20ba-8926-ae0b-d0359cfd02fe",
	"a",
	"\xd0\xb6\xd1\x83\xd1\x80\xd0\xbd\xd0\xb0\xd0\xbb.example",
	"tls.example:443/~log?x=1&y=2#z",
};

static _Noreturn void
stop(const char *what, const char *line)
{
	fprintf(stderr, "oracle: %s: %.200s\n", what, line);
	exit(1);
}

/* Knuth's MMIX generator: oracle.go has the same. */
static uint64_t
pick(uint64_t below)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (state >> 33) % below;
}

static bool
read_levels(void *context, int level, int64_t first, int count, StoHash *out)
{
	(void) context;
	memcpy(out, &levels[level][first], (size_t) count * sizeof(StoHash));
	return true;
}

static void
make_levels(void)
{
	for (int i = 0; i < LEAVES; i++)
	{
		char digits[12];
		int len = sprintf(digits, "%d", i);

		sto_leaf_hash(digits, (size_t) len, levels[0][i].octets);
	}
	for (int level = 1; level < 3; level++)
	{
		for (int i = 0; (i + 1) << (8 * level) <= LEAVES; i++)
			sto_hashes_root(&levels[level - 1][256 * i], 256, &levels[level][i]);
	}
}

static StoHash
root_of(int64_t size)
{
	StoHash root;

	if (!sto_tiles_root(read_levels, NULL, size, &root))
		stop("no root", "");
	return root;
}

static void
print_hash(const StoHash *hash)
{
	char text[48];

	sto_base64_encode(hash, sizeof(*hash), text);
	printf(" %s", text);
}

static void
print_root(int64_t size)
{
	StoHash root = root_of(size);

	printf("root %lld", (long long) size);
	print_hash(&root);
	printf("\n");
}

static void
print_proof(const char *kind, int64_t from, int64_t to)
{
	StoHash proof[STO_PROOF_MAX];
	int count;

	if (!(strcmp(kind, "in") == 0 ? sto_tiles_inclusion : sto_tiles_consistency)(
			read_levels, NULL, from, to, proof, &count))
		stop("no proof", kind);
	printf("%s %lld %lld", kind, (long long) from, (long long) to);
	for (int i = 0; i < count; i++)
		print_hash(&proof[i]);
	printf("\n");
}

static void
print_trees(void)
{
	for (int64_t size = 1; size <= MIDDLE; size++)
	{
		print_root(size);
		for (int64_t i = 0; i < size; i++)
		{
			if (size > SMALL && i > 0 && i < size - 1 && pick((uint64_t) size) > 2)
				continue;
			print_proof("in", i, size);
			print_proof("grow", i + 1, size);
		}
	}
	for (int i = 0; i < LARGE_COUNT; i++)
	{
		int64_t size = 1 + (int64_t) pick(LEAVES);
		int64_t at = (int64_t) pick((uint64_t) size);

		print_root(size);
		print_proof("in", at, size);
		print_proof("grow", at + 1, size);
	}
}

typedef struct Signer
{
	EVP_PKEY *pkey;
	StoNoteKey key;
} Signer;

/* The seed of key n is SHA-256 of "oracle key n". */
static Signer
make_signer(int n, const char *name, uint8_t type)
{
	char text[32];
	uint8_t seed[STO_DIGEST_LEN];
	uint8_t octets[32];
	size_t len = sizeof(octets);
	StoKey key;
	Signer signer;
	const char *why;

	sto_sha256(text, (size_t) sprintf(text, "oracle key %d", n), seed);
	signer.pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
	if (signer.pkey == NULL || EVP_PKEY_get_raw_public_key(signer.pkey, octets, &len) != 1 ||
		!sto_key_make(STO_SCHEME_ED25519, octets, len, &key, &why) ||
		!sto_note_key_make(name, strlen(name), type, &key, &signer.key, &why))
		stop("no key", name);
	return signer;
}

static void
sign(const Signer *signer, const void *message, size_t len, uint8_t *sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t sig_len = STO_SIG_LEN;

	if (EVP_DigestSignInit(ctx, NULL, NULL, NULL, signer->pkey) != 1 ||
		EVP_DigestSign(ctx, sig, &sig_len, message, len) != 1)
		stop("no signature", "");
	EVP_MD_CTX_free(ctx);
}

/* Note n: a checkpoint of the tree, by the log's key and n % 4 witnesses. */
static size_t
make_note(int n, int64_t size, char *out, char *vkeys)
{
	const char *origin = origins[n % 4];
	StoHash root = root_of(size);
	size_t text_len = sto_checkpoint_print(origin, strlen(origin), size, &root, out);
	size_t len = text_len;

	out[len++] = '\n';
	for (int i = 0; i <= n % (WITNESSES + 1); i++)
	{
		char name[20];
		uint8_t message[1024];
		uint8_t sig[STO_COSIGNATURE_LEN];
		Signer signer;
		StoWriter w;

		if (i == 0)
		{
			signer = make_signer(n % 4, origin, STO_NOTE_ED25519);
			sign(&signer, out, text_len, sig);
			len += sto_note_line_print(&signer.key, sig, STO_SIG_LEN, out + len);
		}
		else
		{
			int64_t time = 1700000000 + (int64_t) pick(1000000000);

			sprintf(name, "witness-%d.example", i);
			signer = make_signer(10 + i, name, STO_NOTE_COSIGNATURE);
			sto_writer_init(&w, sig, sizeof(sig));
			sto_put_i64(&w, time);
			sto_writer_init(&w, message, sizeof(message));
			sto_put_cosignature(&w, time, out, text_len);
			sign(&signer, message, w.len, sig + 8);
			len += sto_note_line_print(&signer.key, sig, sizeof(sig), out + len);
		}
		*vkeys++ = ' ';
		sto_vkey_print(&signer.key, vkeys);
		vkeys += strlen(vkeys);
		EVP_PKEY_free(signer.pkey);
	}
	return len;
}

static void
print_hex_line(const char *kind, const void *data, size_t len, const char *rest)
{
	char *hex = malloc(2 * len + 1);

	sto_hex_encode(data, len, hex);
	printf("%s %s%s\n", kind, hex, rest);
	free(hex);
}

static void
print_notes(void)
{
	for (int n = 0; n < NOTES; n++)
	{
		int64_t size = 1 + (int64_t) pick(LEAVES);
		int64_t index = (int64_t) pick((uint64_t) size);
		char note[4096];
		char vkeys[1024];
		char receipt[8192];
		uint8_t extra[100];
		size_t extra_len = pick(sizeof(extra));
		StoHash proof[STO_PROOF_MAX];
		int count;
		size_t len = make_note(n, size, note, vkeys);
		StoWriter w;

		print_hex_line("note", note, len, vkeys);
		for (size_t i = 0; i < extra_len; i++)
			extra[i] = (uint8_t) pick(256);
		sto_tiles_inclusion(read_levels, NULL, index, size, proof, &count);
		sto_writer_init(&w, receipt, sizeof(receipt));
		sto_put_receipt(&w, extra_len == 0 ? NULL : extra, extra_len, index, proof, count, note,
						len);
		print_hex_line("receipt", receipt, w.len, vkeys);
	}
}

/* ---- check */

static int
read_hashes(char *at, StoHash *out)
{
	int count = 0;
	size_t len;

	for (char *word = strtok(at, " "); word != NULL; word = strtok(NULL, " "))
	{
		if (count == STO_PROOF_MAX ||
			!sto_base64_decode(word, strlen(word), out[count].octets, sizeof(*out), &len) ||
			len != sizeof(*out))
			stop("not a hash", word);
		count++;
	}
	return count;
}

static bool
check_proof(const char *kind, int64_t from, int64_t to, char *rest)
{
	StoHash hashes[STO_PROOF_MAX];
	int count = read_hashes(rest, hashes);
	StoHash root = root_of(to);
	StoHash from_root;

	if (strcmp(kind, "in") == 0)
		return sto_verify_inclusion(&levels[0][from], from, to, hashes, count, &root);
	from_root = root_of(from);
	return sto_verify_consistency(from, to, hashes, count, &from_root, &root);
}

static bool
check_root(int64_t size, char *rest)
{
	StoHash given;
	StoHash root = root_of(size);

	return read_hashes(rest, &given) == 1 && memcmp(&given, &root, sizeof(root)) == 0;
}

static size_t
decode_hex(const char *hex, char *out)
{
	size_t len = strlen(hex) / 2;

	if (len > LINE_SIZE || !sto_hex_decode(hex, strlen(hex), (uint8_t *) out, len))
		stop("not hex", hex);
	return len;
}

/* Good signatures of the keys; -1 if the note, a signature of theirs or the log's own is bad. */
static int
judge_note(const char *text, size_t len, const StoNoteKey *keys, int key_count)
{
	StoNote note;
	StoCheckpoint checkpoint;
	StoHash root;
	const char *why;
	int good = 0;

	if (!sto_note_parse(text, len, &note, &why))
		return -1;
	for (int i = 0; i < key_count; i++)
	{
		bool found;
		StoCheck check = sto_note_check(&note, &keys[i], &found, NULL);

		if (check != STO_CHECK_GOOD && (found || i == 0))
			return -1;
		good += check == STO_CHECK_GOOD;
	}
	if (!sto_checkpoint_parse(note.text, note.text_len, &checkpoint, &why) ||
		checkpoint.size > LEAVES)
		stop("a signed note is no checkpoint", text);
	root = root_of(checkpoint.size);
	return memcmp(&root, &checkpoint.root, sizeof(root)) == 0 ? good : -1;
}

static int
read_vkeys(char *rest, StoNoteKey *keys)
{
	int count = 0;
	const char *why;

	for (char *word = strtok(rest, " "); word != NULL; word = strtok(NULL, " "))
	{
		if (count == WITNESSES + 1 || !sto_vkey_parse(word, strlen(word), &keys[count], &why))
			stop(why, word);
		count++;
	}
	return count;
}

static bool
check_receipt(const char *text, size_t len, const StoNoteKey *keys, int count)
{
	StoReceipt receipt;
	StoNote note;
	StoCheckpoint checkpoint;
	const char *why;

	return sto_receipt_parse(text, len, &receipt, &why) &&
		   judge_note(receipt.checkpoint, receipt.checkpoint_len, keys, count) == count &&
		   sto_note_parse(receipt.checkpoint, receipt.checkpoint_len, &note, &why) &&
		   sto_checkpoint_parse(note.text, note.text_len, &checkpoint, &why) &&
		   receipt.index < checkpoint.size &&
		   sto_verify_inclusion(&levels[0][receipt.index], receipt.index, checkpoint.size,
								receipt.proof, receipt.count, &checkpoint.root);
}

static void
judge(char *text, size_t len, const StoNoteKey *keys, int count)
{
	for (int i = 0; i < CHANGES; i++)
	{
		size_t at = pick(len);
		char was = text[at];

		text[at] = (char) (was ^ 1 << pick(8));
		printf("%d\n", judge_note(text, len, keys, count));
		text[at] = was;
	}
}

static void
read_lines(bool judging)
{
	static char line[LINE_SIZE];
	static char text[LINE_SIZE];
	int lines = 0;

	while (fgets(line, sizeof(line), stdin) != NULL)
	{
		char kind[12];
		int used = 0;
		bool ok;

		line[strcspn(line, "\n")] = '\0';
		sscanf(line, "%11s %n", kind, &used);
		if (strcmp(kind, "note") == 0 || strcmp(kind, "receipt") == 0)
		{
			StoNoteKey keys[WITNESSES + 1];
			char *rest = strchr(line + used, ' ');
			int count;
			size_t len;

			*rest++ = '\0';
			len = decode_hex(line + used, text);
			count = read_vkeys(rest, keys);
			if (judging && kind[0] == 'n')
				judge(text, len, keys, count);
			ok = kind[0] == 'n' ? judge_note(text, len, keys, count) == count
								: check_receipt(text, len, keys, count);
		}
		else
		{
			char *rest = line + used;
			int64_t size = strtoll(rest, &rest, 10);

			if (strcmp(kind, "root") == 0)
				ok = check_root(size, rest);
			else
			{
				int64_t to = strtoll(rest, &rest, 10);

				ok = check_proof(kind, size, to, rest);
			}
		}
		if (!ok)
			stop("does not verify", line);
		lines++;
	}
	if (!judging)
		printf("%d lines verify\n", lines);
}

int
main(int argc, char **argv)
{
	const char *mode = argc == 2 ? argv[1] : "";

	make_levels();
	if (strcmp(mode, "make") == 0)
	{
		print_trees();
		print_notes();
	}
	else if (strcmp(mode, "check") == 0 || strcmp(mode, "judge") == 0)
		read_lines(mode[0] == 'j');
	else
		stop("usage: oracle make|check|judge", "");
	return fflush(stdout) == 0 ? 0 : 1;
}
