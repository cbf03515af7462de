/*
 * replay_token.c
 *		Handlers of events about tokens.
 */
#include "bin/replay_state.h"

#include "core/amount.h"
#include "core/identifiers.h"

#include <string.h>

#define TOKEN_NAME_MAX 200
#define ROLE_MAX 63
#define DECIMALS_MAX 18

/* Keep an optional code that has a check of its own. */
static bool
keep_code(Act *act, StoBodyField field, const char *(*check)(const char *, size_t),
		  const char *name, uint32_t *place)
{
	sto_fold_code(act, field, check, name);
	return sto_fold_text(act, field, place);
}

static void
set_authorised(const Act *act, Token *token)
{
	token->has_authorised = STO_BODY_HAS(&act->body, STO_F_AUTHORISED);
	token->authorised = act->body.value[STO_F_AUTHORISED].amount;
	if (token->has_authorised && token->authorised <= 0)
		sto_fold_refuse(act, STO_CHECK_BODY, "\"authorised\" must be above zero, or null");
}

void
sto_fold_vet_terms(const Act *act)
{
	Token none = {0};

	set_authorised(act, &none);
}

void
sto_fold_vet_policy(const Act *act)
{
	const char *role = act->body.value[STO_F_UNSIGNED_ROLE].text;

	if (STO_BODY_HAS(&act->body, STO_F_UNSIGNED_ROLE) &&
		(role[0] == '\0' || strlen(role) > ROLE_MAX))
		sto_fold_refuse(act, STO_CHECK_BODY, "\"unsigned_role\" must have 1 to %d octets",
						ROLE_MAX);
}

static bool
set_unsigned_role(Act *act, Token *token)
{
	sto_fold_vet_policy(act);
	return sto_fold_text(act, STO_F_UNSIGNED_ROLE, &token->unsigned_role);
}

static void
check_body(const Act *act)
{
	static const char *const kinds[] = {"share", "bond", "fund_unit", "cash", NULL};
	const StoBody *body = &act->body;
	const char *kind = body->value[STO_F_KIND].text;
	const char *name = body->value[STO_F_NAME].text;

	if (kinds[sto_fold_place(kind, kinds)] == NULL)
		sto_fold_refuse(act, STO_CHECK_BODY, "there is no kind of token \"%.40s\"", kind);
	if (name[0] == '\0' || strlen(name) > TOKEN_NAME_MAX)
		sto_fold_refuse(act, STO_CHECK_BODY, "\"name\" must have 1 to %d octets", TOKEN_NAME_MAX);
	if (body->value[STO_F_DECIMALS].integer < 0 ||
		body->value[STO_F_DECIMALS].integer > DECIMALS_MAX)
		sto_fold_refuse(act, STO_CHECK_BODY, "\"decimals\" must be from 0 to %d", DECIMALS_MAX);
	if (strcmp(kind, "cash") == 0 && !STO_BODY_HAS(body, STO_F_CURRENCY))
		sto_fold_refuse(act, STO_CHECK_BODY, "a cash token needs its \"currency\"");
}

static bool
keep_texts(Act *act, Token *token)
{
	return sto_fold_text(act, STO_F_KIND, &token->kind) &&
		   sto_fold_text(act, STO_F_NAME, &token->name) &&
		   keep_code(act, STO_F_ISIN, sto_isin_check, "isin", &token->isin) &&
		   keep_code(act, STO_F_CFI, sto_cfi_check, "cfi", &token->cfi) &&
		   keep_code(act, STO_F_DTI, sto_dti_check, "dti", &token->dti) &&
		   keep_code(act, STO_F_CURRENCY, sto_currency_check, "currency", &token->currency) &&
		   set_unsigned_role(act, token);
}

/* The wallet from which units are issued and to which they are redeemed. */
static bool
add_issuance_wallet(Act *act, Token *token, uint32_t number)
{
	uint8_t address[STO_ADDRESS_LEN];
	Wallet *wallet;

	if (!sto_wallet_address(act->r->ledger_id, act->event->subject, address))
		return sto_fold_stop(act->r, act->event->entry_id, "OpenSSL failed to hash");
	wallet = sto_fold_wallet_add(act->r, address, &token->issuance);
	if (wallet == NULL)
		return sto_fold_stop(act->r, act->event->entry_id, "there is no memory");
	wallet->registered = act->event->entry_id;
	wallet->party = token->issuer;
	wallet->issues = number;
	wallet->subject = token->subject;
	wallet->active = true;
	memcpy(wallet->salt, act->body.value[STO_F_SALT].octets, STO_DIGEST_LEN);
	return sto_texts_add(&act->r->texts, "issuance", 8, &wallet->kind) ||
		   sto_fold_stop(act->r, act->event->entry_id, "there is no memory");
}

/* A token; its actor becomes its issuer. */
bool
sto_fold_token_new(Act *act)
{
	StoReplay *r = act->r;
	uint32_t number;
	Token *token;
	bool is_new = true;

	if (act->actor_party == NULL)
	{
		act->subject->kind =
			0; /* nobody's token, which was reported: nothing can be done with it */
		return true;
	}
	token = sto_pool_add(&r->tokens, &number);
	if (token == NULL)
		return sto_fold_stop(r, act->event->entry_id, "there is no memory");
	check_body(act);
	act->subject->row = number;
	token->registered = act->event->entry_id;
	token->record = r->counts.records - 1;
	token->decimals = (uint8_t) act->body.value[STO_F_DECIMALS].integer;
	token->active = token->receiver_only = true;
	memcpy(token->uuid, act->event->subject, STO_UUID_LEN);
	(void) sto_fold_subject(r, act->event->subject, &token->subject);
	(void) sto_fold_party(r, act->event->actor, &token->issuer);
	set_authorised(act, token);
	if (!keep_texts(act, token) || !add_issuance_wallet(act, token, number))
		return false;
	if (token->isin != 0 &&
		!sto_fold_isin_add(r, sto_text_at(&r->texts, token->isin), number, &is_new))
		return sto_fold_stop(r, act->event->entry_id, "there is no memory");
	if (!is_new)
		sto_fold_refuse(act, STO_CHECK_RULE, "another token has its ISIN");
	return true;
}

static Token *
token_of(const Act *act)
{
	return sto_pool_at(&act->r->tokens, act->subject->row);
}

static void
require_active(const Act *act)
{
	if (!token_of(act)->active)
		sto_fold_refuse(act, STO_CHECK_RULE, "the token is closed");
}

bool
sto_fold_token_terms(Act *act)
{
	Token *token = token_of(act);
	const Position *issued = sto_fold_position(act->r, token->issuance, act->subject->row, NULL);
	StoAmount outstanding = 0;

	require_active(act);
	set_authorised(act, token);
	if (issued != NULL)
		(void) sto_amount_sub(0, issued->balance, &outstanding);
	if (token->has_authorised && token->authorised < outstanding)
		sto_fold_refuse(act, STO_CHECK_BALANCE,
						"the authorised amount is below what is outstanding");
	return true;
}

bool
sto_fold_token_policy(Act *act)
{
	require_active(act);
	return set_unsigned_role(act, token_of(act));
}

bool
sto_fold_token_status(Act *act)
{
	token_of(act)->active = sto_fold_status(act);
	return true;
}
