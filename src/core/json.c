/*
 * json.c
 *		Small JSON texts, read by jansson, as plain values.
 *
 * jansson refuses what RFC 8259 doesn't allow, duplicate names (by its flag),
 * \u0000, and numbers beyond 64 bits; what it lets pass beside that is refused here.
 *
 * The server exports a function json_object of its own.  jansson's calls among its
 * own functions are bound when it is built, so it doesn't meet that one; nothing
 * here may call jansson's function of that name.
 */
#include "core/json.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where values and texts go: one block, counted first and then filled. */
typedef struct Filler
{
	StoJson *values;
	size_t value_count;
	char *texts;
	size_t text_len;
	const char *why; /* set where the tree is none that is read here */
} Filler;

const char *
sto_json_type_name(StoJsonType type)
{
	static const char *const names[] = {"null",   "true or false", "a whole number",
										"a text", "an array",      "an object"};

	return names[type];
}

bool
sto_json_has_minus_zero(const char *json, size_t len)
{
	bool quoted = false;

	for (size_t i = 0; i < len; i++)
	{
		if (json[i] == '"')
			quoted = !quoted;
		else if (quoted && json[i] == '\\')
			i++;
		else if (!quoted && json[i] == '-' && i + 1 < len && json[i + 1] == '0')
			return true;
	}
	return false;
}

static const char *
keep_text(Filler *f, const char *text, size_t len)
{
	char *at = f->texts == NULL ? NULL : f->texts + f->text_len;

	f->text_len += len + 1;
	if (at != NULL)
	{
		memcpy(at, text, len);
		at[len] = '\0';
	}
	return at;
}

static StoJson *keep_value(Filler *f, const json_t *tree, int depth);

static void
add_item(StoJson *parent, StoJson **last, StoJson *item)
{
	if (parent == NULL || item == NULL)
		return;
	if (*last == NULL)
		parent->first = item;
	else
		(*last)->next = item;
	*last = item;
	parent->count++;
}

static void
keep_items(Filler *f, const json_t *array, StoJson *value, int depth)
{
	StoJson *last = NULL;

	for (size_t i = 0; i < json_array_size(array) && f->why == NULL; i++)
		add_item(value, &last, keep_value(f, json_array_get(array, i), depth));
}

static void
keep_members(Filler *f, json_t *object, StoJson *value, int depth)
{
	StoJson *last = NULL;

	if (json_object_size(object) > STO_JSON_MEMBERS_MAX)
		f->why = "an object with more than 64 names";
	/* in the order in which they were written */
	for (void *at = json_object_iter(object); at != NULL && f->why == NULL;
		 at = json_object_iter_next(object, at))
	{
		const char *name = json_object_iter_key(at);
		StoJson *item = keep_value(f, json_object_iter_value(at), depth);

		name = keep_text(f, name, strlen(name));
		if (item != NULL)
			item->name = name;
		add_item(value, &last, item);
	}
}

/* The value and all below it; NULL while they are only counted. */
static StoJson *
keep_value(Filler *f, const json_t *tree, int depth)
{
	StoJson *value = f->values == NULL ? NULL : &f->values[f->value_count];
	StoJson plain = {.type = STO_JSON_NULL};

	f->value_count++;
	switch (json_typeof(tree))
	{
		case JSON_OBJECT:
			plain.type = STO_JSON_OBJECT;
			break;
		case JSON_ARRAY:
			plain.type = STO_JSON_ARRAY;
			break;
		case JSON_STRING:
			plain.type = STO_JSON_TEXT;
			plain.text = keep_text(f, json_string_value(tree), json_string_length(tree));
			break;
		case JSON_INTEGER:
			plain.type = STO_JSON_INTEGER;
			plain.integer = json_integer_value(tree);
			break;
		case JSON_REAL:
			f->why = "a number with fraction or exponent";
			break;
		case JSON_TRUE:
		case JSON_FALSE:
			plain.type = STO_JSON_BOOLEAN;
			plain.flag = json_is_true(tree);
			break;
		case JSON_NULL:
			break;
	}
	if (value != NULL)
		*value = plain;
	if (plain.type != STO_JSON_ARRAY && plain.type != STO_JSON_OBJECT)
		return value;
	if (depth == STO_JSON_DEPTH_MAX)
		f->why = "too many levels";
	else if (plain.type == STO_JSON_ARRAY)
		keep_items(f, tree, value, depth + 1);
	else
		keep_members(f, (json_t *) tree, value, depth + 1);
	return value;
}

static StoJson *
to_values(const json_t *tree, char why[STO_JSON_WHY_MAX])
{
	Filler counted = {.values = NULL};
	Filler f = {.values = NULL};

	keep_value(&counted, tree, 0);
	if (counted.why != NULL)
	{
		snprintf(why, STO_JSON_WHY_MAX, "%s", counted.why);
		return NULL;
	}
	f.values = malloc(counted.value_count * sizeof(StoJson) + counted.text_len);
	if (f.values == NULL)
	{
		snprintf(why, STO_JSON_WHY_MAX, "out of memory");
		return NULL;
	}
	f.texts = (char *) (f.values + counted.value_count);
	return keep_value(&f, tree, 0);
}

static size_t
quoted_at(const char *error)
{
	const char *near = strstr(error, " near '");

	return near == NULL ? strlen(error) : (size_t) (near - error);
}

StoJson *
sto_json_parse(const char *text, size_t len, char why[STO_JSON_WHY_MAX])
{
	json_error_t error;
	json_t *tree = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	StoJson *root = NULL;

	if (tree == NULL)
		/* without what jansson quotes of the text */
		snprintf(why, STO_JSON_WHY_MAX, "%.*s at octet %d", (int) quoted_at(error.text), error.text,
				 error.position);
	else if (memchr(text, '\0', len) != NULL)
		snprintf(why, STO_JSON_WHY_MAX,
				 "an octet that is zero"); /* where jansson takes it to end */
	else if (sto_json_has_minus_zero(text, len))
		snprintf(why, STO_JSON_WHY_MAX, "a number that is written -0");
	else
		root = to_values(tree, why);
	json_decref(tree);
	return root;
}

void
sto_json_free(StoJson *root)
{
	free(root);
}
