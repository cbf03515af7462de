/*
 * sign.h
 *		Public keys, their vetting, and signature checks.
 *
 * Three schemes: Ed25519 (RFC 8032), ECDSA over P-256 and over secp256k1 with
 * SHA-256 (FIPS 186-5, SEC 1).  A scheme is one byte, so that others can follow.
 */
#ifndef STO_CORE_SIGN_H
#define STO_CORE_SIGN_H

#include "bytes.h"

#define STO_SCHEME_ED25519 1
#define STO_SCHEME_P256 2
#define STO_SCHEME_SECP256K1 3

#define STO_KEY_MAX 33
#define STO_KEY_ID_LEN 8 /* first octets of the fingerprint */
#define STO_SIG_LEN 64   /* stored form of every scheme */
#define STO_SIG_MAX 72   /* longest accepted form: DER of ECDSA */

/* Ed25519: 32 octets (RFC 8032 5.1.5).  ECDSA: 33 octets, compressed point (SEC 1 2.3.3). */
typedef struct StoKey
{
	uint8_t scheme;
	uint8_t len;
	uint8_t data[STO_KEY_MAX];
} StoKey;

typedef enum StoCheck
{
	STO_CHECK_GOOD,  /* the signature is this key's over this message */
	STO_CHECK_BAD,   /* it is not */
	STO_CHECK_FAILED /* OpenSSL itself failed: no answer */
} StoCheck;

/* "ed25519", "p256", "secp256k1"; NULL for an unknown scheme. */
extern const char *sto_scheme_name(uint8_t scheme);
extern bool sto_scheme_from_name(const char *name, size_t len, uint8_t *scheme);
/* Octets of a key of this scheme: 32 or 33; 0 for an unknown scheme. */
extern uint8_t sto_scheme_key_len(uint8_t scheme);

/*
 * Make a key from octets: raw Ed25519 (32), compressed (33) or uncompressed
 * (65) ECDSA points.  The key is vetted: refused are wrong lengths, Ed25519
 * y >= p (non-canonical), points not on the curve, the eight small-order points
 * and points of mixed order (edwards.h), and for ECDSA the point at infinity and
 * coordinates out of range.  Takes 0.05 ms for Ed25519: a check of registration.
 * On refusal returns false and sets *why to a static, lower-case reason.
 */
extern bool sto_key_make(uint8_t scheme, const uint8_t *data, size_t len, StoKey *key,
						 const char **why);

/* SHA-256(tag "sto.key" 1 || scheme || key octets) */
extern bool sto_key_fingerprint(const StoKey *key, uint8_t out[STO_DIGEST_LEN]);

/*
 * Bring a signature to its stored form: 64 octets (R||S for Ed25519, r||s for
 * ECDSA with low s).  ECDSA may come as 64 octets or strict DER, high or low s.
 * Refuses wrong lengths, malformed DER, r or s outside [1, n-1], and Ed25519 S >= L.
 */
extern bool sto_signature_canonical(uint8_t scheme, const uint8_t *sig, size_t len,
									uint8_t out[STO_SIG_LEN], const char **why);

/*
 * Is sig (stored form) a signature of the message by this vetted key?
 * ECDSA with high s is STO_CHECK_BAD: a stored high s is a defect.
 */
extern StoCheck sto_signature_check(const StoKey *key, const void *msg, size_t len,
									const uint8_t sig[STO_SIG_LEN]);

#endif
