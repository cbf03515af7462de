/*
 * policy.h
 *		m-of-n key policies, lists of signatures, and proofs of possession.
 */
#ifndef STO_CORE_POLICY_H
#define STO_CORE_POLICY_H

#include "sign.h"

#define STO_POLICY_KEYS_MAX 16
/* packed: threshold, count, then per key scheme, len, data, opt from, opt to */
#define STO_POLICY_PACKED_MAX (2 + STO_POLICY_KEYS_MAX * (2 + STO_KEY_MAX + 18))
#define STO_SIGLIST_ITEM_LEN (1 + STO_KEY_ID_LEN + 1 + STO_SIG_LEN)
#define STO_SIGLIST_PACKED_MAX (STO_POLICY_KEYS_MAX * STO_SIGLIST_ITEM_LEN)

typedef struct StoPolicyKey
{
	StoKey key;
	bool has_from;
	bool has_to;
	int64_t from; /* valid in [from, to), microseconds since 1970-01-01 UTC */
	int64_t to;
	uint8_t fingerprint[STO_DIGEST_LEN]; /* derived, never packed */
} StoPolicyKey;

typedef struct StoPolicy
{
	uint8_t threshold; /* 1 .. count */
	uint8_t count;     /* 1 .. STO_POLICY_KEYS_MAX */
	StoPolicyKey keys[STO_POLICY_KEYS_MAX];
} StoPolicy;

/* One signature of a list, in its stored form. */
typedef struct StoSignature
{
	uint8_t scheme;
	uint8_t key_id[STO_KEY_ID_LEN];
	uint8_t sig[STO_SIG_LEN];
} StoSignature;

typedef struct StoSigList
{
	uint8_t count;
	StoSignature items[STO_POLICY_KEYS_MAX];
} StoSigList;

typedef enum StoQuorum
{
	STO_QUORUM_MET,
	STO_QUORUM_UNKNOWN_KEY,   /* a signature names a key that is not in the policy */
	STO_QUORUM_NOT_YET_VALID, /* a signing key's validity begins later */
	STO_QUORUM_EXPIRED,       /* a signing key was revoked or has expired */
	STO_QUORUM_BAD_SIGNATURE, /* a signature does not verify */
	STO_QUORUM_TOO_FEW,       /* all good, fewer than the threshold */
	STO_QUORUM_FAILED         /* OpenSSL itself failed */
} StoQuorum;

/*
 * Check a policy's shape: 1..16 keys, 1 <= threshold <= count, distinct keys
 * and key ids, from < to.  Also fills every fingerprint.
 */
extern bool sto_policy_vet(StoPolicy *policy, const char **why);
extern void sto_put_policy(StoWriter *w, const StoPolicy *policy);
/* Unpack and vet the shape; keys were vetted when they were registered and are not vetted again. */
extern bool sto_policy_unpack(const void *data, size_t len, StoPolicy *policy, const char **why);

/*
 * Read a list of signatures as a client sends it (items: scheme u8, key id 8,
 * length u8, signature), canonicalise each and sort by key id.  Refuses an
 * empty list, repeated key ids, trailing octets and more than 16 items.
 */
extern bool sto_siglist_parse(const void *data, size_t len, StoSigList *list, const char **why);
extern void sto_put_siglist(StoWriter *w, const StoSigList *list);

/*
 * Is the list m good signatures of distinct keys of the policy, each valid at
 * time `at`, over the message?  Every signature in the list must be good: a
 * list with a bad one is refused even if enough others are good.  On anything
 * but STO_QUORUM_MET, *which is the index in the list of the signature at fault (or -1).
 */
extern StoQuorum sto_quorum_check(const StoPolicy *policy, const StoSigList *list, const void *msg,
								  size_t len, int64_t at, int *which);

/*
 * Proof-of-possession message (docs/format.md): what each new key signs when
 * it is registered.  address is NULL but for a wallet, custodian NULL if the
 * wallet has none; signed_only as a wallet's registration states it, else false.
 */
extern void sto_put_possession(StoWriter *w, const uint8_t ledger_id[STO_UUID_LEN],
							   const uint8_t party[STO_UUID_LEN],
							   const uint8_t subject[STO_UUID_LEN], const uint8_t *address,
							   const uint8_t *custodian, bool signed_only, const StoPolicy *policy);

#endif
