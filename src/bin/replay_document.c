/*
 * replay_document.c
 *		Documents of tokens: handlers of their events, and whether who acquires a
 *		token for the first time has acknowledged them.
 */
#include "bin/replay_state.h"

#include <string.h>

#define NAME_MAX_LEN 200
#define VERSION_MAX_LEN 64
#define URI_MAX_LEN 1000

/* The present version of that name takes leave of its token's list. */
static void
replace_version(StoReplay *r, Token *token, const char *name, int64_t event)
{
	Document *row;

	for (uint32_t *at = &token->documents; *at != 0; at = &row->next)
	{
		row = sto_pool_at(&r->documents, *at);
		if (strcmp(sto_text_at(&r->texts, row->name), name) != 0)
			continue;
		row->replaced = event;
		*at = row->next;
		return;
	}
}

void
sto_fold_vet_document(const Act *act)
{
	const StoBody *body = &act->body;

	(void) sto_fold_line(act, body->value[STO_F_NAME].text, "name", NAME_MAX_LEN);
	(void) sto_fold_line(act, body->value[STO_F_VERSION].text, "version", VERSION_MAX_LEN);
	(void) sto_fold_line(act, body->value[STO_F_URI].text, "uri", URI_MAX_LEN);
	if (STO_BODY_HAS(body, STO_F_REFERENCE))
		(void) sto_fold_line(act, body->value[STO_F_REFERENCE].text, "reference", NAME_MAX_LEN);
}

bool
sto_fold_document_new(Act *act)
{
	StoReplay *r = act->r;
	const StoBody *body = &act->body;
	const char *name = body->value[STO_F_NAME].text;
	Token *token = sto_pool_at(&r->tokens, act->subject->row);
	uint32_t number;
	Document *row;

	sto_fold_vet_document(act);
	row = sto_fold_document_add(r, act->event->entry_id, &number);
	if (row == NULL)
		return sto_fold_stop(r, act->event->entry_id, "there is no memory");
	replace_version(r, token, name, act->event->entry_id);
	row->token = act->subject->row;
	row->next = token->documents;
	token->documents = number;
	row->acknowledge = body->value[STO_F_ACKNOWLEDGE].flag;
	memcpy(row->hash, body->value[STO_F_HASH].octets, STO_DIGEST_LEN);
	return sto_fold_text(act, STO_F_NAME, &row->name) &&
		   sto_fold_text(act, STO_F_VERSION, &row->version) &&
		   sto_fold_text(act, STO_F_URI, &row->uri) &&
		   sto_fold_text(act, STO_F_REFERENCE, &row->reference);
}

bool
sto_fold_acknowledge(Act *act)
{
	StoReplay *r = act->r;
	long long id = act->body.value[STO_F_DOCUMENT].integer;
	uint32_t document;
	Acknowledgement *row;

	if (sto_fold_document(r, id, &document) == NULL)
	{
		sto_fold_refuse(act, STO_CHECK_RULE, "there is no document %lld", id);
		return true;
	}
	if (sto_fold_acknowledgement(r, act->subject->row, document) != NULL)
	{
		sto_fold_refuse(act, STO_CHECK_RULE, "document %lld was acknowledged before", id);
		return true;
	}
	row = sto_fold_acknowledgement_add(r, act->subject->row, document);
	if (row == NULL)
		return sto_fold_stop(r, act->event->entry_id, "there is no memory");
	row->event = act->event->entry_id;
	memcpy(row->actor, act->event->actor, STO_UUID_LEN);
	return true;
}

/* Had any wallet of the credit wallet's party the token before this entry? */
static bool
had_token(const Posting *p)
{
	const StoReplay *r = p->r;
	const Position *position;
	const Wallet *wallet;

	/* nothing but a credit can be the first entry of a holder's position */
	for (uint32_t i = ((const Party *) sto_pool_at(&r->parties, p->credit->party))->wallets; i != 0;
		 i = wallet->next)
	{
		wallet = sto_pool_at(&r->wallets, i);
		position = sto_fold_position(r, i, p->token_row, NULL);
		if (position != NULL && position->seq > 0)
			return true;
	}
	return false;
}

void
sto_fold_unacknowledged(const Posting *p)
{
	const StoReplay *r = p->r;
	const Document *row;

	/* its own documents an issuer knows; and most have had the token in the same wallet */
	if (p->credit->party == p->token->issuer || (p->credit_pos != NULL && p->credit_pos->seq > 0))
		return;
	for (uint32_t i = p->token->documents; i != 0; i = row->next)
	{
		row = sto_pool_at(&r->documents, i);
		if (!row->acknowledge || sto_fold_acknowledgement(r, p->credit->party, i) != NULL)
			continue;
		if (had_token(p))
			return;
		sto_fold_bad(p, STO_CHECK_ELIGIBLE,
					 "the receiver had not acknowledged document %lld of the token",
					 (long long) row->document);
	}
}
