/*
 * sign.c
 *		Public keys and signature checks through OpenSSL's EVP.
 *
 * OpenSSL 3 looks algorithms up slowly and builds an EC group from its name
 * more slowly still, so each thread keeps what a check needs: for Ed25519 a
 * context that makes keys and one that verifies, for ECDSA a key per curve whose
 * point is replaced.
 */
#include "core/sign.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <string.h>

#include "core/edwards.h"
#include "core/hash.h"

#define FORMAT_VERSION 1
#define SCALAR_LEN 32
#define POINT_LEN 33
#define POINT_LONG_LEN 65

/* RFC 8032 5.1: the order of Ed25519's base point, little-endian as in a signature */
static const uint8_t ed25519_order[SCALAR_LEN] = {
	0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10};

/* One of the two ECDSA curves, and what a thread keeps for it. */
typedef struct Curve
{
	int nid;
	const char *group;
	uint8_t order[SCALAR_LEN];      /* n, big-endian */
	uint8_t half_order[SCALAR_LEN]; /* (n - 1) / 2 */
	EVP_PKEY *pkey;                 /* its point is `loaded` */
	EVP_PKEY_CTX *ctx;
	bool is_loaded;
	uint8_t loaded[POINT_LEN];
} Curve;

/* SEC 2 version 2.0, 2.4.2 and 2.4.1 */
static _Thread_local Curve p256 = {
	.nid = NID_X9_62_prime256v1,
	.group = "P-256",
	.order = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
			  0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
			  0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51},
	.half_order = {0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff,
				   0xff, 0xff, 0xff, 0xff, 0xff, 0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b,
				   0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8},
};
static _Thread_local Curve secp256k1 = {
	.nid = NID_secp256k1,
	.group = "secp256k1",
	.order = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			  0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48,
			  0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41},
	.half_order = {0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				   0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4,
				   0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0},
};

static _Thread_local EVP_PKEY_CTX *ed25519_maker;
static _Thread_local EVP_MD_CTX *ed25519_verifier;

static const struct
{
	uint8_t scheme;
	uint8_t key_len;
	const char *name;
} schemes[] = {
	{STO_SCHEME_ED25519, STO_EDWARDS_LEN, "ed25519"},
	{STO_SCHEME_P256, POINT_LEN, "p256"},
	{STO_SCHEME_SECP256K1, POINT_LEN, "secp256k1"},
};

#define SCHEME_COUNT (sizeof(schemes) / sizeof(schemes[0]))

const char *
sto_scheme_name(uint8_t scheme)
{
	for (size_t i = 0; i < SCHEME_COUNT; i++)
	{
		if (schemes[i].scheme == scheme)
			return schemes[i].name;
	}
	return NULL;
}

bool
sto_scheme_from_name(const char *name, size_t len, uint8_t *scheme)
{
	for (size_t i = 0; i < SCHEME_COUNT; i++)
	{
		if (strlen(schemes[i].name) == len && memcmp(schemes[i].name, name, len) == 0)
		{
			*scheme = schemes[i].scheme;
			return true;
		}
	}
	return false;
}

uint8_t
sto_scheme_key_len(uint8_t scheme)
{
	for (size_t i = 0; i < SCHEME_COUNT; i++)
	{
		if (schemes[i].scheme == scheme)
			return schemes[i].key_len;
	}
	return 0;
}

static Curve *
curve_of(uint8_t scheme)
{
	switch (scheme)
	{
		case STO_SCHEME_P256:
			return &p256;
		case STO_SCHEME_SECP256K1:
			return &secp256k1;
		default:
			return NULL;
	}
}

/*
 * Decode a point and write it compressed.  EC_POINT_oct2point refuses
 * coordinates that aren't below p and points that aren't on the curve
 * (SEC 1 2.3.4); both curves have cofactor 1, so nothing else can be wrong.
 */
static const char *
compress_point(const Curve *curve, const uint8_t *data, size_t len, uint8_t out[POINT_LEN])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(curve->nid);
	EC_POINT *point = group == NULL ? NULL : EC_POINT_new(group);
	const char *why = NULL;

	if (point == NULL)
		why = "openssl failed to check the key";
	else if (EC_POINT_oct2point(group, point, data, len, NULL) != 1)
		why = ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE
				  ? "openssl failed to check the key"
				  : "the point is not on the curve, or a coordinate is out of range";
	else if (EC_POINT_point2oct(group, point, POINT_CONVERSION_COMPRESSED, out, POINT_LEN, NULL) !=
			 POINT_LEN)
		why = "openssl failed to check the key";
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return why;
}

static const char *
make_ecdsa_key(const Curve *curve, const uint8_t *data, size_t len, StoKey *key)
{
	const char *why;

	if (len >= 1 && data[0] == 0x00)
		return "the point is at infinity"; /* SEC 1 2.3.3: one zero octet */
	if (len != POINT_LEN && len != POINT_LONG_LEN)
		return "a key of this scheme has 33 octets, or 65 if uncompressed";
	if (len == POINT_LEN ? data[0] != 0x02 && data[0] != 0x03 : data[0] != 0x04)
		return "the first octet of a point is 02 or 03, or 04 if uncompressed";
	ERR_set_mark();
	why = compress_point(curve, data, len, key->data);
	ERR_pop_to_mark();
	return why;
}

static const char *
make_key(uint8_t scheme, const uint8_t *data, size_t len, StoKey *key)
{
	const Curve *curve = curve_of(scheme);

	if (curve != NULL)
		return make_ecdsa_key(curve, data, len, key);
	if (scheme != STO_SCHEME_ED25519)
		return "the scheme is unknown";
	if (len != STO_EDWARDS_LEN)
		return "a key of this scheme has 32 octets";
	memcpy(key->data, data, STO_EDWARDS_LEN);
	return sto_edwards_check_key(data);
}

bool
sto_key_make(uint8_t scheme, const uint8_t *data, size_t len, StoKey *key, const char **why)
{
	memset(key, 0, sizeof(*key));
	*why = make_key(scheme, data, len, key);
	if (*why != NULL)
	{
		memset(key, 0, sizeof(*key));
		return false;
	}
	key->scheme = scheme;
	key->len = sto_scheme_key_len(scheme);
	return true;
}

bool
sto_key_fingerprint(const StoKey *key, uint8_t out[STO_DIGEST_LEN])
{
	uint8_t buffer[64];
	StoWriter w;

	if (key->len > STO_KEY_MAX)
		return false;
	sto_writer_init(&w, buffer, sizeof(buffer));
	sto_put_tag(&w, "sto.key", FORMAT_VERSION);
	sto_put_u8(&w, key->scheme);
	sto_put_bytes(&w, key->data, key->len);
	return !w.failed && sto_sha256(buffer, w.len, out);
}

/* Is the little-endian S of an Ed25519 signature below L (RFC 8032 5.1.7 step 1)? */
static bool
ed25519_s_in_range(const uint8_t s[SCALAR_LEN])
{
	for (int i = SCALAR_LEN - 1; i >= 0; i--)
	{
		if (s[i] != ed25519_order[i])
			return s[i] < ed25519_order[i];
	}
	return false;
}

/* Is the big-endian r or s in [1, n-1]? */
static bool
scalar_in_range(const Curve *curve, const uint8_t v[SCALAR_LEN])
{
	static const uint8_t zero[SCALAR_LEN];

	return memcmp(v, zero, SCALAR_LEN) != 0 && memcmp(v, curve->order, SCALAR_LEN) < 0;
}

/* s = n - s */
static void
negate_scalar(const Curve *curve, uint8_t s[SCALAR_LEN])
{
	int borrow = 0;

	for (int i = SCALAR_LEN - 1; i >= 0; i--)
	{
		int v = curve->order[i] - s[i] - borrow;

		borrow = v < 0;
		s[i] = (uint8_t) v;
	}
}

/*
 * One INTEGER of the signature in DER (X.690 8.3 and 10.1): definite short
 * length, not negative, no octet more than needed, and at most 32 of value.
 */
static const char *
read_der_integer(StoReader *r, uint8_t out[SCALAR_LEN])
{
	uint8_t tag = sto_get_u8(r);
	uint8_t len = sto_get_u8(r);
	const uint8_t *at = sto_get_view(r, len);

	if (at == NULL || tag != 0x02 || len == 0)
		return "malformed DER";
	if (at[0] & 0x80)
		return "malformed DER: a negative integer";
	if (len > 1 && at[0] == 0x00 && !(at[1] & 0x80))
		return "malformed DER: an integer has a needless leading zero";
	if (at[0] == 0x00)
	{
		at++;
		len--;
	}
	if (len > SCALAR_LEN)
		return "r or s is out of range";
	memset(out, 0, SCALAR_LEN);
	memcpy(out + SCALAR_LEN - len, at, len);
	return NULL;
}

/* Ecdsa-Sig-Value of RFC 3279 2.2.3: SEQUENCE { r INTEGER, s INTEGER } */
static const char *
read_der_signature(const uint8_t *sig, size_t len, uint8_t out[STO_SIG_LEN])
{
	StoReader r;
	const char *why;

	sto_reader_init(&r, sig, len);
	if (sto_get_u8(&r) != 0x30 || sto_get_u8(&r) != len - 2 || r.failed)
		return "malformed DER";
	why = read_der_integer(&r, out);
	if (why == NULL)
		why = read_der_integer(&r, out + SCALAR_LEN);
	if (why == NULL && !sto_reader_done(&r))
		why = "malformed DER";
	return why;
}

static const char *
canonical(uint8_t scheme, const uint8_t *sig, size_t len, uint8_t out[STO_SIG_LEN])
{
	const Curve *curve = curve_of(scheme);

	if (curve == NULL && scheme != STO_SCHEME_ED25519)
		return "the scheme is unknown";
	if (len == STO_SIG_LEN)
	{
		/*
		 * Always the fixed form: a DER signature of 64 octets needs r and s
		 * some 7 octets short together, which happens once in 2^50.
		 */
		memcpy(out, sig, STO_SIG_LEN);
	}
	else if (curve == NULL)
		return "an Ed25519 signature has 64 octets";
	else if (len < 8 || len > STO_SIG_MAX)
		return "an ECDSA signature has 64 octets, or 8 to 72 in DER";
	else
	{
		const char *why = read_der_signature(sig, len, out);

		if (why != NULL)
			return why;
	}

	if (curve == NULL)
		return ed25519_s_in_range(out + SCALAR_LEN) ? NULL : "S is out of range";
	if (!scalar_in_range(curve, out) || !scalar_in_range(curve, out + SCALAR_LEN))
		return "r or s is out of range";
	if (memcmp(out + SCALAR_LEN, curve->half_order, SCALAR_LEN) > 0)
		negate_scalar(curve, out + SCALAR_LEN);
	return NULL;
}

bool
sto_signature_canonical(uint8_t scheme, const uint8_t *sig, size_t len, uint8_t out[STO_SIG_LEN],
						const char **why)
{
	*why = canonical(scheme, sig, len, out);
	if (*why != NULL)
		memset(out, 0, STO_SIG_LEN);
	return *why == NULL;
}

static StoCheck
check_ed25519(const StoKey *key, const void *msg, size_t len, const uint8_t sig[STO_SIG_LEN])
{
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM params[2];
	StoCheck result = STO_CHECK_FAILED;

	if (ed25519_maker == NULL)
		ed25519_maker = EVP_PKEY_CTX_new_from_name(NULL, "ED25519", NULL);
	if (ed25519_verifier == NULL)
		ed25519_verifier = EVP_MD_CTX_new();
	if (ed25519_maker == NULL || ed25519_verifier == NULL)
		return STO_CHECK_FAILED;

	/*
	 * Without this, EVP_DigestVerifyInit keeps the key of the first call and
	 * ignores the one it is given.
	 */
	EVP_MD_CTX_reset(ed25519_verifier);

	/* half the cost of EVP_PKEY_new_raw_public_key, which looks the algorithm up */
	params[0] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *) key->data,
												  STO_EDWARDS_LEN);
	params[1] = OSSL_PARAM_construct_end();
	if (EVP_PKEY_fromdata_init(ed25519_maker) == 1 &&
		EVP_PKEY_fromdata(ed25519_maker, &pkey, EVP_PKEY_PUBLIC_KEY, params) == 1 &&
		EVP_DigestVerifyInit_ex(ed25519_verifier, NULL, NULL, NULL, NULL, pkey, NULL) == 1)
	{
		switch (EVP_DigestVerify(ed25519_verifier, sig, STO_SIG_LEN, msg, len))
		{
			case 1:
				result = STO_CHECK_GOOD;
				break;
			case 0:
				result = STO_CHECK_BAD;
				break;
		}
	}
	EVP_PKEY_free(pkey);
	return result;
}

/* Make the curve's key, without a point, and the context that verifies with it. */
static bool
open_curve(Curve *curve)
{
	EVP_PKEY_CTX *maker;
	OSSL_PARAM params[2];

	if (curve->ctx != NULL)
		return true;
	params[0] =
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *) curve->group, 0);
	params[1] = OSSL_PARAM_construct_end();
	maker = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (maker != NULL && EVP_PKEY_fromdata_init(maker) == 1 &&
		EVP_PKEY_fromdata(maker, &curve->pkey, EVP_PKEY_KEY_PARAMETERS, params) == 1)
		curve->ctx = EVP_PKEY_CTX_new_from_pkey(NULL, curve->pkey, NULL);
	EVP_PKEY_CTX_free(maker);
	if (curve->ctx == NULL)
	{
		EVP_PKEY_free(curve->pkey);
		curve->pkey = NULL;
	}
	return curve->ctx != NULL;
}

/* Decompressing a point takes a fifth of a P-256 check, so a key used twice in a row is kept. */
static bool
load_point(Curve *curve, const uint8_t point[POINT_LEN])
{
	if (curve->is_loaded && memcmp(curve->loaded, point, POINT_LEN) == 0)
		return true;
	curve->is_loaded = false;
	if (EVP_PKEY_set1_encoded_public_key(curve->pkey, point, POINT_LEN) != 1)
		return false;
	memcpy(curve->loaded, point, POINT_LEN);
	curve->is_loaded = true;
	return true;
}

/* A scalar in range as a DER INTEGER. */
static void
put_der_integer(StoWriter *w, const uint8_t v[SCALAR_LEN])
{
	size_t skip = 0;
	bool pad;

	while (skip < SCALAR_LEN - 1 && v[skip] == 0)
		skip++;
	pad = (v[skip] & 0x80) != 0;
	sto_put_u8(w, 0x02);
	sto_put_u8(w, (uint8_t) (SCALAR_LEN - skip + pad));
	if (pad)
		sto_put_u8(w, 0x00);
	sto_put_bytes(w, v + skip, SCALAR_LEN - skip);
}

/*
 * OpenSSL reports "no answer" (-1) where the signature or the key is simply bad:
 * u1 G + u2 Q may be the point at infinity, which a key's owner can bring about,
 * and a stored key that someone altered may be off the curve.  The curve's own
 * error says so; from 3.5 on a general one lies on top of it.  Running out of
 * memory is the failure that it can be.
 */
static StoCheck
judge_error(void)
{
	StoCheck result = STO_CHECK_FAILED;
	unsigned long code;

	while ((code = ERR_get_error()) != 0)
	{
		if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE)
			return STO_CHECK_FAILED;
		if (ERR_GET_LIB(code) == ERR_LIB_EC)
			result = STO_CHECK_BAD;
	}
	return result;
}

static StoCheck
check_ecdsa(Curve *curve, const StoKey *key, const void *msg, size_t len,
			const uint8_t sig[STO_SIG_LEN])
{
	uint8_t digest[STO_DIGEST_LEN];
	uint8_t body[STO_SIG_MAX];
	uint8_t der[STO_SIG_MAX];
	StoWriter w;

	if (!scalar_in_range(curve, sig) || !scalar_in_range(curve, sig + SCALAR_LEN) ||
		memcmp(sig + SCALAR_LEN, curve->half_order, SCALAR_LEN) > 0)
		return STO_CHECK_BAD;
	if (!open_curve(curve) || !sto_sha256(msg, len, digest))
		return STO_CHECK_FAILED;
	if (!load_point(curve, key->data))
		return judge_error();
	if (EVP_PKEY_verify_init(curve->ctx) != 1)
		return STO_CHECK_FAILED;

	sto_writer_init(&w, body, sizeof(body));
	put_der_integer(&w, sig);
	put_der_integer(&w, sig + SCALAR_LEN);
	der[0] = 0x30;
	der[1] = (uint8_t) w.len;
	memcpy(der + 2, body, w.len);
	switch (EVP_PKEY_verify(curve->ctx, der, w.len + 2, digest, STO_DIGEST_LEN))
	{
		case 1:
			return STO_CHECK_GOOD;
		case 0:
			return STO_CHECK_BAD;
		default:
			return judge_error();
	}
}

StoCheck
sto_signature_check(const StoKey *key, const void *msg, size_t len, const uint8_t sig[STO_SIG_LEN])
{
	Curve *curve = curve_of(key->scheme);
	StoCheck result;

	if (key->len == 0 || key->len != sto_scheme_key_len(key->scheme))
		return STO_CHECK_BAD;
	/* judge_error reads the queue, so nobody's older errors may be in it */
	ERR_clear_error();
	result =
		curve != NULL ? check_ecdsa(curve, key, msg, len, sig) : check_ed25519(key, msg, len, sig);
	ERR_clear_error();
	return result;
}
