/*
 * policy.c
 *		m-of-n key policies, lists of signatures, and quorums.
 */
#include "core/policy.h"

#include <stdlib.h>
#include <string.h>

#define FORMAT_VERSION 1

bool
sto_policy_vet(StoPolicy *policy, const char **why)
{
	if (policy->count < 1 || policy->count > STO_POLICY_KEYS_MAX)
	{
		*why = "a policy has 1 to 16 keys";
		return false;
	}
	if (policy->threshold < 1 || policy->threshold > policy->count)
	{
		*why = "the threshold is not between 1 and the number of keys";
		return false;
	}
	for (int i = 0; i < policy->count; i++)
	{
		StoPolicyKey *key = &policy->keys[i];

		if (key->has_from && key->has_to && key->from >= key->to)
		{
			*why = "a key's validity ends before it begins";
			return false;
		}
		if (!sto_key_fingerprint(&key->key, key->fingerprint))
		{
			*why = "a key's fingerprint could not be computed";
			return false;
		}
		/*
		 * Signatures name keys by key id, so ids must differ too; equal keys
		 * have equal ids, but deserve a reason of their own.
		 */
		for (int j = 0; j < i; j++)
		{
			const uint8_t *other = policy->keys[j].fingerprint;

			if (memcmp(key->fingerprint, other, STO_KEY_ID_LEN) != 0)
				continue;
			*why = memcmp(key->fingerprint, other, STO_DIGEST_LEN) == 0
					   ? "a key appears twice"
					   : "two keys have the same key id";
			return false;
		}
	}
	return true;
}

void
sto_put_policy(StoWriter *w, const StoPolicy *policy)
{
	if (policy->count > STO_POLICY_KEYS_MAX)
	{
		w->failed = true;
		return;
	}
	sto_put_u8(w, policy->threshold);
	sto_put_u8(w, policy->count);
	for (int i = 0; i < policy->count; i++)
	{
		const StoPolicyKey *key = &policy->keys[i];

		if (key->key.len > STO_KEY_MAX)
		{
			w->failed = true;
			return;
		}
		sto_put_u8(w, key->key.scheme);
		sto_put_octets8(w, key->key.data, key->key.len);
		sto_put_opt_i64(w, key->has_from, key->from);
		sto_put_opt_i64(w, key->has_to, key->to);
	}
}

bool
sto_policy_unpack(const void *data, size_t len, StoPolicy *policy, const char **why)
{
	StoReader r;

	memset(policy, 0, sizeof(*policy));
	sto_reader_init(&r, data, len);
	policy->threshold = sto_get_u8(&r);
	policy->count = sto_get_u8(&r);
	if (policy->count > STO_POLICY_KEYS_MAX)
	{
		*why = "a policy has 1 to 16 keys";
		return false;
	}
	for (int i = 0; i < policy->count; i++)
	{
		StoPolicyKey *key = &policy->keys[i];

		key->key.scheme = sto_get_u8(&r);
		key->key.len = sto_get_u8(&r);
		if (key->key.len > STO_KEY_MAX)
		{
			*why = "a key's length is wrong for its scheme";
			return false;
		}
		sto_get_bytes(&r, key->key.data, key->key.len);
		key->has_from = sto_get_present(&r);
		key->from = key->has_from ? sto_get_i64(&r) : 0;
		key->has_to = sto_get_present(&r);
		key->to = key->has_to ? sto_get_i64(&r) : 0;
		if (r.failed)
			break;
		if (sto_scheme_name(key->key.scheme) == NULL)
		{
			*why = "a key's scheme is unknown";
			return false;
		}
		if (key->key.len != sto_scheme_key_len(key->key.scheme))
		{
			*why = "a key's length is wrong for its scheme";
			return false;
		}
	}
	if (!sto_reader_done(&r))
	{
		*why = r.failed ? "the policy is truncated or malformed" : "octets follow the policy";
		return false;
	}
	return sto_policy_vet(policy, why);
}

static int
compare_signatures(const void *a, const void *b)
{
	return memcmp(((const StoSignature *) a)->key_id, ((const StoSignature *) b)->key_id,
				  STO_KEY_ID_LEN);
}

bool
sto_siglist_parse(const void *data, size_t len, StoSigList *list, const char **why)
{
	StoReader r;

	memset(list, 0, sizeof(*list));
	if (len == 0)
	{
		*why = "the list of signatures is empty";
		return false;
	}
	sto_reader_init(&r, data, len);
	while (!sto_reader_done(&r))
	{
		StoSignature *item;
		uint8_t sig_len;
		const uint8_t *sig;

		if (list->count == STO_POLICY_KEYS_MAX)
		{
			*why = "more than 16 signatures";
			return false;
		}
		item = &list->items[list->count];
		item->scheme = sto_get_u8(&r);
		sto_get_bytes(&r, item->key_id, STO_KEY_ID_LEN);
		sig_len = sto_get_u8(&r);
		sig = sto_get_view(&r, sig_len);
		if (sig == NULL)
		{
			*why = "the list of signatures is truncated";
			return false;
		}
		if (!sto_signature_canonical(item->scheme, sig, sig_len, item->sig, why))
			return false;
		list->count++;
	}
	qsort(list->items, list->count, sizeof(StoSignature), compare_signatures);
	for (int i = 1; i < list->count; i++)
	{
		if (compare_signatures(&list->items[i - 1], &list->items[i]) == 0)
		{
			*why = "a key signs twice";
			return false;
		}
	}
	return true;
}

void
sto_put_siglist(StoWriter *w, const StoSigList *list)
{
	if (list->count > STO_POLICY_KEYS_MAX)
	{
		w->failed = true;
		return;
	}
	for (int i = 0; i < list->count; i++)
	{
		sto_put_u8(w, list->items[i].scheme);
		sto_put_bytes(w, list->items[i].key_id, STO_KEY_ID_LEN);
		sto_put_octets8(w, list->items[i].sig, STO_SIG_LEN);
	}
}

/* The policy's key that a signature names, or -1. */
static int
find_key(const StoPolicy *policy, const StoSignature *item)
{
	for (int i = 0; i < policy->count; i++)
	{
		const StoPolicyKey *key = &policy->keys[i];

		if (key->key.scheme == item->scheme &&
			memcmp(key->fingerprint, item->key_id, STO_KEY_ID_LEN) == 0)
			return i;
	}
	return -1;
}

StoQuorum
sto_quorum_check(const StoPolicy *policy, const StoSigList *list, const void *msg, size_t len,
				 int64_t at, int *which)
{
	int signer[STO_POLICY_KEYS_MAX];
	uint32_t seen = 0;

	/* Neither can come out of unpack or parse; a caller's mistake must not open the gate. */
	*which = -1;
	if (policy->count > STO_POLICY_KEYS_MAX || list->count > STO_POLICY_KEYS_MAX ||
		policy->threshold < 1)
		return STO_QUORUM_TOO_FEW;

	/* what costs nothing is checked for the whole list before the first signature */
	for (int i = 0; i < list->count; i++)
	{
		const StoPolicyKey *key;

		*which = i;
		signer[i] = find_key(policy, &list->items[i]);
		if (signer[i] < 0)
			return STO_QUORUM_UNKNOWN_KEY;
		if (seen & (1u << signer[i])) /* the parser refuses this; it must never count twice */
			return STO_QUORUM_BAD_SIGNATURE;
		seen |= 1u << signer[i];
		key = &policy->keys[signer[i]];
		if (key->has_from && at < key->from)
			return STO_QUORUM_NOT_YET_VALID;
		if (key->has_to && at >= key->to)
			return STO_QUORUM_EXPIRED;
	}
	for (int i = 0; i < list->count; i++)
	{
		*which = i;
		switch (sto_signature_check(&policy->keys[signer[i]].key, msg, len, list->items[i].sig))
		{
			case STO_CHECK_GOOD:
				break;
			case STO_CHECK_BAD:
				return STO_QUORUM_BAD_SIGNATURE;
			case STO_CHECK_FAILED:
				return STO_QUORUM_FAILED;
		}
	}
	*which = -1;
	return list->count >= policy->threshold ? STO_QUORUM_MET : STO_QUORUM_TOO_FEW;
}

void
sto_put_possession(StoWriter *w, const uint8_t ledger_id[STO_UUID_LEN],
				   const uint8_t party[STO_UUID_LEN], const uint8_t subject[STO_UUID_LEN],
				   const uint8_t *address, const uint8_t *custodian, bool signed_only,
				   const StoPolicy *policy)
{
	sto_put_tag(w, "sto.possession", FORMAT_VERSION);
	sto_put_bytes(w, ledger_id, STO_UUID_LEN);
	sto_put_bytes(w, party, STO_UUID_LEN);
	sto_put_bytes(w, subject, STO_UUID_LEN);
	sto_put_opt_bytes(w, address != NULL, address, STO_ADDRESS_LEN);
	sto_put_opt_bytes(w, custodian != NULL, custodian, STO_UUID_LEN);
	sto_put_u8(w, signed_only ? 1 : 0);
	sto_put_policy(w, policy);
}
