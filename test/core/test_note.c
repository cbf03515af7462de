/*
 * test_note.c
 *		Signed notes, checkpoints and cosignatures: C2SP's own vector, and every
 *		malformed thing refused.
 */
#include "core/note.h"

#include "check.h"
#include "signer.h"

#include <string.h>

#define NOTE_MAX 16384

/* c2sp.org/signed-note */
static const char known_vkey[] =
	"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
static const char known_text[] = "This is an example message.\n";
static const char known_sig[] =
	"Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3m"
	"FXmRKuwHjG1Yu72IneyaQM=";

static const char *why;

/* A note made of pieces; the last is NULL.  Returns its length. */
static size_t
join(char *out, ...)
{
	va_list args;
	const char *piece;
	size_t len = 0;

	va_start(args, out);
	while ((piece = va_arg(args, const char *)) != NULL)
	{
		memcpy(out + len, piece, strlen(piece));
		len += strlen(piece);
	}
	va_end(args);
	out[len] = '\0';
	return len;
}

static bool
parses(const char *note, size_t len)
{
	StoNote parsed;
	/* of its own, so that reading past its end is seen */
	char *copy = malloc(len == 0 ? 1 : len);
	bool ok;

	memcpy(copy, note, len);
	ok = sto_note_parse(copy, len, &parsed, &why);
	free(copy);
	return ok;
}

static bool
parses_text(const char *note)
{
	return parses(note, strlen(note));
}

static StoCheck
check_text(const char *note, const StoNoteKey *key, bool *found)
{
	StoNote parsed;
	int64_t time = -1;

	*found = false;
	if (!sto_note_parse(note, strlen(note), &parsed, &why))
		return STO_CHECK_FAILED;
	return sto_note_check(&parsed, key, found, &time);
}

static void
test_known(void)
{
	StoNoteKey key;
	char vkey[STO_NOTE_NAME_MAX + 64];
	char note[NOTE_MAX];
	char line[STO_NOTE_LINE_MAX];
	StoNote parsed;
	uint8_t sig[STO_SIG_LEN];
	size_t len;
	bool found;

	CHECK(sto_vkey_parse(known_vkey, strlen(known_vkey), &key, &why) && why == NULL);
	CHECK(strcmp(key.name, "example.com/foo") == 0 && key.type == STO_NOTE_ED25519);
	sto_vkey_print(&key, vkey);
	CHECK(strcmp(vkey, known_vkey) == 0);
	len = join(note, known_text, "\n\xe2\x80\x94 example.com/foo ", known_sig, "\n", NULL);
	CHECK(sto_note_parse(note, len, &parsed, &why) && parsed.count == 1 &&
		  parsed.text_len == strlen(known_text) && parsed.lines[0].sig_len == STO_SIG_LEN);
	CHECK_AS(sto_note_check(&parsed, &key, &found, NULL) == STO_CHECK_GOOD && found,
			 "C2SP's example verifies");
	CHECK(sto_note_line_signature(&parsed.lines[0], sig, sizeof(sig)) &&
		  sto_note_line_print(&key, sig, sizeof(sig), line) == len - parsed.text_len - 1 &&
		  memcmp(line, note + parsed.text_len + 1, len - parsed.text_len - 1) == 0);
	CHECK(!sto_note_line_signature(&parsed.lines[0], sig, STO_SIG_LEN - 1));
	CHECK(sto_note_line_print(&key, sig, 63, line) == 0 &&
		  sto_note_line_print(&key, sig, 0, line) == 0);
	note[3] ^= 1;
	CHECK_AS(check_text(note, &key, &found) == STO_CHECK_BAD && found, "a changed text does not");
	note[3] ^= 1;
	key.type = STO_NOTE_COSIGNATURE;
	CHECK_AS(check_text(note, &key, &found) == STO_CHECK_BAD && found,
			 "a signature of another length than the key's type has");
}

static void
test_vkeys(void)
{
	static const char *const bad[] = {
		"",
		"example.com/foo",
		"example.com/foo+530d903a",
		"example.com/foo+530d903a+",
		"+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903a0+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903g+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k=",
		"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2",
		"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n",
		"example.com foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903a+BekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	};
	Signer ecdsa = signer_new(STO_SCHEME_P256);
	Signer ed = signer_new(STO_SCHEME_ED25519);
	StoKey low = {.scheme = STO_SCHEME_ED25519, .len = 32};
	char name[STO_NOTE_NAME_MAX + 2];
	char text[STO_NOTE_NAME_MAX + 64];
	StoNoteKey key;
	StoNoteKey again;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_AS(!sto_vkey_parse(bad[i], strlen(bad[i]), &key, &why) && why != NULL,
				 "bad key %d refused: %s", (int) i, why);
	CHECK(!sto_vkey_parse(NULL, 0, &key, &why));

	memset(name, 'n', sizeof(name));
	CHECK(sto_note_key_make(name, STO_NOTE_NAME_MAX, STO_NOTE_COSIGNATURE, &ed.key, &key, &why));
	sto_vkey_print(&key, text);
	CHECK_AS(sto_vkey_parse(text, strlen(text), &again, &why) &&
				 memcmp(&key, &again, sizeof(key)) == 0,
			 "the longest name, of a cosigner");
	CHECK(!sto_note_key_make(name, sizeof(name) - 1, STO_NOTE_ED25519, &ed.key, &key, &why));
	CHECK(!sto_note_key_make("n", 1, 0x02, &ed.key, &key, &why) &&
		  !sto_note_key_make("n", 1, 0x00, &ed.key, &key, &why));
	CHECK(!sto_note_key_make("n", 1, STO_NOTE_ED25519, &ecdsa.key, &key, &why));
	CHECK(!sto_note_key_make("", 0, STO_NOTE_ED25519, &ed.key, &key, &why));
	for (const char *const *p =
			 (const char *const[]){"a b", "a+b", "a\nb", "a\tb", "a\xc2\x85", "\xc2\xa0",
								   "\xe2\x80\x83x", "\xe3\x80\x80", "a\x7f\xff", "\xc0\xaf",
								   "\xed\xa0\x80", "a\x1f", NULL};
		 *p != NULL; p++)
		CHECK_AS(!sto_note_key_make(*p, strlen(*p), STO_NOTE_ED25519, &ed.key, &key, &why),
				 "a bad name: %s", why);
	CHECK(sto_note_key_make("\xd0\xb6\xd1\x83\xd1\x80\xd0\xbd\xd0\xb0\xd0\xbb", 12,
							STO_NOTE_ED25519, &ed.key, &key, &why));

	/* a small-order point (the neutral element): whoever trusts it trusts anybody */
	low.data[0] = 1;
	CHECK(sto_note_key_make("n", 1, STO_NOTE_ED25519, &low, &key, &why));
	sto_vkey_print(&key, text);
	CHECK_AS(!sto_vkey_parse(text, strlen(text), &again, &why), "a weak key is refused: %s", why);
	signer_free(&ecdsa);
	signer_free(&ed);
}

#define DASH "\xe2\x80\x94 "
#define SIG "AAAAAAAA" /* key id and two octets */

static void
test_malformed(void)
{
	char note[NOTE_MAX];
	StoNote parsed;
	size_t len;

	CHECK(parses_text("text\n\n" DASH "n " SIG "\n"));
	CHECK_AS(parses_text("\n\n" DASH "n " SIG "\n"), "an empty line is a text");
	CHECK_AS(sto_note_parse("a\n\nb\n\n" DASH "n " SIG "\n", 21, &parsed, &why) &&
				 parsed.text_len == 5,
			 "the last empty line splits");
	CHECK(!parses_text(""));
	CHECK(!parses_text("text\n"));
	CHECK(!parses_text("text\n\n"));
	CHECK(!parses_text("\n" DASH "n " SIG "\n"));
	CHECK(!parses_text("text\n" DASH "n " SIG "\n"));
	CHECK_AS(!parses_text("text\n\n" DASH "n " SIG), "the last line is not ended");
	CHECK_AS(!parses_text("text\n\n" DASH "n " SIG "\n\n"), "an empty line after signatures");
	CHECK_AS(!parses_text("text\n\n" DASH "n " SIG "\nx\n"), "a line that is no signature");
	CHECK(!parses_text("text\n\n- n " SIG "\n"));
	CHECK(!parses_text("text\n\n\xe2\x80\x94n " SIG "\n"));
	CHECK(!parses_text("text\n\n" DASH " " SIG "\n"));
	CHECK(!parses_text("text\n\n" DASH "n\n"));
	CHECK(!parses_text("text\n\n" DASH "n \n"));
	CHECK_AS(!parses_text("text\n\n" DASH "n AAAAAA==\n"), "four octets are a key id alone");
	CHECK(parses_text("text\n\n" DASH "n AAAAAAA=\n"));
	CHECK(!parses_text("text\n\n" DASH "n+m " SIG "\n"));
	CHECK(!parses_text("text\n\n" DASH "n " SIG " \n"));
	CHECK(!parses_text("text\n\n" DASH "n  " SIG "\n"));
	CHECK(!parses_text("text\n\n" DASH "n\xc2\xa0m " SIG "\n"));
	CHECK_AS(!parses_text("text\n\n" DASH "n AAAAAAB=\n"), "padding bits that are not zero");
	CHECK(!parses_text("text\n\n" DASH "n AAAAAAA\n"));
	CHECK(!parses_text("text\n\n" DASH "n AAAAAA-_\n"));
	CHECK(!parses_text("text\n\n" DASH "n AAAAAAA=AAAA\n"));
	CHECK(!parses_text("te\txt\n\n" DASH "n " SIG "\n"));
	CHECK(!parses_text("te\rxt\r\n\n" DASH "n " SIG "\n"));
	CHECK_AS(!parses("te\0xt\n\n" DASH "n " SIG "\n", 22), "a zero octet");
	CHECK(!parses_text("te\xffxt\n\n" DASH "n " SIG "\n"));
	CHECK_AS(!parses_text("te\xe2\x80"), "UTF-8 cut short");
	CHECK(!parses_text("te\xf4\x90\x80\x80xt\n\n" DASH "n " SIG "\n"));
	CHECK_AS(!parses_text("te\xe0\x81\xa1xt\n\n" DASH "n " SIG "\n") &&
				 !parses_text("te\xf0\x80\x81\xa1xt\n\n" DASH "n " SIG "\n") &&
				 !parses_text("te\xc1\xa1xt\n\n" DASH "n " SIG "\n"),
			 "a letter in more octets than it needs");
	CHECK(parses_text("t\xf0\x9f\x98\x80\x7f\n\n" DASH "n " SIG "\n"));

	len = join(note, "text\n\n", NULL);
	for (int i = 0; i < STO_NOTE_SIGNATURES_MAX; i++)
		len += join(note + len, DASH "n " SIG "\n", NULL);
	CHECK(sto_note_parse(note, len, &parsed, &why) && parsed.count == 64);
	len += join(note + len, DASH "n " SIG "\n", NULL);
	CHECK_AS(!parses(note, len), "65 signatures: %s", why);
}

/* Every prefix and every changed octet of a good note: no crash, and never a good signature. */
static void
test_mutations(void)
{
	char note[NOTE_MAX];
	size_t len = join(note, known_text, "\n" DASH "example.com/foo ", known_sig, "\n", NULL);
	StoNoteKey key;
	bool found;
	bool ok = sto_vkey_parse(known_vkey, strlen(known_vkey), &key, &why);

	for (size_t cut = 0; cut < len; cut++)
		ok &= !parses(note, cut);
	for (size_t i = 0; i < len; i++)
	{
		char was = note[i];

		for (int bit = 0; bit < 8; bit++)
		{
			note[i] = (char) (was ^ 1 << bit);
			parses(note, len);
			ok &= note[i] == '\0' || check_text(note, &key, &found) != STO_CHECK_GOOD;
		}
		note[i] = was;
	}
	CHECK_AS(ok, "every bit of a note matters");
}

static void
test_checkpoints(void)
{
#define ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
	static const char *const bad[] = {
		"",
		"\n",
		"o\n",
		"o\n1\n",
		"o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
		"\n1\n" ROOT,
		"o\n01\n" ROOT,
		"o\n\n" ROOT,
		"o\n-1\n" ROOT,
		"o\n+1\n" ROOT,
		"o\n1 \n" ROOT,
		"o\n1a\n" ROOT,
		"o\n4611686018427387904\n" ROOT,
		"o\n9223372036854775808\n" ROOT,
		"o\n18446744073709551616\n" ROOT,
		"o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n",
		"o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuA==\n",
		"o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFUA\n",
		"o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=AAAA\n",
		"o\n1\n" ROOT "\n",
		"o\n1\n" ROOT "ext",
		"o\n1\n" ROOT "ext\n\next\n",
		"o\n1\r\n" ROOT,
		"\xff\n1\n" ROOT,
	};
	char origin[STO_NOTE_NAME_MAX + 2];
	char out[STO_CHECKPOINT_TEXT_MAX];
	char text[NOTE_MAX];
	StoCheckpoint got;
	StoHash root;
	size_t len;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_AS(!sto_checkpoint_parse(bad[i], strlen(bad[i]), &got, &why) && why != NULL,
				 "bad checkpoint %d refused: %s", (int) i, why);
	CHECK(sto_checkpoint_parse("o\n0\n" ROOT, 4 + strlen(ROOT), &got, &why) && got.size == 0);
	len = join(text, "a b\n4611686018427387903\n", ROOT, "ext 1\next 2\n", NULL);
	CHECK_AS(sto_checkpoint_parse(text, len, &got, &why) && got.size == STO_TREE_SIZE_MAX - 1 &&
				 got.origin_len == 3 && memcmp(got.origin, "a b", 3) == 0,
			 "the largest size, and extension lines");
	sto_sha256(NULL, 0, root.octets);
	CHECK(memcmp(&got.root, &root, sizeof(root)) == 0);

	memset(origin, 'o', sizeof(origin));
	len = sto_checkpoint_print(origin, STO_NOTE_NAME_MAX, STO_TREE_SIZE_MAX - 1, &root, out);
	CHECK_AS(len > 300 && sto_checkpoint_parse(out, len, &got, &why) &&
				 got.origin_len == STO_NOTE_NAME_MAX && got.size == STO_TREE_SIZE_MAX - 1 &&
				 memcmp(&got.root, &root, sizeof(root)) == 0,
			 "the longest checkpoint is printed and read");
	CHECK(sto_checkpoint_print("o", 1, 0, &root, out) == 4 + strlen(ROOT) &&
		  memcmp(out, "o\n0\n" ROOT, 4 + strlen(ROOT)) == 0);
	CHECK(sto_checkpoint_print("", 0, 0, &root, out) == 0 &&
		  sto_checkpoint_print("a\nb", 3, 0, &root, out) == 0 &&
		  sto_checkpoint_print("a\xff", 2, 0, &root, out) == 0 &&
		  sto_checkpoint_print(origin, sizeof(origin), 0, &root, out) == 0 &&
		  sto_checkpoint_print("o", 1, -1, &root, out) == 0 &&
		  sto_checkpoint_print("o", 1, STO_TREE_SIZE_MAX, &root, out) == 0);
}

/* A line of this key over the text, with a time if it cosigns. */
static size_t
sign_line(const Signer *signer, const StoNoteKey *key, int64_t time, const char *text, char *out)
{
	uint8_t message[NOTE_MAX];
	uint8_t sig[STO_COSIGNATURE_LEN];
	StoWriter w;
	size_t len;

	if (key->type == STO_NOTE_ED25519)
	{
		signer_sign_stored(signer, text, strlen(text), message);
		len = sto_note_line_print(key, message, STO_SIG_LEN, out);
	}
	else
	{
		sto_writer_init(&w, sig, sizeof(sig));
		sto_put_i64(&w, time);
		sto_writer_init(&w, message, sizeof(message));
		sto_put_cosignature(&w, time, text, strlen(text));
		signer_sign_stored(signer, message, w.len, sig + 8);
		len = sto_note_line_print(key, sig, sizeof(sig), out);
	}
	out[len] = '\0';
	return len;
}

static void
test_cosignatures(void)
{
	static const char text[] = "example.org/log\n7\n" ROOT;
	Signer log = signer_new(STO_SCHEME_ED25519);
	Signer witness = signer_new(STO_SCHEME_ED25519);
	StoNoteKey log_key;
	StoNoteKey witness_key;
	StoNoteKey wrong;
	char lines[4][STO_NOTE_LINE_MAX + 1];
	char note[NOTE_MAX];
	uint8_t message[200];
	uint8_t sig[STO_COSIGNATURE_LEN];
	StoNote parsed;
	StoWriter w;
	int64_t time = -1;
	size_t len;
	bool found;

	CHECK(
		sto_note_key_make("example.org/log", 15, STO_NOTE_ED25519, &log.key, &log_key, &why) &&
		sto_note_key_make("w.example", 9, STO_NOTE_COSIGNATURE, &witness.key, &witness_key, &why));
	sto_writer_init(&w, message, sizeof(message));
	sto_put_cosignature(&w, 1700000000, text, strlen(text));
	CHECK(!w.failed && w.len == 31 + strlen(text) &&
		  memcmp(message, "cosignature/v1\ntime 1700000000\nexample.org/log\n7\n", 49) == 0);
	sto_put_cosignature(&w, -1, text, strlen(text));
	CHECK(w.failed);

	sign_line(&log, &log_key, 0, text, lines[0]);
	sign_line(&witness, &witness_key, 1700000000, text, lines[1]);
	sign_line(&witness, &witness_key, 1700000100, text, lines[2]);
	len = join(note, text, "\n", lines[0], lines[2], DASH "other AAAAAAAA\n", lines[1], NULL);
	CHECK(sto_note_parse(note, len, &parsed, &why) && parsed.count == 4);
	CHECK(sto_note_check(&parsed, &log_key, &found, &time) == STO_CHECK_GOOD && time == 0);
	CHECK_AS(sto_note_check(&parsed, &witness_key, &found, &time) == STO_CHECK_GOOD &&
				 time == 1700000100,
			 "of two cosignatures the newest time");
	CHECK(sto_note_line_signature(&parsed.lines[1], sig, sizeof(sig)));

	/* same key, other name or type: not this key's line */
	CHECK(sto_note_key_make("w.exampl", 8, STO_NOTE_COSIGNATURE, &witness.key, &wrong, &why) &&
		  sto_note_check(&parsed, &wrong, &found, NULL) == STO_CHECK_BAD && !found);
	CHECK(sto_note_key_make("w.example", 9, STO_NOTE_ED25519, &witness.key, &wrong, &why) &&
		  sto_note_check(&parsed, &wrong, &found, NULL) == STO_CHECK_BAD && !found);
	CHECK(sto_note_key_make("w.example", 9, STO_NOTE_COSIGNATURE, &log.key, &wrong, &why) &&
		  sto_note_check(&parsed, &wrong, &found, NULL) == STO_CHECK_BAD && !found);
	/* another key that claims the witness's name and id */
	wrong.type = STO_NOTE_COSIGNATURE;
	memcpy(wrong.id, witness_key.id, sizeof(wrong.id));
	CHECK_AS(sto_note_check(&parsed, &wrong, &found, NULL) == STO_CHECK_BAD && found,
			 "a key id that collides does not help");

	/* the time is signed; a time above 2^63 is none */
	sig[7] ^= 1;
	len = sto_note_line_print(&witness_key, sig, sizeof(sig), lines[3]);
	lines[3][len] = '\0';
	len = join(note, text, "\n", lines[1], lines[3], NULL);
	time = -1;
	CHECK_AS(sto_note_parse(note, len, &parsed, &why) &&
				 sto_note_check(&parsed, &witness_key, &found, &time) == STO_CHECK_BAD && found &&
				 time == -1,
			 "a bad cosignature after a good one is bad");
	sig[0] |= 0x80;
	len = sto_note_line_print(&witness_key, sig, sizeof(sig), lines[3]);
	lines[3][len] = '\0';
	len = join(note, text, "\n", lines[3], NULL);
	CHECK(sto_note_parse(note, len, &parsed, &why) &&
		  sto_note_check(&parsed, &witness_key, &found, NULL) == STO_CHECK_BAD);
	signer_free(&log);
	signer_free(&witness);
}

static void
test_base64(void)
{
	static const char *const pairs[] = {
		"",     "",     "f",        "Zg==",  "fo",       "Zm8=",   "foo",
		"Zm9v", "foob", "Zm9vYg==", "fooba", "Zm9vYmE=", "foobar", "Zm9vYmFy"};
	static const char *const bad[] = {"Z",    "Zg",     "Zg=",  "Zg===",    "====",  "=",
									  "Zh==", "Zm9=",   "Z===", "Zg==Zg==", " Zg==", "Zg== ",
									  "Z g=", "Zm9v\n", "Zm-v", "Zm_v",     "Zg=a",  "=Zm9"};
	uint8_t data[300];
	uint8_t back[300];
	char text[401];
	size_t len;
	bool ok = true;

	/* RFC 4648 10 */
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i += 2)
		CHECK(sto_base64_encode(pairs[i], strlen(pairs[i]), text) == strlen(pairs[i + 1]) &&
			  strcmp(text, pairs[i + 1]) == 0 &&
			  sto_base64_decode(text, strlen(text), data, sizeof(data), &len) &&
			  len == strlen(pairs[i]) && memcmp(data, pairs[i], len) == 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_AS(!sto_base64_decode(bad[i], strlen(bad[i]), data, sizeof(data), &len),
				 "text %d is not base64", (int) i);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t) (i * 37 + 11);
	for (size_t n = 0; n <= sizeof(data); n++)
	{
		size_t made = sto_base64_encode(data, n, text);

		ok &=
			sto_base64_decode(text, made, back, n, &len) && len == n && memcmp(back, data, n) == 0;
		ok &= sto_base64_decode(text, made, NULL, 0, &len) && len == n;
		ok &= n == 0 || !sto_base64_decode(text, made, back, n - 1, &len);
	}
	CHECK_AS(ok, "every length to 300 and back, and none that doesn't fit");
}

int
main(void)
{
	test_base64();
	test_known();
	test_vkeys();
	test_malformed();
	test_mutations();
	test_checkpoints();
	test_cosignatures();
	return check_done("note");
}
