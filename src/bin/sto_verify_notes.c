/*
 * sto_verify_notes.c
 *		Signatures of checkpoints: the log's own, its witnesses', time-stamps.
 *
 * The keys are those that the log's events name, folded from genesis; those given
 * on the command line narrow them down.  Roots are compared before anything comes
 * here.  Signatures take long, so they are checked in the pool.
 */
#include "bin/sto_verify_notes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LISTED_MAX 1000 /* cosignatures and time-stamps of one checkpoint that are looked at */

static bool
add(List *list, void *item)
{
	if (list->count == list->size)
	{
		int size = 2 * list->size + 16;
		void **items = realloc(list->items, (size_t) size * sizeof(void *));

		if (items == NULL)
			return false;
		list->items = items;
		list->size = size;
	}
	list->items[list->count++] = item;
	return true;
}

Notes *
notes_new(const Options *options, Report *report, Pool *pool)
{
	Notes *notes = calloc(1, sizeof(Notes));

	if (notes == NULL)
		return NULL;
	notes->options = options;
	notes->report = report;
	notes->pool = pool;
	pthread_mutex_init(&notes->lock, NULL);
	return notes;
}

void
evidence_clear(Evidence *evidence)
{
	for (int i = 0; i < evidence->stamp_count; i++)
		free(evidence->stamps[i].reply);
	free(evidence->stamps);
	free(evidence->cosignatures);
	free(evidence->note);
	memset(evidence, 0, sizeof(*evidence));
}

void
notes_free(Notes *notes)
{
	if (notes == NULL)
		return;
	for (int i = 0; i < notes->log.count; i++)
		free(notes->log.items[i]);
	for (int i = 0; i < notes->witnesses.count; i++)
		free(notes->witnesses.items[i]);
	for (int i = 0; i < notes->waiting.count; i++)
	{
		evidence_clear(notes->waiting.items[i]);
		free(notes->waiting.items[i]);
	}
	free(notes->log.items);
	free(notes->witnesses.items);
	free(notes->authorities.items);
	free(notes->waiting.items);
	pthread_mutex_destroy(&notes->lock);
	free(notes);
}

static void
no_memory(Notes *notes)
{
	notes->out_of_memory = true;
	report_unsure(notes->report, "out of memory");
}

/* The log's note key is named after the ledger: its origin, "/", its id. */
static bool
name_log(const StoReplay *replay, char out[STO_NOTE_NAME_MAX + 1])
{
	const StoReplayLedger *ledger = sto_replay_ledger(replay);
	char hex[2 * STO_UUID_LEN + 1];
	int len;

	if (ledger == NULL || ledger->origin == NULL)
		return false;
	sto_hex_encode(ledger->ledger_id, STO_UUID_LEN, hex);
	len = snprintf(out, STO_NOTE_NAME_MAX + 1, "%s/%.8s-%.4s-%.4s-%.4s-%.12s", ledger->origin, hex,
				   hex + 8, hex + 12, hex + 16, hex + 20);
	return len > 0 && len <= STO_NOTE_NAME_MAX;
}

static void
learn_key(Notes *notes, const StoReplayKey *key)
{
	NamedKey *named = calloc(1, sizeof(NamedKey));
	bool is_log = key->role == STO_ROLE_LOG;
	const char *name = is_log ? notes->origin : key->name;
	const char *why;

	if (named == NULL)
	{
		no_memory(notes);
		return;
	}
	/* a name that no note can bear was complained of by the fold */
	if (name == NULL ||
		!sto_note_key_make(name, strlen(name), is_log ? STO_NOTE_ED25519 : STO_NOTE_COSIGNATURE,
						   &key->key, &named->key, &why))
	{
		free(named);
		return;
	}
	memcpy(named->fingerprint, key->fingerprint, STO_DIGEST_LEN);
	memcpy(named->party, key->subject, STO_UUID_LEN);
	if (!add(is_log ? &notes->log : &notes->witnesses, named))
	{
		free(named);
		no_memory(notes);
	}
}

void
notes_learn(Notes *notes, const StoReplay *replay)
{
	StoReplayKey key;
	StoReplayNotice notice;

	if (!notes->named)
		notes->named = name_log(replay, notes->origin);
	if (!notes->named)
		return;
	while (sto_replay_key(replay, &notes->keys_at, &key))
	{
		if (key.role != STO_ROLE_POLICY)
			learn_key(notes, &key);
	}
	while (sto_replay_notice(replay, &notes->notices_at, &notice))
	{
		if (strcmp(notice.kind, "time_authority") == 0 && notice.text != NULL &&
			!add(&notes->authorities, (void *) notice.text))
			no_memory(notes);
	}
}

bool
note_read(const char *note, size_t len, const StoReplay *replay, int64_t *size, StoHash *root,
		  const char **why)
{
	char origin[STO_NOTE_NAME_MAX + 1];
	StoNote parsed;
	StoCheckpoint checkpoint;

	if (!sto_note_parse(note, len, &parsed, why) ||
		!sto_checkpoint_parse(parsed.text, parsed.text_len, &checkpoint, why))
		return false;
	if (replay != NULL && (!name_log(replay, origin) || strlen(origin) != checkpoint.origin_len ||
						   memcmp(origin, checkpoint.origin, checkpoint.origin_len) != 0))
	{
		*why = "its origin is not this ledger's";
		return false;
	}
	*size = checkpoint.size;
	*root = checkpoint.root;
	return true;
}

static bool
line_names(const StoNoteLine *line, const StoNoteKey *key)
{
	return line->name_len == key->name_len && memcmp(line->name, key->name, key->name_len) == 0 &&
		   memcmp(line->id, key->id, STO_NOTE_KEY_ID_LEN) == 0;
}

static const NamedKey *
find_line(const List *keys, const StoNoteLine *line)
{
	for (int i = 0; i < keys->count; i++)
	{
		const NamedKey *named = keys->items[i];

		if (line_names(line, &named->key))
			return named;
	}
	return NULL;
}

static const NamedKey *
find_fingerprint(const List *keys, const uint8_t fingerprint[STO_DIGEST_LEN])
{
	for (int i = 0; i < keys->count; i++)
	{
		NamedKey *named = keys->items[i];

		if (memcmp(named->fingerprint, fingerprint, STO_DIGEST_LEN) == 0)
			return named;
	}
	return NULL;
}

bool
notes_is_ours(Notes *notes, const StoReplay *replay, const char *note, size_t len)
{
	StoNote parsed;
	const char *why;
	bool found;

	notes_learn(notes, replay);
	if (!sto_note_parse(note, len, &parsed, &why))
		return false;
	for (int i = 0; i < notes->log.count; i++)
	{
		const NamedKey *named = notes->log.items[i];

		if (sto_note_check(&parsed, &named->key, &found, NULL) == STO_CHECK_GOOD)
			return true;
	}
	return false;
}

/* In the reader's thread: which keys are meant? */

/*
 * Was the key given up by an event that the checkpoint's tree has?  The worker looks
 * at the register after the tree, and the ledger takes cosignatures of present keys
 * alone, so neither comes from an honest one.
 */
static bool
is_retired(const StoReplay *replay, const NamedKey *named, const Evidence *e)
{
	StoReplayKey key;

	return sto_replay_find_key(replay, named->fingerprint, &key) && key.retired != 0 &&
		   key.retired <= e->last_id;
}

/* A witness may have signed before it heard that its key is given up: that doesn't count. */
static void
find_lines(Notes *notes, const StoReplay *replay, const StoNote *note, Judgement *j)
{
	const Options *o = notes->options;

	for (int i = 0; i < note->count; i++)
	{
		const NamedKey *log = find_line(&notes->log, &note->lines[i]);
		const NamedKey *witness = find_line(&notes->witnesses, &note->lines[i]);

		if (log != NULL)
			j->log[j->log_count++] = log;
		if (witness != NULL && !is_retired(replay, witness, &j->evidence))
		{
			j->lines[j->line_count] = &witness->key;
			j->line_parties[j->line_count++] = witness->party;
		}
		for (int k = 0; witness == NULL && k < o->witness_count; k++)
		{
			if (!line_names(&note->lines[i], &o->witness_keys[k]))
				continue;
			j->lines[j->line_count] = &o->witness_keys[k];
			j->line_parties[j->line_count++] = NULL;
			break;
		}
	}
}

/* False if a key isn't known and may still be; at the end that is a problem. */
static bool
find_keys(Notes *notes, const StoReplay *replay, Judgement *j, const StoNote *note, bool at_end)
{
	const Evidence *e = &j->evidence;

	find_lines(notes, replay, note, j);
	if (j->log_count == 0)
	{
		if (at_end)
			report_problemf(notes->report, e->last_id, CHECK_CHECKPOINT,
							"no key that the log names signed the checkpoint of %" PRId64 " leaves",
							e->size);
		return false;
	}
	for (int i = 0; i < e->cosignature_count; i++)
	{
		j->cosigners[i] = find_fingerprint(&notes->witnesses, e->cosignatures[i].fingerprint);
		if (j->cosigners[i] != NULL)
			continue;
		if (at_end)
			report_problemf(notes->report, e->last_id, CHECK_COSIGNATURE,
							"a cosignature of the checkpoint of %" PRId64
							" leaves is by a key that the log does not name",
							e->size);
		return false;
	}
	for (int i = 0; i < j->log_count; i++)
	{
		if (is_retired(replay, j->log[i], e))
			report_problemf(notes->report, e->last_id, CHECK_CHECKPOINT,
							"the checkpoint of %" PRId64
							" leaves is signed by a key that an event had retired",
							e->size);
	}
	for (int i = 0; i < e->cosignature_count; i++)
	{
		if (is_retired(replay, j->cosigners[i], e))
			report_problemf(notes->report, e->last_id, CHECK_COSIGNATURE,
							"a cosignature of the checkpoint of %" PRId64
							" leaves is by a key that an event had retired",
							e->size);
	}
	return true;
}

void
notes_wait(Notes *notes, Evidence *e)
{
	Evidence *kept = malloc(sizeof(Evidence));
	bool added;

	pthread_mutex_lock(&notes->lock);
	added = kept != NULL && add(&notes->waiting, kept);
	pthread_mutex_unlock(&notes->lock);
	if (!added)
	{
		free(kept);
		no_memory(notes);
		return;
	}
	*kept = *e;
	memset(e, 0, sizeof(*e));
}

static void
take(Notes *notes, const StoReplay *replay, Evidence *e, bool at_end)
{
	int authorities = e->stamp_count > 0 ? notes->authorities.count : 0;
	size_t pointers = (size_t) e->cosignature_count + (size_t) authorities;
	Judgement *j = calloc(1, sizeof(Judgement) + pointers * sizeof(void *));
	StoNote note;
	const char *why = NULL;

	if (j == NULL)
	{
		no_memory(notes);
		return;
	}
	j->notes = notes;
	j->task.run = judge_checkpoint;
	j->evidence = *e;
	j->at_end = at_end;
	j->authorities = (const char **) &j->cosigners[e->cosignature_count];
	/* the newest first: it is most often the one */
	while (j->authority_count < authorities)
	{
		j->authorities[j->authority_count] =
			notes->authorities.items[authorities - 1 - j->authority_count];
		j->authority_count++;
	}
	if (!sto_note_parse(e->note, e->note_len, &note, &why))
		report_problemf(notes->report, e->last_id, CHECK_CHECKPOINT, "%s: %s", e->where, why);
	else if (e->cosignature_count > LISTED_MAX || e->stamp_count > LISTED_MAX)
		report_problemf(notes->report, e->last_id, CHECK_CHECKPOINT,
						"more than %d signatures of one checkpoint", LISTED_MAX);
	else if (e->stamps_only || find_keys(notes, replay, j, &note, at_end))
	{
		memset(e, 0, sizeof(*e));
		pool_submit_owned(notes->pool, &j->task);
		return;
	}
	else if (!at_end)
		notes_wait(notes, e);
	free(j);
}

/* As asked for; else the policy that the tree holds, but never fewer than two
 * (sto.checkpoint_status). */
static int
witnesses_wanted(const Options *o, const StoReplay *replay)
{
	const StoReplayLedger *ledger = sto_replay_ledger(replay);

	if (o->witnesses > 0)
		return o->witnesses;
	return ledger != NULL && ledger->witness_threshold > 2 ? ledger->witness_threshold : 2;
}

void
notes_judge(Notes *notes, const StoReplay *replay, Evidence *evidence)
{
	notes_learn(notes, replay);
	evidence->witnesses_wanted = witnesses_wanted(notes->options, replay);
	take(notes, replay, evidence, false);
	evidence_clear(evidence);
}

void
notes_end(Notes *notes, const StoReplay *replay, bool resumed)
{
	const Options *o = notes->options;

	notes_learn(notes, replay);
	/* tasks may put something aside until now */
	pool_drain(notes->pool);
	for (int i = 0; i < notes->waiting.count; i++)
		take(notes, replay, notes->waiting.items[i], true);
	pool_drain(notes->pool);

	if (notes->signed_size > 0)
		report_fact(notes->report, "signed", "to leaf %" PRId64 ", entry %" PRId64,
					notes->signed_size, notes->signed_id);
	if (notes->witnessed_size > 0)
		report_fact(notes->report, "witnessed", "to leaf %" PRId64 ", entry %" PRId64 ", by %d",
					notes->witnessed_size, notes->witnessed_id, notes->witnessed_by);
	else if (notes->signed_size > 0)
		report_fact(notes->report, "witnessed", "no checkpoint by enough witnesses");
	if (notes->time > 0)
		report_fact(notes->report, "time-stamped", "%" PRId64 " (Unix seconds)",
					notes->time / 1000000);
	if (o->witnesses > 0 && notes->witnessed_size == 0 && resumed)
		report_unsure(notes->report, "no checkpoint since the last run has %d good cosignatures",
					  o->witnesses);
	else if (o->witnesses > 0 && notes->witnessed_size == 0)
		report_problemf(notes->report, 0, CHECK_COSIGNATURE,
						"no checkpoint has %d good cosignatures of the witnesses asked for",
						o->witnesses);
	if (o->log_count > 0 && notes->signed_size == 0 && !resumed)
		report_unsure(notes->report, "there is no signed checkpoint to hold against --log-key");
}
