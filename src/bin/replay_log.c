/*
 * replay_log.c
 *		Handlers of events about the log itself: its keys, its witnesses, its
 *		time-stamps and its restarts.
 */
#include "bin/replay_state.h"

#include "core/note.h"
#include "core/receipt.h"

#include <stdio.h>
#include <string.h>

#define POSSESSION_MAX (STO_NOTE_NAME_MAX + 128)
#define REASON_MAX_LEN 1000
#define NAME_MAX_LEN 200
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

static void
retire(const Act *act, uint32_t *present)
{
	if (*present != 0)
		((KeyRow *) sto_pool_at(&act->r->keys, *present))->retired = act->event->entry_id;
	*present = 0;
}

void
sto_fold_dismiss_witness(const Act *act, Party *party)
{
	retire(act, &party->witness_key);
}

/* A key that signs notes, under a name of its own; the one before it retires. */
static bool
replace_key(Act *act, StoReplayRole role, const char *name, const uint8_t *party, uint32_t *present)
{
	const StoKey *key = &act->body.value[STO_F_KEY].key;
	const StoBodyProof *proof = &act->body.value[STO_F_POSSESSION].proof;
	uint8_t type = role == STO_ROLE_LOG ? STO_NOTE_ED25519 : STO_NOTE_COSIGNATURE;
	uint8_t fingerprint[STO_DIGEST_LEN];
	uint8_t msg[POSSESSION_MAX];
	StoNoteKey vkey;
	const char *why = NULL;
	uint32_t number;
	StoWriter w;
	KeyRow *row;

	if (!sto_note_key_make(name, strlen(name), type, key, &vkey, &why))
		sto_fold_refuse(act, STO_CHECK_BODY, "no key of a note: %s", why);
	if (proof->len != STO_SIG_LEN)
		sto_fold_refuse(act, STO_CHECK_BODY, "\"possession\" must have 128 hexadecimal digits");
	if (!sto_key_fingerprint(key, fingerprint))
		return sto_fold_stop(act->r, act->event->entry_id, "OpenSSL failed to hash");
	sto_writer_init(&w, msg, sizeof(msg));
	sto_put_note_possession(&w, act->r->ledger_id, party, name, strlen(name), key);
	if (w.failed)
	{
		sto_fold_refuse(act, STO_CHECK_BODY, "the key's name is too long");
		return true;
	}
	retire(act, present);
	if (sto_fold_key(act->r, fingerprint, NULL) != NULL)
	{
		sto_fold_refuse(act, STO_CHECK_KEY, "its key was registered before");
		return true;
	}
	sto_fold_prove_key(act, key, fingerprint, proof, msg, w.len);
	row = sto_fold_new_key(act, key, fingerprint, role, &number);
	if (row == NULL)
		return false;
	*present = number;
	return sto_texts_add(&act->r->texts, name, strlen(name), &row->name) ||
		   sto_fold_stop(act->r, act->event->entry_id, "there is no memory");
}

/* The name of the log's note key: the ledger's origin, "/" and its id. */
static void
log_name(const StoReplay *r, char name[STO_NOTE_NAME_MAX + 1])
{
	char uuid[STO_UUID_TEXT_LEN + 1];

	snprintf(name, STO_NOTE_NAME_MAX + 1, "%s/%s", sto_text_at(&r->texts, r->ledger_origin),
			 sto_fold_uuid(r->ledger_id, uuid));
}

bool
sto_fold_log_key(Act *act)
{
	char name[STO_NOTE_NAME_MAX + 1];

	log_name(act->r, name);
	return replace_key(act, STO_ROLE_LOG, name, NULL, &act->r->log_key);
}

/* Has a present witness that name, another party's? */
static bool
name_is_taken(const Act *act, const char *name)
{
	const StoReplay *r = act->r;

	for (uint32_t i = 1; i <= r->keys.count; i++)
	{
		const KeyRow *key = sto_pool_at(&r->keys, i);

		if (key->role == STO_ROLE_WITNESS && key->retired == 0 && key->name != 0 &&
			memcmp(key->subject, act->event->subject, STO_UUID_LEN) != 0 &&
			strcmp(sto_text_at(&r->texts, key->name), name) == 0)
			return true;
	}
	return false;
}

bool
sto_fold_witness_key(Act *act)
{
	Party *party = sto_pool_at(&act->r->parties, act->subject->row);
	const char *name = act->body.value[STO_F_NAME].text;
	char logs[STO_NOTE_NAME_MAX + 1];

	log_name(act->r, logs);
	if (sto_fold_line(act, name, "name", NAME_MAX_LEN) &&
		(strcmp(name, logs) == 0 || name_is_taken(act, name)))
		sto_fold_refuse(act, STO_CHECK_RULE, "the log or another witness has the name \"%.100s\"",
						name);
	return replace_key(act, STO_ROLE_WITNESS, name, act->event->subject, &party->witness_key);
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
	const char *why;

	(void) sto_fold_line(act, act->body.value[STO_F_NAME].text, "name", NAME_MAX_LEN);
	why = sto_fold_bad_certificates(act->body.value[STO_F_CERTIFICATE].text);
	if (why != NULL)
		sto_fold_refuse(act, STO_CHECK_BODY, "\"certificate\" %s", why);
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
	if (act->body.value[STO_F_SIZE].integer < 1 ||
		act->body.value[STO_F_SIZE].integer >= STO_TREE_SIZE_MAX)
		sto_fold_refuse(act, STO_CHECK_BODY, "\"size\" must be the size of a checkpoint");
	notice->number = act->body.value[STO_F_SIZE].integer;
	memcpy(notice->digest, act->body.value[STO_F_ROOT].octets, STO_DIGEST_LEN);
	act->r->counts.restarts++;
	return sto_fold_text(act, STO_F_REASON, &notice->text);
}
