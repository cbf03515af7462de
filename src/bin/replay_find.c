/*
 * replay_find.c
 *		Rows of a replay's state by their keys.
 */
#include "bin/replay_state.h"

#include <string.h>

#define ROW(pool, number) sto_pool_at(&r->pool, number)

static void
give(uint32_t *number, uint32_t found)
{
	if (number != NULL)
		*number = found;
}

static uint64_t
position_hash(const StoReplay *r, uint32_t wallet, uint32_t token)
{
	return sto_seeded_number(r->seed, (uint64_t) wallet << 32 | token);
}

static uint64_t
uuid_hash(const StoReplay *r, const uint8_t *uuid)
{
	return sto_seeded_hash(r->seed, uuid, STO_UUID_LEN);
}

uint64_t
sto_fold_address_hash(const StoReplay *r, const uint8_t address[STO_ADDRESS_LEN])
{
	return sto_seeded_hash(r->seed, address, STO_ADDRESS_LEN);
}

static uint64_t
fingerprint_hash(const StoReplay *r, const uint8_t *fingerprint)
{
	return sto_seeded_hash(r->seed, fingerprint, STO_DIGEST_LEN);
}

static uint64_t
id_hash(const StoReplay *r, int64_t id)
{
	return sto_seeded_number(r->seed, (uint64_t) id);
}

Subject *
sto_fold_subject(const StoReplay *r, const uint8_t uuid[STO_UUID_LEN], uint32_t *number)
{
	uint64_t hash = uuid_hash(r, uuid);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&r->by_uuid, hash, &at)) != 0)
	{
		Subject *subject = ROW(subjects, found);

		if (memcmp(subject->uuid, uuid, STO_UUID_LEN) == 0)
		{
			give(number, found);
			return subject;
		}
	}
	return NULL;
}

/* The row of a subject of that kind. */
static uint32_t
row_of(const StoReplay *r, const uint8_t *uuid, SubjectKind kind)
{
	const Subject *subject = sto_fold_subject(r, uuid, NULL);

	return subject != NULL && subject->kind == kind ? subject->row : 0;
}

Party *
sto_fold_party(const StoReplay *r, const uint8_t uuid[STO_UUID_LEN], uint32_t *number)
{
	uint32_t found = row_of(r, uuid, SUBJECT_PARTY);

	give(number, found);
	return found == 0 ? NULL : ROW(parties, found);
}

Token *
sto_fold_token(const StoReplay *r, const uint8_t uuid[STO_UUID_LEN], uint32_t *number)
{
	uint32_t found = row_of(r, uuid, SUBJECT_TOKEN);

	give(number, found);
	return found == 0 ? NULL : ROW(tokens, found);
}

Wallet *
sto_fold_wallet(const StoReplay *r, const uint8_t address[STO_ADDRESS_LEN], uint32_t *number)
{
	uint64_t hash = sto_fold_address_hash(r, address);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&r->by_address, hash, &at)) != 0)
	{
		Wallet *wallet = ROW(wallets, found);

		if (memcmp(wallet->address, address, STO_ADDRESS_LEN) == 0)
		{
			give(number, found);
			return wallet;
		}
	}
	return NULL;
}

Wallet *
sto_fold_side_wallet(const StoReplay *r, const uint8_t address[STO_ADDRESS_LEN], int side,
					 uint32_t *number)
{
	uint32_t found = 0;

	if (r->expected_at <= r->expected_count && r->expected_at > 0)
		found = r->expected[r->expected_at - 1].wallet[side];
	if (found == 0 ||
		memcmp(((Wallet *) ROW(wallets, found))->address, address, STO_ADDRESS_LEN) != 0)
		return sto_fold_wallet(r, address, number);
	give(number, found);
	return ROW(wallets, found);
}

Position *
sto_fold_position(const StoReplay *r, uint32_t wallet, uint32_t token, uint32_t *number)
{
	uint64_t hash;
	uint32_t at = 0;
	uint32_t found = ((const Wallet *) ROW(wallets, wallet))->last_position;

	if (found != 0 && ((const Position *) ROW(positions, found))->token == token)
	{
		give(number, found);
		return ROW(positions, found);
	}
	hash = position_hash(r, wallet, token);
	while ((found = sto_index_next(&r->by_position, hash, &at)) != 0)
	{
		Position *position = ROW(positions, found);

		if (position->wallet == wallet && position->token == token)
		{
			((Wallet *) ROW(wallets, wallet))->last_position = found;
			give(number, found);
			return position;
		}
	}
	return NULL;
}

Position *
sto_fold_position_make(StoReplay *r, uint32_t wallet, uint32_t token, uint32_t *number)
{
	Position *position = sto_fold_position(r, wallet, token, number);
	uint32_t made;

	if (position != NULL)
		return position;
	position = sto_pool_add(&r->positions, &made);
	if (position == NULL || !sto_index_add(&r->by_position, position_hash(r, wallet, token), made))
		return NULL;
	position->wallet = wallet;
	position->token = token;
	((Wallet *) ROW(wallets, wallet))->last_position = made;
	give(number, made);
	return position;
}

HoldRow *
sto_fold_hold(const StoReplay *r, int64_t hold_id, uint32_t *number)
{
	uint64_t hash = id_hash(r, hold_id);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&r->by_hold, hash, &at)) != 0)
	{
		HoldRow *hold = ROW(holds, found);

		if (hold->hold_id == hold_id)
		{
			give(number, found);
			return hold;
		}
	}
	return NULL;
}

KeyRow *
sto_fold_key(const StoReplay *r, const uint8_t fingerprint[STO_DIGEST_LEN], uint32_t *number)
{
	uint64_t hash = fingerprint_hash(r, fingerprint);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&r->by_fingerprint, hash, &at)) != 0)
	{
		KeyRow *key = ROW(keys, found);

		if (memcmp(key->fingerprint, fingerprint, STO_DIGEST_LEN) == 0)
		{
			give(number, found);
			return key;
		}
	}
	return NULL;
}

Batch *
sto_fold_batch(const StoReplay *r, int64_t event, uint32_t *number)
{
	uint64_t hash = id_hash(r, event);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&r->by_batch, hash, &at)) != 0)
	{
		Batch *batch = ROW(batches, found);

		if (batch->event == event)
		{
			give(number, found);
			return batch;
		}
	}
	return NULL;
}

const uint8_t *
sto_fold_uuid_of(const StoReplay *r, uint32_t subject)
{
	return ((const Subject *) ROW(subjects, subject))->uuid;
}

Subject *
sto_fold_subject_add(StoReplay *r, const uint8_t uuid[STO_UUID_LEN], SubjectKind kind,
					 uint32_t *number)
{
	uint32_t made;
	Subject *subject = sto_pool_add(&r->subjects, &made);

	if (subject == NULL || !sto_index_add(&r->by_uuid, uuid_hash(r, uuid), made))
		return NULL;
	memcpy(subject->uuid, uuid, STO_UUID_LEN);
	subject->kind = (uint8_t) kind;
	give(number, made);
	return subject;
}

Wallet *
sto_fold_wallet_add(StoReplay *r, const uint8_t address[STO_ADDRESS_LEN], uint32_t *number)
{
	uint32_t made;
	Wallet *wallet = sto_pool_add(&r->wallets, &made);

	if (wallet == NULL || !sto_index_add(&r->by_address, sto_fold_address_hash(r, address), made))
		return NULL;
	memcpy(wallet->address, address, STO_ADDRESS_LEN);
	give(number, made);
	return wallet;
}

HoldRow *
sto_fold_hold_add(StoReplay *r, int64_t hold_id)
{
	uint32_t made;
	HoldRow *hold = sto_pool_add(&r->holds, &made);

	if (hold == NULL || !sto_index_add(&r->by_hold, id_hash(r, hold_id), made))
		return NULL;
	hold->hold_id = hold_id;
	return hold;
}

KeyRow *
sto_fold_key_add(StoReplay *r, const uint8_t fingerprint[STO_DIGEST_LEN], uint32_t *number)
{
	uint32_t made;
	KeyRow *key = sto_pool_add(&r->keys, &made);

	if (key == NULL || !sto_index_add(&r->by_fingerprint, fingerprint_hash(r, fingerprint), made))
		return NULL;
	memcpy(key->fingerprint, fingerprint, STO_DIGEST_LEN);
	give(number, made);
	return key;
}

Batch *
sto_fold_batch_add(StoReplay *r, int64_t event, uint32_t *number)
{
	uint32_t made;
	Batch *batch = sto_pool_add(&r->batches, &made);

	if (batch == NULL || !sto_index_add(&r->by_batch, id_hash(r, event), made))
		return NULL;
	batch->event = event;
	give(number, made);
	return batch;
}

bool
sto_fold_isin_add(StoReplay *r, const char *isin, uint32_t token, bool *is_new)
{
	uint64_t hash = sto_seeded_hash(r->seed, isin, strlen(isin));
	uint32_t at = 0;
	uint32_t found;

	*is_new = true;
	while ((found = sto_index_next(&r->by_isin, hash, &at)) != 0)
	{
		const Token *other = ROW(tokens, found);

		if (found != token && strcmp(sto_text_at(&r->texts, other->isin), isin) == 0)
			*is_new = false;
	}
	return sto_index_add(&r->by_isin, hash, token);
}

bool
sto_fold_index_all(StoReplay *r)
{
	bool good = true;

	for (uint32_t i = 1; good && i <= r->subjects.count; i++)
		good = sto_index_add(&r->by_uuid, uuid_hash(r, ((Subject *) ROW(subjects, i))->uuid), i);
	for (uint32_t i = 1; good && i <= r->wallets.count; i++)
		good = sto_index_add(&r->by_address,
							 sto_fold_address_hash(r, ((Wallet *) ROW(wallets, i))->address), i);
	for (uint32_t i = 1; good && i <= r->positions.count; i++)
	{
		const Position *position = ROW(positions, i);

		good =
			sto_index_add(&r->by_position, position_hash(r, position->wallet, position->token), i);
	}
	for (uint32_t i = 1; good && i <= r->holds.count; i++)
		good = sto_index_add(&r->by_hold, id_hash(r, ((HoldRow *) ROW(holds, i))->hold_id), i);
	for (uint32_t i = 1; good && i <= r->keys.count; i++)
		good = sto_index_add(&r->by_fingerprint,
							 fingerprint_hash(r, ((KeyRow *) ROW(keys, i))->fingerprint), i);
	for (uint32_t i = 1; good && i <= r->batches.count; i++)
		good = sto_index_add(&r->by_batch, id_hash(r, ((Batch *) ROW(batches, i))->event), i);
	for (uint32_t i = 1; good && i <= r->tokens.count; i++)
	{
		const char *isin = sto_text_at(&r->texts, ((Token *) ROW(tokens, i))->isin);

		if (isin != NULL)
			good = sto_index_add(&r->by_isin, sto_seeded_hash(r->seed, isin, strlen(isin)), i);
	}
	return good && sto_fold_index_identity(r) && sto_fold_index_flows(r) &&
		   sto_fold_index_overrides(r) && sto_fold_index_payments(r);
}
