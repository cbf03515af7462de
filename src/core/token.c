/*
 * token.c
 *		Ed25519 keys in a PKCS#11 token, through the module that the URI names.
 *
 * A module stays loaded and initialised until the process ends: another part of the
 * process may use it, and modules do not bear being ended and begun again.
 */
#include "core/token.h"

#include <dlfcn.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cryptoki.h"
#include "core/secret.h"

#define VALUE_MAX 256
#define SLOTS_MAX 64

static const char scheme[] = "pkcs11:";
static const char module_attribute[] = "module-path=";

struct StoToken
{
	CkFunctions *module;
	CkNumber session;
	CkNumber key;
	bool has_session;
};

/* A value of the URI, its percent signs undone. */
typedef struct Value
{
	bool present;
	size_t len;
	char text[VALUE_MAX + 1]; /* terminated as well */
} Value;

typedef struct TokenUri
{
	Value token;
	Value serial;
	Value object;
	Value id;
	Value module_path;
	Value pin_source;
	Value pin_value;
} TokenUri;

static _Thread_local char reason[160];

static const char *
explain(const char *fact, const char *detail)
{
	snprintf(reason, sizeof(reason), "%s: %s", fact, detail);
	return reason;
}

static const char *
explain_result(const char *fact, CkNumber result)
{
	if (result == CKR_PIN_INCORRECT)
		return "the token's PIN is wrong";
	if (result == CKR_PIN_LOCKED)
		return "the token's PIN is locked";
	snprintf(reason, sizeof(reason), "%s: PKCS#11 result 0x%lx", fact, result);
	return reason;
}

bool
sto_token_is_uri(const char *uri)
{
	const char *query = strchr(uri, '?');

	if (strncmp(uri, scheme, strlen(scheme)) != 0 || query == NULL)
		return false;
	for (const char *at = query; at != NULL; at = strchr(at + 1, '&'))
	{
		if (strncmp(at + 1, module_attribute, strlen(module_attribute)) == 0)
			return true;
	}
	return false;
}

static bool
decode_percent(const char *text, size_t len, Value *out)
{
	out->present = true;
	for (size_t i = 0; i < len; i++)
	{
		uint8_t octet = (uint8_t) text[i];

		if (text[i] == '%')
		{
			if (len - i < 3 || !sto_hex_decode(text + i + 1, 2, &octet, 1))
				return false;
			i += 2;
		}
		if (out->len == VALUE_MAX)
			return false;
		out->text[out->len++] = (char) octet;
	}
	return true;
}

/* RFC 7512 2.3: path attributes between semicolons, then query attributes between ampersands. */
static const char *
parse_uri(const char *uri, TokenUri *out)
{
	const struct
	{
		const char *name;
		Value *value;
	} path[] = {{"token", &out->token},
				{"serial", &out->serial},
				{"object", &out->object},
				{"id", &out->id},
				{NULL, NULL}},
	  query[] = {{"module-path", &out->module_path},
				 {"pin-source", &out->pin_source},
				 {"pin-value", &out->pin_value},
				 {NULL, NULL}},
	  *known = path;

	for (const char *at = uri + strlen(scheme); *at != '\0';)
	{
		size_t len = strcspn(at, known == path ? ";?" : "&");
		const char *equals = memchr(at, '=', len);
		size_t name_len = equals == NULL ? 0 : (size_t) (equals - at);
		int i = 0;

		while (known[i].name != NULL &&
			   (strlen(known[i].name) != name_len || memcmp(known[i].name, at, name_len) != 0))
			i++;
		/* what kind of object it is, everybody says, and here it is always the private key */
		if (known[i].name == NULL && (known != path || len != strlen("type=private") ||
									  memcmp(at, "type=private", len) != 0))
			return "an attribute of the token's URI is not known";
		if (known[i].name != NULL &&
			(known[i].value->present ||
			 !decode_percent(equals + 1, len - name_len - 1, known[i].value)))
			return "an attribute of the token's URI is repeated, malformed or too long";
		at += len;
		if (*at == '?')
			known = query;
		if (*at != '\0')
			at++;
	}
	if (out->module_path.text[0] != '/')
		return "the path of the token's module is not absolute";
	if (!out->object.present && !out->id.present)
		return "the token's URI names neither object nor id";
	return NULL;
}

static const char *
load_module(const char *path, CkFunctions **module)
{
	CkInitialize args = {.flags = CKF_OS_LOCKING_OK};
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	void *symbol = library == NULL ? NULL : dlsym(library, "C_GetFunctionList");
	CkGetFunctionList get_function_list;
	CkNumber result;

	if (symbol == NULL)
		return explain("the token's module can't be loaded",
					   library == NULL ? "no such module" : "not PKCS#11");
	memcpy(&get_function_list, &symbol, sizeof(symbol));
	result = get_function_list(module);
	if (result != CKR_OK)
		return explain_result("the token's module can't be used", result);
	result = (*module)->initialize(&args);
	if (result != CKR_OK && result != CKR_CRYPTOKI_ALREADY_INITIALIZED)
		return explain_result("the token's module can't be initialised", result);
	return NULL;
}

/* A text of the token, padded with spaces to its size. */
static bool
is_padded(const Value *wanted, const char *text, size_t size)
{
	if (!wanted->present)
		return true;
	if (wanted->len > size || memcmp(text, wanted->text, wanted->len) != 0)
		return false;
	for (size_t i = wanted->len; i < size; i++)
	{
		if (text[i] != ' ' && text[i] != '\0')
			return false;
	}
	return true;
}

static const char *
find_slot(CkFunctions *module, const TokenUri *uri, CkNumber *slot)
{
	CkNumber slots[SLOTS_MAX];
	CkNumber count = SLOTS_MAX;
	CkNumber result = module->get_slot_list(1, slots, &count);
	int found = 0;

	if (result != CKR_OK)
		return explain_result("tokens can't be listed", result);
	for (CkNumber i = 0; i < count; i++)
	{
		CkTokenInfo info;

		memset(&info, 0, sizeof(info));
		if (module->get_token_info(slots[i], &info) != CKR_OK ||
			(info.flags & CKF_TOKEN_INITIALIZED) == 0 ||
			!is_padded(&uri->token, info.label, sizeof(info.label)) ||
			!is_padded(&uri->serial, info.serial, sizeof(info.serial)))
			continue;
		*slot = slots[i];
		found++;
	}
	if (found == 0)
		return "no such token is present";
	return found == 1 ? NULL : "more than one such token is present";
}

/* Where the PIN comes from: the URI itself, or a file like one that holds a key. */
static const char *
read_pin(const TokenUri *uri, char pin[VALUE_MAX], size_t *len)
{
	const char *path = sto_file_uri_path(uri->pin_source.text);
	const char *why;

	if (uri->pin_value.present)
	{
		memcpy(pin, uri->pin_value.text, uri->pin_value.len);
		*len = uri->pin_value.len;
		return NULL;
	}
	if (path == NULL)
		path = uri->pin_source.text;
	if (path[0] != '/')
		return "the source of the PIN is no absolute path";
	why = sto_secret_read(path, pin, VALUE_MAX, len);
	if (why != NULL)
		return explain("the PIN can't be had", why);
	while (*len > 0 && (pin[*len - 1] == '\n' || pin[*len - 1] == '\r'))
		(*len)--;
	return NULL;
}

static const char *
log_in(StoToken *token, const TokenUri *uri)
{
	char pin[VALUE_MAX];
	size_t len = 0;
	const char *why;
	CkNumber result;

	if (!uri->pin_value.present && !uri->pin_source.present)
		return NULL;
	why = read_pin(uri, pin, &len);
	if (why == NULL)
	{
		result = token->module->login(token->session, CKU_USER, pin, len);
		if (result != CKR_OK && result != CKR_USER_ALREADY_LOGGED_IN)
			why = explain_result("the token refused the login", result);
	}
	OPENSSL_cleanse(pin, sizeof(pin));
	return why;
}

/* The one Ed25519 object of this class that the URI names. */
static const char *
find_object(StoToken *token, CkNumber class, const TokenUri *uri, CkNumber *object)
{
	CkNumber type = CKK_EC_EDWARDS;
	CkAttribute wanted[4] = {{CKA_CLASS, &class, sizeof(class)},
							 {CKA_KEY_TYPE, &type, sizeof(type)}};
	CkNumber wanted_count = 2;
	CkNumber found[2];
	CkNumber count = 0;
	CkNumber result;

	if (uri->object.present)
		wanted[wanted_count++] =
			(CkAttribute){CKA_LABEL, (void *) uri->object.text, uri->object.len};
	if (uri->id.present)
		wanted[wanted_count++] = (CkAttribute){CKA_ID, (void *) uri->id.text, uri->id.len};
	result = token->module->find_objects_init(token->session, wanted, wanted_count);
	if (result == CKR_OK)
	{
		result = token->module->find_objects(token->session, found, 2, &count);
		token->module->find_objects_final(token->session);
	}
	if (result != CKR_OK)
		return explain_result("the token's objects can't be searched", result);
	if (count == 0)
		return class == CKO_PRIVATE_KEY ? "the token holds no such Ed25519 private key"
										: "the token holds no public half of the key";
	if (count > 1)
		return "the token holds more than one such key";
	*object = found[0];
	return NULL;
}

/* CKA_EC_POINT: the point in a DER OCTET STRING, or as some tokens have it, bare. */
static const char *
read_point(StoToken *token, CkNumber object, StoKey *key)
{
	uint8_t point[2 + 32];
	CkAttribute attribute = {CKA_EC_POINT, point, sizeof(point)};
	CkNumber result = token->module->get_attribute_value(token->session, object, &attribute, 1);
	const uint8_t *at = point;
	const char *why;

	if (result != CKR_OK)
		return explain_result("the key's public half can't be had", result);
	if (attribute.len == 34 && point[0] == 0x04 && point[1] == 32)
		at += 2;
	else if (attribute.len != 32)
		return "the key's public half is not an Ed25519 key";
	return sto_key_make(STO_SCHEME_ED25519, at, 32, key, &why) ? NULL : why;
}

static const char *
open_token(StoToken *token, const TokenUri *uri, StoKey *key)
{
	CkNumber slot = 0;
	CkNumber object = 0;
	CkNumber result;
	const char *why = load_module(uri->module_path.text, &token->module);

	if (why == NULL)
		why = find_slot(token->module, uri, &slot);
	if (why != NULL)
		return why;
	result = token->module->open_session(slot, CKF_SERIAL_SESSION, NULL, NULL, &token->session);
	if (result != CKR_OK)
		return explain_result("the token gives no session", result);
	token->has_session = true;
	why = log_in(token, uri);
	if (why == NULL)
		why = find_object(token, CKO_PRIVATE_KEY, uri, &token->key);
	if (why == NULL)
		why = find_object(token, CKO_PUBLIC_KEY, uri, &object);
	return why == NULL ? read_point(token, object, key) : why;
}

StoToken *
sto_token_open(const char *uri, StoKey *key, const char **why)
{
	StoToken *token = calloc(1, sizeof(StoToken));
	TokenUri parsed;

	if (token == NULL)
	{
		*why = "out of memory";
		return NULL;
	}
	memset(&parsed, 0, sizeof(parsed));
	*why = parse_uri(uri, &parsed);
	if (*why == NULL)
		*why = open_token(token, &parsed, key);
	OPENSSL_cleanse(&parsed, sizeof(parsed));
	if (*why == NULL)
		return token;
	sto_token_close(token);
	return NULL;
}

void
sto_token_close(StoToken *token)
{
	if (token == NULL)
		return;
	if (token->has_session)
		token->module->close_session(token->session);
	free(token);
}

bool
sto_token_sign(StoToken *token, const void *msg, size_t len, uint8_t sig[STO_SIG_LEN])
{
	/* PKCS#11 3.0, 2.3.14: without a parameter, pure Ed25519 */
	CkMechanism mechanism = {.type = CKM_EDDSA};
	CkNumber sig_len = STO_SIG_LEN;

	return token->module->sign_init(token->session, &mechanism, token->key) == CKR_OK &&
		   token->module->sign(token->session, msg, len, sig, &sig_len) == CKR_OK &&
		   sig_len == STO_SIG_LEN;
}
