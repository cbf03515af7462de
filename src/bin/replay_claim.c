/*
 * replay_claim.c
 *		Handlers of events about claims: who attests what, which topics a token
 *		requires, and whose claims it trusts.
 */
#include "bin/replay_state.h"

#include <string.h>

#define REASON_MAX_LEN 1000

/* Its number; 0: no topic, which is reported, or no memory, and then the replay stops. */
static uint32_t
read_topic(const Act *act, const char *name)
{
	size_t len = strlen(name);
	uint32_t topic;

	if (len == 0 || len > TOPIC_MAX || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != len)
	{
		sto_fold_refuse(act, STO_CHECK_BODY, "topic \"%.80s\" is not 1 to %d of a-z, 0-9 and _",
						name, TOPIC_MAX);
		return 0;
	}
	topic = sto_fold_topic(act->r, name);
	if (topic == 0)
		(void) sto_fold_stop(act->r, act->event->entry_id, "there is no memory");
	return topic;
}

/* The body's topics; what isn't one is left out. */
static void
read_topics(const Act *act, TopicList *list)
{
	const StoBodyTexts *texts = &act->body.value[STO_F_TOPICS].texts;

	list->count = 0;
	if (texts->count > TOPICS_MAX)
		sto_fold_refuse(act, STO_CHECK_BODY, "\"topics\" has more than %d items", TOPICS_MAX);
	for (int i = 0; i < texts->count && i < TOPICS_MAX; i++)
	{
		uint32_t topic = read_topic(act, sto_body_item(texts, i));

		for (uint32_t j = 0; j < list->count; j++)
			if (topic == list->topics[j])
			{
				sto_fold_refuse(act, STO_CHECK_BODY, "topic \"%s\" stands twice",
								sto_body_item(texts, i));
				topic = 0;
			}
		if (topic != 0)
			list->topics[list->count++] = topic;
	}
}

void
sto_fold_vet_topics(const Act *act)
{
	TopicList list;

	read_topics(act, &list);
}

bool
sto_fold_claim_new(Act *act)
{
	StoReplay *r = act->r;
	const StoBody *body = &act->body;
	Party *party = sto_pool_at(&r->parties, act->subject->row);
	Period period = sto_fold_period(act);
	uint32_t topic = read_topic(act, body->value[STO_F_TOPIC].text);
	uint32_t issuer;
	uint32_t number;
	Claim *row;

	/* without topic or issuer it can't count for anything */
	if (topic == 0 || sto_fold_party(r, act->event->actor, &issuer) == NULL)
		return !r->broken;
	row = sto_fold_claim_add(r, act->event->entry_id, &number);
	if (row == NULL)
		return sto_fold_stop(r, act->event->entry_id, "there is no memory");
	row->period = period;
	row->party = act->subject->row;
	row->issuer = issuer;
	row->topic = topic;
	row->next = party->claims;
	party->claims = number;
	memcpy(row->commitment, body->value[STO_F_COMMITMENT].octets, STO_DIGEST_LEN);
	return sto_fold_rules_claim(act, row);
}

/* By whoever made the claim, even if it lost the capability since. */
bool
sto_fold_claim_revoke(Act *act)
{
	StoReplay *r = act->r;
	long long id = act->body.value[STO_F_CLAIM].integer;
	Claim *claim = sto_fold_claim(r, id);

	(void) sto_fold_line(act, act->body.value[STO_F_REASON].text, "reason", REASON_MAX_LEN);
	if (claim == NULL)
		sto_fold_refuse(act, STO_CHECK_RULE, "there is no claim %lld", id);
	else if (claim->party != act->subject->row)
		sto_fold_refuse(act, STO_CHECK_RULE, "claim %lld is about another party", id);
	else if (act->actor_party != sto_pool_at(&r->parties, claim->issuer))
		sto_fold_refuse(act, STO_CHECK_AUTHORITY, "claim %lld was made by another party", id);
	else if (claim->revoked != 0)
		sto_fold_refuse(act, STO_CHECK_RULE, "claim %lld was revoked before", id);
	else
	{
		claim->revoked = act->event->entry_id;
		return sto_fold_rules_claim_revoke(act, claim);
	}
	return true;
}

bool
sto_fold_token_topics(Act *act)
{
	StoReplay *r = act->r;
	Token *token = sto_pool_at(&r->tokens, act->subject->row);
	uint32_t number;
	Required *row = sto_pool_add(&r->required, &number);

	if (row == NULL)
		return sto_fold_stop(r, act->event->entry_id, "there is no memory");
	row->set_by = act->event->entry_id;
	row->token = act->subject->row;
	row->receiver_only =
		!STO_BODY_HAS(&act->body, STO_F_RECEIVER_ONLY) || act->body.value[STO_F_RECEIVER_ONLY].flag;
	read_topics(act, &row->list);
	token->required = row->list.count == 0 ? 0 : number;
	token->receiver_only = row->receiver_only;
	return !r->broken;
}

Trusted *
sto_fold_trusted(const StoReplay *r, const Token *token, const uint8_t *issuer)
{
	Trusted *row;

	for (uint32_t at = token->trusted; at != 0; at = row->next)
	{
		row = sto_pool_at(&r->trusted, at);
		if (memcmp(row->issuer, issuer, STO_UUID_LEN) == 0)
			return row;
	}
	return NULL;
}

/* For no topics: not trusted any more; then it need not even be a party. */
bool
sto_fold_trusted_issuer(Act *act)
{
	StoReplay *r = act->r;
	Token *token = sto_pool_at(&r->tokens, act->subject->row);
	const uint8_t *issuer = act->body.value[STO_F_ISSUER].octets;
	const Party *party = sto_fold_party(r, issuer, NULL);
	Trusted *row = sto_fold_trusted(r, token, issuer);
	uint32_t number;

	if (act->body.value[STO_F_TOPICS].texts.count > 0 &&
		(party == NULL || (party->capabilities & (1u << CAPABILITY_CLAIM_ISSUER)) == 0))
		sto_fold_refuse(act, STO_CHECK_RULE,
						"the issuer of claims is not a party with the capability claim_issuer");
	if (row == NULL)
	{
		row = sto_pool_add(&r->trusted, &number);
		if (row == NULL)
			return sto_fold_stop(r, act->event->entry_id, "there is no memory");
		row->token = act->subject->row;
		row->next = token->trusted;
		token->trusted = number;
		memcpy(row->issuer, issuer, STO_UUID_LEN);
	}
	row->set_by = act->event->entry_id;
	read_topics(act, &row->list);
	return !r->broken;
}
