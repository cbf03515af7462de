/*
 * replay_quorum.c
 *		Stored lists of signatures against key policies.
 *
 * Everything but the curve's arithmetic is decided here: which keys sign, that
 * each is in the policy and valid at that time, that there are enough.  The
 * signatures themselves are the caller's to verify.
 */
#include "bin/replay_state.h"

#include <string.h>

/* The shape of a stored list; its number of signatures, -1 with a problem reported. */
static int
sto_fold_siglist(StoReplay *r, int64_t entry_id, const uint8_t *signatures, size_t len)
{
	size_t count = len / STO_SIGLIST_ITEM_LEN;

	if (count < 1 || count > STO_POLICY_KEYS_MAX || len % STO_SIGLIST_ITEM_LEN != 0)
	{
		sto_fold_problem(r, entry_id, STO_CHECK_SIGNATURE,
						 "its list of signatures has %zu octets: not 1 to 16 signatures in stored "
						 "form",
						 len);
		return -1;
	}
	for (size_t i = 0; i < count; i++)
	{
		const uint8_t *item = signatures + i * STO_SIGLIST_ITEM_LEN;
		const char *why = NULL;

		if (sto_scheme_name(item[0]) == NULL)
			why = "a signature's scheme is unknown";
		else if (item[1 + STO_KEY_ID_LEN] != STO_SIG_LEN)
			why = "a signature is not in stored form";
		else if (i > 0 && memcmp(item + 1 - STO_SIGLIST_ITEM_LEN, item + 1, STO_KEY_ID_LEN) >= 0)
			why = "its signatures are not in the order of their keys, or a key signs twice";
		if (why != NULL)
		{
			sto_fold_problem(r, entry_id, STO_CHECK_SIGNATURE, "%s", why);
			return -1;
		}
	}
	return (int) count;
}

static const KeyRow *
find_key(const StoReplay *r, const Policy *policy, const uint8_t *item)
{
	for (int i = 0; i < policy->count; i++)
	{
		const KeyRow *key = sto_pool_at(&r->keys, policy->keys[i]);

		if (key->key.scheme == item[0] && memcmp(key->fingerprint, item + 1, STO_KEY_ID_LEN) == 0)
			return key;
	}
	return NULL;
}

static void
key_problem(StoReplay *r, int64_t entry_id, const uint8_t *item, const char *what, const char *why)
{
	char id[2 * STO_KEY_ID_LEN + 1];

	sto_hex_encode(item + 1, STO_KEY_ID_LEN, id);
	sto_fold_problem(r, entry_id, STO_CHECK_AUTHORITY, "the %s is signed by key %s, which is %s",
					 what, id, why);
}

bool
sto_fold_quorum(StoReplay *r, int64_t entry_id, const char *what, const Policy *policy,
				const uint8_t *signatures, size_t len, int64_t at, const uint8_t *msg,
				size_t msg_len, uint8_t *count)
{
	int signed_by = sto_fold_siglist(r, entry_id, signatures, len);
	bool good = true;

	if (signed_by < 0)
		return false;
	*count = (uint8_t) signed_by;
	r->counts.signatures += signed_by;
	for (int i = 0; i < signed_by; i++)
	{
		const uint8_t *item = signatures + (size_t) i * STO_SIGLIST_ITEM_LEN;
		const KeyRow *key = find_key(r, policy, item);
		const char *why = NULL;

		if (key == NULL)
			why = "not in the present policy of who has to sign";
		else if (key->has_from && at < key->from)
			why = "not valid yet";
		else if (key->has_to && at >= key->to)
			why = "not valid any more";
		if (why != NULL)
		{
			key_problem(r, entry_id, item, what, why);
			good = false;
		}
		if (key != NULL && r->calls.check != NULL)
		{
			StoReplayCheck check = {.entry_id = entry_id,
									.what = what,
									.key = &key->key,
									.msg = msg,
									.len = msg_len,
									.sig = item + 2 + STO_KEY_ID_LEN};

			r->calls.check(r->calls.context, &check);
		}
	}
	if (signed_by < policy->threshold)
	{
		sto_fold_problem(r, entry_id, STO_CHECK_AUTHORITY, "%d keys signed the %s; %d have to",
						 signed_by, what, policy->threshold);
		good = false;
	}
	return good;
}
