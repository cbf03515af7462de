/*
 * hash.c
 *		SHA-256 through OpenSSL's EVP.
 *
 * The fetched algorithm and the one-shot context belong to a thread, so that
 * a program that verifies in threads needs no lock.
 */
#include "core/hash.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>

struct StoSha256
{
	EVP_MD_CTX *ctx;
};

static _Thread_local EVP_MD *sha256_md;
static _Thread_local EVP_MD_CTX *kept;

static const EVP_MD *
fetch_sha256(void)
{
	if (sha256_md == NULL)
	{
		ERR_set_mark();
		sha256_md = EVP_MD_fetch(NULL, "SHA256", NULL);
		ERR_pop_to_mark();
	}
	return sha256_md;
}

StoSha256 *
sto_sha256_new(void)
{
	StoSha256 *h = malloc(sizeof(StoSha256));

	if (h == NULL)
		return NULL;
	h->ctx = EVP_MD_CTX_new();
	if (h->ctx == NULL)
	{
		free(h);
		return NULL;
	}
	return h;
}

void
sto_sha256_free(StoSha256 *h)
{
	if (h == NULL)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

/*
 * Leaves no error behind.  Marking OpenSSL's queue beforehand, to keep errors of
 * others that are in it, would take a sixth of the time of a tree node's hash; that
 * they are lost if OpenSSL fails harms nobody.
 */
static bool
outcome(bool ok)
{
	if (!ok)
		ERR_clear_error();
	return ok;
}

static bool
begin(EVP_MD_CTX *ctx)
{
	const EVP_MD *md = fetch_sha256();

	return md != NULL && EVP_DigestInit_ex2(ctx, md, NULL) == 1;
}

bool
sto_sha256_init(StoSha256 *h)
{
	return outcome(begin(h->ctx));
}

bool
sto_sha256_update(StoSha256 *h, const void *data, size_t len)
{
	return outcome(len == 0 || EVP_DigestUpdate(h->ctx, data, len) == 1);
}

bool
sto_sha256_final(StoSha256 *h, uint8_t out[STO_DIGEST_LEN])
{
	return outcome(EVP_DigestFinal_ex(h->ctx, out, NULL) == 1);
}

/* SHA-256(prefix || data) */
static bool
one_shot(const void *prefix, size_t prefix_len, const void *data, size_t len,
		 uint8_t out[STO_DIGEST_LEN])
{
	if (kept == NULL)
		kept = EVP_MD_CTX_new();
	return outcome(kept != NULL && begin(kept) &&
				   (prefix_len == 0 || EVP_DigestUpdate(kept, prefix, prefix_len) == 1) &&
				   (len == 0 || EVP_DigestUpdate(kept, data, len) == 1) &&
				   EVP_DigestFinal_ex(kept, out, NULL) == 1);
}

bool
sto_sha256(const void *data, size_t len, uint8_t out[STO_DIGEST_LEN])
{
	return one_shot(NULL, 0, data, len, out);
}

bool
sto_leaf_hash(const void *data, size_t len, uint8_t out[STO_DIGEST_LEN])
{
	static const uint8_t leaf_prefix = STO_LEAF_PREFIX;

	return one_shot(&leaf_prefix, 1, data, len, out);
}
