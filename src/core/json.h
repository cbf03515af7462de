/*
 * json.h
 *		Small JSON texts (RFC 8259), read by jansson, as plain values.
 *
 * Only what every reader of JSON understands alike, as bodies of events must be
 * (docs/format.md, "Event bodies"): no duplicate names, whole numbers without
 * fraction, exponent or -0 within 64 bits, no \u0000, UTF-8 alone.
 */
#ifndef STO_CORE_JSON_H
#define STO_CORE_JSON_H

#include "bytes.h"

#define STO_JSON_DEPTH_MAX 12   /* objects and arrays within each other */
#define STO_JSON_MEMBERS_MAX 64 /* names in one object */
#define STO_JSON_WHY_MAX 128    /* with its NUL */

typedef enum StoJsonType
{
	STO_JSON_NULL,
	STO_JSON_BOOLEAN,
	STO_JSON_INTEGER,
	STO_JSON_TEXT,
	STO_JSON_ARRAY,
	STO_JSON_OBJECT
} StoJsonType;

/* A value; everything it points to lives as long as the root. */
typedef struct StoJson StoJson;

struct StoJson
{
	StoJsonType type;
	bool flag;            /* boolean */
	int count;            /* array, object: of items */
	int64_t integer;      /* integer */
	const char *text;     /* text: terminated, has no NUL inside */
	const char *name;     /* in an object: likewise */
	const StoJson *first; /* array, object: its first item, or NULL */
	const StoJson *next;  /* the item after this one, or NULL */
};

/*
 * Read a whole text.  The root, to be freed with sto_json_free, or NULL with a
 * lower-case reason in why.
 */
extern StoJson *sto_json_parse(const char *text, size_t len, char why[STO_JSON_WHY_MAX]);
extern void sto_json_free(StoJson *root);

/* jansson takes -0 for 0; the format has one way to write a number.  json: a text that it took. */
extern bool sto_json_has_minus_zero(const char *json, size_t len);

extern const char *sto_json_type_name(StoJsonType type); /* "an object" ... */

#endif
