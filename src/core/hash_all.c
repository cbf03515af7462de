/*
 * hash_all.c
 *		SHA-256 of many messages, through OpenSSL's calls for that one algorithm.
 *
 * EVP takes some 30 ns a hash to find its way to the same code, a third of a tree
 * node's time.  The calls that lead there straight are deprecated in OpenSSL 3, as
 * they pass no provider by; they read public octets here, and nothing secret.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "core/hash.h"

#include <openssl/sha.h>

bool
sto_hash_all(int prefix, const StoHashInput *inputs, size_t count)
{
	uint8_t before = (uint8_t) prefix;

	for (size_t i = 0; i < count; i++)
	{
		SHA256_CTX state;

		if (SHA256_Init(&state) != 1 || (prefix >= 0 && SHA256_Update(&state, &before, 1) != 1) ||
			SHA256_Update(&state, inputs[i].data, inputs[i].len) != 1 ||
			SHA256_Final(inputs[i].out, &state) != 1)
			return false;
	}
	return true;
}
