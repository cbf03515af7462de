/*
 * test_keys.c
 *		Which public keys may be registered.
 */
#include "core/sign.h"

#include "check.h"
#include "signer.h"

#include <openssl/err.h>

#define OVER_AND_OVER 8

static const char ok_ed25519[] = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
static const char p256_x[] = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
static const char p256_y[] = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";

/* Refused, with a reason that has this text in it; and no octet is left in the key. */
static bool
refuses(uint8_t scheme, const uint8_t *data, size_t len, const char *reason)
{
	static const StoKey none;
	uint8_t *block = malloc(len > 0 ? len : 1);
	const char *why = NULL;
	StoKey key;
	bool refused;

	memset(&key, 0x55, sizeof(key));
	if (len > 0)
		memcpy(block, data, len);
	refused = !sto_key_make(scheme, block, len, &key, &why);
	free(block);
	if (refused && why != NULL && strstr(why, reason) == NULL)
		printf("# refused because %s\n", why);
	return refused && why != NULL && strstr(why, reason) != NULL && key.scheme == none.scheme &&
		   key.len == none.len && memcmp(key.data, none.data, sizeof(none.data)) == 0;
}

static bool
refuses_hex(uint8_t scheme, const char *hex, const char *reason)
{
	uint8_t data[70];
	size_t len = strlen(hex) / 2;

	if (!sto_hex_decode(hex, strlen(hex), data, len))
		return false;
	return refuses(scheme, data, len, reason);
}

static bool
takes_hex(uint8_t scheme, const char *hex, StoKey *key)
{
	uint8_t data[70];
	size_t len = strlen(hex) / 2;
	const char *why = NULL;

	return sto_hex_decode(hex, strlen(hex), data, len) &&
		   sto_key_make(scheme, data, len, key, &why) && why == NULL;
}

/*
 * The eight points of small order, as multiples of one of order 8, from an
 * implementation in Python written for these vectors.
 */
static void
test_small_order(void)
{
	static const char *const points[] = {
		"0100000000000000000000000000000000000000000000000000000000000000",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	};

	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		CHECK_AS(refuses_hex(STO_SCHEME_ED25519, points[i], "small order"), "small order: %s",
				 points[i]);
	/* x = 0 has no sign (RFC 8032 5.1.3 step 4) */
	CHECK(refuses_hex(STO_SCHEME_ED25519,
					  "0100000000000000000000000000000000000000000000000000000000000080",
					  "not canonical"));
	CHECK(refuses_hex(STO_SCHEME_ED25519,
					  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
					  "not canonical"));
}

/* All 19 encodings of y with p <= y < 2^255, with either sign; y = p and p + 1 are small-order
 * points. */
static void
test_not_canonical(void)
{
	for (int i = 0; i < 38; i++)
	{
		uint8_t data[32];

		memset(data, 0xff, sizeof(data));
		data[0] = (uint8_t) (0xed + i / 2);
		data[31] = i % 2 ? 0xff : 0x7f;
		CHECK_AS(refuses(STO_SCHEME_ED25519, data, 32, "not canonical"), "y = p + %d, sign %d",
				 i / 2, i % 2);
	}
}

/* From the same Python: [k]B plus each point of small order. */
static void
test_mixed_order(void)
{
	static const char sound[] = "c4c1227d7fff941a976049ecefad7b663fa5121d769cbbd79a53d344e4773e98";
	static const char *const points[] = {
		"c2ecc2af9bfefd06ee0f9cbb9adf4abda71f6a01db3f1a78458754856f6bd5c4",
		"1d742f18f7d12e7fe2b6200d2a709fb86e3092c4e61088eff161f2d5c021781e",
		"d5ef64df63da3bb3d38a00537014257b40d069b39e6c71bf5a2a9d8efbdc22d9",
		"293edd8280006be5689fb61310528499c05aede28963442865ac2cbb1b88c167",
		"2b133d50640102f911f063446520b54258e095fe24c0e587ba78ab7a90942a3b",
		"d08bd0e7082ed1801d49dff2d58f604791cf6d3b19ef77100e9e0d2a3fde87e1",
		"18109b209c25c44c2c75ffac8febda84bf2f964c61938e40a5d562710423dd26",
	};
	StoKey key;

	CHECK(takes_hex(STO_SCHEME_ED25519, sound, &key));
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		CHECK_AS(refuses_hex(STO_SCHEME_ED25519, points[i], "mixed order"), "mixed order: %s",
				 points[i]);
}

static void
test_ed25519(void)
{
	StoKey key;
	uint8_t data[33] = {0};
	bool good = true;
	int on_curve = 0;
	const char *why;

	CHECK(takes_hex(STO_SCHEME_ED25519, ok_ed25519, &key));
	CHECK(key.scheme == STO_SCHEME_ED25519 && key.len == 32 && key.data[0] == 0xd7);
	CHECK_AS(refuses_hex(STO_SCHEME_ED25519,
						 "0200000000000000000000000000000000000000000000000000000000000000",
						 "not on the curve"),
			 "y = 2 is off the curve");
	CHECK_AS(refuses_hex(STO_SCHEME_ED25519,
						 "0200000000000000000000000000000000000000000000000000000000000080",
						 "not on the curve"),
			 "y = 2 with the other sign is off the curve");
	for (size_t len = 0; len <= 33; len++)
		good &= len == 32 || refuses(STO_SCHEME_ED25519, data, len, "32 octets");
	CHECK_AS(good, "wrong lengths are refused");

	/* y from 2: half of all y have no x, and of the rest 7 of 8 have an order other than L */
	for (int y = 2; y < 202; y++)
	{
		data[0] = (uint8_t) y;
		good = sto_key_make(STO_SCHEME_ED25519, data, 32, &key, &why);
		on_curve += good || strstr(why, "order") != NULL;
	}
	CHECK_AS(on_curve > 70 && on_curve < 130, "%d of 200 y are on the curve", on_curve);

	/* what OpenSSL makes is always taken, with its negative, too */
	good = true;
	for (int i = 0; i < OVER_AND_OVER; i++)
	{
		Signer s = signer_new(STO_SCHEME_ED25519);

		memcpy(data, s.key.data, 32);
		data[31] ^= 0x80;
		good &= sto_key_make(STO_SCHEME_ED25519, data, 32, &key, &why);
		signer_free(&s);
	}
	CHECK_AS(good, "keys that OpenSSL makes are taken");
}

static void
test_p256(void)
{
	char text[140];
	StoKey compressed, uncompressed, other;

	snprintf(text, sizeof(text), "03%s", p256_x);
	CHECK(takes_hex(STO_SCHEME_P256, text, &compressed));
	CHECK(compressed.len == 33 && compressed.data[0] == 0x03);
	snprintf(text, sizeof(text), "04%s%s", p256_x, p256_y);
	CHECK(takes_hex(STO_SCHEME_P256, text, &uncompressed));
	CHECK_AS(memcmp(&compressed, &uncompressed, sizeof(StoKey)) == 0,
			 "an uncompressed point becomes the same key");
	snprintf(text, sizeof(text), "02%s", p256_x);
	CHECK_AS(takes_hex(STO_SCHEME_P256, text, &other) && other.data[0] == 0x02,
			 "the other y is another key");

	snprintf(text, sizeof(text), "04%s%s", p256_y, p256_x);
	CHECK(refuses_hex(STO_SCHEME_P256, text, "not on the curve"));
	snprintf(text, sizeof(text), "07%s%s", p256_x, p256_y);
	CHECK_AS(refuses_hex(STO_SCHEME_P256, text, "first octet"), "the hybrid form is refused");
	snprintf(text, sizeof(text), "04%s", p256_x);
	CHECK(refuses_hex(STO_SCHEME_P256, text, "first octet"));
	snprintf(text, sizeof(text), "03%s%s", p256_x, p256_y);
	CHECK(refuses_hex(STO_SCHEME_P256, text, "first octet"));
	snprintf(text, sizeof(text), "05%s", p256_x);
	CHECK(refuses_hex(STO_SCHEME_P256, text, "first octet"));
	/* x = p + 5, where x = 5 is on the curve */
	CHECK(takes_hex(STO_SCHEME_P256,
					"020000000000000000000000000000000000000000000000000000000000000005", &other));
	CHECK_AS(refuses_hex(STO_SCHEME_P256,
						 "02ffffffff00000001000000000000000000000001000000000000000000000004",
						 "out of range"),
			 "x = p + 5 is refused");
	CHECK_AS(refuses_hex(STO_SCHEME_P256,
						 "020000000000000000000000000000000000000000000000000000000000000001",
						 "not on the curve"),
			 "x = 1 is off the curve");
	snprintf(text, sizeof(text), "04%s%s", p256_x, p256_y);
	CHECK_AS(refuses_hex(STO_SCHEME_SECP256K1, text, "not on the curve"),
			 "a point of the other curve");
}

static void
test_secp256k1(void)
{
	static const char gx[] = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
	static const char gy[] = "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";
	char text[140];
	StoKey key, other;

	snprintf(text, sizeof(text), "04%s%s", gx, gy);
	CHECK(takes_hex(STO_SCHEME_SECP256K1, text, &key) && key.data[0] == 0x02);
	snprintf(text, sizeof(text), "02%s", gx);
	CHECK(takes_hex(STO_SCHEME_SECP256K1, text, &other) && memcmp(&key, &other, sizeof(key)) == 0);
	/* x = 5 has no y; x = 1 has one, and p + 1 is the same x again */
	CHECK(refuses_hex(STO_SCHEME_SECP256K1,
					  "020000000000000000000000000000000000000000000000000000000000000005",
					  "not on the curve"));
	CHECK(takes_hex(STO_SCHEME_SECP256K1,
					"020000000000000000000000000000000000000000000000000000000000000001", &other));
	CHECK(refuses_hex(STO_SCHEME_SECP256K1,
					  "02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30",
					  "out of range"));
}

static void
test_ecdsa_both(uint8_t scheme)
{
	const char *name = sto_scheme_name(scheme);
	uint8_t data[80] = {0};
	bool good = true;

	CHECK_AS(refuses(scheme, data, 1, "infinity"), "%s: the point at infinity", name);
	CHECK_AS(refuses(scheme, data, 33, "infinity"), "%s: infinity in 33 octets", name);
	CHECK_AS(refuses(scheme, data, 65, "infinity"), "%s: infinity in 65 octets", name);
	data[0] = 0x04;
	CHECK_AS(refuses(scheme, data, 65, "not on the curve"), "%s: (0, 0)", name);
	memset(data + 1, 0xff, 64);
	CHECK_AS(refuses(scheme, data, 65, "out of range"), "%s: coordinates of all ones", name);
	data[0] = 0x02;
	CHECK_AS(refuses(scheme, data, 33, "out of range"), "%s: x of all ones", name);
	for (size_t len = 0; len <= sizeof(data); len++)
		good &= len == 33 || len == 65 || refuses(scheme, data, len, "33 octets");
	CHECK_AS(good, "%s: wrong lengths are refused", name);
	good = true;
	for (int i = 0; i < OVER_AND_OVER; i++)
	{
		Signer s = signer_new(scheme);

		good &= s.key.len == 33 && (s.key.data[0] == 0x02 || s.key.data[0] == 0x03);
		signer_free(&s);
	}
	CHECK_AS(good, "%s: keys that OpenSSL makes are taken and compressed", name);
}

static void
test_fingerprint(void)
{
	uint8_t a[STO_DIGEST_LEN], b[STO_DIGEST_LEN];
	StoKey key;
	bool differs = true;

	takes_hex(STO_SCHEME_ED25519, ok_ed25519, &key);
	CHECK(sto_key_fingerprint(&key, a));
	for (int i = 0; i < key.len; i++)
	{
		key.data[i] ^= 1;
		differs &= sto_key_fingerprint(&key, b) && memcmp(a, b, STO_DIGEST_LEN) != 0;
		key.data[i] ^= 1;
	}
	key.scheme = STO_SCHEME_P256;
	differs &= sto_key_fingerprint(&key, b) && memcmp(a, b, STO_DIGEST_LEN) != 0;
	CHECK_AS(differs, "every octet and the scheme change the fingerprint");
	key.len = STO_KEY_MAX + 1;
	CHECK_AS(!sto_key_fingerprint(&key, b), "a length that no key has is refused");
}

int
main(void)
{
	uint8_t data[32] = {9};

	test_small_order();
	test_not_canonical();
	test_mixed_order();
	test_ed25519();
	test_p256();
	test_secp256k1();
	test_ecdsa_both(STO_SCHEME_P256);
	test_ecdsa_both(STO_SCHEME_SECP256K1);
	test_fingerprint();
	CHECK(refuses(0, data, 32, "scheme is unknown"));
	CHECK(refuses(4, data, 32, "scheme is unknown"));
	CHECK(refuses(255, data, 0, "scheme is unknown"));
	CHECK_AS(ERR_peek_error() == 0, "no error is left in OpenSSL's queue");
	return check_done("keys");
}
