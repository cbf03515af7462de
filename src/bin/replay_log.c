/*
 * replay_log.c
 *		Handlers of events about the log itself: its keys, its witnesses, its
 *		time-stamps, its restarts and its daily closes.
 */
#include "bin/replay_state.h"

#include "core/merkle.h"
#include "core/note.h"
#include "core/receipt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POSSESSION_MAX (STO_NOTE_NAME_MAX + 128)
#define REASON_MAX_LEN 1000
#define AUTHORITY_NAME_MAX 200
#define WITNESSES_MAX 16

Notice *
sto_fold_notice(Act *act)
{
	uint32_t number;
	Notice *notice = sto_pool_add(&act->r->notices, &number);

	if (notice == NULL)
	{
		(void) sto_fold_stop(act->r, act->event->entry_id, "there is no memory");
		return NULL;
	}
	notice->entry_id = act->event->entry_id;
	notice->recorded_at = act->event->recorded_at;
	notice->kind = (uint8_t) act->body.kind;
	return notice;
}

/* A key that signs notes, under a name of its own; the one before it retires. */
static bool
replace_key(Act *act, StoReplayRole role, const char *name, const uint8_t *party, uint32_t *present)
{
	const StoKey *key = &act->body.value[STO_F_KEY].key;
	uint8_t fingerprint[STO_DIGEST_LEN];
	uint8_t msg[POSSESSION_MAX];
	StoNoteKey vkey;
	const char *why = NULL;
	uint32_t number;
	StoWriter w;
	KeyRow *row;

	if (key->scheme != STO_SCHEME_ED25519)
		sto_fold_refuse(act, STO_CHECK_KEY, "a key that signs notes is an ed25519 key");
	else if (!sto_note_key_make(name, strlen(name),
								role == STO_ROLE_LOG ? STO_NOTE_ED25519 : STO_NOTE_COSIGNATURE, key,
								&vkey, &why))
		sto_fold_refuse(act, STO_CHECK_BODY, "the key's name: %s", why);
	if (!sto_key_fingerprint(key, fingerprint))
		return sto_fold_stop(act->r, act->event->entry_id, "OpenSSL failed to hash");
	sto_writer_init(&w, msg, sizeof(msg));
	sto_put_note_possession(&w, act->r->ledger_id, party, name, strlen(name), key);
	if (w.failed)
	{
		sto_fold_refuse(act, STO_CHECK_BODY, "the key's name is too long");
		return true;
	}
	sto_fold_prove_key(act, key, fingerprint, &act->body.value[STO_F_POSSESSION].proof, msg, w.len);
	row = sto_fold_new_key(act, key, fingerprint, role, &number);
	if (row == NULL)
		return false;
	if (*present != 0 && *present != number)
		((KeyRow *) sto_pool_at(&act->r->keys, *present))->retired = act->event->entry_id;
	*present = number;
	return sto_texts_add(&act->r->texts, name, strlen(name), &row->name) ||
		   sto_fold_stop(act->r, act->event->entry_id, "there is no memory");
}

bool
sto_fold_log_key(Act *act)
{
	StoReplay *r = act->r;
	char uuid[STO_UUID_TEXT_LEN + 1];
	char name[STO_NOTE_NAME_MAX + 1];

	snprintf(name, sizeof(name), "%s/%s", sto_text_at(&r->texts, r->ledger_origin),
			 sto_fold_uuid(r->ledger_id, uuid));
	return replace_key(act, STO_ROLE_LOG, name, NULL, &r->log_key);
}

bool
sto_fold_witness_key(Act *act)
{
	Party *party = sto_pool_at(&act->r->parties, act->subject->row);

	return replace_key(act, STO_ROLE_WITNESS, act->body.value[STO_F_NAME].text, act->event->subject,
					   &party->witness_key);
}

bool
sto_fold_witness_policy(Act *act)
{
	Notice *notice = sto_fold_notice(act);
	int64_t threshold = act->body.value[STO_F_THRESHOLD].integer;

	if (notice == NULL)
		return false;
	notice->number = threshold;
	if (threshold < 1 || threshold > WITNESSES_MAX)
		sto_fold_refuse(act, STO_CHECK_BODY, "\"threshold\" must be from 1 to %d", WITNESSES_MAX);
	else
		act->r->witness_threshold = (int32_t) threshold;
	return true;
}

bool
sto_fold_time_authority(Act *act)
{
	Notice *notice = sto_fold_notice(act);

	(void) sto_fold_line(act, act->body.value[STO_F_NAME].text, "name", AUTHORITY_NAME_MAX);
	return notice != NULL && sto_fold_text(act, STO_F_NAME, &notice->name) &&
		   sto_fold_text(act, STO_F_CERTIFICATE, &notice->text);
}

bool
sto_fold_log_restart(Act *act)
{
	Notice *notice = sto_fold_notice(act);

	if (notice == NULL)
		return false;
	(void) sto_fold_line(act, act->body.value[STO_F_REASON].text, "reason", REASON_MAX_LEN);
	if (act->body.value[STO_F_SIZE].integer < 1)
		sto_fold_refuse(act, STO_CHECK_BODY, "\"size\" must be above zero");
	notice->number = act->body.value[STO_F_SIZE].integer;
	memcpy(notice->digest, act->body.value[STO_F_ROOT].octets, STO_DIGEST_LEN);
	act->r->counts.restarts++;
	return sto_fold_text(act, STO_F_REASON, &notice->text);
}

/* Positions in the order of a close: by wallet, then token. */
typedef struct CloseKey
{
	uint8_t octets[STO_ADDRESS_LEN + STO_UUID_LEN];
	uint32_t position;
} CloseKey;

static int
compare_keys(const void *a, const void *b)
{
	return memcmp(((const CloseKey *) a)->octets, ((const CloseKey *) b)->octets,
				  STO_ADDRESS_LEN + STO_UUID_LEN);
}

static void
fill_key(const StoReplay *r, uint32_t number, CloseKey *key)
{
	const Position *position = sto_pool_at(&r->positions, number);

	memcpy(key->octets, ((const Wallet *) sto_pool_at(&r->wallets, position->wallet))->address,
		   STO_ADDRESS_LEN);
	memcpy(key->octets + STO_ADDRESS_LEN,
		   ((const Token *) sto_pool_at(&r->tokens, position->token))->uuid, STO_UUID_LEN);
	key->position = number;
}

/* Sort the positions that came since the last close, and merge them with the others. */
static bool
sort_positions(StoReplay *r)
{
	uint32_t old = r->sorted_count;
	uint32_t fresh = r->positions.count - old;
	uint32_t *merged;
	CloseKey *keys;
	CloseKey present;
	uint32_t i = 0;
	uint32_t j = 0;

	if (fresh == 0)
		return true;
	keys = malloc(fresh * sizeof(CloseKey));
	merged = malloc((size_t) r->positions.count * sizeof(uint32_t));
	if (keys == NULL || merged == NULL)
	{
		free(keys);
		free(merged);
		return false;
	}
	for (uint32_t n = 0; n < fresh; n++)
		fill_key(r, old + 1 + n, &keys[n]);
	qsort(keys, fresh, sizeof(CloseKey), compare_keys);
	if (old > 0)
		fill_key(r, r->sorted[0], &present);
	while (i < old || j < fresh)
	{
		if (j == fresh || (i < old && compare_keys(&present, &keys[j]) < 0))
		{
			merged[i + j] = r->sorted[i];
			i++;
			if (i < old)
				fill_key(r, r->sorted[i], &present);
		}
		else
		{
			merged[i + j] = keys[j].position;
			j++;
		}
	}
	free(keys);
	free(r->sorted);
	r->sorted = merged;
	r->sorted_count = r->positions.count;
	return true;
}

static bool
close_root(StoReplay *r, StoHash *root)
{
	StoFrontier frontier;

	sto_frontier_init(&frontier);
	for (uint32_t i = 0; i < r->sorted_count; i++)
	{
		const Position *position = sto_pool_at(&r->positions, r->sorted[i]);
		const Wallet *wallet = sto_pool_at(&r->wallets, position->wallet);
		const Token *token = sto_pool_at(&r->tokens, position->token);
		StoSide side = {.present = true,
						.has_prev = true,
						.seq = position->seq,
						.balance = position->balance,
						.held = position->held};
		StoHash leaf;

		memcpy(side.prev, position->head, STO_DIGEST_LEN);
		if (!sto_close_leaf(wallet->address, token->uuid, wallet->salt, &side, &leaf) ||
			!sto_frontier_append(&frontier, &leaf))
			return false;
	}
	return sto_frontier_root(&frontier, root);
}

/* Its content follows from the log alone, so nobody signs it. */
bool
sto_fold_close(Act *act)
{
	StoReplay *r = act->r;
	Notice *notice = sto_fold_notice(act);
	int64_t count = act->body.value[STO_F_COUNT].integer;
	StoHash root;

	if (notice == NULL)
		return false;
	notice->number = count;
	memcpy(notice->digest, act->body.value[STO_F_ROOT].octets, STO_DIGEST_LEN);
	r->counts.closes++;
	if (!sort_positions(r) || !close_root(r, &root))
		return sto_fold_stop(r, act->event->entry_id, "there is no memory, or OpenSSL failed");
	if (count != r->sorted_count)
		sto_fold_refuse(act, STO_CHECK_CLOSE, "it counts %lld positions; there are %u",
						(long long) count, r->sorted_count);
	if (memcmp(root.octets, notice->digest, STO_DIGEST_LEN) != 0)
		sto_fold_refuse(act, STO_CHECK_CLOSE, "its root is not that of the positions");
	return true;
}
