/*
 * multiset.c
 *		SipHash, and the hash of a position's state.
 */
#include "log/multiset.h"

#include <string.h>

#define ROTATE(x, b) (((x) << (b)) | ((x) >> (64 - (b))))

typedef struct SipState
{
	uint64_t v0;
	uint64_t v1;
	uint64_t v2;
	uint64_t v3;
} SipState;

static inline void
sip_round(SipState *s)
{
	s->v0 += s->v1;
	s->v1 = ROTATE(s->v1, 13);
	s->v1 ^= s->v0;
	s->v0 = ROTATE(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = ROTATE(s->v3, 16);
	s->v3 ^= s->v2;
	s->v0 += s->v3;
	s->v3 = ROTATE(s->v3, 21);
	s->v3 ^= s->v0;
	s->v2 += s->v1;
	s->v1 = ROTATE(s->v1, 17);
	s->v1 ^= s->v2;
	s->v2 = ROTATE(s->v2, 32);
}

static inline void
sip_word(SipState *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

/* The machine's own octet order will do: no hash leaves the run that made its key. */
uint64_t
sto_siphash(const uint8_t key[STO_MULTISET_KEY_LEN], const uint8_t *data, size_t len)
{
	uint64_t k0;
	uint64_t k1;
	uint64_t word;
	uint64_t last = (uint64_t) len << 56;
	SipState s;
	size_t whole = len & ~(size_t) 7;

	memcpy(&k0, key, 8);
	memcpy(&k1, key + 8, 8);
	s.v0 = UINT64_C(0x736f6d6570736575) ^ k0;
	s.v1 = UINT64_C(0x646f72616e646f6d) ^ k1;
	s.v2 = UINT64_C(0x6c7967656e657261) ^ k0;
	s.v3 = UINT64_C(0x7465646279746573) ^ k1;
	for (size_t i = 0; i < whole; i += 8)
	{
		memcpy(&word, data + i, 8);
		sip_word(&s, word);
	}
	for (size_t i = whole; i < len; i++)
		last |= (uint64_t) data[i] << (8 * (i - whole));
	sip_word(&s, last);
	s.v2 ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t
sto_state_hash(const uint8_t key[STO_MULTISET_KEY_LEN], const uint8_t wallet[STO_ADDRESS_LEN],
			   const uint8_t token_id[STO_UUID_LEN], int64_t seq,
			   const uint8_t leaf[STO_DIGEST_LEN], StoAmount balance, StoAmount held)
{
	uint8_t record[STO_ADDRESS_LEN + STO_UUID_LEN + 8 + STO_DIGEST_LEN + 2 * STO_AMOUNT_LEN];
	uint8_t *p = record;

	memcpy(p, wallet, STO_ADDRESS_LEN);
	p += STO_ADDRESS_LEN;
	memcpy(p, token_id, STO_UUID_LEN);
	p += STO_UUID_LEN;
	memcpy(p, &seq, 8);
	p += 8;
	memcpy(p, leaf, STO_DIGEST_LEN);
	p += STO_DIGEST_LEN;
	memcpy(p, &balance, STO_AMOUNT_LEN);
	p += STO_AMOUNT_LEN;
	memcpy(p, &held, STO_AMOUNT_LEN);
	return sto_siphash(key, record, sizeof(record));
}
