/*
 * event_body.c
 *		Parsing the JSON body of an event.
 *
 * The server's parser (RFC 8259) does the syntax.  On top of it a body must be
 * something that every JSON reader understands alike: no duplicate keys
 * (RFC 8259, 4: "unpredictable"), no fractions or exponents, no \u0000, and no
 * key that its kind doesn't know, since a signer may mean something by it.
 */
#include "postgres.h"

#include "compat.h"
#include "core/amount.h"
#include "core/bech32m.h"
#include "ledger/event_body.h"
#include "ledger/event_kinds.h"
#include "ledger/gate.h"

#include "errors.h"

#include "datatype/timestamp.h"
#include "utils/builtins.h"

#define F(field) STO_FIELD_BIT(STO_F_##field)

/* What a key of the list has said so far. */
#define ITEM_KEY 1
#define ITEM_FROM 2
#define ITEM_TO 4
#define ITEM_POSSESSION 8

/*
 * Where the parser is.  Depth 1 is the body's own object, 2 an array, 3 a key's
 * object in the array of keys; nothing is deeper but rules, which core/rule.h reads:
 * of them only the brackets are counted.
 */
typedef struct BodyParse
{
	StoBody *body;
	bool vet_keys;
	int depth;
	StoFieldSet given; /* fields seen, null or not */
	int field;         /* the one whose value comes next, or whose array is open */
	int item;          /* at depth 3: ITEM_... whose value comes next */
	int items;         /* of the present key: all seen */
	int brackets;      /* open ones of an array of rules */
} BodyParse;

pg_attribute_noreturn() static void refuse(const BodyParse *parse, const char *reason,
										   const char *name)
{
	ereport(ERROR, (errcode(ERRCODE_STO_INVALID_EVENT),
					errmsg("invalid body of a %s event", sto_event_kinds[parse->body->kind].name),
					name != NULL ? errdetail("\"%s\" %s.", name, reason) : errdetail("%s.", reason),
					errhint("docs/format.md, \"Event bodies\", lists the fields of each kind.")));
}

/* An integer without fraction or exponent, within 64 bits; -0 isn't one. */
static int64
read_integer(const BodyParse *parse, const char *token, const char *name)
{
	int64 value;
	char *end;

	if (strspn(token, "-0123456789") != strlen(token) || strcmp(token, "-0") == 0)
		refuse(parse, "must be a whole number without fraction or exponent", name);
	errno = 0;
	value = strtoll(token, &end, 10);
	if (errno != 0 || *end != '\0')
		refuse(parse, "is out of range", name);
	return value;
}

/* Microseconds since 1970 that the server can also keep as a timestamptz. */
static int64
read_time(const BodyParse *parse, const char *token, const char *name)
{
	int64 micros = read_integer(parse, token, name);

	/* in this order neither difference overflows */
	if (micros < StoTimeFromTimestamp(MIN_TIMESTAMP) || StoTimeToTimestamp(micros) >= END_TIMESTAMP)
		refuse(parse, "is out of range", name);
	return micros;
}

static void
read_uuid(const BodyParse *parse, const char *text, const char *name, uint8_t *out)
{
	if (!sto_uuid_parse(text, strlen(text), out))
		refuse(parse, "is not a uuid in lower case", name);
}

/* Lower-case hexadecimal digits of at most max octets; their number. */
static size_t
read_hex(const BodyParse *parse, const char *text, const char *name, uint8_t *out, size_t max)
{
	size_t len = strlen(text);

	if (len == 0 || len % 2 != 0 || len / 2 > max || strspn(text, "0123456789abcdef") != len ||
		!sto_hex_decode(text, len, out, len / 2))
		refuse(parse, "is not lower-case hexadecimal of the right length", name);
	return len / 2;
}

/* "ed25519:d75a98...", vetted. */
static void
read_key(const BodyParse *parse, const char *text, StoKey *key)
{
	uint8_t octets[STO_KEY_MAX];
	const char *colon = strchr(text, ':');
	uint8_t scheme;
	size_t len;
	const char *why = NULL;

	if (colon == NULL || !sto_scheme_from_name(text, colon - text, &scheme))
		refuse(parse, "must begin with ed25519:, p256: or secp256k1:", "key");
	len = read_hex(parse, colon + 1, "key", octets, sizeof(octets));
	if (!parse->vet_keys && len == sto_scheme_key_len(scheme))
	{
		key->scheme = scheme;
		key->len = (uint8_t) len;
		memcpy(key->data, octets, len);
		return;
	}
	if (!sto_key_make(scheme, octets, len, key, &why))
		ereport(ERROR, (errcode(ERRCODE_STO_KEY_REFUSED), errmsg("public key is refused"),
						errdetail("Key %s: %s.", text, why)));
}

static void
read_value(const BodyParse *parse, StoField field, char *token, bool quoted, StoBodyValue *value)
{
	const char *name = sto_event_fields[field].name;
	const char *why = NULL;

	switch (sto_event_fields[field].type)
	{
		case TYPE_TEXT:
			if (!quoted)
				refuse(parse, "must be a string", name);
			value->text = token;
			break;
		case TYPE_INTEGER:
			if (quoted)
				refuse(parse, "must be a number, not a string", name);
			value->integer = read_integer(parse, token, name);
			break;
		case TYPE_TIME:
			if (quoted)
				refuse(parse, "must be a number, not a string", name);
			value->integer = read_time(parse, token, name);
			break;
		case TYPE_BOOLEAN:
			if (quoted || (strcmp(token, "true") != 0 && strcmp(token, "false") != 0))
				refuse(parse, "must be true or false", name);
			value->flag = (token[0] == 't');
			break;
		case TYPE_AMOUNT:
			if (!quoted)
				refuse(parse, "must be a string: amounts have more digits than JSON numbers keep",
					   name);
			if (!sto_amount_parse(token, strlen(token), &value->amount, &why))
				refuse(parse, psprintf("is not an amount: %s", why), name);
			break;
		case TYPE_UUID:
			if (!quoted)
				refuse(parse, "must be a string", name);
			read_uuid(parse, token, name, value->octets);
			break;
		case TYPE_DIGEST:
			if (!quoted)
				refuse(parse, "must be a string", name);
			if (read_hex(parse, token, name, value->octets, STO_DIGEST_LEN) != STO_DIGEST_LEN)
				refuse(parse, "must have 64 hexadecimal digits", name);
			break;
		case TYPE_KEY:
			if (!quoted)
				refuse(parse, "must be a string", name);
			read_key(parse, token, &value->key);
			if (value->key.scheme != STO_SCHEME_ED25519)
				refuse(parse, "must be an Ed25519 key: no other signs notes", name);
			break;
		case TYPE_SIGNATURE:
			if (!quoted)
				refuse(parse, "must be a string", name);
			if (read_hex(parse, token, name, value->signature, STO_SIG_LEN) != STO_SIG_LEN)
				refuse(parse, "must have 128 hexadecimal digits", name);
			break;
		case TYPE_ADDRESS:
			if (!quoted)
				refuse(parse, "must be a string", name);
			if (!sto_address_parse(token, strlen(token), value->octets, &why))
				refuse(parse, psprintf("is not an address: %s", why), name);
			break;
		case TYPE_KEYS:
		case TYPE_RULES:
		case TYPE_TEXTS:
		case TYPE_INTEGERS:
		case TYPE_UUIDS:
			refuse(parse, "must be an array", name);
	}
}

/* One value of a plain array. */
static void
read_element(BodyParse *parse, char *token, bool quoted)
{
	const char *name = sto_event_fields[parse->field].name;
	StoBodyValue *value = &parse->body->value[parse->field];

	if (sto_event_fields[parse->field].type == TYPE_TEXTS)
	{
		StoTexts *texts = &value->texts;

		if (!quoted)
			refuse(parse, "must hold strings only", name);
		if (texts->count == STO_LIST_MAX)
			refuse(parse, psprintf("has more than %d items", STO_LIST_MAX), name);
		if (texts->items == NULL)
			texts->items = palloc(STO_LIST_MAX * sizeof(char *));
		texts->items[texts->count++] = token;
	}
	else if (sto_event_fields[parse->field].type == TYPE_UUIDS)
	{
		StoUuids *uuids = &value->uuids;

		if (!quoted)
			refuse(parse, "must hold strings only", name);
		if (uuids->count == STO_LIST_MAX)
			refuse(parse, psprintf("has more than %d items", STO_LIST_MAX), name);
		if (uuids->items == NULL)
			uuids->items = palloc(STO_LIST_MAX * STO_UUID_LEN);
		read_uuid(parse, token, name, uuids->items[uuids->count++]);
	}
	else
	{
		StoIntegers *integers = &value->integers;

		if (quoted)
			refuse(parse, "must hold numbers only", name);
		if (integers->count == STO_LIST_MAX)
			refuse(parse, psprintf("has more than %d items", STO_LIST_MAX), name);
		if (integers->items == NULL)
			integers->items = palloc(STO_LIST_MAX * sizeof(int64));
		integers->items[integers->count++] = read_integer(parse, token, name);
	}
}

static void
read_item(BodyParse *parse, const char *token, bool quoted)
{
	StoPolicy *policy = &parse->body->policy;
	StoPolicyKey *key = &policy->keys[policy->count - 1];
	StoPossession *possession = &parse->body->possession[policy->count - 1];
	bool text = (parse->item == ITEM_KEY || parse->item == ITEM_POSSESSION);

	if (text != quoted)
		refuse(parse, "A key's \"key\" and \"possession\" are strings, \"from\" and \"to\" numbers",
			   NULL);
	switch (parse->item)
	{
		case ITEM_KEY:
			read_key(parse, token, &key->key);
			break;
		case ITEM_FROM:
			key->has_from = true;
			key->from = read_time(parse, token, "from");
			break;
		case ITEM_TO:
			key->has_to = true;
			key->to = read_time(parse, token, "to");
			break;
		case ITEM_POSSESSION:
			possession->len = (uint8_t) read_hex(parse, token, "possession", possession->sig,
												 sizeof(possession->sig));
			break;
	}
}

static StoJsonResult
on_object_start(void *state)
{
	BodyParse *parse = state;

	if (parse->brackets > 0)
		parse->brackets++;
	else if (parse->depth == 0)
		parse->depth = 1;
	else if (parse->depth == 2 && parse->field == STO_F_KEYS)
	{
		if (parse->body->policy.count >= STO_POLICY_KEYS_MAX)
			refuse(parse, "has more than 16 keys", "keys");
		parse->body->policy.count++;
		parse->depth = 3;
		parse->items = 0;
	}
	else
		refuse(parse, "An object stands where a plain value is expected", NULL);
	return STO_JSON_OK;
}

static StoJsonResult
on_object_end(void *state)
{
	BodyParse *parse = state;

	if (parse->brackets > 0)
	{
		parse->brackets--;
		return STO_JSON_OK;
	}
	if (parse->depth == 3 && (parse->items & ITEM_KEY) == 0)
		refuse(parse, "is missing in the list of keys", "key");
	parse->depth = (parse->depth == 3) ? 2 : 0;
	return STO_JSON_OK;
}

static bool
is_array(int field)
{
	StoFieldType type = sto_event_fields[field].type;

	return type == TYPE_KEYS || type == TYPE_RULES || type == TYPE_TEXTS || type == TYPE_INTEGERS ||
		   type == TYPE_UUIDS;
}

static StoJsonResult
on_array_start(void *state)
{
	BodyParse *parse = state;

	if (parse->brackets > 0)
	{
		parse->brackets++;
		return STO_JSON_OK;
	}
	if (parse->depth == 0)
		refuse(parse, "It must be an object", NULL);
	if (parse->depth != 1 || !is_array(parse->field))
		refuse(parse, "An array stands where a plain value is expected", NULL);
	parse->depth = 2;
	parse->brackets = sto_event_fields[parse->field].type == TYPE_RULES ? 1 : 0;
	return STO_JSON_OK;
}

static StoJsonResult
on_array_end(void *state)
{
	BodyParse *parse = state;

	if (parse->brackets > 1)
	{
		parse->brackets--;
		return STO_JSON_OK;
	}
	parse->brackets = 0;
	parse->depth = 1;
	parse->body->present |= STO_FIELD_BIT(parse->field);
	return STO_JSON_OK;
}

/* A key of a key's own object. */
static void
begin_item(BodyParse *parse, const char *name, bool isnull)
{
	if (strcmp(name, "key") == 0)
		parse->item = ITEM_KEY;
	else if (strcmp(name, "from") == 0)
		parse->item = ITEM_FROM;
	else if (strcmp(name, "to") == 0)
		parse->item = ITEM_TO;
	else if (strcmp(name, "possession") == 0)
		parse->item = ITEM_POSSESSION;
	else
		refuse(parse, "is not a field of a key", name);
	if (parse->items & parse->item)
		refuse(parse, "stands twice in one key", name);
	if (isnull)
		refuse(parse, "must not be null: leave it out", name);
	parse->items |= parse->item;
}

static StoJsonResult
on_field(void *state, char *name, bool isnull)
{
	BodyParse *parse = state;
	StoFieldSet bit;
	int field = 0;

	if (parse->brackets > 0)
		return STO_JSON_OK;
	if (parse->depth == 3)
	{
		begin_item(parse, name, isnull);
		return STO_JSON_OK;
	}
	while (field < STO_FIELDS && strcmp(sto_event_fields[field].name, name) != 0)
		field++;
	bit = field < STO_FIELDS ? STO_FIELD_BIT(field) : 0;
	if ((bit & (sto_event_kinds[parse->body->kind].required |
				sto_event_kinds[parse->body->kind].optional)) == 0)
		refuse(parse, "is not a field of this kind", name);
	if (parse->given & bit)
		refuse(parse, "stands twice", name);
	if (isnull && (bit & sto_event_kinds[parse->body->kind].nullable) == 0)
		refuse(parse, "must not be null", name);
	parse->given |= bit;
	parse->field = field;
	return STO_JSON_OK;
}

static StoJsonResult
on_scalar(void *state, char *token, JsonTokenType type)
{
	BodyParse *parse = state;

	if (parse->brackets > 0)
		return STO_JSON_OK;
	if (parse->depth == 0)
		refuse(parse, "It must be an object", NULL);
	if (parse->depth == 2 && parse->field == STO_F_KEYS)
		refuse(parse, "must hold objects only", "keys");
	if (parse->depth == 2 && type == JSON_TOKEN_NULL)
		refuse(parse, "must not hold null", sto_event_fields[parse->field].name);
	if (type == JSON_TOKEN_NULL)
		return STO_JSON_OK;
	if (parse->depth == 2)
	{
		read_element(parse, token, type == JSON_TOKEN_STRING);
		return STO_JSON_OK;
	}
	if (parse->depth == 3)
		read_item(parse, token, type == JSON_TOKEN_STRING);
	else
	{
		read_value(parse, parse->field, token, type == JSON_TOKEN_STRING,
				   &parse->body->value[parse->field]);
		parse->body->present |= STO_FIELD_BIT(parse->field);
	}
	return STO_JSON_OK;
}

/* Threshold and keys together, as a policy. */
static void
finish_policy(const BodyParse *parse)
{
	StoBody *body = parse->body;
	const char *why = NULL;
	int64 threshold;

	if ((sto_event_kinds[body->kind].required & F(THRESHOLD)) != 0 &&
		(sto_event_kinds[body->kind].required & F(KEYS)) == 0)
		return; /* a threshold of something else */
	if (STO_BODY_HAS(body, STO_F_THRESHOLD) != STO_BODY_HAS(body, STO_F_KEYS))
		refuse(parse, "\"threshold\" and \"keys\" must come together", NULL);
	if (!STO_BODY_HAS(body, STO_F_KEYS))
		return;
	threshold = body->value[STO_F_THRESHOLD].integer;
	if (threshold < 1 || threshold > STO_POLICY_KEYS_MAX)
		refuse(parse, "must be from 1 to the number of keys", "threshold");
	body->policy.threshold = (uint8_t) threshold;
	if (!sto_policy_vet(&body->policy, &why))
		ereport(ERROR, (errcode(ERRCODE_STO_KEY_REFUSED), errmsg("key policy is refused"),
						errdetail("Reason: %s.", why)));
}

void
sto_body_parse(StoEventKind kind, text *json, bool vet_keys, StoBody *body)
{
	BodyParse parse = {.body = body, .vet_keys = vet_keys};
	JsonSemAction actions = {.semstate = &parse,
							 .object_start = on_object_start,
							 .object_end = on_object_end,
							 .array_start = on_array_start,
							 .array_end = on_array_end,
							 .object_field_start = on_field,
							 .scalar = on_scalar};
	JsonLexContext *lex;
	JsonParseErrorType error;
	StoFieldSet missing;

	memset(body, 0, sizeof(*body));
	body->kind = kind;
	if (VARSIZE_ANY_EXHDR(json) > STO_BODY_MAX)
		refuse(&parse, "It is longer than 60,000 octets", NULL);

	/* with escapes resolved, so that \u0000 is met and refused */
	lex = sto_json_lexer(VARDATA_ANY(json), VARSIZE_ANY_EXHDR(json));
	error = pg_parse_json(lex, &actions);
	if (error != JSON_SUCCESS)
		ereport(ERROR, (errcode(ERRCODE_STO_INVALID_EVENT),
						errmsg("invalid body of a %s event", sto_event_kinds[kind].name),
						errdetail_internal("%s", json_errdetail(error, lex))));

	missing = sto_event_kinds[kind].required & ~parse.given;
	for (int i = 0; i < STO_FIELDS; i++)
		if (missing & STO_FIELD_BIT(i))
			refuse(&parse, "is missing", sto_event_fields[i].name);
	finish_policy(&parse);
}
