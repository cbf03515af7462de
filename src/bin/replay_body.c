/*
 * replay_body.c
 *		Bodies of events, read with jansson.
 *
 * jansson refuses what RFC 8259 doesn't allow, duplicate keys (by its flag),
 * \u0000 and octets that aren't UTF-8.  Left to do: which fields a kind has,
 * and of what type.
 */
#include "bin/replay_body.h"

#include "core/amount.h"
#include "core/bech32m.h"
#include "core/json.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* 4714-11-24 BC, the first day of the server's timestamptz; its last is beyond 64 bits here */
#define TIME_MIN INT64_C(-210866803200000000)

typedef enum FieldType
{
	TYPE_TEXT,
	TYPE_INTEGER,
	TYPE_TIME,
	TYPE_BOOLEAN,
	TYPE_AMOUNT,
	TYPE_UUID,
	TYPE_DIGEST,
	TYPE_KEY,
	TYPE_PROOF,
	TYPE_KEYS,
	TYPE_TEXTS,
	TYPE_UUIDS,
	TYPE_INTEGERS,
	TYPE_ADDRESS,
	TYPE_RULES /* an array, which core/rule.h reads */
} FieldType;

static const struct
{
	const char *name;
	FieldType type;
} fields[STO_FIELDS] = {
	[STO_F_ABOUT] = {"about", TYPE_UUID},
	[STO_F_ACKNOWLEDGE] = {"acknowledge", TYPE_BOOLEAN},
	[STO_F_ACT] = {"act", TYPE_TEXT},
	[STO_F_ACTS] = {"acts", TYPE_TEXTS},
	[STO_F_ACT_BODY] = {"act_body", TYPE_TEXT},
	[STO_F_AFFIRMED] = {"affirmed", TYPE_BOOLEAN},
	[STO_F_AMOUNT] = {"amount", TYPE_AMOUNT},
	[STO_F_APPROVAL] = {"approval", TYPE_INTEGER},
	[STO_F_APPROVED] = {"approved", TYPE_BOOLEAN},
	[STO_F_APPROVERS] = {"approvers", TYPE_UUIDS},
	[STO_F_ATTACHMENT] = {"attachment", TYPE_INTEGER},
	[STO_F_AUTHORISED] = {"authorised", TYPE_AMOUNT},
	[STO_F_BASIS] = {"basis", TYPE_TEXT},
	[STO_F_BY] = {"by", TYPE_TEXT},
	[STO_F_CAPABILITY] = {"capability", TYPE_TEXT},
	[STO_F_CASE] = {"case", TYPE_INTEGER},
	[STO_F_CERTIFICATE] = {"certificate", TYPE_TEXT},
	[STO_F_CFI] = {"cfi", TYPE_TEXT},
	[STO_F_CLAIM] = {"claim", TYPE_INTEGER},
	[STO_F_CLASS] = {"class", TYPE_TEXT},
	[STO_F_COMMITMENT] = {"commitment", TYPE_DIGEST},
	[STO_F_CONTROL] = {"control", TYPE_BOOLEAN},
	[STO_F_COUNT] = {"count", TYPE_INTEGER},
	[STO_F_COUNTRY] = {"country", TYPE_TEXT},
	[STO_F_CREDIT] = {"credit", TYPE_ADDRESS},
	[STO_F_CURRENCY] = {"currency", TYPE_TEXT},
	[STO_F_CUSTODIAN] = {"custodian", TYPE_UUID},
	[STO_F_DEBIT] = {"debit", TYPE_ADDRESS},
	[STO_F_DECIMALS] = {"decimals", TYPE_INTEGER},
	[STO_F_DEFINITION] = {"definition", TYPE_DIGEST},
	[STO_F_DOCUMENT] = {"document", TYPE_INTEGER},
	[STO_F_DOCUMENT_HASH] = {"document_hash", TYPE_DIGEST},
	[STO_F_DTI] = {"dti", TYPE_TEXT},
	[STO_F_ENTRY] = {"entry", TYPE_INTEGER},
	[STO_F_EXACT] = {"exact", TYPE_BOOLEAN},
	[STO_F_FIELDS] = {"fields", TYPE_TEXTS},
	[STO_F_FROM] = {"from", TYPE_TIME},
	[STO_F_FROZEN] = {"frozen", TYPE_BOOLEAN},
	[STO_F_GRANTED] = {"granted", TYPE_BOOLEAN},
	[STO_F_HASH] = {"hash", TYPE_DIGEST},
	[STO_F_HOLDS] = {"holds", TYPE_INTEGERS},
	[STO_F_INCORPORATION] = {"incorporation", TYPE_TEXT},
	[STO_F_ISIN] = {"isin", TYPE_TEXT},
	[STO_F_ISSUER] = {"issuer", TYPE_UUID},
	[STO_F_KEY] = {"key", TYPE_KEY},
	[STO_F_KEYS] = {"keys", TYPE_KEYS},
	[STO_F_KEY_POLICY] = {"key_policy", TYPE_INTEGER},
	[STO_F_KIND] = {"kind", TYPE_TEXT},
	[STO_F_LEI] = {"lei", TYPE_TEXT},
	[STO_F_LIST] = {"list", TYPE_TEXT},
	[STO_F_LISTED] = {"listed", TYPE_BOOLEAN},
	[STO_F_MEMBERS] = {"members", TYPE_UUIDS},
	[STO_F_NAME] = {"name", TYPE_TEXT},
	[STO_F_NOMINEE] = {"nominee", TYPE_UUID},
	[STO_F_NOT_BEFORE] = {"not_before", TYPE_TIME},
	[STO_F_NUMBER] = {"number", TYPE_INTEGER},
	[STO_F_ORDER] = {"order", TYPE_TEXT},
	[STO_F_ORIGIN] = {"origin", TYPE_TEXT},
	[STO_F_OWNER] = {"owner", TYPE_UUID},
	[STO_F_OWNERS] = {"owners", TYPE_UUIDS},
	[STO_F_PARTY] = {"party", TYPE_UUID},
	[STO_F_PAUSED] = {"paused", TYPE_BOOLEAN},
	[STO_F_PER] = {"per", TYPE_AMOUNT},
	[STO_F_POSSESSION] = {"possession", TYPE_PROOF},
	[STO_F_PRICE] = {"price", TYPE_AMOUNT},
	[STO_F_REASON] = {"reason", TYPE_TEXT},
	[STO_F_RECEIVER] = {"receiver", TYPE_UUID},
	[STO_F_REASONS] = {"reasons", TYPE_TEXTS},
	[STO_F_RECEIVER_ONLY] = {"receiver_only", TYPE_BOOLEAN},
	[STO_F_RECORD_REFUSALS] = {"record_refusals", TYPE_BOOLEAN},
	[STO_F_REFERENCE] = {"reference", TYPE_TEXT},
	[STO_F_REGISTER_AUTHORITY] = {"register_authority", TYPE_TEXT},
	[STO_F_REPRESENTATIVE] = {"representative", TYPE_UUID},
	[STO_F_ROOT] = {"root", TYPE_DIGEST},
	[STO_F_RULES] = {"rules", TYPE_RULES},
	[STO_F_RULE_SET] = {"rule_set", TYPE_INTEGER},
	[STO_F_SALT] = {"salt", TYPE_DIGEST},
	[STO_F_SCOPE] = {"scope", TYPE_TEXT},
	[STO_F_SENDER] = {"sender", TYPE_UUID},
	[STO_F_SEQ] = {"seq", TYPE_INTEGER},
	[STO_F_SHARE] = {"share", TYPE_INTEGER},
	[STO_F_SIGNATURES] = {"signatures", TYPE_TEXT},
	[STO_F_SIGNED_ONLY] = {"signed_only", TYPE_BOOLEAN},
	[STO_F_SIZE] = {"size", TYPE_INTEGER},
	[STO_F_STATE] = {"state", TYPE_TEXT},
	[STO_F_STATUS] = {"status", TYPE_TEXT},
	[STO_F_SUM] = {"sum", TYPE_AMOUNT},
	[STO_F_THRESHOLD] = {"threshold", TYPE_INTEGER},
	[STO_F_TO] = {"to", TYPE_TIME},
	[STO_F_TOKEN] = {"token", TYPE_UUID},
	[STO_F_TOPIC] = {"topic", TYPE_TEXT},
	[STO_F_TOPICS] = {"topics", TYPE_TEXTS},
	[STO_F_UNDOES] = {"undoes", TYPE_INTEGER},
	[STO_F_UNITS] = {"units", TYPE_TEXTS},
	[STO_F_UNSIGNED_ROLE] = {"unsigned_role", TYPE_TEXT},
	[STO_F_URI] = {"uri", TYPE_TEXT},
	[STO_F_USES] = {"uses", TYPE_INTEGER},
	[STO_F_VALID_UNTIL] = {"valid_until", TYPE_TIME},
	[STO_F_VERSION] = {"version", TYPE_TEXT},
};

#define F(field) STO_BODY_BIT(STO_F_##field)

/* The table of docs/format.md, "Event bodies". */
static const struct
{
	const char *name;
	StoBodyFields required;
	StoBodyFields optional;
	StoBodyFields nullable;
} kinds[STO_BODY_KINDS] = {
	[STO_BODY_GENESIS] = {"genesis",
						  F(NAME) | F(ORIGIN) | F(THRESHOLD) | F(KEYS) | F(REGISTER_AUTHORITY), 0,
						  0},
	[STO_BODY_KEYS] = {"keys", F(THRESHOLD) | F(KEYS), 0, 0},
	[STO_BODY_CAPABILITY] = {"capability", F(CAPABILITY) | F(GRANTED), 0, 0},
	[STO_BODY_PARTY] = {"party", F(KIND),
						F(COUNTRY) | F(LEI) | F(COMMITMENT) | F(THRESHOLD) | F(KEYS), 0},
	[STO_BODY_PARTY_STATUS] = {"party_status", F(STATUS), 0, 0},
	[STO_BODY_WALLET] = {"wallet", F(PARTY) | F(KIND) | F(SALT) | F(THRESHOLD) | F(KEYS),
						 F(CUSTODIAN) | F(SIGNED_ONLY), 0},
	[STO_BODY_WALLET_STATUS] = {"wallet_status", F(STATUS), 0, 0},
	[STO_BODY_WALLET_TERMS] = {"wallet_terms", F(SIGNED_ONLY), 0, 0},
	[STO_BODY_TOKEN] = {"token", F(KIND) | F(NAME) | F(DECIMALS) | F(AUTHORISED) | F(SALT),
						F(ISIN) | F(CFI) | F(DTI) | F(CURRENCY) | F(UNSIGNED_ROLE), F(AUTHORISED)},
	[STO_BODY_TOKEN_TERMS] = {"token_terms", F(AUTHORISED), 0, F(AUTHORISED)},
	[STO_BODY_TOKEN_POLICY] = {"token_policy", F(UNSIGNED_ROLE), 0, F(UNSIGNED_ROLE)},
	[STO_BODY_TOKEN_STATUS] = {"token_status", F(STATUS), 0, 0},
	[STO_BODY_BATCH] = {"batch", F(TOKEN) | F(COUNT) | F(SUM) | F(HASH), F(VALID_UNTIL), 0},
	[STO_BODY_MAINTENANCE] = {"maintenance", F(REASON) | F(BY), 0, 0},
	[STO_BODY_LOG_KEY] = {"log_key", F(KEY) | F(POSSESSION), 0, 0},
	[STO_BODY_WITNESS_KEY] = {"witness_key", F(NAME) | F(KEY) | F(POSSESSION), 0, 0},
	[STO_BODY_WITNESS_POLICY] = {"witness_policy", F(THRESHOLD), 0, 0},
	[STO_BODY_TIME_AUTHORITY] = {"time_authority", F(NAME) | F(CERTIFICATE), 0, 0},
	[STO_BODY_LOG_RESTART] = {"log_restart", F(REASON) | F(SIZE) | F(ROOT), 0, 0},
	[STO_BODY_CLOSE] = {"close", F(COUNT) | F(ROOT), 0, 0},
	[STO_BODY_PARTY_FACTS] = {"party_facts", 0,
							  F(COUNTRY) | F(INCORPORATION) | F(LEI) | F(COMMITMENT), 0},
	[STO_BODY_CLASSIFICATION] = {"classification", F(CLASS) | F(BASIS), F(TOKEN) | F(FROM) | F(TO),
								 0},
	[STO_BODY_MANDATE] = {"mandate", F(REPRESENTATIVE) | F(SCOPE) | F(BASIS) | F(GRANTED),
						  F(FROM) | F(TO), 0},
	[STO_BODY_BENEFICIAL_OWNER] = {"beneficial_owner", F(OWNER) | F(SHARE) | F(CONTROL),
								   F(FROM) | F(TO), 0},
	[STO_BODY_CLAIM] = {"claim", F(TOPIC) | F(COMMITMENT), F(FROM) | F(TO), 0},
	[STO_BODY_CLAIM_REVOKE] = {"claim_revoke", F(CLAIM) | F(REASON), 0, 0},
	[STO_BODY_TOKEN_TOPICS] = {"token_topics", F(TOPICS), F(RECEIVER_ONLY), 0},
	[STO_BODY_TRUSTED_ISSUER] = {"trusted_issuer", F(ISSUER) | F(TOPICS), 0, 0},
	[STO_BODY_TOKEN_PAUSE] = {"token_pause", F(PAUSED) | F(BASIS) | F(DOCUMENT_HASH), F(CASE), 0},
	[STO_BODY_WALLET_FREEZE] = {"wallet_freeze", F(FROZEN) | F(BASIS) | F(DOCUMENT_HASH), F(CASE),
								0},
	[STO_BODY_PARTY_FREEZE] = {"party_freeze", F(FROZEN) | F(BASIS) | F(DOCUMENT_HASH), 0, 0},
	[STO_BODY_DOCUMENT] = {"document", F(NAME) | F(VERSION) | F(URI) | F(HASH) | F(ACKNOWLEDGE),
						   F(REFERENCE), 0},
	[STO_BODY_ACKNOWLEDGE] = {"acknowledge", F(DOCUMENT), 0, 0},
	[STO_BODY_FOUR_EYES] = {"four_eyes", F(ACTS) | F(APPROVERS), 0, 0},
	[STO_BODY_PROPOSAL] = {"proposal", F(KIND) | F(ABOUT) | F(ACT_BODY) | F(VALID_UNTIL), 0, 0},
	[STO_BODY_APPROVE] = {"approve", F(APPROVED), 0, 0},
	[STO_BODY_RULE_SET] = {"rule_set", F(RULES), F(FROM) | F(RECORD_REFUSALS), 0},
	[STO_BODY_PARTY_LIST] = {"party_list", F(LIST) | F(PARTY) | F(LISTED), 0, 0},
	[STO_BODY_OPT_IN] = {"opt_in", F(TOKEN) | F(AFFIRMED), 0, 0},
	[STO_BODY_TRAVEL_DATA] = {"travel_data", 0,
							  F(FIELDS) | F(COMMITMENT) | F(FROM) | F(TO) | F(GRANTED), 0},
	[STO_BODY_TRANSFER_APPROVAL] = {"transfer_approval", F(AMOUNT) | F(EXACT) | F(USES),
									F(SENDER) | F(RECEIVER) | F(FROM) | F(TO), 0},
	[STO_BODY_APPROVAL_REVOKE] = {"approval_revoke", F(APPROVAL), 0, 0},
	[STO_BODY_PARTY_MEMBERS] = {"party_members", F(MEMBERS) | F(NOMINEE), 0, 0},
	[STO_BODY_CASE] = {"case", F(ACT) | F(BASIS) | F(DOCUMENT_HASH) | F(DEBIT),
					   F(TOKEN) | F(CREDIT) | F(AMOUNT) | F(UNDOES) | F(HOLDS) | F(VALID_UNTIL) |
						   F(NOT_BEFORE),
					   0},
	[STO_BODY_CASE_APPROVE] = {"case_approve", F(APPROVED), 0, 0},
	[STO_BODY_REFUSAL] = {"refusal", F(TOKEN) | F(PARTY) | F(ORDER) | F(STATE) | F(REASONS),
						  F(SIGNATURES) | F(KEY_POLICY), 0},
	[STO_BODY_FINDING] = {"finding", F(ENTRY) | F(RULE_SET) | F(NUMBER) | F(DEFINITION),
						  F(REASON) | F(STATE), 0},
	[STO_BODY_LOOK_THROUGH] = {"look_through", F(TOKEN) | F(SEQ) | F(OWNERS) | F(UNITS), 0, 0},
	[STO_BODY_ATTACH] = {"attach", F(CASE), 0, 0},
	[STO_BODY_ATTACH_LIFT] = {"attach_lift", F(ATTACHMENT) | F(AMOUNT), 0, 0},
	[STO_BODY_REDEMPTION_TERMS] = {"redemption_terms", F(TOKEN) | F(PRICE),
								   F(PER) | F(FROM) | F(TO), 0},
};

_Static_assert(STO_FIELDS <= 128, "fields of a body are bits of a StoBodyFields");

/* Always false, with the reason. */
__attribute__((format(printf, 2, 3))) static bool
refuse(char *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, STO_BODY_WHY_MAX, format, args);
	va_end(args);
	return false;
}

bool
sto_body_kind(const char *name, size_t len, StoBodyKind *kind)
{
	for (int i = 0; i < STO_BODY_KINDS; i++)
		if (strlen(kinds[i].name) == len && memcmp(kinds[i].name, name, len) == 0)
		{
			*kind = (StoBodyKind) i;
			return true;
		}
	return false;
}

const char *
sto_body_kind_name(StoBodyKind kind)
{
	return kinds[kind].name;
}

/* Lower-case hexadecimal digits of at most max octets; their number, 0 if it isn't that. */
static size_t
read_hex(const char *text, uint8_t *out, size_t max)
{
	size_t len = strlen(text);

	if (len == 0 || len % 2 != 0 || len / 2 > max || strspn(text, "0123456789abcdef") != len ||
		!sto_hex_decode(text, len, out, len / 2))
		return 0;
	return len / 2;
}

/* "ed25519:d75a98..."; whether it is a point of its curve is another's work. */
static bool
read_key(const char *text, StoKey *key)
{
	const char *colon = strchr(text, ':');

	memset(key, 0, sizeof(*key));
	if (colon == NULL || !sto_scheme_from_name(text, (size_t) (colon - text), &key->scheme))
		return false;
	key->len = (uint8_t) read_hex(colon + 1, key->data, sizeof(key->data));
	return key->len != 0 && key->len == sto_scheme_key_len(key->scheme);
}

static bool
read_time(const json_t *value, int64_t *out)
{
	*out = (int64_t) json_integer_value(value);
	return json_is_integer(value) && *out >= TIME_MIN;
}

/* A key's own object. */
static bool
read_item(json_t *item, StoPolicyKey *key, StoBodyProof *proof, char *why)
{
	const char *name;
	json_t *value;
	bool has_key = false;

	if (!json_is_object(item))
		return refuse(why, "\"keys\" must hold objects only");
	json_object_foreach(item, name, value)
	{
		const char *text = json_string_value(value);
		bool good;

		if (strcmp(name, "key") == 0)
			good = has_key = text != NULL && read_key(text, &key->key);
		else if (strcmp(name, "from") == 0)
			good = key->has_from = read_time(value, &key->from);
		else if (strcmp(name, "to") == 0)
			good = key->has_to = read_time(value, &key->to);
		else if (strcmp(name, "possession") == 0)
		{
			proof->len = text == NULL ? 0 : (uint8_t) read_hex(text, proof->sig, STO_SIG_MAX);
			good = proof->len > 0;
		}
		else
			return refuse(why, "\"%.40s\" is not a field of a key", name);
		if (!good)
			return refuse(why, "a key's \"%s\" is not what it must be", name);
	}
	return has_key || refuse(why, "\"key\" is missing in the list of keys");
}

static bool
read_keys(json_t *list, StoBody *body, char *why)
{
	size_t count = json_array_size(list);

	if (!json_is_array(list))
		return refuse(why, "\"keys\" must be an array");
	if (count > STO_POLICY_KEYS_MAX)
		return refuse(why, "\"keys\" has more than 16 keys");
	for (size_t i = 0; i < count; i++)
		if (!read_item(json_array_get(list, i), &body->policy.keys[i], &body->proof[i], why))
			return false;
	body->policy.count = (uint8_t) count;
	return true;
}

/* Of strings, or of integers. */
static bool
read_list(json_t *list, StoBodyField field, StoBody *body, char *why)
{
	bool strings = fields[field].type != TYPE_INTEGERS;
	StoBodyTexts *texts = &body->value[field].texts;
	size_t count = json_array_size(list);

	if (!json_is_array(list))
		return refuse(why, "\"%s\" must be an array", fields[field].name);
	if (count > STO_BODY_LIST_MAX)
		return refuse(why, "\"%s\" has more than %d items", fields[field].name, STO_BODY_LIST_MAX);
	for (size_t i = 0; i < count; i++)
		if (strings ? !json_is_string(json_array_get(list, i))
					: !json_is_integer(json_array_get(list, i)))
			return refuse(why, "\"%s\" must hold %s only", fields[field].name,
						  strings ? "strings" : "whole numbers");
	texts->list = list;
	texts->count = (int) count;
	return true;
}

const char *
sto_body_item(const StoBodyTexts *texts, int i)
{
	return json_string_value(json_array_get((const json_t *) texts->list, (size_t) i));
}

int64_t
sto_body_integer(const StoBodyTexts *integers, int i)
{
	return json_integer_value(json_array_get((const json_t *) integers->list, (size_t) i));
}

const char *
sto_body_field_name(StoBodyField field)
{
	return fields[field].name;
}

static bool
read_uuids(json_t *list, StoBodyField field, StoBody *body, char *why)
{
	const StoBodyTexts *uuids = &body->value[field].texts;
	uint8_t octets[STO_UUID_LEN];

	if (!read_list(list, field, body, why))
		return false;
	for (int i = 0; i < uuids->count; i++)
		if (!sto_uuid_parse(sto_body_item(uuids, i), strlen(sto_body_item(uuids, i)), octets))
			return refuse(why, "\"%s\" must hold uuids in lower case", fields[field].name);
	return true;
}

void
sto_body_uuid(const StoBodyTexts *uuids, int i, uint8_t out[STO_UUID_LEN])
{
	(void) sto_uuid_parse(sto_body_item(uuids, i), strlen(sto_body_item(uuids, i)), out);
}

static bool
read_value(json_t *json, StoBodyField field, StoBody *body, char *why)
{
	const char *text = json_string_value(json); /* NULL unless it is a string */
	StoBodyValue *value = &body->value[field];
	const char *reason = "must be a string";
	bool good = text != NULL;

	switch (fields[field].type)
	{
		case TYPE_TEXT:
			value->text = text;
			break;
		case TYPE_INTEGER:
			value->integer = (int64_t) json_integer_value(json);
			good = json_is_integer(json);
			reason = "must be a whole number";
			break;
		case TYPE_TIME:
			good = read_time(json, &value->integer);
			reason = "must be a time in microseconds";
			break;
		case TYPE_BOOLEAN:
			value->flag = json_is_true(json);
			good = json_is_boolean(json);
			reason = "must be true or false";
			break;
		case TYPE_AMOUNT:
			good = good && sto_amount_parse(text, strlen(text), &value->amount, &reason);
			break;
		case TYPE_UUID:
			good = good && sto_uuid_parse(text, strlen(text), value->octets);
			reason = "must be a uuid in lower case";
			break;
		case TYPE_DIGEST:
			good = good && read_hex(text, value->octets, STO_DIGEST_LEN) == STO_DIGEST_LEN;
			reason = "must have 64 lower-case hexadecimal digits";
			break;
		case TYPE_KEY:
			good = good && read_key(text, &value->key);
			reason = "must be a key";
			break;
		case TYPE_PROOF:
			value->proof.len = good ? (uint8_t) read_hex(text, value->proof.sig, STO_SIG_MAX) : 0;
			good = value->proof.len > 0;
			reason = "must be a signature in lower-case hexadecimal";
			break;
		case TYPE_KEYS:
			return read_keys(json, body, why);
		case TYPE_ADDRESS:
			good = good && sto_address_parse(text, strlen(text), value->octets, &reason);
			break;
		case TYPE_TEXTS:
		case TYPE_INTEGERS:
			return read_list(json, field, body, why);
		case TYPE_UUIDS:
			return read_uuids(json, field, body, why);
		case TYPE_RULES:
			good = json_is_array(json);
			reason = "must be an array";
			break;
	}
	return good || refuse(why, "\"%s\": %s", fields[field].name, reason);
}

static bool
read_fields(json_t *tree, StoBody *body, char *why)
{
	StoBodyFields given = 0;
	StoBodyFields missing;
	const char *name;
	json_t *value;

	json_object_foreach(tree, name, value)
	{
		int field = 0;
		StoBodyFields bit;

		while (field < STO_FIELDS && strcmp(fields[field].name, name) != 0)
			field++;
		bit = field < STO_FIELDS ? STO_BODY_BIT(field) : 0;
		if ((bit & (kinds[body->kind].required | kinds[body->kind].optional)) == 0)
			return refuse(why, "\"%.40s\" is not a field of this kind", name);
		given |= bit;
		if (json_is_null(value))
		{
			if ((bit & kinds[body->kind].nullable) == 0)
				return refuse(why, "\"%s\" must not be null", name);
			continue;
		}
		if (!read_value(value, (StoBodyField) field, body, why))
			return false;
		body->present |= bit;
	}
	missing = kinds[body->kind].required & ~given;
	for (int i = 0; i < STO_FIELDS; i++)
		if ((missing & STO_BODY_BIT(i)) != 0)
			return refuse(why, "\"%s\" is missing", fields[i].name);
	return true;
}

/* Threshold and keys together, as a policy. */
static bool
finish_policy(StoBody *body, char *why)
{
	int64_t threshold = body->value[STO_F_THRESHOLD].integer;
	const char *reason = NULL;

	if (body->kind == STO_BODY_WITNESS_POLICY)
		return true; /* its threshold is of another sort */
	if (STO_BODY_HAS(body, STO_F_THRESHOLD) != STO_BODY_HAS(body, STO_F_KEYS))
		return refuse(why, "\"threshold\" and \"keys\" must come together");
	if (!STO_BODY_HAS(body, STO_F_KEYS))
		return true;
	if (threshold < 1 || threshold > STO_POLICY_KEYS_MAX)
		return refuse(why, "\"threshold\" must be from 1 to the number of keys");
	body->policy.threshold = (uint8_t) threshold;
	return sto_policy_vet(&body->policy, &reason) || refuse(why, "key policy: %s", reason);
}

bool
sto_body_parse(StoBodyKind kind, const char *json, size_t len, StoBody *body,
			   char why[STO_BODY_WHY_MAX])
{
	json_error_t error;

	memset(body, 0, sizeof(*body));
	body->kind = kind;
	if (len > STO_BODY_MAX)
		return refuse(why, "it is longer than %d octets", STO_BODY_MAX);
	body->tree = json_loadb(json, len, JSON_REJECT_DUPLICATES, &error);
	if (body->tree == NULL)
		return refuse(why, "%.120s at octet %d", error.text, error.position);
	if (!json_is_object((json_t *) body->tree))
		return refuse(why, "it must be an object");
	if (sto_json_has_minus_zero(json, len))
		return refuse(why, "it has a number that is written -0");
	return read_fields(body->tree, body, why) && finish_policy(body, why);
}

void
sto_body_free(StoBody *body)
{
	json_decref(body->tree);
	body->tree = NULL;
}
