/*
 * keystore.c
 *		Private keys from a file that only its owner can read, from OpenSSL's store, or
 *		in a PKCS#11 token.
 *
 * Nobody sits at a terminal here: a key that would ask for a passphrase is refused.
 */
#include "core/keystore.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/secret.h"
#include "core/token.h"

#define FILE_MAX 16384

struct StoSigner
{
	EVP_PKEY *pkey;
	StoToken *token; /* or else */
	StoKey key;
};

static _Thread_local char reason[200];

/* The fact, and OpenSSL's word for why, which holds neither path nor PIN. */
static const char *
explain_openssl(const char *fact)
{
	const char *detail = ERR_reason_error_string(ERR_peek_last_error());

	if (detail == NULL)
		return fact;
	snprintf(reason, sizeof(reason), "%s: %s", fact, detail);
	return reason;
}

/* RFC 3986 3.1: a scheme, and a colon. */
static bool
is_uri(const char *where)
{
	size_t len = strspn(where, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
							   "0123456789+-.");

	return len > 1 && where[len] == ':';
}

static int
no_passphrase(char *buf, int size, int rwflag, void *context)
{
	(void) buf;
	(void) size;
	(void) rwflag;
	(void) context;
	return -1;
}

static const char *
open_file(const char *path, EVP_PKEY **pkey)
{
	char pem[FILE_MAX];
	size_t len;
	BIO *bio;
	const char *why = sto_secret_read(path, pem, sizeof(pem), &len);

	if (why != NULL)
		return why;
	bio = BIO_new_mem_buf(pem, (int) len);
	if (bio != NULL)
		*pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	OPENSSL_cleanse(pem, len);
	return *pkey != NULL ? NULL
						 : explain_openssl("the file holds no unencrypted private key (PEM)");
}

static const char *
open_store(const char *uri, EVP_PKEY **pkey)
{
	OSSL_STORE_CTX *store = OSSL_STORE_open_ex(uri, NULL, NULL, UI_null(), NULL, NULL, NULL, NULL);

	if (store == NULL)
		return explain_openssl("OpenSSL can't open this store");
	/* a loader that can't search by kind gives all that is there */
	OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
	while (*pkey == NULL && !OSSL_STORE_eof(store))
	{
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);

		if (info == NULL && OSSL_STORE_error(store))
			break;
		if (info != NULL && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
			*pkey = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
	}
	OSSL_STORE_close(store);
	return *pkey != NULL ? NULL : explain_openssl("the store holds no private key there");
}

static const char *
take_public_half(EVP_PKEY *pkey, StoKey *key)
{
	uint8_t octets[STO_KEY_MAX];
	size_t len = 0;
	const char *why;

	if (!EVP_PKEY_is_a(pkey, "ED25519"))
		return "the key is not an Ed25519 key";
	if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, octets, sizeof(octets),
										&len) != 1)
		return explain_openssl("the key's public half can't be had");
	return sto_key_make(STO_SCHEME_ED25519, octets, len, key, &why) ? NULL : why;
}

/* OpenSSL would read a file whatever its mode, so no file is left to it. */
static const char *
open_pkey(const char *where, EVP_PKEY **pkey)
{
	if (!is_uri(where))
		return open_file(where, pkey);
	if (strncasecmp(where, "file:", 5) != 0)
		return open_store(where, pkey);
	where = sto_file_uri_path(where);
	return where != NULL ? open_file(where, pkey) : "a file URI is written file:/path";
}

static const char *
open_signer(const char *where, StoSigner *signer)
{
	static const char trial[] = "sto_ledger";
	uint8_t sig[STO_SIG_LEN];
	const char *why = NULL;

	if (sto_token_is_uri(where))
		signer->token = sto_token_open(where, &signer->key, &why);
	else
	{
		why = open_pkey(where, &signer->pkey);
		if (why == NULL)
			why = take_public_half(signer->pkey, &signer->key);
	}
	/* a device may hold a key that it won't sign with: better to know it now */
	if (why == NULL && !sto_signer_sign(signer, trial, sizeof(trial) - 1, sig))
		why = "the key makes no good signature";
	return why;
}

StoSigner *
sto_signer_open(const char *where, const char **why)
{
	StoSigner *signer = calloc(1, sizeof(StoSigner));

	if (signer == NULL)
	{
		*why = "out of memory";
		return NULL;
	}
	ERR_clear_error();
	*why = open_signer(where, signer);
	ERR_clear_error();
	if (*why == NULL)
		return signer;
	sto_signer_close(signer);
	return NULL;
}

void
sto_signer_close(StoSigner *signer)
{
	if (signer == NULL)
		return;
	EVP_PKEY_free(signer->pkey);
	sto_token_close(signer->token);
	free(signer);
}

const StoKey *
sto_signer_key(const StoSigner *signer)
{
	return &signer->key;
}

/* RFC 8032 pure Ed25519: no digest of its own. */
static bool
sign_with_pkey(EVP_PKEY *pkey, const void *msg, size_t len, uint8_t sig[STO_SIG_LEN])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t sig_len = STO_SIG_LEN;
	bool ok = ctx != NULL && EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, pkey, NULL) == 1 &&
			  EVP_DigestSign(ctx, sig, &sig_len, msg, len) == 1 && sig_len == STO_SIG_LEN;

	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

bool
sto_signer_sign(StoSigner *signer, const void *msg, size_t len, uint8_t sig[STO_SIG_LEN])
{
	bool ok = signer->token != NULL ? sto_token_sign(signer->token, msg, len, sig)
									: sign_with_pkey(signer->pkey, msg, len, sig);

	/* a fault while signing can give the private key away, so it isn't let out */
	ok = ok && sto_signature_check(&signer->key, msg, len, sig) == STO_CHECK_GOOD;
	if (!ok)
		OPENSSL_cleanse(sig, STO_SIG_LEN);
	return ok;
}
