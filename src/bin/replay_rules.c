/*
 * replay_rules.c
 *		Handlers of events about rules of tokens, and of what is stated for them.
 */
#include "bin/replay_state.h"

#include <string.h>

#define USES_MAX 1000000

static bool
no_memory(const Act *act)
{
	return sto_fold_stop(act->r, act->event->entry_id, "there is no memory");
}

uint32_t
sto_fold_ruled_party(StoReplay *r, uint32_t party)
{
	Party *row = sto_pool_at(&r->parties, party);

	if (row->rules == 0)
		row->rules = sto_rule_fold_party(r->rules, row->uuid);
	return row->rules;
}

uint32_t
sto_fold_ruled_token(StoReplay *r, uint32_t token)
{
	Token *row = sto_pool_at(&r->tokens, token);
	uint32_t issuer;

	if (row->rules != 0)
		return row->rules;
	row->rules = sto_rule_fold_token(r->rules, row->uuid);
	issuer = row->rules == 0 ? 0 : sto_fold_ruled_party(r, row->issuer);
	if (issuer == 0)
		return row->rules = 0;
	sto_rule_fold_issuer(r->rules, row->rules, issuer);
	return row->rules;
}

static StoRulePeriod
period_of(const Act *act)
{
	Period period = sto_fold_period(act);

	return (StoRulePeriod){period.from, period.to, period.has_from, period.has_to};
}

/* The token's entries so far, told again to what is kept of them from now on. */
static bool
tell_past(const Act *act, uint32_t token, unsigned missing)
{
	StoReplay *r = act->r;
	const Token *row = sto_pool_at(&r->tokens, act->subject->row);
	const Position *issuance = sto_fold_position(r, row->issuance, act->subject->row, NULL);
	bool good;

	if (missing == 0 || issuance == NULL)
		return true;
	if (r->calls.past == NULL)
		return sto_fold_stop(r, act->event->entry_id,
							 "the token's entries before its first rules can't be read again");
	r->past_token = token;
	r->past_missing = missing;
	good = r->calls.past(r->calls.context, r, row->uuid, row->record, act->event->entry_id);
	r->past_missing = 0;
	return good ||
		   sto_fold_stop(r, act->event->entry_id,
						 "the token's entries before its first rules could not be read again");
}

static bool
is_registered(void *context, const uint8_t *party)
{
	uint32_t number;

	return sto_fold_party(context, party, &number) != NULL;
}

static void
refuse_unknown(const Act *act, const uint8_t *party)
{
	char text[STO_UUID_TEXT_LEN + 1];

	sto_fold_refuse(act, STO_CHECK_RULE, "party %s is not in the register",
					sto_fold_uuid(party, text));
}

/* Whom a set names is there; a set that can't be read was reported. */
static void
check_parties(const Act *act)
{
	char why[STO_RULE_WHY_MAX];
	StoRuleSet *set = sto_rules_parse(act->event->body, act->event->body_len, why);
	const uint8_t *unknown =
		set != NULL ? sto_rules_unknown_party(set, is_registered, act->r) : NULL;

	if (unknown != NULL)
		refuse_unknown(act, unknown);
	sto_rules_free(set);
}

bool
sto_fold_rule_set(Act *act)
{
	StoReplay *r = act->r;
	uint32_t token = sto_fold_ruled_token(r, act->subject->row);
	char why[STO_RULE_WHY_MAX];
	unsigned missing;

	if (token == 0 ||
		!sto_rule_fold_set(r->rules, act->event->entry_id, token, act->event->recorded_at,
						   act->event->body, act->event->body_len, &missing, why))
		return no_memory(act);
	if (why[0] != '\0')
		sto_fold_refuse(act, STO_CHECK_BODY, "%s", why);
	check_parties(act);
	return tell_past(act, token, missing);
}

/* A name as lists and fields have; reported if it is none. */
static bool
is_name(const Act *act, const char *name, const char *field)
{
	size_t len = strlen(name);

	if (len > 0 && len <= STO_RULE_NAME_MAX &&
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len)
		return true;
	sto_fold_refuse(act, STO_CHECK_BODY, "\"%s\" must hold names of 1 to %d of a-z, 0-9 and _",
					field, STO_RULE_NAME_MAX);
	return false;
}

/* A registered party that the body names, closed or not, as rules know it; 0: reported. */
static uint32_t
named_party(const Act *act, StoBodyField field)
{
	uint32_t number;

	if (sto_fold_party(act->r, act->body.value[field].octets, &number) != NULL)
		return sto_fold_ruled_party(act->r, number);
	refuse_unknown(act, act->body.value[field].octets);
	return 0;
}

void
sto_fold_vet_party_list(const Act *act)
{
	(void) is_name(act, act->body.value[STO_F_LIST].text, "list");
}

void
sto_fold_vet_rule_set(const Act *act)
{
	char why[STO_RULE_WHY_MAX];
	StoRuleSet *set = sto_rules_parse(act->event->body, act->event->body_len, why);

	if (set == NULL)
		sto_fold_refuse(act, STO_CHECK_BODY, "%s", why);
	sto_rules_free(set);
}

bool
sto_fold_party_list(Act *act)
{
	StoReplay *r = act->r;
	const char *list = act->body.value[STO_F_LIST].text;
	uint32_t party = named_party(act, STO_F_PARTY);
	uint32_t token = sto_fold_ruled_token(r, act->subject->row);

	if (!is_name(act, list, "list") || party == 0)
		return true;
	return (token != 0 && sto_rule_fold_listed(r->rules, act->event->entry_id, token, list, party,
											   act->body.value[STO_F_LISTED].flag)) ||
		   no_memory(act);
}

bool
sto_fold_opt_in(Act *act)
{
	StoReplay *r = act->r;
	uint32_t row;
	uint32_t token;
	uint32_t party = sto_fold_ruled_party(r, act->subject->row);

	if (sto_fold_token(r, act->body.value[STO_F_TOKEN].octets, &row) == NULL)
	{
		sto_fold_refuse(act, STO_CHECK_RULE, "its token is not in the register");
		return true;
	}
	token = sto_fold_ruled_token(r, row);
	return (token != 0 && party != 0 &&
			sto_rule_fold_opt_in(r->rules, act->event->entry_id, token, party,
								 act->body.value[STO_F_AFFIRMED].flag)) ||
		   no_memory(act);
}

static bool
withdraw_travel_data(const Act *act, uint32_t party)
{
	if ((act->body.present & ~STO_BODY_BIT(STO_F_GRANTED)) != 0)
		sto_fold_refuse(act, STO_CHECK_BODY, "what withdraws travel data states none");
	sto_rule_fold_travel_withdraw(act->r->rules, act->event->entry_id, party);
	return true;
}

/* The body's field names; what isn't one, or stands twice, is reported and left out. */
static int
read_fields(const Act *act, const char *fields[STO_BODY_LIST_MAX])
{
	const StoBodyTexts *texts = &act->body.value[STO_F_FIELDS].texts;
	int count = 0;

	if (texts->count == 0)
		sto_fold_refuse(act, STO_CHECK_BODY, "\"fields\" is empty");
	for (int i = 0; i < texts->count; i++)
	{
		const char *name = sto_body_item(texts, i);
		bool good = is_name(act, name, "fields");

		for (int j = 0; good && j < count; j++)
			if (strcmp(fields[j], name) == 0)
			{
				sto_fold_refuse(act, STO_CHECK_BODY, "field \"%s\" stands twice", name);
				good = false;
			}
		if (good)
			fields[count++] = name;
	}
	return count;
}

bool
sto_fold_travel_data(Act *act)
{
	StoReplay *r = act->r;
	const StoBody *body = &act->body;
	const char *fields[STO_BODY_LIST_MAX];
	StoRuleTravel travel = {.event = act->event->entry_id,
							.party = sto_fold_ruled_party(r, act->subject->row),
							.fields = fields,
							.commitment = body->value[STO_F_COMMITMENT].octets};

	if (travel.party == 0)
		return no_memory(act);
	if (STO_BODY_HAS(body, STO_F_GRANTED) && !body->value[STO_F_GRANTED].flag)
		return withdraw_travel_data(act, travel.party);
	if (!STO_BODY_HAS(body, STO_F_FIELDS) || !STO_BODY_HAS(body, STO_F_COMMITMENT))
	{
		sto_fold_refuse(act, STO_CHECK_BODY,
						"travel data state their \"fields\" and a \"commitment\"");
		return true;
	}
	travel.period = period_of(act);
	travel.count = read_fields(act, fields);
	return sto_rule_fold_travel(r->rules, &travel) || no_memory(act);
}

bool
sto_fold_transfer_approval(Act *act)
{
	StoReplay *r = act->r;
	const StoBody *body = &act->body;
	StoRuleApproval approval = {.event = act->event->entry_id,
								.token = sto_fold_ruled_token(r, act->subject->row),
								.amount = body->value[STO_F_AMOUNT].amount,
								.exact = body->value[STO_F_EXACT].flag,
								.uses = body->value[STO_F_USES].integer,
								.period = period_of(act)};
	uint32_t by;

	if (approval.uses < 1 || approval.uses > USES_MAX)
		sto_fold_refuse(act, STO_CHECK_BODY, "\"uses\" must be from 1 to %d", USES_MAX);
	if (approval.amount <= 0)
		sto_fold_refuse(act, STO_CHECK_BODY, "\"amount\" must be above zero");
	if ((STO_BODY_HAS(body, STO_F_SENDER) &&
		 (approval.sender = named_party(act, STO_F_SENDER)) == 0) ||
		(STO_BODY_HAS(body, STO_F_RECEIVER) &&
		 (approval.receiver = named_party(act, STO_F_RECEIVER)) == 0))
		return true;
	/* an actor that is no party was reported */
	if (sto_fold_party(r, act->event->actor, &by) == NULL)
		return true;
	approval.by = sto_fold_ruled_party(r, by);
	return (approval.token != 0 && approval.by != 0 &&
			sto_rule_fold_approval(r->rules, &approval)) ||
		   no_memory(act);
}

bool
sto_fold_approval_revoke(Act *act)
{
	StoReplay *r = act->r;
	long long id = act->body.value[STO_F_APPROVAL].integer;
	StoRuleApprovalRow row;

	if (!sto_rule_fold_find_approval_row(r->rules, id, &row) ||
		memcmp(row.token_id, act->event->subject, STO_UUID_LEN) != 0)
		sto_fold_refuse(act, STO_CHECK_RULE, "there is no approval %lld for this token", id);
	else if (memcmp(row.approver, act->event->actor, STO_UUID_LEN) != 0)
		sto_fold_refuse(act, STO_CHECK_AUTHORITY, "approval %lld was given by another party", id);
	else if (row.revoked != 0)
		sto_fold_refuse(act, STO_CHECK_RULE, "approval %lld was revoked before", id);
	else
		sto_rule_fold_approval_revoke(r->rules, act->event->entry_id, id);
	return true;
}

/* Facts about parties that rules read, beside what else is made of them. */

bool
sto_fold_rules_country(const Act *act)
{
	const StoBody *body = &act->body;
	uint32_t party = sto_fold_ruled_party(act->r, act->subject->row);
	const char *residence =
		STO_BODY_HAS(body, STO_F_COUNTRY) ? body->value[STO_F_COUNTRY].text : NULL;
	const char *incorporation =
		STO_BODY_HAS(body, STO_F_INCORPORATION) ? body->value[STO_F_INCORPORATION].text : NULL;

	/* what is no country was reported */
	if (residence != NULL && strlen(residence) != 2)
		residence = NULL;
	if (incorporation != NULL && strlen(incorporation) != 2)
		incorporation = NULL;
	return (party != 0 && sto_rule_fold_country(act->r->rules, act->event->entry_id, party,
												residence, incorporation)) ||
		   no_memory(act);
}

bool
sto_fold_rules_class(const Act *act, const Classification *row)
{
	StoRulePeriod period = {row->period.from, row->period.to, row->period.has_from,
							row->period.has_to};
	uint32_t party = sto_fold_ruled_party(act->r, row->party);
	uint32_t token = row->token == 0 ? 0 : sto_fold_ruled_token(act->r, row->token);
	const char *name = sto_fold_classes[row->class];
	StoClass klass;

	return (party != 0 && (token != 0 || row->token == 0) &&
			sto_class_from_name(name, strlen(name), &klass) &&
			sto_rule_fold_class(act->r->rules, row->set_by, party, token, klass, &period)) ||
		   no_memory(act);
}

bool
sto_fold_rules_claim(const Act *act, const Claim *row)
{
	uint32_t party = sto_fold_ruled_party(act->r, row->party);
	const Topic *topic = sto_pool_at(&act->r->topics, row->topic);

	return (party != 0 && sto_rule_fold_claim(act->r->rules, row->claim, party, topic->name)) ||
		   no_memory(act);
}

bool
sto_fold_rules_claim_revoke(const Act *act, const Claim *row)
{
	return sto_rule_fold_claim_revoke(act->r->rules, row->claim) || no_memory(act);
}
