/*
 * replay_list.c
 *		What a replay knows, row by row, to be compared with a database's tables.
 */
#include "bin/replay_state.h"

#include "core/amount.h"

#include <string.h>

#define ROW(pool, number) sto_pool_at(&r->pool, number)
#define TEXT(place) sto_text_at(&r->texts, place)

/* The row after *at, or NULL at the pool's end. */
static const void *
next_row(const StoPool *pool, size_t *at)
{
	if (*at >= pool->count)
		return NULL;
	return sto_pool_at(pool, (uint32_t)++ * at);
}

static const uint8_t *
address_of(const StoReplay *r, uint32_t wallet)
{
	return ((const Wallet *) ROW(wallets, wallet))->address;
}

static const uint8_t *
token_uuid(const StoReplay *r, uint32_t token)
{
	return ((const Token *) ROW(tokens, token))->uuid;
}

static const uint8_t *
party_uuid(const StoReplay *r, uint32_t party)
{
	return ((const Party *) ROW(parties, party))->uuid;
}

static int64_t
event_of(const StoReplay *r, uint32_t policy)
{
	return policy == 0 ? 0 : ((const Policy *) ROW(policies, policy))->event;
}

static bool
show_position(const StoReplay *r, const Position *row, StoReplayPosition *out)
{
	if (row == NULL)
		return false;
	memcpy(out->wallet, address_of(r, row->wallet), STO_ADDRESS_LEN);
	memcpy(out->token_id, token_uuid(r, row->token), STO_UUID_LEN);
	out->balance = row->balance;
	out->held = row->held;
	out->seq = row->seq;
	out->posted_at = row->posted_at;
	memcpy(out->head, row->head, STO_DIGEST_LEN);
	out->outflow = row->outflow;
	return true;
}

bool
sto_replay_position(const StoReplay *r, size_t *at, StoReplayPosition *out)
{
	return show_position(r, next_row(&r->positions, at), out);
}

bool
sto_replay_find_position(const StoReplay *r, const uint8_t wallet[STO_ADDRESS_LEN],
						 const uint8_t token_id[STO_UUID_LEN], StoReplayPosition *out)
{
	uint32_t wallet_row;
	uint32_t token_row;

	if (sto_fold_wallet(r, wallet, &wallet_row) == NULL ||
		sto_fold_token(r, token_id, &token_row) == NULL)
		return false;
	return show_position(r, sto_fold_position(r, wallet_row, token_row, NULL), out);
}

static bool
show_hold(const StoReplay *r, const HoldRow *row, StoReplayHold *out)
{
	if (row == NULL)
		return false;
	memset(out, 0, sizeof(*out));
	out->hold_id = row->hold_id;
	memcpy(out->wallet, address_of(r, row->wallet), STO_ADDRESS_LEN);
	memcpy(out->token_id, token_uuid(r, row->token), STO_UUID_LEN);
	out->amount = row->amount;
	out->remaining = row->remaining;
	out->purpose = (StoPurpose) row->purpose;
	out->has_release_after = row->has_release_after;
	out->has_notary = row->has_notary;
	out->has_beneficiary = row->has_beneficiary;
	out->has_condition = row->has_condition;
	out->has_instruction = row->has_instruction;
	out->checked_once = row->checked_once;
	out->release_after = row->release_after;
	memcpy(out->notary, row->notary, STO_UUID_LEN);
	memcpy(out->beneficiary, row->beneficiary_address, STO_ADDRESS_LEN);
	memcpy(row->has_condition ? out->condition : out->instruction, row->digest, STO_DIGEST_LEN);
	return true;
}

bool
sto_replay_hold(const StoReplay *r, size_t *at, StoReplayHold *out)
{
	return show_hold(r, next_row(&r->holds, at), out);
}

bool
sto_replay_find_hold(const StoReplay *r, int64_t hold_id, StoReplayHold *out)
{
	return show_hold(r, sto_fold_hold(r, hold_id, NULL), out);
}

static bool
show_token(const StoReplay *r, const Token *row, StoReplayToken *out)
{
	const Subject *subject;
	const Position *issued;

	if (row == NULL)
		return false;
	subject = ROW(subjects, row->subject);
	issued = sto_fold_position(r, row->issuance, subject->row, NULL);
	memset(out, 0, sizeof(*out));
	out->registered = row->registered;
	memcpy(out->token_id, row->uuid, STO_UUID_LEN);
	memcpy(out->issuer, party_uuid(r, row->issuer), STO_UUID_LEN);
	memcpy(out->issuance, address_of(r, row->issuance), STO_ADDRESS_LEN);
	out->active = row->active;
	out->has_authorised = row->has_authorised;
	out->authorised = row->authorised;
	if (issued != NULL)
		(void) sto_amount_sub(0, issued->balance, &out->outstanding);
	out->decimals = row->decimals;
	out->kind = TEXT(row->kind);
	out->name = TEXT(row->name);
	out->isin = TEXT(row->isin);
	out->cfi = TEXT(row->cfi);
	out->dti = TEXT(row->dti);
	out->currency = TEXT(row->currency);
	out->unsigned_role = TEXT(row->unsigned_role);
	out->paused = row->paused;
	out->has_paused_by = row->paused_by != 0;
	if (out->has_paused_by)
		memcpy(out->paused_by, party_uuid(r, row->paused_by), STO_UUID_LEN);
	if (row->required != 0)
		out->topics = ((const Required *) ROW(required, row->required))->set_by;
	out->receiver_only = row->receiver_only;
	out->redeem_terms = row->redemption.event;
	if (row->redemption.event != 0)
		memcpy(out->redeem_token, ((const Token *) ROW(tokens, row->redemption.token))->uuid,
			   STO_UUID_LEN);
	out->redeem_price = row->redemption.price;
	out->redeem_per = row->redemption.per;
	out->redeem_period = sto_fold_show_period(&row->redemption.period);
	return true;
}

bool
sto_replay_token(const StoReplay *r, size_t *at, StoReplayToken *out)
{
	return show_token(r, next_row(&r->tokens, at), out);
}

bool
sto_replay_find_token(const StoReplay *r, const uint8_t token_id[STO_UUID_LEN], StoReplayToken *out)
{
	return show_token(r, sto_fold_token(r, token_id, NULL), out);
}

static bool
show_party(const StoReplay *r, const Party *row, StoReplayParty *out)
{
	if (row == NULL)
		return false;
	memset(out, 0, sizeof(*out));
	out->registered = row->registered;
	memcpy(out->party_id, row->uuid, STO_UUID_LEN);
	out->policy_event = event_of(r, row->policy);
	out->active = row->active;
	out->kind = TEXT(row->kind);
	out->country = TEXT(row->country);
	out->incorporation = TEXT(row->incorporation);
	out->lei = TEXT(row->lei);
	out->frozen = row->frozen_by;
	out->has_commitment = row->has_commitment;
	memcpy(out->commitment, row->commitment, STO_DIGEST_LEN);
	return true;
}

bool
sto_replay_party(const StoReplay *r, size_t *at, StoReplayParty *out)
{
	return show_party(r, next_row(&r->parties, at), out);
}

bool
sto_replay_find_party(const StoReplay *r, const uint8_t party_id[STO_UUID_LEN], StoReplayParty *out)
{
	return show_party(r, sto_fold_party(r, party_id, NULL), out);
}

static bool
show_wallet(const StoReplay *r, const Wallet *row, StoReplayWallet *out)
{
	if (row == NULL)
		return false;
	memset(out, 0, sizeof(*out));
	out->registered = row->registered;
	out->policy_event = event_of(r, row->policy);
	memcpy(out->wallet_id, sto_fold_uuid_of(r, row->subject), STO_UUID_LEN);
	memcpy(out->party_id, party_uuid(r, row->party), STO_UUID_LEN);
	out->has_custodian = row->custodian != 0;
	if (out->has_custodian)
		memcpy(out->custodian, party_uuid(r, row->custodian), STO_UUID_LEN);
	memcpy(out->address, row->address, STO_ADDRESS_LEN);
	memcpy(out->salt, row->salt, STO_DIGEST_LEN);
	out->signed_only = row->signed_only;
	out->active = row->active;
	out->barred = row->barred;
	if (row->heir != 0)
		memcpy(out->successor, address_of(r, row->heir), STO_ADDRESS_LEN);
	out->frozen = row->frozen_by;
	out->kind = TEXT(row->kind);
	return true;
}

bool
sto_replay_wallet(const StoReplay *r, size_t *at, StoReplayWallet *out)
{
	return show_wallet(r, next_row(&r->wallets, at), out);
}

bool
sto_replay_find_wallet(const StoReplay *r, const uint8_t address[STO_ADDRESS_LEN],
					   StoReplayWallet *out)
{
	return show_wallet(r, sto_fold_wallet(r, address, NULL), out);
}

const uint8_t *
sto_replay_salt(const StoReplay *r, const uint8_t address[STO_ADDRESS_LEN])
{
	const Wallet *wallet = sto_fold_wallet(r, address, NULL);

	return wallet == NULL ? NULL : wallet->salt;
}

static bool
show_key(const StoReplay *r, const KeyRow *row, StoReplayKey *out)
{
	if (row == NULL)
		return false;
	memset(out, 0, sizeof(*out));
	out->registered = row->registered;
	out->retired = row->retired;
	out->role = (StoReplayRole) row->role;
	memcpy(out->subject, row->subject, STO_UUID_LEN);
	memcpy(out->fingerprint, row->fingerprint, STO_DIGEST_LEN);
	out->key = row->key;
	out->has_from = row->has_from;
	out->has_to = row->has_to;
	out->from = row->from;
	out->to = row->to;
	out->name = TEXT(row->name);
	return true;
}

bool
sto_replay_key(const StoReplay *r, size_t *at, StoReplayKey *out)
{
	return show_key(r, next_row(&r->keys, at), out);
}

bool
sto_replay_find_key(const StoReplay *r, const uint8_t fingerprint[STO_DIGEST_LEN],
					StoReplayKey *out)
{
	return show_key(r, sto_fold_key(r, fingerprint, NULL), out);
}

static bool
show_capability(const Party *party, int which, StoReplayCapability *out)
{
	if (party->capability_event[which] == 0)
		return false;
	out->granted_by = party->capability_event[which];
	memcpy(out->party_id, party->uuid, STO_UUID_LEN);
	out->capability = sto_fold_capabilities[which];
	out->granted = (party->capabilities & (1u << which)) != 0;
	return true;
}

/* Six of a party, most of them never spoken of. */
bool
sto_replay_capability(const StoReplay *r, size_t *at, StoReplayCapability *out)
{
	while (*at < (size_t) r->parties.count * CAPABILITIES)
	{
		const Party *party = ROW(parties, (uint32_t) (*at / CAPABILITIES) + 1);

		if (show_capability(party, (int) ((*at)++ % CAPABILITIES), out))
			return true;
	}
	return false;
}

bool
sto_replay_find_capability(const StoReplay *r, const uint8_t party_id[STO_UUID_LEN],
						   const char *capability, StoReplayCapability *out)
{
	const Party *party = sto_fold_party(r, party_id, NULL);

	for (int i = 0; party != NULL && i < CAPABILITIES; i++)
		if (strcmp(sto_fold_capabilities[i], capability) == 0)
			return show_capability(party, i, out);
	return false;
}

static bool
show_subject(const Subject *row, StoReplaySubject *out)
{
	static const char *const kinds[] = {
		NULL,
		[SUBJECT_LEDGER] = "ledger",
		[SUBJECT_PARTY] = "party",
		[SUBJECT_WALLET] = "wallet",
		[SUBJECT_TOKEN] = "token",
		[SUBJECT_BATCH] = "batch",
		[SUBJECT_CLOSE] = "close",
		[SUBJECT_PROPOSAL] = "proposal",
		[SUBJECT_CASE] = "case",
		[SUBJECT_REFUSAL] = "refusal",
		[SUBJECT_FINDING] = "finding",
	};

	if (row == NULL)
		return false;
	memcpy(out->subject, row->uuid, STO_UUID_LEN);
	out->kind = kinds[row->kind];
	out->last_event = row->last_event;
	out->recorded_at = row->recorded_at;
	memcpy(out->head, row->head, STO_DIGEST_LEN);
	return true;
}

bool
sto_replay_subject(const StoReplay *r, size_t *at, StoReplaySubject *out)
{
	return show_subject(next_row(&r->subjects, at), out);
}

bool
sto_replay_find_subject(const StoReplay *r, const uint8_t uuid[STO_UUID_LEN], StoReplaySubject *out)
{
	return show_subject(sto_fold_subject(r, uuid, NULL), out);
}

bool
sto_replay_policy(const StoReplay *r, size_t *at, StoReplayPolicy *out)
{
	const PolicyVersion *row = next_row(&r->versions, at);

	if (row == NULL)
		return false;
	out->policy_event = row->event;
	memset(out->subject, 0, STO_UUID_LEN);
	if (row->subject != 0)
		memcpy(out->subject, sto_fold_uuid_of(r, row->subject), STO_UUID_LEN);
	memcpy(out->digest, row->digest, STO_DIGEST_LEN);
	return true;
}

bool
sto_replay_batch(const StoReplay *r, size_t *at, StoReplayBatch *out)
{
	const Batch *row = next_row(&r->batches, at);

	if (row == NULL)
		return false;
	memset(out, 0, sizeof(*out));
	out->batch_event = row->event;
	out->policy_event = row->policy_event;
	out->count = row->count;
	out->sum = row->sum;
	out->has_usable_until = row->usable_until != INT64_MAX;
	out->usable_until = row->usable_until;
	memcpy(out->batch_id, sto_fold_uuid_of(r, row->subject), STO_UUID_LEN);
	if (row->actor != 0)
		memcpy(out->actor, sto_fold_uuid_of(r, row->actor), STO_UUID_LEN);
	if (row->token != 0)
		memcpy(out->token_id, token_uuid(r, row->token), STO_UUID_LEN);
	memcpy(out->hash, row->hash, STO_DIGEST_LEN);
	out->posted = row->posted;
	out->seen = row->seen;
	return true;
}

bool
sto_replay_notice(const StoReplay *r, size_t *at, StoReplayNotice *out)
{
	const Notice *row = next_row(&r->notices, at);

	if (row == NULL)
		return false;
	out->entry_id = row->entry_id;
	out->recorded_at = row->recorded_at;
	out->kind = sto_body_kind_name((StoBodyKind) row->kind);
	out->name = TEXT(row->name);
	out->text = TEXT(row->text);
	out->number = row->number;
	memcpy(out->digest, row->digest, STO_DIGEST_LEN);
	return true;
}
