/*
 * sto_verify_judge.c
 *		All signatures of one checkpoint, checked by any thread.
 */
#include "bin/sto_verify_notes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
same_key(const StoNoteKey *a, const StoNoteKey *b)
{
	return a->type == b->type && a->key.len == b->key.len &&
		   memcmp(a->key.data, b->key.data, a->key.len) == 0;
}

static bool
is_given(const StoNoteKey *keys, int count, const StoNoteKey *key)
{
	for (int i = 0; i < count; i++)
	{
		if (same_key(&keys[i], key))
			return true;
	}
	return false;
}

static void
judge_log(const Judgement *j, const StoNote *note)
{
	const Options *o = j->notes->options;
	bool found;

	for (int i = 0; i < j->log_count; i++)
	{
		const StoNoteKey *key = &j->log[i]->key;

		switch (sto_note_check(note, key, &found, NULL))
		{
			case STO_CHECK_GOOD:
				break;
			case STO_CHECK_BAD:
				report_problemf(j->notes->report, j->evidence.last_id, CHECK_CHECKPOINT,
								"the log's signature of the checkpoint of %" PRId64
								" leaves is not good",
								j->evidence.size);
				return;
			default:
				report_unsure(j->notes->report, "OpenSSL failed");
		}
		if (o->log_count > 0 && !is_given(o->log_keys, o->log_count, key))
			report_problemf(j->notes->report, j->evidence.last_id, CHECK_CHECKPOINT,
							"the checkpoint of %" PRId64
							" leaves is signed by a key that was not given with --log-key",
							j->evidence.size);
	}
}

/* Good cosignatures so far, each party counted once; a key without a party for itself. */
typedef struct Tally
{
	int count;
	const uint8_t *parties[STO_NOTE_SIGNATURES_MAX];
} Tally;

static void
count_witness(const Judgement *j, Tally *tally, const StoNoteKey *key, const uint8_t *party)
{
	const Options *o = j->notes->options;
	const uint8_t *who = party != NULL ? party : key->key.data;

	if (o->witness_count > 0 && !is_given(o->witness_keys, o->witness_count, key))
		return;
	for (int i = 0; i < tally->count; i++)
	{
		if (memcmp(tally->parties[i], who, STO_UUID_LEN) == 0)
			return;
	}
	if (tally->count < STO_NOTE_SIGNATURES_MAX)
		tally->parties[tally->count++] = who;
}

static void
judge_cosignature(const Judgement *j, const StoNote *note, const Cosignature *c,
				  const NamedKey *named, Tally *tally)
{
	char buffer[STO_CHECKPOINT_TEXT_MAX + 2048];
	const char *problem = NULL;
	StoReader r;
	StoWriter w;
	int64_t time;

	sto_reader_init(&r, c->signature, sizeof(c->signature));
	time = sto_get_i64(&r);
	sto_writer_init(&w, buffer, sizeof(buffer));
	sto_put_cosignature(&w, time, note->text, note->text_len);
	if (w.failed || time < 0)
		problem = "can't be one";
	else if (memcmp(named->party, c->party, STO_UUID_LEN) != 0)
		problem = "names another party than its key's";
	else if (time > INT64_MAX / 1000000 || c->time != time * 1000000)
		problem = "states another time than its row";
	else
		switch (sto_signature_check(&named->key.key, buffer, w.len, c->signature + sizeof(int64_t)))
		{
			case STO_CHECK_GOOD:
				count_witness(j, tally, &named->key, named->party);
				break;
			case STO_CHECK_BAD:
				problem = "is not good";
				break;
			default:
				report_unsure(j->notes->report, "OpenSSL failed");
		}
	if (problem != NULL)
		report_problemf(j->notes->report, j->evidence.last_id, CHECK_COSIGNATURE,
						"the cosignature by %s of the checkpoint of %" PRId64 " leaves %s",
						named->key.name, j->evidence.size, problem);
}

/* Cosignatures that stand in the note itself. */
static void
judge_lines(const Judgement *j, const StoNote *note, Tally *tally)
{
	bool found;

	for (int i = 0; i < j->line_count; i++)
	{
		switch (sto_note_check(note, j->lines[i], &found, NULL))
		{
			case STO_CHECK_GOOD:
				count_witness(j, tally, j->lines[i], j->line_parties[i]);
				break;
			case STO_CHECK_BAD:
				report_problemf(j->notes->report, j->evidence.last_id, CHECK_COSIGNATURE,
								"the cosignature by %s of the checkpoint of %" PRId64
								" leaves is not good",
								j->lines[i]->name, j->evidence.size);
				break;
			default:
				report_unsure(j->notes->report, "OpenSSL failed");
		}
	}
}

/* False: no authority that is named so far made it. */
static bool
judge_stamp(const Judgement *j, const StoNote *note, const Stamp *stamp)
{
	const char *problem = "is of no authority that the log names";
	const char *why;
	int64_t time;
	bool known = false;

	for (int i = 0; i < j->authority_count && !known; i++)
	{
		switch (sto_timestamp_check(stamp->reply, stamp->len, note->text, note->text_len,
									j->authorities[i], &time, &why))
		{
			case STO_STAMP_GOOD:
				if (time == stamp->time)
					return true;
				problem = "states another time than its row";
				known = true;
				break;
			case STO_STAMP_BAD:
				break;
			default:
				report_unsure(j->notes->report, "OpenSSL failed");
				return true;
		}
	}
	if (known || j->at_end)
		report_problemf(j->notes->report, j->evidence.last_id, CHECK_TIME_STAMP,
						"a time-stamp of the checkpoint of %" PRId64 " leaves %s", j->evidence.size,
						problem);
	return known || j->at_end;
}

/* An authority may be named after the checkpoint that it stamps: what is unknown is put aside. */
static void
judge_stamps(Notes *notes, const Judgement *j, const StoNote *note, Evidence *e)
{
	Evidence later = {
		.where = e->where, .size = e->size, .last_id = e->last_id, .stamps_only = true};
	int known = 0;
	size_t len;

	for (int i = 0; i < e->stamp_count; i++)
	{
		Stamp stamp = e->stamps[i];

		if (!judge_stamp(j, note, &stamp))
			continue;
		e->stamps[i] = e->stamps[known];
		e->stamps[known++] = stamp;
	}
	later.stamp_count = e->stamp_count - known;
	if (later.stamp_count == 0)
		return;
	len = (size_t) later.stamp_count * sizeof(Stamp);
	later.stamps = malloc(len);
	later.note = malloc(e->note_len + 1);
	if (later.stamps == NULL || later.note == NULL)
	{
		report_unsure(notes->report, "out of memory");
		later.stamp_count = 0;
		evidence_clear(&later);
		return;
	}
	memcpy(later.stamps, e->stamps + known, len);
	memcpy(later.note, e->note, e->note_len);
	later.note_len = e->note_len;
	e->stamp_count = known;
	notes_wait(notes, &later);
	/* no memory to keep it: that was said */
	evidence_clear(&later);
}

static void
note_success(Notes *notes, const Evidence *e, const Tally *tally)
{
	pthread_mutex_lock(&notes->lock);
	if (e->size > notes->signed_size)
	{
		notes->signed_size = e->size;
		notes->signed_id = e->last_id;
	}
	if (tally->count >= e->witnesses_wanted && e->size > notes->witnessed_size)
	{
		notes->witnessed_size = e->size;
		notes->witnessed_id = e->last_id;
		notes->witnessed_by = tally->count;
	}
	for (int i = 0; i < e->stamp_count; i++)
	{
		if (e->stamps[i].time > notes->time)
			notes->time = e->stamps[i].time;
	}
	pthread_mutex_unlock(&notes->lock);
}

/* The log's, and its witnesses'. */
static void
judge_signatures(const Judgement *j, const StoNote *note, Tally *tally)
{
	const Evidence *e = &j->evidence;
	int count = e->cosignature_count + j->line_count;

	judge_log(j, note);
	for (int i = 0; i < e->cosignature_count; i++)
		judge_cosignature(j, note, &e->cosignatures[i], j->cosigners[i], tally);
	judge_lines(j, note, tally);
	report_examined(j->notes->report, CHECK_CHECKPOINT, 1, "checkpoints");
	if (count > 0)
		report_examined(j->notes->report, CHECK_COSIGNATURE, count, "cosignatures");
}

void
judge_checkpoint(Task *task)
{
	Judgement *j = (Judgement *) task;
	Notes *notes = j->notes;
	Evidence *e = &j->evidence;
	Tally tally = {.count = 0};
	StoNote note;
	const char *why;

	/* it was parsed before it came here */
	if (sto_note_parse(e->note, e->note_len, &note, &why))
	{
		if (!e->stamps_only)
			judge_signatures(j, &note, &tally);
		judge_stamps(notes, j, &note, e);
		note_success(notes, e, &tally);
	}
	if (e->stamp_count > 0)
		report_examined(notes->report, CHECK_TIME_STAMP, e->stamp_count, "time-stamps");
	evidence_clear(e);
}
