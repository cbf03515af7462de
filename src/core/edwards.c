/*
 * edwards.c
 *		Vetting an Ed25519 public key with what libcrypto has: X25519 for the
 *		multiple of a point, BIGNUM for the rest.
 *
 * OpenSSL offers no group operations on the Edwards curve.  Its birational
 * image (RFC 7748 4.1) has one, X25519, which takes the u-coordinate of P to
 * that of [k]P.  With k = 5L - 1, which RFC 7748's clamping leaves as it is,
 * [k]P = -P0 where P0 is P's part of prime order L: k is 0 modulo 8 and -1
 * modulo L.  P and -P have one u, so it comes back if and only if P is on the
 * curve and of order L.  For [k]P = P or -P asks that P's order divide 5L - 2 or
 * 5L.  Orders on the curve divide 8L, those on its twist 4L' with the prime
 * L' = 2^253 - 9 + 2 (2^252 - L); of these only 1 and L divide either number, and
 * the point of order 1 has no u.
 *
 * Everything here is public, so nothing needs constant time.  Keys are vetted
 * when they are registered, never when a signature is checked.
 */
#include "core/edwards.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

/* RFC 8032 5.1: p = 2^255 - 19, and d */
static const char hex_p[] = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed";
static const char hex_d[] = "52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3";

/* 5L - 1, little-endian */
static const uint8_t multiple[STO_EDWARDS_LEN] = {
	0xa0, 0x23, 0xcd, 0xd0, 0x83, 0xef, 0x5b, 0xb8, 0x2f, 0x10, 0xd6, 0x2e, 0x59, 0xe1, 0x5a, 0x68,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x50};

static const char openssl_failed[] = "openssl failed to check the key";

/* Constants, scratch numbers and contexts, made once a thread. */
typedef struct Field
{
	BN_CTX *ctx;
	BIGNUM *p, *d;
	BIGNUM *y, *y2, *a, *b;
	EVP_PKEY *scalar;       /* `multiple`, as an X25519 private key */
	EVP_PKEY_CTX *multiply; /* derives with it */
	EVP_PKEY_CTX *maker;    /* makes the point it is given */
} Field;

static _Thread_local Field *field;

static void
field_free(Field *k)
{
	BIGNUM *all[] = {k->p, k->d, k->y, k->y2, k->a, k->b};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		BN_free(all[i]);
	BN_CTX_free(k->ctx);
	EVP_PKEY_free(k->scalar);
	EVP_PKEY_CTX_free(k->multiply);
	EVP_PKEY_CTX_free(k->maker);
	OPENSSL_free(k);
}

static bool
field_fill(Field *k)
{
	k->ctx = BN_CTX_new();
	k->y = BN_new();
	k->y2 = BN_new();
	k->a = BN_new();
	k->b = BN_new();
	k->scalar = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, multiple, sizeof(multiple));
	if (k->scalar != NULL)
		k->multiply = EVP_PKEY_CTX_new_from_pkey(NULL, k->scalar, NULL);
	k->maker = EVP_PKEY_CTX_new_from_name(NULL, "X25519", NULL);
	return k->ctx != NULL && k->y != NULL && k->y2 != NULL && k->a != NULL && k->b != NULL &&
		   k->multiply != NULL && k->maker != NULL && BN_hex2bn(&k->p, hex_p) != 0 &&
		   BN_hex2bn(&k->d, hex_d) != 0;
}

static Field *
field_get(void)
{
	if (field == NULL)
	{
		Field *k = OPENSSL_zalloc(sizeof(Field));

		if (k != NULL && !field_fill(k))
		{
			field_free(k);
			k = NULL;
		}
		field = k;
	}
	return field;
}

static bool
mul(Field *k, BIGNUM *r, const BIGNUM *a, const BIGNUM *b)
{
	return BN_mod_mul(r, a, b, k->p, k->ctx) == 1;
}

/*
 * Has the point small order?  The identity and the point of order 2 have
 * y = 1 and -1, those of order 4 have y = 0, and those of order 8 are halves of
 * these: doubling gives (y^2 + x^2) / ... = 0, which with the curve's equation
 * -x^2 + y^2 = 1 + d x^2 y^2 makes d y^4 + 2 y^2 = 1.
 */
static bool
has_small_order(Field *k, bool *small)
{
	*small = BN_is_zero(k->y) || BN_is_one(k->y2);
	if (*small)
		return true;
	if (!mul(k, k->a, k->y2, k->y2) || !mul(k, k->a, k->a, k->d) ||
		!BN_mod_add_quick(k->a, k->a, k->y2, k->p) || !BN_mod_add_quick(k->a, k->a, k->y2, k->p))
		return false;
	*small = BN_is_one(k->a);
	return true;
}

/* RFC 8032 5.1.3: x^2 = (y^2 - 1) / (d y^2 + 1), so their product must be a square. */
static bool
is_on_curve(Field *k, bool *on_curve)
{
	if (!BN_mod_sub_quick(k->a, k->y2, BN_value_one(), k->p) || !mul(k, k->b, k->d, k->y2) ||
		!BN_mod_add_quick(k->b, k->b, BN_value_one(), k->p) || !mul(k, k->a, k->a, k->b))
		return false;
	switch (BN_kronecker(k->a, k->p, k->ctx))
	{
		case -2:
			return false;
		case -1:
			*on_curve = false;
			return true;
		default:
			*on_curve = true;
			return true;
	}
}

/* The octets of u = (1 + y) / (1 - y), RFC 7748 4.1.  y isn't 1. */
static bool
to_montgomery(Field *k, uint8_t u[STO_EDWARDS_LEN])
{
	return BN_mod_sub_quick(k->a, BN_value_one(), k->y, k->p) &&
		   BN_mod_inverse(k->a, k->a, k->p, k->ctx) != NULL &&
		   BN_mod_add_quick(k->b, BN_value_one(), k->y, k->p) && mul(k, k->a, k->a, k->b) &&
		   BN_bn2lebinpad(k->a, u, STO_EDWARDS_LEN) == STO_EDWARDS_LEN;
}

/* out = the u-coordinate of [5L - 1] times the point with this u-coordinate */
static bool
take_multiple(Field *k, uint8_t u[STO_EDWARDS_LEN], uint8_t out[STO_EDWARDS_LEN])
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, u, STO_EDWARDS_LEN),
		OSSL_PARAM_construct_end()};
	EVP_PKEY *point = NULL;
	size_t len = STO_EDWARDS_LEN;
	bool ok;

	ok = EVP_PKEY_fromdata_init(k->maker) == 1 &&
		 EVP_PKEY_fromdata(k->maker, &point, EVP_PKEY_PUBLIC_KEY, params) == 1 &&
		 EVP_PKEY_derive_init(k->multiply) == 1 &&
		 EVP_PKEY_derive_set_peer_ex(k->multiply, point, 0) == 1 &&
		 EVP_PKEY_derive(k->multiply, out, &len) == 1 && len == STO_EDWARDS_LEN;
	EVP_PKEY_free(point);
	return ok;
}

static const char *
check_key(const uint8_t key[STO_EDWARDS_LEN])
{
	Field *k = field_get();
	uint8_t octets[STO_EDWARDS_LEN];
	uint8_t u[STO_EDWARDS_LEN];
	uint8_t same[STO_EDWARDS_LEN];
	bool sign = key[STO_EDWARDS_LEN - 1] >> 7;
	bool small, on_curve;

	if (k == NULL)
		return openssl_failed;
	memcpy(octets, key, STO_EDWARDS_LEN);
	octets[STO_EDWARDS_LEN - 1] &= 0x7f;
	if (BN_lebin2bn(octets, STO_EDWARDS_LEN, k->y) == NULL)
		return openssl_failed;
	if (BN_cmp(k->y, k->p) >= 0) /* RFC 8032 5.1.3 step 1 */
		return "the encoding is not canonical (y is not below p)";
	if (!mul(k, k->y2, k->y, k->y) || !has_small_order(k, &small))
		return openssl_failed;
	if (BN_is_one(k->y2) && sign) /* step 4 */
		return "the encoding is not canonical (x is zero with its sign set)";
	if (small)
		return "the point has small order";
	/* -A has A's order, so the sign of x is of no further account */
	if (!to_montgomery(k, u) || !take_multiple(k, u, same))
		return openssl_failed;
	if (memcmp(u, same, STO_EDWARDS_LEN) == 0)
		return NULL;
	if (!is_on_curve(k, &on_curve))
		return openssl_failed;
	return on_curve ? "the point has mixed order" : "the point is not on the curve";
}

const char *
sto_edwards_check_key(const uint8_t key[STO_EDWARDS_LEN])
{
	const char *why;

	ERR_set_mark();
	why = check_key(key);
	ERR_pop_to_mark();
	return why;
}
