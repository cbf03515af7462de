/*
 * hash.h
 *		SHA-256 through OpenSSL, fetched once and with a reused context.
 *
 * OpenSSL 3 looks an algorithm up slowly, so the lookup is done at first use
 * and kept for the life of the process.
 */
#ifndef STO_CORE_HASH_H
#define STO_CORE_HASH_H

#include "bytes.h"

/*
 * A running SHA-256.  The caller owns it and must free it.  Every function
 * that returns bool gives false only if OpenSSL itself failed (no memory, no
 * provider): never to be mistaken for an answer.
 */
typedef struct StoSha256 StoSha256;

extern StoSha256 *sto_sha256_new(void); /* NULL if OpenSSL failed */
extern void sto_sha256_free(StoSha256 *h);
extern bool sto_sha256_init(StoSha256 *h);
extern bool sto_sha256_update(StoSha256 *h, const void *data, size_t len);
extern bool sto_sha256_final(StoSha256 *h, uint8_t out[STO_DIGEST_LEN]);

/* One-shot SHA-256 with a context that is kept. */
extern bool sto_sha256(const void *data, size_t len, uint8_t out[STO_DIGEST_LEN]);

/* RFC 9162 2.1.1 leaf hash: SHA-256(0x00 || data). */
extern bool sto_leaf_hash(const void *data, size_t len, uint8_t out[STO_DIGEST_LEN]);

#define STO_LEAF_PREFIX 0x00
#define STO_NO_PREFIX (-1)

/* A message to hash, and where its digest goes: STO_DIGEST_LEN octets. */
typedef struct StoHashInput
{
	const uint8_t *data;
	size_t len;
	uint8_t *out;
} StoHashInput;

/*
 * SHA-256 of each, with an octet before it (prefix; STO_NO_PREFIX: none): cheaper than
 * one by one.  A digest may take the place of octets of messages up to
 * its own, if all are of one length.
 */
extern bool sto_hash_all(int prefix, const StoHashInput *inputs, size_t count);

#endif
