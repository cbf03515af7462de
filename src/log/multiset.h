/*
 * multiset.h
 *		A keyed hash whose sums compare multisets in one pass, without a sort.
 *
 * Two multisets are equal, but for one chance in 2^64, if the sums of their
 * elements' hashes are: the key is random for each run, so nobody can have
 * chosen elements that cancel out.
 */
#ifndef STO_LOG_MULTISET_H
#define STO_LOG_MULTISET_H

#include "core/message.h"

#define STO_MULTISET_KEY_LEN 16

/* SipHash-1-3 (Aumasson and Bernstein, 2012, fewer rounds): a keyed hash, its key unknown to
 * others. */
extern uint64_t sto_siphash(const uint8_t key[STO_MULTISET_KEY_LEN], const uint8_t *data,
							size_t len);

/* The hash of a position's state: the leaf that made it, and what it left there. */
extern uint64_t sto_state_hash(const uint8_t key[STO_MULTISET_KEY_LEN],
							   const uint8_t wallet[STO_ADDRESS_LEN],
							   const uint8_t token_id[STO_UUID_LEN], int64_t seq,
							   const uint8_t leaf[STO_DIGEST_LEN], StoAmount balance,
							   StoAmount held);

#endif
