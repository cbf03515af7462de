/*
 * signer.h
 *		Keys and signatures made by OpenSSL, for tests.
 */
#ifndef STO_TEST_CORE_SIGNER_H
#define STO_TEST_CORE_SIGNER_H

#include "core/sign.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

typedef struct Signer
{
	EVP_PKEY *pkey;
	StoKey key;
	uint8_t fingerprint[STO_DIGEST_LEN];
} Signer;

/* A key pair as OpenSSL makes it; stops the program if anything goes wrong. */
static inline Signer
signer_new(uint8_t scheme)
{
	Signer s;
	uint8_t octets[65];
	size_t len = sizeof(octets);
	const char *why = NULL;
	bool ok;

	s.pkey = scheme == STO_SCHEME_ED25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
			 : scheme == STO_SCHEME_P256  ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
										  : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1");
	ok = s.pkey != NULL &&
		 EVP_PKEY_get_octet_string_param(s.pkey, OSSL_PKEY_PARAM_PUB_KEY, octets, sizeof(octets),
										 &len) == 1 &&
		 sto_key_make(scheme, octets, len, &s.key, &why) &&
		 sto_key_fingerprint(&s.key, s.fingerprint);
	if (!ok)
	{
		printf("Bail out! no key of scheme %d: %s\n", scheme, why == NULL ? "openssl" : why);
		exit(1);
	}
	return s;
}

static inline void
signer_free(Signer *s)
{
	EVP_PKEY_free(s->pkey);
}

/* The signature as OpenSSL makes it: 64 octets of Ed25519, DER of ECDSA.  Returns its length. */
static inline size_t
signer_sign(const Signer *s, const void *msg, size_t len, uint8_t out[STO_SIG_MAX])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const char *md = s->key.scheme == STO_SCHEME_ED25519 ? NULL : "SHA256";
	size_t out_len = STO_SIG_MAX;

	if (EVP_DigestSignInit_ex(ctx, NULL, md, NULL, NULL, s->pkey, NULL) != 1 ||
		EVP_DigestSign(ctx, out, &out_len, msg, len) != 1)
	{
		printf("Bail out! no signature\n");
		exit(1);
	}
	EVP_MD_CTX_free(ctx);
	return out_len;
}

/* The same in stored form. */
static inline void
signer_sign_stored(const Signer *s, const void *msg, size_t len, uint8_t out[STO_SIG_LEN])
{
	uint8_t raw[STO_SIG_MAX];
	const char *why = NULL;
	size_t raw_len = signer_sign(s, msg, len, raw);

	if (!sto_signature_canonical(s->key.scheme, raw, raw_len, out, &why))
	{
		printf("Bail out! openssl's signature was refused: %s\n", why);
		exit(1);
	}
}

#endif
