/*
 * replay_keys.c
 *		Keys: each registers once in a ledger, proves that its holder wants it
 *		there, and never comes back.
 */
#include "bin/replay_state.h"

#include "core/hash.h"

#include <string.h>

#define POSSESSION_MAX (STO_POLICY_PACKED_MAX + 128)

static void
refuse_key(const Act *act, const uint8_t *fingerprint, const char *why)
{
	char hex[2 * STO_DIGEST_LEN + 1];

	sto_hex_encode(fingerprint, STO_DIGEST_LEN, hex);
	sto_fold_refuse(act, STO_CHECK_KEY, "key %s %s", hex, why);
}

static void
hand_out(const Act *act, const StoReplayCheck *check)
{
	if (act->r->calls.check != NULL)
		act->r->calls.check(act->r->calls.context, check);
}

void
sto_fold_prove_key(const Act *act, const StoKey *key, const uint8_t *fingerprint,
				   const StoBodyProof *proof, const uint8_t *msg, size_t len)
{
	uint8_t sig[STO_SIG_LEN];
	const char *why = NULL;
	StoReplayCheck check = {.entry_id = act->event->entry_id, .what = "key", .key = key};

	hand_out(act, &check);
	if (proof == NULL)
		return;
	if (proof->len == 0)
	{
		refuse_key(act, fingerprint, "brings no proof of possession");
		return;
	}
	act->r->counts.signatures++;
	if (!sto_signature_canonical(key->scheme, proof->sig, proof->len, sig, &why))
	{
		sto_fold_refuse(act, STO_CHECK_SIGNATURE, "a proof of possession can't be read: %s", why);
		return;
	}
	check.what = "possession";
	check.msg = msg;
	check.len = len;
	check.sig = sig;
	hand_out(act, &check);
}

KeyRow *
sto_fold_new_key(Act *act, const StoKey *key, const uint8_t *fingerprint, StoReplayRole role,
				 uint32_t *number)
{
	KeyRow *row = sto_fold_key(act->r, fingerprint, number);

	if (row != NULL)
	{
		refuse_key(act, fingerprint, "is registered already");
		return row;
	}
	row = sto_fold_key_add(act->r, fingerprint, number);
	if (row == NULL)
	{
		(void) sto_fold_stop(act->r, act->event->entry_id, "there is no memory");
		return NULL;
	}
	row->registered = act->event->entry_id;
	row->role = (uint8_t) role;
	row->key = *key;
	memcpy(row->subject, act->event->subject, STO_UUID_LEN);
	return row;
}

/* One key of the new policy: kept from the present one, or new to the ledger. */
static bool
register_key(Act *act, int which, const uint8_t *msg, size_t len, uint32_t *number)
{
	const StoPolicyKey *key = &act->body.policy.keys[which];
	bool genesis = act->body.kind == STO_BODY_GENESIS;
	KeyRow *row = sto_fold_key(act->r, key->fingerprint, number);

	if (row == NULL)
	{
		/* every root key signs genesis itself */
		sto_fold_prove_key(act, &key->key, key->fingerprint,
						   genesis ? NULL : &act->body.proof[which], msg, len);
		row = sto_fold_new_key(act, &key->key, key->fingerprint, STO_ROLE_POLICY, number);
		if (row == NULL)
			return false;
	}
	else if (row->role != STO_ROLE_POLICY ||
			 memcmp(row->subject, act->event->subject, STO_UUID_LEN) != 0)
	{
		refuse_key(act, key->fingerprint, "is registered for another subject");
		return true;
	}
	else if (row->retired != 0)
		refuse_key(act, key->fingerprint, "was retired");
	row->has_from = key->has_from;
	row->has_to = key->has_to;
	row->from = key->from;
	row->to = key->to;
	return true;
}

static bool
policy_has(const StoPolicy *policy, const uint8_t *fingerprint)
{
	for (int i = 0; i < policy->count; i++)
		if (memcmp(policy->keys[i].fingerprint, fingerprint, STO_DIGEST_LEN) == 0)
			return true;
	return false;
}

/* Keys of the present policy that the new one leaves out. */
static void
retire_keys(const Act *act, const Policy *policy)
{
	for (int i = 0; i < policy->count; i++)
	{
		KeyRow *key = sto_pool_at(&act->r->keys, policy->keys[i]);

		if (!policy_has(&act->body.policy, key->fingerprint))
			key->retired = act->event->entry_id;
	}
}

/* Keep what sto.key_policy says of this event. */
static bool
keep_version(const Act *act)
{
	StoReplay *r = act->r;
	uint8_t packed[STO_POLICY_PACKED_MAX];
	PolicyVersion *version;
	uint32_t number;
	StoWriter w;

	sto_writer_init(&w, packed, sizeof(packed));
	sto_put_policy(&w, &act->body.policy);
	version = sto_pool_add(&r->versions, &number);
	if (version == NULL)
		return sto_fold_stop(r, act->event->entry_id, "there is no memory");
	version->event = act->event->entry_id;
	(void) sto_fold_subject(r, act->event->subject, &version->subject);
	return sto_sha256(packed, w.len, version->digest) ||
		   sto_fold_stop(r, act->event->entry_id, "OpenSSL failed to hash");
}

bool
sto_fold_policy(Act *act, uint32_t *policy_row, const uint8_t *party, const uint8_t *address,
				const uint8_t *custodian, bool signed_only)
{
	uint8_t msg[POSSESSION_MAX];
	Policy *policy;
	StoWriter w;

	sto_writer_init(&w, msg, sizeof(msg));
	sto_put_possession(&w, act->r->ledger_id, party, act->event->subject, address, custodian,
					   signed_only, &act->body.policy);
	if (*policy_row != 0)
	{
		policy = sto_pool_at(&act->r->policies, *policy_row);
		retire_keys(act, policy);
	}
	else
		policy = sto_pool_add(&act->r->policies, policy_row);
	if (policy == NULL)
		return sto_fold_stop(act->r, act->event->entry_id, "there is no memory");
	for (int i = 0; i < act->body.policy.count; i++)
		if (!register_key(act, i, msg, w.len, &policy->keys[i]))
			return false;
	policy->event = act->event->entry_id;
	policy->threshold = act->body.policy.threshold;
	policy->count = act->body.policy.count;
	return keep_version(act);
}

/* A new policy, ordered by the present one's quorum and by nobody else. */
bool
sto_fold_keys(Act *act)
{
	static const uint8_t nil[STO_UUID_LEN];
	StoReplay *r = act->r;
	const uint8_t *uuid = act->event->subject;

	if (act->subject->kind == SUBJECT_WALLET)
	{
		Wallet *wallet = sto_pool_at(&r->wallets, act->subject->row);
		const Party *party = sto_pool_at(&r->parties, wallet->party);
		const Party *custodian =
			wallet->custodian == 0 ? NULL : sto_pool_at(&r->parties, wallet->custodian);

		return sto_fold_policy(
			act, &wallet->policy, sto_fold_uuid_of(r, party->subject), wallet->address,
			custodian == NULL ? NULL : sto_fold_uuid_of(r, custodian->subject), false);
	}
	if (act->subject->kind == SUBJECT_PARTY)
		return sto_fold_policy(act,
							   &((Party *) sto_pool_at(&r->parties, act->subject->row))->policy,
							   uuid, NULL, NULL, false);
	return sto_fold_policy(act, &r->root_policy, nil, NULL, NULL, false);
}
