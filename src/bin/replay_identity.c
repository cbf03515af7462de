/*
 * replay_identity.c
 *		Handlers of events about who a party is, who acts for it and who owns it;
 *		and of those that stop a token, a wallet or a party.
 */
#include "bin/replay_state.h"

#include "core/identifiers.h"

#include <string.h>

#define BASIS_MAX 200
#define WHOLE 10000 /* basis points */

const char *const sto_fold_classes[] = {"retail", "professional", "market_counterparty", NULL};
const char *const sto_fold_scopes[] = {
	[SCOPE_ORDERS] = "orders", "votes", [SCOPE_ALL] = "all", NULL};
const char *const sto_fold_mandate_bases[] = {"minor", "executor", "attorney", "officer", NULL};

static Party *
party_of(const Act *act)
{
	return sto_pool_at(&act->r->parties, act->subject->row);
}

Period
sto_fold_period(const Act *act)
{
	const StoBody *body = &act->body;
	Period period = {.from = body->value[STO_F_FROM].integer,
					 .to = body->value[STO_F_TO].integer,
					 .has_from = STO_BODY_HAS(body, STO_F_FROM),
					 .has_to = STO_BODY_HAS(body, STO_F_TO)};

	if (period.has_from && period.has_to && period.from >= period.to)
		sto_fold_refuse(act, STO_CHECK_BODY, "\"from\" is not before \"to\"");
	return period;
}

/* The place of a field's text in a list; false, and reported, if it isn't there. */
static bool
find_place(const Act *act, StoBodyField field, const char *const *names, const char *what,
		   uint8_t *place)
{
	const char *text = act->body.value[field].text;

	*place = (uint8_t) sto_fold_place(text, names);
	if (names[*place] != NULL)
		return true;
	sto_fold_refuse(act, STO_CHECK_BODY, "there is no %s \"%.40s\"", what, text);
	return false;
}

/* Those that are given replace those that were. */
bool
sto_fold_party_facts(Act *act)
{
	const StoBody *body = &act->body;
	Party *party = party_of(act);

	if (body->present == 0)
		sto_fold_refuse(act, STO_CHECK_BODY, "it states no fact");
	sto_fold_code(act, STO_F_COUNTRY, sto_country_check, "country");
	sto_fold_code(act, STO_F_INCORPORATION, sto_country_check, "incorporation");
	sto_fold_code(act, STO_F_LEI, sto_lei_check, "lei");
	if (STO_BODY_HAS(body, STO_F_COMMITMENT))
	{
		party->has_commitment = true;
		memcpy(party->commitment, body->value[STO_F_COMMITMENT].octets, STO_DIGEST_LEN);
	}
	return sto_fold_rules_country(act) &&
		   (!STO_BODY_HAS(body, STO_F_COUNTRY) ||
			sto_fold_text(act, STO_F_COUNTRY, &party->country)) &&
		   (!STO_BODY_HAS(body, STO_F_INCORPORATION) ||
			sto_fold_text(act, STO_F_INCORPORATION, &party->incorporation)) &&
		   (!STO_BODY_HAS(body, STO_F_LEI) || sto_fold_text(act, STO_F_LEI, &party->lei));
}

/* The newest for a party, and for a party and token, rules. */
bool
sto_fold_classification(Act *act)
{
	StoReplay *r = act->r;
	const StoBody *body = &act->body;
	Period period = sto_fold_period(act);
	uint32_t token = 0;
	uint32_t number;
	uint8_t class;
	Classification *row;

	(void) sto_fold_line(act, body->value[STO_F_BASIS].text, "basis", BASIS_MAX);
	if (!find_place(act, STO_F_CLASS, sto_fold_classes, "class", &class))
		return true;
	if (STO_BODY_HAS(body, STO_F_TOKEN) &&
		sto_fold_token(r, body->value[STO_F_TOKEN].octets, &token) == NULL)
	{
		sto_fold_refuse(act, STO_CHECK_RULE, "its token is not in the register");
		return true;
	}
	row = sto_pool_add(&r->classifications, &number);
	if (row == NULL)
		return sto_fold_stop(r, act->event->entry_id, "there is no memory");
	row->set_by = act->event->entry_id;
	row->period = period;
	row->party = act->subject->row;
	row->token = token;
	row->class = class;
	return sto_fold_text(act, STO_F_BASIS, &row->basis) && sto_fold_rules_class(act, row);
}

static void
check_representative(const Act *act, const uint8_t *representative)
{
	uint32_t party = sto_fold_named_party(act, representative);

	if (party != 0 && ((const Party *) sto_pool_at(&act->r->parties, party))->policy == 0)
		sto_fold_refuse(act, STO_CHECK_RULE, "the representative has no keys to sign with");
}

bool
sto_fold_mandate_set(Act *act)
{
	StoReplay *r = act->r;
	const StoBody *body = &act->body;
	const uint8_t *representative = body->value[STO_F_REPRESENTATIVE].octets;
	bool granted = body->value[STO_F_GRANTED].flag;
	Period period = sto_fold_period(act);
	uint8_t scope;
	uint8_t basis;
	Mandate *row;

	if (!find_place(act, STO_F_SCOPE, sto_fold_scopes, "scope", &scope) ||
		!find_place(act, STO_F_BASIS, sto_fold_mandate_bases, "basis of a mandate", &basis))
		return true;
	if (memcmp(representative, act->event->subject, STO_UUID_LEN) == 0)
		sto_fold_refuse(act, STO_CHECK_BODY, "a party needs no mandate for itself");
	if (granted)
		check_representative(act, representative);
	row = sto_fold_mandate_make(r, act->subject->row, representative, scope);
	if (row == NULL)
		return sto_fold_stop(r, act->event->entry_id, "there is no memory");
	row->set_by = act->event->entry_id;
	row->period = period;
	row->basis = basis;
	row->granted = granted;
	return true;
}

bool
sto_fold_owner_set(Act *act)
{
	StoReplay *r = act->r;
	const StoBody *body = &act->body;
	const uint8_t *owner = body->value[STO_F_OWNER].octets;
	int64_t share = body->value[STO_F_SHARE].integer;
	Period period = sto_fold_period(act);
	Owner *row;

	if (strcmp(sto_text_at(&r->texts, party_of(act)->kind), "legal") != 0)
		sto_fold_refuse(act, STO_CHECK_RULE, "only a legal person has beneficial owners");
	if (memcmp(owner, act->event->subject, STO_UUID_LEN) == 0)
		sto_fold_refuse(act, STO_CHECK_BODY, "a party does not own itself");
	if (sto_fold_party(r, owner, NULL) == NULL)
		sto_fold_refuse(act, STO_CHECK_RULE, "the owner is not in the register");
	if (share < 0 || share > WHOLE)
	{
		sto_fold_refuse(act, STO_CHECK_BODY, "\"share\" must be from 0 to %d basis points", WHOLE);
		return true;
	}
	row = sto_fold_owner_make(r, act->subject->row, owner);
	if (row == NULL)
		return sto_fold_stop(r, act->event->entry_id, "there is no memory");
	row->set_by = act->event->entry_id;
	row->period = period;
	row->share = (int32_t) share;
	row->control = body->value[STO_F_CONTROL].flag;
	return true;
}

void
sto_fold_vet_basis(const Act *act)
{
	static const char *const bases[] = {"law", "contract", "court", "administrative", NULL};
	uint8_t place;

	(void) find_place(act, STO_F_BASIS, bases, "legal basis", &place);
}

/* Stopped since which event; 0: it goes on. */
static int64_t
set_stopped(const Act *act, bool stop, int64_t before, const char *what)
{
	sto_fold_vet_basis(act);
	if (!stop && before == 0)
		sto_fold_refuse(act, STO_CHECK_RULE, "the %s", what);
	return stop ? act->event->entry_id : 0;
}

bool
sto_fold_party_freeze(Act *act)
{
	Party *party = party_of(act);

	party->frozen = act->body.value[STO_F_FROZEN].flag;
	party->frozen_by = set_stopped(act, party->frozen, party->frozen_by, "party is not frozen");
	return true;
}

bool
sto_fold_wallet_freeze(Act *act)
{
	Wallet *wallet = sto_pool_at(&act->r->wallets, act->subject->row);

	wallet->frozen = act->body.value[STO_F_FROZEN].flag;
	if (wallet->frozen)
		(void) sto_fold_case_carry_out(act, CASE_WALLET_FREEZE);
	else
		sto_fold_case_none(act);
	wallet->frozen_by = set_stopped(act, wallet->frozen, wallet->frozen_by, "wallet is not frozen");
	return true;
}

/* What an enforcer has paused, the issuer neither lets go on nor takes over. */
bool
sto_fold_token_pause(Act *act)
{
	StoReplay *r = act->r;
	Token *token = sto_pool_at(&r->tokens, act->subject->row);
	bool pause = act->body.value[STO_F_PAUSED].flag;
	bool enforcer = act->actor_party != NULL &&
					(act->actor_party->capabilities & (1u << CAPABILITY_ENFORCER)) != 0;
	uint32_t actor;

	if (token->paused_by != 0 && !enforcer &&
		act->actor_party != sto_pool_at(&r->parties, token->paused_by))
		sto_fold_refuse(act, STO_CHECK_AUTHORITY,
						"the token was paused by another, who alone may lift that, or an enforcer");
	/* an issuer decides about his own token, an enforcer with a second one */
	if (pause && act->actor_party != sto_pool_at(&r->parties, token->issuer))
		(void) sto_fold_case_carry_out(act, CASE_TOKEN_PAUSE);
	else
		sto_fold_case_none(act);
	token->paused = set_stopped(act, pause, token->paused, "token is not paused");
	(void) sto_fold_party(r, act->event->actor, &actor);
	token->paused_by = pause ? actor : 0;
	return true;
}

static bool
is_joint(const StoReplay *r, const Party *party)
{
	const char *kind = sto_text_at(&r->texts, party->kind);

	return kind != NULL && strcmp(kind, "joint") == 0;
}

/* One more of the body's members; what is wrong with it is reported. */
static void
add_member(const Act *act, Members *row, const uint8_t *member)
{
	StoReplay *r = act->r;
	uint32_t number = sto_fold_named_party(act, member);

	if (number != 0 && is_joint(r, sto_pool_at(&r->parties, number)))
		sto_fold_refuse(act, STO_CHECK_BODY, "a member is a joint party itself");
	for (uint32_t i = 0; i < row->count; i++)
		if (memcmp(row->members[i], member, STO_UUID_LEN) == 0)
			sto_fold_refuse(act, STO_CHECK_BODY, "a member stands twice");
	memcpy(row->members[row->count++], member, STO_UUID_LEN);
}

/* The newest list of a joint party rules. */
bool
sto_fold_party_members(Act *act)
{
	StoReplay *r = act->r;
	Party *party = party_of(act);
	const StoBodyTexts *members = &act->body.value[STO_F_MEMBERS].texts;
	bool nominated = false;
	Members *row;

	if (!is_joint(r, party))
		sto_fold_refuse(act, STO_CHECK_BODY, "only a joint party has members");
	if (members->count < 2 || members->count > MEMBERS_MAX)
		sto_fold_refuse(act, STO_CHECK_BODY, "a joint party has 2 to %d members", MEMBERS_MAX);
	if (party->members == 0 && sto_pool_add(&r->members, &party->members) == NULL)
		return sto_fold_stop(r, act->event->entry_id, "there is no memory");
	row = sto_pool_at(&r->members, party->members);
	row->set_by = act->event->entry_id;
	row->party = act->subject->row;
	row->count = 0;
	memcpy(row->nominee, act->body.value[STO_F_NOMINEE].octets, STO_UUID_LEN);
	for (int i = 0; i < members->count && i < MEMBERS_MAX; i++)
	{
		uint8_t member[STO_UUID_LEN];

		sto_body_uuid(members, i, member);
		add_member(act, row, member);
		nominated = nominated || memcmp(member, row->nominee, STO_UUID_LEN) == 0;
	}
	if (!nominated)
		sto_fold_refuse(act, STO_CHECK_BODY, "the nominee is not a member");
	return true;
}
