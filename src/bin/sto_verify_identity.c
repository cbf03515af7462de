/*
 * sto_verify_identity.c
 *		The rows of the derived tables about parties and what they may hold, as the
 *		fold gives them.
 */
#include "bin/sto_verify_tables.h"

#include <stdio.h>
#include <string.h>

static void
add_period(Values *v, const StoReplayPeriod *period)
{
	values_time(v, period->has_from, period->from);
	values_time(v, period->has_to, period->to);
}

/* sto.capability */

static void
fill_capability(const StoReplayCapability *c, Values *v)
{
	values_begin(v);
	values_octets(v, true, c->party_id, STO_UUID_LEN);
	values_text(v, c->capability);
	values_number(v, true, c->granted_by);
	values_bool(v, c->granted);
	values_name_uuid(v, "party", c->party_id);
}

static bool
find_capability(const StoReplay *replay, const Cursor *row, Values *v)
{
	static StoReplayCapability c; /* values point into it */
	const uint8_t *party = cursor_octets(row, 0, STO_UUID_LEN);
	char name[64];

	if (party == NULL || !values_read_text(row, 1, name, sizeof(name)) ||
		!sto_replay_find_capability(replay, party, name, &c))
		return false;
	fill_capability(&c, v);
	return true;
}

static bool
next_capability(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayCapability c;

	if (!sto_replay_capability(replay, at, &c))
		return false;
	fill_capability(&c, v);
	return true;
}

/* sto.classification */

static bool
next_class(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayClass c;

	if (!sto_replay_class(replay, at, &c))
		return false;
	values_begin(v);
	values_number(v, true, c.set_by);
	values_octets(v, true, c.party_id, STO_UUID_LEN);
	values_octets(v, c.has_token, c.token_id, STO_UUID_LEN);
	values_text(v, c.class);
	values_text(v, c.basis);
	add_period(v, &c.period);
	values_name_number(v, "classification", c.set_by);
	return true;
}

/* sto.mandate */

static void
fill_mandate(const StoReplayMandate *m, Values *v)
{
	values_begin(v);
	values_octets(v, true, m->party_id, STO_UUID_LEN);
	values_octets(v, true, m->representative, STO_UUID_LEN);
	values_text(v, m->scope);
	values_number(v, true, m->set_by);
	values_text(v, m->basis);
	values_bool(v, m->granted);
	add_period(v, &m->period);
	values_name_number(v, "mandate", m->set_by);
}

static bool
find_mandate(const StoReplay *replay, const Cursor *row, Values *v)
{
	static StoReplayMandate m;
	const uint8_t *party = cursor_octets(row, 0, STO_UUID_LEN);
	const uint8_t *representative = cursor_octets(row, 1, STO_UUID_LEN);
	char scope[64];

	if (party == NULL || representative == NULL ||
		!values_read_text(row, 2, scope, sizeof(scope)) ||
		!sto_replay_find_mandate(replay, party, representative, scope, &m))
		return false;
	fill_mandate(&m, v);
	return true;
}

static bool
next_mandate(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayMandate m;

	if (!sto_replay_mandate(replay, at, &m))
		return false;
	fill_mandate(&m, v);
	return true;
}

/* sto.beneficial_owner */

static void
fill_owner(const StoReplayOwner *o, Values *v)
{
	values_begin(v);
	values_octets(v, true, o->party_id, STO_UUID_LEN);
	values_octets(v, true, o->owner, STO_UUID_LEN);
	values_number(v, true, o->set_by);
	values_number(v, true, o->share);
	values_bool(v, o->control);
	add_period(v, &o->period);
	values_name_number(v, "beneficial owner", o->set_by);
}

static bool
find_owner(const StoReplay *replay, const Cursor *row, Values *v)
{
	static StoReplayOwner o;
	const uint8_t *party = cursor_octets(row, 0, STO_UUID_LEN);
	const uint8_t *owner = cursor_octets(row, 1, STO_UUID_LEN);

	if (party == NULL || owner == NULL || !sto_replay_find_owner(replay, party, owner, &o))
		return false;
	fill_owner(&o, v);
	return true;
}

static bool
next_owner(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayOwner o;

	if (!sto_replay_owner(replay, at, &o))
		return false;
	fill_owner(&o, v);
	return true;
}

/* sto.claim */

static bool
next_claim(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayClaim c;

	if (!sto_replay_claim(replay, at, &c))
		return false;
	values_begin(v);
	values_number(v, true, c.claim);
	values_number(v, c.revoked != 0, c.revoked);
	add_period(v, &c.period);
	values_octets(v, true, c.party_id, STO_UUID_LEN);
	values_octets(v, true, c.issuer, STO_UUID_LEN);
	values_text(v, c.topic);
	values_octets(v, true, c.commitment, STO_DIGEST_LEN);
	values_name_number(v, "claim", c.claim);
	return true;
}

/* sto.token_topics */

static bool
next_required(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayTopics t;

	if (!sto_replay_required(replay, at, &t))
		return false;
	values_begin(v);
	values_number(v, true, t.set_by);
	values_octets(v, true, t.token_id, STO_UUID_LEN);
	values_text(v, t.topics);
	values_bool(v, t.receiver_only);
	values_name_number(v, "topics", t.set_by);
	return true;
}

/* sto.trusted_issuer */

static void
fill_trusted(const StoReplayTopics *t, Values *v)
{
	values_begin(v);
	values_octets(v, true, t->token_id, STO_UUID_LEN);
	values_octets(v, true, t->issuer, STO_UUID_LEN);
	values_number(v, true, t->set_by);
	values_text(v, t->topics);
	values_name_number(v, "trusted issuer", t->set_by);
}

static bool
find_trusted(const StoReplay *replay, const Cursor *row, Values *v)
{
	static StoReplayTopics t;
	const uint8_t *token = cursor_octets(row, 0, STO_UUID_LEN);
	const uint8_t *issuer = cursor_octets(row, 1, STO_UUID_LEN);

	if (token == NULL || issuer == NULL || !sto_replay_find_trusted(replay, token, issuer, &t))
		return false;
	fill_trusted(&t, v);
	return true;
}

static bool
next_trusted(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayTopics t;

	if (!sto_replay_trusted(replay, at, &t))
		return false;
	fill_trusted(&t, v);
	return true;
}

/* sto.document, sto.acknowledgement */

static bool
next_document(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayDocument d;

	if (!sto_replay_document(replay, at, &d))
		return false;
	values_begin(v);
	values_number(v, true, d.document);
	values_number(v, d.replaced != 0, d.replaced);
	values_octets(v, true, d.token_id, STO_UUID_LEN);
	values_octets(v, true, d.hash, STO_DIGEST_LEN);
	values_bool(v, d.acknowledge);
	values_text(v, d.name);
	values_text(v, d.version);
	values_text(v, d.uri);
	values_text(v, d.reference);
	values_name_number(v, "document", d.document);
	return true;
}

static bool
next_acknowledgement(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayAcknowledgement a;

	if (!sto_replay_acknowledgement(replay, at, &a))
		return false;
	values_begin(v);
	values_number(v, true, a.event);
	values_number(v, true, a.document);
	values_octets(v, true, a.party_id, STO_UUID_LEN);
	values_octets(v, true, a.actor, STO_UUID_LEN);
	values_name_number(v, "acknowledgement", a.event);
	return true;
}

/* sto.party_members */

static void
fill_members(const StoReplayMembers *m, Values *v)
{
	values_begin(v);
	values_octets(v, true, m->party_id, STO_UUID_LEN);
	values_number(v, true, m->set_by);
	values_octets(v, true, m->nominee, STO_UUID_LEN);
	values_text(v, m->members);
	values_name_number(v, "joint holders", m->set_by);
}

static bool
find_members(const StoReplay *replay, const Cursor *row, Values *v)
{
	static StoReplayMembers m;
	const uint8_t *party = cursor_octets(row, 0, STO_UUID_LEN);

	if (party == NULL || !sto_replay_find_members(replay, party, &m))
		return false;
	fill_members(&m, v);
	return true;
}

static bool
next_members(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayMembers m;

	if (!sto_replay_members(replay, at, &m))
		return false;
	fill_members(&m, v);
	return true;
}

/* sto.four_eyes, sto.proposal */

static void
fill_four_eyes(const StoReplayFourEyes *f, Values *v)
{
	values_begin(v);
	values_octets(v, true, f->token_id, STO_UUID_LEN);
	values_number(v, true, f->set_by);
	values_text(v, f->acts);
	values_text(v, f->approvers);
	values_name_number(v, "acts with a second officer", f->set_by);
}

static bool
find_four_eyes(const StoReplay *replay, const Cursor *row, Values *v)
{
	static StoReplayFourEyes f;
	const uint8_t *token = cursor_octets(row, 0, STO_UUID_LEN);

	if (token == NULL || !sto_replay_find_four_eyes(replay, token, &f))
		return false;
	fill_four_eyes(&f, v);
	return true;
}

static bool
next_four_eyes(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayFourEyes f;

	if (!sto_replay_four_eyes(replay, at, &f))
		return false;
	fill_four_eyes(&f, v);
	return true;
}

static bool
next_proposal(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayProposal p;

	if (!sto_replay_proposal(replay, at, &p))
		return false;
	values_begin(v);
	values_number(v, true, p.opened);
	values_number(v, p.decided != 0, p.decided);
	values_number(v, p.used_by != 0, p.used_by);
	values_time(v, true, p.valid_until);
	values_octets(v, true, p.proposal_id, STO_UUID_LEN);
	values_octets(v, true, p.about, STO_UUID_LEN);
	values_octets(v, true, p.proposer, STO_UUID_LEN);
	values_octets(v, p.decided != 0, p.officer, STO_UUID_LEN);
	values_octets(v, true, p.body_hash, STO_DIGEST_LEN);
	values_octets(v, p.decided != 0, p.approved ? "\1" : "\0", 1);
	values_text(v, p.kind);
	values_text(v, p.act_body);
	values_name_number(v, "proposal", p.opened);
	return true;
}

/* Arrays are compared as JSON: names of topics have one way to be written in it. */
const Table identity_tables[] = {
	{"sto.capability", "party_id, capability, granted_by, granted", NULL, find_capability,
	 next_capability},
	{"sto.classification", "set_by, party_id, token_id, class, basis, valid_from, valid_to",
	 "set_by", NULL, next_class},
	{"sto.mandate", "party_id, representative, scope, set_by, basis, granted, valid_from, valid_to",
	 NULL, find_mandate, next_mandate},
	{"sto.beneficial_owner",
	 "party_id, owner, set_by, share::bigint, control, valid_from, valid_to", NULL, find_owner,
	 next_owner},
	{"sto.claim", "claim, revoked, valid_from, valid_to, party_id, issuer, topic, commitment",
	 "claim", NULL, next_claim},
	{"sto.token_topics", "set_by, token_id, pg_catalog.array_to_json(topics)::text, receiver_only",
	 "set_by", NULL, next_required},
	{"sto.trusted_issuer", "token_id, issuer, set_by, pg_catalog.array_to_json(topics)::text", NULL,
	 find_trusted, next_trusted},
	{"sto.document",
	 "document, replaced, token_id, hash, acknowledge, name, version, uri, reference", "document",
	 NULL, next_document},
	{"sto.acknowledgement", "event, document, party_id, actor", "event", NULL,
	 next_acknowledgement},
	{"sto.party_members", "party_id, set_by, nominee, pg_catalog.array_to_json(members)::text",
	 NULL, find_members, next_members},
	{"sto.four_eyes",
	 "token_id, set_by, pg_catalog.array_to_json(acts)::text, "
	 "pg_catalog.array_to_json(approvers)::text",
	 NULL, find_four_eyes, next_four_eyes},
	{"sto.proposal",
	 "opened, decided, used_by, valid_until, proposal_id, about, proposer, officer, body_hash, "
	 "approved, kind, act_body",
	 "opened", NULL, next_proposal},
	{NULL, NULL, NULL, NULL, NULL},
};
