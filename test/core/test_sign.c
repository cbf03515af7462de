/*
 * test_sign.c
 *		Published vectors, signatures made by OpenSSL, and every form of
 *		signature that must not pass.  Keys: test_keys.c.
 */
#include "core/sign.h"

#include "check.h"
#include "signer.h"

#include <openssl/bn.h>
#include <openssl/err.h>

static const uint8_t all_schemes[] = {STO_SCHEME_ED25519, STO_SCHEME_P256, STO_SCHEME_SECP256K1};

#define SCHEME_COUNT 3

static const char p256_n[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
static const char secp256k1_n[] =
	"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

typedef struct Vector
{
	const char *name;
	uint8_t scheme;
	const char *key;
	const char *msg; /* hex */
	const char *sig;
	const char *stored; /* NULL: the same */
} Vector;

static const Vector vectors[] = {
	{"RFC 8032 7.1 test 1", STO_SCHEME_ED25519,
	 "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	 "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
	 "b46bd25bf5f0595bbe24655141438e7a100b",
	 NULL},
	{"RFC 8032 7.1 test 2", STO_SCHEME_ED25519,
	 "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
	 "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
	 "1d8c387b2eaeb4302aeeb00d291612bb0c00",
	 NULL},
	{"RFC 8032 7.1 test 3", STO_SCHEME_ED25519,
	 "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
	 "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
	 "c6594a7c15e9716ed28dc027beceea1ec40a",
	 NULL},
	{"RFC 8032 7.1 test SHA(abc)", STO_SCHEME_ED25519,
	 "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
	 "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3fe"
	 "ebbd454d4423643ce80e2a9ac94fa54ca49f",
	 "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431"
	 "e0303dca179c138ac17ad9bef1177331a704",
	 NULL},
	/* its s is high: n - s is stored */
	{"RFC 6979 A.2.5 SHA-256, \"sample\"", STO_SCHEME_P256,
	 "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
	 "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
	 "73616d706c65",
	 "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
	 "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
	 "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
	 "0834e36ad29a83bf2bc9385e491d6099c8fdf9d1ed67aa7ea5f51f93782857a9"},
	{"RFC 6979 A.2.5 SHA-256, \"test\"", STO_SCHEME_P256,
	 "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6", "74657374",
	 "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
	 "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
	 NULL},
	/* the RFC 6979 vector that Bitcoin's libraries share: secret 1 */
	{"secp256k1, \"Satoshi Nakamoto\"", STO_SCHEME_SECP256K1,
	 "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
	 "5361746f736869204e616b616d6f746f",
	 "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
	 "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
	 NULL},
};

static size_t
from_hex(const char *hex, uint8_t *out)
{
	size_t len = strlen(hex) / 2;

	if (!sto_hex_decode(hex, strlen(hex), out, len))
	{
		printf("Bail out! bad hex %s\n", hex);
		exit(1);
	}
	return len;
}

static void
test_vector(const Vector *v)
{
	uint8_t key_octets[65], msg[80], sig[STO_SIG_LEN], wanted[STO_SIG_LEN], stored[STO_SIG_LEN];
	size_t key_len = from_hex(v->key, key_octets);
	size_t msg_len = from_hex(v->msg, msg);
	const char *why = NULL;
	StoKey key;
	bool refused = true;

	from_hex(v->sig, sig);
	from_hex(v->stored == NULL ? v->sig : v->stored, wanted);
	CHECK_AS(sto_key_make(v->scheme, key_octets, key_len, &key, &why), "%s: key", v->name);
	CHECK_AS(sto_signature_canonical(v->scheme, sig, STO_SIG_LEN, stored, &why) &&
				 memcmp(stored, wanted, STO_SIG_LEN) == 0,
			 "%s: stored form", v->name);
	CHECK_AS(sto_signature_check(&key, msg, msg_len, stored) == STO_CHECK_GOOD, "%s: good",
			 v->name);
	if (v->stored != NULL)
		CHECK_AS(sto_signature_check(&key, msg, msg_len, sig) == STO_CHECK_BAD,
				 "%s: a high s as stored is bad", v->name);
	CHECK_AS(sto_signature_check(&key, msg, msg_len + 1, stored) == STO_CHECK_BAD,
			 "%s: a longer message is bad", v->name);
	for (int i = 0; i < STO_SIG_LEN; i++)
	{
		memcpy(sig, stored, STO_SIG_LEN);
		sig[i] ^= 0x01;
		refused = refused && sto_signature_check(&key, msg, msg_len, sig) == STO_CHECK_BAD;
	}
	CHECK_AS(refused, "%s: a signature changed in any octet is bad", v->name);
}

/* Each scheme with fresh keys: the round trip, and every octet of the message. */
static void
test_fresh(uint8_t scheme)
{
	const char *name = sto_scheme_name(scheme);
	Signer one = signer_new(scheme);
	Signer two = signer_new(scheme);
	uint8_t msg[60];
	uint8_t sig[STO_SIG_LEN];
	bool good = true;
	bool refused = true;
	StoKey altered;

	for (size_t i = 0; i < sizeof(msg); i++)
		msg[i] = (uint8_t) i;
	/* alternating keys: what a thread keeps of one must not serve the other */
	for (int i = 0; i < 40; i++)
	{
		const Signer *s = i % 3 == 0 ? &two : &one;

		msg[0] = (uint8_t) i;
		signer_sign_stored(s, msg, sizeof(msg), sig);
		good = good && sto_signature_check(&s->key, msg, sizeof(msg), sig) == STO_CHECK_GOOD;
		refused = refused && sto_signature_check(i % 3 == 0 ? &one.key : &two.key, msg, sizeof(msg),
												 sig) == STO_CHECK_BAD;
	}
	CHECK_AS(good, "%s: OpenSSL's signatures are good", name);
	CHECK_AS(refused, "%s: they are bad under another key", name);

	signer_sign_stored(&one, msg, sizeof(msg), sig);
	for (size_t i = 0; i < sizeof(msg); i++)
	{
		msg[i] ^= 0x80;
		refused = refused && sto_signature_check(&one.key, msg, sizeof(msg), sig) == STO_CHECK_BAD;
		msg[i] ^= 0x80;
	}
	CHECK_AS(refused, "%s: a message changed in any octet is bad", name);
	signer_sign_stored(&one, NULL, 0, sig);
	CHECK_AS(sto_signature_check(&one.key, NULL, 0, sig) == STO_CHECK_GOOD,
			 "%s: an empty message can be signed", name);

	/* keys that no one vetted: an answer, never a crash */
	for (int i = 0; i < one.key.len * 8; i++)
	{
		altered = one.key;
		altered.data[i / 8] ^= (uint8_t) (1 << (i % 8));
		refused = refused && sto_signature_check(&altered, msg, 1, sig) == STO_CHECK_BAD;
	}
	CHECK_AS(refused, "%s: a key changed in any bit is bad", name);
	CHECK_AS(sto_signature_check(&one.key, NULL, 0, sig) == STO_CHECK_GOOD,
			 "%s: and the right key is good afterwards", name);
	altered = one.key;
	altered.len--;
	CHECK_AS(sto_signature_check(&altered, NULL, 0, sig) == STO_CHECK_BAD, "%s: a short key", name);
	for (int i = 0; i < SCHEME_COUNT; i++)
	{
		if (all_schemes[i] == scheme)
			continue;
		altered = one.key;
		altered.scheme = all_schemes[i];
		CHECK_AS(sto_signature_check(&altered, NULL, 0, sig) == STO_CHECK_BAD,
				 "%s: its key named %s", name, sto_scheme_name(all_schemes[i]));
	}
	signer_free(&one);
	signer_free(&two);
}

static void
test_schemes(void)
{
	static const uint8_t zero[STO_SIG_LEN];
	StoKey none;
	uint8_t scheme = 0;
	bool good = true;

	memset(&none, 0, sizeof(none));
	CHECK(sto_signature_check(&none, "x", 1, zero) == STO_CHECK_BAD);
	none.scheme = 200;
	none.len = 32;
	CHECK(sto_signature_check(&none, "x", 1, zero) == STO_CHECK_BAD);
	for (int i = 0; i < 256; i++)
	{
		const char *name = sto_scheme_name((uint8_t) i);

		good &= (name != NULL) == (i >= 1 && i <= 3);
		good &= (sto_scheme_key_len((uint8_t) i) != 0) == (name != NULL);
		good &= name == NULL || (sto_scheme_from_name(name, strlen(name), &scheme) && scheme == i);
	}
	CHECK_AS(good, "schemes 1 to 3 have names, no others");
	CHECK(!sto_scheme_from_name("ed2551", 6, &scheme));
	CHECK(!sto_scheme_from_name("ed255199", 8, &scheme));
	CHECK(!sto_scheme_from_name("ED25519", 7, &scheme));
	CHECK(!sto_scheme_from_name("", 0, &scheme));
}

static bool
refuses(uint8_t scheme, const uint8_t *sig, size_t len)
{
	/* a block of the exact length, so that ASan sees a read past the end */
	uint8_t *block = malloc(len > 0 ? len : 1);
	uint8_t out[STO_SIG_LEN];
	const char *why = NULL;
	bool refused;

	memcpy(block, sig, len);
	refused = !sto_signature_canonical(scheme, block, len, out, &why) && why != NULL;
	free(block);
	return refused;
}

static void
test_ed25519_form(void)
{
	static const char order[] = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
	uint8_t sig[STO_SIG_LEN] = {1};
	uint8_t out[STO_SIG_LEN];
	const char *why = NULL;
	Signer s = signer_new(STO_SCHEME_ED25519);
	int carry = 0;

	from_hex(order, sig + 32);
	CHECK_AS(refuses(STO_SCHEME_ED25519, sig, 64), "S = L is refused");
	CHECK(sto_signature_check(&s.key, "x", 1, sig) == STO_CHECK_BAD);
	sig[32]--;
	CHECK_AS(sto_signature_canonical(STO_SCHEME_ED25519, sig, 64, out, &why) &&
				 memcmp(sig, out, 64) == 0,
			 "S = L - 1 is taken, as it is");
	sig[32] += 2;
	CHECK_AS(refuses(STO_SCHEME_ED25519, sig, 64), "S = L + 1 is refused");
	memset(sig + 32, 0xff, 32);
	CHECK_AS(refuses(STO_SCHEME_ED25519, sig, 64), "S of all ones is refused");
	CHECK(sto_signature_check(&s.key, "x", 1, sig) == STO_CHECK_BAD);

	/* malleability: S + L verifies with a careless verifier */
	signer_sign_stored(&s, "x", 1, sig);
	from_hex(order, out);
	for (int i = 0; i < 32; i++)
	{
		carry += sig[32 + i] + out[i];
		sig[32 + i] = (uint8_t) carry;
		carry >>= 8;
	}
	CHECK_AS(refuses(STO_SCHEME_ED25519, sig, 64), "a good signature with S + L is refused");
	CHECK(sto_signature_check(&s.key, "x", 1, sig) == STO_CHECK_BAD);
	for (size_t len = 0; len < 64; len++)
	{
		if (!refuses(STO_SCHEME_ED25519, sig, len))
			CHECK_AS(false, "length %zu is refused", len);
	}
	CHECK(refuses(STO_SCHEME_ED25519, (const uint8_t *) order, 65));
	CHECK_AS(refuses(0, sig, 64) && refuses(4, sig, 64), "an unknown scheme is refused");
	signer_free(&s);
}

/* A 64-octet ECDSA signature of r and s in hex. */
static bool
takes_rs(uint8_t scheme, const char *r, const char *s, uint8_t out[STO_SIG_LEN])
{
	uint8_t sig[STO_SIG_LEN];
	const char *why = NULL;

	from_hex(r, sig);
	from_hex(s, sig + 32);
	return sto_signature_canonical(scheme, sig, STO_SIG_LEN, out, &why);
}

static void
test_ecdsa_range(uint8_t scheme, const char *n_hex)
{
	static const char zero[] = "0000000000000000000000000000000000000000000000000000000000000000";
	static const char one[] = "0000000000000000000000000000000000000000000000000000000000000001";
	static const char ones[] = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
	const char *name = sto_scheme_name(scheme);
	BIGNUM *n = NULL, *half = BN_new(), *v = BN_new();
	uint8_t out[STO_SIG_LEN], wanted[32], octets[32];
	char below[65], above[65], text[65];

	BN_hex2bn(&n, n_hex);
	BN_copy(v, n);
	BN_sub_word(v, 1);
	BN_bn2binpad(v, octets, 32);
	sto_hex_encode(octets, 32, below);
	BN_add_word(v, 2);
	BN_bn2binpad(v, octets, 32);
	sto_hex_encode(octets, 32, above);

	CHECK_AS(!takes_rs(scheme, zero, one, out), "%s: r = 0", name);
	CHECK_AS(!takes_rs(scheme, one, zero, out), "%s: s = 0", name);
	CHECK_AS(!takes_rs(scheme, n_hex, one, out), "%s: r = n", name);
	CHECK_AS(!takes_rs(scheme, one, n_hex, out), "%s: s = n", name);
	CHECK_AS(!takes_rs(scheme, above, one, out), "%s: r = n + 1", name);
	CHECK_AS(!takes_rs(scheme, one, above, out), "%s: s = n + 1", name);
	CHECK_AS(!takes_rs(scheme, ones, one, out), "%s: r of all ones", name);
	CHECK_AS(!takes_rs(scheme, one, ones, out), "%s: s of all ones", name);
	CHECK_AS(takes_rs(scheme, below, one, out), "%s: r = n - 1 is taken", name);

	from_hex(one, wanted);
	CHECK_AS(takes_rs(scheme, one, below, out) && memcmp(out + 32, wanted, 32) == 0,
			 "%s: s = n - 1 is stored as 1", name);
	/* (n - 1) / 2 is the greatest low s, and what (n + 1) / 2 becomes */
	BN_rshift1(half, n);
	BN_bn2binpad(half, wanted, 32);
	sto_hex_encode(wanted, 32, text);
	CHECK_AS(takes_rs(scheme, one, text, out) && memcmp(out + 32, wanted, 32) == 0,
			 "%s: s = (n - 1) / 2 is kept", name);
	BN_add_word(half, 1);
	BN_bn2binpad(half, octets, 32);
	sto_hex_encode(octets, 32, text);
	CHECK_AS(takes_rs(scheme, one, text, out) && memcmp(out + 32, wanted, 32) == 0,
			 "%s: s = (n + 1) / 2 becomes (n - 1) / 2", name);
	BN_free(n);
	BN_free(half);
	BN_free(v);
}

static void
test_der(uint8_t scheme)
{
	/* each after a good one: 30 06 02 01 05 02 01 06 */
	static const struct
	{
		const char *what;
		const char *der;
	} bad[] = {
		{"nothing inside", "3000"},
		{"a long-form length", "308106020105020106"},
		{"a long-form length with zeros", "30820006020105020106"},
		{"an indefinite length", "30800201050201060000"},
		{"a long-form length of r", "30070281010502"
									"0106"},
		{"a wrong outer tag", "3106020105020106"},
		{"a wrong tag of r", "3006030105020106"},
		{"a wrong tag of s", "3006020105040106"},
		{"a length too great by one", "3007020105020106"},
		{"a length too small by one", "3005020105020106"},
		{"an octet after the end", "300602010502010600"},
		{"an octet after s", "300702010502010600"},
		{"a third integer", "3009020105020106020107"},
		{"an empty r", "300502000201"
					   "06"},
		{"an empty s", "3005020105"
					   "0200"},
		{"a negative r", "3006020185020106"},
		{"a negative s", "3006020105020186"},
		{"a needless zero in r", "300702020005020106"},
		{"a needless zero in s", "300702010502020006"},
		{"r = 0", "3006020100020106"},
		{"s = 0", "3006020105020100"},
		{"r of 33 octets",
		 "30260221010000000000000000000000000000000000000000000000000000000000000000020106"},
		{"s of 33 octets",
		 "30260201050221010000000000000000000000000000000000000000000000000000000000000000"},
		{"r longer than all", "30060220050201"
							  "06"},
		{"s longer than what is left", "3006020105020206"},
	};
	static const char least[] = "3006020105020106";
	const char *name = sto_scheme_name(scheme);
	uint8_t der[80], out[STO_SIG_LEN], again[STO_SIG_LEN];
	const char *why = NULL;
	size_t len = from_hex(least, der);
	Signer s = signer_new(scheme);
	bool refused = true;
	bool same = true;
	int high = 0;

	CHECK_AS(sto_signature_canonical(scheme, der, len, out, &why) && out[31] == 5 && out[63] == 6,
			 "%s: the least DER signature is taken", name);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		len = from_hex(bad[i].der, der);
		CHECK_AS(refuses(scheme, der, len), "%s: DER with %s", name, bad[i].what);
	}

	/* real ones: each is taken, as DER and as r and s, with the same result; no part of one is */
	for (int i = 0; i < 64; i++)
	{
		uint8_t fixed[STO_SIG_LEN] = {0};
		uint8_t msg = (uint8_t) i;
		size_t r_len, s_len;

		len = signer_sign(&s, &msg, 1, der);
		r_len = der[3];
		s_len = der[5 + r_len];
		for (size_t k = 0; k < r_len && k < 32; k++)
			fixed[31 - k] = der[3 + r_len - k];
		for (size_t k = 0; k < s_len && k < 32; k++)
			fixed[63 - k] = der[5 + r_len + s_len - k];
		high += s_len == 33;
		same = same && sto_signature_canonical(scheme, der, len, out, &why) &&
			   sto_signature_canonical(scheme, fixed, 64, again, &why) &&
			   memcmp(out, again, 64) == 0 && out[32] < 0x80 &&
			   sto_signature_check(&s.key, &msg, 1, out) == STO_CHECK_GOOD;
		for (size_t cut = 0; i < 4 && cut < len; cut++)
			refused = refused && (cut == 64 || refuses(scheme, der, cut));
	}
	CHECK_AS(same, "%s: DER and r, s give the same stored form, which is good", name);
	CHECK_AS(high > 0, "%s: some of them had a high s", name);
	CHECK_AS(refused, "%s: every truncation is refused", name);
	CHECK_AS(refuses(STO_SCHEME_ED25519, der, len), "DER is not for Ed25519");
	signer_free(&s);
}

/*
 * Whoever owns the secret d can choose r = -z/d, so that u1 G + u2 Q is the point
 * at infinity.  That is a bad signature (SEC 1 4.1.4 step 5), not a failure of OpenSSL.
 */
static void
test_infinity(void)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *n = NULL, *d = NULL, *z = NULL, *r = BN_new();
	uint8_t digest[32], sig[STO_SIG_LEN] = {0}, octets[33];
	const char *why = NULL;
	StoKey key;

	BN_hex2bn(&n, p256_n);
	BN_hex2bn(&d, "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
	EVP_Digest("sample", 6, digest, NULL, EVP_sha256(), NULL);
	z = BN_bin2bn(digest, 32, NULL);
	BN_mod_inverse(r, d, n, ctx);
	BN_mod_mul(r, r, z, n, ctx);
	BN_sub(r, n, r);
	BN_bn2binpad(r, sig, 32);
	sig[63] = 5;
	from_hex("0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6", octets);
	CHECK(sto_key_make(STO_SCHEME_P256, octets, 33, &key, &why));
	CHECK_AS(sto_signature_check(&key, "sample", 6, sig) == STO_CHECK_BAD,
			 "a signature that leads to the point at infinity is bad");
	BN_free(n);
	BN_free(d);
	BN_free(z);
	BN_free(r);
	BN_CTX_free(ctx);
}

/* Noise of every length: an answer, and no octet past the end. */
static void
test_noise(void)
{
	uint8_t noise[80];
	uint8_t out[STO_SIG_LEN];
	const char *why;
	uint32_t state = 1;
	int taken = 0;

	for (int round = 0; round < 3000; round++)
	{
		size_t len = (size_t) round % sizeof(noise);
		uint8_t *block = malloc(len > 0 ? len : 1);

		for (size_t i = 0; i < len; i++)
		{
			state = state * 1664525 + 1013904223;
			block[i] = (uint8_t) (state >> 24);
		}
		if (len > 2 && round % 2 == 0)
		{
			block[0] = 0x30;
			block[1] = (uint8_t) (len - 2);
			block[2] = 0x02;
		}
		for (int i = 0; i < SCHEME_COUNT; i++)
			taken += len != 64 && sto_signature_canonical(all_schemes[i], block, len, out, &why);
		free(block);
	}
	CHECK_AS(taken == 0, "noise is no signature");
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		test_vector(&vectors[i]);
	for (int i = 0; i < SCHEME_COUNT; i++)
		test_fresh(all_schemes[i]);
	test_schemes();
	test_ed25519_form();
	test_ecdsa_range(STO_SCHEME_P256, p256_n);
	test_ecdsa_range(STO_SCHEME_SECP256K1, secp256k1_n);
	test_der(STO_SCHEME_P256);
	test_der(STO_SCHEME_SECP256K1);
	test_infinity();
	test_noise();
	CHECK_AS(ERR_peek_error() == 0, "no error is left in OpenSSL's queue");
	return check_done("sign");
}
