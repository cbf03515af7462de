/*
 * json.c
 *		A strict reader of small JSON texts (RFC 8259).
 *
 * One block holds the values and a copy of the text, in which strings are
 * unescaped in place: a string is never longer than it was written.
 */
#include "core/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Reader
{
	char *text; /* terminated */
	size_t len;
	size_t pos;
	StoJson *values;
	size_t used;
	int depth;
	char *why;
} Reader;

static bool read_value(Reader *r, StoJson **out);

const char *
sto_json_type_name(StoJsonType type)
{
	static const char *const names[] = {"null",   "true or false", "a whole number",
										"a text", "an array",      "an object"};

	return names[type];
}

static bool
refuse(Reader *r, const char *fact)
{
	snprintf(r->why, STO_JSON_WHY_MAX, "%s at octet %zu", fact, r->pos);
	return false;
}

static void
skip_space(Reader *r)
{
	while (r->pos < r->len && strchr(" \t\r\n", r->text[r->pos]) != NULL && r->text[r->pos] != '\0')
		r->pos++;
}

/* What comes next but for spaces; 0 at the end. */
static char
peek(Reader *r)
{
	skip_space(r);
	return r->pos < r->len ? r->text[r->pos] : '\0';
}

static bool
take(Reader *r, char c)
{
	if (peek(r) != c)
		return false;
	r->pos++;
	return true;
}

/* Four hexadecimal digits. */
static bool
read_unit(Reader *r, uint32_t *unit)
{
	uint8_t octets[2];

	if (r->len - r->pos < 4 || !sto_hex_decode(r->text + r->pos, 4, octets, sizeof(octets)))
		return refuse(r, "an escape without four hexadecimal digits");
	*unit = (uint32_t) octets[0] << 8 | octets[1];
	r->pos += 4;
	return true;
}

/* After \u: a character, perhaps of two units (RFC 8259, 7). */
static bool
read_escaped_character(Reader *r, uint32_t *code)
{
	uint32_t low;

	if (!read_unit(r, code))
		return false;
	if (*code == 0)
		return refuse(r, "a character that is zero");
	if (*code < 0xD800 || *code > 0xDFFF)
		return true;
	if (*code > 0xDBFF || r->len - r->pos < 2 || r->text[r->pos] != '\\' ||
		r->text[r->pos + 1] != 'u')
		return refuse(r, "half a surrogate pair");
	r->pos += 2;
	if (!read_unit(r, &low))
		return false;
	if (low < 0xDC00 || low > 0xDFFF)
		return refuse(r, "half a surrogate pair");
	*code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
	return true;
}

static size_t
put_character(char *out, uint32_t code)
{
	if (code < 0x80)
	{
		out[0] = (char) code;
		return 1;
	}
	if (code < 0x800)
	{
		out[0] = (char) (0xC0 | code >> 6);
		out[1] = (char) (0x80 | (code & 0x3F));
		return 2;
	}
	if (code < 0x10000)
	{
		out[0] = (char) (0xE0 | code >> 12);
		out[1] = (char) (0x80 | (code >> 6 & 0x3F));
		out[2] = (char) (0x80 | (code & 0x3F));
		return 3;
	}
	out[0] = (char) (0xF0 | code >> 18);
	out[1] = (char) (0x80 | (code >> 12 & 0x3F));
	out[2] = (char) (0x80 | (code >> 6 & 0x3F));
	out[3] = (char) (0x80 | (code & 0x3F));
	return 4;
}

/* What stands after a backslash; *end is where the unescaped text ends so far. */
static bool
read_escape(Reader *r, char **end)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char meant[] = "\"\\/\b\f\n\r\t";
	char c = r->pos < r->len ? r->text[r->pos] : '\0';
	const char *found = c == '\0' ? NULL : strchr(letters, c);
	uint32_t code;

	if (found != NULL)
	{
		r->pos++;
		*(*end)++ = meant[found - letters];
		return true;
	}
	if (c != 'u')
		return refuse(r, "an unknown escape");
	r->pos++;
	if (!read_escaped_character(r, &code))
		return false;
	*end += put_character(*end, code);
	return true;
}

/* The rest of a string after its opening quote; terminated in place. */
static bool
read_text(Reader *r, const char **text)
{
	char *start = r->text + r->pos;
	char *end = start;

	for (;;)
	{
		uint32_t code;
		size_t step;

		if (r->pos == r->len)
			return refuse(r, "a text without end");
		if (r->text[r->pos] == '"')
			break;
		if (r->text[r->pos] == '\\')
		{
			r->pos++;
			if (!read_escape(r, &end))
				return false;
			continue;
		}
		step = sto_utf8_next(r->text + r->pos, r->len - r->pos, &code);
		if (step == 0)
			return refuse(r, "octets that are not UTF-8");
		if (code < 0x20)
			return refuse(r, "a control character in a text");
		memmove(end, r->text + r->pos, step);
		end += step;
		r->pos += step;
	}
	r->pos++;
	*end = '\0';
	*text = start;
	return true;
}

static bool
is_digit(const Reader *r)
{
	return r->pos < r->len && r->text[r->pos] >= '0' && r->text[r->pos] <= '9';
}

static bool
read_integer(Reader *r, int64_t *integer)
{
	bool negative = r->text[r->pos] == '-';
	size_t digits;
	int64_t v = 0;

	if (negative)
		r->pos++;
	if (!is_digit(r))
		return refuse(r, "an unknown word");
	for (digits = r->pos; is_digit(r); r->pos++)
	{
		int digit = r->text[r->pos] - '0';

		/* below zero there is one more */
		if (__builtin_mul_overflow(v, (int64_t) 10, &v) ||
			__builtin_sub_overflow(v, (int64_t) digit, &v))
			return refuse(r, "a number beyond 64 bits");
	}
	if (r->text[digits] == '0' && (negative || r->pos - digits > 1))
		return refuse(r, "a number that begins with a needless 0 or is -0");
	if (r->pos < r->len && strchr(".eE", r->text[r->pos]) != NULL && r->text[r->pos] != '\0')
		return refuse(r, "a number with fraction or exponent");
	if (!negative && v == INT64_MIN)
		return refuse(r, "a number beyond 64 bits");
	*integer = negative ? v : -v;
	return true;
}

static bool
take_word(Reader *r, const char *word)
{
	size_t len = strlen(word);

	if (r->len - r->pos < len || memcmp(r->text + r->pos, word, len) != 0)
		return false;
	r->pos += len;
	return true;
}

static bool
read_word(Reader *r, StoJson *value)
{
	if (take_word(r, "null"))
	{
		value->type = STO_JSON_NULL;
		return true;
	}
	value->flag = take_word(r, "true");
	if (value->flag || take_word(r, "false"))
	{
		value->type = STO_JSON_BOOLEAN;
		return true;
	}
	value->type = STO_JSON_INTEGER;
	return read_integer(r, &value->integer);
}

static bool
read_name(Reader *r, const StoJson *object, const char **name)
{
	if (object->count == STO_JSON_MEMBERS_MAX)
		return refuse(r, "an object with more than 64 names");
	if (!take(r, '"'))
		return refuse(r, "a name was expected");
	if (!read_text(r, name))
		return false;
	/* RFC 8259, 4: what a reader makes of duplicates is unpredictable */
	for (const StoJson *other = object->first; other != NULL; other = other->next)
		if (strcmp(other->name, *name) == 0)
			return refuse(r, "a name that was there before");
	return take(r, ':') || refuse(r, "a colon was expected");
}

/* Items of an array or object up to what closes it. */
static bool
read_items(Reader *r, StoJson *parent, char closing)
{
	StoJson *last = NULL;

	if (++r->depth > STO_JSON_DEPTH_MAX)
		return refuse(r, "too many levels");
	if (!take(r, closing))
	{
		do
		{
			const char *name = NULL;
			StoJson *item;

			if (closing == '}' && !read_name(r, parent, &name))
				return false;
			if (!read_value(r, &item))
				return false;
			item->name = name;
			if (last == NULL)
				parent->first = item;
			else
				last->next = item;
			last = item;
			parent->count++;
		} while (take(r, ','));
		if (!take(r, closing))
			return refuse(r, "a comma or an end was expected");
	}
	r->depth--;
	return true;
}

static bool
read_value(Reader *r, StoJson **out)
{
	StoJson *value = &r->values[r->used++];
	char c = peek(r);

	memset(value, 0, sizeof(*value));
	*out = value;
	switch (c)
	{
		case '\0':
			return refuse(r, "a value was expected");
		case '{':
			r->pos++;
			value->type = STO_JSON_OBJECT;
			return read_items(r, value, '}');
		case '[':
			r->pos++;
			value->type = STO_JSON_ARRAY;
			return read_items(r, value, ']');
		case '"':
			r->pos++;
			value->type = STO_JSON_TEXT;
			return read_text(r, &value->text);
		default:
			return read_word(r, value);
	}
}

/* Every value but the root follows a bracket, a brace or a comma. */
static size_t
values_at_most(const char *text, size_t len)
{
	size_t n = 1;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '[' || text[i] == '{' || text[i] == ',';
	return n;
}

StoJson *
sto_json_parse(const char *text, size_t len, char why[STO_JSON_WHY_MAX])
{
	Reader r = {.len = len, .why = why};
	size_t values = values_at_most(text, len) * sizeof(StoJson);
	StoJson *root;

	r.values = malloc(values + len + 1);
	if (r.values == NULL)
	{
		snprintf(why, STO_JSON_WHY_MAX, "out of memory");
		return NULL;
	}
	r.text = (char *) r.values + values;
	memcpy(r.text, text, len);
	r.text[len] = '\0';
	if (read_value(&r, &root))
	{
		skip_space(&r);
		if (r.pos == r.len)
			return root;
		refuse(&r, "more after the end");
	}
	free(r.values);
	return NULL;
}

void
sto_json_free(StoJson *root)
{
	free(root);
}
