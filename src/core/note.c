/*
 * note.c
 *		Signed notes, checkpoints and cosignatures of C2SP.
 *
 * Clauses named are those of c2sp.org/signed-note, /tlog-checkpoint and
 * /tlog-cosignature.
 */
#include "core/note.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPED_KEY_LEN 33 /* type, Ed25519 key */
#define BASE64_LEN(len) (4 * (((len) + 2) / 3))

static const char line_start[] = "\xe2\x80\x94 "; /* em dash U+2014, space */
static const char cosignature_start[] = "cosignature/v1\ntime ";

#define LINE_START_LEN (sizeof(line_start) - 1)

size_t
sto_base64_encode(const void *data, size_t len, char *out)
{
	if (len > INT_MAX / 2)
	{
		out[0] = '\0';
		return 0;
	}
	return (size_t) EVP_EncodeBlock((unsigned char *) out, data, (int) len);
}

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/*
 * OpenSSL's decoder skips white space and takes padding bits of any value, so that
 * one signature could be written in several ways: this one takes one way only.  out
 * NULL: the form is checked, and the length found.
 */
static bool
decode(const char *text, size_t len, uint8_t *out, size_t size, size_t *outlen)
{
	size_t pad = 0;
	size_t made = 0;
	uint32_t bits = 0;

	if (len % 4 != 0)
		return false;
	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		pad++;
	if (out != NULL && len / 4 * 3 - pad > size)
		return false;
	for (size_t i = 0; i < len - pad; i++)
	{
		int value = base64_value(text[i]);

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t) value;
		if (i % 4 == 0)
			continue;
		if (out != NULL)
			out[made] = (uint8_t) (bits >> (6 - 2 * (i % 4)));
		made++;
	}
	/* RFC 4648 3.5: the bits that padding leaves over are zero */
	if (pad > 0 && (bits & (pad == 1 ? 0x03 : 0x0f)) != 0)
		return false;
	*outlen = made;
	return true;
}

bool
sto_base64_decode(const char *text, size_t len, uint8_t *out, size_t size, size_t *outlen)
{
	return decode(text, len, out, size, outlen);
}

/* signed-note: UTF-8 without control characters below U+0020 but LF. */
static const char *
check_text(const char *text, size_t len)
{
	uint32_t code;

	for (size_t i = 0, step; i < len; i += step)
	{
		step = sto_utf8_next(text + i, len - i, &code);
		if (step == 0)
			return "the note is not UTF-8";
		if (code < 0x20 && code != '\n')
			return "the note has a control character";
	}
	return NULL;
}

/* White_Space of Unicode. */
static bool
is_space(uint32_t code)
{
	return code <= 0x20 || code == 0x85 || code == 0xa0 || code == 0x1680 ||
		   (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 ||
		   code == 0x202f || code == 0x205f || code == 0x3000;
}

/* signed-note: a key name is not empty and has no space and no plus. */
static const char *
check_name(const char *name, size_t len)
{
	uint32_t code;

	if (len == 0)
		return "the key name is empty";
	if (len > STO_NOTE_NAME_MAX)
		return "the key name has more than 255 octets";
	for (size_t i = 0, step; i < len; i += step)
	{
		step = sto_utf8_next(name + i, len - i, &code);
		if (step == 0)
			return "the key name is not UTF-8";
		if (is_space(code))
			return "the key name has a space or a control character";
		if (code == '+')
			return "the key name has a plus sign";
	}
	return NULL;
}

static const char *
make_key(const char *name, size_t name_len, uint8_t type, const StoKey *key, StoNoteKey *out)
{
	uint8_t buffer[STO_NOTE_NAME_MAX + 1 + TYPED_KEY_LEN];
	uint8_t digest[STO_DIGEST_LEN];
	StoWriter w;
	const char *why = check_name(name, name_len);

	if (why != NULL)
		return why;
	if (type != STO_NOTE_ED25519 && type != STO_NOTE_COSIGNATURE)
		return "the type of the key is neither Ed25519 nor cosignature/v1";
	if (key->scheme != STO_SCHEME_ED25519 || key->len != TYPED_KEY_LEN - 1)
		return "the key is not an Ed25519 key";

	/* signed-note: key ID = SHA-256(name || 0A || type || key)[:4] */
	sto_writer_init(&w, buffer, sizeof(buffer));
	sto_put_bytes(&w, name, name_len);
	sto_put_u8(&w, '\n');
	sto_put_u8(&w, type);
	sto_put_bytes(&w, key->data, key->len);
	if (w.failed || !sto_sha256(buffer, w.len, digest))
		return "OpenSSL failed";
	memcpy(out->name, name, name_len);
	out->name_len = (uint8_t) name_len;
	out->type = type;
	memcpy(out->id, digest, STO_NOTE_KEY_ID_LEN);
	out->key = *key;
	return NULL;
}

bool
sto_note_key_make(const char *name, size_t name_len, uint8_t type, const StoKey *key,
				  StoNoteKey *out, const char **why)
{
	memset(out, 0, sizeof(*out));
	*why = make_key(name, name_len, type, key, out);
	return *why == NULL;
}

static const char *
parse_vkey(const char *text, size_t len, StoNoteKey *out)
{
	const char *plus = memchr(text, '+', len);
	uint8_t id[STO_NOTE_KEY_ID_LEN];
	uint8_t typed[TYPED_KEY_LEN];
	StoKey key;
	size_t name_len;
	size_t rest;
	size_t typed_len;
	const char *why;

	if (plus == NULL)
		return "a note key is written name+hex+base64";
	name_len = (size_t) (plus - text);
	rest = len - name_len;
	if (rest < 2 + 2 * STO_NOTE_KEY_ID_LEN || plus[1 + 2 * STO_NOTE_KEY_ID_LEN] != '+' ||
		!sto_hex_decode(plus + 1, 2 * STO_NOTE_KEY_ID_LEN, id, STO_NOTE_KEY_ID_LEN))
		return "the key id is not eight hex digits between plus signs";
	if (!decode(plus + 2 + 2 * STO_NOTE_KEY_ID_LEN, rest - 2 - 2 * STO_NOTE_KEY_ID_LEN, typed,
				sizeof(typed), &typed_len) ||
		typed_len != sizeof(typed))
		return "the key is not base64 of a type and 32 octets";
	if (!sto_key_make(STO_SCHEME_ED25519, typed + 1, sizeof(typed) - 1, &key, &why))
		return why;
	why = make_key(text, name_len, typed[0], &key, out);
	if (why == NULL && memcmp(id, out->id, sizeof(id)) != 0)
		why = "the key id is not that of the name and key";
	return why;
}

bool
sto_vkey_parse(const char *text, size_t len, StoNoteKey *out, const char **why)
{
	memset(out, 0, sizeof(*out));
	*why = len == 0 ? "a note key is written name+hex+base64" : parse_vkey(text, len, out);
	if (*why != NULL)
		memset(out, 0, sizeof(*out));
	return *why == NULL;
}

void
sto_vkey_print(const StoNoteKey *key, char *out)
{
	uint8_t typed[TYPED_KEY_LEN];

	memcpy(out, key->name, key->name_len);
	out += key->name_len;
	*out++ = '+';
	sto_hex_encode(key->id, STO_NOTE_KEY_ID_LEN, out);
	out += 2 * STO_NOTE_KEY_ID_LEN;
	*out++ = '+';
	typed[0] = key->type;
	memcpy(typed + 1, key->key.data, sizeof(typed) - 1);
	sto_base64_encode(typed, sizeof(typed), out);
}

/* "— name base64", without its LF */
static const char *
parse_line(const char *text, size_t len, StoNoteLine *out)
{
	const char *end = text + len;
	const char *space;
	const char *why;
	uint8_t start[6];
	size_t octets;

	if (len < LINE_START_LEN || memcmp(text, line_start, LINE_START_LEN) != 0)
		return "a signature line begins with an em dash and a space";
	text += LINE_START_LEN;
	space = memchr(text, ' ', (size_t) (end - text));
	if (space == NULL)
		return "a signature line has no signature";
	why = check_name(text, (size_t) (space - text));
	if (why != NULL)
		return why;
	out->name = text;
	out->name_len = (uint8_t) (space - text);
	out->base64 = space + 1;
	out->base64_len = (size_t) (end - out->base64);
	if (!decode(out->base64, out->base64_len, NULL, 0, &octets))
		return "a signature is not base64";
	if (octets <= STO_NOTE_KEY_ID_LEN)
		return "a signature is too short";
	out->sig_len = octets - STO_NOTE_KEY_ID_LEN;
	if (!decode(out->base64, BASE64_LEN(STO_NOTE_KEY_ID_LEN), start, sizeof(start), &octets))
		return "a signature is not base64";
	memcpy(out->id, start, STO_NOTE_KEY_ID_LEN);
	return NULL;
}

/* The LF that ends the text and is followed by an empty line: the last such. */
static const char *
last_empty_line(const char *note, size_t len)
{
	for (size_t i = len; i-- > 1;)
	{
		if (note[i] == '\n' && note[i - 1] == '\n')
			return note + i;
	}
	return NULL;
}

static const char *
parse_note(const char *note, size_t len, StoNote *out)
{
	const char *why = check_text(note, len);
	const char *empty = last_empty_line(note, len);
	const char *end = note + len;

	if (why != NULL)
		return why;
	if (empty == NULL)
		return "the note has no empty line before its signatures";
	out->text = note;
	out->text_len = (size_t) (empty - note);
	for (const char *line = empty + 1; line < end;)
	{
		const char *stop = memchr(line, '\n', (size_t) (end - line));

		if (stop == NULL)
			return "the last signature line is not ended";
		if (out->count == STO_NOTE_SIGNATURES_MAX)
			return "the note has more than 64 signatures";
		why = parse_line(line, (size_t) (stop - line), &out->lines[out->count]);
		if (why != NULL)
			return why;
		out->count++;
		line = stop + 1;
	}
	return out->count == 0 ? "the note has no signature" : NULL;
}

size_t
sto_note_len(const char *note, size_t len)
{
	while (len > 1 && note[len - 1] == '\n' && note[len - 2] == '\n')
		len--;
	return len;
}

bool
sto_note_parse(const char *note, size_t len, StoNote *out, const char **why)
{
	memset(out, 0, sizeof(*out));
	*why = parse_note(note, len, out);
	return *why == NULL;
}

const char *
sto_next_line(const char **text, const char *end, size_t *len)
{
	const char *line = *text;
	const char *stop = line == end ? NULL : memchr(line, '\n', (size_t) (end - line));

	if (stop == NULL)
		return NULL;
	*len = (size_t) (stop - line);
	*text = stop + 1;
	return line;
}

bool
sto_decimal_parse(const char *text, size_t len, int64_t *out)
{
	int64_t value = 0;

	if (len == 0 || (len > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return false;
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, text[i] - '0', &value))
			return false;
	}
	*out = value;
	return true;
}

static const char *
parse_checkpoint(const char *text, size_t len, StoCheckpoint *out)
{
	const char *end = text + len;
	const char *why = check_text(text, len);
	const char *line;
	size_t line_len;

	if (why != NULL)
		return why;
	line = sto_next_line(&text, end, &line_len);
	if (line == NULL || line_len == 0)
		return "the checkpoint has no origin";
	if (line_len > STO_NOTE_NAME_MAX)
		return "the origin has more than 255 octets";
	out->origin = line;
	out->origin_len = (uint8_t) line_len;
	line = sto_next_line(&text, end, &line_len);
	if (line == NULL || !sto_decimal_parse(line, line_len, &out->size) ||
		out->size >= STO_TREE_SIZE_MAX)
		return "the tree size is not a number, has a leading zero or is too large";
	line = sto_next_line(&text, end, &line_len);
	if (line == NULL || line_len != BASE64_LEN(STO_DIGEST_LEN) ||
		!decode(line, line_len, out->root.octets, STO_DIGEST_LEN, &line_len) ||
		line_len != STO_DIGEST_LEN)
		return "the root is not base64 of 32 octets";
	while (text < end)
	{
		line = sto_next_line(&text, end, &line_len);
		if (line == NULL || line_len == 0)
			return "an extension line is empty or not ended";
	}
	return NULL;
}

bool
sto_checkpoint_parse(const char *text, size_t len, StoCheckpoint *out, const char **why)
{
	memset(out, 0, sizeof(*out));
	*why = parse_checkpoint(text, len, out);
	return *why == NULL;
}

size_t
sto_checkpoint_print(const char *origin, size_t origin_len, int64_t size, const StoHash *root,
					 char *out)
{
	char number[24];
	char base64[BASE64_LEN(STO_DIGEST_LEN) + 1];
	StoWriter w;

	if (origin_len == 0 || origin_len > STO_NOTE_NAME_MAX || size < 0 ||
		size >= STO_TREE_SIZE_MAX || check_text(origin, origin_len) != NULL ||
		memchr(origin, '\n', origin_len) != NULL)
		return 0;
	sto_writer_init(&w, out, STO_CHECKPOINT_TEXT_MAX);
	sto_put_bytes(&w, origin, origin_len);
	sto_put_bytes(&w, number, (size_t) sprintf(number, "\n%lld\n", (long long) size));
	sto_put_bytes(&w, base64, sto_base64_encode(root->octets, STO_DIGEST_LEN, base64));
	sto_put_u8(&w, '\n');
	return w.failed ? 0 : w.len;
}

void
sto_put_cosignature(StoWriter *w, int64_t time, const char *text, size_t text_len)
{
	char number[24];

	if (time < 0)
		w->failed = true;
	sto_put_bytes(w, cosignature_start, sizeof(cosignature_start) - 1);
	sto_put_bytes(w, number, (size_t) sprintf(number, "%lld\n", (long long) time));
	sto_put_bytes(w, text, text_len);
}

bool
sto_note_line_signature(const StoNoteLine *line, uint8_t *out, size_t sig_len)
{
	uint8_t buffer[STO_NOTE_KEY_ID_LEN + STO_COSIGNATURE_LEN];
	size_t octets;

	if (line->sig_len != sig_len ||
		!decode(line->base64, line->base64_len, buffer, sizeof(buffer), &octets))
		return false;
	memcpy(out, buffer + STO_NOTE_KEY_ID_LEN, sig_len);
	return true;
}

static StoCheck
check_cosignature(const StoNote *note, const StoNoteKey *key, const uint8_t *sig, int64_t *time)
{
	StoReader r;
	StoWriter w;
	size_t size = sizeof(cosignature_start) + 24 + note->text_len;
	void *message;
	StoCheck result;

	sto_reader_init(&r, sig, STO_COSIGNATURE_LEN);
	*time = sto_get_i64(&r);
	if (*time < 0)
		return STO_CHECK_BAD;
	message = malloc(size);
	if (message == NULL)
		return STO_CHECK_FAILED;
	sto_writer_init(&w, message, size);
	sto_put_cosignature(&w, *time, note->text, note->text_len);
	result =
		w.failed ? STO_CHECK_FAILED : sto_signature_check(&key->key, message, w.len, sig + r.pos);
	free(message);
	return result;
}

StoCheck
sto_note_check(const StoNote *note, const StoNoteKey *key, bool *found, int64_t *time)
{
	size_t sig_len = key->type == STO_NOTE_COSIGNATURE ? STO_COSIGNATURE_LEN : STO_SIG_LEN;
	int64_t newest = 0;

	*found = false;
	for (int i = 0; i < note->count; i++)
	{
		const StoNoteLine *line = &note->lines[i];
		uint8_t sig[STO_COSIGNATURE_LEN];
		int64_t line_time = 0;
		StoCheck result;

		if (line->name_len != key->name_len || memcmp(line->name, key->name, key->name_len) != 0 ||
			memcmp(line->id, key->id, STO_NOTE_KEY_ID_LEN) != 0)
			continue;
		*found = true;
		if (!sto_note_line_signature(line, sig, sig_len))
			return STO_CHECK_BAD;
		result = key->type == STO_NOTE_COSIGNATURE
					 ? check_cosignature(note, key, sig, &line_time)
					 : sto_signature_check(&key->key, note->text, note->text_len, sig);
		if (result != STO_CHECK_GOOD)
			return result;
		if (line_time > newest)
			newest = line_time;
	}
	if (!*found)
		return STO_CHECK_BAD;
	if (time != NULL)
		*time = newest;
	return STO_CHECK_GOOD;
}

size_t
sto_note_line_print(const StoNoteKey *key, const uint8_t *sig, size_t sig_len, char *out)
{
	uint8_t octets[STO_NOTE_KEY_ID_LEN + STO_COSIGNATURE_LEN];
	char base64[BASE64_LEN(sizeof(octets)) + 1];
	StoWriter w;

	if (sig_len != STO_SIG_LEN && sig_len != STO_COSIGNATURE_LEN)
		return 0;
	memcpy(octets, key->id, STO_NOTE_KEY_ID_LEN);
	memcpy(octets + STO_NOTE_KEY_ID_LEN, sig, sig_len);
	sto_writer_init(&w, out, STO_NOTE_LINE_MAX);
	sto_put_bytes(&w, line_start, LINE_START_LEN);
	sto_put_bytes(&w, key->name, key->name_len);
	sto_put_u8(&w, ' ');
	sto_put_bytes(&w, base64, sto_base64_encode(octets, STO_NOTE_KEY_ID_LEN + sig_len, base64));
	sto_put_u8(&w, '\n');
	return w.failed ? 0 : w.len;
}
