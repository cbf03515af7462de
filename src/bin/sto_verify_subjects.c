/*
 * sto_verify_subjects.c
 *		The rows of sto.subject and sto.key_policy as the fold gives them: the heads
 *		of the chains of events, and every version of who has to sign.
 */
#include "bin/sto_verify_tables.h"

static void
fill_subject(const StoReplaySubject *s, Values *v)
{
	values_begin(v);
	values_octets(v, true, s->subject, STO_UUID_LEN);
	values_number(v, true, s->last_event);
	values_time(v, true, s->recorded_at);
	values_octets(v, true, s->head, STO_DIGEST_LEN);
	values_text(v, s->kind);
	values_name_uuid(v, "subject", s->subject);
}

static bool
find_subject(const StoReplay *replay, const Cursor *row, Values *v)
{
	static StoReplaySubject s; /* values point into it */
	const uint8_t *uuid = cursor_octets(row, 0, STO_UUID_LEN);

	if (uuid == NULL || !sto_replay_find_subject(replay, uuid, &s))
		return false;
	fill_subject(&s, v);
	return true;
}

static bool
next_subject(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplaySubject s;

	if (!sto_replay_subject(replay, at, &s))
		return false;
	fill_subject(&s, v);
	return true;
}

static bool
next_policy(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayPolicy p;

	if (!sto_replay_policy(replay, at, &p))
		return false;
	values_begin(v);
	values_number(v, true, p.policy_event);
	values_octets(v, true, p.subject, STO_UUID_LEN);
	values_digest(v, p.digest);
	values_name_number(v, "policy", p.policy_event);
	return true;
}

const Table subject_tables[] = {
	{"sto.subject", "subject, last_event, recorded_at, head, kind", NULL, find_subject,
	 next_subject},
	{"sto.key_policy", "policy_event, subject, policy", "policy_event", NULL, next_policy},
	{NULL, NULL, NULL, NULL, NULL},
};
