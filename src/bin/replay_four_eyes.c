/*
 * replay_four_eyes.c
 *		Second officers: handlers of their events, and whether each act that
 *		needed one had an approved proposal.
 */
#include "bin/replay_state.h"

#include "core/hash.h"

#include <string.h>

/* The body's lists; what is wrong with them is reported if wanted, and left out. */
static void
read_lists(const Act *act, bool report, StoFourEyes *out)
{
	const StoBodyTexts *acts = &act->body.value[STO_F_ACTS].texts;
	const StoBodyTexts *approvers = &act->body.value[STO_F_APPROVERS].texts;
	const char *why;

	memset(out, 0, sizeof(*out));
	for (int i = 0; i < acts->count; i++)
		if ((why = sto_four_eyes_add_act(out, sto_body_item(acts, i))) != NULL && report)
			sto_fold_refuse(act, STO_CHECK_BODY, "act \"%.40s\" %s", sto_body_item(acts, i), why);
	for (int i = 0; i < approvers->count; i++)
	{
		uint8_t uuid[STO_UUID_LEN];

		sto_body_uuid(approvers, i, uuid);
		if ((why = sto_four_eyes_add_approver(out, uuid)) != NULL && report)
			sto_fold_refuse(act, STO_CHECK_BODY, "approver %s %s", sto_body_item(approvers, i),
							why);
	}
	if ((why = sto_four_eyes_check(out)) != NULL && report)
		sto_fold_refuse(act, STO_CHECK_BODY, "%s", why);
}

static bool
is_other(const Act *act, const uint8_t *approver)
{
	if (memcmp(approver, act->event->actor, STO_UUID_LEN) != 0)
		return true;
	sto_fold_refuse(act, STO_CHECK_AUTHORITY, "the token's issuer is its own second officer");
	return false;
}

static void
check_approver(const Act *act, const uint8_t *approver)
{
	uint32_t number = sto_fold_named_party(act, approver);

	if (is_other(act, approver) && number != 0 &&
		((const Party *) sto_pool_at(&act->r->parties, number))->policy == 0)
		sto_fold_refuse(act, STO_CHECK_AUTHORITY, "a second officer has no keys to sign with");
}

/* The newest of a token rules. */
bool
sto_fold_four_eyes(Act *act)
{
	StoReplay *r = act->r;
	Token *token = sto_pool_at(&r->tokens, act->subject->row);
	FourEyesRow *row;

	if (token->four_eyes == 0 && sto_pool_add(&r->four_eyes, &token->four_eyes) == NULL)
		return sto_fold_stop(r, act->event->entry_id, "there is no memory");
	row = sto_pool_at(&r->four_eyes, token->four_eyes);
	row->set_by = act->event->entry_id;
	row->token = act->subject->row;
	read_lists(act, true, &row->lists);
	for (int i = 0; i < row->lists.approver_count; i++)
		check_approver(act, row->lists.approvers[i]);
	return true;
}

static bool
hash_text(const Act *act, const char *text, size_t len, uint8_t hash[STO_DIGEST_LEN])
{
	return sto_sha256(text, len, hash) ||
		   sto_fold_stop(act->r, act->event->entry_id, "OpenSSL failed to hash");
}

/* What no register lets an act of that kind say. */
static void
vet(const Act *proposed, StoBodyKind kind)
{
	StoFourEyes lists;

	switch (kind)
	{
		case STO_BODY_FOUR_EYES:
			read_lists(proposed, true, &lists);
			/* nobody but the issuer proposes */
			for (int i = 0; i < lists.approver_count; i++)
				(void) is_other(proposed, lists.approvers[i]);
			break;
		case STO_BODY_RULE_SET:
			sto_fold_vet_rule_set(proposed);
			break;
		case STO_BODY_PARTY_LIST:
			sto_fold_vet_party_list(proposed);
			break;
		case STO_BODY_TOKEN_TERMS:
			sto_fold_vet_terms(proposed);
			break;
		case STO_BODY_TOKEN_POLICY:
			sto_fold_vet_policy(proposed);
			break;
		case STO_BODY_TOKEN_STATUS:
			(void) sto_fold_status(proposed);
			break;
		case STO_BODY_TOKEN_TOPICS:
		case STO_BODY_TRUSTED_ISSUER:
			sto_fold_vet_topics(proposed);
			break;
		case STO_BODY_TOKEN_PAUSE:
			sto_fold_vet_basis(proposed);
			break;
		case STO_BODY_DOCUMENT:
			sto_fold_vet_document(proposed);
			break;
		case STO_BODY_REDEMPTION_TERMS:
			sto_fold_vet_redemption(proposed);
			break;
		default:
			break;
	}
}

/* What officers are asked is an act as it will stand in the log. */
static void
check_proposed(const Act *act)
{
	const char *kind = act->body.value[STO_F_KIND].text;
	const char *json = act->body.value[STO_F_ACT_BODY].text;
	StoEvent event = *act->event;
	Act proposed = {.r = act->r, .event = &event};
	StoBodyKind parsed;
	char why[STO_BODY_WHY_MAX];

	if (!sto_body_kind(kind, strlen(kind), &parsed))
	{
		sto_fold_refuse(act, STO_CHECK_BODY, "unknown kind of event \"%.40s\"", kind);
		return;
	}
	event.body = json;
	event.body_len = strlen(json);
	if (!sto_body_parse(parsed, json, strlen(json), &proposed.body, why))
		sto_fold_refuse(act, STO_CHECK_BODY, "what it proposes is no %s event: %s", kind, why);
	else
		vet(&proposed, parsed);
	sto_body_free(&proposed.body);
}

bool
sto_fold_proposal_new(Act *act)
{
	StoReplay *r = act->r;
	const StoBody *body = &act->body;
	const char *kind = body->value[STO_F_KIND].text;
	int place = sto_four_eyes_place(kind, strlen(kind));
	uint32_t about;
	uint32_t number;
	Token *token = sto_fold_token(r, body->value[STO_F_ABOUT].octets, &about);
	Proposal *row;

	if (token == NULL || place < 0)
	{
		if (place < 0)
			sto_fold_refuse(act, STO_CHECK_BODY,
							"\"%.40s\" is not a kind of act that can need a second officer", kind);
		act->subject->kind = 0; /* about nothing: no officer can decide it */
		return true;
	}
	check_proposed(act);
	row = sto_pool_add(&r->proposals, &number);
	if (row == NULL)
		return sto_fold_stop(r, act->event->entry_id, "there is no memory");
	act->subject->row = number;
	(void) sto_fold_subject(r, act->event->subject, &row->subject);
	row->opened = act->event->entry_id;
	row->valid_until = body->value[STO_F_VALID_UNTIL].integer;
	row->token = about;
	row->next = token->proposals;
	token->proposals = number;
	row->act = (uint8_t) place;
	memcpy(row->proposer, act->event->actor, STO_UUID_LEN);
	if (row->valid_until <= act->event->recorded_at)
		sto_fold_refuse(act, STO_CHECK_RULE, "\"valid_until\" had passed already");
	return sto_fold_text(act, STO_F_ACT_BODY, &row->act_body) &&
		   hash_text(act, body->value[STO_F_ACT_BODY].text,
					 strlen(body->value[STO_F_ACT_BODY].text), row->body_hash);
}

/* What rules for a token; nothing if it never said. */
static StoFourEyes
lists_of(const StoReplay *r, const Token *token)
{
	if (token->four_eyes == 0)
		return (StoFourEyes){0};
	return ((const FourEyesRow *) sto_pool_at(&r->four_eyes, token->four_eyes))->lists;
}

/* A second officer says yes or no; the proposer may only take it back.  A refusal ends it. */
bool
sto_fold_approve(Act *act)
{
	StoReplay *r = act->r;
	Proposal *row = sto_pool_at(&r->proposals, act->subject->row);
	StoFourEyes now = lists_of(r, sto_pool_at(&r->tokens, row->token));
	bool approved = act->body.value[STO_F_APPROVED].flag;
	bool proposer = memcmp(act->event->actor, row->proposer, STO_UUID_LEN) == 0;

	if (proposer ? approved : !sto_four_eyes_is_approver(&now, act->event->actor))
		sto_fold_refuse(act, STO_CHECK_AUTHORITY, "its actor is no second officer of the token");
	else if (row->used_by != 0)
		sto_fold_refuse(act, STO_CHECK_RULE, "the proposal was used by event %lld",
						(long long) row->used_by);
	else if (row->decided != 0 && !row->approved)
		sto_fold_refuse(act, STO_CHECK_RULE, "the proposal was refused or withdrawn before");
	else if (row->valid_until <= act->event->recorded_at)
		sto_fold_refuse(act, STO_CHECK_RULE, "the proposal had expired");
	else
	{
		row->decided = act->event->entry_id;
		row->approved = approved;
		memcpy(row->officer, act->event->actor, STO_UUID_LEN);
	}
	return true;
}

/* The oldest proposal of this act that was approved, in time, and not used; NULL: none. */
static Proposal *
find_proposal(const Act *act, const Token *token, const StoFourEyes *now, int place,
			  const uint8_t *hash)
{
	Proposal *found = NULL;
	Proposal *row;

	for (uint32_t i = token->proposals; i != 0; i = row->next)
	{
		row = sto_pool_at(&act->r->proposals, i);
		if (row->act == place && memcmp(row->body_hash, hash, STO_DIGEST_LEN) == 0 &&
			row->approved && row->used_by == 0 && row->valid_until > act->event->recorded_at &&
			sto_four_eyes_is_approver(now, row->officer))
			found = row;
	}
	return found;
}

bool
sto_fold_second_officer(Act *act)
{
	StoReplay *r = act->r;
	int place = sto_four_eyes_place(act->event->kind, act->event->kind_len);
	bool itself = act->body.kind == STO_BODY_FOUR_EYES;
	uint8_t hash[STO_DIGEST_LEN];
	const Token *token;
	StoFourEyes now;
	StoFourEyes next;
	Proposal *proposal;

	if (place < 0)
		return true;
	token = sto_pool_at(&r->tokens, act->subject->row);
	/* an issuer binds himself, not an enforcer who pauses his token */
	if (act->actor_party != sto_pool_at(&r->parties, token->issuer))
		return true;
	now = lists_of(r, token);
	if (itself)
		read_lists(act, false, &next);
	if (!sto_four_eyes_needed(&now, place, itself ? &next : NULL))
		return true;
	if (!hash_text(act, act->event->body, act->event->body_len, hash))
		return false;
	proposal = find_proposal(act, token, &now, place, hash);
	if (proposal == NULL)
		sto_fold_refuse(act, STO_CHECK_AUTHORITY,
						"it needs a second officer, and no proposal of exactly this act was "
						"approved, in time and unused");
	else
		proposal->used_by = act->event->entry_id;
	return true;
}
