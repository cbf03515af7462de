/*
 * edwards.c
 *		The Edwards curve of Ed25519 in libcrypto's BIGNUM arithmetic, as far as
 *		vetting a public key needs it.
 *
 * OpenSSL offers no group operations on this curve.  Everything here is
 * public, so nothing needs constant time.  Field elements are kept in
 * Montgomery form; a point is (X : Y : Z) with x = X/Z, y = Y/Z.  Keys are
 * vetted when they are registered, never when a signature is checked.
 */
#include "core/edwards.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <string.h>

/* RFC 8032 5.1: p = 2^255 - 19, L, d; and sqrt(-1) = 2^((p-1)/4), (p-5)/8 */
static const char hex_p[] = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed";
static const char hex_order[] = "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed";
static const char hex_d[] = "52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3";
static const char hex_root[] = "2b8324804fc1df0b2b4d00993dfbd7a72f431806ad2fe478c4ee1b274a0ea0b0";
static const char hex_exponent[] =
	"0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffd";

/* Constants and scratch numbers, made once a thread. */
typedef struct Field
{
	BN_CTX *ctx;
	BN_MONT_CTX *mont;
	BIGNUM *p, *order, *exponent;
	BIGNUM *one, *d, *root; /* Montgomery form */
	/* the point that is checked, its x * y * 2d, and the running multiple */
	BIGNUM *x, *y, *t2d, *X, *Y, *Z, *T;
	BIGNUM *a, *b, *c, *e, *f, *g, *h;
} Field;

static _Thread_local Field *field;

static void
field_free(Field *k)
{
	BIGNUM *all[] = {k->p, k->order, k->exponent, k->one, k->d, k->root, k->x, k->y, k->t2d, k->X,
					 k->Y, k->Z,     k->T,        k->a,   k->b, k->c,    k->e, k->f, k->g,   k->h};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		BN_free(all[i]);
	BN_MONT_CTX_free(k->mont);
	BN_CTX_free(k->ctx);
	OPENSSL_free(k);
}

static bool
field_fill(Field *k)
{
	BIGNUM **scratch[] = {&k->one, &k->x, &k->y, &k->t2d, &k->X, &k->Y, &k->Z, &k->T,
						  &k->a,   &k->b, &k->c, &k->e,   &k->f, &k->g, &k->h};

	for (size_t i = 0; i < sizeof(scratch) / sizeof(scratch[0]); i++)
	{
		*scratch[i] = BN_new();
		if (*scratch[i] == NULL)
			return false;
	}
	k->ctx = BN_CTX_new();
	k->mont = BN_MONT_CTX_new();
	return k->ctx != NULL && k->mont != NULL && BN_hex2bn(&k->p, hex_p) != 0 &&
		   BN_hex2bn(&k->order, hex_order) != 0 && BN_hex2bn(&k->exponent, hex_exponent) != 0 &&
		   BN_hex2bn(&k->d, hex_d) != 0 && BN_hex2bn(&k->root, hex_root) != 0 &&
		   BN_MONT_CTX_set(k->mont, k->p, k->ctx) && BN_one(k->one) &&
		   BN_to_montgomery(k->one, k->one, k->mont, k->ctx) &&
		   BN_to_montgomery(k->d, k->d, k->mont, k->ctx) &&
		   BN_to_montgomery(k->root, k->root, k->mont, k->ctx);
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
	return BN_mod_mul_montgomery(r, a, b, k->mont, k->ctx) == 1;
}

static bool
add(Field *k, BIGNUM *r, const BIGNUM *a, const BIGNUM *b)
{
	return BN_mod_add_quick(r, a, b, k->p) == 1;
}

static bool
sub(Field *k, BIGNUM *r, const BIGNUM *a, const BIGNUM *b)
{
	return BN_mod_sub_quick(r, a, b, k->p) == 1;
}

/*
 * RFC 8032 5.1.3 step 2 and 3: k->x becomes a square root of (y^2 - 1) / (d y^2 + 1),
 * found as u v^3 (u v^7)^((p-5)/8).  *square is false if there is none.
 */
static bool
recover_x(Field *k, bool *square)
{
	BIGNUM *u = k->a, *v = k->b, *v3 = k->c, *w = k->e;
	bool ok;

	ok = mul(k, w, k->y, k->y) && sub(k, u, w, k->one) && mul(k, v, k->d, w) &&
		 add(k, v, v, k->one) && mul(k, v3, v, v) && mul(k, v3, v3, v) && mul(k, w, v3, v3) &&
		 mul(k, w, w, v) && mul(k, w, w, u) && BN_from_montgomery(w, w, k->mont, k->ctx) &&
		 BN_mod_exp_mont(w, w, k->exponent, k->p, k->ctx, k->mont) &&
		 BN_to_montgomery(w, w, k->mont, k->ctx) && mul(k, w, w, v3) && mul(k, k->x, w, u) &&
		 mul(k, w, k->x, k->x) && mul(k, w, w, v);
	if (!ok)
		return false;

	*square = true;
	if (BN_cmp(w, u) == 0)
		return true;
	if (!add(k, w, w, u))
		return false;
	*square = BN_is_zero(w);
	return !*square || mul(k, k->x, k->x, k->root);
}

/*
 * (X : Y : Z) doubled, and T = XY/Z (Hisil et al. 2008, dbl-2008-hwcd with a = -1;
 * F and H have the other sign, which negates all coordinates alike).
 */
static bool
double_point(Field *k)
{
	return mul(k, k->a, k->X, k->X) && mul(k, k->b, k->Y, k->Y) && mul(k, k->c, k->Z, k->Z) &&
		   add(k, k->c, k->c, k->c) && add(k, k->e, k->X, k->Y) && mul(k, k->e, k->e, k->e) &&
		   sub(k, k->e, k->e, k->a) && sub(k, k->e, k->e, k->b) && sub(k, k->g, k->b, k->a) &&
		   sub(k, k->f, k->c, k->g) && add(k, k->h, k->a, k->b) && mul(k, k->X, k->e, k->f) &&
		   mul(k, k->Y, k->g, k->h) && mul(k, k->Z, k->f, k->g) && mul(k, k->T, k->e, k->h);
}

/*
 * Add (x, y) (add-2008-hwcd-3 with Z2 = 1).  The formula is complete on this
 * curve, so small-order points need no special cases.  T isn't kept: a
 * doubling follows, or nothing.
 */
static bool
add_point(Field *k)
{
	return sub(k, k->a, k->Y, k->X) && sub(k, k->e, k->y, k->x) && mul(k, k->a, k->a, k->e) &&
		   add(k, k->b, k->Y, k->X) && add(k, k->e, k->y, k->x) && mul(k, k->b, k->b, k->e) &&
		   mul(k, k->c, k->T, k->t2d) && add(k, k->g, k->Z, k->Z) && sub(k, k->e, k->b, k->a) &&
		   sub(k, k->f, k->g, k->c) && add(k, k->g, k->g, k->c) && add(k, k->h, k->b, k->a) &&
		   mul(k, k->X, k->e, k->f) && mul(k, k->Y, k->g, k->h) && mul(k, k->Z, k->f, k->g);
}

static bool
start_multiple(Field *k)
{
	return BN_copy(k->X, k->x) != NULL && BN_copy(k->Y, k->y) != NULL &&
		   BN_copy(k->Z, k->one) != NULL;
}

static bool
is_identity(const Field *k)
{
	return BN_is_zero(k->X) && BN_cmp(k->Y, k->Z) == 0;
}

/* [8](x, y), then [L](x, y), each compared with the identity. */
static bool
check_order(Field *k, bool *small, bool *prime)
{
	if (!start_multiple(k) || !double_point(k) || !double_point(k) || !double_point(k))
		return false;
	*small = is_identity(k);
	*prime = false;
	if (*small)
		return true;

	if (!mul(k, k->t2d, k->x, k->y) || !mul(k, k->t2d, k->t2d, k->d) ||
		!add(k, k->t2d, k->t2d, k->t2d) || !start_multiple(k))
		return false;
	for (int bit = BN_num_bits(k->order) - 2; bit >= 0; bit--)
	{
		if (!double_point(k) || (BN_is_bit_set(k->order, bit) && !add_point(k)))
			return false;
	}
	*prime = is_identity(k);
	return true;
}

static const char *
check_key(const uint8_t key[STO_EDWARDS_LEN])
{
	static const char failed[] = "openssl failed to check the key";
	Field *k = field_get();
	uint8_t octets[STO_EDWARDS_LEN];
	bool sign = key[STO_EDWARDS_LEN - 1] >> 7;
	bool square, small, prime;

	if (k == NULL)
		return failed;
	memcpy(octets, key, STO_EDWARDS_LEN);
	octets[STO_EDWARDS_LEN - 1] &= 0x7f;
	if (BN_lebin2bn(octets, STO_EDWARDS_LEN, k->y) == NULL)
		return failed;
	if (BN_cmp(k->y, k->p) >= 0) /* RFC 8032 5.1.3 step 1 */
		return "the encoding is not canonical (y is not below p)";
	if (!BN_to_montgomery(k->y, k->y, k->mont, k->ctx) || !recover_x(k, &square))
		return failed;
	if (!square)
		return "the point is not on the curve";
	if (BN_is_zero(k->x) && sign) /* step 4 */
		return "the encoding is not canonical (x is zero with its sign set)";
	/* -A has A's order, so the sign of x is of no further account */
	if (!check_order(k, &small, &prime))
		return failed;
	if (small)
		return "the point has small order";
	if (!prime)
		return "the point has mixed order";
	return NULL;
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
