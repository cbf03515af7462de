/*
 * sto_test_signer.c
 *		For tests only: keys and signatures inside the server.
 *
 * What is signed holds the previous leaf of its subject, and a leaf holds a
 * time, so fixed signatures can't be written down beforehand.  Keys come from
 * a number: the same number gives the same key in every run.  This shares no
 * code with the extension.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(sto_test_public_key);
PG_FUNCTION_INFO_V1(sto_test_sign);

#define SCALAR_LEN 32
#define POINT_MAX 65

static void
demand(bool good, const char *what)
{
	if (!good)
		elog(ERROR, "test signer: %s failed", what);
}

/* A secret from a number; below the order of both curves but for one in 2^32. */
static void
secret_of(const char *scheme, int32 seed, unsigned char out[SCALAR_LEN])
{
	char text[64];
	int len = snprintf(text, sizeof(text), "sto test key %s %d", scheme, seed);

	SHA256((const unsigned char *) text, len, out);
}

static const char *
curve_of(const char *scheme)
{
	if (strcmp(scheme, "p256") == 0)
		return "prime256v1";
	if (strcmp(scheme, "secp256k1") == 0)
		return "secp256k1";
	elog(ERROR, "test signer: unknown scheme \"%s\"", scheme);
	return NULL;
}

/* The compressed point of a secret scalar; its length. */
static size_t
point_of(const char *curve, const BIGNUM *secret, unsigned char out[POINT_MAX])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(OBJ_sn2nid(curve));
	EC_POINT *point = EC_POINT_new(group);
	size_t len;

	demand(EC_POINT_mul(group, point, secret, NULL, NULL, NULL) == 1, "EC_POINT_mul");
	len = EC_POINT_point2oct(group, point, POINT_CONVERSION_COMPRESSED, out, POINT_MAX, NULL);
	demand(len == SCALAR_LEN + 1, "EC_POINT_point2oct");
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return len;
}

static EVP_PKEY *
ec_key(const char *scheme, const unsigned char secret[SCALAR_LEN])
{
	const char *curve = curve_of(scheme);
	BIGNUM *scalar = BN_bin2bn(secret, SCALAR_LEN, NULL);
	unsigned char point[POINT_MAX];
	size_t len = point_of(curve, scalar, point);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM *params;
	EVP_PKEY *key = NULL;

	demand(OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0) == 1 &&
			   OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1 &&
			   OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, len) == 1,
		   "OSSL_PARAM_BLD");
	params = OSSL_PARAM_BLD_to_param(build);
	demand(EVP_PKEY_fromdata_init(ctx) == 1 &&
			   EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) == 1,
		   "EVP_PKEY_fromdata");
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	BN_free(scalar);
	return key;
}

static EVP_PKEY *
key_of(const char *scheme, int32 seed)
{
	unsigned char secret[SCALAR_LEN];
	EVP_PKEY *key;

	secret_of(scheme, seed, secret);
	if (strcmp(scheme, "ed25519") == 0)
		key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, SCALAR_LEN);
	else
		key = ec_key(scheme, secret);
	demand(key != NULL, "making a key");
	return key;
}

/* sto_test.public_key_octets(scheme text, seed int) returns bytea: 32 octets, or a compressed point
 */
Datum
sto_test_public_key(PG_FUNCTION_ARGS)
{
	char *scheme = text_to_cstring(PG_GETARG_TEXT_PP(0));
	bytea *result = palloc(VARHDRSZ + POINT_MAX);
	unsigned char secret[SCALAR_LEN];
	size_t len = POINT_MAX;

	if (strcmp(scheme, "ed25519") == 0)
	{
		EVP_PKEY *key = key_of(scheme, PG_GETARG_INT32(1));

		demand(EVP_PKEY_get_raw_public_key(key, (unsigned char *) VARDATA(result), &len) == 1,
			   "EVP_PKEY_get_raw_public_key");
		EVP_PKEY_free(key);
	}
	else
	{
		BIGNUM *scalar;

		secret_of(scheme, PG_GETARG_INT32(1), secret);
		scalar = BN_bin2bn(secret, SCALAR_LEN, NULL);
		len = point_of(curve_of(scheme), scalar, (unsigned char *) VARDATA(result));
		BN_free(scalar);
	}
	SET_VARSIZE(result, VARHDRSZ + len);
	PG_RETURN_BYTEA_P(result);
}

/*
 * sto_test.sign(scheme text, seed int, message bytea) returns bytea
 *
 * The bare signature: 64 octets for Ed25519, DER for ECDSA (with SHA-256).
 */
Datum
sto_test_sign(PG_FUNCTION_ARGS)
{
	char *scheme = text_to_cstring(PG_GETARG_TEXT_PP(0));
	bytea *message = PG_GETARG_BYTEA_PP(2);
	EVP_PKEY *key = key_of(scheme, PG_GETARG_INT32(1));
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bytea *result = palloc(VARHDRSZ + 80);
	size_t len = 80;
	const EVP_MD *md = strcmp(scheme, "ed25519") == 0 ? NULL : EVP_sha256();

	demand(EVP_DigestSignInit(ctx, NULL, md, NULL, key) == 1, "EVP_DigestSignInit");
	demand(EVP_DigestSign(ctx, (unsigned char *) VARDATA(result), &len,
						  (const unsigned char *) VARDATA_ANY(message),
						  VARSIZE_ANY_EXHDR(message)) == 1,
		   "EVP_DigestSign");
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	SET_VARSIZE(result, VARHDRSZ + len);
	PG_RETURN_BYTEA_P(result);
}
