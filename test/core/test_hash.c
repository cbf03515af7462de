/*
 * test_hash.c
 *		SHA-256 against FIPS 180-4's examples, running hashes, leaf hashes.
 */
#include "core/hash.h"

#include "check.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

static bool
equals_hex(const uint8_t digest[STO_DIGEST_LEN], const char *hex)
{
	char text[2 * STO_DIGEST_LEN + 1];

	sto_hex_encode(digest, STO_DIGEST_LEN, text);
	return strcmp(text, hex) == 0;
}

static void
test_one_shot(void)
{
	static const char empty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	uint8_t out[STO_DIGEST_LEN];

	CHECK(sto_sha256("abc", 3, out) &&
		  equals_hex(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	CHECK(sto_sha256("", 0, out) && equals_hex(out, empty));
	CHECK(sto_sha256(NULL, 0, out) && equals_hex(out, empty));
	CHECK(sto_sha256(two_blocks, strlen(two_blocks), out) &&
		  equals_hex(out, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
	/* RFC 9162 2.1.1; the hash of the leaf with no data is in RFC 6962's test vectors */
	CHECK(sto_leaf_hash("", 0, out) &&
		  equals_hex(out, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"));
	CHECK(sto_leaf_hash("L123456", 7, out) &&
		  equals_hex(out, "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"));
}

/* Every pair of lengths around one, two and three blocks, with a prefix and without, and odd
 * counts. */
static void
test_many(void)
{
	enum
	{
		COUNT = 131
	};
	uint8_t data[COUNT];
	uint8_t theirs[STO_DIGEST_LEN];
	uint8_t out[COUNT][STO_DIGEST_LEN];
	StoHashInput inputs[COUNT];
	bool leaves = true;
	bool plain = true;

	for (size_t i = 0; i < COUNT; i++)
		data[i] = (uint8_t) (i * 11);
	for (size_t step = 1; step < COUNT; step++)
	{
		for (size_t i = 0; i < COUNT; i++)
			inputs[i] = (StoHashInput){data, i * step % COUNT, out[i]};
		leaves &= sto_hash_all(STO_LEAF_PREFIX, inputs, COUNT);
		for (size_t i = 0; i < COUNT; i++)
			leaves &= sto_leaf_hash(data, inputs[i].len, theirs) &&
					  memcmp(out[i], theirs, STO_DIGEST_LEN) == 0;
		plain &= sto_hash_all(STO_NO_PREFIX, inputs, step);
		for (size_t i = 0; i < step; i++)
			plain &= sto_sha256(data, inputs[i].len, theirs) &&
					 memcmp(out[i], theirs, STO_DIGEST_LEN) == 0;
	}
	CHECK(leaves);
	CHECK(plain);
	CHECK(sto_hash_all(STO_LEAF_PREFIX, inputs, 0));
}

/* Against EVP_Digest, at every length around the block size and past it. */
static void
test_lengths(void)
{
	uint8_t data[300];
	uint8_t ours[STO_DIGEST_LEN];
	uint8_t theirs[STO_DIGEST_LEN];
	StoSha256 *h = sto_sha256_new();
	bool one_shot = true;
	bool running = true;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t) (i * 7);
	for (size_t len = 0; len <= sizeof(data); len++)
	{
		EVP_Digest(data, len, theirs, NULL, EVP_sha256(), NULL);
		one_shot &= sto_sha256(data, len, ours) && memcmp(ours, theirs, STO_DIGEST_LEN) == 0;
		running &= sto_sha256_init(h) && sto_sha256_update(h, data, len / 3) &&
				   sto_sha256_update(h, data + len / 3, 0) &&
				   sto_sha256_update(h, data + len / 3, len - len / 3) &&
				   sto_sha256_final(h, ours) && memcmp(ours, theirs, STO_DIGEST_LEN) == 0;
	}
	CHECK_AS(one_shot, "one-shot hashes of 0 to 300 octets");
	CHECK_AS(running, "running hashes of 0 to 300 octets in pieces");
	sto_sha256_free(h);
}

static void
test_again(void)
{
	StoSha256 *h = sto_sha256_new();
	uint8_t out[STO_DIGEST_LEN];
	uint8_t whole[STO_DIGEST_LEN];

	CHECK(sto_sha256_init(h) && sto_sha256_update(h, "lost", 4));
	CHECK_AS(sto_sha256_init(h) && sto_sha256_update(h, "abc", 3) && sto_sha256_final(h, out) &&
				 sto_sha256("abc", 3, whole) && memcmp(out, whole, STO_DIGEST_LEN) == 0,
			 "a hash begins anew in the middle of another");
	CHECK_AS(sto_sha256_init(h) && sto_sha256_final(h, out) && sto_sha256("", 0, whole) &&
				 memcmp(out, whole, STO_DIGEST_LEN) == 0,
			 "a hash begins anew after it ended");
	(void) sto_sha256_final(h, out);
	CHECK_AS(ERR_peek_error() == 0, "ending twice neither crashes nor leaves an error");
	sto_sha256_free(h);
	sto_sha256_free(NULL);
}

static void
test_interleaved(void)
{
	StoSha256 *h = sto_sha256_new();
	uint8_t out[STO_DIGEST_LEN];
	uint8_t other[STO_DIGEST_LEN];

	CHECK(sto_sha256_init(h) && sto_sha256_update(h, "a", 1));
	CHECK(sto_sha256("xyz", 3, other) && sto_leaf_hash("xyz", 3, other));
	CHECK(sto_sha256_update(h, "bc", 2) && sto_sha256_final(h, out));
	CHECK_AS(equals_hex(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
			 "one-shot hashes don't disturb a running one");
	sto_sha256_free(h);
	CHECK_AS(ERR_peek_error() == 0, "no error is left in OpenSSL's queue");
}

int
main(void)
{
	test_one_shot();
	test_many();
	test_lengths();
	test_again();
	test_interleaved();
	return check_done("hash");
}
