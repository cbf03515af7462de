/*
 * register_claim.c
 *		Handlers of events about claims: who attests what, which topics a token
 *		requires, and whose claims it trusts.
 */
#include "postgres.h"

#include "ledger/holder_group.h"
#include "ledger/register.h"
#include "types/types.h"

#include "errors.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

static void
sto_register_topic(const char *topic)
{
	size_t len = strlen(topic);

	if (len == 0 || len > STO_TOPIC_MAX ||
		strspn(topic, "abcdefghijklmnopqrstuvwxyz0123456789_") != len)
		sto_act_refuse("topic \"%.80s\" must have 1 to %d of a-z, 0-9 and _", topic, STO_TOPIC_MAX);
}

/* ERROR ST208 unless every name of a body's list is a topic, and none stands twice; as text[]. */
static Datum
sto_register_topics(const StoBody *body)
{
	const StoTexts *topics = &body->value[STO_F_TOPICS].texts;
	Datum items[STO_TOPICS_MAX];

	if (topics->count > STO_TOPICS_MAX)
		sto_act_refuse("\"topics\" has more than %d items", STO_TOPICS_MAX);
	for (int i = 0; i < topics->count; i++)
	{
		sto_register_topic(topics->items[i]);
		for (int j = 0; j < i; j++)
			if (strcmp(topics->items[i], topics->items[j]) == 0)
				sto_act_refuse("topic \"%s\" stands twice", topics->items[i]);
		items[i] = CStringGetTextDatum(topics->items[i]);
	}
	return PointerGetDatum(construct_array(items, topics->count, TEXTOID, -1, false, TYPALIGN_INT));
}

/*
 * It only adds, and absence is never cached: nobody needs to be told, unless holders are
 * counted by it.
 */
void
sto_register_claim(StoAct *act)
{
	const StoBody *body = &act->body;
	Datum values[CLAIM_COLUMNS];
	bool nulls[CLAIM_COLUMNS] = {false};
	StoRegroup *regroup;
	bool grouped;

	sto_register_topic(body->value[STO_F_TOPIC].text);
	values[CLAIM_CLAIM - 1] = Int64GetDatum(act->event.entry_id);
	nulls[CLAIM_REVOKED - 1] = true;
	values[CLAIM_PARTY_ID - 1] = StoUuidGetDatum(act->event.subject);
	values[CLAIM_ISSUER - 1] = StoUuidGetDatum(act->event.actor);
	values[CLAIM_TOPIC - 1] = CStringGetTextDatum(body->value[STO_F_TOPIC].text);
	values[CLAIM_COMMITMENT - 1] =
		StoOctetsGetDatum(body->value[STO_F_COMMITMENT].octets, STO_DIGEST_LEN);
	sto_register_dates(body, CLAIM_VALID_FROM, CLAIM_VALID_TO, values, nulls);
	grouped = sto_rules_group_topic(body->value[STO_F_TOPIC].text);
	regroup = grouped ? sto_regroup_begin(act->event.subject) : NULL;
	sto_store_insert(STO_REL_CLAIM, values, nulls);
	if (!grouped)
		return;
	sto_facts_announce();
	sto_regroup_end(regroup);
}

/* Its issuer takes a claim back, also one that has lost the capability meanwhile. */
void
sto_register_claim_revoke(StoAct *act)
{
	int64 claim = act->body.value[STO_F_CLAIM].integer;
	Datum key = Int64GetDatum(claim);
	Datum party;
	Datum issuer;
	bool isnull;
	StoRegroup *regroup;
	StoRow row;

	sto_register_line(act->body.value[STO_F_REASON].text, "reason", STO_REGISTER_REASON_MAX);
	if (!sto_store_find_lock(STO_REL_CLAIM, STO_IDX_CLAIM, 1, &key, &row))
		sto_act_refuse("there is no claim " INT64_FORMAT, claim);
	party = sto_row_get(&row, CLAIM_PARTY_ID, &isnull);
	if (!sto_uuid_equal((const uint8_t *) DatumGetPointer(party), act->event.subject))
		sto_act_refuse("claim " INT64_FORMAT " is about another party", claim);
	issuer = sto_row_get(&row, CLAIM_ISSUER, &isnull);
	if (!sto_uuid_equal((const uint8_t *) DatumGetPointer(issuer), act->event.actor))
		ereport(ERROR, (errcode(ERRCODE_STO_NOT_AUTHORISED),
						errmsg("actor %s may not do this", sto_uuid_text(act->event.actor)),
						errdetail("Claim " INT64_FORMAT " was made by %s.", claim,
								  sto_uuid_text((const uint8_t *) DatumGetPointer(issuer)))));
	(void) sto_row_get(&row, CLAIM_REVOKED, &isnull);
	if (!isnull)
		sto_act_refuse("claim " INT64_FORMAT " is revoked already", claim);
	regroup = sto_regroup_begin(act->event.subject);
	sto_register_set(&row, CLAIM_REVOKED, Int64GetDatum(act->event.entry_id), false);
	sto_facts_announce();
	sto_regroup_end(regroup);
}

void
sto_vet_topics(const StoAct *act)
{
	(void) sto_register_topics(&act->body);
}

/* What a token requires of its holders.  Every version is kept; the token's row names the present
 * one. */
void
sto_register_token_topics(StoAct *act)
{
	const StoBody *body = &act->body;
	bool receiver_only =
		!STO_BODY_HAS(body, STO_F_RECEIVER_ONLY) || body->value[STO_F_RECEIVER_ONLY].flag;
	Datum values[REQUIRED_COLUMNS];
	bool nulls[REQUIRED_COLUMNS] = {false};
	Datum token_values[TOKEN_COLUMNS] = {0};
	bool token_nulls[TOKEN_COLUMNS] = {false};
	bool replaces[TOKEN_COLUMNS] = {false};
	StoRow row;

	values[REQUIRED_SET_BY - 1] = Int64GetDatum(act->event.entry_id);
	values[REQUIRED_TOKEN_ID - 1] = StoUuidGetDatum(act->event.subject);
	values[REQUIRED_TOPICS - 1] = sto_register_topics(body);
	values[REQUIRED_RECEIVER_ONLY - 1] = BoolGetDatum(receiver_only);
	sto_store_insert(STO_REL_REQUIRED, values, nulls);

	sto_register_find(STO_REL_TOKEN, STO_IDX_TOKEN, act->event.subject, &row);
	token_values[TOKEN_TOPICS - 1] = Int64GetDatum(act->event.entry_id);
	token_nulls[TOKEN_TOPICS - 1] = body->value[STO_F_TOPICS].texts.count == 0;
	token_values[TOKEN_RECEIVER_ONLY - 1] = BoolGetDatum(receiver_only);
	replaces[TOKEN_TOPICS - 1] = replaces[TOKEN_RECEIVER_ONLY - 1] = true;
	sto_store_update(&row, token_values, token_nulls, replaces);
	sto_row_close(&row);
	sto_facts_announce();
}

/* For which topics a token trusts an issuer of claims from now on; for none: not at all. */
void
sto_register_trusted_issuer(StoAct *act)
{
	const uint8_t *issuer = act->body.value[STO_F_ISSUER].octets;
	Datum values[TRUSTED_COLUMNS];
	bool nulls[TRUSTED_COLUMNS] = {false};
	Datum keys[2];

	if (act->body.value[STO_F_TOPICS].texts.count > 0 &&
		!sto_fact_capability(issuer, "claim_issuer"))
		sto_act_refuse("%s is not a party with the capability claim_issuer", sto_uuid_text(issuer));
	keys[0] = values[TRUSTED_TOKEN_ID - 1] = StoUuidGetDatum(act->event.subject);
	keys[1] = values[TRUSTED_ISSUER - 1] = StoUuidGetDatum(issuer);
	values[TRUSTED_SET_BY - 1] = Int64GetDatum(act->event.entry_id);
	values[TRUSTED_TOPICS - 1] = sto_register_topics(&act->body);
	sto_register_put(STO_REL_TRUSTED, STO_IDX_TRUSTED, 2, keys, TRUSTED_COLUMNS, values, nulls);
	sto_facts_announce();
}
