/*
 * replay_list_identity.c
 *		What a replay knows of parties beyond their register, row by row, to be
 *		compared with a database's tables.
 */
#include "bin/replay_state.h"

#include <stdio.h>
#include <string.h>

#define ROW(pool, number) sto_pool_at(&r->pool, number)
#define TEXT(place) sto_text_at(&r->texts, place)

_Static_assert(STO_FOUR_EYES_APPROVERS *(STO_UUID_TEXT_LEN + 3) + 2 < STO_REPLAY_UUIDS_MAX,
			   "a list of approvers fits");
_Static_assert(TOPICS_MAX *(TOPIC_MAX + 3) + 2 < STO_REPLAY_TOPICS_MAX, "a list of topics fits");

/* The row after *at, or NULL at the pool's end. */
static const void *
next_row(const StoPool *pool, size_t *at)
{
	if (*at >= pool->count)
		return NULL;
	return sto_pool_at(pool, (uint32_t)++ * at);
}

static void
put_party(const StoReplay *r, uint32_t party, uint8_t out[STO_UUID_LEN])
{
	memcpy(out, ((const Party *) ROW(parties, party))->uuid, STO_UUID_LEN);
}

static void
put_token(const StoReplay *r, uint32_t token, uint8_t out[STO_UUID_LEN])
{
	memcpy(out, ((const Token *) ROW(tokens, token))->uuid, STO_UUID_LEN);
}

StoReplayPeriod
sto_fold_show_period(const Period *p)
{
	return (StoReplayPeriod){p->has_from, p->has_to, p->from, p->to};
}

bool
sto_replay_class(const StoReplay *r, size_t *at, StoReplayClass *out)
{
	const Classification *row = next_row(&r->classifications, at);

	if (row == NULL)
		return false;
	out->set_by = row->set_by;
	put_party(r, row->party, out->party_id);
	out->has_token = row->token != 0;
	if (out->has_token)
		put_token(r, row->token, out->token_id);
	out->class = sto_fold_classes[row->class];
	out->basis = TEXT(row->basis);
	out->period = sto_fold_show_period(&row->period);
	return true;
}

static bool
show_mandate(const StoReplay *r, const Mandate *row, StoReplayMandate *out)
{
	if (row == NULL)
		return false;
	out->set_by = row->set_by;
	put_party(r, row->party, out->party_id);
	memcpy(out->representative, row->representative, STO_UUID_LEN);
	out->scope = sto_fold_scopes[row->scope];
	out->basis = sto_fold_mandate_bases[row->basis];
	out->granted = row->granted;
	out->period = sto_fold_show_period(&row->period);
	return true;
}

bool
sto_replay_mandate(const StoReplay *r, size_t *at, StoReplayMandate *out)
{
	return show_mandate(r, next_row(&r->mandates, at), out);
}

bool
sto_replay_find_mandate(const StoReplay *r, const uint8_t party_id[STO_UUID_LEN],
						const uint8_t representative[STO_UUID_LEN], const char *scope,
						StoReplayMandate *out)
{
	uint32_t party;

	if (sto_fold_party(r, party_id, &party) == NULL)
		return false;
	return show_mandate(r,
						sto_fold_mandate(r, party, representative,
										 (uint8_t) sto_fold_place(scope, sto_fold_scopes)),
						out);
}

static bool
show_owner(const StoReplay *r, const Owner *row, StoReplayOwner *out)
{
	if (row == NULL)
		return false;
	out->set_by = row->set_by;
	put_party(r, row->party, out->party_id);
	memcpy(out->owner, row->owner, STO_UUID_LEN);
	out->share = row->share;
	out->control = row->control;
	out->period = sto_fold_show_period(&row->period);
	return true;
}

bool
sto_replay_owner(const StoReplay *r, size_t *at, StoReplayOwner *out)
{
	return show_owner(r, next_row(&r->owners, at), out);
}

bool
sto_replay_find_owner(const StoReplay *r, const uint8_t party_id[STO_UUID_LEN],
					  const uint8_t owner[STO_UUID_LEN], StoReplayOwner *out)
{
	uint32_t party;

	return sto_fold_party(r, party_id, &party) != NULL &&
		   show_owner(r, sto_fold_owner(r, party, owner), out);
}

bool
sto_replay_claim(const StoReplay *r, size_t *at, StoReplayClaim *out)
{
	const Claim *row = next_row(&r->claims, at);

	if (row == NULL)
		return false;
	out->claim = row->claim;
	out->revoked = row->revoked;
	put_party(r, row->party, out->party_id);
	put_party(r, row->issuer, out->issuer);
	out->topic = ((const Topic *) ROW(topics, row->topic))->name;
	memcpy(out->commitment, row->commitment, STO_DIGEST_LEN);
	out->period = sto_fold_show_period(&row->period);
	return true;
}

static void
print_topics(const StoReplay *r, const TopicList *list, char out[STO_REPLAY_TOPICS_MAX])
{
	size_t len = 0;

	out[len++] = '[';
	for (uint32_t i = 0; i < list->count; i++)
		len +=
			(size_t) snprintf(out + len, STO_REPLAY_TOPICS_MAX - len, "%s\"%s\"", i > 0 ? "," : "",
							  ((const Topic *) ROW(topics, list->topics[i]))->name);
	snprintf(out + len, STO_REPLAY_TOPICS_MAX - len, "]");
}

bool
sto_replay_required(const StoReplay *r, size_t *at, StoReplayTopics *out)
{
	const Required *row = next_row(&r->required, at);

	if (row == NULL)
		return false;
	out->set_by = row->set_by;
	put_token(r, row->token, out->token_id);
	out->receiver_only = row->receiver_only;
	print_topics(r, &row->list, out->topics);
	return true;
}

static bool
show_trusted(const StoReplay *r, const Trusted *row, StoReplayTopics *out)
{
	if (row == NULL)
		return false;
	out->set_by = row->set_by;
	put_token(r, row->token, out->token_id);
	memcpy(out->issuer, row->issuer, STO_UUID_LEN);
	print_topics(r, &row->list, out->topics);
	return true;
}

bool
sto_replay_trusted(const StoReplay *r, size_t *at, StoReplayTopics *out)
{
	return show_trusted(r, next_row(&r->trusted, at), out);
}

bool
sto_replay_find_trusted(const StoReplay *r, const uint8_t token_id[STO_UUID_LEN],
						const uint8_t issuer[STO_UUID_LEN], StoReplayTopics *out)
{
	const Token *token = sto_fold_token(r, token_id, NULL);

	return token != NULL && show_trusted(r, sto_fold_trusted(r, token, issuer), out);
}

bool
sto_replay_document(const StoReplay *r, size_t *at, StoReplayDocument *out)
{
	const Document *row = next_row(&r->documents, at);

	if (row == NULL)
		return false;
	out->document = row->document;
	out->replaced = row->replaced;
	put_token(r, row->token, out->token_id);
	memcpy(out->hash, row->hash, STO_DIGEST_LEN);
	out->acknowledge = row->acknowledge;
	out->name = TEXT(row->name);
	out->version = TEXT(row->version);
	out->uri = TEXT(row->uri);
	out->reference = TEXT(row->reference);
	return true;
}

bool
sto_replay_acknowledgement(const StoReplay *r, size_t *at, StoReplayAcknowledgement *out)
{
	const Acknowledgement *row = next_row(&r->acknowledgements, at);

	if (row == NULL)
		return false;
	out->event = row->event;
	out->document = ((const Document *) ROW(documents, row->document))->document;
	put_party(r, row->party, out->party_id);
	memcpy(out->actor, row->actor, STO_UUID_LEN);
	return true;
}

static void
print_uuids(const uint8_t (*uuids)[STO_UUID_LEN], uint32_t count, char out[STO_REPLAY_UUIDS_MAX])
{
	char text[STO_UUID_TEXT_LEN + 1];
	size_t len = 0;

	out[len++] = '[';
	for (uint32_t i = 0; i < count; i++)
		len += (size_t) snprintf(out + len, STO_REPLAY_UUIDS_MAX - len, "%s\"%s\"",
								 i > 0 ? "," : "", sto_fold_uuid(uuids[i], text));
	snprintf(out + len, STO_REPLAY_UUIDS_MAX - len, "]");
}

static bool
show_members(const StoReplay *r, const Members *row, StoReplayMembers *out)
{
	if (row == NULL)
		return false;
	out->set_by = row->set_by;
	put_party(r, row->party, out->party_id);
	memcpy(out->nominee, row->nominee, STO_UUID_LEN);
	print_uuids(row->members, row->count, out->members);
	return true;
}

bool
sto_replay_members(const StoReplay *r, size_t *at, StoReplayMembers *out)
{
	return show_members(r, next_row(&r->members, at), out);
}

bool
sto_replay_find_members(const StoReplay *r, const uint8_t party_id[STO_UUID_LEN],
						StoReplayMembers *out)
{
	const Party *party = sto_fold_party(r, party_id, NULL);

	return party != NULL && party->members != 0 &&
		   show_members(r, ROW(members, party->members), out);
}

static bool
show_four_eyes(const StoReplay *r, const FourEyesRow *row, StoReplayFourEyes *out)
{
	const StoFourEyes *f;
	size_t len = 0;

	if (row == NULL)
		return false;
	f = &row->lists;
	out->set_by = row->set_by;
	put_token(r, row->token, out->token_id);
	for (int i = 0; i < f->act_count; i++)
		len += (size_t) snprintf(out->acts + len, sizeof(out->acts) - len, "%s\"%s\"",
								 i > 0 ? "," : "[", sto_four_eyes_kind(f->acts[i]));
	snprintf(out->acts + len, sizeof(out->acts) - len, len > 0 ? "]" : "[]");
	print_uuids(f->approvers, f->approver_count, out->approvers);
	return true;
}

bool
sto_replay_four_eyes(const StoReplay *r, size_t *at, StoReplayFourEyes *out)
{
	return show_four_eyes(r, next_row(&r->four_eyes, at), out);
}

bool
sto_replay_find_four_eyes(const StoReplay *r, const uint8_t token_id[STO_UUID_LEN],
						  StoReplayFourEyes *out)
{
	const Token *token = sto_fold_token(r, token_id, NULL);

	return token != NULL && token->four_eyes != 0 &&
		   show_four_eyes(r, ROW(four_eyes, token->four_eyes), out);
}

bool
sto_replay_proposal(const StoReplay *r, size_t *at, StoReplayProposal *out)
{
	const Proposal *row = next_row(&r->proposals, at);

	if (row == NULL)
		return false;
	out->opened = row->opened;
	out->decided = row->decided;
	out->used_by = row->used_by;
	out->valid_until = row->valid_until;
	out->approved = row->approved;
	memcpy(out->proposal_id, sto_fold_uuid_of(r, row->subject), STO_UUID_LEN);
	put_token(r, row->token, out->about);
	memcpy(out->proposer, row->proposer, STO_UUID_LEN);
	memcpy(out->officer, row->officer, STO_UUID_LEN);
	memcpy(out->body_hash, row->body_hash, STO_DIGEST_LEN);
	out->kind = sto_four_eyes_kind(row->act);
	out->act_body = TEXT(row->act_body);
	return true;
}
